"""What the admission line says: the rule in words, and what to know about it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.story.keys import called, several
from kamlib.words import say


def tell_admission_line(admission_line: pd.DataFrame, key_accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the admission rule in words, and what to know about it."""
    rows = admission_line.to_dict("records")
    said = {
        "admission_rule": [rule_text(row) for row in rows],
        "note": [_line_note(row, called(key_accounts)) for row in rows],
    }
    return pd.DataFrame(said, index=admission_line.index, dtype="str")


def rule_text(line: dict[Any, Any]) -> str:
    """Return the admission rule in words.

    >>> rule_text({"top_n": 12, "min_score": float("nan")}), rule_text({"min_score": 6.5})
    ('the 12 highest scores', 'every score from 6.5 up')
    """
    least = line["min_score"]
    if least == least:
        return say("every score from {least:g} up", least=least)
    places = int(line["top_n"])
    return (
        say("the highest score")
        if places == 1
        else say("the {places} highest scores", places=places)
    )


def rule_of(admission_line: pd.DataFrame) -> str:
    """Return the admission rule of a book in words."""
    return rule_text(admission_line.iloc[0].to_dict())


def _line_note(line: dict[Any, Any], key: str) -> str:
    notes = []
    if not line["is_from_book"] and line["key_count"]:
        notes.append(
            say(
                "the book sets no line: as many places as there are {keys} today",
                keys=several(key),
            )
        )
    elif not line["is_from_book"]:
        notes.append(say("the book sets no line and has no key accounts"))
    if line["scored_count"] < line["top_n"]:
        notes.append(say("fewer accounts are scored than there are places: all are above the line"))
    elif line["above_count"] > line["top_n"]:
        notes.append(say("equal scores share the last place"))
    return "; ".join(notes)
