"""Timeline: the events of the relationship."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kamlib.tables import each, shaped


def account_timeline(
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    tiers: pd.DataFrame,
    agreements: pd.DataFrame,
    opportunities: pd.DataFrame,
    incidents: pd.DataFrame,
    interactions: pd.DataFrame,
    decisions: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per event of the relationship: newest first.

    Of the orders the first, the last and the largest day are events; of the contacts those with a
    satisfaction mark. Agreements show their start, and their end once it has passed. What happened
    is ``event_code``, to what ``subject``; ``former_tier`` is the tier before.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.account_timeline[["kind", "event_code"]].head(2).values.tolist()
    [['order', 'latest order'], ['satisfaction', 'satisfaction']]
    """
    rows = [
        *_orders(account_days, as_of),
        *_tiers(accounts, tiers),
        *_agreements(agreements),
        *_tenders(opportunities),
        *_incidents(incidents),
    ]
    for row in each(interactions.dropna(subset="satisfaction")):
        mark = row.satisfaction
        event = _event(row.date, "satisfaction", "satisfaction", f"{mark:g}", remark=row.topic)
        rows.append(event | {"mark": mark})
    for row in each(decisions):
        rows.append(_event(row.date, "decision", "decided", row.decision, remark=row.reason))
    table = shaped("account_timeline", [{"account_id": account_id, **row} for row in rows])
    table["remark"] = table["remark"].fillna("")
    # Events of a day stand as they read: "frame ended" by subject, "incident: late" by code.
    by_subject = table["kind"].isin(["agreement", "tender"])
    first = table["subject"].where(by_subject, table["event_code"])
    table = table.assign(first=first, then=table["event_code"].where(by_subject, table["subject"]))
    order = ["date", "kind", "first", "then", "remark"]
    table = table[table["date"].le(as_of)].sort_values(
        order, ascending=[False, True, True, True, True], kind="stable"
    )
    return shaped("account_timeline", table)


def _event(
    date: Any, kind: str, code: str, subject: Any = "", amount: Any = None, remark: Any = ""
) -> dict:
    return {
        "date": date,
        "kind": kind,
        "event_code": code,
        "subject": subject,
        "amount": amount,
        "remark": remark,
    }


def _orders(account_days: pd.DataFrame, as_of: pd.Timestamp) -> list[dict]:
    days = account_days[account_days["date"].le(as_of) & account_days["revenue"].gt(0)]
    days = days.sort_values("date")
    if days.empty:
        return []
    largest = days.sort_values(["revenue", "date"], ascending=[False, True]).iloc[0]
    events = [(days.iloc[0], "first order")]
    if len(days) > 1:
        events += [(days.iloc[-1], "latest order"), (largest, "largest order day")]
    return [_event(day["date"], "order", code, amount=day["revenue"]) for day, code in events]


def _tiers(accounts: pd.DataFrame, tiers: pd.DataFrame) -> Iterator[dict]:
    for day in accounts["customer_since"].dropna():
        yield _event(day, "tier", "customer since")
    spells = tiers.sort_values(["start_date", "tier"])
    for spell, former in zip(each(spells), spells["tier"].shift(), strict=True):
        yield _event(spell.start_date, "tier", "became", spell.tier) | {"former_tier": former}


def _agreements(agreements: pd.DataFrame) -> Iterator[dict]:
    for row in each(agreements.fillna({"kind": "agreement"})):
        yield _event(row.start_date, "agreement", "began", row.kind, row.value, row.terms)
        if pd.notna(row.end_date):
            yield _event(row.end_date, "agreement", "ended", row.kind, row.value, row.terms)


def _tenders(opportunities: pd.DataFrame) -> Iterator[dict]:
    for row in each(opportunities.fillna({"kind": "deal"})):
        yield _event(row.opened_date, "tender", "opened", row.kind, row.value, row.category)
        if pd.notna(row.closed_date) and row.outcome != "open":
            known = [row.category, row.competitor, row.reason]
            remark = ", ".join(text for text in known if pd.notna(text))
            yield _event(row.closed_date, "tender", row.outcome, row.kind, row.value, remark)


def _incidents(incidents: pd.DataFrame) -> Iterator[dict]:
    for row in each(incidents):
        what = str(row.kind).replace("_", " ")
        yield _event(row.opened_date, "incident", "incident", what, remark=row.note)
        if pd.notna(row.resolved_date):
            yield _event(row.resolved_date, "incident", "resolved", what, remark=row.note)
