"""What changed in the period: one line per account, the most pressing first."""

from __future__ import annotations

import pandas as pd

from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import is_base_whole, trailing_months
from kamlib.tables import shaped


def period_changes(account_actions: pd.DataFrame) -> pd.DataFrame:
    """One row per account that changed in the period: what, what to do, owner and day.

    Those of ``account_actions`` whose occasion arose in the period, in their order: money at stake
    times urgency, tripled for key accounts, with a floor.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.period_changes["account_id"].is_unique
    True
    """
    return shaped("period_changes", account_actions[account_actions["is_change"]])


def main_changes(period_changes: pd.DataFrame) -> pd.DataFrame:
    """One row per change for the first screen: at most five, the most pressing, not all of one
    kind.

    Examples
    --------
    >>> changes = pd.DataFrame({"kind": ["overdue"] * 3 + ["lost"],
    ...     "account_id": list("ABCD")})
    >>> main_changes(changes)["account_id"].tolist()
    ['A', 'B', 'D', 'C']
    """
    nth = period_changes.groupby("kind").cumcount()
    order = nth.ge(2).sort_values(kind="stable").index
    return period_changes.loc[order].head(5).reset_index(drop=True)


def account_list(
    accounts: pd.DataFrame,
    account_months: pd.DataFrame,
    account_classes: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per account: who it is, where it stands, and the revenue of its 12 months; the
    largest first.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.account_list["revenue"].dropna().is_monotonic_decreasing
    True
    """
    compares = is_base_whole(first_date, as_of, holes)
    id_, ends = accounts["account_id"], trailing_months(as_of, 24)
    months = account_months.groupby(["account_id", "month"])["revenue"].sum().unstack()
    months = months.reindex(columns=ends).reindex(id_).fillna(0.0)
    now, before = months[ends[12:]].sum(axis=1).array, months[ends[:12]].sum(axis=1).array
    status = account_status.set_index("account_id")
    table = accounts.assign(
        revenue=now,
        revenue_change=now - before if compares else float("nan"),
        manager_name=id_.map(status["manager_name"]),
        status=id_.map(status["status"]),
        last_order_date=id_.map(status["last_order_date"]),
        abc_revenue=id_.map(account_classes.set_index("account_id")["abc_revenue"]),
        is_key=id_.map(key_accounts.set_index("account_id")["is_key"]).fillna(False).astype(bool),
        group_name=accounts["group_name"].where(accounts["group_name"].ne(accounts["name"]), ""),
    )
    by = ["revenue", "account_id"]
    return shaped("account_list", table.sort_values(by, ascending=[False, True], kind="stable"))
