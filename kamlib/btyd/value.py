"""What an account is worth: its margin over the years to come, discounted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kamlib.book import ValueSettings
from kamlib.btyd.forecast import expected_orders, names_of
from kamlib.btyd.models import BuyerModel
from kamlib.btyd.search import REMARK
from kamlib.btyd.spend import SpendModel, expected_spend
from kamlib.errors import KamError, nearest
from kamlib.tables import shaped

TIMINGS = ("retained from year 1", "certain in year 1", "paid at once")
"""Timing conventions of ``lifetime_value``. They differ by a third and more."""


def customer_value(
    buyer_summary: pd.DataFrame,
    buyer_model: BuyerModel,
    spend_model: SpendModel,
    account_status: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    value: ValueSettings = ValueSettings(),
    years: Sequence[int] = (1, 3, 5),
) -> pd.DataFrame:
    """One row per account and horizon: the discounted margin that buying and spend models expect.

    Σ over the years of expected order days of that year × expected value of an order day × the
    book's margin on revenue, discounted at the end of the year. Leaving is in the expected orders,
    so there is no retention share here; ``lifetime_value`` is the sum for a given one. The margin
    is that of all accounts together, n/a where one cost is unknown.

    Parameters
    ----------
    years
        Horizons in years.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.customer_value["horizon_years"].unique().tolist()
    [1, 3, 5]
    """
    if not all(year == int(year) and year >= 1 for year in years):
        raise KamError("Horizons are whole years from 1.", where="years")
    revenue = account_status["revenue"].sum()
    margin_rate = account_status["margin"].sum(skipna=False) / revenue if revenue > 0 else math.nan
    # column t: order days within t years; what a year adds is the step from the column before
    orders = np.zeros((len(buyer_summary), max(years, default=0) + 1))
    for year in range(1, orders.shape[1]):
        forecast = expected_orders(buyer_summary, buyer_model, days=round(365.25 * year))
        orders[:, year] = forecast["expected_orders"]
    weights = (1 + value.discount_rate) ** -np.arange(1, orders.shape[1], dtype=float)
    worth = np.zeros_like(orders)
    worth[:, 1:] = (np.diff(orders, axis=1) * weights).cumsum(axis=1)

    spend = expected_spend(buyer_summary, spend_model)
    has_remark = spend["note_code"].ne("")
    for name in REMARK:  # the spend model's remark, else the buying model's
        spend[name] = spend[name].where(has_remark, buyer_model.remark[name])
    table = _per_horizon(buyer_summary["account_id"], years)
    row, horizon = table["row"].to_numpy(), table["horizon_years"].to_numpy(int)
    table["order_value"] = spend["order_value"].to_numpy()[row]
    table = table.assign(
        name=names_of(table, accounts),
        expected_orders=orders[row, horizon],
        margin_rate=float(margin_rate),
        discount_share=value.discount_rate,
        customer_value=worth[row, horizon] * table["order_value"] * margin_rate,
        **{name: spend[name].to_numpy()[row] for name in REMARK},
    )
    return shaped("customer_value", table)


def lifetime_value(
    retained_margins: pd.DataFrame,
    *,
    value: ValueSettings = ValueSettings(),
    years: Sequence[float] = (1, 3, 5),
    timing: str = "retained from year 1",
) -> pd.DataFrame:
    """One row per account and horizon: the discounted margin of the years to come, as in textbooks.

    ``retained_margins`` has account_id, margin (per year, book currency) and retention_share (the
    probability that a year's customer is one the next year). ``years`` may hold ``math.inf``.
    With m = 1000, r = 0.8, d = 0.1 and no horizon the conventions give:

        retained from year 1    Σ m·r^t/(1+d)^t,     t = 1 … n       2667   (the default)
        certain in year 1       Σ m·r^(t-1)/(1+d)^t, t = 1 … n       3333
        paid at once            Σ m·r^t/(1+d)^t,     t = 0 … n-1     3667

    The value is n/a where margin or retention is, or the sum has no end. Columns: account_id,
    horizon_years, margin, retention_share, discount_share, timing, customer_value. Source: S. Gupta
    and D. Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1).

    Examples
    --------
    >>> one = pd.DataFrame({"account_id": ["A"], "margin": [1000.0], "retention_share": [0.8]})
    >>> [int(lifetime_value(one, years=(math.inf,), timing=t)["customer_value"].round().iloc[0])
    ...     for t in TIMINGS]
    [2667, 3333, 3667]
    >>> lifetime_value(one)["customer_value"].round(1).tolist()
    [727.3, 1640.9, 2124.1]
    """
    if timing not in TIMINGS:
        raise KamError(
            f"There is no timing '{timing}'.", where="timing", next=nearest(timing, TIMINGS)
        )
    retention = retained_margins["retention_share"].astype("float64")
    if (retention.lt(0) | retention.gt(1)).any():
        raise KamError(
            "A retention share lies outside 0 … 1.",
            where="retention_share",
            next="Give shares, not percent.",
        )
    table = _per_horizon(retained_margins["account_id"], years)
    row = table.pop("row")
    for name in ("margin", "retention_share"):
        table[name] = retained_margins[name].astype("float64").to_numpy()[row]
    growth = 1 + value.discount_rate
    ratio, horizon = table["retention_share"].to_numpy() / growth, table["horizon_years"].to_numpy()
    # every convention is a geometric series in r/(1+d); they differ in its first term alone
    lead = dict(zip(TIMINGS, (ratio, 1 / growth, 1.0), strict=True))[timing]
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(ratio == 1, horizon, (1 - ratio**horizon) / (1 - ratio))
    total = np.where(np.isfinite(total), total, math.nan)
    return table.assign(
        discount_share=value.discount_rate,
        timing=pd.Series(timing, index=table.index, dtype="str"),
        customer_value=table["margin"].to_numpy() * lead * total,
    )


def _per_horizon(account_ids: pd.Series, years: Sequence[float]) -> pd.DataFrame:
    """Return account_id and horizon_years, by account and then horizon, with the row they came
    from.
    """
    horizons = sorted(years)
    table = pd.DataFrame(
        {
            "account_id": np.repeat(account_ids.astype("str").to_numpy(), len(horizons)),
            "horizon_years": np.tile(np.array(horizons, dtype=float), len(account_ids)),
            "row": np.repeat(np.arange(len(account_ids)), len(horizons)),
        }
    ).astype({"account_id": "str"})
    return table.sort_values(["account_id", "horizon_years"], kind="stable", ignore_index=True)
