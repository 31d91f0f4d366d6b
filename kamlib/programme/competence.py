"""What the managers can do, how that moves, and who needs training in what (M34)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kamlib.programme.shape import COUNT, DATE, FLAG, NUMBER, TEXT, canonical, name_of, shaped

_COMPETENCE = {
    "manager_id": TEXT,
    "manager_name": TEXT,
    "skill": TEXT,
    "rating": NUMBER,
    "assessed_date": DATE,
    "age_days": NUMBER,
    "rating_count": COUNT,
    "previous_rating": NUMBER,
    "rating_change": NUMBER,
    "trend": TEXT,
    "required_rating": NUMBER,
    "gap": NUMBER,
    "is_training_need": FLAG,
}
_NEEDS = {
    "skill": TEXT,
    "required_rating": NUMBER,
    "rated_count": COUNT,
    "mean_rating": NUMBER,
    "need_count": COUNT,
    "largest_gap": NUMBER,
    "managers": TEXT,
}


def competence(
    skills: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    required_rating: float = 3.0,
    required_ratings: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """One row per manager × skill: the latest rating, the one before, and the level required.

    Ratings run from 1 to 5. Of two ratings on one day the lower counts. A rating needs training
    when it is below the level required for the skill, else for all.

    Columns
    -------
    manager_id: the manager
    manager_name: the manager's name
    skill: the skill
    rating: latest rating, 1 to 5
    assessed_date: the day of it
    age_days: days since then
    rating_count: ratings so far
    previous_rating: the rating before
    rating_change: the difference
    trend: "up", "down", "level", or "one rating"
    required_rating: the level required
    gap: how far the rating is below it; 0 where it is not
    is_training_need: whether it is
    """
    told = canonical(skills, "skills").dropna(subset=["rating", "assessed_date"])
    told = told[told["assessed_date"].le(as_of)]
    known = told.groupby(["manager_id", "skill", "assessed_date"])["rating"].min()
    if known.empty:
        return shaped([], _COMPETENCE)
    groups = known.reset_index("assessed_date").groupby(level=["manager_id", "skill"], sort=True)
    table = pd.DataFrame(
        {
            "rating": groups["rating"].last(),
            "assessed_date": groups["assessed_date"].last(),
            "rating_count": groups.size(),
            "previous_rating": groups["rating"].apply(
                lambda r: r.iloc[-2] if len(r) > 1 else np.nan
            ),
        }
    ).reset_index()
    levels = dict(required_ratings or {})
    table["manager_name"] = name_of(table["manager_id"], managers, "manager_id")
    table["age_days"] = (as_of - table["assessed_date"]).dt.days.astype(float)
    table["rating_change"] = table["rating"] - table["previous_rating"]
    change = table["rating_change"]
    table["trend"] = np.select(
        [change.gt(0), change.lt(0), change.eq(0)], ["up", "down", "level"], "one rating"
    )
    table["required_rating"] = [
        float(levels.get(skill, required_rating)) for skill in table["skill"]
    ]
    table["gap"] = (table["required_rating"] - table["rating"]).clip(lower=0)
    table["is_training_need"] = table["gap"].gt(0)
    return shaped(table, _COMPETENCE)


def training_needs(
    competence: pd.DataFrame, *, required_ratings: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """One row per skill: who is below the level required; the most managers first.

    Skills that the book requires and nobody was rated in are listed with no rating.

    Columns
    -------
    skill: the skill
    required_rating: the level required
    rated_count: managers rated
    mean_rating: their mean rating
    need_count: managers below the level
    largest_gap: the largest distance below it
    managers: who they are, the largest gap first
    """
    rows = []
    for skill, own in competence.groupby("skill", sort=True):
        needs = own[own["is_training_need"]].sort_values(
            ["gap", "manager_id"], ascending=[False, True]
        )
        rows.append(
            {
                "skill": skill,
                "required_rating": own["required_rating"].iloc[0],
                "rated_count": len(own),
                "mean_rating": own["rating"].mean(),
                "need_count": len(needs),
                "largest_gap": own["gap"].max(),
                "managers": ", ".join(needs["manager_name"]),
            }
        )
    rated = set(competence["skill"])
    for skill, level in sorted((required_ratings or {}).items()):
        if skill not in rated:
            row = {"skill": skill, "required_rating": level, "rated_count": 0, "need_count": 0}
            rows.append({**row, "managers": "nobody has been rated in it"})
    table = shaped(rows, _NEEDS)
    return shaped(
        table.sort_values(["need_count", "largest_gap", "skill"], ascending=[False, False, True]),
        _NEEDS,
    )
