"""A figure as vector drawing for a page: text stays text, colours follow the page, the same bytes
every time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import groupby, pairwise
from typing import Any
from xml.etree import ElementTree

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

from kamlib.plots.fit import fit_ticks
from kamlib.plots.marks import MARK, marks_of
from kamlib.plots.renderer import Canvas, Renderer, writable
from kamlib.plots.style import (
    COLOURS,
    FINDING,
    INK,
    PAPER,
    SUBTITLE,
    axes,
    style,
    titles,
)

_SVG, _HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"

PAGE_COLOURS = {
    **{colour: f"var(--kam-{word.lower()},{colour})" for word, colour in reversed(COLOURS.items())},
    INK: "currentColor",
    "#000000": "currentColor",
    PAPER: f"var(--kam-paper,{PAPER})",
}
"""Colour of the drawing → what the page is told: a variable of its stylesheet, else the colour
itself.
"""


SLIM_TYPE = 9.3
"""Least points of type in a form for phones: nine pixels on a page of 390, with some room to
spare for what stands out beyond the axes.
"""


@dataclass(frozen=True)
class Drawing:
    """A figure ready for a page: `svg` markup, its size in points, and its single title, where it
    has one.
    """

    svg: str
    width: float
    height: float
    finding: str = ""
    subtitle: str = ""
    is_empty: bool = False  # no data in any of its axes


def close(figure: Figure) -> None:
    """Free a figure that has been drawn."""
    plt.close(figure)


def drawing(
    figure: Figure, links: Mapping[str, str] | None = None, *, is_slim: bool = False
) -> Drawing:
    """Draw a figure; a single title written by `style.titles` is left out of the drawing and
    returned as text. `links` says where the page of each account is. In a form for phones
    (`is_slim`) only the marks of accounts speak, and no type is smaller than can be read there.
    """
    is_empty = not any(axes.has_data() for axes in figure.axes)
    texts = figure.findobj(Text)
    for text in texts:
        text.set_parse_math(False)
        if is_slim:
            text.set_fontsize(max(float(text.get_fontsize()), SLIM_TYPE))
    findings = [text for text in texts if text.get_gid() == FINDING and text.get_text()]
    lifted = [t for t in texts if t.get_gid() in (FINDING, SUBTITLE)] if len(findings) == 1 else []
    said = {t.get_gid(): getattr(t, "kam_text", t.get_text()) for t in lifted}
    width, height = figure.get_size_inches() * 72
    out = StringIO()
    renderer = Renderer(width, height, out, image_dpi=72, metadata=_NO_METADATA)
    with _on_svg_canvas(figure, renderer), _hidden(lifted), style(), _laid_out(figure, renderer):
        figure.draw(renderer)
        renderer.finalize()
    x0, y0, x1, y1 = renderer.reach
    left, right = min(0.0, x0 - 2), max(width, x1 + 2)
    top, bottom = min(0.0, height - y1 - 2), max(height, height - y0 + 2)
    whole = (
        "; ".join(dict.fromkeys(getattr(t, "kam_text", t.get_text()) for t in findings))
        if is_empty
        else ""
    )
    finding = said.get(FINDING, "") or whole
    marks = {
        f"{MARK}{place}": (tip, (links or {}).get(account, ""))
        for place, (tip, account) in enumerate(marks_of(figure))
        if account or not is_slim
    }
    svg = _cleaned(out.getvalue(), (left, top, right - left, bottom - top), marks)
    return Drawing(svg, right - left, bottom - top, finding, said.get(SUBTITLE, ""), is_empty)


def draw_one() -> None:
    """Draw a chart that nobody sees: fonts are found then, and what is kept of all charts is."""
    figure = titles(axes(), "A finding", "what is drawn").get_figure(root=True)
    if isinstance(figure, Figure):
        drawing(figure)
        close(figure)


_NO_METADATA: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}


@contextmanager
def _laid_out(figure: Figure, renderer: Renderer) -> Iterator[None]:
    """Lay a figure out with labels that do not meet, and leave it so while it is drawn."""
    engine = figure.get_layout_engine()
    for axis in (axis for one in figure.axes for axis in (one.xaxis, one.yaxis)):
        if not axis.get_label_text():  # else the place of nothing is worked out for each drawing
            axis.set_label_coords(0.5, 0.5)
    for is_fitted in (False, False, True):
        if engine is not None:
            engine.execute(figure)
        if is_fitted or not fit_ticks(figure, renderer):
            break
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


@contextmanager
def _on_svg_canvas(figure: Figure, renderer: Renderer) -> Iterator[None]:
    canvas, dpi = figure.canvas, figure.dpi
    drawn = Canvas(figure)
    drawn.renderer = renderer
    figure.dpi = 72
    try:
        yield
    finally:
        figure.dpi = dpi
        figure.set_canvas(canvas)


@contextmanager
def _hidden(texts: list[Text]) -> Iterator[None]:
    for text in texts:
        text.set_visible(False)
        text.set_in_layout(False)
    try:
        yield
    finally:
        for text in texts:
            text.set_visible(True)
            text.set_in_layout(True)


def _cleaned(
    source: str,
    box: tuple[float, float, float, float],
    marks: Mapping[str, tuple[str, str]],
) -> str:
    root = ElementTree.fromstring(source)
    body = ElementTree.Element("svg", viewBox=" ".join(_plain(part) for part in box))
    body.set("style", "fill:currentColor;stroke-linejoin:round")
    for child in root:
        _copy(child, body, marks, in_defs=False)
    _hoist_styles(body)
    prefix = "c" + hashlib.sha256(source.encode()).hexdigest()[:8]
    _rename_ids(body, prefix)
    return ElementTree.tostring(body, encoding="unicode")


def _copy(
    element: ElementTree.Element,
    parent: ElementTree.Element,
    marks: Mapping[str, tuple[str, str]],
    *,
    in_defs: bool,
) -> None:
    tag = element.tag.removeprefix(_SVG)
    if tag in ("metadata", "style", "title"):
        return
    attributes = {name: _value(name, value, in_defs) for name, value in element.attrib.items()}
    if _HREF in attributes:
        attributes["href"] = attributes.pop(_HREF)
    if attributes.get("style") == "":
        del attributes["style"]
    if tag == "path" and attributes.get("style") == "fill:none":  # neither filled nor stroked
        return
    in_defs = in_defs or tag == "defs"
    children = list(element)
    if tag == "g" and attributes.get("id") in marks:
        made = _mark(parent, *marks[attributes["id"]])
    elif tag == "g" and set(attributes) <= {"id"}:  # a group that says nothing
        made = parent
    else:
        if tag == "defs" and not children:
            return
        made = ElementTree.SubElement(parent, tag, attributes)
        made.text = element.text if tag in ("text", "tspan") else None
    for child in children:
        _copy(child, made, marks, in_defs=in_defs)


def _mark(parent: ElementTree.Element, tip: str, address: str) -> ElementTree.Element:
    """Return the element of a mark: a link where it leads somewhere, with what it stands for."""
    said = writable(tip)
    link = {"href": address, "aria-label": said.replace("\n", ", ")} if address else {}
    made = ElementTree.SubElement(parent, "a" if address else "g", link)
    ElementTree.SubElement(made, "title").text = said
    return made


def _hoist_styles(parent: ElementTree.Element) -> None:
    """Write what neighbours have in common once, on a group around them, which draws the same."""
    for one, other in reversed(list(pairwise(parent))):
        if (
            one.tag == other.tag == "g"
            and one.attrib == other.attrib
            and set(one.attrib) == {"clip-path"}
        ):
            one.extend(other)
            parent.remove(other)
    runs = [list(run) for _, run in groupby(list(parent), key=lambda mark: mark.get("style", ""))]
    for run in runs:
        for mark in run:
            if mark.tag not in ("defs", "text"):
                _hoist_styles(mark)
        said = run[0].get("style", "")
        if len(run) < 3 or not said or re.search(r"(?:^|;)opacity:", said):
            continue
        group = ElementTree.Element("g", {"style": said})
        parent.insert(list(parent).index(run[0]), group)
        for mark in run:
            del mark.attrib["style"]
            parent.remove(mark)
            group.append(mark)


def _value(name: str, value: str, in_defs: bool) -> str:
    if name == "style":
        return _page_style(value)
    if name in ("d", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "transform", "points"):
        digits = 1 if name == "d" and not in_defs else 2
        value = re.sub(
            r"-?\d+\.\d+(?:e-?\d+)?", lambda found: _plain(float(found[0]), digits), value
        )
        value = re.sub(r"\s+", " ", value).strip()
        return re.sub(r"^rotate\(-?0(?: [^)]*)?\)$", "", value) if name == "transform" else value
    return value


def _page_style(value: str) -> str:
    kept = []
    for part in value.split(";"):
        name, _, said = (text.strip() for text in part.partition(":"))
        if not name or name == "font-family":
            continue
        if name == "font":  # shorthand: keep weight and size, the family is the page's
            size = re.search(r"(\d+(?:\.\d+)?)px", said)
            weight = re.search(r"\b([1-9]00|bold)\b", said)
            kept += [f"font-weight:{weight[1]}"] if weight else []
            kept += [f"font-size:{size[1]}px"] if size else []
            continue
        if re.fullmatch(r"#[0-9a-f]{6}", said):
            said = PAGE_COLOURS.get(said, said)
        elif re.fullmatch(r"-?\d+\.\d+", said):
            said = _plain(float(said), 3)
        kept.append(f"{name}:{said}")
    return ";".join(kept)


def _rename_ids(body: ElementTree.Element, prefix: str) -> None:
    used: dict[str, str] = {}
    for element in body.iter():
        for name, value in element.attrib.items():
            target = (
                value[1:]
                if name == "href" and value.startswith("#")
                else next(iter(re.findall(r"url\(#([^)]+)\)", value)), "")
            )
            if target:
                new = used.setdefault(target, f"{prefix}-{len(used)}")
                element.set(name, value.replace(target, new))
    for element in body.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", used[own])
        if element.attrib.get("transform") == "":
            del element.attrib["transform"]


def _plain(number: float, digits: int = 2) -> str:
    text = f"{number:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
