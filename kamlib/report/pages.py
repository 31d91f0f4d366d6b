"""Which notebook makes which page, and how an executed notebook becomes a self-contained page."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

import kamlib
from kamlib.errors import KamError, nearest


@dataclass(frozen=True)
class Page:
    """One kind of page: the word for ``--only``, its notebook, its file and its title."""

    name: str
    notebook: str
    file: str
    title: str
    folder: Path | None = None
    """Where its notebook is, if it is not one of the kit's."""


PAGES = {
    page.name: page
    for page in (
        Page("segmentation", "01_segmentation", "segmentation.html", "Segmentation"),
        Page("scoring", "02_key_account_scoring", "scoring.html", "Scoring"),
        Page("retention", "03_retention", "retention.html", "Retention"),
        Page("programme", "05_programme_review", "programme.html", "Programme"),
        Page("ahead", "06_ahead", "ahead.html", "Ahead"),
        Page("dossiers", "04_account_dossier", "dossiers/{account}.html", "Dossiers"),
        Page("overview", "00_overview", "index.html", "Overview"),
    )
}


ORDER = ("overview", "segmentation", "scoring", "retention", "programme", "ahead")
"""The pages as a reader meets them; a book's own come after them."""


def place(page: Page) -> int:
    """Return where a page stands among the others.

    >>> place(PAGES["overview"]), place(Page("mine", "mine", "mine.html", "Mine"))
    (0, 6)
    """
    return ORDER.index(page.name) if page.name in ORDER else len(ORDER)


def kit_folder() -> Path:
    """Return the folder with notebooks, templates and sample: the installed wheel's, or the
    clone's.
    """
    package = Path(kamlib.__file__).resolve().parent
    installed = package / "_kit"
    return installed if installed.is_dir() else package.parent


def notebook_file(page: Page) -> Path:
    """Return a page's notebook."""
    return (page.folder or kit_folder() / "notebooks") / f"{page.notebook}.ipynb"


def own_pages(book: Path) -> list[Page]:
    """Return the pages that a book brings along: one for each notebook in its ``notebooks/``.

    The title is the notebook's first heading, else its name.

    Raises
    ------
    KamError
        A notebook cannot be read, has a name that no page can have, or that of another page.
    """
    return [_own_page(file) for file in sorted((book / "notebooks").glob("*.ipynb"))]


def _own_page(file: Path) -> Page:
    name = file.stem
    taken = {"tables", "index", *PAGES, *(page.notebook for page in PAGES.values())}
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or name.casefold() in taken:
        raise KamError(
            f"A page of your own cannot be named '{name}'.",
            where=str(file),
            next="Name the notebook with letters, digits and _, other than the kit's own pages.",
        )
    try:
        cells = nbformat.read(file, as_version=4).cells
    except Exception as error:
        raise KamError(
            "The notebook cannot be read.",
            where=str(file),
            next="Open it in JupyterLab and save it again, or take it out of the folder.",
        ) from error
    told = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    heading = re.search(r"(?m)^#\s+(.+)$", told)
    title = heading[1].strip() if heading else name.replace("_", " ").capitalize()
    return Page(name, name, f"{name}.html", title, file.parent)


def wanted_pages(only: list[str], book: Path | None = None) -> list[Page]:
    """Return the pages that are asked for, all where none is named: the kit's and the book's own.

    Raises
    ------
    KamError
        There is no such page, or the notebook of one, or the template of all, is not where it
        should be.
    """
    known = PAGES | {page.name: page for page in (own_pages(book) if book else ())}
    names = only or list(known)
    for name in names:
        if name not in known:
            raise KamError(f"There is no page '{name}'.", where="--only", next=nearest(name, known))
        _check_there(notebook_file(known[name]), f"The notebook of the page '{name}'")
    for template in ("conf.json", "index.html.j2", "frame.html.j2", "site_index.html.j2"):
        _check_there(kit_folder() / "templates" / "report" / template, f"The template '{template}'")
    return [page for page in known.values() if page.name in names]


def _check_there(file: Path, what: str) -> None:
    if not file.is_file():
        raise KamError(
            f"{what} is missing.",
            where=str(file),
            next="Nothing was started. Put it back, or install the kit again.",
        )


def page_html(executed: nbformat.NotebookNode, resources: dict) -> str:
    """Return an executed notebook as a self-contained page: no request leaves it, no code shows."""
    body, _ = _exporter(kit_folder() / "templates").from_notebook_node(
        executed, resources=resources
    )
    return body


def _exporter(templates: Path) -> HTMLExporter:
    """Return this thread's exporter; it is made once, since that takes as long as a page."""
    if getattr(_OWN, "templates", None) != templates:
        options = ("exclude_input", "exclude_input_prompt", "exclude_output_prompt")
        html = {
            "template_name": "report",
            "extra_template_basedirs": [str(templates)],
            "embed_images": True,
        }
        shown = dict.fromkeys(options, True)
        _OWN.exporter = HTMLExporter(
            config=Config({"TemplateExporter": shown, "HTMLExporter": html})
        )
        _OWN.templates = templates
    return _OWN.exporter


_OWN = threading.local()


_FETCHES = re.compile(
    r"<(?:script|link|img|iframe|object|embed|source|video|audio|use|image)\b[^>]*?\s"
    r"""(?:src|href|xlink:href|data)\s*=\s*["']?\s*(?!data:|#)([^"'\s>]+)""",
    re.IGNORECASE,
)
_CSS_FETCHES = re.compile(r"""(?:@import\s+|url\(\s*["']?)(?!data:|#)([^"')\s]+)""", re.IGNORECASE)


class _Handlers(HTMLParser):
    """Finds what would run: attributes such as ``onclick``, and addresses that are programs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of an element."""
        for name, value in attrs:
            plain = re.sub(r"[\x00-\x20]", "", value or "").casefold()
            is_address = name in ("href", "src", "action", "formaction", "data", "xlink:href")
            runs = is_address and plain.startswith(("javascript:", "vbscript:", "data:text/html"))
            if runs or re.match(r"on[a-z]", name) or name == "srcdoc":
                self.found.append(f"{name} of <{tag}>")


def check_page(html: str, file: str) -> None:
    """Refuse a page that would fetch something, run anything but the kit's script, or is cut short.

    Raises
    ------
    KamError
        A script, style, image or frame of the page is not in the page itself, or an element runs a
        program when it is touched.
    """
    styles = " ".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))
    fetched = _FETCHES.findall(html) + _CSS_FETCHES.findall(unescape(styles))
    elements = _Handlers()
    if _MAY_RUN.search(html):  # few pages hold such a word at all
        elements.feed(html)
    if fetched or elements.found:
        raise KamError(
            f"The page would load '{fetched[0][:80]}' from elsewhere."
            if fetched
            else f"The page would run a program of its own: {elements.found[0][:80]}.",
            where=file,
            next="Nothing was published. Take it out of the notebook or the template.",
            exit_code=1,
        )
    if "</html>" not in html[-200:].lower():
        raise KamError(
            "The page is not complete.", where=file, next="Nothing was published.", exit_code=1
        )


_MAY_RUN = re.compile(r"[\s/\"']on[a-z]+\s*=|script\s*:|srcdoc|data:text/html|&#|&colon|&Tab", re.I)
