"""Order lines in several files of ``raw/``, which a statement reads row by row: each file can be
read by itself, and what an earlier run read of it need not be read again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamlib.book import BookSettings
from kamlib.intake.rules import Rules, rules_of
from kamlib.intake.sources.engine import Engine, quoted, quoted_name
from kamlib.intake.sources.rowwise import RowWise, row_wise
from kamlib.intake.sources.scan import Header, scan_text
from kamlib.intake.sources.shelf import Shelf, code_state, file_hash, open_shelf
from kamlib.intake.sources.text import open_text

ABOUT = "kam"
"""The word by which a kept file says how it was made."""
_TEXT = (".csv", ".tsv", ".txt")
_NO_LINES = pd.DataFrame({"file": [], "line": [], "reason": []})
_STATE = ("st_size", "st_mtime_ns", "st_ino")


@dataclass(frozen=True)
class Part:
    """One file: what it is kept under, the header it has, and what is kept of it."""

    file: Path
    key: str
    columns: Mapping[str, str]
    state: tuple[int, ...]
    kept: tuple[Path, ...] = ()
    header: Header | None = None
    readable: Path | None = None

    @property
    def is_as_it_was(self) -> bool:
        """Return whether the file is the one that the key was made of."""
        return _state(self.file) == self.state


@dataclass(frozen=True)
class Parts:
    """The files of a table in ``raw/``, the statement that reads them, the place where they are
    kept (None for none).
    """

    table: str
    statement: RowWise
    parts: Sequence[Part]
    shelf: Shelf | None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """Every file that the engine may open for them."""
        return [one for part in self.parts for one in (part.file, *part.kept)]

    def show(self, parts: Sequence[Part], engine: Engine) -> pd.DataFrame:
        """Let the table's name stand for the rows of some files, with every column that any of all
        files has (for no row where none is given); return the lines that do not fit their header.
        """
        types = {**self.columns, "_file": "VARCHAR", "_row": "BIGINT"}
        rejected, selects = [_NO_LINES], []
        for rows, lost in _rows(parts, engine):
            rejected.append(lost)
            selects.append(_aligned(f"({engine.connection.compile(rows)})", {*rows.columns}, types))
        said = " UNION ALL ".join(selects or [_aligned("(SELECT 1) WHERE false", set(), types)])
        engine.connection.raw_sql(
            f"CREATE OR REPLACE TEMP VIEW {quoted_name(self.table)} AS {said}"
        )
        return pd.concat(rejected, ignore_index=True)


def _aligned(rows: str, own: set[str], types: Mapping[str, str]) -> str:
    """Return the statement that gives rows all columns, those that are not their own empty."""
    shown = ", ".join(
        (quoted_name(name) if name in own else f"CAST(NULL AS {type_})")
        + f" AS {quoted_name(name)}"
        for name, type_ in types.items()
    )
    return f"SELECT {shown} FROM {rows}"


def with_patterns(
    raw: Mapping[str, list[Path]], statements: Mapping[str, str]
) -> dict[str, list[Path]]:
    """Return the files of each table in ``raw/``, those together that a statement calls by a
    pattern (``"orders-2025-*"``); what a pattern took is no table of its own unless it is named.
    """
    found = dict(raw)
    for text in statements.values():
        for pattern in {name for name in text.split('"')[1::2] if "*" in name}:
            taken = [name for name in raw if fnmatchcase(name, pattern) and len(raw[name]) == 1]
            forms = {raw[name][0].suffix.lower() for name in taken}
            if len(forms) != 1 or not forms <= {*_TEXT, ".parquet"}:
                continue
            found[pattern] = [raw[name][0] for name in taken]
            for name in taken:
                if not any(name in other for other in statements.values()):
                    found.pop(name, None)
    return found


def open_parts(
    folder: Path,
    book: BookSettings,
    statements: Mapping[str, str],
    raw: Mapping[str, list[Path]],
    rules: Mapping[str, Rules],
    engine: Engine,
) -> Parts | None:
    """Return the order lines' files where each can be read by itself; None where they cannot."""
    text = statements.get("orders", "")
    statement = row_wise(text, engine) if text else None
    if statement is None:
        return None
    names = {name.casefold(): name for name in raw}
    table = names.get(statement.table.casefold(), "")
    files = raw.get(table, [])
    others = [other.casefold() for name, other in statements.items() if name != "orders"]
    is_shared = any(table.casefold() in other for other in others)
    forms = {file.suffix.lower() for file in files}
    if len(files) < 2 or is_shared or not (forms <= {*_TEXT} or forms == {".parquet"}):
        return None
    if any(file.stat().st_size > rules[table].largest_file_mb * 1_000_000 for file in files):
        return None
    shelf = open_shelf(folder, engine.closing)
    made = [*code_state(), duckdb.__version__, rules[table].model_dump_json()]
    made += [rules_of(book, "orders").model_dump_json(), table, text]
    made.append(json.dumps(book.columns.get("orders", {}), sort_keys=True))
    word = hashlib.sha256("\n".join(made).encode()).hexdigest()
    try:
        parts = [_part(file, word, table, rules[table], shelf, engine) for file in files]
        columns = _united([part.columns for part in parts])
        if columns is None:
            return None
        for number, part in enumerate(parts):
            kept = [one for one in part.kept if about(one)["all"] == sorted(columns.items())]
            if part.kept and not kept:
                part = _part(part.file, word, table, rules[table], None, engine)
            parts[number] = replace(part, kept=tuple(kept[:1]))
    except (OSError, pa.ArrowException, duckdb.Error):
        return None
    return Parts(table, statement, parts, shelf, columns)


