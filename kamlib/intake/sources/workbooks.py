"""What a workbook's file holds beside its cells: hostile sizes, errors, formulas never computed."""

from __future__ import annotations

import html
import re
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from kamlib.errors import KamError
from kamlib.words import count

_LARGEST_UNPACKED = 1_000_000_000
_LARGEST_RATIO = 200
_LARGEST_AREA = 20_000_000
_EMPTIEST = 50
_CELL = rb"<(?:\w+:)?c\b([^>]*)"
_ERROR = re.compile(_CELL + rb"\bt=[\"']e[\"'][^>]*>.*?<(?:\w+:)?v>([^<]*)<", re.DOTALL)
_FORMULA = re.compile(
    _CELL + rb">\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_HIDDEN = re.compile(rb"<(?:\w+:)?row\b[^>]*\bhidden=[\"'](?:1|true)[\"']")
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^>]*)>")


@dataclass(frozen=True)
class Marks:
    """Cells of one sheet whose value is no value, by row and column counted from 0."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    merged: str = ""
    hidden: int = 0


def no_workbook(file: Path) -> KamError | None:
    """Return what a file that is called a workbook is instead; nothing where it is one."""
    with file.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return KamError(
            "The file is empty.", where=str(file), next="Save it again as an Excel workbook."
        )
    if start.startswith(b"<"):
        kind = (
            "an XML spreadsheet" if b"urn:schemas-microsoft-com:office" in start else "a web page"
        )
        return KamError(
            f"The file is no Excel workbook but {kind} (HTML or XML text).",
            where=str(file),
            next="Open it in Excel and save it as .xlsx or as CSV.",
        )
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "ignore").encode()
    line = max(head.split(b"\n")[:20], key=lambda one: one.count(b"\t"))
    if b"\0" in head:
        return KamError(
            "The file is no Excel workbook, or a damaged one.",
            where=str(file),
            next="Open it in Excel and save it as .xlsx.",
        )
    kind, ending = ("text with tabs", ".tsv") if b"\t" in line else ("plain text", ".csv")
    return KamError(
        f"The file is no Excel workbook but {kind}; it is not read as {file.suffix}.",
        where=str(file),
        next=f"Rename it to {file.stem}{ending}.",
    )


def check_size(file: Path) -> None:
    """Refuse a workbook that unpacks to far more than it should, or whose parts are damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            most = min(_LARGEST_UNPACKED, _LARGEST_RATIO * max(file.stat().st_size, 50_000))
            if unpacked > most:
                raise KamError(
                    f"The workbook unpacks to {unpacked // 1_000_000} MB.",
                    where=str(file),
                    next="Export the table as CSV instead.",
                )
            broken = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise damaged(file, error) from None
    if broken:
        raise damaged(file, f"the part {broken} cannot be unpacked")


def damaged(file: Path, why: object) -> KamError:
    """Return the refusal of a workbook that is damaged or protected."""
    said = " ".join(str(why).split())[:200].rstrip(".")
    with file.open("rb") as stream:
        is_old = stream.read(2) == b"\xd0\xcf"
    kind = "old Excel workbook (.xls), or protected one," if is_old else "workbook"
    return KamError(
        f"The {kind} cannot be read: {said}.",
        where=str(file),
        next="Open it in Excel and save it as .xlsx without a password, or as CSV.",
    )


def marks_of(file: Path) -> dict[str, Marks]:
    """Return the cells without a value of their own, by sheet; of .xlsx files alone.

    Raises
    ------
    KamError
        Cells stand so far apart that the sheet would fill the memory.
    """
    about = file.stat()
    return dict(_marks(file, about.st_size, about.st_mtime_ns))


@lru_cache(maxsize=4)
def _marks(file: Path, size: int, changed: int) -> dict[str, Marks]:
    """Return the marks of a workbook as it was changed last."""
    if not zipfile.is_zipfile(file):
        return {}
    found = {}
    with zipfile.ZipFile(file) as archive:
        for name, part in _parts(archive).items():
            content = archive.read(part)
            _check_spread(content, name, file)
            errors = {}
            for cell, text in _ERROR.findall(content) if b'="e"' in content else ():
                if place := _place(cell):
                    errors[place] = html.unescape(text.decode("utf-8", "replace"))
            formulas = _FORMULA.findall(content) if re.search(rb"<(?:\w+:)?f\b", content) else ()
            uncomputed = frozenset(place for cell in formulas if (place := _place(cell)))
            merged = re.search(rb"mergeCell\b[^>]*\bref=[\"']([A-Z0-9:]+)", content)
            hidden = len(_HIDDEN.findall(content)) if b"hidden=" in content else 0
            found[name] = Marks(errors, uncomputed, merged[1].decode() if merged else "", hidden)
    return found


def counts_from_1904(file: Path) -> bool:
    """Whether a workbook counts days from 1904, as those of old Macs do."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        name = "xl/workbook.xml"
        content = archive.read(name) if name in archive.namelist() else b""
    return re.search(rb"\bdate1904=[\"'](1|true)", content) is not None


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of the archive that holds each sheet, by the sheet's name."""
    members = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= members:
        return {}
    relations = {}
    for text in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels").decode("utf-8-sig")):
        about = _attributes(text)
        target = about.get("Target", "")
        relations[about.get("Id")] = target.lstrip("/") if target[:1] == "/" else f"xl/{target}"
    parts = {}
    for text in _SHEET.findall(archive.read("xl/workbook.xml").decode("utf-8-sig")):
        about = _attributes(text)
        part = relations.get(about.get("id"))
        if part in members and "name" in about:
            parts[about["name"]] = part
    return parts


def _attributes(text: str) -> dict[str, str]:
    found = re.findall(r"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", text)
    return {name.rpartition(":")[2]: html.unescape(one or two) for name, one, two in found}


def _check_spread(content: bytes, sheet: str, file: Path) -> None:
    places = re.findall(rb"\br=[\"']([A-Z]{1,3})\d", content)
    rows = re.findall(rb"<(?:\w+:)?row\b[^>]*?\br=[\"'](\d{1,7})[\"']", content)
    if not places:
        return
    width = max(map(column_number, set(places)))
    height = max([len(rows), *(int(row) for row in rows[-1:])])
    last = re.findall(rb"\br=[\"'][A-Z]{1,3}(\d{5,7})[\"']", content)
    height = max(height, max(map(int, set(last)), default=0))
    if width * height > max(_LARGEST_AREA, _EMPTIEST * len(places)):
        raise KamError(
            f"The sheet '{sheet}' has cells far apart: {count(height, 'row')} and "
            f"{count(width, 'column')}.",
            where=str(file),
            next="Delete what stands far outside the table, or export the table as CSV.",
        )


def _place(cell: bytes) -> tuple[int, int] | None:
    found = _PLACE.search(cell)
    return (int(found[2]) - 1, column_number(found[1]) - 1) if found else None


def column_number(letters: bytes) -> int:
    """Return the number of a column of a sheet.

    >>> column_number(b"A"), column_number(b"AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
