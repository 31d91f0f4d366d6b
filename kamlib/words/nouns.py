"""Counted nouns, lists and ranks in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from kamlib.words.amounts import number, share
from kamlib.words.language import form, inflected, phrase, say
from kamlib.words.locales import Source

SMALL = (
    "no",
    phrase("one"),
    phrase("two"),
    phrase("three"),
    phrase("four"),
    phrase("five"),
    phrase("six"),
    phrase("seven"),
    phrase("eight"),
    phrase("nine"),
    phrase("ten"),
    phrase("eleven"),
    phrase("twelve"),
)
"""Counts up to twelve as words."""

FEW = 10
"""Below so many cases a rate is told as a count, makes no headline and sets no rule."""


class Counted(str):
    """A text that was counted. A translation may choose its own words by the count.

    Forms stand in the order of the language's plural; ``#`` is the figure. Agreement words of
    English (``{were}``) are such texts too.

    >>> "{were:ging|gingen} verloren".format(were=plural(1, "was", "were"))
    'ging verloren'
    >>> "mit {accounts:einem Kunden|# Kunden}".format(accounts=count(3, "account"))
    'mit 3 Kunden'
    """

    items: float
    figure: str

    def __new__(cls, text: str, items: float, figure: str = "") -> Counted:
        """Make the text of a count."""
        made = super().__new__(cls, text)
        made.items, made.figure = items, figure
        return made

    def __format__(self, spec: str) -> str:
        """Return the text, or the form that goes with the count."""
        if not spec:
            return str(self)
        forms = spec.split("|")
        return forms[min(form(self.items), len(forms) - 1)].replace("#", self.figure)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Be kept as plain text."""
        return str, (str(self),)


def noun(one: str, many: str = "") -> str:
    """Mark a noun that is counted later; return it as it is.

    >>> noun("key account")
    'key account'
    """
    return one


def count(items: float, one: str, many: str = "", source: Source = None) -> str:
    """Return a count with its noun.

    >>> count(1, "order"), count(3, "delivery", "deliveries"), count(1200, "row")
    ('1 order', '3 deliveries', '1,200 rows')
    """
    figure, many = number(items, source, decimals=0), many or one + "s"
    text = inflected("{number} " + one, "{number} " + many, items, number=figure)
    return Counted(text, items, figure)


def rate(part: float, cases: float, source: Source = None) -> str:
    """Return how many of the cases in percent; below ten cases as a count.

    >>> rate(7, 20).replace("\u00a0", " "), rate(1, 1), rate(0, 3)
    ('35 %', '1 of 1', 'none of 3')
    """
    if cases >= FEW:
        return share(part / cases, source, decimals=0)
    some = number(part, source, decimals=0) if part else say("none")
    return say("{some} of {cases}", some=some, cases=number(cases, source, decimals=0))


def plural(items: float, one: str, many: str = "") -> str:
    """Return the form of a noun, or of a verb with it, that goes with a count.

    >>> plural(1, "account"), plural(0, "company", "companies"), plural(2, "is", "are")
    ('account', 'companies', 'are')
    """
    return Counted(one if items == 1 else many or one + "s", items)


def counted(items: int, one: str, many: str = "", source: Source = None) -> str:
    """Return a count with its noun, small numbers as words.

    >>> counted(1, "account"), counted(0, "company", "companies"), counted(24, "account")
    ('one account', 'no companies', '24 accounts')
    """
    figure, many = number(items, source), many or one + "s"
    word = say(SMALL[int(items)]) if 0 <= items < len(SMALL) else figure
    if items == 0:
        return Counted(say(f"no {many}"), items, figure)
    text = inflected(f"one {one}", "{number} " + many, items, number=word)
    return Counted(text, items, word)


def listed(words: Iterable[str], *, most: int = 3) -> str:
    """Return words as a list in prose, the rest counted.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a', 'a and b', 'a, b, c and 2 more')
    """
    words = list(words)
    if len(words) > most:
        named = ", ".join(words[:most])
        return say("{names} and {more} more", names=named, more=len(words) - most)
    if len(words) > 1:
        return say("{names} and {last}", names=", ".join(words[:-1]), last=words[-1])
    return "".join(words)


def ordinal(rank: int) -> str:
    """Return a rank by size as readers say it.

    >>> [ordinal(rank) for rank in (1, 2, 3, 11, 22)]
    ['largest', '2nd largest', '3rd largest', '11th largest', '22nd largest']
    """
    if rank == 1:
        return say("largest")
    end = 0 if rank % 100 in (11, 12, 13) else rank % 10
    return say(_ORDINALS.get(end, _ORDINAL), rank=rank)


_ORDINAL = phrase("{rank}th largest")
_ORDINALS = {
    1: phrase("{rank}st largest"),
    2: phrase("{rank}nd largest"),
    3: phrase("{rank}rd largest"),
}


def started(text: str) -> str:
    """Return a text as the start of a sentence.

    >>> started("deliver within two days")
    'Deliver within two days'
    """
    begun = text[:1].upper() + text[1:]
    return Counted(begun, text.items, text.figure) if isinstance(text, Counted) else begun
