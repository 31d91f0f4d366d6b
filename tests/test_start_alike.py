"""kam new on several files and sheets: which are one table, and which are no sale."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kamlib.errors import KamError

from .test_start import made, read, table
from .test_start_exports import DAYS, HEAD, SUM
from .test_start_shapes import book_of, lines, text

LIST = lines("no", "account", "day", "net")
OWN = HEAD.split(",")
NAMED = f"{HEAD},Customer Name"
WITH_REP = [[*row, "Ann"] for row in LIST]
TURNED = [[row[1], row[0], row[3], row[2]] for row in LIST]
PLANNED = [[f"P{n}", f"K{n}", DAYS[-1], 999.0] for n in range(5)]
Content = str | bytes | Callable[[Path], bytes]
ONE: dict[str, tuple[dict[str, Content], str]] = {
    "a sheet per year, one with a column more": (
        {"o.xlsx": book_of({"2023": [OWN, *LIST[:9]], "2024": [[*OWN, "Rep"], *WITH_REP[9:]]})},
        "manager_id  'Rep'"),
    "a sheet per year beside another": (
        {"o.xlsx": book_of({"2023": [OWN, *LIST[:9]], "2024": [[*OWN, "Rep"], *WITH_REP[9:]],
                            "Notes": [["Note"], ["none"]]})},
        "orders: o.xlsx [2023 and 2024]"),
    "a file per year, one with a column more": (
        {"2023.csv": table(HEAD, text(LIST[:9])),
         "2024.csv": table(f"{HEAD},Rep", text(WITH_REP[9:]))},
        "2023.csv and 1 more"),
    "a file per year, its columns in another order": (
        {"2023.csv": table(HEAD, text(LIST[:9])),
         "2024.csv": table("Customer No,Order No,Net Value,Order Date", text(TURNED[9:]))},
        "2023.csv and 1 more"),
    "files in two encodings": (
        {"a.csv": table(NAMED, [f"{row},Münch" for row in text(LIST[:9])]).encode("cp1252"),
         "b.csv": table(NAMED, [f"{row},Münch" for row in text(LIST[9:])])},
        "it is read as cp1252, such as 'Münch'"),
    "a file that was fetched twice": (
        {"orders.csv": table(HEAD, text(LIST)), "orders (1).csv": table(HEAD, text(LIST))},
        "orders (1).csv is the same file again and is not read"),
    "a file whose header is in capitals": (
        {"a.csv": table(HEAD, text(LIST[:9])), "b.csv": table(HEAD.upper(), text(LIST[9:]))},
        "a.csv and 1 more"),
    "a workbook whose header is in capitals": (
        {"a.xlsx": book_of({"S": [OWN, *LIST[:9]]}),
         "b.xlsx": book_of({"S": [HEAD.upper().split(","), *LIST[9:]]})},
        "a.xlsx and 1 more"),
    "a file with a title beside one without": (
        {"orders.csv": table(HEAD, text(LIST)), "old.csv": "Old\n\n" + table(HEAD, text(PLANNED))},
        "old.csv holds amounts by customer and day, too"),
    "a forecast of the same columns": (
        {"orders.csv": table(HEAD, text(LIST)), "forecast.csv": table(HEAD, text(PLANNED))},
        "Not used: forecast.csv"),
    "a budget of the same columns on its own sheet": (
        {"o.xlsx": book_of({"Actual": [OWN, *LIST], "Budget 2024": [OWN, *PLANNED]})},
        "Sheet 'Budget 2024' is not read: by its name it is no sale"),
    "returns of the same columns": (
        {"orders.csv": table(HEAD, text(LIST)), "returns.csv": table(HEAD, text(PLANNED))},
        "returns.csv is not taken off"),
    "a budget per month": (
        {"orders.csv": table(HEAD, text(LIST)),
         "budget.csv": table("Customer No,Jan 2024,Feb 2024,Mar 2024", ["K1,1,2,3", "K2,1,2,3"])},
        "Not used: budget.csv"),
    "orders and their invoices": (
        {"orders.csv": table(HEAD, text(LIST)),
         "invoices.csv": table("Invoice No,Customer No,Invoice Date,Net Amount,Note",
                               [f"I{row},x" for row in text(LIST)])},
        "invoices.csv holds amounts by customer and day, too"),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_what_is_one_table_is_counted_once_and_whole(tmp_path, name):
    files, said = ONE[name]
    written = {n: c(tmp_path / n) if callable(c) else c for n, c in files.items()}
    found = read(tmp_path, written)
    assert found["totals"]["revenue"] == pytest.approx(float(SUM), abs=0.001)
    assert found["totals"]["orders"] == len(LIST)
    assert found["warnings"] == {}
    assert said in (tmp_path / "told.txt").read_text(encoding="utf-8")


def test_lines_that_stand_in_two_files_are_told_of(tmp_path):
    files = {"a.csv": table(HEAD, text(LIST[:12])), "b.csv": table(HEAD, text(LIST[8:]))}
    found = read(tmp_path, files)
    assert "Lines that repeat another one: 4" in " ".join(n["what"] for n in found["notices"])


def test_names_in_files_of_two_encodings_stay_what_they_are(tmp_path):
    book = made(tmp_path, ONE["files in two encodings"][0])
    from kamlib.period import open_period

    names = open_period(book, "2023-Q4").accounts["name"]  # with the id, as all have one name
    assert set(names.str.partition(" (")[0]) == {"Münch"}


def test_the_views_of_a_database_count_nothing_twice(tmp_path):
    file = tmp_path / "shop.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE orders (order_no, customer_no, order_date, net_value)")
        rows = [(row[0], row[1], str(row[2]), row[3]) for row in LIST]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        connection.execute("CREATE VIEW recent AS SELECT * FROM orders WHERE order_no > 9")
    found = read(tmp_path, {"shop.sqlite": file.read_bytes()})
    assert found["totals"]["revenue"] == pytest.approx(float(SUM))
    assert "recent is not read" in (tmp_path / "told.txt").read_text(encoding="utf-8")


def test_a_table_of_the_kit_comes_along_by_its_own_name(tmp_path):
    rows = [f"{row},{'USD' if n % 2 else 'EUR'}" for n, row in enumerate(text(LIST))]
    files = {"sales.csv": table(f"{HEAD},Currency", rows)}
    with pytest.raises(KamError, match="several currencies") as caught:
        made(tmp_path, files)
    assert "Give a file rates.csv with --from, too (month, currency, rate" in caught.value.next
    months = sorted({f"{row[2]:%Y-%m}" for row in LIST})
    files["rates.csv"] = table("month,currency,rate", [f"{month},USD,0.5" for month in months])
    files["contacts.csv"] = table("account_id,name", ["K1,Ann"])
    found = read(tmp_path, files)
    assert found["tables"]["contacts"]["used"] == 1
    whole = sum(row[3] * (0.5 if n % 2 else 1) for n, row in enumerate(LIST))
    assert found["totals"]["revenue"] == pytest.approx(whole)
