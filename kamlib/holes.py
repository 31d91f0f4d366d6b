"""Holes: times without any order line so long that a part of the data must be missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

EARLY_MONTHS = 3
"""An account first seen in so many months of the data, or after a hole, may have begun before."""
LONG_GAP_DAYS = 28
_USUAL = 20  # times the gap that is usual
_RARE = 0.95
_UNLIKE = 5  # times the gap that this share of all gaps stay below


class Hole(NamedTuple):
    """Days without any order line: the first and the last of them."""

    start: pd.Timestamp
    end: pd.Timestamp


class Holes(tuple[Hole, ...]):
    """Holes of the data, the earliest first."""

    __slots__ = ()


NO_HOLES = Holes()


def least_gap_days(gap_days: pd.Series) -> float:
    """Return from how many days on a time without any order is long, beside the book's other gaps.

    >>> least_gap_days(pd.Series([1, 1, 3, 60]))
    40.0
    """
    return max(LONG_GAP_DAYS, _USUAL * float(gap_days.median()))


def holes(days: pd.Series) -> Holes:
    """Return the times in which a part of the data must be missing, the earliest first.

    ``days`` are the days with order lines. A hole is a long gap between two of them
    (`least_gap_days`: at least 28 days, and 20 times the median gap) that holds a whole calendar
    month, is five times as long as 19 of 20 gaps, and comes in no other year: a business with few
    orders, or one that closes every summer, has none.

    Examples
    --------
    >>> daily = pd.Series(pd.date_range("2022-01-01", "2024-12-31"))
    >>> known = daily[(daily < "2023-03-01") | (daily >= "2023-07-01")]
    >>> [(hole.start.date().isoformat(), hole.end.date().isoformat()) for hole in holes(known)]
    [('2023-03-01', '2023-06-30')]
    >>> holes(daily[daily.dt.month.ne(8)])    # closed every August
    ()
    """
    known = days.drop_duplicates().sort_values(ignore_index=True)
    gaps = known.diff().dt.days
    if gaps.notna().sum() < 2:
        return NO_HOLES
    ends = known.to_numpy().astype("datetime64[D]")
    first, last = ends[:-1] + 1, ends[1:] - 1  # the days without, of each gap
    long = gaps.to_numpy()[1:]
    rare = float(gaps.quantile(_RARE, interpolation="higher"))
    begun = first.astype("datetime64[M]") + (first != first.astype("datetime64[M]"))
    is_hole = (
        (long >= least_gap_days(gaps.iloc[1:]))
        & (long >= _UNLIKE * rare)
        & (begun + 1 <= (last + 1).astype("datetime64[M]"))
    )
    spans = np.flatnonzero(is_hole).tolist()
    others = np.flatnonzero(long >= LONG_GAP_DAYS)
    return Holes(
        Hole(*(pd.Timestamp(day).as_unit("us") for day in (first[at], last[at])))
        for at in spans
        if not _comes_again(at, others, first, last)
    )


def _comes_again(at: int, others: np.ndarray, first: np.ndarray, last: np.ndarray) -> bool:
    """Return whether another long gap takes up at least half of the same days of another year."""
    half = (last[at] - first[at] + 1) / 2
    for years in (-2, -1, 1, 2):
        begin, end = (
            (pd.Timestamp(day) + pd.DateOffset(years=years)).to_datetime64().astype("datetime64[D]")
            for day in (first[at], last[at])
        )
        own = others[others != at]
        common = np.minimum(last[own], end) - np.maximum(first[own], begin) + 1
        if (common >= half).any():
            return True
    return False


def unbroken(table: pd.DataFrame, holes: Holes, first_date: pd.Timestamp | None) -> pd.DataFrame:
    """Return the rows of a table by day or month since the last hole; all where there is none.

    >>> table = pd.DataFrame({"date": pd.to_datetime(["2023-01-05", "2024-01-05"])})
    >>> len(unbroken(table, Holes(), pd.Timestamp("2024-01-01")))
    2
    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-12-31"))
    >>> len(unbroken(table, Holes([hole]), pd.Timestamp("2024-01-01")))
    1
    """
    if not holes or first_date is None:
        return table
    day = table["date" if "date" in table else "month"]
    return table[day.ge(first_date)].reset_index(drop=True)


def known_on(holes: Holes, day: pd.Timestamp) -> Holes:
    """Return the days up to an earlier day of which nothing is known.

    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-12-31"))
    >>> [one.end.date().isoformat() for one in known_on(Holes([hole]), pd.Timestamp("2023-06-30"))]
    ['2023-06-30']
    """
    return Holes(Hole(one.start, min(one.end, day)) for one in holes if one.start <= day)


def known_until(day: pd.Timestamp, holes: Holes) -> pd.Timestamp:
    """Return the last day up to a day that no hole holds: silence is known until then.

    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-06-30"))
    >>> [known_until(pd.Timestamp(day), Holes([hole])).date().isoformat()
    ...     for day in ("2023-05-31", "2023-12-31")]
    ['2023-02-28', '2023-12-31']
    """
    inside = [hole.start for hole in holes if hole.start <= day <= hole.end]
    return min(inside) - pd.Timedelta(days=1) if inside else day


def is_known(day: pd.Timestamp, holes: Holes) -> bool:
    """Return whether no hole holds a day: who is silent on it has really not ordered.

    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-06-30"))
    >>> [is_known(pd.Timestamp(day), Holes([hole])) for day in ("2023-06-30", "2023-07-01")]
    [False, True]
    """
    return known_until(day, holes) == day


def is_broken_since(day: pd.Timestamp, holes: Holes) -> bool:
    """Return whether a hole lies, whole or in part, in the time since a day.

    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-06-30"))
    >>> [is_broken_since(pd.Timestamp(day), Holes([hole])) for day in ("2023-06-30", "2023-07-01")]
    [True, False]
    """
    return any(hole.end >= day for hole in holes)


def gap_days(days: pd.Series, holes: Holes) -> pd.Series:
    """Return the gap before each of some days that follow one another, in days; n/a for the first
    of them, and where a hole lies between: a time of which nothing is known is no gap.

    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-06-30"))
    >>> days = pd.Series(pd.to_datetime(["2023-02-20", "2023-07-01", "2023-07-11"]))
    >>> gap_days(days, Holes([hole])).tolist()
    [nan, nan, 10.0]
    """
    before = sum((days.gt(hole.end).astype("int64") for hole in holes), pd.Series(0, days.index))
    return days.diff().dt.days.where(before.diff().eq(0)).astype("float64")


def silence_days(last: pd.Timestamp, as_of: pd.Timestamp, holes: Holes) -> float:
    """Return the days of silence from a last order to a day that are known: since the last hole
    after it, up to the day or where the data end; n/a without an order.

    >>> hole = Hole(pd.Timestamp("2023-03-01"), pd.Timestamp("2023-06-30"))
    >>> silence_days(pd.Timestamp("2023-02-27"), pd.Timestamp("2023-07-10"), Holes([hole]))
    10.0
    """
    until = known_until(as_of, holes)
    begun = max([last, *(hole.end for hole in holes if last < hole.start and hole.end <= until)])
    return float((until - begun).days) if pd.notna(last) else float("nan")
