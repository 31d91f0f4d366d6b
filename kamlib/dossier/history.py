"""History: the group, and what was supplied."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.dossier.window import in_window
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import is_base_whole, trailing_months
from kamlib.tables import shaped

NO_CATEGORY = "(no category)"


def group_tree(
    all_accounts: pd.DataFrame,
    all_account_months: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per account of the company group: parents before their subsidiaries, depth first.

    The tree holds the account's ultimate parent and everything below it; siblings stand by revenue,
    largest first. A parent that is no account itself is a row without revenue.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> accounts = pd.DataFrame({"account_id": ["A", "B"], "parent_id": [None, "A"]})
    >>> accounts = typed(accounts, "accounts")
    >>> day = pd.Timestamp("2025-09-30")
    >>> months = pd.DataFrame({"account_id": ["B"], "month": [day], "revenue": [5.0]})
    >>> tree = group_tree(accounts, months, account_id="A", as_of=day)
    >>> tree[["account_id", "depth", "revenue"]].values.tolist()
    [['A', 0, 0.0], ['B', 1, 5.0]]
    """
    rows = all_accounts.set_index("account_id")
    if account_id not in rows.index:
        return shaped("group_tree", [])
    now = in_window(all_account_months, as_of).groupby("account_id")["revenue"].sum()
    before = in_window(all_account_months, as_of, skip=12).groupby("account_id")["revenue"].sum()
    parents: dict[Any, Any] = rows["parent_id"].dropna().to_dict()
    root = _head_of(account_id, parents)
    placed = _depths(root, parents, now)
    members = pd.Index(placed)
    table = rows[["name", "tier", "country"]].reindex(members)
    table = table.assign(
        group_id=root,
        account_id=members,
        name=table["name"].where(table["name"].fillna("").str.strip().ne(""), members),
        parent_id=rows["parent_id"].reindex(members),
        depth=list(placed.values()),
        is_self=members == account_id,
        revenue=now.reindex(members).fillna(0.0),
        previous_revenue=before.reindex(members).fillna(0.0),
    )
    if not is_base_whole(first_date, as_of, holes):
        table["previous_revenue"] = float("nan")
    total = table["revenue"].sum()
    share = table["revenue"] / total if total > 0 else float("nan")
    return shaped("group_tree", table.assign(revenue_share=share))


def _head_of(account_id: str, parents: dict[str, str]) -> str:
    """Return the ultimate parent; in a ring of parents the last before it closes."""
    root, seen = account_id, {account_id}
    while root in parents and parents[root] not in seen:
        root = parents[root]
        seen.add(root)
    return root


def _depths(root: str, parents: dict[str, str], revenue: pd.Series) -> dict[str, int]:
    """Return the members below a head with their depth, in the order of the tree."""
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(str(child))
    placed: dict[str, int] = {}
    stack = [(root, 0)]
    while stack:
        member, depth = stack.pop()
        if member in placed:
            continue
        placed[member] = depth
        by_size = sorted(children.get(member, []), key=lambda c: (-revenue.get(c, 0.0), c))
        stack.extend((child, depth + 1) for child in reversed(by_size))
    return placed


def category_history(
    category_months: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    month_count: int = 24,
) -> pd.DataFrame:
    """One row per category and month of the last two years: months without orders are zero.

    Every category with a row in these months is there for every month, the largest first. A book
    without categories has the one category "(no category)", taken from ``account_months``.

    Parameters
    ----------
    month_count
        Months shown.

    Examples
    --------
    >>> day = pd.Timestamp("2025-09-30")
    >>> months = pd.DataFrame({"category": ["Ink"], "revenue": 7.0, "quantity": 1.0, "month": day})
    >>> table = category_history(months, months, account_id="A", as_of=day, month_count=2)
    >>> table["revenue"].tolist()
    [0.0, 7.0]
    """
    own = in_window(_supplied(category_months, account_months), as_of, count=month_count)
    if own.empty:
        return shaped("category_history", [])
    totals = own.groupby("category")["revenue"].sum().reset_index()
    ranked = totals.sort_values(["revenue", "category"], ascending=[False, True])["category"]
    months = trailing_months(as_of, month_count)
    grid = pd.MultiIndex.from_product([ranked, months], names=["category", "month"])
    found = own.groupby(["category", "month"])
    table = pd.DataFrame(
        {"revenue": found["revenue"].sum(), "quantity": found["quantity"].sum(min_count=1)}
    ).reindex(grid)
    table["revenue"] = table["revenue"].fillna(0.0)
    if own["quantity"].notna().any():  # a month with orders of unknown quantity stays unknown
        has_orders = grid.isin(found["revenue"].sum().index)
        table["quantity"] = table["quantity"].where(has_orders, 0.0)
    return shaped("category_history", table.reset_index().assign(account_id=account_id))


def category_totals(
    category_months: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
    steady: float = 0.10,
) -> pd.DataFrame:
    """One row per category: the last 12 months beside the 12 before, largest first.

    Where the data do not hold both whole (``first_date``, ``holes``), they are not compared: n/a.
    The trend is *new*, *stopped*, *grown*, *shrunk*, or *steady* (within ``steady`` of the year
    before); blank without a year before.

    Parameters
    ----------
    steady
        Change, as a share, up to which revenue counts as steady.

    Examples
    --------
    >>> months = pd.DataFrame({"category": "Ink", "revenue": [80.0, 100.0], "quantity": 1.0,
    ...     "month": pd.to_datetime(["2025-09-30", "2024-09-30"])})
    >>> table = category_totals(months, months, account_id="A", as_of=pd.Timestamp("2025-09-30"))
    >>> table[["revenue_change", "trend"]].values.tolist()
    [[-20.0, 'shrunk']]
    """
    own = _supplied(category_months, account_months)
    both = in_window(own, as_of, count=24)
    now = in_window(own, as_of).groupby("category")["revenue"].sum()
    before = in_window(own, as_of, skip=12).groupby("category")["revenue"].sum()
    table = pd.DataFrame({"revenue": now, "previous_revenue": before}).fillna(0.0)
    if not is_base_whole(first_date, as_of, holes):
        table["previous_revenue"] = float("nan")
    total = table["revenue"].sum()
    pairs = zip(table["revenue"], table["previous_revenue"], strict=True)
    table = table.assign(
        account_id=account_id,
        revenue_change=table["revenue"] - table["previous_revenue"],
        revenue_share=table["revenue"] / total if total > 0 else float("nan"),
        last_month=both[both["revenue"].gt(0)].groupby("category")["month"].max(),
        trend=[_trend(*pair, steady) for pair in pairs],
    )
    order = ["revenue", "previous_revenue", "category"]
    table = table.rename_axis("category").reset_index()
    return shaped("category_totals", table.sort_values(order, ascending=[False, False, True]))


def _trend(now: float, before: float, steady: float) -> str:
    if pd.isna(before):
        return ""
    if before <= 0:
        return "new" if now > 0 else "steady"
    if now <= 0:
        return "stopped"
    if abs(now - before) <= steady * before:
        return "steady"
    return "grown" if now > before else "shrunk"


def _supplied(category_months: pd.DataFrame, account_months: pd.DataFrame) -> pd.DataFrame:
    """Return the account's months by category; by one nameless category where the book has none."""
    own = category_months
    if own.empty:
        own = account_months.assign(category=NO_CATEGORY, quantity=float("nan"))
    return own.assign(category=own["category"].astype("str").fillna(NO_CATEGORY))
