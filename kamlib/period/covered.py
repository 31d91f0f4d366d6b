"""Which days the order lines of a book cover."""

from __future__ import annotations

import datetime

import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake import Intake
from kamlib.period.calendar import Span
from kamlib.words import count


def order_days(intake: Intake) -> pd.Series:
    """Return the days with a used order line, the earliest first."""
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    days = used.select("order_date").distinct().to_pandas()["order_date"].dropna()
    return pd.to_datetime(days).astype("datetime64[us]").sort_values(ignore_index=True)


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


def check_reached(span: Span, intake: Intake) -> None:
    """Refuse a period that lies before the data or wholly after them, and say what they cover.

    Raises
    ------
    KamError
        The book has no order line up to the period's end.
    """
    first = first_day(intake)
    if first is not None and span.end >= first:
        return
    last = last_covered_day(intake, intake.book)
    raise KamError(
        f"The book has no orders up to the end of {span.title}.",
        where=f"period = {span.label}",
        next=f"Its orders run from {first.date()} to {last}."
        if first is not None
        else "Run kam check to see why.",
    )


def check_reaches_into(period: Span, intake: Intake) -> None:
    """Refuse a period that begins after the data end, as its report would be of silence alone, or
    whose end they miss by more than the book allows.
    """
    last = last_covered_day(intake, intake.book)
    if last is None:
        return
    most = intake.book.freshness.refuse_after
    missing = (period.end.date() - last).days
    is_short = most is not None and missing > most
    if period.start.date() > last or is_short:
        allowed = f", more than the {count(most or 0, 'day')} of refuse_after" if is_short else ""
        raise KamError(
            f"The book has no orders in {period.title}."
            if period.start.date() > last
            else f"The orders end {count(missing, 'day')} before {period.title} does{allowed}.",
            where=f"period = {period.label}",
            next=f"Its data end on {last}. Name an earlier period, or bring the orders up to date.",
        )
