"""kam new: a book from the files people have, told what was recognised, why, and what was not."""

from __future__ import annotations

import sqlite3
import tomllib
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from kamlib.check import check_book, check_intake
from kamlib.errors import KamError
from kamlib.intake import book as reading
from kamlib.period.snapshot import open_period
from kamlib.start import empty_book, new, new_book
from kamlib.start.command import refuse
from kamlib.start.names import about, folded, vocabulary

from .conftest import ROOT
from .forked import kam

SOURCES = ROOT / "templates" / "sources"


def made(tmp_path: Path, files: dict[str, str | bytes | pd.DataFrame], **given: str) -> Path:
    """Write files and make a book of them; what was told stands in told.txt."""
    exports = tmp_path / "exports"
    exports.mkdir(exist_ok=True)
    paths = []
    for name, content in files.items():
        path = exports / name
        if isinstance(content, pd.DataFrame):
            content.to_excel(path, index=False)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        paths.append(path)
    book = tmp_path / "book"
    told = new_book(
        book, paths, given=given, title="Test", currency="", sources=SOURCES, ask=refuse
    )
    (tmp_path / "told.txt").write_text(told, encoding="utf-8")
    return book


def read(tmp_path: Path, files: dict[str, str | bytes | pd.DataFrame], **given: str) -> dict:
    """Make a book of files and return what kam new itself has read of it last, which is told as
    `kam check` tells it.
    """
    with pytest.MonkeyPatch.context() as patched:
        seen: list[dict] = []
        patched.setattr(new, "check_intake", lambda one: seen.append(check_intake(one)) or seen[-1])
        made(tmp_path, files, **given)
    return seen[-1]


def table(head: str, rows: list[str]) -> str:
    return "\n".join([head, *rows]) + "\n"


