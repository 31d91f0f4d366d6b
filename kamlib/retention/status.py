"""Who is lost, who is overdue: the loss criterion, for today and for every silence of the past."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.retention.order_days import days_later, pooled_medians, window_edges
from kamlib.retention.seasons import season_dates
from kamlib.retention.silences import Silences
from kamlib.tables import shaped


def usual_gaps(silences: Silences, account_classes: pd.DataFrame, *, min_gaps: int) -> pd.DataFrame:
    """One row per account with an order day: its usual gap, the median days between order days.

    All history up to the as-of day counts. An account with fewer than ``loss.min_gaps`` gaps
    borrows the median of all gaps of its revenue class, when the class has as many gaps itself,
    else of all accounts; ``gap_basis`` says so. When the whole book has no gap yet, the usual gap
    is n/a.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.usual_gaps["gap_basis"].unique())
    ['class', 'own']
    """
    letters = silences.letters(account_classes)
    pooled = np.full(len(letters), np.nan)
    of_gap = letters[silences.gap_place]
    for letter in range(letters.max(initial=-1) + 1):
        pool = silences.gap_days[of_gap == letter]
        if len(pool) >= min_gaps:
            pooled[letters == letter] = np.median(pool)
    of_all = np.median(silences.gap_days) if len(silences.gap_days) else np.nan
    has_order = silences.accounts["last_order_date"].notna()
    table, pooled = silences.accounts[has_order].copy(), pooled[has_order]
    is_own, is_class = table["gap_count"].ge(min_gaps), ~np.isnan(pooled)
    borrowed = np.where(is_class, pooled, of_all)
    table["usual_gap_days"] = table["own_gap_days"].where(is_own, borrowed)
    basis = np.select([is_own, is_class], ["own", "class"], "all" if len(of_gap) else "")
    table["gap_basis"] = pd.Series(basis, index=table.index).replace("", None)
    return shaped("usual_gaps", table)


def past_gaps(silences: Silences, account_classes: pd.DataFrame, *, min_gaps: int) -> pd.Series:
    """Return the usual gap of every past silence, by what was known on the eve of its end: the
    account's gaps until then, or the pool's.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.past_gaps) == len(q.silences.past)
    True
    """
    past, letters = silences.past, silences.letters(account_classes)
    few = past["gap_count"].lt(min_gaps).to_numpy()
    borrowed = past[few]
    letter = letters[borrowed["place"].to_numpy()]
    pool = (silences.gap_end, silences.gap_days, letters[silences.gap_place])
    of_class, count = pooled_medians(*pool, borrowed["eve_number"].to_numpy(), letter)
    gap = past["own_gap_days"].copy()
    enough = (count >= min_gaps) & (letter >= 0)
    gap[few] = np.where(enough, of_class, borrowed["all_gap_days"])
    return gap


def closed_spells(
    silences: Silences, past_gaps: pd.Series, *, loss: LossSettings = LossSettings()
) -> pd.DataFrame:
    """One row per silence of the past that was a loss on the eve of the order that ended it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.closed_spells["return_date"].le(q.as_of).all().item()
    True
    """
    past = silences.past
    found = past.assign(usual_gap_days=past_gaps, return_date=past["next_order_date"])
    found["detection_date"] = _trip_day(found, loss.lost, loss.min_silence_days, loss)
    seasonal = past[past["start_month"].notna()]
    seasons = season_dates(seasonal, loss)
    found.loc[seasonal.index, "detection_date"] = seasons["season_lost_date"]
    found = found[found["detection_date"].lt(found["return_date"])]
    columns = ["account_id", "last_order_date", "detection_date", "return_date", "usual_gap_days"]
    return found[columns].reset_index(drop=True)


def account_status(
    silences: Silences,
    usual_gaps: pd.DataFrame,
    closed_spells: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per account: is it active, overdue or lost, by its silence against its usual gap.

    ``never``: no order day. ``new``: fewer than ``min_gaps`` gaps and first order less than
    ``new_days`` ago. Else with q = silence / usual gap: ``active`` q ≤ ``overdue``; ``lost`` q >
    ``lost`` and silence ≥ ``min_silence_days``; ``overdue`` everything between. Silence runs to the
    as-of day. A seasonal account (``account_seasons``) that bought in its last season is
    ``resting`` from that season's end to the usual start of the next; it is overdue and lost by its
    silence inside the season only: from the usual start plus the tolerance, by the gaps inside its
    seasons, at the latest when the season has passed. An account without any usual gap (no account
    in the book has ordered twice) is overdue once it is no longer new: neither active nor lost can
    be claimed. Sorted by what is at stake: revenue of the 12 months to the as-of day, of a lost
    account of the 12 months to its last order (``stake_window``).

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.account_status["status"].unique())
    ['active', 'lost', 'never', 'new', 'overdue', 'resting']
    """
    table = silences.accounts.copy()
    has_order = table["last_order_date"].notna().to_numpy()
    for column in ("usual_gap_days", "gap_basis"):
        table[column] = pd.Series(index=table.index, dtype=usual_gaps[column].dtype)
        table.loc[has_order, column] = usual_gaps[column].to_numpy()
    _judge(table, as_of, loss)
    _judge_seasons(table, as_of, loss)
    is_lost = table["status"].eq("lost")
    table["at_stake"] = table["last_year_revenue"].where(is_lost, table["revenue"])
    table["stake_window"] = np.where(is_lost, "last_order", "as_of")
    after, _ = window_edges(as_of)
    back = closed_spells.loc[closed_spells["return_date"].gt(after), "account_id"]
    table["is_returned"] = table["account_id"].isin(back)
    table["order_day_count"] = table["order_day_count"].fillna(0)
    # the accounts are sorted: a stable sort keeps them so among equals
    return shaped("account_status", table.sort_values("at_stake", ascending=False, kind="stable"))


