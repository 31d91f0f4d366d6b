"""The tables of a database as frames, to be copied into a book."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import ibis
import pandas as pd

from kamlib.errors import KamError


def database_tables(where: Path | str) -> dict[str, pd.DataFrame]:
    """Return every table of a DuckDB or SQLite file, or at a database's address.

    Raises
    ------
    KamError
        The database cannot be opened; nothing of a password is said.
    """
    if isinstance(where, Path):
        with where.open("rb") as stream:
            is_sqlite = stream.read(15) == b"SQLite format 3"
        if is_sqlite:
            with sqlite3.connect(f"file:{where}?mode=ro", uri=True) as connection:
                query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
                names = [name for (name,) in connection.execute(query)]
                return {n: pd.read_sql_query(f'SELECT * FROM "{n}"', connection) for n in names}
        connection = ibis.duckdb.connect(where, read_only=True)
    else:
        try:
            connection = ibis.connect(where)
        except Exception as error:
            raise KamError(
                f"The database cannot be opened: {type(error).__name__}.",
                where=f"the {where.partition('://')[0]} address",
                next="Check the address and that its driver is installed.",
            ) from None
    try:
        return {name: connection.table(name).to_pandas() for name in connection.list_tables()}
    finally:
        connection.disconnect()
