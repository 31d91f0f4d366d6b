"""The counterfactual: what treated accounts would have earned without the programme.

Accounts are admitted when they look strong, often on a peak, and a peak falls back by itself. So
the margin after admission is regressed on **all** whole years before it (the pre-period), over
control accounts with a like past that were not (yet) key in the same months. The calendar's ups and
downs, and the fall back from a peak, are then in the counterfactual and not in the effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.regression.linear_model import OLS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE_BAND = 5.0
"""How many times smaller (larger) than the smallest (largest) treated account a control may be."""

SHAPE_BAND = 1.5
"""By which factor a year of a control may stand beyond the treated accounts', to its own mean."""

SIZE_PRIOR = 0.05
"""How much growth is thought to differ per log point of size, before the accounts are looked at
(standard deviation): few controls are as large as key accounts, so size alone may not steer.
"""


@dataclass(frozen=True)
class Cohort:
    """Treated accounts admitted in one month with one length of history, and their controls.

    ``treated`` and ``controls`` are row numbers, ``years`` is the length of the pre-period,
    ``start`` and ``end`` bound the months in the programme. ``size`` is the mean year of the
    pre-period and ``design`` the regressors of every account: a constant, log size, and each year
    of the pre-period but the oldest against the mean year.
    """

    treated: Ints
    controls: Ints
    years: int
    start: int
    end: int
    size: Floats
    design: Floats

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the cohort's regressions."""
        return len(self.controls) - self.design.shape[1]


@dataclass(frozen=True)
class Fit:
    """The regression of one block (a year in the programme) of a cohort.

    ``outcome`` and ``prediction`` are per account: the margin of the block against the mean year of
    the pre-period, 1 where it is the typical one. ``gain`` (account × control) is how far an error
    of the one moves the prediction of the other, ``error`` (control) how large the errors are. The
    last control of both is the size prior. ``spread`` is the standard deviation of a control around
    its prediction.
    """

    outcome: Floats
    prediction: Floats
    gain: Floats
    error: Floats
    spread: float


def damped(ratio: Floats, *, knee: float = 2.0) -> Floats:
    """The ratio itself up to the knee, its logarithm beyond: one account that multiplied does not
    decide for all.

    >>> damped(np.array([-0.5, 0.0, 1.0, 2.0, 2.0 * np.e])).round(3).tolist()
    [-0.5, 0.0, 1.0, 2.0, 4.0]
    """
    return np.where(ratio <= knee, ratio, knee * (1 + np.log(np.maximum(ratio, knee) / knee)))


def pre_period(margin: Floats, before: int, first: Ints) -> tuple[Floats, Ints]:
    """Return the margin of the whole years before a month, latest first (account × year), and how
    many in a row had one.

    >>> pre_period(np.ones((1, 30)), 25, np.array([3]))
    (array([[12., 12.]]), array([1]))
    """
    ends = range(before, 11, -12)
    years = np.array([margin[:, end - 12 : end].sum(axis=1) for end in ends])
    years = years.reshape(len(ends), len(margin)).T
    is_whole = (years > 0) & (first[:, None] <= np.array(ends, dtype=int) - 12)
    return years, np.logical_and.accumulate(is_whole, axis=1).sum(axis=1)


def blocks(start: int, end: int) -> list[tuple[int, int]]:
    """The months in the programme as years; a rest of less than half a year joins the year before.

    >>> blocks(10, 40), blocks(10, 38), blocks(10, 13)
    ([(10, 22), (22, 34), (34, 40)], [(10, 22), (22, 38)], [(10, 13)])
    """
    cuts = [*range(start, end, 12), end]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < 6:
        del cuts[-2]
    return list(pairwise(cuts))


def cohort_of(
    margin: Floats, spells: pd.DataFrame, treated: Ints, before: int, years: int, end: int
) -> Cohort:
    """Return treated accounts with their controls, by all ``years`` before their admission.

    Controls are accounts admitted later or never, with as many years of history, of comparable
    size, that bought in the last three (six) months where all the treated did, and whose years
    stood to one another as theirs did.
    """
    past, available = pre_period(margin, before, spells["first"].to_numpy())
    past = past[:, :years]
    size = np.maximum(past.mean(axis=1), 1e-300)
    traits = np.log(np.maximum(np.column_stack([size, past / size[:, None]]), 1e-300))
    band = np.log([SIZE_BAND, *[SHAPE_BAND] * years])
    low, high = traits[treated].min(axis=0) - band, traits[treated].max(axis=0) + band
    start = spells["start"].to_numpy()
    alike = (available >= years) & (start > start[treated[0]])
    alike &= ((traits >= low) & (traits <= high)).all(axis=1)
    for months in (3, 6):
        is_recent = margin[:, max(before - months, 0) : before].sum(axis=1) > 0
        if is_recent[treated].all():
            alike &= is_recent
            break
    controls, log_size = np.flatnonzero(alike), np.log(size)
    centre = log_size[controls].mean() if len(controls) else 0.0
    shape = past[:, :-1] / size[:, None] - 1  # without the oldest: the years add up to the size
    design = np.column_stack([np.ones_like(size), log_size - centre, shape])
    return Cohort(treated, controls, years, int(start[treated[0]]), end, size, design)


def fit_block(margin: Floats, cohort: Cohort, low: int, high: int) -> Fit:
    """Fit one block over the controls by least squares, with the size prior as one more control.

    The prior on the slope of size enters as an observation of its own (Theil and Goldberger's mixed
    estimation): that slope × σ / `SIZE_PRIOR` = 0 ± σ, with σ the error of the plain regression.
    """
    controls, design = cohort.controls, cohort.design
    ratio = 12 * margin[:, low:high].mean(axis=1) / cohort.size
    outcome = damped(ratio / max(float(np.median(ratio[controls])), 0.05))
    sigma = float(np.sqrt(OLS(outcome[controls], design[controls]).fit().mse_resid))
    prior = np.zeros(design.shape[1])
    prior[1] = sigma / SIZE_PRIOR
    fit = OLS(np.append(outcome[controls], 0.0), np.vstack([design[controls], prior])).fit()
    # Residuals over one less their leverage: the few that steer the line count as such.
    error = fit.resid / (1 - np.clip(fit.get_influence().hat_matrix_diag, 0, 0.9))
    error[-1] = sigma
    rest = fit.resid[:-1]
    return Fit(
        outcome=outcome,
        prediction=design @ fit.params,
        gain=design @ fit.model.pinv_wexog,
        error=error,
        spread=float(np.sqrt(rest @ rest / cohort.freedom)),
    )
