"""The table of bad input, row by row: refused, set aside, mended, warned of or accepted.

Every row says its verdict and the revenue that is right, by hand: no input gives another figure in
silence.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import python_calamine as calamine

from kamlib.check import check_book
from kamlib.errors import KamError

HEAD = "order_id,account_id,order_date,revenue"
DAY = datetime.datetime(2025, 1, 5)
Make = dict[str, str | bytes] | Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One input: what is written, what the book says of it, the verdict and the figures."""

    verdict: str
    make: Make
    settings: str = ""
    revenue: float | None = None
    said: tuple[str, ...] = ()
    aside: dict[str, int] = field(default_factory=dict)
    accounts: tuple[str, ...] | None = None


def csv(*rows: str, head: str = HEAD, encoding: str = "utf-8") -> dict[str, str | bytes]:
    return {"orders.csv": "".join(f"{line}\n" for line in (head, *rows)).encode(encoding)}


def one(account: str = "A", day: str = "2025-01-05", amount: str = "5", **more: str):
    """Return a good line and the one in question."""
    return csv("0,Z,2025-01-01,1", f"1,{account},{day},{amount}", **more)


def amounts(*cells: str) -> dict[str, str | bytes]:
    return csv(*(f'{n},A,2025-01-05,"{cell}"' for n, cell in enumerate(cells)))


def days(*cells: str) -> dict[str, str | bytes]:
    return csv(*(f"{n},A,{cell},5" for n, cell in enumerate(cells)))


def sheet(*rows: list, head: list[str] | None = None) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        made = openpyxl.Workbook()
        for row in ([*(head or HEAD.split(","))], *rows):
            made.active.append(row)
        made.create_sheet("Empty")
        made.save(folder / "orders.xlsx")

    return write


def short_range(folder: Path) -> None:
    """Write a workbook that states a used range of two rows and holds four."""
    sheet(*([str(n), "A", DAY, 5] for n in range(3)))(folder)
    file, part = folder / "orders.xlsx", "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert b'ref="A1:D4"' in parts[part]
    parts[part] = parts[part].replace(b'ref="A1:D4"', b'ref="A1:D2"')
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def hidden_row(folder: Path) -> None:
    """Write a workbook of three rows, one of them hidden by a filter."""
    sheet(*([str(n), "A", DAY, 5] for n in range(3)))(folder)
    made = openpyxl.load_workbook(folder / "orders.xlsx")
    made.worksheets[0].row_dimensions[3].hidden = True
    made.save(folder / "orders.xlsx")


def bomb(folder: Path) -> None:
    """Write a workbook of a few kilobytes that unpacks to hundreds of megabytes."""
    sheet(["1", "A", DAY, 5])(folder)
    file, part = folder / "orders.xlsx", "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = parts[part].replace(b"</sheetData>", b" " * 300_000_000 + b"</sheetData>")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def parquet(**columns: list) -> Callable[[Path], object]:
    given = {"order_id": ["1"], "account_id": ["A"], "order_date": [DAY], "revenue": [5.0]}
    return lambda folder: pd.DataFrame(given | columns).to_parquet(folder / "orders.parquet")


COMMA = '[input]\ndecimal = ","\n'
POINT = '[input]\ndecimal = "."\n'
DAY_FIRST = '[input]\ndate_format = "%d/%m/%Y"\n'
BERLIN = '[input]\ntime_zone = "Europe/Berlin"\n'
EURO = 'currency = "EUR"\n'
NAMES = ("👍", "مرحبا", "Z̈a", "日本", "తెలుగు")  # one with a mark that no letter holds
CURRENCIES = csv("1,A,2025-01-05,5,EUR", "2,A,2025-01-05,5,USD", head=HEAD + ",currency")

