"""What an unattended run must refuse, mend or clear; each without a kernel."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from kamlib.book import read_settings
from kamlib.cli import main
from kamlib.errors import KamError
from kamlib.page.names import page_name
from kamlib.report import Request, pages, production, render, run, scratch, site
from kamlib.report.convert import check_page
from kamlib.report.deadline import deadline
from kamlib.report.index import renew_index
from kamlib.report.mark import book_hashes, run_mark
from kamlib.report.pages import PAGES, kit_folder, wanted_pages
from kamlib.report.request import check_account
from kamlib.report.status import Status
from kamlib.stop import StoppedError, heed

ORDERS = "order_id,account_id,order_date,revenue\n1,A,2024-05-05,10\n2,A,2025-12-31,20\n"
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


@pytest.fixture
def book(make_book) -> Path:
    return make_book({"orders.csv": ORDERS})


@pytest.fixture
def no_kernel(monkeypatch):
    """Fail the test when a notebook would be run."""

    def started(*_, **__):
        raise AssertionError("a kernel was about to start")

    monkeypatch.setattr(production, "run_notebook", started)
    monkeypatch.setattr(run, "can_fork", lambda: False)


# Requests


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--manager", ""], "--manager is empty"),
        (["--manager="], "--manager is empty"),
        (["--manager", " \u00a0"], "--manager is empty"),
        (["--manager", "\u200b"], "--manager is empty"),
        (["--accounts", ""], "--accounts is empty"),
        (["--only", ""], "--only is empty"),
        (["--period", ""], "--period is empty"),
        (["--out", ""], "--out is empty"),
        (["--book", ""], "--book is empty"),
        (["--period", "2025-Q3\n"], "line break"),
        (["--period", "2025-\u2028Q3"], "line break"),
        (["--period", " 2025-Q3"], "blank at an end"),
        (["--period", "\u0662\u0660\u0662\u0665-Q3"], "digits 0 to 9"),
        (["--period", "2030-Q1"], "no orders in Q1 2030"),
        (["--jobs", " 2"], "whole number"),
        (["--jobs", "\u0662"], "whole number"),
        (["--jobs", "1_0"], "whole number"),
        (["--deadline", "0"], "whole number"),
        (["--only", "segmentation", "--accounts", "ZZZ"], "dossiers"),
        (["--mode", "everybody"], "no mode"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_a_request_that_cannot_be_meant_is_refused(book, tmp_path, capsys, given, said):
    out = [] if given[0] == "--out" else ["--out", str(tmp_path / "site")]
    where = [] if given[0] == "--book" else ["--book", str(book)]
    assert main(["report", *where, *out, *given]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("out", "said"),
    [("book", "inside the book"), ("book/site", "inside the book"), ("x" * 5000, "this name")],
)
@pytest.mark.usefixtures("no_kernel")
def test_a_site_stands_where_it_can(book, tmp_path, capsys, out, said):
    before = sorted(book.rglob("*"))
    assert main(["report", "--book", str(book), "--out", str(tmp_path / out)]) == 2
    assert said in capsys.readouterr().err
    assert sorted(book.rglob("*")) == before


@pytest.mark.usefixtures("no_kernel")
def test_requests_are_refused_before_the_book_is_read(book, tmp_path, monkeypatch):
    def read(*_, **__):
        raise AssertionError("the book was read")

    monkeypatch.setattr("kamlib.intake.read_book", read)
    for wrong in ({"manager_id": ""}, {"accounts": ","}, {"periods": ("",)}, {"only": ("x",)}):
        request = Request(book=book, out=tmp_path / "site", **wrong)
        with pytest.raises(KamError):
            render(request, today=date(2026, 1, 15))


def test_a_word_for_accounts_stands_alone():
    with pytest.raises(KamError, match="stands alone"):
        check_account("none", {"A"})
    check_account("none", {"A", "none"})  # as an account may be called


def test_a_practice_company_with_no_name_or_seed(tmp_path, capsys):
    assert main(["practice", str(tmp_path / "c"), "--seed", "-1"]) == 2
    assert main(["practice", str(tmp_path / ("c" * 5000))]) == 2
    assert "does not know" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_errors_are_lines_for_machines_where_the_log_is(book, tmp_path, capsys):
    given = ["report", "--book", str(book), "--out", str(tmp_path / "s"), "--log", "json"]
    assert main([*given, "--period", "nonsense"]) == 2
    assert main([*given, "--jobs", "x"]) == 2
    for line in capsys.readouterr().err.splitlines():
        said = json.loads(line)
        assert said["time"].endswith("+00:00")
        assert said["error"] and said["next"] and said["exit_code"] == 2


@posix
@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_an_input_that_is_no_file_is_refused_and_not_waited_for(make_book, tmp_path, capsys, kind):
    book = make_book()
    file = book / "orders.csv"
    {"pipe": os.mkfifo, "folder": Path.mkdir, "link": lambda f: f.symlink_to("nowhere")}[kind](file)
    assert main(["report", "--book", str(book), "--out", str(tmp_path / "site")]) == 2
    said = {"pipe": "is no ordinary file", "folder": "is a folder", "link": "is a link to nothing"}
    assert said[kind] in capsys.readouterr().err


# Pages


def test_no_account_takes_the_name_of_a_page_of_the_site():
    for taken in ("index", "INDEX", "tables", "Tables", "CON", "com1"):
        names = page_name([taken, "A"])
        assert names["A"] == "A"
        assert names[taken].lower() not in ("index", "tables", "con", "com1")


@pytest.mark.parametrize(
    "wrong",
    [
        '<p onclick="go()">x</p>',
        "<svg/onload=go()>",
        '<a href="&#106;avascript:go()">x</a>',
        '<a href="java\nscript:go()">x</a>',
        '<iframe srcdoc="x"></iframe>',
        "<IMG OnError = go() src=data:,x>",
    ],
)
def test_a_page_that_would_run_something_is_refused(wrong):
    with pytest.raises(KamError, match="would run a program"):
        check_page(f"<html><body>{wrong}</body></html>", "page.html")


def test_a_page_that_only_speaks_of_it_is_not():
    said = "&lt;p onclick=x&gt; javascript: one = 1; <i title='on = off'>on=1</i>"
    check_page(f"<html><body>{said}</body></html>", "page.html")


@pytest.fixture
def own_kit(tmp_path, monkeypatch) -> Path:
    """A kit that may be broken."""
    kit = tmp_path / "kit"
    for part in ("templates", "notebooks"):
        shutil.copytree(kit_folder() / part, kit / part)
    monkeypatch.setattr(pages, "kit_folder", lambda: kit)
    return kit


@pytest.mark.parametrize(
    "lost", ["notebooks/03_retention.ipynb", "templates/report/frame.html.j2", "templates"]
)
def test_a_kit_that_is_not_whole_starts_nothing(own_kit, lost):
    (shutil.rmtree if (own_kit / lost).is_dir() else os.unlink)(own_kit / lost)
    with pytest.raises(KamError, match="is missing"):
        wanted_pages(["retention"])
    wanted_pages(["segmentation"]) if lost.startswith("notebooks") else None


# What is done again, and what is not


def test_what_changes_nothing_rebuilds_nothing_and_what_does_does(book, own_kit):
    request = Request(book=book, only=("segmentation",))

    def mark() -> dict:
        settings = read_settings(book)
        return run_mark(request, [PAGES["segmentation"]], settings, book_hashes(book))

    before = mark()
    with (book / "book.toml").open("a") as file:
        file.write("# a remark\n")
    (own_kit / "notebooks" / "03_retention.ipynb").write_text("{}")
    assert mark() == before
    for changed, text in (
        (book / "book.toml", 'title = "Other"\n'),
        (book / "orders.csv", ORDERS + "3,B,2025-01-01,1\n"),
        (own_kit / "notebooks" / "01_segmentation.ipynb", "{}"),
        (own_kit / "templates" / "report" / "page.css", "p {}"),
    ):
        changed.write_text(text)
        assert mark() != before, changed
        before = mark()


# The site


def published(out: Path, label: str = "2025-Q3", **more: object) -> Path:
    """Put a period into a site without rendering it."""
    folder = out / label
    folder.mkdir(parents=True)
    (folder / "segmentation.html").write_text("<html></html>")
    run = {
        "period": {"label": label, "as_of": "2025-09-30"},
        "figures": [],
        "rendered": "2025-10-01T00:00:00+00:00",
        "files": site.manifest(folder),
    }
    (folder / "run.json").write_text(json.dumps({**run, **more}))
    return folder


def test_an_index_that_does_not_match_is_made_anew_and_one_that_does_is_left_alone(book, tmp_path):
    out, settings = tmp_path / "site", read_settings(book)
    published(out)
    renew_index(out, settings)
    index = out / "index.html"
    good, inode = index.read_bytes(), index.stat().st_ino
    renew_index(out, settings)
    assert index.stat().st_ino == inode
    for damage in (b"", good[:-300], b"<html></html>"):
        index.write_bytes(damage)
        renew_index(out, settings)
        assert index.read_bytes() == good
    published(out, "2025-Q2")  # as a run does that is killed before the index
    renew_index(out, settings)
    assert "2025-Q2/segmentation.html" in index.read_text()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", "null", "{}", '{"period": 3}', '{"files": {}, "period": {"label": "x"}}'],
)
def test_a_damaged_run_file_counts_as_not_published(book, tmp_path, content):
    out = tmp_path / "site"
    published(out, "2025-Q2")
    (published(out) / "run.json").write_text(content)
    assert site.published_run(out, "2025-Q3") is None
    assert not site.is_whole(out, "2025-Q3")
    assert site.damaged_runs(out) == ["2025-Q3"]
    site.check_own(out, ["2025-Q3"])
    renew_index(out, read_settings(book))
    assert "2025-Q3/" not in (out / "index.html").read_text()


@pytest.mark.parametrize("wrong", [{"figures": [3]}, {"figures": {}}, {"rendered": None}])
def test_a_run_file_of_another_form_is_not_listed(tmp_path, wrong):
    published(tmp_path, **wrong)
    assert site.published_runs(tmp_path) == {}


def test_what_is_not_the_kits_is_not_written_over(tmp_path):
    (tmp_path / "2025-Q3").mkdir()
    (tmp_path / "2025-Q3" / "mine.txt").write_text("mine")
    with pytest.raises(KamError, match="no report has made"):
        site.check_own(tmp_path, ["2025-Q3"])
    site.check_own(tmp_path, ["2025-Q4"])
    (tmp_path / "index.html").write_text("<html>a site of mine</html>")
    with pytest.raises(KamError, match=r"index\.html"):
        site.check_own(tmp_path, [])


@posix
@pytest.mark.parametrize(
    ("mode", "folder", "file"), [("group", 0o750, 0o640), ("world", 0o755, 0o644)]
)
def test_a_site_is_readable_for_those_it_is_meant_for(book, tmp_path, mode, folder, file):
    staged = site.stage(tmp_path, "2025")
    (staged / "page.html").write_text("page")
    (staged / "page.html").chmod(0o600)
    site.publish(staged, tmp_path, "2025", mode=mode)
    renew_index(tmp_path, read_settings(book), mode=mode)
    modes = {
        one.name: stat.S_IMODE(one.stat().st_mode)
        for one in (tmp_path / "2025", tmp_path / "2025" / "page.html", tmp_path / "index.html")
    }
    assert modes == {"2025": folder, "page.html": file, "index.html": file}


@posix
def test_what_a_command_writes_is_its_owners_alone(tmp_path, capsys):
    before = os.umask(0)
    try:
        assert main(["notebook", str(tmp_path / "mine")]) == 0
    finally:
        os.umask(before)
    made = [tmp_path / "mine", *(tmp_path / "mine").rglob("*")]
    assert len(made) > 5
    assert [one for one in made if one.stat().st_mode & 0o077] == []


def test_windows_is_asked_to_flush_what_may_be_written(tmp_path, monkeypatch):
    asked, real = [], os.open
    (tmp_path / "a").write_text("a")
    monkeypatch.setattr(
        site.os, "open", lambda file, flags: asked.append(flags) or real(file, flags)
    )
    monkeypatch.setattr(site.sys, "platform", "win32")
    site.flush(tmp_path / "a")
    assert asked[0] & os.O_RDWR


# Scratch


@posix
def test_scratch_of_a_killed_run_goes_with_the_next_and_that_of_a_living_one_stays(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import sys\nfrom kamlib.report.scratch import run_folder\nwith run_folder() as folder:\n"
        "    (folder / 'periods').mkdir()\n    print(folder, flush=True)\n    sys.stdin.read()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as other:
        left = Path(other.stdout.readline().strip())
        with scratch.run_folder() as own:
            assert own.is_dir() and (left / "periods").is_dir()
        other.kill()
        other.wait()
    with scratch.run_folder() as own:
        assert not left.exists() and own.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_scratch_without_an_owner_goes_when_it_is_old(tmp_path):
    old, fresh, other = (tmp_path / name for name in ("kam-old", "kam-fresh", "other"))
    for folder in (old, fresh, other):
        folder.mkdir()
    (old / "in use").write_text("")
    long_ago = time.time() - 8 * 24 * 3600
    for folder in (old, other):
        os.utime(folder, (long_ago, long_ago))
    scratch.clear_left_behind(tmp_path)
    assert old.is_dir()  # something in it was changed just now
    for entry in (old / "in use", old):
        os.utime(entry, (long_ago, long_ago))
    scratch.clear_left_behind(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {"kam-fresh", "other"}


@posix
def test_sockets_have_names_that_the_system_takes_wherever_the_scratch_space_is(
    tmp_path, monkeypatch
):
    deep, short = tmp_path / ("d" * 120), tmp_path / "short"
    deep.mkdir()
    short.mkdir()
    monkeypatch.setattr(scratch, "_SHORT", short)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with scratch.socket_folder() as folder:
        assert folder.parent == short and list(deep.iterdir()) == []
    left = scratch.take(short)  # as a run leaves it that is killed
    left.lock.release(force=True)
    with scratch.run_folder():
        assert list(short.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    with scratch.socket_folder() as folder:
        assert folder.parent == Path("/tmp")


# Deadline


@posix
def test_a_run_ends_at_its_deadline():
    with pytest.raises(StoppedError, match="deadline"), deadline(0.05):
        threading.Event().wait(60)
    with pytest.raises(StoppedError), deadline(0.05):
        try:
            threading.Event().wait(60)
        except StoppedError as error:
            raise ValueError("as a library wraps it") from error
    with pytest.raises(StoppedError, match="deadline"), deadline(0.05):
        with contextlib.suppress(StoppedError):  # as a library takes it for its own
            threading.Event().wait(60)
        heed()
    heed()
    with deadline(60):
        pass
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


@posix
def test_a_run_that_cannot_be_interrupted_ends_all_the_same():
    code = (
        "import signal, time\nfrom kamlib.report.deadline import deadline\n"
        "with deadline(0.1, grace=0.2):\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    time.sleep(60)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "deadline" in done.stderr


# Health


def test_the_health_file_says_since_when_a_period_is_stale(tmp_path):
    out, file = tmp_path / "site", tmp_path / "site.status.json"
    file.write_text("[damaged")
    error = KamError("No room.", where="here", exit_code=1)

    def said() -> dict:
        return json.loads(file.read_text())

    published(out)
    first = Status(file, out)
    assert said()["state"] == "running" and said()["last_success"] is None
    first.period("2025-Q3", "published", {})
    first.success()
    assert said()["state"] == "ok" and said()["failed"] is None
    assert said()["periods"]["2025-Q3"]["stale_since"] is None
    success = said()["last_success"]
    for _ in range(2):
        again = Status(file, out)
        again.said["last_try"] = f"try {_}"
        again.period("2025-Q3", "failed", {"2025-Q3": error})
        again.failure(error)
    assert said()["state"] == "failed" and said()["last_success"] == success
    assert said()["periods"]["2025-Q3"]["stale_since"] == "try 0"
    assert said()["failed"] == {"what": "No room.", "where": "here", "next": "", "exit_code": 1}


def test_a_refused_request_is_a_failed_try(book, tmp_path):
    out = tmp_path / "site"
    with pytest.raises(KamError):
        render(Request(book=book, out=out, periods=("nonsense",)), today=date(2026, 1, 15))
    said = json.loads((tmp_path / "site.status.json").read_text())
    assert said["state"] == "failed" and said["failed"]["exit_code"] == 2


def test_a_default_period_is_remembered_as_long_as_it_holds(tmp_path):
    status = Status(tmp_path / "s.json", tmp_path)
    known = {"state": "s", "label": "2025-Q3", "from": "2025-10-05", "until": None}
    status.said["default_period"] = known
    assert status.default_label("s", date(2025, 10, 5)) == "2025-Q3"
    assert status.default_label("s", date(2027, 1, 1)) == "2025-Q3"
    assert status.default_label("s", date(2025, 10, 4)) is None
    assert status.default_label("other", date(2025, 10, 5)) is None
    status.said["default_period"] = {**known, "until": "2025-10-05"}
    assert status.default_label("s", date(2025, 10, 6)) is None


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize("where", ["write_snapshots", "read_snapshot"])
def test_no_room_in_the_scratch_space_is_said_in_words(book, tmp_path, monkeypatch, capsys, where):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"kamlib.period.snapshot.{where}", full)
    assert main(["report", "--book", str(book), "--out", str(tmp_path / "site")]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said and "TMPDIR" in said
    assert not (tmp_path / "site").exists()
