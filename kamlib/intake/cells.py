"""The cells of a table as people have it: cleaned once, and what each column holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ibis.util import gen_name

from kamlib.intake.casting import cleaned_sql
from kamlib.intake.sources.engine import quoted, quoted_name

NOTHING = ("NULL", "null", "\\N", "N/A", "n/a", "-", "–", "None", "nan", "k.A.", "#N/V")
"""Words that stand for nothing where days or amounts are expected."""


@dataclass(frozen=True)
class Held:
    """What a column holds: how many cells are not blank, which words of them stand for nothing and
    in how many, whether any cell has a figure.
    """

    filled: int
    nothing: tuple[str, ...]
    without: int
    has_figures: bool


def clean_cells(rows: Any, columns: Sequence[str], *, is_typed: bool) -> Any:
    """Return rows whose columns are text, cleaned; those of typed files are cleaned when they are
    asked for.
    """
    connection = rows.get_backend()
    name = gen_name("kam_clean")
    cells = [
        f"{cleaned_sql(f'{quoted_name(one)}::VARCHAR')} AS {quoted_name(one)}" for one in columns
    ]
    connection.raw_sql(
        f"CREATE OR REPLACE TEMP {'VIEW' if is_typed else 'TABLE'} {quoted_name(name)} AS SELECT "
        f"{', '.join([*cells, '_file', '_row'])} FROM ({connection.compile(rows)})"
    )
    return connection.table(name)


def held(texts: Any, columns: Sequence[str]) -> dict[str, Held]:
    """Return what each column of cleaned cells holds."""
    if not columns:
        return {}
    words = ", ".join(map(quoted, NOTHING))
    shown = ", ".join(
        f"count({own}), list(DISTINCT {own}) FILTER ({own} IN ({words})), "
        f"count_if({own} IN ({words})), bool_or(regexp_matches({own}, '\\pN'))"
        for own in map(quoted_name, columns)
    )
    table = quoted_name(texts.get_name())
    found = iter(texts.get_backend().raw_sql(f"SELECT {shown} FROM {table}").fetchone())
    return {
        column: Held(filled, tuple(sorted(words or ())), without or 0, bool(figures))
        for column, filled, words, without, figures in zip(
            columns, found, found, found, found, strict=True
        )
    }
