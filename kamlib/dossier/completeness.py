"""Completeness: how much of a dossier is filled, how old it is, and what adding the rest would
give.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from kamlib.dossier.plans import PlanReading, plan_parts, plan_place
from kamlib.dossier.window import days_between
from kamlib.tables import shaped


class _Part(NamedTuple):
    """A part of a dossier: its table, the columns that fill it, the columns that date it."""

    name: str
    table: str
    columns: str
    dates: str = ""


_PARTS = (
    _Part(
        "General",
        "accounts",
        "name industry country employees founded_year description parent_id customer_since",
    ),
    _Part("Owner and sponsor", "accounts", "manager_id sponsor"),
    _Part("Deliveries", "orders", "promised_date delivered_date"),
    _Part("Categories", "orders", "category"),
    _Part("Costs", "orders", "cost"),
    _Part(
        "People",
        "contacts",
        "title role influence attitude last_contact_date",
        "last_contact_date",
    ),
    _Part("Contacts made", "interactions", "satisfaction", "date"),
    _Part("Incidents", "incidents", "severity note", "opened_date resolved_date"),
    _Part(
        "Tenders",
        "opportunities",
        "value probability expected_close category",
        "opened_date closed_date",
    ),
    _Part("Agreements", "agreements", "end_date value notice_days terms is_kept", "start_date"),
    _Part("Rivals", "competitors", "category share_estimate threat"),
    _Part("Needs", "needs", "attainable_share probability previous_supplier"),
    _Part("Team", "team", "name"),
    _Part("Invoices", "invoices", "due_date", "invoice_date paid_date"),
    _Part("Targets", "targets", "revenue margin"),
)


def dossier_completeness(
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    deliveries: pd.DataFrame,
    accounts: pd.DataFrame,
    contacts: pd.DataFrame,
    interactions: pd.DataFrame,
    incidents: pd.DataFrame,
    opportunities: pd.DataFrame,
    agreements: pd.DataFrame,
    competitors: pd.DataFrame,
    needs: pd.DataFrame,
    team: pd.DataFrame,
    invoices: pd.DataFrame,
    targets: pd.DataFrame,
    plan_reading: PlanReading,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    present: frozenset[str],
) -> pd.DataFrame:
    """One row per part of the dossier: the parts with the least in them first.

    A part's share is that of its fields that say something, over the account's rows; 0 without a
    row. What the orders carry is judged by the activity tables: it is there or not. Parts without
    dates of their own have no age.

    ``gap_code`` says what is missing: *no table*, *no row*, *fields* (named in ``gap_detail``),
    *not in orders*, *some costs*, *no plan*, *broken plan* (the problem in ``gap_detail``).

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.dossier_completeness.columns.tolist()[:3]
    ['account_id', 'part', 'source']
    """
    frames = {
        "accounts": accounts,
        "contacts": contacts,
        "interactions": interactions,
        "incidents": incidents,
        "opportunities": opportunities,
        "agreements": agreements,
        "competitors": competitors,
        "needs": needs,
        "team": team,
        "invoices": invoices,
        "targets": targets,
        "Deliveries": deliveries,
        "Categories": category_months.dropna(subset="category"),
        "Costs": account_months.dropna(subset="cost"),
    }
    rows = []
    for part in _PARTS:
        own = frames[part.name if part.table == "orders" else part.table]
        if part.table == "orders":
            row = _order_part(part, own, len(account_months))
        else:
            row = _table_part(part, own, present)
        known = {"part": part.name, "source": part.table, "last_confirmed_date": pd.NaT}
        rows.append({**known, **row})
    rows.append(_plan_part(plan_reading, account_id, as_of))
    table = pd.DataFrame(rows).assign(account_id=account_id)
    last = pd.to_datetime(table["last_confirmed_date"]).astype("datetime64[us]")
    last = last.mask(last.gt(as_of))
    table = table.assign(last_confirmed_date=last, age_days=days_between(as_of, last))
    return shaped("dossier_completeness", table.sort_values("filled_share", kind="stable"))


def _table_part(part: _Part, own: pd.DataFrame, present: frozenset[str]) -> dict:
    if own.empty:
        code = "no row" if part.table in present else "no table"
        return {"row_count": 0, "filled_share": 0.0, "gap_code": code}
    columns = part.columns.split()
    filled = own[columns].notna()
    gaps = [name.replace("_", " ") for name in columns if not filled[name].any()]
    return {
        "row_count": len(own),
        "filled_share": float(filled.to_numpy().mean()),
        "last_confirmed_date": own[part.dates.split()].max(axis=None) if part.dates else pd.NaT,
        "gap_code": "fields" if gaps else "",
        "gap_detail": ", ".join(gaps),
    }


def _order_part(part: _Part, own: pd.DataFrame, month_count: int) -> dict:
    """Return a part of what orders carry; costs are known for a share of the account's months."""
    if own.empty:
        return {
            "row_count": month_count if part.name == "Costs" else 0,
            "filled_share": 0.0,
            "gap_code": "not in orders",
            "gap_detail": part.columns.replace("_", " ").replace(" delivered", ", delivered"),
        }
    known = len(own) / month_count if part.name == "Costs" else 1.0
    return {
        "row_count": month_count if part.name == "Costs" else len(own),
        "filled_share": known,
        "last_confirmed_date": own["month"].max(),
        "gap_code": "" if known == 1 else "some costs",
    }


def _plan_part(reading: PlanReading, account_id: str, as_of: pd.Timestamp) -> dict:
    row: dict[str, Any] = {"part": "Account plan", "source": plan_place(account_id)}
    plan, problem = reading.plan, reading.problem
    if plan is None:
        code = "broken plan" if problem else "no plan"
        detail = problem.what if problem else ""
        gap = {"gap_code": code, "gap_detail": detail}
        return {**row, "row_count": 0, "filled_share": 0.0, **gap}
    parts = plan_parts(plan)
    gaps = [name for name, is_said in parts.items() if not is_said]
    return row | {
        "row_count": len(plan.objectives) + len(plan.actions),
        "filled_share": sum(parts.values()) / len(parts),
        "last_confirmed_date": min(pd.Timestamp(plan.updated), as_of) if plan.updated else pd.NaT,
        "gap_code": "fields" if gaps else "",
        "gap_detail": ", ".join(gaps),
    }
