"""The likelihood of the beta-geometric family of buying models, with its gradient, in one pass.

The story behind every member: while an account stays, its gaps between order days are Erlang-k
(k = 1: exponential) with its own rate; after each order it leaves for good with its own
probability. Rates vary over accounts as gamma(r, alpha), probabilities as beta(a, b). In the plain
form an account cannot leave before its first repeat order; in the modified form it can leave after
any order, the first one too.

With x repeat orders, the last at t and observed up to T, n = r + k·x and d = 1 in the modified
form, else 0:

    L = const · alpha^r Γ(n)/Γ(r) · B(a, b+x+d)/B(a, b) · (alpha+T)^-n · (S + e^D')

    S    = Σ_{j<k} (n)_j/j! · ((T-t)/(alpha+T))^j            still there
    e^D' = a/(b+x+d-1) · ((alpha+T)/(alpha+t))^n             left after the last order;
                                                             0 in the plain form for x = 0

Everything is kept in logarithms; S is a sum of positive terms. The constant holds the gaps
themselves: (k-1)·Σ ln gap - x·ln Γ(k). Sources: Fader, Hardie and Lee (2005), "Counting your
customers" the easy way, Marketing Science 24(2), k = 1 plain; Batislam, Denizel and Filiztekin
(2007), IJRM 24(3), k = 1 modified; Reutterer, Platzer and Schröder (2021), IJRM 38(1), any k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import digamma, expit, gammaln

Numbers = NDArray[np.float64]
LEAST_ACCOUNTS = 20
LEAST_REPEAT_ACCOUNTS = 10


@dataclass(frozen=True)
class Histories:
    """Buying histories, each distinct one once with its count; times in the model's unit.

    The gamma and beta functions depend on the number of repeat orders alone: they are computed
    once per number (``orders``) and found again by ``at``.
    """

    x: Numbers
    recency: Numbers
    age: Numbers
    count: Numbers
    orders: Numbers
    at: NDArray[np.intp]

    @classmethod
    def of(cls, x: Numbers, recency: Numbers, age: Numbers) -> Histories:
        """Return the distinct histories among these."""
        # sorted, equal histories stand together: a row that differs from the one before begins a
        # new one, and the steps between beginnings are the counts
        order = np.lexsort((age, recency, x))
        rows = np.column_stack((x, recency, age)).astype(float)[order]
        is_new = np.concatenate(([True], (np.diff(rows, axis=0) != 0).any(axis=1)))[: len(rows)]
        starts = np.flatnonzero(is_new)
        count = np.diff(np.append(starts, len(rows))).astype(float)
        distinct = rows[starts]
        orders, at = np.unique(distinct[:, 0], return_inverse=True)
        return cls(distinct[:, 0], distinct[:, 1], distinct[:, 2], count, orders, at)


def times_of(buyer_summary: pd.DataFrame, unit_days: float) -> tuple[Numbers, Numbers, Numbers]:
    """Return each account's repeat order days, recency and age, in units of so many days."""
    x, recency, age = buyer_summary[["frequency", "span_days", "known_days"]].to_numpy(float).T
    return x, recency / unit_days, age / unit_days


def needed_of(x: Numbers) -> tuple[tuple[str, int, int], ...]:
    """Return what a model of buying needs, as ``Fit.lacking`` takes it.

    >>> needed_of(np.array([0.0, 2.0]))
    (('few_accounts', 2, 20), ('few_repeats', 1, 10))
    """
    return (
        ("few_accounts", len(x), LEAST_ACCOUNTS),
        ("few_repeats", int((x > 0).sum()), LEAST_REPEAT_ACCOUNTS),
    )


