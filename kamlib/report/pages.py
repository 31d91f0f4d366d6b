"""Which notebook makes which page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import kamlib
from kamlib.errors import KamError, nearest
from kamlib.words import phrase


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
        Page("retention", "03_retention", "retention.html", phrase("Retention")),
        Page("segmentation", "01_segmentation", "segmentation.html", phrase("Segmentation")),
        Page("scoring", "02_key_account_scoring", "scoring.html", phrase("Scoring")),
        Page("evidence", "07_evidence", "evidence.html", phrase("Evidence")),
        Page("programme", "05_programme_review", "programme.html", phrase("Programme")),
        Page("ahead", "06_ahead", "ahead.html", phrase("Ahead")),
        Page("dossiers", "04_account_dossier", "dossiers/{account}.html", phrase("Dossiers")),
        Page("overview", "00_overview", "index.html", phrase("Overview")),
    )
}
"""In the order in which they begin: those that take longest before others, so that none of them is
left alone at the end.
"""

ORDER = ("overview", "segmentation", "scoring", "retention", "programme", "ahead", "evidence")
"""The pages as a reader meets them; a book's own come after them."""


def front(run: dict) -> str:
    """Return a published period's front page: the first of its pages in the order of the
    navigation.
    """
    files = (PAGES[name].file for name in ORDER)
    listed = [*files, "dossiers/index.html", "tables.html"]
    return next((file for file in listed if file in run["files"]), "run.json")


def place(page: Page) -> int:
    """Return where a page stands among the others.

    >>> place(PAGES["overview"]), place(Page("mine", "mine", "mine.html", "Mine"))
    (0, 7)
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


def names_neighbours(pages: Iterable[Page]) -> bool:
    """Return whether a notebook itself names the periods that its own is compared with, of which it
    may then ask for any table.
    """
    texts = (notebook_file(page).read_text(encoding="utf-8", errors="replace") for page in pages)
    return any(re.search(r"\b(previous|year_ago)\b", text) for text in texts)


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
    taken = {"tables", "index", "accounts", *PAGES, *(page.notebook for page in PAGES.values())}
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or name.casefold() in taken:
        raise KamError(
            f"A page of your own cannot be named '{name}'.",
            where=str(file),
            next="Name the notebook with letters, digits and _, other than the kit's own pages.",
        )
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        told = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise KamError(
            "The notebook cannot be read.",
            where=str(file),
            next="Open it in JupyterLab and save it again, or take it out of the folder.",
        ) from error
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


_OTHERWISE = ("dossiers", "overview")
"""Pages that are linked by account, or that the site's own front page shares its name with."""


def links_to(pages: list[Page]) -> re.Pattern[str]:
    """Return what finds the links to pages that are not rendered, with what they hold."""
    files = (
        "|".join(re.escape(page.file) for page in pages if page.name not in _OTHERWISE) or r"\b\B"
    )
    return re.compile(rf'<a href="(?:\.\./)?(?:{files})(?:#[^"]*)?">(.*?)</a>', re.DOTALL)
