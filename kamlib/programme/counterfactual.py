"""The counterfactual: what treated accounts would have earned without the programme.

Accounts are admitted when they look strong, often on a peak, and a peak falls back by itself. So
the margin after admission is regressed on **all** whole years before it (the pre-period), over
control accounts with a like past that were not (yet) key in the same months. The calendar's ups and
downs, and the fall back from a peak, are then in the counterfactual and not in the effect.

An account once admitted is followed to the last month, also when it left the programme or us: who
is taken out after the last order would otherwise leave the silence to the controls alone, whose
leaving is in the counterfactual (analysis by intention to treat; Hollis and Campbell, BMJ 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.regression.linear_model import OLS

from kamlib.programme.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = {"few months": 3, "few controls": 8}
"""What an account needs to be measured: whole months since the admission, and control accounts
beyond the coefficients of the regression.
"""

SIZE_BAND, SHAPE_BAND = 5.0, 1.5
"""By which factor the size of a control, and a year to its own mean, may lie beyond the treated's.
"""

SIZE_PRIOR = 0.05
"""How much growth is thought to differ per log point of size, before the accounts are looked at
(standard deviation): few controls are as large as key accounts, so size alone may not steer.
"""


@dataclass(frozen=True)
class Cohort:
    """Treated accounts admitted in one month with one length of history, and their controls.

    ``treated`` and ``controls`` are row numbers of the panel, ``start`` is the first whole
    month since the admission. ``size`` is the mean year of the pre-period and ``design`` the
    regressors of every account: a constant, log size, and the other years against the mean year.
    """

    treated: Ints
    controls: Ints
    start: int
    size: Floats
    design: Floats


@dataclass(frozen=True)
class Fit:
    """The regression of one block (a year since the admission) of a cohort.

    ``outcome`` and ``prediction`` are per account: the margin of the block against the mean year of
    the pre-period, 1 where it is the typical one. ``gain`` (coefficient × control) is how far the
    error of a control moves a coefficient, ``error`` (control) how large the errors are.
    ``spread`` is the standard deviation of a control around its prediction.
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
    ends = np.arange(before, 11, -12)
    years = np.array([margin[:, end - 12 : end].sum(axis=1) for end in ends])
    years = years.reshape(len(ends), len(margin)).T
    is_whole = (years > 0) & (first[:, None] <= ends - 12)
    return years, np.logical_and.accumulate(is_whole, axis=1).sum(axis=1)


def blocks(start: int, end: int) -> list[tuple[int, int]]:
    """The months since the admission as years; a rest under half a year joins the year before.

    >>> blocks(10, 40), blocks(10, 38), blocks(10, 13)
    ([(10, 22), (22, 34), (34, 40)], [(10, 22), (22, 38)], [(10, 13)])
    """
    cuts = [*range(start, end, 12), end]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < 6:
        del cuts[-2]
    return list(pairwise(cuts))


def cohorts_of(panel: Panel) -> tuple[list[Cohort], pd.Series]:
    """Return the treated accounts as cohorts, and for each account why it is in none, else blank.

    Controls are admitted later or never, and have as long a history.
    """
    margin, spells = panel.margin.to_numpy(), panel.spells
    start, first = spells["start"].to_numpy(), spells["first"].to_numpy()
    spells = spells.assign(row=range(len(spells)))[spells["is_treated"]]
    is_short = (margin.shape[1] - spells["start"]).lt(LEAST["few months"])
    notes = spells["note_code"].mask(spells["note_code"].eq("") & is_short, "few months")
    cohorts = []
    for _, wave in spells[notes.eq("")].groupby(["start", "before"]):
        before = int(wave["before"].iloc[0])
        past, available = pre_period(margin, before, first)
        recent = [margin[:, max(before - months, 0) : before].sum(axis=1) > 0 for months in (3, 6)]
        for _, members in wave.groupby(available[wave["row"]]):
            years = int(available[members["row"].iloc[0]])
            able = (available >= years) & (start > members["start"].iloc[0])
            if not years:
                notes[members.index] = "no year before"
                continue
            cohort = _cohort(past[:, :years], able, recent, members)
            if len(cohort.controls) - cohort.design.shape[1] >= LEAST["few controls"]:
                cohorts.append(cohort)
            else:
                notes[members.index] = "few controls"
    return cohorts, notes


