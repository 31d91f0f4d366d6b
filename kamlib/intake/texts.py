"""Tables of text alone, read together: each different text once for all columns of a kind.

A plan of the engine for every column of twenty small tables takes far longer than their cells do.
So columns that are read alike (amounts, ids, days …) are read by one statement over their different
texts; what it yields is laid out again by table, as `kamlib.intake.typed` would have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kamlib.intake.columns import TypedRows
from kamlib.intake.sources import Engine
from kamlib.intake.sources.engine import framed, quoted_name
from kamlib.intake.totals import EMPTY
from kamlib.intake.typed import BETWEEN, JUDGED, KIND_OF, READING, SEEN, Pieces, word_of
from kamlib.tables import Column

_CELL, _KIND = "it", KIND_OF + "it"
_TESTS = [test for test, _, _ in JUDGED]
_TABLE = "kam_texts"


@dataclass(frozen=True)
class _Read:
    """What one column's cells were read to: a row per cell."""

    text: pa.Array
    value: pa.Array
    tests: Mapping[str, np.ndarray]
    mended: np.ndarray | None = None
    sign: pa.Array | None = None
    open: np.ndarray | None = None


def is_of_text(read: TypedRows) -> bool:
    """Return whether a table's cells are all text, and none is read by the light of another."""
    cells = read.source.rows.schema()
    has_codes = "currency" in read.given and any(one.type == "money" for one in read.columns)
    return not has_codes and all(cells[own].is_string() for own in read.theirs.values())


def read_texts(reads: Iterable[TypedRows], engine: Engine) -> dict[str, pd.DataFrame]:
    """Return the rows of tables of text, in the order of their files, by table: the columns typed,
    ``_reason``, ``_value``, ``_file``, ``_row``, ``_mended``, ``_sign`` and ``_open`` (see
    `TypedRows`).
    """
    reads = list(reads)
    cells = {read.table.name: _cells(read, engine) for read in reads}
    alike: dict[Any, list[tuple[TypedRows, Column]]] = {}
    for read in reads:
        names = cells[read.table.name].column_names
        for column in read.columns:
            kind = (column.type, column.choices, column.least, column.most)
            is_kinded = KIND_OF + column.name in names
            key = (kind, is_kinded, read.rules.model_dump_json(), read.is_excel)
            alike.setdefault(key, []).append((read, column))
    found: dict[tuple[str, str], _Read] = {}
    for same in alike.values():
        found |= _read_alike(same, cells, engine)
    return {
        read.table.name: framed(_laid_out(read, cells[read.table.name], found, engine))
        for read in reads
    }


def _cells(read: TypedRows, engine: Engine) -> pa.Table:
    """Return a table's cells as they are written, in the order of its files."""
    own = ", ".join(
        f"{quoted_name(own)} AS {quoted_name(name)}" for name, own in read.shown.items()
    )
    source = engine.relation(read.source.rows)
    return engine.rows(f"SELECT {own} FROM {source} ORDER BY _file, _row")


def _read_alike(
    same: list[tuple[TypedRows, Column]], cells: Mapping[str, pa.Table], engine: Engine
) -> dict[tuple[str, str], _Read]:
    """Read columns of one kind."""
    read, column = same[0]
    parts = [cells[one.table.name] for one, _ in same]
    has_kinds = KIND_OF + column.name in parts[0].column_names
    names = [one.name for _, one in same]
    given = {_CELL: _whole(parts, names)}
    if has_kinds:
        given[_KIND] = _whole(parts, [KIND_OF + name for name in names])
    distinct, at = _distinct(given)
    rows = _judged(distinct, column, read, engine)
    values = {name: _one(rows[name]) for name in rows.column_names}
    done, start = {}, 0
    for (one, theirs), part in zip(same, parts, strict=True):
        here = pa.array(at[start : start + len(part)])
        start += len(part)
        done[one.table.name, theirs.name] = _Read(
            **{name: values[name].take(here) for name in ("text", "value")},
            sign=values["sign"].take(here) if "sign" in values else None,
            tests={test: _flags(values[test], here) for test in _TESTS if test in values},
            open=_flags(values["open"], here) if "open" in values else None,
            mended=_flags(values["mended"], here) if "mended" in values else None,
        )
    return done


def _judged(cells: pa.Table, column: Column, read: TypedRows, engine: Engine) -> pa.Table:
    """Read the different cells of a kind, in their order."""
    has_kind = _KIND in cells.column_names
    pieces = Pieces(column, read.rules, is_excel=read.is_excel, has_kind=has_kind)
    source = _TABLE
    for step in READING:
        said = pieces.of(step, _CELL)
        source = f"(SELECT *, {said} AS {quoted_name(f'{step}_{_CELL}')} FROM {source})"
    value = quoted_name("value_" + _CELL)
    shown = {
        "text": f"CAST({quoted_name('text_' + _CELL)} AS VARCHAR)",
        "value": f"CAST({value} AS DOUBLE)" if pieces.is_exact() else value,
        **{step: pieces.of(step, _CELL) for step in SEEN},
    }
    selected = ", ".join(f"{said} AS {name}" for name, said in shown.items() if said)
    with engine.lent(cells, _TABLE):
        return engine.rows(f"SELECT {selected} FROM {source}")


