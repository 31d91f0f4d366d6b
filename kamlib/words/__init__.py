"""Words: amounts, days, counted nouns and lists, as people read them."""

from kamlib.words.amounts import (
    GAP,
    MISSING,
    Wording,
    change,
    date,
    money,
    number,
    share,
    wording,
)

__all__ = [
    "GAP",
    "MISSING",
    "Wording",
    "change",
    "date",
    "money",
    "number",
    "share",
    "wording",
]
