"""Whole runs of a tiny book whose notebooks are stood in for: what is published, for whom, and what
is left of a run that fails.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import nbformat
import pytest

import kamlib
from kamlib.book import read_settings
from kamlib.cli import main
from kamlib.errors import KamError
from kamlib.intake.sources import Engine
from kamlib.period import held
from kamlib.period.graph import asked_of_neighbours
from kamlib.period.names import READ_TABLES, UNBROKEN
from kamlib.report import Request, kernel, production, render, run, site, watch, write
from kamlib.report.convert import check_page
from kamlib.report.mark import run_mark
from kamlib.report.write import merge_tables

ORDERS = "order_id,account_id,order_date,revenue\n" + "".join(
    f"{month},A,2025-{month:02d}-05,{10 * month}\n" for month in range(1, 13)
)
TODAY = date(2026, 1, 15)
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


def shown(text: str) -> nbformat.NotebookNode:
    """An executed notebook that shows a text."""
    output = nbformat.v4.new_output("display_data", data={"text/html": f"<p>{text}</p>"})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(id="a", outputs=[output])])


@pytest.fixture
def steps(monkeypatch):
    """Stand in for notebooks and the workbook; returns what each page does, by notebook."""
    doing: dict[str, object] = {}

    def made(notebook, *_, **__):
        does = doing.get(notebook.stem, lambda: "All is well.")
        return shown(does())

    monkeypatch.setattr(production, "run_notebook", made)
    monkeypatch.setattr(production, "write_period_workbook", lambda staged, data: None)
    monkeypatch.setattr(run, "can_fork", lambda: False)
    return doing


@pytest.fixture
def request_(make_book, tmp_path) -> Request:
    """One page of a period."""
    book = make_book({"orders.csv": ORDERS}, settings='title = "T"\ncomplete_to = 2025-12-31\n')
    return Request(book, ("2025-Q4",), ("segmentation",), "none", out=tmp_path / "site")


def modes(out: Path) -> set[int]:
    return {stat.S_IMODE(one.stat().st_mode) for one in (out, *out.rglob("*"))}


@posix
@pytest.mark.usefixtures("steps")
def test_a_site_is_its_owners_alone_unless_it_is_asked_for_otherwise(request_):
    given = ["--book", str(request_.book), "--out", str(request_.out), "--period", "2025-Q4"]
    given = ["report", *given, "--only", "segmentation"]
    before = os.umask(0)
    try:
        assert main(given) == 0
        assert modes(request_.out) == {0o700, 0o600}
        assert stat.S_IMODE((request_.out.parent / "site.status.json").stat().st_mode) == 0o600
        assert stat.S_IMODE((request_.out.parent / "site.kept").stat().st_mode) == 0o700
        assert main([*given, "--mode", "group"]) == 0  # nothing has changed, and it is readable
        assert modes(request_.out) == {0o750, 0o640}
        assert main([*given, "--mode", "world", "--force"]) == 0
        assert modes(request_.out) == {0o755, 0o644}
    finally:
        os.umask(before)


@pytest.mark.usefixtures("steps")
def test_a_period_that_a_killed_run_left_unlisted_is_listed_by_the_next(request_, monkeypatch):
    render(request_, today=TODAY)
    index = request_.out / "index.html"
    further = replace(request_, periods=("2025-Q3",))
    with monkeypatch.context() as killed:
        killed.setattr(run._Run, "_mend_index", lambda _: None)
        render(further, today=TODAY)
    assert site.is_whole(request_.out, "2025-Q3")
    assert "2025-Q3/" not in index.read_text()
    (outcome,) = render(further, today=TODAY)
    assert outcome.state == "unchanged"
    assert "2025-Q3/segmentation.html" in index.read_text()
    page = (request_.out / "2025-Q4" / "segmentation.html").read_text()
    assert "../2025-Q3/segmentation.html" in page

    shutil.rmtree(request_.out / "2025-Q3")  # as the instructions prune a site
    (outcome,) = render(request_, today=TODAY)
    assert outcome.state == "unchanged"
    left = (index, request_.out / "2025-Q4" / "segmentation.html")
    assert not [file.name for file in left if "2025-Q3/" in file.read_text()]
    assert site.is_whole(request_.out, "2025-Q4")


def test_a_page_that_was_changed_after_it_was_published_is_made_anew(request_, steps):
    render(request_, today=TODAY)
    page = request_.out / "2025-Q4" / "segmentation.html"
    good = page.read_bytes()
    page.write_bytes(good[:-200])
    (outcome,) = render(request_, today=TODAY)
    assert outcome.state == "published" and page.read_bytes() == good


def test_a_database_is_never_the_same_twice(request_):
    given = (request_, [], read_settings(request_.book), {})
    assert run_mark(*given) == run_mark(*given)
    book = request_.book / "book.toml"
    book.write_text('title = "T"\n[connection]\nurl = "${KAM_URL}"\n')
    given = (request_, [], read_settings(request_.book), {})
    assert run_mark(*given) != run_mark(*given)


@pytest.mark.parametrize(
    "other",
    [
        {"only": ("scoring",)},
        {"accounts": "key"},
        {"manager_id": "M"},
        {"pdf": True},
        {"digest": True},
    ],
)
def test_another_request_is_another_report(request_, other):
    settings = read_settings(request_.book)
    asked = (request_, replace(request_, **other))
    one, two = (run_mark(request, [], settings, {}) for request in asked)
    assert one != two


def test_another_request_for_a_manager_is_another_report(request_):
    settings = read_settings(request_.book)
    asked = [replace(request_, manager_id=one) for one in ("M1", "M2")]
    one, two = (run_mark(request, [], settings, {}) for request in asked)
    assert one != two


def test_another_version_of_the_kit_or_of_a_library_makes_another_report(
    request_, tmp_path, monkeypatch
):
    package = tmp_path / "kamlib"
    package.mkdir()
    (package / "a.py").write_text("one = 1\n")
    monkeypatch.setattr(kamlib, "__file__", str(package / "__init__.py"))
    given = (request_, [], read_settings(request_.book), {})
    before = run_mark(*given)
    assert run_mark(*given) == before
    (package / "a.py").write_text("one = 2\n")
    assert (changed := run_mark(*given)) != before
    monkeypatch.setattr(kamlib, "__version__", "0.0.0")
    assert run_mark(*given) != changed


@posix
def test_a_deadline_ends_the_whole_run_and_changes_nothing(request_, steps):
    render(request_, today=TODAY)
    before = site.manifest(request_.out)
    steps["01_segmentation"] = lambda: threading.Event().wait(30) or "late"
    wanted = replace(
        request_, periods=("2025-Q3", "2025-Q4"), force=True, deadline=3, keep_going=True
    )
    began = time.monotonic()
    with pytest.raises(KamError, match="deadline"):
        render(wanted, today=TODAY)
    assert time.monotonic() - began < 60
    assert site.manifest(request_.out) == before
    said = json.loads((request_.out.parent / "site.status.json").read_text())
    assert said["state"] == "failed" and "deadline" in said["failed"]["what"]


def test_a_stopped_run_goes_on_with_no_other_period(request_, steps, monkeypatch):
    tried = []

    def stopped(_, period, *__):
        tried.append(period.label)
        raise run.StoppedError("The run was stopped.", exit_code=1)

    monkeypatch.setattr(run._Run, "_publish", stopped)
    with pytest.raises(run.StoppedError):
        render(replace(request_, periods=("2025-Q3..2025-Q4",), keep_going=True), today=TODAY)
    assert tried == ["2025-Q3"]


def test_notebooks_begin_before_it_is_known_who_stands_in_front(request_, steps, monkeypatch):
    begun = threading.Event()
    steps["00_overview"] = lambda: begun.set() or "All is well."
    monkeypatch.setattr(write, "named_in_front", lambda *_: [] if begun.wait(60) else 1 / 0)
    (outcome,) = render(replace(request_, only=("overview",)), today=TODAY)
    assert outcome.state == "published"


def test_the_workbook_is_made_beside_the_notebooks_and_not_after_them(request_, steps, monkeypatch):
    made = threading.Event()
    monkeypatch.setattr(production, "write_period_workbook", lambda *_: made.set())
    steps["01_segmentation"] = lambda: "All is well." if made.wait(60) else 1 / 0
    (outcome,) = render(replace(request_, jobs=1), today=TODAY)
    assert outcome.state == "published"


def test_the_command_holds_no_table_while_the_last_notebooks_run(request_, steps, monkeypatch):
    let_go_of: list = []  # the period, how much it holds then; after the accounts and after all
    letting, gone = production.let_go, threading.Event()

    def let_go(q):
        let_go_of.append(q)
        letting(q)
        let_go_of.append(len(q._kept))
        if len(let_go_of) == 4:
            gone.set()

    monkeypatch.setattr(production, "let_go", let_go)
    steps["01_segmentation"] = lambda: "All is well." if gone.wait(60) else 1 / 0
    (outcome,) = render(request_, today=TODAY)
    assert outcome.state == "published" and let_go_of[1::2] == [0, 0]


@pytest.mark.parametrize(
    ("told", "is_whole"), [("data.account_days", False), ("data.previous.price_years", True)]
)
def test_of_the_periods_compared_with_only_what_is_asked_is_prepared(
    request_, monkeypatch, told, is_whole
):
    own = request_.book / "notebooks" / "mine.ipynb"
    own.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(told)]), own)
    prepared = {}

    def run_notebook(_, parameters, **__):
        for folder in Path(parameters["book"]).parent.glob("*/snapshot.json"):
            files = folder.parent.glob("*.parquet")
            prepared[folder.parent.name] = {file.stem for file in files}
        return shown("All is well.")

    monkeypatch.setattr(production, "run_notebook", run_notebook)
    monkeypatch.setattr(production, "write_period_workbook", lambda staged, data: None)
    monkeypatch.setattr(run, "can_fork", lambda: False)
    (outcome,) = render(replace(request_, only=("mine",)), today=TODAY)
    assert outcome.state == "published"
    everything = set(READ_TABLES) - set(UNBROKEN)
    assert prepared.pop("2025-Q4") == everything
    assert prepared == {"2025-Q3": everything if is_whole else asked_of_neighbours()}


def test_what_fails_beside_the_notebooks_is_told_after_them(request_, steps, monkeypatch):
    def broken(*_):
        raise KamError("No workbook.")

    monkeypatch.setattr(production, "write_period_workbook", broken)
    with pytest.raises(KamError, match="No workbook"):
        render(request_, today=TODAY)
    steps["01_segmentation"] = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        render(request_, today=TODAY)
    assert not request_.out.exists()


def test_the_book_is_let_go_of_before_the_notebooks_of_the_last_period(
    request_, steps, monkeypatch
):
    closed, seen, given = [], [], []
    close = Engine.close
    monkeypatch.setattr(Engine, "close", lambda self: (closed.append(1), close(self)))
    monkeypatch.setattr(held, "give_back", lambda: given.append(len(closed)))
    steps["01_segmentation"] = lambda: seen.append(len(closed)) or "All is well."
    render(replace(request_, periods=("2025-Q3..2025-Q4",)), today=TODAY)
    assert seen == [0, 1]
    assert given == [0, 0, 1, 1, 1]  # tables, twice a period; before them the book's memory


def test_when_every_page_fails_nothing_is_published(request_, steps):
    steps["01_segmentation"] = lambda: 1 / 0
    (outcome,) = render(replace(request_, keep_going=True), today=TODAY)
    assert outcome.state == "failed" and "ZeroDivisionError" in str(*outcome.failed.values())
    assert not (request_.out / "2025-Q4").exists()


# Publishing


@posix
def test_what_is_published_is_on_the_disk_before_it_is_seen(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(site, "flush", lambda file: done.append(file.name))
    monkeypatch.setattr(site, "_exchange", lambda *_: done.append("exchange"))
    for _ in range(2):
        staged = site.stage(tmp_path, "2025")
        for name in ("a.html", "b.html"):
            (staged / name).write_text("page")
        site.publish(staged, tmp_path, "2025")
    assert done == ["a.html", "b.html"] * 2 + ["exchange"]
    done.clear()
    site.write_file(tmp_path / "index.html", b"<html>")
    assert len(done) == 1 and done[0].startswith("index.html-")


@posix
def test_two_runs_switch_one_at_a_time(tmp_path):
    order = []
    inside, may_end = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        with site.locked(tmp_path):
            order.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    with site.locked(tmp_path):
        inside.set()
        may_end.wait(0.3)  # the other has all the time it would need
        order.append("one")
    thread.join()
    assert order == ["one", "other"]


def test_a_file_of_the_site_is_replaced_in_one_step(tmp_path):
    index = tmp_path / "index.html"
    site.write_file(index, b"<html>old</html>")
    with index.open("rb") as reader:  # as somebody who is reading it just then
        site.write_file(index, b"<html>new</html>")
        assert reader.read() == b"<html>old</html>"
    assert index.read_bytes() == b"<html>new</html>"


# Steps and pages


def notebook(*outputs: dict, counts: tuple[int | None, ...] = (1, 2)) -> nbformat.NotebookNode:
    """A notebook of two steps as papermill returns it; the second has the outputs."""
    cells = [
        nbformat.v4.new_code_cell("a = 1", id=f"c{n}", execution_count=count)
        for n, count in enumerate(counts)
    ]
    cells[-1].outputs = [nbformat.v4.new_output(**output) for output in outputs]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.mark.parametrize(
    ("executed", "said"),
    [
        (notebook(counts=(1, None)), "never run"),
        (notebook(counts=(1, 3)), "never run"),
        (
            notebook({"output_type": "error", "ename": "E", "evalue": "lost", "traceback": []}),
            "E: lost",
        ),
        (
            notebook(
                {
                    "output_type": "stream",
                    "name": "stderr",
                    "text": "Traceback (most recent call last):\nKeyError: 'x'\n",
                }
            ),
            "KeyError: 'x'",
        ),
    ],
)
def test_a_step_that_was_never_run_or_shows_an_error_fails(tmp_path, monkeypatch, executed, said):
    file = tmp_path / "n.ipynb"
    nbformat.write(notebook(), file)
    engines = kernel.papermill_engines
    monkeypatch.setattr(engines, "execute_notebook_with_engine", lambda *_, **__: executed)
    with pytest.raises(KamError, match=said) as raised:
        kernel.run_notebook(file, {}, environment={})
    assert raised.value.exit_code == 1


def test_a_notebook_that_was_not_watched_does_not_pass(monkeypatch):
    monkeypatch.setattr(watch, "_watching", [])
    with pytest.raises(watch.QuietFailureError, match="not watched"):
        watch.settle()


@pytest.mark.parametrize(
    "wrong",
    [
        "<style>p { background: url(http://x.example/a.png) }</style>",
        "<style>@import 'http://x.example/a.css';</style>",
        '<img src="http://x.example/a.png">',
        "<script src=a.js></script>",
        '<link rel="stylesheet" href="//x.example/a.css">',
    ],
)
def test_a_page_that_would_load_something_is_refused(wrong):
    with pytest.raises(KamError, match="would load"):
        check_page(f"<html><body>{wrong}</body></html>", "page.html")


def test_a_page_that_is_cut_short_is_refused():
    with pytest.raises(KamError, match="not complete"):
        check_page("<html><body><p>All is", "page.html")


def test_two_tables_of_one_name_are_refused_and_one_twice_is_not(tmp_path):
    own = tmp_path / "tables"
    for name, text in (("one", "a\n1\n"), ("two", "a\n1\n"), ("three", "a\n2\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scores.csv").write_text(text)
    merge_tables(tmp_path / "one", own)
    merge_tables(tmp_path / "two", own)
    with pytest.raises(KamError, match="Two different tables"):
        merge_tables(tmp_path / "three", own)
    assert (own / "scores.csv").read_text() == "a\n1\n"
