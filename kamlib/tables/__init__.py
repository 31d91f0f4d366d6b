"""Tables: what a book may hold (``canonical``) and what the kit makes of it (``catalogue``).

Text is held as Python's own strings: tables have thousands of rows, not millions, and what one asks
of them (is it among these, which account is it) takes a quarter less time than of Arrow's.
"""

import pandas as pd

from kamlib.tables.canonical import (
    CANONICAL,
    Column,
    Table,
    each,
    empty_table,
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
from kamlib.tables.decimals import MONEY_DECIMALS, exact

pd.set_option("mode.string_storage", "python")

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
