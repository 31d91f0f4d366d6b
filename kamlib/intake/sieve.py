"""Order lines of a large text file in one pass: cells written as most are become values as they are
read, and a line with any other is held back and judged as every line is.

How the amounts and days of a column are written is seen in the file's first lines. A value says
then how its cell was written, so that no text is kept but that of the lines held back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_FEW = 100_000
"""A column that, by the first lines, has no more different cells has each of them tested once."""
_MOST_HELD = 0.1
"""Where more of the first lines would be held back, all lines are judged as every line is."""
_FIRST, _NAME, _ODD = "kam_first_lines", "kam_sieve", "kam_sieve_odd"
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
    ``once`` is such a test of each different value of a column that has few, made when all lines
    are read; of a text it is what the value is read to.
    """

    column: Column
    value: str
    test: str
    kept: str
    cell: str
    once: str = ""

    @property
    def passed(self) -> str:
        """The test of a cell that it need not be held back; nothing where each passes."""
        name = quoted_name(self.column.name)
        if not self.test:
            return f"{name} IS NOT NULL" if self.column.required else ""
        blank = "FALSE" if self.column.required else f"{name} IS NULL"
        return f"coalesce({self.test}, {blank})"

    def for_few(self) -> _Way:
        """Return the way where few cells differ: a value is the cell itself until all are read."""
        value, name = _value(self.column), quoted_name(self.column.name)
        if self.column.type == "text":
            return replace(self, value=name, once=self.value)
        is_usual = self.column.type == "id" and self.value == name
        return replace(self, test="", once=self.test.replace(value, name)) if is_usual else self


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
    _read_once(ways, engine)
    place = f"{quoted(unread.file.name)} AS _file, rowid + 1 AS _row FROM {_NAME}"
    names = [quoted_name(way.column.name) for way in ways]
    again = ", ".join(f"{way.cell} AS {name}" for way, name in zip(ways, names, strict=True))
    rows, cells = f"SELECT {', '.join([*names, *_NOTHING])}, {place}", f"SELECT {again}, {place}"
    raw = ", ".join(f"_held[{at}] AS {name}" for at, name in enumerate(names, 1))
    held = [f"SELECT {raw}, {place} WHERE _held IS NOT NULL"]
    passed = "_held IS NULL"
    if _has_odd(ways, engine):
        held.append(f"{cells} WHERE rowid IN (FROM {_ODD})")
        passed += f" AND rowid NOT IN (FROM {_ODD})"
    if len(held) > 1 or engine.one(f"SELECT count(_held) FROM {_NAME}"):
        lines = " UNION ALL BY NAME ".join(held)
        rows += f" WHERE {passed} UNION ALL BY NAME FROM {_judged(lines, read, engine)}"
        cells += f" WHERE {passed} UNION ALL BY NAME {lines}"
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
    few = _few([column for column in read.columns if column.type in ("id", "text")], read, engine)
    for column in read.columns:
        way = _best(column, read, engine)
        ways.append(way.for_few() if column.name in few else way)
    share = engine.one(f"SELECT count(_held) / count(*) FROM ({_passed(ways, read, _FIRST)})")
    connection.raw_sql(f"DROP TABLE {_FIRST}")
    return ways if share is not None and share <= _MOST_HELD else []


def _best(column: Column, read: TypedRows, engine: Engine) -> _Way:
    """Return the way by which most of the first lines pass; the first where all of them do."""
    own, theirs = quoted_name(column.name), quoted_name(read.theirs[column.name])

    def passing(ways: Sequence[_Way]) -> list[int]:
        counts = "".join(f", count(*) FILTER (WHERE {_at_once(way)})" for way in ways)
        lines = f"(SELECT {theirs} AS {own} FROM {_FIRST})"
        return list(engine.connection.raw_sql(f"SELECT count(*){counts} FROM {lines}").fetchone())

    found = _WAYS[column.type](column, read.rules)
    first = next(found)
    lines, passed = passing([first])
    if lines == passed or not (others := list(found)):
        return first
    seen = [passed, *passing(others)[1:]]
    return [first, *others][seen.index(max(seen))]


def _few(columns: Sequence[Column], read: TypedRows, engine: Engine) -> set[str]:
    """Return which columns have few different cells: by how many of those in the first half of the
    first lines the second half has again.
    """
    half = _LOOKED_AT // 2
    counts = ""
    for column in columns:
        different = f"count(DISTINCT {quoted_name(read.theirs[column.name])})"
        counts += f", {different}, {different} FILTER (rowid < {half}), "
        counts += f"{different} FILTER (rowid >= {half})"
    one = engine.connection.raw_sql(f"SELECT count(*){counts} FROM {_FIRST}").fetchone()
    return {
        column.name
        for column, all_, first, second in zip(
            columns, one[1::3], one[2::3], one[3::3], strict=True
        )
        if first * second <= _FEW * (first + second - all_)
    }


