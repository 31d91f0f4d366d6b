"""The tables of a database as frames, to be copied into a book."""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from kamlib.errors import KamError


def database_tables(where: Path | str) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Return every table of a DuckDB or SQLite file, or at a database's address; and its views,
    whose rows stand in its tables.

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
                query = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
                kinds = dict(connection.execute(query).fetchall())
                found = {n: pd.read_sql_query(f'SELECT * FROM "{n}"', connection) for n in kinds}
            return _parted(found, {name for name, kind in kinds.items() if kind == "view"})
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
        found = {
            name: connection.table(name, database=schema).to_pandas()
            for schema in (_schemas(connection) if isinstance(where, Path) else [None])
            for name in connection.list_tables(database=schema)
        }
        return _parted(found, _views(connection))
    finally:
        connection.disconnect()


def _schemas(connection: Any) -> list[str]:
    """Return the schemas of a DuckDB file that hold tables of its own, the usual one last: it goes
    before a table of the same name.
    """
    own = [n for n in connection.list_databases() if n not in ("information_schema", "pg_catalog")]
    return sorted(own, key=lambda name: name == "main")


def _views(connection: Any) -> set[str]:
    """Return the names of a database's views, as far as it tells them."""
    query = "SELECT table_name FROM information_schema.tables WHERE table_type = 'VIEW'"
    try:
        return set(connection.sql(query).to_pandas()["table_name"])
    except Exception:
        return set()


def _parted(
    found: dict[str, pd.DataFrame], views: Set[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    tables = {name: frame for name, frame in found.items() if name not in views}
    return tables, {name: frame for name, frame in found.items() if name in views}
