"""Wording: counts and lists in a dossier's sentences; amounts are written by ``kamlib.words.amounts``."""

from __future__ import annotations

from collections.abc import Iterable


def count(number: float, one: str, many: str = "") -> str:
    """Return a count with its noun.

    >>> count(1, "order"), count(3, "delivery", "deliveries")
    ('1 order', '3 deliveries')
    """
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str], *, most: int = 3) -> str:
    """Return words as a list in prose, the rest counted.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a', 'a and b', 'a, b, c and 2 more')
    """
    words = list(words)
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