DAYS = [f"{day:02d}" for day in range(10, 30)]
SHAPES = {
    "german text": (
        {
            "Umsätze 2024.csv": table(
                "Auftragsnr.;Kundennummer;Kundenname;Belegdatum;Nettobetrag;Warengruppe",
                [
                    f"{n};K{n % 3};Firma {n % 3};{d}.03.2024;1.234,5{n % 10};Gürtel"
                    for n, d in enumerate(DAYS)
                ],
            ).encode("cp1252")
        },
        20, 3, sum(Decimal(f"1234.5{n % 10}") for n in range(20)),
    ),
    "german excel": (
        {
            "Aufträge.xlsx": pd.DataFrame(
                {
                    "Auftragsnummer": [f"A{n}" for n in range(20)],
                    "Kd.-Nr.": [f"{100 + n % 4}" for n in range(20)],
                    "Datum": [f"{d}.03.2024" for d in DAYS],
                    "Umsatz": ["1.000,25"] * 20,
                }
            )
        },
        20, 4, Decimal("20005.00"),
    ),
    "french": (
        {"ventes.csv": table(
            "N° commande;Code client;Date de commande;Montant HT",
            [f"{n};C{n % 2};{d}/03/2024;10,50" for n, d in enumerate(DAYS)],
        )},
        20, 2, Decimal("210.00"),
    ),
    "spanish": (
        {"ventas.csv": table(
            "Número de pedido;Código cliente;Fecha de pedido;Importe neto",
            [f"{n};C{n % 2};{d}/03/2024;10,50" for n, d in enumerate(DAYS)],
        )},
        20, 2, Decimal("210.00"),
    ),
    "vietnamese": (
        {"don hang.csv": table(
            "Mã đơn hàng,Mã khách hàng,Ngày đặt hàng,Số lượng,Đơn giá",
            [f"{n},K{n % 2},2024-03-{d},2,5.25" for n, d in enumerate(DAYS)],
        )},
        20, 2, Decimal("210.00"),
    ),
    "chinese": (
        {"订单.csv": table(
            "订单编号,客户编号,客户名称,订单日期,销售金额,类别",
            [f"{n},K{n % 2},公司{n % 2},2024-03-{d},10.5,工具" for n, d in enumerate(DAYS)],
        ).encode("utf-16")},
        20, 2, Decimal("210.00"),
    ),
    "salesforce": (
        {
            "Account.csv": table(
                "Id,Name,ParentId,OwnerId,Industry,BillingCountry,NumberOfEmployees,CreatedDate",
                [
                    f"0015g00000A{n}AAA,Company {n},,005A,Energy,Norway,50,2019-01-01"
                    for n in range(3)
                ],
            ),
            "Opportunity.csv": table(
                "Id,AccountId,Name,StageName,Amount,CloseDate,OwnerId,Type",
                [
                    f"006{n},0015g00000A{n % 3}AAA,Deal,Closed {'Won' if n else 'Lost'},1000.00,"
                    f"2024-03-{d},005A,New"
                    for n, d in enumerate(DAYS)
                ],
            ),
        },
        19, 3, Decimal("19000.00"),
    ),
    "hubspot": (
        {"deals.csv": table(
            "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Associated Company",
            [
                f"{n},Deal,Closed Won,2024-03-{d} 10:15,Ann,500,Company {n % 3}"
                for n, d in enumerate(DAYS)
            ],
        )},
        20, 3, Decimal("10000.00"),
    ),
    "dynamics": (
        {"orders.xlsx": pd.DataFrame(
            {
                "(Do Not Modify) Order": [f"guid{n}" for n in range(20)],
                "Order ID": [f"ORD-{n}" for n in range(20)],
                "Name": "Order", "Customer": [f"Company {n % 3}" for n in range(20)],
                "Total Amount": 99.5, "Status": ["Canceled"] + ["Active"] * 19,
                "Created On": pd.date_range("2024-03-01", periods=20),
            }
        )},
        19, 3, Decimal("1890.50"),
    ),
    "sap": (
        {"VA05.xlsx": pd.DataFrame(
            {
                "Sales Document": [str(5000 + n) for n in range(20)],
                "Item": 10, "Sold-to party": [f"00010{n % 4}" for n in range(20)],
                "Name 1": [f"Company {n % 4}" for n in range(20)],
                "Document Date": [f"{d}.03.2024" for d in DAYS],
                "Net value": ["1.500,00"] * 20, "Document Currency": "EUR",
                "Material": "M-1", "Order Quantity": ["3,000"] * 20,
            }
        )},
        20, 4, Decimal("30000.00"),
    ),
    "shopify": (
        {"orders_export_1.csv": table(
            "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,"
            "Lineitem price,Lineitem sku,Lineitem discount,Vendor",
            [
                f"#{n},b{n % 2}@x.org,paid,EUR,20,2024-03-{d} 10:00:00 +0100,2,Mug,10.50,"
                "S1,1.00,Acme"
                for n, d in enumerate(DAYS)
            ],
        )},
        20, 2, Decimal("400.00"),
    ),
    "woocommerce": (
        {"wc-orders-report.csv": table(
            "Date,Order #,Status,Customer,Product(s),Items sold,Coupon(s),Net Sales,Attribution",
            [
                f"2024-03-{d} 08:00:00,{n},{'completed' if n else 'cancelled'},Company {n % 2},"
                "1× Mug,1,,10.5,Direct"
                for n, d in enumerate(DAYS)
            ],
        )},
        19, 2, Decimal("199.50"),
    ),
    "quickbooks": (
        {"Sales by Customer Detail.csv": "Acme Ltd\nSales by Customer Detail\n2024\n\n" + table(
            "Type,Date,Num,Memo,Name,Item,Qty,Sales Price,Amount,Balance",
            [
                f'Invoice,03/{d}/2024,{n},,Company {n % 2},Mug,2,600.25,"1,200.50",0'
                for n, d in enumerate(DAYS)
            ],
        )},
        20, 2, Decimal("24010.00"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_export_becomes_a_book_without_a_word_of_sql(tmp_path, shape):
    files, orders, accounts, revenue = SHAPES[shape]
    found = read(tmp_path, files)
    assert (found["totals"]["orders"], found["totals"]["accounts"]) == (orders, accounts)
    assert found["totals"]["revenue"] == pytest.approx(float(revenue), abs=1e-9)
    assert found["warnings"] == {}
    told = (tmp_path / "told.txt").read_text(encoding="utf-8")
    assert "revenue" in told
    assert f"{orders} orders of {accounts} accounts" in told


@pytest.mark.parametrize(
    "shape", ["german text", *(pytest.param(one, marks=pytest.mark.soak) for one in SHAPES)]
)
def test_the_book_that_is_written_is_the_one_that_was_read(tmp_path, shape):
    found = read(tmp_path, SHAPES[shape][0])
    assert check_book(tmp_path / "book") == found


@pytest.mark.parametrize("accounts", [19, 20])
def test_no_period_is_opened_for_a_book_of_too_few_accounts(tmp_path, monkeypatch, accounts):
    """Twenty accounts over three years are scored by what they have in common, nineteen cannot."""
    rows = [
        f"{year}-{month}-{n},C{n},{year}-{month:02d}-{n + 1:02d},{10 * 1.4**n + month:.2f}"
        for n in range(accounts)
        for year in (2022, 2023, 2024)
        for month in range(1, 13, 1 + n % 3)
    ]
    asked, scoring_text = [], new.scoring_text
    monkeypatch.setattr(
        new, "scoring_text", lambda *given: asked.append(given) or scoring_text(*given)
    )
    book = made(tmp_path, {"o.csv": table("order_id,account_id,order_date,revenue", rows)})
    has_scoring = "[[scoring.criteria]]" in (book / "book.toml").read_text(encoding="utf-8")
    assert len(asked) == has_scoring == (accounts == 20)


def test_a_book_that_is_begun_is_read_once_and_nothing_of_it_is_kept(tmp_path, monkeypatch):
    rows = [f"{n},C{n % 20},2024-{n % 12 + 1:02d}-05,{n + 1}.00" for n in range(400)]
    reads, read_sources = [], reading.read_sources
    monkeypatch.setattr(
        reading, "read_sources", lambda *given: reads.append(given) or read_sources(*given)
    )
    monkeypatch.setenv("KAM_CACHE", str(tmp_path / "cache"))
    made(tmp_path, {"o.csv": table("order_id,account_id,order_date,revenue", rows)})
    assert len(reads) == 1 and not (tmp_path / "cache").exists()


def test_what_could_be_meant_in_two_ways_is_asked_not_guessed(tmp_path):
    head = "Order No,Customer No,Order Date,Net value"
    days = table(head, [f"{n},C1,0{n % 9 + 1}/0{n % 7 + 1}/2024,5.00" for n in range(20)])
    with pytest.raises(KamError) as caught:
        made(tmp_path, {"orders.csv": days})
    assert "can be read in two ways" in caught.value.what
    assert "--set date_format=" in caught.value.next
    book = made(tmp_path, {"orders.csv": days}, date_format="%d/%m/%Y")
    assert check_book(book)["totals"]["orders"] == 20
    assert 'date_format = "%d/%m/%Y"' in (book / "book.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("head", "people"),
    [
        ("EmployeeID,LastName,FirstName", ["7,Costa,Ines", "8,Weiss,Paul", "8,Weiss,Paul"]),
        ("employee id,Full name", ["7,Ines Costa", "8,Paul Weiss"]),
    ],
)
def test_owners_are_called_by_the_names_of_a_list_of_people(tmp_path, head, people):
    rows = [f"O{n},C{n % 2},2024-03-0{n},10,{7 + n % 2}" for n in range(1, 9)]
    orders = table("order_id,account_id,order_date,revenue,employee id", rows)
    book = made(tmp_path, {"orders.csv": orders, "staff.csv": table(head, people)})
    managers = open_period(book, "2024-Q1").managers.set_index("manager_id")["name"].to_dict()
    assert managers == {"7": "Ines Costa", "8": "Paul Weiss"}


def test_a_day_that_no_form_reads_is_set_aside_and_stops_nothing(tmp_path):
    rows = [f"O{n},C{n % 2},2024-03-0{n},10" for n in range(1, 8)] + ["O8,C1,2024-02-30,10"]
    book = made(tmp_path, {"orders.csv": table("order_id,account_id,order_date,revenue", rows)})
    assert check_book(book)["tables"]["orders"]["set_aside"] == {"order_date is not a date": 1}


def test_a_column_of_an_unknown_name_is_asked_for_or_told_by_its_values(tmp_path):
    rows = [f"{n},C{n % 2},2024-03-{d},{n}.50" for n, d in enumerate(DAYS)]
    unknown = {"list.csv": table("Wert A,Kunde,Wert B,Wert C", rows)}
    with pytest.raises(KamError) as caught:
        made(tmp_path, unknown)
    assert caught.value.exit_code == 2
    assert "Wert A" in caught.value.where
    assert "--map" in caught.value.next
    book = made(tmp_path, unknown, order_id="Wert A", revenue="Wert C")
    assert check_book(book)["totals"]["revenue"] == 200
    told = (tmp_path / "told.txt").read_text(encoding="utf-8")
    assert "'Wert B' (the only column of days)" in told
    with pytest.raises(KamError) as caught:
        made(tmp_path, unknown, revenu="Wert C")
    assert "'revenue'" in caught.value.next


def test_a_database_file_gives_its_tables(tmp_path):
    file = tmp_path / "shop.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE customers (id TEXT, name TEXT, country TEXT)")
        connection.execute(
            "CREATE TABLE orders (order_id INTEGER, customer_id TEXT, order_date TEXT, amount REAL)"
        )
        connection.execute("CREATE TABLE logs (message TEXT)")
        connection.executemany(
            "INSERT INTO customers VALUES (?, ?, 'NO')",
            [(f"C{n}", f"Company {n}") for n in range(3)],
        )
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, 12.5)",
            [(n, f"C{n % 3}", f"2024-03-{d}") for n, d in enumerate(DAYS)],
        )
    told = new_book(
        tmp_path / "book", [file], given={}, title="T", currency="NOK", sources=SOURCES, ask=refuse
    )
    found = check_book(tmp_path / "book")
    assert found["totals"]["revenue"] == 250
    assert found["tables"]["accounts"]["used"] == 3
    assert "accounts: shop.sqlite [customers]" in told


