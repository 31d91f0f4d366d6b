"""Days and months as people read them, in any country: the month is a word."""

from __future__ import annotations

from datetime import date as Day
from functools import cache
from typing import Any

import pandas as pd

from kamlib.words.locales import ENGLISH, GAP, MISSING, known


def date(value: Any) -> str:
    """Return a day as 15 Oct 2025: the month never taken for the day.

    >>> date("2025-10-05").replace(GAP, " "), date(None)
    ('5 Oct 2025', 'n/a')
    """
    day = _day(value)
    return MISSING if day is None else f"{day.day}{GAP}{_month(day)}"


def month(value: Any) -> str:
    """Return the month of a day as Oct 2025.

    >>> month("2025-10-05").replace(GAP, " "), month(pd.NaT)
    ('Oct 2025', 'n/a')
    """
    day = _day(value)
    return MISSING if day is None else _month(day)


def month_name(number: int) -> str:
    """Return a month's whole name.

    >>> month_name(10)
    'October'
    """
    return _months("wide")[number]


def _day(value: Any) -> Day | None:
    if value is None or pd.isna(value):
        return None
    return value if isinstance(value, Day) else pd.Timestamp(value)


def _month(day: Day) -> str:
    return f"{_months('abbreviated')[day.month]}{GAP}{day.year}"


@cache
def _months(width: str) -> dict[int, str]:
    return dict(known(ENGLISH).months["format"][width])
