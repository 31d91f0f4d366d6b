"""What a digest says of itself: its title, for whom it is, what it rests on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.words import count, date, money


def title_digest(*, span: Span, book: BookSettings) -> str:
    """Return the digest's title."""
    return f"{book.title}: key accounts, {span.title}"


def whom_digest(managers: pd.DataFrame, *, manager_id: str) -> str:
    """Return for whom a digest is: the head of key accounts, or the manager it was cut for."""
    if not manager_id:
        return "For the head of key accounts"
    named = dict(zip(managers["manager_id"], managers["name"], strict=True))
    return f"For {named.get(manager_id, manager_id)}"


def by_when(by: Any) -> str:
    r"""Return by when something is to be done, in words; nothing where no day is named.

    >>> by_when("now"), by_when(""), by_when(pd.Timestamp("2026-01-14"))
    ('now', '', 'by 14\xa0Jan\xa02026')
    """
    return by if isinstance(by, str) else f"by {date(by)}"


def foot_digest(intake: pd.DataFrame, *, as_of: pd.Timestamp, book: BookSettings) -> str:
    """Return what a digest rests on: the orders used up to its last day, and what was not read.

    Rows left out on purpose, such as a source's own total, are no sales and are only counted.
    """
    orders = intake[intake["table"].eq("orders")].groupby("use")[["rows", "revenue"]].sum()
    if orders.empty:  # a manager's report does not say what the whole book adds up to
        return f"As of {date(as_of)}."
    rows, revenue = orders["rows"].to_dict(), orders["revenue"].to_dict()
    said = [f"As of {date(as_of)}, from {count(rows.get('used', 0), 'order line')}"]
    if "left out" in rows:
        said.append(f"{count(rows['left out'], 'line')} left out on purpose")
    if "unusable" in rows:
        amount = money(revenue["unusable"], book)
        said.append(f"{count(rows['unusable'], 'line')} with {amount} unusable")
    return f"{'; '.join(said)}."
