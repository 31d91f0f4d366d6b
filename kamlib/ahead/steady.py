"""Would a steady account buy so little by chance? How often it buys, and how much each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betaln, gammainc, gammaln

from kamlib.holes import NO_HOLES, Holes, is_known
from kamlib.period.months import is_window_whole, trailing_months

WINDOWS = (3, 6)
"""Months looked at: the last three, and the last six."""
PAST = 24
"""Months before the window that say what is usual."""
MIN_BOUGHT = 6
"""Months with a purchase, of those 24, from which on there is a habit."""
MIN_PAST = 12
LEAST_MONTHS = MIN_PAST + min(WINDOWS)
"""Months of history before the window: with fewer there is no same month of a year before."""
ENOUGH_LESS = 0.6
"""At most so much of the same months of the years before."""
LEVEL_CV = 0.2
"""How far the level of a steady buyer drifts between years."""
MOST_KNOWN = 60
"""Chances to buy that a habit is known by: it drifts as well, so more tell no more."""
LEAST_CV = 0.2
_NEVER = np.datetime64("9999-12-31", "us").astype("int64")
TELLS = 0.01
"""Where even buying nothing would happen by chance more often than this, nothing can be told."""


def is_told(first_date: pd.Timestamp | None, as_of: pd.Timestamp, holes: Holes = NO_HOLES) -> bool:
    """Return whether the data reach back far enough, and up to the day, to tell what falls.

    >>> days = pd.to_datetime(["2024-07-09", "2025-01-01"])
    >>> [is_told(day, pd.Timestamp("2025-09-30")) for day in days]
    [True, False]
    """
    if not is_known(as_of, holes):
        return False
    return first_date is None or is_window_whole(
        first_date, as_of=as_of, window_months=LEAST_MONTHS
    )


@dataclass(frozen=True)
class Cells:
    """The last 30 months of each cell: revenue, times bought, and the chances it had to buy.

    Months before a cell's first purchase are missing in all three.
    """

    revenue: pd.DataFrame
    bought: pd.DataFrame
    chances: pd.DataFrame


@dataclass(frozen=True)
class Steady:
    """What a test of one window found, one value a cell."""

    chance: np.ndarray
    now: np.ndarray
    usual: np.ndarray
    yearly: np.ndarray
    bought: np.ndarray
    is_tested: np.ndarray


def cells_of(
    rows: pd.DataFrame, by: list[str], as_of: pd.Timestamp, account_months: pd.DataFrame | None
) -> Cells:
    """Return the last 30 months of each cell.

    A chance to buy is an order day of the account (``account_months``); without them, for accounts
    as a whole, it is a month.
    """
    months = trailing_months(as_of, max(WINDOWS) + PAST)
    known = rows[rows["month"].le(as_of)]
    index, cell = placed(known, by)
    shape = (len(index), len(months))
    at = months.get_indexer(pd.DatetimeIndex(known["month"]))
    revenue = grid(cell, at, known["revenue"], shape)
    if account_months is None:
        bought = (revenue > 0).astype("float64")
        chances = np.ones(shape)
    else:
        bought = grid(cell, at, known["order_day_count"], shape)
        accounts = index.unique(level="account_id")
        of = accounts.get_indexer(pd.Index(account_months["account_id"]))
        on = months.get_indexer(pd.DatetimeIndex(account_months["month"]))
        days = grid(of, on, account_months["order_day_count"], (len(accounts), len(months)))
        own = accounts.get_indexer(index.get_level_values("account_id"))
        chances = np.fmax(days[own], bought)
    is_later = months.to_numpy() >= _first_months(known, cell, len(index))[:, None]
    return Cells(
        *(
            pd.DataFrame(np.where(is_later, one, np.nan), index=index, columns=months)
            for one in (revenue, bought, chances)
        )
    )


def placed(rows: pd.DataFrame, by: list[str]) -> tuple[pd.Index, np.ndarray]:
    """Return the cells that rows lie in, sorted, and the place of each row among them; −1 for none.

    Rows of a cell mostly stand together, so that the first of each run is looked at alone.
    """
    is_first = np.ones(len(rows), dtype=bool)
    texts = [np.asarray(rows[one], dtype=object) for one in by]
    is_first[1:] = np.any([text[1:] != text[:-1] for text in texts], axis=0)
    starts = np.flatnonzero(is_first)
    heads = (pd.Series(text[starts], dtype="str") for text in texts)
    codes, levels = zip(*(pd.factorize(one, sort=True) for one in heads), strict=True)
    many = np.diff(starts, append=len(rows))
    if len(by) == 1:
        return pd.Index(levels[0], name=by[0]), np.repeat(codes[0], many)
    is_cell = (codes[0] >= 0) & (codes[1] >= 0)
    packed, place = np.unique((codes[0] * len(levels[1]) + codes[1])[is_cell], return_inverse=True)
    cell = np.full(len(starts), -1)
    cell[is_cell] = place
    of_levels: Any = list(np.divmod(packed, max(len(levels[1]), 1)))
    return pd.MultiIndex(levels=levels, codes=of_levels, names=by), np.repeat(cell, many)


def grid(
    place: np.ndarray, month: np.ndarray, values: pd.Series, shape: tuple[int, int]
) -> np.ndarray:
    """Return places × months, zero where there is no row."""
    inside = (place >= 0) & (month >= 0)
    cell = place[inside] * shape[1] + month[inside]
    held = values.fillna(0.0).to_numpy(dtype="float64")[inside]
    return np.bincount(cell, weights=held, minlength=shape[0] * shape[1]).reshape(shape)


def _first_months(rows: pd.DataFrame, cell: np.ndarray, many: int) -> np.ndarray:
    """Return the month in which each cell first brought revenue: one that never comes for none."""
    month = rows["month"].to_numpy().astype("datetime64[us]").astype("int64")
    first = np.full(many, _NEVER)
    sold = rows["revenue"].gt(0).to_numpy() & (cell >= 0)
    np.minimum.at(first, cell[sold], month[sold])
    return first.astype("datetime64[us]")


def season(revenue: pd.DataFrame) -> np.ndarray:
    """Return the season of each month of the last 30: what the book sold in that calendar month of
    the first 24, 1 on average.
    """
    sums = revenue.iloc[:, :PAST].sum()
    of_year = sums.groupby(pd.DatetimeIndex(sums.index).month).sum()
    level = of_year.mean()
    factors = of_year / level if level > 0 else of_year * 0 + 1
    return (
        factors.reindex(pd.DatetimeIndex(revenue.columns).month)
        .fillna(1.0)
        .clip(0.25, 4.0)
        .to_numpy()
    )


def tested(cells: Cells, window: int, tells: float = TELLS) -> Steady:
    """Return how likely a steady buyer buys so little in the last ``window`` months, cell by cell.

    Of its chances to buy in the 24 months before, a cell used some. J, those used in the window, is
    beta-binomial (Jeffreys' prior); what J purchases bring is gamma about their mean, with the
    spread of the cell's own months, the error of their mean, and the drift of the level between
    years. Amounts are rid of the book's season first. A cell counts as fallen only where it bought
    at most 0.6 of the same months of the years before, so that a season of its own is none: the
    chance of any other is 1. Not tested is what could not be told: less than 6 months with a
    purchase, and cells that a steady buyer would leave out more often than ``tells`` (Tarone 1990).
    """
    values, times, had = (
        np.ascontiguousarray(one.to_numpy(dtype="float64"))
        for one in (cells.revenue, cells.bought, cells.chances)
    )
    factors, end = season(cells.revenue), cells.revenue.shape[1] - window
    past = slice(end - PAST, end)
    held = ~np.isnan(values[:, past])
    amounts = np.nan_to_num(values[:, past]) / factors[past]
    times, had = np.nan_to_num(times), np.nan_to_num(had)
    is_bought = held & (amounts > 0) & (times[:, past] > 0)
    bought, months = is_bought.sum(axis=1), held.sum(axis=1)
    total, usual, is_known = _same_months(values, end, window)
    used, could, ahead = (one.sum(axis=1) for one in (times[:, past], had[:, past], had[:, end:]))
    is_tested = (bought >= MIN_BOUGHT) & (months >= MIN_PAST) & is_known
    is_tested &= _none(*_habit(used, could), ahead) < tells
    is_less = is_tested & (usual > 0) & (total <= ENOUGH_LESS * usual)
    chance = np.ones(len(values))
    if is_less.any():
        mean, spread = _purchases(np.where(is_bought, amounts, 0.0), times[:, past])
        level = np.fmax(total, 0.0) / factors[end:].mean()
        facts = (one[is_less] for one in (level, used, could, ahead, mean, spread))
        chance[is_less] = _chance(*facts)
    yearly = 12 * np.nansum(values[:, past], axis=1) / np.fmax(months, 1)
    return Steady(chance, total, usual, yearly, bought, is_tested)


def _same_months(
    values: np.ndarray, end: int, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what the window brought, what the same months of the years before did on average, and
    where one of them is known.
    """
    before = np.stack([values[:, end - lag : end - lag + window].sum(axis=1) for lag in (12, 24)])
    years = (~np.isnan(before)).sum(axis=0)
    return (
        np.nansum(values[:, end:], axis=1),
        np.nansum(before, axis=0) / np.fmax(years, 1),
        years > 0,
    )


def _purchases(amounts: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of one purchase, and its squared spread, from months of several."""
    times = np.where(amounts > 0, times, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = amounts.sum(axis=1) / times.sum(axis=1)
        error = np.where(times > 0, (amounts - times * mean[:, None]) ** 2 / times, 0.0)
        months = (times > 0).sum(axis=1)
        return mean, np.fmax(error.sum(axis=1) / np.fmax(months - 1, 1) / mean**2, LEAST_CV**2)


def _chance(
    total: np.ndarray,
    used: np.ndarray,
    could: np.ndarray,
    ahead: np.ndarray,
    mean: np.ndarray,
    spread: np.ndarray,
) -> np.ndarray:
    """Return P(S ≤ total): Σ over J of the chance of J purchases × that they bring no more."""
    a, b = _habit(used, could)
    found = _none(a, b, ahead)
    for count in range(1, int(ahead.max(initial=0)) + 1):
        own = np.flatnonzero(ahead >= count)
        chances, one, other, many = ahead[own], a[own], b[own], used[own]
        left = chances - count
        ways = gammaln(chances + 1) - gammaln(count + 1) - gammaln(left + 1)
        weight = np.exp(ways + betaln(one + count, other + left) - betaln(one, other))
        variance = spread[own] / count + spread[own] / np.fmax(many, 1) + LEVEL_CV**2
        no_more = gammainc(1 / variance, total[own] / (count * mean[own]) / variance)
        found[own] += weight * no_more
    return np.clip(found, 0.0, 1.0)


def _habit(used: np.ndarray, could: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the beta distribution of how many of its chances a steady buyer uses."""
    known = np.fmin(1.0, MOST_KNOWN / np.fmax(could, 1.0))
    return used * known + 0.5, np.fmax(could - used, 0.0) * known + 0.5


def _none(a: np.ndarray, b: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """Return the chance that a steady buyer uses none of so many chances."""
    return np.exp(betaln(a, b + ahead) - betaln(a, b))


def false_discoveries(chance: np.ndarray) -> np.ndarray:
    """Return the chances after Benjamini and Hochberg (1995), in the order given.

    >>> false_discoveries(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    many = len(chance)
    order = np.argsort(chance, kind="stable")
    scaled = chance[order] * many / np.arange(1, many + 1)
    adjusted = np.ones(many)
    adjusted[order] = np.fmin(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
