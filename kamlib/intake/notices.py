"""What a reader should know of a book beyond its rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """Something the reader should know: what was found, in which table, and what to do."""

    table: str
    what: str
    next: str = ""
