"""What one manager sees of a book: the own accounts alone."""

from __future__ import annotations

import pandas as pd

from kamlib.errors import KamError, nearest
from kamlib.period.names import ACTIVITY
from kamlib.tables import CANONICAL

_BY_ACCOUNT = frozenset(
    {
        *ACTIVITY,
        "accounts",
        *(name for name, table in CANONICAL.items() if "account_id" in table.names),
    }
)
_SOLD = frozenset({"sales_cells", "order_cells", "split_orders"})
_SHARED = frozenset({"rates", "offers"})


def only_manager(tables: dict[str, pd.DataFrame], manager_id: str) -> dict[str, pd.DataFrame]:
    """Return tables with one manager's accounts alone: nothing of another's is left to derive.

    Raises
    ------
    KamError
        No account has that manager; the nearest id is named.
    """
    accounts = tables["accounts"]
    mine = accounts[accounts["manager_id"].eq(manager_id)]
    if mine.empty:
        raise KamError(
            f"No account has the manager '{manager_id}'.",
            where="manager_id",
            next=nearest(manager_id, accounts["manager_id"].dropna().unique()),
        )
    ids = set(mine["account_id"])
    cut = {}
    for name, frame in tables.items():
        if name in _BY_ACCOUNT:
            kept = frame[frame["account_id"].isin(ids)]
            if name in _SOLD:  # the sale is of the account, whoever took the order
                own = kept["manager_id"].eq(manager_id)
                kept = kept.assign(manager_id=kept["manager_id"].where(own))
            elif "manager_id" in kept and name != "accounts":
                kept = kept[kept["manager_id"].isna() | kept["manager_id"].eq(manager_id)]
            if name == "accounts":
                foreign = kept["parent_id"].notna() & ~kept["parent_id"].isin(ids)
                kept = kept.assign(parent_id=kept["parent_id"].mask(foreign))
                outside = ~kept["group_id"].isin(ids)
                kept = kept.assign(
                    group_id=kept["group_id"].mask(outside, kept["account_id"]),
                    group_name=kept["group_name"].mask(outside, kept["name"]),
                )
            cut[name] = kept.reset_index(drop=True)
        elif name in _SHARED:
            cut[name] = frame
        elif "manager_id" in frame:
            cut[name] = frame[frame["manager_id"].eq(manager_id)].reset_index(drop=True)
        else:
            cut[name] = frame.iloc[0:0]
    return cut
