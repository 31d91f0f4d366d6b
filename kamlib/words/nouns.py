"""Counted nouns, lists and ranks in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from kamlib.words.amounts import number, share
from kamlib.words.locales import Source

SMALL = (
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
"""Counts up to twelve as words."""

FEW = 10
"""Below so many cases a rate is told as a count, makes no headline and sets no rule."""


def count(items: float, one: str, many: str = "", source: Source = None) -> str:
    """Return a count with its noun.

    >>> count(1, "order"), count(3, "delivery", "deliveries"), count(1200, "row")
    ('1 order', '3 deliveries', '1,200 rows')
    """
    return f"{number(items, source, decimals=0)} {plural(items, one, many)}"


def rate(part: float, cases: float, source: Source = None) -> str:
    """Return how many of the cases in percent; below ten cases as a count.

    >>> rate(7, 20).replace("\u00a0", " "), rate(1, 1), rate(0, 3)
    ('35 %', '1 of 1', 'none of 3')
    """
    if cases >= FEW:
        return share(part / cases, source, decimals=0)
    some = number(part, source, decimals=0) if part else "none"
    return f"{some} of {number(cases, source, decimals=0)}"


def plural(items: float, one: str, many: str = "") -> str:
    """Return the form of a noun, or of a verb with it, that goes with a count.

    >>> plural(1, "account"), plural(0, "company", "companies"), plural(2, "is", "are")
    ('account', 'companies', 'are')
    """
    return one if items == 1 else many or one + "s"


def counted(items: int, one: str, many: str = "", source: Source = None) -> str:
    """Return a count with its noun, small numbers as words.

    >>> counted(1, "account"), counted(0, "company", "companies"), counted(24, "account")
    ('one account', 'no companies', '24 accounts')
    """
    word = SMALL[items] if 0 <= items < len(SMALL) else number(items, source)
    return f"{word} {plural(items, one, many)}"


def listed(words: Iterable[str], *, most: int = 3) -> str:
    """Return words as a list in prose, the rest counted.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a', 'a and b', 'a, b, c and 2 more')
    """
    words = list(words)
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def ordinal(rank: int) -> str:
    """Return a rank by size as readers say it.

    >>> [ordinal(rank) for rank in (1, 2, 3, 11, 22)]
    ['largest', '2nd largest', '3rd largest', '11th largest', '22nd largest']
    """
    if rank == 1:
        return "largest"
    is_teen = rank % 100 in (11, 12, 13)
    return f"{rank}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')} largest"


def started(text: str) -> str:
    """Return a text as the start of a sentence.

    >>> started("deliver within two days")
    'Deliver within two days'
    """
    return text[:1].upper() + text[1:]
