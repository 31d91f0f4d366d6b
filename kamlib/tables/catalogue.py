"""The catalogue of outputs: every table and column that the kit makes, said once.

``catalogue/<area>.toml`` says for each table its row, its key and its columns, and for each column
its type, heading and meaning. Frames, pages, CSV files, the workbook and ``docs/tables.md`` read
it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kamlib.errors import KamError, nearest

FOLDER = Path(__file__).parent / "catalogue"
TYPES = {
    "id": "str",
    "text": "str",
    "code": "str",
    "sentence": "str",
    "money": "float64",
    "share": "float64",
    "number": "float64",
    "index": "float64",
    "count": "int64",
    "flag": "bool",
    "date": "datetime64[us]",
    "month": "datetime64[us]",
}
"""Type of a column → dtype of its frame. A count with gaps is held as a float, a flag with gaps as
a nullable boolean.
"""

GAPPY = {"int64": "float64", "bool": "boolean"}


@dataclass(frozen=True)
class OutputColumn:
    """A column by its name, with one meaning in the whole kit.

    ``shown_as`` is the kind it is shown as, where this is not its type; ``link`` where its cells
    lead to; ``words`` how its codes are written for people.
    """

    name: str
    type: str
    heading: str
    meaning: str
    shown_as: str = ""
    link: str = ""
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OutputTable:
    """A table by its name: what a row is, what makes a row one, its columns, what a reader sees.

    ``facts`` are columns that its sentences are made of and that are not published; ``kinds_by``
    names for a column that holds several kinds of figures the one that says which figure a row is.
    ``time`` is what its amounts and counts are of: the window, the 12 months to the as-of day …
    """

    name: str
    area: str
    made_in: str
    row: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    title: str = ""
    caption: str = ""
    limit: int | None = None
    order: tuple[str, ...] = ()
    scope: str = ""
    time: str = ""
    kinds_by: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """A calculation whose result is no table: a model, a rule, a plan."""

    name: str
    made_in: str
    what: str
    scope: str = ""


@dataclass(frozen=True)
class Catalogue:
    """Everything that a period answers with, by name."""

    tables: dict[str, OutputTable]
    columns: dict[str, OutputColumn]
    values: dict[str, Value]
    figures: dict[str, dict[str, str]]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue, read once.

    Raises
    ------
    KamError
        A table, value or column is said twice, or a table has a column that nothing explains.
    """
    found: dict[str, dict[str, Any]] = {"tables": {}, "columns": {}, "values": {}, "figures": {}}
    words: dict[str, dict[str, str]] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        words.update(content.pop("words", {}))
        for kind, entries in content.items():
            for name, entry in entries.items():
                if name in found[kind]:
                    raise KamError(f"'{name}' is said twice.", where=str(file), next="Say it once.")
                found[kind][name] = {**entry, "area": file.stem} if kind == "tables" else entry
    columns = {
        name: OutputColumn(name, words=words.get(name, {}), **entry)
        for name, entry in found["columns"].items()
    }
    tables = {name: _table(name, entry, columns) for name, entry in found["tables"].items()}
    values = {name: Value(name, **entry) for name, entry in found["values"].items()}
    return Catalogue(tables, columns, values, found["figures"])


def _table(name: str, entry: dict[str, Any], columns: dict[str, OutputColumn]) -> OutputTable:
    lists = ("columns", "key", "facts", "shown", "order")
    given: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in entry.items()}
    table = OutputTable(name, **given)
    for column in (*table.columns, *table.facts, *table.shown):
        if column not in columns:
            raise KamError(
                f"No column '{column}' is explained.",
                where=f"catalogue, table '{name}'",
                next=nearest(column, columns),
            )
    return table
