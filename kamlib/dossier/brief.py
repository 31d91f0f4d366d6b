"""The negotiation brief: one page to carry into the room."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import pandas as pd

from kamlib.dossier.plans import Plan
from kamlib.tables import shaped

FIGURES = {
    name: place
    for place, name in enumerate(
        (
            "revenue",
            "margin rate",
            "on time",
            "share of wallet",
            "satisfaction",
            "silence",
            "order days",
        )
    )
}
"""Figures of the position, in the order in which they are read."""
Point = tuple[str, Any, Any]
"""What is said, the place of the row it is said of in its table, and the day of that row."""


def negotiation_brief(
    dossier_figures: pd.DataFrame,
    category_totals: pd.DataFrame,
    tender_record: pd.DataFrame,
    account_incidents: pd.DataFrame,
    promises_kept: pd.DataFrame,
    overdue_invoices: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    plan_objectives: pd.DataFrame,
    plan_actions: pd.DataFrame,
    stakeholder_map: pd.DataFrame,
    stakeholder_roles: pd.DataFrame,
    wallet: pd.DataFrame,
    opportunity_volume: pd.DataFrame,
    white_space: pd.DataFrame,
    plan: Plan | None,
    account_actions: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    most: int = 5,
) -> pd.DataFrame:
    """One row per point of the brief, in the order in which it is read.

    Sections: *Position*, *What changed*, *Open with us*, *Ask* (first the one thing to do about the
    account), *Bring* (nothing to one that is let go); at most ``most`` points each. ``point_code``
    says what the point is about, ``source_row`` the place (from 0) of the row
    it rests on in its table; `kamlib.story` says it.

    Parameters
    ----------
    most
        Points of a section.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.negotiation_brief["section"].unique().tolist()
    ['Position', 'What changed', 'Open with us', 'Ask', 'Bring']
    """
    steps = {"objective overdue": plan_objectives, "action overdue": plan_actions}
    sections = {
        "Position": _position(dossier_figures),
        "What changed": _changes(category_totals, tender_record, as_of),
        "Open with us": _open(
            account_incidents, promises_kept, overdue_invoices, agreement_renewals, steps, as_of
        ),
        "Ask": chain(
            (("action", 0, as_of) for _ in range(len(account_actions))),
            _questions(
                stakeholder_map, stakeholder_roles, category_totals, wallet, tender_record, plan
            ),
        ),
        "Bring": ()
        if account_actions["verdict"].eq("let go").any()
        else _suggestions(opportunity_volume, white_space, plan_objectives, plan, as_of),
    }
    rows = [
        (account_id, section, place, code, row, day)
        for section, points in sections.items()
        for place, (code, row, day) in enumerate(islice(points, most), start=1)
    ]
    columns = ["account_id", "section", "position", "point_code", "source_row", "evidence_date"]
    return shaped("negotiation_brief", pd.DataFrame(rows, columns=columns))


def _position(figures: pd.DataFrame) -> Iterator[Point]:
    known = figures[figures["value"].notna()]
    known = known.assign(place=known["figure"].map(FIGURES))
    yield from _of(known.dropna(subset="place").sort_values("place"), "figure", "evidence_date")


def _changes(totals: pd.DataFrame, record: pd.DataFrame, as_of: pd.Timestamp) -> Iterator[Point]:
    moved = totals[~totals["trend"].isin(["steady", ""])]
    moved = moved.assign(size=(moved["revenue"] - moved["previous_revenue"]).abs())
    moved = moved.sort_values(["size", "category"], ascending=[False, True])
    yield from _of(moved.head(3), "category moved", "last_month")
    decided = record[
        record["outcome"].ne("open") & record["closed_date"].gt(as_of - pd.DateOffset(years=1))
    ]
    yield from _of(decided.head(2), "tender decided", "closed_date")


def _open(
    incidents: pd.DataFrame,
    promises: pd.DataFrame,
    overdue: pd.DataFrame,
    renewals: pd.DataFrame,
    steps: dict[str, pd.DataFrame],
    as_of: pd.Timestamp,
) -> Iterator[Point]:
    yield from _of(incidents[incidents["is_open"]].head(3), "incident open", "opened_date")
    if promises["open_late_count"].sum():
        yield "deliveries waiting", 0, as_of
    yield from _of(overdue.head(1), "invoices overdue", "due_date")
    for place, row in enumerate(renewals.itertuples(index=False)):
        if row.agreement_status in ("renewal due", "coming up"):
            yield "renewal", place, row.start_date
        if row.agreement_status != "ended" and row.terms_kept == "broken":
            yield "terms broken", place, row.start_date
    for code, table in steps.items():
        yield from _of(table[table["status"].eq("overdue")].head(2), code, "due_date")


def _questions(
    people: pd.DataFrame,
    roles: pd.DataFrame,
    totals: pd.DataFrame,
    wallet: pd.DataFrame,
    record: pd.DataFrame,
    plan: Plan | None,
) -> Iterator[Point]:
    yield from _of(people[people["is_derailer"]].head(2), "derailer", "last_contact_date")
    if roles["is_missing"].any():
        yield "roles missing", 0, pd.NaT
    stopped = totals[totals["trend"].eq("stopped")]
    yield from _of(stopped.head(1), "category stopped", "last_month")
    yield from _of(wallet[wallet["is_bad_estimate"]].head(1), "estimate wrong")
    unexplained = record[record["outcome"].eq("lost") & record["reason"].isna()]
    yield from _of(unexplained.head(1), "tender unexplained", "closed_date")
    if plan is None or not plan.account.critical_to_customer.strip():
        yield "critical unknown", 0, pd.NaT


def _suggestions(
    volume: pd.DataFrame,
    white: pd.DataFrame,
    objectives: pd.DataFrame,
    plan: Plan | None,
    as_of: pd.Timestamp,
) -> Iterator[Point]:
    updated = pd.Timestamp(plan.updated) if plan and plan.updated else pd.NaT
    if plan and plan.programme.offer.strip():
        yield "offer", 0, updated
    first = volume[volume["horizon_years"].eq(volume["horizon_years"].min())]
    first = first[first["likely_in_reach"].gt(0)]
    best = first.sort_values(["likely_in_reach", "category"], ascending=[False, True])
    yield from _of(best.head(2), "volume")
    for code, row, _ in _of(white[white["white_space"].gt(0)].head(2), "white space"):
        yield code, row, as_of
    open_ = objectives[objectives["status"].isin(["open", "overdue"])]
    open_ = open_.sort_values(["expected_value", "objective_id"], ascending=[False, True])
    for code, row, _ in _of(open_.head(2), "objective"):
        yield code, row, updated


def _of(rows: pd.DataFrame, code: str, day: str = "") -> Iterator[Point]:
    """Yield a point for each row of a table under a plain index: the index is its place."""
    for place, row in rows.iterrows():
        yield code, place, row[day] if day else pd.NaT
