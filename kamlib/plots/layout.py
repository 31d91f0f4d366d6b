"""Margins of a chart: what stands around its axes is measured once, its room worked out from that.

Texts keep their size in points wherever their axes end, so how far each stands out of axes of any
width follows from one measuring: matplotlib's own layout measures everything twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.text import Text
from matplotlib.transforms import Bbox

PAD = 3.0
"""Points that stay free around each of a figure's axes, with what stands around them."""
SPACE = 0.02
"""Least share of a figure between two of its axes."""
_ROUNDS = 4


class Margins(LayoutEngine):
    """Gives the axes of a figure what its width and height leave them."""

    _adjust_compatible, _colorbar_gridspec = True, False

    def execute(self, fig: Figure) -> None:  # type: ignore[override]
        """Place the axes of a figure."""
        renderer = fig._get_renderer()  # type: ignore[attr-defined]
        spanned = [(axes, axes.get_subplotspec()) for axes in fig.axes if axes.get_in_layout()]
        placed = [axes for axes, span in spanned if span is not None]
        spans = [span for _, span in spanned if span is not None]
        if not placed:
            return
        grid = spans[0].get_gridspec()
        around = [_around(axes, renderer) for axes in placed]
        pad = PAD * fig.dpi / 72
        wide, tall = fig.bbox.width, fig.bbox.height
        below, above = _beyond(fig, renderer, pad)
        columns = [(span.colspan.start, span.colspan.stop) for span in spans]
        rows = [(span.rowspan.start, span.rowspan.stop) for span in spans]
        across = _shared(wide, columns, grid.get_width_ratios(), [one[0] for one in around], pad)
        # rows are counted from the top
        up = [(grid.nrows - last, grid.nrows - first) for first, last in rows]
        heights = np.asarray(grid.get_height_ratios(), dtype=float)[::-1]
        along = _shared(tall - below - above, up, heights, [one[1] for one in around], pad)
        if across is None or along is None:
            return  # no room for what stands around: the axes stay where they are
        for axes, (x0, x1), (y0, y1) in zip(placed, across, along, strict=True):
            low, high = (y0 + below) / tall, (y1 + below) / tall
            axes.set_position(Bbox([[x0 / wide, low], [x1 / wide, high]]))
            axes.set_in_layout(True)


def _shared(
    whole: float,
    spans: list[tuple[int, int]],
    ratios: Any,
    around: list[np.ndarray],
    pad: float,
) -> list[tuple[float, float]] | None:
    """Return where each of some axes begins and ends in one direction: the parts of the grid share
    in their ratios what the margins leave.
    """
    parts = np.asarray(ratios, dtype=float)
    parts = parts / parts.sum()
    many = len(parts)
    between = max(pad, SPACE * whole / 2 / many)
    sizes = parts * whole
    before, after = np.zeros(many), np.zeros(many)
    for _ in range(_ROUNDS):
        ends = np.cumsum(before + sizes + after)
        reaches = [
            float(ends[last - 1] - after[last - 1] - ends[first] + sizes[first] + after[first])
            for first, last in spans
        ]
        before, after = np.zeros(many), np.zeros(many)
        for (first, last), size, what in zip(spans, reaches, around, strict=True):
            low, high = what[:, 0] * size + what[:, 1], what[:, 2] * size + what[:, 3]
            before[first] = max(before[first], -low.min())
            after[last - 1] = max(after[last - 1], high.max() - size)
        before += np.where(np.arange(many) > 0, between, pad)
        after += np.where(np.arange(many) < many - 1, between, pad)
        left = whole - before.sum() - after.sum()
        if left <= 0:
            return None
        sizes = parts * left
    starts = np.cumsum(before + sizes + after) - sizes - after
    stops = starts + sizes
    return [(float(starts[first]), float(stops[last - 1])) for first, last in spans]


def _beyond(figure: Figure, renderer: Any, pad: float) -> tuple[float, float]:
    """Return the room below and above all axes: titles of the whole figure."""
    room = {"bottom": 0.0, "top": 0.0}
    for text in filter(_is_seen, figure.texts):
        side = text.get_verticalalignment()
        if side in room:
            share = pad / figure.bbox.height
            text.set_y(share if side == "bottom" else 1 - share)
            room[side] = max(room[side], text.get_window_extent(renderer).height + 2 * pad)
    return room["bottom"], room["top"]


def _around(axes: Axes, renderer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return what stands on and around axes, across and along. One row per thing: for its lower and
    for its upper end the place it hangs on, as a share of the axes, and how far off it ends.
    """
    axes.apply_aspect()
    box = axes.get_window_extent(renderer)
    across = _Reach(box.x0, box.width)
    along = _Reach(box.y0, box.height)
    if not axes.get_visible():
        return np.array(across.rows), np.array(along.rows)
    for axis in (axes.xaxis, axes.yaxis):
        seen = axis.get_tightbbox(renderer, for_layout_only=True) if axes.axison else None
        if seen is not None:
            across.add(seen.x0, seen.x1)
            along.add(seen.y0, seen.y1)
    beside = axes.get_default_bbox_extra_artists()
    for artist in beside:
        seen = artist.get_tightbbox(renderer)
        if seen is None or not np.isfinite(seen.extents).all() or not (seen.width or seen.height):
            continue
        x, y = None, None
        if isinstance(artist, Text):
            x, y = artist.get_transform().transform(artist.get_unitless_position())
        across.add(seen.x0, seen.x1, x)
        along.add(seen.y0, seen.y1, y)
    known = set(map(id, beside))
    for title in axes.get_children():
        if isinstance(title, Text) and id(title) not in known and _is_seen(title):
            seen = title.get_window_extent(renderer)  # how wide a title is moves no axes
            along.add(seen.y0, seen.y1)
    return np.array(across.rows), np.array(along.rows)


def _is_seen(text: Text) -> bool:
    return bool(text.get_text()) and text.get_visible() and text.get_in_layout()


class _Reach:
    """Collects how far things reach in one direction, from what place of the axes."""

    def __init__(self, start: float, size: float) -> None:
        self.start, self.size = start, size
        self.rows = [(0.0, 0.0, 1.0, 0.0)]  # the axes themselves

    def add(self, low: float, high: float, place: float | None = None) -> None:
        """Add a thing: a text hangs on its place, any other on the nearest one of the axes."""
        row: list[float] = []
        for end in (low, high):
            share = ((end if place is None else place) - self.start) / self.size
            share = min(max(share, 0.0), 1.0)
            row += [share, end - (self.start + share * self.size)]
        self.rows.append((row[0], row[1], row[2], row[3]))
