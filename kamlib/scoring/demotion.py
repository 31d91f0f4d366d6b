"""Demotion risk: a key account can never be told it was demoted, so admission has to be cautious
(M10).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.stats import beta

JUST_ABOVE, CLEAR = "just above the line", "clear of the line"
CLEAR_BY = 0.10
LEAST_ACCOUNTS = 10
COLUMNS = [
    "band", "horizon_years", "risk_share", "risk_low", "risk_high", "below_count", "spell_count", "account_count",
    "note",
]  # fmt: skip


def demotion_risk(
    score_history: pd.DataFrame,
    *,
    horizons: Sequence[int] = (1, 3),
    least_accounts: int = LEAST_ACCOUNTS,
) -> pd.DataFrame:
    """One row per band and horizon: how often accounts above the line then were below it at a
    year-end afterwards.

    A spell is an account above the line at a past year-end whose next 1 (or 3) year-ends are all
    past. It counts as below when it was below the line at any of them, or no longer bought at all.
        Comparable accounts
    are those in the same band: less than 10 % above the line, or clear of it. The interval (95 %,
    Jeffreys) takes the number of different accounts as its sample, for the years of one account are
        no independent
    evidence. Fewer than ``least_accounts`` of them give no number.

    Columns
    -------
    band: all, just above the line, or clear of the line
    horizon_years: years after admission that are looked at
    risk_share: share of spells that were below the line at a year-end within the horizon
    risk_low: lower end of the 95 % interval
    risk_high: upper end of the 95 % interval
    below_count: spells that were below the line
    spell_count: spells
    account_count: different accounts among them
    note: why there is no number; blank otherwise
    """
    dates = sorted(score_history["as_of_date"].unique())
    is_above = score_history.pivot(index="account_id", columns="as_of_date", values="is_above_line")
    is_above = is_above.reindex(columns=dates).fillna(False).astype(bool)
    rows = []
    for horizon in horizons:
        spells = _spells(score_history, is_above, dates, horizon)
        for band in ("all", JUST_ABOVE, CLEAR):
            mine = spells if band == "all" else spells[spells["band"] == band]
            rows.append(_risk(mine, band, horizon, least_accounts))
    return pd.DataFrame(rows, columns=COLUMNS)


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
    parts = []
    for place, date in enumerate(dates[: max(len(dates) - horizon, 0)]):
        started = history[(history["as_of_date"] == date) & history["is_above_line"]]
        after = is_above.loc[started["account_id"], dates[place + 1 : place + 1 + horizon]]
        band = risk_band(started["score"], started["line_score"]).to_numpy()
        below = ~after.all(axis=1).to_numpy()
        parts.append(
            pd.DataFrame(
                {"account_id": started["account_id"].to_numpy(), "band": band, "is_below": below}
            )
        )
    nothing = pd.DataFrame({"account_id": [], "band": [], "is_below": []}).astype(
        {"is_below": bool}
    )
    return pd.concat(parts, ignore_index=True) if parts else nothing


def _risk(spells: pd.DataFrame, band: str, horizon: int, least: int) -> dict[str, object]:
    accounts, below = spells["account_id"].nunique(), int(spells["is_below"].sum())
    counts = {"below_count": below, "spell_count": len(spells), "account_count": accounts}
    row: dict[str, object] = {"band": band, "horizon_years": horizon, **counts, "note": ""}
    if accounts < least:
        nothing = {"risk_share": float("nan"), "risk_low": float("nan"), "risk_high": float("nan")}
        found = (
            "no account"
            if accounts == 0
            else "1 account"
            if accounts == 1
            else f"{accounts} accounts"
        )
        years = "1 year" if horizon == 1 else f"{horizon} years"
        return (
            row
            | nothing
            | {
                "note": f"not enough history: {found} can be followed for {years}, {least} are needed"
            }
        )
    share = below / len(spells)
    hits, misses = share * accounts, (1 - share) * accounts
    low = float(beta.ppf(0.025, hits + 0.5, misses + 0.5)) if below else 0.0
    high = float(beta.ppf(0.975, hits + 0.5, misses + 0.5)) if below < len(spells) else 1.0
    return row | {"risk_share": share, "risk_low": low, "risk_high": high}
