"""The solutions, one page a chapter, made from the exercises.

``python -m kamlib.training.solutions`` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

from kamlib.training.certificate import CHAPTERS
from kamlib.training.exercise import Exercise
from kamlib.training.exercises import EXERCISES

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "training" / "solutions"


def solution_pages() -> dict[str, str]:
    """Return file name → the page with the solutions of a chapter."""
    return {f"{number:02d}.md": _page(number) for number in CHAPTERS}


def _page(number: int) -> str:
    mine = [one for one in EXERCISES.values() if one.chapter == number]
    head = (
        f"# Solutions of chapter {number}\n\n{CHAPTERS[number]}. `mine` is what `start` returned; "
        "the figures differ from learner to learner, the way does not."
    )
    return "\n\n".join([head, *map(_entry, mine)]) + "\n"


def _entry(one: Exercise) -> str:
    mistakes = "\n".join(f"- *{mistake.name}*: {mistake.why}" for mistake in one.mistakes)
    code = one.solution.replace("answers['7a']", "…  # the answer to 7a")
    return (
        f"## {one.id}\n\n{one.question}\n\n```\n{code}\n```\n\nWhat people mistake:\n\n{mistakes}"
    )


def main() -> None:
    """Write the pages anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in solution_pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
