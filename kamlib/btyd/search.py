"""The search for the parameters that make what was seen most likely."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Numbers = NDArray[np.float64]
FURTHEST = 11.5
"""How far a parameter's logarithm may go from its start: a factor of 100,000."""

REMARK = ("note_code", "note_figure", "note_limit")


class Fit:
    """What every fitted model says of its search.

    ``note_code`` holds codes, separated by a space, of what to know before its figures are read;
    ``note_figure`` and ``note_limit`` are the figures that those remarks name.
    """

    status: str
    note_code: str
    note_figure: float
    note_limit: float

    @property
    def bic(self) -> float:
        """Bayesian information criterion, lower is better; n/a for a model that has none."""
        return math.nan

    @property
    def remark(self) -> dict[str, Any]:
        """The columns that say how to read it, in every table made with it."""
        return {name: getattr(self, name) for name in REMARK}

    @property
    def converged(self) -> bool:
        """The search ended at a proper maximum of the likelihood."""
        return self.status == "converged"

    @property
    def is_usable(self) -> bool:
        """There are parameters to forecast with."""
        return self.status in ("converged", "at a limit")


@dataclass(frozen=True)
class Summit:
    """Where a search ended: the point, the value, and the steepest slope left, per account."""

    at: Numbers
    value: float
    slope: float

    @property
    def is_level(self) -> bool:
        """The slope is as good as zero: a proper maximum."""
        return self.slope < 1e-5


def climb(
    function: Callable[[Numbers], tuple[float, Numbers]], starts: Sequence[Numbers], count: int
) -> Summit:
    """Return the highest point of a sum over ``count`` accounts, searched by BFGS from the first
    start.

    ``function`` returns value and gradient in the logarithms of the parameters. Where the slope
    does not vanish, the search is repeated from the next start, and the highest point counts.
    Beyond ``FURTHEST`` the function is continued flat with a quadratic penalty, so that a
    likelihood without a maximum ends the search near there. (Not L-BFGS-B: its matrix routines
    start threads for a 4 × 4 matrix and wait for them on a busy machine.)
    """
    best: Summit | None = None
    for start in starts:
        summit = _climb(function, start, count)
        if best is None or not summit.value <= best.value:
            best = summit
        if best.is_level:
            break
    if best is None:
        raise ValueError("A search needs a start.")
    return best


def _climb(
    function: Callable[[Numbers], tuple[float, Numbers]], start: Numbers, count: int
) -> Summit:
    def cost(at: Numbers) -> tuple[float, Numbers]:
        # per account, so that tolerances mean the same for ten accounts and ten thousand; beyond
        # the reach the value stays that of the edge and a bowl leads back
        inside = np.clip(at, start - FURTHEST, start + FURTHEST)
        value, gradient = function(inside)
        beyond = at - inside
        return -value / count + (beyond**2).sum() / 2, np.where(
            beyond == 0, -gradient / count, beyond
        )

    found = minimize(cost, start, jac=True, method="BFGS", options={"maxiter": 200, "gtol": 1e-6})
    at = np.clip(found.x, start - FURTHEST, start + FURTHEST)
    value, gradient = function(at)
    return Summit(at, value, float(np.abs(gradient).max() / count))