def _part(
    file: Path, word: str, table: str, rules: Rules, shelf: Shelf | None, engine: Engine
) -> Part:
    state = _state(file)
    made = f"{word} {file.name} {file_hash(file)}"
    key = hashlib.sha256(made.encode()).hexdigest()
    kept = tuple(one for one in (shelf.find(key) if shelf else ()) if about(one))
    if kept:
        return Part(file, key, dict(about(kept[0])["columns"]), state, kept)
    if file.suffix.lower() == ".parquet":
        described = engine.connection.raw_sql(f"DESCRIBE SELECT * FROM {quoted(file)}").fetchall()
        return Part(file, key, {name: type_ for name, type_, *_ in described}, state)
    header, readable = open_text(file, f"raw/{table}", rules, frozenset(), engine)
    columns = dict.fromkeys(header.columns, "VARCHAR")
    return Part(file, key, columns, state, header=header, readable=readable)


def about(kept: Path) -> dict[str, Any]:
    """Return what a kept file says of itself; nothing where it cannot be read."""
    try:
        said = pq.read_metadata(kept).metadata or {}
        return json.loads(said[ABOUT.encode()], object_pairs_hook=_pairs)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return {}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a read object; a pair is a pair again, as JSON knows none."""
    return {
        key: [tuple(one) for one in value] if key in ("all", "columns") else value
        for key, value in pairs
    }


def _united(columns: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """Return every column with its type; None where one has two types or two spellings."""
    found: dict[str, str] = {}
    for one in columns:
        for name, type_ in one.items():
            if found.setdefault(name, type_) != type_:
                return None
    is_once = len({name.casefold() for name in found}) == len(found)
    return (
        found if is_once and not {"_file", "_row", "rowid"} & {*map(str.casefold, found)} else None
    )


def _rows(parts: Sequence[Part], engine: Engine) -> Iterator[tuple[ir.Table, pd.DataFrame]]:
    """Give the rows of files, those of one header in one scan, and the lines that do not fit."""
    members: dict[Header, list[tuple[Path, Path]]] = {}
    for part in parts:
        if part.header is not None and part.readable is not None:
            members.setdefault(part.header, []).append((part.file, part.readable))
            continue
        rows = engine.connection.sql(
            f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _row, "
            f"{quoted(part.file.name)} AS _file "
            f"FROM read_parquet({quoted(part.file)}, file_row_number = true)",
            dialect="duckdb",
        )
        yield rows, _NO_LINES
    for header, files in members.items():
        engine.loaded += 1
        yield scan_text(header, files, engine, f"kam_part_{engine.loaded}")


def _state(file: Path) -> tuple[int, ...]:
    found = file.stat()
    return tuple(int(getattr(found, name)) for name in _STATE)
