"""History: the group, the relationship's timeline, and what was supplied."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.shape import (
    COUNT,
    DATE,
    FLAG,
    NUMBER,
    TEXT,
    canonical,
    covers_year_before,
    in_window,
    rows_of,
    shaped,
    text_or,
)
from kamlib.period.calendar import trailing_months
from kamlib.tables import each

NO_CATEGORY = "(no category)"
_GROUP = {
    "group_id": TEXT, "account_id": TEXT, "name": TEXT, "parent_id": TEXT, "depth": COUNT, "is_self": FLAG,
    "tier": TEXT, "country": TEXT, "revenue": NUMBER, "previous_revenue": NUMBER, "revenue_share": NUMBER,
}  # fmt: skip
_TIMELINE = {
    "account_id": TEXT,
    "date": DATE,
    "kind": TEXT,
    "event": TEXT,
    "amount": NUMBER,
    "mark": NUMBER,
    "note": TEXT,
}
_CATEGORY_HISTORY = {
    "account_id": TEXT,
    "category": TEXT,
    "month": DATE,
    "revenue": NUMBER,
    "quantity": NUMBER,
}
_CATEGORY_TOTALS = {
    "account_id": TEXT, "category": TEXT, "revenue": NUMBER, "previous_revenue": NUMBER, "revenue_change": NUMBER,
    "revenue_share": NUMBER, "last_month": DATE, "trend": TEXT,
}  # fmt: skip


def group_tree(
    accounts: pd.DataFrame,
    account_months: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """One row per account of the company group: parents before their subsidiaries, depth first.

    The tree holds the account's ultimate parent and everything below it; siblings stand by revenue,
    largest first. A parent that is no account itself is a row without revenue.

    Columns
    -------
    group_id: the ultimate parent
    account_id: the account
    name: its name, else its id
    parent_id: the account above it
    depth: steps below the ultimate parent, which is 0
    is_self: the row is the dossier's account
    tier: the account's tier
    country: its country
    revenue: net revenue of the window (book currency)
    previous_revenue: the same of the 12 months before; n/a where the book's data (``first_date``)
        do not cover them
    revenue_share: share of the group's revenue; n/a where the group's revenue is not positive

    >>> accounts = pd.DataFrame({"account_id": ["A", "B"], "name": ["Alpha", "Beta"], "parent_id": [None, "A"]})
    >>> months = pd.DataFrame({"account_id": ["B"], "month": [pd.Timestamp("2025-09-30")], "revenue": [5.0]})
    >>> tree = group_tree(accounts, months, "A", as_of=pd.Timestamp("2025-09-30"))
    >>> tree[["account_id", "depth", "revenue"]].values.tolist()
    [['A', 0, 0.0], ['B', 1, 5.0]]
    """
    accounts = canonical(accounts, "accounts")
    if account_id not in set(accounts["account_id"]):
        return shaped([], _GROUP)
    now = in_window(account_months, as_of).groupby("account_id")["revenue"].sum()
    before = in_window(account_months, as_of, skip=12).groupby("account_id")["revenue"].sum()
    rows = accounts.set_index("account_id")
    parents = rows["parent_id"].dropna().to_dict()
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(str(child))
    root, seen = account_id, {account_id}
    while root in parents and parents[root] not in seen:
        root = parents[root]
        seen.add(root)
    tree: list[dict] = []
    stack, placed = [(root, 0)], set()
    while stack:
        member, depth = stack.pop()
        if member in placed:
            continue
        placed.add(member)
        own = rows.loc[member] if member in rows.index else pd.Series(dtype=object)
        tree.append(
            {
                "group_id": root,
                "account_id": member,
                "name": text_or(own.get("name"), member),
                "parent_id": parents.get(member),
                "depth": depth,
                "is_self": member == account_id,
                "tier": own.get("tier"),
                "country": own.get("country"),
                "revenue": float(now.get(member, 0.0)),
                "previous_revenue": float(before.get(member, 0.0)),
            }
        )
        below = sorted(
            children.get(member, []), key=lambda child: (-float(now.get(child, 0.0)), child)
        )
        stack.extend((child, depth + 1) for child in reversed(below))
    table = shaped(tree, _GROUP)
    if not covers_year_before(first_date, as_of):
        table["previous_revenue"] = float("nan")
    total = table["revenue"].sum()
    return table.assign(revenue_share=table["revenue"] / total if total > 0 else float("nan"))


def account_timeline(
    account_days: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    accounts: pd.DataFrame | None = None,
    tiers: pd.DataFrame | None = None,
    agreements: pd.DataFrame | None = None,
    opportunities: pd.DataFrame | None = None,
    incidents: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per event of the relationship: newest first.

    Of the orders the first, the last and the largest day are events; of the contacts those with a
    satisfaction mark. Agreements show their start, and their end once it has passed.

    Columns
    -------
    account_id: the account
    date: the day of the event
    kind: order, tier, agreement, tender, incident, satisfaction, decision
    event: what happened
    amount: the money it moved (book currency); n/a where none is recorded
    mark: the satisfaction mark, 0 to 10; n/a for other events
    note: what else is recorded: terms, reason, rival

    >>> days = pd.DataFrame({"account_id": ["A", "A"], "date": pd.to_datetime(["2025-01-02", "2025-03-04"]),
    ...     "revenue": [10.0, 5.0]})
    >>> account_timeline(days, "A", as_of=pd.Timestamp("2025-03-31"))["event"].tolist()
    ['latest order', 'first order', 'largest order day']
    """
    rows = [
        *_order_events(account_days, account_id, as_of),
        *_tier_events(accounts, tiers, account_id),
    ]
    for row in each(rows_of(agreements, "agreements", account_id)):
        kind, terms = text_or(row.kind, "agreement"), text_or(row.terms)
        rows.append(_event(row.start_date, "agreement", f"{kind} began", row.value, terms))
        if pd.notna(row.end_date):
            rows.append(_event(row.end_date, "agreement", f"{kind} ended", row.value, terms))
    for row in each(rows_of(opportunities, "opportunities", account_id)):
        what = text_or(row.kind, "deal")
        note = ", ".join(
            text_or(x) for x in (row.category, row.competitor, row.reason) if text_or(x)
        )
        rows.append(
            _event(row.opened_date, "tender", f"{what} opened", row.value, text_or(row.category))
        )
        if pd.notna(row.closed_date) and row.outcome != "open":
            rows.append(_event(row.closed_date, "tender", f"{what} {row.outcome}", row.value, note))
    for row in each(rows_of(incidents, "incidents", account_id)):
        what = str(row.kind).replace("_", " ")
        rows.append(
            _event(row.opened_date, "incident", f"incident: {what}", None, text_or(row.note))
        )
        if pd.notna(row.resolved_date):
            rows.append(
                _event(row.resolved_date, "incident", f"resolved: {what}", None, text_or(row.note))
            )
    for row in each(
        rows_of(interactions, "interactions", account_id).dropna(subset="satisfaction")
    ):
        event = _event(
            row.date,
            "satisfaction",
            f"satisfaction {row.satisfaction:g} of 10",
            None,
            text_or(row.topic),
        )
        rows.append(event | {"mark": row.satisfaction})
    for row in each(rows_of(decisions, "decisions", account_id)):
        rows.append(
            _event(row.date, "decision", f"decided: {row.decision}", None, text_or(row.reason))
        )
    table = shaped([{"account_id": account_id, **row} for row in rows], _TIMELINE)
    table = table[table["date"].le(as_of)]
    order = ["date", "kind", "event", "note"]
    return table.sort_values(order, ascending=[False, True, True, True], kind="stable").reset_index(
        drop=True
    )


