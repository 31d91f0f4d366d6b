"""Pieces of the statements that the engine runs over order lines."""

from __future__ import annotations

import pandas as pd

from kamlib.intake.sources import Engine

LINES = "kam_used"
"""The view of the order lines that are used, by which statements read them."""


def quoted_day(day: pd.Timestamp) -> str:
    """Return a day as a statement writes it.

    >>> quoted_day(pd.Timestamp("2025-09-30"))
    "DATE '2025-09-30'"
    """
    return f"DATE '{day:%Y-%m-%d}'"


def between(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Return the condition that a line is of some days, both among them.

    >>> between(pd.Timestamp("2025-07-01"), pd.Timestamp("2025-09-30"))
    "order_date BETWEEN DATE '2025-07-01' AND DATE '2025-09-30'"
    """
    return f"order_date BETWEEN {quoted_day(first)} AND {quoted_day(last)}"


def in_order(statement: str, by: list[str]) -> str:
    """Return a statement whose rows are sorted by their key."""
    return f"{statement} ORDER BY {', '.join(by)}"


def frame_of(engine: Engine, statement: str, by: list[str]) -> pd.DataFrame:
    """Return what a statement selects, sorted by its key."""
    key = "account_id" if by[0] == "account_id" else ""
    return engine.frame(in_order(statement, by), of=LINES, by=key)
