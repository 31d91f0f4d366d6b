"""How much depends on how few: accounts alone, and counted as company groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.segmentation.abc import LIMITS, abc_of
from kamlib.tables import exact

KEY_BAND = (0.30, 0.55)


def concentration(
    classes: pd.DataFrame,
    accounts: pd.DataFrame,
    keys: pd.DataFrame,
    *,
    band: tuple[float, float] = KEY_BAND,
) -> pd.DataFrame:
    """One row per scope: how concentrated the window's revenue is, over accounts and over groups.

    Scope ``groups`` adds each account to its ultimate parent. In are the accounts (groups) with
    positive revenue; those below zero are left out and counted. HHI = Σ share²; 1/HHI is the number
    of equal accounts that would be as concentrated. Gini = 2·Σ i·xᵢ / (n·Σx) − (n+1)/n with x
    ascending, twice the area between the Lorenz curve and the diagonal. The key accounts' share is
    of the whole net revenue; in scope ``groups`` a group counts as key when one of its accounts is.

    Columns
    -------
    scope: accounts or groups
    account_count: accounts or groups with positive revenue, the ones measured
    excluded_count: accounts or groups left out because their revenue is below zero
    excluded_revenue: their revenue (book currency)
    revenue: revenue of the ones measured (book currency)
    top_1_share: share of the largest
    top_5_share: share of the five largest
    top_10_share: share of the ten largest
    top_20_share: share of the twenty largest
    hhi: Herfindahl–Hirschman index, 0 to 1
    effective_number: 1 / hhi
    gini: Gini coefficient, 0 equal to 1
    key_count: key accounts, or groups with one
    key_revenue: their revenue (book currency)
    key_share: their share of the whole net revenue; n/a when that is zero or less
    key_band: below, within or above the usual band; n/a without key accounts
    note: which are in, and by which rule key accounts are
    """
    rows = _with_groups(classes, accounts).merge(
        keys[["account_id", "is_key"]], on="account_id", how="left"
    )
    rows["is_key"] = rows["is_key"].eq(True)
    groups = rows.groupby("group_id", as_index=False).agg(
        revenue=("revenue", "sum"), is_key=("is_key", "any")
    )
    groups["revenue"] = groups["revenue"].round(6)
    rule = keys["key_rule"].iloc[0] if len(keys) else "no key accounts"
    scopes = {"accounts": rows, "groups": groups} if len(classes) else {}
    table = pd.DataFrame(
        [_measured(scope, rows, rule, band) for scope, rows in scopes.items()], columns=COLUMNS
    )
    return table.astype(
        {
            column: "int64" if column.endswith("_count") else "float64"
            for column in COLUMNS[1:-2]
            if column != "key_band"
        }
        | {"scope": "str", "key_band": "str", "note": "str"}
    )


COLUMNS = [
    "scope", "account_count", "excluded_count", "excluded_revenue", "revenue", "top_1_share", "top_5_share",
    "top_10_share", "top_20_share", "hhi", "effective_number", "gini", "key_count", "key_revenue", "key_share",
    "key_band", "note",
]  # fmt: skip


ROLLUP = [
    "group_id", "group_name", "member_count", "active_count", "revenue", "group_rank", "abc_group", "largest_id",
    "largest_name", "largest_revenue", "largest_rank", "abc_largest", "rank_gain",
]  # fmt: skip


def _measured(
    scope: str, rows: pd.DataFrame, rule: str, band: tuple[float, float]
) -> dict[str, object]:
    revenue = rows["revenue"].to_numpy(dtype="float64")
    held = np.sort(revenue[revenue > 0])[::-1]
    total, count = held.sum(), len(held)
    shares = held / total if count else np.array([np.nan])
    hhi = float((shares**2).sum())
    places = np.arange(count, 0, -1)
    net = revenue.sum()
    key_revenue = rows.loc[rows["is_key"], "revenue"].sum()
    key_share = key_revenue / net if net > 0 else np.nan
    key_count = int(rows["is_key"].sum())
    return {
        "scope": scope,
        "account_count": count,
        "excluded_count": int((revenue < 0).sum()),
        "excluded_revenue": revenue[revenue < 0].sum(),
        "revenue": total,
        **{f"top_{n}_share": min(shares[:n].sum(), 1.0) for n in (1, 5, 10, 20)},
        "hhi": hhi,
        "effective_number": 1 / hhi,
        "gini": max(2 * (places * held).sum() / (count * total) - (count + 1) / count, 0.0)
        if count
        else np.nan,
        "key_count": key_count,
        "key_revenue": key_revenue,
        "key_share": key_share,
        "key_band": _band(key_share, band) if key_count else None,
        "note": f"{count:,} {scope} with positive revenue; key accounts: {rule}",
    }


def _band(share: float, band: tuple[float, float]) -> str | None:
    if np.isnan(share):
        return None
    return "below" if share < band[0] else "above" if share > band[1] else "within"


def rollup_changes(
    classes: pd.DataFrame, accounts: pd.DataFrame, *, abc: tuple[float, float] = LIMITS
) -> pd.DataFrame:
    """One row per company group of several accounts: its place as one group, and that of its
    largest alone.

    Ranks count accounts (groups) with more revenue, plus one, so equal revenues share a rank.

    Columns
    -------
    group_id: account id of the ultimate parent
    group_name: the group's name
    member_count: accounts in the group
    active_count: accounts of the group with positive revenue in the window
    revenue: revenue of the group (book currency)
    group_rank: place among all groups
    abc_group: class with groups counted as one account
    largest_id: the group's largest account
    largest_name: its name
    largest_revenue: its revenue (book currency)
    largest_rank: its place among all accounts
    abc_largest: its class alone
    rank_gain: largest_rank − group_rank
    """
    rows = _with_groups(classes, accounts)
    rows["is_active"] = rows["revenue"] > 0
    rows["rank"] = rows["revenue"].rank(method="min", ascending=False).astype("int64")
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
    groups["group_rank"] = groups["revenue"].rank(method="min", ascending=False).astype("int64")
    groups["abc_group"] = abc_of(exact(groups["revenue"]), abc=abc)["abc"]
    groups["rank_gain"] = (groups["largest_rank"] - groups["group_rank"]).astype("int64")
    return (
        groups[groups["member_count"] > 1]
        .reset_index()
        .sort_values(["revenue", "group_id"], ascending=[False, True], kind="stable")
        .reset_index(drop=True)[ROLLUP]
        .astype(
            {
                "abc_group": "str",
                "abc_largest": "str",
                "active_count": "int64",
                "member_count": "int64",
            }
        )
    )


def _with_groups(classes: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts' classes with the group each belongs to: itself where none is known."""
    columns = [column for column in ("account_id", "group_id", "group_name") if column in accounts]
    rows = classes[["account_id", "name", "revenue", "abc_revenue"]].merge(
        accounts[columns].drop_duplicates("account_id"), on="account_id", how="left"
    )
    group = rows["group_id"] if "group_id" in rows else rows["account_id"]
    rows["group_id"] = group.fillna(rows["account_id"]).astype("str")
    names = rows["group_name"] if "group_name" in rows else rows["name"]
    rows["group_name"] = names.fillna(rows["group_id"]).astype("str")
    return rows
