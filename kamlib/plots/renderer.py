"""Drawing as SVG with text as wide as the page's reader will see it.

Matplotlib lays text out with a font that knows Latin letters only; the page draws it with whatever
fonts the reader has. So text is *measured* with stand-ins as wide as the letters will be, and
*written* as it is: no script is cut short and none warns of missing glyphs.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D


class Renderer(RendererSVG):
    """Measures letters its font lacks by stand-ins of their width; writes them as they are. Keeps
    how far what it draws reaches, in points from the lower left corner: ``reach``.
    """

    def __init__(self, width: float, height: float, *args: Any, **options: Any) -> None:
        self.reach = (np.inf, np.inf, -np.inf, -np.inf)
        super().__init__(width, height, *args, **options)

    def get_text_width_height_descent(
        self, s: str, prop: Any, ismath: Any
    ) -> tuple[float, float, float]:
        """Return how wide and high a text is, and how far it goes below its line."""
        size = prop.get_size_in_points() / _LARGE
        font = (tuple(prop.get_family()), prop.get_style(), prop.get_weight())
        width, height, descent = _measured(s, *font)
        return width * size, height * size, descent * size

    def _get_font_height_metrics(self, prop: Any) -> tuple[float | None, float | None, float]:
        """Return ascent, descent and gap of a font, which matplotlib else looks up per text."""
        size = prop.get_size_in_points()
        found = _heights(tuple(prop.get_family()), prop.get_style(), prop.get_weight())
        if found is None:
            return None, None, 0.0  # then matplotlib measures
        return found[0] * size, found[1] * size, found[2] * size

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Write a text."""
        super().draw_text(gc, x, y, writable(s), prop, angle, ismath, mtext)
        width, height, descent = self.get_text_width_height_descent(s, prop, ismath)
        turned = Affine2D().rotate_deg(angle).translate(x, self.height - y)
        low, high = -descent, height - descent
        corners = [(0, low), (width, low), (0, high), (width, high)]
        self._reaches(turned.transform(corners))

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Draw a line or a shape."""
        super().draw_path(gc, path, transform, rgbFace)
        is_seen = rgbFace is not None or gc.get_linewidth() > 0
        if is_seen and gc.get_clip_rectangle() is None and gc.get_clip_path()[0] is None:
            self._reaches(path.get_extents(transform).get_points())

    def draw_markers(
        self,
        gc: Any,
        marker_path: Any,
        marker_trans: Any,
        path: Any,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        """Draw the same shape at some places."""
        super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
        if gc.get_clip_rectangle() is None and gc.get_clip_path()[0] is None:
            size = marker_trans.transform(marker_path.vertices)
            places = trans.transform(path.vertices)
            self._reaches([places.min(0) + size.min(0), places.max(0) + size.max(0)])

    def _reaches(self, points: Any) -> None:
        """Keep the outermost of some points."""
        (x0, y0), (x1, y1) = np.min(points, axis=0), np.max(points, axis=0)
        if np.isfinite((x0, y0, x1, y1)).all():
            left, low, right, high = self.reach
            self.reach = (min(left, x0), min(low, y0), max(right, x1), max(high, y1))


_LARGE = text_to_path.FONT_SCALE
"""Points in which matplotlib measures a text of any size."""


@lru_cache(maxsize=8192)
def _measured(
    text: str, families: tuple[str, ...], slant: Any, weight: Any
) -> tuple[float, float, float]:
    """Return width, height and descent of a text of that size: charts say the same again and again,
    in both their forms.
    """
    large = FontProperties(family=list(families), style=slant, weight=weight, size=_LARGE)
    return text_to_path.get_text_width_height_descent(stand_in(text), large, False)


@lru_cache(maxsize=64)
def _heights(
    families: tuple[str, ...], slant: Any, weight: Any
) -> tuple[float, float, float] | None:
    """Return ascent, descent and gap between lines of a font of one point, as it says itself."""
    font = get_font(findfont(FontProperties(family=list(families), style=slant, weight=weight)))
    table, head = font.get_sfnt_table("OS/2"), font.get_sfnt_table("head")
    if table is None or head is None:
        return None
    said = (table["sTypoAscender"], -table["sTypoDescender"], table["sTypoLineGap"])
    ascent, descent, gap = (part / head["unitsPerEm"] for part in said)
    return ascent, descent, gap


class Canvas(FigureCanvasSVG):
    """Gives layout the same measuring as drawing, so that a text is measured once."""

    renderer: Renderer

    def get_renderer(self) -> Renderer:
        """Return the renderer that draws."""
        return self.renderer


def stand_in(text: str) -> str:
    """Return Latin letters that take the room of any script's: marks none, East Asian letters and
    emoji about two.

    >>> stand_in("Zoë"), stand_in("東京"), stand_in("e\u0301")
    ('Zoë', 'MnMn', 'e')
    """
    return "".join(_room(letter) for letter in text)


def _room(letter: str) -> str:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc", "Cs"):
        return " " if letter in "\t\n" else ""
    code = ord(letter)
    if unicodedata.east_asian_width(letter) in ("W", "F") or code >= 0x1F000:
        return "Mn" if code < 0x1F000 else "MM"
    if code < 0x0530 or 0x1E00 <= code < 0x2070 or 0x20A0 <= code < 0x2600:
        return letter  # Latin, Greek, Cyrillic, punctuation, currency, arrows, shapes: in the font
    return "n" if 0x0590 <= code < 0x0900 else "m"


def writable(text: str) -> str:
    """Return a text without what no page may hold."""
    return "".join(
        letter
        for letter in text
        if unicodedata.category(letter) not in ("Cc", "Cs", "Cn") or letter in "\t\n"
    )
