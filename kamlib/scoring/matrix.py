"""Attractiveness × strength: how attractive an account is to us, and how strong we are with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import is_window_whole
from kamlib.tables import shaped

SPLIT = 5.5


def attractiveness_strength(
    account_scores: pd.DataFrame,
    year_ago_account_scores: pd.DataFrame | None,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    segmentation: SegmentationSettings = SegmentationSettings(),
    split: float = SPLIT,
) -> pd.DataFrame:
    """One row per account with both sub-scores: its quadrant now and a year ago.

    The two weighted sub-scores come from the criteria of either side. The split is the middle of
    the 1–10 scale, for everyone and every year (a score of exactly 5.5 counts as high), so that no
    account moves because another one did. *strategic*: attractive, and we are strong; *star*:
    attractive, and we are not strong yet; *status*: we are strong, it is less attractive;
    *streamline*: neither. Where
    the data do not hold the window of a year ago whole, nothing is said of then.

    Parameters
    ----------
    split
        Score that parts the quadrants.

    Examples
    --------
    >>> scores = shaped("account_scores", {"account_id": ["A", "B"],
    ...     "attractiveness_score": [8.0, 3.0], "strength_score": [4.0, 9.0]})
    >>> day = pd.Timestamp("2025-12-31")
    >>> table = attractiveness_strength(scores, None, as_of=day, first_date=None)
    >>> table[["account_id", "quadrant"]].values.tolist()
    [['A', 'star'], ['B', 'status']]
    """
    now = _placed(account_scores, split)
    months = 12 + segmentation.window_months
    is_whole = is_window_whole(first_date, as_of=as_of, window_months=months, holes=holes)
    then = year_ago_account_scores
    if then is None or not is_whole:
        then = account_scores.head(0)
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
