"""Deals: how old the open ones are, which slipped, and against whom deals are won and lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from kamlib.tables import shaped

AGES = (30, 90, 180)
"""Days since it was opened by which an open deal's age is told."""
SIZES = ("small", "middle", "large")
NOT_RECORDED = "not recorded"


def open_deals(opportunities: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per stage × age of the open deals: how many, what they are worth, how many slipped.

    A deal has slipped when the day on which it was expected to close has passed. A value that is
    not recorded is counted in ``no_value_count`` and is in no sum.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> deals = typed(pd.DataFrame({"opportunity_id": ["1", "2"], "outcome": "open",
    ...     "opened_date": pd.to_datetime(["2025-09-01", "2025-09-02"]), "value": [10.0, None],
    ...     "expected_close": pd.to_datetime(["2025-09-20", None])}), "opportunities")
    >>> table = open_deals(deals, as_of=pd.Timestamp("2025-09-30"))
    >>> table[["age", "open_deal_count", "slipped_count", "no_value_count"]].values.tolist()
    [['up to 30 days', 2, 1, 1]]
    """
    own = opportunities[opportunities["outcome"].eq("open")]
    own = own[own["opened_date"].le(as_of)]
    days = (as_of - own["opened_date"]).dt.days
    names = [
        f"up to {AGES[0]} days",
        *(f"{a + 1} to {b} days" for a, b in pairwise(AGES)),
    ]
    place = np.searchsorted(AGES, days.to_numpy(), side="left")
    own = own.assign(
        stage=own["stage"].fillna(NOT_RECORDED),
        age=np.array([*names, f"over {AGES[-1]} days"])[place],
        place=place,
        slipped=own["expected_close"].lt(as_of),
        no_value=own["value"].isna(),
        weighted=own["value"] * own["probability"],
    )
    table = own.groupby(["stage", "place", "age"], as_index=False).agg(
        open_deal_count=("opportunity_id", "size"),
        slipped_count=("slipped", "sum"),
        deal_value=("value", "sum"),
        weighted_value=("weighted", "sum"),
        no_value_count=("no_value", "sum"),
    )
    size = table.groupby("stage")["deal_value"].transform("sum")
    order = table.assign(size=-size).sort_values(["size", "stage", "place"], kind="stable")
    return shaped("open_deals", order)


def win_rates(
    opportunities: pd.DataFrame, managers: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per dimension × group of the deals closed in two years: won, lost, days to close.

    By rival, recorded reason, manager, category and size (thirds of the values recorded); all deals
    first. ``win_share`` is of the closed deals, by number; n/a below ten. The reason of a lost deal
    says why it was lost, so that dimension has no win rate.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.win_rates["dimension"].iloc[0]
    'all'
    """
    own = opportunities[opportunities["outcome"].isin(["won", "lost"])]
    closed = own["closed_date"].fillna(own["opened_date"])
    own = own[closed.le(as_of) & closed.gt(as_of - pd.DateOffset(years=2))]
    names = managers.dropna(subset=["name"]).set_index("manager_id")["name"]
    manager = own["manager_id"].map(names.to_dict()).astype("str").fillna(own["manager_id"])
    by = {
        "all": pd.Series("all", index=own.index, dtype="str"),
        "competitor": own["competitor"],
        "manager": manager,
        "category": own["category"],
        "size": _sizes(own["value"]),
        "reason": own["reason"].where(own["outcome"].eq("lost")),
    }
    parts = []
    for dimension, group in by.items():
        kept = own[own["outcome"].eq("lost")] if dimension == "reason" else own
        if dimension != "all" and not group.notna().any():
            continue
        rows = kept.assign(group=group.reindex(kept.index).astype("str").fillna(NOT_RECORDED))
        parts.append(_rates(rows).assign(dimension=dimension))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if len(table):
        is_many = table["closed_deal_count"].ge(10) & table["dimension"].ne("reason")
        table["win_share"] = (table["won_deal_count"] / table["closed_deal_count"]).where(is_many)
    return shaped("win_rates", table)


def _sizes(value: pd.Series) -> pd.Series:
    if value.notna().sum() < len(SIZES):
        return pd.Series(None, index=value.index, dtype="str")
    ranks = value.rank(method="first", pct=True)
    place = pd.Series(np.ceil(ranks * len(SIZES)), index=value.index).clip(1, len(SIZES)) - 1
    return place.map(dict(enumerate(SIZES))).astype("str")


def _rates(rows: pd.DataFrame) -> pd.DataFrame:
    days = (rows["closed_date"] - rows["opened_date"]).dt.days
    is_won = rows["outcome"].eq("won")
    own = rows.assign(
        won=is_won,
        lost=~is_won,
        won_sum=rows["value"].where(is_won, 0.0).fillna(0.0),
        lost_sum=rows["value"].where(~is_won, 0.0).fillna(0.0),
        no_value=rows["value"].isna(),
        days=days,
        won_days=days.where(is_won),
        lost_days=days.where(~is_won),
    )
    table = own.groupby("group", as_index=False).agg(
        closed_deal_count=("won", "size"),
        won_deal_count=("won", "sum"),
        lost_deal_count=("lost", "sum"),
        won_value=("won_sum", "sum"),
        lost_value=("lost_sum", "sum"),
        no_value_count=("no_value", "sum"),
        close_days=("days", "median"),
        won_close_days=("won_days", "median"),
        lost_close_days=("lost_days", "median"),
    )
    return table.sort_values(["lost_value", "group"], ascending=[False, True], kind="stable")
