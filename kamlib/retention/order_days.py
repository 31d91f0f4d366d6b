"""Order days, the gaps between them, and sums over windows: what retention figures start from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.months import trailing_months

DAY = np.timedelta64(1, "D")


def order_days(account_days: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × order day: a day with positive net revenue, up to the as-of day."""
    rows = account_days["revenue"].gt(0) & account_days["date"].le(as_of)
    days = account_days.loc[rows, ["account_id", "date"]].reset_index(drop=True)
    if _is_sorted(days):  # as a period has them
        return days
    return days.drop_duplicates().sort_values(["account_id", "date"], ignore_index=True)


def _is_sorted(days: pd.DataFrame) -> bool:
    """Return whether the days stand by account and date, each once."""
    code, ids = pd.factorize(days["account_id"])
    step, later = np.diff(code), np.diff(days["date"].to_numpy()) > np.timedelta64(0)
    in_order = (step > 0) | ((step == 0) & later)
    return bool(in_order.all() and (code >= 0).all() and ids.is_monotonic_increasing)


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


def earlier_medians(gap_days: np.ndarray, of: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return for some gaps, by their places, the median of so many gaps that stand before each
    (n/a for none).

    >>> earlier_medians(np.array([5, 3, 4, 9]), np.array([0, 2, 3]), np.array([0, 2, 3])).tolist()
    [nan, 4.0, 4.0]
    """
    found = np.full(len(of), np.nan)
    width = np.ceil(np.log2(np.fmax(counts, 1))).astype("int64")  # so that no row is half empty
    for each in np.unique(width[counts > 0]):
        own = np.flatnonzero((width == each) & (counts > 0))
        back = np.arange(1, counts[own].max() + 1)
        many = counts[own][:, None]
        earlier = gap_days[np.fmax(of[own][:, None] - back, 0)]
        ordered = np.sort(np.where(back <= many, earlier, np.iinfo("int64").max), axis=1)
        middle = np.take_along_axis(ordered, np.hstack([(many - 1) // 2, many // 2]), axis=1)
        found[own] = middle.sum(axis=1) / 2
    return found


def pooled_medians(
    pool_days: np.ndarray,
    pool_values: np.ndarray,
    pool_groups: np.ndarray,
    days: np.ndarray,
    groups: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return median and number of the gaps of a group that had ended by a day, for many of both.

    >>> gaps = np.array([1, 2, 3]), np.array([30, 10, 20]), np.array([0, 0, 1])
    >>> medians, counts = pooled_medians(*gaps, np.array([1, 9, 2]), np.array([0, 0, 1]))
    >>> medians.tolist(), counts.tolist()
    ([30.0, 20.0, nan], [1, 2, 0])
    """
    medians, counts = np.full(len(days), np.nan), np.zeros(len(days), dtype="int64")
    width, first = int(pool_values.max(initial=0)) + 1, int(pool_days.min(initial=0))
    every = np.arange(first, int(pool_days.max(initial=0)) + 1)
    for group in np.unique(groups):
        at, own = groups == group, pool_groups == group
        asked, back = np.unique(days[at], return_inverse=True)
        # the first day asked for by which each had ended
        row = np.searchsorted(asked, every)[pool_days[own] - first]
        cell = (row * width + pool_values[own])[row < len(asked)]
        fresh = np.bincount(cell, minlength=len(asked) * width).reshape(-1, width)
        until = fresh.cumsum(axis=0).cumsum(axis=1)  # gaps of at most a length, ended by a day
        many = until[:, -1]
        lower, upper = ((until <= nth[:, None]).sum(axis=1) for nth in ((many - 1) // 2, many // 2))
        medians[at] = np.where(many > 0, (lower + upper) / 2, np.nan)[back]
        counts[at] = many[back]
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
    known = accounts.drop_duplicates("account_id")
    place = pd.Index(known["account_id"]).get_indexer(pd.Index(account_id))
    found = {}
    for column in columns:
        texts = known[column].astype("str") if column in known else pd.Series(dtype="str")
        at = place if column in known else np.full(len(place), -1)
        found[column] = texts.array.take(at, allow_fill=True)
    table = pd.DataFrame(found, index=account_id.index)
    return table.fillna({"name": account_id}) if "name" in found else table
