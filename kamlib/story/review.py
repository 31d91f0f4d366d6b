"""What the slides of a review meeting say: to the client, in the client's own terms.

Nothing of our own thoughts is here: no class, no score, no share of wallet, no attitude, and no
objective that is to be won back.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.tables import each
from kamlib.words import count, date, listed, money, say, share, started

MOST = 7
"""Lines of a slide."""


def review_agenda(
    accounts: pd.DataFrame, contacts: pd.DataFrame, plan: Any, *, as_of: pd.Timestamp
) -> list[str]:
    """Return where, when, with whom and about what the meeting is; blanks are left to be filled."""
    met = None if plan is None else plan.relationship.next_meeting
    people = contacts.sort_values(["influence", "name"], ascending=[False, True])["name"].dropna()
    owner = accounts["manager_name"].dropna()
    with_whom = listed([str(name) for name in people.head(4)], most=4) if len(people) else "…"
    return [
        say("When: {met}", met=date(met) if met is not None and pd.Timestamp(met) > as_of else "…"),
        say("Where: …"),
        say(
            "With: {with_whom}; from us {owner}",
            with_whom=with_whom,
            owner=owner.iloc[0] if len(owner) else "…",
        ),
        say("About: what we delivered, promises kept, open points, what it brings, next steps"),
    ]


def review_delivered(
    category_totals: pd.DataFrame, *, as_of: pd.Timestamp, book: BookSettings
) -> tuple[str, list[str]]:
    """Return what was delivered in the 12 months, and the categories."""
    total = category_totals["revenue"].sum()
    rows = category_totals[category_totals["revenue"].gt(0)].head(MOST)
    lines = [f"{row.category}: {money(row.revenue, book)}" for row in each(rows)]
    lines = lines if len(lines) > 1 else []  # one category is the whole, or none is recorded
    return say(
        "What we delivered: {total} in the 12 months to {as_of}",
        total=money(total, book),
        as_of=date(as_of),
    ), lines


def review_promises(
    promises_kept: pd.DataFrame,
    account_incidents: pd.DataFrame,
    *,
    present: frozenset[str],
    as_of: pd.Timestamp,
) -> tuple[str, list[str]]:
    """Return how much came on time, and what went wrong and was settled."""
    year = promises_kept.tail(4)
    due, kept = year["due_count"].sum(), year["on_time_count"].sum()
    recent = account_incidents["opened_date"].gt(as_of - pd.DateOffset(months=12))
    own = account_incidents[recent]
    still_open = int(own["is_open"].sum())
    title = say("Promises: no delivery was due in the last 12 months")
    if not promises_kept["due_count"].sum():
        title = say("Promises: when we delivered is not on record")
    if due:
        title = say(
            "Promises kept: {kept} of {due:.0f} deliveries on time",
            kept=share(kept / due, decimals=0),
            due=due,
        )
    lines = [say("Nothing went wrong in the last 12 months that we know of.")]
    if "incidents" not in present:
        lines = [say("What went wrong? (Ask; nothing is on record yet.)")]
    if len(own):
        lines = [
            say("{incidents} in the last 12 months, ", incidents=count(len(own), "incident"))
            + (
                say("{still_open} of them still open.", still_open=still_open)
                if still_open
                else say("settled.")
            )
        ]
        lines += [
            f"{date(row.opened_date)}: {say(str(row.kind).replace('_', ' '))}, "
            + (
                say("open")
                if row.is_open
                else say("settled after {days}", days=count(row.open_days, "day"))
            )
            for row in each(own.head(MOST - 1))
        ]
    return title, lines


def review_open(
    account_incidents: pd.DataFrame,
    feedback_topics: pd.DataFrame,
    plan_actions: pd.DataFrame,
    plan_objectives: pd.DataFrame,
    plan: Any = None,
    *,
    present: frozenset[str],
) -> tuple[str, list[tuple[str, str, str]]]:
    """Return what is open between us: what, whose, since or by when."""
    rows = [
        (
            say(
                "{kind} of {opened_date}",
                kind=started(say(str(row.kind).replace("_", " "))),
                opened_date=date(row.opened_date),
            ),
            say("we"),
            say("now"),
        )
        for row in each(account_incidents[account_incidents["is_open"]])
    ]
    rows += [
        (
            say("You asked for: {topic}", topic=row.asked_topic),
            say("we"),
            say("since {asked_date}", asked_date=date(row.last_asked_date)),
        )
        for row in each(feedback_topics[feedback_topics["unsettled_count"].gt(0)])
    ]
    for table in (plan_actions, _shared(plan_objectives)):
        late = table[table["status"].eq("overdue")]
        rows += [
            (str(row.text), row.owner if isinstance(row.owner, str) else "…", date(row.due_date))
            for row in each(late)
        ]
    many = len(rows)
    is_recorded = plan is not None or present & {"incidents", "feedback"}
    title = say("Nothing is open between us") if is_recorded else say("What is open between us?")
    if many:
        title = say("{points} between us", points=count(many, "open point"))
    return title, rows[:MOST]


def _shared(plan_objectives: pd.DataFrame) -> pd.DataFrame:
    """Return the objectives that a client may read: what was missed is ours to win back."""
    return plan_objectives[plan_objectives["kind"].ne("missed")]


def review_plan(
    plan_objectives: pd.DataFrame, plan: Any = None
) -> tuple[str, list[tuple[str, str, str]]]:
    """Return what we propose and plan together: the offer, objectives that run, whose, by when."""
    own = _shared(plan_objectives)
    running = own[own["status"].eq("open")]
    offer = "" if plan is None else plan.programme.offer
    rows = [(say("We propose: {offer}", offer=offer), say("we"), "…")] if offer else []
    rows += [
        (str(row.text), row.owner if isinstance(row.owner, str) else "…", date(row.due_date))
        for row in each(running)
    ]
    title = say("What we plan together")
    if not rows:
        rows = [("…", "…", "…")]
        title = say("What could we plan together?")
    return title, rows[:MOST]


def review_value(
    plan_objectives: pd.DataFrame, dossier_figures: pd.DataFrame, *, book: BookSettings
) -> list[str]:
    """Return what the work together has brought so far, as far as it is on record."""
    kept = plan_objectives[plan_objectives["status"].eq("kept")]
    lines = [say("Reached: {text}", text=row.text) for row in each(kept.head(3))]
    own = dossier_figures.set_index("figure")["value"]
    if pd.notna(own.get("satisfaction", float("nan"))):
        lines.append(
            say(
                "Satisfaction that you told us: {satisfaction:.1f} of 10",
                satisfaction=own["satisfaction"],
            )
        )
    return lines or [say("What did our work bring you? (Ask; nothing is on record yet.)")]


def review_dates(
    calendar: pd.DataFrame, told_calendar: pd.DataFrame, plan_objectives: pd.DataFrame
) -> tuple[str, list[tuple[str, str]]]:
    """Return the next dates that concern both: reviews, steps, ends of agreements, decisions."""
    is_step = calendar["kind"].eq("step")  # what it is worth to us is ours alone
    every = calendar.assign(what=told_calendar["what"].mask(is_step, calendar["about"]))
    ours = set(plan_objectives["text"]) - set(_shared(plan_objectives)["text"])
    is_shared = every["kind"].isin(["review", "step", "end", "notice"])
    is_shared &= ~(is_step & every["about"].isin(ours))
    shared = every[is_shared & every["due_in"].ne("overdue")]
    rows = [(date(row.due_date), str(row.what)) for row in each(shared.head(MOST))]
    return (say("Next dates") if rows else say("Next dates: to be agreed")), rows or [
        ("…", say("Next meeting"))
    ]
