"""The chart of attractiveness × strength: where key accounts stand, and where they came from."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
from matplotlib.axes import Axes

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import is_narrow, mark
from kamlib.plots.style import COLOURS
from kamlib.scoring.matrix import SPLIT
from kamlib.story.scoring import MOST_ARROWS
from kamlib.words import listed, say

MOST_SPOTS = 150
STEPS = (0.0, 0.8, -0.8, 1.6, -1.6, 2.4, -2.4, 3.2, -3.2, 4.0, -4.0)
"""Lines above or below its point at which a name may stand."""
_QUADRANTS: list[tuple[float, float, str, dict[str, Any]]] = [
    (0.99, 0.99, "strategic", {"ha": "right", "va": "top"}),
    (0.01, 0.99, "star", {"ha": "left", "va": "top"}),
    (0.99, 0.01, "status", {"ha": "right", "va": "bottom"}),
    (0.01, 0.01, "streamline", {"ha": "left", "va": "bottom"}),
]


def plot_attractiveness_strength(
    attractiveness_strength: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    split: float = SPLIT,
    most: int = MOST_ARROWS,
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw where each account stands, with arrows from a year ago for the key accounts."""
    ax = ax or style.axes(8, 6)
    if attractiveness_strength.empty:
        return style.nothing(ax, title, subtitle)
    is_key = attractiveness_strength["is_key"]
    drawn = _most_moved(attractiveness_strength[is_key], most)
    for x, y, name, where in _QUADRANTS:
        ax.text(
            x, y, say(name), color=COLOURS["quiet"], fontsize=10, transform=ax.transAxes, **where
        )
    ax.axhline(split, color=COLOURS["quiet"], linewidth=0.8)
    ax.axvline(split, color=COLOURS["quiet"], linewidth=0.8)
    strength, attraction = (
        pd.concat([attractiveness_strength[name], drawn[f"year_ago_{name}"]]).dropna()
        for name in ("strength_score", "attractiveness_score")
    )
    ax.set(
        xlim=_reach(strength, split),
        ylim=_reach(attraction, split),
        xlabel=say("Our strength with the account →"),
        ylabel=say("Its attractiveness →"),
    )
    style.number_axis(ax.xaxis, book)
    style.number_axis(ax.yaxis, book)
    _others(ax, attractiveness_strength[~is_key])
    for row in drawn.to_dict("records"):
        _arrow(ax, row)
    _names(ax, drawn)
    return style.titles(ax, title, subtitle)


def _most_moved(key: pd.DataFrame, most: int) -> pd.DataFrame:
    way = (key["attractiveness_score"] - key["year_ago_attractiveness_score"]).abs()
    way += (key["strength_score"] - key["year_ago_strength_score"]).abs()
    order = key.assign(_way=way.fillna(0.0)).sort_values(
        ["is_moved", "_way", "account_id"], ascending=[False, False, True]
    )
    return order.head(most)


def _others(ax: Axes, others: pd.DataFrame) -> None:
    """Draw the other accounts, those of one place as one spot that names them."""
    places = others[["strength_score", "attractiveness_score"]].round(1)
    if len(places.drop_duplicates()) > MOST_SPOTS:
        places = (others[["strength_score", "attractiveness_score"]] * 2).round() / 2
    look: dict[str, Any] = {"color": COLOURS["previous"], "alpha": 0.5, "markeredgewidth": 0}
    for place, rows in others.groupby([places[name] for name in places], sort=True):
        size = (8 + 4 * min(len(rows), 60)) ** 0.5
        (spot,) = ax.plot(*cast(tuple[float, float], place), "o", markersize=size, **look)
        is_one = len(rows) == 1
        mark(spot, listed(rows["name"]), rows["account_id"].iloc[0] if is_one else "")


