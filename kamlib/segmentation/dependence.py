"""How much depends on how few: accounts alone, and counted as company groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.segmentation.abc import abc_of
from kamlib.tables import exact, shaped

KEY_BAND = (0.30, 0.55)
"""The usual share of key accounts in the revenue."""


def concentration(
    account_classes: pd.DataFrame,
    accounts: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    manager_id: str = "",
) -> pd.DataFrame:
    """One row per scope: how concentrated the window's revenue is, over accounts and over groups.

    Scope ``groups`` adds each account to its ultimate parent. In are the accounts (groups) with
    positive revenue; those below zero are left out and counted. HHI = Σ share²; 1/HHI is the number
    of equal accounts that would be as concentrated. Gini = 2·Σ i·xᵢ / (n·Σx) − (n+1)/n with x
    ascending, twice the area between the Lorenz curve and the diagonal. The key accounts' share is
    of the whole net revenue; in scope ``groups`` a group counts as key when one of its accounts is.
    The usual band of that share is 30 to 55 %: of a whole company's chosen key accounts, so that
    neither the largest that stand in for them nor one manager's accounts are compared with it.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": list("ABCD"), "revenue": 25.0})
    >>> accounts = shaped("accounts", {"account_id": list("ABCD"), "group_id": list("AACD")})
    >>> spread = concentration(classes, accounts, shaped("key_accounts", []))
    >>> spread[["scope", "top_1_share", "effective_number"]].round(2).values.tolist()
    [['accounts', 0.25, 4.0], ['groups', 0.5, 2.67]]
    """
    keys = key_accounts.loc[key_accounts["is_key"], "account_id"]
    rows = _with_groups(account_classes, accounts)
    rows["is_key"] = rows["account_id"].isin(keys)
    groups = rows.groupby("group_id").agg(revenue=("revenue", "sum"), is_key=("is_key", "any"))
    groups["revenue"] = groups["revenue"].round(6)
    scopes = {"accounts": rows, "groups": groups} if len(rows) else {}
    table = pd.DataFrame([{"scope": scope, **_measured(each)} for scope, each in scopes.items()])
    is_provisional = bool(key_accounts["is_provisional"].any())
    if is_provisional or manager_id:
        table["key_band"] = None
    return shaped(
        "concentration",
        table.assign(
            band_low_share=KEY_BAND[0],
            band_high_share=KEY_BAND[1],
            is_provisional=is_provisional,
        ),
    )


def _measured(rows: pd.DataFrame) -> dict[str, object]:
    revenue = rows["revenue"].to_numpy(dtype="float64")
    held = np.sort(revenue[revenue > 0])[::-1]
    total, count = held.sum(), len(held)
    shares = held / total if count else np.array([np.nan])
    hhi = float((shares**2).sum())
    places = np.arange(count, 0, -1)
    gini = 2 * (places * held).sum() / (count * total) - (count + 1) / count if count else np.nan
    net = revenue.sum()
    key_count, key_revenue = int(rows["is_key"].sum()), rows.loc[rows["is_key"], "revenue"].sum()
    key_share = key_revenue / net if net > 0 else np.nan
    return {
        "account_count": count,
        "excluded_count": int((revenue < 0).sum()),
        "excluded_revenue": revenue[revenue < 0].sum(),
        "revenue": total,
        **{f"top_{n}_share": min(shares[:n].sum(), 1.0) for n in (1, 5, 10, 20)},
        "hhi": hhi,
        "effective_number": 1 / hhi,
        "gini": max(gini, 0.0) if count else gini,
        "key_count": key_count,
        "key_revenue": key_revenue,
        "key_share": key_share,
        "key_band": _band(key_share) if key_count else None,
    }


def _band(share: float) -> str | None:
    if np.isnan(share):
        return None
    return "below" if share < KEY_BAND[0] else "above" if share > KEY_BAND[1] else "within"


def rollup_changes(
    account_classes: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per company group of several accounts: its place as one group, and that of its
    largest alone.

    Ranks count accounts (groups) with more revenue, plus one, so equal revenues share a rank.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": list("ABC"),
    ...     "revenue": [50.0, 30.0, 30.0]})
    >>> accounts = shaped("accounts", {"account_id": list("ABC"), "group_id": list("ABB")})
    >>> changes = rollup_changes(classes, accounts)
    >>> changes[["group_id", "largest_rank", "group_rank", "rank_gain"]].values.tolist()
    [['B', 2.0, 1.0, 1]]
    """
    rows = _with_groups(account_classes, accounts)
    rows["is_active"] = rows["revenue"] > 0
    rows["rank"] = rows["revenue"].rank(method="min", ascending=False)
    rows = rows.sort_values(["revenue", "account_id"], ascending=[False, True], kind="stable")
    groups = rows.groupby("group_id", sort=True).agg(
        group_name=("group_name", "first"),
        member_count=("account_id", "size"),
        active_count=("is_active", "sum"),
        revenue=("revenue", "sum"),
        largest_id=("account_id", "first"),
        largest_name=("name", "first"),
        largest_revenue=("revenue", "first"),
        largest_rank=("rank", "first"),
        abc_largest=("abc_revenue", "first"),
    )
    groups["revenue"] = groups["revenue"].round(6)
    groups["group_rank"] = groups["revenue"].rank(method="min", ascending=False)
    groups["abc_group"] = abc_of(exact(groups["revenue"]), segmentation.abc)["abc"]
    groups["rank_gain"] = groups["largest_rank"] - groups["group_rank"]
    return shaped(
        "rollup_changes",
        groups[groups["member_count"] > 1]
        .reset_index()
        .sort_values(["revenue", "group_id"], ascending=[False, True], kind="stable"),
    )


def _with_groups(account_classes: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts' classes with the group each belongs to: itself where none is known."""
    groups = accounts.drop_duplicates("account_id").set_index("account_id")
    groups = groups.reindex(columns=["group_id", "group_name"]).astype("str")
    rows = account_classes[["account_id", "name", "revenue", "abc_revenue"]].join(
        groups, on="account_id"
    )
    names = rows["group_name"] if "group_name" in accounts else rows["name"]
    rows["group_id"] = rows["group_id"].fillna(rows["account_id"])
    rows["group_name"] = names.fillna(rows["group_id"])
    return rows
