"""Reporting periods: years, quarters, months and weeks of the book's fiscal year.

A fiscal year is named for the calendar year in which it ends, so with ``first_month=4``
``2025`` runs from 2024-04-01 to 2025-03-31. Months (``2025-07``) and ISO weeks
(``2025-W31``) are calendar ones. A period's last day is its *as-of* date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from kamlib.errors import KamError
from kamlib.words import month_name, until

if TYPE_CHECKING:
    import pandas as pd

_FORMS = (
    (re.compile(r"([0-9]{4})"), "year"),
    (re.compile(r"([0-9]{4})-Q([1-4])"), "quarter"),
    (re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])"), "month"),
    (re.compile(r"([0-9]{4})-W([0-9]{2})"), "week"),
)
_HOW = (
    "Write 2025, 2025-Q3, 2025-07, 2025-W31, previous-quarter, previous-month, previous-year or "
    "2024-Q1..2025-Q4."
)


@dataclass(frozen=True, order=True)
class Span:
    """One reporting period; its last day is the as-of date of everything in its report.

    ``is_cut``: the book says that it is complete to a day of the period, which counts `until` then.
    """

    first_day: date
    last_day: date
    label: str
    kind: str
    first_month: int = 1
    is_cut: bool = False

    @cached_property
    def start(self) -> pd.Timestamp:
        """The first day, as tables hold days."""
        return _in_tables(self.first_day)

    @cached_property
    def end(self) -> pd.Timestamp:
        """The last day, as tables hold days."""
        return _in_tables(self.last_day)

    @property
    def as_of(self) -> pd.Timestamp:
        """The last day of the period."""
        return self.end

    def shift(self, steps: int) -> Span:
        """Return the period so many of its own lengths later (earlier when negative).

        >>> parse_period("2025-Q1").shift(-1).label
        '2024-Q4'
        >>> parse_period("2026-W01").shift(-1).label
        '2025-W52'
        """
        if self.kind == "week":
            return _week_of(self.first_day + timedelta(weeks=steps), self.first_month)
        months = {"year": 12, "quarter": 3, "month": 1}[self.kind] * steps
        return _from_start(_add_months(self.first_day, months), self.kind, self.first_month)

    def previous(self) -> Span:
        """Return the period before this one."""
        return self.shift(-1)

    def year_ago(self) -> Span:
        """Return the like period a year before (for a week: 52 weeks before).

        >>> parse_period("2025-W31").year_ago().label
        '2024-W31'
        """
        ago = self.shift({"year": -1, "quarter": -4, "month": -12, "week": -52}[self.kind])
        if not self.is_cut:
            return ago
        if self.kind == "week":
            return ago.until(self.last_day - timedelta(weeks=52))
        is_end = (self.last_day + timedelta(days=1)).day == 1
        last = _add_months(self.last_day.replace(day=1), -11) - timedelta(days=1)
        return ago.until(last if is_end else last.replace(day=min(last.day, self.last_day.day)))

    def until(self, day: date) -> Span:
        """Return the days of the period up to one of them, as far as the data reach.

        Its year ago is the same days a year before; the period before it is whole.

        >>> cut = parse_period("2025-Q3").until(date(2025, 8, 8))
        >>> [one.last_day.isoformat() for one in (cut, cut.year_ago(), cut.previous())]
        ['2025-08-08', '2024-08-08', '2025-06-30']
        """
        if day >= self.last_day:
            return self
        return replace(self, last_day=date(day.year, day.month, day.day), is_cut=True)

    @property
    def whole(self) -> Span:
        """The whole period, of which the data may hold some days alone."""
        return parse_period(self.label, first_month=self.first_month) if self.is_cut else self

    @property
    def title(self) -> str:
        """The period as readers say it.

        >>> [parse_period(text).title for text in ("2025-Q3", "2025-07", "2025-W31")]
        ['Q3 2025', 'July 2025', 'Week 31, 2025']
        >>> from kamlib.words import GAP
        >>> parse_period("2025-Q3").until(date(2025, 8, 8)).title.replace(GAP, " ")
        'Q3 2025 until 8 Aug 2025'
        """
        if self.is_cut:
            return until(self.whole.title, self.last_day)
        if self.kind == "quarter":
            return f"Q{self.label[-1]} {self.label[:4]}"
        if self.kind == "month":
            return f"{month_name(self.first_day.month)} {self.first_day.year}"
        if self.kind == "week":
            return f"Week {int(self.label[-2:])}, {self.label[:4]}"
        return self.label


def parse_period(text: str, *, first_month: int = 1) -> Span:
    """Return the period that a label such as ``2025-Q3`` names.

    Raises
    ------
    KamError
        The text is no period, or the year has no such week.

    Examples
    --------
    >>> parse_period("2025-Q1", first_month=4).first_day.isoformat()
    '2024-04-01'
    >>> parse_period("2024-02").last_day.isoformat()
    '2024-02-29'
    """
    for form, kind in _FORMS:
        match = form.fullmatch(text.strip())
        if not match:
            continue
        year = int(match[1])
        if not 1900 <= year <= 9998:
            break
        if kind == "week":
            try:
                return _week_of(date.fromisocalendar(year, int(match[2]), 1), first_month)
            except ValueError:
                raise KamError(
                    f"{year} has no week {match[2]}.", where=f"period '{text}'", next=_HOW
                ) from None
        if kind == "month":
            return _from_start(date(year, int(match[2]), 1), kind, first_month)
        start = date(year - (first_month > 1), first_month, 1)
        months = 3 * (int(match[2]) - 1) if kind == "quarter" else 0
        return _from_start(_add_months(start, months), kind, first_month)
    raise KamError(f"'{text[:100]}' is not a period.", where="period", next=_HOW)


def resolve_periods(
    texts: list[str], *, first_month: int = 1, today: date | None = None
) -> list[Span]:
    """Return the periods that the words of a command name, in order and once each.

    ``previous-quarter`` and its kin count back from ``today``, which only the command line knows.

    >>> [p.label for p in resolve_periods(["2024-Q3..2025-Q1"])]
    ['2024-Q3', '2024-Q4', '2025-Q1']
    >>> [p.label for p in resolve_periods(["previous-month"], today=date(2025, 3, 31))]
    ['2025-02']
    """
    found: dict[str, Span] = {}
    for text in texts:
        for period in _resolve_one(text.strip(), first_month, today):
            found[period.label] = period
    return list(found.values())


def _resolve_one(text: str, first_month: int, today: date | None) -> list[Span]:
    if ".." in text:
        first, last = (parse_period(part, first_month=first_month) for part in text.split("..", 1))
        if first.kind != last.kind:
            raise KamError(
                f"A range needs two periods of one kind, not a {first.kind} and a {last.kind}.",
                where=f"period '{text}'",
                next=_HOW,
            )
        if last < first:
            raise KamError(
                "The range ends before it begins.", where=f"period '{text}'", next="Turn it round."
            )
        periods = [first]
        while periods[-1].label != last.label:
            periods.append(periods[-1].shift(1))
        return periods
    if text.startswith("previous-"):
        kind = text.removeprefix("previous-")
        if kind not in ("year", "quarter", "month", "week") or today is None:
            raise KamError(f"'{text}' is not a period.", where="period", next=_HOW)
        return [period_of(today, kind, first_month=first_month).previous()]
    return [parse_period(text, first_month=first_month)]


def period_of(day: date, kind: str = "quarter", *, first_month: int = 1) -> Span:
    """Return the period of a kind that holds a day.

    >>> period_of(date(2025, 5, 5)).label
    '2025-Q2'
    """
    if kind == "week":
        return _week_of(date(day.year, day.month, day.day), first_month)
    start = date(day.year, day.month, 1)
    if kind == "month":
        return _from_start(start, kind, first_month)
    months_in = (day.month - first_month) % 12
    start = _add_months(start, -months_in)
    if kind == "quarter":
        start = _add_months(start, months_in // 3 * 3)
    return _from_start(start, kind, first_month)


def last_whole_quarter(last_day: date, *, first_month: int = 1) -> Span:
    """Return the last quarter that data up to ``last_day`` cover whole.

    >>> last_whole_quarter(date(2025, 12, 31)).label
    '2025-Q4'
    >>> last_whole_quarter(date(2025, 12, 30)).label
    '2025-Q3'
    """
    quarter = period_of(last_day, first_month=first_month)
    last_day = date(last_day.year, last_day.month, last_day.day)
    return quarter if last_day >= quarter.last_day else quarter.previous()


def _in_tables(day: date) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(day).as_unit("us")


def _add_months(first: date, months: int) -> date:
    """Return the first of a month so many months later."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def _from_start(start: date, kind: str, first_month: int) -> Span:
    months = {"year": 12, "quarter": 3, "month": 1}[kind]
    end = _add_months(start, months) - timedelta(days=1)
    if kind == "month":
        label = f"{start:%Y-%m}"
    else:
        months_in = (start.month - first_month) % 12
        fiscal_year = start.year + (start.month >= first_month and first_month > 1)
        label = str(fiscal_year) if kind == "year" else f"{fiscal_year}-Q{months_in // 3 + 1}"
    return Span(start, end, label, kind, first_month)


def _week_of(day: date, first_month: int) -> Span:
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    end = monday + timedelta(days=6)
    return Span(monday, end, f"{year}-W{week:02d}", "week", first_month)
