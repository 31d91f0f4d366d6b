"""The search for the parameters that make what was seen most likely."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Numbers = NDArray[np.float64]
FURTHEST = 11.5
"""How far a parameter's logarithm may go from its start: a factor of 100,000."""

REMARK = ("note_code", "note_figure", "note_limit")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What every fitted model says of its search, over ``n`` cases.

    ``status`` is ``converged``, ``at a limit`` (usable, but the data do not pin every parameter
    down), ``not converged`` or ``too few``; ``note_code`` holds codes, separated by a space, of
    what to know before its figures are read; ``note_figure`` and ``note_limit`` are the figures
    that those remarks name.
    """

    log_likelihood: float = math.nan
    n: int = 0
    parameter_count: int = 0
    status: str = "too few"
    note_code: str = ""
    note_figure: float = math.nan
    note_limit: float = math.nan

    @property
    def bic(self) -> float:
        """Bayesian information criterion, lower is better; n/a for a model that has none."""
        if not self.n or not self.parameter_count:
            return math.nan
        return self.parameter_count * math.log(self.n) - 2 * self.log_likelihood

    def lacking(self, *needed: tuple[str, int, int]) -> Self:
        """Return it with a remark on the first count that is below its least; as it is without one.

        >>> Fit().lacking(("few_accounts", 30, 20), ("few_repeats", 3, 10)).note_code
        'few_repeats'
        """
        for code, count, least in needed:
            if count < least:
                return replace(
                    self, note_code=code, note_figure=float(count), note_limit=float(least)
                )
        return self

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

    def status(self, *, is_extreme: bool) -> str:
        """How far a model that was fitted so can be relied upon."""
        if is_extreme:
            return "at a limit"
        return "converged" if self.is_level else "not converged"


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
