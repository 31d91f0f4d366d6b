"""Reading a book's files into the engine as text: the only module that opens one.

A table is a file named after it (``orders.csv``) or a ``.sql`` file that selects it from the files
in ``raw/``. Files without types (CSV, Excel) arrive as text and nothing is guessed: what a value
means is decided later, column by column, by :mod:`kamlib.intake`.
"""

from kamlib.intake.sources.engine import Engine, open_engine
from kamlib.intake.sources.files import input_files, plan_account, plan_files
from kamlib.intake.sources.tables import Source, read_sources

__all__ = [
    "Engine",
    "Source",
    "input_files",
    "open_engine",
    "plan_account",
    "plan_files",
    "read_sources",
]