def lost_spells(account_status: pd.DataFrame, closed_spells: pd.DataFrame) -> pd.DataFrame:
    """One row per lost spell: a silence that was called a loss, ended by a return or not.

    A past silence is judged by what was known on its last day: the account's gaps until then, or
    the pool's.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.lost_spells["detection_date"].le(q.as_of).all().item()
    True
    """
    still = account_status[account_status["status"].eq("lost")]
    still = still.assign(return_date=pd.Series(dtype="datetime64[us]"))
    spells = pd.concat(
        [closed_spells, still.reindex(columns=closed_spells.columns)], ignore_index=True
    )
    return shaped("lost_spells", spells.sort_values(["last_order_date", "account_id"]))


def _judge(table: pd.DataFrame, as_of: pd.Timestamp, loss: LossSettings) -> None:
    """Add the status, and the days on which the account turned overdue and lost."""
    overdue_day = _trip_day(table, loss.overdue, 0, loss)
    lost_day = _trip_day(table, loss.lost, loss.min_silence_days, loss)
    never, unknown = table["last_order_date"].isna(), table["usual_gap_days"].isna()
    young = table["first_order_date"].gt(as_of - pd.Timedelta(days=loss.new_days))
    is_new = table["gap_count"].lt(loss.min_gaps) & young
    is_lost = lost_day.le(as_of) & overdue_day.le(as_of)
    is_overdue = overdue_day.le(as_of) | (unknown & ~is_new)
    table["status"] = np.select(
        [never, is_new, is_lost, is_overdue], ["never", "new", "lost", "overdue"], "active"
    )
    table["overdue_since_date"] = overdue_day.where(table["status"].isin(["overdue", "lost"]))
    both = lost_day.where(lost_day.ge(overdue_day), overdue_day)
    table["detection_date"] = both.where(table["status"].eq("lost"))
    table["lost_after_days"] = (lost_day - table["last_order_date"]).dt.days.astype("float64")


def _judge_seasons(table: pd.DataFrame, as_of: pd.Timestamp, loss: LossSettings) -> None:
    """Judge seasonal accounts by their season: silence counts inside it only."""
    found = table[table["start_month"].notna()]
    if found.empty:
        return
    found = found.join(season_dates(found, loss))
    at = found.index
    is_lost, is_late = found["season_lost_date"].le(as_of), found["season_overdue_date"].le(as_of)
    is_over, is_begun = found["season_end_date"].lt(as_of), found["season_start_date"].le(as_of)
    is_within = ~is_over & found["within_overdue_date"].le(as_of)
    status = np.select(
        [is_lost, is_late | is_within, is_over & ~is_begun],
        ["lost", "overdue", "resting"],
        "active",
    )
    table.loc[at, "status"] = status
    since = found["season_overdue_date"].mask(is_within, found["within_overdue_date"])
    table.loc[at, "overdue_since_date"] = since.where(is_lost | is_late | is_within)
    table.loc[at, "detection_date"] = found["season_lost_date"].where(is_lost)
    lost_after = found["season_lost_date"] - found["last_order_date"]
    table.loc[at, "lost_after_days"] = lost_after.dt.days.astype("float64")
    table.loc[at, "gap_basis"] = "season"


def _trip_day(
    table: pd.DataFrame, k: float, min_silence_days: int, loss: LossSettings
) -> pd.Series:
    """Return the first day on which silence > k × usual gap, is long enough, and the account no
    longer new.
    """
    silence = np.maximum(np.floor(k * table["usual_gap_days"]) + 1, min_silence_days)
    day = days_later(table["last_order_date"], silence)
    grown = table["first_order_date"] + pd.Timedelta(days=loss.new_days)
    is_grown = table["gap_count"].ge(loss.min_gaps) | day.ge(grown) | day.isna()
    return day.where(is_grown, grown).astype("datetime64[us]")
