"""Statements that run in another engine: a database file, a server, Spark; Ibis speaks to it.

The address stands in the environment and is told to nobody: no message, table or file names it.
What a statement selects comes over in batches and is read like every other table.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import ibis
import ibis.expr.types as ir

from kamlib.book import ConnectionSettings
from kamlib.errors import KamError
from kamlib.intake.sources.engine import Engine

_WHERE = "url under [connection] in book.toml"


@dataclass
class Remote:
    """Another engine, open for the statements of a book; ``secrets`` are never shown."""

    backend: Any
    dialect: str
    secrets: tuple[str, ...] = field(repr=False)

    def copy(self, text: str, engine: Engine, table: str) -> list[str]:
        """Run a statement there and keep what it selects here, batch by batch; return its columns.

        Raises
        ------
        KamError
            It does not run there.
        """
        import sqlglot

        spoken = self.backend.dialect if self.dialect == "native" else "duckdb"
        try:
            found = sqlglot.parse(text, dialect=spoken)
            if len(found) != 1 or not isinstance(found[0], sqlglot.exp.Query):
                raise ValueError("it is not one SELECT")
            rows = self.backend.sql(text, dialect=spoken)
            with self._batches(rows) as batches:
                inner = engine.connection.con
                inner.register("kam_batches", batches)
                inner.execute(f'CREATE OR REPLACE TEMP TABLE "{table}" AS FROM kam_batches')
                inner.unregister("kam_batches")
        except Exception as error:
            raise ValueError(self.plain(error)) from None
        return list(rows.columns)

    def _batches(self, rows: ir.Table) -> Any:
        """Return the rows in batches; Spark's come in columns, where Ibis would have each by
        itself.
        """
        if self.backend.name != "pyspark":
            return rows.to_pyarrow_batches(chunk_size=500_000)
        found = self.backend.raw_sql(self.backend.compile(rows)).toArrow()
        return found.cast(rows.schema().to_pyarrow()).to_reader()

    def plain(self, error: Exception) -> str:
        """Return what an error says, without the address."""
        return without(str(error).strip() or type(error).__name__, self.secrets)

    def close(self) -> None:
        """Let go of the other engine; Spark's session goes on, as others may use it."""
        if self.backend.name != "pyspark":
            self.backend.disconnect()


_PACKAGES = {
    "postgres": "kamlib[postgres]",
    "postgresql": "kamlib[postgres]",
    "pyspark": "kamlib[spark]",
}
"""Kind of engine → what to install for it; for another one, what Ibis calls so."""


def open_remote(settings: ConnectionSettings, folder: Path) -> Remote:
    """Open the engine that a book names.

    Raises
    ------
    KamError
        The variable is not set, the package for the engine is not installed, or it does not answer.
    """
    url = _address(settings.url)
    secrets = secrets_of(url)
    kind, _, path = url.partition("://")
    try:
        if kind in ("duckdb", "sqlite"):
            file = (folder / path).resolve()
            if not file.is_file():
                raise KamError(
                    "The connection names a file that is not there.",
                    where=_WHERE,
                    next="Check its path; a relative one is taken from the book's folder.",
                )
            backend = _open_file(kind, file)
        elif kind == "pyspark" and path:
            backend = _open_spark(url)
        else:
            backend = ibis.connect(url)
    except KamError:
        raise
    except ImportError:
        package = _PACKAGES.get(kind, f"ibis-framework[{without(kind, secrets)}]")
        raise KamError(
            "The package for this kind of engine is not installed.",
            where=_WHERE,
            next=f"pip install '{package}'",
        ) from None
    except Exception as error:
        said = without(str(error).strip(), secrets).splitlines()
        raise KamError(
            f"The connection cannot be opened: {said[0] if said else type(error).__name__}",
            where=_WHERE,
            next="Check the address in the environment, and that the server runs.",
        ) from None
    return Remote(backend, settings.dialect, secrets)


def _open_file(kind: str, file: Path) -> Any:
    if kind == "sqlite":
        return ibis.sqlite.connect(file)
    backend = ibis.duckdb.connect(file, read_only=True)
    backend.raw_sql("SET enable_external_access = false")  # the file alone, no other
    return backend


def _open_spark(url: str) -> Any:
    """Open a session on the cluster whose master an address names, with the settings behind its
    ``?``.
    """
    from pyspark.sql import SparkSession

    parts, builder = urlsplit(url), SparkSession.builder
    if parts.netloc:
        builder = builder.master(f"spark://{parts.netloc}")
    for name, value in parse_qsl(parts.query):
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    return ibis.pyspark.connect(session)


def _address(said: str) -> str:
    """Return the address with variables of the environment put in."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not os.environ.get(name):
            raise KamError(
                f"The environment has no variable {name}.",
                where=_WHERE,
                next=f"Set it before the run: export {name}='postgresql://…'.",
            )
        return os.environ[name]

    return re.sub(r"\$\{(\w+)\}", value, said)


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what of an address nobody may see, the longest first.

    >>> secrets_of("postgresql://kim:p%40ss@db:5432/sales")
    ('postgresql://kim:p%40ss@db:5432/sales', 'p%40ss', 'p@ss', 'kim', 'db')
    """
    parts = urlsplit(url)
    found = [url, parts.password, parts.password and unquote_plus(parts.password)]
    found += [parts.username, parts.hostname, parts.query]
    whole = dict.fromkeys(one for one in found if one)
    return tuple(sorted(whole, key=len, reverse=True))


def without(text: str, secrets: tuple[str, ...]) -> str:
    """Return text with every secret blotted out.

    >>> without("no route to db for kim", ("kim", "db"))
    'no route to … for …'
    """
    for secret in secrets:
        text = text.replace(secret, "…")
    return text
