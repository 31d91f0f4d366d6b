"""What hangs together wrongly among a book's tables is told; shares and months of targets."""

from __future__ import annotations

import re

import pytest

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.intake.ties import tie_notices

from .conftest import ROOT

ORDERS = "order_id,account_id,order_date,revenue\n1,A,2025-01-05,5\n2,B,2025-02-05,6\n"
TOLD = {
    "an account that nobody knows": (
        {"contacts.csv": "account_id,name\nA,Ann\nX,Zed\n"},
        "contacts", "1 account stands neither in orders nor in accounts: X."),
    "a manager that nobody knows": (
        {"managers.csv": "manager_id,name\n1,Ann\n",
         "accounts.csv": "account_id,manager_id\nA,1\nB,7\n"},
        "accounts", "No row of managers has the manager_id 7."),
    "a person that nobody knows": (
        {"contacts.csv": "account_id,name,contact_id\nA,Ann,c1\n",
         "interactions.csv": "account_id,date,contact_id\nA,2025-01-05,c9\n"},
        "interactions", "No row of contacts has the contact_id c9."),
    "an end before its start": (
        {"agreements.csv": "agreement_id,account_id,start_date,end_date\n"
                           "1,A,2025-03-01,2025-02-01\n2,B,2025-03-01,\n"},
        "agreements", "1 row ends before the start (end_date, start_date), such as 2025-02-01 and"),
    "two tiers at once": (
        {"tiers.csv": "account_id,tier,start_date,end_date\nA,key,2025-01-01,2025-06-30\n"
                      "A,candidate,2025-06-01,\nB,key,2025-01-01,2025-05-31\n"
                      "B,regular,2025-06-01,\n"},
        "tiers", "1 spell runs on while the account's next one has begun, such as 'key' of account "
                 "'A', which is 'candidate' from 2025-06-01."),
    "a share of 40": (
        {"needs.csv": "account_id,category,annual_spend,attainable_share\nA,T,9,40\n"},
        "needs", "a share is from 0 to 1, and that of 1 row is not, such as '40'."),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_what_does_not_hang_together_is_told(make_book, name):
    files, table, said = TOLD[name]
    notices = check_book(make_book({"orders.csv": ORDERS, **files}))["notices"]
    assert said in " ".join(one["what"] for one in notices if one["table"] == table)


def test_the_sample_book_hangs_together():
    sample = ROOT / "data" / "sample"
    with open_engine() as engine:
        intake = read_book(sample, read_settings(sample), engine)
        accounts = {*intake.frames["accounts"]["account_id"]}
        assert tie_notices(intake.frames, accounts, intake.present) == []


def test_a_share_is_read_in_percent(make_book):
    needs = "account_id,category,annual_spend,attainable_share,probability\nA,T,9,40%,0.5\n"
    folder = make_book({"orders.csv": ORDERS, "needs.csv": needs.replace("0.5", "62.5 %")})
    with open_engine() as engine:
        read = read_book(folder, read_settings(folder), engine).frames["needs"]
        assert read[["attainable_share", "probability"]].to_numpy().tolist() == [[0.4, 0.625]]


def test_targets_with_a_column_per_month_are_turned_by_the_line_that_is_said(make_book):
    files = {"orders.csv": ORDERS, "targets.csv": "account_id,2025-01,2025-02,2025-03\nA,1,2,3\n"}
    folder = make_book(files)
    with pytest.raises(KamError) as caught:
        check_book(folder)
    (statement,) = re.findall(r"targets\.sql: (SELECT .*)\.$", caught.value.next)
    (folder / "targets.csv").unlink()
    make_book({"targets.sql": statement, "raw/targets.csv": files["targets.csv"]})
    assert check_book(folder)["tables"]["targets"]["used"] == 3


def test_an_agreement_without_end_says_how_its_day_is_written(make_book):
    rows = "agreement_id,account_id,start_date,end_date\n1,A,2025-01-01,31.12.9999\n"
    with pytest.raises(KamError, match="are not read as the book stands") as caught:
        check_book(make_book({"orders.csv": ORDERS, "agreements.csv": rows}))
    assert 'date_format = "%d.%m.%Y"' in caught.value.next
