"""Publishing: what is staged becomes visible in one step, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kamlib.report import site


def tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        digest.update(str(file.relative_to(folder)).encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def staged(out: Path, label: str, version: str, pages: int = 20) -> Path:
    folder = site.stage(out, label)
    for number in range(pages):
        (folder / f"{number}.html").write_text(f"{version} {number}" * 50)
    run = {"period": {"label": label}, "version": version, "files": site.manifest(folder)}
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def test_a_period_is_published_and_replaced_whole(tmp_path):
    site.publish(staged(tmp_path, "2025-Q1", "one"), tmp_path, "2025-Q1")
    assert site.is_whole(tmp_path, "2025-Q1")
    site.publish(staged(tmp_path, "2025-Q1", "two", pages=3), tmp_path, "2025-Q1")
    assert site.is_whole(tmp_path, "2025-Q1")
    assert sorted(f.name for f in (tmp_path / "2025-Q1").iterdir()) == [
        "0.html",
        "1.html",
        "2.html",
        "run.json",
    ]
    site.clear_scratch(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["2025-Q1"]


def test_a_changed_or_missing_file_is_noticed(tmp_path):
    site.publish(staged(tmp_path, "2025", "one"), tmp_path, "2025")
    (tmp_path / "2025" / "3.html").write_text("touched")
    assert not site.is_whole(tmp_path, "2025")
    (tmp_path / "2025" / "3.html").unlink()
    assert not site.is_whole(tmp_path, "2025")
    assert not site.is_whole(tmp_path, "2024")


def test_scratch_of_a_run_that_is_gone_is_cleared_and_of_a_living_one_kept(tmp_path):
    (tmp_path / ".kam").mkdir()
    code = "import sys; from pathlib import Path; from kamlib.report import scratch; "
    code += "own = scratch.take(Path(sys.argv[1]), ''); print(own.folder, flush=True); "
    code += "sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / ".kam")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        folder = Path(other.stdout.readline().strip())
        (folder / "page.html").write_text("data of the book")
        site.clear_scratch(tmp_path)
        assert (folder / "page.html").is_file()
        other.kill()
    site.clear_scratch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def first_word(name: str, folder: int) -> bytes:
    file = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(file, 40).split()[0]
    finally:
        os.close(file)


_PUBLISHERS = """
import itertools, os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_site import staged
from kamlib.report import site
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    name, out = line.rstrip().split(" ", 1)
    if child := os.fork():
        print(child, flush=True)
        continue
    for turn in itertools.count():
        site.publish(staged(Path(out), "2025", f"{{name}}{{turn}}"), Path(out), "2025")
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[subprocess.Popen]:
    """A process that has loaded the kit and forks publishers."""
    code = _PUBLISHERS.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
        process.kill()


@pytest.fixture
def publisher(warm, tmp_path) -> Iterator[Callable[[str], int]]:
    """Return a function that starts a process that publishes again and again."""
    started: list[int] = []

    def start(name: str) -> int:
        warm.stdin.write(f"{name} {tmp_path}\n")
        warm.stdin.flush()
        started.append(int(warm.stdout.readline()))
        return started[-1]

    yield start
    for process in started:
        kill(process)


def kill(process: int) -> None:
    """Kill a process and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(process, signal.SIGKILL)
            time.sleep(0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
@pytest.mark.parametrize("kills", [30, pytest.param(1000, marks=pytest.mark.soak)])
def test_killed_at_any_instant_the_site_stays_valid(tmp_path, publisher, kills):
    began = time.monotonic()
    site.publish(staged(tmp_path, "2025", "first"), tmp_path, "2025")
    once = time.monotonic() - began
    chance, versions = random.Random(7), set()
    for number in range(kills):
        process = publisher(f"{number}-")
        time.sleep(chance.random() * 6 * once)
        kill(process)
        assert site.is_whole(tmp_path, "2025")
        versions.add(json.loads((tmp_path / "2025" / "run.json").read_text())["version"])
    assert len(versions) > kills / 6  # it was publishing that was killed, not starting
    site.clear_scratch(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["2025"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
@pytest.mark.parametrize(
    ("names", "seconds"), [("ab", 2), pytest.param("abcd", 60, marks=pytest.mark.soak)]
)
def test_several_publishers_and_a_reader(tmp_path, publisher, names, seconds):
    site.publish(staged(tmp_path, "2025", "first"), tmp_path, "2025")
    writers = [publisher(name) for name in names]
    seen, until = set(), time.monotonic() + seconds
    while time.monotonic() < until:
        folder = os.open(tmp_path / "2025", os.O_RDONLY)
        try:
            one, two = (first_word(name, folder) for name in ("0.html", "9.html"))
        except FileNotFoundError:
            continue
        finally:
            os.close(folder)
        assert one == two, "a page of one version beside a page of another"
        seen.add(one)
    for writer in writers:
        kill(writer)
    assert len(seen) > 1
    assert site.is_whole(tmp_path, "2025")
