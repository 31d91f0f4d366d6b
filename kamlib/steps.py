"""What a run says of itself while it goes: a bar for people, a line per step for machines."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from kamlib.errors import KamError

QUIET = Console(stderr=True)
"""Where people read."""


class Steps:
    """Shows where a run is: a bar for people, one JSON line per step for machines."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.began = time.monotonic()
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            console=QUIET,
            transient=True,
            disable=as_json,
        )
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Steps:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, period: str, step: str, done: int, total: int) -> None:
        """Say which step of which period has begun."""
        if self.as_json:
            seconds = round(time.monotonic() - self.began, 2)
            say_json(sys.stderr, seconds=seconds, period=period, step=step, done=done, total=total)
            return
        key = period or "book"
        if key not in self.tasks:
            self.tasks[key] = self.bar.add_task(key, total=total)
        self.bar.update(
            self.tasks[key], description=f"{period} {step}".strip(), completed=done, total=total
        )

    def notice(self, text: str) -> None:
        """Say what a reader of the log should know, and what does not stop the run."""
        if self.as_json:
            say_json(sys.stderr, notice=text)
        else:
            QUIET.print(text, markup=False, highlight=False)


def say_json(stream: TextIO, **facts: Any) -> None:
    """Write one line for machines, with the time of now in UTC."""
    time_now = datetime.now(UTC).isoformat(timespec="milliseconds")
    stream.write(json.dumps({"time": time_now, **facts}, ensure_ascii=False) + "\n")
    stream.flush()


def say_warning(text: str) -> None:
    """Write what spoils the figures, in red."""
    QUIET.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)


def say_error(error: KamError, *, as_json: bool, failed: str = "") -> None:
    """Write an error: as people read it, or as one line for machines."""
    if not as_json:
        sys.stderr.write(f"{error}\n")
        return
    facts = {"error": error.what, "where": error.where, "next": error.next}
    say_json(sys.stderr, **facts, exit_code=error.exit_code, **({"of": failed} if failed else {}))
