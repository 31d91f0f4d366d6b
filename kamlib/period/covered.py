"""Which days the order lines of a book cover."""

from __future__ import annotations

import datetime

import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake import Intake


def first_day(intake: Intake) -> pd.Timestamp | None:
    """Return the first used order day of a book."""
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    day = used["order_date"].min().to_pyarrow().as_py()
    return None if day is None else pd.Timestamp(day).as_unit("us")


def last_covered_day(
    intake: Intake, book: BookSettings, today: datetime.date | None = None
) -> datetime.date | None:
    """Return the last day the data cover: the latest used order day, or the book's ``complete_to``.

    Order days after ``today`` do not count: a mistyped year covers nothing.
    """
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    if today is not None:
        used = used.filter(used["order_date"] <= today)
    latest = used["order_date"].max().to_pyarrow().as_py()
    found = [day for day in (latest, book.complete_to) if day]
    return max(found) if found else None
