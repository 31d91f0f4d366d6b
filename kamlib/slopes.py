"""Slopes of many series at once: the median of the slopes between any two points of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_Z = 1.959963984540054
"""The normal quantile of 97.5 %: `scipy.stats.norm.ppf(0.975)`."""
_CELLS = 1 << 20
"""Slopes between two points that are held at once."""


class Slopes(NamedTuple):
    """The slope of each series, with its 95 % interval; n/a where it has too few points."""

    slope: Numbers
    low: Numbers
    high: Numbers


def theil_sen(of: NDArray[np.int64], x: Numbers, y: Numbers, *, many: int, least: int) -> Slopes:
    """Return the Theil–Sen slopes of many series, of those with ``least`` points and more.

    The slope is the median of the slopes between any two points; the interval is that of Sen
    (1968), as `scipy.stats.theilslopes` has it, which takes one series at a time.

    Parameters
    ----------
    of
        The series of each point, from 0; points of a series stand together, in the order of x.
    x, y
        The points: x rises within a series, and both are known.
    many
        The number of series.
    least
        Points that a slope needs, at least 2.

    Examples
    --------
    >>> of, x, y = np.array([0, 0, 0, 1]), np.array([0.0, 1, 2, 0]), np.array([1.0, 3, 5, 7])
    >>> theil_sen(of, x, y, many=2, least=3).slope.tolist()
    [2.0, nan]
    """
    count = np.bincount(of, minlength=many)
    begin = np.cumsum(count) - count
    found = np.full((3, many), np.nan)
    for points in np.unique(count[count >= least]):
        later, earlier = np.tril_indices(points, -1)
        alike = np.flatnonzero(count == points)
        for own in np.array_split(alike, len(alike) * len(later) // _CELLS + 1):
            place = begin[own][:, None] + np.arange(points)
            at, value = x[place], y[place]
            slopes = (value[:, later] - value[:, earlier]) / (at[:, later] - at[:, earlier])
            found[:, own] = _middle(np.sort(slopes, axis=1), value)
    return Slopes(*found)


def _middle(slopes: Numbers, values: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the median of each row of sorted slopes, and the two that bound it."""
    many = slopes.shape[1]
    sigma = np.sqrt((1 / 18) * (_pairs(values.shape[1]) - _ties(values)))
    low = np.fmax(np.round((many - _Z * sigma) / 2).astype("int64") - 1, 0)
    high = np.fmin(np.round((many + _Z * sigma) / 2).astype("int64"), many - 1)
    row = np.arange(len(slopes))
    return np.median(slopes, axis=1), slopes[row, low], slopes[row, high]


def _pairs(points: int | NDArray[np.int64]) -> int | NDArray[np.int64]:
    return points * (points - 1) * (2 * points + 5)


def _ties(values: Numbers) -> NDArray[np.int64]:
    """Return what values that come more than once take off, row by row."""
    ordered = np.sort(values, axis=1)
    is_new = np.ones(ordered.shape, dtype=bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    row, _ = np.nonzero(is_new)
    length = np.diff(np.flatnonzero(is_new.ravel()), append=is_new.size)
    return np.bincount(row, weights=_pairs(length), minlength=len(values)).astype("int64")
