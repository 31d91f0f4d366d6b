"""Lists of a workbook: a table as a sheet of its own, or below another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from kamlib.book import BookSettings
from kamlib.page.columns import Column, columns_of
from kamlib.page.rows import figure_kinds
from kamlib.story.codes import code_words
from kamlib.tables import catalogue
from kamlib.words import ENGLISH, say, spoken
from kamlib.words.amounts import wording
from kamlib.workbook.blocks import NARROW, WIDE, Cells
from kamlib.workbook.cells import (
    PRINTED,
    named_table,
    put,
    put_formula,
    sheet_name,
    table_below,
    unique_headings,
)

_SUMMED = ("account_actions", "retention", "win_back")
"""Lists whose amounts have a sum, which follows the filter."""


def write_list(
    workbook: Any,
    formats: dict[str, Any],
    table: pd.DataFrame,
    title: str,
    name: str,
    says: str,
    book: BookSettings,
) -> Any:
    """Write a table as a sheet of its own, and return the sheet."""
    sheet = workbook.add_worksheet(sheet_name(title))
    if "is_chosen" in table:
        table = table.sort_values("is_chosen", ascending=False, kind="stable", na_position="last")
    specs, words = _specs(table, name, book), code_words(table)
    sheet.write_string(0, 0, say(says), formats["quiet"])
    rooms = [WIDE if one.kind == "prose" else NARROW if one.is_wide else 14 for one in specs]
    headings = unique_headings([spec.heading for spec in specs])
    lines = _lines(table, [one.key for one in specs], rooms)
    named_table(sheet, name, headings, len(table), formats, top=2, lines=lines)
    for column, (spec, room) in enumerate(zip(specs, rooms, strict=True)):
        sheet.set_column(column, column, max(room, len(spec.heading) // 2 + 4))
        if name in _SUMMED and spec.kind == "money" and len(table):
            letter, total = xl_col_to_name(column), float(table[spec.key].sum())
            run = f"{letter}4:{letter}{len(table) + 3}"
            put_formula(sheet, 1, column, f"=SUBTOTAL(109,{run})", total, "money", formats)
            put(sheet, 1, 0, say("Sum of the rows shown"), "quiet", formats)
    sheet.put_rows(3, _cells(sheet, formats, table, specs, words))
    return sheet


def _cells(
    sheet: Any,
    formats: dict[str, Any],
    table: pd.DataFrame,
    specs: Sequence[Column],
    words: Mapping[str, Mapping[str, str]],
) -> list[list[str]]:
    """Return the cells of a list, column by column."""
    cells = Cells(sheet, formats)
    return [
        cells.values(table[one.key].replace(words.get(one.key, {})), one.row_kinds or one.kind)
        for one in specs
    ]


def _specs(table: pd.DataFrame, name: str, book: BookSettings) -> list[Column]:
    """Return what the columns of a list are; of figures of several kinds, what each row is."""
    entry = catalogue().tables.get(name)
    return columns_of(table, wording(book), kinds=dict(figure_kinds(table, entry) if entry else {}))


def _lines(table: pd.DataFrame, columns: Sequence[str], rooms: Sequence[int]) -> int:
    """Return how many printed lines the rows of a list take."""
    rows = table[list(columns)].head(PRINTED).itertuples(index=False)
    return sum(
        max(-(-len(str(text)) // room) for text, room in zip(row, rooms, strict=True))
        for row in rows
    )


def write_below(
    sheet: Any,
    formats: dict[str, Any],
    table: pd.DataFrame,
    name: str,
    called: str,
    top: int,
    book: BookSettings,
) -> None:
    """Write a table below the list of a sheet, with a link from the sheet's head."""
    specs, words = _specs(table, name, book), code_words(table)
    place = f"internal:'{sheet.get_name()}'!A{top + 1}"
    below = say("Below: {title}", title=say(called) if spoken() != ENGLISH else called.lower())
    sheet.write_url(1, 0, place, formats["text"], string=below)
    sheet.write_string(top - 1, 0, say(called), formats["quiet"])
    table_below(sheet, name, unique_headings([one.heading for one in specs]), len(table), formats,
        top=top)  # fmt: skip
    sheet.put_rows(top + 1, _cells(sheet, formats, table, specs, words))
