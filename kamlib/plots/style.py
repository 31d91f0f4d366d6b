"""One look for every chart: colours with constant meaning, axes, titles that say the finding,
direct labels.

Colours are safe for colour-blind readers: one hue per family (blue A/B/C, violet X/Y/Z, teal good,
vermilion bad, amber overdue), told apart by lightness as well. Each has a partner for dark pages;
`kamlib.plots.svg` hands both to the page. Nothing is set globally: every function works inside its
own `style()` context.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.container import BarContainer
from matplotlib.dates import DateFormatter, MonthLocator, YearLocator, num2date
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kamlib import words
from kamlib.book import BookSettings
from kamlib.plots.layout import Margins
from kamlib.plots.marks import width_of

if TYPE_CHECKING:
    from matplotlib.axis import Axis

INK = "#1c2430"
"""Text and axes; on the page it becomes the page's own text colour, so it follows dark mode."""
QUIET = "#5c6673"
PAPER = "#ffffff"
GRID = "#dfe3e8"

COLOURS: dict[str, str] = {
    "A": "#174a8b",
    "B": "#5d92cc",
    "C": "#b3cdea",
    "X": "#55338a",
    "Y": "#957abf",
    "Z": "#d0c3e4",
    "N": "#8d96a1",
    "active": "#0b7768",
    "overdue": "#d38a00",
    "lost": "#bf3f0a",
    "new": "#2a97c9",
    "never": "#a5adb7",
    "key": "#1d5fae",
    "actual": "#2d3746",
    "previous": "#a8b0ba",
    "plan": "#6a7482",
    "good": "#0b7768",
    "bad": "#bf3f0a",
    "quiet": QUIET,
    "accent": "#1d5fae",
}
"""Meaning → colour. A word has one colour in the whole kit."""

DARK: dict[str, str] = {
    "A": "#a9cdf8",
    "B": "#6a9fdb",
    "C": "#3c628f",
    "X": "#cdb8f2",
    "Y": "#9a7dcb",
    "Z": "#5d4a80",
    "N": "#7d8794",
    "active": "#45bda9",
    "overdue": "#efb13e",
    "lost": "#f5855a",
    "new": "#62bfe9",
    "never": "#67717d",
    "key": "#7fb5f3",
    "actual": "#d3dae3",
    "previous": "#6f7986",
    "plan": "#98a2af",
    "good": "#45bda9",
    "bad": "#f5855a",
    "quiet": "#a0abb8",
    "accent": "#7fb5f3",
}
"""The same meanings on a dark page."""

FINDING, SUBTITLE = "kam-finding", "kam-subtitle"  # names under which `titles` files its two texts

_RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same layout on every machine
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in an account's name is a dollar sign
    "axes.edgecolor": QUIET,
    "axes.labelcolor": QUIET,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.prop_cycle": cycler(
        color=[COLOURS[key] for key in ("accent", "overdue", "active", "X", "lost")]
    ),
    "axes.unicode_minus": True,
    "axes.formatter.use_locale": False,
    "figure.facecolor": "none",
    "figure.dpi": 100,
    "figure.max_open_warning": 0,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "kam",
}


_CHECKED = dict(mpl.RcParams(_RC))


@contextmanager
def style() -> Iterator[None]:
    """The kit's matplotlib settings, for the length of a `with` block.

    A chart enters it once per label: so they are checked once, and not copied with all others.
    """
    before = {name: mpl.rcParams[name] for name in _CHECKED}
    dict.update(mpl.rcParams, _CHECKED)
    try:
        yield
    finally:
        dict.update(mpl.rcParams, before)


def axes(
    width: float = 8, height: float = 4, nrows: int = 1, ncols: int = 1, **options: Any
) -> Any:
    """New axes in the kit's style: one `Axes`, or an array of them; `options` go to `plt.subplots`
    (`sharex=True`).
    """
    with style():
        _, drawn = plt.subplots(
            nrows, ncols, figsize=(width_of(width), height), layout=Margins(), **options
        )
    for ax in np.atleast_1d(drawn).ravel():
        ax.tick_params(length=0)
    return drawn


def titles(ax: Axes, finding: str, subtitle: str = "") -> Axes:
    """Write the finding (bold) and, under it, what is drawn, unit and period (quiet): left aligned,
    wrapped.

    A single title of a figure is lifted out of the drawing by `kamlib.page.chart` and set as text
    of the page.
    """
    width = _width_in_points(ax)
    with style():
        quiet = wrapped(subtitle, width / 5.0)
        pad = 8 + 12.5 * (quiet.count("\n") + 1 if quiet else 0)
        title = ax.set_title(
            wrapped(finding, width / 7.4),
            loc="left",
            pad=pad,
            fontsize=12,
            weight="bold",
            color=INK,
        )
        title.set_parse_math(False)
        title.set_gid(FINDING)
        for old in [text for text in ax.texts if text.get_gid() == SUBTITLE]:
            old.remove()
        place: dict[str, Any] = {
            "xycoords": "axes fraction",
            "textcoords": "offset points",
            "ha": "left",
            "va": "bottom",
        }
        below = ax.annotate(
            quiet, (0, 1), xytext=(0, 7), fontsize=9, color=QUIET, annotation_clip=False, **place
        )
        below.set_gid(SUBTITLE)
    title.kam_text, below.kam_text = finding, subtitle  # type: ignore[attr-defined]
    return ax


def label(
    ax: Axes,
    x: Any,
    y: Any,
    text: str,
    *,
    colour: str = INK,
    dx: float = 4,
    dy: float = 0,
    **options: Any,
) -> Axes:
    """A direct label beside a point of the data (instead of a legend), `dx`, `dy` points away from
    it.
    """
    options = {"ha": "left" if dx >= 0 else "right", "va": "center", "fontsize": 9, **options}
    with style():
        ax.annotate(
            short(text, 60),
            (x, y),
            xytext=(dx, dy),
            textcoords="offset points",
            color=colour,
            annotation_clip=False,
            **options,
        )
    return ax


