"""How good a buying model's forecasts have been on the book's own last months, group by group."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kamlib.btyd.forecast import expected_orders
from kamlib.btyd.models import BuyerModel
from kamlib.errors import KamError, nearest
from kamlib.tables import shaped

BINS = ("frequency", "decile")
MOST_REPEATS = 7
DRAWS = 2000


def calibration(
    buyer_holdout: pd.DataFrame,
    holdout_model: BuyerModel,
    *,
    by: str = "frequency",
    seed: int = 0,
) -> pd.DataFrame:
    """One row per group of accounts: mean order days that came in the hold-out, beside what the
    model expected.

    The model must have been fitted to the days before the hold-out alone. Groups are the repeat
    order days before the hold-out, 0 … 6 and 7+, or with ``by="decile"`` tenths of the accounts by
    expected order days. The interval is a 95 % bootstrap of the accounts in the group; a group of
    one has none, and where no order came the upper end is 3/n (rule of three).

    Parameters
    ----------
    by
        What accounts are grouped by.
    seed
        Seed of the resampled intervals.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> int(q.calibration["account_count"].sum()) == len(q.buyer_holdout)
    True
    """
    if by not in BINS:
        raise KamError(f"Groups cannot be made by '{by}'.", where="by", next=nearest(by, BINS))
    if buyer_holdout.empty:
        return shaped("calibration", [])
    days = int(buyer_holdout["holdout_days"].iloc[0])
    expected = expected_orders(buyer_holdout, holdout_model, days=days)["expected_orders"]
    rng = np.random.default_rng(seed)
    rows = []
    for label, members in _bins(buyer_holdout, expected.to_numpy(), by):
        actual = buyer_holdout["later_order_count"].to_numpy(float)[members]
        low, high = mean_interval(actual, rng)
        mean = float(expected.to_numpy()[members].mean())
        rows.append(
            {
                "bin": label,
                "bin_by": by,
                "account_count": len(actual),
                "actual_orders": float(actual.mean()),
                "actual_low": low,
                "actual_high": high,
                "expected_orders": mean,
                "is_within": _within(mean, low, high),
                "holdout_days": days,
                "model": holdout_model.name,
                **holdout_model.remark,
            }
        )
    return shaped("calibration", pd.DataFrame(rows).astype({"is_within": "boolean"}))


def _bins(
    held: pd.DataFrame, expected: np.ndarray[Any, Any], by: str
) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Return the groups' labels and the positions of their accounts, in order."""
    if by == "frequency":
        number = held["frequency"].clip(upper=MOST_REPEATS).to_numpy()
        labels = {n: f"{n}+" if n == MOST_REPEATS else str(n) for n in range(MOST_REPEATS + 1)}
    else:
        # the inverse of the sorting order: each account's place, ties in the table's order
        rank = np.empty(len(expected), dtype=int)
        rank[np.argsort(expected, kind="stable")] = np.arange(len(expected))
        number = rank * 10 // len(expected) + 1
        labels = {n: str(n) for n in range(1, 11)}
    return [
        (label, np.flatnonzero(number == n)) for n, label in labels.items() if (number == n).any()
    ]


def mean_interval(values: np.ndarray[Any, Any], rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean; none for fewer than two values."""
    if len(values) < 2 or np.isnan(values).any():
        return math.nan, math.nan
    if not values.any():
        return 0.0, 3 / len(values)
    # drawn in stretches of a bounded size: all at once would be 2,000 × the accounts
    at_once = max(1, 200_000 // len(values))
    draws = [min(at_once, DRAWS - done) for done in range(0, DRAWS, at_once)]
    means = np.concatenate(
        [values[rng.integers(len(values), size=(d, len(values)))].mean(axis=1) for d in draws]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _within(value: float, low: float, high: float) -> bool | None:
    return None if math.isnan(low) or math.isnan(value) else low <= value <= high
