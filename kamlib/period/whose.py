"""Whose order lines a figure counts: the accounts that the words of a rule mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from kamlib.period.months import trailing_months
from kamlib.period.served import served_costs

_PERIODS = {
    "period": "span",
    "previous period": "previous_span",
    "year ago period": "year_ago_span",
}
Finder = Callable[[Any, pd.Series], Iterable[str]]


def accounts_of(said: str, q: Any, row: pd.Series) -> list[str]:
    """Return the ids of the accounts that a rule speaks of, of a row of its table."""
    return sorted({str(one) for one in _WHOSE[said](q, row)})


def cost_to_serve(q: Any, ids: list[str], when: str) -> float:
    """Return what serving accounts costs in a time: those with an order line in the window, or in
    the 12 months to a period's end.
    """
    if when in _PERIODS:
        costs = served_costs(q.account_days, q.accounts, {when: getattr(q, _PERIODS[when])})
        return float(costs[when].reindex(ids).sum())
    months = 12 if when == "year" else q.book.segmentation.window_months
    window = trailing_months(q.as_of, months)
    known = q.account_months
    served = set(known.loc[known["month"].isin(window), "account_id"]) & set(ids)
    costs = q.accounts.loc[q.accounts["account_id"].isin(served), "cost_to_serve"]
    return float((costs * months / 12).sum())


def _all(q: Any, _: pd.Series) -> Iterable[str]:
    return {*q.accounts["account_id"], *q.account_days["account_id"]}


def _key(q: Any, _: pd.Series) -> Iterable[str]:
    keys = q.key_accounts
    return keys.loc[keys["is_key"].astype(bool), "account_id"]


def _classed(**wanted: str) -> Finder:
    """Return what finds the accounts whose classes are those of the row: class → its column."""

    def find(q: Any, row: pd.Series) -> Iterable[str]:
        classes = q.account_classes
        for name, column in wanted.items():
            own = row[column]
            is_none = pd.isna(own) or own == "none"
            classes = classes[classes[name].isna() if is_none else classes[name].eq(own)]
        return classes["account_id"]

    return find


def _cell(q: Any, row: pd.Series) -> Iterable[str]:
    return _classed(abc_revenue="abc", **{f"xyz_{row['class_basis']}": "xyz"})(q, row)


def _segment(q: Any, row: pd.Series) -> Iterable[str]:
    scores = q.rfm_scores
    return scores.loc[scores["segment"].eq(row["segment"]), "account_id"]


def _group(q: Any, row: pd.Series) -> Iterable[str]:
    return q.accounts.loc[q.accounts["group_id"].eq(row["group_id"]), "account_id"]


def _of_manager(table: str, column: str = "manager_id") -> Finder:
    def find(q: Any, row: pd.Series) -> Iterable[str]:
        rows = getattr(q, table)
        return rows.loc[rows[column].eq(row["manager_id"]), "account_id"]

    return find


def _held_by(q: Any, row: pd.Series) -> Iterable[str]:
    """Return accounts whose manager has the row's name."""
    return q.accounts.loc[q.accounts["manager_name"].eq(row["manager_name"]), "account_id"]


def _buyers(q: Any, row: pd.Series) -> Iterable[str]:
    """Return accounts (or whole groups) with revenue above zero in the window."""
    classes = q.account_classes
    if row.get("scope") == "groups":
        heads = q.accounts.set_index("account_id")["group_id"]
        group = classes["account_id"].map(heads).fillna(classes["account_id"])
        sums = classes.groupby(group.to_numpy())["revenue"].transform("sum").round(6)
        return classes.loc[sums.gt(0), "account_id"]
    return classes.loc[classes["revenue"].gt(0), "account_id"]


def _key_in_scope(q: Any, row: pd.Series) -> Iterable[str]:
    """Return key accounts; in a row of groups all accounts of a group that has one."""
    keys = set(_key(q, row))
    if row.get("scope") != "groups":
        return keys
    heads = q.accounts.set_index("account_id")["group_id"]
    return heads.index[heads.isin(heads[heads.index.isin(keys)])]


def _overdue(q: Any, _: pd.Series) -> Iterable[str]:
    status = q.account_status
    return status.loc[status["status"].eq("overdue"), "account_id"]


def _scope(q: Any, row: pd.Series) -> Iterable[str]:
    """Return all accounts, or those that were key when the 12 months began."""
    if row["scope"] == "all":
        return _all(q, row)
    then = q.key_accounts_then
    return then.loc[then["followed_over"].eq("year"), "account_id"]


def _step(q: Any, row: pd.Series) -> Iterable[str]:
    bridge = q.account_bridge
    return set(bridge.loc[bridge["step"].eq(row["step"]), "account_id"]) & set(_scope(q, row))


def _base(
    is_kept: Callable[[pd.DataFrame], pd.Series],
) -> Finder:
    """Return what finds the accounts of the row's scope with revenue in the year before."""

    def find(q: Any, row: pd.Series) -> Iterable[str]:
        months, ends = q.account_months, trailing_months(q.as_of, 24)
        early, late = (
            months[months["month"].isin(part)].groupby("account_id")["revenue"].sum().round(6)
            for part in (ends[:12], ends[12:])
        )
        both = pd.DataFrame({"base": early, "now": late}).fillna(0.0)
        kept = both[both["base"].gt(0) & is_kept(both)]
        return set(kept.index) & set(_scope(q, row))

    return find


def _lost(q: Any, _: pd.Series) -> Iterable[str]:
    return q.lost_accounts["account_id"]


_WHOSE: dict[str, Finder] = {
    "account": lambda _, row: [row["account_id"]],
    "all accounts": _all,
    "key accounts": _key_in_scope,
    "accounts of both classes": _classed(abc_revenue="abc_revenue", abc_margin="abc_margin"),
    "accounts of the cell": _cell,
    "accounts of the segment": _segment,
    "accounts of the group": _group,
    "key accounts of manager": _of_manager("account_load"),
    "proposed accounts of manager": _of_manager("proposed_assignment", "proposed_manager_id"),
    "accounts of manager by name": _held_by,
    "buyers": _buyers,
    "overdue accounts": _overdue,
    "overdue key accounts": lambda q, row: set(_overdue(q, row)) & set(_key(q, row)),
    "accounts of the scope": _scope,
    "accounts of the step": _step,
    "accounts with a base": _base(lambda both: both["base"].notna()),
    "accounts that shrank": _base(lambda both: both["now"].lt(both["base"]) & both["now"].gt(0)),
    "accounts that grew": _base(lambda both: both["now"].ge(both["base"])),
    "accounts of the cohort": _all,
    "lost accounts": _lost,
}
