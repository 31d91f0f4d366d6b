"""A period that a process holds open, so that the kernels that are forked of it find it read."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from kamlib.period.names import READ_TABLES

if TYPE_CHECKING:
    from kamlib.period.period import Period

HOLD = "KAM_HOLD"
"""Environment variable of a kernel: the prepared folder that it is to find read."""

_HELD: dict[tuple[Path, str], Period] = {}
"""The folder that is held, and the run it is of → its period with the tables kept there by then."""


def held(folder: Path, run: str) -> Period | None:
    """Return the period that this process holds of a prepared folder, for who is of this run."""
    return _HELD.get((folder.resolve(), run))


def hold(folder: Path, run: str) -> None:
    """Hold a prepared folder's period and its neighbours, and no other: read what is kept of them
    by now and was not read before. What is computed later is read by whoever asks, as ever.
    """
    from kamlib.period.snapshot import prepared

    key = folder.resolve(), run
    if key not in _HELD:
        fresh = prepared(folder, run)
        _HELD.clear()
        _HELD[key] = fresh
    q = _HELD[key]
    for period in (q, q.previous, q.year_ago):
        if period is not None:
            _read(period)


def let_go(q: Period) -> None:
    """Let go of every table that a period and its neighbours hold, and of their memory; what is
    asked for again is read again.
    """
    q._kept.clear()
    q._latest.clear()
    give_back()


def give_back() -> None:
    """Give memory that is free back to the system, as far as it can: allocators keep what lies
    between pieces that are held, for a large book half of what a process has.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # a C library without it
        ctypes.CDLL(None).malloc_trim(0)


def _read(q: Period) -> None:
    from kamlib.period.views import AT

    for name in READ_TABLES:
        if q._snapshot.has(name):
            q._get(name)
    for apart, name in q._snapshot.kept():
        day = pd.to_datetime(apart, format=AT, errors="coerce")
        if pd.notna(day):
            q.at(day.as_unit("us"))._get(name)
        elif apart == q._apart(name):
            q._get(name)