TABLE = {
    # how the file is written
    "a byte order mark": Case("accept", one(encoding="utf-8-sig"), revenue=6),
    "UTF-16 with its mark": Case("accept", one(encoding="utf-16"), revenue=6),
    "a line break in quotes": Case(
        "accept", one('"A\nB"'), revenue=6, accounts=("A\nB", "Z")
    ),
    "a column of its own": Case(
        "accept", csv("1,A,2025-01-05,5,x", head=HEAD + ",remark"), revenue=5
    ),
    "names of every script": Case(
        "accept",
        csv(*(f"{n},{name},2025-01-05,5" for n, name in enumerate(NAMES))),
        revenue=25,
        accounts=tuple(sorted(NAMES)),
    ),
    "cp1252 undeclared": Case(
        "refuse", one("Zürich", encoding="cp1252"), said=("line 3", 'encoding = "cp1252"')
    ),
    "cp1252 declared": Case(
        "accept", one("Zürich", encoding="cp1252"), '[input]\nencoding = "cp1252"\n', 6
    ),
    "UTF-16 without its mark": Case(
        "refuse", one(encoding="utf-16-le"), said=('encoding = "utf-16-le"',)
    ),
    "UTF-32 without its mark": Case(
        "refuse", one(encoding="utf-32-le"), said=('encoding = "utf-32-le"',)
    ),
    "semicolons and a decimal comma": Case(
        "accept", csv("1;A;2025-01-05;1.234,56", head=HEAD.replace(",", ";")), COMMA, 1234.56
    ),
    "semicolons, a decimal comma undeclared": Case(
        "refuse", csv("1;A;2025-01-05;100,50", head=HEAD.replace(",", ";")),
        said=("'100,50'", 'decimal = ","'),
    ),
    "a first line sep=;": Case(
        "accept", csv("1;A;2025-01-05;5", head="sep=;\n" + HEAD.replace(",", ";")), revenue=5
    ),
    # the shape of the file
    "an empty file": Case("refuse", {"orders.csv": ""}, said=("empty", "column names")),
    "a header alone": Case("warn", csv(), revenue=0, said=("has no rows",)),
    "a missing column": Case(
        "refuse", csv("1,A,2025-01-05", head="order_id,account_id,order_date"),
        said=("no column 'revenue'", "order_id, account_id, order_date"),
    ),
    "a column twice": Case(
        "refuse", csv("1,A,2025-01-05,5,6", head=HEAD + ",Revenue"), said=("Two columns", "line 1")
    ),
    "a quotation mark never closed": Case(
        "refuse", one('"A'), said=("never closes", "line 3")
    ),
    "every row one field too many": Case(
        "refuse", csv("1,A,2025-01-05,5,9", "2,A,2025-01-05,5,9"),
        said=("No row fits the header of 4", "line 2"),
    ),
    "one ragged row": Case(
        "set aside", csv("1,A,2025-01-05,5", "2,A", "3,A,2025-01-05,5"), revenue=10,
        aside={"too few values in the row": 1},
    ),
    "a last line cut short": Case(
        "set aside", {"orders.csv": f"{HEAD}\n1,A,2025-01-05,5\n2,A,2025-0"}, revenue=5,
        aside={"too few values in the row": 1},
    ),
    "a total row": Case(
        "set aside", csv("1,A,2025-01-05,5", "Total,,,5"), revenue=5,
        aside={"a total, not an order line": 1},
    ),
    # ids
    **{
        f"id {id_}": Case("accept", one(id_), revenue=6, accounts=tuple(sorted((id_, "Z"))))
        for id_ in ("00123", "1E5", "NA", "null", "nan", "True")
    },
    "an id that a spreadsheet damaged": Case(
        "set aside", one("1.23457E+15"), revenue=1,
        said=("lost figures in a spreadsheet, such as '1.23457E+15'", "from the program itself"),
        aside={"account_id is damaged by a spreadsheet": 1},
    ),
    "a blank id": Case("set aside", one(" "), revenue=1, aside={"no account_id": 1}),
    "blanks and marks around an id": Case(
        "mend", one("Z\u00a0"), revenue=6, accounts=("Z",), said=("'Z\\xa0'", "read as 'Z'")
    ),
    "an id in two normal forms": Case(
        "mend", csv("1,Cafe\u0301,2025-01-05,5", "2,Café,2025-01-05,5"), revenue=10,
        accounts=("Café",), said=("mended",),
    ),
    "ids that differ by case": Case(
        "warn", csv("1,Acme,2025-01-05,5", "2,ACME,2025-01-05,5"), revenue=10,
        accounts=("ACME", "Acme"), said=("upper and lower case", "'ACME' and 'Acme'", "fold_case"),
    ),
    "case folded as the book says": Case(
        "accept", csv("1,Acme,2025-01-05,5", "2,ACME,2025-01-05,5"),
        "[input]\nfold_case = true\n", 10, accounts=("acme",),
    ),
    "the ids 10002 and 10002.0": Case(
        "mend", csv("1,10002,2025-01-05,5", "2,10002.0,2025-01-05,5"), revenue=10,
        accounts=("10002",), said=("'10002.0' in 'account_id', read as '10002'",),
    ),
    "ids of sixteen digits that were numbers": Case(
        "set aside", sheet(["1", "A", DAY, 5], ["2", 1234567890123456, DAY, 5]), revenue=5,
        aside={"account_id is damaged by a spreadsheet": 1},
    ),
    "an id that became a day": Case(
        "set aside", sheet(["1", "A", DAY, 5], ["2", DAY, DAY, 5]), revenue=5,
        aside={"account_id is damaged by a spreadsheet": 1},
    ),
    "an id that is an error": Case(
        "set aside", one("#N/A"), revenue=1, said=("#N/A",),
        aside={"account_id is damaged by a spreadsheet": 1},
    ),
    # repeats and lists
    "lines alike": Case(
        "warn", csv("1,A,2025-01-05,5", "1,A,2025-01-05,5"), revenue=10,
        said=("repeat another one: 1 (EUR 5.00)", "duplicates"),
    ),
    "lines alike with a line_id": Case(
        "set aside", csv("1,A,2025-01-05,5,a", "1,A,2025-01-05,5,a", head=HEAD + ",line_id"),
        revenue=5, aside={"repeats its line_id": 1},
    ),
    "a line_id with two amounts": Case(
        "set aside",
        csv("1,A,2025-01-05,5,a", "1,A,2025-01-05,6,a", "2,A,2025-01-05,7,b",
            head=HEAD + ",line_id"),
        revenue=7, aside={"same line_id with different amounts": 2},
    ),
    "an account listed twice": Case(
        "refuse", {**one(), "accounts.csv": "account_id\nA\nA \n"}, said=("'A'", "listed twice")
    ),
    "an order of an account not listed": Case(
        "warn", {**one(), "accounts.csv": "account_id\nZ\n"}, revenue=6,
        said=("not in the table accounts: 1 (A)",),
    ),
    "groups in a circle": Case(
        "refuse", {**one(), "accounts.csv": "account_id,parent_id\nA,B\nB,A\n"},
        said=("circle", "A", "B"),
    ),
    # amounts
    "a credit note": Case(
        "accept", csv("1,A,2025-01-05,5", "2,A,2025-01-06,-3"), revenue=2
    ),
    "brackets, blanks and the sign of the book": Case(
        "accept", amounts("€ 1 234.00", "(12.5)", "7-"), EURO + POINT, 1214.5
    ),
    "1,234 undeclared": Case(
        "refuse", amounts("1,234"), said=("'1,234'", "two ways", 'decimal = "."')
    ),
    "a currency by its sign": Case(
        "accept", csv("1,A,2025-01-05,5,€", head=HEAD + ",currency"), 'currency = "EUR"\n', 5
    ),
    "one currency that the book does not name": Case(
        "refuse", csv("1,A,2025-01-05,5,USD", head=HEAD + ",currency"),
        said=("All orders are in the currency 'USD'", 'currency = "USD" above'),
    ),
    "a hidden row": Case("warn", hidden_row, revenue=15, said=("1 hidden row",)),
    "ids with letters of full width": Case(
        "warn", csv("1,K１,2025-01-05,5", "2,K1,2025-01-05,6"), revenue=11,
        said=("'K１' and 'K1'", "translate(\"account_id\", '１', '1')"),
    ),
    "days of two orders in one column": Case(
        "set aside", days("25/01/2025", "03/02/2025", "01/26/2025"), DAY_FIRST, 10,
        said=("'01/26/2025' are written as %m/%d/%Y, others as %d/%m/%Y", "swapped"),
        aside={"order_date is not a date": 1},
    ),
    "1.234 in all amounts": Case(
        "warn", amounts("1.234", "56"), revenue=57.234, said=("'1.234'", 'decimal = ","')
    ),
    "1.234 in a book with a comma locale": Case(
        "refuse", amounts("1.234"), 'locale = "de"\n', said=("'1.234'", "two ways")
    ),
    "a blank in the middle": Case(
        "set aside", amounts("5", "12 34"), revenue=5, said=("12 34",),
        aside={"revenue is not an amount": 1},
    ),
    "no finite number": Case(
        "set aside", amounts("5", "inf", "NaN", "1e400"), revenue=5,
        aside={"revenue is not an amount": 3},
    ),
    "one amount a thousand times too large": Case(
        "warn", amounts(*(f"{n}.50" for n in range(10, 18)), "14500.00"), revenue=14612,
        said=("14,500.00", "account 'A'", "lost decimal mark"),
    ),
    "dollars in a book of euros": Case(
        "set aside", amounts("5.00", "6.00", "$ 100"), EURO, 11, said=("$ 100",),
        aside={"revenue is not an amount": 1},
    ),
    "signs of several currencies": Case(
        "set aside", amounts("5", "6", "£100", "$100"), revenue=11,
        aside={"revenue is not an amount": 2},
    ),
    "currencies without rates": Case("refuse", CURRENCIES, said=("EUR, USD", "rates")),
    "a currency without a rate that month": Case(
        "set aside", {**CURRENCIES, "rates.csv": "month,currency,rate\n2025-02,USD,0.9\n"},
        EURO, 5, aside={"no rate for its month and currency": 1},
    ),
    # days
    "01/02/2024 undeclared": Case(
        "refuse", days("01/02/2024", "03/03/2024"),
        said=("'01/02/2024'", "two ways", '"%d/%m/%Y"', '"%m/%d/%Y"'),
    ),
    "the serial number of a day in text": Case(
        "set aside", days("2025-01-05", "45322"), revenue=5, said=("45322",),
        aside={"order_date is not a date": 1},
    ),
    "the serial number of a day in a workbook": Case(
        "accept", sheet(["1", "A", 45322, 5]), revenue=5
    ),
    "days that are none": Case(
        "set aside", days("2025-01-05", "2024-02-30", "0000-00-00"), revenue=5,
        aside={"order_date is not a date": 2},
    ),
    "years of two digits": Case(
        "refuse", days("31.01.25", "01.02.25"), said=("01.02.25", '"%d.%m.%y"')
    ),
    "a few years of two digits": Case(
        "set aside", days("31/01/2025", "30/01/2025", "31/01/25"), DAY_FIRST, 10,
        aside={"order_date is not a date": 1},
    ),
    "a day far ahead": Case(
        "warn", days(*(f"2025-01-{n:02d}" for n in range(1, 30)), "2052-03-31"), revenue=150,
        said=("2052-03-31", "mistyped year"),
    ),
    "the last second of a month with its zone": Case(
        "accept", days("2025-01-31T23:30:00Z"), BERLIN, 5, said=("2025-02-01",)
    ),
    "an hour that summer time leaves out, and mixed offsets": Case(
        "accept", days("2025-03-30T02:30:00", "2025-03-30T01:30:00+01:00"), BERLIN, 10,
        said=("2025-03-30",),
    ),
    "zoned instants in Parquet": Case(
        "accept", parquet(order_date=pd.to_datetime(["2025-01-31T23:30Z"])), BERLIN, 5,
        said=("2025-02-01",),
    ),
    "an unknown time zone": Case(
        "refuse", one(), '[input]\ntime_zone = "Europe/Berln"\n', said=("'Europe/Berlin'",)
    ),
    "a form of days that is none": Case(
        "refuse", one(), '[input]\ndate_format = "%Q"\n', said=("date_format = '%Q'",)
    ),
    "a promised day without a delivered one": Case(
        "warn", csv("1,A,2025-01-05,5,2025-01-09", head=HEAD + ",promised_date"), revenue=5,
        said=("unknown", "delivered_date"),
    ),
    # workbooks
    "numbers of a workbook under a decimal comma": Case(
        "accept", sheet(["1", "A", DAY, 12.345], ["2", "A", DAY, 100]), COMMA, 112.345
    ),
    "a stated range too short": Case("accept", short_range, revenue=15),
    "a column twice in a workbook": Case(
        "refuse", sheet(["1", "A", DAY, 5, 6], head=[*HEAD.split(","), "revenue "]),
        said=("Two columns", "row 1"),
    ),
    "days half real, half text": Case(
        "warn", sheet(["1", "A", DAY, 5], ["2", "A", "31/01/2025", 5]), DAY_FIRST, 10,
        said=("2025-01-05", "'31/01/2025'", "swapped"),
    ),
    "a formula never computed": Case(
        "set aside", sheet(["1", "A", DAY, 5], ["2", "A", DAY, "=2+3"]), revenue=5,
        said=("nobody computed",), aside={"revenue is a formula that was never computed": 1},
    ),
    "a workbook that unpacks to much": Case("refuse", bomb, said=("unpacks to",)),
    "a name of ten thousand characters": Case(
        "accept", {**one(), "accounts.csv": f"account_id,name\nA,{'x' * 10_000}\nZ,z\n"}, revenue=6
    ),
}  # fmt: skip


