"""Stories of people and terms: a manager who leaves, a war of prices, bonuses, reporting lines."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.tables import typed

CUT, RATE = 0.25, 0.02
"""By how much prices fall in a price war; the bonus of an agreement as a share of revenue."""


def leaving_manager(planted: Any) -> None:
    """A manager leaves nine months before the end; two of the accounts stop buying soon after."""
    orders, accounts = planted.orders.copy(), planted.tables["accounts"].copy()
    day = planted.end - pd.DateOffset(months=9)
    left, follow = planted.buyer(is_key=True), planted.buyer()
    manager = accounts.set_index("account_id")["manager_id"][left]
    heir = sorted(set(accounts["manager_id"].dropna()) - {manager})[0]
    gone = orders["account_id"].isin([left, follow])
    orders = orders[~(gone & orders["order_date"].gt(day + pd.Timedelta(days=45)))]
    for name, when in (("orders", "order_date"), ("interactions", "date")):
        table = orders if name == "orders" else planted.tables[name].copy()
        after = table[when].gt(day)
        table.loc[table["account_id"].eq(follow) & ~after, "manager_id"] = manager
        table.loc[table["manager_id"].eq(manager) & after, "manager_id"] = heir
        planted.tables[name] = table.reset_index(drop=True)
    accounts.loc[accounts["manager_id"].eq(manager) | accounts["account_id"].eq(follow),
        "manager_id"] = heir  # fmt: skip
    planted.tables["accounts"] = accounts
    last = orders.groupby("account_id")["order_date"].max()
    for account in (left, follow):
        planted.note("leaving_manager", account, last[account], None,
            f"last order; {manager} left on {day.date()}, {heir} took over")  # fmt: skip


def price_war(planted: Any) -> None:
    """A rival undercuts in one category: prices there fall within half a year, two accounts go."""
    orders, start = planted.orders.copy(), planted.end - pd.DateOffset(months=9)
    sums = orders.groupby("category")["revenue"].sum()
    category = str(sums.idxmax())
    mine = orders["category"].eq(category) & orders["order_date"].gt(start)
    part = ((orders["order_date"] - start).dt.days / 182).clip(0, 1)
    cut = (orders["revenue"] * (1 - CUT * part)).round(2)
    orders["revenue"] = orders["revenue"].where(~mine, cut)
    taken = {account for _, account, *_ in planted.facts}
    year = orders["order_date"].between(start - pd.DateOffset(years=1), start)
    past = orders[orders["category"].eq(category) & year & ~orders["account_id"].isin(taken)]
    gone = past.groupby("account_id")["revenue"].sum().nlargest(2).index.tolist()
    lost = mine & orders["account_id"].isin(gone)
    lost &= orders["order_date"].gt(start + pd.DateOffset(months=3))
    planted.tables["orders"] = orders[~lost].reset_index(drop=True)
    rival = pd.DataFrame({"account_id": gone, "competitor": "Norddrive", "category": category,
        "threat": 5.0})  # fmt: skip
    known = [planted.tables["competitors"], typed(rival, "competitors")]
    planted.tables["competitors"] = pd.concat(known, ignore_index=True)
    planted.note("price_war", "", start, CUT, f"prices of {category} fall by so much")
    for account in gone:
        planted.note("price_war", account, start + pd.DateOffset(months=3), None,
            f"buys no more {category}")  # fmt: skip


def bonuses(planted: Any) -> None:
    """Two agreements with a bonus: one account has all but reached it, the other is far away."""
    rows = []
    for number, factor in enumerate((1.05, 4.0)):
        account, name = planted.buyer(is_key=number == 0), f"B{number}"
        start = planted.end.normalize() - pd.DateOffset(months=11)
        own = planted.orders["account_id"].eq(account) & planted.orders["order_date"].ge(start)
        threshold = round(factor * float(planted.orders.loc[own, "revenue"].sum()), 2)
        rows.append((name, account, start, "revenue of the year", threshold, RATE))
        planted.note("bonuses", account, start, threshold, f"bonus threshold of agreement {name}")
    columns = ["agreement_id", "account_id", "start_date", "bonus_kind", "bonus_threshold",
        "bonus_rate"]  # fmt: skip
    made = typed(pd.DataFrame(rows, columns=columns).assign(kind="bonus"), "agreements")
    both = pd.concat([planted.tables["agreements"], made], ignore_index=True)
    planted.tables["agreements"] = typed(both, "agreements")


def reporting_lines(planted: Any) -> None:
    """At every account the people report to the one with the most influence."""
    people = planted.tables["contacts"].copy()
    ranked = people.sort_values(["influence", "contact_id"], ascending=[False, True])
    head = people["account_id"].map(ranked.groupby("account_id")["contact_id"].first())
    people["reports_to"] = head.where(head.ne(people["contact_id"]))
    planted.tables["contacts"] = people
    count = float(people["reports_to"].notna().sum())
    planted.note("reporting_lines", "", None, count, "people who report to somebody")


CHANGES = (leaving_manager, price_war, bonuses, reporting_lines)
