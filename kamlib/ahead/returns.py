"""What accounts return, what their care and status cost, and managers by potential."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.ahead.reach import BY, holders, in_reach
from kamlib.book import ProgrammeSettings
from kamlib.period.months import trailing_months
from kamlib.tables import shaped


def return_per_account(
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    programme_costs: pd.DataFrame,
    category_map: pd.DataFrame,
    year_ago_account_load: pd.DataFrame | None,
    *,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per key account: its margin less what its care costs; the least return first.

    Margin is revenue less cost and cost to serve, where that is known. The care is the hours that
    its planned rhythm asks for, at its manager's cost an hour (cost a month / hours a month; of the
    others where unknown), and an even share of the programme's cost of the 12 months. Where the
    book says that the cost to serve holds those hours (``service_holds_hours``), they are no part
    of the care of an account whose cost to serve is known: they are taken off once. *Narrow* is
    said where the care takes more than the account brings, in both years, and what is in reach
    would not pay for it: the programme there could be made smaller.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> set(q.return_per_account["verdict"]) <= {"", "narrow"}
    True
    """
    table = _returned(account_load, managers, programme_costs, as_of, programme)
    before: Any = pd.Series(dtype="float64")
    if year_ago_account_load is not None:
        then = as_of - pd.DateOffset(years=1)
        before = _returned(year_ago_account_load, managers, programme_costs, then, programme)
        before = before.set_index("account_id")["account_return"]
    reach = category_map.groupby("account_id")["need_in_reach"].sum(min_count=1)
    for name, found in {"year_ago_return": before, "need_in_reach": reach}.items():
        table[name] = found.reindex(table["account_id"]).to_numpy(dtype="float64")
    rate = (table["margin"] / table["revenue"]).where(table["revenue"] > 0).clip(0, 1)
    pays = table["need_in_reach"].fillna(0.0) * rate.fillna(0.0) > table["care_cost"]
    is_low = table["account_return"].lt(0) & table["year_ago_return"].lt(0)
    table["verdict"] = np.where(is_low & ~pays, "narrow", "")
    by = ["account_return", "account_id"]
    return shaped("return_per_account", table.sort_values(by, kind="stable", na_position="last"))


def _returned(
    load: pd.DataFrame,
    managers: pd.DataFrame,
    costs: pd.DataFrame,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings,
) -> pd.DataFrame:
    served = load["gross_margin"] - load["margin"]
    table = load[["account_id", "name", "manager_name", "revenue", "margin"]].join(
        _care(
            12 * load["hours"],
            load["manager_id"],
            managers,
            costs,
            len(load),
            as_of,
            is_in_margin=served.gt(0) & programme.service_holds_hours,
        )
    )
    return table.assign(cost_to_serve=served, account_return=table["margin"] - table["care_cost"])


def _care(
    hours: pd.Series,
    manager_id: pd.Series,
    managers: pd.DataFrame,
    costs: pd.DataFrame,
    many: int,
    as_of: pd.Timestamp,
    is_in_margin: pd.Series | None = None,
) -> pd.DataFrame:
    """Return what the care of accounts costs a year: hours at their cost, share of the programme.

    A manager whose cost is not known costs what the others do; what nobody's cost is known of is
    left out, and all of it is n/a where nothing is known. Hours that the margin holds cost nothing
    more.
    """
    year = costs[costs["month"].le(as_of) & costs["month"].gt(as_of - pd.DateOffset(months=12))]
    hours_cost = hours * hourly(manager_id, managers)
    if is_in_margin is not None:
        hours_cost = hours_cost.mask(is_in_margin & hours_cost.notna(), 0.0)
    programme = pd.Series(year["cost"].sum(min_count=1) / max(many, 1), index=hours.index)
    return pd.DataFrame(
        {
            "hours_a_year": hours,
            "hours_cost": hours_cost,
            "programme_cost": programme,
            "care_cost": hours_cost.add(programme, fill_value=0.0),
        }
    )


def hourly(manager_id: pd.Series, managers: pd.DataFrame) -> pd.Series:
    """Return what an hour of each manager costs; of one whose cost is not known, as of the others.

    >>> people = pd.DataFrame({"manager_id": ["M"], "cost_per_month": [900.0],
    ...     "hours_per_month": [90.0]})
    >>> hourly(pd.Series(["M", "N"]), people).tolist()
    [10.0, 10.0]
    """
    known = managers.drop_duplicates("manager_id").set_index("manager_id")
    rate = known["cost_per_month"] / known["hours_per_month"].where(known["hours_per_month"] > 0)
    own = pd.Series(rate.reindex(manager_id).to_numpy(dtype="float64"), index=manager_id.index)
    return own.fillna(rate.median())


def status_offers(
    tier_decisions: pd.DataFrame,
    accounts: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    needs: pd.DataFrame,
    competitors: pd.DataFrame,
    managers: pd.DataFrame,
    programme_costs: pd.DataFrame,
    account_load: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per candidate: what key-account status would cost, and what it could bring.

    Candidates are the accounts proposed for promotion or named as candidates that are not key.
    Status costs the hours that the account's rhythm asks for, at its manager's cost an hour, and an
    even share of the programme's cost, one account more among the key accounts. It could bring the
    gross margin, at the account's own rate of 12 months, on what its needs leave in reach; with no
    need on record that is n/a. ``held_by`` names who holds what is in reach: the rivals that the
    status is an offer against. ``offer_worth`` is what it could bring less what it costs.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> table = q.status_offers
    >>> (table["could_bring"] - table["care_cost"]).equals(table["offer_worth"])
    True
    """
    own = tier_decisions[tier_decisions["proposal"].isin(["promote", "candidate"])]
    own = own[~own["is_key"].eq(True)][["account_id", "name", "proposal", "owner"]]
    own = own.reset_index(drop=True)
    ids = own["account_id"]
    every = contact_rhythms.set_index("account_id")["contact_every_days"].reindex(ids)
    hours = 365.25 / every * programme.hours_per_contact + 12 * programme.hours_per_account
    manager = accounts.set_index("account_id")["manager_id"].reindex(ids)
    table = own.join(
        _care(
            hours.reset_index(drop=True),
            manager.reset_index(drop=True),
            managers,
            programme_costs,
            len(account_load) + 1,
            as_of,
        )
    )
    year = account_months[account_months["month"].isin(trailing_months(as_of, 12))]
    sums = year.groupby("account_id")[["revenue", "cost"]].sum()
    unknown = year.loc[year["cost"].isna(), "account_id"]
    sums["cost"] = sums["cost"].mask(sums.index.isin(unknown))
    rate = (1 - sums["cost"] / sums["revenue"].where(sums["revenue"] > 0)).clip(0, 1)
    reach = in_reach(needs, category_months, as_of)["need_in_reach"]
    held = holders(needs, competitors).merge(reach[reach > 0].reset_index(), on=BY)
    for column, found in {
        "revenue": sums["revenue"],
        "gross_margin_rate": rate,
        "need_in_reach": reach.groupby("account_id").sum(min_count=1),
    }.items():
        table[column] = found.reindex(ids).to_numpy(dtype="float64")
    said = held.groupby("account_id")["competitor"].agg(lambda own: ", ".join(own.unique()))
    table["held_by"] = said.reindex(ids).astype("str").to_numpy()
    table["could_bring"] = table["need_in_reach"] * table["gross_margin_rate"]
    table["offer_worth"] = table["could_bring"] - table["care_cost"]
    by = ["offer_worth", "account_id"]
    table = table.sort_values(by, ascending=[False, True], kind="stable", na_position="last")
    return shaped("status_offers", table)


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
