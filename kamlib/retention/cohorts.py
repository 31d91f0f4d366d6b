"""Cohorts: accounts by the month of their first order, and how many of them, with how much, are
still there later.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from kamlib.retention.order_days import looked_up

BEFORE_HISTORY = "before history"
ALL = "all"
_COLUMNS = {
    "cohort": "str",
    "months_since": "int64",
    "account_count": "int64",
    "active_count": "float64",
    "active_share": "float64",
    "revenue": "float64",
    "revenue_share": "float64",
    "is_complete": "bool",
}


def cohort_retention(
    account_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    every: Literal["month", "quarter", "year"] = "month",
    history_months: int = 3,
) -> pd.DataFrame:
    """One row per cohort × months since the first order: share of accounts active in that month,
    and revenue.

    Active means an order day in the month. Accounts first seen in the first ``history_months``
    months of the data are one cohort, *before history*: when they really began is not known, their
    months count from the first one seen. A cell is blank (n/a), never 0, until its last account has
    had the whole month. ``every`` groups the cohorts; months since always count months, each
    account from its own first order. The cohort ``all`` averages over the accounts old enough (the
    mature ones) and leaves out those from before the history. ``revenue_share`` sets the revenue of
    a month against the monthly average of the cohort's first three months (months 0 to 2): a first
    order alone is no yardstick.

    Columns
    -------
    cohort: the month, quarter or year of the first order, "before history", or "all"
    months_since: whole months since the first order's month (0 is that month)
    account_count: accounts in the cell's denominator
    active_count: of these, accounts with an order in the month; n/a while incomplete
    active_share: active_count / account_count
    revenue: their net revenue in the month (book currency); n/a while incomplete
    revenue_share: revenue / average monthly revenue of the same accounts in their months 0 to 2
    is_complete: every account of the cell has had the whole month
    """
    months = account_months[account_months["month"].le(as_of)]
    active = months[months["order_day_count"].gt(0)]
    if active.empty:
        return pd.DataFrame({c: pd.Series(dtype=t) for c, t in _COLUMNS.items()})
    first = _number(active["month"]).groupby(active["account_id"]).min().rename("first")
    last = as_of.year * 12 + as_of.month - 1
    cells = months.join(first, on="account_id", how="inner")
    cells["months_since"] = _number(cells["month"]) - cells["first"]
    cells = cells[cells["months_since"].ge(0)]
    cohort = _cohort(first, every, history_months)
    yardstick = cells[cells["months_since"].le(2)].groupby("account_id")["revenue"].sum() / 3
    facts = pd.DataFrame(
        {
            "cohort": cohort,
            "age": last - first,
            "yardstick": yardstick.reindex(first.index).fillna(0.0),
        }
    )
    cells = cells.join(facts[["cohort"]], on="account_id")
    parts = [_grid(cells[cells["cohort"].eq(c)], part) for c, part in facts.groupby("cohort")]
    known = facts[facts["cohort"].ne(BEFORE_HISTORY)]
    if len(known):
        parts.append(_average(cells[cells["cohort"].ne(BEFORE_HISTORY)], known).assign(cohort=ALL))
    table = pd.concat(parts, ignore_index=True)
    table["rank"] = table["cohort"].map({BEFORE_HISTORY: 0, ALL: 2}).fillna(1)
    table = table.sort_values(["rank", "cohort", "months_since"], ignore_index=True)
    return table[list(_COLUMNS)].astype(_COLUMNS).round({"revenue": 6})


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


def _cohort(first: pd.Series, every: str, history_months: int) -> pd.Series:
    year, month = first // 12, first % 12
    labels = {
        "month": year.astype("str") + "-" + (month + 1).astype("str").str.zfill(2),
        "quarter": year.astype("str") + "-Q" + (month // 3 + 1).astype("str"),
        "year": year.astype("str"),
    }[every]
    return labels.mask(first.lt(first.min() + history_months), BEFORE_HISTORY).astype("str")


def _number(month: pd.Series) -> pd.Series:
    return month.dt.year * 12 + month.dt.month - 1
