"""Excel workbooks of one sheet, read as text."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd

from kamlib.errors import KamError

_LARGEST_UNPACKED = 1_000_000_000
_LARGEST_RATIO = 200


def read_sheet(file: Path) -> pd.DataFrame:
    """Read a workbook's one sheet as text: dates as ISO, whole numbers without a point."""
    import openpyxl

    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        raise KamError(
            "The file is no Excel workbook.", where=str(file), next="Save it as .xlsx again."
        ) from None
    if unpacked > _LARGEST_UNPACKED or unpacked > _LARGEST_RATIO * max(file.stat().st_size, 50_000):
        raise KamError(
            f"The workbook unpacks to {unpacked // 1_000_000} MB.",
            where=str(file),
            next="Export the table as CSV instead.",
        )
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
    if len(workbook.sheetnames) > 1:
        raise KamError(
            f"The workbook has several sheets: {', '.join(workbook.sheetnames)}.",
            where=str(file),
            next="Keep the one that holds the table, or save each as a file of its own.",
        )
    sheet = workbook[workbook.sheetnames[0]]
    rows = sheet.iter_rows(values_only=True)
    header = [_cell(value) for value in next(rows, ())]
    while header and header[-1] is None:
        header.pop()
    if not header:
        raise KamError(
            "The sheet is empty.", where=str(file), next="Its first row holds the column names."
        )
    names = [name or f"column_{number}" for number, name in enumerate(header, start=1)]
    values = [[_cell(value) for value in row[: len(names)]] for row in rows]
    workbook.close()
    frame = pd.DataFrame(values, columns=names, dtype="str")
    frame["_row"] = range(1, len(frame) + 1)
    return frame[frame[names].notna().any(axis=1)]


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if hasattr(value, "isoformat"):
        return (
            value.isoformat(sep=" ")
            if hasattr(value, "hour") and hasattr(value, "year")
            else value.isoformat()
        )
    return str(value)
