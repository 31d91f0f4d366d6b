"""The front page's key figures as cards, and its changes as actions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.overview.figures import base_months
from kamlib.page import Action, Card, change
from kamlib.tables import each

_CARDS: tuple[tuple[str, str, str, Any, Any, str], ...] = (
    ("revenue", "key", "Revenue of key accounts", "money", "up", "segmentation.html"),
    ("revenue_share", "key", "Share of total", "share", "neither", "segmentation.html"),
    ("NRR", "all", "NRR, all accounts", "share", "up", "retention.html"),
    ("GRR", "all", "GRR, all accounts", "share", "up", "retention.html"),
    ("revenue_at_risk", "key", "At risk, key accounts", "money", "down", "retention.html"),
)


def figure_cards(
    key_figures: pd.DataFrame,
    figure_history: pd.DataFrame,
    tier_decisions: pd.DataFrame | None = None,
    *,
    same_accounts: float | None = None,
    first_date: pd.Timestamp | None = None,
    book: Any = None,
) -> list[Card]:
    """Return the key figures as cards, each with its change and its last periods.

    Key accounts come and go: beside the change of their revenue stands that of today's key accounts
        alone, when
    ``same_accounts`` (``same_key_revenue``) says what these brought a period ago and it is not the
        same. NRR and GRR
    whose year before the data (from ``first_date``) do not hold whole are compared with nothing.
    """
    held = (
        base_months(first_date, figure_history["as_of_date"].max()) if len(figure_history) else 12
    )
    found = key_figures.set_index(["figure", "scope"])
    cards = []
    for figure, scope, label, unit, good, link in _CARDS:
        if (figure, scope) not in found.index:
            continue
        row: Any = found.loc[(figure, scope)]
        is_half = figure in ("NRR", "GRR") and held < 12
        history = figure_history[
            figure_history["figure"].eq(figure) & figure_history["scope"].eq(scope)
        ]
        cards.append(
            Card(
                label,
                row["value"],
                unit,
                previous=None if is_half else row["previous_value"],
                year_ago=None if is_half else row["year_ago_value"],
                history=()
                if is_half
                else tuple(history.sort_values("as_of_date")["value"].tail(8)),
                good=good,
                note=f"on {held} of 12 months"
                if is_half
                else _note(figure, row, same_accounts, book),
                link=link,
            )
        )
    watched = 0 if tier_decisions is None else int(tier_decisions["decision"].eq("watch").sum())
    lost = found["value"].get(("lost_in_period", "key"), float("nan"))
    notes = [
        f"{many:.0f} {what}"
        for many, what in ((watched, "watched"), (lost, "lost in the period"))
        if many > 0
    ]
    row = found.loc[("accounts", "key")] if ("accounts", "key") in found.index else {"value": 0.0}
    number = Card(
        "Key accounts",
        row["value"],
        "count",
        previous=row.get("previous_value"),
        year_ago=row.get("year_ago_value"),
        good="neither",
        note=", ".join(notes),
        link="scoring.html",
    )
    return [*cards, number]


def _note(figure: str, row: Any, same_accounts: float | None, book: Any) -> str:
    if figure == "revenue_share":
        return "30–55 % is usual"
    if figure != "revenue" or same_accounts is None or not same_accounts > 0:
        return ""
    if pd.isna(row["previous_value"]) or abs(row["previous_value"] - same_accounts) < 0.005:
        return ""
    return f"{change(row['value'], same_accounts, book)} with the same accounts"


def front_actions(main_changes: pd.DataFrame, *, as_of: pd.Timestamp | None = None) -> list[Action]:
    """Return the main changes as the lines of the first screen; what was due by the ``as_of`` day
    is due now.
    """
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
