"""What is said of the client's voice, of events at clients, of meetings with their top."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.words import count, listed, number, plural


def table_feedback_topics(feedback_topics: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how much was never answered, and what was asked again."""
    how = "Asked in the last 12 months, or still unanswered"
    open_ = int(feedback_topics["unanswered_count"].sum())
    again = feedback_topics[feedback_topics["is_repeated"]]
    if feedback_topics.empty:
        return Said("Nothing was asked for in 12 months", how)
    title = "Everything that was asked for is answered"
    if open_:
        verb = plural(open_, "is", "are")
        title = f"{count(open_, 'request', source=book)} of clients {verb} not answered"
    if len(again):
        title += f"; asked again: {listed(again['name'] + ' (' + again['asked_topic'] + ')')}"
    return Said(title, how)


def table_event_outcomes(event_outcomes: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how many events are on record, and of how many the year after is over."""
    over = int(event_outcomes["event_revenue_after"].notna().sum())
    return Said(
        f"{count(len(event_outcomes), 'event', source=book)} at clients, the year after is over "
        f"for {number(over, book)}",
        "Revenue of the year before and after; what followed is no proof of why",
    )


def table_sponsor_activity(sponsor_activity: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say whose top people were not met for a year."""
    unmet = sponsor_activity[sponsor_activity["top_contact_count"].eq(0)]
    if sponsor_activity.empty:
        return Said("No decider or approver of a key account is known")
    if unmet.empty:
        return Said("The top people of every key account were met within a year")
    return Said(
        f"The top people of {count(len(unmet), 'key account', source=book)} were not met for a "
        f"year: {listed(unmet['name'])}"
    )


_ADDS = {
    "feedback": "what clients asked for, and what was answered",
    "account_events": "what followed events at clients",
    "contacts": "whether their top people are met",
}


def gap_voice(*, present: frozenset[str]) -> str:
    """Say in one line what the book would need for the client's voice."""
    absent = [f"{what} (table {table})" for table, what in _ADDS.items() if table not in present]
    return f"Not told, as the book has none: {'; '.join(absent)}." if absent else ""
