"""Each guard of an unattended run has a test that turns red when the guard is taken out."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from kamlib.report import server

GUARDS = tomllib.loads(Path(__file__).with_name("guards.toml").read_text(encoding="utf-8"))
PARTS = ("kamlib", "notebooks", "templates", "tests", "data/sample", "docs", ".github")
PROGRAM = """
import os, shlex, signal, sys
import duckdb, hypothesis, ibis, lifelines, matplotlib.pyplot, nbconvert, pandas, papermill, pytest
import rich, scipy.stats, seaborn, statsmodels.api, typer, xlsxwriter
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        said = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        signal.alarm(300)
        how = ["-q", "-x", "-W", "ignore", "-p", "no:cacheprovider"]
        os._exit(pytest.main([*how, *shlex.split(line)]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def copy(root, tmp_path_factory) -> Path:
    """A copy of the kit that may be broken."""
    folder = tmp_path_factory.mktemp("guards")
    for part in PARTS:
        shutil.copytree(root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def tests_of_copy(copy) -> Iterator[subprocess.Popen]:
    """A process that has loaded the libraries and runs tests of the copy, each run a fork of it."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def ended(process: subprocess.Popen, test: str) -> int:
    """Run tests of the copy and return how that ended."""
    process.stdin.write(f"tests/{test} -m 'not soak'\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def all_words() -> dict[str, list[str]]:
    """Return the files of tests that guard the guards, and the words that choose among them."""
    found: dict[str, list[str]] = {}
    for one in GUARDS.values():
        file, _, words = shlex.split(one["test"])
        found.setdefault(file, []).append(f"({words})")
    return found


@pytest.mark.soak
@pytest.mark.skipif(not server.can_fork(), reason="needs warm kernels")
@pytest.mark.parametrize("file", all_words())
def test_where_every_guard_stands_nothing_is_missed(copy, tests_of_copy, file):
    """Else a test that fails for another reason would pass for one that bites."""
    words = shlex.quote(" or ".join(dict.fromkeys(all_words()[file])))
    code = ended(tests_of_copy, f"{file} -k {words}")
    assert code == 0, (copy / "said.txt").read_text()[-2000:]


@pytest.mark.soak
@pytest.mark.skipif(not server.can_fork(), reason="needs warm kernels")
@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_is_taken_out_is_missed(copy, tests_of_copy, name):
    one = GUARDS[name]
    file = copy / "kamlib" / f"{one['module']}.py"
    sound = file.read_text(encoding="utf-8")
    compiled = Path(cache_from_source(str(file)))
    try:
        file.write_text(sound.replace(one["guard"], one["without"], 1), encoding="utf-8")
        compiled.unlink(missing_ok=True)
        code = ended(tests_of_copy, one["test"])
    finally:
        file.write_text(sound, encoding="utf-8")
        compiled.unlink(missing_ok=True)
    failed = (1, -signal.SIGALRM)  # tests ran and one failed, or did not end
    assert code in failed, (copy / "said.txt").read_text()[-2000:]


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_is_where_the_list_says(root, name):
    one = GUARDS[name]
    assert one["guard"] in (root / "kamlib" / f"{one['module']}.py").read_text(encoding="utf-8")
    file, _, words = one["test"].partition(" -k ")
    assert words and (root / "tests" / file).is_file()
