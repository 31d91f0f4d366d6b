"""The ABC-XYZ matrix and the revenue × margin cross-table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped

UNCLASSED = "none"
BASES = {"frequency": "xyz_frequency", "variability": "xyz_variability"}


def abc_xyz_matrix(account_classes: pd.DataFrame) -> pd.DataFrame:
    """One row per basis of XYZ and cell: how many accounts, how much revenue, and what to do.

    Twelve cells (A B C × X Y Z N) stand in the table even when empty. Accounts that lack a class
    follow as ``none``, so that each basis sums to all accounts and to the revenue of the window.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": ["A", "B"],
    ...     "revenue": [80.0, 20.0], "abc_revenue": ["A", "C"], "xyz_frequency": ["X", "Z"]})
    >>> cells = abc_xyz_matrix(classes).query("class_basis == 'frequency' and account_count > 0")
    >>> cells[["abc", "xyz", "revenue"]].values.tolist()
    [['A', 'X', 80.0], ['C', 'Z', 20.0]]
    """
    parts = [_cells(account_classes, basis, column) for basis, column in BASES.items()]
    return shaped("abc_xyz_matrix", pd.concat(parts, ignore_index=True))


def _cells(account_classes: pd.DataFrame, basis: str, column: str) -> pd.DataFrame:
    rows = account_classes.assign(abc=account_classes["abc_revenue"], xyz=account_classes[column])
    cells = _summed(rows, {"abc": "ABC", "xyz": "XYZN"})
    is_classed, has_xyz = cells["abc"].ne(UNCLASSED), cells["xyz"].ne(UNCLASSED)
    classed = int(account_classes["abc_revenue"].notna().sum())
    has_shares = bool(account_classes["revenue_share"].notna().any())
    names = (cells["abc"] + cells["xyz"]).where(has_xyz, cells["abc"] + " " + UNCLASSED)
    return cells.assign(
        class_basis=basis,
        cell=names.where(is_classed, UNCLASSED + " " + cells["xyz"]),
        account_share=(cells["account_count"] / (classed or np.nan)).where(is_classed),
        revenue_share=cells["revenue_share"].where(is_classed & has_shares),
    )


def abc_cross(account_classes: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of revenue class and margin class: who is large in sales but not in profit.

    The nine pairs stand even when empty; pairs with ``none`` follow where there are any. Without
    a known margin the table is empty.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": ["A", "B"],
    ...     "revenue": [80.0, 20.0], "margin": [5.0, 9.0], "abc_revenue": ["A", "B"],
    ...     "abc_margin": ["B", "A"]})
    >>> crossed = abc_cross(classes).query("account_count > 0")
    >>> crossed[["abc_revenue", "abc_margin", "revenue"]].values.tolist()
    [['A', 'B', 80.0], ['B', 'A', 20.0]]
    """
    table = _summed(account_classes, {"abc_revenue": "ABC", "abc_margin": "ABC"})
    return shaped("abc_cross", table if account_classes["margin"].notna().any() else [])


def _summed(rows: pd.DataFrame, letters: dict[str, str]) -> pd.DataFrame:
    """Return sums by two classes: every pair of letters, then the pairs with a class missing."""
    by = list(letters)
    sums = (
        rows.assign(**rows[by].fillna(UNCLASSED))
        .groupby(by)
        .agg(
            account_count=("account_id", "size"),
            revenue=("revenue", "sum"),
            revenue_share=("revenue_share", "sum"),
            margin=("margin", lambda known: known.sum(min_count=1)),
        )
    )
    always = pd.MultiIndex.from_product([list(each) for each in letters.values()], names=by)
    table = sums.reindex(always.append(sums.index.difference(always))).reset_index()
    return table.fillna({"account_count": 0, "revenue": 0.0, "revenue_share": 0.0})