def apart(heights: list[float], least: float) -> list[float]:
    """Return heights moved up where they stand closer than `least`, in the order given, so that
    labels do not meet.

    >>> apart([0.0, 0.5, 0.0], 0.055)
    [0.0, 0.5, 0.055]
    """
    moved, last = list(heights), -math.inf
    for place in sorted(range(len(heights)), key=lambda one: (heights[one], one)):
        moved[place] = last = max(heights[place], last + least)
    return moved


def label_bars(ax: Axes, texts: list[str], *, colour: str = INK, padding: float = 3) -> Axes:
    """A label at the end of each bar of the last container drawn; the value axis then needs no
    ticks.
    """
    with style():
        last = cast(BarContainer, ax.containers[-1])
        drawn = ax.bar_label(last, labels=texts, padding=padding, color=colour, fontsize=9)
    for text in drawn:
        text.set_parse_math(False)
    return ax


def room(ax: Axes, largest: float, letters: int = 30) -> Axes:
    """Leave room for labels of so many letters beyond the ends of lying bars, whatever the width of
    the chart.
    """
    part = min(letters * 5 / (_width_in_points(ax) * 0.75), 0.6)
    ax.set_xlim(0, max(largest, 1e-9) / (1 - part))
    return ax


def money_axis(axis: Axis, book: BookSettings | None = None) -> None:
    """Tick labels as money of the book, such as € 1.2 m; at most six ticks."""
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.money(value, book)))


def share_axis(axis: Axis, book: BookSettings | None = None) -> None:
    """Tick labels of a 0–1 axis in percent."""
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.share(value, book, decimals=0)))


def number_axis(axis: Axis, book: BookSettings | None = None) -> None:
    """Tick labels as plain numbers with the book's thousands separator; whole steps only."""
    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value, book)))


def month_axis(axis: Axis) -> None:
    """Tick labels of a time axis: years, or months as Mar 2024 where there are fewer than three
    years.
    """
    first, last = num2date(axis.get_view_interval())
    if last.year - first.year >= 3:
        axis.set_major_locator(YearLocator(max(1, (last.year - first.year) // 8)))
        axis.set_major_formatter(DateFormatter("%Y"))
        return
    months = (last.year - first.year) * 12 + last.month - first.month
    axis.set_major_locator(
        MonthLocator(
            interval=next(step for step in (1, 2, 3, 6) if months <= 6 * step or step == 6)
        )
    )
    axis.set_major_formatter(FuncFormatter(lambda day, _: words.month(num2date(day))))


def no_axis(axis: Axis) -> None:
    """Take an axis away where a label on the mark already says it."""
    axis.set_ticks([])
    axis.axes.spines["bottom" if axis is axis.axes.xaxis else "left"].set_visible(False)


def nothing(ax: Axes, title: str, subtitle: str = "") -> Axes:
    """Write the titles over a chart with nothing to draw: the page then says the title alone."""
    no_axis(ax.xaxis)
    no_axis(ax.yaxis)
    return titles(ax, title, subtitle)


def tint(strength: float, key: str = "accent") -> tuple[float, float, float, float]:
    """A see-through shade of a colour for `strength` 0–1: ink on it stays readable on light and on
    dark pages.
    """
    bounded = min(max(float(strength), 0.0), 1.0) if strength == strength else 0.0
    return to_rgba(COLOURS[key], 0.04 + 0.46 * bounded)


def tints(key: str = "accent") -> ListedColormap:
    """Colour map of `tint`, for heat maps (`pcolormesh`, `seaborn.heatmap`; never `imshow`, which
    draws pixels).
    """
    return ListedColormap([tint(step / 255, key) for step in range(256)], name=f"kam-{key}")


def cell(x: float, y: float, face: tuple[float, float, float, float]) -> Rectangle:
    """One cell of a map, centred on its place."""
    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=face, edgecolor="none")


def short(text: str, limit: int = 36) -> str:
    """A name cut for display, never for export.

    >>> short("Kettle & Sons"), short("x" * 99, 5)
    ('Kettle & Sons', 'xxxx…')
    """
    flat = " ".join(str(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def columns_wide(text: str) -> float:
    """How many Latin letters wide a text is drawn: East Asian letters and emoji two, combining
    marks none.
    """
    return sum(_letter_width(letter) for letter in text)


def wrapped(text: str, letters: float) -> str:
    """The text in lines of at most `letters` Latin letters; scripts without spaces break between
    letters.
    """
    lines, line = [], ""
    for word in str(text).split():
        for part in _parts(word, letters):
            candidate = f"{line} {part}" if line else part
            if line and columns_wide(candidate) > letters:
                lines.append(line)
                line = part
            else:
                line = candidate
    return "\n".join([*lines, line])


def _parts(word: str, letters: float) -> Iterator[str]:
    part = ""
    for letter in word:
        if part and columns_wide(part + letter) > max(letters, 4):
            yield part
            part = ""
        part += letter
    yield part


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in ("W", "F") or ord(letter) >= 0x1F000:
        return 1.7
    return 1.0 if ord(letter) < 0x0590 else 1.25


def _width_in_points(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    if not isinstance(figure, Figure):
        return 480.0
    spec = ax.get_subplotspec()
    columns = spec.get_gridspec().ncols if spec is not None else 1
    spanned = len(spec.colspan) if spec is not None else 1
    return figure.get_figwidth() * 72 * 0.88 * spanned / columns
