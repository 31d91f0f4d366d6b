"""Accounts that buy in one season of the year: when it is, and what silence outside it means."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import bdtrc

from kamlib.book import LossSettings
from kamlib.retention.order_days import order_days
from kamlib.tables import shaped

IN_SEASON, NEARLY_ALL, MOST_MONTHS, YEARS, CHANCE = 0.8, 0.95, 6, 3, 0.05
"""Share of order days in season, the share that its months hold where some months do, its most
months, the latest years looked at, and the chance allowed."""
_LATEST_START = 45
_DATES = (
    "season_end_date", "season_start_date", "season_overdue_date", "season_lost_date",
    "within_overdue_date",
)  # fmt: skip
_FACTS = ("start_month", "month_count", "in_season_share", "start_days", "late_days", "gap_days")


def account_seasons(
    account_days: pd.DataFrame, *, as_of: pd.Timestamp, loss: LossSettings = LossSettings()
) -> pd.DataFrame:
    """One row per seasonal account: the months it buys in, and when it is next expected.

    Seasonal: in at least two whole years (counted from the month of its first order; the latest
    three with orders are looked at) at least 80 % of its order days, and of all of them together,
    fall into the same one to six calendar months in a row: the fewest that hold 95 %, else 80 %.
    Chance would do so in less than one of twenty cases, judged by the months with an order (two
    orders in one half of the year are no season). Next season: the median first order of its
    seasons; tolerance: how much later than that a season has begun, at most 45 days.

    Examples
    --------
    >>> spring = [f"{year}-{month:02d}-{day}" for year in (2022, 2023, 2024)
    ...     for month in (3, 4, 5) for day in (10, 24)]
    >>> days = pd.DataFrame({"account_id": "A", "date": pd.to_datetime(spring), "revenue": 1.0})
    >>> found = account_seasons(days, as_of=pd.Timestamp("2024-12-31"))
    >>> found[["start_month", "month_count"]].values.tolist()
    [[3, 3]]
    >>> found["season_start_date"].dt.date.astype(str).tolist()
    ['2025-03-10']
    """
    days = order_days(account_days, as_of=as_of)
    last = days.groupby("account_id", as_index=False)[["date"]].max()
    cases = last.rename(columns={"date": "last_order_date"}).assign(eve=as_of)
    found = seasons_of(cases, days, loss).dropna(subset=["start_month"])
    return shaped("account_seasons", found.assign(start_month=found["start_month"] + 1))


def seasons_of(cases: pd.DataFrame, days: pd.DataFrame, loss: LossSettings) -> pd.DataFrame:
    """Return the cases (account_id, last_order_date, eve: the day it is judged on) with the facts
    of their season from the orders up to the last one; n/a where there is none.

    ``season_end_date``: end of the season of the last order; ``season_start_date`` and
    ``late_days``: when the next usually begins, and how much later it may; ``season_overdue_date``
    and ``season_lost_date``: when its silence makes it overdue and lost.
    """
    return season_dates(season_facts(cases, days, min_gaps=loss.min_gaps), loss)


def season_facts(cases: pd.DataFrame, days: pd.DataFrame, *, min_gaps: int) -> pd.DataFrame:
    """Return the cases with what their orders say of their season, whatever the loss factors."""
    cases = cases.reset_index(drop=True)
    nothing = cases.assign(**dict.fromkeys(_FACTS, np.nan))
    if cases.empty or days.empty:
        return nothing
    first = cases["account_id"].map(days.groupby("account_id")["date"].min())
    is_old = cases["eve"].ge(first + pd.DateOffset(years=2) - pd.Timedelta(days=31))
    old = cases[is_old]
    if old.empty:
        return nothing
    rows = old.assign(case=old.index)[["account_id", "case", "last_order_date", "eve"]].merge(
        days, on="account_id"
    )
    rows = rows[rows["date"].le(rows["last_order_date"])].sort_values(["case", "date"])
    return pd.concat([cases, _facts(rows, min_gaps).reindex(cases.index)], axis=1)


def season_dates(cases: pd.DataFrame, loss: LossSettings) -> pd.DataFrame:
    """Return cases that have the facts of their season with the days of it; n/a without one."""
    if cases["start_month"].notna().any():
        return _dated(cases.copy(), loss)
    nothing = pd.Series(pd.NaT, index=cases.index, dtype="datetime64[us]")
    return cases.assign(**dict.fromkeys(_DATES, nothing))


def _month(day: pd.Series) -> pd.Series:
    return day.dt.year * 12 + day.dt.month - 1


def _facts(rows: pd.DataFrame, min_gaps: int) -> pd.DataFrame:
    """Return per case the season of its order days, where they have one."""
    if rows.empty:
        return pd.DataFrame(columns=list(_FACTS), dtype="float64")
    month = _month(rows["date"])
    first = month.groupby(rows["case"]).transform("min")
    done = _month(rows["eve"] + pd.Timedelta(days=1))  # the first month that is not over
    year, whole = (month - first) // 12, (done - first) // 12
    latest = year.where(year.lt(whole)).groupby(rows["case"]).transform("max")
    rows = rows.assign(month=month, place=year - latest + YEARS - 1)
    rows = rows[rows["place"].ge(0) & whole.ge(2)]
    if rows.empty:
        return pd.DataFrame(columns=list(_FACTS), dtype="float64")
    rows["place"] = rows["place"].clip(upper=YEARS).astype("int64")
    ids, code = np.unique(rows["case"], return_inverse=True)
    count = np.zeros((len(ids), YEARS + 1, 12))
    np.add.at(count, (code, rows["place"], rows["month"] % 12), 1)
    active = np.zeros((len(ids), 12))
    once = ~rows.duplicated(["case", "month"]).to_numpy()
    np.add.at(active, (code[once], (rows["month"] % 12).to_numpy()[once]), 1)
    may = _most_in_half(count) >= IN_SEASON * count.sum(axis=(1, 2))  # spares the others the rest
    best, tight = (_best(count[may], active[may], least) for least in (IN_SEASON, NEARLY_ALL))
    best = np.where(np.isnan(tight), best, tight)
    table = pd.DataFrame(best, index=ids[may], columns=list(_FACTS[:3])).dropna()
    if table.empty:
        return table.reindex(columns=list(_FACTS))
    own = rows[rows["case"].isin(table.index)].join(table, on="case")
    own = own.assign(season=_season(own["month"], own))
    own["begin"] = _day(own["season"] * 12 + own["start_month"])
    starts = own.groupby(["case", "season"]).agg(date=("date", "min"), begin=("begin", "first"))
    offset = (starts["date"] - starts["begin"]).dt.days.groupby("case")
    table["start_days"] = offset.median().round()
    late = offset.max() - table["start_days"]
    table["late_days"] = late.clip(lower=0, upper=_LATEST_START)
    gaps = own.groupby(["case", "season"])["date"].diff().dt.days.groupby(own["case"])
    table["gap_days"] = gaps.median().where(gaps.count().ge(min_gaps))
    return table


def _most_in_half(count: np.ndarray) -> np.ndarray:
    """Return the most order days that any months in a row, as long as a season may be, hold."""
    around = np.concatenate([count.sum(axis=1)] * 2, axis=1).cumsum(axis=1)
    return (around[:, MOST_MONTHS:] - around[:, :-MOST_MONTHS]).max(axis=1)


def _best(count: np.ndarray, active: np.ndarray, least: float) -> np.ndarray:
    """Return start month, length and share of the shortest season that holds; n/a without one."""
    found = np.full((len(count), 3), np.nan)
    per_year, total, months = count.sum(axis=2), count.sum(axis=(1, 2)), active.sum(axis=1)
    for length in range(1, MOST_MONTHS + 1):
        share = np.zeros((len(count), 12))
        for start in range(12):
            inside = np.arange(start, start + length) % 12
            own = count[:, :, inside].sum(axis=2)
            kept = (own >= IN_SEASON * per_year) & (per_year > 0)
            years = kept[:, :YEARS].sum(axis=1)
            before = active[:, inside].sum(axis=1) - 1
            chance = 12 * bdtrc(before.astype(float), months.astype("int64"), length / 12)
            holds = (years >= 2) & kept[:, YEARS - 1] & (own.sum(axis=1) >= least * total)
            share[:, start] = np.where(holds & (chance < CHANCE), own.sum(axis=1) / total, 0)
        new = np.isnan(found[:, 0]) & (share.max(axis=1) > 0)
        found[new] = np.column_stack(
            [share.argmax(axis=1), np.full(len(count), length), share.max(axis=1)]
        )[new]
    return found


def _season(month: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Return the season that a month is nearest to, by the year of its first month."""
    before = (12 - table["month_count"]) // 2
    return (month - table["start_month"] + before) // 12


