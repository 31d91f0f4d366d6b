"""What is said of single rows in a dossier's tables: events, notes, what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.outlook import outlook_notes
from kamlib.tables import each
from kamlib.words import count, listed, phrase, say

_JUDGED = (phrase("role"), phrase("influence"), phrase("attitude"))
QUESTIONS = {
    "decider": phrase("Who decides in the end?"),
    "approver": phrase("Who has to approve it?"),
    "buyer": phrase("Who negotiates and orders?"),
    "influencer": phrase("Whose advice counts?"),
    "user": phrase("Who works with what we supply?"),
    "gatekeeper": phrase("Who decides whom we get to see?"),
}
GIVES = {
    "General": phrase(
        "the account's business, its group, and peers of its industry for the white space"
    ),
    "Owner and sponsor": phrase("who answers for it, on our side and above"),
    "Deliveries": phrase("promises kept on time, quarter by quarter"),
    "Categories": phrase("what was supplied, and what peers buy"),
    "Costs": phrase("the account's margin"),
    "People": phrase("the stakeholder map: who decides, who could derail us, who is missing"),
    "Contacts made": phrase("the last contact, and satisfaction over time"),
    "Incidents": phrase("what went wrong and is still open"),
    "Tenders": phrase("tenders won and lost, why and to whom; the weighted pipeline"),
    "Agreements": phrase("terms kept or not, and renewals falling due"),
    "Rivals": phrase("who courts the account"),
    "Needs": phrase("share of wallet and the opportunity volume over 1, 3 and 5 years"),
    "Team": phrase("roles filled or missing on our side"),
    "Invoices": phrase("what is overdue, and the habit of paying"),
    "Targets": phrase("the year against its target"),
    "Account plan": (
        phrase("objectives and actions with owner, due day and progress; SWOT; our own programme")
    ),
}
"""What adding the rest of a part gives."""


def _said(rows: pd.DataFrame, **columns: Callable[[Any], str]) -> pd.DataFrame:
    """Return a column of text for each name: what its function says of each row."""
    told = {name: [say(row) for row in each(rows)] for name, say in columns.items()}
    return pd.DataFrame(told, index=rows.index, dtype="str")


def tell_dossier_figures(dossier_figures: pd.DataFrame) -> pd.DataFrame:
    """Say how to read each figure."""
    return _said(dossier_figures, note=figure_note)


YEAR = phrase("12 months")
"""The note of a figure of which nothing else is to be said."""


def figure_note(row: Any) -> str:
    """Return how to read a figure of the dossier."""
    noted, days = row.noted_count, row.noted_days
    if row.figure == "silence":
        return "; ".join(silence_notes(row))
    if row.figure == "on time":
        return say("{late}, 12 months", late=late_note(row))
    if row.figure == "open incidents":
        return "" if pd.isna(days) else say("oldest {days:.0f} days", days=days)
    if row.figure == "satisfaction":
        return say("latest mark, of 10")
    if row.figure == "share of wallet":
        return say("{estimates} left out", estimates=count(noted, "bad estimate")) if noted else ""
    if row.figure == "overdue":
        return count(noted, "invoice") if noted else ""
    if row.figure == "days late, paying":
        return say(row.trend)
    if row.figure == "weighted pipeline":
        return say(
            "{noted_of_count:.0f} open, {noted:.0f} not weighted",
            noted_of_count=row.noted_of_count,
            noted=noted,
        )
    return say(YEAR)


def silence_notes(row: Any) -> tuple[str, str]:
    """Return since when an account is silent, and for how long it usually is."""
    gap = say("usual gap {days:.0f} days", days=row.noted_days)
    return say("since the last order"), say("no usual gap yet") if pd.isna(row.noted_days) else gap


def late_note(row: Any) -> str:
    """Return how many deliveries were late."""
    return say("{late:.0f} of {due:.0f} late", late=row.noted_count, due=row.noted_of_count)


def tell_account_timeline(account_timeline: pd.DataFrame) -> pd.DataFrame:
    """Say what happened."""
    return _said(account_timeline, event=event)


def peers_said(peer_group: str) -> str:
    """Return who the peers of an account are, in words.

    >>> peers_said("industry pumps"), peers_said("all accounts")
    ('industry pumps', 'all accounts')
    """
    trait, _, own = peer_group.partition(" ")
    if peer_group == "all accounts":
        return say(peer_group)
    return say("industry {own}" if trait == "industry" else "class {own}", own=own)


def incident_said(row: Any) -> str:
    """Return what kind of incident an event is about, in words."""
    return say(str(row.subject).replace("_", " "))


def event(row: Any) -> str:
    """Return an event of the relationship in words."""
    code, subject = row.event_code, row.subject
    if row.kind in ("agreement", "tender"):
        return f"{say(subject)} {say(code)}"
    if code in ("incident", "resolved"):
        return f"{say(code)}: {incident_said(row)}"
    if code == "decided":
        return f"{say(code)}: {say(subject)}"
    if code == "satisfaction":
        return say("satisfaction {subject} of 10", subject=subject)
    if code == "became":
        former = (
            ""
            if pd.isna(row.former_tier)
            else say(" (was {former_tier})", former_tier=say(row.former_tier))
        )
        return say("became {subject}{former}", subject=say(subject), former=former)
    return say(code)


def tell_stakeholder_map(stakeholder_map: pd.DataFrame) -> pd.DataFrame:
    """Say what to notice about each person."""
    return _said(stakeholder_map, note=_person_note)


def _person_note(row: Any) -> str:
    notes = [say("could derail us")] if row.is_derailer else []
    if pd.isna(row.last_contact_days):
        notes.append(say("no contact on record"))
    elif row.is_stale:
        notes.append(
            say(
                "no contact for {last_contact_days:.0f} days",
                last_contact_days=row.last_contact_days,
            )
        )
    missing = [say(name) for name in _JUDGED if pd.isna(getattr(row, name))]
    return "; ".join(
        notes + ([say("not recorded: {missing}", missing=", ".join(missing))] if missing else [])
    )


def tell_stakeholder_roles(stakeholder_roles: pd.DataFrame) -> pd.DataFrame:
    """Say what to find out about each role."""
    return _said(stakeholder_roles, to_find_out=lambda row: say(QUESTIONS[row.role]))


def tell_pipeline(pipeline: pd.DataFrame) -> pd.DataFrame:
    """Say where the probability comes from, or what is missing."""
    return _said(pipeline, note=_deal_note)


def _deal_note(row: Any) -> str:
    if pd.isna(row.deal_value):
        return say("value not recorded")
    notes = [] if row.has_probability else [say("probability not recorded")]
    if notes and pd.notna(row.probability):
        won = say(
            "{probability:.2f} of {decided_count} decided deals were won",
            probability=row.probability,
            decided_count=row.decided_count,
        )
        notes = [say("probability not recorded: {won}", won=won)]
    return "; ".join(
        notes + ([say("no expected close")] if pd.isna(row.expected_close_date) else [])
    )


def tell_wallet(wallet: pd.DataFrame) -> pd.DataFrame:
    """Say what to notice about each need."""
    return _said(wallet, note=need_note)


def need_note(row: Any) -> str:
    """Return what to notice about a need: what is wrong with it, else what somebody remarked."""
    if pd.isna(row.annual_spend):
        return say("bought, but no need recorded")
    if row.annual_spend <= 0:
        return say("annual spend is not positive")
    if row.is_bad_estimate:
        return say("bad estimate: we sell more than the recorded spend")
    return "" if pd.isna(row.remark) else row.remark


def tell_white_space(white_space: pd.DataFrame) -> pd.DataFrame:
    """Say why there is no figure."""
    return _said(white_space, note=_peer_note)


def _peer_note(row: Any) -> str:
    if row.note_code == "too few peers":
        peers = count(row.peer_count, "peer")
        return say(
            "only {peers}; at least {least_count} are needed",
            peers=peers,
            least_count=row.least_count,
        )
    return say("no revenue in the window to scale to") if row.note_code else ""


def tell_opportunity_volume(opportunity_volume: pd.DataFrame) -> pd.DataFrame:
    """Say what is missing for a volume."""
    return _said(opportunity_volume, note=_volume_note)


def _volume_note(row: Any) -> str:
    gaps = [say("attainable share")] if pd.isna(row.attainable_share) else []
    gaps += [say("probability")] if pd.isna(row.probability) else []
    if row.is_bad_estimate:
        return say("bad estimate: we sell more than the recorded spend")
    return say("not recorded: {gaps}", gaps=", ".join(gaps)) if gaps else ""


def tell_target_outlook(target_outlook: pd.DataFrame, book: BookSettings) -> pd.DataFrame:
    """Say how each outlook was reached."""
    return outlook_notes(target_outlook, book)


def tell_dossier_completeness(dossier_completeness: pd.DataFrame) -> pd.DataFrame:
    """Say what each part lacks, and what adding it gives."""
    return _said(
        dossier_completeness,
        missing=_missing,
        adding_gives=lambda row: say(GIVES[row.part]) if row.filled_share < 1 else "",
    )


def _missing(row: Any) -> str:
    detail = "" if pd.isna(row.gap_detail) else row.gap_detail
    parts = [say(part) for part in detail.split(", ")]
    return {
        "": "",
        "no table": say("the book has no {source}", source=row.source),
        "no row": say("no row for this account in {source}", source=row.source),
        "fields": ", ".join(parts),
        "not in orders": say("the orders carry no {detail}", detail=listed(parts)),
        "some costs": say("cost of some orders"),
        "no plan": say("no plan: add {source}", source=row.source),
        "broken plan": detail,
    }[row.gap_code]
