"""What the short page of an account says: where it stands, what to do about it, what it brought."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kamlib.story.statements import Card, Sentence
from kamlib.words import date, say


def headline_account(
    account_id: str, row: Mapping[Hashable, Any], actions: Sequence[Mapping[Hashable, Any]]
) -> list[Sentence]:
    """Return where an account stands (its row of ``account_standing``), what is to be done about it
    and why (its rows of ``account_actions``, told).
    """
    stands = [
        say("class {abc_revenue}", abc_revenue=row["abc_revenue"])
        if isinstance(row["abc_revenue"], str)
        else say("no class"),
        say(str(row["status"])),
        say("owner {owner}", owner=row["owner"])
        if isinstance(row["owner"], str) and row["owner"]
        else say("no owner"),
    ]
    told = ", ".join(stands)
    said = [
        Sentence(
            say("Key account {account_id}: {stands}.", account_id=account_id, stands=told)
            if row["is_key"]
            else say("Account {account_id}: {stands}.", account_id=account_id, stands=told)
        )
    ]
    for action in actions:
        said.append(Sentence(action["why"], f"../{action['link']}"))
        said.append(
            Sentence(
                say(
                    "To do by {due_date}: {to_do}",
                    due_date=date(action["due_date"]),
                    to_do=action["to_do"],
                )
            )
        )
    if isinstance(row["recorded_decision"], str) and row["recorded_decision"]:
        on = date(row["recorded_date"])
        said.append(
            Sentence(
                say(
                    "Decided on {on}: {recorded_decision}.",
                    on=on,
                    recorded_decision=say(row["recorded_decision"]),
                )
            )
        )
    return said


def cards_account(
    row: Mapping[Hashable, Any], months: np.ndarray, *, is_base_whole: bool
) -> list[Card]:
    """Return what an account brought in 12 months, ``months`` of two years, and its rhythm (its row
    of ``account_status``).
    """
    before = months[:12].sum() if is_base_whole else None
    gap = row["usual_gap_days"]
    return [
        Card(say("Revenue, 12 months"), months[12:].sum(), "money", None, before, tuple(months)),
        Card(say("Last order"), date(row["last_order_date"]), "text"),
        Card(
            say("Days without an order"),
            row["silence_days"],
            "number",
            note="" if pd.isna(gap) else say("usually {gap:.0f}", gap=gap),
        ),
    ]
