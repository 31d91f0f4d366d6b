"""What is said of deals, of the map of accounts and categories, and of the return of accounts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.groups import NOT_RECORDED
from kamlib.story.gaps import absent_tables
from kamlib.story.keys import called, several
from kamlib.story.statements import Said
from kamlib.words import FEW, count, listed, money, number, phrase, plural, rate, say

MOST_ACCOUNTS = 20
"""Accounts drawn in the map."""


def table_open_deals(
    open_deals: pd.DataFrame, *, present: frozenset[str], book: BookSettings
) -> Said:
    """Say how many deals are open, and how many have slipped."""
    if "opportunities" not in present:
        return Said(say("Open deals by stage and age: the table opportunities would bring them"))
    many, late = (int(open_deals[name].sum()) for name in ("open_deal_count", "slipped_count"))
    if not many:
        return Said(say("No deal is open"))
    worth = money(open_deals["deal_value"].sum(), book)
    blank = int(open_deals["no_value_count"].sum())
    without = say("; {blank} without a value", blank=number(blank, book)) if blank else ""
    return Said(
        say(
            "{deals} worth {worth}, {late} of them slipped",
            deals=count(many, "open deal", source=book),
            worth=worth,
            late=number(late, book),
        ),
        say(
            "By stage and age; slipped: the day expected for the decision has passed{without}",
            without=without,
        ),
    )


def table_win_rates(
    win_rates: pd.DataFrame, *, present: frozenset[str], book: BookSettings
) -> Said:
    """Say how many deals were won, and against whom most was lost."""
    if "opportunities" not in present:
        return Said(say("Win rates: the table opportunities would tell what was won and lost"))
    whole = win_rates[win_rates["dimension"].eq("all")]
    if whole.empty:
        return Said(say("No deal was decided in the last two years"))
    closed, won = int(whole["closed_deal_count"].iloc[0]), int(whole["won_deal_count"].iloc[0])
    rivals = win_rates[win_rates["dimension"].eq("competitor") & win_rates["lost_value"].gt(0)]
    rivals = rivals[rivals["group"].ne(NOT_RECORDED)]
    most = ""
    if len(rivals):
        most = say("; most was lost to {group}, ", group=rivals["group"].iloc[0])
        most += money(rivals["lost_value"].iloc[0], book)
    told = rate(won, closed, book) if closed >= FEW else number(won, book) if won else say("none")
    return Said(
        say(
            "{won} of {deals} won{most}",
            won=told,
            deals=count(closed, "deal", source=book),
            most=most,
        ),
        say("Closed in the last two years; by rival, manager, category, size and recorded reason"),
    )


def chart_category_map(
    category_map: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say where the most is in reach."""
    known = category_map[category_map["need_in_reach"].gt(0)]
    title = say(
        "Which categories {keys} buy, and which they once bought",
        keys=several(called(key_accounts)),
    )
    if len(known):
        most: Any = known.iloc[int(known["need_in_reach"].argmax())]
        title = say(
            "{need_in_reach} a year in reach; the most at {name}, {category}: {most_need_in_reach}",
            need_in_reach=money(known["need_in_reach"].sum(), book),
            name=most["name"],
            category=most["category"],
            most_need_in_reach=money(most["need_in_reach"], book),
        )
    if category_map.empty:
        title = say("The map of accounts and categories needs orders.category")
    return Said(
        title,
        say(
            "Dark: bought in the 12 months; ring: once bought; orange: a need is known; dot: "
            "peers buy it; a cross: a rival is named"
        ),
        say(
            "Map of {keys} by category; the table has what each cell means",
            keys=several(called(key_accounts)),
        ),
    )


def table_category_map(category_map: pd.DataFrame, key_accounts: pd.DataFrame) -> Said:
    """Return what the map is of."""
    if category_map.empty:
        return Said(say("The map of accounts and categories needs orders.category"))
    return Said(
        say(
            "{accounts} by category",
            accounts=count(category_map["account_id"].nunique(), called(key_accounts)),
        ),
        say("In reach: annual spend × attainable share × probability, less what is bought"),
    )


_ADDS = {
    "needs": phrase("what they spend and what is in reach"),
    "competitors": phrase("which rival holds what"),
}


def gap_category_map(
    category_map: pd.DataFrame, accounts: pd.DataFrame, *, present: frozenset[str]
) -> str:
    """Say in one line what the map lacks, and what would bring it."""
    if category_map.empty:
        return ""
    absent = absent_tables(_ADDS, present)
    if accounts["industry"].isna().all():
        absent.append(say("what their industry buys (accounts.industry)"))
    if not absent:
        return ""
    return say("Not in the map, as the book has none: {absent}.", absent="; ".join(absent))


