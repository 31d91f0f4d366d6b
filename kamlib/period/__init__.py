"""A period of a book: its days, its activity tables, and every table by name."""

from kamlib.period.calendar import Span
from kamlib.period.period import AccountPeriod, Period, origin
from kamlib.period.snapshot import open_period

__all__ = ["AccountPeriod", "Period", "Span", "open_period", "origin"]
