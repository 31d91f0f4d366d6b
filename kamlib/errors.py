"""The one error a user sees: what went wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class KamError(Exception):
    """A request, a book or a run that cannot be carried out, in plain words.

    Parameters
    ----------
    what
        What is wrong, as one sentence.
    where
        The file, line, column, setting or parameter it was found in.
    next
        What the reader can do about it.
    exit_code
        2: the request or the book is wrong; 1: a report failed.
    """

    def __init__(self, what: str, *, where: str = "", next: str = "", exit_code: int = 2) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next = next
        self.exit_code = exit_code

    def __str__(self) -> str:
        """Return the message as people read it: one line each for what, where and next.

        >>> print(KamError("No table 'orders'.", where="mybook", next="Add orders.csv."))
        No table 'orders'.
          Where: mybook
          Next:  Add orders.csv.
        """
        lines = [self.what]
        if self.where:
            lines.append(f"  Where: {self.where}")
        if self.next:
            lines.append(f"  Next:  {self.next}")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the message, without the way to it through the code."""
        return [f"{type(self).__name__}: {self}"]


_NAMED = 30


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is nearest to one, nothing where none is near.

    >>> closest("titel", ["title", "currency"]), closest("zzz", ["title"])
    ('title', '')
    """
    known = sorted(known)
    near = [get_close_matches(one, known, n=1, cutoff=0.6) for one in (word, word.lower())]
    return next((found[0] for found in near if found), "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or lists those there are.

    >>> nearest("titel", ["title", "currency"])
    "Did you mean 'title'?"
    >>> nearest("zzz", ["title", "currency"])
    'Known: currency, title.'
    >>> nearest("zzz", [])
    'There is none to choose from.'
    """
    known = sorted(known)
    if match := closest(word, known):
        return f"Did you mean '{match}'?"
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    return (
        f"Known: {', '.join(known[:_NAMED])}{more}." if known else "There is none to choose from."
    )
