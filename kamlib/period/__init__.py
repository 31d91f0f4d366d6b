"""A period of a book: its days, its activity tables, and every table by name."""

from kamlib.period.calendar import Span
from kamlib.period.period import Period, origin
from kamlib.period.snapshot import open_period
from kamlib.period.views import AccountPeriod

__all__ = ["AccountPeriod", "Period", "Span", "open_period", "origin"]
