"""The settings of [segmentation]: defaults of the definitions, limits in order."""

from __future__ import annotations

import inspect

import pytest
from pydantic import ValidationError

from kamlib.book import SegmentationSettings
from kamlib.segmentation import account_classes


def test_defaults_are_those_of_the_calculation():
    defaults = {n: p.default for n, p in inspect.signature(account_classes).parameters.items()}
    limits = SegmentationSettings().class_limits
    assert limits == {name: defaults[name] for name in limits}
    assert set(defaults) - set(limits) == {"account_months", "accounts", "as_of"}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("abc", (0.95, 0.80), "two rising limits"),
        ("abc", (0.8, 1.2), "at most 1"),
        ("abc", (0.8, 0.8), "two rising limits"),
        ("xyz_frequency", (0.3, 0.7), "two falling limits"),
        ("xyz_variability", (0.0, 0.5), "above zero"),
        ("treatments", {"AQ": "?"}, "no cell of the matrix"),
    ],
)
def test_limits_that_make_no_classes_are_refused(key, value, message):
    with pytest.raises(ValidationError, match=message):
        SegmentationSettings(**{key: value})


def test_the_books_own_limits_are_taken():
    own = SegmentationSettings(abc=(0.7, 0.9), xyz_variability=(0.3, 1.5))
    assert own.class_limits["abc"] == (0.7, 0.9)
    assert own.class_limits["xyz_variability"] == (0.3, 1.5)
