"""The shape of a programme table: columns, order and types, also where there are no rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.tables import typed

TEXT, DATE, NUMBER, COUNT, FLAG = "str", "datetime64[us]", "float64", "int64", "bool"


def shaped(
    rows: pd.DataFrame | Iterable[Mapping[str, Any]], shape: Mapping[str, str]
) -> pd.DataFrame:
    """Return rows as a table with exactly the columns of a shape, typed, under a plain index.

    >>> shaped([], {"account_id": TEXT, "revenue": NUMBER}).dtypes.astype(str).tolist()
    ['str', 'float64']
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    blank = {COUNT: 0, FLAG: False}
    return pd.DataFrame(
        {
            name: frame[name].astype(pd.api.types.pandas_dtype(dtype))
            if name in frame and len(frame)
            else pd.Series(
                blank.get(dtype), index=frame.index, dtype=pd.api.types.pandas_dtype(dtype)
            )
            for name, dtype in shape.items()
        }
    ).reset_index(drop=True)


def canonical(frame: pd.DataFrame | None, table: str) -> pd.DataFrame:
    """Return a canonical table with all its columns, whatever of it is there."""
    return typed(pd.DataFrame() if frame is None else frame, table)


def key_ids(key_accounts: pd.DataFrame) -> list[str]:
    """Return the ids of the key accounts, sorted; all accounts listed where nothing says who is
    key.
    """
    if "is_key" in key_accounts:
        key_accounts = key_accounts[key_accounts["is_key"].astype(bool)]
    return (
        sorted(key_accounts["account_id"].unique().tolist()) if "account_id" in key_accounts else []
    )


def window_sums(
    account_months: pd.DataFrame, as_of: pd.Timestamp, *, count: int = 12, skip: int = 0
) -> pd.DataFrame:
    """Return revenue and margin per account over the ``count`` months that end ``skip`` months
    before the as-of day.

    The margin is n/a where a row of the window lacks its cost.
    """
    months = trailing_months(as_of, count + skip)[:count]
    rows = account_months[account_months["month"].isin(months)]
    rows = rows.assign(margin=rows["revenue"] - rows["cost"])
    sums = rows.groupby("account_id", sort=True)[["revenue", "margin"]].sum()
    lacking = rows.loc[rows["margin"].isna(), "account_id"].unique()
    return sums.assign(margin=sums["margin"].mask(sums.index.isin(lacking)))


def name_of(ids: pd.Series, names: pd.DataFrame, key: str) -> pd.Series:
    """Return the name of each id, the id itself where no name is known."""
    if "name" not in names or names.empty:
        return ids.astype("str")
    known = names.drop_duplicates(key).set_index(key)["name"]
    return ids.map(known).fillna(ids).astype("str")
