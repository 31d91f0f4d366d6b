"""Sixty requests that cannot be meant: refused in words with what to do next, and nothing made."""

from __future__ import annotations

from pathlib import Path

import pytest

from kamlib.cli import main
from kamlib.report import production, run

ORDERS = "order_id,account_id,order_date,revenue\n1,A,2024-05-05,10\n2,A,2025-12-31,20\n"
PERIODS = (
    "", " ", "2025-Q0", "2025-Q5", "2025-13", "2025-00", "2025-W53", "2025-W54", "25-Q3", "Q3-2025",
    "2025Q3", "2025-q3", "last-quarter", "previous-decade", "2025-Q4..2025-Q1", "2025-Q1..",
    "..2025-Q1", "2025-Q1..2025-02", "2025-Q1..2025-Q2..2025-Q3", "0000-Q1", "99999-Q1",
    "2025-Q3,2025-Q4", "2025-Q3\n", "2025-Q3 ", "\u0662\u0660\u0662\u0665-Q3", "x" * 5000,
)  # fmt: skip
JOBS = ("", "0", "-1", "65", "2.0", " 2", "2 ", "two", "+2", "1_0", "\u0662", "9" * 40)
OTHERS = (
    ["--timeout", "0"], ["--timeout", "1e3"], ["--timeout", "86401"], ["--deadline", "-1"],
    ["--deadline", "inf"], ["--deadline", "604801"], ["--mode", ""], ["--mode", "0777"],
    ["--mode", "Group"], ["--log", ""], ["--log", "JSON"], ["--status", ""], ["--status", "."],
    ["--status", "nowhere/status.json"], ["--only", ""], ["--only", "dossier"],
    ["--only", "segmentation,scoring"], ["--only", "../x"], ["--accounts", ""],
    ["--accounts", ", ,"], ["--only", "segmentation", "--accounts", "A"], ["--manager", ""],
    ["--manager", "\u200b"], ["--out", ""], ["--out", "si\nte"], ["--out", "\0x"],
    ["--out", "x" * 5000], ["--book", ""], ["--book", "nowhere"], ["--book", "x" * 5000],
    ["--perod", "2025"], ["extra"],
)  # fmt: skip
REQUESTS = [
    *(["--period", period] for period in PERIODS),
    *(["--jobs", jobs] for jobs in JOBS),
    *OTHERS,
]


@pytest.mark.parametrize("given", REQUESTS, ids=lambda given: " ".join(given)[:30])
def test_it_is_refused_before_the_book_is_read(make_book, tmp_path, monkeypatch, capsys, given):
    def never(*_, **__):
        raise AssertionError("it was started")

    monkeypatch.setattr("kamlib.intake.read_book", never)
    monkeypatch.setattr(production, "run_notebook", never)
    monkeypatch.setattr(run, "can_fork", lambda: False)
    monkeypatch.chdir(tmp_path)
    book = make_book({"orders.csv": ORDERS})
    ours = {"--book": str(book), "--out": "site"}
    rest = [word for option in ours if option not in given for word in (option, ours[option])]
    assert main(["report", *rest, *given]) == 2
    said = capsys.readouterr().err
    assert "Next:" in said and "does not know" not in said and "Traceback" not in said
    assert len(said) < 1500
    assert not Path("site").exists()


def test_there_are_sixty():
    assert len(REQUESTS) >= 60
