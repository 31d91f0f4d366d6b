"""The forms of a digest: which there are, and writing one, or those of a whole report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from kamlib.digest.content import Digest, read_digest
from kamlib.digest.deck import write_slides
from kamlib.digest.mail import write_mail
from kamlib.digest.sheet import write_pdf
from kamlib.errors import KamError, nearest
from kamlib.intake import Intake
from kamlib.page.fragments import rendered
from kamlib.page.names import page_name
from kamlib.period import Period
from kamlib.period.snapshot import open_period, read_snapshot, write_snapshots
from kamlib.words import speaking

FORMS: dict[str, Callable[[Digest, Path], Path]] = {
    "pdf": write_pdf,
    "pptx": write_slides,
    "eml": write_mail,
}
"""Form, which is the ending of its file, and what writes it."""


def digest_file(book: Path, period: str, manager_id: str, form: str, out: Path | None) -> Path:
    """Write the digest of a book's period in one form and return its file.

    Raises
    ------
    KamError
        There is no such form, book, period or manager, or no folder to write to.
    """
    if form not in FORMS:
        raise KamError(
            f"There is no form '{form}' of a digest.", where="--to", next=nearest(form, list(FORMS))
        )
    q = open_period(book, period, manager_id)
    whose = f"-{page_name([manager_id])[manager_id]}" if manager_id else ""
    path = out or Path(f"digest-{q.span.label}{whose}.{form}")
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise KamError(
            "The digest cannot be written there.",
            where=str(path),
            next="Name a file in a folder that exists.",
        )
    with speaking(q.book.language):
        return FORMS[form](read_digest(q), path)


def write_digests(staged: Path, data: Period, intake: Intake) -> list[list[str]]:
    """Write a report's digests into its folder ``digest``: the head's and each manager's, or, in
    the report of one manager, that one's; return whom each is for and its files' stem.
    """
    (staged / "digest").mkdir()
    owners = [] if data.manager_id else managers_of(data)
    listed = [_write_forms(data, "digest", staged)]
    for owner, name in page_name(owners).items():
        with tempfile.TemporaryDirectory(prefix="kam-") as cut:
            folders = write_snapshots(intake, [data.span], Path(cut), manager_id=owner)
            q = Period(read_snapshot(folders[data.span.label]))
            listed.append(_write_forms(q, f"digest-{name}", staged))
    return listed


def _write_forms(q: Period, stem: str, staged: Path) -> list[str]:
    """Write a digest in every form; return whom it is for, and its files' stem."""
    digest = read_digest(q)
    for form, write in FORMS.items():
        write(digest, staged / "digest" / f"{stem}.{form}")
    return [digest.whom, stem]


def digest_list(listed: list[list[str]]) -> nbformat.NotebookNode:
    """Return the list of a report's digests as a notebook of one output."""
    html = rendered("digests.html.j2", listed=listed, forms=list(FORMS))
    output = nbformat.v4.new_output("display_data", data={"text/html": html})
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(id="digests", outputs=[output])]
    )


def managers_of(data: Period) -> list[str]:
    """Return the managers who own an account, by id."""
    return sorted(data.accounts["manager_id"].dropna().unique())
