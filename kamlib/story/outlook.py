"""What is said of a fiscal year's outlook: where it will end, and how that was reached."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.outlook import MIN_MONTHS
from kamlib.tables import each
from kamlib.words import money, share


def outlook_notes(outlook: pd.DataFrame, book: BookSettings) -> pd.DataFrame:
    """Return how each row of an outlook was reached."""
    return pd.DataFrame({"note": [_how(row, book) for row in each(outlook)]}, index=outlook.index)


def _how(row: Any, book: BookSettings) -> str:
    rules = {
        "over": "the year is over",
        "too few months": (
            f"revenue in {row.basis_months:.0f} of the last 12 months; "
            f"an outlook needs {MIN_MONTHS}"
        ),
        "mean month": f"mean of {row.basis_months:.0f} months",
        "season": "last 12 months, by their own season of the last 24",
        "book season": "last 12 months, by the season of all accounts in the last 24",
        "last year": "as in the same months a year ago",
    }
    said = [rules[row.outlook_rule]]
    said += ["no target recorded"] if pd.isna(row.year_target) else []
    if row.measure == "margin":
        said.append(f"margin rate of the last 12 months, {share(row.margin_rate, book)}")
    return "; ".join(said)


def outlook_finding(outlook: pd.DataFrame, book: BookSettings | None = None) -> str:
    """Return what is in, where the year will end, and how that stands to the target."""
    row = next(each(outlook))
    so_far = f"{money(row.to_date, book)} to date"
    if pd.isna(row.outlook):
        return f"{so_far}; too few months with orders to tell where the year will end"
    text = f"{so_far}; outlook for the year {money(row.outlook, book)}"
    if row.outlook_rule == "over":
        text = f"The year ended with {money(row.to_date, book)}"
    if pd.isna(row.year_target):
        return f"{text}; there is no target"
    word = "above" if row.outlook_gap >= 0 else "below"
    return f"{text}, {money(abs(row.outlook_gap), book)} {word} its target"
