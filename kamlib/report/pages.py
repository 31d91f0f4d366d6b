"""Which notebook makes which page, and how an executed notebook becomes a self-contained page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
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


PAGES = {
    page.name: page
    for page in (
        Page("segmentation", "01_segmentation", "segmentation.html", "Segmentation"),
        Page("scoring", "02_key_account_scoring", "scoring.html", "Scoring"),
        Page("retention", "03_retention", "retention.html", "Retention"),
        Page("programme", "05_programme_review", "programme.html", "Programme"),
        Page("dossiers", "04_account_dossier", "dossiers/{account}.html", "Dossiers"),
        Page("overview", "00_overview", "index.html", "Overview"),
    )
}


def kit_folder() -> Path:
    """Return the folder with notebooks, templates and sample: the installed wheel's, or the
    clone's.
    """
    package = Path(kamlib.__file__).resolve().parent
    installed = package / "_kit"
    return installed if installed.is_dir() else package.parent


def notebook_file(page: Page) -> Path:
    """Return a page's notebook."""
    return kit_folder() / "notebooks" / f"{page.notebook}.ipynb"


def wanted_pages(only: list[str]) -> list[Page]:
    """Return the pages that are asked for, all where none is named.

    Raises
    ------
    KamError
        There is no such page, or the notebook of one is not where it should be.
    """
    names = only or list(PAGES)
    for name in names:
        if name not in PAGES:
            raise KamError(f"There is no page '{name}'.", where="--only", next=nearest(name, PAGES))
        if not notebook_file(PAGES[name]).is_file():
            raise KamError(
                f"The notebook of the page '{name}' is missing.",
                where=str(notebook_file(PAGES[name])),
                next="Nothing was started. Put it back, or install the kit again.",
            )
    return [page for page in PAGES.values() if page.name in names]


def page_html(executed: nbformat.NotebookNode, resources: dict) -> str:
    """Return an executed notebook as one page of its own: no request leaves it, no code shows."""
    exporter = HTMLExporter(
        config=Config(
            {
                "TemplateExporter": {
                    "exclude_input": True,
                    "exclude_input_prompt": True,
                    "exclude_output_prompt": True,
                },
                "HTMLExporter": {
                    "template_name": "report",
                    "extra_template_basedirs": [str(kit_folder() / "templates")],
                    "embed_images": True,
                },
            }
        )
    )
    body, _ = exporter.from_notebook_node(executed, resources=resources)
    return body


_FETCHES = re.compile(
    r"<(?:script|link|img|iframe|object|embed|source|video|audio|use|image)\b[^>]*?\s"
    r"""(?:src|href|xlink:href|data)\s*=\s*["']?\s*(?!data:|#)([^"'\s>]+)""",
    re.IGNORECASE,
)
_CSS_FETCHES = re.compile(r"""(?:@import\s+|url\(\s*["']?)(?!data:|#)([^"')\s]+)""", re.IGNORECASE)


def check_page(html: str, file: str) -> None:
    """Refuse a page that would fetch something or that shows an error.

    Raises
    ------
    KamError
        A script, style, image or frame of the page is not in the page itself.
    """
    styles = " ".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))
    fetched = _FETCHES.findall(html) + _CSS_FETCHES.findall(unescape(styles))
    if fetched:
        raise KamError(
            f"The page would load '{fetched[0][:80]}' from elsewhere.",
            where=file,
            next="Nothing was published. Take the link out of the notebook or the template.",
            exit_code=1,
        )
    if "</html>" not in html[-200:].lower():
        raise KamError(
            "The page is not complete.", where=file, next="Nothing was published.", exit_code=1
        )
