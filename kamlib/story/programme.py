"""What the programme review says first: what to do, who owns it, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.keys import called, several
from kamlib.story.statements import Point, Sentence
from kamlib.tables import each
from kamlib.words import count, money, number, phrase, plural, say, share

Book = BookSettings | None
MOST = 7
"""Sentences on the first screen."""

NEEDED = {
    "tiers": phrase("who was admitted when, and so what the programme brings"),
    "programme_costs": phrase("the return against cost and the month of payback"),
    "managers": phrase("load against the hours that each manager has"),
    "contacts": phrase("which decision roles are known"),
    "interactions": phrase("engagement, and who was not visited"),
    "targets": phrase("results against target"),
    "opportunities": phrase("the weighted pipeline in the outlook"),
    "invoices": phrase("money owed"),
    "skills": phrase("competences and training needs"),
    "team": phrase("account teams and their missing roles"),
    "decisions": phrase("the log of decisions"),
}
"""What a table of the book would add to the programme review."""


def headline_programme(
    workload: pd.DataFrame,
    assignment_changes: pd.DataFrame,
    manager_dependence: pd.DataFrame,
    told_coverage: pd.DataFrame,
    coverage_summary: pd.DataFrame,
    objectives_tally: pd.DataFrame,
    told_programme_verdict: pd.DataFrame,
    programme_payback: pd.DataFrame,
    programme_outlook: pd.DataFrame,
    programme_owed: pd.DataFrame,
    told_training_needs: pd.DataFrame,
    engagement_trend: pd.DataFrame,
    *,
    key_accounts: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    book: Book = None,
) -> list[Sentence]:
    """Return the sentences of the first screen, the most pressing first; at most seven."""
    key = called(key_accounts)
    sentences = [
        *_effect(told_programme_verdict, programme_payback, book),
        *_load(workload, assignment_changes, key, book),
        *_target(programme_outlook, several(key), book),
        *_dependence(manager_dependence, key, book, is_met=_is_met(interactions)),
        *_coverage(told_coverage, coverage_summary, key),
        *_owed(programme_owed, several(key), book),
        *_objectives(objectives_tally, book),
        *_training(told_training_needs),
        *_engagement(engagement_trend),
    ]
    nothing = Sentence(say("Nothing can be said of the programme yet: no key accounts are known."))
    return sentences[:MOST] or [nothing]


def _effect(verdict: pd.DataFrame, payback: pd.DataFrame, book: Book) -> Iterator[Sentence]:
    done = {
        "gain": say("has raised"),
        "loss": say("has lowered"),
        "no effect shown": say("has not shown an effect on"),
    }
    for row in each(verdict):
        text = say("What the programme brings cannot be told. {note}", note=row.note)
        if row.verdict in done:
            shares = row.effect_share, row.effect_low_share, row.effect_high_share
            effect, low, high = (_signed(one, book) for one in shares)
            text = say(
                "The programme {done} the {measure} of its key accounts: {effect} against "
                "comparable accounts, 95 % interval {low} to {high}{unseen}. {payback}",
                done=done[row.verdict],
                measure=say(row.measure),
                effect=effect,
                low=low,
                high=high,
                unseen=_unseen(row, book),
                payback=_paid(payback),
            )
        yield Sentence(text, link="#programme_verdict")


def _unseen(row: Any, book: Book) -> str:
    """Say which effects could not have been seen, where none was shown."""
    if row.verdict != "no effect shown" or pd.isna(row.smallest_effect_share):
        return ""
    smallest = share(row.smallest_effect_share, book, decimals=0)
    return say("; most effects below {smallest} could not have been seen", smallest=smallest)


def _paid(payback: pd.DataFrame) -> str:
    for row in each(payback[payback["question"].eq("payback")]):
        if row.answer == "paid back":
            return say(
                "It paid for itself after {months}.",
                months=count(row.months_since_first_cost, "month"),
            )
        if row.answer == "not paid back yet":
            return say("It has not paid for itself yet.")
    return say("Whether it has paid for itself cannot be told yet.")


def _load(
    workload: pd.DataFrame, changes: pd.DataFrame, key: str, book: Book
) -> Iterator[Sentence]:
    if workload.empty:
        return
    orphans = int(workload.loc[workload["manager_id"].eq(""), "key_count"].sum())
    if workload["manager_id"].eq("").all():
        text = say(
            "No manager is known for any {key}, so nothing can be said of workload.", key=say(key)
        )
        yield Sentence(text, link="#workload")
        return
    if orphans:
        lack = say(
            "{accounts} {have} no manager",
            accounts=count(orphans, key),
            have=plural(orphans, "has", "have"),
        )
        yield Sentence(say("{lack}: name one.", lack=lack), link="#workload")
    over = workload[workload["is_over_hours"]]
    moves = changes[changes["manager_id"].ne("")]
    if over.empty:
        heaviest = workload["hours_load_share"].max()
        text = say("Nobody carries more hours than there are")
        most = say(
            "; the heaviest load is {heaviest} of the hours",
            heaviest=share(heaviest, book, decimals=0),
        )
        yield Sentence(f"{text}{most if heaviest > 0 else ''}.", link="#workload")
        return
    who, others = next(each(over)), len(over) - 1
    hours = say(
        "{hours_load_share} of the hours",
        hours_load_share=share(who.hours_load_share, book, decimals=0),
    )
    sentences = [
        say(
            "{manager_name} carries too much: {hours}, {accounts}.",
            manager_name=who.manager_name,
            hours=hours,
            accounts=count(who.key_count, key),
        )
    ]
    if others:
        more = (
            say("One more carries")
            if others == 1
            else say("{others} more carry", others=number(others))
        )
        sentences.append(say("{more} too much.", more=more))
    for first in each(moves.head(1)):
        eases = (
            say("One move eases")
            if len(moves) == 1
            else say("{moves} moves ease", moves=number(len(moves)))
        )
        sentences.append(
            say(
                "{eases} it, first {name} to {to_manager}.",
                eases=eases,
                name=first.name,
                to_manager=first.to_manager,
            )
        )
    if moves.empty:
        sentences.append(say("Nobody has room and the ratings required to take an account over."))
    yield Sentence(" ".join(sentences), link="#assignment_changes" if len(moves) else "#workload")


def _target(outlook: pd.DataFrame, keys: str, book: Book) -> Iterator[Sentence]:
    row = outlook[outlook["measure"].eq("revenue")].dropna(subset=["year_target", "outlook"])
    for own in each(row):
        side = say("short of") if own.outlook_gap < 0 else say("above")
        gap = say(
            "{outlook_gap} {side} target", outlook_gap=money(abs(own.outlook_gap), book), side=side
        )
        text = say(
            "The {keys} ended the year at {to_date}, {gap}.",
            keys=keys,
            to_date=money(own.to_date, book),
            gap=gap,
        )
        if own.outlook_rule != "over":
            heading = say(
                "The {keys} are heading for {outlook} this year, {gap}",
                keys=keys,
                outlook=money(own.outlook, book),
                gap=gap,
            )
            holds = own.outlook_low <= own.year_target <= own.outlook_high
            text = (
                say("{heading}; the interval holds the target.", heading=heading)
                if holds
                else f"{heading}."
            )
        yield Sentence(text, link="#programme_outlook")


def _is_met(interactions: pd.DataFrame | None) -> bool:
    """Whether contacts are recorded with those who made them; else orders alone tell of them."""
    return interactions is None or bool(interactions["manager_id"].notna().any())


def _dependence(table: pd.DataFrame, key: str, book: Book, *, is_met: bool) -> Iterator[Sentence]:
    exposed = table[table["exposed_profit"].gt(0)].sort_values("exposed_profit", kind="stable")
    for row in each(exposed.tail(1)):
        of = say(
            "of the {owned_profit} of yearly {measure} of the own accounts",
            owned_profit=money(row.owned_profit, book),
            measure=say(row.measure),
        )
        known = ""
        if row.sole_count:
            accounts = count(row.sole_count, key)
            known = say(
                ": {accounts} {know} hardly anybody else",
                accounts=accounts,
                know=plural(row.sole_count, "knows", "know"),
            )
            if not is_met:
                known = say(
                    ": {accounts} {have} hardly anybody else on the orders, and no contact is "
                    "recorded",
                    accounts=accounts,
                    have=plural(row.sole_count, "has", "have"),
                )
        yield Sentence(
            say(
                "If {manager_name} leaves, {exposed_profit} {of} is exposed{known}. Introduce a "
                "second person.",
                manager_name=row.manager_name,
                exposed_profit=money(row.exposed_profit, book),
                of=of,
                known=known,
            ),
            link="#manager_dependence",
        )


def _coverage(coverage: pd.DataFrame, summary: pd.DataFrame, key: str) -> Iterator[Sentence]:
    words = {
        "sponsor": say("a sponsor"),
        "plan": say("a plan"),
        "decision roles": say("a known decision role"),
    }
    rows = {row.part: row for row in each(summary[summary["covered_share"].lt(1)])}
    parts = [_lack(rows[part], what, key) for part, what in words.items() if part in rows]
    for worst in each(coverage.head(1 if parts else 0)):
        text = say(
            "{parts}. Begin with {name}: {note}.",
            parts="; ".join(parts),
            name=worst.name,
            note=worst.note,
        )
        yield Sentence(text, link="#coverage")


def _lack(row: Any, what: str, key: str) -> str:
    lack = row.key_count - row.covered_count
    whole = count(row.key_count, key)
    return say(
        "{lack} of {whole} {lacks} {what}",
        lack=lack,
        whole=whole,
        lacks=plural(lack, "lacks", "lack"),
        what=what,
    )


def _owed(table: pd.DataFrame, keys: str, book: Book) -> Iterator[Sentence]:
    total = table["overdue_amount"].sum()
    for row in each(table[table["overdue_amount"].gt(0)].head(1)):
        most = f"{money(row.overdue_amount, book)}, {count(row.oldest_late_days, 'day')}"
        yield Sentence(
            say(
                "The {keys} owe {total} past its due day, most of it {name} ({most}).",
                keys=keys,
                total=money(total, book),
                name=row.name,
                most=most,
            ),
            link="#programme_owed",
        )


def _objectives(tally: pd.DataFrame, book: Book) -> Iterator[Sentence]:
    for row in each(tally[tally["horizon"].eq("all")]):
        states = {"overdue": row.overdue_count, "missed": row.missed_count, "kept": row.kept_count}
        said = ", ".join(
            f"{number(found) if found else say('none')} {say(state)}"
            for state, found in states.items()
        )
        worth = say(
            "; the missed ones were worth {missed_value}",
            missed_value=money(row.missed_value, book),
        )
        is_missed = row.missed_value > 0
        yield Sentence(
            say("Objectives: {said}{worth}.", said=said, worth=worth if is_missed else ""),
            "#objectives_review",
        )


def _training(needs: pd.DataFrame) -> Iterator[Sentence]:
    for row in each(needs[needs["need_count"].gt(0)].head(1)):
        needing, rated = row.need_count, count(row.rated_count, "manager")
        below = say(
            "{needing} of {rated} {are} below the level required",
            needing=needing,
            rated=rated,
            are=plural(needing, "is", "are"),
        )
        text = say(
            "Train {skill} first: {below} ({managers}).",
            skill=row.skill,
            below=below,
            managers=row.managers,
        )
        yield Sentence(text, link="#training_needs")


def _engagement(trend: pd.DataFrame) -> Iterator[Sentence]:
    words = trend.set_index("measure")["trend"]
    link = "#Engagement-and-loyalty"
    if words.eq("rising").all():
        yield Sentence(say("Engagement and loyalty are both rising."), link=link)
    elif not words.eq("too few quarters").any():
        told = words.replace({"rising": say("a rise"), "falling": say("a fall")}).map(say)
        yield Sentence(
            say(
                "Engagement and loyalty should both rise: engagement shows {engagement}, loyalty "
                "{loyalty}.",
                engagement=told["engagement"],
                loyalty=told["loyalty"],
            ),
            link=link,
        )


def _signed(value: float, book: Book) -> str:
    return ("+" if value > 0 else "") + share(value, book, decimals=0)


def points_programme_missing(present: frozenset[str]) -> list[Point]:
    """Return one point for each table that the book lacks: what it would add to the review.

    >>> [(one.label, one.text) for one in points_programme_missing(frozenset(NEEDED) - {"skills"})]
    [('skills', 'competences and training needs')]
    """
    return [Point("", say(adds), table) for table, adds in NEEDED.items() if table not in present]


def note_programme(
    told_key_accounts: pd.DataFrame, key_accounts: pd.DataFrame, *, has_cost: bool = True
) -> str:
    """Return who is key by which rule, and what orders without cost cannot tell.

    >>> keys = pd.DataFrame({"is_key": [True], "is_provisional": [False]})
    >>> told = pd.DataFrame({"key_rule": ["named in the book"]})
    >>> note_programme(told, keys).replace("\N{NO-BREAK SPACE}", " ")
    '1 key account, by the rule: named in the book.'
    """
    text = say(
        "{accounts}, by the rule: {rule}.",
        accounts=count(int(key_accounts["is_key"].sum()), called(key_accounts)),
        rule=next(iter(told_key_accounts["key_rule"]), "none"),
    )
    unknown = say(
        "Orders carry no cost: profit is measured as revenue and the return cannot be told."
    )
    return text if has_cost else f"{text} {unknown}"
