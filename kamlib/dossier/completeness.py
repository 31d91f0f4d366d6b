"""Completeness: how much of a dossier is filled, how old it is, and what adding the rest would
give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from kamlib.dossier.objectives import plan_parts
from kamlib.dossier.plan import Plan, plan_place
from kamlib.dossier.shape import COUNT, DATE, NUMBER, TEXT, rows_of, shaped

_COMPLETENESS = {
    "account_id": TEXT, "part": TEXT, "source": TEXT, "filled_share": NUMBER, "row_count": COUNT,
    "last_confirmed_date": DATE, "age_days": NUMBER, "missing": TEXT, "adding_gives": TEXT,
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of a dossier: its table, the columns that fill it, the columns that date it, what it
    gives.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    dates: tuple[str, ...]
    gives: str


PARTS = (
    Part(
        "General",
        "accounts",
        (
            "name",
            "industry",
            "country",
            "employees",
            "founded_year",
            "description",
            "parent_id",
            "customer_since",
        ),
        (),
        "the account's business, its group, and peers of its industry for the white space",
    ),
    Part(
        "Owner and sponsor",
        "accounts",
        ("manager_id", "sponsor"),
        (),
        "who answers for it, on our side and above",
    ),
    Part(
        "Deliveries",
        "orders",
        ("promised_date", "delivered_date"),
        ("month",),
        "promises kept on time, quarter by quarter",
    ),
    Part(
        "Categories", "orders", ("category",), ("month",), "what was supplied, and what peers buy"
    ),
    Part("Costs", "orders", ("cost",), ("month",), "the account's margin"),
    Part(
        "People",
        "contacts",
        ("title", "role", "influence", "attitude", "last_contact_date"),
        ("last_contact_date",),
        "the stakeholder map: who decides, who could derail us, who is missing",
    ),
    Part(
        "Contacts made",
        "interactions",
        ("satisfaction",),
        ("date",),
        "the last contact, and satisfaction over time",
    ),
    Part(
        "Incidents",
        "incidents",
        ("severity", "note"),
        ("opened_date", "resolved_date"),
        "what went wrong and is still open",
    ),
    Part(
        "Tenders",
        "opportunities",
        ("value", "probability", "expected_close", "category"),
        ("opened_date", "closed_date"),
        "tenders won and lost, why and to whom; the weighted pipeline",
    ),
    Part(
        "Agreements",
        "agreements",
        ("end_date", "value", "notice_days", "terms", "is_kept"),
        ("start_date",),
        "terms kept or not, and renewals falling due",
    ),
    Part(
        "Rivals",
        "competitors",
        ("category", "share_estimate", "threat"),
        (),
        "who courts the account",
    ),
    Part(
        "Needs",
        "needs",
        ("attainable_share", "probability", "previous_supplier"),
        (),
        "share of wallet and the opportunity volume over 1, 3 and 5 years",
    ),
    Part("Team", "team", ("name",), (), "roles filled or missing on our side"),
    Part(
        "Invoices",
        "invoices",
        ("due_date",),
        ("invoice_date", "paid_date"),
        "what is overdue, and the habit of paying",
    ),
    Part("Targets", "targets", ("revenue", "margin"), (), "the year against its target"),
)


def dossier_completeness(
    frames: Mapping[str, pd.DataFrame],
    account_id: str,
    *,
    as_of: pd.Timestamp,
    plan: Plan | None = None,
    plan_problem: str = "",
) -> pd.DataFrame:
    """One row per part of the dossier: the parts with the least in them first.

    ``frames`` holds the canonical and activity tables by name; a table that is absent or empty is
    one the book lacks. A part's share is that of its fields that say something, over the account's
    rows; 0 without a row. Order columns are judged by the activity tables: they are there or not.
    Parts without dates of their own have no age.

    Columns
    -------
    account_id: the account
    part: the part
    source: the table or file it comes from
    filled_share: share of its fields that are filled
    row_count: the account's rows of it
    last_confirmed_date: the latest day in its rows
    age_days: days since then
    missing: which fields say nothing, or that the table is missing
    adding_gives: what adding it gives; empty where nothing is missing

    >>> table = dossier_completeness({}, "A", as_of=pd.Timestamp("2025-09-30"))
    >>> table.loc[table["part"].eq("Rivals"), ["missing", "adding_gives"]].values.tolist()
    [['the book has no competitors', 'who courts the account']]
    """
    rows = [_part(part, frames, account_id, as_of) for part in PARTS]
    rows.append(_plan_part(plan, plan_problem, account_id, as_of))
    table = shaped([{"account_id": account_id, **row} for row in rows], _COMPLETENESS)
    table["last_confirmed_date"] = table["last_confirmed_date"].mask(
        table["last_confirmed_date"].gt(as_of)
    )
    table["age_days"] = (as_of - table["last_confirmed_date"]).dt.days.astype("float64")
    return table.sort_values("filled_share", kind="stable").reset_index(drop=True)


def _part(
    part: Part, frames: Mapping[str, pd.DataFrame], account_id: str, as_of: pd.Timestamp
) -> dict:
    row = {
        "part": part.name,
        "source": part.table,
        "row_count": 0,
        "filled_share": 0.0,
        "adding_gives": part.gives,
    }
    if part.table == "orders":
        return row | _order_part(part, frames, account_id)
    frame = frames.get(part.table)
    if frame is None or frame.empty:
        return row | {"missing": f"the book has no {part.table}"}
    own = rows_of(frame, part.table, account_id)
    if own.empty:
        return row | {"missing": f"no row for this account in {part.table}"}
    dated = own[list(part.dates)].max(axis=None) if part.dates else pd.NaT
    filled = own[list(part.columns)].notna()
    gaps = [name.replace("_", " ") for name in part.columns if not filled[name].any()]
    return row | {
        "row_count": len(own),
        "filled_share": float(filled.to_numpy().mean()),
        "last_confirmed_date": dated,
        "missing": ", ".join(gaps),
        "adding_gives": part.gives if not filled.to_numpy().all() else "",
    }


def _order_part(part: Part, frames: Mapping[str, pd.DataFrame], account_id: str) -> dict:
    source = {
        "Deliveries": "deliveries",
        "Categories": "category_months",
        "Costs": "account_months",
    }[part.name]
    frame = frames.get(source)
    own = (
        frame[frame["account_id"].eq(account_id)]
        if frame is not None and len(frame)
        else pd.DataFrame()
    )
    if part.name == "Categories" and len(own):
        own = own.dropna(subset="category")
    words = " and ".join(name.replace("_", " ") for name in part.columns)
    if own.empty:
        return {"missing": f"the orders carry no {words}"}
    if part.name != "Costs":
        return _filled(own, 1.0, "", "")
    known = float(own["cost"].notna().mean()) if "cost" in own else 0.0
    gap = (
        ""
        if known == 1
        else f"the orders carry no {words}"
        if known == 0
        else "cost of some orders"
    )
    return _filled(own, known, gap, "" if known == 1 else part.gives)


def _filled(own: pd.DataFrame, filled: float, missing: str, gives: str) -> dict:
    last = own["month"].max() if filled > 0 else pd.NaT
    return {
        "row_count": len(own), "filled_share": filled, "missing": missing, "adding_gives": gives,
        "last_confirmed_date": last,
    }  # fmt: skip


def _plan_part(plan: Plan | None, problem: str, account_id: str, as_of: pd.Timestamp) -> dict:
    gives = "objectives and actions with owner, due day and progress; SWOT; our own programme"
    place = plan_place(account_id)
    row = {"part": "Account plan", "source": place, "row_count": 0, "filled_share": 0.0}
    if plan is None:
        return row | {"missing": problem or f"no plan: add {place}", "adding_gives": gives}
    parts = plan_parts(plan)
    gaps = [name for name, said in parts.items() if not said]
    return row | {
        "row_count": len(plan.objectives) + len(plan.actions),
        "filled_share": sum(parts.values()) / len(parts),
        "last_confirmed_date": min(pd.Timestamp(plan.updated), as_of) if plan.updated else pd.NaT,
        "missing": ", ".join(gaps),
        "adding_gives": gives if gaps else "",
    }
