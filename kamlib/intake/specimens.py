"""Each different cell of order lines once, so that a few rows judge millions.

What a cell is read to depends on no other cell of its row. So rows that hold every cell that the
lines hold, each once and in whatever company, are judged as the lines are. Of amounts and days that
have types the least, the most and a missing one stand for all; of an id that nearly each order has
for itself those alone are looked at that are not plainly sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import ibis.expr.types as ir

from kamlib.intake.columns import TypedRows
from kamlib.intake.plain import SOUND
from kamlib.intake.sources import Engine
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.intake.typed import STEPS, typed_rows
from kamlib.tables import Column

_LOOKED_AT = 100_000
_VARIED = 5
"""A column that has, of so many lines, a new cell more often than one in so many is varied."""
_LEAST = 50_000
"""With fewer lines than this, each cell is tested where it is read."""
_MOST = 1_000_000
_CELLS, _SUMS, _ONCE = "kam_once_of", "kam_cell_sums", "kam_once_"


def specimens(read: TypedRows, engine: Engine) -> tuple[TypedRows, int] | None:
    """Return rows that hold each different cell of typed lines, and how many lines there are; None
    where they would be nearly as many.
    """
    cells = engine.name(read.cells, _CELLS)
    types = cells.schema()
    names = [name for name in cells.columns if name not in ("_file", "_row")]
    known = {column.name: column for column in read.columns}
    ends = [name for name in names if name in known and _is_ordered(known[name], types[name])]
    others = [name for name in names if name not in ends]
    varied = _varied(others, engine)
    if any(not (types[name].is_string() and _is_id(known.get(name))) for name in varied):
        return None
    pattern = quoted(SOUND.replace("A-Z", "") if read.rules.fold_case else SOUND)
    tests = {name: f"regexp_full_match({quoted_name(name)}, {pattern})" for name in varied}
    sums = [f"{end}({quoted_name(n)}) AS {quoted_name(end + n)}" for n in ends for end in _ENDS]
    sums += [
        f"count(*) FILTER (WHERE {test} IS DISTINCT FROM TRUE) AS {quoted_name(n)}"
        for n, test in tests.items()
    ]
    engine.connection.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE {_SUMS} AS SELECT {', '.join(['count(*) AS n', *sums])} "
        f"FROM {_CELLS}"
    )
    rows = engine.one(f"SELECT n FROM {_SUMS}")
    strange = {n: engine.one(f"SELECT {quoted_name(n)} FROM {_SUMS}") for n in varied}
    if not rows or max(strange.values(), default=0) > _MOST:
        return None
    chosen = {name: _chosen(test, strange[name]) for name, test in tests.items()}
    return replace(read, kept_cells=_laid_out(names, ends, chosen, engine)), rows


_ENDS = ("min", "max", "count")


def with_sound(read: TypedRows, engine: Engine) -> TypedRows:
    """Return lines of text with what is known of their columns: those of few different cells are
    sound where each of these is plain.
    """
    cells = engine.name(read.cells, _CELLS)
    types = cells.schema()
    kinds = {"id", "money", "number", "text", *(() if read.rules.date_format else ("date",))}
    names = [one.name for one in read.columns if one.type in kinds and types[one.name].is_string()]
    lines = f"SELECT count(*) FROM (SELECT 1 FROM {_CELLS} LIMIT {_LEAST})"
    if not names or engine.one(lines) < _LEAST:
        return read
    varied = _varied(names, engine)
    few = [one for one in read.columns if one.name in names and one.name not in varied]
    if not few:
        return read
    each = _laid_out([one.name for one in few], [], {}, engine)
    view = typed_rows(each, few, read.rules, is_excel=False).get_name()
    tests = ", ".join(f"bool_and({_test(one)})" for one in few)
    found = engine.connection.raw_sql(f"SELECT {tests} FROM {view}{STEPS}").fetchone()
    let_go(engine)
    sound = frozenset(one.name for one, is_plain in zip(few, found, strict=True) if is_plain)
    return replace(read, sound=sound)


def _test(column: Column) -> str:
    """Return the test of a cell that it is plain; of a text, that it is read as it stands."""
    if column.type != "text":
        return quoted_name(f"fit_{column.name}")
    it, text, value = (quoted_name(before + column.name) for before in ("", "text_", "value_"))
    return f"{text} IS NOT DISTINCT FROM {it} AND {value} IS NOT DISTINCT FROM {it}"


def let_go(engine: Engine) -> None:
    """Drop the cells."""
    found = engine.connection.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()
    for (name,) in found:
        if name.startswith(_ONCE) or name == _SUMS:
            engine.connection.raw_sql(f"DROP TABLE {quoted_name(name)}")


def _is_id(column: Column | None) -> bool:
    return column is not None and column.type == "id"


def _is_ordered(column: Column, type_: ir.DataType) -> bool:
    """Return whether what holds for the least and the most of a column holds for all between."""
    if column.type in ("money", "number"):
        return bool(type_.is_numeric())
    if column.type in ("date", "month"):
        return bool(type_.is_date() or type_.is_timestamp())
    return column.type == "id" and bool(type_.is_integer())


def _varied(names: list[str], engine: Engine) -> list[str]:
    """Return the columns that have a new cell in many lines."""
    counts = ", ".join(f"count(DISTINCT {quoted_name(name)})" for name in names)
    found = engine.connection.raw_sql(
        f"SELECT count(*), {counts} FROM (SELECT * FROM {_CELLS} LIMIT {_LOOKED_AT})"
    ).fetchone()
    rows, *different = found
    most = max(rows, _LOOKED_AT) / _VARIED
    return [name for name, n in zip(names, different, strict=True) if n > most]


def _chosen(test: str, strange: int) -> str:
    """Return the lines whose ids do not pass a test, and one that does."""
    sound = f"(SELECT * FROM {_CELLS} WHERE {test} LIMIT 1)"
    others = f"SELECT * FROM {_CELLS} WHERE {test} IS DISTINCT FROM TRUE"
    return f"({others} UNION ALL {sound})" if strange else sound


def _laid_out(
    names: list[str], ends: list[str], chosen: Mapping[str, str], engine: Engine
) -> ir.Table:
    """Put each column's cells beside those of the others; a shorter one repeats its first."""
    shown, once = [], []
    for number, name in enumerate(names):
        it, table = quoted_name(name), f"{_ONCE}{number}"
        if name in ends:
            least, most, count = (quoted_name(end + name) for end in _ENDS)
            cells = (
                f"SELECT unnest([{least}, {most}]) AS it FROM {_SUMS} UNION ALL "
                f"SELECT NULL FROM {_SUMS} WHERE {count} < n"
            )
        else:
            cells = f"SELECT DISTINCT {it} AS it FROM {chosen.get(name, _CELLS)}"
        engine.connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {table} AS {cells}")
        once.append(f"(SELECT it AS cell_{number}, TRUE AS has_{number} FROM {table})")
        first = f"(SELECT it FROM {table} LIMIT 1)"
        shown.append(f"CASE WHEN has_{number} THEN cell_{number} ELSE {first} END AS {it}")
    table = f"{_ONCE}each"
    engine.connection.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {', '.join(shown)}, "
        f"CAST(NULL AS VARCHAR) AS _file, CAST(0 AS BIGINT) AS _row "
        f"FROM {' POSITIONAL JOIN '.join(once)}"
    )
    return engine.connection.table(table)
