"""Where years would have been foretold to end, and where they ended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.book import FiscalYear
from kamlib.outlook import MIN_MONTHS, RULES, interval_quantile, rest_of_year
from kamlib.period.calendar import period_of
from kamlib.period.months import account_months, trailing_months
from kamlib.tables import shaped

MONTHS_LEFT = (9, 6, 3)
MOST_ACCOUNTS = 60
MOST_YEARS = 5
NAIVE_RULE = "last year"
TOGETHER = "the largest together"
"""What stands in the place of an account where the largest are one."""
OF_STUDENT = 5
"""Student's factor counts for so many cases beside the book's own."""


def outlook_record(
    unbroken_months: pd.DataFrame,
    key_accounts: pd.DataFrame,
    unbroken_days: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    fiscal_year: FiscalYear = FiscalYear(),
) -> pd.DataFrame:
    """One row per past day × account, and one for the largest accounts together: where the fiscal
    year would have been foretold to end, by each rule, and where it ended.

    The days lie 9, 6 and 3 months before the ends of the last five fiscal years that are over, with
    24 months of data before them. Followed are the 60 largest accounts of the 12 months to that day
    (with revenue in 3 of them), and, *together*, the largest, as many as there are key accounts: so
    chosen by what was known then, as key accounts are. The rules are those of
    ``kamlib.outlook.rest_of_year``; ``by_last_year`` is the naive answer.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.outlook_record["followed"].unique().tolist()
    ['one account', 'together']
    """
    if not as_of.is_month_end and unbroken_days is not None:  # years are of calendar months
        unbroken_months = account_months(unbroken_days, as_of=as_of + pd.offsets.MonthEnd(0))
        as_of = as_of - pd.offsets.MonthEnd(1)
    known = unbroken_months[unbroken_months["month"].le(as_of)]
    if known.empty:
        return shaped("outlook_record", [])
    first = known["month"].min()
    many = max(int(key_accounts["is_key"].sum()), 1)
    wide = known.pivot_table(
        index="account_id", columns="month", values="revenue", aggfunc="sum", fill_value=0.0
    )
    year = period_of(as_of, "year", first_month=fiscal_year.first_month)
    end = year.end if year.end <= as_of else year.previous().end
    parts = []
    for back in range(MOST_YEARS):
        year_end = end - pd.DateOffset(years=back) + pd.offsets.MonthEnd(0)
        for left in MONTHS_LEFT:
            day = trailing_months(year_end, left + 1)[0]
            if trailing_months(day, 24)[0] >= first:
                parts.append(_foretold(wide, day, year_end, left, many))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if len(table):
        order = ["as_of_date", "followed", "account_id"]
        table = table.sort_values(order, kind="stable", ignore_index=True)
    return shaped("outlook_record", table)


def _foretold(
    wide: pd.DataFrame, day: pd.Timestamp, year_end: pd.Timestamp, left: int, many: int
) -> pd.DataFrame:
    """Return the rows of one day."""
    months = trailing_months(year_end, 24 + left)
    revenue = wide.reindex(columns=months, fill_value=0.0).fillna(0.0).to_numpy()
    before, rest = revenue[:, :24], revenue[:, 24:].sum(axis=1)
    to_date = before[:, 12 + left :].sum(axis=1)
    last = before[:, 12:]
    by_size = np.argsort(-last.sum(axis=1), kind="stable")
    largest = by_size[:MOST_ACCOUNTS]
    largest = largest[(last[largest] > 0).sum(axis=1) >= MIN_MONTHS]
    own, together = np.append(largest, 0), by_size[:many]
    rows = before[own]
    rows[-1] = before[together].sum(axis=0)  # the last row stands for the largest together
    found, spread = rest_of_year(rows, before.sum(axis=0), left)
    so_far, came = to_date[own], (to_date + rest)[own]
    so_far[-1], came[-1] = to_date[together].sum(), (to_date + rest)[together].sum()
    table = pd.DataFrame(
        {
            "as_of_date": day,
            "year_end_date": year_end,
            "account_id": [*wide.index[largest], TOGETHER],
            "followed": [*["one account"] * len(largest), "together"],
            "months_left": left,
            "to_date": so_far,
            "came_outlook": came,
            "spread": spread,
            **{f"by_{rule.replace(' ', '_')}": so_far + found[rule] for rule in RULES},
        }
    )
    return table[table["spread"].gt(0)]


def outlook_terms(outlook_record: pd.DataFrame, followed: str, *, rule: str = "") -> dict[str, Any]:
    """Return how outlooks are told: the rule (the nearest unless one is given), its error and the
    naive one, the interval's factor, and how often the interval held, each year judged by the
    others.

    >>> outlook_terms(shaped("outlook_record", []), "together")["rule"]
    ''
    """
    own = outlook_record[outlook_record["followed"].eq(followed)]
    nothing = {"rule": "", "factor": float("nan"), "case_count": 0, "year_count": 0}
    if own.empty:
        return nothing
    came = own["came_outlook"].to_numpy(float)
    foretold = {rule: own[f"by_{rule.replace(' ', '_')}"].to_numpy(float) for rule in RULES}
    size = np.abs(came).sum() or 1.0
    errors = {rule: float(np.abs(x - came).sum() / size) for rule, x in foretold.items()}
    rule = rule or min(RULES, key=lambda name: errors[name])
    off = np.abs(foretold[rule] - came) / own["spread"].to_numpy(float)
    year = own["year_end_date"].to_numpy()
    held = [off[year == one] <= _factor(off[year != one]) for one in np.unique(year)]
    return {
        "rule": rule,
        "factor": _factor(off),
        "case_count": len(own),
        "year_count": len(np.unique(year)),
        "error": errors[rule],
        "naive_error": errors[NAIVE_RULE],
        "stated": float(foretold[rule].sum()),
        "came": float(came.sum()),
        "held_count": int(np.concatenate(held).sum()),
    }


def _factor(off: np.ndarray) -> float:
    """Return the factor of the spread that held 80 % of the past, drawn towards Student's as far as
    the cases are few.
    """
    usual = interval_quantile()
    if not len(off):
        return usual
    rank = min(len(off) - 1, int(np.ceil(0.8 * (len(off) + 1))) - 1)
    weight = len(off) / (len(off) + OF_STUDENT)
    return float(weight * np.sort(off)[rank] + (1 - weight) * usual)
