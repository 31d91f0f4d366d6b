"""Stories of what falls while it still buys, of prices, effort and voices; each with its truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.tables import typed

REGULAR_MONTHS, ORDER_DAYS = 18, 6
EROSION = 0.08
"""By how much the prices of an account slide in two years."""
CREEP = 1.5
"""Times the year before that serving an account costs, two years running."""


def lost_category(planted: Any) -> None:
    """A rival takes a category at three accounts that keep ordering everything else."""
    orders, loss = planted.orders, planted.end - pd.offsets.MonthEnd(6)
    taken = {account for _, account, *_ in planted.facts}
    free = orders[~orders["account_id"].isin(taken)]
    for account, category in regular_cells(free, loss, planted.rng, 3):
        own = orders["account_id"].eq(account) & orders["category"].eq(category)
        gone = own & orders["order_date"].gt(loss)
        year = own & orders["order_date"].between(loss - pd.DateOffset(months=12), loss)
        worth = round(float(orders.loc[year, "revenue"].sum()), 2)
        orders = orders[~gone]
        rival = pd.DataFrame({"account_id": [account], "competitor": ["Norddrive"],
            "category": [category], "threat": [5.0]})  # fmt: skip
        known = [planted.tables["competitors"], typed(rival, "competitors")]
        planted.tables["competitors"] = pd.concat(known, ignore_index=True)
        planted.note("lost_category", account, loss, worth, f"{category}, lost to Norddrive")
    planted.tables["orders"] = orders.reset_index(drop=True)


def regular_cells(
    orders: pd.DataFrame, loss: pd.Timestamp, rng: np.random.Generator, many: int
) -> list[tuple[str, str]]:
    """Return accounts and categories with a habit, at accounts that go on ordering, at random.

    The category was bought in 18 of the 24 months before the loss and on six days a quarter the
    account bought something else after it.
    """
    sold = orders[orders["revenue"].gt(0)]
    month = sold["order_date"].dt.to_period("M")
    past = sold[sold["order_date"].between(loss - pd.DateOffset(months=24), loss)]
    months = past.groupby(["account_id", "category"])["order_date"].agg(
        lambda days: days.dt.to_period("M").nunique()
    )
    later = sold[sold["order_date"].gt(loss) & month.le(loss.to_period("M") + 6)]
    days = later.groupby(["account_id", later["order_date"].dt.quarter])["order_date"].nunique()
    counts = days.groupby("account_id")
    goes_on = counts.min()[counts.min().ge(ORDER_DAYS) & counts.size().ge(2)].index
    regular: list[Any] = list(months[months.ge(REGULAR_MONTHS)].index)
    cells = [cell for cell in regular if cell[0] in goes_on]
    taken: dict[str, tuple[str, str]] = {}
    for place in rng.permutation(len(cells)):
        taken.setdefault(cells[place][0], cells[place])
    return list(taken.values())[:many]


def price_erosion(planted: Any) -> None:
    """An account pays a little less every month, for two years."""
    account = planted.buyer()
    orders = planted.orders.copy()
    start = planted.end - pd.DateOffset(months=24)
    own = orders["account_id"].eq(account) & orders["order_date"].gt(start)
    part = (orders["order_date"] - start).dt.days / (planted.end - start).days
    orders.loc[own, "revenue"] = (orders["revenue"] * (1 - EROSION * part))[own].round(2)
    planted.tables["orders"] = orders
    planted.note("price_erosion", account, start, EROSION, "prices slide by so much in two years")


def narrow_account(planted: Any) -> None:
    """A key account that has bought little for three years and needs no more."""
    account = planted.buyer(is_key=True)
    orders = planted.orders.copy()
    start = planted.end - pd.DateOffset(months=36)
    own = orders["account_id"].eq(account) & orders["order_date"].gt(start)
    for column in ("revenue", "cost"):
        orders.loc[own, column] = (orders.loc[own, column] * 0.1).round(2)
    needs = planted.tables["needs"]
    planted.tables["orders"] = orders
    planted.tables["needs"] = needs[needs["account_id"].ne(account)].reset_index(drop=True)
    planted.note("narrow_account", account, start, 0.1, "revenue left, as a share")


def good_patch(planted: Any) -> None:
    """The manager with the most revenue uses little of what the accounts could bring."""
    accounts, needs = planted.tables["accounts"], planted.tables["needs"].copy()
    owner = accounts.set_index("account_id")["manager_id"]
    sold = planted.orders.groupby("account_id")["revenue"].sum()
    manager = str(sold.groupby(owner.reindex(sold.index)).sum().idxmax())
    own = needs["account_id"].map(owner).eq(manager)
    needs.loc[own, "annual_spend"] = (needs.loc[own, "annual_spend"] * 4).round(2)
    planted.tables["needs"] = needs
    planted.note(
        "good_patch", "", None, 4.0, f"accounts of {manager} could bring so many times more"
    )


def ignored_feedback(planted: Any) -> None:
    """An account that left had asked for the same thing three times, and nobody had answered."""
    last = planted.orders.groupby("account_id")["order_date"].max()
    gone = last[
        last.between(planted.end - pd.DateOffset(months=24), planted.end - pd.DateOffset(months=6))
    ]
    account = str(planted.rng.choice(sorted(gone.index)))
    days = [gone[account] - pd.Timedelta(days=day) for day in (80, 45, 12)]
    rows = pd.DataFrame({"account_id": account, "date": days, "topic": "delivery time",
        "asked": "shorter delivery times", "score": [5.0, 4.0, 2.0]})  # fmt: skip
    table = pd.concat([planted.tables["feedback"], typed(rows, "feedback")], ignore_index=True)
    planted.tables["feedback"] = table.sort_values("date", kind="stable").reset_index(drop=True)
    planted.note(
        "ignored_feedback", account, gone[account], 3.0, "last order; asked so often before"
    )


def creeping_service(planted: Any) -> None:
    """Serving a key account costs half as much again in each of the last two years."""
    account, costs = planted.buyer(is_key=True), planted.tables["service_costs"].copy()
    for years in (2, 1):
        start = planted.end - pd.DateOffset(years=years)
        own = costs["account_id"].eq(account) & costs["date"].gt(start)
        costs.loc[own, "cost"] = (costs.loc[own, "cost"] * CREEP).round(2)
    planted.tables["service_costs"] = costs
    planted.note("creeping_service", account, start, CREEP, "cost to serve, times the year before")


FALLS = (
    lost_category, price_erosion, narrow_account, good_patch, ignored_feedback, creeping_service,
)  # fmt: skip
