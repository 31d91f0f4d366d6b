"""The command line: ``kam report``, ``kam check``, ``kam explain`` and the others.

Exit codes: 0 published, or nothing to do; 1 a report failed, in part too, or was stopped; 2 the
request or the book is wrong, and nothing was started.
Messages say what, where and what next; nobody sees a traceback unless they ask with ``--debug``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

import kamlib
from kamlib import classroom
from kamlib.digest import command
from kamlib.errors import KamError
from kamlib.given import check_given, is_json, plain_error
from kamlib.options import Book, Debug, Period, sample_book, whole
from kamlib.review.command import review
from kamlib.start import command as start_command
from kamlib.steps import QUIET, Steps, say_error, say_json, say_warning
from kamlib.stop import StoppedError, forget, stop

app = typer.Typer(
    name="kam",
    help="Reports on key accounts, from order lines: segmentation, scoring, retention, dossiers, "
    "the programme.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_DAY = 24 * 3600


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
            "--only",
            help="overview, segmentation, scoring, retention, programme, ahead or dossiers.",
        ),
    ] = None,
    accounts: Annotated[
        str, typer.Option("--accounts", help="Dossiers for: key, all, none, or ids: A1,A2.")
    ] = "key",
    manager: Annotated[
        str | None,
        typer.Option("--manager", help="Only this manager's accounts (id); all: a site for each."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the published site.")] = Path(
        "reports"
    ),
    jobs: Annotated[
        int, typer.Option("--jobs", parser=whole(1, 64), metavar="N", help="Notebooks at a time.")
    ] = min(4, os.cpu_count() or 1),
    force: Annotated[
        bool, typer.Option("--force", help="Render even when nothing changed.")
    ] = False,
    thaw: Annotated[
        bool,
        typer.Option(
            "--thaw",
            help="Take today's owners, names, contacts and other tables without dates for a period "
            "published before; else it keeps those of its first report.",
        ),
    ] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print the pages to PDF (needs Chromium).")
    ] = False,
    timeout: Annotated[
        int,
        typer.Option(
            "--timeout",
            parser=whole(1, _DAY),
            metavar="SECONDS",
            help="Seconds that one step may take.",
        ),
    ] = 600,
    deadline: Annotated[
        int,
        typer.Option(
            "--deadline",
            parser=whole(1, 7 * _DAY),
            metavar="SECONDS",
            help="Seconds that the whole run may take.",
        ),
    ] = 4 * 3600,
    keep_going: Annotated[
        bool,
        typer.Option(
            "--keep-going",
            help="A page or period that fails does not stop the others; its last good version "
            "stays, marked as such. The exit code is 1 then, too.",
        ),
    ] = False,
    with_digest: Annotated[
        bool,
        typer.Option(
            "--digest",
            help="Also write a digest for the head and for each manager, as PDF, slides and mail.",
        ),
    ] = False,
    mode: Annotated[
        str, typer.Option("--mode", help="Who may read the site: owner, group or world.")
    ] = "owner",
    status: Annotated[
        Path | None,
        typer.Option(
            "--status", help="The health file. Default: beside the site, <site>.status.json."
        ),
    ] = None,
    log: Annotated[
        str, typer.Option("--log", help="text, or json for one line per step.")
    ] = "text",
    debug: Debug = False,
) -> None:
    """Render the reports of a book, per period, and publish them."""
    from kamlib.report import Request, each_manager

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
        deadline=deadline,
        keep_going=keep_going,
        digest=with_digest,
        mode=mode,
        status=status,
        thaw=thaw,
    )
    failed = [_publish(one, as_json=log == "json") for one in each_manager(request)]
    if any(failed):
        raise typer.Exit(1)


def _publish(request: Any, *, as_json: bool) -> bool:
    """Render one site and say what became of it; return whether something failed."""
    from kamlib.report import in_own_folder, render

    with Steps(as_json=as_json) as steps:
        outcomes = render(request, today=date.today(), progress=steps, notice=steps.notice)
    for outcome in outcomes:
        if as_json:
            facts = {"period": outcome.period, "state": outcome.state, "path": str(outcome.path)}
            warnings = list(outcome.warnings)
            say_json(sys.stdout, **facts, failed=sorted(outcome.failed), warnings=warnings)
        else:
            typer.echo(f"{outcome.period}: {_said(outcome)}")
            for text in outcome.warnings:
                say_warning(f"{outcome.period}: {text}")
    for outcome in outcomes:
        for name, error in outcome.failed.items():
            say_error(error, as_json=as_json, failed=name)
    site = in_own_folder(request).out / "index.html"
    say_json(sys.stdout, site=str(site)) if as_json else typer.echo(str(site))
    return any(outcome.failed or outcome.lost for outcome in outcomes)


def _said(outcome: Any) -> str:
    """Return what became of a period, in words."""
    if outcome.state == "unchanged":
        return "nothing changed"
    if outcome.state == "failed":
        return "failed; the last good report stands"
    failed = ", ".join(sorted(outcome.failed))
    but = f", but not {failed}: the last good version stands" if failed else ""
    return f"published in {outcome.seconds:.0f} s{but}"


@app.command()
def check(
    book: Book = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    debug: Debug = False,
) -> None:
    """Read a book and say what was used, what was set aside and why, and what is missing."""
    from kamlib.check import check_book, check_text
    from kamlib.report.scratch import run_folder

    with run_folder():
        found = check_book(book or sample_book(), today=date.today())
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else check_text(found))
    for text in () if as_json else found["warnings"].values():
        say_warning(text)
    if "orders" in found["warnings"]:
        raise typer.Exit(1)


@app.command()
def explain(
    table: Annotated[str, typer.Option("--table", help="The table of the figure, as its file.")],
    row: Annotated[
        str, typer.Option("--row", help="The row's key: A0004; of two columns: all/new.")
    ],
    column: Annotated[str, typer.Option("--column", help="The column of the figure.")],
    book: Book = None,
    period: Period = "",
    lines: Annotated[
        Path | None, typer.Option("--lines", help="Write all order lines to this CSV file.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Say what a published figure is made from: tables, settings, order lines that add up to it."""
    from kamlib.page.export import csv_text
    from kamlib.period.snapshot import open_period

    most = 20 if lines is None else 10**9
    found = open_period(book or sample_book(), period).explain(table, row, column, most=most)
    typer.echo(repr(found))
    if lines is not None:
        lines.write_text(csv_text(found.lines), encoding="utf-8", newline="\n")


app.command()(classroom.practice)
app.command()(command.digest)
app.command()(review)
app.command()(start_command.new)
app.command()(classroom.notebook)
app.command()(classroom.template)


def _interrupted(number: int, *_: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # tidying up is not interrupted by a second one
    stop(
        StoppedError(
            "The run was stopped.",
            next="What was published before is unchanged. Run the command again.",
            exit_code=1,
        )
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    os.umask(0o077)
    given = sys.argv[1:] if arguments is None else arguments
    stops = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]
    forget()
    before = {number: signal.signal(number, _interrupted) for number in stops}
    try:
        check_given(given)
        code = app(args=given, standalone_mode=False, prog_name="kam")
        return code if isinstance(code, int) else 0
    except typer.Exit as leaving:
        return leaving.exit_code
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in given:
            QUIET.print_exception()
        plain = plain_error(error, given)
        say_error(plain, as_json=is_json(given))
        return plain.exit_code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