def table_rivals(rivals: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say which rival holds the most, and at how many accounts."""
    how = say(
        "Spend: of those accounts in those categories, with everybody; deals: of two years, at all "
        "accounts"
    )
    if rivals.empty:
        bare = say(
            "No rival is named at any {key}: the table competitors would name them by category",
            key=say(called(key_accounts)),
        )
        return Said(bare, how)
    first: Any = rivals.iloc[0]
    spend = money(first["held_spend"], book)
    worth = say(", where {spend} a year is spent", spend=spend) if first["held_spend"] > 0 else ""
    return Said(
        say(
            "{rivals} named at {keys}; {name} at {accounts}{worth}",
            rivals=count(len(rivals), "rival", source=book),
            keys=several(called(key_accounts)),
            name=first["competitor"],
            accounts=count(first["account_count"], "account", source=book),
            worth=worth,
        ),
        how,
    )


def table_return_per_account(
    return_per_account: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say which accounts cost more than they bring, and which to narrow."""
    narrow = return_per_account[return_per_account["verdict"].eq("narrow")]
    less = int(return_per_account["account_return"].lt(0).sum())
    title = say(
        "{less} of {accounts} ",
        less=number(less, book),
        accounts=count(len(return_per_account), called(key_accounts), source=book),
    )
    title += say(
        "{cost} more than {bring}",
        cost=plural(less, "costs", "cost"),
        bring=plural(less, "it brings", "they bring"),
    )
    if not return_per_account["account_return"].notna().any():
        title = say(
            "The return of accounts needs managers.cost_per_month or the table programme_costs"
        )
        if return_per_account["margin"].isna().all():
            title = say(
                "The return of accounts needs orders.cost, and managers.cost_per_month or the "
                "table programme_costs"
            )
    elif not less:
        title = say("Every {key} brings more than its care costs", key=say(called(key_accounts)))
    if len(narrow):
        title += say("; narrow the programme at {name}", name=listed(narrow["name"]))
    how = say("Margin less hours at their cost and an even share of the programme; 12 months")
    if return_per_account["cost_to_serve"].gt(0).any():
        holds = say("; margin is after the cost to serve, which holds the hours: they count once")
        may_hold = say(
            "; margin is after the cost to serve: if that holds the hours, say service_holds_hours "
            "under [programme] in book.toml"
        )
        how += holds if book.programme.service_holds_hours else may_hold
    return Said(title, how)


def table_status_offers(status_offers: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say for how many candidates key-account status would pay for itself."""
    how = say(
        "A year: the planned hours and a share of the programme, against margin on what is in reach"
    )
    if status_offers.empty:
        return Said(say("No candidate: status is offered to nobody"), how)
    pays = status_offers[status_offers["offer_worth"].gt(0)]
    many = count(len(status_offers), "candidate", source=book)
    if status_offers["could_bring"].isna().all():
        return Said(
            say("What status could bring {many}: the table needs would tell", many=many), how
        )
    if status_offers["care_cost"].isna().all():
        return Said(
            say(
                "What status costs at {many}: managers.cost_per_month or the table "
                "programme_costs would tell",
                many=many,
            ),
            how,
        )
    title = say(
        "Key-account status would pay for itself at {pays} of {many}",
        pays=number(len(pays), book),
        many=many,
    )
    return Said(f"{title}: {listed(pays['name'])}" if len(pays) else title, how)


def table_service_creep(
    service_creep: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say where serving an account takes more and more."""
    how = say(
        "Contacts, order days, credits, requests and booked costs per 10,000 of revenue, in each "
        "of three years; more beyond chance, costs in both years"
    )
    crept = service_creep[service_creep["is_creeping"]]
    if service_creep.empty:
        return Said(
            say(
                "What serving takes over time needs orders, interactions or service_costs of "
                "three years"
            ),
            how,
        )
    if crept.empty:
        key = called(key_accounts)
        return Said(say("At no {key} does service creep up against revenue", key=say(key)), how)
    where, cost = crept["account_id"].nunique(), _crept_cost(crept)
    many = count(where, called(key_accounts), source=book)
    worth = say(", {cost} a year", cost=money(cost, book)) if cost > 0 else ""
    return Said(
        say(
            "Service creeps up at {many}{worth}: {crept}",
            many=many,
            worth=worth,
            crept=_crept(crept),
        ),
        how,
    )


def _crept_cost(crept: pd.DataFrame) -> float:
    """Return what creeping service costs in a year: as booked, which holds the rest, else that."""
    is_booked = crept["service"].eq("costs")
    booked = set(crept.loc[is_booked, "account_id"])
    return float(crept.loc[is_booked | ~crept["account_id"].isin(booked), "crept_cost"].sum())


def _crept(crept: pd.DataFrame) -> str:
    """Name the accounts, each with what it takes more of."""
    of_account = crept.groupby("name", sort=False)["service"].agg(
        lambda kinds: listed([say(kind) for kind in kinds])
    )
    return listed([f"{name} ({what})" for name, what in of_account.items()])


def table_manager_potential(manager_potential: pd.DataFrame) -> Said:
    """Say whether the largest patch is also the best used one."""
    known = manager_potential.dropna(subset=["potential_share"])
    how = say("Only accounts with a need on record are compared")
    if known.empty:
        return Said(
            say("Managers by potential: the table needs would tell what accounts could bring"), how
        )
    first, best = known.sort_values("rank_by_revenue").iloc[0], known.iloc[0]
    if first["manager_name"] == best["manager_name"]:
        return Said(
            say(
                "{manager_name} has the most revenue and the most of what is there",
                manager_name=best["manager_name"],
            ),
            how,
        )
    return Said(
        say(
            "{manager_name} has the most revenue, {best_manager_name} the most of what the "
            "accounts could bring",
            manager_name=first["manager_name"],
            best_manager_name=best["manager_name"],
        ),
        how,
    )
