"""What accounts bought over any window of days, found at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SPAN = 1 << 32
"""An account's place times this, plus a day, is one number for both."""
_FIRST = pd.Timestamp(0).toordinal()
NO_DAY = -(1 << 30)
"""The number that stands for n/a, where days are whole numbers."""


@dataclass(frozen=True, eq=False)
class DaySums:
    """The days of all accounts as arrays, account by account and day by day.

    `key` packs an account's place and a day into one number, so that one search finds where a
    window begins and ends. `first` is the day that history begins on.
    """

    accounts: pd.Index
    key: Ints
    revenue: Floats
    margin: Floats
    first: pd.Timestamp
    empty_margin: float

    @cached_property
    def first_year_end(self) -> float:
        """The day a year after the first one, as a number."""
        return day_count(self.first + pd.DateOffset(years=1))

    def of(self, account_id: pd.Series, after: Any, until: Any) -> pd.DataFrame:
        """One row per account asked for: its revenue and margin after one day, up to another.

        Margin is n/a as soon as one cost is unknown. Money has at most 6 places, and so has its
        sum.
        """
        edges = [number(pd.Series(edge)) for edge in (after, until)]
        found = self.at(self.accounts.get_indexer(pd.Index(account_id)), *edges)
        return pd.DataFrame(found, index=account_id.index)

    def at(self, place: Ints, *edges: Ints) -> dict[str, Floats]:
        """Return the same of accounts by their places, with days as whole numbers."""
        is_asked = (place >= 0) & (edges[0] > NO_DAY) & (edges[1] > NO_DAY)
        begin, end = (
            np.searchsorted(self.key, place * SPAN + edge, side="right") for edge in edges
        )
        many = np.where(is_asked, np.maximum(end - begin, 0), 0)
        has_days = many > 0
        held = many[has_days]
        stops = held.cumsum()
        rows = np.repeat(begin[has_days] - (stops - held), held) + np.arange(held.sum())
        found = {}
        for name, empty in (("revenue", 0.0), ("margin", self.empty_margin)):
            sums = np.full(len(place), empty)
            if len(held):
                sums[has_days] = np.add.reduceat(getattr(self, name)[rows], stops - held)
            found[name] = sums.round(6)
        return found

    def order_days(self, as_of: pd.Timestamp) -> tuple[Ints, Ints]:
        """Return the account's place and the day of each order day up to the as-of day."""
        key = self.key[self.revenue > 0]
        place, day = self._parted(key[np.diff(key, prepend=NO_DAY) != 0])
        is_known = day <= day_count(as_of)
        return place[is_known], day[is_known]

    def seen(self, as_of: pd.Timestamp) -> pd.Index:
        """Return the accounts with a day up to the as-of day."""
        place, day = self._parted(self.key)
        count = np.bincount(place[day <= day_count(as_of)], minlength=len(self.accounts))
        return self.accounts[count > 0]

    def _parted(self, key: Ints) -> tuple[Ints, Ints]:
        place = (key + SPAN // 2) // SPAN
        return place, key - place * SPAN


def day_sums(account_days: pd.DataFrame, *, first_date: pd.Timestamp | None = None) -> DaySums:
    """Return the days of all accounts, laid out for sums over windows; their history begins on
    ``first_date``, where that is later than the first of them.

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": "A", "revenue": [1.0, 2.0], "cost": [0.5, None],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-02-01"])})
    >>> asked = pd.Series(["A", "A", "B"])
    >>> january = pd.Timestamp("2024-12-31"), pd.to_datetime(["2025-01-31", "2025-02-01", None])
    >>> day_sums(days).of(asked, *january)["revenue"].tolist()
    [1.0, 3.0, 0.0]
    """
    place, ids = pd.factorize(account_days["account_id"], sort=True)
    key = place * SPAN + number(account_days["date"])
    order = np.argsort(key, kind="stable")
    revenue = account_days["revenue"].to_numpy(dtype="float64")
    begun = account_days["date"].min()
    cost = np.full(len(revenue), np.nan)
    if "cost" in account_days:
        cost = account_days["cost"].to_numpy(dtype="float64")
    return DaySums(
        pd.Index(ids, dtype="str"),
        key[order],
        revenue[order],
        (revenue - cost)[order],
        begun if first_date is None else max(begun, first_date),
        0.0 if bool((~np.isnan(cost)).any()) else np.nan,
    )


def number(day: pd.Series) -> Ints:
    """Return days as whole numbers from 1970 on; n/a is ``NO_DAY``."""
    return day.to_numpy().astype("datetime64[D]").astype("int64").clip(NO_DAY, -NO_DAY)


def day_count(day: pd.Timestamp) -> float:
    """Return one day as a number from 1970 on; n/a stays n/a.

    >>> day_count(pd.Timestamp("1970-01-31"))
    30
    """
    return np.nan if day is pd.NaT else day.toordinal() - _FIRST


def day_number(day: pd.Series) -> Floats:
    """Return days as numbers from 1970 on; n/a stays n/a, so that no comparison with it holds.

    >>> day_number(pd.Series(pd.to_datetime(["1970-01-31", None]))).tolist()
    [30.0, nan]
    """
    whole = number(day)
    return np.where(whole > NO_DAY, whole, np.nan)


def day_of(numbers: Floats | Ints) -> npt.NDArray[np.datetime64]:
    """Return the days of numbers that `day_number` gave.

    >>> day_of(np.array([30.0, np.nan])).astype(str).tolist()
    ['1970-01-31T00:00:00.000000', 'NaT']
    """
    is_day = ~np.isnan(numbers)
    days = np.where(is_day, numbers, 0).astype("int64").astype("datetime64[D]")
    return np.where(is_day, days, np.datetime64("NaT")).astype("datetime64[us]")
