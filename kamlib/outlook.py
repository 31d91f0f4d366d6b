"""The outlook's arithmetic: where a fiscal year will end, for one account or for many as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from kamlib.book import FiscalYear
from kamlib.holes import NO_HOLES, Holes, is_broken_since
from kamlib.period.calendar import period_of
from kamlib.period.months import trailing_months

Numbers = NDArray[np.float64]
_DRIFT = 0.20
"""Share of a month's variance that lasts through the months left. Taken from practice companies:
with 0.06 the 80 % intervals held 63 to 71 % of the years."""
MIN_MONTHS = 3
"""Months with revenue in the last 12: with fewer, what the months left bring cannot be told."""
LEVEL = 0.80
"""Share of years that the interval is to hold."""
RULES = ("mean month", "book season", "season", "last year")
"""Ways to tell what the months left bring; the last is the naive one."""


def year_outlook(
    account_months: pd.DataFrame,
    targets: pd.DataFrame,
    pipeline: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    fiscal_year: FiscalYear = FiscalYear(),
    holes: Holes = NO_HOLES,
    first_date: pd.Timestamp | None = None,
    book_months: pd.DataFrame | None = None,
    account_days: pd.DataFrame | None = None,
    outlook_rule: str = "",
    interval_factor: float = float("nan"),
    is_tried: bool = True,
) -> pd.DataFrame:
    """One row per measure (revenue, and margin where costs are known): where the year stands and
    will end.

    All rows of the tables count together; ``account_days`` tell what is in where the as-of day ends
    no month: then of the running month's target the days that are over count, and of what the
    months left bring those still to come. Outlook = to date + what the months left are still
    expected to bring, by ``outlook_rule`` (see ``rest_of_year``), the one that did best on the
    book's past; by its own season where none is given, by the mean month where 24 months of history
    are lacking. The
    pipeline stands beside it and is not added: orders at the usual pace hold ordinary deals
    already. With revenue in fewer than ``MIN_MONTHS`` (3) of the last 12 months nothing can be
    told: n/a. When the year is over, its outlook is what is in.

    The interval is to hold 80 % of years: ``interval_factor`` (from the book's past, else Student's
    t) times the spread of ``rest_of_year``; with less than 24 months of history the months' own
    variance, s²·(m + m²/n) × (1 + 0.2 m), with Student's t. It never lies below what is already in,
    unless credit notes are expected. What the book's past could not try (``is_tried``) has none.

    ``outlook_rule`` of the result says how it was reached: *over*, *data missing* (a hole in the
    data lies in the year: n/a, as is what was to be reached by now), *too few months*, or the rule;
    ``basis_months`` from how many months, ``margin_rate`` at which rate of the last 12 months.
    """

    def since(rows: pd.DataFrame) -> pd.DataFrame:
        return rows if first_date is None else rows[rows["month"].ge(first_date)]

    own = account_months[account_months["month"].le(as_of)]
    if own.empty:
        return pd.DataFrame()
    year = period_of(as_of, "year", first_month=fiscal_year.first_month)
    window = own[own["month"].isin(trailing_months(as_of))]
    sold, cost = window["revenue"].sum(), window["cost"]
    with_margin = len(cost) > 0 and cost.notna().all() and sold > 0
    rate = (sold - cost.sum()) / sold if with_margin else float("nan")
    months_left, still = _still_to_come(as_of, year.end)
    due = pipeline[pipeline["expected_close_date"].le(year.end)]
    deals = float(due["weighted_value"].sum()) if months_left > 0 else 0.0
    book = own if book_months is None else book_months
    is_broken = is_broken_since(year.start, holes)
    expected, spread, rule, basis = _months_left(
        since(own), since(book), as_of, months_left, outlook_rule, interval_factor
    )
    expected, spread = expected * still, spread * still
    if not is_tried and rule != "over":
        spread = float("nan")
    if is_broken:
        expected, spread, rule = float("nan"), float("nan"), "data missing"
    aims = targets[targets["month"].between(year.start, year.end)]
    this_year = sold_since(year.start, own, account_days, as_of)
    rows = []
    for measure, factor in (("revenue", 1.0), ("margin", rate))[: 1 + with_margin]:
        known = this_year["revenue"] - (this_year["cost"] if measure == "margin" else 0.0)
        to_date, aim = float(known.sum()), aims.dropna(subset=measure)
        end = to_date + factor * expected
        target = aim[measure].sum() if len(aim) else float("nan")
        is_due = len(aim) > 0 and not is_broken
        over = over_share(aim["month"], as_of)
        so_far = (aim[measure] * over).sum() if is_due else float("nan")
        row = {
            "measure": measure,
            "year_start_date": year.start,
            "year_end_date": year.end,
            "to_date": to_date,
            "target_to_date": so_far,
            "gap_to_date": to_date - so_far,
            "year_target": target,
            "weighted_pipeline": factor * deals,
            "still_expected": factor * expected,
            "outlook": end,
            "outlook_low": max(end - abs(factor) * spread, min(to_date, end)),  # n/a stays n/a
            "outlook_high": end + abs(factor) * spread,
            "outlook_gap": end - target,
            "outlook_rule": rule,
            "basis_months": basis,
            "margin_rate": rate if measure == "margin" else float("nan"),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def sold_since(
    start: pd.Timestamp,
    account_months: pd.DataFrame,
    account_days: pd.DataFrame | None,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Return what was sold from the start of a month to the as-of day: by months, or by days where
    months end within calendar months.
    """
    if as_of.is_month_end or account_days is None:
        months = account_months["month"]
        return account_months[months.gt(start) & months.le(as_of)]
    return account_days[account_days["date"].between(start, as_of)]


