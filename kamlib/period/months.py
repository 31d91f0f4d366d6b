"""Activity months: the months that end on an as-of day, and how much of a window the data hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kamlib.holes import EARLY_MONTHS, NO_HOLES, Holes, is_known


def trailing_months(as_of: pd.Timestamp, count: int = 12) -> pd.DatetimeIndex:
    """Return the last days of the ``count`` months that end on the as-of day, oldest first.

    When the as-of day is a month's end these are calendar months; else each month ends on the
    same day of the month (or on the month's last day where it is shorter).

    >>> [d.date().isoformat() for d in trailing_months(pd.Timestamp("2025-03-30"), 3)]
    ['2025-01-30', '2025-02-28', '2025-03-30']
    >>> [d.date().isoformat() for d in trailing_months(pd.Timestamp("2025-02-28"), 2)]
    ['2025-01-31', '2025-02-28']
    """
    months = pd.period_range(end=pd.Period(as_of, "M"), periods=count, freq="M")
    last = months.to_timestamp(how="end").normalize()
    if not as_of.is_month_end:
        days = last.day.to_numpy().clip(max=as_of.day)
        last = months.to_timestamp(how="start") + pd.to_timedelta(days - 1, unit="D")
    return pd.DatetimeIndex(last).as_unit("us")


def month_of(days: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Return for each day the last day of its activity month, as ``trailing_months`` counts them.

    >>> days = pd.Series(pd.to_datetime(["2025-02-28", "2025-03-02"]))
    >>> month_of(days, pd.Timestamp("2025-08-03")).dt.date.tolist()
    [datetime.date(2025, 3, 3), datetime.date(2025, 3, 3)]
    """
    if as_of.is_month_end:
        return (days + pd.offsets.MonthEnd(0)).dt.as_unit("us")
    day = as_of.day
    month = days.dt.to_period("M") + (days.dt.day > day).astype("int64")
    length = month.dt.days_in_month.clip(upper=day)
    return (month.dt.to_timestamp() + pd.to_timedelta(length - 1, unit="D")).dt.as_unit("us")


def is_window_whole(
    first_date: pd.Timestamp | None,
    *,
    as_of: pd.Timestamp,
    window_months: int = 12,
    holes: Holes = NO_HOLES,
) -> bool:
    """Return whether the data reach back to the first month of the window that ends on ``as_of``,
    and up to its last day.

    >>> is_window_whole(pd.Timestamp("2024-10-03"), as_of=pd.Timestamp("2025-09-30"))
    True
    >>> is_window_whole(pd.Timestamp("2024-12-01"), as_of=pd.Timestamp("2025-09-30"))
    False
    """
    reaches = first_date is not None and first_date <= trailing_months(as_of, window_months)[0]
    return bool(reaches) and is_known(as_of, holes)


def base_months(first_date: pd.Timestamp | None, as_of: pd.Timestamp) -> int:
    """Return how many months of the year before the last 12 months the data hold.

    >>> base_months(pd.Timestamp("1996-07-04"), pd.Timestamp("1997-12-31"))
    6
    """
    if first_date is None:
        return 12
    return int((trailing_months(as_of, 24)[:12] >= first_date).sum())


def is_base_whole(
    first_date: pd.Timestamp | None, as_of: pd.Timestamp, holes: Holes = NO_HOLES
) -> bool:
    """Return whether the last 12 months and the year before them compare: the data hold that year
    whole, and reach the as-of day.

    >>> is_base_whole(pd.Timestamp("1996-07-04"), pd.Timestamp("1998-06-30"))
    True
    >>> is_base_whole(pd.Timestamp("1996-07-04"), pd.Timestamp("1998-03-31"))
    False
    """
    return base_months(first_date, as_of) == 12 and is_known(as_of, holes)


def months_in_holes(as_of: pd.Timestamp, count: int, holes: Holes) -> NDArray[np.bool_]:
    """Return which of the months that end on a day lie in a hole of the data, whole.

    >>> from kamlib.holes import Hole
    >>> hole = Hole(pd.Timestamp("2025-01-20"), pd.Timestamp("2025-02-28"))
    >>> months_in_holes(pd.Timestamp("2025-03-31"), 3, Holes([hole])).tolist()
    [False, True, False]
    """
    ends = trailing_months(as_of, count + 1)
    begin, end = ends[:-1] + pd.Timedelta(days=1), ends[1:]
    found = np.zeros(count, dtype=bool)
    for hole in holes:
        found |= (begin >= hole.start) & (end <= hole.end)
    return found


def first_months(
    account_months: pd.DataFrame, as_of: pd.Timestamp, first_date: pd.Timestamp | None
) -> tuple[pd.Series, pd.Series]:
    """Return the number of the month that each account's months count from, its first with an order
    since ``first_date``, and whether it was there before the history: before the fourth such month
    of the book.

    >>> ends = pd.to_datetime(["2023-05-31", "2024-07-31", "2025-01-31"])
    >>> sold = pd.DataFrame({"account_id": list("ABA"), "month": ends, "order_day_count": 1})
    >>> first, is_before = first_months(sold, ends[2], pd.Timestamp("2024-07-01"))
    >>> (first - 12 * 2024).to_dict(), is_before.to_dict()
    ({'A': 12, 'B': 6}, {'A': True, 'B': True})
    """
    months = account_months[account_months["month"].le(as_of)]
    active = months[months["order_day_count"].gt(0)]
    number = active["month"].dt.year * 12 + active["month"].dt.month - 1
    first = number.groupby(active["account_id"]).min().rename("first")
    is_since = active["month"].ge(first_date) if first_date is not None else number.notna()
    seen = number[is_since].groupby(active["account_id"]).min().rename("first")
    return seen, first.reindex(seen.index).lt(seen.min() + EARLY_MONTHS)


def account_months(account_days: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × month with order lines; months end as the as-of day does."""
    days = account_days.assign(
        month=month_of(account_days["date"], as_of),
        is_order_day=account_days["revenue"].gt(0).astype("int64"),
        is_cost_missing=account_days["cost"].isna(),
    )
    months = days.groupby(["account_id", "month"], as_index=False).agg(
        revenue=("revenue", "sum"),
        cost=("cost", "sum"),
        order_count=("order_count", "sum"),
        order_day_count=("is_order_day", "sum"),
        is_cost_missing=("is_cost_missing", "any"),
    )
    months["revenue"] = months["revenue"].round(6)
    months["cost"] = months["cost"].round(6).mask(months["is_cost_missing"])
    return months.drop(columns="is_cost_missing")