def _read_once(ways: Sequence[_Way], engine: Engine) -> None:
    """Read each different text of columns that have few."""
    for way in (way for way in ways if way.once and way.column.type == "text"):
        name = quoted_name(way.column.name)
        test = f"{way.once} IS DISTINCT FROM {name}"
        if _has_any(test, name, engine):
            engine.connection.raw_sql(f"UPDATE {_NAME} SET {name} = {way.once} WHERE {test}")


def _has_odd(ways: Sequence[_Way], engine: Engine) -> bool:
    """Test each different id of columns that have few; note the lines of those that do not pass,
    which were not held back. (To hold them back now would give them other numbers.)
    """
    ids = [way for way in ways if way.once and way.column.type == "id"]
    found = {quoted_name(way.column.name): f"NOT ({way.once})" for way in ids}
    tests = [test for name, test in found.items() if _has_any(test, name, engine)]
    if tests:
        odd = f"SELECT rowid FROM {_NAME} WHERE _held IS NULL AND ({' OR '.join(tests)})"
        engine.connection.raw_sql(f"CREATE TEMP TABLE {_ODD} AS {odd}")
    return bool(tests)


def _has_any(test: str, name: str, engine: Engine) -> bool:
    each = f"SELECT DISTINCT {name} FROM {_NAME}"  # a condition would go below the DISTINCT
    return bool(engine.one(f"SELECT count_if({test}) FROM ({each})"))


def _at_once(way: _Way) -> str:
    return way.passed.replace(_value(way.column), f"({way.value})") or "TRUE"


def _passed(ways: Sequence[_Way], read: TypedRows, lines: str) -> str:
    """Return what selects the values of lines and, of each line held back, its cells."""
    names = {way: quoted_name(way.column.name) for way in ways}
    cells = ", ".join(
        f"{quoted_name(read.theirs[way.column.name])} AS {name}" for way, name in names.items()
    )
    values = ", ".join(f"{way.value} AS {_value(way.column)}" for way in ways)
    kept = ", ".join(f"{way.kept} AS {name}" for way, name in names.items())
    tests = " AND ".join(filter(None, (way.passed for way in ways))) or "TRUE"
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


def _of_id(column: Column, rules: Rules) -> Iterator[_Way]:
    value, name = _value(column), quoted_name(column.name)
    read = of_cell("sound", column, rules)
    usual = f"regexp_full_match({name}, {quoted(USUAL_ID)})"
    yield _Way(column, read, usual, value, name)
    yield _Way(column, read, of_cell("fit", column, rules), value, name)


def _of_text(column: Column, rules: Rules) -> Iterator[_Way]:
    value, name = _value(column), quoted_name(column.name)
    yield _Way(column, of_cell("text", column, rules), "", value, name)


def _of_date(column: Column, rules: Rules) -> Iterator[_Way]:
    value, name = _value(column), quoted_name(column.name)
    again = f"CAST({name} AS VARCHAR)"
    if rules.date_format is None:
        usual = f"{value} BETWEEN {_DAYS} AND CAST({value} AS VARCHAR) = {name}"
        yield _Way(column, f"TRY_CAST({name} AS DATE)", usual, value, again)
    is_read = f"{of_cell('clean', column, rules)} AND {value} IS NOT NULL"
    yield _Way(column, of_cell("read", column, rules), is_read, value, again)


def _of_amount(column: Column, rules: Rules) -> Iterator[_Way]:
    """Give the ways in which amounts are written: so many decimals, or as many as they need."""
    value, name = _value(column), quoted_name(column.name)
    has_comma = rules.decimal == ","
    cell = f"replace({name}, ',', '.')" if has_comma else name
    more = ""
    if rules.decimal is None and rules.has_local_comma:
        more = f" AND {of_cell('fit', column, rules)}"  # a point may part thousands
    for places, form in _FORMS:
        type_ = f"DECIMAL({SHORT.precision}, {places})"
        longest = DIGITS + (places + 1 if form == _FIXED and places else 0)
        written = form.format(f"CAST({{0}} AS {type_})")
        written = f"replace({written}, '.', ',')" if has_comma else written
        yield _Way(
            column,
            f"TRY_CAST({cell} AS {type_})",
            f"{written.format(value)} = {name} AND strlen({name}) <= {longest}{more}",
            f"TRY_CAST({value} AS {SHORT})",
            written.format(name),
        )


_WAYS = {
    "id": _of_id,
    "text": _of_text,
    "date": _of_date,
    "money": _of_amount,
    "number": _of_amount,
}