def over_share(months: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Return the share of the days of calendar months, given by their last day, that are over.

    >>> ends = pd.Series(pd.to_datetime(["2025-07-31", "2025-08-31", "2025-09-30"]))
    >>> over_share(ends, pd.Timestamp("2025-08-08")).round(3).tolist()
    [1.0, 0.258, 0.0]
    """
    days = months.dt.days_in_month
    return (days - (months - as_of).dt.days).clip(lower=0, upper=days) / days


def _still_to_come(as_of: pd.Timestamp, end: pd.Timestamp) -> tuple[int, float]:
    """Return how many months of a year are left, begun ones as whole ones, and the share of them
    that is still to come.

    >>> _still_to_come(pd.Timestamp("2025-09-30"), pd.Timestamp("2025-12-31"))
    (3, 1.0)
    >>> _still_to_come(pd.Timestamp("2025-11-15"), pd.Timestamp("2025-12-31"))
    (2, 0.75)
    """
    whole = 12 * (end.year - as_of.year) + end.month - as_of.month
    begun = 1 - as_of.day / as_of.days_in_month
    count = whole + (begun > 0)
    return count, (whole + begun) / count if count else 1.0


def rest_of_year(
    revenue: Numbers, book_revenue: Numbers, months_left: int
) -> tuple[dict[str, Numbers], Numbers]:
    """Return what the months left will bring by each rule, and the spread of it, row by row.

    ``revenue`` has a row per account (or set of accounts) and its last 24 months, ``book_revenue``
    those of the book. *mean month*: the mean of the last 12 months; *book season*: their sum times
    the share that the remaining calendar months had in the book's 24 months; *season*: the share
    they had in the account's own; *last year*: what the same months brought a year ago.

    The spread is the root of half the variance of the year-on-year differences × 1.5 a month left
    × (1 + 0.2 m) for what lasts from month to month.

    One order as large as a year of the book widens the spread of its account for as long as the 24
    months hold it. It is kept so: the rules carry such an order on, and with differences cut at 4
    to 8 times their median an 80 % interval held 29 to 38 % of what came to such accounts of
    practice companies.

    >>> flat, book = np.full((1, 24), 10.0), np.tile([20.0, *[10.0] * 10, 0.0], 2)
    >>> found, spread = rest_of_year(flat, book, 3)
    >>> {rule: float(x[0].round(6)) for rule, x in found.items()}
    {'mean month': 30.0, 'book season': 40.0, 'season': 30.0, 'last year': 30.0}
    >>> spread.tolist()
    [0.0]
    """
    past, now = revenue[:, :12], revenue[:, 12:]
    left = slice(0, months_left)  # the window's first months are the calendar months still to come
    year, both = now.sum(axis=1), revenue.sum(axis=1)

    def share(coming: Numbers, whole: Numbers) -> Numbers:
        even = np.full(np.shape(whole), months_left / 12)
        return np.divide(coming, whole, out=even, where=whole > 0)

    coming = past[:, left].sum(axis=1) + now[:, left].sum(axis=1)
    of_book = share(
        book_revenue[:12][left].sum() + book_revenue[12:][left].sum(), book_revenue.sum()
    )
    spread = (now - past).std(axis=1, ddof=1) / 2**0.5 * (1.5 * months_left) ** 0.5
    found = {
        "mean month": year / 12 * months_left,
        "book season": year * of_book,
        "season": year * share(coming, both),
        "last year": now[:, left].sum(axis=1),
    }
    return found, spread * (1 + _DRIFT * months_left) ** 0.5


def outlook_choice(estimate_choice: pd.DataFrame | None, estimate: str) -> dict[str, Any]:
    """Return the rule and the interval's factor that the book's own past chose; where it could try
    none, the naive rule, and that it is not tried.

    >>> outlook_choice(None, "outlook of an account")
    {}
    """
    if estimate_choice is None:
        return {}
    own = estimate_choice[estimate_choice["estimate"].eq(estimate)]
    if own["outlook_rule"].replace("", pd.NA).isna().all():
        return {"outlook_rule": RULES[-1], "is_tried": False}
    return {
        "outlook_rule": str(own["outlook_rule"].iloc[0]),
        "interval_factor": float(own["interval_factor"].iloc[0]),
    }


def interval_quantile(freedom: float = 11) -> float:
    """Return Student's factor of the interval, for a spread from so many degrees of freedom."""
    return float(stdtrit(freedom, 0.5 + LEVEL / 2))


def _months_left(
    own: pd.DataFrame,
    book: pd.DataFrame,
    as_of: pd.Timestamp,
    months_left: int,
    rule: str,
    factor: float,
) -> tuple[float, float, str, int]:
    """Return what the months left bring, half the interval's width, by which rule, from how many
    months.
    """
    if months_left <= 0:
        return 0.0, 0.0, "over", 0
    sums = own.groupby("month")["revenue"].sum()
    bought = int(sums[sums.index > trailing_months(as_of, 13)[0]].gt(0).sum())
    if bought < MIN_MONTHS:
        return float("nan"), float("nan"), "too few months", bought
    first = own["month"].min()
    age = 12 * (as_of.year - first.year) + as_of.month - first.month + 1
    count = 24 if age >= 24 else min(age, 12)
    months = trailing_months(as_of, count)
    series = sums.reindex(months, fill_value=0.0)
    if count < 24:
        spread = float(series.std(ddof=1)) if count > 1 else float(abs(series.iloc[0]))
        deviation = spread * (months_left + months_left**2 / count) ** 0.5
        width = deviation * (1 + _DRIFT * months_left) ** 0.5
        mean = float(series.mean()) * months_left
        return mean, width * interval_quantile(max(count - 1, 1)), "mean month", count
    of_book = book.groupby("month")["revenue"].sum().reindex(months, fill_value=0.0)
    found, spreads = rest_of_year(series.to_numpy()[None, :], of_book.to_numpy(), months_left)
    rule = rule or "season"
    factor = interval_quantile() if np.isnan(factor) else factor
    return float(found[rule][0]), float(spreads[0]) * factor, rule, 24
