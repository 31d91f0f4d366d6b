"""The command ``kam review``."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kamlib.errors import KamError, nearest
from kamlib.options import Book, Debug, Period, sample_book

FORMS = ("pptx", "pdf")


def review(
    account: Annotated[str, typer.Option("--account", help="The account's id.")],
    book: Book = None,
    period: Period = "",
    to: Annotated[str, typer.Option("--to", help="pptx or pdf.")] = "pptx",
    out: Annotated[
        Path | None, typer.Option("--out", help="The file. Default: review-<account>.<form>.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write six slides for a review meeting with a client, from its dossier."""
    from kamlib.report.scratch import run_folder

    with run_folder():
        typer.echo(str(review_file(book or sample_book(), account, period, to, out)))


def review_file(book: Path, account: str, period: str, form: str, out: Path | None) -> Path:
    """Write the review pack of an account in one form and return its file.

    Raises
    ------
    KamError
        There is no such form, book, period or account, no folder to write to, or something that
        the form needs is not installed.
    """
    from kamlib.page.names import page_name
    from kamlib.period.snapshot import open_period
    from kamlib.review.deck import write_review
    from kamlib.slides import new_deck
    from kamlib.words import speaking

    if form not in FORMS:
        raise KamError(
            f"There is no form '{form}' of a review.", where="--to", next=nearest(form, FORMS)
        )
    new_deck()  # what is not installed is said before the book is read
    q = open_period(book, period).account(account)
    path = out or Path(f"review-{page_name([account])[account]}.{form}")
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise KamError(
            "The review cannot be written there.",
            where=str(path),
            next="Name a file in a folder that exists.",
        )
    if form == "pptx":
        with speaking(q.book.language):
            return write_review(q, path)
    with tempfile.TemporaryDirectory(prefix="kam-") as folder, speaking(q.book.language):
        slides = write_review(q, Path(folder) / "review.pptx")
        shutil.move(_printed(slides), path)
    return path


def _printed(slides: Path) -> Path:
    """Return slides as a PDF, printed by LibreOffice."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise KamError(
            "A PDF of slides needs LibreOffice, which is not installed.",
            where="--to pdf",
            next="Take --to pptx and print it from your own program.",
        )
    home = f"-env:UserInstallation={(slides.parent / 'office').as_uri()}"
    command = [program, home, "--headless", "--convert-to", "pdf", "--outdir", str(slides.parent)]
    subprocess.run([*command, str(slides)], check=False, capture_output=True, timeout=180)
    made = slides.with_suffix(".pdf")
    if not made.is_file():
        raise KamError(
            "LibreOffice could not print the slides.",
            where="--to pdf",
            next="Take --to pptx.",
            exit_code=1,
        )
    return made
