"""A table's cells read into types, as one statement of the engine put together from pieces.

What is done to a cell depends on its column's type, not on its name: each piece is built once by
:mod:`kamlib.intake.casting`, compiled once, and written down for every column it fits. Twenty small
tables are so read in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from kamlib.intake.casting import (
    ambiguous,
    cell,
    cleaned,
    foreign_sign,
    is_clean,
    is_mended,
    not_exact,
    problem,
    reader,
    tidy,
)
from kamlib.intake.plain import is_plain, plain_value
from kamlib.intake.rules import Rules
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.intake.sources.sheets import ERROR, UNCOMPUTED
from kamlib.intake.totals import EMPTY, TOTAL, is_total
from kamlib.tables import Column

BETWEEN = "\x1f"
KIND_OF = "kind_"
STEPS = "_steps"
READING = ("text", "plain", "value")
"""The steps from a cell to its value; each takes the ones before it."""
SEEN = ("uncomputed", "error", "unread", "outside", "open", "sign", "mended")
"""What is asked of a cell and its value."""
_STRING = dt.string
_NUMBERS = count()


@dataclass(frozen=True)
class _Piece:
    """An expression over the cells of a row: its text with their places open, and its type."""

    sql: str
    type: dt.DataType

    def of(self, name: str) -> str:
        """Return the text of the piece for one column of a table."""
        said = self.sql
        for place, form in _PLACES.items():
            said = said.replace(f'"cell"."{place}"', quoted_name(form + name))
        return said.replace('"cell"."code"', '"text_currency"')


_FIT = "fit"
_PLACES = {
    "raw": "",
    "fit": "fit_",
    "text": "text_",
    "plain": "plain_",
    "value": "value_",
    "kind": KIND_OF,
}


def typed_rows(
    cells: ir.Table,
    columns: Sequence[Column],
    rules: Rules,
    *,
    is_excel: bool,
    sound: Collection[str] = (),
) -> ir.Table:
    """Clean, tidy, read, then judge: each step a statement around the one before, so that the
    engine takes it once per cell.

    Of columns that are known to be ``sound`` (see `kamlib.intake.specimens`) every cell is plain.
    The view of that name and `STEPS` has the cells at every step.
    """
    connection = cells.get_backend()
    types = {name: cells[name].type() for name in cells.columns}
    texts: dict[str, dt.DataType] = {}
    has_code = any(column.name == "currency" for column in columns)
    steps: dict[str, list[str]] = {"fit": [], "text": [], "plain": [], "value": []}
    judged: list[Any] = []
    found: dict[str, list[str]] = {"open": [], "sign": [], "mended": []}
    fits: dict[str, str] = {}
    for column in columns:
        known: dict[str, dt.DataType] = {"raw": types[column.name]}
        if (kind := KIND_OF + column.name) in types:
            known["kind"] = types[kind]
        if has_code and column.type == "money":
            known["code"] = _STRING
        if column.name in sound:
            texts[column.name] = _STRING
            raw, value = quoted_name(column.name), of_cell("sound", column, rules)
            steps["text"].append(f"{raw} AS {quoted_name('text_' + column.name)}")
            steps["value"].append(f"{value} AS {quoted_name('value_' + column.name)}")
            continue
        for step, made in steps.items():
            piece = _piece(step, _like(column, step), tuple(known.items()), rules, is_excel)
            if piece is None:
                continue
            known[step] = piece.type
            if step == _FIT:
                fits[column.name] = quoted_name(f"{_FIT}_{column.name}")
            if step == "text":
                texts[column.name] = piece.type
            said = piece.of(column.name)
            if step == "value" and piece.type.is_date():
                said = f"CAST({said} AS DATE)"  # to the engine a day plus days is an instant
            made.append(f"{said} AS {quoted_name(f'{step}_{column.name}')}")
        given = (tuple(known.items()), rules, is_excel)
        for test, why, is_shown in JUDGED:
            if (piece := _piece(test, _like(column, test), *given)) is not None:
                judged.append((piece.of(column.name), why(column), is_shown and column))
        for step, said in found.items():
            if (piece := _piece(step, _like(column), *given)) is None:
                continue
            test = piece.of(column.name)
            if step == "open":
                example = f"{quoted(column.name + BETWEEN)} || {quoted_name('text_' + column.name)}"
                test = f"CASE WHEN {test} THEN {example} END"
            said.append(test)
    reason = _cases([(test, quoted(why)) for test, why, _ in judged])
    if "order_date" in texts:
        is_sum = _total(tuple(texts.items()))
        reason = _instead(reason, TOTAL, is_sum)
    cells_ = ", ".join(f"{quoted_name('text_' + name)}::VARCHAR" for name in texts)
    reason = _instead(reason, EMPTY, f"coalesce({cells_}) IS NULL")
    tested = [column for column in columns if column.name not in sound]
    is_each_fit = all(c.name in fits or (c.type == "text" and not c.required) for c in tested)
    is_fit = (" AND ".join(fits.values()) or "TRUE") if is_each_fit and columns else "FALSE"
    if not any(column.least is not None or column.most is not None for column in columns):
        reason = f"CASE WHEN {is_fit} THEN NULL ELSE {reason} END"
    if "set_aside" in types:
        own = _piece("cleaned", _ANY, (("raw", types["set_aside"]),), rules, is_excel)
        reason = f"coalesce({own.of('set_aside')}, {reason})"
    statement = f"SELECT * FROM {_named(cells, connection)}"
    for made in filter(None, steps.values()):
        statement = f"SELECT *, {', '.join(made)} FROM ({statement})"
    statement = (
        f"SELECT *, {reason} AS _reason, "
        f"CASE WHEN {is_fit} THEN 0 ELSE {' + '.join(found['mended']) or '0'} END AS _mended, "
        f"CASE WHEN {is_fit} THEN NULL ELSE {_first(found['sign'])} END AS _sign, "
        f"CASE WHEN {is_fit} THEN NULL ELSE {_first(found['open'])} END AS _open "
        f"FROM ({statement})"
    )
    shown = [
        (f"_reason = {quoted(why)}", f"CAST({quoted_name('text_' + column.name)} AS VARCHAR)")
        for _, why, column in judged
        if column
    ]
    statement = (
        f"SELECT *, CASE WHEN _reason IS NOT NULL THEN {_cases(shown)} END AS _value "
        f"FROM ({statement})"
    )
    values = ", ".join(
        f"{quoted_name('value_' + c.name)} AS {quoted_name(c.name)}" for c in columns
    )
    view = f"kam_typed_{next(_NUMBERS)}"
    connection.raw_sql(f"CREATE TEMP VIEW {view}{STEPS} AS {statement}")
    connection.raw_sql(
        f"CREATE TEMP VIEW {view} AS "
        f"SELECT {values}, _value, _reason, _file, _row, _mended, _sign, _open FROM {view}{STEPS}"
    )
    return connection.table(view)


def _instead(reason: str, other: str, test: str) -> str:
    """Return a row's reason, or another one where it has one and passes a test, which is asked of
    no other row: the engine takes both sides of an AND for all rows, a branch for its own alone.
    """
    return (
        f"CASE WHEN ({reason}) IS NULL THEN NULL WHEN {test} THEN {quoted(other)} ELSE {reason} END"
    )


def _is_unread(column: Column, row: ir.Table) -> ir.BooleanValue:
    is_unread = row["text"].notnull() & row["value"].isnull()
    kind = row["kind"] if "kind" in row.columns else None
    if column.type == "id" and (inexact := not_exact(row["raw"], kind)) is not None:
        is_unread |= row["text"].notnull() & inexact
    return is_unread


def _is_outside(column: Column, row: ir.Table) -> ir.BooleanValue | None:
    if column.least is None and column.most is None:
        return None
    value = row["value"]
    low = value < column.least if column.least is not None else ibis.literal(False)
    return low | (value > column.most) if column.most is not None else low


def _is_open(column: Column, row: ir.Table, rules: Rules) -> ir.BooleanValue | None:
    found = ambiguous(column, row["raw"], row["plain"], rules)
    return None if found is None else ibis.ifelse(row["value"].notnull(), False, found)


def _sign(column: Column, row: ir.Table, rules: Rules) -> ir.StringValue | None:
    if column.type != "money" or not row["text"].type().is_string() or rules.is_currency_said:
        return None
    return ibis.ifelse(row["value"].notnull(), foreign_sign(row["text"]), ibis.null("string"))


def _is_mended(column: Column, row: ir.Table, rules: Rules) -> ir.IntegerValue | None:
    if column.type != "id" or not row["raw"].type().is_string():
        return None
    return is_mended(row["raw"], row["value"], rules).fill_null(False).cast("int64")


def _is_kind(row: ir.Table, kind: str) -> ir.BooleanValue | None:
    return row["kind"] == kind if "kind" in row.columns else None


JUDGED: tuple[tuple[str, Callable[[Column], str], bool], ...] = (
    ("uncomputed", lambda column: f"{column.name} is a formula that was never computed", False),
    ("error", lambda column: f"{column.name} is an error of the spreadsheet", True),
    ("missing", lambda column: f"no {column.name}", False),
    ("unread", problem, True),
    ("outside", lambda column: f"{column.name} is outside its limits", True),
)
"""The tests of a cell in the order they are made, the reason each gives, and whether the cell shows
it.
"""


def _built(step: str, column: Column, row: ir.Table, rules: Rules, is_excel: bool) -> Any:
    """Return the expression of a step over one cell; None where the column has none."""
    match step:
        case "fit":
            is_text = row["raw"].type().is_string() and "kind" not in row.columns and not is_excel
            return is_plain(column, row["raw"], rules) if is_text else None
        case "text":
            return _unless_fit(row, row["raw"], cell(column, row["raw"]))
        case "plain":
            code = row["code"] if "code" in row.columns else None
            return _unless_fit(row, row["raw"], tidy(column, row["text"], rules, code))
        case "value":
            value = reader(column, rules, is_excel=is_excel)(row["plain"])
            if _FIT not in row.columns:
                return value
            plain = plain_value(column, row["raw"], rules)
            return _unless_fit(row, plain.cast(value.type()), value)
        case "sound":
            value = reader(column, rules, is_excel=is_excel)(row["raw"])
            return plain_value(column, row["raw"], rules).cast(value.type())
        case "read":
            return reader(column, rules, is_excel=is_excel)(row["raw"])
        case "clean":
            return is_clean(row["raw"])
        case "uncomputed":
            return _is_kind(row, UNCOMPUTED)
        case "error":
            return _is_kind(row, ERROR)
        case "missing":
            return row["text"].isnull() if column.required else None
        case "unread":
            return _is_unread(column, row)
        case "outside":
            return _is_outside(column, row)
        case "open":
            return _is_open(column, row, rules)
        case "sign":
            return _sign(column, row, rules)
        case "mended":
            return _is_mended(column, row, rules)
    return cleaned(row["raw"])


def _unless_fit(row: ir.Table, plain: ir.Value, value: ir.Value) -> ir.Value:
    """Return the one value where a cell is plain, the other elsewhere."""
    return ibis.ifelse(row[_FIT], plain, value) if _FIT in row.columns else value


@cache
def _piece(
    step: str,
    column: Column,
    known: tuple[tuple[str, dt.DataType], ...],
    rules: Rules,
    is_excel: bool,
) -> Any:
    """Return the piece of a step, compiled once for all columns of a kind; None for no piece."""
    row = ibis.table(dict(known), name="kam_cell")
    built = _built(step, column, row, rules, is_excel)
    if built is None:
        return None
    selected = row.select(it=built)
    return _Piece(_projection(selected), built.type())


class Pieces:
    """The pieces that read the cells of a column that is text, one step after the other."""

    def __init__(self, column: Column, rules: Rules, *, is_excel: bool, has_kind: bool) -> None:
        self._made: dict[str, _Piece | None] = {}
        known: dict[str, dt.DataType] = {"raw": _STRING} | ({"kind": _STRING} if has_kind else {})
        for step in (*READING, *SEEN):
            given = (tuple(known.items()), rules, is_excel)
            piece = self._made[step] = _piece(step, _like(column, step), *given)
            if step in READING:
                known[step] = piece.type

    def of(self, step: str, name: str) -> str | None:
        """Return the text of a step for a column of that name; None where the column has none."""
        piece = self._made[step]
        if piece is None:
            return None
        said = piece.of(name)
        return f"CAST({said} AS DATE)" if step == "value" and piece.type.is_date() else said

    def is_exact(self) -> bool:
        """Return whether the values are decimals."""
        value = self._made["value"]
        return value is not None and value.type.is_decimal()


def of_cell(step: str, column: Column, rules: Rules) -> str:
    """Return the text of a step that takes a cell of text and nothing else."""
    piece = _piece(step, _like(column, step), (("raw", _STRING),), rules, False)
    said: str = piece.of(column.name)
    return f"CAST({said} AS DATE)" if piece.type.is_date() else said


def word_of(name: str, rules: Rules) -> str:
    """Return what reads a column of words that are nobody's: cleaned, and no more."""
    said: str = _piece("cleaned", _ANY, (("raw", _STRING),), rules, False).of(name)
    return said


