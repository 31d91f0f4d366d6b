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

from kamlib.retention.day_sums import DaySums, Floats, Ints, number
from kamlib.retention.order_days import (
    described,
    earlier_medians,
    order_days,
    order_gaps,
    pooled_medians,
    window_edges,
)
from kamlib.retention.seasons import season_facts

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
    account_days: pd.DataFrame,
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
    days = order_days(account_days, as_of=as_of)
    gaps = order_gaps(days)
    seen = account_days.loc[account_days["date"].le(as_of), "account_id"].unique()
    ids = pd.Index(sorted({*accounts["account_id"], *seen}), dtype="str")
    place = ids.get_indexer(pd.Index(days["account_id"]))
    gap_place = ids.get_indexer(pd.Index(gaps["account_id"])).astype("int64")
    gap_days = gaps["gap_days"].to_numpy()
    count = np.bincount(place, minlength=len(ids)).astype("float64")
    has = count > 0
    begin = (np.cumsum(count) - count).astype("int64")[has]
    last = begin + count[has].astype("int64") - 1
    table = pd.DataFrame({"account_id": ids})
    table[list(TEXTS)] = described(table["account_id"], accounts, *TEXTS)
    for name, at in (("first_order_date", begin), ("last_order_date", last)):
        day = pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
        day[has] = days["date"].to_numpy()[at]
        table[name] = day
    table["order_day_count"] = np.where(has, count, np.nan)
    table["gap_count"] = table["order_day_count"] - 1
    table["own_gap_days"] = _medians(gap_place, gap_days, len(ids))
    table["silence_days"] = (as_of - table["last_order_date"]).dt.days.astype("float64")
    table[["revenue", "gross_margin"]] = day_sums.of(table["account_id"], *window_edges(as_of))
    table[["last_year_revenue", "last_year_margin"]] = _year_to(
        table["account_id"], table["last_order_date"], day_sums
    )
    cases = table.loc[has, ["account_id", "last_order_date"]].assign(eve=as_of)
    facts = season_facts(cases, days, min_gaps=min_gaps).set_axis(cases.index)
    table = table.join(facts.drop(columns=cases.columns))
    return Silences(
        table,
        _past(days, gaps, gap_place, table, day_sums, min_gaps, min_silence_days),
        gap_place,
        gap_days,
        number(gaps["next_order_date"]),
    )


def _past(
    days: pd.DataFrame,
    gaps: pd.DataFrame,
    gap_place: Ints,
    accounts: pd.DataFrame,
    day_sums: DaySums,
    min_gaps: int,
    min_silence_days: int,
) -> pd.DataFrame:
    is_long = gaps["gap_days"].gt(min_silence_days).to_numpy()
    past = gaps[is_long].drop(columns="gap_days").reset_index(drop=True)
    past = past.rename(columns={"earlier_gap_count": "gap_count"})
    past["place"] = gap_place[is_long]
    past["first_order_date"] = accounts["first_order_date"].to_numpy()[past["place"]]
    past["own_gap_days"] = earlier_medians(gaps, np.flatnonzero(is_long))
    eve = number(past["next_order_date"]) - 1
    few = past["gap_count"].lt(min_gaps).to_numpy()
    of_all = np.full(len(past), np.nan)
    pool = (number(gaps["next_order_date"]), gaps["gap_days"].to_numpy(), np.full(len(gaps), -1))
    of_all[few] = pooled_medians(*pool, eve[few], np.full(int(few.sum()), -1))[0]
    past["all_gap_days"], past["eve_number"] = of_all, eve
    past[["last_year_revenue", "last_year_margin"]] = _year_to(
        past["account_id"], past["last_order_date"], day_sums
    )
    cases = past[["account_id", "last_order_date"]]
    cases = cases.assign(eve=past["next_order_date"] - pd.Timedelta(days=1))
    facts = season_facts(cases, days, min_gaps=min_gaps)
    return past.join(facts.drop(columns=cases.columns))


def _seasonal(cases: pd.DataFrame) -> Seasonal:
    place = np.flatnonzero(cases["start_month"].notna())
    return Seasonal(place, cases.iloc[place])


def _year_to(account_id: pd.Series, day: pd.Series, day_sums: DaySums) -> npt.NDArray[np.float64]:
    return day_sums.of(account_id, day - pd.DateOffset(years=1), day).to_numpy()


def _medians(place: Ints, values: Ints, many: int) -> Floats:
    """Return the median of the values of each place; n/a where it has none."""
    ordered = values[np.lexsort((values, place))]
    count = np.bincount(place, minlength=many)
    begin = np.cumsum(count) - count
    found = np.full(many, np.nan)
    has = count > 0
    low, high = (begin + (count - 1) // 2)[has], (begin + count // 2)[has]
    found[has] = (ordered[low] + ordered[high]) / 2
    return found
