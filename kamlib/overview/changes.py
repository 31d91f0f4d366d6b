"""What changed in the period: one line per account, the most pressing first."""

from __future__ import annotations

import pandas as pd

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
    accounts: pd.DataFrame, account_months: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per account: who it is, and the revenue of its 12 months; the largest first.

    Examples
    --------
    >>> accounts = shaped("accounts", {"account_id": ["A", "B"], "name": ["Abe", "Bo"]})
    >>> months = shaped("account_months", {"account_id": ["B"],
    ...     "month": "2025-09-30", "revenue": 5.0})
    >>> account_list(accounts, months, as_of=pd.Timestamp("2025-09-30"))["name"].tolist()
    ['Bo', 'Abe']
    """
    year = account_months[account_months["month"].gt(as_of - pd.DateOffset(years=1))]
    table = accounts.assign(
        revenue=accounts["account_id"].map(year.groupby("account_id")["revenue"].sum()),
        group_name=accounts["group_name"].where(accounts["group_name"].ne(accounts["name"]), ""),
    )
    by = ["revenue", "account_id"]
    return shaped("account_list", table.sort_values(by, ascending=[False, True], kind="stable"))
