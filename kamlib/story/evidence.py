"""What the record of the estimates says: which have earned their place, and which have not."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Sentence
from kamlib.tables import each
from kamlib.words import FEW, count, listed, money, number, share

QUESTIONS = {
    "return": "whether a lost account comes back",
    "still there": "who is still there",
    "money returned": "what lost accounts bring when they come back",
    "customer value": "what an account will bring",
    "outlook of an account": "where an account's year will end",
    "outlook of key accounts": "where the year of the key accounts will end",
    "alarm": "who is about to leave",
}
NAIVE = {
    "return": "the rate of all that had been lost as long",
    "still there": "the rate of accounts silent as long for their rhythm",
    "money returned": "what was expected, scaled to what came of it",
    "customer value": "the margin of the last 12 months",
    "outlook of an account": "the same months of the year before",
    "outlook of key accounts": "the same months of the year before",
    "alarm": "the share of all accounts that left",
}
RULES = {
    "mean month": "the mean month",
    "book season": "the last 12 months by the season of all accounts",
    "season": "the last 12 months by their own season",
    "last year": "the same months of the year before",
}


def headline_evidence(estimate_choice: pd.DataFrame) -> list[Sentence]:
    """Say which estimates did better than the naive answer, which did not, and which are untried.

    >>> choice = pd.DataFrame({"estimate": ["alarm"], "published": ["naive"]})
    >>> [sentence.text for sentence in headline_evidence(choice)]
    ['The simple answer is published, as the estimate was no better, on who is about to leave.']
    """
    said = {
        "estimate": "Better than the simple answer on this book's own past: the estimates of {}.",
        "naive": "The simple answer is published, as the estimate was no better, on {}.",
        "not tried": "Not tried yet, for want of past cases: the estimates of {}.",
    }
    sentences = []
    for answer, text in said.items():
        own = estimate_choice.loc[estimate_choice["published"].eq(answer), "estimate"]
        if len(own):
            told = listed([QUESTIONS[name] for name in own], most=len(QUESTIONS))
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
            return "No past case yet: it cannot be told how good it is."
        return f"{count(many, 'past case')}: too few to tell how good it is; {FEW} are needed."
    said = []
    if row.estimate in ("return", "still there"):
        said.append(
            f"Stated {share(row.stated_value, book)} on average; "
            f"{share(row.came_value, book)} ordered within a year."
        )
    elif row.estimate == "alarm":
        said.append(
            f"Of those warned of {share(row.stated_value, book)} left, "
            f"of all {share(row.came_value, book)}."
        )
    elif row.estimate == "money returned":
        said.append(
            f"Stated {money(row.stated_value, book)} in all, {money(row.came_value, book)} came."
        )
    else:
        said.append(
            f"Off by {share(row.error, book)} of what came, "
            f"the simple answer by {share(row.naive_error, book)}."
        )
    is_sum = row.estimate in ("money returned", "customer value")
    if is_sum and pd.notna(row.is_money_held) and not row.is_money_held:
        said.append("That is too far off to believe the sum.")
    if not pd.isna(row.held_share):
        said.append(f"The 80 % interval held in {share(row.held_share, book)}.")
        if not row.is_held:
            said.append("It was to hold in 73–87 %: it does not hold what it claims.")
    if isinstance(row.outlook_rule, str) and row.outlook_rule:
        said.append(f"Told by {RULES[row.outlook_rule]}.")
    if row.published == "naive" and row.estimate in NAIVE:
        is_near = row.error < row.naive_error or pd.isna(row.naive_error)
        told = "Published instead:" if is_near else "No better than"
        end = "." if is_near else ": that is published."
        said.append(f"{told} {NAIVE[row.estimate]}{end}")
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
        return "How many come back could not be tried on the past of this book yet."
    back, many = int(cases["is_back"].sum()), len(cases)
    text = (
        f"On past days of this book {cases['stated'].sum():.1f} of {number(many)} were expected "
        f"back within a year; {number(back)} came back."
    )
    money_cases = cases.dropna(subset=["stated_margin", "came_margin"])
    if len(money_cases) < FEW:
        return text
    stated, came = money_cases["stated_margin"].sum(), money_cases["came_margin"].sum()
    return (
        f"{text} Of {count(len(money_cases), 'case')} whose year is over, "
        f"{money(stated, book)} of margin was expected and {money(came, book)} came."
    )


def note_chances(chance_record: pd.DataFrame) -> str:
    """Say how far the stated chances were off at most.

    >>> note_chances(pd.DataFrame({"stated": [0.2], "came_share": [0.5], "case_count": [9]}))
    'Too few past cases to tell how good the chances are: 9.'
    """
    many = int(chance_record["case_count"].sum()) if len(chance_record) else 0
    enough = chance_record[chance_record["case_count"].ge(FEW)]
    if enough.empty:
        return f"Too few past cases to tell how good the chances are: {number(many)}."
    off = (enough["stated"] - enough["came_share"]).abs()
    within = int(off.le(0.05).sum())
    return (
        f"{number(within)} of {count(len(enough), 'group')} came within 5 points of what was "
        f"stated; the furthest was {off.max() * 100:.0f} points off."
    )
