"""What a practice company is asked to be: its size, its dates, its planted effects, and its random
streams.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlib.practice.cast import Role
from kamlib.practice.material import material

STREAMS: list[str] = material("streams")["streams"]


@dataclass(frozen=True)
class Setting:
    """The options of one practice company. Days are whole numbers, the first one is 0."""

    seed: int
    stories: tuple[str, ...]
    accounts: int
    first_date: np.datetime64
    months: int
    leavers: float
    returns: float
    late_hazard_ratio: float
    incident_hazard_ratio: float
    programme_effect: float
    admission: str
    waves: tuple[float, ...]
    groups: int
    noise: float
    revenue: float
    rhythm: pd.DataFrame | None = None
    own: tuple[Role, ...] = ()
    """Roles of a story that somebody wrote."""

    def rng(self, stream: str) -> np.random.Generator:
        """A random stream of its own per part, so that a change in one part leaves the others
        alone.
        """
        return np.random.default_rng([self.seed, STREAMS.index(stream)])

    def has(self, story: str) -> bool:
        """Whether a story is to be planted."""
        return story in self.stories

    @property
    def month_starts(self) -> np.ndarray:
        """The first day of every month and of the month after the last: months + 1 day numbers."""
        firsts = self.first_date.astype("datetime64[M]") + np.arange(self.months + 1)
        return (firsts.astype("datetime64[D]") - self.first_date).astype(np.int64)

    @property
    def days(self) -> int:
        """The number of days of the history."""
        return int(self.month_starts[-1])

    @property
    def years(self) -> int:
        """The number of years of the history, a last incomplete one included."""
        return -(-self.months // 12)

    @property
    def launch_month(self) -> int:
        """The programme starts when half of the years have passed, in a first month of a year of
        the history.
        """
        return max(12 * (self.years // 2), 1) if self.months > 12 else self.months // 2

    def month_of(self, day: np.ndarray) -> np.ndarray:
        """The number of the month, from 0, in which each day lies."""
        return np.searchsorted(self.month_starts, day, side="right") - 1

    def date(self, day: np.ndarray | int | float) -> pd.DatetimeIndex:
        """Day numbers as dates; a missing number stays missing."""
        number = np.atleast_1d(np.asarray(day, dtype=float))
        known = np.isfinite(number)
        dates = self.first_date + np.where(known, number, 0).astype(np.int64)
        dates = np.where(known, dates, np.datetime64("NaT"))
        return pd.DatetimeIndex(dates.astype("datetime64[us]"))

    def before_end(self, days: int) -> int:
        """The day so many days before the last day of the history."""
        return self.days - 1 - days

    def month_end(self, month: np.ndarray) -> pd.DatetimeIndex:
        """The last day of a month given by its number; months after the history continue the
        calendar.
        """
        firsts = self.first_date.astype("datetime64[M]") + np.asarray(month, dtype=np.int64) + 1
        return pd.DatetimeIndex((firsts.astype("datetime64[D]") - 1).astype("datetime64[us]"))
