"""Curves of concentration: Pareto, whale and Lorenz, point by point."""

from __future__ import annotations

import pandas as pd


def pareto(classes: pd.DataFrame) -> pd.DataFrame:
    """One row per account with a revenue class, largest first: how the revenue adds up.

    Columns
    -------
    rank: place by revenue; equal revenues are placed by account id
    account_id: the account
    name: its name
    revenue: revenue of the window (book currency)
    abc_revenue: A, B or C
    account_share: accounts up to this one / all accounts with a class
    before_share: share of revenue held by the accounts ranked before
    cum_share: share of revenue held up to and with this account
    is_bend: the last account of class A or of class B
    """
    ranked = _ranked(classes[classes["abc_revenue"].notna()], "revenue")
    ranks = pd.Series(range(1, len(ranked) + 1), index=ranked.index, dtype="int64")
    is_last = ranked["abc_revenue"].ne(ranked["abc_revenue"].shift(-1))
    return pd.DataFrame(
        {
            "rank": ranks,
            "account_id": ranked["account_id"],
            "name": ranked["name"],
            "revenue": ranked["revenue"],
            "abc_revenue": ranked["abc_revenue"],
            "account_share": ranks / max(len(ranked), 1),
            "before_share": ranked["before_share"],
            "cum_share": (ranked["revenue"].cumsum() / ranked["revenue"].sum()).clip(upper=1.0),
            "is_bend": (is_last & ranked["abc_revenue"].isin(["A", "B"])).astype("bool"),
        }
    )


def whale_curve(classes: pd.DataFrame) -> pd.DataFrame:
    """One row per account with a known margin, most profitable first: profit made, then lost again.

    The curve climbs to its peak while margins are positive and falls where accounts cost more than
    they bring. Shares are of the total margin and n/a when that is zero or less. Accounts without
    revenue and margin are left out. Empty without a known margin.

    Columns
    -------
    rank: place by margin; equal margins are placed by account id
    account_id: the account
    name: its name
    revenue: revenue of the window (book currency)
    margin: margin of the window (book currency)
    account_share: accounts up to this one / all accounts of the curve
    cumulative_margin: margin of the accounts up to and with this one (book currency)
    cumulative_share: the same / total margin; above 1 where losses follow
    """
    known = classes["margin"].notna() & (classes["margin"].ne(0) | classes["revenue"].ne(0))
    ranked = _ranked(classes[known], "margin")
    ranks = pd.Series(range(1, len(ranked) + 1), index=ranked.index, dtype="int64")
    total = ranked["margin"].sum()
    cumulative = ranked["margin"].cumsum()
    return pd.DataFrame(
        {
            "rank": ranks,
            "account_id": ranked["account_id"],
            "name": ranked["name"],
            "revenue": ranked["revenue"],
            "margin": ranked["margin"],
            "account_share": ranks / max(len(ranked), 1),
            "cumulative_margin": cumulative,
            "cumulative_share": cumulative / total if total > 0 else cumulative * float("nan"),
        }
    )


def lorenz(classes: pd.DataFrame) -> pd.DataFrame:
    """One row per account with a revenue class, smallest first, after the origin: the Lorenz curve.

    Columns
    -------
    rank: place from the smallest, 0 for the origin
    account_id: the account; blank for the origin
    account_share: accounts up to this one / all accounts with a class
    revenue_share: revenue of the accounts up to this one / all their revenue
    """
    ranked = (
        _ranked(classes[classes["abc_revenue"].notna()], "revenue")
        .iloc[::-1]
        .reset_index(drop=True)
    )
    shares = (ranked["revenue"].cumsum() / ranked["revenue"].sum()).clip(upper=1.0)
    count = len(ranked)
    points = [0, *range(1, count + 1)] if count else []
    return pd.DataFrame(
        {
            "rank": pd.Series(points, dtype="int64"),
            "account_id": pd.Series([None, *ranked["account_id"]][: len(points)], dtype="str"),
            "account_share": pd.Series(
                [point / max(count, 1) for point in points], dtype="float64"
            ),
            "revenue_share": pd.Series([0.0, *shares][: len(points)], dtype="float64"),
        }
    )


def _ranked(classes: pd.DataFrame, measure: str) -> pd.DataFrame:
    return classes.sort_values(
        [measure, "account_id"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)
