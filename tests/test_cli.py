"""The command line: one clear message with what, where and what next; nothing started, nothing
published.
"""

from __future__ import annotations

import json

import pytest

from kamlib.cli import main
from kamlib.report import production
from kamlib.report import run as report_run

from .conftest import ROOT

ORDERS = "order_id,account_id,order_date,revenue\n1,A,2024-05-05,10\n2,A,2025-12-31,20\n"


@pytest.fixture
def no_kernel(monkeypatch):
    """Fail the test when a notebook would be run."""

    def started(*_, **__):
        raise AssertionError("a kernel was about to start")

    monkeypatch.setattr(production, "run_notebook", started)
    monkeypatch.setattr(report_run, "can_fork", lambda: False)


def test_a_folder_in_place_of_an_option_is_answered_with_the_line_to_type(make_book, capsys):
    book = make_book({"orders.csv": ORDERS})
    assert main(["report", str(book)]) == 2
    assert f"kam report --book {book}" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--period", "2025-Q9"], "'2025-Q9' is not a period"),
        (["--period", "2019-Q1"], "no orders up to the end of Q1 2019"),
        (["--perod", "2025"], "--period"),
        (["--only", "retenton"], "'retention'"),
        (["--accounts", "B"], "'B' is not an account"),
        (["--accounts", "Key"], "Did you mean 'key'?"),
        (["--accounts", ","], "No account is named"),
        (["--manager", "m1"], "No account has the manager 'm1'"),
        (["--jobs", "0"], "jobs"),
        (["--log", "xml"], "text or json"),
        (["extra"], "extra"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_a_wrong_request_is_refused_before_a_kernel_starts(
    make_book, tmp_path, capsys, arguments, said
):
    book = make_book({"orders.csv": ORDERS})
    out = tmp_path / "reports"
    assert main(["report", "--book", str(book), "--out", str(out), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not out.exists()


@pytest.mark.parametrize(
    ("files", "settings", "said"),
    [
        (None, 'title = "x"', "no table orders"),
        ({"orders.csv": "order_id,acount_id,order_date,revenue\n"}, 'title = "x"', "account_id"),
        ({"orders.csv": ORDERS}, 'titel = "x"', "Did you mean 'title'?"),
        ({"orders.csv": ORDERS, "customers.csv": "a\n"}, 'title = "x"', "not a table of the kit"),
        ({"orders.csv": ORDERS, "orders.parquet": b"x"}, 'title = "x"', "there twice"),
        ({"orders.parquet": b"nonsense"}, 'title = "x"', "cannot be read"),
        ({"orders.xlsx": b"nonsense"}, 'title = "x"', "no Excel workbook"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_a_wrong_book_is_refused(make_book, tmp_path, capsys, files, settings, said):
    book = make_book(files, settings=settings)
    for command in (["check"], ["report", "--out", str(tmp_path / "reports")]):
        assert main([*command, "--book", str(book)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "Next:" in error
        assert "Traceback" not in error


def test_a_missing_book_and_an_unknown_command(capsys, tmp_path):
    assert main(["check", "--book", str(tmp_path / "none")]) == 2
    assert "There is no book" in capsys.readouterr().err
    assert main(["chekc"]) == 2
    assert "check" in capsys.readouterr().err


def test_check_prints_for_people_and_for_machines(make_book, capsys):
    book = make_book({"orders.csv": ORDERS + "3,,2025-01-01,5\n"})
    assert main(["check", "--book", str(book)]) == 1  # a third of the rows is lost: too much
    text = capsys.readouterr().out
    assert "no account_id (EUR 5.00)" in text
    assert "stakeholder map" in text
    assert main(["check", "--book", str(book), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["tables"]["orders"] | {"revenue": None} == {
        "read": 3,
        "used": 2,
        "set_aside": {"no account_id": 1},
        "revenue": None,
    }
    assert found["tables"]["orders"]["revenue"] == {
        "read": 35.0,
        "used": 30.0,
        "set_aside": {"no account_id": 5.0},
    }
    assert found["totals"]["accounts"] == 1
    assert "contacts" in found["missing"]


def test_a_practice_company_is_written_once(tmp_path, capsys):
    folder = tmp_path / "company"
    assert main(["practice", str(folder), "--seed", "3"]) == 0
    assert (folder / "truth" / "truth.csv").is_file()
    assert main(["practice", str(folder)]) == 2
    unsaid = tmp_path / "unsaid"
    assert main(["practice", str(unsaid)]) == 0
    sample = (ROOT / "data" / "sample" / "orders.csv").read_bytes()
    assert (unsaid / "orders.csv").read_bytes() != sample
    assert "not empty" in capsys.readouterr().err
    assert main(["practice", str(tmp_path / "other"), "--story", "wale"]) == 2
    assert "'whale'" in capsys.readouterr().err
