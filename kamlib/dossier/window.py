"""Windows: the months that end on the as-of day, whether the data cover the year before, ages."""

from __future__ import annotations

import pandas as pd

from kamlib.period.months import trailing_months


def in_window(
    frame: pd.DataFrame, as_of: pd.Timestamp, *, count: int = 12, skip: int = 0
) -> pd.DataFrame:
    """Return the rows of the ``count`` months that end ``skip`` months before the as-of day."""
    return frame[frame["month"].isin(trailing_months(as_of, count + skip)[:count])]


def quarter_spans(as_of: pd.Timestamp, count: int) -> pd.IntervalIndex:
    """Return the ``count`` quarters counted back from the as-of day, oldest first.

    >>> quarter_spans(pd.Timestamp("2025-09-30"), 2).right.strftime("%m-%d").tolist()
    ['06-30', '09-30']
    """
    ends = trailing_months(as_of, 3 * count + 1)[::3]
    return pd.IntervalIndex.from_arrays(ends[:-1], ends[1:], closed="right")


def covers_year_before(first_date: pd.Timestamp | None, as_of: pd.Timestamp) -> bool:
    """Return whether data from a first day on cover the 12 months before the window.

    A first order within the first month of these 12 counts as covered: a quiet start is no gap.

    >>> covers_year_before(pd.Timestamp("2023-10-20"), pd.Timestamp("2025-09-30"))
    True
    >>> covers_year_before(pd.Timestamp("2024-02-01"), pd.Timestamp("2025-09-30"))
    False
    """
    return first_date is None or pd.isna(first_date) or first_date <= trailing_months(as_of, 24)[0]


def days_between(later: pd.Timestamp, earlier: pd.Series) -> pd.Series:
    """Return whole days from each earlier day to a later one; NaN where there is no day."""
    return (later - earlier).dt.days.astype("float64")
