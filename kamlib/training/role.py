"""The role of a key account manager: cases to decide, skills to rate, figures with their label."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from IPython.display import Markdown, display

from kamlib.errors import KamError, nearest
from kamlib.period import Period


@cache
def material() -> dict[str, Any]:
    """Return what is written down of the role."""
    return tomllib.loads((Path(__file__).parent / "data" / "role.toml").read_text("utf-8"))


def case(mistake: str, decision: str = "") -> None:
    """Show a case; with a decision, what follows from it.

    Examples
    --------
    >>> from kamlib.training.role import case
    >>> case("late")         # doctest: +SKIP
    >>> case("late", "b")    # doctest: +SKIP
    """
    known = {one["mistake"]: one for one in material()["cases"]}
    mistake, decision = str(mistake).strip().lower(), str(decision).strip(" .)").lower()
    if mistake not in known:
        raise KamError(f"There is no case '{mistake}'.", where="case", next=nearest(mistake, known))
    one = known[mistake]
    if not decision:
        options = "\n".join(f"- **{key}** {text}" for key, text in one["options"].items())
        text = f"**{one['title']}.** {one['situation']}\n\n{options}"
    elif decision in one["options"]:
        verdict = "That holds." if decision == one["sound"] else "That costs."
        text = f"**{decision}: {verdict}** {one['consequences'][decision]}"
    else:
        text = f"Decide for {', '.join(one['options'])}."
    display(Markdown(text))


def teaching_figures() -> pd.DataFrame:
    """One row per figure that is taught: the claim, its label, and what is known of its source.

    Examples
    --------
    >>> from kamlib.training.role import teaching_figures
    >>> teaching_figures()["label"].unique().tolist()
    ['teaching']
    """
    table = pd.DataFrame(material()["teaching"])
    table.insert(1, "label", "teaching")
    return table


def skills_beside_team(q: Period, mine: Mapping[str, float]) -> pd.DataFrame:
    """One row per skill: one's own rating from 1 to 5, the mean of the team, and what is asked.

    The team's is the latest rating of each manager in the book; missing where nobody was rated.

    Raises
    ------
    KamError
        A skill is not known, or a rating is not between 1 and 5.

    Examples
    --------
    >>> import kamlib as kam
    >>> from kamlib.training.role import skills_beside_team
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> table = skills_beside_team(q, {"analytics": 4})
    >>> float(table.loc["analytics", "mine"])
    4.0
    """
    known = material()["skills"]
    for skill, rating in mine.items():
        if skill not in known:
            raise KamError(f"There is no skill '{skill}'.", next=nearest(skill, known))
        if not isinstance(rating, int | float):
            raise KamError(f"A rating is a number, such as 3.5; '{rating}' is none.", where=skill)
        if not 1 <= rating <= 5:
            raise KamError(f"A rating lies between 1 and 5, and {rating:g} does not.", where=skill)
    rated = q.skills[q.skills["assessed_date"].le(q.as_of)].sort_values("assessed_date")
    latest = rated.drop_duplicates(["manager_id", "skill"], keep="last")
    team = latest.groupby(latest["skill"].str.casefold())["rating"].mean()
    table = pd.DataFrame({"mine": pd.Series(mine, dtype="float64")}, index=list(known))
    table["team"] = team.reindex(table.index)
    needed = q.book.programme
    table["asked"] = [needed.required_ratings.get(one, needed.required_rating) for one in known]
    return table
