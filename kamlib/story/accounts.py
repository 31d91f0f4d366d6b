"""What the short page of an account says: where it stands, what to do about it, what it brought."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.period.months import is_base_whole, trailing_months
from kamlib.story.statements import Card, Sentence
from kamlib.words import date, say


def headline_account(
    account_standing: pd.DataFrame,
    told_account_actions: pd.DataFrame,
    *,
    account_id: str,
) -> list[Sentence]:
    """Return where an account stands, what is to be done about it and why."""
    row: Any = account_standing.set_index("account_id").loc[account_id]
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
    own = told_account_actions[told_account_actions["account_id"].eq(account_id)]
    for action in own.to_dict("records"):
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
    account_status: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    account_id: str,
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
) -> list[Card]:
    """Return what an account brought in 12 months, month by month for two years, and its rhythm."""
    row: Any = account_status.set_index("account_id").loc[account_id]
    own = account_months[account_months["account_id"].eq(account_id)].set_index("month")
    months = own["revenue"].reindex(trailing_months(as_of, 24)).fillna(0.0)
    before = months.iloc[:12].sum() if is_base_whole(first_date, as_of) else None
    gap = row["usual_gap_days"]
    return [
        Card(
            say("Revenue, 12 months"), months.iloc[12:].sum(), "money", None, before, tuple(months)
        ),
        Card(say("Last order"), date(row["last_order_date"]), "text"),
        Card(
            say("Days without an order"),
            row["silence_days"],
            "number",
            note="" if pd.isna(gap) else say("usually {gap:.0f}", gap=gap),
        ),
    ]
