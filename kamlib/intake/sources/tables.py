"""Every table of a book as rows in the engine, whatever form its files have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.notices import Notice
from kamlib.intake.rules import Rules, rules_of
from kamlib.intake.sources.engine import Engine, number
from kamlib.intake.sources.files import (
    WORKBOOKS,
    raw_files,
    table_files,
    table_word,
    unread_files,
)
from kamlib.intake.sources.headers import folded
from kamlib.intake.sources.parquet import read_parquet
from kamlib.intake.sources.parts import Parts, open_parts, with_patterns
from kamlib.intake.sources.remote import Remote, open_remote
from kamlib.intake.sources.scan import Unread
from kamlib.intake.sources.sheets import KIND, alike_sheets, read_workbook, sheet_names
from kamlib.intake.sources.text import open_text, read_text
from kamlib.tables import CANONICAL

LARGE_TEXT = 4_000_000
"""Order lines of a text file of so many bytes are read in one pass."""
_SHOWN = 40


@dataclass(frozen=True)
class Source:
    """One table's rows in the engine, before any value is read.

    ``rows`` has the file's columns plus ``_file`` and ``_row`` (the row within the file, header not
    counted), of a workbook also the kinds of its cells. ``rejected`` has one row per line that does
    not fit the file's header: file, line, reason. ``is_in_place``: the rows have types and are read
    where they lie, each time anew; file and row tell each from all others. ``parts``: each of its
    files can be read by itself, and ``rows`` has the columns alone; so it does where the file is
    ``unread``.
    """

    name: str
    rows: ir.Table
    files: tuple[Path, ...]
    rejected: pd.DataFrame
    is_typed: bool = False
    is_in_place: bool = False
    is_excel: bool = False
    notices: tuple[Notice, ...] = ()
    parts: Parts | None = None
    unread: Unread | None = None


def read_sources(folder: Path, book: BookSettings, engine: Engine) -> dict[str, Source]:
    """Return every table of the book as text in the engine, canonical tables first, then ``raw/…``.

    The statements run last, when the engine is shut off from files and the network.

    Raises
    ------
    KamError
        A table exists twice, no table ``orders``, a file cannot be read, or a ``.sql`` file fails.
    """
    files = table_files(folder)
    statements = {name: file for name, file in files.items() if file.suffix.lower() == ".sql"}
    raw: dict[str, Source] = {}
    refused: dict[str, KamError] = {}
    is_elsewhere = bool(book.connection.url)
    apart: Parts | None = None
    if statements and not is_elsewhere:
        texts = {name: _text_of(file) for name, file in statements.items()}
        files_of = with_patterns(raw_files(folder / "raw"), texts)
        own = {name: _raw_rules(book, statements, name) for name in files_of}
        apart = open_parts(folder, book, texts, files_of, own, engine)
        for name, parts in files_of.items():
            if apart is not None and name == apart.table:
                apart.show((), engine)
                rows, given = engine.connection.table(name), tuple(parts)
                raw[f"raw/{name}"] = Source(name, rows, given, _no_rejects(), parts=apart)
                continue
            tables, more = _raw_tables(name, parts, book, statements)
            refused |= more
            for table, rules in tables.items():
                raw[f"raw/{table}"] = _read_files(
                    table, parts, rules, frozenset(), engine, keep_as=table
                )
    sources = {
        name: _read_files(
            name,
            [file],
            rules_of(book, name),
            _wanted(name, book),
            engine,
            is_in_place=name == "orders",
        )
        for name, file in files.items()
        if name not in statements
    }
    if statements:
        known = [file for source in [*raw.values(), *sources.values()] for file in source.files]
        engine.shut([*known, *(apart.files if apart else ())])
    if statements and is_elsewhere:
        remote = open_remote(book.connection, folder)
        try:
            for name, file in statements.items():
                sources[name] = _run_sql(name, file, raw, engine, remote)
        finally:
            remote.close()
    else:
        for name, file in statements.items():
            parts_ = apart if name == "orders" else None
            sources[name] = _run_sql(name, file, raw, engine, refused=refused, parts=parts_)
    return {name: sources[name] for name in CANONICAL if name in sources} | raw


def _wanted(name: str, book: BookSettings) -> set[str]:
    """Return the names that a table's header should hold, folded."""
    own = book.columns.get(name, {})
    return {folded(own.get(column, column)) for column in CANONICAL[name].names}


