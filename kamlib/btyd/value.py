"""What an account is worth: its margin over the years to come, discounted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kamlib.btyd.forecast import expected_orders
from kamlib.btyd.models import BuyerModel
from kamlib.btyd.spend import SpendModel, expected_spend
from kamlib.errors import KamError, nearest

TIMINGS = {
    "retained from year 1": "margins at the end of years 1 … n, the account retained with r from the first year",
    "certain in year 1": "margins at the end of years 1 … n, the first year certain, retained with r from the second",
    "paid at once": "margins at the start of years 1 … n, the first one now and certain",
}
"""Timing conventions of ``customer_value``, in words. They differ by a third and more."""


def customer_value(
    accounts: pd.DataFrame,
    *,
    discount: float = 0.1,
    years: Sequence[float] = (1, 3, 5),
    timing: str = "retained from year 1",
) -> pd.DataFrame:
    """One row per account and horizon: the discounted margin of the years to come.

    ``accounts`` has account_id, margin (per year, book currency) and retention_share (the
    probability that a year's customer is one the next year). ``years`` may hold ``math.inf``.
    With m = 1000, r = 0.8, d = 0.1 and no horizon the conventions give:

        retained from year 1    Σ m·r^t/(1+d)^t,     t = 1 … n       2667   (the default)
        certain in year 1       Σ m·r^(t-1)/(1+d)^t, t = 1 … n       3333
        paid at once            Σ m·r^t/(1+d)^t,     t = 0 … n-1     3667

    Source: S. Gupta and D. Lehmann (2003), Customers as assets, Journal of Interactive Marketing
        17(1).

    Columns
    -------
    account_id: the account
    horizon_years: years looked ahead; inf for all
    margin: margin of a year (book currency)
    retention_share: probability of staying a year (0–1)
    discount_share: discount rate of a year (0–1)
    timing: timing convention of the margins
    customer_value: discounted expected margin (book currency); n/a where margin or retention is, or
        the sum has no end

    Examples
    --------
    >>> one = pd.DataFrame({"account_id": ["A"], "margin": [1000.0], "retention_share": [0.8]})
    >>> [int(customer_value(one, years=(math.inf,), timing=t)["customer_value"].round().iloc[0]) for t in TIMINGS]
    [2667, 3333, 3667]
    >>> customer_value(one)["customer_value"].round(1).tolist()
    [727.3, 1640.9, 2124.1]
    """
    if timing not in TIMINGS:
        raise KamError(
            f"There is no timing '{timing}'.", where="timing", next=nearest(timing, TIMINGS)
        )
    _check_discount(discount)
    retention = accounts["retention_share"].astype("float64")
    if (retention.lt(0) | retention.gt(1)).any():
        raise KamError(
            "A retention share lies outside 0 … 1.",
            where="retention_share",
            next="Give shares, not percent.",
        )
    table = _per_horizon(accounts["account_id"], years)
    repeated = accounts[["margin", "retention_share"]].iloc[table.pop("row")].astype("float64")
    table["margin"] = repeated["margin"].to_numpy()
    table["retention_share"] = repeated["retention_share"].to_numpy()
    table["discount_share"] = float(discount)
    table["timing"] = pd.Series(timing, index=table.index, dtype="str")
    kept = table["retention_share"].to_numpy()
    ratio, horizon = kept / (1 + discount), table["horizon_years"].to_numpy()
    lead = {
        "retained from year 1": ratio,
        "certain in year 1": 1 / (1 + discount),
        "paid at once": 1.0,
    }[timing]
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(ratio == 1, horizon, (1 - ratio**horizon) / (1 - ratio))
    total = np.where(np.isfinite(total), total, math.nan)
    table["customer_value"] = table["margin"].to_numpy() * lead * total
    return table


def expected_customer_value(
    summary: pd.DataFrame,
    model: BuyerModel,
    spend: SpendModel,
    *,
    margin_share: float,
    discount: float = 0.1,
    years: Sequence[int] = (1, 3, 5),
) -> pd.DataFrame:
    """One row per account and horizon: the discounted margin that buying and spend models expect.

    Σ over the years of expected order days of that year × expected value of an order day ×
    ``margin_share``, discounted at the end of the year. Leaving is in the expected orders, so there
    is no retention share here; ``customer_value`` is the sum for a given one.

    Columns
    -------
    account_id: the account
    horizon_years: years looked ahead
    expected_orders: expected order days within the horizon
    expected_value: expected net revenue of an order day (book currency)
    margin_share: margin as a share of revenue
    discount_share: discount rate of a year (0–1)
    timing: timing convention of the margins
    customer_value: discounted expected margin (book currency)
    reason: why there is no value, or how to read it
    """
    _check_discount(discount)
    if not all(year == int(year) and year >= 1 for year in years):
        raise KamError("Horizons are whole years from 1.", where="years")
    value = expected_spend(summary, spend)
    table = _per_horizon(summary["account_id"], years)
    orders = np.zeros((len(summary), max(years, default=0) + 1))
    for year in range(1, orders.shape[1]):
        orders[:, year] = expected_orders(summary, model, days=round(365.25 * year))[
            "expected_orders"
        ]
    weights = (1 + discount) ** -np.arange(1, orders.shape[1], dtype=float)
    worth = np.concatenate(
        (np.zeros((len(summary), 1)), (np.diff(orders, axis=1) * weights).cumsum(axis=1)), axis=1
    )
    row, horizon = table.pop("row").to_numpy(), table["horizon_years"].to_numpy(int)
    table["expected_orders"] = orders[row, horizon]
    table["expected_value"] = value["expected_value"].to_numpy()[row]
    table["margin_share"] = float(margin_share)
    table["discount_share"] = float(discount)
    table["timing"] = pd.Series(
        "margins at the end of each year, as expected in it", index=table.index, dtype="str"
    )
    table["customer_value"] = (
        worth[row, horizon] * table["expected_value"].to_numpy() * margin_share
    )
    reasons = value["reason"].where(value["reason"].ne(""), model.reason)
    table["reason"] = pd.Series(reasons.to_numpy()[row], index=table.index, dtype="str")
    return table


def _per_horizon(account_ids: pd.Series, years: Sequence[float]) -> pd.DataFrame:
    """Return account_id and horizon_years, by account and then horizon, with the row they came
    from.
    """
    horizons = sorted(years)
    ids = account_ids.astype("str")
    table = pd.DataFrame(
        {
            "account_id": np.repeat(ids.to_numpy(), len(horizons)),
            "horizon_years": np.tile(np.array(horizons, dtype=float), len(ids)),
            "row": np.repeat(np.arange(len(ids)), len(horizons)),
        }
    ).astype({"account_id": "str"})
    return table.sort_values(["account_id", "horizon_years"], kind="stable", ignore_index=True)


def _check_discount(discount: float) -> None:
    if not discount > -1:
        raise KamError(
            f"A discount rate of {discount} is not one.",
            where="discount",
            next="Write 0.1 for 10 %.",
        )