def log_likelihood(
    log_parameters: Numbers, histories: Histories, *, k: int = 1, modified: bool = True
) -> tuple[float, Numbers]:
    """Return the log-likelihood without the gaps' constant, and its gradient.

    ``log_parameters`` are the logarithms of r, alpha, a and b; the gradient is taken in them.
    """
    r, alpha, a, b = np.exp(log_parameters)
    h, d = histories, int(modified)
    n = r + k * h.orders
    left = b + h.orders + d
    digamma_both, digamma_left = digamma(a + left), digamma(left)
    by_orders = (
        r * np.log(alpha)
        + gammaln(n)
        - gammaln(r)
        + (gammaln(a + b) - gammaln(b))
        + (gammaln(left) - gammaln(a + left))
    )
    slope_r = np.log(alpha) + digamma(n) - digamma(r)
    slope_a = digamma(a + b) - digamma_both
    slope_b = digamma(a + b) - digamma(b) + digamma_left - digamma_both

    # from here on by history; digamma is the slope of gammaln, so that each term has its slope
    rows_n = n[h.at]
    log_age, log_recency = np.log(alpha + h.age), np.log(alpha + h.recency)
    log_stay, stay_r, stay_alpha = _stay(rows_n, alpha, h, k)
    log_odds = leaving_log_odds(rows_n, log_age, log_recency, log_stay, a, left[h.at] - 1, h.x, d)
    gone = expit(log_odds)
    # S + e^D' = S·(1 + e^odds), in logarithms; the slope of ln(1 + e^odds) is gone · odds'
    rows = by_orders[h.at] - rows_n * log_age + log_stay + np.logaddexp(0.0, log_odds)
    gone_r = log_age - log_recency - stay_r
    gone_alpha = rows_n * (1 / (alpha + h.age) - 1 / (alpha + h.recency)) - stay_alpha
    last = np.where(gone > 0, left[h.at] - 1, 1.0)  # zero for one-time buyers of the plain form
    slopes = (  # each times its parameter: slopes in the logarithms
        r * (slope_r[h.at] - log_age + stay_r + gone * gone_r),
        alpha * (r / alpha - rows_n / (alpha + h.age) + stay_alpha + gone * gone_alpha),
        a * (slope_a[h.at] + gone / a),
        b * (slope_b[h.at] - gone / last),
    )
    # plain sums: a product such as count @ rows starts threads, a thousand times slower on a busy
    # machine
    return float((h.count * rows).sum()), np.array([(h.count * slope).sum() for slope in slopes])


def stay_terms(n: Numbers, share: Numbers, k: int) -> Numbers:
    """Return the k terms of S: being there with j = 0 … k-1 of the k steps to the next order done.

    ``share`` is (T-t)/(alpha+T).

    >>> stay_terms(np.array([2.0]), np.array([0.5]), 3).tolist()
    [[1.0, 1.0, 0.75]]
    """
    terms = np.ones((len(n), k))
    for j in range(1, k):
        terms[:, j] = terms[:, j - 1] * (n + j - 1) * share / j
    return terms


def leaving_log_odds(
    n: Numbers,
    log_age: Numbers,
    log_recency: Numbers,
    log_stay: Numbers,
    a: float,
    stayed: Numbers,
    x: Numbers,
    d: int,
) -> Numbers:
    """Return the logarithm of the odds that the account left after its last order.

    ``log_age`` and ``log_recency`` are ln(alpha+T) and ln(alpha+t), ``stayed`` is b+x+d-1. In the
    plain form (d = 0) an account without a repeat order cannot have left: minus infinity.
    """
    can_leave = np.full(len(x), True) if d else x > 0
    odds = np.full(len(x), -np.inf)
    odds[can_leave] = (
        np.log(a)
        - np.log(stayed[can_leave])
        + n[can_leave] * (log_age - log_recency)[can_leave]
        - log_stay[can_leave]
    )
    return odds


def _stay(n: Numbers, alpha: float, h: Histories, k: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return ln S and its slopes in r and alpha."""
    if k == 1:
        zero = np.zeros(len(n))
        return zero, zero, zero
    age = alpha + h.age
    terms = stay_terms(n, (h.age - h.recency) / age, k)
    total = terms.sum(axis=1)
    steps = np.arange(1, k)
    # the slope of ln (n)_j in n is Σ 1/(n+i), i < j
    rising = np.cumsum(1 / (n[:, None] + steps - 1), axis=1)
    slope_r = (terms[:, 1:] * rising).sum(axis=1) / total
    slope_alpha = -(terms[:, 1:] * steps).sum(axis=1) / (total * age)
    return np.log(total), slope_r, slope_alpha
