"""Files whose rows are not order lines yet: heads of two rows, sheets, months across, odd cells.

Each is made a book without a word of SQL, its revenue to the cent, or answered with what to do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from kamlib.check import check_book
from kamlib.errors import KamError

from . import office
from .test_start import made, read, table
from .test_start_exports import DAYS, HEAD, PRICES, SUM, german

Sheets = dict[str, Sequence[Sequence[object]]]


def book_of(sheets: Sheets, *merged: str) -> Callable[[Path], bytes]:
    def write(path: Path) -> bytes:
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for name, rows in sheets.items():
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(list(row))
            for cells in merged:
                sheet.merge_cells(cells)
        workbook.save(path)
        return path.read_bytes()

    return write


def one(*rows: Sequence[object], merged: Sequence[str] = ()) -> Callable[[Path], bytes]:
    return book_of({"Sheet1": rows}, *merged)


def amounts(write: Callable[[int, Decimal], object]) -> dict[str, str]:
    head = HEAD.replace(",", ";")
    rows = [f"{n};K{n % 5};{d};{write(n, PRICES[n])}" for n, d in enumerate(DAYS)]
    return {"o.csv": table(head, rows)}


def days(write: Callable[[dt.date], object]) -> dict[str, str]:
    head = HEAD.replace(",", ";")
    rows = [f"{n};K{n % 5};{write(d)};{PRICES[n]}" for n, d in enumerate(DAYS)]
    return {"o.csv": table(head, rows)}


def lines(*names: str) -> list[list[object]]:
    """Return a row per day of what is named."""
    made_of = {
        "no": lambda n: n, "day": lambda n: DAYS[n], "account": lambda n: f"K{n % 5}",
        "name": lambda n: f"Firma {n % 5}", "net": lambda n: float(PRICES[n]),
        "gross": lambda n: float(PRICES[n]) * 1.19,
    }  # fmt: skip
    return [[made_of[name](n) for name in names] for n in range(20)]


def is_back(n: int) -> bool:
    return n % 4 == 0


LESS = sum(-p if is_back(n) else p for n, p in enumerate(PRICES))
ITEMS = [[n, f"S{m}", m + 1, float(PRICES[n])] for n in range(20) for m in range(2)]
ORDERS = [[n, f"K{n % 5}", d] for n, d in enumerate(DAYS)]
CUSTOMERS = [[f"K{n}", f"Firma {n}"] for n in range(5)]
ORDER_HEAD, ITEM_HEAD = (
    ["Order No", "Customer No", "Order Date"],
    ["Order No", "SKU", "Qty", "Unit Price"],
)
MONTHS = [[f"K{n}", f"Firma {n}", 10 * n + 1.5, 20.0 + n, 30.0, None if n == 2 else 5.25]
          for n in range(5)]  # fmt: skip
CELLS = [v for row in MONTHS for v in row[2:] if v is not None]
TURNED = Decimal(str(sum(CELLS)))
NAMED = ["Customer No", "Customer Name"]
WEEK = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"]
ENGLISH = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def text(rows: Sequence[Sequence[object]], mark: str = ",") -> list[str]:
    return [mark.join("" if cell is None else str(cell) for cell in row) for row in rows]


LIST = lines("no", "account", "day", "net")
PLAIN = text(LIST)
READ = {
    # a header of two rows
    "two rows of a header": (
        {"o.xlsx": one(
            ["Order", None, "Customer", "Amount", None], ["No", "Date", "No", "Net", "Gross"],
            *lines("no", "day", "account", "net", "gross"), merged=["A1:B1", "D1:E1"])},
        {}, SUM, "Rows 1 and 2 are one header"),
    "two rows of a header in German": (
        {"o.xlsx": one(
            ["Auftrag", None, "Kunde", None, "Umsatz", None],
            ["Nummer", "Datum", "Nummer", "Name", "netto", "brutto"],
            *lines("no", "day", "account", "name", "net", "gross"))},
        {}, SUM, "'Umsatz netto' (German name)"),
    "a title above two rows of a header": (
        {"o.xlsx": one(
            ["Sales 2024"], [None], ["Order", None, "Customer", "Amount", None],
            ["No", "Date", "No", "Net", "Gross"], *lines("no", "day", "account", "net", "gross"))},
        {}, SUM, "Rows 3 and 4 are one header"),
    "two lines of a header": (
        {"o.csv": "Order,,Customer,Amount,\n" + table("No,Date,No,Net,Gross", text(
            lines("no", "day", "account", "net", "gross")))},
        {}, SUM, "Lines 1 and 2 are one header"),
    "groups over whole names": (
        {"o.xlsx": one(
            ["Order", None, "Customer", None, "Money"],
            ["Order No", "Order Date", "Customer No", "Customer Name", "Net Value"],
            *lines("no", "day", "account", "name", "net"))},
        {}, SUM, "'Customer Name'"),
    "a customer in the first of its rows alone": (
        {"o.xlsx": one(["Customer", *(HEAD.split(",")[i] for i in (0, 2, 3))], *[
            [f"K{k}" if n < 5 else None, n, DAYS[n], float(PRICES[n])]
            for k in range(5) for n in range(k, 20, 5)])},
        {}, SUM, "'Customer' stands once per group"),
    # sheets that differ
    "orders and items on two sheets": (
        {"shop.xlsx": book_of({"Orders": [ORDER_HEAD, *ORDERS], "Items": [ITEM_HEAD, *ITEMS]})},
        {}, 3 * SUM, "joined by the order"),
    "four sheets": (
        {"shop.xlsx": book_of({
            "Read me": [["Made by our shop"], ["for you"]], "Customers": [NAMED, *CUSTOMERS],
            "Orders": [ORDER_HEAD, *ORDERS], "Items": [ITEM_HEAD, *ITEMS]})},
        {}, 3 * SUM, "Not used: shop.xlsx [Read me]"),
    "a title above the items alone": (
        {"shop.xlsx": book_of({
            "Orders": [ORDER_HEAD, *ORDERS], "Items": [["Items of 2024"], [], ITEM_HEAD, *ITEMS]})},
        {}, 3 * SUM, "Row 1 is not the header"),
    "sales beside customers": (
        {"U.xlsx": book_of({
            "Umsätze": [["Rechnungsnr", "Kundennr", "Rechnungsdatum", "Nettobetrag"],
                        *lines("no", "account", "day", "net")],
            "Kundenstamm": [["Kundennr", "Kundenname"], *CUSTOMERS]})},
        {}, SUM, "accounts: U.xlsx [Kundenstamm]"),
    # a column per month
    "months in English": (
        {"s.csv": table(
            "Customer No,Customer Name,Jan 2024,Feb 2024,Mar 2024,Apr 2024", text(MONTHS))},
        {}, TURNED, "a column per month ('Jan 2024' to 'Apr 2024') is read as a row per month"),
    "months in German": (
        {"s.csv": table("Kundennr;Kunde;Jän 2024;Februar 2024;März 2024;Apr. 2024", [
            row.replace(".", ",") for row in text(MONTHS, ";")])},
        {}, TURNED, "'Jän 2024'"),
    "months that are days": (
        {"s.xlsx": one([*NAMED, *(dt.date(2024, m, 1) for m in range(1, 5))], *MONTHS)},
        {}, TURNED, "a column per month"),
    "months with totals": (
        {"s.xlsx": one(
            [*NAMED, "2024-01", "2024-02", "2024-03", "2024-04", "Total"],
            *[[*row, 99] for row in MONTHS], ["Total", None, 1, 2, 3, 4, 10])},
        {}, TURNED, "a total, not an order line (4)"),
    "months below years": (
        {"s.xlsx": one(
            [*NAMED, "2023", None, "2024", None], [None, None, "Nov", "Dec", "Jan", "Feb"],
            *MONTHS, merged=["C1:D1", "E1:F1"])},
        {}, TURNED, "'2023 Nov'"),
    "months beside a year": (
        {"s.csv": table("Customer No,Year,Jan,Feb,Mar,Apr", text(
            [[row[0], 2024, *row[2:]] for row in MONTHS]))},
        {}, TURNED, "a column per month"),
    "months of a year that is said": (
        {"s.csv": table("Customer No,Jan,Feb,Mar,Apr", text(
            [[row[0], *row[2:]] for row in MONTHS]))},
        {"year": "2024"}, TURNED, "a column per month"),
    "months with pieces and amounts": (
        {"s.csv": table(
            ",".join(["Customer", *(f"{m} 2024 {w}" for m in ("Jan", "Feb", "Mar")
                                    for w in ("Qty", "Value"))]),
            [f"K{n},1,10,2,20,3,30" for n in range(5)])},
        {}, Decimal(300), "a column per month"),
    # a day, an amount in several columns
    "a year and a month": (
        {"o.csv": table("Customer,Year,Month,Net Value", [
            f"K{n % 5},{d.year},{d.month},{PRICES[n]}" for n, d in enumerate(DAYS)])},
        {"order_id": "none"}, SUM, "the day is joined of 'Year' and 'Month'"),
    "a year, a month and a day": (
        {"o.csv": table("Beleg;Kunde;Jahr;Monat;Tag;Betrag", [
            f"{n};K{n % 5};{d.year};{d.month};{d.day};{german(PRICES[n])}"
            for n, d in enumerate(DAYS)])},
        {}, SUM, "'Jahr-Monat-Tag'"),
    "debit and credit": (
        {"o.csv": table("Document No,Customer No,Date,Debit,Credit", [
            f"{n},K{n % 5},{d},,{PRICES[n]}" if is_back(n) else f"{n},K{n % 5},{d},{PRICES[n]},0.00"
            for n, d in enumerate(DAYS)])},
        {}, LESS, "'Credit' as money given back"),
    "debit and credit of an account of revenue": (
        {"gl.csv": table("Journal No,Customer No,Date,Debit,Credit", [
            f"{n},K{n % 5},{d},{PRICES[n]}," if is_back(n) else f"{n},K{n % 5},{d},,{PRICES[n]}"
            for n, d in enumerate(DAYS)])},
        {}, LESS, "'Debit' as money given back"),
    "a mark of the side": (
        {"o.csv": table("Belegnr;Kundennr;Datum;Betrag;S/H", [
            f"{n};K{n % 5};{d:%d.%m.%Y};{german(PRICES[n])};{'H' if is_back(n) else 'S'}"
            for n, d in enumerate(DAYS)])},
        {}, LESS, "'H' is money given back"),
    # amounts
    "CR behind": (amounts(lambda n, p: f"{p:,.2f} CR" if is_back(n) else f"{p:,.2f}"), {}, LESS,
                  "CR is money given back"),
    "Cr. and Dr.": (amounts(lambda n, p: f"{p:,.2f} {'Cr' if is_back(n) else 'Dr'}."), {}, LESS,
                    "CR is money given back"),
    "H and S behind": (amounts(lambda n, p: f"{german(p)} {'H' if is_back(n) else 'S'}"), {}, LESS,
                       "H is money given back"),
    "a dash for no cents": (
        amounts(lambda n, p: f"{1 + n}.000,-"), {}, Decimal(210_000), "decimal is ,"),
    "two dashes for no cents": (
        amounts(lambda n, p: f"€ {1 + n}.000,--"), {}, Decimal(210_000), ""),
    "a dash behind a point": (amounts(lambda n, p: f"{100 + n}.-"), {}, Decimal(2190), ""),
    "figures of full width": (
        amounts(lambda n, p: "".join(chr(ord(letter) + 0xFEE0) for letter in str(p))),
        {}, SUM, ""),
    "a minus behind": (
        amounts(lambda n, p: f"{german(p)}{'-' if is_back(n) else ''}"), {}, LESS, ""),
    "brackets": (
        amounts(lambda n, p: f"$({p:,.2f})" if is_back(n) else f"${p:,.2f}"), {}, LESS, ""),
    "apostrophes": (amounts(lambda n, p: f"Fr. {p:,.2f}".replace(",", "’")), {}, SUM, ""),
    "narrow blanks": (
        amounts(lambda n, p: german(p).replace(".", "\u202f") + "\u00a0€"), {}, SUM, ""),
    "lakhs": (amounts(lambda n, p: f"1,23,{400 + n}.50"), {}, Decimal(2_468_200), ""),
    "powers of ten": (amounts(lambda n, p: f"{float(p):.6E}"), {}, SUM, ""),
    "texts with a comma beside numbers": (
        {"o.xlsx": one(HEAD.split(","), *[
            [n, f"K{n % 5}", d, german(PRICES[n]) if n % 2 else float(PRICES[n])]
            for n, d in enumerate(DAYS)])},
        {}, SUM, "decimal is ,"),
    "a small price in a workbook": (
        {"o.xlsx": one(["Order No", "Customer", "Date", "Qty", "Unit Price"], *[
            [n, f"K{n % 5}", d, 1_000_000, 0.00005] for n, d in enumerate(DAYS)])},
        {}, Decimal(1000), ""),
    "a price with a dash": (
        {"o.csv": table("Order No;Customer;Date;Qty;Unit Price", [
            f"{n};K{n % 5};{d};2;1.000,-" for n, d in enumerate(DAYS)])},
        {}, Decimal(40_000), "decimal is ,"),
    "a price per hundred": (
        {"o.csv": table("Order No,Customer,Date,Qty,Unit Price,Price Unit", [
            f"{n},K{n % 5},{d},100,{PRICES[n]},100" for n, d in enumerate(DAYS)])},
        {}, SUM, "per 'Price Unit'"),
    "a discount with a sign": (
        {"o.csv": table("Order No,Customer,Date,Qty,Unit Price,Discount", [
            f"{n},K{n % 5},{d},1,{PRICES[n]},10%" for n, d in enumerate(DAYS)])},
        {}, SUM * Decimal("0.9"), "multiplied by 0.01"),
    # days
    "weekdays in English": (days(lambda d: f"{d:%a, %d %b %Y}"), {}, SUM, ""),
    "weekdays in German": (
        days(lambda d: f"{WEEK[d.weekday()]} {d:%d.%m.%Y}"), {}, SUM, "%a %d.%m.%Y"),
    "days of a program": (days(lambda d: f"{d:%a %b %d %Y} 12:00"), {}, SUM, "%b %d %Y %H:%M"),
    "ordinals": (days(lambda d: f"{d.day}{ENGLISH.get(d.day, 'th')} {d:%B %Y}"), {}, SUM, ""),
    "a zone by its name": (days(lambda d: f"{d} 10:00:00 UTC"), {}, SUM, ""),
    "o'clock in German": (days(lambda d: f"{d:%d.%m.%Y}, 10:15 Uhr"), {}, SUM, ""),
    "days in Vietnamese": (
        days(lambda d: f"ngày {d.day} tháng {d.month} năm {d.year}"), {}, SUM, ""),
    "time stamps of Oracle": (
        days(lambda d: f"{d:%d-%b-%y} 10.15.00.000000 AM".upper()), {}, SUM, ""),
    "a point behind": (days(lambda d: f"{d:%Y.%m.%d.}"), {}, SUM, ""),
    "blanks between": (days(lambda d: f"{d:%d %m %Y}"), {}, SUM, ""),
    # files
    "a tilde between": ({"o.txt": table(HEAD, PLAIN).replace(",", "~")}, {}, SUM, ""),
    "a header again in the middle": (
        {"o.csv": table(HEAD, [*PLAIN[:7], HEAD, *PLAIN[7:]])},
        {}, SUM, "order_date is not a date (1)"),
    "two encodings": (
        {"orders.csv": table("Auftrag;Kundennr;Datum", text(ORDERS, ";")).encode("utf-16"),
         "positionen.csv": table("Auftrag;Artikel;Netto", [
             f"{n};Gürtel {n};{german(PRICES[n])}" for n in range(20)]).encode("cp1252"),
         "kunden.csv": table("Kundennr;Kundenname", [f"K{n};Müller {n}" for n in range(5)])},
        {}, SUM, "joined by the order"),
    "a title above one of two files": (
        {"orders.csv": "Our shop\n\n\n" + table("Order No,Customer No,Order Date", text(ORDERS)),
         "order_items.csv": table("Order No,SKU,Qty,Unit Price", text(ITEMS))},
        {}, 3 * SUM, "Line 1 is not the header"),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_it_becomes_a_book_to_the_cent_and_says_how(tmp_path, name):
    files, given, revenue, said = READ[name]
    written = {n: c(tmp_path / n) if callable(c) else c for n, c in files.items()}
    found = read(tmp_path, written, **given)
    assert found["totals"]["revenue"] == pytest.approx(float(revenue), abs=0.001)
    assert found["totals"]["accounts"] == 5
    assert found["warnings"] == {}
    assert said in (tmp_path / "told.txt").read_text(encoding="utf-8")


def test_names_in_several_encodings_stay_what_they_are(tmp_path):
    book = made(tmp_path, READ["two encodings"][0])
    from kamlib.period import open_period

    assert set(open_period(book, "2023-Q4").accounts["name"]) == {f"Müller {n}" for n in range(5)}
    assert "[input.raw.positionen]\nencoding = " in (book / "book.toml").read_text("utf-8")


def test_next_months_export_brings_its_column(tmp_path):
    book = made(tmp_path, READ["months in English"][0])
    file = next((book / "raw").iterdir())
    head, *rows = file.read_text("utf-8").splitlines()
    later = [f"{head},May 2024", *(f"{row},100" for row in rows)]
    file.write_text("\n".join(later) + "\n", encoding="utf-8")
    assert check_book(book)["totals"]["revenue"] == pytest.approx(float(TURNED) + 500)


def test_a_year_that_is_missing_is_asked_for_and_not_guessed(tmp_path):
    with pytest.raises(KamError, match="called without a year") as caught:
        made(tmp_path, READ["months of a year that is said"][0])
    assert "--set year=" in caught.value.next


REFUSED = {
    "a column per quarter": (
        {"s.csv": table("Customer,Q1 2024,Q2 2024,Q3 2024", ["K1,1,2,3"] * 3)},
        "a column per quarter", "a column per month"),
    "a column per year": (
        {"s.csv": table("Customer,2021,2022,2023", ["K1,1,2,3"] * 3)},
        "a column per year", "a column per month"),
    "a column per customer": (
        {"s.csv": table("Month,North,South,East,West", ["2024-01,1,2,3,4", "2024-02,1,2,3,4"])},
        "none for the customer", "Unpivot"),
    "no header": ({"o.csv": table("0,K0,2023-01-10,1000", text(LIST[1:]))},
                  "no header but a row ('2023-01-10', '0')", "Write a line"),
    "lines in quotation marks": (
        {"o.csv": table(f'"{HEAD}"', [f'"{row}"' for row in text(LIST)])},
        "in quotation marks as a whole", "Take the outer"),
    "columns of a fixed width": (
        {"o.txt": table(f"{'Order No':<12}{'Customer':<14}{'Date':<12}Net", [
            f"{n:<12}{a:<14}{d}  {p}" for n, a, d, p in LIST])}, "Blanks alone", "Fixed width"),
    "a packed file": ({"o.csv.gz": b"\x1f\x8b\x08"}, "packed", "Unpack it"),
    "a day without its year": (days(lambda d: f"{d:%d.%m.}"), "without its year", "Export them"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_answered_with_what_is_wrong_and_what_to_do(tmp_path, name):
    files, what, next_ = REFUSED[name]
    with pytest.raises(KamError) as caught:
        made(tmp_path, files)
    assert what in caught.value.what
    assert next_ in caught.value.next


def test_a_book_says_how_such_a_file_is_read(tmp_path):
    """Without kam new: the refusal names the line, and the line does it."""
    book = tmp_path / "book"
    book.mkdir()
    columns = 'order_id = "Order No"\norder_date = "Order Date"\naccount_id = "Customer No"\n'
    toml = f'title = "x"\n[columns.orders]\n{columns}revenue = "Amount Net"\n'
    (book / "book.toml").write_text(toml, encoding="utf-8")
    READ["two rows of a header"][0]["o.xlsx"](book / "orders.xlsx")
    with pytest.raises(KamError) as caught:
        check_book(book)
    assert "header_rows = 2 under [input.orders]" in caught.value.next
    (book / "book.toml").write_text(toml + "[input.orders]\nheader_rows = 2\n", encoding="utf-8")
    assert check_book(book)["totals"]["revenue"] == pytest.approx(float(SUM))
    READ["orders and items on two sheets"][0]["shop.xlsx"](book / "orders.xlsx")
    with pytest.raises(KamError) as caught:
        check_book(book)
    assert "kam new mybook --from orders.xlsx" in caught.value.next
    (book / "orders.xlsx").unlink()
    (book / "orders.csv").write_text(READ["months in English"][0]["s.csv"], encoding="utf-8")
    (book / "book.toml").write_text('title = "x"\n[columns.orders]\naccount_id = "Customer No"\n')
    with pytest.raises(KamError) as caught:
        check_book(book)
    assert "kam new mybook --from orders.csv" in caught.value.next


def test_a_sheet_that_is_no_table_stops_only_who_selects_it(tmp_path):
    book = tmp_path / "book"
    (book / "raw").mkdir(parents=True)
    (book / "book.toml").write_text('title = "x"\n', encoding="utf-8")
    notes = [["Note", "Note"], ["a", "b"]]
    write = book_of({"Sales": [HEAD.split(","), *LIST], "Notes": notes})
    write(book / "raw" / "shop.xlsx")
    select = 'SELECT "Order No" order_id, "Customer No" account_id, "Order Date" order_date, '
    statement = book / "orders.sql"
    statement.write_text(f'{select}"Net Value" revenue FROM shop_sales', encoding="utf-8")
    assert check_book(book)["totals"]["revenue"] == pytest.approx(float(SUM))
    statement.write_text(f'{select}"Net Value" revenue FROM shop_notes', encoding="utf-8")
    with pytest.raises(KamError, match="Two columns are named 'Note'"):
        check_book(book)


@pytest.mark.parametrize("ending", ["xls", "ods"])
def test_other_workbooks_are_read_like_those_of_today(tmp_path, ending):
    source = tmp_path / "shop.xlsx"
    READ["four sheets"][0]["shop.xlsx"](source)
    (other,) = office.converted(ending, tmp_path, source)
    found = read(tmp_path, {other.name: other.read_bytes()})
    assert found["totals"]["revenue"] == pytest.approx(float(3 * SUM))
    assert found["tables"]["accounts"]["used"] == 5
