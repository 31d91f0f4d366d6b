"""Whole runs, killed at any instant from the first step to the site's front page."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kamlib.report import server, site

from .forked import ROOT
from .test_report_failures import ORDERS, is_running, wait_until

PROGRAM = r"""
import os, shutil, sys
from pathlib import Path
import nbformat
from kamlib.report import pages, production, run, site
from tests import forked

told = os.dup(1)
os.dup2(os.open(os.devnull, os.O_RDWR), 1)
KIT = Path(sys.argv[1])
shutil.copytree(pages.kit_folder() / "templates", KIT / "templates")
(KIT / "notebooks").mkdir()
book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "P"}})
cells = ['book = ""\nperiod = ""\nmanager_id = ""', "display('All is well.')"]
book.cells = [nbformat.v4.new_code_cell(text, id=f"c{n}") for n, text in enumerate(cells)]
book.cells[0].metadata["tags"] = ["parameters"]
nbformat.write(book, KIT / "notebooks" / "01_segmentation.ipynb")


def noted(step, owner, name):
    done = getattr(owner, name)

    def doing(*given, **options):
        os.write(told, f"{step}\n".encode())
        return done(*given, **options)

    setattr(owner, name, doing)


forked.load()
from kamlib.cli import main

pages.kit_folder = lambda: KIT
production.write_period_workbook = lambda staged, data: (staged / "workbook.xlsx").write_text("x")
noted("reading", site, "clear_scratch")
noted("making", production, "Production")
noted("publishing", site, "publish")
noted("index", run._Run, "_mend_index")
os.write(told, b"ready\n")
for line in sys.stdin:
    child = os.fork()
    if not child:
        os._exit(main(["report", *line.rstrip("\n").split("\t")]))
    os.write(told, f"{child}\n".encode())
    os.write(told, f"ended {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())
"""


class Runs:
    """Runs of one page of a tiny book, forked from a process that has loaded everything."""

    def __init__(self, home: Path) -> None:
        self.home, self.mark = home, uuid.uuid4().hex
        self.scratch = home / "scratch"
        self.scratch.mkdir()
        book = home / "book"
        book.mkdir()
        (book / "book.toml").write_text('title = "Tiny"\ncomplete_to = 2025-12-31\n')
        (book / "orders.csv").write_text(ORDERS)
        given = ["--only", "segmentation", "--accounts", "none", "--period", "2025-Q4"]
        self.given = ["--book", str(book), *given]
        self.text, self.steps = b"", dict[str, float]()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home / "kit")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(home / "errors.txt").open("w"),
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.scratch), "KAM_MARK": self.mark},
        )
        assert self._line(240) == "ready"

    def _line(self, seconds: float) -> str:
        """Return what the process says next; nothing where it says nothing for so long."""
        until, said = time.monotonic() + seconds, self.process.stdout.fileno()
        while b"\n" not in self.text:
            if not select.select([said], [], [], max(0.0, until - time.monotonic()))[0]:
                return ""
            self.text += os.read(said, 4096)
        line, _, self.text = self.text.partition(b"\n")
        return line.decode()

    def run(
        self, out: Path, *more: str, after: str = "", seconds: float = 240
    ) -> tuple[str, float]:
        """Run, and kill the run so many seconds after a step of it began (its start, where none is
        named); return the step it had come to, and how long that took since. When each step began
        is in ``steps``.
        """
        words = "\t".join([*self.given, "--out", str(out), *more])
        self.process.stdin.write(f"{words}\n".encode())
        self.process.stdin.flush()
        process, step = int(self._line(60)), "start"
        began = start = time.monotonic()
        is_on = not after
        self.steps.clear()
        while True:
            left = began + seconds - time.monotonic() if is_on else 240
            line = self._line(max(0.0, left))
            if line.startswith("ended"):
                assert line == "ended 0", (self.home / "errors.txt").read_text()
                return "end", time.monotonic() - began
            if not line:
                break
            if line in self.steps:
                continue  # scratch space is cleared at the end of a run, too
            step = line
            self.steps[step] = time.monotonic() - start
            if line == after and not is_on:
                is_on, began = True, time.monotonic()
        assert is_on, "a run hangs"
        os.kill(process, signal.SIGKILL)
        while not (line := self._line(60)).startswith("ended"):
            assert line, "a run that was killed has not ended"
            step = step if line in self.steps else line
        return step, time.monotonic() - began

    def left(self) -> list[int]:
        """Return the processes that are there beside the one that runs are forked from."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if self.mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        return [one for one in found if one != self.process.pid and is_running(one)]


@pytest.fixture
def runs(tmp_path) -> Iterator[Runs]:
    """What runs are started by."""
    started = Runs(tmp_path)
    yield started
    started.process.kill()
    started.process.communicate()


@pytest.mark.skipif(not server.can_fork(), reason="needs warm kernels")
@pytest.mark.parametrize("kills", [4, pytest.param(500, marks=pytest.mark.soak)])
def test_killed_at_any_instant_a_run_leaves_a_valid_site_and_the_next_clears_it(
    runs, tmp_path, kills
):
    out, chance, steps = tmp_path / "site", random.Random(5), Counter()
    _, whole = runs.run(out)
    end = whole - runs.steps["publishing"]
    for number in range(kills):
        # every fourth is killed while it publishes or lists, every tenth makes a site of its own
        is_late, is_first = number % 4 == 1, number % 10 == 2
        where = tmp_path / f"site-{number}" if is_first else out
        within = chance.random() * (end if is_late else whole)
        how = {"after": "publishing"} if is_late else {}
        step, took = runs.run(where, "--force", seconds=within, **how)
        steps[step] += 1
        if step == "end" and not is_late:
            whole = took
        assert wait_until(lambda: not runs.left(), 30), "a process is left"
        if not is_first or (where / "2025-Q4").exists():
            assert site.is_whole(where, "2025-Q4"), step
        if not is_first or (where / "index.html").exists():
            assert (where / "index.html").read_text().rstrip().endswith("</html>"), step
        if is_first and number % 50 == 2:
            runs.run(where)  # nothing is forced: what is missing is made
            assert_whole_and_clear(where)
            assert list(runs.scratch.iterdir()) == []
    runs.run(out)
    assert_whole_and_clear(out)
    assert list(runs.scratch.iterdir()) == []
    assert {"publishing", "index", "end"} & steps.keys() and len(steps) > 1, steps


def assert_whole_and_clear(out: Path) -> None:
    assert site.is_whole(out, "2025-Q4")
    assert sorted(entry.name for entry in out.iterdir()) == ["2025-Q4", "index.html"]
    assert "2025-Q4/segmentation.html" in (out / "index.html").read_text()
