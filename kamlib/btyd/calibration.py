"""How good a buying model's forecasts have been on the book's own last months, group by group."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kamlib.btyd.buyers import buyer_holdout
from kamlib.btyd.forecast import expected_orders
from kamlib.btyd.models import BuyerModel, choose_model, fit_family
from kamlib.errors import KamError, nearest

BINS = {"frequency": "repeat order days", "decile": "tenth of the accounts by expected order days"}
MOST_REPEATS = 7
DRAWS = 2000

_CALIBRATION = {
    "bin": "str",
    "bin_by": "str",
    "accounts": "int64",
    "actual_orders": "float64",
    "actual_low": "float64",
    "actual_high": "float64",
    "expected_orders": "float64",
    "is_within": "boolean",
    "holdout_days": "int64",
    "model": "str",
    "reason": "str",
}


def calibration(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    holdout_days: int | None = None,
    by: str = "frequency",
    first_date: pd.Timestamp | None = None,
    model: BuyerModel | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per group of accounts: mean order days that came in the hold-out, beside what the
    model expected.

    The model is fitted to the days before the hold-out alone (or given; then it must have been).
    Groups are the repeat order days before the hold-out, 0 … 6 and 7+, or with ``by="decile"``
    tenths of the accounts by expected order days. The interval is a 95 % bootstrap of the accounts
    in the group; a group of one has none, and where no order came the upper end is 3/n (rule of
    three). Without ``holdout_days`` the hold-out is the last year, or the last third of a history
    under three years.

    Columns
    -------
    bin: repeat order days before the hold-out, or the tenth of the accounts (1 expects least)
    bin_by: what the groups are made by, frequency or decile
    accounts: accounts in the group
    actual_orders: mean order days in the hold-out
    actual_low: lower end of the 95 % interval of that mean
    actual_high: upper end of the 95 % interval of that mean
    expected_orders: mean order days that the model expected
    is_within: the expectation lies within the interval; n/a without one
    holdout_days: length of the hold-out
    model: model used
    reason: why nothing was expected, or how to read it
    """
    if by not in BINS:
        raise KamError(f"Groups cannot be made by '{by}'.", where="by", next=nearest(by, BINS))
    held, used = held_out(account_days, as_of, holdout_days, first_date, model)
    if held.empty:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in _CALIBRATION.items()})
    days = int(held["holdout_days"].iloc[0])
    expected = expected_orders(held, used, days=days)["expected_orders"].to_numpy()
    rng = np.random.default_rng(seed)
    rows = []
    for label, members in _bins(held, expected, by):
        actual = held["later_order_count"].to_numpy(float)[members]
        low, high = mean_interval(actual, rng)
        mean = float(expected[members].mean())
        rows.append(
            [
                label,
                by,
                len(actual),
                float(actual.mean()),
                low,
                high,
                mean,
                _within(mean, low, high),
            ]
        )
    table = pd.DataFrame(rows, columns=list(_CALIBRATION)[:8])
    return table.assign(holdout_days=days, model=used.name, reason=used.reason).astype(_CALIBRATION)


def held_out(
    account_days: pd.DataFrame,
    as_of: pd.Timestamp,
    holdout_days: int | None,
    first_date: pd.Timestamp | None,
    model: BuyerModel | None,
) -> tuple[pd.DataFrame, BuyerModel]:
    """Return the hold-out table and a model that has not seen it; see ``calibration`` for its
    length.
    """
    if holdout_days is not None and holdout_days < 1:
        raise KamError(
            f"A hold-out needs at least one day, not {holdout_days}.", where="holdout_days"
        )
    if holdout_days is None:
        known = account_days.loc[
            account_days["date"].le(as_of) & account_days["revenue"].gt(0), "date"
        ]
        history = 0 if known.empty else (as_of - known.min()).days
        holdout_days = max(1, min(365, history // 3))
    held = buyer_holdout(
        account_days, as_of=as_of, holdout_days=holdout_days, first_date=first_date
    )
    return held, model or choose_model(fit_family(held))


def _bins(
    held: pd.DataFrame, expected: np.ndarray[Any, Any], by: str
) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Return the groups' labels and the positions of their accounts, in order."""
    if by == "frequency":
        number = held["frequency"].clip(upper=MOST_REPEATS).to_numpy()
        labels = {n: f"{n}+" if n == MOST_REPEATS else str(n) for n in range(MOST_REPEATS + 1)}
    else:
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
    at_once = max(1, 200_000 // len(values))
    draws = [min(at_once, DRAWS - done) for done in range(0, DRAWS, at_once)]
    means = np.concatenate(
        [values[rng.integers(len(values), size=(d, len(values)))].mean(axis=1) for d in draws]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _within(value: float, low: float, high: float) -> bool | None:
    return None if math.isnan(low) or math.isnan(value) else low <= value <= high
