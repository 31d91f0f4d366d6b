"""The Pareto/NBD model: an account leaves at a moment of its own, whether it orders or not.

While it stays, an account orders at random at its own rate; it leaves at its own rate too, whatever
it orders. Order rates vary over accounts as gamma(r, alpha), leaving rates as gamma(s, beta). With
x repeat orders, the last at t and observed up to T:

    L = Γ(r+x)/Γ(r) · alpha^r · beta^s · ( (alpha+T)^-(r+x) (beta+T)^-s + s·A )
    A = ∫ (alpha+τ)^-(r+x) (beta+τ)^-(s+1) dτ,  from t to T: left between the last order and now

The integral is usually written with hypergeometric functions, whose difference loses its digits for
many orders. In y = ln((alpha+τ)/(alpha+t)) the integrand is e^(-(r+x+s)y) times a power of
(alpha+τ)/(beta+τ): 48 Gauss–Legendre points give all digits. Source: D. Schmittlein, D. Morrison
and R. Colombo (1987), Counting your customers, Management Science 33(1); P. Fader and B. Hardie
(2005), A note on deriving the Pareto/NBD model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import digamma, expit, gammaln

from kamlib.btyd.likelihood import Histories, Numbers, needed_of, times_of
from kamlib.btyd.search import Fit, climb

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_REACH = 40.0


@dataclass(frozen=True)
class ParetoModel(Fit):
    """A fitted Pareto/NBD: order rates gamma(r, alpha), leaving rates gamma(s, beta).

    Times are in units of ``unit_days`` days.
    """

    r: float = math.nan
    alpha: float = math.nan
    s: float = math.nan
    beta: float = math.nan
    unit_days: float = 7.0
    name: str = "Pareto/NBD"
    parameter_count: int = field(default=4, kw_only=True)


def pareto_model(buyer_summary: pd.DataFrame, *, unit_days: float = 7.0) -> ParetoModel:
    """Fit the Pareto/NBD model of Schmittlein, Morrison and Colombo (1987) to all accounts.

    Parameters
    ----------
    unit_days
        Days of a time unit of the fit.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.pareto_model.name, q.pareto_model.n, q.pareto_model.status
    ('Pareto/NBD', 118, 'not converged')
    """
    x, recency, age = times_of(buyer_summary, unit_days)
    model = ParetoModel(n=len(x), unit_days=unit_days).lacking(*needed_of(x))
    if model.note_code:
        return model
    histories = Histories.of(x, recency, age)
    span = float(age.max())
    pace = x.sum() / age.sum()
    starts = [np.log([1.0, 1.0 / pace, 0.5, span]), np.log([3.0, 3.0 / pace, 0.5, 10 * span])]
    found = climb(lambda at: pareto_likelihood(at, histories), starts, len(x))
    r, alpha, s, beta = (float(p) for p in np.exp(found.at))
    is_extreme = not 1e-3 < s < 1e3 or not 1e-3 < r < 1e3 or beta / s > 100 * span
    return replace(
        model,
        r=r,
        alpha=alpha,
        s=s,
        beta=beta,
        log_likelihood=found.value,
        status=found.status(is_extreme=is_extreme),
        note_code=_code(is_extreme, found.is_level, beta / s, span),
    )


def pareto_forecast(
    buyer_summary: pd.DataFrame, pareto_model: ParetoModel, *, days: int = 365
) -> pd.DataFrame:
    """One row per account: whether it is still there, and how many order days are to be expected.

    ``alive_probability`` as of the summary's date; ``expected_orders`` over ``days`` days:
    P(present) · (r+x)(beta+T)/((alpha+T)(s-1)) · (1 - ((beta+T)/(beta+T+days))^(s-1)).
    Columns: account_id, alive_probability, expected_orders.

    >>> model = ParetoModel(r=.553, alpha=10.578, s=.606, beta=11.669, n=2357, status="converged")
    >>> one = pd.DataFrame({"account_id": ["A"], "frequency": [2], "span_days": [213],
    ...     "known_days": [272]})
    >>> pareto_forecast(one, model, days=273)[["alive_probability", "expected_orders"]].round(
    ...     3).values.tolist()
    [[0.869, 1.455]]
    """
    m = pareto_model
    x, recency, age = times_of(buyer_summary, m.unit_days)
    n, horizon = m.r + x, days / m.unit_days
    log_gone = _log_gone(n, recency, age, m.alpha, m.s, m.beta)[0]
    alive = expit(-n * np.log(m.alpha + age) - m.s * np.log(m.beta + age) - log_gone)
    # (1 - q^(s-1))/(s-1), which for s near 1 is -ln q
    log_q = np.log((m.beta + age) / (m.beta + age + horizon))
    power = (m.s - 1) * log_q
    mean = np.where(np.abs(power) < 1e-8, -log_q, -np.expm1(power) / (m.s - 1 or 1.0))
    return pd.DataFrame(
        {
            "account_id": buyer_summary["account_id"],
            "alive_probability": alive,
            "expected_orders": alive * n * (m.beta + age) / (m.alpha + age) * mean,
        }
    )


def pareto_likelihood(log_parameters: Numbers, histories: Histories) -> tuple[float, Numbers]:
    """Return the log-likelihood, and its gradient in the logarithms of r, alpha, s and beta."""
    r, alpha, s, beta = np.exp(log_parameters)
    h = histories
    n = r + h.x
    log_age, log_late = np.log(alpha + h.age), np.log(beta + h.age)
    log_stay = -n * log_age - s * log_late
    log_gone, weights, after = _log_gone(n, h.recency, h.age, alpha, s, beta)
    rows = (gammaln(n) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)) + np.logaddexp(
        log_stay, log_gone
    )
    gone = expit(log_gone - log_stay)  # the share of each term in the sum weighs its slope
    of_alpha, of_beta = alpha + after, beta + after

    def mean(values: Numbers) -> Numbers:
        return (weights * values).sum(axis=1)

    slopes = (
        r * (digamma(n) - digamma(r) + np.log(alpha) - _mix(gone, log_age, mean(np.log(of_alpha)))),
        alpha * (r / alpha - n * _mix(gone, 1 / (alpha + h.age), mean(1 / of_alpha))),
        s * (np.log(beta) - _mix(gone, log_late, mean(np.log(of_beta))) + gone / s),
        beta * (s / beta - _mix(gone, s / (beta + h.age), (s + 1) * mean(1 / of_beta))),
    )
    return float((h.count * rows).sum()), np.array([(h.count * slope).sum() for slope in slopes])


def _mix(gone: Numbers, if_there: Numbers, if_gone: Numbers) -> Numbers:
    return (1 - gone) * if_there + gone * if_gone


def _log_gone(
    n: Numbers, recency: Numbers, age: Numbers, alpha: float, s: float, beta: float
) -> tuple[Numbers, Numbers, Numbers]:
    """Return ln(s·A), and the moments of leaving with their weights, which sum to 1 in each row."""
    power = (n + s)[:, None]
    width = np.log((alpha + age) / (alpha + recency))[:, None]
    width = np.minimum(width, _REACH / power)  # what lies beyond weighs nothing
    y = width * (1 + _POINTS) / 2
    after = (alpha + recency)[:, None] * np.exp(y) - alpha
    log_part = (s + 1) * np.log((alpha + after) / (beta + after)) - power * y
    top = log_part.max(axis=1, keepdims=True)
    part = _WEIGHTS / 2 * np.exp(log_part - top)
    total = part.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_width = np.log(width[:, 0])  # nothing can have happened since an order of today
    log_gone = (
        (np.log(s) - (n + s) * np.log(alpha + recency)) + log_width + top[:, 0] + np.log(total)
    )
    return log_gone, part / total[:, None], after


def _code(is_extreme: bool, is_level: bool, life: float, span: float) -> str:
    if is_extreme:
        return "no_leaving" if life > 100 * span else "leaving_alike"
    return "" if is_level else "not_settled"
