"""Service that creeps: what serving a key account took in each of three years, against revenue."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.ahead.returns import hourly
from kamlib.book import ProgrammeSettings
from kamlib.period.months import trailing_months
from kamlib.period.served import booked_costs
from kamlib.tables import shaped

CREEP = 1.25
"""Service creeps from so many times what it took per revenue two years before on."""
LEVEL = 0.05
"""Chance by which service that does not creep may be said to."""
YEARS = ("", "previous_", "earlier_")
PER = 10_000
"""Revenue that rates are told of."""


def service_creep(
    interactions: pd.DataFrame,
    feedback: pd.DataFrame,
    service_costs: pd.DataFrame,
    unbroken_days: pd.DataFrame,
    unbroken_months: pd.DataFrame,
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per key account × kind of service it took in each of three years: against revenue.

    What is dated of the cost to serve, each per 10,000 of revenue:

    - contacts: hours of the contacts made, the book's hours a contact
    - orders: order days, which take handling however small the order
    - credits: what was credited on days whose lines come to less than 0
    - requests: what the client asked for (table ``feedback``)
    - costs: the cost to serve as booked (table ``service_costs``)

    *Creeping* is what rose in both years, by a quarter in all, and more often than in the first
    year beyond chance (binomial, 5 %). Booked costs are no counts: they creep where they rose in
    both years by themselves too, not because revenue fell. ``crept_cost`` is what goes beyond the
    pace of two years before, in a year: hours at the manager's cost an hour, credits, and costs;
    n/a for orders and requests, whose cost nobody records. A kind needs three whole years on
    record; costs booked by the quarter or year count from its first day, account by account.

    Examples
    --------
    >>> met = pd.DataFrame({"account_id": "A", "date": pd.to_datetime(["2022-09-01",
    ...     *["2023-05-01"] * 4, *["2024-05-01"] * 8, *["2025-05-01"] * 16])})
    >>> sold = pd.DataFrame({"account_id": "A", "revenue": 1000.0, "order_day_count": 1,
    ...     "month": pd.to_datetime(["2023-09-30", "2024-09-30", "2025-09-30"])})
    >>> load = shaped("account_load", {"account_id": ["A"], "manager_id": "M"})
    >>> people = pd.DataFrame({"manager_id": ["M"], "cost_per_month": [1000.0],
    ...     "hours_per_month": [100.0]})
    >>> none = met.iloc[:0]
    >>> table = service_creep(met, none, none, shaped("account_days", []), sold, load, people,
    ...     as_of=pd.Timestamp("2025-09-30"))
    >>> table[["service", "is_creeping", "service_rate", "crept_cost"]].values.tolist()
    [['contacts', True, 480.0, 360.0]]
    """
    keys = account_load.set_index("account_id")
    credits = unbroken_days[unbroken_days["revenue"].lt(0)]
    sold = unbroken_months.assign(date=unbroken_months["month"])
    orders = sold.loc[sold.index.repeat(sold["order_day_count"].fillna(0).astype(int))]
    first = unbroken_months["month"].min()
    kinds = {
        "contacts": interactions.assign(amount=programme.hours_per_contact),
        "orders": orders.assign(amount=1.0),
        "credits": credits.assign(amount=-credits["revenue"]),
        "requests": feedback.assign(amount=1.0),
        "costs": booked_costs(service_costs, as_of, 36).rename(columns={"cost": "amount"}),
    }
    costs: dict[str, Any] = {"credits": 1.0, "costs": 1.0}
    costs["contacts"] = hourly(keys["manager_id"], managers)
    rows = []
    for kind, done in kinds.items():
        since = first if kind in ("orders", "credits") else done["date"].min()
        is_booked = kind == "costs"
        if pd.isna(since) or (not is_booked and since > trailing_months(as_of, 36)[0]):
            continue
        found = _years(done, sold, keys.index, as_of, is_counted=not is_booked)
        crept = (found["service_rate"] - found["earlier_service_rate"]) * found["revenue"] / PER
        crept *= costs.get(kind, np.nan)
        found = found.assign(service=kind, crept_cost=crept.where(found["is_creeping"]))
        rows.append(found.join(keys[["name", "manager_name"]]).reset_index())
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    by = ["is_creeping", "crept_cost", "account_id", "service"]
    ascending = [False, False, True, True]
    table = shaped("service_creep", table)
    return table.sort_values(by, ascending=ascending, kind="stable").reset_index(drop=True)


def _years(
    done: pd.DataFrame,
    sold: pd.DataFrame,
    accounts: pd.Index,
    as_of: pd.Timestamp,
    *,
    is_counted: bool,
) -> pd.DataFrame:
    """Return what was done for each account in three years, against revenue, and if it crept."""
    table, ends = pd.DataFrame(index=accounts), trailing_months(as_of, 37)[::-12]
    for year, name in enumerate(YEARS):
        last, since = ends[year], ends[year + 1]
        own, revenue = (
            rows[rows["date"].gt(since) & rows["date"].le(last)].groupby("account_id")[amount]
            for rows, amount in ((done, "amount"), (sold, "revenue"))
        )
        money = revenue.sum().reindex(accounts)
        table[f"{name}revenue"] = money.where(money > 0)
        table[f"{name}service_count"] = own.size().reindex(accounts)
        table[f"{name}service_rate"] = PER * own.sum().reindex(accounts) / table[f"{name}revenue"]
    table = table.dropna()
    now, before, first = (table[f"{name}service_rate"] for name in YEARS)
    crept = now.gt(before) & before.gt(first) & now.ge(CREEP * first)
    if is_counted:
        share = table["revenue"] / (table["revenue"] + table["earlier_revenue"])
        both = table["service_count"] + table["earlier_service_count"]
        return table.assign(
            is_creeping=crept & (stats.binom.sf(table["service_count"] - 1, both, share) < LEVEL)
        )
    cost, cost_before, cost_first = (
        table[f"{name}service_rate"] * table[f"{name}revenue"] for name in YEARS
    )
    return table.assign(is_creeping=crept & cost.gt(cost_before) & cost_before.gt(cost_first))
