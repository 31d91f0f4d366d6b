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

from kamlib.holes import EARLY_MONTHS, NO_HOLES, Holes, known_until
from kamlib.retention.day_sums import (
    SPAN,
    DaySums,
    Floats,
    Ints,
    day_count,
    day_number,
    day_of,
    number,
)
from kamlib.retention.order_days import described, earlier_medians, pooled_medians, window_edges
from kamlib.retention.seasons import after_holes, facts_of

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
        median of its own gaps, its texts and sums, and the facts of its season. ``silent_from`` and
        ``begun`` are the days, as numbers, from which on its silence is known, and on which it may
        have begun.
    past
        One row per silence of the past that was long enough for a loss, in the order of gaps, with
        the account's place and its sums of the year to the order before; ``own_gap_days`` and
        ``all_gap_days`` are the medians of the account's gaps and, where these are too few, of all
        gaps until then.
    gap_place, gap_days, gap_end
        Every gap: its account's place, its length, and the day that ended it, as a number.
    until
        The day up to which silence is known.
    """

    accounts: pd.DataFrame
    past: pd.DataFrame
    gap_place: Ints
    gap_days: Ints
    gap_end: Ints
    until: pd.Timestamp

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
    holes: Holes = NO_HOLES,
) -> Silences:
    """Return the silences of all accounts up to the as-of day.

    Of days that lie in a hole of the data nothing is known: a gap over one is none, a silence that
    began before one counts from its end, one that lasts to the as-of day ends where the data do. An
    account first seen in the first three months after a hole may have begun in it, or before.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.silences.accounts) == len(q.account_status)
    True
    """
    ids = pd.Index(sorted({*accounts["account_id"], *day_sums.seen(as_of)}), dtype="str")
    of, day = day_sums.order_days(as_of)
    days = _Days(ids.get_indexer(day_sums.accounts)[of].astype("int64"), day, len(ids), holes)
    until = known_until(as_of, holes)
    table = pd.DataFrame({"account_id": ids})
    table[list(TEXTS)] = described(table["account_id"], accounts, *TEXTS)
    has = days.count > 0
    begin, end = days.begin[has], days.begin[has] + days.count[has]
    for name, at in (("first_order_date", begin), ("last_order_date", end - 1)):
        known = np.full(len(ids), np.nan)
        known[has] = day[at]
        table[name] = day_of(known)
    table["order_day_count"] = np.where(has, days.count, np.nan)
    table["gap_count"] = np.where(has, np.bincount(days.of_gap, minlength=len(ids)), np.nan)
    table["own_gap_days"] = _medians(days.of_gap, days.gap, len(ids))
    for name, known in _about_holes(table, holes, until).items():
        table[name] = known
    silent_from = table["silent_from"].to_numpy()
    table["silence_days"] = np.maximum(day_count(until) - silent_from, 0)
    table[["revenue", "gross_margin"]] = day_sums.of(table["account_id"], *window_edges(as_of))
    table[["last_year_revenue", "last_year_margin"]] = _year_to(
        table["account_id"], table["last_order_date"], day_sums
    )
    eve = np.full(int(has.sum()), number(pd.Series([until]))[0])
    facts = after_holes(facts_of(day, begin, end, eve, min_gaps=min_gaps), silent_from[has])
    table = table.join(facts.set_axis(np.flatnonzero(has)))
    past = _past(days, table, day_sums, min_gaps, min_silence_days)
    return Silences(table, past, days.of_gap, days.gap, day[days.later], until)


def _about_holes(accounts: pd.DataFrame, holes: Holes, until: pd.Timestamp) -> dict[str, Floats]:
    """Return the days, as numbers, from which on each account's silence is known, on which it may
    have begun, and on which the first hole after its last order began, with all days in such holes.
    """
    last, first = (day_number(accounts[f"{one}_order_date"]) for one in ("last", "first"))
    silent_from, begun, unknown_from = last, first, np.full(len(accounts), np.inf)
    missing = np.zeros(len(accounts))
    for start, end in (hole for hole in holes if hole.end <= until):
        early = day_count(end + pd.DateOffset(months=EARLY_MONTHS))
        is_over_it = last < day_count(start)
        silent_from = np.where(is_over_it, day_count(end), silent_from)
        unknown_from = np.where(is_over_it, np.fmin(unknown_from, day_count(start)), unknown_from)
        missing += np.where(is_over_it, (end - start).days + 1, 0)
        begun = np.where((first > day_count(end)) & (first <= early), -np.inf, begun)
    return {
        "silent_from": silent_from,
        "begun": begun,
        "unknown_from": unknown_from,
        "missing_days": missing,
    }


class _Days:
    """Order days of all accounts, account by account, and the gaps between them that no hole in the
    data lies in.
    """

    def __init__(self, place: Ints, day: Ints, many: int, holes: Holes = NO_HOLES) -> None:
        self.place, self.day = place, day
        self.count = np.bincount(place, minlength=many)
        self.begin = np.cumsum(self.count) - self.count
        later = np.flatnonzero(np.diff(place, prepend=-1) == 0)  # the day that ends each gap
        before = np.searchsorted([day_count(hole.start) for hole in holes], day)
        self.later = later[before[later] == before[later - 1]]
        self.gap, self.of_gap = day[self.later] - day[self.later - 1], place[self.later]


def _past(
    days: _Days, accounts: pd.DataFrame, day_sums: DaySums, min_gaps: int, min_silence_days: int
) -> pd.DataFrame:
    gap = np.flatnonzero(days.gap > min_silence_days)
    end = days.later[gap]
    place, begin, eve = days.place[end], days.begin[days.place[end]], days.day[end] - 1
    count = gap - np.searchsorted(days.of_gap, place)
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
            "silent_from": days.day[end - 1].astype("float64"),
            "begun": accounts["begun"].to_numpy()[place],
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
