"""Tables: what a book may hold (``canonical``) and what the kit makes of it (``catalogue``).

What makes frames loads when it is used: what a book may hold is asked for without them, too.
"""

from typing import TYPE_CHECKING

import lazy_loader

from kamlib.tables.canonical import CANONICAL, Column, Table
from kamlib.tables.catalogue import Catalogue, OutputColumn, OutputTable, catalogue

if TYPE_CHECKING:
    from kamlib.tables.decimals import MONEY_DECIMALS, exact, exact_sums
    from kamlib.tables.frames import coded, each, empty_table, known_as_of, shaped, typed

__getattr__, _, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "decimals": ["MONEY_DECIMALS", "exact", "exact_sums"],
        "frames": ["coded", "each", "empty_table", "known_as_of", "shaped", "typed"],
    },
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
    "coded",
    "each",
    "empty_table",
    "exact",
    "exact_sums",
    "known_as_of",
    "shaped",
    "typed",
]
