"""Order lines in several files: each is read and judged by itself and kept as Parquet, typed, so
that a new month reads the new month's file alone.

Beside each value stands the cell that it was read from where the value does not say it, so that
whatever asks for cells (how a column is written, which id was mended) sees them all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake.casting import SHORT
from kamlib.intake.columns import TypedRows, read_table
from kamlib.intake.sources import Engine, Source
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.intake.sources.parts import ABOUT, Part, Parts, about
from kamlib.intake.sources.shelf import Shelf
from kamlib.intake.specimens import with_sound
from kamlib.intake.typed import STEPS
from kamlib.tables import Table

_LIKELY = "DECIMAL(18, 2)"
"""What most amounts are written as: text of that form need not be kept beside its value."""
_CELL = "cell_"
_REJECTED = ["file", "line", "reason", "text", "delimiter"]
_JUDGED = ("_value", "_reason", "_file", "_row", "_mended", "_sign", "_open")


def read_by_file(
    source: Source, parts: Parts, table: Table, book: BookSettings, engine: Engine
) -> tuple[TypedRows, pd.DataFrame]:
    """Return the lines of all files as kept, and those that do not fit their file's header.

    A file that changes while it is read is not kept for another run.
    """
    read = read_table(source, table, book)
    steps = engine.connection.raw_sql(f"DESCRIBE {read.rows.get_name()}{STEPS}").fetchall()
    types = {name: type_ for name, type_, *_ in steps}
    files = [kept for part in parts.parts for kept in part.kept]
    used = list(files)
    if new := [part for part in parts.parts if not part.kept]:
        files.append(_read(new, parts, read, types, engine))
        if parts.shelf is not None:
            used += _kept(new, parts, files[-1], parts.shelf, engine)
    if parts.shelf is not None:
        parts.shelf.sweep(used)
    parts.show((), engine)
    said = [about(file) for file in files]
    lost = [pd.DataFrame(one["rejected"], columns=_REJECTED) for one in said]
    rejected = pd.concat(lost, ignore_index=True).astype({"line": "int64"})
    values = ", ".join(map(quoted_name, [*_values(read), *_JUDGED]))
    back = ", ".join(
        f"coalesce({quoted_name(_CELL + name)}, "
        f"{_written(name, read, types[name])}) AS {quoted_name(name)}"
        for name in _cells(read)
    )
    rows = _view("kam_by_file", values, files, said, engine)
    cells = _view("kam_by_file_cells", f"{back}, _file, _row", files, said, engine)
    return replace(read, kept_rows=rows, kept_cells=cells), rejected


def _read(
    new: Sequence[Part], parts: Parts, read: TypedRows, types: dict[str, str], engine: Engine
) -> Path:
    """Read and judge files in one pass; return a Parquet file of their lines."""
    before = _own_tables(engine)
    rejected = parts.show(new, engine)
    read = with_sound(read, engine)
    said = {"rejected": rejected.reindex(columns=_REJECTED).to_numpy().tolist()}
    try:
        return _stored(read, types, {**said, "is_short": True}, engine)
    except duckdb.ConversionException:
        return _stored(read, types, {**said, "is_short": False}, engine)
    finally:
        for name in _own_tables(engine) - before:
            engine.connection.raw_sql(f"DROP TABLE {quoted_name(name)}")


def _kept(
    new: Sequence[Part], parts: Parts, file: Path, shelf: Shelf, engine: Engine
) -> list[Path]:
    """Keep the lines of each file that was read; return where they are kept."""
    said, found = about(file), []
    for part in new:
        own = {
            "columns": list(part.columns.items()),
            "all": sorted(parts.columns.items()),
            "rejected": [one for one in said["rejected"] if one[0] == part.file.name],
            "is_short": said["is_short"],
        }
        lines = f"FROM read_parquet({quoted(file)}) WHERE _file = {quoted(part.file.name)}"
        kept = _written_out(lines, own, engine)
        if part.is_as_it_was:
            found += shelf.put(part.key, kept)
        kept.unlink()
    return found


def _stored(read: TypedRows, types: dict[str, str], said: dict, engine: Engine) -> Path:
    shown = []
    for name in _values(read):
        value = quoted_name(f"value_{name}")
        is_amount = types[f"value_{name}"].startswith("DECIMAL")
        kept = f"CAST({value} AS {SHORT})" if is_amount and said["is_short"] else value
        shown.append(f"{kept} AS {quoted_name(name)}")
    for name in _cells(read):
        cell, value = quoted_name(name), _written(name, read, types[name], "value_")
        shown.append(
            f"CASE WHEN {cell} IS DISTINCT FROM {value} THEN {cell} END "
            f"AS {quoted_name(_CELL + name)}"
        )
    rows = f"SELECT {', '.join([*shown, *_JUDGED])} FROM {read.rows.get_name()}{STEPS}"
    return _written_out(rows, said, engine)


def _written_out(rows: str, said: dict, engine: Engine) -> Path:
    """Return a new Parquet file of rows that says how they came about."""
    engine.loaded += 1
    file = Path(engine.scratch.name) / f"{engine.loaded}.parquet"
    engine.connection.raw_sql(
        f"COPY ({rows}) TO {quoted(file)} "
        f"(FORMAT parquet, KV_METADATA {{{ABOUT}: {quoted(json.dumps(said))}}})"
    )
    return file


def _values(read: TypedRows) -> list[str]:
    return [column.name for column in read.table.columns if column.name in read.given]


def _cells(read: TypedRows) -> list[str]:
    return [name for name in read.cells.columns if name not in ("_file", "_row")]


def _written(name: str, read: TypedRows, type_: str, before: str = "") -> str:
    """Return the cell that a value was read from, if it was written as most are."""
    if name not in read.given:
        return f"CAST(NULL AS {type_})"
    value = quoted_name(before + name)
    if read.table.column(name).type in ("money", "number") and type_ == "VARCHAR":
        return f"CAST(TRY_CAST({value} AS {_LIKELY}) AS VARCHAR)"
    return f"TRY_CAST({value} AS {type_})"


def _view(name: str, shown: str, files: list[Path], said: list[dict], engine: Engine) -> ir.Table:
    """Let a name stand for columns of all files, those of one type read together."""
    groups: dict[bool, list[str]] = {}
    for file, one in zip(files, said, strict=True):
        groups.setdefault(one["is_short"], []).append(quoted(file))
    parts = [f"SELECT {shown} FROM read_parquet([{', '.join(one)}])" for one in groups.values()]
    engine.connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL '.join(parts)}")
    return engine.connection.table(name)


def _own_tables(engine: Engine) -> set[str]:
    found = engine.connection.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()
    return {name for (name,) in found}
