"""What is said of where accounts stand, and of how right the alarms on them were."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.words import (
    FEW,
    count,
    date,
    money,
    number,
    plural,
    rate,
    say,
)

MOST_OVERDUE = 12
"""Overdue accounts that a chart names."""


def chart_account_status(
    account_status: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    book: BookSettings,
    most: int = MOST_OVERDUE,
) -> Said:
    """Say how many accounts are overdue, with how much."""
    overdue = account_status[account_status["status"].eq("overdue")]
    many = len(overdue)
    cut = (
        say("the {most} largest of {many}", most=most, many=many)
        if many > most
        else say("all of them")
    )
    title = say("No account is overdue")
    if many:
        amount = money(overdue["revenue"].sum(), book)
        title = say(
            "{accounts} {are} overdue, with {amount} a year",
            accounts=count(many, "account", source=book),
            are=plural(many, "is", "are"),
            amount=amount,
        )
    borrowed = int(overdue["gap_basis"].isin(["class", "all"]).sum())
    whose = say(
        " ({borrowed} of {many} borrowed from like accounts)",
        borrowed=number(borrowed, book),
        many=number(many, book),
    )
    return Said(
        title,
        say(
            "Overdue accounts, {cut}: days without an order; the tick is the usual gap{whose} · "
            "as of {as_of}",
            cut=cut,
            whose=whose if borrowed else "",
            as_of=date(as_of),
        ),
        say(
            "Bars of days without an order for each overdue account, with its usual gap marked, "
            "its revenue and its owner; the table below has every account"
        ),
    )


def table_account_status(*, as_of: pd.Timestamp) -> Said:
    """Say of when status and revenue are."""
    day = date(as_of)
    return Said(
        say("Every account by what is at stake"),
        say(
            "Status as of {day}; revenue of the 12 months to {day}, and of the 12 months to each "
            "account's last order",
            day=day,
        ),
    )


def chart_alarm_quality(
    alarm_quality: pd.DataFrame, *, book: BookSettings, rule: str = "overdue"
) -> Said:
    """Say how often the alarm was right, and what it missed."""
    return Said(
        _alarm_title(alarm_quality[alarm_quality["rule"].eq(rule)], book),
        say(
            "Rule '{rule}' run as of past quarters; the truth is no order in the next 12 months",
            rule=say(rule),
        ),
        say(
            "Curves of the share of false alarms and of missed losses over the factor k, with "
            "intervals, the factor of the book marked; the table below has them"
        ),
    )


def _alarm_title(rows: pd.DataFrame, book: BookSettings) -> str:
    if not (rows["alarm_count"].gt(0) | rows["leaver_count"].gt(0)).any():
        return say("How good the alarm is cannot be known yet: it takes two years of orders")
    own, better = rows[rows["is_book"]].iloc[0], rows[rows["is_suggested"]].iloc[0]
    at = say("At k = {k:g}", k=own["k"])
    if not own["alarm_count"]:
        return say(
            "{at} the alarm never sounded in {cases}",
            at=at,
            cases=count(own["case_count"], "case", source=book),
        )
    alarms, leavers = own["alarm_count"], own["leaver_count"]
    right = rate(alarms - own["false_alarm_count"], alarms, book)
    if alarms < FEW:
        return say("{at} an alarm was right in {right}: too few to judge by", at=at, right=right)
    said = [say("{at} an alarm was right in {right} of cases", at=at, right=right)]
    if leavers:
        missed = rate(own["missed_loss_count"], leavers, book)
        said = [
            say(
                "{said} and {missed} {leavers} no alarm yet",
                said=said[0],
                missed=missed,
                leavers=of_leavers(leavers),
            )
        ]
    if better["k"] != own["k"]:
        said.append(say("k = {k:g} would do better", k=better["k"]))
    return "; ".join(said)


def table_alarm_quality(alarm_quality: pd.DataFrame) -> Said:
    """Say whether any alarm can be judged."""
    is_known = alarm_quality["alarm_count"].any()
    return Said(
        say("Both rules at every factor") if is_known else say("No alarm can be judged yet")
    )


def of_leavers(many: float) -> str:
    """Return the leavers of a rate, or what follows their count."""
    return (
        say("of leavers had")
        if many >= FEW
        else say("{leavers} had", leavers=plural(many, "leaver"))
    )
