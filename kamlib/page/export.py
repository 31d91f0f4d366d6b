"""Published tables: CSV files that no spreadsheet program takes for formulas, and typed copies for
later notebooks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from kamlib.errors import KamError
from kamlib.page.columns import each_once, exported, kind_of
from kamlib.period import origin
from kamlib.period.graph import READ
from kamlib.tables import catalogue

TABLES = "KAM_TABLES"
"""Environment variable: the folder for CSV files, set by a report run."""

_TRIGGER = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
_FIGURES = {"money", "share", "number", "count", "index"}
_RESTORE = re.compile(r"'+\s*[=+\-@\t\r\n＝＋－＠]")


def neutralised(text: str) -> str:
    """Return text that a spreadsheet program shows and never runs: an apostrophe before = + - @,
    tab and line ends.

    >>> neutralised("=1+1"), neutralised("Kettle & Sons"), restored(neutralised("'=1"))
    ("'=1+1", 'Kettle & Sons', "'=1")
    """
    return "'" + text if _TRIGGER.match(text) else text


def restored(text: str) -> str:
    """Return the text that `neutralised` was given: one apostrophe less where such a sign follows
    apostrophes.
    """
    return text[1:] if _RESTORE.match(text) else text


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV: comma, UTF-8, bare line feeds, ISO dates, plain shares, money of at
    most 6 decimals.
    """
    kinds = {key: exported_kind(table[key], key) for key in table.columns}
    columns = [each_once(table[key], cell_of(kind)) for key, kind in kinds.items()]
    heads = [_quoted(neutralised(str(key))) for key in table.columns]
    lines = [",".join(heads), *(",".join(cells) or '""' for cells in zip(*columns, strict=True))]
    return "\n".join(lines) + "\n"


def publish(frame: pd.DataFrame, name: str = "") -> None:
    """Write `tables/<name>.csv` in a report run; elsewhere do nothing.

    A table that a period answered with is published whole, with its sentences, however the frame
    was filtered or sorted since; any other frame under the name given.
    """
    q, known = origin(frame)
    if q is not None and name in ("", known):
        publish_table(q, known)
    else:
        _publish(frame, name)


def publish_table(q: Any, name: str) -> None:
    """Write a table of a period as `tables/<name>.csv` in a report run: once, whatever charts and
    tables of a notebook show of it.
    """
    if folder := os.environ.get(TABLES):
        told = q.told(name)
        if _PUBLISHED.get((folder, name)) is not told:
            _publish(told, name)
            _PUBLISHED[folder, name] = told


_PUBLISHED: dict[tuple[str, str], pd.DataFrame] = {}
"""Folder and name → the table that was published there, so that it is written once."""


def is_published(name: str) -> bool:
    """Return whether a name is that of a table that reports publish: what the graph computes."""
    table = catalogue().tables.get(name)
    return table is not None and table.area not in READ


def _publish(table: pd.DataFrame, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise KamError(
            f"'{name}' cannot be the name of a published table.",
            where="a call of table() or publish()",
            next="Use small letters, digits and underscores.",
        )
    text = csv_text(table)
    if folder := os.environ.get(TABLES):
        _write(Path(folder) / f"{name}.csv", text)


def exported_kind(values: pd.Series, key: str) -> str:
    """Return the kind a column is written as: for figures the catalogue's, else what they are."""
    column, guessed = catalogue().columns.get(key), kind_of(values, key)
    if column is None:
        return guessed
    return column.type if {column.type, guessed} <= _FIGURES else guessed


def cell_of(kind: str) -> Callable[[Any], str]:
    """Return what writes a cell of a kind as CSV."""

    def cell(value: Any) -> str:
        plain = exported(value, kind)
        if plain is None:
            return ""
        if isinstance(plain, bool):
            return "true" if plain else "false"
        if isinstance(plain, str):
            return _quoted(neutralised(plain)) if kind == "text" else plain
        text = repr(plain)
        return f"{Decimal(text):f}" if "e" in text else text  # never an exponent

    return cell


def _quoted(text: str) -> str:
    """Return a field; the signs that some program takes for a separator or a line's end stand in
    quotes.
    """
    return (
        '"' + text.replace('"', '""') + '"'
        if re.search(r'[",;\t\r\n\u2028\u2029\x85\x0b\x0c]', text)
        else text
    )


def _write(file: Path, text: str) -> None:
    content = text.encode("utf-8", "replace")
    if file.is_file() and file.read_bytes() != content:
        raise KamError(
            f"Two different tables were published as '{file.stem}'.",
            where=str(file),
            next="Publish each table once, or under two names.",
            exit_code=1,
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
