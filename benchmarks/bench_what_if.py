"""How long a moved slider takes to answer, for a practice company of 5,000 accounts.

    python benchmarks/bench_what_if.py [--accounts 5000] [--limit 0.2]

Each setting is moved to nine values it has not had; the median processor time of the nine counts,
for the machine may be shared; the wall stands beside it. Exit code 1: one took longer than the
limit.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kamlib as kam
from kamlib.practice import company, write_company
from kamlib.whatif import what_if


def moves(q: Any) -> dict[str, Callable[[int], dict[str, Any]]]:
    """Setting → what to ask for at its n-th place."""
    first = q.book.scoring.in_use[0].name
    return {
        "weights": lambda n: {"weights": {first: 0.30 + 0.02 * n}},
        "line": lambda n: {"line": 6.0 + 0.2 * n},
        "abc": lambda n: {"abc": (0.70 + 0.01 * n, 0.95)},
        "lost": lambda n: {"lost": 2.5 + 0.2 * n},
        "budget": lambda n: {"budget": 20_000 + 1_000 * n},
    }


def main() -> int:
    """Measure, print, compare with the limit."""
    options = argparse.ArgumentParser()
    options.add_argument("--accounts", type=int, default=5000)
    options.add_argument("--limit", type=float, default=0.2)
    asked = options.parse_args()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        made = company(seed=5, accounts=asked.accounts, months=36, start="2023-01")
        write_company(made, Path(folder))
        q = kam.open_period(folder)
        what_if(q)  # what the book's own settings give is computed once
        for name, asking in moves(q).items():
            taken, waited = [], []
            for place in range(9):
                begun, started = time.perf_counter(), time.process_time()
                what_if(q, **asking(place))
                taken.append(time.process_time() - started)
                waited.append(time.perf_counter() - begun)
            median, wall = statistics.median(taken), statistics.median(waited)
            slowest = max(slowest, median)
            print(f"{name:<8} {1000 * median:6.0f} ms of processor, {1000 * wall:6.0f} ms of wall")
    return int(slowest > asked.limit)


if __name__ == "__main__":
    raise SystemExit(main())
