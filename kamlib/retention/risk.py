"""Revenue at risk: how it came from what it was at the end of the period before."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from kamlib.retention.order_days import looked_up
from kamlib.tables import exact, shaped

RISK_STEPS = (
    "before", "newly_overdue", "recovered", "gone_lost", "revenue_changed", "joined", "left", "now",
)  # fmt: skip


def risk_changes(
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    key_accounts: pd.DataFrame,
    previous_key_accounts: pd.DataFrame | None,
) -> pd.DataFrame:
    """One row per scope × step: revenue at risk at the end of the period before, step by step to
    that of now, exact to the cent.

    At risk is the revenue of the 12 months of accounts that are overdue. ``newly_overdue``: overdue
    now and not then. ``recovered``: overdue then, and not now because it ordered (or its season is
    over). ``gone_lost``: overdue then and lost now, which is no improvement. ``revenue_changed``:
    overdue then and now, by the change of its 12 months. ``joined``, ``left``: overdue accounts
    that became key accounts, or are none any more, in the period. Steps that take away are
    negative, so that before + all steps = now. No period before in the data: no rows.

    Examples
    --------
    >>> columns = ["account_id", "status", "revenue"]
    >>> then = pd.DataFrame([("A", "overdue", 50.0), ("B", "active", 7.0)], columns=columns)
    >>> now = pd.DataFrame([("A", "lost", 10.0), ("B", "overdue", 8.0)], columns=columns)
    >>> keys = pd.DataFrame({"account_id": ["B"], "is_key": [True]})
    >>> steps = risk_changes(now, then, keys, keys).set_index(["scope", "step"])["revenue"]
    >>> [float(steps["all", step]) for step in ("before", "newly_overdue", "gone_lost", "now")]
    [50.0, 8.0, -50.0, 8.0]
    """
    if previous_account_status is None or previous_key_accounts is None:
        return shaped("risk_changes", [])
    ids = pd.Series(
        sorted({*account_status["account_id"], *previous_account_status["account_id"]}), dtype="str"
    )
    table = pd.DataFrame({"account_id": ids})
    for name, status, keys in (
        ("now", account_status, key_accounts),
        ("then", previous_account_status, previous_key_accounts),
    ):
        known = status.set_index("account_id")
        table[f"status_{name}"] = looked_up(ids, known["status"]).fillna("never")
        table[f"money_{name}"] = exact(looked_up(ids, known["revenue"])).set_axis(table.index)
        table[f"is_key_{name}"] = ids.isin(keys.loc[keys["is_key"].astype(bool), "account_id"])
    everyone = table.assign(is_key_now=True, is_key_then=True)
    rows = []
    for scope, part in (("all", everyone), ("key", table)):
        steps = _steps(part)
        rows += [
            {"scope": scope, "step": step, "revenue": amount, "accounts": many}
            for step in RISK_STEPS
            for amount, many in [steps[step]]
        ]
    return shaped("risk_changes", rows)


def _steps(table: pd.DataFrame) -> dict[str, tuple[Decimal, int]]:
    """Return amount and number of accounts of each step."""
    is_now, is_then = (table[f"status_{name}"].eq("overdue") for name in ("now", "then"))
    key_now, key_then = table["is_key_now"], table["is_key_then"]
    both = key_now & key_then
    now, then = table["money_now"], table["money_then"]
    is_lost = table["status_now"].eq("lost")
    went = is_then & ~is_now
    moved = is_now & is_then & both & now.ne(then)
    return {
        "before": _sum(then, is_then & key_then),
        "newly_overdue": _sum(now, is_now & ~is_then & key_now),
        "recovered": _sum(-then, went & key_then & ~is_lost),
        "gone_lost": _sum(-then, went & key_then & is_lost),
        "revenue_changed": _sum(now - then, moved),
        "joined": _sum(now, is_now & is_then & key_now & ~key_then),
        "left": _sum(-then, is_now & is_then & key_then & ~key_now),
        "now": _sum(now, is_now & key_now),
    }


def _sum(money: pd.Series, rows: pd.Series) -> tuple[Decimal, int]:
    return sum(money[rows], Decimal(0)), int(rows.sum())