def _day(month: pd.Series) -> pd.Series:
    """Return the first day of a month that is counted from the year 0; n/a stays n/a."""
    known = month.dropna().astype("int64")
    days = pd.to_datetime(
        pd.DataFrame({"year": known // 12, "month": known % 12 + 1, "day": 1}, index=known.index)
    )
    return days.reindex(month.index).astype("datetime64[us]")


def _dated(table: pd.DataFrame, loss: LossSettings) -> pd.DataFrame:
    """Return the table with the days of the last season and the next."""
    day = pd.Timedelta(days=1)
    season = _season(_month(table["last_order_date"]), table)
    begin = season * 12 + table["start_month"]
    table["season_end_date"] = _day(begin + table["month_count"]) - day
    start = _day(begin + 12) + pd.to_timedelta(table["start_days"], unit="D")
    end = _day(begin + 12 + table["month_count"]) - day
    room = (end - start).dt.days.clip(lower=0) + 1
    gap = table["gap_days"].fillna(room)
    late = pd.to_timedelta(table["late_days"], unit="D")
    overdue = np.minimum(np.floor(loss.overdue * gap) + 1, room)
    lost = np.maximum(np.minimum(np.floor(loss.lost * gap) + 1, room), loss.min_silence_days)
    table["season_start_date"] = start
    table["season_overdue_date"] = start + late + pd.to_timedelta(overdue, unit="D")
    table["season_lost_date"] = start + late + pd.to_timedelta(np.maximum(lost, overdue), unit="D")
    within = table["last_order_date"] + pd.to_timedelta(np.floor(loss.overdue * gap) + 1, unit="D")
    table["within_overdue_date"] = within.where(within.le(table["season_end_date"]))
    dates = [name for name in map(str, table) if name.endswith("_date")]
    return table.astype(dict.fromkeys(dates, "datetime64[us]"))
