"""What is to be done about an account, whom to speak to and why: said once, for every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.calendar import Span
from kamlib.period.months import is_window_whole
from kamlib.story.keys import called
from kamlib.story.leaving import WHY_NOT
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import count, date, listed, money, number, percent, phrase, plural, say, started

Told = tuple[str, str]
"""Why something is to be done about an account, and what."""


def tell_account_actions(
    account_actions: pd.DataFrame,
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    told_tier_decisions: pd.DataFrame,
    told_class_moves: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    rollup_changes: pd.DataFrame,
    recent_lateness: pd.DataFrame,
    overdue_checkins: pd.DataFrame,
    account_declines: pd.DataFrame,
    win_back: pd.DataFrame,
    *,
    book: BookSettings,
) -> pd.DataFrame:
    """Return why something is to be done about each account, and what, with whom, and the odds."""
    was = pd.Series(dtype="str")
    if previous_account_status is not None:
        was = previous_account_status.set_index("account_id")["status"]
    facts = {
        "status": account_status.assign(was=account_status["account_id"].map(was)),
        "late": recent_lateness,
        "decision": told_tier_decisions,
        "move": told_class_moves,
        "checkin": overdue_checkins,
        "decline": account_declines,
        "offer": win_back[win_back["probability_source"].eq("own returns")],
        "group": rollup_changes.assign(account_id=rollup_changes["largest_id"]),
    }
    by_account = {name: _by(table, "account_id") for name, table in facts.items()}
    agreements = _by(agreement_renewals, "agreement_id")
    rows = []
    for row in each(account_actions):
        known = {name: rows.get(row.account_id) for name, rows in by_account.items()}
        known["agreement"] = agreements.get(row.agreement_id)
        rows.append(_SAID[row.kind](row, known, book))
    return pd.DataFrame(rows, columns=["why", "to_do"], index=account_actions.index, dtype="str")


def table_account_actions(account_actions: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Say at how many accounts there is something to do, and what is at stake means."""
    many = len(account_actions)
    return Said(
        say(
            "{many} {accounts} to act on, the most pressing first",
            many=number(many),
            accounts=plural(many, "account"),
        ),
        say(
            "At stake: revenue of the 12 months to {as_of}, of a lost account of the 12 months to "
            "its last order",
            as_of=date(as_of),
        ),
    )


def table_account_standing(*, as_of: pd.Timestamp) -> Said:
    """Say of which months the money at stake is."""
    return Said(
        say("Where every account stands"),
        say(
            "As of {as_of}; at stake: revenue of the 12 months to that day, of a lost account of "
            "the 12 months to its last order",
            as_of=date(as_of),
        ),
    )


