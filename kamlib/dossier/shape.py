"""The shape of a table: which columns it has, in which order and type, and the rows of one account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.tables import CANONICAL, empty_table, typed

TEXT: Any = "str"
DATE: Any = "datetime64[us]"
NUMBER: Any = "float64"
COUNT: Any = "int64"
FLAG: Any = "bool"


def shaped(
    rows: pd.DataFrame | Iterable[Mapping[str, Any]], shape: Mapping[str, Any]
) -> pd.DataFrame:
    """Return rows as a table with exactly the columns of a shape, typed, under a plain index.

    >>> shaped([], {"account_id": TEXT, "revenue": NUMBER}).dtypes.astype(str).tolist()
    ['str', 'float64']
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    columns = {
        name: frame[name].astype(dtype)
        if len(frame) and name in frame
        else _blank(dtype, frame.index)
        for name, dtype in shape.items()
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def _blank(dtype: Any, index: pd.Index) -> pd.Series:
    fill = {COUNT: 0, FLAG: False}.get(dtype)
    return pd.Series(fill, index=index, dtype=dtype)


def rows_of(frame: pd.DataFrame | None, table: str, account_id: str) -> pd.DataFrame:
    """Return the account's rows of a canonical table, with all its columns; none for a missing
    table.
    """
    if frame is None or frame.empty:
        return empty_table(table)
    return typed(frame[frame["account_id"].eq(account_id)], table)


def canonical(frame: pd.DataFrame | None, table: str) -> pd.DataFrame:
    """Return a canonical table with all its columns, whatever of it is there."""
    if frame is None or frame.empty:
        return empty_table(table)
    extra = [name for name in frame.columns if name not in CANONICAL[table].names]
    return pd.concat([typed(frame, table), frame[extra].reset_index(drop=True)], axis=1)


def in_window(
    frame: pd.DataFrame, as_of: pd.Timestamp, *, count: int = 12, skip: int = 0
) -> pd.DataFrame:
    """Return the rows of the ``count`` months that end ``skip`` months before the as-of day."""
    months = trailing_months(as_of, count + skip)[:count]
    return frame[frame["month"].isin(months)]


def covers_year_before(first_date: pd.Timestamp | None, as_of: pd.Timestamp) -> bool:
    """Return whether data from a first day on cover the 12 months before the window; True where
    none is given.

    A first order within the first month of these 12 counts as covered: a quiet start is no gap.

    >>> covers_year_before(pd.Timestamp("2023-10-20"), pd.Timestamp("2025-09-30"))
    True
    >>> covers_year_before(pd.Timestamp("2024-02-01"), pd.Timestamp("2025-09-30"))
    False
    """
    return first_date is None or pd.isna(first_date) or first_date <= trailing_months(as_of, 24)[0]


def days_between(later: pd.Timestamp, earlier: pd.Series) -> pd.Series:
    """Return whole days from each earlier day to a later one; NaN where there is no day."""
    return (later - earlier).dt.days.astype("float64")


def text_or(value: Any, otherwise: str = "") -> str:
    """Return a text, or another one where there is none."""
    return otherwise if value is None or pd.isna(value) or str(value).strip() == "" else str(value)
