"""What is said of deals, of the map of accounts and categories, and of the return of accounts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.words import count, listed, money, number, plural, rate

MOST_ACCOUNTS = 20
"""Accounts drawn in the map."""


def table_open_deals(open_deals: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how many deals are open, and how many have slipped."""
    many, late = (int(open_deals[name].sum()) for name in ("open_deal_count", "slipped_count"))
    if not many:
        return Said("No deal is open")
    worth = money(open_deals["deal_value"].sum(), book)
    blank = int(open_deals["no_value_count"].sum())
    without = f"; {number(blank, book)} without a value" if blank else ""
    return Said(
        f"{count(many, 'open deal', source=book)} worth {worth}, {number(late, book)} of them "
        "slipped",
        f"By stage and age; slipped: the day expected for the decision has passed{without}",
    )


def table_win_rates(win_rates: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how many deals were won, and against whom most was lost."""
    whole = win_rates[win_rates["dimension"].eq("all")]
    if whole.empty:
        return Said("No deal was decided in the last two years")
    closed, won = int(whole["closed_deal_count"].iloc[0]), int(whole["won_deal_count"].iloc[0])
    rivals = win_rates[win_rates["dimension"].eq("competitor") & win_rates["lost_value"].gt(0)]
    rivals = rivals[rivals["group"].ne("not recorded")]
    most = ""
    if len(rivals):
        most = f"; most was lost to {rivals['group'].iloc[0]}, "
        most += money(rivals["lost_value"].iloc[0], book)
    return Said(
        f"{rate(won, closed, book)} of {count(closed, 'deal', source=book)} won{most}",
        "Closed in the last two years; by rival, manager, category, size and recorded reason",
    )


def chart_category_map(category_map: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say where the most is in reach."""
    known = category_map[category_map["need_in_reach"].gt(0)]
    title = "Which categories key accounts buy, and which they once bought"
    if len(known):
        most: Any = known.iloc[int(known["need_in_reach"].argmax())]
        title = (
            f"{money(known['need_in_reach'].sum(), book)} a year in reach; the most at "
            f"{most['name']}, {most['category']}: {money(most['need_in_reach'], book)}"
        )
    if category_map.empty:
        title = "The map of accounts and categories needs orders.category and key accounts"
    return Said(
        title,
        "Dark: bought in the 12 months; ring: once bought; orange: a need is known; dot: peers buy "
        "it; a cross: a rival is named",
        "Map of key accounts by category; the table has what each cell means",
    )


def table_category_map(category_map: pd.DataFrame) -> Said:
    """Return what the map is of."""
    return Said(
        f"{count(category_map['account_id'].nunique(), 'key account')} by category",
        "In reach: annual spend × attainable share × probability, less what is bought",
    )


def table_return_per_account(return_per_account: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say which accounts cost more than they bring, and which to narrow."""
    narrow = return_per_account[return_per_account["verdict"].eq("narrow")]
    less = int(return_per_account["account_return"].lt(0).sum())
    title = f"{number(less, book)} of {count(len(return_per_account), 'key account', source=book)} "
    title += f"{plural(less, 'costs', 'cost')} more than {plural(less, 'it brings', 'they bring')}"
    if not return_per_account["account_return"].notna().any():
        title = "The return of accounts needs orders.cost and managers.cost_per_month"
    elif not less:
        title = "Every key account brings more than its care costs"
    if len(narrow):
        title += f"; narrow the programme at {listed(narrow['name'])}"
    return Said(
        title, "Margin less hours at their cost and an even share of the programme; 12 months"
    )


def table_status_offers(status_offers: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say for how many candidates key-account status would pay for itself."""
    how = (
        "A year: the planned hours and a share of the programme, against margin on what is in reach"
    )
    if status_offers.empty:
        return Said("No candidate: status is offered to nobody", how)
    pays = status_offers[status_offers["offer_worth"].gt(0)]
    many = count(len(status_offers), "candidate", source=book)
    if status_offers["could_bring"].isna().all():
        return Said(f"What status could bring {many}: the table needs would tell", how)
    title = f"Key-account status would pay for itself at {number(len(pays), book)} of {many}"
    return Said(f"{title}: {listed(pays['name'])}" if len(pays) else title, how)


def table_service_creep(service_creep: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say where serving an account takes more and more."""
    how = (
        "Contacts, order days, credits and requests per 10,000 of revenue, in each of three years; "
        "more beyond chance"
    )
    crept = service_creep[service_creep["is_creeping"]]
    if service_creep.empty:
        return Said("What serving takes over time needs orders or interactions of three years", how)
    if crept.empty:
        return Said("At no key account does service creep up against revenue", how)
    where, cost = crept["account_id"].nunique(), crept["crept_cost"].sum()
    many = count(where, "key account", source=book)
    worth = f", {money(cost, book)} a year" if cost > 0 else ""
    return Said(f"Service creeps up at {many}{worth}: {_crept(crept)}", how)


def _crept(crept: pd.DataFrame) -> str:
    """Name the accounts, each with what it takes more of."""
    of_account = crept.groupby("name", sort=False)["service"].agg(listed)
    return listed([f"{name} ({what})" for name, what in of_account.items()])


def table_manager_potential(manager_potential: pd.DataFrame) -> Said:
    """Say whether the largest patch is also the best used one."""
    known = manager_potential.dropna(subset=["potential_share"])
    how = "Only accounts with a need on record are compared"
    if known.empty:
        return Said(
            "Managers by potential: the table needs would tell what accounts could bring", how
        )
    first, best = known.sort_values("rank_by_revenue").iloc[0], known.iloc[0]
    if first["manager_name"] == best["manager_name"]:
        return Said(
            f"{best['manager_name']} has the most revenue and the most of what is there", how
        )
    return Said(
        f"{first['manager_name']} has the most revenue, {best['manager_name']} the most of what "
        "the accounts could bring",
        how,
    )
