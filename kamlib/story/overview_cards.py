"""The key figures at the top of the front page: the period's own first, then the 12 months."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.story.keys import called, several
from kamlib.story.overtime import followed
from kamlib.story.risk import risk_note
from kamlib.story.statements import Card
from kamlib.words import count, phrase, say, share

AT_RISK = "retention.html#account_status-chart"
"""Where the accounts at risk are."""
BRIDGE = "retention.html#revenue_bridge-chart-all"

CARDS: tuple[tuple[str, str, str, Any, Any], ...] = (
    ("revenue", "all", phrase("Revenue, 12 months, all accounts"), "money", "up"),
    ("revenue", "key", phrase("Of today’s key accounts, 12 months"), "money", "up"),
    ("NRR", "all", phrase("NRR, 12 months, all accounts"), "share", "up"),
    ("GRR", "all", phrase("GRR, 12 months, all accounts"), "share", "up"),
    ("revenue_at_risk", "key", phrase("At risk, key accounts"), "money", "down"),
)
"""Figure, scope, label, unit and which way is good, as the list of periods shows them."""

SPLIT = ("revenue_at_risk",)
"""Figures whose change is told in its parts only: less at risk can mean more that is lost."""


def cards_overview(
    key_figures: pd.DataFrame,
    period_figures: pd.DataFrame,
    revenue_months: pd.DataFrame,
    tier_decisions: pd.DataFrame,
    candidates: pd.DataFrame,
    revenue_bridge: pd.DataFrame,
    risk_changes: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    span: Span,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> list[Card]:
    """Return the key figures as cards: the period's own revenue month by month, the 12 months, how
    much stayed, what is at risk, and who is key.

    Each label names its window and its accounts. A figure that is not known makes no card.
    """
    found = key_figures.set_index(["figure", "scope"])
    own: Any = period_figures.set_index("figure").loc["revenue"]
    history = tuple(revenue_months["revenue"].dropna())
    cards = [
        Card(
            say("Revenue in {period}, all accounts", period=span.title),
            own["value"],
            "money",
            own["previous_value"],
            own["year_ago_value"],
            history,
            link="#revenue_months-chart",
        ),
        _year(found, revenue_bridge, as_of, book),
        _stayed(found, book),
        _at_risk(found, risk_changes, called(key_accounts), book),
        _key_count(found, tier_decisions, candidates, called(key_accounts)),
    ]
    return [one for one in cards if one is not None]


def _row(found: pd.DataFrame, figure: str, scope: str) -> Any:
    row: Any = found.loc[(figure, scope)] if (figure, scope) in found.index else None
    return None if row is None or pd.isna(row["value"]) else row


def _year(
    found: pd.DataFrame, bridge: pd.DataFrame, as_of: pd.Timestamp, book: BookSettings
) -> Card | None:
    row = _row(found, "revenue", "all")
    if row is None:
        return None
    note = followed(bridge, "key", as_of, book, is_short=True)
    return Card(
        say("12 months, all accounts"),
        row["value"],
        "money",
        None,
        row["year_ago_value"],
        note=note,
        link=BRIDGE,
        year_ago_label=say("the year before"),
    )


def _stayed(found: pd.DataFrame, book: BookSettings) -> Card | None:
    """Return how much revenue stayed: of the accounts key at the start, where they are known."""
    for scope, whose in (("key", say("accounts key at the start")), ("all", say("all accounts"))):
        kept, gross = (_row(found, figure, scope) for figure in ("NRR", "GRR"))
        if kept is None or gross is None:
            continue
        both = f"{share(kept['value'], book)} · {share(gross['value'], book)}"
        note = say("what they spend now of what they spent a year before, with and without growth")
        return Card(
            say("NRR · GRR, 12 months, {whose}", whose=whose), both, "text", note=note, link=BRIDGE
        )
    return None


def _at_risk(
    found: pd.DataFrame, risk_changes: pd.DataFrame, key: str, book: BookSettings
) -> Card | None:
    row, many = _row(found, "revenue_at_risk", "key"), _row(found, "at_risk_accounts", "key")
    if row is None:
        return None
    is_any = many is not None and many["value"] > 0
    label = say("At risk, {keys}", keys=count(many["value"], key) if is_any else several(key))
    note = risk_note(risk_changes, "key", book)
    return Card(label, row["value"], "money", good="down", note=note, link=AT_RISK)


def _key_count(
    found: pd.DataFrame, decisions: pd.DataFrame, candidates: pd.DataFrame, key: str
) -> Card:
    """Return the card that counts key accounts, candidates, those watched and those lost."""
    lost = found["value"].get(("lost_in_period", "key"), float("nan"))
    said = (
        (len(candidates), lambda many: count(many, "candidate")),
        (
            int(decisions["proposal"].eq("watch").sum()),
            lambda many: say("{many:.0f} watched", many=many),
        ),
        (lost, lambda many: say("{many:.0f} lost in the period", many=many)),
    )
    row: Any = {"value": 0.0}
    if ("accounts", "key") in found.index:
        row = found.loc[("accounts", "key")]
    return Card(
        say("Today’s {keys}", keys=several(key)),
        row["value"],
        "count",
        year_ago=row.get("year_ago_value"),
        good="neither",
        note=", ".join(told(many) for many, told in said if many > 0),
        link="scoring.html",
    )


def card_changes(figure: str, row: Any) -> tuple[float | None, float | None]:
    """Return what a card compares a figure with: nothing where the change needs its parts."""
    if figure in SPLIT:
        return None, None
    return row["previous_value"], row["year_ago_value"]
