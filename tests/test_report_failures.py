"""A run that fails, is stopped or finds no room leaves the published site as it was, and no process
behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import nbformat
import pytest

from kamlib.cli import main
from kamlib.report import Request, pages, production, run
from kamlib.report.pages import kit_folder

from . import forked

ORDERS = "order_id,account_id,order_date,revenue\n" + "".join(
    f"{month},{account},2025-{month:02d}-05,{10 * month}\n"
    for month in range(1, 13)
    for account in "AB"
)
FIRST = """from IPython.display import HTML
import kamlib as kam
data = kam.open_period(book, period, manager_id)
display(HTML("<p>All is well.</p>"))"""
PARAMETERS = 'book = ""\nperiod = ""\nmanager_id = ""'

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        digest.update(file.relative_to(folder).as_posix().encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def kit(tmp_path_factory) -> Path:
    """A kit whose notebook of segmentation is two lines long."""
    folder = tmp_path_factory.mktemp("kit")
    shutil.copytree(kit_folder() / "templates", folder / "templates")
    (folder / "notebooks").mkdir()
    write_notebook(folder)
    return folder


def write_notebook(kit: Path, *cells: str) -> None:
    """Write the kit's notebook with further cells."""
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    book.cells = [
        nbformat.v4.new_code_cell(source, id=f"c{n}")
        for n, source in enumerate([PARAMETERS, FIRST, *cells])
    ]
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, kit / "notebooks" / "01_segmentation.ipynb")


@pytest.fixture
def use_kit(kit, monkeypatch):
    """Return a function that puts cells into the kit's notebook."""
    monkeypatch.setattr(pages, "kit_folder", lambda: kit)

    def use(*cells: str) -> Path:
        write_notebook(kit, *cells)
        return kit

    return use


@pytest.fixture
def warm(warm, monkeypatch):
    """Let runs of this process fork their kernels, and write no workbook."""
    monkeypatch.setattr(production, "write_period_workbook", lambda *_: None)


@pytest.fixture(scope="module")
def good(kit, tmp_path_factory) -> tuple[Path, Path]:
    """A tiny book, and the site published from it."""
    folder = tmp_path_factory.mktemp("good")
    book = folder / "book"
    book.mkdir()
    (book / "book.toml").write_text('title = "Tiny"\ncomplete_to = 2025-12-31\n')
    (book / "orders.csv").write_text(ORDERS)
    write_notebook(kit)
    done = forked.kam(*command(book, folder / "site"), kit=kit)
    assert done.returncode == 0, done.stderr
    assert "All is well." in (folder / "site" / "2025-Q4" / "segmentation.html").read_text()
    return book, folder / "site"


@pytest.fixture
def site(good, tmp_path) -> Path:
    """A copy of the published site, to run into."""
    return Path(shutil.copytree(good[1], tmp_path / "site"))


def command(book: Path, out: Path, *more: str) -> list[str]:
    """What is asked of the command line."""
    return ["report", "--book", str(book), "--out", str(out), "--only", "segmentation", *more]


def children() -> set[int]:
    """Every process below this one that has not ended, but the browser of other tests, which starts
    and ends its own as it likes.
    """
    found: set[int] = set()
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"playwright" not in (entry / "cmdline").read_bytes():
                    state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                    if state != "Z":
                        parents[int(entry.name)] = int(parent)
            except (OSError, IndexError):
                continue
    grown = {os.getpid()}
    while grown:
        grown = {child for child, parent in parents.items() if parent in grown} - found
        found |= grown
    return found


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(test, seconds: float = 240) -> bool:
    until = time.monotonic() + seconds
    while not test():
        if time.monotonic() > until:
            return False
        threading.Event().wait(0.05)
    return True


@linux
def test_a_kernel_finds_the_tables_of_its_run_read(good, use_kit, tmp_path):
    read = (
        "import os\nfrom pathlib import Path\nfrom kamlib.period.held import held\n"
        "assert 'account_days' in held(Path(book), os.environ['KAM_RUN'])._kept"
    )
    done = forked.kam(*command(good[0], tmp_path / "site"), kit=use_kit(read))
    assert done.returncode == 0, done.stderr


