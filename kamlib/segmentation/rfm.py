"""RFM: how recently, how often and for how much an account buys, as scores and as segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.tables import shaped

# Segment, then the least and greatest score of recency, frequency and monetary value. The bounds
# are those of the README of R's rfm 0.3 (MIT); the first segment that fits is taken.
SEGMENTS: tuple[tuple[str, tuple[int, int], tuple[int, int], tuple[int, int]], ...] = (
    ("Champions", (5, 5), (5, 5), (5, 5)),
    ("Potential Loyalist", (3, 5), (3, 5), (2, 5)),
    ("Loyal Customers", (2, 4), (2, 4), (2, 4)),
    ("Promising", (3, 4), (1, 3), (3, 5)),
    ("New Customers", (4, 5), (1, 3), (1, 5)),
    ("Can't Lose Them", (1, 2), (3, 4), (4, 5)),
    ("At Risk", (1, 2), (2, 5), (4, 5)),
    ("Need Attention", (1, 3), (3, 5), (3, 5)),
    ("About To Sleep", (2, 3), (1, 3), (1, 4)),
    ("Lost", (1, 1), (1, 5), (1, 5)),
)
OTHERS = "Others"
LEAST_ACCOUNTS = 50
FIXED_SILENCE_DAYS = (31, 91, 181, 366)
FIXED_FREQUENCY = (2, 3, 6, 12)
FIXED_MONETARY = (0.2, 0.5, 1.0, 2.0)


def rfm_scores(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per account that ever ordered: its recency, frequency, monetary value, scores and
    segment.

    Recency is the silence since the last order day ever; frequency and revenue are the window's.
    Scores run from 1 to 5, 5 is best.

    - ``ranks`` (default): frequency is order days. Score = ⌈5 · rank / n⌉ with equal values at the
      mean of their ranks, so that equals score alike and no bin is lost.
    - ``rfm``: as R's ``rfm`` does: frequency is orders, the cut-offs are the type-7 quantiles at
      0.2 … 0.8 plus 1, the score goes by value < cut-off.
    - below 50 accounts ranks say little, and fixed cut-offs are used: silence of
      30, 90, 180, 365 days; 2, 3, 6, 12 order days; 0.2, 0.5, 1, 2 times the mean revenue.

    Examples
    --------
    >>> days = shaped("account_days", {"account_id": ["A", "A", "B"],
    ...     "date": pd.to_datetime(["2025-09-01", "2025-09-29", "2025-01-10"]), "revenue": 50.0})
    >>> scores = rfm_scores(days, as_of=pd.Timestamp("2025-09-30"))
    >>> scores[["account_id", "silence_days", "frequency_count", "recency_score"]].values.tolist()
    [['A', 1.0, 2, 5.0], ['B', 263.0, 1, 2.0]]
    """
    known = account_days[account_days["date"] <= as_of]
    last = known[known["revenue"] > 0].groupby("account_id")["date"].max()
    start = as_of - pd.DateOffset(months=segmentation.window_months)
    window = known[known["date"] > start]
    in_window = window[window["revenue"] > 0].groupby("account_id")
    by_orders = segmentation.rfm == "rfm"
    frequency = in_window["order_count"].sum() if by_orders else in_window.size()
    table = pd.DataFrame(
        {
            "last_order_date": last,
            "silence_days": (as_of - last).dt.days,
            "frequency_count": frequency.reindex(last.index, fill_value=0),
            "revenue": window.groupby("account_id")["revenue"].sum().reindex(last.index).round(6),
        }
    ).fillna({"revenue": 0.0})
    few = len(table) < LEAST_ACCOUNTS
    cut = "fixed" if few else "quantiles" if by_orders else "ranks"
    mean = max(table["revenue"].mean(), 0.0)
    recency = 6 - _scores(table["silence_days"], cut, FIXED_SILENCE_DAYS)
    often = _scores(table["frequency_count"], cut, FIXED_FREQUENCY)
    money = _scores(table["revenue"], cut, [times * mean for times in FIXED_MONETARY])
    return shaped(
        "rfm_scores",
        table.assign(
            recency_score=recency,
            frequency_score=often,
            monetary_score=money,
            segment=_segment(recency, often, money),
            cut_offs=cut,
        )
        .rename_axis("account_id")
        .reset_index(),
    )


def _scores(values: pd.Series, cut: str, fixed: Sequence[float]) -> np.ndarray:
    """Return scores 1 to 5 that grow with the values; a value at a cut-off has reached it."""
    numbers = values.to_numpy(dtype="float64")
    if cut == "ranks":
        ranks = values.rank(method="average").to_numpy()
        return np.clip(np.ceil(np.round(5 * ranks / len(ranks), 9)), 1, 5).astype("int64")
    cuts = fixed if cut == "fixed" else np.quantile(numbers, [0.2, 0.4, 0.6, 0.8]) + 1
    return (np.searchsorted(cuts, numbers, side="right") + 1).astype("int64")


def _segment(recency: np.ndarray, frequency: np.ndarray, monetary: np.ndarray) -> np.ndarray:
    scores = np.stack([recency, frequency, monetary])
    fits = []
    for _, *bounds in SEGMENTS:
        low, high = np.array(bounds).T
        fits.append(((scores >= low[:, None]) & (scores <= high[:, None])).all(axis=0))
    return np.select(fits, [segment for segment, *_ in SEGMENTS], OTHERS)


def rfm_segments(rfm_scores: pd.DataFrame) -> pd.DataFrame:
    """One row per RFM segment: how many accounts, orders and how much revenue it holds.

    The ten published segments stand in their published order even when empty; Others follows when
    an account fits none.

    Examples
    --------
    >>> scores = shaped("rfm_scores", {"account_id": ["A", "B"],
    ...     "segment": [SEGMENTS[0][0], SEGMENTS[-1][0]], "revenue": [90.0, 10.0]})
    >>> found = rfm_segments(scores).query("account_count > 0")
    >>> found[["segment", "revenue_share"]].values.tolist()
    [['Champions', 0.9], ['Lost', 0.1]]
    """
    names = [segment for segment, *_ in SEGMENTS]
    if rfm_scores["segment"].eq(OTHERS).any():
        names.append(OTHERS)
    sums = (
        rfm_scores.groupby("segment")
        .agg(
            account_count=("account_id", "size"),
            frequency_count=("frequency_count", "sum"),
            revenue=("revenue", "sum"),
            median_silence_days=("silence_days", "median"),
        )
        .reindex(names)
        .rename_axis("segment")
        .fillna({"account_count": 0, "frequency_count": 0, "revenue": 0.0})
    )
    total = rfm_scores["revenue"].sum()
    shares = sums["revenue"] / (total if total > 0 else np.nan)
    return shaped("rfm_segments", sums.assign(revenue_share=shares).reset_index())
