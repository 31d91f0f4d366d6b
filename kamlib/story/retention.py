"""What the retention page says first: who is at risk, where revenue went, how good alarms are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.holes import NO_HOLES, Holes, is_known
from kamlib.period.calendar import Span
from kamlib.story.ahead_sales import charted
from kamlib.story.keys import called, late
from kamlib.story.overtime import who
from kamlib.story.risk import risk_split
from kamlib.story.statements import Sentence
from kamlib.story.status import of_leavers
from kamlib.story.verdict import loss_step
from kamlib.tables import each
from kamlib.words import (
    FEW,
    count,
    counted,
    date,
    listed,
    money,
    number,
    phrase,
    plural,
    rate,
    say,
    share,
    started,
)

TOPIC_LINKS = {
    "at risk": "#account_status",
    "newly overdue": "#account_status",
    "lost": "#lost_accounts",
    "returned": "#account_status",
    "retention": "#revenue_bridge",
    "alarms": "evidence.html",
    "causes": "#leaving_causes",
    "check-ins": "#overdue_checkins",
    "win-back": "#win_back",
    "unknown": "#revenue_bridge",
}
"""The table that holds the evidence of each topic."""

CHARTED = ("category", "region", "industry", "manager_name")
"""Dimensions of losses in the order in which they are drawn, two at most."""


def headline_retention(told_retention_findings: pd.DataFrame) -> list[Sentence]:
    """Return the findings as sentences, each with owner, next step and its evidence."""
    said = []
    texts = ["finding", "next_step", "manager_name", "manager_id", "account_id", "topic"]
    for row in each(told_retention_findings[texts].astype("object").fillna("")):
        owner = row.manager_name or row.manager_id
        step = f"{row.next_step}." if row.next_step else ""
        parts = (row.finding, f"{owner}:" if owner and step else "", step)
        text = " ".join(part for part in parts if part)
        link = "" if row.account_id else TOPIC_LINKS[row.topic]
        said.append(Sentence(text, link, row.account_id))
    return said


def tell_retention_findings(
    retention_findings: pd.DataFrame,
    finding_accounts: pd.DataFrame,
    interactions: pd.DataFrame,
    risk_changes: pd.DataFrame,
    account_actions: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
    book: BookSettings,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """Return each finding in a sentence, and what to do.

    Nobody is to be called about a silence where the data end early, since an order may have come,
    nor about revenue below 0.
    """
    is_told = is_known(as_of, holes)
    meant = dict(list(finding_accounts.groupby("finding_code")))
    nobody = finding_accounts.head(0)
    has_contacts, key = len(interactions) > 0, called(key_accounts)
    rows: list[tuple[str, str | None]] = []
    for row in each(retention_findings):
        code = row.finding_code
        accounts = meant.get(code, nobody)
        is_call = is_told and bool(accounts["revenue"].ge(0).any())
        if code == "newly_overdue":
            step = _call(row, has_contacts) if is_told and row.revenue >= 0 else None
            rows.append((_newly_overdue(row, book), step))
        elif code == "risk_changes":
            rows.append((_risk_split(risk_changes, previous_span, book, key), None))
        elif code == "rates":
            rows.append((_rates(row, as_of, book), None))
        elif code == "overdue":
            rows.append((_at_risk(accounts, book, key), say(_STEPS[code]) if is_call else None))
        elif code == "lost":
            steps = account_actions[account_actions["account_id"].isin(accounts["account_id"])]
            rows.append((_lost(accounts, book, key), loss_step(steps) or None))
        else:
            is_said = code in _STEPS and (is_call or code != "further_overdue")
            rows.append((_SAID[code](row, accounts, book), say(_STEPS[code]) if is_said else None))
    columns = ["finding", "next_step"]
    return pd.DataFrame(rows, columns=columns, index=retention_findings.index).astype("str")


_STEPS = {
    "overdue": phrase("Call the overdue accounts, the largest first"),
    "further_overdue": phrase("Call, the most money first"),
    "not_recorded": phrase("Ask the owners; record the reason"),
    "checkin": phrase("Make the overdue contacts"),
    "offers": phrase("Make the offers on the list"),
}


def _at_risk(overdue: pd.DataFrame, book: BookSettings, key: str) -> str:
    amount, own = money(overdue["revenue"].sum(), book), overdue[overdue["is_key"]]
    if overdue.empty:
        return say("No account is overdue.")
    if own.empty:
        others = counted(len(overdue), "other account", source=book)
        are = plural(len(overdue), "is", "are")
        return say(
            "No {key} is overdue; {others} with {amount} a year {are}.",
            key=say(key),
            others=others,
            amount=amount,
            are=are,
        )
    owners = own["manager_name"].fillna(own["manager_id"]).dropna().unique()
    whose = (
        say(", all of them {owners}’s", owners=owners[0])
        if len(owners) == 1 and len(own) > 1
        else ""
    )
    keys = counted(len(own), late(key), source=book)
    return say(
        "{revenue} a year is at risk in {keys}{whose}; over all accounts {amount} in {overdue}.",
        revenue=money(own["revenue"].sum(), book),
        keys=keys,
        whose=whose,
        amount=amount,
        overdue=number(len(overdue), book),
    )


def _newly_overdue(row: Any, book: BookSettings) -> str:
    if row.gap_basis == "season":
        start = date(row.season_start_date)
        amount = money(row.revenue, book)
        said = say("its season usually starts on {start}", start=start)
        return say(
            "{name} is newly overdue: {said}; {amount} a year.",
            name=row.name,
            said=said,
            amount=amount,
        )
    silence = say(
        "{silence_days} days without an order", silence_days=number(row.silence_days, book)
    )
    if pd.notna(row.usual_gap_days):
        silence += say(
            ", usually {usual_gap_days}",
            usual_gap_days=number(row.usual_gap_days, book, decimals=0),
        )
    if row.gap_basis != "own":
        silence += say(" (judged by like accounts: too few orders of its own)")
    text = say(
        "{name} is newly overdue: {silence}; {revenue} a year.",
        name=row.name,
        silence=silence,
        revenue=money(row.revenue, book),
    )
    if not row.late_count > 0:
        return text
    late, due = f"{row.late_count:.0f}", f"{row.due_count:.0f}"
    were = plural(row.late_count, "was", "were")
    return say(
        "{text} {late} of its {due} orders due in the last six months {were} late.",
        text=text,
        late=late,
        due=due,
        were=were,
    )


def _call(row: Any, has_contacts: bool) -> str:
    """Say what to do about an account that is newly overdue."""
    is_late = row.late_count > 0
    what = (
        say("what the late deliveries cost them") if is_late else say("when the next order comes")
    )
    call = say("Call and ask {what}", what=what)
    if not has_contacts:
        return call
    if pd.isna(row.last_contact_date):
        return say("{call}; no contact on record", call=call)
    is_before = row.last_contact_date < row.last_order_date
    when = say(", before its last order") if is_before else ""
    return say(
        "{call}; last contact {last_contact_date}{when}",
        call=call,
        last_contact_date=date(row.last_contact_date),
        when=when,
    )


def _further_overdue(row: Any, more: pd.DataFrame, book: BookSettings) -> str:
    owners = more["manager_name"].fillna(more["manager_id"]).value_counts()
    owners = owners.sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    whose = ", ".join(f"{owner} ({many})" for owner, many in owners.items())
    further = started(counted(len(more), "further account", source=book))
    amount = money(more["revenue"].sum(), book)
    return say(
        "{further} became overdue, with {amount} a year{whose}.",
        further=further,
        amount=amount,
        whose=f": {whose}" if whose else "",
    )


def _lost(gone: pd.DataFrame, book: BookSettings, key: str) -> str:
    if gone.empty:
        return say("No account was lost in the period.")
    many, keys = started(counted(len(gone), "account", source=book)), int(gone["is_key"].sum())
    among = say(", {keys} among them", keys=counted(keys, key, source=book)) if keys else ""
    amount = money(gone["revenue"].sum(), book)
    return _ended(
        say(
            "{many} {were} lost in the period{among}, with {amount} in their last year: {gone}",
            many=many,
            were=plural(len(gone), "was", "were"),
            among=among,
            amount=amount,
            gone=_names(gone),
        )
    )


def _returned(row: Any, back: pd.DataFrame, book: BookSettings) -> str:
    many = started(counted(len(back), "account", source=book))
    return _ended(say("{many} came back in the period: {back}", many=many, back=_names(back)))


def _risk_split(changes: pd.DataFrame, before: Span, book: BookSettings, key: str) -> str:
    scopes = ("key", "all")
    own, everyone = (risk_split(changes, scope, before, book, key=key) for scope in scopes)
    return (
        own
        or everyone
        or say("Revenue at risk is what it was at the end of {before}.", before=before.title)
    )


def _rates(row: Any, as_of: pd.Timestamp, book: BookSettings) -> str:
    whose = who(row.scope, row.account_count, as_of)
    kept, grown = (share(one, book) for one in (row.grr_share, row.nrr_share))
    return say(
        "{whose} kept {kept} of the revenue of the year before (GRR); with what grew, {grown} "
        "(NRR).",
        whose=started(whose),
        kept=kept,
        grown=grown,
    )


def _warnings(row: Any, nobody: pd.DataFrame, book: BookSettings) -> str:
    many, back, lost = int(row.account_count), int(row.returned_count), int(row.lost_count)
    return say(
        "Of the {warnings} of {warned_date}, {back} {have} ordered again, {lost} {are} lost, "
        "{many} still silent.",
        warnings=count(many, "warning", source=book),
        warned_date=date(row.warned_date),
        back=back,
        have=plural(back, "has", "have"),
        lost=lost or say("none"),
        are=plural(max(lost, 1), "is", "are"),
        many=many - back - lost or say("none"),
    )


def _alarms(row: Any, nobody: pd.DataFrame, book: BookSettings) -> str:
    right = rate(row.alarm_count - row.false_alarm_count, row.alarm_count, book)
    if row.alarm_count < FEW:
        return say(
            "An overdue warning was right in {right} {cases}: too few to judge by.",
            right=right,
            cases=plural(row.alarm_count, "past case", "past cases"),
        )
    text = say("An overdue warning was right in {right} of past cases", right=right)
    if not row.leaver_count:
        return f"{text}."
    missed = rate(row.missed_loss_count, row.leaver_count, book)
    return say(
        "{text}; {missed} {leaver_count} no warning yet.",
        text=text,
        missed=missed,
        leaver_count=of_leavers(row.leaver_count),
    )


def _not_recorded(row: Any, losses: pd.DataFrame, book: BookSettings) -> str:
    many = started(counted(len(losses), "loss", "losses", source=book))
    amount = money(losses["revenue"].sum(), book)
    return _ended(
        say(
            "{many} of the last twelve months nobody recorded: {amount} a year, {losses}",
            many=many,
            amount=amount,
            losses=_names(losses),
        )
    )


def _cause(row: Any, nobody: pd.DataFrame, book: BookSettings) -> str:
    event = (
        say(row.exposure)
        if row.exposure != "incident"
        else say("incident ({cause})", cause=say(row.cause))
    )
    ratio, low, high = (
        number(one, book, decimals=2)
        for one in (row.hazard_ratio, row.hazard_ratio_low, row.hazard_ratio_high)
    )
    return say(
        "After each {event} accounts were {ratio} times as likely to leave ({low} to {high}): a "
        "correlation, not proof.",
        event=event,
        ratio=ratio,
        low=low,
        high=high,
    )


def _checkins(row: Any, late: pd.DataFrame, book: BookSettings) -> str:
    many = started(counted(len(late), "check-in", source=book))
    text = say("{many} {are} overdue", many=many, are=plural(len(late), "is", "are"))
    worst = next(each(late))
    if not worst.days_overdue > 0:
        return f"{text}."
    return say(
        "{text}; longest: {name}, by {days}.",
        text=text,
        name=worst.name,
        days=count(worst.days_overdue, "day", source=book),
    )


def _offers(row: Any, nobody: pd.DataFrame, book: BookSettings) -> str:
    whom = counted(int(row.account_count), "lost account", source=book)
    return say(
        "Offers to {whom} for {cost} are worth {offer_value} after their cost, by expectation.",
        whom=whom,
        cost=money(row.cost, book),
        offer_value=money(row.offer_value, book),
    )


def _no_rates(row: Any, nobody: pd.DataFrame, book: BookSettings) -> str:
    return say(
        "Retention of revenue cannot be known yet: it takes these 12 months and those before them, "
        "whole."
    )


def _no_alarms(row: Any, nobody: pd.DataFrame, book: BookSettings) -> str:
    return say("How good the warnings are cannot be known yet: it takes two years of orders.")


_SAID: dict[str, Callable[[Any, pd.DataFrame, BookSettings], str]] = {
    "further_overdue": _further_overdue,
    "returned": _returned,
    "no_rates": _no_rates,
    "warnings": _warnings,
    "alarms": _alarms,
    "no_alarms": _no_alarms,
    "not_recorded": _not_recorded,
    "cause": _cause,
    "checkin": _checkins,
    "offers": _offers,
}


def _names(accounts: pd.DataFrame) -> str:
    return listed(accounts["name"])


def _ended(text: str) -> str:
    """Return a sentence with its full stop, which a company's name may bring along."""
    return text if text.endswith(".") else f"{text}."


def note_two_years(retention_figures: pd.DataFrame) -> str:
    """Say why NRR and GRR are not known, where they are not."""
    known = retention_figures.set_index("figure")["value"].get("NRR")
    if known is not None and known.notna().any():
        return ""
    return say(
        "Retention of revenue compares two years; the orders do not reach back that far yet."
    )


def charted_directions(loss_directions: pd.DataFrame) -> tuple[str, str]:
    """Return the first two dimensions by which losses are recorded; blanks where there are fewer.

    >>> charted_directions(pd.DataFrame({"dimension": ["industry", "industry", "seen"]}))
    ('industry', '')
    """
    first, second, _ = charted(loss_directions, CHARTED)
    return first, second
