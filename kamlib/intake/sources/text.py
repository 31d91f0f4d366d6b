"""Delimited text files: encoding, delimiter and header found out, every line a row or rejected."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Set
from itertools import islice
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.errors import KamError
from kamlib.intake.rules import Rules
from kamlib.intake.sources.engine import Engine
from kamlib.intake.sources.headers import (
    LOOKED_AT,
    column_names,
    folded,
    header_names,
    likely_header,
    no_header,
    no_table,
    section,
)
from kamlib.intake.sources.scan import Header, scan_text

_SNIFFED = ",;\t|~^¦"
_OF_TWO = 0.2
_BLOCK = 1 << 20
_TELLING = (b"\r", b"\0", b"\\")
_AS_IT_IS = ("utf-8", "utf8", "utf-8-sig")
"""Encodings of which the engine needs no copy."""


def read_text(
    files: list[Path], table: str, rules: Rules, wanted: Set[str], engine: Engine
) -> tuple[ir.Table, pd.DataFrame]:
    """Read delimited files; files that share a header are read together, in one parallel scan.

    ``wanted`` are names that the header should hold, folded.
    """
    groups: dict[Header, list[tuple[Path, Path]]] = {}
    for file in files:
        header, readable = open_text(file, table, rules, wanted, engine)
        groups.setdefault(header, []).append((file, readable))
    parts, rejects = [], []
    for header, members in groups.items():
        engine.loaded += 1
        part, rejected = scan_text(header, members, engine, f"kam_part_{engine.loaded}")
        parts.append(part)
        rejects.append(rejected)
    rows = ibis.union(*[_aligned(part, parts) for part in parts]) if len(parts) > 1 else parts[0]
    return rows, pd.concat(rejects, ignore_index=True)


def _aligned(part: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """Give a part all columns of all parts, in one order and one spelling; absent ones are
    empty.
    """
    spelling: dict[str, str] = {}
    for name in (name for other in parts for name in other.columns):
        spelling.setdefault(folded(name), name)
    own = {folded(name): part[name] for name in part.columns}
    return part.select(**{n: own.get(fold, ibis.null("string")) for fold, n in spelling.items()})


def open_text(
    file: Path, table: str, rules: Rules, wanted: Set[str], engine: Engine
) -> tuple[Header, Path]:
    """Check a text file's encoding and header; return them with the path of a UTF-8 copy where one
    is needed.
    """
    content = _content(file, rules)
    text, encoding = _decoded(content, file, table, rules)
    skip, delimiter = 0, rules.delimiter
    head = text[:200_000].lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if head[:4].lower().startswith("sep=") and "\n" in head:
        skip, delimiter = 1, head[4]
        head = head.split("\n", 1)[1]
    if not head.strip():
        raise KamError(
            "The file is empty.",
            where=str(file),
            next="It needs a first line with the column names.",
        )
    if rules.header_line is not None:
        head = "\n".join(head.split("\n")[rules.header_line - 1 - skip :])
        skip = max(skip, rules.header_line - 1)
    try:
        if delimiter is None:
            delimiter = _delimiter(head)
        lines = _lines(head, delimiter)
    except csv.Error as error:
        raise KamError(
            f"The header cannot be read: {error}.",
            where=f"{file}, line {skip + 1}",
            next="Its first line holds the column names, with a delimiter between them.",
        ) from None
    if rules.header_line is None and (step := likely_header(lines, wanted)):
        shown = next((cell for cell in lines[0] if cell.strip()), "")
        raise no_header(skip + step + 1, shown, file, table, word="line")
    names, skip = header_names(lines, skip, rules.header_rows, file, table, word="line")
    if refusal := no_table(lines, file):
        raise refusal
    columns = column_names(names, f"{file}, line {skip + 1}")
    readable = file
    returns = text.count("\r\n") if b"\r" in content else 0
    is_mixed = b"\r" in content and (text.count("\r") > returns or 0 < returns < text.count("\n"))
    if encoding.lower() not in _AS_IT_IS or is_mixed:
        engine.loaded += 1
        readable = Path(engine.scratch.name) / f"{engine.loaded}.csv"
        plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        readable.write_text(plain, encoding="utf-8", newline="")
    escape = "\\" if b'\\"' in content and _has_backslashes(text, delimiter) else '"'
    return Header(tuple(columns), delimiter, skip, escape), readable


def _content(file: Path, rules: Rules) -> bytes:
    """Return a file's bytes; its first ones alone where no other can tell anything of how the file
    is written, and it is read as it is: ASCII without returns, zero bytes and backslashes.
    """
    with file.open("rb") as stream:
        first = block = stream.read(_BLOCK)
        is_usual = rules.encoding.lower() in _AS_IT_IS
        while is_usual and block:
            is_usual = block.isascii() and not any(mark in block for mark in _TELLING)
            block = stream.read(_BLOCK)
    return first if is_usual else file.read_bytes()


def _has_backslashes(text: str, delimiter: str) -> bool:
    r"""Return whether a backslash stands before the quotation marks inside cells, as databases
    write them, and none is doubled.

    >>> _has_backslashes(r'1,"a \"b\" c"', ","), _has_backslashes(r'1,"C:\temp\",2', ",")
    (True, False)
    """
    end = re.escape(delimiter) + r"\r\n"
    return bool(re.search(rf'\\"[^{end}"]', text)) and not re.search(rf'[^{end}"]""[^{end}"]', text)


def _decoded(content: bytes, file: Path, table: str, rules: Rules) -> tuple[str, str]:
    """Return a file's text and its encoding: as its mark says, else as the book does."""
    if content.startswith(b"\x1f\x8b") or file.suffix.lower() == ".gz":
        raise KamError("The file is packed.", where=str(file), next="Unpack it, and give that.")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        if file.suffix.lower() == ".zip":
            raise KamError(
                "The file is an archive.", where=str(file), next="Unpack it, and give its files."
            )
        raise KamError(
            f"The file is no text but an Excel workbook; it is not read as {file.suffix}.",
            where=str(file),
            next=f"Rename it to {file.stem}.xlsx, or save it as CSV.",
        )
    if file.suffix.lower() in (".json", ".jsonl", ".pdf", ".xml", ".html", ".htm"):
        raise KamError(
            f"Files of the form {file.suffix.lower()} are not read.",
            where=str(file),
            next="Export the table as CSV or Excel.",
        )
    marked = next((name for mark, name in _MARKED if content.startswith(mark)), None)
    encoding = marked or rules.encoding
    if not marked and re.fullmatch(_OF_BYTES, encoding.lower()) and _is_utf8(content):
        encoding = "utf-8"  # what the book says holds for files beside it
    try:
        text = content.decode(encoding)
    except LookupError:
        raise KamError(
            f"Unknown encoding '{encoding}'.",
            where=f"{section(table)} in book.toml",
            next="Try cp1252.",
        ) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if encoding == "utf-8" and (at := _line_of_utf8(content)):
            raise KamError(
                f"The file is written in two encodings: line {at} in UTF-8, line {line} not.",
                where=f"{file}, line {line}",
                next="Export it again in one piece, or its parts as files of their own.",
            ) from None
        raise KamError(
            f"The file is not written in {encoding}.",
            where=f"{file}, line {line}",
            next=f'Save it as UTF-8, or say how it is written: encoding = "{_likely(content)}" '
            f"under {section(table)} in book.toml.",
        ) from None
    if "\0" in text:
        likely = _likely(content)
        is_wide = likely.startswith("utf")
        raise KamError(
            f"The file is not written in {encoding} but, it seems, in {likely} without a mark."
            if is_wide
            else "The file holds zero bytes: it is no plain text.",
            where=f"{file}, line {text[: text.index(chr(0))].count(chr(10)) + 1}",
            next=f'Save it as UTF-8, or say encoding = "{likely}" under {section(table)} in '
            "book.toml."
            if is_wide
            else "Export it again as CSV.",
        )
    return text, encoding


