"""Accounts that buy in one season of the year: when it is, and what silence outside it means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import bdtrc

from kamlib.book import LossSettings
from kamlib.retention.day_sums import SPAN, Floats, Ints, day_number, day_of, number
from kamlib.retention.order_days import days_later, order_days
from kamlib.tables import shaped

Flags = npt.NDArray[np.bool_]

IN_SEASON, NEARLY_ALL, MOST_MONTHS, YEARS, CHANCE = 0.8, 0.95, 6, 3, 0.05
"""Share of order days in season, the share that its months hold where some months do, its most
months, the latest years looked at, and the chance allowed."""
_LATEST_START = 45
_NEVER = -(1 << 30)
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
    found = season_facts(cases, days, min_gaps=loss.min_gaps).dropna(subset=["start_month"])
    names = ("season_overdue_date", "season_lost_date", "within_overdue_date")
    days_of = dict(zip(names, map(day_of, season_days(found, loss)), strict=True))
    found = found.assign(start_month=found["start_month"] + 1, **days_of)
    return shaped("account_seasons", found)


def season_facts(cases: pd.DataFrame, days: pd.DataFrame, *, min_gaps: int) -> pd.DataFrame:
    """Return the cases (account_id, last_order_date, eve: the day it is judged on) with the facts
    of their season from the orders up to the last one, whatever the loss factors; n/a where there
    is none.

    ``season_end_date``: end of the season of the last order; ``season_start_date`` and
    ``late_days``: when the next usually begins, and how much later it may.
    """
    cases = cases.reset_index(drop=True)
    code, ids = pd.factorize(days["account_id"], sort=True)
    place = pd.Index(ids).get_indexer(pd.Index(cases["account_id"])).astype("int64")
    key = code * SPAN + number(days["date"])
    begin = np.searchsorted(code, place)
    end = np.searchsorted(key, place * SPAN + number(cases["last_order_date"]), side="right")
    facts = facts_of(number(days["date"]), begin, end, number(cases["eve"]), min_gaps=min_gaps)
    return cases.join(facts)


def facts_of(days: Ints, begin: Ints, end: Ints, eve: Ints, *, min_gaps: int) -> pd.DataFrame:
    """One row per case: the facts of ``season_facts``, from order days that lie account by account.

    The days of a case are those from the place ``begin`` to before ``end``.
    """
    facts = _facts(days, begin, end, eve, min_gaps)
    last = pd.Series(days[end[facts.index] - 1].astype("datetime64[D]").astype("datetime64[us]"))
    return _next(facts, last.set_axis(facts.index)).reindex(range(len(begin)))


def after_holes(facts: pd.DataFrame, silent_from: Floats) -> pd.DataFrame:
    """Return seasons, one row per day from which on silence is known, put off by whole years where
    the next one would begin before: what was bought in a hole of the data is not known.

    >>> days = pd.Series(pd.to_datetime(["2023-03-10"]))
    >>> names = ("season_start_date", "season_end_date", "counted_from_date")
    >>> put_off = after_holes(pd.DataFrame(dict.fromkeys(names, days)), np.array([19_600.0]))
    >>> put_off["season_start_date"].dt.date.astype(str).tolist()    # known from 2023-08-31 on
    ['2024-03-10']
    """
    late = silent_from - day_number(facts["season_start_date"])
    years = np.where(late >= 0, np.floor(late / 365) + 1, 0)
    for many in np.unique(years[years > 0]):
        rows = facts.index[years == many]
        for name in ("season_start_date", "season_end_date", "counted_from_date"):
            moved = facts.loc[rows, name] + pd.DateOffset(years=int(many))
            facts.loc[rows, name] = moved.astype(facts[name].dtype)
    return facts


def seasonal_on(account: Ints, day: Ints, dates: Sequence[pd.Timestamp]) -> Flags:
    """Return date × account: had it a season by then, as ``season_facts`` would find.

    ``account`` and ``day`` are the order days of all accounts, these numbered from 0 and in order,
    days counted from 1970.
    """
    starts = np.flatnonzero(np.diff(account, prepend=-1))
    found = np.zeros((len(dates), len(starts)), dtype=bool)
    if not found.size:
        return found
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype("int64")
    origin = int(month.min()) - 12 * YEARS  # before it room for years without orders
    ends = np.array(dates, dtype="datetime64[D]") + 1
    last = max(month.max(), ends.astype("datetime64[M]").astype("int64").max())
    width = int(last) - origin + 13
    cell = account * width + month - origin
    many = np.bincount(cell, minlength=len(starts) * width).reshape(-1, width)
    latest = np.maximum.accumulate(np.where(many, np.arange(width), 0), axis=1)
    first, begun = month[starts] - origin, pd.Series(day[starts].astype("datetime64[D]"))
    grown = begun.astype("datetime64[us]") + pd.DateOffset(years=2) - pd.Timedelta(days=31)
    parts = []
    for which, date in enumerate(dates):
        now = int(np.datetime64(date, "D").astype("int64"))
        current, done = (_month_of(end) - origin for end in (now, now + 1))
        whole = (done - first) // 12
        rows = np.flatnonzero((whole >= 2) & grown.le(date).to_numpy())
        if not len(rows):
            continue
        # what is ordered in the month after the day is not known yet
        known = many[rows, : current + 13].copy()
        known[:, current:] = 0
        this = (month - origin == current) & (day <= now)
        known[:, current] = np.bincount(account[this], minlength=len(starts))[rows]
        begin, over = first[rows], first[rows] + 12 * whole[rows]
        year = (latest[rows, over - 1] - begin) // 12
        since = begin + 12 * (year - YEARS + 1)
        begins = [*(since + 12 * place for place in range(YEARS)), over]
        at = np.column_stack(begins)[:, :, None] + np.arange(12)
        calendar = (np.arange(12) - begin[:, None] - origin) % 12
        own = np.take_along_axis(known[:, None, :], at, axis=2)
        own = np.take_along_axis(own, calendar[:, None, :], axis=2)
        may = _most_in_half(own) >= IN_SEASON * own.sum(axis=(1, 2))
        parts.append((np.full(may.sum(), which), rows[may], own[may]))
    if not parts:
        return found
    place, row, count = (np.concatenate(part) for part in zip(*parts, strict=True))
    best = _best(count, (count > 0).sum(axis=1), IN_SEASON)
    found[place, row] = ~np.isnan(best[:, 0])
    return found


def _month_of(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype("int64"))


def season_days(cases: pd.DataFrame, loss: LossSettings) -> tuple[Floats, Floats, Floats]:
    """Return the days, as numbers, on which cases that have the facts of their season turn overdue,
    lost, and overdue within the season of their last order.
    """
    start, last, end = (
        day_number(cases[name])
        for name in ("counted_from_date", "last_order_date", "season_end_date")
    )
    own, room = (cases[name].to_numpy(dtype="float64") for name in ("gap_days", "room_days"))
    gap = np.where(np.isnan(own), room, own)
    silence = np.floor(loss.overdue * gap) + 1
    overdue = np.minimum(silence, room)
    lost = np.maximum(np.minimum(np.floor(loss.lost * gap) + 1, room), loss.min_silence_days)
    within = last + silence
    return (
        start + overdue,
        start + np.maximum(lost, overdue),
        np.where(within <= end, within, np.nan),
    )


def _months(days: Ints) -> Ints:
    """Return the months of days, counted from the year 0."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype("int64") + 12 * 1970


