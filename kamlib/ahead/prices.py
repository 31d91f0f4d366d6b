"""Prices: what accounts pay, against what others pay for the same in the same month."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from kamlib.tables import each, shaped

LEAST_FALL = 0.02
"""A price that fell by less over two years is steady."""
MIN_ACCOUNTS, MOST_GROUPS = 10, 40
"""Accounts that say anything of volume, and the groups of like size that a line is laid through."""
LEAST_COMPARED = 0.5
"""Of an account's revenue, the share that must be compared before anything is said."""


def price_realisation(price_years: pd.DataFrame, account_status: pd.DataFrame) -> pd.DataFrame:
    """One row per account whose prices can be compared: what it pays of the book's price.

    ``price_share`` is what was paid in 12 months, over the same quantities at the median price that
    the accounts paid for each product in each month. Volume may explain it: ``volume_price_share``
    is what accounts of its size pay (a robust line through the shares over the logarithm of what
    they bought, where at least ten accounts are compared). ``conceded`` is what it paid less than
    that, below zero where it paid more. An account of which less than half of the revenue can be
    compared is left out.

    Examples
    --------
    >>> rows = shaped("price_years", {"account_id": ["A", "B"], "product_id": "p", "year_number": 0,
    ...     "revenue": [90.0, 100.0], "book_price_revenue": [100.0, 100.0]})
    >>> status = shaped("account_status", {"account_id": ["A", "B"], "revenue": [90.0, 100.0]})
    >>> table = price_realisation(rows, status)
    >>> table[["account_id", "price_share", "conceded"]].values.tolist()
    [['A', 0.9, 10.0], ['B', 1.0, 0.0]]
    """
    sums = price_years.groupby(["account_id", "year_number"])[
        ["revenue", "book_price_revenue"]
    ].sum()
    shares = (sums["revenue"] / sums["book_price_revenue"]).unstack()
    shares = shares.reindex(columns=[0, 1, 2])
    now = sums.xs(0, level="year_number") if len(sums) else sums.droplevel(-1)
    known = account_status.set_index("account_id")
    table = pd.DataFrame(
        {
            "priced_revenue": now["revenue"],
            "book_price_revenue": now["book_price_revenue"],
            "price_share": shares[0].reindex(now.index),
            "previous_price_share": shares[1].reindex(now.index),
        }
    )
    table["revenue"] = known["revenue"].reindex(table.index)
    table["compared_share"] = table["priced_revenue"] / table["revenue"].where(table["revenue"] > 0)
    table = table[table["compared_share"].ge(LEAST_COMPARED)]
    table["volume_price_share"] = _of_volume(table)
    usual = table["volume_price_share"].fillna(1.0)
    table = table.assign(
        conceded=(usual * table["book_price_revenue"] - table["priced_revenue"]).round(6),
        name=known["name"].reindex(table.index),
        owner=known["manager_name"].reindex(table.index),
    )
    table = table.rename_axis("account_id").reset_index()
    by = ["conceded", "account_id"]
    return shaped(
        "price_realisation", table.sort_values(by, ascending=[False, True], kind="stable")
    )


def _of_volume(table: pd.DataFrame) -> pd.Series:
    """Return what an account of its size pays: a line over the log of volume, by the median of the
    slopes between groups of accounts (Theil and Sen), which a single odd price does not move.
    """
    if len(table) < MIN_ACCOUNTS:
        return pd.Series(np.nan, index=table.index)
    size, share = np.log(table["book_price_revenue"].to_numpy()), table["price_share"].to_numpy()
    groups = np.array_split(np.argsort(size, kind="stable"), min(MOST_GROUPS, len(table)))
    x, y = (np.array([np.median(of[one]) for one in groups]) for of in (size, share))
    slope = theilslopes(y, x).slope
    return pd.Series(np.median(y - slope * x) + slope * size, index=table.index)


