"""Slides that a user can edit: titles, lines of text and tables of PowerPoint's own, no pictures.

python-pptx is an optional part of the kit (``pip install "kamlib[slides]"``). The same slides give
the same bytes: the file's own clock is set back.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from kamlib.errors import KamError

WIDTH, HEIGHT = 13.333, 7.5
"""Inches of a slide, 16:9."""

INK, QUIET, ACCENT, RULE = "1F2328", "57606A", "1F4E79", "D0D7DE"
"""The colours of the pages."""


_TONES = ("1F4E79", "5D92CC", "0B7768", "D38A00", "957ABF", "8D96A1")
"""The colours of the series of a chart."""


def new_deck() -> Any:
    """Return an empty deck, 16:9.

    Raises
    ------
    KamError
        python-pptx is not installed.
    """
    try:
        from pptx import Presentation
        from pptx.util import Inches
    except ImportError as error:
        raise KamError(
            "Slides need python-pptx, which is not installed.",
            where="--to pptx",
            next='Install it: pip install "kamlib[slides]". Or take another form.',
        ) from error
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    deck.core_properties.author, deck.core_properties.comments = "kamlib", ""
    return deck


def add_slide(deck: Any, title: str, note: str = "") -> Any:
    """Add a slide with a title and a quiet line at its foot, and return it."""
    slide = deck.slides.add_slide(deck.slide_layouts[5])  # a title alone
    for holder in list(slide.placeholders):
        if holder.placeholder_format.idx != 0:
            holder.element.getparent().remove(holder.element)
    shape = slide.shapes.title
    _place(shape, 0.6, 0.35, WIDTH - 1.2, 0.9)
    _write(shape.text_frame, [title], size=26, is_bold=True, colour=INK)
    if note:
        add_lines(slide, [note], top=HEIGHT - 0.55, height=0.35, size=11, colour=QUIET)
    return slide


def add_lines(
    slide: Any,
    lines: Sequence[str],
    *,
    left: float = 0.6,
    top: float = 1.4,
    width: float = WIDTH - 1.2,
    height: float = 4.0,
    size: int = 16,
    colour: str = INK,
    is_bold: bool = False,
) -> Any:
    """Add lines of text, one paragraph each, and return their shape."""
    from pptx.util import Inches

    box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    _write(box.text_frame, lines, size=size, colour=colour, is_bold=is_bold)
    return box


def add_table(
    slide: Any,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    widths: Sequence[float],
    left: float = 0.6,
    top: float = 1.4,
    size: int = 12,
) -> Any:
    """Add a table of PowerPoint's own, and return it. ``widths`` are inches."""
    from pptx.dml.color import RGBColor
    from pptx.util import Inches

    shape = slide.shapes.add_table(
        len(rows) + 1, len(heads), Inches(left), Inches(top), Inches(sum(widths)), Inches(0.3)
    )
    table = shape.table
    table.horz_banding = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Inches(width)
    for number, row in enumerate([heads, *rows]):
        lines = max(
            -(-len(text) * size * 0.55 // (72 * width - 14))  # a sign is about half as wide as high
            for text, width in zip(row, widths, strict=True)
        )
        table.rows[number].height = Inches((max(1, lines) * size * 1.7 + 9) / 72)
        for place, text in enumerate(row):
            cell = table.cell(number, place)
            cell.fill.solid()
            cell.fill.fore_color.rgb = RGBColor.from_string(ACCENT if number == 0 else "FFFFFF")
            colour = "FFFFFF" if number == 0 else INK
            _write(cell.text_frame, [text], size=size, colour=colour, is_bold=number == 0)
    return table


def add_chart(
    slide: Any,
    kind: str,
    names: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    number: str,
    most: float | None = None,
) -> None:
    """Add a chart of PowerPoint's own."""
    from pptx.chart.data import CategoryChartData
    from pptx.dml.color import RGBColor
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
    from pptx.util import Inches, Pt

    data = CategoryChartData(number_format=number)
    data.categories = list(names)
    for name, values in series.items():
        data.add_series(name, values)
    form = getattr(XL_CHART_TYPE, kind)
    place = [Inches(one) for one in (0.6, 1.4, WIDTH - 4.6, 5.2)]
    chart = slide.shapes.add_chart(form, *place, data).chart
    chart.font.size = Pt(12)
    chart.has_title = False
    chart.has_legend = len(series) > 1
    if chart.has_legend:
        chart.legend.position = XL_LEGEND_POSITION.BOTTOM
        chart.legend.include_in_layout = False
    axis = chart.value_axis
    axis.has_major_gridlines = False
    axis.minimum_scale, axis.maximum_scale = 0, most
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = number, False
    chart.plots[0].gap_width = 60
    for one, tone in zip(chart.plots[0].series, _TONES, strict=False):
        one.format.fill.solid()
        one.format.fill.fore_color.rgb = RGBColor.from_string(tone if len(series) > 1 else ACCENT)


def save_deck(deck: Any, path: Path, *, made: datetime) -> Path:
    """Write a deck and return its path; ``made`` is the day it says that it was made."""
    deck.core_properties.created = deck.core_properties.modified = made
    deck.core_properties.last_modified_by = "kamlib"
    buffer = io.BytesIO()
    deck.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for one in sorted(old.namelist()):
            entry = zipfile.ZipInfo(one, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(one))
    return path


def _place(shape: Any, left: float, top: float, width: float, height: float) -> None:
    from pptx.util import Inches

    shape.left, shape.top = Inches(left), Inches(top)
    shape.width, shape.height = Inches(width), Inches(height)


def _write(
    frame: Any, lines: Sequence[str], *, size: int, colour: str, is_bold: bool = False
) -> None:
    """Write paragraphs into a frame: text as text, whatever it holds."""
    from pptx.dml.color import RGBColor
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    frame.vertical_anchor = MSO_ANCHOR.TOP
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.space_after = Pt(size * 0.4)
        run = paragraph.add_run()
        run.text = _shown(line)
        run.font.size, run.font.bold = Pt(size), is_bold
        run.font.color.rgb = RGBColor.from_string(colour)


def _shown(text: str) -> str:
    """Return text as XML can hold it: signs that cannot be seen become blanks."""
    return "".join(sign if sign >= " " or sign == "\t" else " " for sign in text)
