"""Commands of those who explore, learn and teach, as `kam` knows them."""

from __future__ import annotations

from inspect import getdoc
from pathlib import Path
from typing import Annotated

import typer

from kamlib.errors import KamError, nearest
from kamlib.options import Book, Debug, sample_book, whole
from kamlib.report.pages import kit_folder
from kamlib.words import count


def practice(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to write the practice company to.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            parser=whole(0, 2**63 - 1),
            metavar="N",
            help="Another seed, another company; 8 is the sample's.",
        ),
    ] = None,
    story: Annotated[str, typer.Option("--story", help="all, none, one story, or a kind.")] = "all",
    stories: Annotated[
        bool, typer.Option("--stories", help="List the stories that can be planted, and leave.")
    ] = False,
    accounts: Annotated[
        int | None,
        typer.Option(
            "--accounts", parser=whole(1, 100_000), metavar="N", help="How many accounts it has."
        ),
    ] = None,
    own: Annotated[
        Path | None, typer.Option("--own", help="A story of your own (copy templates/story.toml).")
    ] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Leave the truth out of the folder.")
    ] = False,
    learner: Annotated[
        str | None, typer.Option("--learner", help="The company of the training, by the name.")
    ] = None,
    like: Annotated[
        Path | None, typer.Option("--like", help="A book to take the size and rhythm from.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write a practice company whose truth is known."""
    from kamlib.practice import (
        ACCOUNTS,
        BOOKS,
        SAMPLE_SEED,
        STORIES,
        company,
        read_story,
        told_stories,
        write_company,
    )

    if stories:
        kinds = {name: " ".join((getdoc(make) or "").split()) for name, make in BOOKS.items()}
        for name, note in {**told_stories(), **kinds}.items():
            typer.echo(f"{name:<17}{note}")
        return
    if folder is None:
        raise KamError("No folder is named.", where="kam practice", next="kam practice DIR")
    check_new(folder)
    if story not in ("all", "none", *STORIES, *BOOKS):
        raise KamError(
            f"There is no story '{story}'.",
            where="--story",
            next=nearest(story, ["all", "none", *STORIES, *BOOKS]),
        )
    if learner is not None:
        from kamlib.training.learner import company_of

        made = company_of(learner)
    else:
        frames = None
        if like is not None:
            from kamlib.period.snapshot import open_period

            frames = open_period(like).account_days
        roles = read_story(own) if own is not None else ()
        number = SAMPLE_SEED + 1 if seed is None else seed  # another company than the sample
        made = company(
            seed=number, story=story, like=frames, own=roles, accounts=accounts or ACCOUNTS
        )
    write_company(made, folder, is_sealed=sealed)
    where = "left out" if sealed else f"in {folder / 'truth'}"
    typer.echo(f"Written: {folder}. Its truth is {where}.")


def check_new(folder: Path) -> None:
    """Refuse a folder that holds something, and a name that no folder can have."""
    try:
        is_taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except (OSError, ValueError) as error:
        raise KamError(
            f"No folder can have this name: {getattr(error, 'strerror', None) or error}.",
            where=str(folder)[:100],
            next="Name another folder.",
        ) from error
    if is_taken:
        raise KamError("The folder is not empty.", where=str(folder), next="Name a new folder.")


def notebook(
    folder: Annotated[Path, typer.Argument(help="Folder to copy the notebooks to.")],
    book: Book = None,
    debug: Debug = False,
) -> None:
    """Copy the kit's notebooks to a folder, to open and change them there."""
    from kamlib.notebooks import copy_notebooks

    made = copy_notebooks(folder, book or sample_book())
    copied = sum(file.suffix == ".ipynb" for file in made)
    typer.echo(f"{count(copied, 'notebook')} copied to {folder}.")
    typer.echo(f"Open the first one: jupyter lab {folder / 'start.ipynb'}")


def template(
    name: Annotated[
        str, typer.Argument(help="The template to copy; without one they are listed.")
    ] = "",
    folder: Annotated[Path, typer.Argument(help="Where to copy it to.")] = Path(),
    debug: Debug = False,
) -> None:
    """Copy a template: account plan, contact card, negotiation brief and more."""
    known = templates()
    if not name:
        for one, about in known.items():
            typer.echo(f"{one:<24}{about}")
        return
    if name not in known:
        raise KamError(
            f"There is no template '{name}'.", where="template", next=nearest(name, known)
        )
    target = folder / name
    if target.exists():
        raise KamError(
            "There is a file of that name already.", where=str(target), next="Name another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes((kit_folder() / "templates" / name).read_bytes())
    typer.echo(f"Copied: {target}")


def templates() -> dict[str, str]:
    """Return every template that people copy, with what it is for."""
    return {
        "book.toml": "the settings of a book, to begin with",
        "plan.toml": "an account plan, as the kit reads it: plans/<account_id>.toml",
        "account_plan.md": "an account plan to fill in by hand, with SWOT",
        "contact_card.md": "who is who at an account, and how we stand",
        "scoring_table.csv": "judgements of accounts by criterion: judgements.csv of a book",
        "dossier_checklist.md": "what a dossier should hold, and how old it may be",
        "negotiation_brief.md": "what to know, to ask and to bring",
        "meeting_agenda.md": "who, where, with whom, about what",
        "hiring_profile.md": "whom to look for as a key account manager",
        "job_description.md": "what a key account manager does, may decide, and is measured by",
        "own_page.ipynb": "a page of your own: put it into the book's folder notebooks/",
        "story.toml": "a story of your own for a practice company",
    }
