"""The embedded engine: one per run, with a scratch folder of its own."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.intake.calendars import COUNTED
from kamlib.intake.sources.compilers import load_when_asked
from kamlib.tables import CANONICAL

MEMORY = "KAM_MEMORY"
"""Environment variable: what the engine may hold in memory, such as 4GB; more goes to disk."""
_PIECES = (4, 16, 64)
"""Into how many pieces a statement is parted that needs more memory than there is."""
_SHARE, _UNKNOWN = 0.5, 4_000_000_000
"""What share of the machine's memory the engine may hold; of how many bytes where none is known."""


@dataclass
class Engine:
    """An open engine with a scratch folder; use it in a ``with`` block.

    ``closing`` holds what is let go of with it.
    """

    connection: ibis.backends.duckdb.Backend
    scratch: tempfile.TemporaryDirectory = field(repr=False)
    loaded: int = 0
    closing: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> Engine:
        return self

    def close(self) -> None:
        """Let go of the lines and of the scratch folder; once is enough."""
        self.connection.disconnect()
        self.closing.close()
        self.scratch.cleanup()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close()
        if isinstance(error, duckdb.OutOfMemoryException):
            raise KamError(
                "The engine needs more memory for this book than it may hold.",
                where=f"{MEMORY}, half of the machine's memory where it says nothing",
                next=f"Set {MEMORY} to more, such as 8GB, or let a statement condense the lines.",
            ) from error

    def check_settings(self, book: BookSettings) -> None:
        """Refuse a form of dates or a time zone in the book that the engine does not know.

        Raises
        ------
        KamError
            Which setting it is, and the nearest that there is.
        """
        tables = [book.input.of(name) for name in ("", *CANONICAL)]
        for form in sorted({table.date_format for table in tables if table.date_format}):
            if form not in COUNTED:
                self._check_form(form)
        for zone in sorted({table.time_zone for table in tables if table.time_zone}):
            zones = self.connection.raw_sql("SELECT name FROM pg_timezone_names()").fetchall()
            known = {name for (name,) in zones}
            if zone not in known:
                raise KamError(
                    f"Unknown time zone '{zone}'.",
                    where="time_zone under [input] in book.toml",
                    next=nearest(zone, known) + " Such as Europe/Berlin.",
                )

    def _check_form(self, form: str) -> None:
        day = "DATE '2023-11-28'"
        try:
            sql = f"SELECT strptime(strftime({day}, {quoted(form)}), {quoted(form)})::DATE"
            read = self.connection.raw_sql(sql).fetchone()[0]
        except duckdb.Error as error:
            why = str(error).splitlines()[0].partition(": ")[2]
            read = None
        else:
            why = "it does not name day, month and year"
        if read is None or (read.year, read.month) != (2023, 11) or read.day not in (1, 27, 28):
            raise KamError(
                f"date_format = '{form}' is no form of dates: {why}.",
                where="date_format under [input] in book.toml",
                next='Write %d for the day, %m for the month, %Y for the year: "%d.%m.%Y".',
            )

    def shut(self, files: Iterable[Path] = ()) -> None:
        """Shut the engine off from the network and from all files but those of the book."""
        known = ", ".join(quoted(file) for file in files)
        self.connection.raw_sql(f"SET allowed_paths = [{known}]")
        self.connection.raw_sql(f"SET allowed_directories = [{quoted(self.scratch.name)}]")
        for setting in ("enable_external_access", "python_enable_replacements"):
            self.connection.raw_sql(f"SET {setting} = false")
        self.connection.raw_sql("SET lock_configuration = true")

    def keep(self, rows: ir.Table, name: str) -> ir.Table:
        """Run an expression once and keep its result in the engine."""
        self.connection.raw_sql(
            f"CREATE OR REPLACE TEMP TABLE {quoted_name(name)} AS {self.connection.compile(rows)}"
        )
        return self.connection.table(name)

    def stored(self, statement: str, *, of: str = "", by: str = "", order: str = "") -> Path:
        """Return a new Parquet file with what a statement selects, days as times; it passes through
        memory in parts.

        Where it is said by which column (``by``) the statement groups the rows of a view (``of``),
        and it needs more memory than there is, it is run for some values of it after others; rows
        that have none are left out. Rows are sorted by that column first, or ``order`` says how.
        """
        try:
            return self._stored(statement)
        except duckdb.OutOfMemoryException:
            if not by:
                raise
        return self._stored_in_pieces(statement, of, by, order)

    def _stored(self, statement: str) -> Path:
        described = self.connection.raw_sql(f"DESCRIBE {statement}").fetchall()
        days = [quoted_name(name) for name, type_, *_ in described if type_ == "DATE"]
        casts = ", ".join(f"CAST({name} AS TIMESTAMP) AS {name}" for name in days)
        shown = f"* REPLACE ({casts})" if days else "*"
        self.loaded += 1
        part = Path(self.scratch.name) / f"{self.loaded}.parquet"
        try:
            self.connection.raw_sql(
                f"COPY (SELECT {shown} FROM ({statement})) TO {quoted(part)} (FORMAT parquet)"
            )
        except duckdb.Error:
            part.unlink(missing_ok=True)
            raise
        return part

    def _stored_in_pieces(self, statement: str, of: str, by: str, order: str = "") -> Path:
        """Run a statement for a fourth of the rows at a time, or as few as there is memory for."""
        refusal = duckdb.OutOfMemoryException()
        for count in _PIECES:
            parts: list[Path] = []
            try:
                for condition in self._pieces(of, by, count):
                    rows = f"FROM (SELECT * FROM {of} WHERE {condition})"
                    parts.append(self._stored(statement.replace(f"FROM {of}", rows)))
                read = ", ".join(quoted(part) for part in parts)
                sorted_ = f" ORDER BY {order}" if order else ""
                return self._stored(f"SELECT * FROM read_parquet([{read}]){sorted_}")
            except duckdb.OutOfMemoryException as error:
                refusal = error
            finally:
                for part in parts:
                    part.unlink()
        raise refusal

    def _pieces(self, of: str, by: str, count: int) -> list[str]:
        """Return the conditions that part rows by a column's values, in their order, into pieces
        of about the same size.
        """
        found = self.connection.raw_sql(
            f"SELECT min({by}) FROM (SELECT {by}, (sum(n) OVER (ORDER BY {by}) - n) * {count} "
            f"// sum(n) OVER () AS piece FROM (SELECT {by}, count(*) AS n FROM {of} "
            f"WHERE {by} IS NOT NULL GROUP BY 1)) "
            "GROUP BY piece ORDER BY 1"
        ).fetchall()
        starts = [quoted(start) for (start,) in found] or ["''"]
        ends = [f" AND {by} < {end}" for end in starts[1:]]
        return [f"{by} >= {start}{end}" for start, end in zip(starts, [*ends, ""], strict=True)]

    def one(self, statement: str) -> Any:
        """Return the one value that a statement selects."""
        return self.connection.raw_sql(statement).fetchone()[0]

    def tabulate(self, frame: pd.DataFrame, name: str) -> None:
        """Keep a frame in the engine."""
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        self.connection.create_table(name, rows, temp=True, overwrite=True)

    def rows(self, statement: str) -> pa.Table:
        """Return what a statement selects."""
        return self.connection.raw_sql(statement).to_arrow_table()

    def frame(self, statement: str, *, of: str = "", by: str = "") -> pd.DataFrame:
        """Return what a statement selects as a frame: text as text, days as days; where it must, in
        pieces, as `stored`.
        """
        try:
            return framed(self.rows(statement))
        except duckdb.OutOfMemoryException:
            if not by:
                raise
        part = self._stored_in_pieces(statement, of, by)
        return framed(self.rows(f"FROM read_parquet({quoted(part)})"))

    @contextmanager
    def lent(self, rows: pa.Table, name: str) -> Iterator[None]:
        """Let statements read rows that are not the engine's, for as long as the block runs."""
        self.connection.con.register(name, rows)
        try:
            yield
        finally:
            self.connection.con.unregister(name)

    def of_text(self, statement: str, name: str, columns: Iterable[str]) -> ir.Table:
        """Give a name to a statement that yields columns of text, ``_file`` and ``_row``, without
        asking the engine what it yields.
        """
        self.connection.raw_sql(f"CREATE TEMP VIEW {quoted_name(name)} AS {statement}")
        types = {**dict.fromkeys(columns, "string"), "_file": "string", "_row": "int64"}
        schema, place = ibis.schema(types), ops.Namespace(catalog=None, database=None)
        table = ops.DatabaseTable(name, schema=schema, source=self.connection, namespace=place)
        return table.to_expr()

    def relation(self, rows: ir.Table) -> str:
        """Return what a statement selects from to have an expression's rows."""
        known = rows.op()
        if isinstance(known, ops.DatabaseTable):
            return quoted_name(known.name)
        return f"({self.connection.compile(rows)})"

    def name(self, rows: ir.Table, name: str) -> ir.Table:
        """Give an expression a name that statements can read it by; it runs when one does."""
        self.connection.raw_sql(
            f"CREATE OR REPLACE TEMP VIEW {quoted_name(name)} AS {self.connection.compile(rows)}"
        )
        return self.connection.table(name)


