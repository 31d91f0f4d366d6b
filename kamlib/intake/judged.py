"""Order lines that have types are judged and then read where they lie, without a copy.

Most files of typed lines need nothing: no id is mended, nothing is set aside. So their different
cells are judged, each once; where any needs something, a pass over the lines finds what. Whatever
reads them later takes the file's own columns, through readers for those alone that hold a cell to
mend, and without the few rows that are set aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from kamlib.intake.casting import SHORT
from kamlib.intake.columns import TypedRows
from kamlib.intake.sources import Engine
from kamlib.intake.sources.engine import quoted_name
from kamlib.intake.specimens import let_go, specimens
from kamlib.intake.typed import STEPS
from kamlib.tables import MONEY_DECIMALS

_SHORT_END = 10 ** (SHORT.precision - MONEY_DECIMALS)
"""From here on an amount needs the engine's long numbers, which are slower to add."""

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


@dataclass(frozen=True)
class _Cells:
    """A column of the lines: its name, what the file has it as, and what reads it to."""

    name: str
    raw: str
    value: str

    @property
    def is_amount(self) -> bool:
        return self.value.startswith("DECIMAL")

    @property
    def is_whole_id(self) -> bool:
        """Return whether an id is a whole number to the file."""
        return self.value == "VARCHAR" and self.raw.lstrip("U") in _WHOLE

    @property
    def fits(self) -> bool:
        """Return whether the file's own type is what the kit has, in fewer digits at most."""
        if not self.is_amount:
            return self.raw == self.value
        if not self.raw.startswith("DECIMAL"):
            return False
        return int(self.raw.rstrip(")").rpartition(",")[2]) <= MONEY_DECIMALS


def can_be_judged(read: TypedRows) -> bool:
    """Return whether lines can be read in place: no amount and no day of theirs is text."""
    return read.is_in_place and not any(
        read.cells[column.name].type().is_string()
        for column in read.table.columns
        if column.name in read.given and column.type in ("money", "number", "date", "month")
    )


def judged(read: TypedRows, engine: Engine) -> tuple[ir.Table, pd.DataFrame]:
    """Return the order lines in place, and one row per reason (missing for lines used): n, mended,
    open.
    """
    view = read.rows.get_name()
    columns = _columns(read, engine)
    texts = [one.name for one in columns if not one.is_amount and one.fits]
    amounts = [one.name for one in columns if one.is_amount]
    seen = [
        "_reason AS reason",
        "count(*) AS n",
        "sum(_mended) AS mended",
        "max(_open) AS open",
        *(
            f"bool_or({_value(name)} IS DISTINCT FROM {quoted_name(name)}) AS {_value(name)}"
            for name in texts
        ),
        *(f"max(abs({_value(name)})) AS {_value(name)}" for name in amounts),
    ]
    found = _of_few(read, seen, engine)
    if found is None:
        found = _seen(seen, view, engine)
    plain = {name for name in texts if not found[f"value_{name}"].any()}
    short = {name for name in amounts if not found[f"value_{name}"].ge(_SHORT_END).any()}
    shown = ", ".join(f"{_shown(one, plain, short)} AS {quoted_name(one.name)}" for one in columns)
    engine.connection.raw_sql(
        f"CREATE OR REPLACE TEMP VIEW kam_whole AS SELECT {shown}, "
        "CAST(NULL AS VARCHAR) AS _value, CAST(NULL AS VARCHAR) AS _reason, "
        f"_file, _row FROM {view}{STEPS}"
    )
    whole = engine.connection.table("kam_whole")
    if found["reason"].notna().any():
        whole = _without_aside(whole, view, engine)
    return whole, found[["reason", "n", "mended", "open"]]


def _seen(seen: list[str], view: str, engine: Engine) -> pd.DataFrame:
    return engine.connection.raw_sql(f"SELECT {', '.join(seen)} FROM {view}{STEPS} GROUP BY 1").df()


def _of_few(read: TypedRows, seen: list[str], engine: Engine) -> pd.DataFrame | None:
    """Return what is seen of the lines, found out of their different cells; None where a line is
    set aside, mended or open, so that they have to be counted.
    """
    few = specimens(read, engine)
    found = None
    if few is not None:
        each, rows = few
        found = _seen(seen, each.rows.get_name(), engine)
        is_sound = found["reason"].isna().all() and found["open"].isna().all()
        found = found.assign(n=rows) if is_sound and not found["mended"].any() else None
    let_go(engine)
    return found


def _without_aside(whole: ir.Table, view: str, engine: Engine) -> ir.Table:
    """Return the lines with those that are set aside as they were judged."""
    types = engine.connection.raw_sql("DESCRIBE kam_whole").fetchall()
    shown = ", ".join(f"CAST({quoted_name(n)} AS {t}) AS {quoted_name(n)}" for n, t, *_ in types)
    engine.connection.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE kam_aside AS SELECT {shown} FROM {view} "
        "WHERE _reason IS NOT NULL"
    )
    engine.connection.raw_sql(
        "CREATE OR REPLACE TEMP VIEW kam_judged AS "
        "SELECT * FROM kam_whole ANTI JOIN kam_aside USING (_file, _row) "
        "UNION ALL SELECT * FROM kam_aside"
    )
    return engine.connection.table("kam_judged").select(whole.columns)


def _columns(read: TypedRows, engine: Engine) -> list[_Cells]:
    steps = f"DESCRIBE {read.rows.get_name()}{STEPS}"
    types = {name: type_ for name, type_, *_ in engine.connection.raw_sql(steps).fetchall()}
    return [
        _Cells(name, types[name], types[f"value_{name}"])
        for name in read.rows.columns
        if f"value_{name}" in types
    ]


def _value(name: str) -> str:
    return quoted_name(f"value_{name}")


def _shown(one: _Cells, plain: set[str], short: set[str]) -> str:
    """Return what gives a column's values: the cells themselves where they are what is read."""
    if one.name in plain or (one.is_amount and one.fits):
        return quoted_name(one.name)
    if one.is_whole_id:
        return f"CAST({quoted_name(one.name)} AS VARCHAR)"
    if one.name in short:
        return f"TRY_CAST({quoted_name(one.name)} AS {SHORT})"
    return _value(one.name)
