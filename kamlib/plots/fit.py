"""Labels that would meet: thinned, slanted, or lifted, once it is known how wide they came out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

GAP = 2.0
"""Points that stay free between two labels of an axis."""
SLANT = 32.0
"""Degrees by which words under an axis are turned where they have no room side by side."""


def fit_ticks(figure: Figure, renderer: Any) -> bool:
    """Make room for the labels below each chart of a figure that has been drawn; return whether
    any had to change.

    Days and numbers are thinned, beginning with the last; names are turned.
    """
    seen = [axes for axes in figure.axes if axes.get_visible()]
    changed = [one for axes in seen for one in (_fitted(axes, renderer), _cornered(axes, renderer))]
    return any(changed)


def _cornered(axes: Axes, renderer: Any) -> bool:
    """Move the first label below off the lowest one at the left, where they meet in the corner."""
    below = _labels_of(axes)[:1]
    beside = [one for one in axes.get_yticklabels() if one.get_visible() and one.get_text()]
    if not below or below[0].get_horizontalalignment() != "center":
        return False
    corner = below[0].get_window_extent(renderer)
    if not any(corner.overlaps(one.get_window_extent(renderer)) for one in beside):
        return False
    below[0].set_horizontalalignment("left")
    return True


def _fitted(axes: Axes, renderer: Any) -> bool:
    labels = _labels_of(axes)
    if not labels or labels[0].get_rotation() or not _meet(labels, renderer):
        return False
    places = [label.get_position()[0] for label in labels]
    texts = [label.get_text() for label in labels]
    if all(any(letter.isdigit() for letter in text.split("\n")[0]) for text in texts):
        step = next(
            (many for many in range(2, len(labels)) if not _meet(labels[::-many], renderer)),
            len(labels),
        )
        axes.set_xticks(places[::-step][::-1], texts[::-step][::-1])
    else:
        is_above = axes.xaxis.get_ticks_position() == "top"
        flat = [text.replace("\n", " ") for text in texts]
        side: Any = "left" if is_above else "right"
        axes.set_xticks(places, flat, rotation=SLANT, ha=side, rotation_mode="anchor")
    return True


def _labels_of(axes: Axes) -> list[Text]:
    """Return the labels below a chart that are seen, from left to right."""
    low, high = sorted(axes.get_xlim())
    seen = [
        label
        for label in axes.get_xticklabels()
        if label.get_visible() and label.get_text() and low <= label.get_position()[0] <= high
    ]
    return sorted(seen, key=lambda label: label.get_position()[0])


def _meet(labels: list[Text], renderer: Any) -> bool:
    boxes = sorted((one.get_window_extent(renderer) for one in labels), key=lambda box: box.x0)
    return any(left.x1 + GAP > right.x0 for left, right in pairwise(boxes))
