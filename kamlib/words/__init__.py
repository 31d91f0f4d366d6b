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
from kamlib.words.nouns import count, counted, listed, ordinal, plural

__all__ = [
    "GAP",
    "MISSING",
    "Wording",
    "change",
    "count",
    "counted",
    "date",
    "listed",
    "money",
    "number",
    "ordinal",
    "plural",
    "share",
    "wording",
]
