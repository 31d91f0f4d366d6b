"""What is in reach: account × category maps, the return of each account, managers by potential."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.tables import shaped

BOUGHT_BY = 0.40
MIN_PEERS = 5
MANY_HOURS = 1.0
"""Effort is high from so many times the median key account's on."""


def category_map(
    category_months: pd.DataFrame,
    needs: pd.DataFrame,
    competitors: pd.DataFrame,
    accounts: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per key account × category: bought, once bought, or held by whom; what is in reach.

    ``map_status`` is the first that holds: *bought* in the last 12 months; *once bought*; *need
    known* (table needs); *peers buy*: at least 40 % of at least five accounts of its industry that
    buy anything; *none*. ``held_by`` names the rivals recorded for the category there, else the
    supplier of the need. In reach is what the need leaves: annual spend × attainable share ×
    probability − what it bought, never below 0; an estimate of the need below what it buys is
    wrong, and leaves nothing. Lost accounts are left out.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")     # doctest: +SKIP
    >>> q.category_map["map_status"].isin(["bought", "peers buy"]).any()     # doctest: +SKIP
    True
    """
    keys = key_accounts.loc[key_accounts["is_key"].eq(True), "account_id"]
    gone = account_status.loc[account_status["status"].eq("lost"), "account_id"]
    ids = sorted(set(keys) - set(gone))
    year = category_months[category_months["month"].isin(trailing_months(as_of, 12))]
    sold = year.groupby(["account_id", "category"])["revenue"].sum()
    bought = year.pivot_table(
        index="account_id", columns="category", values="revenue", aggfunc="sum"
    )
    ever = category_months.groupby(["account_id", "category"])["revenue"].sum()
    names = sorted({*category_months["category"], *needs["category"].dropna()})
    grid = pd.MultiIndex.from_product([ids, names], names=["account_id", "category"])
    table = pd.DataFrame(index=grid).reset_index()
    table["revenue"] = sold.reindex(grid).fillna(0.0).to_numpy()
    once = ever.reindex(grid).fillna(0.0).to_numpy() > 0
    need = needs.drop_duplicates(["account_id", "category"]).set_index(["account_id", "category"])
    own = need.reindex(grid)
    spend = own["annual_spend"].to_numpy(dtype="float64")
    reach = spend * own["attainable_share"].fillna(1.0).to_numpy(dtype="float64")
    reach = reach * own["probability"].fillna(1.0).to_numpy(dtype="float64") - table["revenue"]
    is_wrong = table["revenue"].to_numpy() > spend
    rivals = competitors.dropna(subset=["category"]).groupby(["account_id", "category"])[
        "competitor"
    ]
    held = (
        rivals.agg(lambda own: ", ".join(dict.fromkeys(own))).reindex(grid)
        if len(competitors)
        else None
    )
    supplier = own["previous_supplier"].astype("str").to_numpy()
    held_by = pd.Series(supplier if held is None else held.astype("str").to_numpy(), dtype="str")
    peers = _peers_buy(bought, accounts, table)
    table = table.assign(
        map_status=np.select(
            [table["revenue"] > 0, once, ~np.isnan(spend), peers],
            ["bought", "once bought", "need known", "peers buy"],
            "none",
        ),
        annual_spend=spend,
        need_in_reach=np.where(is_wrong, 0.0, np.fmax(reach, 0.0)),
        held_by=held_by.fillna(pd.Series(supplier, dtype="str")).to_numpy(),
    )
    known = accounts.set_index("account_id")
    table["name"] = table["account_id"].map(known["name"])
    table["owner"] = table["account_id"].map(known["manager_name"])
    return shaped("category_map", table)


def _peers_buy(bought: pd.DataFrame, accounts: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """Return for each account × category whether enough of its industry buys it."""
    industry = accounts.set_index("account_id")["industry"].to_dict()
    of = pd.Series(bought.index, index=bought.index).map(industry)
    buys = bought.gt(0)
    share: Any = buys.groupby(of).mean()
    many = of.groupby(of).size()
    found = []
    for account, category in zip(table["account_id"], table["category"], strict=True):
        trade = industry.get(account)
        enough = many.get(trade, 0) >= MIN_PEERS and category in share
        found.append(bool(enough and share.loc[trade, category] >= BOUGHT_BY))
    return np.array(found, dtype=bool)


def return_per_account(
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    programme_costs: pd.DataFrame,
    category_map: pd.DataFrame,
    year_ago_account_load: pd.DataFrame | None,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per key account: its gross margin less what its care costs; the least return first.

    The care is the hours that its planned rhythm asks for, at its manager's cost an hour (cost a
    month / hours a month; of the others where unknown), and an even share of the programme's cost
    of the 12 months. *Narrow* is said where the care takes more than the account brings, in both
    years, and what is in reach would not pay for it: the programme there could be made smaller.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")     # doctest: +SKIP
    >>> set(q.return_per_account["verdict"]) <= {"", "narrow"}    # doctest: +SKIP
    True
    """
    table = _returned(account_load, managers, programme_costs, as_of)
    before = pd.Series(dtype="float64")
    if year_ago_account_load is not None:
        then = as_of - pd.DateOffset(years=1)
        before = _returned(year_ago_account_load, managers, programme_costs, then).set_index(
            "account_id"
        )["account_return"]
    reach = category_map.groupby("account_id")["need_in_reach"].sum(min_count=1)
    for name, found in {"year_ago_return": before, "need_in_reach": reach}.items():
        table[name] = found.reindex(table["account_id"]).to_numpy(dtype="float64")
    rate = (table["gross_margin"] / table["revenue"]).where(table["revenue"] > 0).clip(0, 1)
    pays = table["need_in_reach"].fillna(0.0) * rate.fillna(0.0) > table["care_cost"]
    is_low = table["account_return"].lt(0) & table["year_ago_return"].lt(0)
    table["verdict"] = np.where(is_low & ~pays, "narrow", "")
    by = ["account_return", "account_id"]
    return shaped("return_per_account", table.sort_values(by, kind="stable", na_position="last"))


def _returned(
    load: pd.DataFrame, managers: pd.DataFrame, costs: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    hourly = managers.set_index("manager_id")
    rate = hourly["cost_per_month"] / hourly["hours_per_month"].where(hourly["hours_per_month"] > 0)
    year = costs[costs["month"].le(as_of) & costs["month"].gt(as_of - pd.DateOffset(months=12))]
    table = load[["account_id", "name", "manager_name", "revenue", "gross_margin"]].assign(
        hours_a_year=12 * load["hours"]
    )
    own = pd.Series(rate.reindex(load["manager_id"]).to_numpy(), index=load.index)
    table["hours_cost"] = table["hours_a_year"] * own.fillna(rate.median())
    table["programme_cost"] = year["cost"].sum() / max(len(load), 1)
    table["care_cost"] = table["hours_cost"].fillna(0.0) + table["programme_cost"]
    table["account_return"] = table["gross_margin"] - table["care_cost"]
    return table


def manager_potential(
    accounts: pd.DataFrame,
    account_status: pd.DataFrame,
    needs: pd.DataFrame,
) -> pd.DataFrame:
    """One row per manager: revenue of the accounts held, beside what those accounts could bring.

    The potential of an account is what its needs say: annual spend × attainable share, and never
    less than it buys. Only accounts with a need on record are compared, so that a good patch is not
    taken for a good manager; ``compared_count`` says how many they are.

    Examples
    --------
    >>> people = shaped("accounts", {"account_id": ["A", "B"], "manager_name": "Ines"})
    >>> status = shaped("account_status", {"account_id": ["A", "B"], "revenue": [40.0, 9.0]})
    >>> needs = pd.DataFrame({"account_id": ["A"], "annual_spend": [100.0],
    ...     "attainable_share": [0.8]})
    >>> table = manager_potential(people, status, needs)
    >>> table[["revenue", "compared_revenue", "potential", "potential_share"]].values.tolist()
    [[49.0, 40.0, 80.0, 0.5]]
    """
    spend = needs["annual_spend"] * needs["attainable_share"].fillna(1.0)
    could = spend.groupby(needs["account_id"]).sum()
    table = account_status[["account_id", "revenue"]].copy()
    owner = accounts.set_index("account_id")["manager_name"]
    table["manager_name"] = owner.reindex(table["account_id"]).to_numpy()
    of_accounts = could.reindex(table["account_id"]).to_numpy()
    potential = pd.Series(of_accounts, index=table.index)
    revenue = table["revenue"].fillna(0.0)
    is_known = potential.notna()
    table = table.assign(
        revenue=revenue,
        compared_revenue=revenue.where(is_known, 0.0),
        potential=potential.combine(revenue, np.fmax).where(is_known, 0.0),
        is_known=is_known,
    )
    sums = (
        table.dropna(subset=["manager_name"])
        .groupby("manager_name", as_index=False)
        .agg(
            account_count=("account_id", "size"),
            revenue=("revenue", "sum"),
            compared_count=("is_known", "sum"),
            compared_revenue=("compared_revenue", "sum"),
            potential=("potential", "sum"),
        )
    )
    sums["potential_share"] = sums["compared_revenue"] / sums["potential"].where(
        sums["potential"] > 0
    )
    sums["rank_by_revenue"] = sums["revenue"].rank(ascending=False, method="min")
    sums["rank_by_potential"] = sums["potential_share"].rank(ascending=False, method="min")
    by = ["potential_share", "manager_name"]
    return shaped("manager_potential", sums.sort_values(by, ascending=[False, True], kind="stable"))
