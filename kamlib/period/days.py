"""Of which days a figure counts order lines: the spans that the words of a rule mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.period.calendar import period_of
from kamlib.period.months import first_months, month_of, trailing_months

_DAY = pd.Timedelta(days=1)
_FIRST = pd.Timestamp("1900-01-01")
COLUMNS = ["account_id", "first_date", "last_date"]


def spans(said: str, q: Any, row: pd.Series, ids: list[str]) -> pd.DataFrame:
    """Return the days that a rule speaks of, one row per account and span."""
    found = _WHEN[said](q, row)
    if isinstance(found, pd.DataFrame):
        return found.loc[found["account_id"].isin(ids), COLUMNS].reset_index(drop=True)
    first, last = found
    return pd.DataFrame({"account_id": ids, "first_date": first, "last_date": last})[COLUMNS]


def _months_to(end: pd.Timestamp, count: int, skip: int = 0) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day of so many months that end so many months before a day."""
    ends = trailing_months(end, count + skip + 1)
    return ends[0] + _DAY, ends[count]


def _month(q: Any, row: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    span = _labelled(q.as_of, pd.DatetimeIndex([row["month"]])).iloc[0]
    return span["first_date"], span["last_date"]


def _labelled(as_of: pd.Timestamp, ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the first and last day of months that end as the as-of day does."""
    many = (as_of.year - ends.min().year) * 12 + as_of.month - ends.min().month + 2
    known = trailing_months(as_of, many)
    first = pd.Series(known[:-1] + _DAY, index=known[1:]).reindex(ends)
    return pd.DataFrame({"first_date": first.to_numpy(), "last_date": ends})


def _year_to(last: pd.Series, account_id: pd.Series) -> pd.DataFrame:
    """Return the 12 months to a day of each account."""
    first = last - pd.DateOffset(years=1) + _DAY
    found = pd.DataFrame({"account_id": account_id, "first_date": first, "last_date": last})
    return found.dropna().reset_index(drop=True)


def _last_year(q: Any, _: pd.Series) -> pd.DataFrame:
    status = q.account_status
    return _year_to(status["last_order_date"], status["account_id"])


def _stake(q: Any, row: pd.Series) -> Any:
    is_lost = row["stake_window"] == "last_order"
    return _last_year(q, row) if is_lost else _months_to(q.as_of, 12)


def _to_last_order(_: Any, row: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    last = row["last_order_date"]
    return last - pd.DateOffset(years=1) + _DAY, last


def _of_lost(q: Any, row: pd.Series) -> pd.DataFrame:
    """Return the 12 months to the last order of accounts lost in the row's month."""
    lost = q.lost_accounts
    lost = lost[lost["last_order_date"].notna()]
    lost = lost[month_of(lost["last_order_date"], q.as_of).eq(row["month"])]
    return _year_to(lost["last_order_date"], lost["account_id"])


def _months_since(q: Any, row: pd.Series) -> pd.DataFrame:
    """Return, of each account of the row's cohort, its own month so many months after its first."""
    number, is_before = first_months(q.account_months, q.as_of, q.first_date)
    age = q.as_of.year * 12 + q.as_of.month - 1 - number
    since = int(row["months_since"])
    year = (number // 12).astype("str")
    named = year + "-" + (number % 12 + 1).astype("str").str.zfill(2)
    cohort = str(row["cohort"])
    if cohort == "all":
        kept = ~is_before & age.ge(since)
    else:
        kept = (
            is_before
            if cohort == "before history"
            else ~is_before & (named.eq(cohort) | year.eq(cohort))
        )
    own = age[kept & age.ge(since)]
    if own.empty:
        return pd.DataFrame(columns=COLUMNS)
    ends = trailing_months(q.as_of, int(own.max()) + 1)[::-1]
    found = _labelled(q.as_of, ends[(own - since).to_numpy().astype(int)])
    return found.assign(account_id=own.index.to_numpy())


def _looked_at(q: Any, row: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    return _months_to(q.as_of, int(row["window_months"]))


def _about_event(*, is_after: bool) -> Callable[[Any, pd.Series], Any]:
    """Return what finds the months that end in the year before an event, or in that after it."""

    def find(q: Any, row: pd.Series) -> Any:
        year = pd.DateOffset(months=12)
        first, last = (0 * year, year) if is_after else (-year, 0 * year)
        known = trailing_months(q.as_of, 12 * (q.as_of.year - row["date"].year + 2))
        ends = known[(known > row["date"] + first) & (known <= row["date"] + last)]
        found = _labelled(q.as_of, ends)
        return found["first_date"].iloc[0], found["last_date"].iloc[-1]

    return find


_WHEN: dict[str, Callable[[Any, pd.Series], Any]] = {
    "window": lambda q, _: _months_to(q.as_of, q.book.segmentation.window_months),
    "window before": lambda q, _: _months_to(
        q.previous_span.end, q.book.segmentation.window_months
    ),
    "year": lambda q, _: _months_to(q.as_of, 12),
    "year before": lambda q, _: _months_to(q.as_of, 12, skip=12),
    "period": lambda q, _: (q.span.start, q.span.end),
    "previous period": lambda q, _: (q.previous_span.start, q.previous_span.end),
    "year ago period": lambda q, _: (q.year_ago_span.start, q.year_ago_span.end),
    "month": _month,
    "day": lambda _, row: (row["date"], row["date"]),
    "fiscal year": lambda q, _: (
        period_of(q.as_of, "year", first_month=q.book.fiscal_year.first_month).start,
        q.as_of,
    ),
    "its last year": _last_year,
    "stake window": _stake,
    "year to last order": _to_last_order,
    "their last year": _of_lost,
    "months since": _months_since,
    "looked at months": _looked_at,
    "months before the event": _about_event(is_after=False),
    "months after the event": _about_event(is_after=True),
    "known days": lambda q, _: (_FIRST, q.as_of),
}
