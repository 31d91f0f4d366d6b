"""What is said of a fiscal year's outlook: where it will end, and how that was reached."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.outlook import MIN_MONTHS
from kamlib.tables import each
from kamlib.words import money, say, share


def outlook_notes(outlook: pd.DataFrame, book: BookSettings) -> pd.DataFrame:
    """Return how each row of an outlook was reached."""
    return pd.DataFrame({"note": [_how(row, book) for row in each(outlook)]}, index=outlook.index)


def _how(row: Any, book: BookSettings) -> str:
    rules = {
        "over": say("the year is over"),
        "too few months": (
            say(
                "revenue in {basis_months:.0f} of the last 12 months; an outlook needs "
                "{min_months}",
                basis_months=row.basis_months,
                min_months=MIN_MONTHS,
            )
        ),
        "data missing": say("data of the year are missing"),
        "mean month": say("mean of {basis_months:.0f} months", basis_months=row.basis_months),
        "season": say("last 12 months, by their own season of the last 24"),
        "book season": say("last 12 months, by the season of all accounts in the last 24"),
        "last year": say("as in the same months a year ago"),
    }
    said = [rules[row.outlook_rule]]
    said += [untried()] if is_untried(row) else []
    said += [say("no target recorded")] if pd.isna(row.year_target) else []
    if row.measure == "margin":
        said.append(
            say(
                "margin rate of the last 12 months, {margin_rate}",
                margin_rate=share(row.margin_rate, book),
            )
        )
    return "; ".join(said)


def is_untried(row: Any) -> bool:
    """Return whether an outlook has no interval, as the book's past could not try one."""
    return bool(pd.notna(row.outlook) and pd.isna(row.outlook_low))


def untried() -> str:
    """Say so."""
    return say("without an interval: too few past cases to try one on")


def outlook_finding(outlook: pd.DataFrame, book: BookSettings | None = None) -> str:
    """Return what is in, where the year will end, and how that stands to the target."""
    row = next(each(outlook))
    so_far = say("{to_date} to date", to_date=money(row.to_date, book))
    if row.outlook_rule == "data missing":
        return say(
            "{so_far}; data of the year are missing, so where it will end cannot be told",
            so_far=so_far,
        )
    if pd.isna(row.outlook):
        return say(
            "{so_far}; too few months with orders to tell where the year will end", so_far=so_far
        )
    text = say(
        "{so_far}; outlook for the year {outlook}", so_far=so_far, outlook=money(row.outlook, book)
    )
    if row.outlook_rule == "over":
        text = say("The year ended with {to_date}", to_date=money(row.to_date, book))
    if pd.isna(row.year_target):
        return say("{text}; there is no target", text=text)
    word = say("above") if row.outlook_gap >= 0 else say("below")
    return say(
        "{text}, {outlook_gap} {word} its target",
        text=text,
        outlook_gap=money(abs(row.outlook_gap), book),
        word=word,
    )
