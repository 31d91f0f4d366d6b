"""Silences: how long each account has been silent, now and before each of its orders.

What stands here rests on order days alone, not on classes and not on the loss factors: when those
are moved, only what is said of a silence is found anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlib.retention.day_sums import SPAN, DaySums, Floats, Ints, day_of, number
from kamlib.retention.order_days import described, earlier_medians, pooled_medians, window_edges
from kamlib.retention.seasons import facts_of

OWNER = ("name", "manager_id", "manager_name")
TEXTS = (*OWNER, "industry", "region")


class Seasonal(NamedTuple):
    """Rows that have the facts of a season: their places, and the rows."""

    place: Ints
    rows: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Silences:
    """Silences of all accounts.

    Attributes
    ----------
    accounts
        One row per account that is listed or was seen, sorted: its silence to the as-of day, the
        median of its own gaps, its texts and sums, and the facts of its season.
    past
        One row per silence of the past that was long enough for a loss, in the order of gaps, with
        the account's place and its sums of the year to the order before; ``own_gap_days`` and
        ``all_gap_days`` are the medians of the account's gaps and, where these are too few, of all
        gaps until then.
    gap_place, gap_days, gap_end
        Every gap: its account's place, its length, and the day that ended it, as a number.
    """

    accounts: pd.DataFrame
    past: pd.DataFrame
    gap_place: Ints
    gap_days: Ints
    gap_end: Ints

    @cached_property
    def ids(self) -> pd.Index:
        """The ids of the accounts, to look places up."""
        return pd.Index(self.accounts["account_id"])

    @cached_property
    def seasonal_accounts(self) -> Seasonal:
        """Those of the accounts that have a season."""
        return _seasonal(self.accounts)

    @cached_property
    def seasonal_past(self) -> Seasonal:
        """Those of the past silences that ended a season, or might have."""
        return _seasonal(self.past)

    def letters(self, account_classes: pd.DataFrame) -> Ints:
        """Return the revenue class of each account as a number from 0; −1 without one."""
        found = np.full(len(self.ids), -1)
        codes = pd.factorize(account_classes["abc_revenue"].to_numpy(dtype=object), sort=True)[0]
        place = self.ids.get_indexer(pd.Index(account_classes["account_id"]))
        found[place[place >= 0]] = codes[place >= 0]
        return found


def silences(
    accounts: pd.DataFrame,
    day_sums: DaySums,
    *,
    as_of: pd.Timestamp,
    min_gaps: int,
    min_silence_days: int,
) -> Silences:
    """Return the silences of all accounts up to the as-of day.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.silences.accounts) == len(q.account_status)
    True
    """
    ids = pd.Index(sorted({*accounts["account_id"], *day_sums.seen(as_of)}), dtype="str")
    of, day = day_sums.order_days(as_of)
    days = _Days(ids.get_indexer(day_sums.accounts)[of].astype("int64"), day, len(ids))
    table = pd.DataFrame({"account_id": ids})
    table[list(TEXTS)] = described(table["account_id"], accounts, *TEXTS)
    has = days.count > 0
    begin, end = days.begin[has], days.begin[has] + days.count[has]
    for name, at in (("first_order_date", begin), ("last_order_date", end - 1)):
        known = np.full(len(ids), np.nan)
        known[has] = day[at]
        table[name] = day_of(known)
    table["order_day_count"] = np.where(has, days.count, np.nan)
    table["gap_count"] = table["order_day_count"] - 1
    table["own_gap_days"] = _medians(days.of_gap, days.gap, len(ids))
    table["silence_days"] = (as_of - table["last_order_date"]).dt.days.astype("float64")
    table[["revenue", "gross_margin"]] = day_sums.of(table["account_id"], *window_edges(as_of))
    table[["last_year_revenue", "last_year_margin"]] = _year_to(
        table["account_id"], table["last_order_date"], day_sums
    )
    eve = np.full(int(has.sum()), number(pd.Series([as_of]))[0])
    facts = facts_of(day, begin, end, eve, min_gaps=min_gaps)
    table = table.join(facts.set_axis(np.flatnonzero(has)))
    past = _past(days, table, day_sums, min_gaps, min_silence_days)
    return Silences(table, past, days.of_gap, days.gap, day[days.later])


class _Days:
    """Order days of all accounts, account by account, and the gaps between them."""

    def __init__(self, place: Ints, day: Ints, many: int) -> None:
        self.place, self.day = place, day
        self.count = np.bincount(place, minlength=many)
        self.begin = np.cumsum(self.count) - self.count
        self.later = np.flatnonzero(np.diff(place, prepend=-1) == 0)  # the day that ends each gap
        self.gap, self.of_gap = day[self.later] - day[self.later - 1], place[self.later]


def _past(
    days: _Days, accounts: pd.DataFrame, day_sums: DaySums, min_gaps: int, min_silence_days: int
) -> pd.DataFrame:
    gap = np.flatnonzero(days.gap > min_silence_days)
    end = days.later[gap]
    place, begin, eve = days.place[end], days.begin[days.place[end]], days.day[end] - 1
    count = end - begin - 1
    few = count < min_gaps
    of_all = np.full(len(gap), np.nan)
    pool = (days.day[days.later], days.gap, np.full(len(days.gap), -1))
    of_all[few] = pooled_medians(*pool, eve[few], np.full(int(few.sum()), -1))[0]
    past = pd.DataFrame(
        {
            "account_id": accounts["account_id"].array.take(place),
            "last_order_date": day_of(days.day[end - 1]),
            "next_order_date": day_of(days.day[end]),
            "gap_count": count,
            "place": place,
            "first_order_date": day_of(days.day[begin]),
            "own_gap_days": earlier_medians(days.gap, gap, count),
            "all_gap_days": of_all,
            "eve_number": eve,
        }
    )
    past[["last_year_revenue", "last_year_margin"]] = _year_to(
        past["account_id"], past["last_order_date"], day_sums
    )
    return past.join(facts_of(days.day, begin, end, eve, min_gaps=min_gaps))


def _seasonal(cases: pd.DataFrame) -> Seasonal:
    place = np.flatnonzero(cases["start_month"].notna())
    return Seasonal(place, cases.iloc[place])


def _year_to(account_id: pd.Series, day: pd.Series, day_sums: DaySums) -> npt.NDArray[np.float64]:
    return day_sums.of(account_id, day - pd.DateOffset(years=1), day).to_numpy()


def _medians(place: Ints, values: Ints, many: int) -> Floats:
    """Return the median of the values of each place; n/a where it has none."""
    ordered = np.sort(place * SPAN + values) - np.sort(place) * SPAN
    count = np.bincount(place, minlength=many)
    begin = np.cumsum(count) - count
    found = np.full(many, np.nan)
    has = count > 0
    low, high = (begin + (count - 1) // 2)[has], (begin + count // 2)[has]
    found[has] = (ordered[low] + ordered[high]) / 2
    return found
