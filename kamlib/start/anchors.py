"""The scoring of a new book: its anchors are read once from its data, then stay as they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd

from kamlib.intake import Intake

FEWEST = 20
"""Accounts that a measure must be known of, so that its tenths say something."""
_SIDES = {
    "revenue": "attractiveness",
    "margin": "attractiveness",
    "growth": "attractiveness",
    "regularity": "strength",
    "breadth": "strength",
}
_SAID = {
    "revenue": "revenue of the window",
    "margin": "revenue less cost of the window",
    "growth": "revenue of the window against the window before",
    "regularity": "share of months with an order",
    "breadth": "how many categories it buys",
}


def scoring_text(intake: Intake, scratch: Path) -> str:
    """Return the section [scoring] for a book as it was read: three to five criteria that its data
    can measure. A period is prepared in the scratch folder.

    Raises
    ------
    KamError
        No period of the book can be opened.
    """
    from kamlib.period.snapshot import default_period, prepared, write_snapshots

    period = default_period(intake, intake.book)
    q = prepared(write_snapshots(intake, [period], scratch)[period.label], "")
    measures = q.criterion_measures
    known = measures.dropna(subset=["value"])
    many = known.groupby("measure")["account_id"].nunique()
    names = ["margin" if many.get("margin", 0) >= FEWEST else "revenue"]
    names += [name for name in ("growth", "regularity", "breadth") if many.get(name, 0) >= FEWEST]
    found = {name: anchors(known.loc[known["measure"].eq(name), "value"]) for name in names}
    found = {name: limits for name, limits in found.items() if limits or name in _BUILT_IN}
    if len(found) < 3 or names[0] not in found:
        return ""
    head = (
        "# Three to five criteria, weights that sum to 1. The anchors are nine limits from which\n"
        f"# the scores 2 to 10 are given: tenths of the accounts as of {q.as_of:%Y-%m-%d}.\n"
        "# They stay, so that a new account never changes another one's score.\n[scoring]\n"
    )
    parts = [head]
    first = 1 - round(0.6 / (len(found) - 1), 2) * (len(found) - 1)
    for name, limits in found.items():
        weight = round(first, 2) if name == names[0] else round(0.6 / (len(found) - 1), 2)
        own = f"anchors = [{', '.join(f'{limit:.10g}' for limit in limits)}]\n" if limits else ""
        parts.append(
            f'[[scoring.criteria]]\nname = "{name}"   # {_SAID[name]}\nmeasure = "{name}"\n'
            f'weight = {weight:g}\nside = "{_SIDES[name]}"\n{own}'
        )
    return "\n".join(parts)


_BUILT_IN = ("growth", "regularity", "breadth")


def anchors(values: pd.Series) -> list[float]:
    """Return nine rising limits at the tenths of values, rounded; nothing where they do not rise.

    >>> anchors(pd.Series(range(0, 101)))
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
    >>> anchors(pd.Series([1.0] * 50))
    []
    """
    tenths = values.quantile([tenth / 10 for tenth in range(1, 10)])
    limits = [float(f"{value:.2g}") for value in tenths]
    return limits if all(low < high for low, high in pairwise(limits)) else []
