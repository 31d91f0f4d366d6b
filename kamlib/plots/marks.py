"""Marks of a chart that answer when touched: each says what it stands for and leads to its account.

The page needs no script for it: a mark is a title, and a link where the account has a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

MARK = "kam-mark-"
"""What the name of a marked thing begins with, in a figure."""

_NARROW: ContextVar[bool] = ContextVar("narrow", default=False)
NARROW_INCHES = 4.7
"""Width of a chart's form for phones: its nine-point labels fill 340 pixels at their own size."""


def mark(artist: Artist, tip: str, account: str = "") -> None:
    """Say what a drawn thing stands for; an account's leads to its page."""
    known = marks_of(artist.get_figure(root=True))
    artist.set_gid(f"{MARK}{len(known)}")
    known.append((tip, account))


def mark_each(artists: Iterable[Artist], tips: Iterable[str], accounts: Iterable[str] = ()) -> None:
    """Say what each of some drawn things stands for, in their order."""
    ids = iter(accounts)
    for artist, tip in zip(artists, tips, strict=False):
        mark(artist, tip, next(ids, ""))


def mark_rows(ax: Axes, bars: Iterable[Artist], tips: list[str], accounts: list[str]) -> None:
    """Mark the bars of accounts, and their names at the left."""
    mark_each(bars, tips, accounts)
    mark_each(ax.get_yticklabels(), tips, accounts)


def mark_points(
    ax: Axes,
    xs: Iterable[Any],
    ys: Iterable[Any],
    tips: Iterable[str],
    accounts: Iterable[str] = (),
) -> None:
    """Let points answer that are drawn together: each gets a spot to touch that is not seen."""
    ids = iter(accounts)
    for x, y, tip in zip(xs, ys, tips, strict=True):
        mark(spot(ax, x, y, markersize=9, alpha=0, zorder=9), tip, next(ids, ""))


def columns(
    ax: Axes,
    places: Iterable[float],
    heights: Iterable[float],
    colours: Iterable[Any],
    *,
    bottom: float,
    width: float,
) -> list[Rectangle]:
    """Add standing bars within the limits that the axes have or are given: a third of what
    `Axes.bar` takes.
    """
    drawn = [
        Rectangle((place - width / 2, bottom), width, height, facecolor=colour)
        for place, height, colour in zip(places, heights, colours, strict=True)
    ]
    for one in drawn:
        ax.add_artist(one)
    return drawn


def spot(ax: Axes, x: Any, y: Any, **options: Any) -> Line2D:
    """Add one round point within the limits that the axes have or are given: a tenth of what
    `Axes.plot` takes.
    """
    drawn = Line2D([x], [y], linestyle="none", marker="o", markeredgewidth=0, **options)
    ax.add_artist(drawn)
    return drawn


def marks_of(figure: Any) -> list[tuple[str, str]]:
    """Return the marks of a figure: what each stands for, and its account."""
    return figure.__dict__.setdefault("kam_marks", [])


@contextmanager
def narrow() -> Iterator[None]:
    """Make charts in their form for phones, for the length of a `with` block."""
    token = _NARROW.set(True)
    try:
        yield
    finally:
        _NARROW.reset(token)


def is_narrow() -> bool:
    """Return whether charts are being made in their form for phones."""
    return _NARROW.get()


def width_of(inches: float) -> float:
    """Return how wide a chart is to be made.

    >>> with narrow():
    ...     width_of(8), width_of(4)
    (4.7, 4)
    """
    return min(inches, NARROW_INCHES) if _NARROW.get() else inches
