"""The graph of tables as a picture: what is read, what is computed, and what each rests on."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from kamlib.period.graph import calculations, parameters, plain
from kamlib.plots import style
from kamlib.tables import CANONICAL, catalogue

HUES = {
    "segmentation": "#174a8b",
    "scoring": "#55338a",
    "retention": "#bf3f0a",
    "btyd": "#d38a00",
    "dossier": "#0b7768",
    "programme": "#2a97c9",
    "evidence": "#6b7f1f",
    "verdict": "#8a4f2d",
    "ahead": "#6b7a1f",
    "overview": "#2d3746",
}
"""One colour for each area."""


def depths() -> dict[str, int]:
    """Return table → how many calculations deep it stands; what is read stands at 0.

    What a table takes of the period before does not count: it is another period's.
    """
    known = calculations()
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in known:
            return 0
        if name not in found:
            found[name] = 0  # for itself
            own = [p for p in parameters(name) if not p.startswith(("previous_", "year_ago_"))]
            found[name] = 1 + max((depth(plain(one)) for one in own), default=0)
        return found[name]

    for name in known:
        depth(name)
    return found


def graph_picture() -> str:
    """Return the graph as SVG: tables that are read on the left, each calculation to the right of
    what it takes, in its area's colour.
    """
    known, column = calculations(), depths()
    needed = {plain(one) for name in known for one in parameters(name)}
    read = (name for name in needed - set(known) if name in {*CANONICAL, *catalogue().tables})
    column |= dict.fromkeys(sorted(read), 0)
    place = _places(column)
    lines, hues = [], []
    for name in known:
        for one in parameters(name):
            if plain(one) in place:
                lines.append(_curve(place[plain(one)], place[name]))
                hues.append(HUES[known[name].split(".")[0]])
    with style.style(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "kam"}):
        figure = Figure(figsize=(3.1 * (max(column.values()) + 1), 0.17 * _most(column)))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.add_collection(LineCollection(lines, colors=hues, linewidths=0.4, alpha=0.35))
        for name, (x, y) in place.items():
            hue = HUES.get(known.get(name, "").split(".")[0], style.QUIET)
            ax.text(x, y, name, fontsize=7, color=hue, va="center")
        ax.set_xlim(-0.05, max(column.values()) + 1)
        ax.set_ylim(-_most(column), 1)
        ax.axis("off")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _most(column: dict[str, int]) -> int:
    return max(np.bincount(list(column.values())))


def _places(column: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Return where each name stands: in its column by area, near the middle of what it takes."""
    known, order = calculations(), list(HUES)
    place: dict[str, tuple[float, float]] = {}
    for x in range(max(column.values()) + 1):
        taken = {
            name: [place[plain(p)][1] for p in parameters(name) if plain(p) in place] if x else []
            for name in column
            if column[name] == x
        }
        area = {name: order.index(known[name].split(".")[0]) if x else 0 for name in taken}
        names = sorted(taken, key=lambda n: (area[n], -float(np.mean(taken[n] or [0])), n))
        spread = _most(column) / max(len(names), 1)
        place |= {name: (float(x), -(row + 0.5) * spread) for row, name in enumerate(names)}
    return place


def _curve(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """Return a line that leaves and arrives level."""
    at = np.linspace(0, 1, 16)
    ease = at * at * (3 - 2 * at)
    x = start[0] + 0.62 + (end[0] - start[0] - 0.64) * at
    return np.column_stack([x, start[1] + (end[1] - start[1]) * ease])
