"""Small and odd books: the period that is taken, and who is in a manager's report."""

from __future__ import annotations

import zipfile
from datetime import date

import pytest

from kamlib.book import read_settings
from kamlib.cli import main
from kamlib.intake import read_book
from kamlib.report import run
from kamlib.snapshot import default_period
from kamlib.sources import open_engine

BOOK = ("MINE", "ZEDHEAD", "zedhead")
HEADER = "order_id,account_id,order_date,revenue\n"


def default(book, today: date = date(2026, 1, 15)) -> str:
    settings = read_settings(book)
    with open_engine() as engine:
        return default_period(read_book(book, settings, engine), settings, today).label


@pytest.mark.parametrize(
    ("days", "settings", "label"),
    [
        (["2025-05-05"], "", "2025-Q2"),  # one order: no quarter is covered whole, its own is taken
        (["2025-05-05", "2025-06-29"], "", "2025-Q2"),
        (["2025-05-05", "2025-07-02"], "", "2025-Q2"),
        (["2025-02-05", "2025-06-29"], "", "2025-Q1"),
        (["2025-05-05"], "[fiscal_year]\nfirst_month = 2\n", "2026-Q2"),
        (["2025-05-05"], "complete_to = 2025-12-31\n", "2025-Q4"),
        (["2025-05-05", "2029-05-05"], "", "2025-Q2"),  # a mistyped year covers nothing
    ],
)
def test_the_default_period_holds_an_order(make_book, days, settings, label):
    lines = "".join(f"{number},A,{day},10\n" for number, day in enumerate(days))
    book = make_book({"orders.csv": HEADER + lines}, settings='title = "T"\n' + settings)
    assert default(book) == label


def test_a_managers_report_holds_nothing_of_another(make_book, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "can_fork", lambda: False)
    days = [f"2025-{month:02d}-05" for month in range(1, 13)]
    lines = "".join(f"{n}{a},{a},{day},{7 if a == 'MINE' else 1234567}\n" for n, day in enumerate(days) for a in BOOK)
    accounts = "account_id,name,manager_id,parent_id\nMINE,Own Ltd,M1,ZEDHEAD\n"
    accounts += "ZEDHEAD,Foreign Holding,M2,\nzedhead,Foreign Twin,M2,\n"
    book = make_book(
        {
            "orders.csv": HEADER + lines,
            "accounts.csv": accounts,
            "managers.csv": "manager_id,name\nM1,Ines Costa\nM2,Ulf Fremd\n",
            "plans/ZEDHEAD.toml": 'account_id = "ZEDHEAD"\n',
        },
        settings='title = "T"\ncomplete_to = 2025-12-31\n',
    )
    out = tmp_path / "site"
    assert main(["report", "--book", str(book), "--out", str(out), "--manager", "M1", "--only", "segmentation"]) == 0
    files = [file for file in out.rglob("*") if file.is_file()]
    text = "\n".join(readable(file) for file in files)
    assert "Own Ltd" in text
    for foreign in ("zedhead", "foreign", "fremd", ">m2<", "1234567", "1,234,567", "14814804", "14814888", "29629608"):
        assert foreign not in text.casefold(), foreign


def readable(file) -> str:
    """What a file says, an unpacked workbook's parts included."""
    if not zipfile.is_zipfile(file):
        return file.read_text(encoding="utf-8")
    with zipfile.ZipFile(file) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
