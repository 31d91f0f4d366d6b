"""The settings of [segmentation]: defaults written once, limits in order, every one obeyed."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest
from pydantic import ValidationError

from kamlib import segmentation
from kamlib.book import KeyAccountSettings, SegmentationSettings
from kamlib.holes import NO_HOLES
from kamlib.story import segmentation as say
from kamlib.story.segmentation_rows import TREATMENTS, tell_abc_xyz_matrix


def test_defaults_are_those_of_the_settings():
    sections = {
        "segmentation": SegmentationSettings(),
        "admission": KeyAccountSettings(),
        "manager_id": "",
        "is_previous_whole": True,
        "holes": NO_HOLES,
    }
    for name in segmentation.__all__:
        for one in inspect.signature(getattr(segmentation, name)).parameters.values():
            assert one.default in (inspect.Parameter.empty, sections.get(one.name)), name


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("abc", (0.95, 0.80), "two rising limits"),
        ("abc", (0.8, 1.2), "at most 1"),
        ("abc", (0.8, 0.8), "two rising limits"),
        ("xyz_frequency", (0.3, 0.7), "two falling limits"),
        ("xyz_variability", (0.0, 0.5), "above zero"),
        ("xyz_variability", "clasic", "'customer' or 'classic'"),
        ("treatments", {"AQ": "?"}, "no cell of the matrix"),
    ],
)
def test_limits_that_make_no_classes_are_refused(key, value, message):
    with pytest.raises(ValidationError, match=message):
        SegmentationSettings(**{key: value})


def test_every_cell_has_a_treatment_and_the_books_own_goes_before():
    assert set(TREATMENTS) == {abc + xyz for abc in "ABC" for xyz in "XYZN"}
    cells = pd.DataFrame({"cell": ["AZ", "CN", "none Z"]})
    own = SegmentationSettings(treatments={"AZ": "Call weekly."}, young_months=9)
    said = tell_abc_xyz_matrix(cells, segmentation=own)["treatment"]
    new = "Welcome: a standard start package; look again after nine months."
    assert said.fillna("").tolist() == ["Call weekly.", new, ""]


def test_the_notes_say_the_books_own_limits():
    own = SegmentationSettings(
        abc=(0.7, 0.9), xyz_frequency=(0.5, 0.25), young_months=1, window_months=24
    )
    texts = [
        say.note_sizes(own),
        say.note_regularity(own),
        say.window(own, pd.Timestamp("2025-06-30")),
    ]
    sizes, regularity, window = (text.replace("\xa0", " ") for text in texts)
    assert "before 70 % of the revenue is reached, B those before 90 %" in sizes
    assert "at least 50 % of the months, Y in at least 25 %" in regularity
    assert "younger than 1 month." in regularity
    assert window == "24 months to 30 Jun 2025"
    assert "N is new" not in say.note_regularity(SegmentationSettings(young_months=0))
