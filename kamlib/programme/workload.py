"""How much each manager carries, and what hangs on one manager (M29, M30)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.programme.shape import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    canonical,
    key_ids,
    name_of,
    shaped,
    window_sums,
)

MONTH_DAYS = 365.25 / 12
UNASSIGNED = ""

_LOAD = {
    "account_id": TEXT,
    "name": TEXT,
    "manager_id": TEXT,
    "manager_name": TEXT,
    "contact_every_days": NUMBER,
    "rhythm_source": TEXT,
    "hours": NUMBER,
    "revenue": NUMBER,
    "margin": NUMBER,
}
_WORKLOAD = {
    "manager_id": TEXT,
    "manager_name": TEXT,
    "key_count": COUNT,
    "hours": NUMBER,
    "hours_per_month": NUMBER,
    "hours_load_share": NUMBER,
    "revenue": NUMBER,
    "revenue_limit": NUMBER,
    "revenue_load_share": NUMBER,
    "is_over_hours": FLAG,
    "is_over_revenue": FLAG,
    "is_count_outside": FLAG,
    "note": TEXT,
}
_DEPENDENCE = {
    "manager_id": TEXT,
    "manager_name": TEXT,
    "revenue": NUMBER,
    "profit": NUMBER,
    "profit_share": NUMBER,
    "key_profit": NUMBER,
    "sole_count": COUNT,
    "exposed_revenue": NUMBER,
    "exposed_profit": NUMBER,
    "exposed_share": NUMBER,
    "measure": TEXT,
}


def account_load(
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    rhythms: pd.DataFrame | None = None,
    hours_per_contact: float = 3.0,
    contact_every_days: float = 30.0,
    hours_per_account: float = 0.0,
) -> pd.DataFrame:
    """One row per key account: who carries it, the hours its planned rhythm asks for, and what it
    brings.

    Hours a month = contacts a month (30.44 / days between contacts) × hours per contact + fixed
    hours per account. The rhythm is the account plan's, else the account's own
    ``contact_every_days``, else the book's default.

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: its manager; blank when it has none
    manager_name: the manager's name
    contact_every_days: days between planned contacts
    rhythm_source: "plan", "account" or "default"
    hours: hours a month
    revenue: net revenue of the last 12 months (book currency)
    margin: margin of the last 12 months; n/a without costs
    """
    ids = pd.Series(key_ids(key_accounts), dtype="str")
    if ids.empty:
        return shaped([], _LOAD)
    known = accounts.drop_duplicates("account_id").set_index("account_id").reindex(ids)
    planned = pd.Series(np.nan, index=ids)
    if rhythms is not None and len(rhythms):
        planned = (
            rhythms.groupby("account_id")["contact_every_days"].min().reindex(ids).astype(float)
        )
    own = (
        known["contact_every_days"].astype(float)
        if "contact_every_days" in known
        else pd.Series(np.nan, index=ids)
    )
    rhythm = np.where(planned.gt(0), planned, np.where(own.gt(0), own, contact_every_days))
    money = window_sums(account_months, as_of).reindex(ids)
    return shaped(
        pd.DataFrame(
            {
                "account_id": ids,
                "name": name_of(ids, accounts, "account_id"),
                "manager_id": known["manager_id"].fillna(UNASSIGNED).to_numpy(),
                "manager_name": _manager_names(known),
                "contact_every_days": rhythm,
                "rhythm_source": np.where(
                    planned.gt(0), "plan", np.where(own.gt(0), "account", "default")
                ),
                "hours": MONTH_DAYS / rhythm * hours_per_contact + hours_per_account,
                "revenue": money["revenue"].fillna(0.0).to_numpy(),
                "margin": money["margin"].to_numpy(),
            }
        ),
        _LOAD,
    )


def _manager_names(known: pd.DataFrame) -> np.ndarray:
    names = (
        known["manager_name"]
        if "manager_name" in known
        else pd.Series(pd.NA, index=known.index, dtype="str")
    )
    return names.fillna(known["manager_id"]).fillna("no manager").to_numpy()


def workload(
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    hours_per_month: float = 140.0,
    accounts_per_manager: tuple[int, int] = (1, 3),
    revenue_per_manager: float | None = None,
    largest_revenue_load: float = 1.5,
) -> pd.DataFrame:
    """One row per manager of key accounts: hours and revenue against what one person can carry.

    The warning is on hours and on revenue; the count is shown against the usual span and never
    warns by itself. The revenue limit is the book's, else ``largest_revenue_load`` × the mean
    revenue of the managers (n/a with one manager).

    Columns
    -------
    manager_id: the manager; blank for accounts without one
    manager_name: the manager's name
    key_count: key accounts carried
    hours: hours a month their rhythm asks for
    hours_per_month: hours a month the manager has for key accounts
    hours_load_share: hours / hours_per_month
    revenue: their revenue of the last 12 months (book currency)
    revenue_limit: revenue above which the manager is warned about; n/a where nothing sets one
    revenue_load_share: revenue / revenue_limit
    is_over_hours: hours above the manager's hours
    is_over_revenue: revenue above the limit
    is_count_outside: count outside the usual span
    note: what stands out, in words
    """
    if account_load.empty:
        return shaped([], _WORKLOAD)
    table = (
        account_load.groupby("manager_id")
        .agg(key_count=("account_id", "size"), hours=("hours", "sum"), revenue=("revenue", "sum"))
        .reset_index()
    )
    own = account_load.drop_duplicates("manager_id").set_index("manager_id")["manager_name"]
    known = canonical(managers, "managers").drop_duplicates("manager_id").set_index("manager_id")
    is_person = table["manager_id"].ne(UNASSIGNED)
    table["manager_name"] = (
        table["manager_id"]
        .map(known["name"])
        .fillna(table["manager_id"].map(own))
        .where(is_person, "no manager")
    )
    table["hours_per_month"] = (
        table["manager_id"]
        .map(known["hours_per_month"])
        .astype(float)
        .fillna(hours_per_month)
        .where(is_person)
    )
    table["hours_load_share"] = (table["hours"] / table["hours_per_month"]).where(
        table["hours_per_month"].gt(0)
    )
    limit = revenue_per_manager
    if limit is None and is_person.sum() > 1:
        limit = largest_revenue_load * table.loc[is_person, "revenue"].mean()
    table["revenue_limit"] = pd.Series(np.nan if limit is None else limit, index=table.index).where(
        is_person
    )
    table["revenue_load_share"] = (table["revenue"] / table["revenue_limit"]).where(
        table["revenue_limit"].gt(0)
    )
    table["is_over_hours"] = is_person & table["hours"].gt(table["hours_per_month"])
    table["is_over_revenue"] = table["revenue"].gt(table["revenue_limit"])
    table["is_count_outside"] = is_person & ~table["key_count"].between(*accounts_per_manager)
    table["note"] = [_note(row, accounts_per_manager) for _, row in table.iterrows()]
    heaviest = table[["hours_load_share", "revenue_load_share"]].max(axis=1)
    table = table.assign(order=heaviest.fillna(np.inf)).sort_values(
        ["order", "manager_id"], ascending=[False, True], kind="stable"
    )
    return shaped(table, _WORKLOAD)


def _note(row: pd.Series, span: tuple[int, int]) -> str:
    if row["manager_id"] == UNASSIGNED:
        return "nobody carries these accounts"
    parts = [
        *(["more hours than the manager has"] if row["is_over_hours"] else []),
        *(["revenue above the limit"] if row["is_over_revenue"] else []),
        *(
            [f"{row['key_count']} accounts, usual {span[0]}–{span[1]}"]
            if row["is_count_outside"]
            else []
        ),
    ]
    return "; ".join(parts)


def manager_dependence(
    manager_months: pd.DataFrame,
    key_accounts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    sole_share: float = 0.8,
) -> pd.DataFrame:
    """One row per manager on orders of the last 12 months: profit earned, and what is exposed if
    the manager leaves.

    Exposed are key accounts in which this manager handled at least ``sole_share`` of the orders'
    revenue: nobody else is known there. Profit is margin; where costs are not known it is revenue,
    and ``measure`` says so.

    Columns
    -------
    manager_id: the manager on the orders; blank where orders name none
    manager_name: the manager's name
    revenue: revenue of the manager's orders, all accounts, last 12 months (book currency)
    profit: margin of them
    profit_share: share of all profit
    key_profit: profit from key accounts
    sole_count: key accounts that know this manager alone
    exposed_revenue: their revenue
    exposed_profit: their profit
    exposed_share: their profit as a share of all profit of key accounts
    measure: "margin", or "revenue" where costs are not known
    """
    rows = manager_months
    if len(rows):
        rows = rows[rows["month"].isin(trailing_months(as_of, 12))]
    if rows.empty:
        return shaped([], _DEPENDENCE)
    measure = "revenue" if rows["cost"].isna().any() else "margin"
    rows = rows.assign(
        manager_id=rows["manager_id"].fillna(UNASSIGNED),
        profit=rows["revenue"] - rows["cost"] if measure == "margin" else rows["revenue"],
        is_key=rows["account_id"].isin(key_ids(key_accounts)),
    )
    pairs = (
        rows.groupby(["account_id", "manager_id", "is_key"])[["revenue", "profit"]]
        .sum()
        .reset_index()
    )
    whole = pairs.groupby("account_id")["revenue"].transform("sum")
    is_sole = (
        pairs["is_key"]
        & whole.gt(0)
        & pairs["revenue"].ge(sole_share * whole)
        & pairs["manager_id"].ne(UNASSIGNED)
    )
    parts = pairs.assign(
        key_profit=pairs["profit"].where(pairs["is_key"], 0.0),
        sole_count=is_sole.astype("int64"),
        exposed_revenue=whole.where(is_sole, 0.0),
        exposed_profit=pairs.groupby("account_id")["profit"].transform("sum").where(is_sole, 0.0),
    )
    table = parts.groupby("manager_id")[
        ["revenue", "profit", "key_profit", "sole_count", "exposed_revenue", "exposed_profit"]
    ].sum()
    total, key_total = table["profit"].sum(), table["key_profit"].sum()
    table = table.assign(
        profit_share=table["profit"] / total if total > 0 else np.nan,
        exposed_share=table["exposed_profit"] / key_total if key_total > 0 else np.nan,
        measure=measure,
    ).reset_index()
    table["manager_name"] = name_of(table["manager_id"], managers, "manager_id").where(
        table["manager_id"].ne(UNASSIGNED), "no manager on the order"
    )
    return shaped(
        table.sort_values(["profit", "manager_id"], ascending=[False, True], kind="stable"),
        _DEPENDENCE,
    )
