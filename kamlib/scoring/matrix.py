"""Attractiveness × strength: how attractive an account is to us, and how strong we are with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped

SPLIT = 5.5


def attractiveness_strength(
    account_scores: pd.DataFrame,
    year_ago_account_scores: pd.DataFrame | None,
    *,
    split: float = SPLIT,
) -> pd.DataFrame:
    """One row per account with both sub-scores: its quadrant now and a year ago.

    The two weighted sub-scores come from the criteria of either side. The split is the middle of
    the 1–10 scale, for everyone and every year (a score of exactly 5.5 counts as high), so that no
    account moves because another one did. *strategic*: attractive, and we are strong; *star*:
    attractive, and we are not strong yet; *status*: we are strong, it is less attractive;
    *streamline*: neither.

    Parameters
    ----------
    split
        Score that parts the quadrants.

    Examples
    --------
    >>> scores = shaped("account_scores", {"account_id": ["A", "B"],
    ...     "attractiveness_score": [8.0, 3.0], "strength_score": [4.0, 9.0]})
    >>> attractiveness_strength(scores, None)[["account_id", "quadrant"]].values.tolist()
    [['A', 'star'], ['B', 'status']]
    """
    now = _placed(account_scores, split)
    then = account_scores.head(0) if year_ago_account_scores is None else year_ago_account_scores
    columns = ["attractiveness_score", "strength_score", "quadrant"]
    earlier = _placed(then, split).set_index("account_id")[columns].add_prefix("year_ago_")
    table = now.join(earlier, on="account_id").sort_values("account_id")
    quadrant = table["year_ago_quadrant"]
    is_moved = quadrant.notna() & quadrant.ne(table["quadrant"])
    return shaped("attractiveness_strength", table.assign(is_moved=is_moved))


def _placed(account_scores: pd.DataFrame, split: float) -> pd.DataFrame:
    both = account_scores.dropna(subset=["attractiveness_score", "strength_score"])
    is_attractive, is_strong = (
        both["attractiveness_score"] >= split,
        both["strength_score"] >= split,
    )
    quadrant = np.select(
        [is_attractive & is_strong, is_attractive, is_strong],
        ["strategic", "star", "status"],
        default="streamline",
    )
    return both.assign(quadrant=pd.Series(quadrant, index=both.index, dtype="str"))
