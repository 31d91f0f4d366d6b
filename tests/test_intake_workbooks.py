"""Workbooks: typed cells stay typed, the stated range is not believed, nothing vanishes."""

from __future__ import annotations

import datetime
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine

from .sheets import binary_workbook, open_document

HEAD = ["order_id", "account_id", "order_date", "revenue"]
DAY = datetime.datetime(2025, 1, 5)
RULES = {
    "comma": '[input]\ndecimal = ","\ndate_format = "%d.%m.%Y"\n',
    "point": '[input]\ndecimal = "."\ndate_format = "%m/%d/%Y"\n',
    "none": "",
    "own": '[input]\ndecimal = ","\n[input.orders]\ndecimal = "."\n',
}


@pytest.fixture
def book(make_book):
    """Return a function that writes a book whose orders are a workbook: sheet → rows."""

    def make(sheets: dict[str, list[list]] | list[list], settings: str = "", **options):
        folder = make_book(settings=f'title = "x"\n{settings}')
        sheets = sheets if isinstance(sheets, dict) else {"Orders": sheets}
        file = folder / options.pop("name", "orders.xlsx")
        file.parent.mkdir(exist_ok=True)
        with xlsxwriter.Workbook(
            str(file), {"default_date_format": "yyyy-mm-dd", **options}
        ) as made:
            for name, rows in sheets.items():
                sheet = made.add_worksheet(name)
                for at, row in enumerate(rows):
                    sheet.write_row(at, 0, row)
        return folder

    return make


def rows(folder):
    with open_engine() as engine:
        intake = read_book(folder, read_settings(folder), engine)
        return intake.orders.order_by("_file", "_row").to_pyarrow().to_pylist()


def refusal(folder) -> KamError:
    with pytest.raises(KamError) as caught:
        check_book(folder)
    assert caught.value.exit_code == 2
    return caught.value


NUMBERS = [12.345, 999.125, 1234.5, 100, 0.5, 7.25, -1.001, 1234567.891, 1e-5, 250_000]


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("rules", RULES)
def test_numbers_are_what_they_are_whatever_the_rules_of_text(book, rules, locale):
    lines = [[str(n), "A", DAY, number] for n, number in enumerate(NUMBERS)]
    folder = book([HEAD, *lines], f'locale = "{locale}"\n{RULES[rules]}')
    found = rows(folder)
    assert [row["revenue"] for row in found] == [Decimal(repr(n)) for n in NUMBERS]
    assert {str(row["order_date"]) for row in found} == {"2025-01-05"}


@pytest.mark.parametrize("rules", ["comma", "point", "none"])
def test_numbers_of_a_raw_workbook_are_what_they_are(book, rules):
    lines = [[str(n), "A", DAY, number] for n, number in enumerate(NUMBERS)]
    folder = book([HEAD, *lines], 'locale = "de"\n' + RULES[rules], name="raw/lines.xlsx")
    (folder / "orders.sql").write_text("SELECT * FROM lines")
    assert [row["revenue"] for row in rows(folder)] == [Decimal(repr(n)) for n in NUMBERS]


def test_text_and_typed_cells_of_one_column(book):
    lines = [["1", "A", DAY, 1.5], ["2", "A", "31.01.2025", "1.234,50"], ["3", "A", DAY, True]]
    found = check_book(book([HEAD, *lines], RULES["comma"]))
    assert found["totals"]["revenue"] == 1236
    assert found["tables"]["orders"]["set_aside"] == {"revenue is not an amount": 1}
    told = next(n["what"] for n in found["notices"] if "days to the workbook" in n["what"])
    assert "2025-01-05" in told
    assert "31.01.2025" in told


IDS = [
    (7, "7"), (123.0, "123"), ("00123", "00123"), ("123.0", "123"), (12.5, None),
    (1234567890123456789, None), (1e15, None), (DAY, None),
    (999_999_999_999_999, "999999999999999"),
    ("1.23457E+15", None),
]  # fmt: skip


def test_ids_that_are_numbers_or_days(book):
    found = rows(book([HEAD, *([str(n), id_, DAY, 1] for n, (id_, _) in enumerate(IDS))]))
    assert [None if row["_reason"] else row["account_id"] for row in found] == [w for _, w in IDS]


