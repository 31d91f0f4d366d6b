"""Order lines of a large text file in one pass: cells written as most are become values as they are
read, and a line with any other is held back and judged as every line is.

How the amounts and days of a column are written is seen in the file's first lines. A value says
then how its cell was written, so that no text is kept but that of the lines held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake.casting import SHORT
from kamlib.intake.columns import TypedRows, read_table
from kamlib.intake.plain import DIGITS, FIRST, LAST, USUAL_ID
from kamlib.intake.rules import Rules
from kamlib.intake.sources import Engine, Source
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.intake.sources.scan import Unread
from kamlib.intake.typed import of_cell, typed_rows
from kamlib.tables import MONEY_DECIMALS, Column, Table

_LOOKED_AT = 5_000
_MOST_HELD = 0.1
"""Where more of the first lines would be held back, all lines are judged as every line is."""
_FIRST, _NAME = "kam_first_lines", "kam_sieve"
_NOTHING = (
    "CAST(NULL AS VARCHAR) AS _value",
    "CAST(NULL AS VARCHAR) AS _reason",
    "CAST(0 AS BIGINT) AS _mended",
    "CAST(NULL AS VARCHAR) AS _sign",
    "CAST(NULL AS VARCHAR) AS _open",
)
_SWAPPED = "%Y-%d-%m"
_DAYS = f"DATE '{FIRST}' AND DATE '{LAST}'"
_FIXED = "CAST({0} AS VARCHAR)"
_SHORTEST = "CAST(CAST({0} AS DOUBLE) AS VARCHAR)"
_WHOLE = (
    "CASE WHEN {0} = trunc({0}) THEN CAST(CAST({0} AS BIGINT) AS VARCHAR) "
    f"ELSE {_SHORTEST} END"
)
_FORMS = [
    *((places, _FIXED) for places in (2, 0, 1, 3, 4, 5, MONEY_DECIMALS)),
    (MONEY_DECIMALS, _SHORTEST),
    (MONEY_DECIMALS, _WHOLE),
]
"""Decimals and how they are written: always so many, or as many as there are (3.0 or 3)."""


@dataclass(frozen=True)
class _Way:
    """How a column can be read.

    ``value`` comes of the cell alone. ``test``, of the cell and the value, tells where the value is
    what the cell says, and ``cell`` what was written there, as far as anything is asked of it.
    """

    column: Column
    value: str
    test: str
    kept: str
    cell: str

    @property
    def passed(self) -> str:
        """The test of a cell that it need not be held back."""
        blank = "FALSE" if self.column.required else f"{quoted_name(self.column.name)} IS NULL"
        return f"coalesce({self.test}, {blank})"


def sieved(
    source: Source, unread: Unread, table: Table, book: BookSettings, engine: Engine
) -> tuple[TypedRows, pd.DataFrame]:
    """Return a text file's lines, and those that do not fit its header.

    Where they are not written so that most lines would pass, they are judged later.
    """
    read = read_table(source, table, book)
    ways = _ways(read, unread, engine) if _can_pass(read) else []
    if not ways:
        rows, rejected = unread.scanned(engine)
        scanned = replace(source, rows=rows, rejected=rejected, unread=None)
        return replace(read, source=scanned), rejected
    engine.connection.raw_sql(
        f"CREATE TEMP TABLE {_NAME} AS {_passed(ways, read, unread.rows(_NAME))}"
    )
    rejected = unread.rejected(engine, _NAME, _NAME)
    place = f"{quoted(unread.file.name)} AS _file, rowid + 1 AS _row FROM {_NAME}"
    names = [quoted_name(way.column.name) for way in ways]
    rows = f"SELECT {', '.join([*names, *_NOTHING])}, {place}"
    cells = (
        f"SELECT {', '.join(f'{w.cell} AS {n}' for w, n in zip(ways, names, strict=True))}, {place}"
    )
    if engine.one(f"SELECT count(_held) FROM {_NAME}"):
        raw = ", ".join(f"_held[{at}] AS {name}" for at, name in enumerate(names, 1))
        held = f"SELECT {raw}, {place} WHERE _held IS NOT NULL"
        rows += f" WHERE _held IS NULL UNION ALL BY NAME FROM {_judged(held, read, engine)}"
        cells += f" WHERE _held IS NULL UNION ALL BY NAME {held}"
    for name, statement in ((f"{_NAME}_rows", rows), (f"{_NAME}_cells", cells)):
        engine.connection.raw_sql(f"CREATE TEMP VIEW {name} AS {statement}")
    kept = {part: engine.connection.table(f"{_NAME}_{part}") for part in ("rows", "cells")}
    return replace(read, kept_rows=kept["rows"], kept_cells=kept["cells"]), rejected


def _can_pass(read: TypedRows) -> bool:
    """Return whether a way is known for every column that is read, and a day of the book's form
    may be written as 2025-12-31.
    """
    is_known = all(
        column.type in _WAYS and column.least is None and column.most is None
        for column in read.columns
    )
    form = (read.rules.date_format or "").replace("%-", "%")
    return is_known and read.theirs.keys() == read.given and form != _SWAPPED


def _ways(read: TypedRows, unread: Unread, engine: Engine) -> list[_Way]:
    """Return how each column is read; none where too many of the first lines would be held back."""
    connection = engine.connection
    lines = f"FROM {unread.fitting} LIMIT {_LOOKED_AT}"
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {_FIRST} AS {lines}")
    ways = []
    for column in read.columns:
        found = _WAYS[column.type](column, read.rules)
        if len(found) > 1:
            counts = ", ".join(f"count(*) FILTER (WHERE {_at_once(way)})" for way in found)
            cells = f"SELECT {quoted_name(read.theirs[column.name])} AS {quoted_name(column.name)}"
            seen = connection.raw_sql(f"SELECT {counts} FROM ({cells} FROM {_FIRST})").fetchone()
            found = [found[seen.index(max(seen))]]
        ways += found
    share = engine.one(f"SELECT count(_held) / count(*) FROM ({_passed(ways, read, _FIRST)})")
    connection.raw_sql(f"DROP TABLE {_FIRST}")
    return ways if share is not None and share <= _MOST_HELD else []


def _at_once(way: _Way) -> str:
    return way.test.replace(_value(way.column), f"({way.value})")


def _passed(ways: Sequence[_Way], read: TypedRows, lines: str) -> str:
    """Return what selects the values of lines and, of each line held back, its cells."""
    names = {way: quoted_name(way.column.name) for way in ways}
    cells = ", ".join(
        f"{quoted_name(read.theirs[way.column.name])} AS {name}" for way, name in names.items()
    )
    values = ", ".join(f"{way.value} AS {_value(way.column)}" for way in ways)
    kept = ", ".join(f"{way.kept} AS {name}" for way, name in names.items())
    tests = " AND ".join(way.passed for way in ways if way.test)
    return (
        f"SELECT {kept}, CASE WHEN {tests} THEN NULL ELSE [{', '.join(names.values())}] END "
        f"AS _held FROM (SELECT *, {values} FROM (SELECT {cells} FROM {lines}))"
    )


def _judged(held: str, read: TypedRows, engine: Engine) -> str:
    """Judge the lines held back; return the table that has them."""
    connection, table = engine.connection, f"{_NAME}_held"
    connection.raw_sql(f"CREATE TEMP TABLE {table}_cells AS {held}")
    lines = connection.table(f"{table}_cells")
    rows = typed_rows(lines, read.columns, read.rules, is_excel=False)
    amounts = [name for name, type_ in rows.schema().items() if type_.is_decimal()]
    try:
        engine.keep(rows.cast(dict.fromkeys(amounts, SHORT)), table)
    except duckdb.ConversionException:
        engine.keep(rows, table)
    return table


def _value(column: Column) -> str:
    return quoted_name(f"value_{column.name}")


def _of_id(column: Column, rules: Rules) -> list[_Way]:
    value, name = _value(column), quoted_name(column.name)
    read, plain = (of_cell(step, column, rules) for step in ("sound", "fit"))
    usual = f"regexp_full_match({name}, {quoted(USUAL_ID)})"
    return [_Way(column, read, test, value, name) for test in (usual, plain)]


def _of_text(column: Column, rules: Rules) -> list[_Way]:
    value, name = _value(column), quoted_name(column.name)
    return [_Way(column, of_cell("text", column, rules), "", value, name)]


def _of_date(column: Column, rules: Rules) -> list[_Way]:
    value, name = _value(column), quoted_name(column.name)
    again = f"CAST({name} AS VARCHAR)"
    is_read = f"{of_cell('clean', column, rules)} AND {value} IS NOT NULL"
    ways = [_Way(column, of_cell("read", column, rules), is_read, value, again)]
    if rules.date_format is None:
        usual = f"{value} BETWEEN {_DAYS} AND CAST({value} AS VARCHAR) = {name}"
        ways.insert(0, _Way(column, f"TRY_CAST({name} AS DATE)", usual, value, again))
    return ways


def _of_amount(column: Column, rules: Rules) -> list[_Way]:
    """Return the ways in which amounts are written: so many decimals, or as many as they need."""
    value, name = _value(column), quoted_name(column.name)
    has_comma = rules.decimal == ","
    cell = f"replace({name}, ',', '.')" if has_comma else name
    more = ""
    if rules.decimal is None and rules.has_local_comma:
        more = f" AND {of_cell('fit', column, rules)}"  # a point may part thousands
    ways = []
    for places, form in _FORMS:
        type_ = f"DECIMAL({SHORT.precision}, {places})"
        longest = DIGITS + (places + 1 if form == _FIXED and places else 0)
        written = form.format(f"CAST({{0}} AS {type_})")
        written = f"replace({written}, '.', ',')" if has_comma else written
        ways.append(
            _Way(
                column,
                f"TRY_CAST({cell} AS {type_})",
                f"{written.format(value)} = {name} AND strlen({name}) <= {longest}{more}",
                f"TRY_CAST({value} AS {SHORT})",
                written.format(name),
            )
        )
    return ways


_WAYS = {
    "id": _of_id,
    "text": _of_text,
    "date": _of_date,
    "money": _of_amount,
    "number": _of_amount,
}
