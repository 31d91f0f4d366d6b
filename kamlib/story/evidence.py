"""What the record of the estimates says: which have earned their place, and which have not."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.data_warnings import warnings_overview
from kamlib.story.statements import Sentence
from kamlib.tables import each
from kamlib.words import FEW, count, listed, money, number, phrase, say, share

QUESTIONS = {
    "return": phrase("whether a lost account comes back"),
    "still there": phrase("who is still there"),
    "money returned": phrase("what lost accounts bring when they come back"),
    "customer value": phrase("what an account will bring"),
    "outlook of an account": phrase("where an account's year will end"),
    "outlook of key accounts": phrase("where the year of the key accounts will end"),
    "alarm": phrase("who is about to leave"),
}
NAIVE = {
    "return": phrase("the rate of all that had been lost as long"),
    "still there": phrase("the rate of accounts silent as long for their rhythm"),
    "money returned": phrase("what was expected, scaled to what came of it"),
    "customer value": phrase("the margin of the last 12 months"),
    "outlook of an account": phrase("the same months of the year before"),
    "outlook of key accounts": phrase("the same months of the year before"),
    "alarm": phrase("the share of all accounts that left"),
}
RULES = {
    "mean month": phrase("the mean month"),
    "book season": phrase("the last 12 months by the season of all accounts"),
    "season": phrase("the last 12 months by their own season"),
    "last year": phrase("the same months of the year before"),
}
warnings_evidence = warnings_overview
"""What spoils the figures stands first here too."""


def headline_evidence(estimate_choice: pd.DataFrame) -> list[Sentence]:
    """Say which estimates did better than the naive answer, which did not, and which are untried.

    >>> choice = pd.DataFrame({"estimate": ["alarm"], "published": ["naive"]})
    >>> [sentence.text for sentence in headline_evidence(choice)]
    ['The simple answer is published, as the estimate was no better, on who is about to leave.']
    """
    said = {
        "estimate": say(
            "Better than the simple answer on this book's own past: the estimates of {}."
        ),
        "naive": say("The simple answer is published, as the estimate was no better, on {}."),
        "not tried": say("Not tried yet, for want of past cases: the estimates of {}."),
    }
    sentences = []
    for answer, text in said.items():
        own = estimate_choice.loc[estimate_choice["published"].eq(answer), "estimate"]
        if len(own):
            told = listed([say(QUESTIONS[name]) for name in own], most=len(QUESTIONS))
            sentences.append(Sentence(text.format(told), link="#estimate_choice"))
    return sentences


def tell_estimate_choice(estimate_choice: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Say of each estimate how it did, and what is published."""
    notes = [_record(row, book) for row in each(estimate_choice)]
    return pd.DataFrame({"note": pd.Series(notes, index=estimate_choice.index, dtype="str")})


def _record(row: Any, book: BookSettings) -> str:
    if row.published == "not tried":
        many = int(row.case_count)
        if not many:
            return say("No past case yet: it cannot be told how good it is.")
        return say(
            "{cases}: too few to tell how good it is; {few} are needed.",
            cases=count(many, "past case"),
            few=FEW,
        )
    said = []
    if row.estimate in ("return", "still there"):
        said.append(
            say(
                "Stated {stated_value} on average; {came_value} ordered within a year.",
                stated_value=share(row.stated_value, book),
                came_value=share(row.came_value, book),
            )
        )
    elif row.estimate == "alarm":
        said.append(
            say(
                "Of those warned of {stated_value} left, of all {came_value}.",
                stated_value=share(row.stated_value, book),
                came_value=share(row.came_value, book),
            )
        )
    elif row.estimate == "money returned":
        said.append(
            say(
                "Stated {stated_value} in all, {came_value} came.",
                stated_value=money(row.stated_value, book),
                came_value=money(row.came_value, book),
            )
        )
    else:
        said.append(
            say(
                "Off by {error} of what came, the simple answer by {naive_error}.",
                error=share(row.error, book),
                naive_error=share(row.naive_error, book),
            )
        )
    is_sum = row.estimate in ("money returned", "customer value")
    if is_sum and pd.notna(row.is_money_held) and not row.is_money_held:
        said.append(say("That is too far off to believe the sum."))
    if not pd.isna(row.held_share):
        said.append(
            say("The 80 % interval held in {held_share}.", held_share=share(row.held_share, book))
        )
        if not row.is_held:
            said.append(say("It was to hold in 73–87 %: it does not hold what it claims."))
    if isinstance(row.outlook_rule, str) and row.outlook_rule:
        said.append(say("Told by {rules}.", rules=say(RULES[row.outlook_rule])))
    if row.published == "naive" and row.estimate in NAIVE:
        is_near = row.error < row.naive_error or pd.isna(row.naive_error)
        told = say("Published instead:") if is_near else say("No better than")
        end = "." if is_near else say(": that is published.")
        said.append(f"{told} {say(NAIVE[row.estimate])}{end}")
    return " ".join(said)


def note_win_back_record(return_record: pd.DataFrame, *, book: BookSettings) -> str:
    """Say how many came back of those for whom a chance was stated, and what they brought.

    >>> record = pd.DataFrame({"stated": [0.5, 0.5], "is_back": [True, False],
    ...     "stated_margin": [1.0, 1.0], "came_margin": [2.0, 0.0]})
    >>> note_win_back_record(record, book=BookSettings(title="B"))
    'On past days of this book 1.0 of 2 were expected back within a year; 1 came back.'
    """
    cases = return_record.dropna(subset=["stated"])
    if cases.empty:
        return say("How many come back could not be tried on the past of this book yet.")
    back, many = int(cases["is_back"].sum()), len(cases)
    text = say(
        "On past days of this book {stated:.1f} of {many} were expected back within a year; "
        "{back} came back.",
        stated=cases["stated"].sum(),
        many=number(many),
        back=number(back),
    )
    money_cases = cases.dropna(subset=["stated_margin", "came_margin"])
    if len(money_cases) < FEW:
        return text
    stated, came = money_cases["stated_margin"].sum(), money_cases["came_margin"].sum()
    return say(
        "{text} Of {cases} whose year is over, {stated} of margin was expected and {came} came.",
        text=text,
        cases=count(len(money_cases), "case"),
        stated=money(stated, book),
        came=money(came, book),
    )


def note_chances(chance_record: pd.DataFrame) -> str:
    """Say how far the stated chances were off at most.

    >>> note_chances(pd.DataFrame({"stated": [0.2], "came_share": [0.5], "case_count": [9]}))
    'Too few past cases to tell how good the chances are: 9.'
    """
    many = int(chance_record["case_count"].sum()) if len(chance_record) else 0
    enough = chance_record[chance_record["case_count"].ge(FEW)]
    if enough.empty:
        return say(
            "Too few past cases to tell how good the chances are: {many}.", many=number(many)
        )
    off = (enough["stated"] - enough["came_share"]).abs()
    within = int(off.le(0.05).sum())
    return say(
        "{within} of {groups} came within 5 points of what was stated; the furthest was {off:.0f} "
        "points off.",
        within=number(within),
        groups=count(len(enough), "group"),
        off=off.max() * 100,
    )
