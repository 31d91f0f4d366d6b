"""Days and months as people read them, in any country: the month is a word."""

from __future__ import annotations

from datetime import date as Day
from datetime import timedelta
from functools import cache
from typing import Any

from babel.dates import DateTimePattern

from kamlib.words.language import say
from kamlib.words.locales import ENGLISH, GAP, MISSING, known, spoken


def date(value: Any) -> str:
    """Return a day as 15 Oct 2025: the month never taken for the day.

    >>> date("2025-10-05").replace(GAP, " "), date(None)
    ('5 Oct 2025', 'n/a')
    """
    day = _day(value)
    if day is None:
        return say(MISSING)
    if spoken() == ENGLISH:
        return f"{day.day}{GAP}{_month(day)}"
    return _written(day, "yMMMd")


def month(value: Any) -> str:
    """Return the month of a day as Oct 2025.

    >>> month("2025-10-05").replace(GAP, " "), month(float("nan"))
    ('Oct 2025', 'n/a')
    """
    day = _day(value)
    if day is None:
        return say(MISSING)
    return _month(day) if spoken() == ENGLISH else _written(day, "yMMM")


def ended(value: Any) -> str:
    """Return the month that ends on a day, as Oct 2025; one that ends within a calendar month by
    its last day.

    >>> ended("2025-10-31").replace(GAP, " "), ended("2025-10-05").replace(GAP, " ")
    ('Oct 2025', 'month to 5 Oct 2025')
    """
    day = _day(value)
    if day is None or (day + timedelta(days=1)).day == 1:
        return month(value)
    return say("month to {day}", day=date(value))


def until(period: str, day: Any) -> str:
    """Return a period that counts up to one of its days.

    >>> until("Q3 2025", "2025-08-08").replace(GAP, " ")
    'Q3 2025 until 8 Aug 2025'
    """
    return say("{period} until {day}", period=period, day=date(day))


def month_name(number: int) -> str:
    """Return a month's whole name.

    >>> month_name(10)
    'October'
    """
    return _months("wide", spoken())[number]


def _day(value: Any) -> Day | None:
    if value is None:
        return None
    if isinstance(value, Day) and value == value:  # NaT is a day that differs from itself
        return value
    import pandas as pd

    return None if pd.isna(value) else pd.Timestamp(value)


def _month(day: Day) -> str:
    return f"{_months('abbreviated', ENGLISH)[day.month]}{GAP}{day.year}"


def _written(day: Day, skeleton: str) -> str:
    return _pattern(skeleton, spoken()).apply(day, known(spoken())).replace(" ", GAP)


@cache
def _pattern(skeleton: str, language: str) -> DateTimePattern:
    return known(language).datetime_skeletons[skeleton]


@cache
def _months(width: str, language: str) -> dict[int, str]:
    return dict(known(language).months["format"][width])
