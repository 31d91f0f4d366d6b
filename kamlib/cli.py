"""The command line: ``kam report``, ``kam check``, ``kam practice``.

Exit codes: 0 published, or nothing to do; 1 a report failed; 2 the request or the book is wrong.
Messages say what, where and what next; nobody sees a traceback unless they ask with ``--debug``.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

import kamlib
from kamlib.errors import KamError, nearest

app = typer.Typer(
    name="kam",
    help="Reports on key accounts, from order lines: segmentation, scoring, retention, dossiers, "
    "the programme.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_quiet = Console(stderr=True)

Book = Annotated[
    Path | None, typer.Option("--book", help="Folder of the book. Default: the sample book.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the details of an error.")]


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"kam {kamlib.__version__}")
        raise typer.Exit


@app.command()
def report(
    book: Book = None,
    period: Annotated[
        list[str] | None,
        typer.Option(
            "--period",
            help="2025, 2025-Q3, 2025-07, 2025-W31, previous-quarter, or a range "
            "2024-Q1..2025-Q4; more than once for several. Default: the last quarter that the "
            "data cover whole.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="overview, segmentation, scoring, retention, programme or dossiers."
        ),
    ] = None,
    accounts: Annotated[
        str, typer.Option("--accounts", help="Dossiers for: key, all, none, or ids: A1,A2.")
    ] = "key",
    manager: Annotated[
        str, typer.Option("--manager", help="Only this manager's accounts (id).")
    ] = "",
    out: Annotated[Path, typer.Option("--out", help="Folder of the published site.")] = Path(
        "reports"
    ),
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="Notebooks at a time.")] = min(
        4, os.cpu_count() or 1
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Render even when nothing changed.")
    ] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print the pages to PDF (needs Chromium).")
    ] = False,
    timeout: Annotated[
        int, typer.Option("--timeout", min=1, help="Seconds that one step may take.")
    ] = 600,
    log: Annotated[
        str, typer.Option("--log", help="text, or json for one line per step.")
    ] = "text",
    debug: Debug = False,
) -> None:
    """Render the reports of a book, per period, and publish them."""
    from kamlib.report import Request, render

    if log not in ("text", "json"):
        raise KamError(f"'{log}' is no form of log.", where="--log", next="Say text or json.")
    request = Request(
        book=book or sample_book(),
        periods=tuple(period or ()),
        only=tuple(only or ()),
        accounts=accounts,
        manager_id=manager,
        out=out,
        jobs=jobs,
        force=force,
        timeout=timeout,
        pdf=pdf,
    )
    with _Steps(as_json=log == "json") as steps:
        outcomes = render(request, today=date.today(), progress=steps)
    for outcome in outcomes:
        what = (
            "nothing changed"
            if outcome.state == "unchanged"
            else f"published in {outcome.seconds:.0f} s"
        )
        if log == "json":
            typer.echo(
                json.dumps(
                    {"period": outcome.period, "state": outcome.state, "path": str(outcome.path)}
                )
            )
        else:
            typer.echo(f"{outcome.period}: {what}")
    index = outcomes[-1].path.parents[1] / "index.html"
    typer.echo(str(index) if log == "text" else json.dumps({"site": str(index)}))


@app.command()
def check(
    book: Book = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Debug = False,
) -> None:
    """Read a book and say what was used, what was set aside and why, and what is missing."""
    from kamlib.check import check_book, check_text

    found = check_book(book or sample_book())
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else check_text(found))


@app.command()
def practice(
    folder: Annotated[Path, typer.Argument(help="Folder to write the practice company to.")],
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed, another company.")
    ] = None,
    story: Annotated[str, typer.Option("--story", help="all, or one story to plant.")] = "all",
    like: Annotated[
        Path | None, typer.Option("--like", help="A book to take the size and rhythm from.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write a practice company whose truth is known."""
    from kamlib.practice import SAMPLE_SEED, STORIES, company, write_company

    if folder.exists() and any(folder.iterdir()):
        raise KamError("The folder is not empty.", where=str(folder), next="Name a new folder.")
    if story not in ("all", "none", *STORIES):
        raise KamError(
            f"There is no story '{story}'.",
            where="--story",
            next=nearest(story, ["all", "none", *STORIES]),
        )
    frames = None
    if like is not None:
        from kamlib.period.snapshot import open_period

        frames = open_period(like).account_days
    write_company(
        company(seed=SAMPLE_SEED if seed is None else seed, story=story, like=frames), folder
    )
    typer.echo(f"Written: {folder}. Its truth is in {folder / 'truth'}.")


def sample_book() -> Path:
    """Return the folder of the sample book: the clone's or the installed wheel's."""
    from kamlib.report.pages import kit_folder

    return kit_folder() / "data" / "sample"


class _Steps:
    """Shows where a run is: a bar for people, one JSON line per step for machines."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.began = time.monotonic()
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            console=_quiet,
            transient=True,
            disable=as_json,
        )
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Steps:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, period: str, step: str, done: int, total: int) -> None:
        if self.as_json:
            line = {
                "seconds": round(time.monotonic() - self.began, 2),
                "period": period,
                "step": step,
            }
            sys.stderr.write(json.dumps({**line, "done": done, "total": total}) + "\n")
            return
        key = period or "book"
        if key not in self.tasks:
            self.tasks[key] = self.bar.add_task(key, total=total)
        self.bar.update(
            self.tasks[key], description=f"{period} {step}".strip(), completed=done, total=total
        )


def _interrupted(number: int, *_: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # tidying up is not interrupted by a second one
    raise KamError(
        "The run was stopped.",
        next="What was published before is unchanged. Run the command again.",
        exit_code=1,
    )


_OPTIONS = {"period": "--period", "manager_id": "--manager", "accounts": "--accounts"}
"""Parameter of a notebook → option of the command line, for messages."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    os.umask(0o077)
    given = sys.argv[1:] if arguments is None else arguments
    stops = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]
    before = {number: signal.signal(number, _interrupted) for number in stops}
    try:
        code = app(args=given, standalone_mode=False, prog_name="kam")
        return code if isinstance(code, int) else 0
    except KamError as error:
        if "--debug" in given:
            _quiet.print_exception()
        for parameter, option in _OPTIONS.items():
            error.where = re.sub(rf"^{parameter}\b( =)?", option, error.where)
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("The run was stopped. What was published before is unchanged.\n")
        return 1
    except Exception as error:
        if hasattr(
            error, "format_message"
        ):  # a mistake in the request, found by the command line itself
            sys.stderr.write(
                f"{error.format_message()}\n"
                f"  Next:  kam {' '.join(given[:1])} --help lists the options.\n"
            )
            return 2
        if "--debug" in given:
            _quiet.print_exception()
        sys.stderr.write(
            f"Something went wrong that the kit does not know: {type(error).__name__}: {error}\n"
            "  Next:  Run again with --debug and report what it shows. What was published before "
            "is unchanged.\n"
        )
        return 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