@linux
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(0)", "its Python process ended"),
        (
            "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()",
            "ZeroDivisionError",
        ),
        ("!false", "program of the system"),
        ("while True: pass", "longer than 3 seconds"),
        (
            "from IPython.display import HTML\nHTML('<img src=http://evil.example/x.png>')",
            "from elsewhere",
        ),
    ],
)
@pytest.mark.usefixtures("warm")
def test_a_step_that_fails_changes_nothing(good, site, use_kit, capsys, cell, said):
    use_kit(cell)
    before, running = tree_hash(site), children()
    arguments = [
        "report",
        "--book",
        str(good[0]),
        "--out",
        str(site),
        "--only",
        "segmentation",
        "--timeout",
        "3",
    ]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "Next:" in error
    assert "Traceback" not in error
    assert tree_hash(site) == before
    assert children() <= running


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_changes_nothing_and_leaves_no_process(
    good, site, use_kit, tmp_path, number
):
    mark = tmp_path / "kernel"
    kit = use_kit(  # a step in which the kernel hears of nothing
        f"import ctypes, os, pathlib\nf = "
        f"pathlib.Path({str(mark)!r})\nf.with_suffix('.new').write_text(str(os.getpid()))\n"
        "_ = f.with_suffix('.new').rename(f)\nctypes.PyDLL(None).sleep(600)"
    )
    before = tree_hash(site)
    process = forked.start(*command(good[0], site), kit=kit)
    assert wait_until(mark.is_file)
    kernel = int(mark.read_text())
    began = time.monotonic()
    os.kill(process.pid, number)
    done = process.ended(60)
    assert time.monotonic() - began < 55
    if number == signal.SIGKILL:
        assert done.returncode == -signal.SIGKILL
        assert tree_hash(site / "2025-Q4") == tree_hash(good[1] / "2025-Q4")
    else:
        assert done.returncode == 1
        assert "stopped" in done.stderr
        assert "Traceback" not in done.stderr
        assert tree_hash(site) == before
    assert wait_until(lambda: not is_running(kernel), 15)


@linux
@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("step", "cell"),
    [
        ("write_period_workbook", "import ctypes; ctypes.PyDLL(None).sleep(600)"),
        ("write_run", "display(HTML('another page'))"),
    ],
    ids=["while_a_notebook_runs", "before_it_is_published"],
)
def test_a_stop_that_a_library_takes_for_its_own_failure_is_heard(
    good, site, use_kit, capsys, monkeypatch, step, cell
):
    def swallowed(*_):
        with contextlib.suppress(Exception):
            signal.raise_signal(signal.SIGTERM)

    use_kit(cell)
    monkeypatch.setattr(production, step, swallowed)
    before = tree_hash(site)
    assert main([*command(good[0], site), "--timeout", "30"]) == 1
    assert "was stopped" in capsys.readouterr().err and tree_hash(site) == before


def test_a_range_that_fails_later_keeps_and_lists_what_was_published_before(
    good, use_kit, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(run, "can_fork", lambda: False)
    use_kit("assert data.span.label != '2025-Q3', 'not this one'")
    out = tmp_path / "new"
    arguments = ["report", "--book", str(good[0]), "--out", str(out), "--only", "segmentation"]
    assert main([*arguments, "--period", "2025-Q2..2025-Q4"]) == 1
    assert "not this one" in capsys.readouterr().err
    assert sorted(entry.name for entry in out.iterdir()) == ["2025-Q2", "index.html"]
    assert "2025-Q2/segmentation.html" in (out / "index.html").read_text(encoding="utf-8")


@linux
def test_no_room_on_the_disk(good, site, use_kit):
    kit = use_kit("display(HTML('x' * 3_000_000))")
    before = tree_hash(site)
    done = forked.start(*command(good[0], site), kit=kit, room=2_000_000).ended()
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Next:" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree_hash(site) == before


def test_an_output_folder_that_cannot_be_written(good, tmp_path, capsys):
    file = tmp_path / "reports"
    file.write_text("a file in the way")
    assert (
        main(["report", "--book", str(good[0]), "--out", str(file), "--only", "segmentation"]) == 2
    )
    error = capsys.readouterr().err
    assert str(file) in error
    assert "Next:" in error
    assert "does not know" not in error
    assert file.read_text() == "a file in the way"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere"
)
def test_a_site_that_is_read_only(good, site, capsys):
    site.chmod(0o500)
    try:
        assert (
            main(
                [
                    "report",
                    "--book",
                    str(good[0]),
                    "--out",
                    str(site),
                    "--force",
                    "--only",
                    "segmentation",
                ]
            )
            == 2
        )
    finally:
        site.chmod(0o700)
    assert "cannot be written" in capsys.readouterr().err


