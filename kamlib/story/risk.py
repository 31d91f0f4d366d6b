"""What is said of the change of revenue at risk: by its parts, since less can mean more lost."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.words import count, listed, money


def risk_split(risk_changes: pd.DataFrame, scope: str, before: Span, book: BookSettings) -> str:
    """Say how revenue at risk moved since the period before, by its parts."""
    steps = _steps(risk_changes, scope)
    if steps.empty or not steps.loc[["before", "now"], "accounts"].any():
        return ""
    parts = [
        f"{money(abs(steps.loc[step, 'revenue']), book)} {said} "
        f"({count(steps.loc[step, 'accounts'], 'account')})"
        for step, said in _PARTS.items()
        if steps.loc[step, "accounts"]
    ]
    if not parts:
        return ""
    lost = steps.loc["gone_lost", "accounts"] > 0
    moral = ": what is lost is no improvement" if lost else ""
    start = money(steps.loc["before", "revenue"], book)
    told = listed(parts, most=9)
    return f"At the end of {before.title} it was {start}; since then {told}{moral}."


def risk_note(risk_changes: pd.DataFrame, scope: str, book: BookSettings) -> str:
    """Return the parts of the change as a card notes them."""
    steps = _steps(risk_changes, scope)
    if steps.empty:
        return ""
    parts = [
        f"{money(abs(steps.loc[step, 'revenue']), book)} {said}"
        for step, said in _SHORT.items()
        if steps.loc[step, "accounts"]
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
