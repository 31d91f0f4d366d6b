"""One table from text to typed columns, each row with the reason it is set aside, if it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.intake.casting import (
    ambiguous,
    cell,
    cleaned,
    foreign_sign,
    not_exact,
    problem,
    reader,
    tidy,
)
from kamlib.intake.rules import Rules, rules_of
from kamlib.intake.sources import Source
from kamlib.intake.sources.headers import folded
from kamlib.intake.sources.sheets import ERROR, KIND, UNCOMPUTED
from kamlib.intake.totals import TOTAL, is_total
from kamlib.tables import Column, Table

BETWEEN = "\x1f"
_KIND_OF = "kind_"


@dataclass(frozen=True)
class TypedRows:
    """A table's rows with their columns typed, as an expression that has not run yet.

    Beside the columns: ``_reason`` (why the row is set aside, missing where it is used), ``_value``
    (the cell that is the reason), ``_file``, ``_row``, ``_mended`` (ids of the row that were
    mended), ``_sign`` (the currency sign of an amount, in a book that names no currency) and
    ``_open`` (a cell whose meaning the book leaves open). ``cells`` are the columns as they were
    written, ``theirs`` their names in the file.
    """

    table: Table
    rows: ir.Table
    given: frozenset[str]
    where: str
    cells: ir.Table
    theirs: Mapping[str, str]
    rules: Rules
    is_excel: bool = False

    def with_currency(self) -> TypedRows:
        """Return the rows read again with the signs of the book's currency alone."""
        rules = self.rules.model_copy(update={"is_currency_said": True})
        columns = [column for column in self.table.columns if column.name in self.given]
        rows = _typed(self.cells, columns, rules, is_excel=self.is_excel)
        return replace(self, rows=rows, rules=rules)


def read_table(source: Source, table: Table, book: BookSettings) -> TypedRows:
    """Return a table's rows with their columns typed.

    Raises
    ------
    KamError
        A required column is missing.
    """
    theirs = _names(source, table, book)
    cells = _renamed(source, theirs)
    where = ", ".join(file.name for file in source.files[:3])
    missing = [name for name in table.required if name not in theirs]
    if missing:
        raise _no_column(table, missing, source, theirs, where)
    given = frozenset(theirs).intersection(table.names)
    columns = [table.column(name) for name in table.names if name in given]
    rules = rules_of(book, table.name)
    rows = _typed(cells, columns, rules, is_excel=source.is_excel)
    return TypedRows(table, rows, given, where, cells, theirs, rules, source.is_excel)


def _typed(rows: ir.Table, columns: list[Column], rules: Rules, *, is_excel: bool) -> ir.Table:
    """Clean, tidy, read, then judge: each step of its own, so that the engine takes it once per
    cell (``view``) and its statement stays short.
    """
    texts = rows.mutate(**{f"text_{c.name}": cell(c, rows[c.name]) for c in columns}).view()
    code = texts["text_currency"] if "text_currency" in texts.columns else None
    plain = texts.mutate(
        **{f"plain_{c.name}": tidy(c, texts[f"text_{c.name}"], rules, code) for c in columns}
    ).view()
    read = {c: reader(c, rules, is_excel=is_excel) for c in columns}
    cells = plain.mutate(
        **{f"value_{c.name}": read[c](plain[f"plain_{c.name}"]) for c in columns}
    ).view()
    judged: list[tuple[ir.BooleanValue, str, Column | None]] = []
    open_cells, signs, mended = [ibis.null("string")], [ibis.null("string")], ibis.literal(0)
    for column in columns:
        raw, text, value = (cells[form + column.name] for form in ("", "text_", "value_"))
        kind = cells[_KIND_OF + column.name] if _KIND_OF + column.name in cells.columns else None
        judged += _judged(column, raw, text, value, kind)
        is_open = ambiguous(column, raw, cells[f"plain_{column.name}"], rules)
        if is_open is not None:
            example = ibis.literal(column.name + BETWEEN) + text
            open_cells.append(ibis.ifelse(value.isnull() & is_open, example, ibis.null("string")))
        if column.type == "money" and text.type().is_string() and not rules.is_currency_said:
            signs.append(ibis.ifelse(value.notnull(), foreign_sign(text), ibis.null("string")))
        if column.type == "id" and raw.type().is_string():
            is_mended = (raw != text) | (text.endswith(".0") & ~value.endswith(".0"))
            mended = mended + is_mended.fill_null(False).cast("int64")
    reason = ibis.cases(*((test, why) for test, why, _ in judged), else_=ibis.null("string"))
    if any(column.name == "order_date" for column in columns):
        reason = ibis.ifelse(reason.notnull() & is_total(cells, "text_"), TOTAL, reason)
    if "set_aside" in rows.columns:
        reason = ibis.coalesce(cleaned(cells["set_aside"]), reason)
    cells = cells.mutate(
        _reason=reason,
        _mended=mended,
        _sign=ibis.coalesce(*signs),
        _open=ibis.coalesce(*open_cells),
    ).view()
    shown = [
        (cells["_reason"] == why, cells[f"text_{column.name}"].cast("string"))
        for _, why, column in judged
        if column is not None
    ]
    return cells.select(
        **{column.name: cells[f"value_{column.name}"] for column in columns},
        _value=ibis.cases(*shown, else_=ibis.null("string")),
        **{name: cells[name] for name in ("_reason", "_file", "_row", "_mended", "_sign", "_open")},
    )


