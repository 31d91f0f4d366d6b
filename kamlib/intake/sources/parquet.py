"""Parquet files, read where they lie: those of one table under one type for each column."""

from __future__ import annotations

from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from kamlib.errors import KamError
from kamlib.intake.sources.engine import Engine
from kamlib.tables import MONEY_DECIMALS

_EXACT = dt.Decimal(38, MONEY_DECIMALS)


def read_parquet(files: list[Path], engine: Engine) -> ir.Table:
    """Return the rows of files, each with its file and its row within it.

    Raises
    ------
    KamError
        A column is a number in one file and text, or a day, in another.
    """
    parts = []
    for file in files:
        rows = engine.connection.read_parquet(file, file_row_number=True)
        place = {"_row": rows["file_row_number"] + 1, "_file": ibis.literal(file.name)}
        parts.append(rows.mutate(**place).drop("file_row_number"))
    return ibis.union(*_of_one_schema(parts, files)) if len(parts) > 1 else parts[0]


def _of_one_schema(parts: list[ir.Table], files: list[Path]) -> list[ir.Table]:
    """Give all parts every column in one order and type: numbers the wider one, days the finer; a
    column that a file lacks is empty there.
    """
    types: dict[str, tuple[dt.DataType, Path]] = {}
    for part, file in zip(parts, files, strict=True):
        for name, type_ in part.schema().items():
            known, first = types.get(name, (type_, file))
            wide = _wider(known, type_)
            if wide is None:
                raise KamError(
                    f"'{name}' is {_called(known)} in {first.name} and {_called(type_)} in "
                    f"{file.name}.",
                    where=str(file),
                    next="Export the files again with one type for each column, or as CSV.",
                )
            types[name] = (wide, first)
    return [
        part.select(
            **{
                name: (part[name] if name in part.columns else ibis.null(type_)).cast(type_)
                for name, (type_, _) in types.items()
            }
        )
        for part in parts
    ]


def _wider(one: dt.DataType, other: dt.DataType) -> dt.DataType | None:
    """Return the type that holds what either holds; None where there is none."""
    if one.copy(nullable=True) == other.copy(nullable=True) or other.is_null():
        return one
    if one.is_null():
        return other
    if one.is_numeric() and other.is_numeric():
        if one.is_decimal() or other.is_decimal():
            return dt.float64 if one.is_floating() or other.is_floating() else _EXACT
        return dt.highest_precedence([one, other])
    is_day = all(type_.is_date() or type_.is_timestamp() for type_ in (one, other))
    zones = {type_.timezone for type_ in (one, other) if type_.is_timestamp()}
    return dt.Timestamp(zones.pop()) if is_day and len(zones) == 1 else None


def _called(type_: dt.DataType) -> str:
    """Return what to call a type in a sentence."""
    if type_.is_numeric():
        return "a number"
    return "text" if type_.is_string() else "a day" if type_.is_temporal() else str(type_)
