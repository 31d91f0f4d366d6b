"""Workbooks: every cell of a sheet, as text that the book's rules read back to the cell's value.

A cell that the workbook has typed stays typed: numbers are written with the mark that the table's
rules call decimal, days as ISO, and beside each column stands what kind its cells were
(``_kind:…``), so that a number is no name and a date no id. The range that a workbook states is
not believed.
"""

from __future__ import annotations

import datetime
import json
import re
import zipfile
from collections.abc import Mapping, Set
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from kamlib.errors import KamError, nearest
from kamlib.intake.notices import Notice
from kamlib.intake.rules import Rules
from kamlib.intake.sources.headers import (
    LOOKED_AT,
    are_near,
    column_names,
    folded,
    header_names,
    likely_header,
    no_header,
    section,
)
from kamlib.intake.sources.workbooks import Marks, check_size, damaged, marks_of, no_workbook
from kamlib.words import count

KIND = "_kind:"
NUMBER, DAY, FLAG, ERROR, UNCOMPUTED = "n", "d", "b", "e", "f"
_EXACT = 1e15
_HEAD = 1_000  # rows that tell what a sheet is
_OPEN = re.compile(r"-?\d{1,3}\.\d{3}")


def read_workbook(
    file: Path, table: str, rules: Rules, wanted: Set[str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[Notice]]:
    """Read a workbook's one sheet, or all of one header: rows, rows that do not fit, notices.

    Raises
    ------
    KamError
        The file is no workbook, damaged or hostile; it has no sheet with cells, or several that
        differ; its header is not where it should be, or names a column twice.
    """
    if refusal := no_workbook(file):
        raise refusal
    with file.open("rb") as stream:
        is_zip = stream.read(2) == b"PK"
    if is_zip:
        check_size(file)
    marks = marks_of(file)
    sheets = _chosen(_sheets(file, rules.sheet), file, table, rules)
    if rules.sheet is None and rules.header_line is None:
        _check_alike(sheets, file, table, rules, wanted)
    parts, rejects, notices = [], [], []
    headers = {}
    for name, cells in sheets.items():
        at, header = _header(cells, name, file, table, rules, wanted)
        headers[name] = header
        seen = marks.get(name, Marks())
        label = file.name if len(sheets) == 1 else f"{file.name} [{name}]"
        part, rejected = _rows(cells, at, header, seen, rules)
        parts.append(part.assign(_file=label))
        rejects.append(rejected.assign(file=label))
        notices += _notices(table, label, seen)
    first, *others = [frozenset(map(folded, header)) for header in headers.values()]
    if not all(are_near(first, other) for other in others):
        raise _unlike(list(sheets), [next(iter(sheets))], file, table)
    for part in parts[1:]:
        spelling = {folded(name): name for name in parts[0].columns}
        part.columns = [spelling.get(folded(name), name) for name in part.columns]
    return pd.concat(parts, ignore_index=True), pd.concat(rejects, ignore_index=True), notices


def _check_alike(
    sheets: dict[str, list[list[Any]]], file: Path, table: str, rules: Rules, wanted: Set[str]
) -> None:
    """Refuse sheets of different headers; those are likely that have most names of a header."""
    heads: dict[str, frozenset[str]] = {}
    for name, cells in sheets.items():
        rows = [[folded(_text(v, rules) or "") for v in row] for row in cells[:LOOKED_AT]]
        filled = [frozenset(row) - {""} for row in rows if any(row)]
        heads[name] = max(filled, key=lambda row: len(wanted & row), default=frozenset())
    best = max(heads.values(), key=lambda row: len(wanted & row), default=frozenset())
    likely = [name for name, head in heads.items() if are_near(head, best)]
    if len(likely) < len(sheets):
        raise _unlike(list(sheets), likely, file, table)


def _unlike(names: list[str], likely: list[str], file: Path, table: str) -> KamError:
    said = f'"{likely[0]}"' if len(likely) == 1 else json.dumps(likely, ensure_ascii=False)
    return KamError(
        f"The workbook has several sheets that differ: {', '.join(names)}.",
        where=str(file),
        next=f"Say which one holds the table: sheet = {said} under {section(table)} in "
        f"book.toml. Where orders and items stand on two sheets: kam new mybook --from {file.name} "
        "joins them.",
    )


def sheet_names(file: Path) -> list[str]:
    """Return the names of a workbook's sheets that hold cells; of a single one nothing is read."""
    if refusal := no_workbook(file):
        raise refusal
    if zipfile.is_zipfile(file):
        check_size(file)
    if len(names := _shown(file)) == 1:
        return names
    marks_of(file)
    return list(_sheets(file, rows=_HEAD))


def alike_sheets(
    file: Path, rules: Mapping[str, Rules]
) -> tuple[list[tuple[str, ...]], dict[str, KamError]]:
    """Return a workbook's sheets, those of one header together, give or take a column; and why
    others cannot be read.
    """
    groups: list[tuple[frozenset[str], list[str]]] = []
    refused = {}
    for name, cells in _sheets(file, tuple(rules), _HEAD).items():
        try:
            _, names = _header(cells, name, file, f"raw/{name}", rules[name], frozenset())
        except KamError as error:
            refused[name] = error
        else:
            own = frozenset(map(folded, names))
            group = next((members for head, members in groups if are_near(head, own)), None)
            if group is None:
                groups.append((own, [name]))
            else:
                group.append(name)
    return [tuple(members) for _, members in groups], refused


def _shown(file: Path) -> list[str]:
    """Return the names of a workbook's sheets, hidden ones only where no other is there."""
    import python_calamine as calamine

    try:
        with file.open("rb") as stream:
            about = calamine.CalamineWorkbook.from_filelike(stream).sheets_metadata
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise damaged(file, error) from None
    sheets = [one for one in about if one.typ == calamine.SheetTypeEnum.WorkSheet]
    seen = [one.name for one in sheets if one.visible == calamine.SheetVisibleEnum.Visible]
    return seen or [one.name for one in sheets]


def _sheets(
    file: Path, only: str | tuple[str, ...] | None = None, rows: int | None = None
) -> dict[str, list[list[Any]]]:
    """Return the cells of every sheet that has any, hidden ones only where no other has."""
    import python_calamine as calamine

    wanted = (only,) if isinstance(only, str) else only
    try:
        with file.open("rb") as stream:
            workbook = calamine.CalamineWorkbook.from_filelike(stream)
            found = {
                about.name: workbook.get_sheet_by_name(about.name).to_python(
                    skip_empty_area=False, nrows=rows
                )
                for about in workbook.sheets_metadata
                if about.typ == calamine.SheetTypeEnum.WorkSheet
                and (wanted is None or about.name in wanted)
            }
            hidden = {
                about.name
                for about in workbook.sheets_metadata
                if about.visible != calamine.SheetVisibleEnum.Visible
            }
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise damaged(file, error) from None
    found = {
        name: cells for name, cells in found.items() if any(v != "" for row in cells for v in row)
    }
    return {name: found[name] for name in found if name not in hidden} or found


def _chosen(
    sheets: dict[str, list[list[Any]]], file: Path, table: str, rules: Rules
) -> dict[str, list[list[Any]]]:
    if not sheets and rules.sheet is None:
        raise KamError(
            "The workbook is empty.",
            where=str(file),
            next="The first row of its sheet holds the column names.",
        )
    if rules.sheet is None:
        return sheets
    wanted = [rules.sheet] if isinstance(rules.sheet, str) else rules.sheet
    for name in wanted:
        if name not in sheets:
            raise KamError(
                f"The workbook has no sheet '{name}' with cells.",
                where=f"{file}; sheet under {section(table)} in book.toml",
                next=nearest(name, sheet_names(file)),
            )
    return {name: sheets[name] for name in wanted}


def _header(
    cells: list[list[Any]],
    sheet: str,
    file: Path,
    table: str,
    rules: Rules,
    wanted: Set[str],
) -> tuple[int, list[str]]:
    """Return the row of the column names, from 0, and the names."""
    first = next(at for at, row in enumerate(cells) if any(v != "" for v in row))
    if rules.header_line is None:
        lines = [[_text(v, rules) for v in row] for row in cells[first : first + 30]]
        if step := likely_header(lines, wanted):
            shown = next(text for text in lines[0] if text)
            raise no_header(first + step + 1, shown, file, table, word="row")
        at = first
    else:
        at = rules.header_line - 1
    lines = [[_text(v, rules) for v in row] for row in cells[at : at + LOOKED_AT]]
    names, at = header_names(lines, at, rules.header_rows, file, table, word="row")
    while names and names[-1] is None:
        names.pop()
    if not names:
        raise KamError(
            f"Row {at + 1} of the sheet '{sheet}' is empty.",
            where=str(file),
            next=f"header_line under {section(table)} is the row with the column names.",
        )
    return at, column_names(names, f"{file}, sheet '{sheet}', row {at + 1}")


def _rows(
    cells: list[list[Any]], at: int, names: list[str], marks: Marks, rules: Rules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows below a header, and the numbers of those with cells beyond it."""
    width, texts, kinds, numbers, beyond = len(names), [], [], [], []
    for row_at, row in enumerate(cells[at + 1 :], start=at + 1):
        here = [_text(value, rules) for value in row[:width]]
        kind = [_kind(value) for value in row[:width]]
        for column in range(width) if marks.errors or marks.uncomputed else ():
            if error := marks.errors.get((row_at, column)):
                here[column], kind[column] = error, ERROR
            elif (row_at, column) in marks.uncomputed:
                here[column], kind[column] = None, UNCOMPUTED
        if any(value != "" for value in row[width:]):
            beyond.append(row_at - at)
        elif any(here) or UNCOMPUTED in kind:
            texts.append(here)
            kinds.append(kind)
            numbers.append(row_at - at)
    frame = pd.DataFrame(texts, columns=names, dtype="str")
    for column, name in enumerate(names):
        kind_of_column = [kind[column] for kind in kinds]
        if any(kind_of_column):
            frame[KIND + name] = pd.Series(kind_of_column, dtype="str")
    frame["_row"] = pd.Series(numbers, dtype="int64")
    rejected = pd.DataFrame({"line": [at + 1 + number for number in beyond]}, dtype="int64")
    return frame, rejected.assign(reason="too many values in the row")


def _notices(table: str, file: str, marks: Marks) -> list[Notice]:
    notices = []
    if marks.uncomputed:
        notices.append(
            Notice(
                table,
                f"{file} has {count(len(marks.uncomputed), 'formula')} that a program wrote and "
                "nobody computed: their values are not in the file.",
                "Open the workbook in Excel and save it once.",
            )
        )
    if marks.hidden:
        notices.append(
            Notice(
                table,
                f"{file} has {count(marks.hidden, 'hidden row')}, by a filter perhaps: "
                f"{'it is' if marks.hidden == 1 else 'they are'} read like the others.",
                "Delete what is not to count.",
            )
        )
    if marks.merged:
        notices.append(
            Notice(
                table,
                f"{file} has merged cells ({marks.merged}): only the first of each holds a value.",
                "Unmerge them and fill every row.",
            )
        )
    return notices


def _kind(value: object) -> str | None:
    if isinstance(value, bool):
        return FLAG
    if isinstance(value, int | float):
        return NUMBER
    return DAY if isinstance(value, datetime.date) else None


def _text(value: object, rules: Rules) -> str | None:
    """Return a cell's value as text that the rules read back to it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        number = float(value)
        if number.is_integer() and abs(number) < _EXACT:
            return str(int(number))
        text = repr(number) if abs(number) >= 1e-4 else f"{Decimal(repr(number)):f}"
        if rules.decimal is None and _OPEN.fullmatch(text):
            return text + "0"
        return text.replace(".", rules.decimal or ".")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return f"{value.isoformat()} 00:00:00"
    return str(value)
