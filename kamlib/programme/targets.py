"""Key accounts against target and in debt, over the whole programme (M39, M40)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.calendar import period_of
from kamlib.programme.shape import (
    COUNT,
    DATE,
    FLAG,
    NUMBER,
    TEXT,
    canonical,
    key_ids,
    name_of,
    shaped,
    window_sums,
)

PROGRAMME = "key accounts"
"""The name under which `as_one_account` puts all key accounts together."""

_TARGETS = {
    "account_id": TEXT,
    "name": TEXT,
    "manager_name": TEXT,
    "revenue": NUMBER,
    "target_revenue": NUMBER,
    "revenue_gap": NUMBER,
    "revenue_attained_share": NUMBER,
    "margin": NUMBER,
    "target_margin": NUMBER,
    "margin_gap": NUMBER,
    "year_target_revenue": NUMBER,
    "open_count": COUNT,
    "weighted_pipeline": NUMBER,
    "is_behind": FLAG,
}
_OWED = {
    "account_id": TEXT,
    "name": TEXT,
    "manager_name": TEXT,
    "open_amount": NUMBER,
    "overdue_amount": NUMBER,
    "overdue_share": NUMBER,
    "oldest_due_date": DATE,
    "oldest_late_days": NUMBER,
    "mean_late_days": NUMBER,
    "trend": TEXT,
}


def as_one_account(frame: pd.DataFrame, key_accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per row of a key account: the same table with all key accounts under one name.

    So that what is calculated for an account (an outlook with its interval) is calculated for the
    programme the same way.

    Columns
    -------
    account_id: "key accounts"

    >>> keys = pd.DataFrame({"account_id": ["A", "B"], "is_key": [True, False]})
    >>> as_one_account(pd.DataFrame({"account_id": ["A", "B"], "revenue": [1.0, 2.0]}), keys)["revenue"].tolist()
    [1.0]
    """
    own = frame[frame["account_id"].isin(key_ids(key_accounts))] if "account_id" in frame else frame
    return own.assign(account_id=PROGRAMME).astype({"account_id": "str"}).reset_index(drop=True)


def account_targets(
    account_months: pd.DataFrame,
    targets: pd.DataFrame,
    opportunities: pd.DataFrame,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_month: int = 1,
) -> pd.DataFrame:
    """One row per key account: the fiscal year to date against target, and its pipeline; the
    furthest behind first.

    Columns
    -------
    account_id: the account
    name: its name
    manager_name: who carries it
    revenue: since the year's start (book currency)
    target_revenue: target of the same months; n/a without targets
    revenue_gap: revenue less target
    revenue_attained_share: revenue / target
    margin: margin since the year's start; n/a without costs
    target_margin: target of the same months
    margin_gap: margin less target
    year_target_revenue: target of the whole year
    open_count: open opportunities
    weighted_pipeline: Σ value × probability of them
    is_behind: revenue below target
    """
    ids = pd.Series(key_ids(key_accounts), dtype="str")
    if ids.empty:
        return shaped([], _TARGETS)
    year = period_of(as_of, "year", first_month=first_month)
    months = (as_of.year - year.start.year) * 12 + as_of.month - year.start.month + 1
    done = window_sums(account_months, as_of, count=months).reindex(ids)
    aims = canonical(targets, "targets")
    aims = aims[aims["month"].between(year.start, year.end)]
    so_far = (
        aims[aims["month"].le(as_of)]
        .groupby("account_id")[["revenue", "margin"]]
        .sum(min_count=1)
        .reindex(ids)
    )
    whole = aims.groupby("account_id")["revenue"].sum(min_count=1).reindex(ids)
    deals = canonical(opportunities, "opportunities")
    deals = deals[deals["outcome"].eq("open") & deals["opened_date"].le(as_of)]
    weighted = (deals["value"] * deals["probability"]).groupby(deals["account_id"]).sum()
    who = accounts.drop_duplicates("account_id").set_index("account_id").reindex(ids)
    # an account without orders this year has sold nothing; its margin is nothing too
    revenue, margin = (
        done["revenue"].fillna(0.0),
        done["margin"].where(done["revenue"].notna(), 0.0),
    )
    table = pd.DataFrame(
        {
            "account_id": ids,
            "name": name_of(ids, accounts, "account_id"),
            "manager_name": who["manager_name"].fillna("").to_numpy()
            if "manager_name" in who
            else "",
            "revenue": revenue.to_numpy(),
            "target_revenue": so_far["revenue"].to_numpy(),
            "revenue_gap": (revenue - so_far["revenue"]).to_numpy(),
            "revenue_attained_share": (revenue / so_far["revenue"])
            .where(so_far["revenue"].gt(0))
            .to_numpy(),
            "margin": margin.to_numpy(),
            "target_margin": so_far["margin"].to_numpy(),
            "margin_gap": (margin - so_far["margin"]).to_numpy(),
            "year_target_revenue": whole.to_numpy(),
            "open_count": ids.map(deals["account_id"].value_counts()).fillna(0).astype("int64"),
            "weighted_pipeline": ids.map(weighted).fillna(0.0),
        }
    )
    table["is_behind"] = table["revenue_gap"].lt(0)
    return shaped(
        table.sort_values(["revenue_gap", "account_id"], kind="stable", na_position="last"),
        _TARGETS,
    )


def programme_owed(
    money_owed: pd.DataFrame, key_accounts: pd.DataFrame, accounts: pd.DataFrame
) -> pd.DataFrame:
    """One row per key account that owes money: the largest overdue amount first.

    Columns
    -------
    account_id: the account
    name: its name
    manager_name: who carries it
    open_amount: not paid as of the day (book currency)
    overdue_amount: of this, past its due day
    overdue_share: overdue_amount / open_amount
    oldest_due_date: due day of the oldest overdue invoice
    oldest_late_days: days since then
    mean_late_days: mean days late of what fell due in the last 12 months
    trend: of the days late: later, earlier, no clear trend, or too few quarters
    """
    own = money_owed[
        money_owed["account_id"].isin(key_ids(key_accounts)) & money_owed["open_amount"].ne(0)
    ]
    if own.empty:
        return shaped([], _OWED)
    managers = accounts.drop_duplicates("account_id").set_index("account_id")["manager_name"]
    table = own.assign(
        name=name_of(own["account_id"], accounts, "account_id"),
        manager_name=own["account_id"].map(managers).fillna(""),
        overdue_share=np.where(
            own["open_amount"].gt(0), own["overdue_amount"] / own["open_amount"], np.nan
        ),
    )
    return shaped(
        table.sort_values(["overdue_amount", "account_id"], ascending=[False, True], kind="stable"),
        _OWED,
    )
