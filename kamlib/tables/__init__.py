"""Tables: what a book may hold (``canonical``) and what the kit makes of it (``catalogue``)."""

from kamlib.tables.canonical import (
    CANONICAL,
    MONEY_DECIMALS,
    Column,
    Table,
    each,
    empty_table,
    exact,
    known_as_of,
    typed,
)

__all__ = [
    "CANONICAL",
    "MONEY_DECIMALS",
    "Column",
    "Table",
    "each",
    "empty_table",
    "exact",
    "known_as_of",
    "typed",
]
