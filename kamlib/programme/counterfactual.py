"""What key accounts would have earned without the programme: the arithmetic under the programme
return.

Accounts are admitted when they look strong, often on a peak, and a peak falls back by itself. So an
    account is
compared with accounts of the same past: the margin after admission is regressed on **all** whole
    years before it,
on accounts that were not (yet) key in the same calendar months. The calendar's ups and downs, and
    the fall back from a
peak, are then in the comparison and not in the effect. Works on arrays, account × month.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = 10**6
"""Month number of an admission that has not happened."""


SHAPE_BAND = float(np.log(1.5))
"""How far beyond the key accounts' a year may stand from the mean of its account's years, log
points.
"""

SIZE_PRIOR = 0.05
"""How much growth is thought to differ per log point of size before the accounts are looked at
(standard deviation).
"""


@dataclass(frozen=True)
class Spells:
    """When each account (row of the margin array) was in the programme, as month numbers.

    ``start`` is the first whole month in the programme (`NEVER` without one), ``before`` the first
    month that is no longer wholly before it, ``end`` the first month no longer in it, ``first`` the
    month of the account's first order.
    """

    start: Ints
    before: Ints
    end: Ints
    first: Ints


def damped(ratio: Floats, *, knee: float = 2.0) -> Floats:
    """The ratio itself up to the knee, its logarithm beyond: one account that multiplied does not
    decide for all.

    >>> damped(np.array([-0.5, 0.0, 1.0, 2.0, 2.0 * np.e])).round(3).tolist()
    [-0.5, 0.0, 1.0, 2.0, 4.0]
    """
    return np.where(ratio <= knee, ratio, knee * (1 + np.log(np.maximum(ratio, knee) / knee)))


def past_years(margin: Floats, start: int, first: Ints) -> tuple[list[Floats], Ints]:
    """Margin of the whole years before ``start``, latest first, and how many in a row had one, by
    account.
    """
    years: list[Floats] = []
    count = np.zeros(len(margin), dtype=np.int64)
    unbroken = np.ones(len(margin), dtype=bool)
    for end in range(start, 11, -12):
        year = margin[:, end - 12 : end].sum(axis=1)
        unbroken = unbroken & (year > 0) & (first <= end - 12)
        count += unbroken
        years.append(year)
    return years, count


def blocks(start: int, end: int) -> list[tuple[int, int]]:
    """The months of an account in the programme as years; a rest of less than half a year joins the
    year before.

    >>> blocks(10, 40), blocks(10, 38), blocks(10, 13)
    ([(10, 22), (22, 34), (34, 40)], [(10, 22), (22, 38)], [(10, 13)])
    """
    cuts = [*range(start, end, 12), end]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < 6:
        del cuts[-2]
    return list(pairwise(cuts))


@dataclass(frozen=True)
class Window:
    """The regression of one year in the programme on all years before, over the comparison
    accounts.
    """

    low: int
    high: int
    controls: Ints
    gain: Floats
    """Member × comparison account: how a residual of the one moves the prediction of the other."""
    surprise: Floats
    """Member: outcome less prediction."""
    expected: Floats
    """Member: the prediction."""
    residual: Floats
    """Comparison account: residual over one less its leverage, so that the few that steer the line
    count as such.
    """
    spread: float
    prediction: Floats
    """Account: the prediction, kept above zero."""
    level: Floats
    """Account: the prediction in money, before the calendar's share of each month is applied."""
    centre: Floats
    """Comparison account: by which share its residual moves the level of all of them together."""
    steer: Floats
    """Member: how far its prediction would move if growth differed with size by one `SIZE_PRIOR`.
    """
    centre_steer: float


def fit_window(
    margin: Floats,
    past: Floats,
    fit: NDArray[np.bool_],
    members: list[int],
    low: int,
    high: int,
    *,
    fewest: int,
) -> Window | None:
    """Fit one window, in ratios of margin to the mean of the years before; None with too few
    comparison accounts.
    """
    controls = np.flatnonzero(fit)
    if len(controls) < fewest + past.shape[1] + 1:
        return None
    scale = np.maximum(past.mean(axis=1), 1e-300)
    size = np.log(scale)
    design = np.column_stack(
        [np.ones(len(past)), size - size[controls].mean(), past[:, :-1] / scale[:, None] - 1]
    )
    ratio = 12 * margin[:, low:high].mean(axis=1) / scale
    typical = max(float(np.median(ratio[controls])), 0.05)
    outcome = damped(ratio / typical)
    x = design[controls]
    plain = outcome[controls] - x @ np.linalg.lstsq(x, outcome[controls], rcond=None)[0]
    variance = float(plain @ plain) / (len(controls) - x.shape[1])
    prior = np.zeros(x.shape[1])
    prior[1] = (
        variance / SIZE_PRIOR**2
    )  # few accounts are as large as key accounts: size alone may not steer the line
    inverse = np.linalg.pinv(x.T @ x + np.diag(prior))
    weights = inverse @ x.T
    slope = weights @ outcome[controls]
    rest = outcome[controls] - x @ slope
    leverage = np.clip(np.einsum("ij,ji->i", x, weights), 0, 0.9)
    prediction = np.maximum(design @ slope, 0.05)
    level = scale * prediction
    pulled = inverse[:, 1] * prior[1] * SIZE_PRIOR
    centre = scale[controls] @ x / level[controls].sum()
    return Window(
        low=low,
        high=high,
        controls=controls,
        gain=design[members] @ weights,
        surprise=outcome[members] - design[members] @ slope,
        expected=design[members] @ slope,
        residual=rest / (1 - leverage),
        spread=float(np.sqrt(rest @ rest / (len(controls) - x.shape[1]))),
        prediction=prediction,
        level=level,
        centre=centre @ weights,
        steer=design[members] @ pulled,
        centre_steer=float(centre @ pulled),
    )


def overlapping(
    margin: Floats, spells: Spells, members: list[int], before: int, count: int, *, size_band: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the margin of the years before, latest first, and which accounts have a past like the
    members'.

    Alike are accounts with the same years of history, of comparable size, that bought in the last
    three (six) months where all members did, and whose years stood to one another as the members'
    did, give or take half as much again.
    """
    years, available = past_years(margin, before, spells.first)
    past = np.stack(years[:count], axis=1)
    size = np.maximum(past.mean(axis=1), 1e-300)
    traits = np.log(np.maximum(np.column_stack([size, past / size[:, None]]), 1e-300))
    band = np.array([np.log(size_band), *[SHAPE_BAND] * count])
    low, high = traits[members].min(axis=0) - band, traits[members].max(axis=0) + band
    alike = (available >= count) & (spells.start > spells.start[members[0]])
    alike &= ((traits >= low) & (traits <= high)).all(axis=1)
    for months in (3, 6):
        recent = margin[:, max(before - months, 0) : before].sum(axis=1) > 0
        if recent[members].all():
            return past, alike & recent
    return past, alike
