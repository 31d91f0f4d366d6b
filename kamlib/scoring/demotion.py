"""Demotion risk: a key account can never be told it was demoted, so admission is cautious (M10)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.stats import beta

from kamlib.tables import shaped

JUST_ABOVE, CLEAR = "just above the line", "clear of the line"
CLEAR_BY = 0.10
LEAST_ACCOUNTS = 10


def demotion_risk(
    score_history: pd.DataFrame,
    *,
    horizons: Sequence[int] = (1, 3),
    least_accounts: int = LEAST_ACCOUNTS,
) -> pd.DataFrame:
    """One row per band and horizon: how often accounts above the line then were below it later.

    A spell is an account above the line at a past year-end whose next 1 (or 3) year-ends are all
    past. It counts as below when it was below the line at any of them, or no longer bought at all.
    Comparable accounts are those in the same band: less than 10 % above the line, or clear of it.
    The interval (95 %, Jeffreys) takes the number of different accounts as its sample, for the
    years of one account are no independent evidence. Fewer than ``least_accounts`` of them give no
    number.

    Parameters
    ----------
    horizons
        Years followed.
    least_accounts
        Different accounts that a share needs.

    Examples
    --------
    >>> history = shaped("score_history", {"account_id": "A",
    ...     "is_above_line": [True, False],
    ...     "as_of_date": pd.to_datetime(["2023-12-31", "2024-12-31"]), "score": [7.0, 4.0],
    ...     "line_score": 6.0})
    >>> risk = demotion_risk(history, horizons=(1,), least_accounts=1)
    >>> risk[["band", "below_count", "spell_count"]].values.tolist()
    [['all', 1, 1], ['just above the line', 0, 0], ['clear of the line', 1, 1]]
    """
    dates = sorted(score_history["as_of_date"].unique())
    is_above = score_history.pivot(index="account_id", columns="as_of_date", values="is_above_line")
    is_above = is_above.reindex(columns=dates).fillna(False).astype(bool)
    rows = []
    for horizon in horizons:
        spells = _spells(score_history, is_above, dates, horizon)
        for band in ("all", JUST_ABOVE, CLEAR):
            mine = spells if band == "all" else spells[spells["band"] == band]
            row = {"band": band, "horizon_years": horizon, "needed_count": least_accounts}
            rows.append(row | _risk(mine, least_accounts))
    return shaped("demotion_risk", rows)


def risk_band(score: pd.Series, line_score: pd.Series) -> pd.Series:
    """Return for each account above the line how far above it is.

    >>> risk_band(pd.Series([6.0, 6.59, 6.6]), pd.Series([6.0, 6.0, 6.0])).tolist()
    ['just above the line', 'just above the line', 'clear of the line']
    """
    clear = score.round(9) >= (line_score * (1 + CLEAR_BY)).round(9)
    return clear.map({True: CLEAR, False: JUST_ABOVE}).astype("str")


def _spells(
    history: pd.DataFrame, is_above: pd.DataFrame, dates: Sequence[pd.Timestamp], horizon: int
) -> pd.DataFrame:
    parts = [pd.DataFrame({"account_id": [], "band": [], "is_below": []})]
    for place, day in enumerate(dates[: max(len(dates) - horizon, 0)]):
        started = history[(history["as_of_date"] == day) & history["is_above_line"]]
        after = is_above.loc[started["account_id"], dates[place + 1 : place + 1 + horizon]]
        band = risk_band(started["score"], started["line_score"])
        is_below = ~after.all(axis=1).to_numpy()
        parts.append(started[["account_id"]].assign(band=band, is_below=is_below))
    return pd.concat(parts, ignore_index=True).astype({"is_below": bool})


def _risk(spells: pd.DataFrame, least: int) -> dict[str, float]:
    accounts, below = spells["account_id"].nunique(), int(spells["is_below"].sum())
    counts: dict[str, float] = {
        "below_count": below,
        "spell_count": len(spells),
        "account_count": accounts,
    }
    if accounts < least:
        return counts
    share = below / len(spells)
    hits, misses = share * accounts, (1 - share) * accounts
    low = float(beta.ppf(0.025, hits + 0.5, misses + 0.5)) if below else 0.0
    high = float(beta.ppf(0.975, hits + 0.5, misses + 0.5)) if below < len(spells) else 1.0
    return counts | {"risk_share": share, "risk_low": low, "risk_high": high}
