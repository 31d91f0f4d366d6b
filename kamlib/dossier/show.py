"""Showing: the parts of a dossier that are neither a table nor a chart."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.dossier.shape import text_or
from kamlib.story.statements import Card, Point, Sentence
from kamlib.tables import each
from kamlib.words.amounts import date, money

_LABELS = {"days late, paying": "Days late, paying"}
_GOOD = {
    "silence": "down",
    "open incidents": "down",
    "overdue": "down",
    "days late, paying": "down",
}


def dossier_cards(figures: pd.DataFrame, *, most: int = 8) -> list[Card]:
    """Return the account's figures as cards, each with the year before."""
    return [
        Card(
            _LABELS.get(row.figure, row.figure[0].upper() + row.figure[1:]),
            row.value,
            "number" if row.unit in ("days", "count") else row.unit,  # type: ignore[arg-type]
            year_ago=None if pd.isna(row.year_ago_value) else row.year_ago_value,
            good=_GOOD.get(row.figure, "up"),  # type: ignore[arg-type]
            note=f"days {row.note}" if row.unit == "days" else row.note,
        )
        for row in each(figures.head(most))
    ]


def gap_note(completeness: pd.DataFrame, part: str) -> str:
    """Return what to say where a part of the dossier is empty: why, and what adding it gives.

    >>> table = pd.DataFrame({"part": ["Rivals"], "missing": ["the book has no competitors"],
    ...     "adding_gives": ["who courts the account"]})
    >>> gap_note(table, "Rivals")
    'Nothing here: the book has no competitors. Adding it gives who courts the account.'
    """
    row = completeness[completeness["part"].eq(part)].iloc[0]
    why = text_or(row["missing"], "nothing is recorded up to this period")
    gives = text_or(row["adding_gives"])
    return f"Nothing here: {why}." + (f" Adding it gives {gives}." if gives else "")


def brief_points(brief: pd.DataFrame) -> list[Point]:
    """Return the negotiation brief as points under their sections, each with the evidence it rests
    on.
    """
    return [
        Point(
            row.section,
            row.text,
            evidence=row.evidence
            + (f", {date(row.evidence_date)}" if pd.notna(row.evidence_date) else ", undated"),
        )
        for row in each(brief)
    ]


def profile_points(profile: pd.DataFrame) -> list[Point]:
    """Return the general part as points: what is recorded field by field, then what is not."""
    points: list[Point] = []
    for part, rows in profile.groupby("part", sort=False):
        filled = rows[rows["is_filled"]]
        points += [Point(str(part), row.value, label=row.field) for row in each(filled)]
        gaps = ", ".join(rows.loc[~rows["is_filled"], "field"])
        points += [Point(str(part), gaps, label="not recorded")] if gaps else []
    return points


def finding_sentences(findings: pd.DataFrame) -> list[Sentence]:
    """Return the findings as the sentences of a headline, each leading to the table that shows it."""
    return [Sentence(row.sentence, row.anchor) for row in each(findings)]


def swot_points(swot: pd.DataFrame) -> list[Point]:
    """Return the plan's SWOT as points: strengths, weaknesses, opportunities, threats."""
    return [Point(row.quadrant.capitalize(), row.text) for row in each(swot)]


def indented(tree: pd.DataFrame) -> pd.DataFrame:
    """Return the group's tree with each name set in by its depth.

    >>> indented(pd.DataFrame({"name": ["Alpha", "Beta"], "depth": [0, 1]}))["name"].tolist()
    ['Alpha', '— Beta']
    """
    return tree.assign(name=tree["depth"].map(lambda depth: "— " * depth) + tree["name"])


def outlook_title(outlook: pd.DataFrame, book: Any = None) -> str:
    """Return the finding of the outlook: what is in, where the year will end, and how that stands
    to the target.
    """
    row = outlook.iloc[0]
    text = (
        f"{money(row['to_date'], book)} to date; outlook for the year {money(row['outlook'], book)}"
    )
    if pd.isna(row["outlook"]):
        return f"{money(row['to_date'], book)} to date; too few months with orders to tell where the year will end"
    if row["note"].startswith("the year is over"):
        text = f"The year ended with {money(row['to_date'], book)}"
    if pd.isna(row["year_target"]):
        return text + "; there is no target"
    word = "above" if row["outlook_gap"] >= 0 else "below"
    return f"{text}, {money(abs(row['outlook_gap']), book)} {word} its target"


def volume_title(volume: pd.DataFrame, book: Any = None) -> str:
    """Return the finding of the opportunity volume: the longest horizon, theoretical and
    risk-adjusted.
    """
    years = volume["horizon_years"].max()
    longest = volume[volume["horizon_years"].eq(years)]
    reach, risk = longest["theoretical_volume"].sum(), longest["risk_adjusted_volume"].sum()
    return f"In reach over {years} years: {money(reach, book)}, {money(risk, book)} risk-adjusted"
