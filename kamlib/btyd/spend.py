"""What an order day is worth: the gamma-gamma model of spend per order day."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from kamlib.btyd.likelihood import LEAST_REPEAT_ACCOUNTS
from kamlib.btyd.search import Fit, climb
from kamlib.tables import shaped

_DEPENDENT = 0.3


@dataclass(frozen=True)
class SpendModel(Fit):
    """A fitted gamma-gamma model: an account's values are gamma(p, ν), its ν is gamma(q, v).

    ``correlation`` is that of the number of repeat order days with their mean value, which the
    model takes for none; ``note_code`` warns where it is not small.
    """

    p: float = math.nan
    q: float = math.nan
    v: float = math.nan
    correlation: float = math.nan


def fit_gamma_gamma(buyer_summary: pd.DataFrame) -> SpendModel:
    """Fit the gamma-gamma model of Fader and Hardie (2005/2013) to a ``buyer_summary``.

    Only accounts with repeat order days take part. With x repeat order days of mean value z:

        ln L = Σ ln Γ(px+q) - ln Γ(px) - ln Γ(q) + q ln v + (px-1) ln z + px ln x - (px+q) ln(v+xz)

    Source: P. Fader and B. Hardie, "The gamma-gamma model of monetary value", and Fader, Hardie
    and Lee (2005), RFM and CLV, Journal of Marketing Research 42(4).
    """
    repeats = buyer_summary[buyer_summary["frequency"].gt(0) & buyer_summary["mean_value"].gt(0)]
    x, value = repeats["frequency"].to_numpy(float), repeats["mean_value"].to_numpy(float)
    model = SpendModel(n=len(x)).lacking(("few_repeats", len(x), LEAST_REPEAT_ACCOUNTS))
    if model.note_code:
        return model
    # values are fitted as multiples of their mean: no currency is better searched than another
    scale = float(np.average(value, weights=x))
    found = climb(lambda at: log_likelihood(at, x, value / scale), [np.zeros(3)], len(x))
    p, q, v = (float(t) for t in np.exp(found.at))
    varies = x.std() > 0 and value.std() > 0
    model = replace(
        model,
        p=p,
        q=q,
        v=v * scale,
        log_likelihood=found.value - len(x) * math.log(scale),
        correlation=float(np.corrcoef(x, value)[0, 1]) if varies else math.nan,
        status="converged",
    )
    if not 1e-3 < p < 1e3 or not 1e-3 < q < 1e3:
        return replace(model, status="at a limit", note_code="spend_alike")
    if not found.is_level:
        return replace(model, status="not converged", note_code="not_settled")
    if abs(model.correlation) > _DEPENDENT:
        code = "spend_more" if model.correlation > 0 else "spend_less"
        return replace(model, note_code=code, note_figure=model.correlation)
    return model


def spend_model(buyer_summary: pd.DataFrame) -> SpendModel:
    """Return the model of spend per order day: gamma-gamma.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.spend_model.is_usable
    True
    """
    return fit_gamma_gamma(buyer_summary)


def expected_spend(buyer_summary: pd.DataFrame, spend_model: SpendModel) -> pd.DataFrame:
    """One row per account: the value to expect of its next order day.

    A weighted mean of the account's own mean value and that of all: p·(v + x·z)/(p·x + q - 1),
    which is p·v/(q-1) for an account without repeat order days.

    Examples
    --------
    >>> spend = SpendModel(p=6.25, q=3.74, v=15.44, status="converged")
    >>> buyers = pd.DataFrame({"account_id": ["A", "B"], "frequency": [0, 5],
    ...     "mean_value": [None, 100.0]})
    >>> expected_spend(buyers, spend)["order_value"].round(2).tolist()
    [35.22, 94.78]
    """
    x = buyer_summary["frequency"].to_numpy(float)
    total = x * buyer_summary["mean_value"].astype("float64").fillna(0).to_numpy()
    below = spend_model.p * x + spend_model.q - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(below > 0, spend_model.p * (spend_model.v + total) / below, math.nan)
    if not spend_model.is_usable:
        value = np.full(len(x), math.nan)
    told = buyer_summary.assign(order_value=value, **spend_model.remark)
    if spend_model.is_usable:
        told["note_code"] = told["note_code"].mask(np.isnan(value), "no_mean")
    return shaped("expected_spend", told)


def log_likelihood(
    log_parameters: NDArray[np.float64], x: NDArray[np.float64], value: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the log-likelihood of mean values, and its gradient in ln p, ln q and ln v."""
    p, q, v = np.exp(log_parameters)
    shape = p * x + q
    log_total = np.log(v + x * value)
    rows = (
        gammaln(shape)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(value)
        + p * x * np.log(x)
        - shape * log_total
    )
    psi = digamma(shape)
    slope_p = x * (psi - digamma(p * x) + np.log(value) + np.log(x) - log_total)
    slope_q = psi - digamma(q) + np.log(v) - log_total
    slope_v = q / v - shape / (v + x * value)
    return float(rows.sum()), np.array([p * slope_p.sum(), q * slope_q.sum(), v * slope_v.sum()])
