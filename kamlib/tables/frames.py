"""Frames of the tables: typed as their schema says, with all columns in their order.

Text is held as Python's own strings: tables have thousands of rows, not millions, and what one asks
of them (is it among these, which account is it) takes a quarter less time than of Arrow's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kamlib.tables.canonical import CANONICAL
from kamlib.tables.catalogue import GAPPY, TYPES, OutputColumn, catalogue

pd.set_option("mode.string_storage", "python")

_ARRAYS = (np.ndarray, pd.api.extensions.ExtensionArray)

_DTYPES: dict[str, Any] = {
    "id": "str",
    "text": "str",
    "choice": "str",
    "date": "datetime64[us]",
    "month": "datetime64[us]",
    "money": "float64",
    "number": "float64",
    "flag": "boolean",
}


def empty_table(name: str) -> pd.DataFrame:
    """Return a canonical table without rows, its columns typed.

    >>> empty_table("offers").columns.tolist()
    ['offer', 'cost', 'reason', 'return_probability']
    """
    table = CANONICAL[name]
    return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES[c.type]) for c in table.columns})


def typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a canonical table's frame with all its columns, in order, in the kit's types."""
    table = CANONICAL[name]
    columns = {
        c.name: frame[c.name].astype(_DTYPES[c.type])
        if c.name in frame
        else pd.Series(pd.NA, index=frame.index, dtype=_DTYPES[c.type])
        if c.type not in ("money", "number")
        else pd.Series(float("nan"), index=frame.index)
        for c in table.columns
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def known_as_of(frame: pd.DataFrame, name: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return a canonical table as it was known on a day: later rows gone, later endings blank.

    >>> opened, closed = pd.to_datetime(["2025-01-10", "2025-09-01"])
    >>> deal = {"opportunity_id": ["1"], "account_id": ["A"], "outcome": ["won"],
    ...     "opened_date": [opened], "closed_date": [closed]}
    >>> deals = typed(pd.DataFrame(deal), "opportunities")
    >>> known_as_of(deals, "opportunities", pd.Timestamp("2025-06-30"))["outcome"].tolist()
    ['open']
    """
    table = CANONICAL[name]
    known = frame
    if table.date:
        known = known[known[table.date].le(as_of)]
    known = known.copy()
    for column, shown in table.later.items():
        is_later = known[column].gt(as_of)
        known[column] = known[column].mask(is_later)
        for other, value in shown.items():
            known[other] = known[other].mask(is_later, value)
    return known.reset_index(drop=True)


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """Return a table's rows one by one, each column an attribute."""
    row = _row(tuple(map(str, frame.columns)))
    yield from map(row._make, frame.itertuples(index=False, name=None))


@cache
def _row(columns: tuple[str, ...]) -> Any:
    """Return the class of such rows: making it takes longer than reading a short table."""
    return namedtuple("Row", columns, rename=True)


def shaped(name: str, rows: Any) -> pd.DataFrame:
    """Return rows as the table of that name: its columns in their order, typed, plainly indexed.

    The columns are those of the catalogue without the sentences, which `kamlib.story` adds. A
    column that the rows lack is empty; of a table without rows every column is there.

    >>> shaped("pareto", []).columns.tolist()[:3]
    ['rank', 'account_id', 'name']
    """
    if isinstance(rows, Mapping) and all(isinstance(one, _ARRAYS) for one in rows.values()):
        columns: dict[str, Any] = dict(rows)
        many = len(next(iter(columns.values()), []))
    else:
        is_table = isinstance(rows, Mapping | pd.DataFrame)
        frame = pd.DataFrame(rows if is_table else list(rows))
        columns, many = {str(one): frame[one].array for one in frame}, len(frame)
    if not many:
        return _empty(name).copy()
    kept = {one.name: _typed(columns.get(one.name), one, many) for one in _kept(name)}
    return pd.DataFrame(kept, index=pd.RangeIndex(many))


def coded(words: Sequence[str | None], code: Any) -> Any:
    """Return a column of text from the places of its words; −1 is n/a.

    >>> list(coded(["active", "lost"], np.array([1, 1, 0])))
    ['lost', 'lost', 'active']
    """
    return pd.array(list(words), dtype="str").take(code, allow_fill=True)


@cache
def _kept(name: str) -> list[OutputColumn]:
    known = catalogue()
    table = known.tables[name]
    columns = [known.columns[column] for column in (*table.columns, *table.facts)]
    return [one for one in columns if one.type != "sentence"]


@cache
def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({one.name: pd.Series(dtype=TYPES[one.type]) for one in _kept(name)})


def _typed(values: Any, column: OutputColumn, many: int) -> Any:
    dtype: Any = TYPES[column.type]
    if values is None:
        fill = {"int64": 0, "bool": False}.get(dtype)
        return pd.Series(fill, index=range(many), dtype=dtype).array
    if values.dtype == dtype:
        return values
    if dtype in GAPPY and pd.isna(values).any():
        dtype = GAPPY[dtype]
    return pd.Series(values).astype(dtype).array
