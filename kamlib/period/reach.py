"""How far the data of a book reach, where they have holes, and how long they are usually silent."""

from __future__ import annotations

import pandas as pd

from kamlib.book import QUIET_DAYS, BookSettings, FreshnessSettings
from kamlib.holes import NO_HOLES, Hole, Holes, gap_days, holes
from kamlib.period.calendar import Span

_DAY = pd.Timedelta(days=1)


def reach(
    days: pd.Series, as_of: pd.Timestamp, book: BookSettings
) -> tuple[pd.Timestamp | None, int]:
    """Return the last day that the data cover up to a day, and the longest time without any order
    in the year before it, in days; a hole in the data is none.

    >>> days = pd.Series(pd.to_datetime(["2024-01-10", "2025-01-10", "2025-01-13", "2025-01-20"]))
    >>> reach(days, pd.Timestamp("2025-01-31"), BookSettings(title="x"))
    (Timestamp('2025-01-20 00:00:00'), 7)
    """
    known = days[days <= as_of].drop_duplicates().sort_values()
    latest = [pd.Timestamp(book.complete_to)] if book.complete_to else []
    latest += [known.iloc[-1]] if len(known) else []
    if not latest:
        return None, 0
    last = min(max(latest), as_of)
    recent = known[known > last - pd.DateOffset(years=1)]
    gaps = gap_days(recent, holes(known))
    return last, int(gaps.max()) if gaps.notna().any() else 0


def comparable(days: pd.Series, as_of: pd.Timestamp) -> tuple[pd.Timestamp | None, Holes]:
    """Return the day from which on the data of a book compare, and the holes in them, up to a day.

    They compare from the first day with an order line, or from the first one after the last hole:
    no window that reaches further back is whole.

    >>> days = pd.Series(pd.date_range("2022-01-01", "2024-12-31"))
    >>> days = days[(days < "2023-03-01") | (days >= "2023-07-01")]
    >>> [comparable(days, pd.Timestamp(day))[0].date().isoformat()
    ...     for day in ("2023-06-30", "2024-12-31")]
    ['2022-01-01', '2023-07-01']
    """
    if days.empty:
        return None, NO_HOLES
    known = days[days <= as_of]
    found = holes(known)
    first = days.min() if not found else found[-1].end + _DAY
    return pd.Timestamp(first).as_unit("us"), found


def silence_is_unusual(
    last_date: pd.Timestamp, usual_silence_days: int, span: Span, freshness: FreshnessSettings
) -> bool:
    """Return whether the data end so long before a period that its last days seem to be missing."""
    usual = freshness.warn_after
    usual = max(QUIET_DAYS, usual_silence_days) if usual is None else usual
    return (span.end - last_date).days > usual


def unknown_days(
    days: pd.Series,
    last_date: pd.Timestamp | None,
    usual_silence_days: int,
    span: Span,
    freshness: FreshnessSettings,
) -> Holes:
    """Return the days up to a period's end of which nothing is known: the holes in the data, and
    those after their end where they end too early.
    """
    _, found = comparable(days, span.end)
    if last_date is None or not silence_is_unusual(last_date, usual_silence_days, span, freshness):
        return found
    return Holes((*found, Hole((last_date + _DAY).as_unit("us"), span.end)))


def reached(span: Span, days: pd.Series, book: BookSettings) -> Span:
    """Return a period as far as the data of a book reach: cut at the day they end, where the book
    says that they are complete to a day of it (``complete_to``); else whole, to its last day.

    >>> from datetime import date
    >>> from kamlib.period.calendar import parse_period
    >>> daily = pd.Series(pd.date_range("2024-01-01", "2025-08-08"))
    >>> [reached(parse_period("2025-Q3"), daily, BookSettings(title="x", complete_to=day)).end.day
    ...     for day in (None, date(2025, 8, 8))]
    [30, 8]
    """
    last, _ = reach(days, span.end, book)
    said = book.complete_to
    if last is None or said is None or not span.first_day <= said < span.last_day:
        return span
    return span.until(last.date())


def neighbours(span: Span, days: pd.Series) -> dict[str, Span]:
    """Return the periods that one is compared with, as far back as the data compare."""
    first, _ = comparable(days, span.end)
    others = {"previous": span.previous(), "year_ago": span.year_ago()}
    return {
        name: other for name, other in others.items() if first is not None and other.end >= first
    }


def beside(span: Span, days: pd.Series, book: BookSettings) -> str:
    """Return the folder of a period that another is compared with: that of the period itself, but
    where this one would be another period if it were asked for, as the data of then ended early.
    """
    is_same = span == reached(span.whole, days, book)
    return span.label if is_same else f"{span.label}-to-{span.last_day.isoformat()}"
