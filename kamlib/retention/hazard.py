"""A proportional-hazards model in discrete time: what makes an end likelier, all else alike.

With the complementary log-log link a case ends with 1 - exp(-λ), λ = exp(coefficients · design):
the chance of one end or more at the rate λ. The likelihood is that of Prentice and Gloeckler
(1978), Regression analysis of grouped survival data, Biometrics 34(1); its slopes are written for
cases that go on, and put right for the few that end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_STEPS, NEAR = 100, 1e-8


class HazardFit(NamedTuple):
    """Coefficients and their standard errors, in the order of the design, and whether the search
    ended.
    """

    coefficients: Floats
    errors: Floats
    is_settled: bool


def fit_hazard(design: Floats, ended: NDArray[np.bool_]) -> HazardFit:
    """Fit coefficients to cases (a column of the design each; its first row is the constant).

    By Newton's steps from the model that knows the rate alone: scoring from the data overshoots
    with this link.

    Raises
    ------
    np.linalg.LinAlgError
        The likelihood is flat in some direction.

    Examples
    --------
    >>> ended = np.array([True, False, False, False, True, True, True, False])
    >>> design = np.array([np.ones(8), [0, 0, 0, 0, 1, 1, 1, 1]])
    >>> fit = fit_hazard(design, ended)
    >>> [round(float(one), 6) for one in fit.coefficients], fit.is_settled
    ([-1.245899, 1.572534], True)
    """
    at = np.zeros(len(design))
    at[0] = np.log(-np.log1p(-ended.mean()))
    ends = np.flatnonzero(ended)
    step, steps = np.full(len(design), np.inf), 0
    with np.errstate(all="ignore"):  # a search that fails ends without numbers
        while steps < MOST_STEPS and np.any(np.abs(step) > NEAR):
            slope, curvature = _slopes(at, design, ends)
            step = np.linalg.solve(curvature, slope)
            at, steps = at + step, steps + 1
        errors = np.sqrt(np.diag(np.linalg.inv(_slopes(at, design, ends)[1])))
    return HazardFit(at, errors, steps < MOST_STEPS)


def _slopes(at: Floats, design: Floats, ends: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the slope of the log-likelihood, and its curvature with the sign turned."""
    rate = np.exp(at @ design)  # of a case that goes on: its slope is -rate, its curvature the rate
    pull, bend = -rate, rate
    ending = rate[ends]
    left = ending / np.expm1(ending)
    pull[ends] = left
    bend[ends] = left * (ending + left - 1)
    return design @ pull, (design * bend) @ design.T
