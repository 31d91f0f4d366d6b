"""The command ``kam digest``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kamlib.options import Book, Debug, Period, sample_book


def digest(
    book: Book = None,
    period: Period = "",
    manager: Annotated[
        str | None, typer.Option("--manager", help="For this manager (id). Default: for the head.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="pdf, pptx or eml.")] = "pdf",
    out: Annotated[
        Path | None, typer.Option("--out", help="The file. Default: digest-<period>.<form>.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write a period on one page, for the head of key accounts or for one manager."""
    from kamlib.digest.forms import digest_file
    from kamlib.report.scratch import run_folder

    with run_folder():
        path = digest_file(book or sample_book(), period, manager or "", to, out)
    typer.echo(str(path))