def test_a_second_run_with_nothing_changed_reads_no_book_and_starts_no_process(
    good, site, use_kit, monkeypatch, capsys
):
    def never(*_, **__):
        raise AssertionError("nothing has changed")

    use_kit()
    arguments = ["report", "--book", str(good[0]), "--out", str(site), "--only", "segmentation"]
    shutil.copy(good[1].with_name("site.status.json"), site.with_name("site.status.json"))
    monkeypatch.setattr("kamlib.intake.read_book", never)
    monkeypatch.setattr(run, "ForkServer", never)
    (site / "index.html").unlink()  # as when a run is killed between a period and the index
    assert main([*arguments, "--log", "json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[0]["state"] == "unchanged" and said[0]["failed"] == []
    assert said[0]["path"] == str(site / "2025-Q4" / "segmentation.html")
    assert Path(said[0]["path"]).is_file()
    assert all(line["time"].endswith("+00:00") for line in said)
    assert tree_hash(site) == tree_hash(good[1])
    with pytest.raises(AssertionError, match="nothing has changed"):
        run.render(
            Request(book=good[0], out=site, only=("segmentation",), force=True),
            today=date(2026, 1, 15),
        )


@linux
@pytest.mark.usefixtures("warm")
def test_a_damaged_run_file_is_told_and_the_period_made_anew(good, site, use_kit, capsys):
    use_kit()
    (site / "2025-Q4" / "run.json").write_text('{"period": [], "files": 3}')
    arguments = ["report", "--book", str(good[0]), "--out", str(site), "--only", "segmentation"]
    assert main([*arguments, "--log", "json"]) == 0
    said = capsys.readouterr()
    told = [json.loads(line) for line in said.err.splitlines()]
    assert any("counts as not published" in line.get("notice", "") for line in told)
    assert '"published"' in said.out
    assert tree_hash(site / "2025-Q4") != tree_hash(good[1] / "2025-Q4")  # run.json tells the time
    assert (site / "index.html").read_bytes() == (good[1] / "index.html").read_bytes()


@linux
@pytest.mark.usefixtures("warm")
def test_keeping_going_a_page_that_fails_keeps_its_last_good_version(
    good, use_kit, tmp_path, capsys
):
    kit = use_kit()
    notebooks, out = kit / "notebooks", tmp_path / "reports"
    other = notebooks / "03_retention.ipynb"
    shutil.copy(notebooks / "01_segmentation.ipynb", other)
    given = ["report", "--book", str(good[0]), "--out", str(out)]
    given += ["--only", "segmentation", "--only", "retention", "--keep-going"]
    try:
        assert main(given) == 0
        write_notebook(kit, "1 / 0")
        os.replace(notebooks / "01_segmentation.ipynb", other)
        write_notebook(kit, "display(HTML('<p>Newer.</p>'))")
        assert main(given) == 1
        said = capsys.readouterr()
        assert "but not retention: the last good version stands" in said.out
        assert "ZeroDivisionError" in said.err and "Traceback" not in said.err
        folder = out / "2025-Q4"
        assert "Newer." in (folder / "segmentation.html").read_text()
        kept = (folder / "retention.html").read_text()
        assert "could not be renewed" in kept and "All is well." in kept
        assert "Not renewed: retention." in (out / "index.html").read_text()
        status = json.loads((tmp_path / "reports.status.json").read_text())
        assert status["state"] == "failed" and status["periods"]["2025-Q4"]["stale_since"]
        assert site_is_whole(out)
        assert main(given) == 1  # what failed is tried again
        assert (folder / "retention.html").read_text().count("could not be renewed") == 1
        shutil.copy(notebooks / "01_segmentation.ipynb", other)
        assert main(given) == 0
        assert "could not be renewed" not in (folder / "retention.html").read_text()
        assert "Not renewed" not in (out / "index.html").read_text()
    finally:
        other.unlink()


def site_is_whole(out: Path) -> bool:
    return run.site.is_whole(out, "2025-Q4") and not (out / ".kam").exists()


@linux
@pytest.mark.skipif(not run.can_fork(), reason="needs warm kernels")
def test_the_warm_process_ends_with_a_run_that_is_killed_while_it_loads(tmp_path):
    (tmp_path / "seaborn.py").write_text(
        f"import pathlib, time\npathlib.Path({str(tmp_path / 'loads')!r}).touch()\ntime.sleep(600)"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    code = (
        "import sys\nfrom kamlib.report.server import ForkServer\n"
        f"server = ForkServer({{'PYTHONPATH': {path!r}}})\n"
        "print(server._process.pid, flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        warm = int(process.stdout.readline())
        assert wait_until((tmp_path / "loads").exists)
        process.kill()
    assert wait_until(lambda: not is_running(warm), 30)