def test_days_of_the_1904_system(book):
    assert (
        str(rows(book([HEAD, ["1", "A", DAY, 1]], date_1904=True))[0]["order_date"]) == "2025-01-05"
    )


def test_a_stated_range_is_not_believed(book):
    folder = book([HEAD, *([str(n), "A", DAY, 1] for n in range(60))])
    file = folder / "orders.xlsx"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    part = "xl/worksheets/sheet1.xml"
    parts[part] = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:C11"', parts[part])
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert check_book(folder)["totals"]["revenue"] == 60


def test_errors_and_formulas_never_computed_cost_their_rows(make_book):
    folder = make_book()
    (folder / "orders.csv").unlink(missing_ok=True)
    made = openpyxl.Workbook()
    for line in (
        [*HEAD, "cost"],
        ["1", "A", DAY, 5, 1],
        ["2", "A", DAY, 5, "=1+1"],
        ["3", "A", DAY, 7, 1],
    ):
        made.active.append(line)
    made.active["B4"] = "#N/A"
    made.active["B4"].data_type = "e"
    made.save(folder / "orders.xlsx")
    found = check_book(folder)
    assert found["tables"]["orders"]["set_aside"] == {
        "account_id is an error of the spreadsheet": 1,
        "cost is a formula that was never computed": 1,
    }
    assert any("1 formula" in notice["what"] for notice in found["notices"])
    assert [row["value"] for row in found["rows_set_aside"]] == [None, "#N/A"]


def test_a_cell_beyond_the_header_costs_its_row(book):
    found = check_book(book([HEAD, ["1", "A", DAY, 5], ["2", "A", DAY, 5, 6], ["3", "A", DAY, 7]]))
    assert found["tables"]["orders"]["set_aside"] == {"too many values in the row": 1}
    assert found["rows_set_aside"][0]["line"] == 3
    assert found["totals"]["revenue"] == 12


@pytest.mark.parametrize(
    ("sheets", "settings", "revenue"),
    [
        ({"A": [HEAD, ["1", "A", DAY, 5]], "Sheet2": [], "Sheet3": []}, "", 5),
        ({"2024": [HEAD, ["1", "A", DAY, 5]], "2025": [HEAD, ["2", "A", DAY, 6]]}, "", 11),
        ({"a": [HEAD, ["1", "A", DAY, 5]], "b": [[h.upper() for h in HEAD], ["2", "A", DAY, 6]]},
         "", 11),
        ({"Notes": [["Hello"]], "Data": [HEAD, ["1", "A", DAY, 5]]},
         '[input.orders]\nsheet = "Data"\n', 5),
        ([["Sales of 2025"], [], HEAD, ["1", "A", DAY, 5]], "[input]\nheader_line = 3\n", 5),
        ([[], [], HEAD, ["1", "A", DAY, 5]], "", 5),
        ([["order\nid", " Account ID ", "order_date", "revenue"], ["1", "A", DAY, 5]],
         '[columns.orders]\norder_id = "Order ID"\naccount_id = "account id"\n', 5),
    ],
)  # fmt: skip
def test_sheets_and_headers(book, sheets, settings, revenue):
    assert check_book(book(sheets, settings))["totals"]["revenue"] == revenue


@pytest.mark.parametrize(
    ("sheets", "settings", "said"),
    [
        ({"Notes": [["Hello"]], "Data": [HEAD, ["1", "A", DAY, 5]]}, "",
         ["Notes, Data", "sheet = "]),
        ([HEAD, ["1", "A", DAY, 5]], '[input]\nsheet = "Ordrs"\n',
         ["no sheet 'Ordrs'", "'Orders'"]),
        ([[*HEAD, "Revenue "], ["1", "A", DAY, 5, 6]], "", ["Two columns", "row 1"]),
        ([["Sales"], ["2025"], HEAD, ["1", "A", DAY, 5]], "", ["'Sales'", "header_line = 3"]),
        ([["a", "b"], [], HEAD, ["1", "A", DAY, 5]], "", ["header_line = 3"]),
        ([], "", ["workbook is empty"]),
        ([["order_id", "account_id", "2025-01", "2025-02", "2025-03"], ["1", "A", 5, 6, 7]], "",
         ["column per month", "UNPIVOT"]),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_meant_is_refused_with_the_line_to_write(
    book, sheets, settings, said
):
    text = str(refusal(book(sheets, settings)))
    for word in said:
        assert word in text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("orders.xls", b"a\tb\n1\t2\n", "text with tabs"),
        ("orders.xls", b"<html><table></table>", "web page"),
        ("orders.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:">',
         "XML spreadsheet"),
        ("orders.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel workbook"),
        ("orders.xlsx", b"a,b\n1,2\n", "plain text"),
        ("orders.xlsx", b"", "empty"),
        ("orders.xlsx", b"PK\x03\x04" + bytes(200), "cannot be read"),
        ("orders.ods", b"PK\x03\x04" + bytes(200), "cannot be read"),
        ("orders.csv", b"PK\x03\x04" + bytes(200), "an Excel workbook"),
    ],
)  # fmt: skip
def test_what_a_workbook_is_not_is_said(make_book, name, content, said):
    error = refusal(make_book({name: content}))
    assert said in error.what
    assert name in error.where
    assert error.next