def tell_due_renewals(due_renewals: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Say what to do about each agreement, with whom and by when."""
    said = [_renewal_step(row, book) for row in each(due_renewals)]
    return pd.DataFrame({"to_do": said}, index=due_renewals.index, dtype="str")


def _renewal_step(row: Any, book: BookSettings) -> str:
    if row.verdict == "let go":
        return say("Let it end: the account is lost and let go.")
    step = say("about a return") if row.status == "lost" else say("and renew it, or say why not")
    return say("Speak to {whom} {step}: {act_by}.", whom=_whom(row), step=step, act_by=_act_by(row))


def _act_by(row: Any) -> str:
    """Return by when to act on an agreement; the notice day may have passed."""
    day = date(row.notice_date)
    return (
        say("the notice day was {day}", day=day)
        if row.days_to_notice_days < 0
        else say("act by {day}", day=day)
    )


def table_due_renewals(
    due_renewals: pd.DataFrame, *, span: Span, present: frozenset[str], book: BookSettings
) -> Said:
    """Say how many agreements need a decision before the next report, and what they are worth."""
    if "agreements" not in present:
        return Said(say("No agreements are recorded: no renewal can be seen coming"))
    until = say(
        "Notice days up to {end}, when the next report is made", end=date(span.shift(1).end)
    )
    return Said(renewals_said(due_renewals, book) or say("No agreement needs a decision"), until)


def table_account_declines(
    account_declines: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    holes: Holes = NO_HOLES,
) -> Said:
    """Say how many key accounts have shrunk over years, where the data hold three of them whole."""
    many, key = len(account_declines), called(key_accounts)
    if not is_window_whole(first_date, as_of=as_of, window_months=36, holes=holes):
        return Said(
            say(
                "Whether any {key} shrinks over years takes three whole years to tell", key=say(key)
            )
        )
    if not many:
        return Said(say("No {key} has shrunk over years", key=say(key)))
    return Said(
        say(
            "{keys} {have} shrunk over years",
            keys=count(many, key),
            have=plural(many, "has", "have"),
        )
    )


def renewals_said(due_renewals: pd.DataFrame, book: BookSettings) -> str:
    """Return how many agreements need a decision before the next report; nothing where none."""
    many, worth = len(due_renewals), due_renewals["agreement_value"].sum()
    if not many:
        return ""
    value = say(" worth {worth}", worth=money(worth, book)) if worth > 0 else ""
    need = plural(many, "needs", "need")
    return say(
        "{agreements}{value} {need} a decision before the next report",
        agreements=count(many, "agreement"),
        value=value,
        need=need,
    )


def loss_step(account_actions: pd.DataFrame) -> str:
    """Return what to do about some lost accounts, in one line.

    >>> loss_step(pd.DataFrame({"name": ["Ada", "Bo"], "action_code": ["ask_reason", "let_go"]}))
    'Ask why Ada left; let go of Bo'
    """
    names = account_actions.groupby("action_code")["name"].agg(list).to_dict()
    said = [
        say(text).format(listed(names[code])) for code, text in LOSS_STEPS.items() if code in names
    ]
    return started("; ".join(said))


LOSS_STEPS = {
    "ask_reason": phrase("ask why {} left"),
    "offer": phrase("make the offer to {}"),
    "win_back": phrase("speak to {}"),
    "let_go": phrase("let go of {}"),
}
"""What to do about lost accounts, by code."""


def _by(table: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return {str(row[key]): row for row in rows}


def _whom(row: Any) -> str:
    """Return whom to speak to: the person recorded, else the account."""
    if not isinstance(row.contact, str) or not row.contact:
        return row.name
    return (
        f"{row.contact} ({say(row.role)})"
        if isinstance(row.role, str) and row.role
        else row.contact
    )


def _overdue(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    status, late = facts["status"], facts["late"]
    still = say("is still overdue") if status["was"] == "overdue" else say("is overdue")
    days, usual = (number(status[one], decimals=0) for one in ("silence_days", "usual_gap_days"))
    is_own = status["gap_basis"] == "own"
    whose = (
        say("usually {usual}", usual=usual)
        if is_own
        else say("accounts like it order every {usual}", usual=usual)
    )
    why = say(
        "{name} {still}: {days} days without an order, {whose}.",
        name=row.name,
        still=still,
        days=days,
        whose=whose,
    )
    if not late or not late["late_count"]:
        return why, say("Call {whom}.", whom=_whom(row))
    many = int(late["late_count"])
    due = say(
        "{many} of its {due_count} orders due in the last six months",
        many=many,
        due_count=int(late["due_count"]),
    )
    return why, say(
        "Call {whom}: {due} {were} late.",
        whom=_whom(row),
        due=due,
        were=plural(many, "was", "were"),
    )


def _lost(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    since = date(facts["status"]["last_order_date"])
    is_known = row.reason not in ("", "not recorded")
    reason = say(" Reason recorded: {reason}.", reason=row.reason) if is_known else ""
    brought = say(
        "It brought {at_stake} in the 12 months to its last order.",
        at_stake=money(row.at_stake, book),
    )
    decided = ""
    if row.recorded_date > facts["status"]["last_order_date"]:
        decided = say(
            " Decided on {recorded_date}: {recorded_decision}.",
            recorded_date=date(row.recorded_date),
            recorded_decision=say(row.recorded_decision),
        )
    why = say(
        "{name} counts as lost: no order since {since}. {brought}{reason}{decided}",
        name=row.name,
        since=since,
        brought=brought,
        reason=reason,
        decided=decided,
    )
    return why, _LOSS[row.action_code](row, book) + _odds(row, facts["offer"], book)


def _odds(row: Any, offer: dict[str, Any] | None, book: BookSettings) -> str:
    """Return how many accounts like one that gets an offer came back, as the book has seen it."""
    if offer is None or pd.isna(row.is_chosen) or not row.is_chosen:
        return ""
    return say(
        " Of accounts lost like it {return_probability} came back.",
        return_probability=percent(offer["return_probability"], book),
    )


def _let_go(row: Any, book: BookSettings) -> str:
    cause = say(WHY_NOT.get(row.why_not_code, ""))
    because = f": {cause}" if row.why_not_code in ("closed", "no_gain") else ""
    return say(
        "Let go{because}{more}.",
        because=because,
        more=say("; end its place as a key account") if row.is_key else "",
    )


def _ask(row: Any, book: BookSettings) -> str:
    step = say("Ask {whom} why it left and record the reason", whom=_whom(row))
    is_chosen = pd.notna(row.is_chosen) and bool(row.is_chosen)
    return (
        say("{step}; then offer: {offered}.", step=step, offered=_offered(row, book))
        if is_chosen
        else f"{step}."
    )


def _make(row: Any, book: BookSettings) -> str:
    return say("Offer {whom}: {offered}.", whom=_whom(row), offered=_offered(row, book))


def _speak(row: Any, book: BookSettings) -> str:
    cause = say(WHY_NOT.get(row.why_not_code, ""))
    return say(
        "Speak to {whom} about a return{cause}.",
        whom=_whom(row),
        cause=say("; no offer: {cause}", cause=cause) if cause else "",
    )


def _offered(row: Any, book: BookSettings) -> str:
    return f"{row.offer}, {money(row.cost, book)}"


_LOSS: dict[str, Callable[[Any, BookSettings], str]] = {
    "let_go": _let_go,
    "ask_reason": _ask,
    "offer": _make,
    "win_back": _speak,
}


def _promoted(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    return _proposed(row, facts, book, say("Decide whether to make {} a key account."))


def _reviewed(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    return _proposed(row, facts, book, say("Review the place of {} among the key accounts."))


def _narrowed(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    return _proposed(
        row, facts, book, say("Narrow the programme at {}: fewer contacts, less service.")
    )


def _proposed(row: Any, facts: dict[str, Any], book: BookSettings, to_do: str) -> Told:
    decision = facts["decision"]
    why, to_do = f"{row.name}: {decision['evidence']}", to_do.format(row.name)
    if not isinstance(row.recorded_decision, str):
        return why, to_do
    on = date(row.recorded_date)
    if decision["is_overridden"]:
        return say(
            "{why} Decided on {on}: {recorded_decision}; the evidence is newer.",
            why=why,
            on=on,
            recorded_decision=say(row.recorded_decision),
        ), to_do
    return why, say(
        "As decided on {on}: {recorded_decision}.",
        on=on,
        recorded_decision=say(row.recorded_decision),
    )


def _fell(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    move = facts["move"]
    return f"{row.name}: {move['why']}", say("Ask {whom} what changed.", whom=_whom(row))


def _shrank(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    return f"{decline_said(facts['decline'], book)}.", say(
        "Ask {whom} what has changed.", whom=_whom(row)
    )


def decline_said(row: Any, book: BookSettings) -> str:
    """Return from what to what a key account has shrunk, and what is proposed for it."""
    before, now = money(row["revenue_before"], book), money(row["revenue"], book)
    years = count(row["years_count"], "year")
    kept = say(", though the proposal is to keep it") if row["verdict"] == "keep" else ""
    return say(
        "{name} has shrunk from {before} to {now} a year within {years}{kept}",
        name=row["name"],
        before=before,
        now=now,
        years=years,
        kept=kept,
    )


def _renewed(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    agreement = facts["agreement"]
    value = agreement["agreement_value"]
    worth = agreement["kind"] if isinstance(agreement["kind"], str) else say("agreement")
    if pd.notna(value):
        worth = say("{agreement} of {amount}", agreement=worth, amount=money(value, book))
    by = say("the notice day is {notice_date}", notice_date=date(agreement["notice_date"]))
    return (
        say(
            "{name}: its {worth} ends on {end_date}, {by}.",
            name=row.name,
            worth=worth,
            end_date=date(agreement["end_date"]),
            by=by,
        ),
        say("Speak to {whom}: renew it, or say why not.", whom=_whom(row)),
    )


def _grouped(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    group = facts["group"]
    size = say(
        "counted as one group of {active_count:.0f} accounts", active_count=group["active_count"]
    )
    place = say(
        "is no. {group_rank:.0f} ({revenue})",
        group_rank=group["group_rank"],
        revenue=money(group["revenue"], book),
    )
    alone = say(
        "its largest account, {name}, alone is no. {largest_rank:.0f}",
        name=row.name,
        largest_rank=group["largest_rank"],
    )
    return (
        f"{group['group_name']}, {size}, {place}; {alone}.",
        say("Ask {whom} for a group agreement.", whom=_whom(row)),
    )


def _unmet(row: Any, facts: dict[str, Any], book: BookSettings) -> Told:
    checkin = facts["checkin"]
    last = checkin["last_contact_date"]
    when = (
        say("no contact on record")
        if pd.isna(last)
        else say("last contact {last}", last=date(last))
    )
    return say("{name}: its planned contact is overdue, {when}.", name=row.name, when=when), say(
        "Meet {whom}.", whom=_whom(row)
    )


_SAID: dict[str, Callable[[Any, dict[str, Any], BookSettings], Told]] = {
    "overdue": _overdue,
    "lost": _lost,
    "gone": _lost,
    "promote": _promoted,
    "review": _reviewed,
    "narrow": _narrowed,
    "down": _fell,
    "shrinking": _shrank,
    "renewal": _renewed,
    "group": _grouped,
    "check-in": _unmet,
}
