"""The ABC-XYZ matrix, the revenue × margin cross-table, and what to do in each cell."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

TREATMENTS: dict[str, str] = {
    "AX": "Protect: one owner, an executive sponsor and a framework agreement; no week without someone looking.",
    "AY": "Smooth: agree call-offs and delivery plans; ask what makes the order months differ.",
    "AZ": "Understand: large and irregular. Win the next project early and plan capacity with the client.",
    "AN": "Settle in: a large newcomer. Agree a plan for its first year and check every delivery.",
    "BX": "Grow: a steady buyer with room. Offer the categories its peers buy.",
    "BY": "Develop: a plan per account, and a visit each quarter.",
    "BZ": "Qualify: find out whether the rest goes to a competitor before spending more time.",
    "BN": "Watch: a promising newcomer. Ask for the second category after the third order.",
    "CX": "Automate: standing orders, web shop, telephone; keep it cheap and on time.",
    "CY": "Bundle: minimum order and fixed delivery days; inside sales.",
    "CZ": "Serve on request: list prices, no visits.",
    "CN": "Welcome: a standard start package; look again after six months.",
}
UNCLASSED = "none"
BASES = {"frequency": "xyz_frequency", "variability": "xyz_variability"}


def abc_xyz_matrix(
    classes: pd.DataFrame, *, treatments: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row per basis of XYZ and cell: how many accounts, how much revenue, and what to do.

    Twelve cells (A B C × X Y Z N) stand in the table even when empty. Accounts that lack a class
    follow as ``none``, so that each basis sums to all accounts and to the revenue of the window.
    ``treatments`` replaces the text of the cells that it names.

    Columns
    -------
    basis: frequency or variability
    cell: the two classes, such as AX; with none where a class is missing
    abc: A, B, C by revenue, or none
    xyz: X, Y, Z, N, or none
    account_count: accounts in the cell
    account_share: share of all accounts with revenue in the window
    revenue: their revenue of the window (book currency)
    revenue_share: share of the sum of positive revenues
    margin: their margin, of the accounts whose margin is known; n/a where none is
    treatment: what to do with them
    """
    texts = {**TREATMENTS, **(treatments or {})}
    parts = [_cells(classes, basis, column) for basis, column in BASES.items()]
    table = pd.concat(parts, ignore_index=True)
    table["treatment"] = table["cell"].map(texts).astype("str")
    return table


def _cells(classes: pd.DataFrame, basis: str, column: str) -> pd.DataFrame:
    abc, xyz = classes["abc_revenue"].fillna(UNCLASSED), classes[column].fillna(UNCLASSED)
    sums = (
        classes.assign(abc=abc, xyz=xyz)
        .groupby(["abc", "xyz"])
        .agg(
            account_count=("account_id", "size"),
            revenue=("revenue", "sum"),
            share=("revenue_share", "sum"),
            margin=("margin", lambda known: known.sum(min_count=1)),
        )
    )
    always = [(a, x) for a in "ABC" for x in "XYZN"]
    rest = sorted(set(sums.index) - set(always))
    cells = sums.reindex(
        pd.MultiIndex.from_tuples(always + rest, names=["abc", "xyz"])
    ).reset_index()
    counts = cells["account_count"].fillna(0).astype("int64")
    classed = int(abc.ne(UNCLASSED).sum())
    is_classed = cells["abc"].ne(UNCLASSED)
    has_shares = bool(classes["revenue_share"].notna().any())
    return pd.DataFrame(
        {
            "basis": pd.Series(basis, index=cells.index, dtype="str"),
            "cell": (cells["abc"] + cells["xyz"].where(cells["xyz"].ne(UNCLASSED), " " + UNCLASSED))
            .where(is_classed, UNCLASSED + " " + cells["xyz"])
            .astype("str"),
            "abc": cells["abc"].astype("str"),
            "xyz": cells["xyz"].astype("str"),
            "account_count": counts,
            "account_share": (counts / classed if classed else counts * float("nan")).where(
                is_classed
            ),
            "revenue": cells["revenue"].fillna(0.0).astype("float64"),
            "revenue_share": cells["share"]
            .fillna(0.0)
            .where(is_classed & has_shares)
            .astype("float64"),
            "margin": cells["margin"].astype("float64"),
        }
    )


def abc_cross(classes: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of revenue class and margin class: who is large in sales but not in profit.

    The nine pairs stand even when empty; pairs with ``none`` follow where there are any. Without
    a known margin the table is empty.

    Columns
    -------
    abc_revenue: A, B, C by revenue, or none
    abc_margin: A, B, C by margin, or none
    account_count: accounts in the pair
    revenue: their revenue of the window (book currency)
    margin: their margin; n/a where none is known
    """
    pairs = ["abc_revenue", "abc_margin"]
    measured = classes["margin"].notna().any()
    rows = classes[pairs].fillna(UNCLASSED).join(classes[["account_id", "revenue", "margin"]])
    sums = rows.groupby(pairs).agg(
        account_count=("account_id", "size"),
        revenue=("revenue", "sum"),
        margin=("margin", lambda known: known.sum(min_count=1)),
    )
    always = [(r, m) for r in "ABC" for m in "ABC"]
    rest = sorted(set(sums.index) - set(always))
    index = pd.MultiIndex.from_tuples(always + rest, names=pairs)
    table = sums.reindex(index).reset_index().iloc[: None if measured else 0]
    return table.assign(
        abc_revenue=table["abc_revenue"].astype("str"),
        abc_margin=table["abc_margin"].astype("str"),
        account_count=table["account_count"].fillna(0).astype("int64"),
        revenue=table["revenue"].fillna(0.0).astype("float64"),
        margin=table["margin"].astype("float64"),
    )
