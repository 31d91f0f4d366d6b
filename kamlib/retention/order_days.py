"""Order days, the gaps between them, and sums over windows: what retention figures start from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.months import trailing_months

DAY = np.timedelta64(1, "D")


def order_days(account_days: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × order day: a day with positive net revenue, up to the as-of day."""
    rows = account_days["revenue"].gt(0) & account_days["date"].le(as_of)
    days = account_days.loc[rows, ["account_id", "date"]].drop_duplicates()
    return days.sort_values(["account_id", "date"], ignore_index=True)


def order_gaps(days: pd.DataFrame) -> pd.DataFrame:
    """One row per gap between two order days of one account, in the order of ``order_days``.

    ``earlier_gap_count``: gaps of the account before this one.
    """
    inner = days["account_id"].eq(days["account_id"].shift())
    gaps = pd.DataFrame(
        {
            "account_id": days.loc[inner, "account_id"],
            "last_order_date": days["date"].shift()[inner].astype("datetime64[us]"),
            "next_order_date": days.loc[inner, "date"],
        }
    ).reset_index(drop=True)
    gaps["gap_days"] = (gaps["next_order_date"] - gaps["last_order_date"]).dt.days.astype("int64")
    gaps["earlier_gap_count"] = gaps.groupby("account_id").cumcount().astype("int64")
    return gaps


def window_edges(as_of: pd.Timestamp, *, years_back: int = 0) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return a 12-month window: the day before it begins and its last day.

    ``years_back=0`` is the window that ends on the as-of day, 1 the one before.

    >>> [d.date().isoformat() for d in window_edges(pd.Timestamp("2025-02-28"))]
    ['2024-02-29', '2025-02-28']
    """
    months = trailing_months(as_of, 12 * (years_back + 1) + 1)
    return months[0], months[12]


def year_later(day: pd.Timestamp) -> pd.Timestamp:
    """Return the day 12 months later; a month's end stays a month's end.

    >>> year_later(pd.Timestamp("2023-02-28")).date().isoformat()
    '2024-02-29'
    """
    later = day + pd.DateOffset(months=12)
    return later + pd.offsets.MonthEnd(0) if day.is_month_end else later


def days_later(day: pd.Series, count: pd.Series | np.ndarray) -> pd.Series:
    """Return the days so many whole days later; n/a where either is.

    >>> days_later(pd.Series(pd.to_datetime(["2025-01-31", None])), np.array([1.0, 1.0])).tolist()
    [Timestamp('2025-02-01 00:00:00'), NaT]
    """
    counted = np.asarray(count, dtype="float64")
    is_known = ~np.isnan(counted)
    later = day.to_numpy().astype("datetime64[us]") + np.where(is_known, counted, 0) * DAY
    return pd.Series(np.where(is_known, later, np.datetime64("NaT")), index=day.index)


def earlier_medians(gaps: pd.DataFrame, of: np.ndarray) -> np.ndarray:
    """Return for some gaps, by their places, the median of the account's gaps before each (n/a for
    the first).
    """
    days, counts = gaps["gap_days"].to_numpy(), gaps["earlier_gap_count"].to_numpy()
    found = np.full(len(of), np.nan)
    for number, (place, count) in enumerate(zip(of, counts[of], strict=True)):
        if count:
            earlier = np.sort(days[place - count : place])
            found[number] = (earlier[(count - 1) // 2] + earlier[count // 2]) / 2
    return found


def pooled_medians(
    pool_days: np.ndarray,
    pool_values: np.ndarray,
    pool_groups: np.ndarray,
    days: np.ndarray,
    groups: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return median and number of the pooled gaps of a group that had ended by a day, day by day.

    Gaps are whole days, so that a running histogram answers each day without sorting again. Groups
    are codes from 0; group −1 of a query means all gaps.
    """
    medians, counts = np.full(len(days), np.nan), np.zeros(len(days), dtype="int64")
    if not len(pool_values):
        return medians, counts
    group_count = int(max(pool_groups.max(), 0)) + 1
    histogram = np.zeros((group_count + 1, int(pool_values.max()) + 1), dtype="int64")
    order = np.argsort(pool_days, kind="stable")
    pool_days, pool_values, pool_groups = pool_days[order], pool_values[order], pool_groups[order]
    seen = 0
    for day in np.unique(days):
        until = np.searchsorted(pool_days, day, side="right")
        new = slice(seen, until)
        np.add.at(histogram, (np.full(until - seen, -1), pool_values[new]), 1)
        named = pool_groups[new] >= 0
        np.add.at(histogram, (pool_groups[new][named], pool_values[new][named]), 1)
        seen = until
        for group in np.unique(groups[days == day]):
            at = (days == day) & (groups == group)
            running = histogram[group if 0 <= group < group_count else -1].cumsum()
            counts[at] = total = running[-1]
            if group >= group_count:
                counts[at] = total = 0
            if total:
                middle = np.searchsorted(running, [(total - 1) // 2, total // 2], side="right")
                medians[at] = middle.mean()
    return medians, counts


def looked_up(keys: pd.Series, source: pd.Series) -> pd.Series:
    """Return for each key the value of ``source`` (indexed by unique keys), its type kept.

    n/a where there is none.
    """
    return source.reindex(keys.to_numpy()).set_axis(keys.index)


def described(
    account_id: pd.Series,
    accounts: pd.DataFrame,
    *columns: str,
) -> pd.DataFrame:
    """Return texts of accounts (name, owner, industry …) for each id; an account without a name is
    called by its id.

    >>> known = pd.DataFrame({"account_id": ["A"], "name": ["Ann"]})
    >>> described(pd.Series(["A", "B"]), known, "name", "region").fillna("-").values.tolist()
    [['Ann', '-'], ['B', '-']]
    """
    known = accounts.drop_duplicates("account_id").set_index("account_id")
    nothing = pd.Series(dtype="str")
    place = known.index.get_indexer(pd.Index(account_id))
    found = {}
    for column in columns:
        texts = known.get(column, nothing).astype("str").array
        is_there = column in known
        taken = texts.take(place if is_there else np.full(len(place), -1), allow_fill=True)
        found[column] = pd.Series(taken, index=account_id.index)
    if "name" in found:
        found["name"] = found["name"].fillna(account_id)
    return pd.DataFrame(found, index=account_id.index)
