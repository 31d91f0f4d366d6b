"""Which order lines of an account a figure counts: those of the groups that its row is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

NOT_RECORDED = "not recorded"
_COLUMNS = {
    "manager": ("manager_id",),
    "product": ("product_id", "product"),
}
_OF_ACCOUNT = {"region": "region", "industry": "industry", "manager": "manager_id"}
"""Dimensions that the account answers for where a line says nothing."""


def named_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose group has a name; all of them where none has.

    >>> named_groups(pd.DataFrame({"group": ["not recorded", "North"]}))["group"].tolist()
    ['North']
    """
    named = rows[rows["group"].ne(NOT_RECORDED)]
    return named if len(named) else rows


@dataclass(frozen=True)
class Group:
    """Lines of a group: the first of ``columns`` that says something, else what ``own`` says of the
    account, is one of ``values``; without values: nobody says anything.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    own: pd.Series | None = None


def groups_of(by: str, q: Any, row: pd.Series) -> tuple[Group, ...]:
    """Return the groups that a rule speaks of: of a column of order lines, or of the dimensions
    that the row names.
    """
    if by != "dimension":
        return (Group((by,), (str(row[by]),)),)
    named = {row["dimension"]: row["group"]}
    if "second_dimension" in row:
        named[row["second_dimension"]] = row["second_group"]
    return tuple(_group(str(name), str(value), q) for name, value in named.items())


def _group(dimension: str, value: str, q: Any) -> Group:
    of_account = _OF_ACCOUNT.get(dimension)
    own = None if of_account is None else q.accounts.set_index("account_id")[of_account]
    values = () if value == NOT_RECORDED else (value,)
    if dimension == "manager":
        known = q.managers.dropna(subset=["name"])
        values = (*values, *known.loc[known["name"].eq(value), "manager_id"])
    if dimension == "product" and values:
        goods = pd.concat([q.product_sales, q.product_months])
        values = tuple(goods.loc[goods["product"].eq(value), "product_id"].unique())
    columns = () if dimension == "industry" else _COLUMNS.get(dimension, (dimension,))
    return Group(columns, values, own)