@cache
def _total(texts: tuple[tuple[str, dt.DataType], ...]) -> str:
    """Return the test of a row of order lines that is a sum."""
    row = ibis.table({f"text_{name}": type_ for name, type_ in texts}, name="kam_cell")
    found = _projection(row.select(it=is_total(row, "text_")))
    return f"({found})".replace('"cell".', "")


def _projection(selected: ir.Table) -> str:
    """Return what an expression selects, its one table called ``cell``."""
    import sqlglot
    from ibis.backends.sql.compilers import duckdb

    read = duckdb.compiler.to_sqlglot(selected.unbind())
    table = read.find(sqlglot.exp.Table)
    source = table.alias_or_name if table else ""
    for column in read.find_all(sqlglot.exp.Column):
        if column.table == source:
            column.set("table", sqlglot.exp.to_identifier("cell", quoted=True))
    return read.expressions[0].this.sql(dialect="duckdb")


_ANY = Column("it", "text")


_MATTERS = {
    "fit": ("required",),
    "value": ("choices",),
    "missing": ("required",),
    "outside": ("least", "most"),
}


def _like(column: Column, step: str = "") -> Column:
    """Return the column that stands for all that a step treats the same."""
    known = {name: getattr(column, name) for name in _MATTERS.get(step, ())}
    if step == "value" and column.most == 1:
        known["most"] = 1  # a share, which may be written in percent
    return Column("it", column.type, **known)


def _named(cells: ir.Table, connection: Any) -> str:
    return f"({connection.compile(cells)})"


def _cases(pairs: Sequence[tuple[str, str]]) -> str:
    said = " ".join(f"WHEN {test} THEN {then}" for test, then in pairs)
    return f"CASE {said} END" if pairs else "CAST(NULL AS VARCHAR)"


def _first(found: Sequence[str]) -> str:
    return f"coalesce({', '.join([*found, 'CAST(NULL AS VARCHAR)'])})"
