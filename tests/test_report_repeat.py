"""The same book gives the same bytes, whatever the machine's seed, zone and language and the order
of the rows.
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


def test_another_machine_and_other_row_order_give_the_same_bytes(first, tmp_path):
    shuffled = random.Random(8).sample(LINES, len(LINES))
    report(
        tmp_path,
        shuffled,
        PYTHONHASHSEED="77",
        TZ="Asia/Kolkata",
        LANG="de_DE.UTF-8",
        LC_ALL="C.UTF-8",
    )
    one, other = content(first / "site"), content(tmp_path / "site")
    assert list(one) == list(other)
    assert [name for name in one if one[name] != other[name]] == []
