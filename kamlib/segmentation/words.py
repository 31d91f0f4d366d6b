"""Figures as the sentences of the segmentation say them."""

from __future__ import annotations

from typing import Any

from kamlib.words.amounts import number, share

NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def percent(value: Any, book: Any = None) -> str:
    """Return a share as percent: one decimal below 10 %, none above.

    >>> [percent(value).replace(chr(160), " ") for value in (0.1234, 0.034, -0.5, float("nan"))]
    ['12 %', '3.4 %', '−50 %', 'n/a']
    """
    return share(value, book, decimals=1 if value and abs(value) < 0.0995 else 0)


def count(items: int, noun: str, plural: str | None = None, book: Any = None) -> str:
    """Return a count with its noun, small numbers as words.

    >>> count(1, "account"), count(3, "account"), count(0, "company", "companies"), count(24, "account")
    ('one account', 'three accounts', 'no companies', '24 accounts')
    """
    word = NUMBERS[items] if 0 <= items < len(NUMBERS) else number(items, book)
    return f"{word} {noun if items == 1 else plural or noun + 's'}"


def ordinal(rank: int) -> str:
    """Return a rank as readers say it.

    >>> [ordinal(rank) for rank in (1, 2, 3, 11, 22)]
    ['largest', '2nd largest', '3rd largest', '11th largest', '22nd largest']
    """
    if rank == 1:
        return "largest"
    ending = (
        "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    )
    return f"{rank}{ending} largest"
