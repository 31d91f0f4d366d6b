"""A period of a book: its days, its activity tables, and every table by name.

Its modules load when they are used: to see that nothing has changed needs no table.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from kamlib.period.calendar import Span
    from kamlib.period.period import Period, origin
    from kamlib.period.snapshot import open_period
    from kamlib.period.views import AccountPeriod

__getattr__, _, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "calendar": ["Span"],
        "period": ["Period", "origin"],
        "snapshot": ["open_period"],
        "views": ["AccountPeriod"],
    },
)

__all__ = ["AccountPeriod", "Period", "Span", "open_period", "origin"]
