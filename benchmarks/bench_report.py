"""Render dossiers in three ways, side by side: a loop of papermill and nbconvert, the kit, and the
floor (the same cells in warm forked processes, without Jupyter and without a page).

Run: python benchmarks/bench_report.py [--dossiers 40] [--jobs 2]. The period is prepared before;
what the kit loads once a run counts for the kit. Goals: the kit takes at most a sixth of the loop's
wall, and at most 1.3 times the floor's processor time per dossier. Exit code 1: it does not.
With --charts 302 (the drawings of the sample's report) it only says what those need at least.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import nbformat

from kamlib.book import read_settings
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.page.site import Foot, page_resources
from kamlib.period.held import HOLD
from kamlib.period.names import RUN
from kamlib.period.snapshot import open_period
from kamlib.plots import style
from kamlib.plots.svg import close
from kamlib.report.convert import page_html
from kamlib.report.kernel import run_notebook
from kamlib.report.pages import PAGES, kit_folder, notebook_file
from kamlib.report.server import SOCKET, ForkServer, can_fork
from kamlib.report.warm import load

NOTEBOOK = notebook_file(PAGES["dossiers"])
FRAME = page_resources(
    title="A dossier", book_title="Sample", period="Q3 2025", navigation=[], foot=Foot("", "")
)
PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1"}


def of_run(book: Path) -> dict[str, str]:
    """Return what tells a kernel that a prepared folder is of its own run."""
    return {RUN: str(book.resolve().parent)}


def processor() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def measured(work: Callable[[], float]) -> tuple[float, float, float]:
    """Wall, processor seconds, and the processor seconds among them that are paid once a run."""
    wall, used = time.perf_counter(), processor()
    once = work()
    return time.perf_counter() - wall, processor() - used, once


def by_loop(book: Path, accounts: list[str], out: Path) -> float:
    from nbconvert import HTMLExporter
    from papermill import execute_notebook

    for account in accounts:
        made = out / f"{account}.ipynb"
        given = {"book": str(book), "account_id": account}
        os.environ["KAM_TABLES"] = str(out / f"tables-{account}")
        execute_notebook(NOTEBOOK, made, given, kernel_name="python3", progress_bar=False)
        html, _ = HTMLExporter(exclude_input=True).from_filename(str(made))
        (out / f"{account}.html").write_text(html)
    return 0.0


def by_kit(book: Path, accounts: list[str], out: Path, jobs: int) -> float:
    with ForkServer({**PLAIN, **of_run(book)}) as server:
        server.is_ready()

        def one(account: str) -> None:
            environment = {**PLAIN, **of_run(book), SOCKET: server.address, HOLD: str(book)}
            environment["KAM_TABLES"] = str(out / account)
            given = {"book": str(book), "account_id": account}
            node = run_notebook(NOTEBOOK, given, environment=environment)
            (out / f"{account}.html").write_text(page_html(node, FRAME))

        with ThreadPoolExecutor(jobs + 1) as pool:
            list(pool.map(one, accounts))
    return 0.0


def by_floor(book: Path, accounts: list[str], out: Path, jobs: int) -> float:
    from IPython.core.interactiveshell import InteractiveShell

    os.environ.update(PLAIN | of_run(book))
    used = processor()
    load()
    shell = InteractiveShell.instance()
    once = processor() - used
    cells = [c for c in nbformat.read(NOTEBOOK, as_version=4).cells if c.cell_type == "code"]
    running = 0
    for account in accounts:
        if running == jobs:
            os.wait()
            running -= 1
        if os.fork() == 0:
            os.environ["KAM_TABLES"] = str(out / account)
            with contextlib.redirect_stdout(io.StringIO()):
                for cell in cells:
                    shell.run_cell(cell.source, silent=True)
                    if "parameters" in cell.metadata.get("tags", []):
                        shell.user_ns.update(book=str(book), account_id=account)
            os._exit(0)
        running += 1
    while running:
        os.wait()
        running -= 1
    return once


def least(charts: int) -> tuple[float, float, float]:
    """Return the processor seconds that no report of so many drawings can do without: its
    libraries, the book, and matplotlib drawing that many plain charts (six bars, their names and
    figures) at once, without any layout.
    """
    used = [processor()]
    load()
    used.append(processor())
    folder = kit_folder() / "data" / "sample"
    with open_engine() as engine:
        read_book(folder, read_settings(folder), engine)
    used.append(processor())
    for _ in range(charts):
        plain = style.axes(8, 3)
        plain.bar(range(6), range(6))
        plain.set_xticks(range(6), [f"name {place}" for place in range(6)])
        for place in range(6):
            style.label(plain, place, place, f"{place} m")
        plain.figure.set_layout_engine("none")
        plain.figure.savefig(io.StringIO(), format="svg")
        close(plain.figure)
    used.append(processor())
    once, read, drawn = (after - before for before, after in pairwise(used))
    return once, read, drawn


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dossiers", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--charts", type=int, default=0, help="only say what these need at least")
    options = parser.parse_args()
    if options.charts:
        once, read, drawn = least(options.charts)
        sys.stdout.write(
            f"least for a report of {options.charts} drawings: libraries {once:.1f} s, book "
            f"{read:.1f} s, plain charts {drawn:.1f} s, together {once + read + drawn:.1f} s\n"
        )
        return 0
    if not can_fork():
        sys.stdout.write("Kernels are not forked on this system: every start is cold.\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KAM_CACHE"] = f"{folder}/cache"
        q = open_period(kit_folder() / "data" / "sample", "2025-Q3")
        accounts = q.accounts["account_id"].tolist()[: options.dossiers]
        ways: dict[str, Callable[[list[str], Path], float]] = {
            "loop": lambda some, out: by_loop(q.folder, some, out),
            "kit": lambda some, out: by_kit(q.folder, some, out, options.jobs),
            "floor": lambda some, out: by_floor(q.folder, some, out, options.jobs),
        }
        for way in (by_loop, lambda *given: by_kit(*given, 1)):
            way(q.folder, accounts[:1], Path(folder))  # tables of all accounts are computed once
        found = {}
        for name, way in ways.items():
            out = Path(folder) / name
            out.mkdir()
            found[name] = measured(lambda way=way, out=out: way(accounts, out))  # type: ignore[misc]
            wall, used, once = found[name]
            each = (used - once) / len(accounts)
            sys.stdout.write(
                f"{name:6} {len(accounts)} dossiers: wall {wall:7.1f} s, processor {used:7.1f} s, "
                f"{each:5.2f} s each\n"
            )
            sys.stdout.flush()
    wall = found["loop"][0] / found["kit"][0]
    used = found["kit"][1] / found["floor"][1]
    sys.stdout.write(f"loop / kit   {wall:5.2f}  wall (goal: at least 6)\n")
    sys.stdout.write(f"kit / floor  {used:5.2f}  processor time (goal: at most 1.3)\n")
    return int(wall < 6 or used > 1.3)


if __name__ == "__main__":
    sys.exit(main())
