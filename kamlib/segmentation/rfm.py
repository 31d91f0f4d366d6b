"""RFM: how recently, how often and for how much an account buys, as scores and as segments."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

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
FIXED_RECENCY_DAYS = (365, 180, 90, 30)
FIXED_FREQUENCY = (2, 3, 6, 12)
FIXED_MONETARY = (0.2, 0.5, 1.0, 2.0)
FEWEST = 50

Preset = Literal["ranks", "rfm"]


def rfm_scores(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    preset: Preset = "ranks",
    window_months: int | None = 12,
    fewest: int = FEWEST,
) -> pd.DataFrame:
    """One row per account that ever ordered: its recency, frequency, monetary value, scores and
    segment.

    Recency is days since the last order day ever; frequency and revenue are the window's (all
    history when ``window_months`` is None). Scores run from 1 to 5, 5 is best.

    - ``ranks`` (default): frequency is order days. Score = ⌈5 · rank / n⌉ with equal values at the
      mean of their ranks, so that equals score alike and no bin is lost.
    - ``rfm``: as R's ``rfm`` does: frequency is orders, the cut-offs are the type-7 quantiles at
    0.2 … 0.8
      plus 1, the score goes by value < cut-off.
    - below ``fewest`` accounts ranks say little, and fixed cut-offs are used: silence of 30, 90,
    180, 365 days;
      2, 3, 6, 12 order days; 0.2, 0.5, 1, 2 times the mean revenue.

    Columns
    -------
    account_id: the account
    last_order_date: its last order day
    recency_days: days from then to the as-of date
    order_count: orders (preset rfm) or order days (else) of the window
    revenue: net revenue of the window (book currency)
    recency_score: 1 to 5
    frequency_score: 1 to 5
    monetary_score: 1 to 5
    segment: first of the ten published segments that fits, else Others
    cut_offs: how the scores were cut: ranks, quantiles or fixed
    """
    known = account_days[account_days["date"] <= as_of]
    order_days = known[known["revenue"] > 0]
    last = order_days.groupby("account_id")["date"].max()
    window = (
        known
        if window_months is None
        else known[known["date"] > as_of - pd.DateOffset(months=window_months)]
    )
    counted = window[window["revenue"] > 0].groupby("account_id")[
        "order_count" if preset == "rfm" else "date"
    ]
    frequency = (counted.sum() if preset == "rfm" else counted.size()).reindex(
        last.index, fill_value=0
    )
    revenue = (
        window.groupby("account_id")["revenue"].sum().reindex(last.index, fill_value=0.0).round(6)
    )
    recency = (as_of - last).dt.days
    cut = "fixed" if len(last) < fewest else "quantiles" if preset == "rfm" else "ranks"
    scores = {
        "recency_score": 6
        - _scores(recency, cut, [days + 1 for days in sorted(FIXED_RECENCY_DAYS)]),
        "frequency_score": _scores(frequency, cut, FIXED_FREQUENCY),
        "monetary_score": _scores(
            revenue, cut, [times * max(revenue.mean(), 0.0) for times in FIXED_MONETARY]
        ),
    }
    return pd.DataFrame(
        {
            "account_id": pd.Series(last.index, dtype="str"),
            "last_order_date": pd.Series(last.to_numpy(), dtype="datetime64[us]"),
            "recency_days": pd.Series(recency.to_numpy(), dtype="int64"),
            "order_count": pd.Series(frequency.to_numpy(), dtype="int64"),
            "revenue": pd.Series(revenue.to_numpy(), dtype="float64"),
            **scores,
            "segment": pd.Series(_segment(*scores.values()), dtype="str"),
            "cut_offs": pd.Series(cut, index=range(len(last)), dtype="str"),
        }
    )


def _scores(values: pd.Series, cut: str, fixed: list[float] | tuple[float, ...]) -> np.ndarray:
    """Return scores 1 to 5 that grow with the values; money and the like reach a cut-off at
    equality.
    """
    numbers = values.to_numpy(dtype="float64")
    if cut == "ranks":
        ranks = values.rank(method="average").to_numpy()
        return np.clip(np.ceil(np.round(5 * ranks / max(len(ranks), 1), 9)), 1, 5).astype("int64")
    cuts = (
        np.quantile(numbers, [0.2, 0.4, 0.6, 0.8]) + 1
        if cut == "quantiles"
        else np.asarray(fixed, dtype="float64")
    )
    return (np.searchsorted(cuts, numbers, side="right") + 1).astype("int64")


def _segment(recency: np.ndarray, frequency: np.ndarray, monetary: np.ndarray) -> np.ndarray:
    fits = [
        (recency >= r[0]) & (recency <= r[1]) & (frequency >= f[0]) & (frequency <= f[1])
        & (monetary >= m[0]) & (monetary <= m[1])
        for _, r, f, m in SEGMENTS
    ]  # fmt: skip
    return np.select(fits, [segment for segment, *_ in SEGMENTS], OTHERS)


def rfm_segments(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per RFM segment: how many accounts, orders and how much revenue it holds.

    The ten published segments stand in their published order even when empty; Others follows when
    an account fits none.

    Columns
    -------
    segment: name of the segment
    account_count: accounts in it
    order_count: their orders or order days of the window
    revenue: their revenue of the window (book currency)
    revenue_share: share of the sum of all segments; n/a when that is zero or less
    recency_days: their median days since the last order day; n/a when empty
    """
    names = [segment for segment, *_ in SEGMENTS] + (
        [OTHERS] if scores["segment"].eq(OTHERS).any() else []
    )
    sums = (
        scores.groupby("segment")
        .agg(
            account_count=("account_id", "size"),
            order_count=("order_count", "sum"),
            revenue=("revenue", "sum"),
            recency_days=("recency_days", "median"),
        )
        .reindex(names)
        .rename_axis("segment")
        .reset_index()
    )
    total = scores["revenue"].sum()
    revenue = sums["revenue"].fillna(0.0).astype("float64")
    return pd.DataFrame(
        {
            "segment": sums["segment"].astype("str"),
            "account_count": sums["account_count"].fillna(0).astype("int64"),
            "order_count": sums["order_count"].fillna(0).astype("int64"),
            "revenue": revenue,
            "revenue_share": revenue / total if total > 0 else revenue * float("nan"),
            "recency_days": sums["recency_days"].astype("float64"),
        }
    )
