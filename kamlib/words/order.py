"""Names in the order of the spoken language's alphabet, as the browser sorts them."""

from __future__ import annotations

import unicodedata

from kamlib.words.locales import spoken

_LETTERS = {"vi": "\u0306\u0302\u031b"}
"""Language → marks that make a letter of its own, which follows the plain one; others only decide
between names that are alike but for them.
"""
_PLAIN = str.maketrans({"đ": "d\u0302", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe"})


def collated(name: str) -> tuple[str, str]:
    """Return what a name is ordered by: its letters, then its marks.

    >>> sorted(["Zeta", "Öz", "Ost", "ähnlich", "Ahorn"], key=collated)
    ['ähnlich', 'Ahorn', 'Ost', 'Öz', 'Zeta']
    """
    own = _LETTERS.get(spoken().split("_")[0], "")
    apart = unicodedata.normalize("NFD", name.casefold()).translate(_PLAIN)
    letters: list[str] = []
    for sign in apart:
        if not unicodedata.combining(sign):
            letters.append(sign)
        elif letters and sign in own:
            letters[-1] += chr(0x10FFF0 + own.index(sign))
    return "".join(letters), apart