def _judged(
    column: Column, raw: ir.Value, text: ir.Value, value: ir.Value, kind: ir.StringValue | None
) -> list[tuple[ir.BooleanValue, str, Column | None]]:
    """Return the tests of a cell, the reason each gives, and the column whose cell shows it."""
    judged: list[tuple[ir.BooleanValue, str, Column | None]] = []
    if kind is not None:
        formula = f"{column.name} is a formula that was never computed"
        judged.append((kind == UNCOMPUTED, formula, None))
        judged.append((kind == ERROR, f"{column.name} is an error of the spreadsheet", column))
    if column.required:
        judged.append((text.isnull(), f"no {column.name}", None))
    is_unread = text.notnull() & value.isnull()
    if column.type == "id" and (inexact := not_exact(raw, kind)) is not None:
        is_unread |= text.notnull() & inexact
    judged.append((is_unread, problem(column), column))
    if column.least is not None or column.most is not None:
        judged.append((_outside(value, column), f"{column.name} is outside its limits", column))
    return judged


def _names(source: Source, table: Table, book: BookSettings) -> dict[str, str]:
    """Return the file's own name of each column; names match whatever their case and blanks."""
    found = _own(source)
    by_fold = {folded(column): column for column in found}
    names = {}
    for name, theirs in book.columns.get(table.name, {}).items():
        if folded(theirs) not in by_fold:
            raise KamError(
                f"The table '{table.name}' has no column '{theirs}'.",
                where=f"[columns.{table.name}] {name} in book.toml; "
                f"{source.files[0].name} has {_named(found)}",
                next=nearest(theirs, found) if found else "Its file has no columns.",
            )
        names[name] = by_fold[folded(theirs)]
    for name in (*table.names, "set_aside"):
        if name not in names and name in by_fold and by_fold[name] not in names.values():
            names[name] = by_fold[name]
    return names


def _renamed(source: Source, theirs: Mapping[str, str]) -> ir.Table:
    """Return the columns that the kit knows under its own names, and the kinds of their cells."""
    rows = source.rows
    kinds = {
        _KIND_OF + name: rows[KIND + own]
        for name, own in theirs.items()
        if KIND + own in rows.columns
    }
    columns = {name: rows[own] for name, own in theirs.items()}
    return rows.select(**columns, **kinds, _file="_file", _row="_row")


def _no_column(
    table: Table, missing: list[str], source: Source, theirs: Mapping[str, str], where: str
) -> KamError:
    found = _own(source)
    free = [column for column in found if column not in theirs.values()]
    months = [column for column in free if _is_month(column)]
    name = missing[0]
    if len(months) >= 3 and name in ("order_date", "revenue"):
        return KamError(
            f"The table '{table.name}' has a column per month ('{months[0]}', '{months[1]}' …); "
            "the kit needs a row per month.",
            where=f"{where}: found {_named(found)}",
            next="Keep the file in raw/ and turn it in orders.sql: UNPIVOT its month columns "
            "INTO NAME order_date VALUE revenue.",
        )
    example = free[0] if len(free) == 1 else "Its name"
    hint = nearest(name, free) if free else "Every column that it has is taken."
    return KamError(
        f"The table '{table.name}' has no column '{name}'.",
        where=f"{where}: found {_named(found)}",
        next=f"{hint} It needs {', '.join(table.required)}; a column of another name is "
        f'mapped under [columns.{table.name}] in book.toml: {name} = "{example}".',
    )


def _is_month(name: str) -> bool:
    from datetime import datetime

    for form in (
        "%Y-%m",
        "%Y/%m",
        "%m/%Y",
        "%m.%Y",
        "%b %Y",
        "%B %Y",
        "%b-%y",
        "%b %y",
        "%b",
        "%B",
    ):
        try:
            datetime.strptime(name.strip(), form)
        except ValueError:
            continue
        return True
    return False


def _own(source: Source) -> list[str]:
    return [c for c in source.rows.columns if c not in ("_file", "_row") and not c.startswith(KIND)]


def _named(names: list[str]) -> str:
    return ", ".join(names) or "no column"


def reason_if(test: ir.BooleanValue, reason: str) -> ir.StringValue:
    """Return a reason where a test holds, nothing elsewhere."""
    return ibis.ifelse(test, ibis.literal(reason), ibis.null("string"))


def _outside(value: ir.Value, column: Column) -> ir.BooleanValue:
    low = value < column.least if column.least is not None else ibis.literal(False)
    return low | (value > column.most) if column.most is not None else low
