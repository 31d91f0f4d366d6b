"""What hangs on one manager."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.months import trailing_months
from kamlib.programme.accounts import by_id, key_ids, names_of
from kamlib.programme.workload import UNASSIGNED
from kamlib.tables import shaped


def manager_dependence(
    manager_months: pd.DataFrame,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    interactions: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    sole_share: float = 0.8,
) -> pd.DataFrame:
    """One row per manager of the last 12 months: profit earned, and what of the own key accounts is
    exposed.

    Profit earned goes by the manager on the order. A key account is owned by its manager, else by
    the one on its latest order. Exposed is the profit of the accounts owned, each weighted by how
    much of its contact is the owner's alone: the share of the contacts recorded with a manager,
    where there are none of the orders' revenue. It is never more than the profit of those accounts;
    one that loses money exposes nothing. Profit is gross margin; where costs are not known it is
    revenue, and ``measure`` says so. The most profit comes first.

    Parameters
    ----------
    sole_share
        Share of the contact from which an account knows nobody else.

    Examples
    --------
    >>> day = pd.Timestamp("2025-09-30")
    >>> months = shaped("manager_months", {"account_id": "A", "manager_id": ["M1", "M2"],
    ...     "month": day, "revenue": [90.0, 10.0]})
    >>> keys = shaped("key_accounts", [{"account_id": "A", "is_key": True}])
    >>> accounts = pd.DataFrame({"account_id": ["A"], "manager_id": ["M1"]})
    >>> met = pd.DataFrame({"account_id": [], "manager_id": [], "date": pd.to_datetime([])})
    >>> managers = pd.DataFrame({"manager_id": ["M1", "M2"], "name": ["Ines", "Bo"]})
    >>> table = manager_dependence(months, keys, accounts, met, managers, as_of=day)
    >>> table[["manager_name", "profit_share", "exposed_profit"]].values.tolist()
    [['Ines', 0.9, 90.0], ['Bo', 0.1, 0.0]]
    """
    rows = manager_months[manager_months["month"].isin(trailing_months(as_of, 12))]
    if rows.empty:
        return shaped("manager_dependence", [])
    measure = "revenue" if rows["cost"].isna().any() else "gross margin"
    rows = rows.assign(
        manager_id=rows["manager_id"].fillna(UNASSIGNED),
        profit=rows["revenue"] - rows["cost"] if measure != "revenue" else rows["revenue"],
    )
    owned = _owned(rows, key_ids(key_accounts), accounts)
    since = as_of - pd.DateOffset(years=1)
    met = interactions[interactions["date"].gt(since) & interactions["date"].le(as_of)]
    alone = _alone(owned, met.dropna(subset=["manager_id"]), rows)
    owned = owned.assign(
        owned_profit=owned["profit"].clip(lower=0),
        exposed_profit=owned["profit"].clip(lower=0) * alone,
        sole_count=(alone.ge(sole_share) & owned["revenue"].gt(0)).astype("int64"),
    )
    own = ["owned_profit", "exposed_profit", "sole_count"]
    sums = owned[owned["manager_id"].ne(UNASSIGNED)].groupby("manager_id")[own].sum()
    earned = rows.groupby("manager_id")[["revenue", "profit"]].sum()
    table = earned.reindex(earned.index.union(sums.index)).join(sums).fillna(0.0)
    table = table.rename_axis("manager_id").reset_index()
    total, key_total = table["profit"].sum(), owned["owned_profit"].sum()
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


def _owned(rows: pd.DataFrame, keys: pd.Index, accounts: pd.DataFrame) -> pd.DataFrame:
    """Return each key account with its owner and its revenue and profit, by account id."""
    own = rows[rows["account_id"].isin(keys)]
    sums = own.groupby("account_id")[["revenue", "profit"]].sum()
    named = own[own["manager_id"].ne(UNASSIGNED)].sort_values(["account_id", "month", "revenue"])
    latest = named.drop_duplicates("account_id", keep="last").set_index("account_id")["manager_id"]
    recorded = by_id(accounts)["manager_id"].reindex(sums.index)
    owner = recorded.fillna(latest.reindex(sums.index)).fillna(UNASSIGNED)
    return sums.assign(manager_id=owner.astype("str"))


def _alone(owned: pd.DataFrame, met: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Return which share of each account's contact is its owner's, by account id."""
    sold = rows.assign(weight=rows["revenue"].clip(lower=0))
    shares = [_share(owned, met.assign(weight=1.0)), _share(owned, sold)]
    return shares[0].fillna(shares[1]).fillna(0.0)


def _share(owned: pd.DataFrame, contact: pd.DataFrame) -> pd.Series:
    """Return the owner's share of some contact, n/a where an account has none."""
    whole = contact.groupby("account_id")["weight"].sum().reindex(owned.index)
    is_hers = contact["manager_id"].eq(contact["account_id"].map(owned["manager_id"]))
    hers = contact[is_hers].groupby("account_id")["weight"].sum().reindex(owned.index)
    return hers.fillna(0.0) / whole.where(whole.gt(0))
