"""The embedded engine: one per run, with a scratch folder of its own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir


@dataclass
class Engine:
    """An open engine with a scratch folder; use it in a ``with`` block."""

    connection: ibis.backends.duckdb.Backend
    scratch: tempfile.TemporaryDirectory = field(repr=False)
    loaded: int = 0

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.disconnect()
        self.scratch.cleanup()

    def keep(self, rows: ir.Table, name: str) -> ir.Table:
        """Run an expression once and keep its result in the engine."""
        return self.connection.create_table(name, rows, temp=True, overwrite=True)

    def name(self, rows: ir.Table, name: str) -> ir.Table:
        """Give an expression a name that statements can read it by; it runs when one does."""
        self.connection.raw_sql(
            f"CREATE OR REPLACE TEMP VIEW {_name(name)} AS {self.connection.compile(rows)}"
        )
        return self.connection.table(name)


def open_engine() -> Engine:
    """Open an embedded engine of its own; nothing is shared with another run and nothing is
    downloaded.
    """
    scratch = tempfile.TemporaryDirectory(prefix="kam-")
    connection = ibis.duckdb.connect(
        temp_directory=scratch.name,
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
    )
    connection.raw_sql("SET TimeZone = 'UTC'")
    return Engine(connection, scratch)


def number(rows: ir.Table) -> ir.IntegerValue:
    """Number the rows of a table of the engine from 0; a column of their own named rowid hides the
    engine's.
    """
    return (
        ibis.row_number()
        if "rowid" in [column.casefold() for column in rows.columns]
        else rows.rowid()
    )


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def quoted(text: object) -> str:
    """Write text as a literal of the engine."""
    return "'" + str(text).replace("'", "''") + "'"