def price_erosion(price_years: pd.DataFrame, account_status: pd.DataFrame) -> pd.DataFrame:
    """One row per account that paid less of the book's price in each of two years running.

    Products bought in all three years alone, each weighted by what was bought in the last, so that
    another mix is no erosion. Listed are accounts whose share fell from year to year, by 2 points
    and more in all; ``eroded`` is what that takes away in a year.

    Examples
    --------
    >>> rows = shaped("price_years", {"account_id": "A", "product_id": "p",
    ...     "year_number": [0, 1, 2], "revenue": [90.0, 95.0, 100.0], "book_price_revenue": 100.0})
    >>> status = shaped("account_status", {"account_id": ["A"], "status": ["active"]})
    >>> price_erosion(rows, status)[["price_share", "eroded"]].values.tolist()
    [[0.9, 10.0]]
    """
    by = ["account_id", "product_id"]
    wide: Any = price_years.set_index([*by, "year_number"])[
        ["revenue", "book_price_revenue"]
    ].unstack()
    columns = pd.MultiIndex.from_product([["revenue", "book_price_revenue"], [0, 1, 2]])
    wide = wide.reindex(columns=columns).dropna()
    weight = wide["book_price_revenue"][0]
    shares = pd.DataFrame(
        {
            year: weight * wide["revenue"][year] / wide["book_price_revenue"][year]
            for year in range(3)
        }
    )
    accounts = shares.groupby("account_id").sum().div(weight.groupby("account_id").sum(), axis=0)
    if accounts.empty:
        return shaped("price_erosion", [])
    fell = accounts[0].lt(accounts[1]) & accounts[1].lt(accounts[2])
    fell &= (accounts[2] - accounts[0]).ge(LEAST_FALL)
    table = accounts[fell].rename(
        columns={0: "price_share", 1: "previous_price_share", 2: "earlier_price_share"}
    )
    own = weight.groupby("account_id")
    known = account_status.set_index("account_id")
    there = known.index[~known["status"].isin(["lost", "never"])]
    table = table[table.index.isin(there)]
    fall = table["earlier_price_share"] - table["price_share"]
    table = table.assign(
        product_count=own.size().reindex(table.index),
        eroded=(fall * own.sum().reindex(table.index)).round(6),
        name=known["name"].reindex(table.index),
        owner=known["manager_name"].reindex(table.index),
    )
    table = table.rename_axis("account_id").reset_index()
    order = ["eroded", "account_id"]
    return shaped("price_erosion", table.sort_values(order, ascending=[False, True], kind="stable"))


def bonus_brackets(
    agreements: pd.DataFrame,
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per bonus threshold of the agreements in force: what is reached, and what is missing.

    A threshold is of the revenue of a year of the agreement, counted from its first day. Within
    reach is one that the pace so far (at least 60 days of it) would reach by the year's end, or
    that lacks less than a tenth.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.bonus_brackets)
    0
    """
    own = agreements[agreements["start_date"].le(as_of) & agreements["bonus_threshold"].notna()]
    own = own[own["end_date"].isna() | own["end_date"].ge(as_of)]
    rows = []
    for row in each(own):
        years = as_of.year - row.start_date.year
        start = row.start_date + pd.DateOffset(years=years)
        start = start if start <= as_of else row.start_date + pd.DateOffset(years=years - 1)
        end = start + pd.DateOffset(years=1) - pd.Timedelta(days=1)
        days = account_days[account_days["account_id"].eq(row.account_id)]
        reached = days.loc[days["date"].between(start, as_of), "revenue"].sum()
        gone = (as_of - start).days + 1
        pace = reached / gone * ((end - start).days + 1)
        missing = max(row.bonus_threshold - reached, 0.0)
        near = missing <= 0.1 * row.bonus_threshold
        rows.append(
            {
                "account_id": row.account_id,
                "agreement_id": row.agreement_id,
                "bonus_kind": row.bonus_kind,
                "bonus_threshold": row.bonus_threshold,
                "bonus_rate": row.bonus_rate,
                "to_date": reached,
                "still_missing": missing,
                "bonus_year_end_date": end,
                "is_within_reach": bool(near or (gone >= 60 and pace >= row.bonus_threshold)),
                "bonus": row.bonus_rate * max(reached, row.bonus_threshold),
            }
        )
    table = shaped("bonus_brackets", rows)
    known = accounts.set_index("account_id")
    table["name"] = known["name"].reindex(table["account_id"]).astype("str").to_numpy()
    return table.sort_values(["bonus_year_end_date", "agreement_id"]).reset_index(drop=True)
