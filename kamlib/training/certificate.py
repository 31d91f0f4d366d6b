"""The page at the end of a training: what was shown, by whom, with how much help."""

from __future__ import annotations

import pandas as pd

from kamlib.page.fragments import rendered
from kamlib.training.exercises import EXERCISES
from kamlib.training.learner import Learner, seed_of
from kamlib.words import count, date

CHAPTERS = {
    1: "Say who is a key account, and why",
    2: "Measure how much hangs on how few",
    3: "Class accounts by size and rhythm",
    4: "Score accounts and know how firm a place is",
    5: "Read a retention report",
    6: "Tell a loss from a pause and a season",
    7: "See who falls while still buying",
    8: "Open a dossier: people and agreements",
    9: "Write a plan from the customer's side",
    10: "Weigh workload and the programme's return",
    11: "Prepare a negotiation",
}
"""Chapter → what who has solved its exercises has shown."""


def certificate_page(learner: Learner) -> str:
    """Return the certificate as a page that stands alone; it certifies only what was solved."""
    progress = learner.progress
    chapters, done = [], 0
    for number, shown in CHAPTERS.items():
        ids = [one.id for one in EXERCISES.values() if one.chapter == number]
        entries = [progress.get(one, {}) for one in ids]
        solved = sum(bool(entry.get("is_right")) for entry in entries)
        tries = sum(entry.get("tries", 0) for entry in entries)
        hints = sum(entry.get("hints", 0) for entry in entries)
        said = f"{solved} of {len(ids)} solved"
        if tries:
            said += f", in {count(tries, 'try', 'tries')}, with {count(hints, 'hint')}"
        done += solved == len(ids)
        chapters.append({"shown": shown, "said": said, "is_whole": solved == len(ids)})
    file = learner.folder / "progress.json"
    seconds = file.stat().st_mtime if file.is_file() else None
    return rendered(
        "certificate.html.j2",
        name=learner.name,
        chapters=chapters,
        whole=done,
        day=date(pd.Timestamp(seconds, unit="s").normalize()) if seconds else "",
        seed=seed_of(learner.name),
    )
