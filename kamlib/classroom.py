"""Commands of those who explore, learn and teach, as `kam` knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kamlib.report.pages import kit_folder
from kamlib.words import count

Debug = Annotated[bool, typer.Option("--debug", help="Show the details of an error.")]


def notebook(
    folder: Annotated[Path, typer.Argument(help="Folder to copy the notebooks to.")],
    book: Annotated[
        Path | None, typer.Option("--book", help="The book they open. Default: the sample book.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Copy the kit's notebooks to a folder, to open and change them there."""
    from kamlib.notebooks import copy_notebooks

    made = copy_notebooks(folder, book or kit_folder() / "data" / "sample")
    typer.echo(f"{count(len(made), 'notebook')} copied to {folder}.")
    typer.echo(f"Open the first one: jupyter lab {folder / 'start.ipynb'}")
