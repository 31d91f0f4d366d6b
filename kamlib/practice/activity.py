"""The activity of a practice company, straight from its tables: what the engine makes of its files,
without files.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from kamlib.practice.company import Company


class Activity(NamedTuple):
    """`account_days`, `deliveries` and `incidents` as known on a day, in the columns that retention
    asks for.
    """

    account_days: pd.DataFrame
    deliveries: pd.DataFrame
    incidents: pd.DataFrame


def activity(made: Company, *, as_of: pd.Timestamp) -> Activity:
    """Account × day, deliveries by account × month of promise, and incidents up to a day that ends
    a month.
    """
    lines = made.tables["orders"]
    lines = lines[lines["order_date"].le(as_of)].rename(columns={"order_date": "date"})
    days = lines.groupby(["account_id", "date"], as_index=False)[["revenue", "cost"]].sum()
    due = lines[lines["promised_date"].notna()].drop_duplicates("order_id")
    done = due["delivered_date"].where(due["delivered_date"].le(as_of))
    due = due.assign(is_late=done.fillna(as_of).gt(due["promised_date"]))
    due = due[due["promised_date"].le(as_of) | done.notna()]
    month = (due["promised_date"] + pd.offsets.MonthEnd(0)).astype("datetime64[us]")
    deliveries = due.assign(month=month).groupby(["account_id", "month"], as_index=False)
    incidents = made.tables["incidents"]
    return Activity(
        account_days=days.assign(revenue=days["revenue"].round(2), cost=days["cost"].round(2)),
        deliveries=deliveries.agg(due_count=("is_late", "size"), late_count=("is_late", "sum")),
        incidents=incidents[incidents["opened_date"].le(as_of)].reset_index(drop=True),
    )
