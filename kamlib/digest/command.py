"""The command ``kam digest``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def digest(
    book: Annotated[
        Path | None, typer.Option("--book", help="Folder of the book. Default: the sample book.")
    ] = None,
    period: Annotated[
        str, typer.Option("--period", help="Such as 2025-Q3. Default: the last whole quarter.")
    ] = "",
    manager: Annotated[
        str | None, typer.Option("--manager", help="For this manager (id). Default: for the head.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="pdf, pptx or eml.")] = "pdf",
    out: Annotated[
        Path | None, typer.Option("--out", help="The file. Default: digest-<period>.<form>.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the details of an error.")] = False,
) -> None:
    """Write a period on one page, for the head of key accounts or for one manager."""
    from kamlib.digest.forms import digest_file
    from kamlib.report.pages import kit_folder
    from kamlib.report.scratch import run_folder

    with run_folder():
        path = digest_file(book or kit_folder() / "data" / "sample", period, manager or "", to, out)
    typer.echo(str(path))
