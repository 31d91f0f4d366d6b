"""Key accounts as every table of the programme sees them: their ids, names and money."""

from __future__ import annotations

import pandas as pd

from kamlib.period.months import trailing_months


def key_ids(key_accounts: pd.DataFrame) -> pd.Index:
    """Return the ids of the key accounts, sorted."""
    is_key = key_accounts["is_key"].astype(bool)
    return pd.Index(
        sorted(key_accounts.loc[is_key, "account_id"].unique()), dtype="str", name="account_id"
    )


def window_sums(account_months: pd.DataFrame, as_of: pd.Timestamp, count: int = 12) -> pd.DataFrame:
    """Return revenue and margin per account over the ``count`` months that end on the as-of day.

    The margin is n/a where a row of the window lacks its cost.
    """
    return summed(account_months[account_months["month"].isin(trailing_months(as_of, count))])


def summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return revenue and margin per account over some months or days; the margin is n/a where a
    row lacks its cost.
    """
    rows = rows.assign(margin=rows["revenue"] - rows["cost"])
    sums = rows.groupby("account_id", sort=True)[["revenue", "margin"]].sum()
    lacking = rows.loc[rows["margin"].isna(), "account_id"].unique()
    return sums.assign(margin=sums["margin"].mask(sums.index.isin(lacking)))


def by_id(table: pd.DataFrame, key: str = "account_id") -> pd.DataFrame:
    """Return the first row of each id, under its id."""
    return table.drop_duplicates(key).set_index(key)


def names_of(ids: pd.Series | pd.Index, table: pd.DataFrame, key: str = "account_id") -> pd.Series:
    """Return the name of each id, the id itself where no name is known.

    >>> names = pd.DataFrame({"account_id": ["A", "B"], "name": ["Alpha", None]})
    >>> names_of(pd.Series(["A", "B", "C"]), names).tolist()
    ['Alpha', 'B', 'C']
    """
    ids = pd.Series(ids)
    return ids.map(by_id(table, key)["name"]).astype("str").fillna(ids)
