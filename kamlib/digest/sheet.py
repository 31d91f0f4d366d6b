"""The digest as one printed page."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import nbformat

from kamlib.digest.content import WATCHED, Digest
from kamlib.errors import KamError
from kamlib.page import pieces
from kamlib.page.site import page_resources
from kamlib.report.convert import page_html
from kamlib.report.printing import print_pages
from kamlib.report.write import foot, write_page
from kamlib.story.statements import Point
from kamlib.words import say


def write_pdf(digest: Digest, path: Path) -> Path:
    """Print a digest through the system's browser and return its path.

    Raises
    ------
    KamError
        There is no browser, or it could not print.
    """
    html = sheet_html(digest)
    with tempfile.TemporaryDirectory(prefix="kam-") as folder:
        page = Path(folder) / "digest.html"
        for size in _SIZES:
            write_page(page, page.name, html.replace("</head>", _STYLE.format(size=size), 1))
            try:
                printed = print_pages(Path(folder))[0].read_bytes()
            except KamError as error:
                raise KamError(
                    error.what, where="--to pdf", next="Take --to eml or --to pptx."
                ) from error
            if len(_LEAF.findall(printed)) == 1:
                break
        path.write_bytes(printed)
    return path


_SIZES = (1.0, 0.9, 0.8, 0.65)
"""How large it is printed: the first that fits on one page."""

_STYLE = (
    "<style>@page {{ size: A4; margin: 12mm }} body {{ zoom: {size} }} "
    "body > header, .top {{ display: none }}</style></head>"
)
_LEAF = re.compile(rb"/Type ?/Page\b")


def sheet_html(digest: Digest) -> str:
    """Return a digest as a page of the report: its first screen, without links."""
    q = digest.q
    cards = [replace(card, link="") for card in digest.cards]
    actions = [replace(line, link="", account="") for line in digest.actions]
    fragments = [
        pieces.headline(q, digest.title, digest.sentences),
        pieces.note(f"{digest.whom}."),
        pieces.cards(q, cards),
        pieces.actions(q, actions),
        pieces.points("", [Point(say(WATCHED), text) for text in digest.watched]),
    ]
    outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": one.html, "text/plain": one.text})
        for one in fragments
    ]
    cell = nbformat.v4.new_code_cell(id="digest", outputs=outputs)
    resources = page_resources(
        title=say("Digest"),
        book_title=q.book.title,
        period=q.span.title,
        navigation=[],
        foot=foot(q),
        home="",
        book=q.book,
    )
    return page_html(nbformat.v4.new_notebook(cells=[cell]), resources)
