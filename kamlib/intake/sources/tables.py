"""Every table of a book as rows in the engine, whatever form its files have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.sources.engine import Engine, number
from kamlib.intake.sources.files import raw_files, table_files
from kamlib.intake.sources.sheets import read_sheet
from kamlib.intake.sources.text import read_text
from kamlib.tables import CANONICAL


@dataclass(frozen=True)
class Source:
    """One table's rows in the engine, before any value is read.

    ``rows`` has the file's columns plus ``_file`` and ``_row`` (the row within the file, header not
    counted). ``rejected`` has one row per line that does not fit the file's header: file, line,
    reason.
    """

    name: str
    rows: ir.Table
    files: tuple[Path, ...]
    rejected: pd.DataFrame
    is_typed: bool = False
    is_excel: bool = False


def read_sources(folder: Path, book: BookSettings, engine: Engine) -> dict[str, Source]:
    """Return every table of the book as text in the engine, canonical tables first, then ``raw/…``.

    Raises
    ------
    KamError
        A table exists twice, no table ``orders``, a file cannot be read, or a ``.sql`` file fails.
    """
    files = table_files(folder)
    raw: dict[str, Source] = {}
    if any(file.suffix == ".sql" for file in files.values()):
        for name, parts in raw_files(folder / "raw").items():
            raw[f"raw/{name}"] = _read_files(name, parts, book, engine, keep_as=name)
    sources = {
        name: _run_sql(name, file, raw, engine)
        if file.suffix == ".sql"
        else _read_files(name, [file], book, engine)
        for name, file in files.items()
    }
    return {name: sources[name] for name in CANONICAL if name in sources} | raw


def _run_sql(name: str, file: Path, raw: dict[str, Source], engine: Engine) -> Source:
    text = file.read_text(encoding="utf-8-sig").strip().rstrip(";")
    try:
        selected = engine.connection.sql(text)
        kept = engine.keep(selected, f"kam_{name}")
    except Exception as error:
        known = (
            ", ".join(part.removeprefix("raw/") for part in raw) or "none: raw/ is empty or missing"
        )
        message = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise KamError(
            f"The statement does not run: {message}",
            where=str(file),
            next=f"Mend the statement. Tables it can read: {known}.",
        ) from None
    rows = kept.mutate(_row=number(kept) + 1, _file=ibis.literal(file.name))
    return Source(name, rows, (file,), _no_rejects(), is_typed=True)


def _read_files(
    name: str, files: list[Path], book: BookSettings, engine: Engine, keep_as: str | None = None
) -> Source:
    for file in files:
        size = file.stat().st_size
        if size > book.input.largest_file_mb * 1_000_000:
            raise KamError(
                f"The file is larger than {book.input.largest_file_mb} MB.",
                where=str(file),
                next="Split it, or raise largest_file_mb under [input] in book.toml.",
            )
    table = keep_as or f"kam_{name}"
    form = files[0].suffix.lower()
    if form == ".parquet":
        try:
            rows = ibis.union(*parts) if len(parts := _parquets(files, engine)) > 1 else parts[0]
        except Exception as error:
            raise KamError(
                f"The file cannot be read: {error}", where=str(files[0]), next="Export it again."
            ) from None
        return Source(name, engine.keep(rows, table), tuple(files), _no_rejects(), is_typed=True)
    if form == ".xlsx":
        parts = [read_sheet(file).assign(_file=file.name) for file in files]
        frame = pd.concat(parts, ignore_index=True)
        engine.connection.create_table(table, frame.astype("str"), temp=True, overwrite=True)
        rows = engine.connection.table(table).cast({"_row": "int64"})
        return Source(name, rows, tuple(files), _no_rejects(), is_excel=True)
    rows, rejected = read_text(files, book, engine)
    return Source(name, engine.name(rows, keep_as) if keep_as else rows, tuple(files), rejected)


def _parquets(files: list[Path], engine: Engine) -> list[ir.Table]:
    return [
        engine.connection.read_parquet(file).mutate(
            _row=ibis.row_number() + 1, _file=ibis.literal(file.name)
        )
        for file in files
    ]


def _no_rejects() -> pd.DataFrame:
    return pd.DataFrame({"file": [], "line": [], "reason": []}).astype({"line": "int64"})