def test_without_files_a_commented_book_is_begun(tmp_path):
    told = empty_book(tmp_path / "book", "My firm")
    content = tomllib.loads((tmp_path / "book" / "book.toml").read_text(encoding="utf-8"))
    assert content["title"] == "My firm"
    assert "orders.csv" in told


def test_the_command_says_what_it_did_or_what_to_say(tmp_path):
    orders = tmp_path / "orders.csv"
    rows = [f"{n},C{n % 2},2024-03-{d},10.50" for n, d in enumerate(DAYS)]
    orders.write_text(table("Order No,Customer No,Order Date,Net value", rows), encoding="utf-8")
    run = kam("new", tmp_path / "book", "--from", orders)
    assert run.returncode == 0, run.stderr
    assert "revenue     'Net value' (English name)" in run.stdout
    assert (tmp_path / "book" / "orders.csv").read_bytes() == orders.read_bytes()
    run = kam("new", tmp_path / "book", "--from", orders)
    assert (run.returncode, "not empty" in run.stderr) == (2, True)
    run = kam("new", tmp_path / "other", "--from", tmp_path / "nowhere.csv")
    assert (run.returncode, "no such file" in run.stderr) == (2, True)


def test_every_name_means_something_the_kit_knows():
    extra = {"unit_price", "price_unit", "discount_share", "discount_amount", "category_id"}
    from kamlib.tables import CANONICAL

    known = {*CANONICAL["orders"].names, *CANONICAL["accounts"].names} | extra
    assert set(vocabulary()) <= known
    assert folded("Straße-Nr.") == "strasse nr"
    assert about("Kunden") == "accounts"
