"""Profile: who the account is, and its general part field by field."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.dossier.plans import Plan
from kamlib.tables import shaped

_FIELDS = (
    ("General", "description", "what it does"),
    ("General", "industry", "industry"),
    ("General", "region", "region"),
    ("General", "country", "country"),
    ("General", "employees", "headcount"),
    ("General", "founded_year", "founded"),
    ("General", "parent_id", "parent company"),
    ("Relationship", "customer_since", "customer since"),
    ("Relationship", "manager_id", "owner"),
    ("Relationship", "sponsor", "executive sponsor"),
    ("Relationship", "tier", "tier"),
    ("Relationship", "types", "types"),
    ("Relationship", "contact_every_days", "planned contact, every so many days"),
)
_PLANNED = (
    ("Business", "account.goals", "goals"),
    ("Business", "account.structure", "structure"),
    ("Business", "account.environment", "environment"),
    ("Business", "account.culture", "culture"),
    ("Business", "account.financials", "financial performance"),
    ("Business", "account.critical_to_customer", "critical to the customer"),
    ("Programme", "programme.offer", "our offer"),
    ("Programme", "programme.contact_card", "contact card"),
    ("Programme", "programme.coordination", "sales–marketing coordination"),
)


def account_identity(
    accounts: pd.DataFrame,
    account_classes: pd.DataFrame,
    account_scores: pd.DataFrame,
    account_status: pd.DataFrame,
    *,
    account_id: str,
) -> pd.DataFrame:
    """One row: who the account is, and what the other reports of the period say of it.

    The group stays blank where it is the account's only name; the revenue class is ABC by revenue
    and XYZ by frequency.

    Examples
    --------
    >>> accounts = pd.DataFrame({"account_id": ["A"], "name": ["Alpha"], "manager_name": ["Ines"]})
    >>> none = pd.DataFrame()
    >>> table = account_identity(accounts, none, none, none, account_id="A")
    >>> table[["name", "owner"]].values.tolist()
    [['Alpha', 'Ines']]
    """
    own, classed, scored, stands = (
        frame.iloc[0].to_dict() if len(frame) else {}
        for frame in (accounts, account_classes, account_scores, account_status)
    )
    name, group = _text(own.get("name")) or account_id, _text(own.get("group_name"))
    row = {
        "account_id": account_id,
        "name": name,
        "group_name": group if group != name else "",
        "owner": _text(own.get("manager_name")) or _text(own.get("manager_id")),
        "sponsor": _text(own.get("sponsor")),
        "tier": _text(own.get("tier")),
        "revenue_class": _text(classed.get("abc_revenue")) + _text(classed.get("xyz_frequency")),
        "score": scored.get("score"),
        "rank": scored.get("rank"),
        "status": _text(stands.get("status")),
    }
    return shaped("account_identity", [row])


def account_profile(
    accounts: pd.DataFrame,
    all_accounts: pd.DataFrame,
    managers: pd.DataFrame,
    plan: Plan | None,
    *,
    account_id: str,
) -> pd.DataFrame:
    """One row per field of the general part: what the accounts table and the plan say, and what
    they leave open.

    Examples
    --------
    >>> from kamlib.tables import empty_table, typed
    >>> accounts = typed(pd.DataFrame({"account_id": ["A"], "industry": ["Food"]}), "accounts")
    >>> none = empty_table("managers")
    >>> table = account_profile(accounts, accounts, none, None, account_id="A")
    >>> table.query("is_filled")[["field", "recorded"]].values.tolist()
    [['industry', 'Food']]
    """
    values = accounts.iloc[0].to_dict() if len(accounts) else {}
    names = {
        "parent_id": dict(zip(all_accounts["account_id"], all_accounts["name"], strict=True)),
        "manager_id": dict(zip(managers["manager_id"], managers["name"], strict=True)),
    }
    rows = []
    for part, column, field in _FIELDS:
        text = _text(values.get(column))
        text = _text(names.get(column, {}).get(text)) or text
        rows.append((part, field, text, f"accounts.{column}"))
    for part, place, field in _PLANNED:
        section, key = place.split(".")
        text = getattr(getattr(plan, section), key).strip() if plan else ""
        rows.append((part, field, text, f"plan, {place}"))
    table = pd.DataFrame(rows, columns=["part", "field", "recorded", "source"])
    return shaped(
        "account_profile", table.assign(account_id=account_id, is_filled=table["recorded"].ne(""))
    )


def _text(value: Any) -> str:
    """Return what is recorded as text: days as ISO, nothing as ''."""
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    return text if text.strip() else ""