_OF_BYTES = (
    r"cp125\d|cp874|tis-?620|windows-?125\d|latin-?\d|iso-?8859-?\d+|mac_?roman|cp437|cp850|cp1258"
)
"""Encodings whose letters are one byte each: words of UTF-8 are no words of theirs."""


def _is_utf8(content: bytes) -> bool:
    """Return whether a text with other letters than those of ASCII is written in UTF-8."""
    if content.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line_of_utf8(content: bytes) -> int:
    """Return the first line that is UTF-8 beyond doubt, counted from 1; 0 where few are."""
    wide = [(at, line) for at, line in enumerate(content.split(b"\n"), 1) if not line.isascii()]
    found = [at for at, line in wide if _is_utf8(line)]
    return found[0] if len(found) > max(1, _OF_TWO * len(wide)) else 0


_MARKED = [
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
]


def _likely(content: bytes) -> str:
    r"""Return the encoding that a file without a mark seems to have.

    >>> _likely("ab,c".encode("utf-16-le")), _likely("ab".encode("utf-32-be")), _likely(b"caf\xe9")
    ('utf-16-le', 'utf-32-be', 'cp1252')
    """
    head = content[:4000]
    kinds = {"0111": "utf-32-le", "1110": "utf-32-be", "0101": "utf-16-le", "1010": "utf-16-be"}
    zeros = (head[at::4].count(0) * 4 / max(1, len(head)) > 0.7 for at in range(4))
    return kinds.get("".join(str(int(zero)) for zero in zeros), "cp1252")


def _lines(head: str, delimiter: str) -> list[list[str]]:
    """Return a file's first lines, each with its cells; blank ones count."""
    return list(islice(csv.reader(io.StringIO(head), delimiter=delimiter), LOOKED_AT))


def _delimiter(head: str) -> str:
    """Return the mark that parts the first line into most cells; below a title, most of the first
    lines.
    """
    lines = [line for line in head.split("\n")[:LOOKED_AT] if line.strip()]

    def parts(line: str, mark: str) -> int:
        return len(next(csv.reader([line.splitlines()[0]], delimiter=mark)))

    best = max(_SNIFFED, key=lambda mark: parts(lines[0], mark))
    if parts(lines[0], best) > 1:
        return best
    return max(_SNIFFED, key=lambda mark: sum(parts(line, mark) for line in lines))
