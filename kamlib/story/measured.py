"""What is said of objectives that are measured from data."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.errors import closest
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import count, listed, number, phrase, plural, say

MOST_NAMED = 12
"""Categories named where none is near the one that is asked for."""


def tell_measured_objectives(
    measured_objectives: pd.DataFrame, category_months: pd.DataFrame
) -> pd.DataFrame:
    """Return why an objective cannot be measured, where it cannot."""
    known = sorted(set(category_months["category"]))
    said = [_note(row, known) for row in each(measured_objectives)]
    return pd.DataFrame({"note": said}, index=measured_objectives.index, dtype="str")


def unknown_category(category: str, known: list[str]) -> str:
    """Say that no order has a category, and which there are.

    >>> unknown_category("Drvies", ["Drives", "Tools"])
    "No order is of the category 'Drvies'. Did you mean 'Drives'?"
    >>> unknown_category("Paper", ["Drives", "Tools"])
    "No order is of the category 'Paper', but of Drives and Tools."
    """
    if not known:
        return say("It needs orders.category.")
    if near := closest(category, known):
        return say(
            "No order is of the category '{category}'. Did you mean '{near}'?",
            category=category,
            near=near,
        )
    return say(
        "No order is of the category '{category}', but of {known}.",
        category=category,
        known=listed(known, most=MOST_NAMED),
    )


def _note(row: Any, known: list[str]) -> str:
    if not row.is_known_category:
        return unknown_category(row.measured_category, known)
    return (
        say(_NEEDS.get(row.objective_measure.partition(":")[0], "")) if pd.isna(row.value) else ""
    )


_NEEDS = {
    "category_share": phrase("Nothing was bought in the 12 months."),
    "margin_rate": phrase("It needs orders.cost for the 12 months."),
    "on_time": phrase("It needs orders.promised_date for the 12 months."),
    "satisfaction": phrase("It needs interactions.satisfaction in the 12 months."),
}


def table_measured_objectives(measured_objectives: pd.DataFrame) -> Said:
    """Say how many objectives measured from data have reached their target."""
    if measured_objectives.empty:
        return Said(
            say(
                "No objective is measured from data: in an account plan, measure and a target that "
                "is a number would track it"
            )
        )
    known = measured_objectives["reached_share"].dropna()
    how = say(
        "12 months; reached: the value of its target. They are tracked without anybody's entry"
    )
    if known.empty:
        return Said(say("Objectives measured from data"), how)
    many, reached = count(len(known), "objective"), int(known.ge(1).sum())
    verb = plural(reached, "has", "have")
    return Said(
        say(
            "{reached} of {many} measured from data {verb} reached the target",
            reached=number(reached),
            many=many,
            verb=verb,
        ),
        how,
    )
