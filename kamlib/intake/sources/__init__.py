"""Reading a book's files into the engine as text: the only module that opens one.

A table is a file named after it (``orders.csv``) or a ``.sql`` file that selects it from the files
in ``raw/``. Files without types (CSV, Excel) arrive as text and nothing is guessed: what a value
means is decided later, column by column, by :mod:`kamlib.intake`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "engine": ["Engine", "open_engine"],
        "files": ["input_files", "plan_account", "plan_files"],
        "tables": ["Source", "read_sources"],
    },
)
