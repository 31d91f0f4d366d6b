"""How sure the programme's return is: the standard errors and intervals of all its figures.

Three things are uncertain: what the pre-period does not tell about a treated account (noise), the
regression that the counterfactual rests on, clustered by control (influence: a control that serves
in many blocks counts once), and the lift of later admissions (feedback).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.programme.comparison import Comparison

CONFIDENCE = 0.95

POWER = 0.8
"""How often an effect must be shown to count as one that could have been seen."""

OWN_SPREAD_FROM = 5
"""From so many treated accounts on, their own spread is the noise; below, that of the controls."""


def att_interval(comparison: Comparison) -> tuple[float, float]:
    """Return the ends of the interval of the average treatment effect on the treated."""
    error, freedom = _att_error(comparison)
    half = _t(freedom) * error
    return comparison.att - half, comparison.att + half


def smallest_effect(comparison: Comparison) -> float:
    """Return the smallest effect that the comparison would most likely have shown: one whose
    interval lies beyond 0 in four of five cases.
    """
    error, freedom = _att_error(comparison)
    return float(error * (_t(freedom) + stats.t.ppf(POWER, freedom)))


def _att_error(comparison: Comparison) -> tuple[float, float]:
    """Return the standard error of the average effect, and its degrees of freedom: those of a sum
    of two variances, each estimated from cases of its own (Satterthwaite 1946).
    """
    treated, att = comparison.treated, comparison.att
    count, freedom = len(treated), float(_freedom(comparison))
    noise, own = _noise(treated, att)
    cases = freedom
    if count >= OWN_SPREAD_FROM:
        noise, cases = own, count - 1
    elif count > 1:
        noise = max(noise, own)
    # Variance of the sum of the effects: the noise of each account, and the errors of the controls,
    # which move the counterfactual, and so what an effect of this size is measured by. Who is
    # admitted later is a control before: its error raises the sum there and lowers it here.
    moved = (1 + att) * comparison.influence
    at = comparison.panel.margin.index.get_indexer(treated.index)
    regression, shared = float(moved @ moved), float(_apart(treated, att) @ moved[at])
    apart = count * noise
    error = np.sqrt(max(apart + regression - 2 * shared, 0.0)) / treated["counterfactual"].sum()
    parts = apart**2 / cases + regression**2 / freedom
    freedom = (apart + regression) ** 2 / parts if parts > 0 else freedom
    return float(error * comparison.feedback), freedom


def money_half_width(comparison: Comparison) -> pd.Series:
    """Return half the width of the interval of the running total, by month."""
    treated = comparison.treated
    noise, own = _noise(treated, comparison.att)
    wider = max(1.0, own / max(noise, 1e-12)) if len(treated) >= OWN_SPREAD_FROM else 1.0
    # As uncertain as so many accounts of one size: a few large ones do not average out.
    size = comparison.counterfactual.sum(axis=1)
    equal = size.sum() ** 2 / max((size**2).sum(), 1e-12)
    regression = (comparison.money_influence.cumsum(axis=1) ** 2).sum(axis=0)
    error = np.sqrt(wider * comparison.noise + regression) * comparison.feedback
    freedom = max(min(equal - 1, _freedom(comparison)), 2.0)
    return pd.Series(_t(freedom) * error, index=comparison.panel.margin.columns)


def account_effects(comparison: Comparison) -> pd.DataFrame:
    """Return the effect on each treated account, as a share of its counterfactual, with the ends of
    its interval.
    """
    treated = comparison.treated
    expected = treated["counterfactual"].clip(lower=0.05)
    effect = (treated["outcome"] - treated["counterfactual"]) / expected
    half = _t(_freedom(comparison)) * treated["spread"] / expected
    ends = {"effect_low_share": effect - half, "effect_high_share": effect + half}
    return pd.DataFrame({"effect_share": effect, **ends})


def _noise(treated: pd.DataFrame, att: float) -> tuple[float, float]:
    """Return the variance of a control around its counterfactual, and that between the treated."""
    return float((treated["spread"] ** 2).mean()), float(_apart(treated, att).var())


def _apart(treated: pd.DataFrame, att: float) -> pd.Series:
    """Return how far each account is from the average effect on its counterfactual."""
    return treated["outcome"] - (1 + att) * treated["counterfactual"]


def _freedom(comparison: Comparison) -> int:
    """Return the degrees of freedom of the smallest regression: controls less coefficients."""
    freedom = comparison.blocks["control_count"] - comparison.blocks["past_years_count"] - 1
    return max(min(freedom, default=0), 1)


def _t(freedom: float) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
