"""Margins of charts: everything that stands around axes has its room, measured once."""

from __future__ import annotations

from io import StringIO
from unittest.mock import patch

import numpy as np
import pytest
from matplotlib.axes import Axes

from kamlib.plots import layout, style
from kamlib.plots.svg import drawing


def _chart(text, place, **options):
    ax = style.axes(8, 3)
    ax.plot([0, 1], [0, 1])
    ax.set_ylim(0, 1)
    style.label(ax, *place, text, **options)
    return ax


def _box_of(markup):
    return [float(part) for part in markup.split('viewBox="', 1)[1].split('"', 1)[0].split()]


@pytest.mark.parametrize(
    ("place", "options"),
    [
        ((1, 0.5), {}),
        ((0.9, 0.5), {}),
        ((0, 0.5), {"dx": -4}),
        ((0.5, 1), {"dx": 0, "dy": 30, "ha": "center"}),
        ((0.5, 0), {"dx": 0, "dy": -40, "ha": "center"}),
    ],
)
def test_a_label_beyond_the_axes_has_its_room(place, options):
    ax = _chart("a label of some length that stands out", place, **options)
    assert _box_of(drawing(ax.figure).svg) == [0, 0, 576, 216]


def test_axes_take_what_their_labels_leave():
    short, long = (_chart(text, (1, 0.5)) for text in ("a", "a label of some length"))
    for ax in (short, long):
        drawing(ax.figure)
    assert short.get_position().x1 > 0.95
    assert long.get_position().x1 < short.get_position().x1 - 0.1


def test_a_label_that_does_not_fit_a_page_widens_the_drawing():
    drawn = style.axes(8, 3)
    drawn.plot([0, 1], [0, 1])
    drawn.figure.text(0.9, 0.5, "a label of some length", transform=drawn.figure.transFigure)
    assert _box_of(drawing(drawn.figure).svg)[2] > 600


def test_small_charts_side_by_side_are_as_wide_as_one_another():
    drawn = style.axes(8, 3, 2, 3, sharex=True)
    for ax in drawn.ravel():
        ax.plot([0, 1], [0, 1])
    drawn[0, 0].set_ylabel("a name", rotation=0, ha="right")
    drawn[1, 1].set_title("two\nlines")
    drawn[1, 2].set_visible(False)
    drawing(drawn[0, 0].figure)
    boxes = [ax.get_position() for ax in drawn.ravel()]
    assert np.ptp([box.width for box in boxes]) < 1e-9
    assert np.ptp([box.height for box in boxes]) < 1e-9
    assert boxes[0].y0 > boxes[3].y1  # the title between them has its room
    assert boxes[1].x0 > boxes[0].x1


def test_titles_of_a_whole_figure_stand_beyond_its_axes():
    drawn = style.axes(8, 3, 1, 2)
    figure = drawn[0].figure
    figure.suptitle("above all\nof them")
    figure.supxlabel("below all of them")
    figure.savefig(StringIO(), format="svg")
    assert drawn[0].get_position().y1 < 0.85
    assert drawn[0].get_position().y0 > 0.12


def test_a_chart_is_measured_once_and_drawn_once():
    ax = _chart("a label", (1, 0.5))
    drawn, measured = [], []
    axes_draw, around = Axes.draw, layout._around
    with (
        patch.object(Axes, "draw", lambda self, *given: (drawn.append(1), axes_draw(self, *given))),
        patch.object(layout, "_around", lambda *given: (measured.append(1), around(*given))[1]),
    ):
        drawing(ax.figure)
    assert (len(measured), len(drawn)) == (1, 1)


def test_labels_without_room_leave_the_axes_where_they_are():
    ax = _chart("a label that is far wider than the chart it stands beside " * 2, (1, 0.5))
    ax.texts[-1].set_text("wide " * 60)
    before = ax.get_position().bounds
    assert _box_of(drawing(ax.figure).svg)[2] > 576
    assert ax.get_position().bounds == before
