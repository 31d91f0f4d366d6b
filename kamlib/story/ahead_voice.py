"""What is said of the client's voice, of events at clients, of meetings with their top."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.keys import called
from kamlib.story.statements import Said
from kamlib.words import count, listed, number, phrase, plural, say


def table_feedback_topics(feedback_topics: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how much was never answered, and what was asked again."""
    how = say("Asked in the last 12 months, or still unanswered")
    open_ = int(feedback_topics["unanswered_count"].sum())
    again = feedback_topics[feedback_topics["is_repeated"]]
    if feedback_topics.empty:
        return Said(say("No request of a client is on record for 12 months"), how)
    title = say("Everything that was asked for is answered")
    if open_:
        verb = plural(open_, "is", "are")
        title = say(
            "{requests} of clients {verb} not answered",
            requests=count(open_, "request", source=book),
            verb=verb,
        )
    if len(again):
        title += say(
            "; asked again: {name}", name=listed(again["name"] + " (" + again["asked_topic"] + ")")
        )
    return Said(title, how)


def table_event_outcomes(event_outcomes: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how many events are on record, and of how many the year after is over."""
    if event_outcomes.empty:
        return Said(say("No event at a client is on record"))
    over = int(event_outcomes["event_revenue_after"].notna().sum())
    return Said(
        say(
            "{events} at clients, the year after is over for {over}",
            events=count(len(event_outcomes), "event", source=book),
            over=number(over, book),
        ),
        say("Revenue of the year before and after; what followed is no proof of why"),
    )


def table_sponsor_activity(
    sponsor_activity: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say whose top people were not met for a year."""
    key = called(key_accounts)
    unmet = sponsor_activity[sponsor_activity["top_contact_count"].eq(0)]
    if sponsor_activity.empty:
        return Said(say("No decider or approver of any account is known"))
    if unmet.empty:
        return Said(say("The top people of every {key} were met within a year", key=say(key)))
    return Said(
        say(
            "The top people of {accounts} were not met for a year: {name}",
            accounts=count(len(unmet), key, source=book),
            name=listed(unmet["name"]),
        )
    )


_ADDS = {
    "feedback": phrase("what clients asked for, and what was answered"),
    "account_events": phrase("what followed events at clients"),
    "contacts": phrase("whether their top people are met"),
}


def gap_voice(*, present: frozenset[str]) -> str:
    """Say in one line what the book would need for the client's voice."""
    absent = [
        say("{what} (table {table})", what=say(what), table=table)
        for table, what in _ADDS.items()
        if table not in present
    ]
    return (
        say("Not told, as the book has none: {absent}.", absent="; ".join(absent)) if absent else ""
    )