def _laid_out(
    read: TypedRows, cells: pa.Table, found: Mapping[tuple[str, str], _Read], engine: Engine
) -> pa.Table:
    """Put a table together again, with what became of each row."""
    size = len(cells)
    columns = {column: found[read.table.name, column.name] for column in read.columns}
    reasons: list[str] = []
    code = np.full(size, -1)
    shown: list[tuple[int, pa.Array]] = []
    signs, opens, mended = [], [], np.zeros(size, "int64")
    is_bare = np.ones(size, bool)
    for column, it in columns.items():
        is_blank = it.text.is_null().to_numpy(zero_copy_only=False)
        is_bare &= is_blank
        tests = {**it.tests, "missing": is_blank} if column.required else it.tests
        for test, why, is_shown in JUDGED:
            hit = tests.get(test)
            if hit is None or not hit.any():
                continue
            code[hit & (code < 0)] = len(reasons)
            if is_shown:
                shown.append((len(reasons), it.text))
            reasons.append(why(column))
        if it.sign is not None:
            signs.append(it.sign)
        if it.mended is not None:
            mended += it.mended
        if it.open is not None and it.open.any():
            example = pc.binary_join_element_wise(column.name, it.text, BETWEEN)
            opens.append(pc.if_else(pa.array(it.open), example, None))
    if (is_empty := is_bare & (code >= 0)).any():
        code[is_empty] = len(reasons)
        reasons.append(EMPTY)
    if "set_aside" in read.theirs:
        code, reasons = _said(read, cells, code, reasons, engine)
    return pa.table(
        {
            **{column.name: it.value for column, it in columns.items()},
            "_value": _values(code, shown, size),
            "_reason": _words(code, reasons),
            "_file": cells["_file"],
            "_row": cells["_row"],
            "_mended": mended,
            "_sign": pc.coalesce(*signs) if signs else pa.nulls(size, pa.string()),
            "_open": pc.coalesce(*opens) if opens else pa.nulls(size, pa.string()),
        }
    )


def _said(
    read: TypedRows, cells: pa.Table, code: np.ndarray, reasons: list[str], engine: Engine
) -> tuple[np.ndarray, list[str]]:
    """Put what the book itself says of a row before what was found of it."""
    distinct, at = _distinct({_CELL: _whole([cells], ["set_aside"])})
    said = f"SELECT {word_of(_CELL, read.rules)} AS said FROM {_TABLE}"
    with engine.lent(distinct, _TABLE):
        words = _one(engine.rows(said)["said"]).to_pylist()
    every = list(dict.fromkeys([*reasons, *filter(None, words)]))
    own = np.array([every.index(word) if word else -1 for word in words], "int64")[at]
    return np.where(own >= 0, own, code), every


def _values(code: np.ndarray, shown: list[tuple[int, pa.Array]], size: int) -> pa.Array:
    """Return the cell that is the reason for which a row is set aside, where there is one."""
    found = pa.nulls(size, pa.string())
    for number, text in shown:
        found = pc.if_else(pa.array(code == number), text, found)
    return found


def _words(code: np.ndarray, words: list[str]) -> pa.Array:
    return pa.array([*words, None], pa.string()).take(
        pa.array(np.where(code < 0, len(words), code))
    )


def _whole(parts: Iterable[pa.Table], names: Iterable[str]) -> pa.Array:
    """Return columns of several tables as one."""
    return pa.concat_arrays([_one(part[name]) for part, name in zip(parts, names, strict=True)])


def _one(column: pa.ChunkedArray) -> pa.Array:
    """Return a column's values in one piece."""
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _distinct(given: Mapping[str, pa.Array]) -> tuple[pa.Table, np.ndarray]:
    """Return the different cells, and which of them each is."""
    code = np.zeros(len(next(iter(given.values()))), "int64")
    for values in given.values():
        known = values.dictionary_encode(null_encoding="encode")
        own = known.indices.to_numpy(zero_copy_only=False)
        code = code * max(1, len(known.dictionary)) + own
    _, first, at = np.unique(code, return_index=True, return_inverse=True)
    return pa.table({name: values.take(pa.array(first)) for name, values in given.items()}), at


def _flags(flags: pa.Array, at: pa.Array) -> np.ndarray:
    """Return which cells a test found."""
    found = pc.fill_null(flags.cast(pa.bool_()), False).to_numpy(zero_copy_only=False)
    return found[at.to_numpy()] if found.any() else np.zeros(len(at), bool)
