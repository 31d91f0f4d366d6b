"""What the negotiation brief says, and on what each point rests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.dossier_notes import (
    QUESTIONS,
    YEAR,
    figure_note,
    late_note,
    need_note,
    peers_said,
    silence_notes,
)
from kamlib.tables import each
from kamlib.words import change, count, date, listed, money, number, say, share, started

Told = tuple[str, str]
"""A point, and the evidence that it rests on."""


def tell_negotiation_brief(
    negotiation_brief: pd.DataFrame,
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
    plan: Any,
    told_account_actions: pd.DataFrame,
    *,
    book: BookSettings,
) -> pd.DataFrame:
    """Say each point of the brief and its evidence, from the row it is made of."""
    sold = dict(zip(wallet["category"], wallet["revenue"], strict=True))
    of_row: dict[str, tuple[pd.DataFrame, Callable[[Any], Told]]] = {
        "figure": (dossier_figures, lambda row: _figure(row, book)),
        "category moved": (category_totals, lambda row: _moved(row, book)),
        "tender decided": (tender_record, lambda row: _decided(row, book)),
        "incident open": (account_incidents, _incident),
        "invoices overdue": (overdue_invoices, lambda _: _overdue(overdue_invoices, book)),
        "renewal": (agreement_renewals, _renewal),
        "terms broken": (agreement_renewals, _terms),
        "objective overdue": (plan_objectives, lambda row: _owed(row, row.objective_id)),
        "action overdue": (plan_actions, lambda row: _owed(row, row.action_id)),
        "derailer": (stakeholder_map, _derailer),
        "category stopped": (category_totals, _stopped),
        "estimate wrong": (wallet, _estimate),
        "tender unexplained": (tender_record, _unexplained),
        "volume": (opportunity_volume, lambda row: _volume(row, sold, book)),
        "white space": (white_space, lambda row: _white(row, book)),
        "objective": (plan_objectives, lambda row: _objective(row, book)),
    }
    of_table: dict[str, Callable[[], Told]] = {
        "deliveries waiting": lambda: _waiting(promises_kept),
        "roles missing": lambda: _roles(stakeholder_roles),
        "critical unknown": lambda: (
            say("What must never go wrong for you?"),
            say("plan: critical to the customer is not recorded"),
        ),
        "offer": lambda: _offer(plan),
        "action": lambda: _action(told_account_actions),
    }
    rows = {code: list(each(table)) for code, (table, _) in of_row.items()}
    told = [
        of_table[point.point_code]()
        if point.point_code in of_table
        else of_row[point.point_code][1](rows[point.point_code][point.source_row])
        for point in each(negotiation_brief)
    ]
    columns = ["point", "evidence"]
    return pd.DataFrame(told, index=negotiation_brief.index, columns=columns, dtype="str")


def _action(actions: pd.DataFrame) -> Told:
    row = next(each(actions))
    return row.to_do, row.why


def _figure(row: Any, book: BookSettings) -> Told:
    note, value = figure_note(row), _amount(row.value, row.unit, book)
    is_year = note == say(YEAR)
    text = f"{started(say(row.figure))}: {value}"
    if pd.notna(row.year_ago_value):
        before = _amount(row.year_ago_value, row.unit, book)
        how = change(row.value, row.year_ago_value, book, unit=row.unit)
        is_same = row.value == row.year_ago_value
        text += (
            say(", as a year before")
            if is_same
            else say(", a year before {before} ({how})", before=before, how=how)
        )
    if row.figure == "silence":
        since, gap = silence_notes(row)
        return f"{text} {since} ({gap}).", say(row.source)
    remark = late_note(row) if row.figure == "on time" else note
    text = f"{text}; {remark}." if remark and not is_year else f"{text}."
    source = say(row.source)
    return text, say("{source}, 12 months", source=source) if is_year else source


def _amount(value: float, unit: str, book: BookSettings) -> str:
    if unit == "money":
        return money(value, book)
    if unit == "share":
        return share(value, book)
    return count(value, "day", source=book) if unit == "days" else number(value, book)


def _moved(row: Any, book: BookSettings) -> Told:
    was, now = money(row.previous_revenue, book), money(row.revenue, book)
    evidence = say(
        "orders, category {category}, 12 months against 12 before", category=row.category
    )
    return say(
        "{category}: {trend}, {now} after {was}.",
        category=row.category,
        trend=say(row.trend),
        now=now,
        was=was,
    ), evidence


def _decided(row: Any, book: BookSettings) -> Told:
    to = (
        say(" to {competitor}", competitor=row.competitor)
        if row.outcome == "lost" and pd.notna(row.competitor)
        else ""
    )
    why = f": {row.reason}" if pd.notna(row.reason) else ""
    kind = say("Deal") if pd.isna(row.kind) else started(say(row.kind))
    text = f"{kind} {say(row.outcome)}{to}, {money(row.deal_value, book)}{why}."
    return text, say("opportunities, {opportunity_id}", opportunity_id=row.opportunity_id)


def _incident(row: Any) -> Told:
    grave = say(", severity {severity:g}", severity=row.severity) if pd.notna(row.severity) else ""
    remark = f": {row.remark}" if pd.notna(row.remark) else ""
    kind = say(row.kind.replace("_", " "))
    what = f"{kind}{grave}{remark}"
    return say(
        "Incident open for {open_days:.0f} days, {what}.", open_days=row.open_days, what=what
    ), say("incidents, {kind}", kind=kind)


def _waiting(promises: pd.DataFrame) -> Told:
    waiting = promises["open_late_count"].sum()
    many = count(waiting, "promised delivery is", "promised deliveries are")
    return say("{many} past the day and still open.", many=many), say(
        "orders, promised and not delivered"
    )


def _overdue(overdue: pd.DataFrame, book: BookSettings) -> Told:
    oldest, amount = next(each(overdue)), money(overdue["amount"].sum(), book)
    many = count(len(overdue), "invoice")
    text = say(
        "{amount} overdue in {many}, the oldest {days}.",
        amount=amount,
        many=many,
        days=count(oldest.late_days, "day"),
    )
    return text, say("invoices, {invoice_id}", invoice_id=oldest.invoice_id)


def _renewal(row: Any) -> Told:
    is_due = row.agreement_status == "renewal due"
    when = (
        say("act now") if is_due else say("act by {notice_date}", notice_date=date(row.notice_date))
    )
    return (
        say(
            "{agreement} ends {end_date}: {when}.",
            agreement=_agreement(row),
            end_date=date(row.end_date),
            when=when,
        ),
        say("agreements, {agreement_id}", agreement_id=row.agreement_id),
    )


def _terms(row: Any) -> Told:
    terms = "" if pd.isna(row.terms) else f": {row.terms}"
    return say(
        "{agreement}: terms are not kept{terms}.", agreement=_agreement(row), terms=terms
    ), say("agreements, {agreement_id}", agreement_id=row.agreement_id)


def _agreement(row: Any) -> str:
    return say("Agreement") if pd.isna(row.kind) else started(say(row.kind))


def _owed(row: Any, step_id: str) -> Told:
    return say(
        "We owe it since {due_date}: {text} ({owner}).",
        due_date=date(row.due_date),
        text=row.text,
        owner=row.owner,
    ), say("plan, {step_id}", step_id=step_id)


def _derailer(row: Any) -> Told:
    text = say("What would {person} need from us to stand behind it?", person=row.person)
    return text, say("contacts, {person}", person=row.person)


def _roles(roles: pd.DataFrame) -> Told:
    missing = roles.loc[roles["is_missing"], "role"]
    text = " ".join(say(QUESTIONS[role]) for role in missing.head(2))
    return text, say("contacts: no {missing}", missing=listed(map(say, missing), most=6))


def _stopped(row: Any) -> Told:
    text = say(
        "What made you stop buying {category} from us, and who supplies it now?",
        category=row.category,
    )
    return text, say("orders, category {category}", category=row.category)


def _estimate(row: Any) -> Told:
    text = say("What do you spend on {category} a year, with all suppliers?", category=row.category)
    return text, say("needs, {category}: {row}", category=row.category, row=need_note(row))


def _unexplained(row: Any) -> Told:
    evidence = say("opportunities, {opportunity_id}: no reason", opportunity_id=row.opportunity_id)
    return say("Why did the last tender go elsewhere?"), evidence


def _offer(plan: Any) -> Told:
    offer = plan.programme.offer.strip() if plan else ""
    return say("Our offer: {offer}", offer=offer), say("plan, programme.offer")


def _volume(row: Any, sold: dict[str, float], book: BookSettings) -> Told:
    reach = say(
        "{in_reach} more within {years}",
        in_reach=money(row.in_reach, book),
        years=count(row.horizon_years, "year"),
    )
    risk = say("{likely_in_reach} risk-adjusted", likely_in_reach=money(row.likely_in_reach, book))
    now = sold.get(row.category, 0.0)
    known = say("; we sell {now} a year now", now=money(now, book)) if now > 0 else ""
    return say(
        "{category}: up to {reach}, {risk}{known}.",
        category=row.category,
        reach=reach,
        risk=risk,
        known=known,
    ), say("needs, {category}", category=row.category)


def _white(row: Any, book: BookSettings) -> Told:
    peers = say(
        "bought by {buyer_count} of {peer_count} peers",
        buyer_count=row.buyer_count,
        peer_count=row.peer_count,
    )
    text = say(
        "{category}: {peers}; {white_space} a year.",
        category=row.category,
        peers=peers,
        white_space=money(row.white_space, book),
    )
    return text, say("orders of the peers ({peer_group})", peer_group=peers_said(row.peer_group))


def _objective(row: Any, book: BookSettings) -> Told:
    worth = (
        ""
        if pd.isna(row.expected_value)
        else say(", worth {expected_value}", expected_value=money(row.expected_value, book))
    )
    text = started(row.text)
    return say(
        "{text}{worth}; due {due_date}.", text=text, worth=worth, due_date=date(row.due_date)
    ), say("plan, {objective_id}", objective_id=row.objective_id)
