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
from kamlib.tables.catalogue import (
    Catalogue,
    OutputColumn,
    OutputTable,
    catalogue,
    shaped,
)

__all__ = [
    "CANONICAL",
    "MONEY_DECIMALS",
    "Catalogue",
    "Column",
    "OutputColumn",
    "OutputTable",
    "Table",
    "catalogue",
    "each",
    "empty_table",
    "exact",
    "known_as_of",
    "shaped",
    "typed",
]
