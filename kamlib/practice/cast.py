"""The planted stories of a practice company: who plays which part. Dates are days before the end of
the history.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from kamlib.errors import KamError, nearest
from kamlib.practice.material import material


@dataclass(frozen=True)
class Role:
    """One planted account. `share` is its yearly revenue as a share of the company's last twelve
    months.
    """

    story: str
    name: str
    country: str
    industry: str
    share: float
    gap: float
    k: int = 4
    growth: float = 0.02
    first: int | None = None
    last: int | None = None
    pause: list[int] | None = None
    is_key: bool = False
    manager: int | None = None
    parent: str = ""
    order_sd: float = 0.25
    year_sd: float = 0.05
    types: str = ""
    cause: str = ""
    note: str = ""


CAST = [Role(**role) for role in material("cast")["roles"]]
STORIES = (*dict.fromkeys(role.story for role in CAST), *material("cast")["other_stories"])
NOTES: dict[str, str] = material("cast")["notes"]
"""What the truth says of each story."""

COMPANY_NOTES = {
    "dirt": "damaged lines, as real exports have them",
    "credit_notes": "lines with negative revenue",
}


def told_stories() -> dict[str, str]:
    """Return every story that can be planted, with what it is about.

    >>> told_stories()["seasonal"]
    'orders from March to August only; its winters are no loss'
    """
    notes = {**NOTES, **COMPANY_NOTES}
    return {
        story: re.sub(r"\s*\(value: [^)]*\)", "", notes.get(story, "")).replace(
            "manager M1, {manager}", "one manager"
        )
        for story in STORIES
    }


def read_story(file: Path) -> tuple[Role, ...]:
    """Return the roles of a story that somebody wrote: a TOML file with ``[[roles]]``.

    Raises
    ------
    KamError
        The file cannot be read, a key is not known, or one that is needed is missing.
    """
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("roles", [])
    except (OSError, ValueError) as error:
        raise KamError(
            f"The story cannot be read: {error}.", where=str(file), next="Mend the file."
        ) from None
    known = [one.name for one in fields(Role)]
    needed = [one.name for one in fields(Role) if one.default is MISSING]
    for row in rows:
        for key in row:
            if key not in known:
                raise KamError(f"Unknown key '{key}'.", where=str(file), next=nearest(key, known))
        for key in needed:
            if key not in row:
                raise KamError(
                    f"'{key}' is missing.", where=str(file), next=f"Add a line: {key} = …"
                )
    if not rows:
        raise KamError("The story has no roles.", where=str(file), next="Add [[roles]].")
    return tuple(Role(**row) for row in rows)


NEIGHBOUR_STORY = "neighbours"
SEASON: list[int] = material("cast")["season"]
