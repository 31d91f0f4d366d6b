"""Small books made after real exports: each is read rightly, or refused with the line to write."""

from __future__ import annotations

import pytest

from kamlib.check import check_book
from kamlib.errors import KamError

READ = {
    "cases/csv-date-midnight": 7770,
    "cases/csv-latin1-semicolon-declared": 7800,
    "cases/xlsx-dimension-a1": 7770,
    "cases/xlsx-dimension-short": 7770,
    "cases/xlsx-empty-sheets": 7770,
    "cases/xlsx-typed-numbers-decimal-comma": 212.344,
    "cases-ok/crlf-quoted-name": 7770,
    "cases-ok/csv-date-text-declared": 7770,
    "cases-ok/csv-footer": 7770,
    "cases-ok/csv-header-spaces": 7770,
    "cases-ok/csv-newline-header": 7770,
    "cases-ok/two-currencies-rates": 10604,
    "cases-ok/xlsx-numbers-as-text": 7770,
    "cases-ok/xlsx-subtotal-rows": 7770,
    "cases-ok/xlsx-total-row": 7770,
}
REFUSED = {
    "cases/csv-date-compact": ["20240101", 'date_format = "%Y%m%d"'],
    "cases/csv-date-unambiguous": ["1/10/2024", '"%m/%d/%Y"'],
    "cases/csv-title-rows": ["Line 1 is not the header", "header_line = 4"],
    "cases/missing-order-id": ["'order_id'", "Document No, Customer No", '"Document No"'],
    "cases/month-as-date": ["'2023-01'", 'date_format = "%Y-%m"'],
    "cases/raw-unknown-form": ["orders.xls", ".xlsx"],
    "cases/sql-unknown-column": ["Net Sales", "sales (Doc, Cust, Sales, When)"],
    "cases/tab-xls": ["not read as .xls", "orders.tsv"],
    "cases/xls-old-excel": ["old Excel workbook", "save it as .xlsx"],
    "cases/xlsx-dup-columns": ["Two columns are named 'revenue'"],
    "cases/xlsx-title-rows": ["Row 1 is not the header", "header_line = 4"],
    "cases-ok/csv-as-xlsx": ["plain text", "orders.csv"],
    "cases-ok/csv-latin1-semicolon": ["line 2", "encoding ="],
    "cases-ok/html-xls": ["no Excel workbook", "web page"],
    "cases-ok/two-currencies": ["several currencies", "rates"],
}
TOLD = {
    "cases/monthly-aggregated": "complete_to = 2024-12-31",
    "cases/promised-without-delivered": "no delivered_date",
    "cases/xlsx-formula-uncached": "nobody computed",
    "cases/xlsx-half-dates": "38 are text",
    "cases/xlsx-merged-groups": "48 rows of 60 have nothing in 'account_id'",
    "cases-ok/csv-one-far-future": "2052-03-31",
    "cases-ok/fullwidth-twins": "upper and lower case",
    "cases-ok/header-only": "no rows",
}
AMOUNTS = [
    "-5009", "-69.35", "-", "-12.5", "-", "-", "-", "-", "-", "1234567.89", "12000", "-1000",
    "-45", "1234.5", "-", "-", "-", "-",
]  # fmt: skip


@pytest.fixture
def case(shared):
    def folder(name: str):
        found = shared.parent / name
        if not found.is_dir():
            pytest.skip(f"{name} is not beside the checkout")
        return found

    return folder


@pytest.mark.parametrize("name", READ)
def test_it_is_read_to_the_cent(case, name):
    found = check_book(case(name))
    assert found["totals"]["revenue"] == pytest.approx(READ[name], abs=1e-9)
    if READ[name] == 7770:
        assert (found["totals"]["orders"], found["totals"]["accounts"]) == (60, 4)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_the_value_and_the_line_to_write(case, name):
    with pytest.raises(KamError) as caught:
        check_book(case(name))
    assert caught.value.exit_code == 2
    for word in REFUSED[name]:
        assert word in str(caught.value)


@pytest.mark.parametrize("name", TOLD)
def test_it_is_told(case, name):
    told = [f"{notice['what']} {notice['next']}" for notice in check_book(case(name))["notices"]]
    assert any(TOLD[name] in text for text in told), told


def test_what_is_set_aside_keeps_its_amount_and_shows_its_value(case):
    merged = check_book(case("cases/xlsx-merged-groups"))["tables"]["orders"]
    assert merged["set_aside"] == {"no account_id": 48}
    assert merged["revenue"]["used"] + merged["revenue"]["set_aside"]["no account_id"] == 7770
    formulas = check_book(case("cases/xlsx-formula-uncached"))["tables"]["orders"]
    assert formulas["set_aside"] == {"revenue is a formula that was never computed": 60}
    aside = check_book(case("cases-ok/all-set-aside"))
    assert aside["tables"]["orders"]["used"] == 0
    assert aside["rows_set_aside"][0]["value"] == "n/a"


def test_amounts_of_every_kind_of_export(case):
    """Signs of four currencies in a book that names none: set aside, with their values."""
    found = check_book(case("cases/amount-forms"))
    values = {row["row"]: row["value"] for row in found["rows_set_aside"]}
    assert set(values) == {n for n, amount in enumerate(AMOUNTS, start=1) if amount == "-"}
    assert values[3] == "8,959.00 CR"
    total = sum(float(amount) for amount in AMOUNTS if amount != "-")
    assert found["totals"]["revenue"] == pytest.approx(total, abs=1e-9)


def test_record_ids_that_differ_by_case_are_no_twins(case):
    found = check_book(case("cases-ok/salesforce-ids"))
    assert found["totals"]["accounts"] == 2
    assert not any("case" in notice["what"] for notice in found["notices"])
