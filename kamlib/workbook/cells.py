"""Cells of a workbook: text as text whatever it looks like, figures as figures, what is missing as
empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kamlib.page.columns import exported
from kamlib.words import number, say
from kamlib.workbook.blocks import cell_text


def formats_of(workbook: Any) -> dict[str, Any]:
    """Return the formats of the workbook, by what a cell is."""
    base: dict[str, Any] = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
    kinds: dict[str, dict[str, Any]] = {
        "text": {},
        "wrapped": {"text_wrap": True},
        "guarded": {"quote_prefix": True},  # stays text when a user edits the cell
        "money": {"num_format": "#,##0.00"},
        "share": {"num_format": "0.0%"},
        "number": {"num_format": "0.00"},
        "count": {"num_format": "#,##0"},
        "date": {"num_format": "yyyy-mm-dd", "align": "left"},
        "flag": {},
        "class": {"align": "center"},
        "title": {"bold": True, "font_size": 14},
        "quiet": {"font_color": "#5c6673"},
        "heading": {"bold": True, "bottom": 1, "text_wrap": True},
        "input_number": {
            "num_format": "0.0000",
            "bg_color": "#fff4cf",
            "border": 1,
            "border_color": "#d38a00",
        },
        "input_date": {
            "num_format": "yyyy-mm-dd",
            "bg_color": "#fff4cf",
            "border": 1,
            "border_color": "#d38a00",
        },
        "bold_share": {"num_format": "0.0%", "bold": True},
    }
    made = {name: workbook.add_format({**base, **more}) for name, more in kinds.items()}
    for key, colour, ink in (
        ("A", "#174a8b", "#ffffff"),
        ("B", "#5d92cc", "#ffffff"),
        ("C", "#b3cdea", "#1c2430"),
        ("X", "#55338a", "#ffffff"),
        ("Y", "#957abf", "#ffffff"),
        ("Z", "#d0c3e4", "#1c2430"),
        ("moved", "#fff4cf", "#1c2430"),
    ):
        made[f"is_{key}"] = workbook.add_format({"bg_color": colour, "font_color": ink})
    return made


def put(sheet: Any, row: int, column: int, text: str, kind: str, formats: dict[str, Any]) -> None:
    """Write a text of the data as text, whatever it looks like."""
    sheet.write_string(row, column, cell_text(text), formats[kind])


def put_formula(
    sheet: Any, row: int, column: int, formula: str, value: Any, kind: str, formats: dict[str, Any]
) -> None:
    """Write a formula with the value it has now."""
    plain = exported(value, "text" if isinstance(value, str) else "number")
    sheet.write_formula(row, column, formula, formats[kind], "" if plain is None else plain)


def paint(
    sheet: Any, column: int, rows: int, text: str, formats: dict[str, Any], name: str = ""
) -> None:
    """Give a class its colour wherever it stands in a column; ``name`` is that of its format."""
    own = formats[f"is_{name or text}"]
    rule = {"type": "cell", "criteria": "==", "value": f'"{text}"', "format": own}
    sheet.conditional_format(1, column, rows, column, rule)


ONE_PAGE, PRINTED = 45, 40
"""Rows that fit one printed page, and rows of a longer list that are printed."""


def named_table(
    sheet: Any,
    name: str,
    headings: Sequence[str],
    rows: int,
    formats: dict[str, Any],
    top: int = 0,
    lines: int = 0,
) -> None:
    """Make a named table with filters and frozen headings, which stand on every printed page. Of
    a long one the first rows are printed, and the foot of the page says so. ``lines`` is how many
    lines its rows take, where texts go on below.
    """
    sheet.freeze_panes(top + 1, 2)
    sheet.set_row(top, 30)
    printed(sheet, is_one_page=max(rows, lines) <= ONE_PAGE)
    sheet.repeat_rows(top)
    if rows > PRINTED:
        sheet.print_area(0, 0, top + PRINTED, len(headings) - 1)
        sheet.set_footer(
            say(
                "&L&A: the first {printed} of {rows} rows&R&P / &N",
                printed=PRINTED,
                rows=number(rows),
            )
        )
    _add_table(sheet, name, headings, rows, formats, top)


def table_below(
    sheet: Any, name: str, headings: Sequence[str], rows: int, formats: dict[str, Any], top: int
) -> None:
    """Make a named table below the list of a sheet; the list alone is printed."""
    last = min(top - 4, PRINTED + 2)
    sheet.print_area(0, 0, last, sheet.dim_colmax)
    _add_table(sheet, name, headings, rows, formats, top)


def _add_table(
    sheet: Any, name: str, headings: Sequence[str], rows: int, formats: dict[str, Any], top: int
) -> None:
    columns = [{"header": heading, "header_format": formats["heading"]} for heading in headings]
    options = {"name": name, "columns": columns, "style": "Table Style Light 1", "autofilter": True}
    sheet.add_named_table(top, rows, len(headings), options)


def printed(sheet: Any, *, is_one_page: bool = False) -> None:
    """Let a sheet print across, as wide as the paper, with its name and page below."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, int(is_one_page))
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&R&P / &N")


def sheet_name(title: str) -> str:
    """Return the name of a sheet: what its title is called, in the letters that a name may have.

    >>> sheet_name("Read me")
    'Read me'
    """
    return re.sub(r"[\[\]:*?/\\']", " ", say(title))[:31]


def cells_of(title: str) -> str:
    """Return the beginning of an address on a sheet.

    >>> cells_of("Limits"), cells_of("Read me")
    ('Limits!', "'Read me'!")
    """
    name = sheet_name(title)
    return f"{name}!" if re.fullmatch("[A-Za-z]+", name) else f"'{name}'!"


def class_text(value: Any) -> str:
    """Return a class, empty where there is none."""
    return value if isinstance(value, str) else ""


def unique_headings(headings: Sequence[str]) -> list[str]:
    """Return headings that a spreadsheet table accepts: none empty, none twice ignoring case, at
    most 255 letters.
    """
    seen: dict[str, int] = {}
    result = []
    for heading in headings:
        text = (heading or say("Column"))[:240]
        count = seen[text.lower()] = seen.get(text.lower(), 0) + 1
        result.append(text if count == 1 else f"{text} ({count})")
    return result
