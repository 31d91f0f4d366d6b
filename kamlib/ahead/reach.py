"""What is in reach: the map of key accounts by category, and what needs leave to be won."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.period.months import trailing_months
from kamlib.tables import shaped

BY = ["account_id", "category"]
BOUGHT_BY = 0.40
MIN_PEERS = 5


def category_map(
    category_months: pd.DataFrame,
    needs: pd.DataFrame,
    competitors: pd.DataFrame,
    accounts: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per key account × category: bought, once bought, or held by whom; what is in reach.

    ``map_status`` is the first that holds: *bought* in the last 12 months; *once bought*; *need
    known* (table needs); *peers buy*: at least 40 % of at least five accounts of its industry that
    buy anything; *none*. ``held_by`` names the rivals recorded for the category there, else the
    supplier of the need. In reach is what the need leaves: annual spend × attainable share ×
    probability − what it bought, never below 0; an estimate of the need below what it buys is
    wrong, and leaves nothing. Lost accounts are left out.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.category_map["map_status"].isin(["bought", "peers buy"]).any().item()
    True
    """
    keys = key_accounts.loc[key_accounts["is_key"].eq(True), "account_id"]
    gone = account_status.loc[account_status["status"].eq("lost"), "account_id"]
    ids = sorted(set(keys) - set(gone))
    year = category_months[category_months["month"].isin(trailing_months(as_of, 12))]
    bought = year.pivot_table(
        index="account_id", columns="category", values="revenue", aggfunc="sum"
    )
    ever = category_months.groupby(BY)["revenue"].sum()
    names = sorted({*category_months["category"], *needs["category"].dropna()})
    grid = pd.MultiIndex.from_product([ids, names], names=BY)
    own = in_reach(needs, category_months, as_of).reindex(grid)
    table = pd.DataFrame(index=grid).reset_index()
    table["revenue"] = year.groupby(BY)["revenue"].sum().reindex(grid).fillna(0.0).to_numpy()
    once = ever.reindex(grid).fillna(0.0).to_numpy() > 0
    spend = own["annual_spend"].to_numpy(dtype="float64")
    peers = _peers_buy(bought, accounts, table)
    held = holders(needs, competitors).groupby(BY)["competitor"].agg(", ".join).astype("str")
    table = table.assign(
        map_status=np.select(
            [table["revenue"] > 0, once, ~np.isnan(spend), peers],
            ["bought", "once bought", "need known", "peers buy"],
            "none",
        ),
        annual_spend=spend,
        need_in_reach=own["need_in_reach"].to_numpy(dtype="float64"),
        held_by=held.reindex(grid).to_numpy(),
    )
    known = accounts.set_index("account_id")
    table["name"] = table["account_id"].map(known["name"])
    table["owner"] = table["account_id"].map(known["manager_name"])
    return shaped("category_map", table)


def rivals(
    category_map: pd.DataFrame,
    needs: pd.DataFrame,
    competitors: pd.DataFrame,
    win_rates: pd.DataFrame,
) -> pd.DataFrame:
    """One row per rival that holds something at a key account: where, and what of it is in reach.

    Of the map: the accounts and categories at which the rival is named, what those accounts spend
    there a year with everybody, and what the needs leave in reach. Where two rivals are named for
    one category both have it. Beside it the deals won and lost against it in two years, at all
    accounts. The most spend first.

    Examples
    --------
    >>> from kamlib.tables import empty_table, typed
    >>> map_ = shaped("category_map", {"account_id": ["A", "B"], "name": ["Ada", "Bo"],
    ...     "category": "Ink", "annual_spend": [9.0, 5.0]})
    >>> named = {"account_id": ["A", "B", "B"], "competitor": ["Nord", "Nord", "West"]}
    >>> named = typed(pd.DataFrame({**named, "category": "Ink"}), "competitors")
    >>> table = rivals(map_, empty_table("needs"), named, shaped("win_rates", []))
    >>> table[["competitor", "where_held", "held_spend"]].values.tolist()
    [['Nord', 'Ada, Bo', 14.0], ['West', 'Bo', 5.0]]
    """
    table = category_map.merge(holders(needs, competitors), on=BY)
    table = table.groupby("competitor", as_index=False).agg(
        account_count=("account_id", "nunique"),
        where_held=("name", lambda names: ", ".join(dict.fromkeys(names))),
        categories=("category", lambda names: ", ".join(sorted(set(names)))),
        held_spend=("annual_spend", lambda own: own.sum(min_count=1)),
        need_in_reach=("need_in_reach", lambda own: own.sum(min_count=1)),
    )
    deals = win_rates[win_rates["dimension"].eq("competitor")].set_index("group")
    for name in ("won_deal_count", "lost_deal_count", "lost_value"):
        table[name] = deals[name].reindex(table["competitor"]).fillna(0).to_numpy()
    by = ["held_spend", "account_count", "competitor"]
    return shaped("rivals", table.sort_values(by, ascending=[False, False, True], kind="stable"))


def in_reach(
    needs: pd.DataFrame, category_months: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the needs by account and category, with what each leaves in reach a year."""
    own = needs.dropna(subset=["category"]).drop_duplicates(BY).set_index(BY)
    year = category_months[category_months["month"].isin(trailing_months(as_of, 12))]
    sold = year.groupby(BY)["revenue"].sum().reindex(own.index).fillna(0.0)
    could = own["annual_spend"] * own["attainable_share"].fillna(1.0)
    left = (could * own["probability"].fillna(1.0) - sold).clip(lower=0)
    return own.assign(need_in_reach=left.mask(sold > own["annual_spend"], 0.0))


def holders(needs: pd.DataFrame, competitors: pd.DataFrame) -> pd.DataFrame:
    """Return who holds a category at an account: rivals recorded, else the need's supplier."""
    named = competitors.dropna(subset=["category"])[[*BY, "competitor"]].drop_duplicates()
    known = needs.dropna(subset=["category", "previous_supplier"]).drop_duplicates(BY)
    known = known.rename(columns={"previous_supplier": "competitor"})[[*BY, "competitor"]]
    taken = pd.MultiIndex.from_frame(known[BY]).isin(pd.MultiIndex.from_frame(named[BY]))
    return pd.concat([named, known[~taken]]).sort_values(BY, kind="stable", ignore_index=True)


def _peers_buy(bought: pd.DataFrame, accounts: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """Return for each account × category whether enough of its industry buys it."""
    industry = accounts.set_index("account_id")["industry"].to_dict()
    of = pd.Series(bought.index, index=bought.index).map(industry)
    buys = bought.gt(0)
    share: Any = buys.groupby(of).mean()
    many = of.groupby(of).size()
    found = []
    for account, category in zip(table["account_id"], table["category"], strict=True):
        trade = industry.get(account)
        enough = many.get(trade, 0) >= MIN_PEERS and category in share
        found.append(bool(enough and share.loc[trade, category] >= BOUGHT_BY))
    return np.array(found, dtype=bool)
