"""What is said of the change of revenue at risk: by its parts, since less can mean more lost."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.story.keys import several
from kamlib.words import count, listed, money, phrase, say


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
        f"{money(_told(revenue, step), book)} {say(said)} ({count(many[step], 'account')})"
        for step, said in _PARTS.items()
        if many[step]
    ]
    if not parts:
        return ""
    lost = many["gone_lost"] > 0
    moral = say(": what is lost is no improvement") if lost else ""
    start = money(revenue["before"], book)
    whose = several(key) if scope == "key" else say("all accounts")
    told = listed(parts, most=9)
    return say(
        "At the end of {before} {start} a year was at risk in {whose}; since then {told}{moral}.",
        before=before.title,
        start=start,
        whose=whose,
        told=told,
        moral=moral,
    )


def risk_note(risk_changes: pd.DataFrame, scope: str, book: BookSettings) -> str:
    """Return the parts of the change as a card notes them."""
    steps = _steps(risk_changes, scope)
    if steps.empty:
        return ""
    revenue, many = steps["revenue"], steps["accounts"]
    parts = [
        f"{money(_told(revenue, step), book)} {say(said)}"
        for step, said in _SHORT.items()
        if many[step]
    ]
    return ", ".join(parts)


_PARTS = {
    "newly_overdue": phrase("newly overdue"),
    "recovered": phrase("recovered"),
    "gone_lost": phrase("gone lost"),
    "joined": phrase("of accounts that became key"),
    "left": phrase("of accounts that are key no more"),
}
_SHORT = {
    "newly_overdue": phrase("newly"),
    "recovered": phrase("recovered"),
    "gone_lost": phrase("gone lost"),
}


_TAKEN = ("recovered", "gone_lost", "left")


def _told(revenue: pd.Series, step: str) -> float:
    """Return a step's amount as that of its accounts: what is taken away stands negative."""
    return float(-revenue[step] if step in _TAKEN else revenue[step])


def _steps(risk_changes: pd.DataFrame, scope: str) -> pd.DataFrame:
    return risk_changes[risk_changes["scope"].eq(scope)].set_index("step")
