"""Rows of a sheet by their columns: the cells of a list become the text of the file at once.

Written one by one each cell of a long list is an object that waits in memory for the end, and each
formula is searched for thirty names of functions. Here a column is made of the texts of its cells,
equal values once, and its rows wait in a file. Everything else of a sheet is xlsxwriter's.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple

import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_range
from xlsxwriter.worksheet import Worksheet

from kamlib.page.columns import exported
from kamlib.page.export import neutralised

LONGEST_TEXT = 32_767
"""A cell holds no more units of UTF-16; longer texts are cut here and whole in the CSV files."""
NARROW, WIDE = 26, 52
"""Letters that a column of names and one of sentences have room for; longer texts go on below."""

_AS_CELLS = {"prose": "text", "index": "number", "mixed": "number"}
"""Kinds that only pages tell apart."""


class _Block(NamedTuple):
    """Rows of a sheet that wait in a file, from one row up to another."""

    top: int
    end: int
    text: IO[str]


class Sheet(Worksheet):
    """A sheet that takes blocks of rows beside single cells; no row has both."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[_Block] = []

    def put_rows(self, top: int, columns: Sequence[Sequence[str]]) -> None:
        """Put rows from ``top`` on: the texts of the cells of each column, as a `Cells` makes
        them.
        """
        if not columns or not len(columns[0]):
            return
        heads = [f'<c r="{xl_col_to_name(column)}' for column in range(len(columns))]
        text = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - waits
        for at, row in enumerate(zip(*columns, strict=True), start=top + 1):
            mark = f'{at}"'
            cells = "".join([head + mark + cell for head, cell in zip(heads, row, strict=True)])
            text.write(f'<row r="{at}">{cells}</row>')
        end = top + len(columns[0])
        self._check_dimensions(top, 0)
        self._check_dimensions(end - 1, len(columns) - 1)
        self._blocks.append(_Block(top, end, text))

    def add_named_table(self, top: int, rows: int, columns: int, options: dict[str, Any]) -> None:
        """Make a table of its first row, then let it reach to its last: xlsxwriter would note each
        of its cells.
        """
        self.add_table(top, 0, top + min(rows, 1), columns - 1, options)
        whole = xl_range(top, 0, top + rows, columns - 1)
        self.tables[-1].update(range=whole, a_range=whole, autofilter=whole)
        self._check_dimensions(top + rows, columns - 1)

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        """Return a formula as the file has it: ours name functions as it does."""
        return formula.removeprefix("=")

    def _write_rows(self) -> None:
        """Write single cells and blocks in the order of their rows."""
        first, last = self.dim_rowmin, self.dim_rowmax  # type: ignore[has-type]
        for block in sorted(self._blocks):
            self.dim_rowmax = block.top - 1
            super()._write_rows()
            block.text.seek(0)
            shutil.copyfileobj(block.text, self.fh)
            block.text.close()
            self.dim_rowmin = block.end
        self.dim_rowmax = last
        super()._write_rows()
        self.dim_rowmin = first


class Cells:
    """Makes the cells of a sheet as its file has them, what stands behind their address."""

    def __init__(self, sheet: Sheet, formats: dict[str, Any]) -> None:
        self._sheet, self._formats = sheet, formats
        self._styles: dict[str, str] = {}

    def values(self, values: pd.Series, kinds: str | Sequence[str]) -> list[str]:
        """Return the cells of a column: text as text whatever it looks like, what is missing as an
        empty cell.
        """
        missing = values.isna().tolist()
        each_kind = _endless(kinds) if isinstance(kinds, str) else iter(kinds)
        known: dict[tuple[str, type, Any], str] = {}
        texts: set[str] = set()
        found = []
        for value, is_missing, kind in zip(values.tolist(), missing, each_kind, strict=False):
            key = (kind, value.__class__, None if is_missing else value)
            cell = known.get(key)
            if cell is None:
                cell = known[key] = self._cell(None if is_missing else value, kind)
                if ' t="s"' in cell:
                    texts.add(cell)
            found.append(cell)
        if texts:  # the file says how often its texts are used
            again = sum(map(texts.__contains__, found)) - len(texts)
            self._sheet.str_table.count += again
        return found

    def formulas(self, formulas: Iterable[str], values: Iterable[Any], kind: str) -> list[str]:
        """Return formulas with the values they have now."""
        style = self._style(kind)
        return [
            f"{style}{_value_of(value, formula)}"
            for formula, value in zip(formulas, values, strict=True)
        ]

    def _style(self, kind: str) -> str:
        if kind not in self._styles:
            self._styles[kind] = f' s="{self._formats[kind]._get_xf_index()}"'
        return self._styles[kind]

    def _cell(self, value: Any, kind: str) -> str:
        kind = _AS_CELLS.get(kind, kind)
        is_day = isinstance(value, pd.Timestamp)
        plain = exported(value, "text" if isinstance(value, str) else "date" if is_day else kind)
        if plain is None:
            return f"{self._style(kind)}/>"
        if is_day:
            day = self._sheet._convert_date_time(value.to_pydatetime())
            return f"{self._style('date')}><v>{day:.16G}</v></c>"
        if isinstance(plain, bool):
            return f'{self._style("flag")} t="b"><v>{int(plain)}</v></c>'
        if isinstance(plain, str) or kind == "text":
            text = cell_text(str(plain))
            place = self._sheet.str_table._get_shared_string_index(text)
            return f'{self._style(text_style(text, kind))} t="s"><v>{place}</v></c>'
        return f"{self._style(kind)}><v>{plain:.16G}</v></c>"


def text_style(text: str, kind: str) -> str:
    """Return the format of a text: guarded where it looks like a formula, wrapped where it is
    long.

    >>> text_style("=1+1", "text"), text_style("a" * 30, "text"), text_style("A", "class")
    ('guarded', 'wrapped', 'class')
    """
    if kind != "text":
        return kind
    return "guarded" if neutralised(text) != text else "wrapped" if len(text) > NARROW else kind


def cell_text(value: str) -> str:
    r"""Return text that fits a cell, without halves of letters that no file can hold.

    >>> len(cell_text("a" * 40_000)), len(cell_text("😀" * 20_000)), cell_text("a\ud83d")
    (32767, 16383, 'a?')
    """
    text = value[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
    if len(text) <= LONGEST_TEXT // 2:
        return text
    return text.encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _value_of(value: Any, formula: str) -> str:
    """Return what stands in the cell of a formula behind its style."""
    plain = exported(value, "text" if isinstance(value, str) else "number")
    shown = "" if plain is None else plain
    kind = ' t="str"' if isinstance(shown, str) and shown else ""
    return f"{kind}><f>{_escaped(formula.removeprefix('='))}</f><v>{_escaped(str(shown))}</v></c>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _endless(kind: str) -> Iterator[str]:
    while True:
        yield kind
