"""Reading a book's files into the engine as text: the only module that opens one.

A table is a file named after it (``orders.csv``) or a ``.sql`` file that selects it from the files
in ``raw/``. Files without types (CSV, Excel) arrive as text and nothing is guessed: what a value
means is decided later, column by column, by :mod:`kamlib.intake`.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.tables import CANONICAL, each

_FORMS = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
_LARGEST_UNPACKED = 1_000_000_000
_LARGEST_RATIO = 200
_SNIFFED = ",;\t|"


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


@dataclass
class Engine:
    """An open engine with a scratch folder; use it in a ``with`` block."""

    connection: ibis.backends.duckdb.Backend
    scratch: tempfile.TemporaryDirectory = field(repr=False)
    loaded: int = 0

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.disconnect()
        self.scratch.cleanup()

    def keep(self, rows: ir.Table, name: str) -> ir.Table:
        """Run an expression once and keep its result in the engine."""
        return self.connection.create_table(name, rows, temp=True, overwrite=True)


def open_engine() -> Engine:
    """Open an embedded engine of its own; nothing is shared with another run and nothing is downloaded."""
    scratch = tempfile.TemporaryDirectory(prefix="kam-")
    connection = ibis.duckdb.connect(
        temp_directory=scratch.name, autoinstall_known_extensions=False, autoload_known_extensions=False
    )
    connection.raw_sql("SET TimeZone = 'UTC'")
    return Engine(connection, scratch)


def read_sources(folder: Path, book: BookSettings, engine: Engine) -> dict[str, Source]:
    """Return every table of the book as text in the engine, canonical tables first, then ``raw/…``.

    Raises
    ------
    KamError
        A table exists twice, no table ``orders``, a file cannot be read, or a ``.sql`` file fails.
    """
    files = _table_files(folder)
    raw: dict[str, Source] = {}
    if any(file.suffix == ".sql" for file in files.values()):
        for name, parts in _raw_files(folder / "raw").items():
            raw[f"raw/{name}"] = _read_files(name, parts, book, engine, keep_as=name)
    sources = {
        name: _run_sql(name, file, raw, engine) if file.suffix == ".sql" else _read_files(name, [file], book, engine)
        for name, file in files.items()
    }
    return {name: sources[name] for name in CANONICAL if name in sources} | raw


def input_files(folder: Path) -> list[Path]:
    """Return every file that the book's figures rest on, in a fixed order."""
    found = [folder / "book.toml", *_table_files(folder).values()]
    for parts in _raw_files(folder / "raw").values():
        found += parts
    return found + plan_files(folder)


def plan_files(folder: Path) -> list[Path]:
    """Return the account plans of a book, in a fixed order."""
    plans = folder / "plans"
    return sorted(plans.glob("*.toml")) if plans.is_dir() else []


def _table_files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in (*_FORMS, ".sql") or file.name.startswith((".", "~$")):
            continue
        if file.stem not in CANONICAL:
            raise KamError(
                f"'{file.name}' is not a table of the kit.",
                where=str(file),
                next=f"{nearest(file.stem, CANONICAL)} Files that .sql files read belong in raw/.",
            )
        if file.stem in found:
            raise KamError(
                f"The table '{file.stem}' is there twice.",
                where=f"{found[file.stem].name} and {file.name}",
                next="Keep one of them.",
            )
        found[file.stem] = file
    if "orders" not in found:
        raise KamError(
            "The book has no orders.",
            where=str(folder),
            next="Add orders.csv (order_id, account_id, order_date, revenue), or orders.sql that selects them.",
        )
    return found


def _raw_files(folder: Path) -> dict[str, list[Path]]:
    if not folder.is_dir():
        return {}
    found: dict[str, list[Path]] = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            parts = sorted(p for p in entry.iterdir() if p.suffix.lower() in _FORMS and not p.name.startswith("."))
            if len({p.suffix.lower() for p in parts}) > 1:
                raise KamError(
                    "A folder of raw files holds files of one form only.",
                    where=str(entry),
                    next="Split it into one folder per form.",
                )
        else:
            parts = [entry] if entry.suffix.lower() in _FORMS and not entry.name.startswith((".", "~$")) else []
        if parts and entry.stem in found:
            raise KamError(f"raw/ has two tables named '{entry.stem}'.", where=str(entry), next="Rename one of them.")
        if parts:
            found[entry.stem] = parts
    return found


def _run_sql(name: str, file: Path, raw: dict[str, Source], engine: Engine) -> Source:
    text = file.read_text(encoding="utf-8-sig").strip().rstrip(";")
    try:
        selected = engine.connection.sql(text)
        rows = engine.keep(selected.mutate(_row=ibis.row_number() + 1, _file=ibis.literal(file.name)), f"kam_{name}")
    except Exception as error:
        known = ", ".join(part.removeprefix("raw/") for part in raw) or "none: raw/ is empty or missing"
        message = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise KamError(
            f"The statement does not run: {message}",
            where=str(file),
            next=f"Mend the statement. Tables it can read: {known}.",
        ) from None
    return Source(name, rows, (file,), _no_rejects(), is_typed=True)