def book(make_book, case: Case) -> Path:
    files = case.make if isinstance(case.make, dict) else {}
    folder = make_book(files, settings=f'title = "x"\n{case.settings}')
    if not isinstance(case.make, dict):
        case.make(folder)
    return folder


@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name].verdict == "refuse"])
def test_it_is_refused_with_place_value_and_what_to_do(make_book, name):
    case = TABLE[name]
    with pytest.raises(KamError) as caught:
        check_book(book(make_book, case))
    assert caught.value.exit_code == 2
    assert caught.value.where
    assert caught.value.next
    for word in case.said:
        assert word in str(caught.value)


def test_a_workbook_that_unpacks_to_much_is_refused_before_it_is_unpacked(make_book, monkeypatch):
    folder = book(make_book, TABLE["a workbook that unpacks to much"])
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a part was unpacked"))
    monkeypatch.setattr(calamine, "CalamineWorkbook", None)  # nothing may open the workbook
    with pytest.raises(KamError, match="unpacks to"):
        check_book(folder)


@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name].verdict != "refuse"])
def test_it_is_read_to_the_cent_or_told(make_book, name):
    case = TABLE[name]
    folder = book(make_book, case)
    found = check_book(folder)
    orders, totals = found["tables"]["orders"], found["totals"]
    assert totals["revenue"] == pytest.approx(case.revenue, abs=1e-9)
    assert orders["set_aside"] == case.aside
    assert bool(case.aside) == (case.verdict == "set aside")
    assert orders["read"] == orders["used"] + sum(case.aside.values())
    assert len(found["rows_set_aside"]) == sum(case.aside.values())
    for row in found["rows_set_aside"]:
        assert row["file"].startswith("orders.")
        assert row["line"] is not None or row["row"] is not None
    notices = [f"{notice['what']} {notice['next']}" for notice in found["notices"]]
    assert bool(notices) or case.verdict in ("accept", "set aside")
    assert not notices or case.verdict != "accept", notices
    told = " ".join([*notices, *(str(row["value"]) for row in found["rows_set_aside"])])
    told += f" {totals['first_date']} {totals['last_date']}"
    for word in case.said:
        assert word in told
    if case.accounts is not None:
        assert accounts(folder) == case.accounts


def accounts(folder: Path) -> tuple[str, ...]:
    """Return the accounts of the lines that are used."""
    from kamlib.book import read_settings
    from kamlib.intake import read_book
    from kamlib.intake.sources import open_engine

    with open_engine() as engine:
        lines = read_book(folder, read_settings(folder), engine).orders
        used = lines.filter(lines["_reason"].isnull())
        return tuple(sorted(used.select("account_id").distinct().to_pandas()["account_id"]))
