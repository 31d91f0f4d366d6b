"""Curves of concentration: Pareto, whale and Lorenz, point by point."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped


def pareto(account_classes: pd.DataFrame) -> pd.DataFrame:
    """One row per account with a revenue class, largest first: how the revenue adds up.

    Equal revenues are placed by account id.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": ["A", "B"],
    ...     "revenue": [80.0, 20.0], "abc_revenue": ["A", "C"]})
    >>> pareto(classes)[["account_id", "cumulative_revenue_share"]].values.tolist()
    [['A', 0.8], ['B', 1.0]]
    """
    classed = account_classes[account_classes["abc_revenue"].notna()]
    return shaped(
        "pareto",
        _ranked(classed, "revenue").assign(
            cumulative_revenue_share=_cumulative_share,
            is_bend=lambda rows: (
                rows["abc_revenue"].isin(["A", "B"])
                & rows["abc_revenue"].ne(rows["abc_revenue"].shift(-1))
            ),
        ),
    )


def whale_curve(account_classes: pd.DataFrame) -> pd.DataFrame:
    """One row per account with a known margin, most profitable first: profit made, then lost again.

    The curve climbs to its peak while margins are positive and falls where accounts cost more than
    they bring. Shares are of the total margin and n/a when that is zero or less. Accounts without
    revenue and margin are left out. Empty without a known margin.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": ["A", "B"],
    ...     "margin": [-10.0, 30.0], "abc_revenue": ["A", "C"]})
    >>> whale_curve(classes)[["account_id", "cumulative_margin"]].values.tolist()
    [['B', 30.0], ['A', 20.0]]
    """
    margin, revenue = account_classes["margin"], account_classes["revenue"]
    rows = _ranked(account_classes[margin.notna() & (margin.ne(0) | revenue.ne(0))], "margin")
    reached, total = rows["margin"].cumsum(), rows["margin"].sum()
    shares = reached / (total if total > 0 else np.nan)
    return shaped(
        "whale_curve", rows.assign(cumulative_margin=reached, cumulative_margin_share=shares)
    )


def lorenz(account_classes: pd.DataFrame) -> pd.DataFrame:
    """One row per account with a revenue class, smallest first, after the origin: the Lorenz curve.

    The origin has rank 0 and no account. Empty without a classed account.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": ["A", "B"],
    ...     "revenue": [80.0, 20.0], "abc_revenue": ["A", "C"]})
    >>> lorenz(classes)["cumulative_revenue_share"].tolist()
    [0.0, 0.2, 1.0]
    """
    classed = account_classes[account_classes["abc_revenue"].notna()]
    if classed.empty:
        return shaped("lorenz", classed)
    rows = _ranked(classed, "revenue").iloc[::-1].reset_index(drop=True)
    rows = _placed(rows).assign(cumulative_revenue_share=_cumulative_share)
    origin = {"rank": 0, "cumulative_account_share": 0.0, "cumulative_revenue_share": 0.0}
    return shaped("lorenz", pd.concat([pd.DataFrame([origin]), rows], ignore_index=True))


def _ranked(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return rows by a measure, largest first, each with its rank."""
    order = [measure, "account_id"]
    return _placed(
        rows.sort_values(order, ascending=[False, True], kind="stable").reset_index(drop=True)
    )


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    ranks = pd.RangeIndex(1, len(rows) + 1)
    return rows.assign(rank=ranks, cumulative_account_share=ranks / max(len(rows), 1))


def _cumulative_share(rows: pd.DataFrame) -> pd.Series:
    return (rows["revenue"].cumsum() / rows["revenue"].sum()).clip(upper=1.0)