def _read_files(name: str, files: list[Path], book: BookSettings, engine: Engine, keep_as: str | None = None) -> Source:
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
            raise KamError(f"The file cannot be read: {error}", where=str(files[0]), next="Export it again.") from None
        return Source(name, engine.keep(rows, table), tuple(files), _no_rejects(), is_typed=True)
    if form == ".xlsx":
        parts = [_sheet(file).assign(_file=file.name) for file in files]
        frame = pd.concat(parts, ignore_index=True)
        engine.connection.create_table(table, frame.astype("str"), temp=True, overwrite=True)
        rows = engine.connection.table(table).cast({"_row": "int64"})
        return Source(name, rows, tuple(files), _no_rejects(), is_excel=True)
    return _read_text(name, files, book, engine, keep_as)


def _parquets(files: list[Path], engine: Engine) -> list[ir.Table]:
    return [
        engine.connection.read_parquet(file).mutate(_row=ibis.row_number() + 1, _file=ibis.literal(file.name))
        for file in files
    ]


def _read_text(name: str, files: list[Path], book: BookSettings, engine: Engine, keep_as: str | None) -> Source:
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
    if keep_as:
        rows = engine.keep(rows, keep_as)
    return Source(name, rows, tuple(files), pd.concat(rejects, ignore_index=True))


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
    columns = ", ".join(f"{_quoted(column)}: 'VARCHAR'" for column in header.columns)
    paths = ", ".join(_quoted(path) for path in originals)
    con.raw_sql(
        f"CREATE TEMP TABLE {table}_text AS SELECT * FROM read_csv([{paths}], auto_detect=false, header=true, "
        f"skip={header.skip}, delim={_quoted(header.delimiter)}, quote='\"', escape='\"', "
        f"columns={{{columns}}}, filename='_file', store_rejects=true, max_line_size=20000000, "
        f"rejects_table='{table}_errors', rejects_scan='{table}_scans')"
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
        rows = text.mutate(_row=text.rowid() + 1, _file=ibis.literal(original.name))
    else:
        first = con.raw_sql(f"SELECT _file, min(rowid) AS at FROM {table}_text GROUP BY _file").df()
        first = first.set_index("_file")["at"]
        for path in rejected["file_path"].unique():
            if path not in first.index:
                raise _nothing_fits(header, originals[path], rejected[rejected["file_path"].eq(path)].iloc[0])
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
        numbered = text.mutate(_at=text.rowid()).inner_join(names, [("_file", "_path")])
        rows = numbered.mutate(_row=numbered["_at"] - numbered["_first"] + 1, _file=numbered["_name"])
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
    """Check a text file's encoding and header; return them with the path of a UTF-8 copy where one is needed."""
    content = file.read_bytes()
    encoding = book.input.encoding
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except LookupError:
        raise KamError(f"Unknown encoding '{encoding}'.", where="[input] in book.toml", next="Try cp1252.") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise KamError(
            f"The file is not written in {encoding}.",
            where=f"{file}, line {line}",
            next='Save it as UTF-8, or say how it is written: encoding = "cp1252" under [input] in book.toml.',
        ) from None
    skip, delimiter = 0, book.input.delimiter
    head = text[:200_000].replace("\r\n", "\n").replace("\r", "\n")
    if head.lower().startswith("sep=") and "\n" in head:
        skip, delimiter = 1, head[4]
        head = head.split("\n", 1)[1]
    if not head.strip():
        raise KamError("The file is empty.", where=str(file), next="It needs a first line with the column names.")
    first_line = head.splitlines()[0]
    if delimiter is None:
        delimiter = max(_SNIFFED, key=lambda mark: len(next(csv.reader([first_line], delimiter=mark))))
    columns = [column.strip() for column in next(csv.reader(io.StringIO(head), delimiter=delimiter))]
    columns = [column or f"column_{number}" for number, column in enumerate(columns, start=1)]
    seen: set[str] = set()
    for column in columns:
        if column.casefold() in seen:
            raise KamError(
                f"Two columns are named '{column}'.", where=f"{file}, line {skip + 1}", next="Rename one of them."
            )
        seen.add(column.casefold())
    readable = file
    returns = text.count("\r\n")
    is_mixed = text.count("\r") > returns or 0 < returns < text.count("\n")
    if encoding.lower() not in ("utf-8", "utf8", "utf-8-sig") or is_mixed:
        engine.loaded += 1
        readable = Path(engine.scratch.name) / f"{engine.loaded}.csv"
        plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        readable.write_text(plain, encoding="utf-8", newline="")
    return _Header(tuple(columns), delimiter, skip), readable


def _sheet(file: Path) -> pd.DataFrame:
    """Read a workbook's one sheet as text: dates as ISO, whole numbers without a point."""
    import openpyxl

    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        raise KamError("The file is no Excel workbook.", where=str(file), next="Save it as .xlsx again.") from None
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
        raise KamError("The sheet is empty.", where=str(file), next="Its first row holds the column names.")
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
        return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat()
    return str(value)


def _no_rejects() -> pd.DataFrame:
    return pd.DataFrame({"file": [], "line": [], "reason": []}).astype({"line": "int64"})


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"
