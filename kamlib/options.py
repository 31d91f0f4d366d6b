"""Options that several commands share, each declared once; and a whole number, as it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kamlib.words import number

Book = Annotated[
    Path | None, typer.Option("--book", help="Folder of the book. Default: the sample book.")
]
Period = Annotated[
    str, typer.Option("--period", help="Such as 2025-Q3. Default: the last whole quarter.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the details of an error.")]


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number between two: digits 0 to 9, and nothing around them."""

    def read(text: str | int) -> int:
        if re.fullmatch(r"-?[0-9]{1,18}", str(text)) and least <= int(text) <= most:
            return int(text)
        raise typer.BadParameter(
            f"'{text}' is no whole number from {number(least)} to {number(most)}."
        )

    return read


def sample_book() -> Path:
    """Return the folder of the sample book: the clone's or the installed wheel's."""
    from kamlib.report.pages import kit_folder

    return kit_folder() / "data" / "sample"
