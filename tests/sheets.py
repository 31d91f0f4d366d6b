"""Workbooks of forms that the libraries at hand do not write."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path


def binary_workbook(path: Path, rows: list[list[str | float]]) -> None:
    """Write the least workbook of the binary form (.xlsb): one sheet of texts and numbers."""

    def number(value: int) -> bytes:
        parts = []
        while value > 127:
            parts.append(value & 127 | 128)
            value >>= 7
        return bytes([*parts, value])

    def record(kind: int, content: bytes = b"") -> bytes:
        said = bytes([kind & 127 | 128, kind >> 7]) if kind > 127 else bytes([kind])
        return said + number(len(content)) + content

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    cells = record(0x91)
    for at, row in enumerate(rows):
        cells += record(0, struct.pack("<IIHHBI", at, 0, 300, 0, 0, 0))
        for column, value in enumerate(row):
            place = struct.pack("<II", column, 0)
            is_text = isinstance(value, str)
            own = text(value) if is_text else struct.pack("<d", value)
            cells += record(6 if is_text else 5, place + own)
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    sheet = record(0x81) + record(0x94, size) + cells + record(0x92) + record(0x82)
    named = struct.pack("<II", 0, 1) + text("rId1") + text("Orders")
    book = record(0x83) + record(0x8F) + record(0x9C, named) + record(0x90) + record(0x84)
    office = "http://schemas.openxmlformats.org"
    relation = (
        f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument/2006/relationships/{{}}" Target="{{}}"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_rels/.rels", relation.format("officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr(
            "xl/_rels/workbook.bin.rels", relation.format("worksheet", "worksheets/sheet1.bin")
        )
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def open_document(path: Path, rows: list[list[str | float]]) -> None:
    """Write the least OpenDocument sheet (.ods): texts and numbers."""

    def cell(value: str | float) -> str:
        if isinstance(value, str):
            kind = 'office:value-type="string"'
        else:
            kind = f'office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {kind}><text:p>{value}</text:p></table:table-cell>"

    lines = "".join(f"<table:table-row>{''.join(map(cell, r))}</table:table-row>" for r in rows)
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content{names}><office:body><office:spreadsheet>"
        f'<table:table table:name="Orders">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
