"""What a reader should know of a book beyond its rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something the reader should know: what was found, in which table, and what to do."""

    table: str
    what: str
    next: str = ""


def amount_text(column: str) -> str:
    """Return the text of a column of amounts, quoted, for a statement that a notice proposes."""
    return f"trim({column}::VARCHAR)"


def below_zero(column: str) -> str:
    r"""Return a column of amounts, quoted, with a minus, for a statement that a notice proposes: it
    works on text as well.

    >>> below_zero('"net"')
    '\'-\' || ltrim(trim("net"::VARCHAR), \'-\')'
    """
    return f"'-' || ltrim({amount_text(column)}, '-')"
