"""The planted stories of a practice company: who plays which part. Dates are days before the end of
the history.
"""

from __future__ import annotations

from dataclasses import dataclass

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


CAST = [Role(**role) for role in material("cast")["roles"]]
STORIES = (*dict.fromkeys(role.story for role in CAST), *material("cast")["other_stories"])
NOTES: dict[str, str] = material("cast")["notes"]
"""What the truth says of each story."""

NEIGHBOUR_STORY = "neighbours"
SEASON: list[int] = material("cast")["season"]
