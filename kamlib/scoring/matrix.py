"""Attractiveness × strength: how attractive an account is to us, and how strong we are with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

SPLIT = 5.5
QUADRANTS = {
    (True, True): "strategic",
    (True, False): "star",
    (False, True): "status",
    (False, False): "streamline",
}


def attractiveness_strength(
    account_scores: pd.DataFrame,
    year_ago_scores: pd.DataFrame | None = None,
    *,
    split: float = SPLIT,
) -> pd.DataFrame:
    """One row per account with both sub-scores: its quadrant now and a year ago.

    The two weighted sub-scores come from the criteria of either side. The split is the middle of
    the 1–10 scale, for everyone and every year (a score of exactly 5.5 counts as high), so that no
    account moves because another one did. *strategic*: attractive, and we are strong; *star*:
    attractive, and we are not strong yet; *status*: we are strong, it is less attractive;
    *streamline*: neither.

    Columns
    -------
    account_id: the account
    name: its name
    is_key: it is a key account today
    attractiveness_score: weighted score of the attractiveness criteria, 1 to 10
    strength_score: weighted score of the strength criteria, 1 to 10
    quadrant: strategic, star, status or streamline
    year_ago_attractiveness_score: the same a year ago; NaN when it had none
    year_ago_strength_score: the same a year ago; NaN when it had none
    year_ago_quadrant: its quadrant a year ago; missing when it had none
    is_moved: it has changed quadrant since
    """
    both = ["attractiveness_score", "strength_score"]
    now = account_scores.dropna(subset=both)[["account_id", "name", "is_key", *both]]
    now = now.assign(quadrant=_quadrant(now, split))
    earlier = account_scores.head(0) if year_ago_scores is None else year_ago_scores
    earlier = earlier.dropna(subset=both)[["account_id", *both]]
    earlier = earlier.assign(quadrant=_quadrant(earlier, split))
    renamed = earlier.rename(
        columns={column: f"year_ago_{column}" for column in [*both, "quadrant"]}
    )
    table = now.merge(renamed, on="account_id", how="left").sort_values(
        "account_id", ignore_index=True
    )
    table["year_ago_quadrant"] = table["year_ago_quadrant"].astype("str")
    then = table["year_ago_quadrant"]
    return table.assign(is_moved=(then.notna() & (then != table["quadrant"])).astype(bool))


def _quadrant(rows: pd.DataFrame, split: float) -> pd.Series:
    high = rows[["attractiveness_score", "strength_score"]] >= split
    names = [QUADRANTS[bool(a), bool(s)] for a, s in high.itertuples(index=False)]
    return pd.Series(np.array(names, dtype=object), index=rows.index, dtype="str")
