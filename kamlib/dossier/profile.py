"""Profile: the account's general part, field by field, and whom a dossier is for."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.plan import Plan
from kamlib.dossier.shape import FLAG, NUMBER, TEXT, in_window, rows_of, shaped, text_or
from kamlib.errors import KamError, nearest
from kamlib.words.amounts import date

_PROFILE = {
    "account_id": TEXT,
    "part": TEXT,
    "field": TEXT,
    "value": TEXT,
    "source": TEXT,
    "is_filled": FLAG,
}
_IDENTITY = {
    "account_id": TEXT, "name": TEXT, "group_name": TEXT, "owner": TEXT, "sponsor": TEXT, "tier": TEXT,
    "revenue_class": TEXT, "score": NUMBER, "rank": NUMBER, "status": TEXT,
}  # fmt: skip
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
_TEXTS = {
    "goals": "goals",
    "structure": "structure",
    "environment": "environment",
    "culture": "culture",
    "financials": "financial performance",
    "critical_to_customer": "critical to the customer",
}


def account_identity(
    accounts: pd.DataFrame,
    account_id: str,
    *,
    classes: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    status: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row: who the account is, and what the other reports of the period say of it.

    ``classes``, ``scores`` and ``status`` are the tables ``account_classes``, ``account_scores``
    and ``account_status``; what is not given stays blank.

    Columns
    -------
    account_id: the account
    name: its name, else its id
    group_name: its company group; blank where it is the group's only name
    owner: the manager's name, else their id
    sponsor: our executive sponsor
    tier: key, candidate, regular, former
    revenue_class: ABC by revenue and XYZ by frequency, such as AX
    score: its score, 1 to 10
    rank: its rank by score
    status: active, overdue, lost, new, never

    >>> accounts = pd.DataFrame({"account_id": ["A"], "name": ["Alpha"], "manager_id": ["M1"]})
    >>> account_identity(accounts, "A")[["name", "owner"]].values.tolist()
    [['Alpha', 'M1']]
    """
    own = _first(accounts, account_id)
    name = text_or(own.get("name"), account_id)
    group = text_or(own.get("group_name"))
    classed, scored = _first(classes, account_id), _first(scores, account_id)
    row = {
        "account_id": account_id,
        "name": name,
        "group_name": group if group != name else "",
        "owner": text_or(own.get("manager_name"), text_or(own.get("manager_id"))),
        "sponsor": text_or(own.get("sponsor")),
        "tier": text_or(own.get("tier")),
        "revenue_class": text_or(classed.get("abc_revenue"))
        + text_or(classed.get("xyz_frequency")),
        "score": scored.get("score"),
        "rank": scored.get("rank"),
        "status": text_or(_first(status, account_id).get("status")),
    }
    return shaped([row], _IDENTITY)


def _first(frame: pd.DataFrame | None, account_id: str) -> dict:
    if frame is None or frame.empty:
        return {}
    own = frame[frame["account_id"].eq(account_id)]
    return own.iloc[0].to_dict() if len(own) else {}


def largest_account(account_months: pd.DataFrame, *, as_of: pd.Timestamp) -> str:
    """Return the account with the largest window revenue (the smallest id of equals).

    Raises
    ------
    KamError
        No account has revenue up to the as-of day.
    """
    window = in_window(account_months, as_of)
    pool = window if len(window) else account_months
    sums = pool.groupby("account_id")["revenue"].sum().reset_index()
    ranked = sums.sort_values(["revenue", "account_id"], ascending=[False, True])
    if ranked.empty:
        raise KamError("No account has orders in this period.", next="Choose a later period.")
    return str(ranked["account_id"].iloc[0])


def known_account(account_id: str, accounts: pd.DataFrame) -> str:
    """Return the account's id when the book knows it.

    Raises
    ------
    KamError
        There is no such account; the nearest known id is named.
    """
    known = set(accounts["account_id"])
    if account_id in known:
        return account_id
    hint = nearest(account_id, known) if len(known) <= 20 or account_id else ""
    raise KamError(
        f"There is no account '{account_id}' in this period.", where="account_id", next=hint[:300]
    )


def account_profile(
    accounts: pd.DataFrame,
    account_id: str,
    *,
    plan: Plan | None = None,
    managers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per field of the general part: what the accounts table and the plan say, and what
    they leave open.

    Columns
    -------
    account_id: the account
    part: General, Relationship, Business, Programme
    field: the field in words
    value: what is recorded; empty where nothing is
    source: where it stands, or would stand
    is_filled: something is recorded

    >>> accounts = pd.DataFrame({"account_id": ["A"], "industry": ["Food"]})
    >>> account_profile(accounts, "A").query("is_filled")[["field", "value"]].values.tolist()
    [['industry', 'Food']]
    """
    own = rows_of(accounts, "accounts", account_id)
    values = own.iloc[0].to_dict() if len(own) else {}
    names = _names(managers) | _names(accounts, "account_id")
    rows = []
    for part, column, words in _FIELDS:
        value = values.get(column)
        if isinstance(value, pd.Timestamp) and pd.notna(value):
            value = date(value)
        elif isinstance(value, float) and pd.notna(value):
            value = f"{value:g}"
        text = text_or(value)
        if column in ("parent_id", "manager_id"):
            text = text_or(names.get(text), text)
        rows.append({"part": part, "field": words, "value": text, "source": f"accounts.{column}"})
    for key, words in _TEXTS.items():
        text = getattr(plan.account, key) if plan else ""
        rows.append(
            {
                "part": "Business",
                "field": words,
                "value": text.strip(),
                "source": f"plan, account.{key}",
            }
        )
    for key in ("offer", "contact_card", "coordination"):
        text = getattr(plan.programme, key) if plan else ""
        words = {"offer": "our offer", "coordination": "sales–marketing coordination"}.get(
            key, "contact card"
        )
        rows.append(
            {
                "part": "Programme",
                "field": words,
                "value": text.strip(),
                "source": f"plan, programme.{key}",
            }
        )
    return shaped(
        [{"account_id": account_id, **row, "is_filled": bool(row["value"])} for row in rows],
        _PROFILE,
    )


def _names(frame: pd.DataFrame | None, key: str = "manager_id") -> dict[str, str]:
    if frame is None or frame.empty or "name" not in frame:
        return {}
    return dict(zip(frame[key], frame["name"], strict=True))
