"""Scores at past year-ends, from what was known then."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import ScoringSettings, SegmentationSettings
from kamlib.period.months import trailing_months
from kamlib.scoring.grid import score_grid
from kamlib.scoring.line import AdmissionRule
from kamlib.scoring.measures import criterion_measures
from kamlib.scoring.scores import criterion_scores, ranked
from kamlib.tables import shaped


def past_year_ends(
    unbroken_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> list[pd.Timestamp]:
    """Return the as-of date and the same day of earlier years, oldest first, that can be scored.

    A year counts when the data begin in the first month of the window before its own (growth needs
    a base).
    """
    months = segmentation.window_months
    begins = unbroken_months.loc[unbroken_months["month"] <= as_of, "month"].min()
    ends: list[pd.Timestamp] = []
    while trailing_months(as_of, 12 * len(ends) + 2 * months)[0] >= begins:
        ends.append(trailing_months(as_of, 12 * len(ends) + 1)[0])
    return ends[::-1]


def criterion_history(
    unbroken_months: pd.DataFrame,
    category_months: pd.DataFrame,
    judgements: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    scoring: ScoringSettings = ScoringSettings(),
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per past date, account scored then and criterion: its score from what was known then.

    Orders and judgements carry their date; the needs of accounts, their cost to serve and who was a
    key account may not, so criteria that rest on them are missing here rather than known too early.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.criterion_history["as_of_date"].dt.year.unique().tolist()
    [2022, 2023, 2024, 2025]
    """
    undated: dict[str, Any] = {
        "needs": pd.DataFrame({"account_id": [], "category": [], "annual_spend": []}),
        "accounts": pd.DataFrame({"account_id": []}),
        "key_accounts": pd.DataFrame({"account_id": [], "is_key": []}),
    }
    parts = []
    for day in past_year_ends(unbroken_months, as_of=as_of, segmentation=segmentation):
        measures = criterion_measures(
            unbroken_months,
            category_months,
            **undated,
            as_of=day,
            window_months=segmentation.window_months,
        )
        is_undated = measures["measure"].isin(["share_of_wallet", "open_wallet"])
        measures["note_code"] = measures["note_code"].mask(is_undated, "needs_undated")
        scores = criterion_scores(measures, judgements, as_of=day, scoring=scoring)
        parts.append(scores.assign(as_of_date=day))
    return shaped("criterion_history", pd.concat(parts) if parts else [])


def score_history(criterion_history: pd.DataFrame, admission_rule: AdmissionRule) -> pd.DataFrame:
    """One row per past date and account scored then: its score and place, by today's rule.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.score_history["as_of_date"].dt.year.unique().tolist()
    [2022, 2023, 2024, 2025]
    """
    parts = [
        ranked(score_grid(rows), admission_rule).assign(as_of_date=day)
        for day, rows in criterion_history.groupby("as_of_date", sort=True)
    ]
    return shaped("score_history", pd.concat(parts) if parts else [])
