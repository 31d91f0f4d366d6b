"""What the managers can do, how that moves, and who needs training in what."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import ProgrammeSettings
from kamlib.programme.accounts import names_of
from kamlib.tables import shaped


def competence(
    skills: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per manager × skill: the latest rating, the one before, and the level required.

    Ratings run from 1 to 5. Of two ratings on one day the lower counts. A rating needs training
    when it is below the level required for the skill, else for all.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> skills = typed(pd.DataFrame({"manager_id": "M1", "skill": "negotiation",
    ...     "rating": [2.0, 4.0],
    ...     "assessed_date": pd.to_datetime(["2024-01-01", "2025-01-01"])}), "skills")
    >>> managers = pd.DataFrame({"manager_id": ["M1"], "name": ["Ines"]})
    >>> rated = competence(skills, managers, as_of=pd.Timestamp("2025-09-30"))
    >>> rated[["rating", "previous_rating", "trend"]].values.tolist()
    [[4.0, 2.0, 'up']]
    """
    told = skills.dropna(subset=["rating", "assessed_date"])
    told = told[told["assessed_date"].le(as_of)]
    pair = ["manager_id", "skill"]
    known = told.groupby([*pair, "assessed_date"], as_index=False)["rating"].min()
    ratings = known.groupby(pair)["rating"]
    known = known.assign(previous_rating=ratings.shift(), rating_count=ratings.transform("size"))
    table = known.drop_duplicates(pair, keep="last")
    change = table["rating"] - table["previous_rating"]
    required = table["skill"].map(programme.required_ratings).astype(float)
    required = required.fillna(programme.required_rating)
    return shaped(
        "competence",
        table.assign(
            manager_name=names_of(table["manager_id"], managers, "manager_id"),
            age_days=(as_of - table["assessed_date"]).dt.days,
            rating_change=change,
            trend=np.select(
                [change.gt(0), change.lt(0), change.eq(0)], ["up", "down", "level"], "one rating"
            ),
            required_rating=required,
            gap=(required - table["rating"]).clip(lower=0),
            is_training_need=table["rating"].lt(required),
        ),
    )


def training_needs(
    competence: pd.DataFrame, *, programme: ProgrammeSettings = ProgrammeSettings()
) -> pd.DataFrame:
    """One row per skill: how many managers are below the level required; the most first.

    Skills that the book requires and nobody was rated in are listed with no rating.

    Examples
    --------
    >>> rated = shaped("competence", {"skill": ["negotiation", "negotiation"], "rating": [2.0, 4.0],
    ...     "required_rating": 3.0, "is_training_need": [True, False], "gap": [1.0, 0.0]})
    >>> training_needs(rated)[["skill", "mean_rating", "need_count"]].values.tolist()
    [['negotiation', 3.0, 1]]
    """
    table = competence.groupby("skill").agg(
        required_rating=("required_rating", "first"),
        rated_count=("rating", "size"),
        mean_rating=("rating", "mean"),
        need_count=("is_training_need", "sum"),
        largest_gap=("gap", "max"),
    )
    required = pd.Series(programme.required_ratings, dtype=float)
    table = table.reindex(table.index.union(required.index).rename("skill"))
    table["required_rating"] = table["required_rating"].fillna(required)
    table = table.fillna({"rated_count": 0, "need_count": 0}).reset_index()
    order = ["need_count", "largest_gap", "skill"]
    return shaped("training_needs", table.sort_values(order, ascending=[False, False, True]))
