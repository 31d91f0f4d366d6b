"""A period that a process holds open, so that the kernels that are forked of it find it read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

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


def _read(q: Period) -> None:
    for name in READ_TABLES:
        if (q.folder / f"{name}.parquet").is_file():
            q._get(name)
    for file in q.folder.glob("computed*/*.pickle"):
        apart, name = file.parent.name.removeprefix("computed"), file.stem
        if apart.startswith("-at-"):
            day = q.at(pd.Timestamp(apart.removeprefix("-at-")).as_unit("us"))
            if name not in day._kept:
                day._kept[name] = pd.read_pickle(file)
        elif apart == q._apart(name):
            q._get(name)
