"""The command ``kam new``: what it takes, and how it asks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kamlib.errors import KamError
from kamlib.options import Debug


def new(
    folder: Annotated[Path, typer.Argument(help="Folder of the new book.")],
    more: Annotated[list[str] | None, typer.Argument(help="Further files.", hidden=True)] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="Your files: CSV, Excel, Parquet, a folder of like files, a DuckDB or SQLite "
            "file, a database's address. Several: --from a.csv b.csv.",
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--map", help="Which column means what: --map revenue='Net value'."),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--set", help="How files are written: --set date_format=%d/%m/%Y."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="The company's name.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Such as EUR.")] = "",
    debug: Debug = False,
) -> None:
    """Start a book: empty and commented, or made of the files you have, without SQL."""
    from kamlib.classroom import check_new
    from kamlib.report.pages import kit_folder
    from kamlib.report.scratch import run_folder
    from kamlib.start import empty_book, new_book, title_of

    check_new(folder)
    if not title and sys.stdin.isatty():
        title = typer.prompt("The company's name", default=title_of(folder))
    of_folder = (
        "" if title else f"\nThe title '{title_of(folder)}' is the folder's: --title says it."
    )
    title = title or title_of(folder)
    named = [*(files or []), *(more or [])]
    if not named:
        typer.echo(empty_book(folder, title))
        return
    with run_folder():
        told = new_book(
            folder,
            named,
            given=_parted(given or [], "--map") | _parted(rules or [], "--set"),
            title=title,
            currency=currency,
            sources=kit_folder() / "templates" / "sources",
            ask=ask_people if sys.stdin.isatty() else refuse,
        )
    typer.echo(told + of_folder)


def _parted(words: Sequence[str], option: str) -> dict[str, str]:
    """Return name=value words by their names."""
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not value.strip():
            raise KamError(
                f"'{word}' is no NAME=VALUE.",
                where=option,
                next=f"Say {option} revenue='Net value'.",
            )
        found[name.strip()] = value.strip().strip("'\"")
    return found


def refuse(question: str, answers: Sequence[str], how: str) -> str:
    """Refuse where nobody can be asked: the question, the answers, the option to give."""
    raise KamError(
        question, where=f"to choose from: {', '.join(answers) or 'nothing'}", next=f"Say it: {how}"
    )


def ask_people(question: str, answers: Sequence[str], how: str) -> str:
    """Ask at the terminal until one of the answers is chosen."""
    if not answers:
        return refuse(question, answers, how)
    typer.echo(question)
    for number, answer in enumerate(answers, start=1):
        typer.echo(f"  {number}  {answer}")
    while True:
        said = typer.prompt("Number").strip()
        if said.isdigit() and 1 <= int(said) <= len(answers):
            return answers[int(said) - 1]
