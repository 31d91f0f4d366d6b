"""The same book gives the same bytes, whatever the machine's seed, zone, language and the taste of
who works at it, and the order of the rows.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

CHANCE = random.Random(3)
LINES = [
    f"{month}{account},{account},{date(year, month, 5 + number)},{CHANCE.randint(1, 9999) / 100}"
    for year in (2024, 2025)
    for month in range(1, 13)
    for number, account in enumerate("ABCDE")
]


def report(folder: Path, lines: list[str], **environment: str) -> str:
    """Write the book's lines, render into ``site`` beside it and return what was said."""
    book = folder / "book"
    book.mkdir(parents=True, exist_ok=True)
    (book / "book.toml").write_text('title = "T"\ncomplete_to = 2025-12-31\n')
    (book / "orders.csv").write_text(
        "\n".join(["order_id,account_id,order_date,revenue", *lines]) + "\n"
    )
    command = [sys.executable, "-m", "kamlib", "report", "--book", book, "--out", folder / "site"]
    done = subprocess.run(
        [*command, "--only", "segmentation"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def content(site: Path) -> dict[str, bytes]:
    files = sorted(file for file in site.rglob("*") if file.is_file() and file.name != "run.json")
    return {file.relative_to(site).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    report(folder, LINES, PYTHONHASHSEED="1")
    return folder


def test_a_second_run_finds_nothing_to_do(first):
    before = content(first / "site")
    assert "2025-Q4: nothing changed" in report(first, LINES)
    assert content(first / "site") == before


def test_to_find_nothing_to_do_no_tables_are_loaded(first):
    given = ["report", "--book", first / "book", "--out", first / "site", "--only", "segmentation"]
    code = (
        "import sys; from kamlib.cli import main; main(sys.argv[1:]);"
        "print(sorted({'pandas', 'numpy', 'duckdb', 'ibis'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, given)], capture_output=True, text=True, check=True
    )
    said = done.stdout.splitlines()
    assert said[0] == "2025-Q4: nothing changed"
    assert said[-1] == "[]"


def at_home(folder: Path) -> tuple[dict[str, str], Path]:
    """Return the environment of someone who has set IPython and matplotlib up as they like them,
    and the file that what they have written there would leave.
    """
    ran = folder / "ran"
    taste = (
        "import pandas as pd; pd.set_option('display.precision', 1)\n"
        f"open({str(ran)!r}, 'a').write('x')\n"
    )
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    for file in (startup / "00-own.py", folder / "python.py"):
        file.write_text(taste)
    (startup.parent / "ipython_kernel_config.py").write_text(
        f"open({str(ran)!r}, 'a').write('x')\nc.InteractiveShellApp.exec_lines = ['1 / 0']\n"
    )
    look = folder / "matplotlibrc"
    look.write_text("font.size: 23\naxes.facecolor: red\nlines.linewidth: 9\nsvg.hashsalt: own\n")
    return {
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONSTARTUP": str(folder / "python.py"),
        "MATPLOTLIBRC": str(look),
    }, ran


def test_another_machine_and_other_row_order_give_the_same_bytes(first, tmp_path):
    shuffled = random.Random(8).sample(LINES, len(LINES))
    own, ran = at_home(tmp_path / "home")
    report(
        tmp_path,
        shuffled,
        PYTHONHASHSEED="77",
        TZ="Asia/Kolkata",
        LANG="de_DE.UTF-8",
        LC_ALL="C.UTF-8",
        **own,
    )
    assert not ran.exists()
    one, other = content(first / "site"), content(tmp_path / "site")
    assert list(one) == list(other)
    assert [name for name in one if one[name] != other[name]] == []
