from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlib.errors import KamError
from kamlib.period.calendar import parse_period, period_of, resolve_periods
from kamlib.period.months import month_of, trailing_months
from kamlib.words import ended


@pytest.mark.parametrize(
    ("label", "first_month", "start", "end"),
    [
        ("2025", 1, "2025-01-01", "2025-12-31"),
        ("2025", 4, "2024-04-01", "2025-03-31"),
        ("2025-Q1", 1, "2025-01-01", "2025-03-31"),
        ("2025-Q3", 10, "2025-04-01", "2025-06-30"),
        ("2024-02", 1, "2024-02-01", "2024-02-29"),
        ("2020-W53", 1, "2020-12-28", "2021-01-03"),
        ("2025-W01", 1, "2024-12-30", "2025-01-05"),
    ],
)
def test_a_label_names_its_days(label, first_month, start, end):
    period = parse_period(label, first_month=first_month)
    assert (period.label, str(period.start.date()), str(period.end.date())) == (label, start, end)


@pytest.mark.parametrize(
    "text", ["2025-Q5", "2025-13", "2025-W60", "2021-W53", "25-Q1", "2025-1", "", "previous-day"]
)
def test_what_is_no_period_is_refused_with_the_forms(text):
    with pytest.raises(KamError) as caught:
        resolve_periods([text], today=date(2025, 1, 1))
    assert "2025-Q3" in caught.value.next
    assert caught.value.exit_code == 2


def test_ranges_and_previous_ones():
    words = ["2024-Q4..2025-Q2", "previous-quarter", "2025-Q1", "previous-year"]
    found = resolve_periods(words, today=date(2025, 11, 2))
    assert [period.label for period in found] == [
        "2024-Q4",
        "2025-Q1",
        "2025-Q2",
        "2025-Q3",
        "2024",
    ]


@pytest.mark.parametrize("text", ["2025-Q2..2025-Q1", "2025..2025-Q1"])
def test_a_range_that_makes_no_sense_is_refused(text):
    with pytest.raises(KamError):
        resolve_periods([text])


def test_a_fiscal_year_has_its_own_previous_quarter():
    found = resolve_periods(["previous-quarter"], first_month=4, today=date(2025, 5, 1))
    assert [(p.label, str(p.end.date())) for p in found] == [("2025-Q4", "2025-03-31")]


def test_year_ago_of_a_leap_february_and_of_week_53():
    assert str(parse_period("2024-02").year_ago().end.date()) == "2023-02-28"
    assert parse_period("2020-W53").year_ago().label == "2020-W01"


@given(
    st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    st.sampled_from(["year", "quarter", "month", "week"]),
    st.integers(1, 12),
)
def test_every_day_lies_in_one_period_and_neighbours_touch(day, kind, first_month):
    period = period_of(pd.Timestamp(day), kind, first_month=first_month)
    assert period.start <= pd.Timestamp(day) <= period.end
    assert parse_period(period.label, first_month=first_month) == period
    assert period.shift(1).start == period.end + pd.Timedelta(days=1)
    assert period.shift(1).previous() == period


@given(
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    st.lists(st.integers(0, 364), min_size=1, max_size=30),
)
def test_each_day_of_the_window_falls_in_one_of_its_months(as_of, back):
    as_of = pd.Timestamp(as_of)
    ends = trailing_months(as_of, 13)
    days = pd.Series([as_of - pd.Timedelta(days=n) for n in back])
    months = month_of(days, as_of)
    assert months.isin(ends).all()
    assert (days <= months).all()
    assert ((months - days).dt.days < 31).all()
    assert ends[-1] == as_of


@pytest.mark.parametrize(
    ("label", "until", "ago"),
    [
        ("2025-Q3", date(2025, 8, 8), date(2024, 8, 8)),
        ("2025-Q3", date(2025, 8, 31), date(2024, 8, 31)),
        ("2024-Q1", date(2024, 2, 29), date(2023, 2, 28)),
        ("2025-Q1", date(2025, 2, 28), date(2024, 2, 29)),
        ("2025", date(2025, 8, 8), date(2024, 8, 8)),
        ("2025-W31", date(2025, 7, 30), date(2024, 7, 31)),
    ],
)
def test_a_period_known_in_part_has_the_same_days_a_year_ago_and_a_whole_one_before(
    label, until, ago
):
    whole = parse_period(label)
    cut = whole.until(until)
    assert (cut.as_of, cut.is_cut, cut.label) == (pd.Timestamp(until), True, label)
    assert (cut.whole, cut.previous(), cut.shift(1)) == (whole, whole.previous(), whole.shift(1))
    assert cut.year_ago().last_day == ago
    assert cut.year_ago().whole == whole.year_ago()
    assert whole.until(whole.last_day) == whole


def test_a_month_that_ends_within_a_calendar_month_is_named_by_its_last_day():
    told = {day: ended(day).replace("\u00a0", " ") for day in ("2024-02-29", "2024-02-28")}
    assert told == {"2024-02-29": "Feb 2024", "2024-02-28": "month to 28 Feb 2024"}
