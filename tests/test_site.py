"""Publishing: what is staged becomes visible in one step, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
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
    assert sorted(f.name for f in (tmp_path / "2025-Q1").iterdir()) == ["0.html", "1.html", "2.html", "run.json"]
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
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    (tmp_path / ".kam" / f"2025-{int(gone.stdout)}-1").mkdir(parents=True)
    living = tmp_path / ".kam" / f"2025-{os.getppid()}-1"
    living.mkdir()
    site.clear_scratch(tmp_path)
    assert [entry.name for entry in (tmp_path / ".kam").iterdir()] == [living.name]


def first_word(name: str, folder: int) -> bytes:
    file = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(file, 40).split()[0]
    finally:
        os.close(file)


_PUBLISHER = """
import sys, itertools
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_site import staged
from kamlib.report import site
out = Path(sys.argv[1])
print("ready", flush=True)
for turn in itertools.count():
    site.publish(staged(out, "2025", f"{{sys.argv[2]}}{{turn}}"), out, "2025")
"""


def publisher(out: Path, name: str) -> subprocess.Popen:
    code = _PUBLISHER.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", code, str(out), name], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_killed_at_any_instant_the_site_stays_valid(tmp_path):
    site.publish(staged(tmp_path, "2025", "first"), tmp_path, "2025")
    chance = random.Random(7)
    for _ in range(15):
        process = publisher(tmp_path, "k")
        threading.Event().wait(chance.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert site.is_whole(tmp_path, "2025")
    site.clear_scratch(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["2025"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_several_publishers_and_a_reader(tmp_path):
    site.publish(staged(tmp_path, "2025", "first"), tmp_path, "2025")
    writers = [publisher(tmp_path, name) for name in "ab"]
    seen, until = set(), time.monotonic() + 2
    try:
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
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            writer.stdout.close()
    assert len(seen) > 1
    assert site.is_whole(tmp_path, "2025")