def _cohort(
    past: Floats, able: NDArray[np.bool_], recent: list[NDArray[np.bool_]], members: pd.DataFrame
) -> Cohort:
    """Return treated accounts and, of those able to be controls, the ones with a like past.

    They are of comparable size, bought in the last three (six) months where all the treated did,
    and their years stood to one another as those of the treated.
    """
    treated = members["row"].to_numpy()
    size = np.maximum(past.mean(axis=1), 1e-300)
    traits = np.log(np.maximum(np.column_stack([size, past / size[:, None]]), 1e-300))
    band = np.log([SIZE_BAND, *[SHAPE_BAND] * past.shape[1]])
    low, high = traits[treated].min(axis=0) - band, traits[treated].max(axis=0) + band
    alike = able & ((traits >= low) & (traits <= high)).all(axis=1)
    for is_recent in recent:
        if is_recent[treated].all():
            alike &= is_recent
            break
    controls, log_size = np.flatnonzero(alike), np.log(size)
    centre = log_size[controls].mean() if len(controls) else 0.0
    shape = past[:, :-1] / size[:, None] - 1  # without the oldest: the years add up to the size
    design = np.column_stack([np.ones_like(size), log_size - centre, shape])
    return Cohort(treated, controls, int(members["start"].iloc[0]), size, design)


def fit_block(margin: Floats, cohort: Cohort, low: int, high: int) -> Fit:
    """Fit one block over the controls by least squares, with the size prior as one more control.

    The prior on the slope of size enters as an observation of its own (Theil and Goldberger's mixed
    estimation): that slope × σ / `SIZE_PRIOR` = 0 ± σ, with σ the error of the plain regression.
    Errors are residuals over the root of one less their leverage (HC2); the prior has none, as it
    is held and not measured.
    """
    controls, design = cohort.controls, cohort.design
    ratio = 12 * margin[:, low:high].mean(axis=1) / cohort.size
    outcome = damped(ratio / max(float(np.median(ratio[controls])), 0.05))
    sigma = float(np.sqrt(OLS(outcome[controls], design[controls]).fit().mse_resid))
    prior = np.zeros(design.shape[1])
    prior[1] = sigma / SIZE_PRIOR
    fit = OLS(np.append(outcome[controls], 0.0), np.vstack([design[controls], prior])).fit()
    # The few that steer the line have small residuals: their leverage makes up for it.
    leverage = np.clip(fit.get_influence().hat_matrix_diag[:-1], 0, 0.9)
    freedom = len(controls) - design.shape[1]
    return Fit(
        outcome,
        prediction=design @ fit.params,
        gain=fit.model.pinv_wexog[:, :-1],
        error=fit.resid[:-1] / np.sqrt(1 - leverage),
        spread=float(np.sqrt(fit.resid[:-1] @ fit.resid[:-1] / freedom)),
    )


def in_money(margin: Floats, cohort: Cohort, fit: Fit) -> tuple[Floats, Floats]:
    """Return the counterfactual margin of a block (account × month), and how far each control moves
    that of all treated accounts together (control × month).

    The regression tells the level of an account, the controls each month's share of the level.
    """
    treated, controls = cohort.treated, cohort.controls
    prediction = np.maximum(fit.prediction, 0.05)
    level = cohort.size * prediction
    whole = level[controls].sum()
    calendar = margin[controls].sum(axis=0) / whole
    expected = np.outer(level, calendar)
    # A control moves it as it sells more in a month than expected, which moves the calendar …
    surplus = margin[controls] - expected[controls]
    # … and as its error pulls the line, less the part by which it pulls the level of all controls:
    # that part is already in the calendar.
    design = cohort.design
    centre = cohort.size[controls] @ design[controls] @ fit.gain / whole
    size = cohort.size[treated]
    pull = ((size @ design[treated]) @ fit.gain - (size @ prediction[treated]) * centre) * fit.error
    moved = level[treated].sum() / whole * surplus
    return expected, moved + np.outer(pull, calendar)
