"""Cohorts: accounts by their first order, and how many, with how much, are still there later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.months import first_months
from kamlib.retention.order_days import looked_up
from kamlib.tables import shaped

BEFORE_HISTORY = "before history"
ALL = "all"


def cohort_retention(
    account_months: pd.DataFrame, *, as_of: pd.Timestamp, first_date: pd.Timestamp | None = None
) -> pd.DataFrame:
    """One row per cohort × months since the first order: share of accounts active in that month,
    and revenue.

    A cohort are the accounts whose first order fell in one month. Active means an order day in the
    month. Accounts first seen in the first three months of the data, or before the third month
    after a hole in them, are one cohort, *before history*: when they really began is not known, or
    what they bought since; their months count from the first one seen. A
    cell is blank (n/a), never 0, until its last account has had the whole month. The cohort ``all``
    averages over the accounts old enough (the mature ones) and leaves out those from before the
    history. ``revenue_share`` sets the revenue of a month against the monthly average of the
    cohort's first three months (months 0 to 2): a first order alone is no yardstick.

    Examples
    --------
    >>> ends = pd.to_datetime(["2025-01-31", "2025-02-28"])
    >>> months = shaped("account_months", {"account_id": ["A", "A", "B"], "month": [*ends, ends[0]],
    ...     "revenue": 10.0, "order_day_count": 1})
    >>> kept = cohort_retention(months, as_of=pd.Timestamp("2025-02-28"))
    >>> kept[["cohort", "months_since", "active_share"]].values.tolist()
    [['before history', 0, 1.0], ['before history', 1, 0.5]]
    """
    return shaped("cohort_retention", _cohorts(account_months, as_of, first_date, by_year=False))


def cohort_retention_by_year(
    account_months: pd.DataFrame, *, as_of: pd.Timestamp, first_date: pd.Timestamp | None = None
) -> pd.DataFrame:
    """One row per year of the first order × months since: the same for the accounts of a year.

    Months since count from each account's own first order.

    Examples
    --------
    >>> ends = pd.to_datetime(["2025-01-31", "2025-02-28"])
    >>> months = shaped("account_months", {"account_id": ["A", "A", "B"], "month": [*ends, ends[0]],
    ...     "revenue": 10.0, "order_day_count": 1})
    >>> kept = cohort_retention_by_year(months, as_of=pd.Timestamp("2025-02-28"))
    >>> kept[["cohort", "months_since", "active_share"]].values.tolist()
    [['before history', 0, 1.0], ['before history', 1, 0.5]]
    """
    return shaped(
        "cohort_retention_by_year", _cohorts(account_months, as_of, first_date, by_year=True)
    )


def _cohorts(
    account_months: pd.DataFrame,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    *,
    by_year: bool,
) -> pd.DataFrame:
    months = account_months[account_months["month"].le(as_of)]
    first, is_before = first_months(months, as_of, first_date)
    if first.empty:
        return months.head(0)
    last = as_of.year * 12 + as_of.month - 1
    cells = months.join(first, on="account_id", how="inner")
    cells["months_since"] = _number(cells["month"]) - cells["first"]
    cells = cells[cells["months_since"].ge(0)]
    yardstick = cells[cells["months_since"].le(2)].groupby("account_id")["revenue"].sum() / 3
    facts = pd.DataFrame(
        {
            "cohort": _label(first, by_year).mask(is_before, BEFORE_HISTORY).astype("str"),
            "age": last - first,
            "yardstick": yardstick.reindex(first.index).fillna(0.0),
        }
    )
    cells = cells.join(facts[["cohort"]], on="account_id")
    cells_of = dict(list(cells.groupby("cohort")))
    parts = [_grid(cells_of.get(c, cells.head(0)), part) for c, part in facts.groupby("cohort")]
    known = facts[facts["cohort"].ne(BEFORE_HISTORY)]
    if len(known):
        parts.append(_average(cells[cells["cohort"].ne(BEFORE_HISTORY)], known).assign(cohort=ALL))
    table = pd.concat(parts, ignore_index=True)
    table["rank"] = table["cohort"].map({BEFORE_HISTORY: 0, ALL: 2}).fillna(1)
    return table.sort_values(["rank", "cohort", "months_since"]).round({"revenue": 6})


def _grid(cells: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return one cohort's cells; those some account has not reached yet are blank."""
    complete = int(facts["age"].min())
    table = pd.DataFrame({"months_since": np.arange(int(facts["age"].max()) + 1)})
    by_age = cells.groupby("months_since")
    table["cohort"] = facts["cohort"].iloc[0]
    table["is_complete"] = table["months_since"].le(complete)
    table["account_count"] = len(facts)
    orders = cells[cells["order_day_count"].gt(0)].groupby("months_since").size()
    table["active_count"] = (
        looked_up(table["months_since"], orders).fillna(0.0).where(table["is_complete"])
    )
    table["revenue"] = (
        looked_up(table["months_since"], by_age["revenue"].sum())
        .fillna(0.0)
        .where(table["is_complete"])
    )
    return _shares(table, facts["yardstick"].sum() if complete >= 2 else np.nan)


def _average(cells: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of all cohorts together, each over the accounts that have reached it."""
    table = pd.DataFrame({"months_since": np.arange(int(facts["age"].max()) + 1)})
    ages = facts.sort_values("age", ascending=False)
    reached = np.array([(ages["age"] >= m).sum() for m in table["months_since"]])
    rows = cells[cells["months_since"].le(looked_up(cells["account_id"], facts["age"]))]
    orders = rows[rows["order_day_count"].gt(0)].groupby("months_since").size()
    table["is_complete"] = True
    table["account_count"] = reached
    table["active_count"] = looked_up(table["months_since"], orders).fillna(0.0)
    table["revenue"] = looked_up(
        table["months_since"], rows.groupby("months_since")["revenue"].sum()
    ).fillna(0.0)
    running = ages["yardstick"].cumsum().to_numpy()
    return _shares(table, np.where(ages["age"].max() >= 2, running[reached - 1], np.nan))


def _shares(table: pd.DataFrame, yardstick: float | np.ndarray) -> pd.DataFrame:
    table["active_share"] = table["active_count"] / table["account_count"]
    usable = np.where(np.asarray(yardstick) > 0, yardstick, np.nan)
    return table.assign(revenue_share=table["revenue"] / usable)


def _label(first: pd.Series, by_year: bool) -> pd.Series:
    year = (first // 12).astype("str")
    return year if by_year else year + "-" + (first % 12 + 1).astype("str").str.zfill(2)


def _number(month: pd.Series) -> pd.Series:
    return month.dt.year * 12 + month.dt.month - 1
