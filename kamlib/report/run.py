"""A report run: read the book once, run the notebooks, check what they made, publish it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import kamlib
from kamlib.book import read_settings
from kamlib.errors import KamError, nearest
from kamlib.intake import Intake, read_book
from kamlib.intake.sources import input_files, open_engine
from kamlib.page.names import page_name
from kamlib.period import Period
from kamlib.period.calendar import Span, resolve_periods
from kamlib.period.snapshot import (
    check_reached,
    default_period,
    fingerprint,
    read_snapshot,
    write_snapshots,
)
from kamlib.report import site
from kamlib.report.kernel import end_kernels, run_notebook
from kamlib.report.pages import PAGES, Page, kit_folder, notebook_file, wanted_pages
from kamlib.report.printing import browser, print_pages
from kamlib.report.warm import SOCKET, ForkServer, can_fork
from kamlib.report.write import (
    Made,
    page_names,
    versions,
    write_index,
    write_intake,
    write_pages,
    write_period_workbook,
    write_run,
)


@dataclass(frozen=True)
class Request:
    """What ``kam report`` is asked for, checked before anything runs."""

    book: Path
    periods: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    accounts: str = "key"
    manager_id: str = ""
    out: Path = Path("reports")
    jobs: int = 2
    force: bool = False
    timeout: int = 600
    pdf: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a period: ``published`` or ``unchanged``, and where its front page is."""

    period: str
    state: str
    path: Path
    seconds: float


Progress = Callable[[str, str, int, int], None]


def render(request: Request, *, today: date, progress: Progress = lambda *_: None) -> list[Outcome]:
    """Render and publish the periods of a request; return what became of each.

    A manager's report is a site of its own, in the folder ``manager-<id>``: it never stands in for
    the whole one.

    Raises
    ------
    KamError
        The request or the book is wrong (nothing was started), or a report failed (periods
        published before it stay, its own last good report is unchanged).
    """
    pages = wanted_pages(list(request.only))
    if request.manager_id:
        folder = next(iter(page_name([request.manager_id]).values()))
        request = replace(request, out=request.out / f"manager-{folder}")
    if request.pdf:
        browser()
    _check_writable(request.out)
    settings = read_settings(request.book)
    asked = resolve_periods(
        list(request.periods), first_month=settings.fiscal_year.first_month, today=today
    )
    before = fingerprint(input_files(request.book), request.book)
    outcomes: list[Outcome] = []
    published: set[str] = set()
    with contextlib.ExitStack() as runs:
        engine, kernels = runs.enter_context(open_engine()), runs.enter_context(_kernels())
        scratch = runs.enter_context(tempfile.TemporaryDirectory(prefix="kam-"))
        progress("", "reading the book", 0, 1)
        intake = read_book(request.book, settings, engine)
        periods = asked or [default_period(intake, settings, today)]
        for period in periods:
            check_reached(period, intake)
        if fingerprint(input_files(request.book), request.book) != before:
            raise KamError(
                "A file of the book changed while it was read.",
                where=str(request.book),
                next="Wait until it is written, then run again.",
            )
        runs.enter_context(_folder(request.out))
        site.clear_scratch(request.out)
        for period in periods:
            started = time.monotonic()
            mark = _mark(request, period, before)
            if not request.force and _is_unchanged(request.out, period, mark):
                outcomes.append(
                    Outcome(
                        period.label, "unchanged", request.out / period.label / "index.html", 0.0
                    )
                )
                continue
            folders = write_snapshots(
                intake, [period], Path(scratch), manager_id=request.manager_id
            )
            data = Period(read_snapshot(folders[period.label]))
            with _writing(request.out):
                staged = site.stage(request.out, period.label)
                try:
                    _make_period(request, pages, data, intake, staged, mark, kernels(), progress)
                    site.publish(staged, request.out, period.label)
                    published.add(period.label)
                    write_index(request.out, settings.title, published, settings)
                finally:
                    shutil.rmtree(staged, ignore_errors=True)
                    site.clear_scratch(request.out)
            outcomes.append(
                Outcome(
                    period.label,
                    "published",
                    request.out / period.label / "index.html",
                    time.monotonic() - started,
                )
            )
        if not (request.out / "index.html").is_file():
            with _writing(request.out):
                write_index(request.out, settings.title, published, settings)
        site.clear_scratch(request.out)
    return outcomes


_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
}


@contextlib.contextmanager
def _kernels() -> Iterator[Callable[[], dict[str, str]]]:
    """Give a function that returns the environment of kernels: warm ones where they can be had."""
    if not can_fork():
        yield lambda: _ENVIRONMENT
        return
    with ForkServer(_ENVIRONMENT) as server:
        found: list[dict[str, str]] = []

        def environment() -> dict[str, str]:
            if not found:
                found.append(
                    {**_ENVIRONMENT, **({SOCKET: server.address} if server.is_ready() else {})}
                )
            return found[0]

        yield environment


def _check_writable(out: Path) -> None:
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    what = (
        "The folder cannot be written to."
        if there.is_dir()
        else "There is a file where a folder is needed."
    )
    raise KamError(
        what,
        where=f"--out {out}: {there}",
        next="Name another folder after --out, or mend its permissions.",
    )


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Make the folder of the site; where nothing came of the run, it goes again."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Say in plain words that there is no room, or that writing is not allowed."""
    try:
        yield
    except OSError as error:
        raise KamError(
            f"The report cannot be written: {error.strerror or error}.",
            where=str(error.filename or out),
            next="Make room on the disk or mend the permissions, then run again. "
            "What was published before is unchanged.",
            exit_code=1,
        ) from error


