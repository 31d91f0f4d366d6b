"""How far the data of a book reach, and how long they are usually silent."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings


def reach(
    days: pd.Series, as_of: pd.Timestamp, book: BookSettings
) -> tuple[pd.Timestamp | None, int]:
    """Return the last day that the data cover up to a day, and the longest time without any order
    in the year before it, in days.

    >>> days = pd.Series(pd.to_datetime(["2024-01-10", "2025-01-10", "2025-01-13", "2025-01-20"]))
    >>> reach(days, pd.Timestamp("2025-01-31"), BookSettings(title="x"))
    (Timestamp('2025-01-20 00:00:00'), 7)
    """
    known = days[days <= as_of].drop_duplicates().sort_values()
    latest = [pd.Timestamp(book.complete_to)] if book.complete_to else []
    latest += [known.iloc[-1]] if len(known) else []
    if not latest:
        return None, 0
    last = min(max(latest), as_of)
    gaps = known[known > last - pd.DateOffset(years=1)].diff().dt.days
    return last, int(gaps.max()) if gaps.notna().any() else 0
