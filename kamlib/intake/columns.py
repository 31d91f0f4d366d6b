"""One table from text to typed columns, each row with the reason it is set aside, if it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import ibis
import ibis.expr.types as ir

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.intake.calendars import is_month
from kamlib.intake.rules import Rules, rules_of
from kamlib.intake.sources import Source
from kamlib.intake.sources.engine import quoted_name
from kamlib.intake.sources.headers import folded
from kamlib.intake.sources.sheets import KIND
from kamlib.intake.typed import KIND_OF, typed_rows
from kamlib.tables import Column, Table


@dataclass(frozen=True)
class TypedRows:
    """A table's rows with their columns typed, as an expression that is made when it is asked for.

    Beside the columns: ``_reason`` (why the row is set aside, missing where it is used), ``_value``
    (the cell that is the reason), ``_file``, ``_row``, ``_mended`` (ids of the row that were
    mended), ``_sign`` (the currency sign of an amount, in a book that names no currency) and
    ``_open`` (a cell whose meaning the book leaves open). ``cells`` are the columns as they were
    written, ``theirs`` their names in the file. ``kept_rows`` and ``kept_cells`` stand for them
    where each file was judged by itself, and lies as Parquet. Every cell of the columns that are
    ``sound`` is plain.
    """

    table: Table
    source: Source
    given: frozenset[str]
    where: str
    theirs: Mapping[str, str]
    rules: Rules
    kept_rows: ir.Table | None = None
    kept_cells: ir.Table | None = None
    sound: frozenset[str] = frozenset()

    @cached_property
    def rows(self) -> ir.Table:
        """The rows, typed."""
        if self.kept_rows is not None:
            return self.kept_rows
        how = (self.columns, self.rules)
        return typed_rows(self.cells, *how, is_excel=self.is_excel, sound=self.sound)

    @cached_property
    def cells(self) -> ir.Table:
        """The columns as they were written, under the kit's names, and the kinds of their cells."""
        if self.kept_cells is not None:
            return self.kept_cells
        rows, names = self.source.rows, self.shown
        return rows.select(**{name: rows[own] for name, own in names.items()})

    @property
    def shown(self) -> dict[str, str]:
        """What of its source is read: the source's own names, by the kit's."""
        kinds = {KIND_OF + name: KIND + own for name, own in self.theirs.items()}
        there = self.source.rows.columns
        kinds = {name: own for name, own in kinds.items() if own in there}
        return {**self.theirs, **kinds, "_file": "_file", "_row": "_row"}

    @property
    def columns(self) -> list[Column]:
        """The columns of the table that its file has."""
        return [column for column in self.table.columns if column.name in self.given]

    @property
    def is_excel(self) -> bool:
        """Whether the cells come from a workbook."""
        return self.source.is_excel

    @property
    def is_kept(self) -> bool:
        """Whether each file was judged by itself."""
        return self.kept_rows is not None

    @property
    def is_in_place(self) -> bool:
        """Whether the cells have types already and can be read again and again where they lie."""
        return self.source.is_in_place

    def with_currency(self) -> TypedRows:
        """Return the rows read again with the signs of the book's currency alone."""
        rules = self.rules.model_copy(update={"is_currency_said": True})
        return replace(self, rules=rules, kept_rows=None)


def read_table(source: Source, table: Table, book: BookSettings) -> TypedRows:
    """Return a table's rows with their columns typed.

    Raises
    ------
    KamError
        A required column is missing.
    """
    theirs = _names(source, table, book)
    where = ", ".join(file.name for file in source.files[:3])
    missing = [name for name in table.required if name not in theirs]
    if missing:
        raise _no_column(table, missing, source, theirs, where)
    given = frozenset(theirs).intersection(table.names)
    return TypedRows(table, source, given, where, theirs, rules_of(book, table.name))


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


def _no_column(
    table: Table, missing: list[str], source: Source, theirs: Mapping[str, str], where: str
) -> KamError:
    found = _own(source)
    free = [column for column in found if column not in theirs.values()]
    months = [column for column in free if is_month(column)]
    name = missing[0]
    if len(months) >= 3 and {"month", "revenue"} <= set(missing):
        kept = ", ".join(quoted_name(column) for column in found if column not in months)
        stem = source.files[0].stem
        return KamError(
            f"The table '{table.name}' has a column per month ('{months[0]}', '{months[1]}' …); "
            "the kit needs a row per month.",
            where=f"{where}: found {_named(found)}",
            next=f"Move {source.files[0].name} into raw/ and write {table.name}.sql: SELECT * FROM "
            f"(UNPIVOT (SELECT * EXCLUDE (_file, _row) FROM {quoted_name(stem)}) ON "
            f"COLUMNS(* EXCLUDE ({kept})) INTO NAME month VALUE revenue).",
        )
    if len(months) >= 3 and {"order_date", "revenue"} & set(missing):
        return KamError(
            f"The table '{table.name}' has a column per month ('{months[0]}', '{months[1]}' …); "
            "the kit needs a row per month.",
            where=f"{where}: found {_named(found)}",
            next=f"Let the kit turn it: kam new mybook --from {where}. Or keep it in raw/ and "
            "write orders.sql: UNPIVOT its month columns INTO NAME order_date VALUE revenue.",
        )
    example = free[0] if len(free) == 1 else "Its name"
    hint = nearest(name, free) if free else "Every column that it has is taken."
    return KamError(
        f"The table '{table.name}' has no column '{name}'.",
        where=f"{where}: found {_named(found)}",
        next=f"{hint} It needs {', '.join(table.required)}; a column of another name is "
        f'mapped under [columns.{table.name}] in book.toml: {name} = "{example}".',
    )


def _own(source: Source) -> list[str]:
    return [c for c in source.rows.columns if c not in ("_file", "_row") and not c.startswith(KIND)]


def _named(names: list[str]) -> str:
    return ", ".join(names) or "no column"


def reason_if(test: ir.BooleanValue, reason: str) -> ir.StringValue:
    """Return a reason where a test holds, nothing elsewhere."""
    return ibis.ifelse(test, ibis.literal(reason), ibis.null("string"))