def open_engine() -> Engine:
    """Open an embedded engine of its own; nothing is shared with another run and nothing is
    downloaded.
    """
    load_when_asked()
    scratch = tempfile.TemporaryDirectory(prefix="kam-")
    connection = ibis.duckdb.connect(
        temp_directory=scratch.name,
        memory_limit=_memory(),
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
    )
    connection.raw_sql("SET TimeZone = 'UTC'")
    return Engine(connection, scratch)


def _memory() -> str:
    """Return what the engine may hold in memory.

    Raises
    ------
    KamError
        ``KAM_MEMORY`` is no amount of memory.
    """
    said = os.environ.get(MEMORY, "").strip()
    if said and not re.fullmatch(r"(?i)[1-9]\d*(\.\d+)? ?[KMGT]i?B", said):
        raise KamError(
            f"'{said}' is no amount of memory.",
            where=f"the environment's {MEMORY}",
            next="Write it as 4GB.",
        )
    if said:
        return said
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        there = _UNKNOWN
    return f"{int(_SHARE * there) // 1_000_000}MB"


def framed(rows: pa.Table) -> pd.DataFrame:
    """Return rows as a frame: text as text, days as days."""
    frame = rows.to_pandas(date_as_object=False)
    wanted = {}
    for column, has in zip(rows.schema, frame.dtypes, strict=True):
        is_day = pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)
        kind = "datetime64[us]" if is_day else "str" if pa.types.is_string(column.type) else has
        if has != kind:
            wanted[column.name] = kind
    return frame.astype(wanted) if wanted else frame


def number(rows: ir.Table) -> ir.IntegerValue:
    """Number the rows of a table of the engine from 0; a column of their own named rowid hides the
    engine's.
    """
    return (
        ibis.row_number()
        if "rowid" in [column.casefold() for column in rows.columns]
        else rows.rowid()
    )


def quoted_name(text: str) -> str:
    """Write text as a name of the engine."""
    return '"' + text.replace('"', '""') + '"'


def quoted(text: object) -> str:
    """Write text as a literal of the engine."""
    return "'" + str(text).replace("'", "''") + "'"