def _arrow(ax: Axes, row: dict[Any, Any]) -> None:
    now = (row["strength_score"], row["attractiveness_score"])
    then = (row["year_ago_strength_score"], row["year_ago_attractiveness_score"])
    colour = COLOURS["key"]
    if then[0] == then[0] and then != now:
        arrow = {
            "arrowstyle": "-|>",
            "color": colour,
            "linewidth": 1,
            "shrinkA": 0,
            "shrinkB": 4,
            "alpha": 0.45,
        }
        ax.annotate("", now, then, arrowprops=arrow)
    (spot,) = ax.plot(*now, "o", color=colour, markersize=6)
    told = say(
        "{name}: strength {strength:.1f}, attractiveness {reached:.1f}",
        name=row["name"],
        strength=now[0],
        reached=now[1],
    )
    mark(spot, told, row["account_id"])


def _names(ax: Axes, drawn: pd.DataFrame) -> None:
    """Write names beside their points, where they lie on no other name and on as few points and
    arrows as can be; a name that finds no such place is left to its point.
    """
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    line, letter = (top - bottom) / 30, (right - left) / (57 if is_narrow() else 95)
    written: list[tuple[float, float, float]] = []
    drawings = _drawn_spots(drawn)
    spots = drawn.groupby(["attractiveness_score", "strength_score"], sort=True)
    for _, rows in reversed(list(spots)):
        shown = ", ".join(
            style.short(name, 16 if is_narrow() else 26) for name in rows["name"].head(2)
        )
        shown += f" +{len(rows) - 2}" if len(rows) > 2 else ""
        x, y = float(rows["strength_score"].iloc[0]), float(rows["attractiveness_score"].iloc[0])
        width = letter * style.columns_wide(shown)
        places = [
            (start, y + step * line)
            for step in STEPS
            for start in (x + letter, x - letter - width, x - width / 2)
            if step or start != x - width / 2
            if left <= start and start + width <= right
        ] or [(x + letter, y)]
        free = [
            place
            for place in places
            if not any(
                abs(place[1] - height) < line and place[0] < end and start < place[0] + width
                for start, end, height in written
            )
        ]
        if not free:
            continue  # its point says the name when it is touched
        start, height = min(
            free,
            key=lambda place: (
                _covered(drawings, place, width, line / 2) + 5 * abs(place[1] - y) / line
            ),
        )
        if abs(height - y) > 1.2 * line:
            end = min(max(x, start), start + width)
            ax.plot(
                [x, end],
                [y, height + (line / 2 if height < y else -line / 2)],
                color=COLOURS["quiet"],
                lw=0.6,
            )
        written.append((start, start + width, height))
        at, side = (start, "left") if start > x else (start + width, "right")
        at, side = (x, "center") if start < x < start + width else (at, side)
        ax.text(at, height, shown, ha=side, va="center", fontsize=9)


def _drawn_spots(drawn: pd.DataFrame) -> list[tuple[float, float]]:
    """Points that names had better leave free: where accounts stand, and twenty on each arrow."""
    spots: list[tuple[float, float]] = []
    for row in drawn.to_dict("records"):
        now = (row["strength_score"], row["attractiveness_score"])
        then = (row["year_ago_strength_score"], row["year_ago_attractiveness_score"])
        spots += [now] * 10
        if then[0] == then[0]:
            spots += [
                tuple(b + (n - b) * i / 20 for n, b in zip(now, then, strict=True))
                for i in range(20)
            ]  # type: ignore[misc]
    return spots


def _covered(
    spots: list[tuple[float, float]], place: tuple[float, float], width: float, half: float
) -> int:
    return sum(place[0] <= x <= place[0] + width and abs(y - place[1]) < half for x, y in spots)


def _reach(scores: pd.Series, split: float) -> tuple[float, float]:
    """The part of the 1–10 scale that is used, the split within it."""
    low = min(scores.min() if len(scores) else split, split - 1) - 0.5
    high = max(scores.max() if len(scores) else split, split + 1) + 0.5
    return max(low, 0.5), min(high, 10.5)
