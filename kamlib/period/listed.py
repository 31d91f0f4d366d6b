"""Who the accounts are as of a day: as listed, else as their latest orders say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kamlib.period.served import booked_costs
from kamlib.tables import catalogue


def accounts_as_of(
    listed: pd.DataFrame,
    tiers: pd.DataFrame,
    managers: pd.DataFrame,
    service_costs: pd.DataFrame,
    facts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per account that is listed or has an order: who it is as of a day.

    Where an account has no yearly cost to serve, it is what was booked over the 12 months.
    """
    frame = listed.merge(facts, on="account_id", how="outer", suffixes=("", "_latest"))
    frame["is_listed"] = frame["account_id"].isin(listed["account_id"])
    for name in ("manager_id", "region"):
        frame[name] = frame[name].fillna(frame[f"{name}_latest"])
    frame["name"] = frame["name"].fillna(frame["account_id"])
    booked = booked_costs(service_costs, as_of, 12).groupby("account_id")["cost"].sum()
    frame["cost_to_serve"] = frame["cost_to_serve"].fillna(frame["account_id"].map(booked))
    frame = frame.astype({"manager_id": "str", "region": "str", "name": "str"})
    names = managers.dropna(subset=["name"]).set_index("manager_id")["name"]
    frame["manager_name"] = frame["manager_id"].map(names).astype("str").fillna(frame["manager_id"])
    if not tiers.empty:
        current = tiers[tiers["end_date"].isna() | tiers["end_date"].ge(as_of)].sort_values(
            "start_date"
        )
        frame["tier"] = frame["account_id"].map(
            current.drop_duplicates("account_id", keep="last").set_index("account_id")["tier"]
        )
    parents = frame.dropna(subset=["parent_id"]).set_index("account_id")["parent_id"].to_dict()
    frame["group_id"] = [_head(account, parents) for account in frame["account_id"]]
    frame["group_name"] = (
        frame["group_id"]
        .map(frame.set_index("account_id")["name"])
        .astype("str")
        .fillna(frame["group_id"])
    )
    columns = list(catalogue().tables["accounts"].columns)
    text = ["group_id", "group_name", "manager_name", "tier", "manager_id", "region", "name"]
    return (
        frame[columns]
        .astype(dict.fromkeys(text, "str"))
        .sort_values("account_id")
        .reset_index(drop=True)
    )


def told_apart(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return accounts with their id behind a name that several of them have; those named alike
    could not be told apart on any page.

    >>> named = pd.DataFrame({"account_id": ["A1", "A2", "B"], "name": ["Ann", "Ann", "Bo"]})
    >>> named = named.assign(group_id=["A1", "A2", "A2"], group_name=["Ann", "Ann", "Ann"])
    >>> told_apart(named)[["name", "group_name"]].values.tolist()
    [['Ann (A1)', 'Ann (A1)'], ['Ann (A2)', 'Ann (A2)'], ['Bo', 'Ann (A2)']]
    """
    is_twin = accounts["name"].duplicated(keep=False)
    if not is_twin.any():
        return accounts
    name = accounts["name"].mask(is_twin, accounts["name"] + " (" + accounts["account_id"] + ")")
    heads = name[is_twin].set_axis(accounts.loc[is_twin, "account_id"])
    group = accounts["group_id"].map(heads).astype("str").fillna(accounts["group_name"])
    return accounts.assign(name=name, group_name=group)


def _head(account: str, parents: Mapping[Any, str]) -> str:
    while account in parents:
        account = parents[account]
    return account