def _facts(days: Ints, begin: Ints, end: Ints, eve: Ints, min_gaps: int) -> pd.DataFrame:
    """Return the season of the order days of each case that has one, by the number of the case."""
    month = _months(days)
    has_days = np.flatnonzero(end > begin)
    first, done = month[begin[has_days]], _months(eve[has_days] + 1)  # the first one not over
    is_old = done - first >= 24
    old, first, whole = has_days[is_old], first[is_old], ((done - first) // 12)[is_old]
    many = (end - begin)[old]
    stop = many.cumsum()
    case = np.repeat(np.arange(len(old)), many)
    at = np.arange(len(case)) + np.repeat(begin[old] - (stop - many), many)
    year = (month[at] - first[case]) // 12
    is_whole = year < whole[case]
    latest = np.maximum.reduceat(np.where(is_whole, year, _NEVER), stop - many) if len(old) else old
    place = year - latest[case] + YEARS - 1
    is_near = (place >= 0) & (latest[case] > _NEVER)
    case, at, place = case[is_near], at[is_near], place[is_near].clip(max=YEARS)
    of_year = month[at] % 12
    count = _counted((len(old), YEARS + 1, 12), case, place, of_year)
    once = np.diff(case * SPAN + month[at], prepend=-1) != 0
    active = _counted((len(old), 12), case[once], of_year[once])
    most = IN_SEASON * count.sum(axis=(1, 2))
    may = (_most_in_half(count) >= most) & (most > 0)  # spares the others the rest
    best, tight = (_best(count[may], active[may], least) for least in (IN_SEASON, NEARLY_ALL))
    best = np.where(np.isnan(tight), best, tight)
    table = pd.DataFrame(best, index=old[may], columns=list(_FACTS[:3])).dropna()
    own = pd.DataFrame({"case": old[case], "month": month[at], "day": days[at]})
    own = own[own["case"].isin(table.index)].join(table, on="case")
    return _timed(table, own.assign(season=_season(own["month"], own)), min_gaps)


def _timed(table: pd.DataFrame, own: pd.DataFrame, min_gaps: int) -> pd.DataFrame:
    """Return seasons with when their order days begin, and the usual gap within."""
    starts = own.groupby(["case", "season"])[["day", "start_month"]].first()
    first_month = starts.index.get_level_values("season") * 12 + starts["start_month"]
    offset = (starts["day"] - number(_day(first_month))).groupby("case")
    table["start_days"] = offset.median().round()
    late = offset.max() - table["start_days"]
    table["late_days"] = late.clip(lower=0, upper=_LATEST_START)
    gaps = own.groupby(["case", "season"])["day"].diff().groupby(own["case"])
    table["gap_days"] = gaps.median().where(gaps.count().ge(min_gaps))
    return table


def _counted(shape: tuple[int, ...], *at: Ints) -> Floats:
    """Return how often each cell of a grid comes."""
    cells = np.ravel_multi_index(at, shape) if np.prod(shape) else at[0]
    return np.bincount(cells, minlength=np.prod(shape)).reshape(shape).astype("float64")


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
    since_1970 = month.fillna(0).to_numpy().astype("int64") - 12 * 1970
    days = since_1970.astype("datetime64[M]").astype("datetime64[us]")
    return pd.Series(days, index=month.index).where(month.notna())


def _next(facts: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """Return seasons with the end of the last one and the start of the next, and with the day from
    which silence counts and the days of it until the season is over.
    """
    season = _season(pd.Series(_months(number(last)), index=last.index), facts)
    begin = season * 12 + facts["start_month"]
    day = pd.Timedelta(days=1)
    start = days_later(_day(begin + 12), facts["start_days"])
    end = _day(begin + 12 + facts["month_count"]) - day
    room = (end - start).dt.days.clip(lower=0) + 1
    return facts.assign(
        season_end_date=_day(begin + facts["month_count"]) - day,
        season_start_date=start,
        counted_from_date=days_later(start, facts["late_days"]),
        room_days=room.astype("float64"),
    )
