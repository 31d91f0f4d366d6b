"""What is said of the change of revenue at risk: by its parts, since less can mean more lost."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.words import count, listed, money


def risk_split(
    risk_changes: pd.DataFrame,
    scope: str,
    before: Span,
    book: BookSettings,
    *,
    key: str = "key account",
) -> str:
    """Say how revenue at risk moved since the period before, by its parts; ``key`` is what key
    accounts are called.
    """
    steps = _steps(risk_changes, scope)
    if steps.empty or not steps.loc[["before", "now"], "accounts"].any():
        return ""
    revenue, many = steps["revenue"], steps["accounts"]
    parts = [
        f"{money(abs(revenue[step]), book)} {said} ({count(many[step], 'account')})"
        for step, said in _PARTS.items()
        if many[step]
    ]
    if not parts:
        return ""
    lost = many["gone_lost"] > 0
    moral = ": what is lost is no improvement" if lost else ""
    start = money(revenue["before"], book)
    whose = f"{key}s" if scope == "key" else "all accounts"
    told = listed(parts, most=9)
    return (
        f"At the end of {before.title} {start} a year was at risk in {whose}; "
        f"since then {told}{moral}."
    )


def risk_note(risk_changes: pd.DataFrame, scope: str, book: BookSettings) -> str:
    """Return the parts of the change as a card notes them."""
    steps = _steps(risk_changes, scope)
    if steps.empty:
        return ""
    revenue, many = steps["revenue"], steps["accounts"]
    parts = [
        f"{money(abs(revenue[step]), book)} {said}" for step, said in _SHORT.items() if many[step]
    ]
    return ", ".join(parts)


_PARTS = {
    "newly_overdue": "newly overdue",
    "recovered": "recovered",
    "gone_lost": "gone lost",
    "joined": "of accounts that became key",
    "left": "of accounts that are key no more",
}
_SHORT = {"newly_overdue": "newly", "recovered": "recovered", "gone_lost": "gone lost"}


def _steps(risk_changes: pd.DataFrame, scope: str) -> pd.DataFrame:
    return risk_changes[risk_changes["scope"].eq(scope)].set_index("step")