def _raw_tables(
    name: str, files: list[Path], book: BookSettings, statements: Collection[str]
) -> tuple[dict[str, Rules], dict[str, KamError]]:
    """Return the tables that a file or folder in ``raw/`` holds, and how each is read: one; of a
    workbook whose sheets differ one per sheet (``shop_orders`` is the sheet Orders of shop.xlsx).
    Beside them why a sheet cannot be read, which matters where a statement names it.
    """
    rules = _raw_rules(book, statements, name)
    if len(files) > 1 or files[0].suffix.lower() not in WORKBOOKS or rules.sheet is not None:
        return {name: rules}, {}
    if len(sheets := sheet_names(files[0])) == 1:
        return {name: rules}, {}
    tables = {sheet: f"{name}_{table_word(sheet)}" for sheet in sheets}
    own = {sheet: _raw_rules(book, statements, table) for sheet, table in tables.items()}
    groups, refused = alike_sheets(files[0], own)
    if len(groups) + len(refused) == 1:
        return {name: rules}, {}
    found = {
        tables[group[0]]: own[group[0]].model_copy(update={"sheet": group}) for group in groups
    }
    return found, {tables[sheet]: error for sheet, error in refused.items()}


def _raw_rules(book: BookSettings, statements: Collection[str], table: str) -> Rules:
    """Return how a table in ``raw/`` is read: a workbook's numbers are written for the tables that
    select them.
    """
    rules = rules_of(book, f"raw/{table}")
    marks = {book.input.of(name).decimal for name in statements}
    if len(marks) > 1:
        raise KamError(
            "Tables that .sql files select have different decimal marks.",
            where="[input] in book.toml",
            next="Say one decimal under [input], and turn the others in their statements.",
        )
    return rules.model_copy(update={"decimal": marks.pop() if marks else rules.decimal})


def _run_sql(
    name: str,
    file: Path,
    raw: dict[str, Source],
    engine: Engine,
    remote: Remote | None = None,
    refused: Mapping[str, KamError] = MappingProxyType({}),
    parts: Parts | None = None,
) -> Source:
    table, text = f"kam_{name}", ""
    try:
        text = _text_of(file, errors="strict")
        if remote is not None:
            columns = remote.copy(text, engine, table)
        else:
            found = duckdb.extract_statements(text)
            if [statement.type for statement in found] != [duckdb.StatementType.SELECT]:
                raise ValueError("it is not one SELECT")
            described = engine.connection.raw_sql(f"DESCRIBE {text}").fetchall()
            columns = [column[0] for column in described]
            kind, rows_of = ("VIEW", parts.statement.sql) if parts else ("TABLE", text)
            engine.connection.raw_sql(f'CREATE OR REPLACE TEMP {kind} "{table}" AS\n{rows_of}\n')
    except UnicodeDecodeError:
        raise KamError(
            "The statement is not written in UTF-8.", where=str(file), next="Save it as UTF-8."
        ) from None
    except Exception as error:
        for sheet, refusal in refused.items():
            if sheet in text:
                raise refusal from None
        raise _no_statement(file, error, raw, is_elsewhere=remote is not None) from None
    twice = Counter(map(folded, columns))
    for column in CANONICAL[name].names:
        if twice[column] > 1:
            raise KamError(
                f"The statement selects two columns named '{column}'.",
                where=str(file),
                next="Select one of them, or name the other with AS.",
            )
    kept = engine.connection.table(table)
    if parts:
        return Source(name, kept, (file,), _no_rejects(), is_typed=True, parts=parts)
    row, place = number(kept) + 1, ibis.literal(file.name)
    if {"_file", "_row"} <= set(columns) and remote is None:
        is_known = kept["_file"].notnull() & kept["_row"].notnull()
        row = ibis.ifelse(is_known, kept["_row"].try_cast("int64"), row)
        place = ibis.ifelse(is_known, kept["_file"].cast("string"), place)
    rows = kept.mutate(_row=row, _file=place)
    is_each_known = not {"_file", "_row", "rowid"}.intersection(map(str.casefold, columns))
    return Source(name, rows, (file,), _no_rejects(), is_typed=True, is_in_place=is_each_known)


def _text_of(file: Path, errors: str = "replace") -> str:
    return file.read_text(encoding="utf-8-sig", errors=errors).strip().rstrip(";")


