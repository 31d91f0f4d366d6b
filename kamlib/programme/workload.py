"""How much each manager carries, against what one can carry."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import ProgrammeSettings
from kamlib.programme.accounts import by_id, key_ids, names_of, window_sums
from kamlib.tables import shaped

MONTH_DAYS = 365.25 / 12
UNASSIGNED = ""
NOBODY = "no manager"
"""What stands for the manager's name of accounts that have none."""


def account_load(
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    account_months: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per key account: who carries it, the hours its rhythm asks for, what it brings.

    Hours a month = contacts a month (30.44 / days between contacts) × hours per contact + fixed
    hours per account. Money is that of the last 12 months; an account without orders has a revenue
    of 0 and no margin.

    Examples
    --------
    >>> keys = shaped("key_accounts", [{"account_id": "A", "is_key": True}])
    >>> rhythms = shaped("contact_rhythms", [{"account_id": "A", "contact_every_days": 15.0}])
    >>> nothing = shaped("accounts", []), shaped("account_months", [])
    >>> load = account_load(keys, *nothing, rhythms, as_of=pd.Timestamp("2025-09-30"))
    >>> load[["contact_every_days", "hours"]].round(2).values.tolist()
    [[15.0, 6.09]]
    """
    ids = key_ids(key_accounts)
    known = by_id(accounts).reindex(ids)
    rhythm = by_id(contact_rhythms).reindex(ids)
    sums = window_sums(account_months, as_of).reindex(ids)
    contacts = MONTH_DAYS / rhythm["contact_every_days"]
    table = pd.DataFrame(
        {
            "name": names_of(ids, accounts).to_numpy(),
            "manager_id": known["manager_id"].fillna(UNASSIGNED),
            "manager_name": known["manager_name"].fillna(known["manager_id"]).fillna(NOBODY),
            "contact_every_days": rhythm["contact_every_days"],
            "rhythm_source": rhythm["rhythm_source"],
            "hours": contacts * programme.hours_per_contact + programme.hours_per_account,
            "revenue": sums["revenue"].fillna(0.0),
            "gross_margin": sums["margin"],
            "margin": sums["margin"] - known["cost_to_serve"].fillna(0.0),
        },
        index=ids,
    )
    return shaped("account_load", table.reset_index())


def workload(
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per manager of key accounts: the hours they ask for against the manager's hours.

    Too much is only what goes beyond those hours. Revenue (against the book's limit, where it sets
    one), revenue per hour and the count against the usual span are shown and warn of nothing. The
    heaviest load comes first, accounts without a manager on top.

    Examples
    --------
    >>> load = pd.DataFrame({"account_id": ["A", "B"], "manager_id": "M1", "manager_name": "Ines",
    ...     "hours": [100.0, 68.0], "revenue": [5.0, 7.0]})
    >>> managers = pd.DataFrame({"manager_id": ["M1"], "name": "Ines", "hours_per_month": 140.0})
    >>> workload(load, managers)[["key_count", "hours_load_share", "is_over_hours"]].values.tolist()
    [[2, 1.2, True]]
    """
    table = account_load.groupby("manager_id", as_index=False).agg(
        key_count=("account_id", "size"),
        hours=("hours", "sum"),
        revenue=("revenue", "sum"),
        own_name=("manager_name", "first"),
    )
    known = by_id(managers, "manager_id").reindex(table["manager_id"]).reset_index()
    is_person = table["manager_id"].ne(UNASSIGNED)
    hours = known["hours_per_month"].astype(float).fillna(programme.hours_per_month)
    table = table.assign(
        manager_name=known["name"].fillna(table["own_name"]).where(is_person, NOBODY),
        hours_per_month=hours.where(is_person),
        hours_load_share=(table["hours"] / hours).where(is_person & hours.gt(0)),
        revenue_limit=pd.Series(programme.revenue_per_manager, index=table.index, dtype=float),
        revenue_per_hour=table["revenue"] / table["hours"].where(table["hours"].gt(0)),
        is_over_hours=is_person & table["hours"].gt(hours),
        is_count_outside=is_person & ~table["key_count"].between(*programme.accounts_per_manager),
    )
    table["revenue_limit"] = table["revenue_limit"].where(is_person)
    table["revenue_load_share"] = table["revenue"] / table["revenue_limit"]
    table["heaviest"] = table["hours_load_share"].fillna(np.inf)
    return shaped(
        "workload", table.sort_values(["heaviest", "manager_id"], ascending=[False, True])
    )
