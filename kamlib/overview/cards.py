"""The front page's key figures as cards, and its changes as actions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.page import Action, Card
from kamlib.tables import each

_CARDS: tuple[tuple[str, str, str, Any, Any, str], ...] = (
    ("revenue", "key", "Revenue of key accounts", "money", "up", "segmentation.html"),
    ("revenue_share", "key", "Share of total", "share", "neither", "segmentation.html"),
    ("NRR", "all", "NRR, all accounts", "share", "up", "retention.html"),
    ("GRR", "all", "GRR, all accounts", "share", "up", "retention.html"),
    ("revenue_at_risk", "key", "At risk, key accounts", "money", "down", "retention.html"),
)


def figure_cards(
    key_figures: pd.DataFrame, figure_history: pd.DataFrame, tier_decisions: pd.DataFrame | None = None
) -> list[Card]:
    """Return the key figures as cards, each with its change and its last periods."""
    found = key_figures.set_index(["figure", "scope"])
    cards = []
    for figure, scope, label, unit, good, link in _CARDS:
        if (figure, scope) not in found.index:
            continue
        row: Any = found.loc[(figure, scope)]
        history = figure_history[figure_history["figure"].eq(figure) & figure_history["scope"].eq(scope)]
        cards.append(
            Card(
                label,
                row["value"],
                unit,
                previous=row["previous_value"],
                year_ago=row["year_ago_value"],
                history=tuple(history.sort_values("as_of_date")["value"].tail(8)),
                good=good,
                note="30–55 % is usual" if figure == "revenue_share" else "",
                link=link,
            )
        )
    counts = found["value"]
    if tier_decisions is None:
        watched = ""
    else:
        watched = f"{int(tier_decisions['decision'].eq('watch').sum())} watched, "
    lost = counts.get(("lost_in_period", "all"), float("nan"))
    left = "" if lost != lost else f"{lost:.0f} of all accounts lost in the period"
    number = counts.get(("accounts", "key"), 0.0)
    note = (watched + left).rstrip(", ")
    return [*cards, Card("Key accounts", number, "count", good="neither", note=note, link="scoring.html")]


def front_actions(main_changes: pd.DataFrame, *, as_of: pd.Timestamp | None = None) -> list[Action]:
    """Return the main changes as the lines of the first screen; what was due by the ``as_of`` day is due now."""
    return [
        Action(
            row.changed,
            row.to_do,
            row.owner if isinstance(row.owner, str) else "",
            "now" if as_of is not None and row.due_date <= as_of else row.due_date,
            row.link,
            row.account_id,
        )
        for row in each(main_changes)
    ]