def _event(date: object, kind: str, event: str, amount: object, note: str) -> dict:
    return {"date": date, "kind": kind, "event": event, "amount": amount, "note": note}


def _order_events(account_days: pd.DataFrame, account_id: str, as_of: pd.Timestamp) -> list[dict]:
    days = account_days[account_days["account_id"].eq(account_id) & account_days["date"].le(as_of)]
    days = days[days["revenue"].gt(0)].sort_values("date")
    if days.empty:
        return []
    largest = days.sort_values(["revenue", "date"], ascending=[False, True]).iloc[0]
    events = [(days.iloc[0], "first order")]
    events += (
        [(days.iloc[-1], "latest order"), (largest, "largest order day")] if len(days) > 1 else []
    )
    return [_event(day["date"], "order", event, day["revenue"], "") for day, event in events]


def _tier_events(
    accounts: pd.DataFrame | None, tiers: pd.DataFrame | None, account_id: str
) -> list[dict]:
    since = rows_of(accounts, "accounts", account_id)["customer_since"].dropna()
    events = [_event(date, "tier", "customer since", None, "") for date in since]
    spells = rows_of(tiers, "tiers", account_id).sort_values(["start_date", "tier"])
    before = spells["tier"].shift()
    for spell, previous in zip(each(spells), before, strict=True):
        was = f" (was {previous})" if text_or(previous) else ""
        events.append(_event(spell.start_date, "tier", f"became {spell.tier}{was}", None, ""))
    return events


