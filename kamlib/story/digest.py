"""What a digest says of itself: its title, for whom it is, what it rests on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.words import count, date, money, say


def title_digest(*, span: Span, book: BookSettings) -> str:
    """Return the digest's title."""
    return say("{book}: key accounts, {period}", book=book.title, period=span.title)


def whom_digest(managers: pd.DataFrame, *, manager_id: str) -> str:
    """Return for whom a digest is: the head of key accounts, or the manager it was cut for."""
    if not manager_id:
        return say("For the head of key accounts")
    named = dict(zip(managers["manager_id"], managers["name"], strict=True))
    return say("For {named}", named=named.get(manager_id, manager_id))


def by_when(by: Any) -> str:
    r"""Return by when something is to be done, in words; nothing where no day is named.

    >>> by_when("now"), by_when(""), by_when(pd.Timestamp("2026-01-14"))
    ('now', '', 'by 14\xa0Jan\xa02026')
    """
    return by if isinstance(by, str) else say("by {by}", by=date(by))


def foot_digest(intake: pd.DataFrame, *, as_of: pd.Timestamp, book: BookSettings) -> str:
    """Return what a digest rests on: the orders used up to its last day, and what was not read.

    Rows left out on purpose, such as a source's own total, are no sales and are only counted.
    """
    orders = intake[intake["table"].eq("orders")].groupby("use")[["rows", "revenue"]].sum()
    if orders.empty:  # a manager's report does not say what the whole book adds up to
        return say("As of {as_of}.", as_of=date(as_of))
    rows, revenue = orders["rows"].to_dict(), orders["revenue"].to_dict()
    said = [
        say(
            "As of {as_of}, from {lines}",
            as_of=date(as_of),
            lines=count(rows.get("used", 0), "order line"),
        )
    ]
    if "left out" in rows:
        said.append(say("{lines} left out on purpose", lines=count(rows["left out"], "line")))
    if "unusable" in rows:
        amount = money(revenue["unusable"], book)
        said.append(
            say(
                "{lines} with {amount} unusable",
                lines=count(rows["unusable"], "line"),
                amount=amount,
            )
        )
    return f"{'; '.join(said)}."
