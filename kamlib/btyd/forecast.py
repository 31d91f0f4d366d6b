"""Who is still there, and what to expect of them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import betainc, expit

from kamlib.btyd.likelihood import Numbers, leaving_log_odds, stay_terms, times_of
from kamlib.btyd.models import BuyerModel
from kamlib.errors import KamError
from kamlib.tables import shaped

_NEGLIGIBLE = 1e-11


def alive_given(buyer_summary: pd.DataFrame, buyer_model: BuyerModel) -> Numbers:
    """Return the model's probability that each account is still there; n/a without a model."""
    if not buyer_model.is_usable:
        return np.full(len(buyer_summary), math.nan)
    return _alive(buyer_model, *times_of(buyer_summary, buyer_model.unit_days))


def expected_orders(
    buyer_summary: pd.DataFrame,
    buyer_model: BuyerModel,
    account_status: pd.DataFrame | None = None,
    *,
    days: int = 365,
    interval_share: float = 0.8,
) -> pd.DataFrame:
    """One row per account: the order days to expect of it over a horizon, a year unless ``days``
    says otherwise.

    An account that is present has done j of the k steps to its next order; its rate of steps is
    then gamma(r+kx+j, alpha+T), its probability of leaving beta(a, b+x+d). With
    z = s/(alpha+T+s) for a horizon s, the probability of at least m further orders is

        P(N ≥ m) = P(present) · B(a, b+x+d+m-1)/B(a, b+x+d) · Σ_j P(j) · I_z(mk-j, r+kx+j)

    and the expectation is its sum over m: a series of positive, falling terms, without the
    hypergeometric function whose value is lost for large x and T. For k = 1 it equals equation
    (10) of Fader, Hardie and Lee (2005). No account has more than one order day per day, so the
    series ends with the horizon's last day. The interval is predictive (how many order days this
    account may have), not one of the parameters. Of a lost account no order is expected: it is won
    back or let go, and in no list of next orders.

    Parameters
    ----------
    days
        How far ahead, in days.
    interval_share
        Share of outcomes that the interval holds.

    Examples
    --------
    >>> model = BuyerModel("BG/NBD", 1, False, r=0.243, alpha=4.414, a=0.793, b=2.426, n=2357,
    ...     status="converged")
    >>> buyers = pd.DataFrame({"account_id": ["A"], "frequency": [2], "span_days": [213],
    ...     "known_days": [272]})
    >>> expected_orders(buyers, model, days=273)["expected_orders"].round(4).tolist()
    [1.2261]
    """
    if days < 1:
        raise KamError(f"A forecast needs at least one day, not {days}.", where="days")
    size = len(buyer_summary)
    alive, expected, once, low, high = (np.full(size, math.nan) for _ in range(5))
    if buyer_model.is_usable and size:
        # accounts with the same history have the same forecast: each is computed once
        times, back = np.unique(
            np.column_stack(times_of(buyer_summary, buyer_model.unit_days)),
            axis=0,
            return_inverse=True,
        )
        tail = (1 - interval_share) / 2
        total, first, at_low, at_high = (np.zeros(len(times)) for _ in range(4))
        for m, rows, chance in at_least(buyer_model, times, days):
            total[rows] += chance
            # the quantiles of a count: as many orders as are at least so probable
            at_low[rows] += chance > 1 - tail
            at_high[rows] += chance > tail
            if m == 1:
                first[rows] = chance
        alive = _alive(buyer_model, *times.T)[back]
        expected, once, low, high = total[back], first[back], at_low[back], at_high[back]
    told = _remarked(buyer_summary, buyer_model).assign(
        horizon_days=days,
        model_probability=alive,
        expected_orders=expected,
        order_probability=once,
        orders_low=low,
        orders_high=high,
    )
    if account_status is not None:
        lost = account_status.loc[account_status["status"].eq("lost"), "account_id"]
        told = told[~told["account_id"].isin(lost)]
    return shaped("expected_orders", told)


def at_least(
    model: BuyerModel, times: Numbers, days: int
) -> Iterator[tuple[int, np.ndarray[tuple[int], np.dtype[np.intp]], Numbers]]:
    """Yield m = 1, 2, …, the rows still worth counting, and their probability of m or more orders.

    ``times`` has the columns frequency, recency and age, in the model's unit. A row is dropped
    once its probability is negligible beside what it has summed to.
    """
    x, recency, age = times.T
    horizon = days / model.unit_days
    k, left = model.k, model.b + x + int(model.is_modified)
    n = model.r + k * x
    # P(j): with how many of the k steps to the next order done the account has been silent so long
    weights = stay_terms(n, (age - recency) / (model.alpha + age), k)
    weights /= weights.sum(axis=1, keepdims=True)
    share = horizon / (model.alpha + age + horizon)
    steps = np.arange(k)
    stays = _alive(model, x, recency, age)
    total = np.zeros(len(x))
    rows = np.arange(len(x))
    for m in range(1, days + 1):
        # I_z: the m·k - j steps that are left are done within the horizon
        reach = betainc(m * k - steps, n[rows, None] + steps, share[rows, None])
        chance = stays * (weights[rows] * reach).sum(axis=1)
        total[rows] += chance
        yield m, rows, chance
        is_worth = chance > _NEGLIGIBLE * total[rows]
        # after each order the account stays with the beta's mean, given all that it has stayed for
        stays = (stays * (left[rows] + m - 1) / (model.a + left[rows] + m - 1))[is_worth]
        rows = rows[is_worth]
        if not len(rows):
            return


def names_of(table: pd.DataFrame, accounts: pd.DataFrame | None) -> pd.Series:
    """Return the name of each row's account, its id where none is known."""
    ids = table["account_id"]
    if accounts is None:
        return ids
    return ids.map(accounts.set_index("account_id")["name"]).fillna(ids)


def _alive(model: BuyerModel, x: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    n = model.r + model.k * x
    stay = stay_terms(n, (age - recency) / (model.alpha + age), model.k).sum(axis=1)
    d = int(model.is_modified)
    odds = leaving_log_odds(
        n,
        np.log(model.alpha + age),
        np.log(model.alpha + recency),
        np.log(stay),
        model.a,
        model.b + x + d - 1,
        x,
        d,
    )
    return expit(-odds)


def _remarked(summary: pd.DataFrame, model: BuyerModel) -> pd.DataFrame:
    """Return the summary with the model's name and remark; one-time buyers have their own."""
    told = summary.assign(model=model.name, **model.remark)
    if model.is_usable and not model.is_modified:
        told["note_code"] = told["note_code"].mask(told["frequency"].eq(0), "one_time")
    return told
