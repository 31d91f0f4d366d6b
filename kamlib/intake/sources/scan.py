"""Text files scanned into the engine: every line a row or rejected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd

from kamlib.errors import KamError
from kamlib.intake.notices import Notice
from kamlib.intake.sources.engine import Engine, number, quoted, quoted_name
from kamlib.tables import each
from kamlib.words import count

_TOO_MANY = "too many values in the row"
_SHOWN = 100
_LONGEST = 20_000_000
"""A line's most bytes; by itself the engine reads sixteen times as many at once, on one core while
others wait for it.
"""
_PARTED = re.compile(r"(?=(?:^|,)(-?\d{1,3}(?:\.\d{3})*,\d{1,2})(?:,|\s*$))")
"""An amount with a decimal comma, where commas part the columns."""
_NO_ERRORS = pd.DataFrame(columns=["file_path", "line", "error_type", "error_message", "csv_line"])


@dataclass(frozen=True)
class Header:
    """How a text file's lines are to be read: its columns, their delimiter, lines above them, what
    stands before a quotation mark inside a cell.
    """

    columns: tuple[str, ...]
    delimiter: str
    skip: int
    escape: str = '"'


@dataclass(frozen=True)
class Unread:
    """A text file that was opened and not yet scanned, and how it is to be read."""

    header: Header
    readable: Path
    file: Path

    @property
    def fitting(self) -> str:
        """What selects from the lines that fit the header, and notes no other."""
        return _reading(self.header, [self.readable], "ignore_errors=true")

    def rows(self, table: str) -> str:
        """Return what selects from all lines once; what does not fit is noted under a name."""
        return _reading(self.header, [self.readable], _noted(table))

    def rejected(self, engine: Engine, table: str, kept: str) -> pd.DataFrame:
        """Return the lines that did not fit when the others were ``kept`` in a table."""
        originals = {str(self.readable): self.file}
        rejected = _rejected(engine, table, originals)
        if len(rejected) and not engine.one(f"SELECT count(*) FROM {kept}"):
            raise _nothing_fits(self.header, self.file, rejected.iloc[0])
        return _told(self.header, rejected, originals)

    def scanned(self, engine: Engine) -> tuple[ir.Table, pd.DataFrame]:
        """Return rows, and lines that do not fit, as `scan_text` does."""
        engine.loaded += 1
        members = [(self.file, self.readable)]
        return scan_text(self.header, members, engine, f"kam_part_{engine.loaded}")


def _reading(header: Header, paths: list[Path], more: str) -> str:
    columns = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in header.columns)
    return (
        f"read_csv([{', '.join(map(quoted, paths))}], auto_detect=false, header=true, "
        f"skip={header.skip}, delim={quoted(header.delimiter)}, quote='\"', "
        f"escape={quoted(header.escape)}, columns={{{columns}}}, {more}, "
        f"max_line_size={_LONGEST}, buffer_size={2 * _LONGEST})"
    )


def _noted(table: str) -> str:
    """Return what has the lines that do not fit noted under a name."""
    return f"store_rejects=true, rejects_table='{table}_errors', rejects_scan='{table}_scans'"


def scan_text(
    header: Header, members: list[tuple[Path, Path]], engine: Engine, table: str
) -> tuple[ir.Table, pd.DataFrame]:
    """Read files of one header into the engine; return rows, and lines that do not fit."""
    con = engine.connection
    originals = {str(readable): original for original, readable in members}
    named = "filename='_file', " if len(members) > 1 else ""
    reading = _reading(header, [readable for _, readable in members], named + _noted(table))
    con.raw_sql(f"CREATE TEMP TABLE {table}_text AS SELECT * FROM {reading}")
    rejected = _rejected(engine, table, originals)
    if len(members) == 1:
        original = members[0][0]
        if len(rejected) and not engine.one(f"SELECT count(*) FROM {table}_text"):
            raise _nothing_fits(header, original, rejected.iloc[0])
        names = ", ".join(map(quoted_name, header.columns))
        is_taken = "rowid" in map(str.casefold, header.columns)  # that hides the engine's own
        row = "row_number() OVER ()" if is_taken else "rowid + 1"
        statement = f"SELECT {names}, {quoted(original.name)} AS _file, {row} AS _row"
        rows = engine.of_text(f"{statement} FROM {table}_text", table, header.columns)
    else:
        text = con.table(f"{table}_text")
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
        ).select(*header.columns, "_file", "_row")
    return rows, _told(header, rejected, originals)


def _rejected(engine: Engine, table: str, originals: dict[str, Path]) -> pd.DataFrame:
    """Return the first fault of each line that did not fit."""
    errors = (
        engine.connection.raw_sql(
            "SELECT s.file_path, e.line, e.error_type, e.error_message, e.csv_line "
            f"FROM {table}_errors e JOIN {table}_scans s USING (scan_id, file_id) ORDER BY ALL"
        ).df()
        if engine.one(f"SELECT count(*) FROM {table}_errors")
        else _NO_ERRORS
    )
    for error in each(errors[errors["error_type"].eq("UNQUOTED VALUE")]):
        raise KamError(
            "A quotation mark opens and never closes.",
            where=f"{originals[error.file_path]}, line {error.line}",
            next="Close it, or double it where it stands for itself.",
        )
    return errors.drop_duplicates(["file_path", "line"])


def _told(header: Header, rejected: pd.DataFrame, originals: dict[str, Path]) -> pd.DataFrame:
    """Return one row per line that did not fit: file, line, reason, text, delimiter."""
    return pd.DataFrame(
        {
            "file": [originals[path].name for path in rejected["file_path"]],
            "line": rejected["line"].astype("int64"),
            "reason": [
                "too few values in the row"
                if kind == "MISSING COLUMNS"
                else _TOO_MANY
                if kind == "TOO MANY COLUMNS"
                else "the row cannot be read"
                for kind in rejected["error_type"]
            ],
            "text": rejected["csv_line"].astype("str"),
            "delimiter": header.delimiter,
        }
    )


def unfit_notices(table: str, rejected: pd.DataFrame) -> list[Notice]:
    """Show a line of each file that has more values than its header has names, and what to do: as a
    rule a comma in an amount or a name parts it in two.
    """
    if "text" not in rejected.columns:
        return []
    notices = []
    long = rejected[rejected["reason"].eq(_TOO_MANY) & rejected["text"].notna()]
    for file, rows in long.groupby("file", sort=False):
        row = rows.iloc[0]
        found = _PARTED.findall(row["text"]) if row["delimiter"] == "," else []
        why = f": '{found[-1]}' is two values, since commas part them" if found else ""
        cell = found[-1] if found else f"a{row['delimiter']}b"
        notices.append(
            Notice(
                table,
                f"{count(len(rows), 'line')} of {file} {'has' if len(rows) == 1 else 'have'} more "
                f"values than the header has names. Line {row['line']} is "
                f"'{row['text'].strip()[:_SHOWN]}'{why}.",
                f'Put such a cell in quotation marks ("{cell}"), or export with another mark '
                "between the columns, such as ;.",
            )
        )
    return notices


def _nothing_fits(header: Header, file: Path, rejected: pd.Series) -> KamError:
    return KamError(
        f"No row fits the header of {len(header.columns)} columns: {rejected['error_message']}",
        where=f"{file}, line {rejected['line']}",
        next="Write as many values in each row as the header has names.",
    )
