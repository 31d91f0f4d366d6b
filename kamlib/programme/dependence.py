"""What hangs on one manager."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.programme.accounts import key_ids, names_of
from kamlib.programme.workload import UNASSIGNED
from kamlib.tables import shaped


def manager_dependence(
    manager_months: pd.DataFrame,
    key_accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    sole_share: float = 0.8,
) -> pd.DataFrame:
    """One row per manager on orders of the last 12 months: profit earned, and what is exposed.

    Exposed are key accounts in which this manager handled at least ``sole_share`` of the orders'
    revenue: nobody else is known there. Profit is margin; where costs are not known it is revenue,
    and ``measure`` says so. The most profit comes first.

    Parameters
    ----------
    sole_share
        Share of revenue from which an account hangs on one manager.

    Examples
    --------
    >>> months = shaped("manager_months", {"account_id": "A", "manager_id": ["M1", "M2"],
    ...     "month": pd.Timestamp("2025-09-30"), "revenue": [90.0, 10.0]})
    >>> keys = shaped("key_accounts", [{"account_id": "A", "is_key": True}])
    >>> managers = pd.DataFrame({"manager_id": ["M1", "M2"], "name": ["Ines", "Bo"]})
    >>> table = manager_dependence(months, keys, managers, as_of=pd.Timestamp("2025-09-30"))
    >>> table[["manager_name", "profit_share", "sole_count"]].values.tolist()
    [['Ines', 0.9, 1], ['Bo', 0.1, 0]]
    """
    rows = manager_months[manager_months["month"].isin(trailing_months(as_of, 12))]
    if rows.empty:
        return shaped("manager_dependence", [])
    measure = "revenue" if rows["cost"].isna().any() else "margin"
    rows = rows.assign(
        manager_id=rows["manager_id"].fillna(UNASSIGNED),
        profit=rows["revenue"] - rows["cost"] if measure == "margin" else rows["revenue"],
    )
    pairs = rows.groupby(["account_id", "manager_id"], as_index=False)[["revenue", "profit"]].sum()
    whole = pairs.groupby("account_id")[["revenue", "profit"]].transform("sum")
    is_key = pairs["account_id"].isin(key_ids(key_accounts))
    handled = pairs["revenue"].ge(sole_share * whole["revenue"]) & whole["revenue"].gt(0)
    is_sole = is_key & handled & pairs["manager_id"].ne(UNASSIGNED)
    table = (
        pairs.assign(
            key_profit=pairs["profit"].where(is_key, 0.0),
            sole_count=is_sole.astype("int64"),
            exposed_revenue=whole["revenue"].where(is_sole, 0.0),
            exposed_profit=whole["profit"].where(is_sole, 0.0),
        )
        .drop(columns="account_id")
        .groupby("manager_id")
        .sum()
        .reset_index()
    )
    total, key_total = table["profit"].sum(), table["key_profit"].sum()
    names = names_of(table["manager_id"], managers, "manager_id")
    table = table.assign(
        manager_name=names.where(table["manager_id"].ne(UNASSIGNED), "no manager on the order"),
        profit_share=table["profit"] / total if total > 0 else np.nan,
        exposed_share=table["exposed_profit"] / key_total if key_total > 0 else np.nan,
        measure=measure,
    )
    return shaped(
        "manager_dependence",
        table.sort_values(["profit", "manager_id"], ascending=[False, True], kind="stable"),
    )
