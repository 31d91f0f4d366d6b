"""Delimited text files: encoding, delimiter and header found out, every line a row or rejected."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.sources.engine import Engine, number, quoted
from kamlib.tables import each

_SNIFFED = ",;\t|"


def read_text(
    files: list[Path], book: BookSettings, engine: Engine
) -> tuple[ir.Table, pd.DataFrame]:
    """Read delimited files; files that share a header are read together, in one parallel scan."""
    groups: dict[_Header, list[tuple[Path, Path]]] = {}
    for file in files:
        header, readable = _open_text(file, book, engine)
        groups.setdefault(header, []).append((file, readable))
    parts, rejects = [], []
    for header, members in groups.items():
        engine.loaded += 1
        part, rejected = _scan(header, members, engine, f"kam_part_{engine.loaded}")
        parts.append(part)
        rejects.append(rejected)
    rows = ibis.union(*[_aligned(part, parts) for part in parts]) if len(parts) > 1 else parts[0]
    return rows, pd.concat(rejects, ignore_index=True)


@dataclass(frozen=True)
class _Header:
    columns: tuple[str, ...]
    delimiter: str
    skip: int


def _scan(
    header: _Header, members: list[tuple[Path, Path]], engine: Engine, table: str
) -> tuple[ir.Table, pd.DataFrame]:
    con = engine.connection
    originals = {str(readable): original for original, readable in members}
    columns = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in header.columns)
    paths = ", ".join(quoted(path) for path in originals)
    con.raw_sql(
        f"CREATE TEMP TABLE {table}_text AS SELECT * FROM read_csv([{paths}], auto_detect=false, "
        f"header=true, skip={header.skip}, delim={quoted(header.delimiter)}, quote='\"', "
        f"escape='\"', columns={{{columns}}}, filename='_file', store_rejects=true, "
        f"max_line_size=20000000, rejects_table='{table}_errors', rejects_scan='{table}_scans')"
    )
    errors = con.raw_sql(
        f"SELECT s.file_path, e.line, e.error_type, e.error_message FROM {table}_errors e "
        f"JOIN {table}_scans s USING (scan_id, file_id) ORDER BY ALL"
    ).df()
    for error in each(errors[errors["error_type"].eq("UNQUOTED VALUE")]):
        raise KamError(
            "A quotation mark opens and never closes.",
            where=f"{originals[error.file_path]}, line {error.line}",
            next="Close it, or double it where it stands for itself.",
        )
    rejected = errors.drop_duplicates(["file_path", "line"])
    text = con.table(f"{table}_text")
    if len(members) == 1:
        original = members[0][0]
        if len(rejected) and not text.count().execute():
            raise _nothing_fits(header, original, rejected.iloc[0])
        rows = text.mutate(_row=number(text) + 1, _file=ibis.literal(original.name))
    else:
        numbered = text.mutate(_at=number(text))
        first = (
            numbered.group_by("_file")
            .aggregate(at=numbered["_at"].min())
            .to_pandas()
            .set_index("_file")["at"]
        )
        for path in rejected["file_path"].unique():
            if path not in first.index:
                raise _nothing_fits(
                    header, originals[path], rejected[rejected["file_path"].eq(path)].iloc[0]
                )
        names = con.create_table(
            f"{table}_names",
            pd.DataFrame(
                {
                    "_path": list(originals),
                    "_name": [original.name for original in originals.values()],
                    "_first": [int(first.get(path, 0)) for path in originals],
                }
            ),
            temp=True,
        )
        numbered = numbered.inner_join(names, [("_file", "_path")])
        rows = numbered.mutate(
            _row=numbered["_at"] - numbered["_first"] + 1, _file=numbered["_name"]
        )
    rejected = pd.DataFrame(
        {
            "file": [originals[path].name for path in rejected["file_path"]],
            "line": rejected["line"].astype("int64"),
            "reason": [
                "too few values in the row"
                if kind == "MISSING COLUMNS"
                else "too many values in the row"
                if kind == "TOO MANY COLUMNS"
                else "the row cannot be read"
                for kind in rejected["error_type"]
            ],
        }
    )
    return rows.select(*header.columns, "_file", "_row"), rejected


def _nothing_fits(header: _Header, file: Path, rejected: pd.Series) -> KamError:
    return KamError(
        f"No row fits the header of {len(header.columns)} columns: {rejected['error_message']}",
        where=f"{file}, line {rejected['line']}",
        next="Write as many values in each row as the header has names.",
    )


def _aligned(part: ir.Table, parts: list[ir.Table]) -> ir.Table:
    """Give a part all columns of all parts, in one order; absent ones are empty."""
    names = list(dict.fromkeys(name for other in parts for name in other.columns))
    absent = {name: ibis.null("string") for name in names if name not in part.columns}
    return part.mutate(**absent).select(names)


def _open_text(file: Path, book: BookSettings, engine: Engine) -> tuple[_Header, Path]:
    """Check a text file's encoding and header; return them with the path of a UTF-8 copy where one
    is needed.
    """
    content = file.read_bytes()
    encoding = book.input.encoding
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except LookupError:
        raise KamError(
            f"Unknown encoding '{encoding}'.", where="[input] in book.toml", next="Try cp1252."
        ) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise KamError(
            f"The file is not written in {encoding}.",
            where=f"{file}, line {line}",
            next='Save it as UTF-8, or say how it is written: encoding = "cp1252" under [input] in '
            "book.toml.",
        ) from None
    skip, delimiter = 0, book.input.delimiter
    head = text[:200_000].replace("\r\n", "\n").replace("\r", "\n")
    if head[:4].lower().startswith("sep=") and "\n" in head:
        skip, delimiter = 1, head[4]
        head = head.split("\n", 1)[1]
    if not head.strip():
        raise KamError(
            "The file is empty.",
            where=str(file),
            next="It needs a first line with the column names.",
        )
    first_line = head.split("\n", 1)[0].splitlines()[0]
    if delimiter is None:
        delimiter = max(
            _SNIFFED, key=lambda mark: len(next(csv.reader([first_line], delimiter=mark)))
        )
    columns = [
        column.strip() for column in next(csv.reader(io.StringIO(head), delimiter=delimiter))
    ]
    columns = [column or f"column_{number}" for number, column in enumerate(columns, start=1)]
    seen: set[str] = set()
    for column in columns:
        if column.casefold() in seen:
            raise KamError(
                f"Two columns are named '{column}'.",
                where=f"{file}, line {skip + 1}",
                next="Rename one of them.",
            )
        seen.add(column.casefold())
    readable = file
    returns = text.count("\r\n") if b"\r" in content else 0
    is_mixed = b"\r" in content and (text.count("\r") > returns or 0 < returns < text.count("\n"))
    if encoding.lower() not in ("utf-8", "utf8", "utf-8-sig") or is_mixed:
        engine.loaded += 1
        readable = Path(engine.scratch.name) / f"{engine.loaded}.csv"
        plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        readable.write_text(plain, encoding="utf-8", newline="")
    return _Header(tuple(columns), delimiter, skip), readable
