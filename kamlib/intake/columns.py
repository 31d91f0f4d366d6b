"""One table from text to typed columns, each row with the reason it is set aside, if it is."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.intake.casting import ambiguous, cell, cleaned, problem, reader
from kamlib.intake.notices import Notice
from kamlib.intake.sources import Source
from kamlib.tables import Column, Table
from kamlib.words import count as written

_BETWEEN = "\x1f"


@dataclass(frozen=True)
class TypedRows:
    """A table's rows with their columns typed, as an expression that has not run yet.

    Beside the columns: ``_reason`` (why the row is set aside, missing where it is used), ``_file``,
        ``_row``,
    ``_mended`` (ids of the row that were mended) and ``_open`` (a cell whose meaning the book
        leaves open).
    """

    table: Table
    rows: ir.Table
    given: frozenset[str]
    where: str


def read_table(source: Source, table: Table, book: BookSettings) -> TypedRows:
    """Return a table's rows with their columns typed.

    Raises
    ------
    KamError
        A required column is missing.
    """
    rows = _renamed(source, table, book)
    given = frozenset(name for name in table.names if name in rows.columns)
    missing = [name for name in table.required if name not in given]
    where = ", ".join(file.name for file in source.files[:3])
    if missing:
        found = [c for c in rows.columns if not c.startswith("_")]
        raise KamError(
            f"The table '{table.name}' has no column '{missing[0]}'.",
            where=f"{where}: found {', '.join(found) or 'nothing'}",
            next=f"{nearest(missing[0], found)} It needs {', '.join(table.required)}; a column of "
            "another name is "
            f'mapped under [columns.{table.name}] in book.toml: {missing[0]} = "Its name".',
        )
    columns = [table.column(name) for name in table.names if name in given]
    return TypedRows(table, _typed(rows, columns, book, is_excel=source.is_excel), given, where)


def _typed(
    rows: ir.Table, columns: list[Column], book: BookSettings, *, is_excel: bool
) -> ir.Table:
    """Clean, then read, then judge: each step of its own, so that the engine takes it once per cell
    (``view``).
    """
    texts = rows.mutate(
        **{f"text_{column.name}": cell(column, rows[column.name]) for column in columns}
    ).view()
    read = {column: reader(column, book.input, is_excel=is_excel) for column in columns}
    cells = texts.mutate(
        **{f"value_{c.name}": read[c](texts[f"text_{c.name}"]) for c in columns}
    ).view()
    reasons, open_cells = [], [ibis.null("string")]
    mended = ibis.literal(0)
    if "set_aside" in rows.columns:
        reasons.append(cleaned(cells["set_aside"]))
    for column in columns:
        raw, text, value = (cells[form + column.name] for form in ("", "text_", "value_"))
        if column.required:
            reasons.append(reason_if(text.isnull(), f"no {column.name}"))
        reasons.append(reason_if(text.notnull() & value.isnull(), problem(column)))
        if column.least is not None or column.most is not None:
            reasons.append(
                reason_if(_outside(value, column), f"{column.name} is outside its limits")
            )
        is_open = ambiguous(column, raw, text, book.input)
        if is_open is not None:
            example = ibis.literal(column.name + _BETWEEN) + raw
            open_cells.append(ibis.ifelse(value.isnull() & is_open, example, ibis.null("string")))
        if column.type == "id" and raw.type().is_string():
            mended = mended + (raw != text).fill_null(False).cast("int64")
    return cells.select(
        **{column.name: cells[f"value_{column.name}"] for column in columns},
        _reason=ibis.coalesce(*reasons),
        _file=cells["_file"],
        _row=cells["_row"],
        _mended=mended,
        _open=ibis.coalesce(*open_cells),
    )


def check_rows(read: TypedRows, count: int, mended: int, open_cell: str | None) -> list[Notice]:
    """Return what is worth knowing of a table's rows: none of them, or ids that were mended.

    Raises
    ------
    KamError
        A cell can be read in two ways and the book does not say how.
    """
    if open_cell:
        name, _, example = open_cell.partition(_BETWEEN)
        is_date = read.table.column(name).type in ("date", "month")
        mark = next((mark for mark in "./-" if mark in example), "/")
        raise KamError(
            f"'{example}' can be read in two ways.",
            where=f"{read.where}, column {name}",
            next=f'Say how dates are written: date_format = "%d{mark}%m{mark}%Y" under [input] in '
            f"book.toml."
            if is_date
            else 'Say which mark is the decimal one: decimal = "," under [input] in book.toml.',
        )
    if not count:
        return [
            Notice(read.table.name, f"{read.where} has no rows.", "Add rows, or remove the file.")
        ]
    if mended:
        return [
            Notice(
                read.table.name,
                f"{written(mended, 'id')} had blanks or invisible characters around them: mended.",
            )
        ]
    return []


def _renamed(source: Source, table: Table, book: BookSettings) -> ir.Table:
    """Apply the book's column names; names match whatever their case."""
    rows, renames = source.rows, {}
    by_fold = {column.casefold(): column for column in rows.columns}
    for name, theirs in book.columns.get(table.name, {}).items():
        if theirs.casefold() not in by_fold:
            found = [c for c in rows.columns if not c.startswith("_")]
            raise KamError(
                f"The table '{table.name}' has no column '{theirs}'.",
                where=f"[columns.{table.name}] {name} in book.toml; {source.files[0].name} has "
                f"{', '.join(found)}",
                next=nearest(theirs, found),
            )
        renames[name] = by_fold[theirs.casefold()]
    for name in (*table.names, "set_aside"):
        if name not in renames and name in by_fold and by_fold[name] not in renames.values():
            renames[name] = by_fold[name]
    return rows.select(
        **{name: rows[theirs] for name, theirs in renames.items()}, _file="_file", _row="_row"
    )


def reason_if(test: ir.BooleanValue, reason: str) -> ir.StringValue:
    """Return a reason where a test holds, nothing elsewhere."""
    return ibis.ifelse(test, ibis.literal(reason), ibis.null("string"))


def _outside(value: ir.Value, column: Column) -> ir.BooleanValue:
    low = value < column.least if column.least is not None else ibis.literal(False)
    return low | (value > column.most) if column.most is not None else low
