"""The negotiation brief: one page to carry into the room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from kamlib.dossier.plan import Plan
from kamlib.dossier.shape import COUNT, DATE, TEXT, shaped, text_or
from kamlib.dossier.wording import count, listed
from kamlib.tables import each
from kamlib.words.amounts import change, date, money, number, share

_BRIEF = {
    "account_id": TEXT, "section": TEXT, "position": COUNT, "text": TEXT, "evidence": TEXT, "evidence_date": DATE,
}  # fmt: skip
Point = tuple[str, str, Any]
Tables = Mapping[str, pd.DataFrame]
_NONE = pd.DataFrame()


def negotiation_brief(
    tables: Tables,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    plan: Plan | None = None,
    book: Any = None,
    most: int = 5,
) -> pd.DataFrame:
    """One row per point of the brief, in the order in which it is read.

    Sections: *Position*, *What changed*, *Open with us*, *Ask*, *Bring*; at most ``most`` points
        each.
    ``tables`` holds the dossier's tables by their names; what is missing or empty adds no point.
        ``book``
    gives the currency and how amounts are written.

    Columns
    -------
    account_id: the account
    section: Position, What changed, Open with us, Ask, Bring
    position: place within the section, from 1
    text: what to know, to ask or to bring
    evidence: the table and row it rests on
    evidence_date: the day of that row

    >>> totals = pd.DataFrame({"category": ["Ink"], "revenue": [0.0], "previous_revenue": [90.0],
    ...     "trend": ["stopped"], "last_month": [pd.Timestamp("2024-08-31")]})
    >>> brief = negotiation_brief({"category_totals": totals}, "A", as_of=pd.Timestamp("2025-09-30"))
    >>> brief[["section", "text"]].values.tolist()[-1]
    ['Ask', 'What made you stop buying Ink from us, and who supplies it now?']
    """
    sections = {
        "Position": _position(tables, book),
        "What changed": _changes(tables, as_of, book),
        "Open with us": _open(tables, as_of, book),
        "Ask": _questions(tables, plan),
        "Bring": _suggestions(tables, plan, as_of, book),
    }
    rows = [
        {
            "account_id": account_id,
            "section": section,
            "position": place,
            "text": text,
            "evidence": evidence,
            "evidence_date": day,
        }
        for section, points in sections.items()
        for place, (text, evidence, day) in zip(range(1, most + 1), points, strict=False)
    ]
    return shaped(rows, _BRIEF)


def _position(tables: Tables, book: Any) -> Iterator[Point]:
    figures = tables.get("dossier_figures", _NONE)
    known = {row.figure: row for row in each(figures)}
    for name in (
        "revenue",
        "margin rate",
        "on time",
        "share of wallet",
        "satisfaction",
        "silence",
        "order days",
    ):
        if name not in known or pd.isna(known[name].value):
            continue
        row = known[name]
        text = f"{row.figure[0].upper()}{row.figure[1:]}: {_figure(row.value, row.unit, book)}"
        if pd.notna(row.year_ago_value):
            before = _figure(row.year_ago_value, row.unit, book)
            how = change(row.value, row.year_ago_value, book, unit=row.unit)
            text += (
                ", as a year before"
                if row.value == row.year_ago_value
                else f", a year before {before} ({how})"
            )
        note = str(row.note or "").removesuffix(", 12 months")
        if row.unit == "days":
            text += f" {note.replace('; ', ' (', 1)}" + (")" if "; " in note else "")
        elif note != "12 months":
            text += f"; {note}" if note else ""
        yield (
            text + ".",
            f"{row.source}, 12 months" if row.note == "12 months" else row.source,
            row.evidence_date,
        )


def _figure(value: float, unit: str, book: Any) -> str:
    if unit == "money":
        return money(value, book)
    if unit == "share":
        return share(value, book)
    return f"{number(value, book)} days" if unit == "days" else number(value, book)


def _changes(tables: Tables, as_of: pd.Timestamp, book: Any) -> Iterator[Point]:
    totals = tables.get("category_totals", _NONE)
    if len(totals):
        moved = totals[~totals["trend"].isin(["steady", ""])].copy()
        moved["size"] = (moved["revenue"] - moved["previous_revenue"]).abs()
        for row in each(moved.sort_values(["size", "category"], ascending=[False, True]).head(3)):
            text = f"{row.category}: {row.trend}, {money(row.revenue, book)} after {money(row.previous_revenue, book)}."
            yield (
                text,
                f"orders, category {row.category}, 12 months against 12 before",
                row.last_month,
            )
    a_year_ago = as_of - pd.DateOffset(years=1)
    record = tables.get("tender_record", _NONE)
    if len(record):
        for row in each(
            record[record["outcome"].ne("open") & record["closed_date"].gt(a_year_ago)].head(2)
        ):
            to = (
                f" to {row.competitor}" if row.outcome == "lost" and text_or(row.competitor) else ""
            )
            why = f": {row.reason}" if text_or(row.reason) else ""
            text = f"{text_or(row.kind, 'deal').capitalize()} {row.outcome}{to}, {money(row.value, book)}{why}."
            yield text, f"opportunities, {row.opportunity_id}", row.closed_date


def _open(tables: Tables, as_of: pd.Timestamp, book: Any) -> Iterator[Point]:
    incidents = tables.get("account_incidents", _NONE)
    for row in each(incidents[incidents["is_open"]].head(3)) if len(incidents) else ():
        grave = f", severity {row.severity:g}" if pd.notna(row.severity) else ""
        note = f": {row.note}" if text_or(row.note) else ""
        text = f"Incident open for {row.open_days:.0f} days, {str(row.kind).replace('_', ' ')}{grave}{note}."
        yield text, f"incidents, {row.kind}", row.opened_date
    promises = tables.get("promises_kept", _NONE)
    waiting = int(promises["open_late_count"].sum()) if len(promises) else 0
    if waiting:
        text = f"{count(waiting, 'promised delivery is', 'promised deliveries are')} past the day and still open."
        yield text, "orders, promised and not delivered", as_of
    overdue = tables.get("overdue_invoices", _NONE)
    if len(overdue):
        oldest = overdue.iloc[0]
        owed = f"{money(overdue['amount'].sum(), book)} overdue in {count(len(overdue), 'invoice')}"
        yield (
            f"{owed}, the oldest {oldest.late_days:.0f} days.",
            f"invoices, {oldest.invoice_id}",
            oldest.due_date,
        )
    renewals = tables.get("agreement_renewals", _NONE)
    for row in each(renewals) if len(renewals) else ():
        name = text_or(row.kind, "agreement").capitalize()
        if row.status in ("renewal due", "coming up"):
            when = "act now" if row.status == "renewal due" else f"act by {date(row.notice_date)}"
            yield (
                f"{name} ends {date(row.end_date)}: {when}.",
                f"agreements, {row.agreement_id}",
                row.start_date,
            )
        if row.status != "ended" and row.terms_kept == "broken":
            terms = f": {row.terms}" if text_or(row.terms) else ""
            yield (
                f"{name}: terms are not kept{terms}.",
                f"agreements, {row.agreement_id}",
                row.start_date,
            )
    for name, key in (("plan_objectives", "objective_id"), ("plan_actions", "action_id")):
        steps = tables.get(name, _NONE)
        for _, row in steps[steps["status"].eq("overdue")].head(2).iterrows() if len(steps) else ():
            text = f"We owe it since {date(row['due_date'])}: {row['text']} ({row['owner']})."
            yield text, f"plan, {row[key]}", row["due_date"]


def _questions(tables: Tables, plan: Plan | None) -> Iterator[Point]:
    people, roles = tables.get("stakeholder_map", _NONE), tables.get("stakeholder_roles", _NONE)
    for row in each(people[people["is_derailer"]].head(2)) if len(people) else ():
        yield (
            f"What would {row.name} need from us to stand behind it?",
            "contacts, " + str(row.name),
            row.last_contact_date,
        )
    if len(roles) and roles["is_missing"].any():
        missing = roles[roles["is_missing"]]
        yield (
            " ".join(missing["question"].head(2)),
            f"contacts: no {listed(missing['role'], most=6)}",
            pd.NaT,
        )
    totals = tables.get("category_totals", _NONE)
    for row in each(totals[totals["trend"].eq("stopped")].head(1)) if len(totals) else ():
        text = f"What made you stop buying {row.category} from us, and who supplies it now?"
        yield text, f"orders, category {row.category}", row.last_month
    wallet = tables.get("wallet", _NONE)
    for row in each(wallet[wallet["is_bad_estimate"]].head(1)) if len(wallet) else ():
        yield (
            f"What do you spend on {row.category} a year, with all suppliers?",
            f"needs, {row.category}: {row.note}",
            pd.NaT,
        )
    record = tables.get("tender_record", _NONE)
    if len(record):
        lost = record[record["outcome"].eq("lost") & record["reason"].isna()]
        for row in each(lost.head(1)):
            yield (
                "Why did the last tender go elsewhere?",
                f"opportunities, {row.opportunity_id}: no reason",
                row.closed_date,
            )
    if "plan_objectives" in tables and (
        plan is None or not plan.account.critical_to_customer.strip()
    ):
        yield (
            "What must never go wrong for you?",
            "plan: critical to the customer is not recorded",
            pd.NaT,
        )


def _suggestions(
    tables: Tables, plan: Plan | None, as_of: pd.Timestamp, book: Any
) -> Iterator[Point]:
    updated = pd.Timestamp(plan.updated) if plan and plan.updated else pd.NaT
    if plan and plan.programme.offer.strip():
        yield f"Our offer: {plan.programme.offer.strip()}", "plan, programme.offer", updated
    volume = tables.get("opportunity_volume", _NONE)
    wallet = tables.get("wallet", _NONE)
    sold = dict(zip(wallet["category"], wallet["revenue"], strict=True)) if len(wallet) else {}
    if len(volume):
        first = volume[volume["horizon_years"].eq(volume["horizon_years"].min())]
        best = first.sort_values(["risk_adjusted_volume", "category"], ascending=[False, True])
        for row in each(best[best["risk_adjusted_volume"].gt(0)].head(2)):
            reach = (
                f"{money(row.theoretical_volume, book)} within {count(row.horizon_years, 'year')}"
            )
            risk = f"{money(row.risk_adjusted_volume, book)} risk-adjusted"
            now = f"; we sell {money(sold[row.category], book)} now" if row.category in sold else ""
            yield f"{row.category}: up to {reach}, {risk}{now}.", f"needs, {row.category}", pd.NaT
    white = tables.get("white_space", _NONE)
    for row in each(white[white["white_space"].gt(0)].head(2)) if len(white) else ():
        peers = f"bought by {row.buyer_count} of {row.peer_count} peers"
        text = f"{row.category}: {peers}; {money(row.white_space, book)} a year."
        yield text, f"orders of the peers ({row.peer_group})", as_of
    steps = tables.get("plan_objectives", _NONE)
    open_ = steps[steps["status"].isin(["open", "overdue"])] if len(steps) else _NONE
    for row in (
        each(open_.sort_values(["expected_value", "objective_id"], ascending=[False, True]).head(2))
        if len(open_)
        else ()
    ):
        worth = f", worth {money(row.expected_value, book)}" if pd.notna(row.expected_value) else ""
        yield f"{row.text}{worth}; due {date(row.due_date)}.", f"plan, {row.objective_id}", updated
