"""What is said of the client's voice, of events at clients, of meetings with their top."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.keys import called, several
from kamlib.story.statements import Said
from kamlib.words import count, listed, number, plural, say


def table_feedback_topics(
    feedback_topics: pd.DataFrame, *, present: frozenset[str], book: BookSettings
) -> Said:
    """Say how much was never answered, and what was asked again."""
    how = say("Asked in the last 12 months, or still unanswered")
    if "feedback" not in present:
        return Said(
            say("What clients asked for, and what was answered: the table feedback would tell")
        )
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


def table_event_outcomes(
    event_outcomes: pd.DataFrame, *, present: frozenset[str], book: BookSettings
) -> Said:
    """Say how many events are on record, and of how many the year after is over."""
    if "account_events" not in present:
        return Said(say("What followed events at clients: the table account_events would tell"))
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
    sponsor_activity: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    present: frozenset[str],
    book: BookSettings,
) -> Said:
    """Say whose top people were not met for a year, and where nobody at the top is known."""
    key = called(key_accounts)
    if not {"contacts", "interactions"} <= present:
        return Said(
            say(
                "Whether the top people of accounts are met: the tables contacts and interactions "
                "would tell"
            )
        )
    if sponsor_activity.empty:
        return Said(say("No decider or approver of any account is known"))
    is_known = sponsor_activity["top_people_count"].gt(0)
    unmet = sponsor_activity[is_known & sponsor_activity["top_contact_count"].eq(0)]
    title = say("All top people known at {keys} were met within a year", keys=several(key))
    if is_known.all() and unmet.empty:
        title = say("The top people of every {key} were met within a year", key=say(key))
    if len(unmet):
        title = say(
            "The top people of {accounts} were not met for a year: {name}",
            accounts=count(len(unmet), key, source=book),
            name=listed(unmet["name"]),
        )
    if not is_known.all():
        nobody = sponsor_activity.loc[~is_known, "name"]
        title += say("; nobody at the top is known at {name}", name=listed(nobody))
    return Said(title)
