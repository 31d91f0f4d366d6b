"""A learner: a practice company of one's own, the progress that is kept, and the certificate."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kamlib.period import Period
from kamlib.practice import Company, company, write_company
from kamlib.training.exercise import Verdict, judged
from kamlib.training.exercises import EXERCISES
from kamlib.training.known import ACCOUNTS, MONTHS, START, Known

HOME = "KAM_TRAINING"
"""Environment variable: the folder for learners' companies; default ``my-training`` here."""
PERIOD = "2025-Q4"


def seed_of(name: str) -> int:
    """Return the seed of a learner's company, so that everybody has another one.

    >>> seed_of("Ada Lind") == seed_of(" ada lind ") != seed_of("Ada Lund")
    True
    """
    plain = " ".join(name.casefold().split())
    return int(hashlib.sha256(plain.encode()).hexdigest()[:8], 16)


def company_of(name: str) -> Company:
    """Return the practice company of a learner, with its truth."""
    return company(seed_of(name), accounts=ACCOUNTS, months=MONTHS, start=START)


@dataclass(frozen=True)
class Learner:
    """Somebody who learns: the name, and the folder that holds the company and the progress."""

    name: str
    folder: Path

    @property
    def book(self) -> Path:
        """The folder of the practice company, without its truth."""
        return self.folder / "company"

    @property
    def has_company(self) -> bool:
        """Whether the practice company has been written."""
        return (self.book / "orders.csv").is_file()

    @cached_property
    def known(self) -> Known:
        """What is known of the company: made again from the seed, never kept in the folder."""
        from kamlib.period.snapshot import open_period

        made = company_of(self.name)
        if not self.has_company:
            write_company(made, self.book, is_sealed=True)
        return Known(made, open_period(self.book, PERIOD))

    @property
    def q(self) -> Period:
        """The period that the exercises ask about."""
        return self.known.q

    @property
    def progress(self) -> dict[str, dict[str, Any]]:
        """What was tried: exercise → whether it is right, tries, hints taken, mistakes made."""
        file = self.folder / "progress.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def check(self, exercise: str, answer: Any) -> Verdict:
        """Judge an answer and keep what came of it; one that cannot be read is not counted."""
        verdict = judged(EXERCISES[exercise], self.known, answer)
        if not verdict.is_read:  # a slip of the pen is no try
            return verdict
        turn = 1 + max((entry.get("turn", 0) for entry in self.progress.values()), default=0)

        def note(entry: dict[str, Any]) -> None:
            entry["turn"] = turn
            if not entry["is_right"]:
                entry["tries"] += 1
                entry["mistakes"] += [verdict.mistake] if verdict.mistake else []
            entry["is_right"] = entry["is_right"] or verdict.is_right

        self._keep(exercise, note)
        return verdict

    @property
    def at(self) -> str:
        """The exercise that is worked at: the one last tried, the first open one once it is solved;
        nothing when all are.
        """
        progress = self.progress
        last = max(progress, key=lambda one: progress[one].get("turn", 0), default="")
        if last and progress[last].get("turn") and not progress[last]["is_right"]:
            return last
        unsolved = (one for one in EXERCISES if not progress.get(one, {}).get("is_right"))
        return next(unsolved, "")

    def hint(self, exercise: str) -> str:
        """Return the next hint; after the last one, the last again."""
        hints = EXERCISES[exercise].hints
        taken = self.progress.get(exercise, {}).get("hints", 0)

        def note(entry: dict[str, Any]) -> None:
            entry["hints"] = min(entry["hints"] + 1, len(hints))

        self._keep(exercise, note)
        return hints[min(taken, len(hints) - 1)]

    def _keep(self, exercise: str, note: Callable[[dict[str, Any]], None]) -> None:
        progress = self.progress
        fresh = {"is_right": False, "tries": 0, "hints": 0, "mistakes": []}
        note(progress.setdefault(exercise, fresh))
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / "progress.part"
        draft.write_text(json.dumps(progress, indent=1, sort_keys=True), encoding="utf-8")
        draft.replace(self.folder / "progress.json")


def learner(name: str, home: Path | None = None) -> Learner:
    """Return the learner of a name, with the folder that is theirs."""
    root = home or Path(os.environ.get(HOME, "my-training"))
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "learner"
    return Learner(name.strip(), root / f"{plain}-{seed_of(name) % 10_000:04d}")