def _no_statement(
    file: Path, error: Exception, raw: dict[str, Source], *, is_elsewhere: bool = False
) -> KamError:
    """Return the refusal of a statement, with the tables and columns that it could name."""
    said = str(error).strip()
    message = said.splitlines()[0] if said else type(error).__name__
    next_ = "Mend the statement."
    if is_elsewhere:
        return KamError(
            f"The statement does not run there: {message}",
            where=str(file),
            next=f"{next_} It is written in DuckDB's dialect; the engine's own is read where "
            'book.toml says dialect = "native" under [connection].',
        )
    if isinstance(error, duckdb.PermissionException):
        next_ = "It can read the tables of the files in raw/ alone: put the file there."
    tables = []
    for name, source in raw.items():
        columns = [c for c in source.rows.columns if not c.startswith("_")]
        more = ", …" if len(columns) > _SHOWN else ""
        tables.append(f"{name.removeprefix('raw/')} ({', '.join(columns[:_SHOWN])}{more})")
    folder = file.parent / "raw"
    if tables:
        next_ += f" Tables it can read: {'; '.join(tables)}."
    if strange := unread_files(folder):
        next_ += f" In raw/, not of a form that can be read: {', '.join(strange)}."
    elif not tables:
        next_ += (
            " There is no file in raw/." if folder.is_dir() else " The book has no folder raw/."
        )
    return KamError(f"The statement does not run: {message}", where=str(file), next=next_)


def read_raw(
    name: str, files: list[Path], rules: Rules, wanted: Set[str], engine: Engine
) -> Source:
    """Read files that are no table of a book yet, under a name of their own."""
    return _read_files(name, files, rules, wanted, engine, keep_as=name)


def _read_files(
    name: str,
    files: list[Path],
    rules: Rules,
    wanted: Set[str],
    engine: Engine,
    keep_as: str | None = None,
    *,
    is_in_place: bool = False,
) -> Source:
    """Read a table's files; those of many rows are not copied into the engine as they are."""
    for file in files:
        size = file.stat().st_size
        if size > rules.largest_file_mb * 1_000_000:
            raise KamError(
                f"The file is larger than {rules.largest_file_mb} MB.",
                where=str(file),
                next="Split it, or raise largest_file_mb under [input] in book.toml.",
            )
    table = keep_as or f"kam_{name}"
    shown = f"raw/{name}" if keep_as else name
    form = files[0].suffix.lower()
    if form == ".parquet":
        try:
            rows = read_parquet(files, engine)
            if keep_as:
                kept = engine.name(rows, keep_as)
            else:
                kept = rows if is_in_place else engine.keep(rows, table)
        except KamError:
            raise
        except Exception as error:
            raise KamError(
                f"The file cannot be read: {error}", where=str(files[0]), next="Export it again."
            ) from None
        return Source(
            name, kept, tuple(files), _no_rejects(), is_typed=True, is_in_place=is_in_place
        )
    if form in WORKBOOKS:
        return _read_workbooks(name, shown, files, rules, wanted, engine, table)
    if is_in_place and files[0].stat().st_size >= LARGE_TEXT:
        unread = Unread(*open_text(files[0], shown, rules, wanted, engine), files[0])
        known = {**dict.fromkeys(unread.header.columns, "string"), "_file": "string"}
        rows = ibis.table({**known, "_row": "int64"}, name=table)
        return Source(name, rows, tuple(files), _no_rejects(), unread=unread)
    rows, rejected = read_text(files, shown, rules, wanted, engine)
    return Source(name, engine.name(rows, keep_as) if keep_as else rows, tuple(files), rejected)


def _read_workbooks(
    name: str,
    shown: str,
    files: list[Path],
    rules: Rules,
    wanted: Set[str],
    engine: Engine,
    table: str,
) -> Source:
    parts: list[pd.DataFrame] = []
    rejects, notices = [], []
    for file in files:
        part, rejected, told = read_workbook(file, shown, rules, wanted)
        known = {folded(name): name for other in reversed(parts) for name in other.columns}
        part.columns = [known.get(folded(name), name) for name in part.columns]
        parts.append(part)
        rejects.append(rejected)
        notices += told
    frame = pd.concat(parts, ignore_index=True)
    if shown != name:  # statements see the cells alone
        frame = frame[[column for column in frame.columns if not column.startswith(KIND)]]
    engine.connection.create_table(table, frame.astype("str"), temp=True, overwrite=True)
    rows = engine.connection.table(table).cast({"_row": "int64"})
    rejected = pd.concat(rejects, ignore_index=True)[["file", "line", "reason"]]
    return Source(name, rows, tuple(files), rejected, is_excel=True, notices=tuple(notices))


def _no_rejects() -> pd.DataFrame:
    return pd.DataFrame({"file": [], "line": [], "reason": []}).astype({"line": "int64"})