def test_a_workbook_cut_short_or_with_a_damaged_part_is_refused(book):
    folder = book([HEAD, *([str(n), "A", DAY, n / 7] for n in range(500))])
    file = folder / "orders.xlsx"
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], whole.replace(b"\x00", b"\x01", 40)):
        file.write_bytes(broken)
        assert "cannot be read" in refusal(folder).what


def _with_sheet(folder, xml: bytes) -> None:
    file = folder / "orders.xlsx"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = xml
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_hostile_workbooks_are_refused_or_harmless(book, tmp_path):
    folder = book([HEAD, ["1", "A", DAY, 5]])
    with zipfile.ZipFile(folder / "orders.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    far = sheet.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    _with_sheet(folder, far)
    assert "far apart" in refusal(folder).what
    secret = tmp_path / "secret.txt"
    secret.write_text("CANARY")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'.encode()
    head, _, tail = sheet.partition(b"?>")
    hostile = tail.replace(b"<v>5</v>", b"<v>&e;</v>")
    _with_sheet(folder, head + b"?>" + entity + hostile)
    try:
        found = check_book(folder)
    except KamError as error:
        assert "CANARY" not in str(error)
    else:
        assert "CANARY" not in str(found)
    _with_sheet(folder, sheet.replace(b"</sheetData>", b" " * 300_000_000 + b"</sheetData>"))
    assert "unpacks to" in refusal(folder).what


@pytest.mark.parametrize(("form", "write"), [("ods", open_document), ("xlsb", binary_workbook)])
@pytest.mark.parametrize("rules", ["", '[input]\ndecimal = ","\n'])
def test_other_forms_of_workbooks_are_read(make_book, form, write, rules):
    folder = make_book(settings='title = "x"\n' + rules)
    write(
        folder / f"orders.{form}",
        [HEAD, ["1", "Ärzte", str(DAY)[:10], 12.345], ["2", "B", str(DAY)[:10], 100.0]],
    )
    found = check_book(folder)
    assert found["totals"]["revenue"] == 112.345
    assert found["totals"]["accounts"] == 2


@pytest.mark.parametrize("form", ["xls", "ods"])
def test_workbooks_that_an_office_program_saved_are_read(make_book, form):
    """Days as days, ids with their zeros, formulas by their value, an error set aside: the sheet
    was saved by LibreOffice in both forms.
    """
    saved = Path(__file__).parent / "data" / "workbooks" / f"orders.{form}"
    folder = make_book({f"orders.{form}": saved.read_bytes()})
    with open_engine() as engine:
        intake = read_book(folder, read_settings(folder), engine)
        lines = intake.orders.order_by("_row").to_pyarrow().to_pylist()
    used = [line for line in lines if line["_reason"] is None]
    assert len(lines) == 32 and len(used) == 31
    first, second, last = used[0], used[1], used[-1]
    assert (first["account_id"], second["account_id"]) == ("100", "001")
    assert str(first["order_date"]) == "2024-01-01"
    assert str(second["delivered_date"]) == "2024-02-02"
    assert second["product"] == "Äpfel & Öl, 5%"
    assert float(last["revenue"]) == pytest.approx(100.25 + 1 / 3 + 100.25, abs=1e-6)
    assert [line["_reason"] for line in lines if line["_reason"]] == ["no revenue"]
