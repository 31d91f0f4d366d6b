"""Slopes of many series at once are what scipy finds of each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import theilslopes

from kamlib import slopes


@pytest.fixture(params=["whole", "in parts"])
def found(request, monkeypatch):
    """Slopes of series of 1 to 19 points, many of equal values, some of one value alone."""
    if request.param == "in parts":
        monkeypatch.setattr(slopes, "_CELLS", 300)
    rng = np.random.default_rng(7)
    series = []
    for number in range(200):
        x = np.sort(rng.choice(400, rng.integers(1, 20), replace=False)) / 365.25
        y = rng.normal(size=len(x)).round(number % 3) if number % 5 else np.full(len(x), 0.5)
        series.append((x, y))
    of = np.repeat(np.arange(200), [len(x) for x, _ in series])
    every = (np.concatenate(one) for one in zip(*series, strict=True))
    return series, slopes.theil_sen(of, *every, many=200, least=4)


def test_each_is_that_of_scipy_and_too_few_points_give_none(found):
    series, many = found
    for (x, y), own in zip(series, np.transpose(many), strict=True):
        if len(x) < 4:
            assert np.isnan(own).all()
        else:
            fit = theilslopes(y, x, alpha=0.95)
            assert own.tolist() == [fit.slope, fit.low_slope, fit.high_slope]


def test_no_series_has_no_slope():
    none = np.array([])
    assert slopes.theil_sen(none.astype(int), none, none, many=0, least=4).slope.tolist() == []