def _mark(request: Request, period: Span, inputs: dict[str, str]) -> dict:
    """Return everything a period's report depends on: when it is equal, nothing has to be done."""
    kit = kit_folder()
    package = Path(kamlib.__file__).resolve().parent
    code = sorted([*package.rglob("*.py"), *(kit / "notebooks").glob("*.ipynb")])
    code += sorted(file for file in (kit / "templates").rglob("*") if file.is_file())
    own = fingerprint([file for file in code if package in file.parents], package)
    own |= fingerprint([file for file in code if package not in file.parents], kit)
    return {
        "period": period.label,
        "only": sorted(request.only),
        "accounts": request.accounts,
        "manager_id": request.manager_id,
        "pdf": request.pdf,
        "inputs": _one_hash(inputs) if request.manager_id else inputs,
        "kit": own,
        "versions": versions(),
    }


def _one_hash(inputs: dict[str, str]) -> dict[str, str]:
    """Return one hash of all files: for readers who may not know which accounts have a plan."""
    return {"book": hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()}


def _is_unchanged(out: Path, period: Span, mark: dict) -> bool:
    run = site.published_run(out, period.label)
    return (
        run is not None
        and run.get("mark") == json.loads(json.dumps(mark))
        and site.is_whole(out, period.label)
    )


def _make_period(
    request: Request,
    pages: list[Page],
    data: Period,
    intake: Intake,
    staged: Path,
    mark: dict,
    kernels: dict[str, str],
    progress: Progress,
) -> None:
    """Fill a staged folder with a period's pages, tables and ``run.json``."""
    label, names = data.span.label, page_names(data)
    folder = data.folder
    scratch = folder / f"run-{staged.name}"
    scratch.mkdir()
    links, near_links = scratch / "links.json", scratch / "near_links.json"
    (staged / "tables").mkdir()
    parameters = {"book": str(folder), "period": label, "manager_id": request.manager_id}

    def make(page: Page, account: str = "") -> Made:
        began = time.monotonic()
        tables = staged / "tables"
        own = {"KAM_TABLES": str(tables), "KAM_LINKS": str(links)}
        extra = {}
        if account:
            tables = tables / "dossiers" / names[account]
            own = {"KAM_TABLES": str(tables), "KAM_LINKS": str(near_links)}
            extra = {"account_id": account}
        executed = run_notebook(
            notebook_file(page),
            {**parameters, **extra},
            environment={**kernels, **own},
            timeout=request.timeout,
            running=running,
        )
        return Made(page, account, executed, round(time.monotonic() - began, 2))

    chosen: list[str] = []
    if any(page.name == "dossiers" for page in pages):
        chosen = dossier_accounts(request.accounts, data)
    for file, address in ((links, "dossiers/{}.html"), (near_links, "{}.html")):
        addresses = {account: address.format(names[account]) for account in chosen}
        file.write_text(json.dumps(addresses), encoding="utf-8")
    calls = [(page, "") for page in pages if page.name != "dossiers"]
    calls += [(PAGES["dossiers"], account) for account in chosen]
    made: list[Made] = []
    running: list = []
    progress(label, "starting", 0, len(calls))
    with ThreadPoolExecutor(max_workers=max(1, request.jobs)) as pool:
        for one in _all(pool, make, calls, running):
            made.append(one)
            progress(label, one.account or one.page.title, len(made), len(calls))
    write_intake(staged, data)
    write_period_workbook(staged, data)
    write_pages(made, data, staged)
    if request.pdf:
        progress(label, "printing", len(calls), len(calls))
        print_pages(staged)
    write_run(staged, data, intake, mark, made)


def _all(
    pool: ThreadPoolExecutor, make: Callable[..., Made], calls: list[tuple], running: list
) -> Iterator[Made]:
    """Run calls side by side; the first failure, or a signal to stop, ends the others."""
    futures = [pool.submit(make, *arguments) for arguments in calls]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
        while wait(futures, timeout=0.2).not_done:  # none when all went well
            end_kernels(running)


def dossier_accounts(choice: str, data: Period) -> list[str]:
    """Return the accounts that get a dossier: ``key``, ``all``, ``none``, or ids separated by
    commas.

    Raises
    ------
    KamError
        No id is given, or one is not an account of the book.
    """
    known = data.accounts["account_id"].tolist()
    if choice == "none":
        return []
    if choice == "all":
        return known
    if choice == "key":
        keys = data.key_accounts
        return keys.loc[keys["is_key"], "account_id"].tolist()
    if choice in known:
        return [choice]  # an id may hold a comma
    asked = list(dict.fromkeys(part.strip() for part in choice.split(",") if part.strip()))
    if not asked:
        raise KamError(
            "No account is named.", where="--accounts", next="Say key, all, none, or ids: A1,A2."
        )
    for account in asked:
        if account not in known:
            raise KamError(
                f"'{account}' is not an account of the book.",
                where="--accounts",
                next=nearest(account, [*known, "key", "all", "none"]),
            )
    return asked
