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


def days_between(later: pd.Timestamp, earlier: pd.Series) -> pd.Series:
    """Return whole days from each earlier day to a later one; NaN where there is no day."""
    return (later - earlier).dt.days.astype("float64")