def category_history(
    category_months: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    account_months: pd.DataFrame | None = None,
    month_count: int = 24,
) -> pd.DataFrame:
    """One row per category and month of the last two years: months without orders are zero.

    Every category with a row in these months is there for every month. A book without categories
    has the one category "(no category)", taken from ``account_months``.

    Columns
    -------
    account_id: the account
    category: the category, largest first
    month: last day of the month
    revenue: net revenue (book currency)
    quantity: net quantity; n/a where none is recorded

    >>> months = pd.DataFrame({"account_id": ["A"], "category": ["Paper"], "revenue": [7.0], "quantity": [1.0],
    ...     "month": [pd.Timestamp("2025-09-30")]})
    >>> category_history(months, "A", as_of=pd.Timestamp("2025-09-30"), month_count=2)["revenue"].tolist()
    [0.0, 7.0]
    """
    own = _supplied(category_months, account_months, account_id)
    own = in_window(own, as_of, count=month_count)
    if own.empty:
        return shaped([], _CATEGORY_HISTORY)
    months = trailing_months(as_of, month_count)
    totals = own.groupby("category")["revenue"].sum().reset_index()
    ranked = totals.sort_values(["revenue", "category"], ascending=[False, True])["category"]
    grid = pd.MultiIndex.from_product([ranked, months], names=["category", "month"])
    sums = own.groupby(["category", "month"]).agg(
        revenue=("revenue", "sum"), quantity=("quantity", lambda q: q.sum(min_count=1))
    )
    table = sums.reindex(grid).reset_index()
    table["revenue"] = table["revenue"].fillna(0.0)
    if own["quantity"].notna().any():
        no_order = ~pd.MultiIndex.from_frame(table[["category", "month"]]).isin(sums.index)
        table.loc[no_order, "quantity"] = 0.0
    return shaped(table.assign(account_id=account_id), _CATEGORY_HISTORY)


def category_totals(
    category_months: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    account_months: pd.DataFrame | None = None,
    first_date: pd.Timestamp | None = None,
    steady: float = 0.10,
) -> pd.DataFrame:
    """One row per category: the last 12 months beside the 12 before, largest first.

    Where the book's data begin (``first_date``) within the 12 months before, these cannot be
    compared: n/a.

    Columns
    -------
    account_id: the account
    category: the category
    revenue: net revenue of the window (book currency)
    previous_revenue: the same of the 12 months before
    revenue_change: the difference
    revenue_share: share of the account's window revenue; n/a where that is not positive
    last_month: last day of the latest month with revenue
    trend: new, stopped, grown, shrunk, steady (within ``steady`` of the year before); blank without
        a year before

    >>> months = pd.DataFrame({"account_id": ["A", "A"], "category": ["Ink", "Ink"], "revenue": [80.0, 100.0],
    ...     "quantity": [1.0, 1.0], "month": pd.to_datetime(["2025-09-30", "2024-09-30"])})
    >>> category_totals(months, "A", as_of=pd.Timestamp("2025-09-30"))[["revenue_change", "trend"]].values.tolist()
    [[-20.0, 'shrunk']]
    """
    own = _supplied(category_months, account_months, account_id)
    both = in_window(own, as_of, count=24)
    now = in_window(own, as_of).groupby("category")["revenue"].sum()
    before = in_window(own, as_of, skip=12).groupby("category")["revenue"].sum()
    table = pd.DataFrame({"revenue": now, "previous_revenue": before}).fillna(0.0)
    if not covers_year_before(first_date, as_of):
        table["previous_revenue"] = float("nan")
    table["revenue_change"] = table["revenue"] - table["previous_revenue"]
    total = table["revenue"].sum()
    table["revenue_share"] = table["revenue"] / total if total > 0 else float("nan")
    table["last_month"] = both[both["revenue"].gt(0)].groupby("category")["month"].max()
    table["trend"] = [
        _trend(*pair, steady)
        for pair in zip(table["revenue"], table["previous_revenue"], strict=True)
    ]
    table = table.rename_axis("category").reset_index().assign(account_id=account_id)
    table = table.sort_values(
        ["revenue", "previous_revenue", "category"], ascending=[False, False, True]
    )
    return shaped(table, _CATEGORY_TOTALS)


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


def _supplied(
    category_months: pd.DataFrame, account_months: pd.DataFrame | None, account_id: str
) -> pd.DataFrame:
    """Return the account's months by category; by one nameless category where the book has none."""
    own = category_months[category_months["account_id"].eq(account_id)]
    if own.empty and account_months is not None:
        own = account_months[account_months["account_id"].eq(account_id)].assign(
            category=NO_CATEGORY
        )
    if "quantity" not in own:
        own = own.assign(quantity=float("nan"))
    return own.assign(category=own["category"].astype("str").fillna(NO_CATEGORY))
