"""Files of one table that are written unlike: never misread in silence, and judged by all of their
cells, not by the first ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import ibis
import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.start import new_book
from kamlib.start.command import refuse

from .test_start import SOURCES, made, read, table

HEAD = "order_id;account_id;order_date;revenue"
EXPORTED = "Order No;Customer;Order Date;Net Amount"
STATEMENT = "SELECT order_id, account_id, order_date, revenue, _file, _row FROM sales"
Days = Callable[[int], str]


def lines(days: Days, *, start: int = 0, many: int = 24, amounts: Days = lambda n: "10") -> str:
    return table(HEAD, [f"{start + n};K{n % 5};{days(n)};{amounts(n)}" for n in range(many)])


def day_first(month: int, last: int = 28) -> Days:
    return lambda n: f"{1 + n % last:02d}/{month:02d}/2024"


def month_first(month: int, last: int = 28) -> Days:
    return lambda n: f"{month:02d}/{1 + n % last:02d}/2024"


def files(*of: str) -> dict[str, str]:
    return {f"raw/sales/{n}.csv": text for n, text in enumerate(of, start=1)}


def settings(form: str = "%m/%d/%Y", more: str = "") -> str:
    return f'title = "x"\n[input]\ndate_format = "{form}"\n{more}'


def months(book: Path) -> dict[str, set[int]]:
    """Return the months that the lines of each file are read to lie in."""
    with open_engine() as engine:
        rows = read_book(book, read_settings(book), engine).orders
        found = (
            rows.filter(rows["_reason"].isnull())
            .select(file="_file", month=ibis._["order_date"].month())
            .distinct()
            .execute()
        )
    return {file: set(of["month"]) for file, of in found.groupby("file")}


UNLIKE = files(
    lines(month_first(7)), lines(month_first(8), start=100), lines(day_first(6), start=200)
)
OUT_OF_PLACE = files(
    lines(day_first(5, last=12)),
    lines(month_first(6), start=100),
    lines(month_first(7), start=200),
)


@pytest.mark.parametrize(
    ("unlike", "file", "said"),
    [
        (UNLIKE, "3.csv", r"3\.csv are day first \('13/06/2024'\), so that '01/06/2024'"),
        (OUT_OF_PLACE, "1.csv", r"days of 1\.csv, read as %m/%d/%Y .* the 5\. of 12 months"),
    ],
)
def test_days_of_one_file_the_other_way_are_refused(make_book, unlike, file, said):
    book = make_book({"orders.sql": STATEMENT, **unlike}, settings=settings())
    with pytest.raises(KamError, match=said) as refused:
        check_book(book)
    way = re.search(r"selects as order_date: (CASE .* END) .*AS order_date", refused.value.next)
    turned = way[1].replace("(day,", "(order_date,").replace("ELSE day", "ELSE order_date")
    (book / "orders.sql").write_text(
        STATEMENT.replace("order_date,", f"{turned} AS order_date,"), encoding="utf-8"
    )
    assert months(book)[file] == ({6} if file == "3.csv" else {5})
    assert check_book(book)["tables"]["orders"]["used"] == 72


def test_days_that_a_book_leaves_open_are_refused_with_the_file_that_contradicts(make_book):
    book = make_book({"orders.sql": STATEMENT, **UNLIKE})
    with pytest.raises(KamError, match=r"do not write their days alike: those of 3\.csv"):
        check_book(book)


def test_days_on_one_day_of_each_month_are_told_where_nothing_decides(make_book):
    """Money that is due on the 5th of each month, beside files that reach over several."""
    monthly = lines(lambda n: f"{1 + n % 12:02d}/05/2024")
    mixed = lines(lambda n: f"{1 + n % 12:02d}/{1 + n % 28:02d}/2024", start=100)
    book = make_book(
        {"orders.sql": STATEMENT, **files(mixed, monthly)}, settings=settings("%m/%d/%Y")
    )
    told = [one["what"] for one in check_book(book)["notices"]]
    assert sum("day first they all lie in one month." in what for what in told) == 1


def test_files_that_are_alike_are_read(make_book):
    """A file whose days all fit both ways, and one stray day, are no contradiction."""
    stray = lines(month_first(8), start=200) + "x;K1;31/08/2024;10\n"
    alike = files(lines(month_first(6, last=12)), lines(month_first(7), start=100), stray)
    book = make_book({"orders.sql": STATEMENT, **alike}, settings=settings())
    checked = check_book(book)
    assert months(book) == {"1.csv": {6}, "2.csv": {7}, "3.csv": {8}}
    assert checked["tables"]["orders"]["set_aside"] == {"order_date is not a date": 1}
    assert not [one for one in checked["notices"] if "one month" in one["what"]]


def test_the_sheets_of_a_workbook_are_judged_like_files(make_book, tmp_path):
    path = tmp_path / "sheets.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, text in (("Jul", UNLIKE["raw/sales/1.csv"]), ("Jun", UNLIKE["raw/sales/3.csv"])):
            rows = [line.split(";") for line in text.splitlines()]
            pd.DataFrame(rows[1:], columns=rows[0]).to_excel(writer, sheet_name=name, index=False)
    book = make_book({"orders.xlsx": path.read_bytes()}, settings=settings())
    with pytest.raises(KamError, match=r"those of orders\.xlsx \[Jun\] are day first"):
        check_book(book)


def test_amounts_of_one_file_with_the_other_mark_are_refused(make_book):
    ours = lines(month_first(7), amounts=lambda n: f"1.{n:03d},50")
    theirs = lines(month_first(8), start=100, amounts=lambda n: f"1,{n:03d}" + ".50" * (n % 2))
    book = make_book(
        {"orders.sql": STATEMENT, **files(ours, theirs)}, settings=settings(more='decimal = ","\n')
    )
    with pytest.raises(KamError, match=r"2\.csv are with a decimal point \('1,001\.50'\)") as why:
        check_book(book)
    way = re.search(r"selects as revenue: (CASE .* END) AS revenue", why.value.next)
    turned = way[1].replace("(amount,", "(revenue,").replace("ELSE amount", "ELSE revenue")
    (book / "orders.sql").write_text(
        STATEMENT.replace("revenue,", f"{turned} AS revenue,"), encoding="utf-8"
    )
    sums = [sum(1000 + n for n in range(24)) + 12, sum(1000 + n for n in range(24)) + 6]
    assert check_book(book)["totals"]["revenue"] == sum(sums)


def exported(of: Iterable[str]) -> dict[str, str]:
    return {f"{n}.csv": text.replace(HEAD, EXPORTED) for n, text in enumerate(of, start=1)}


@pytest.mark.parametrize(
    ("unlike", "said"),
    [(UNLIKE, r"those of 3\.csv are day first"), (OUT_OF_PLACE, r"days of 1\.csv, read as")],
)
def test_kam_new_refuses_files_that_contradict_each_other(tmp_path, unlike, said):
    with pytest.raises(KamError, match=said) as refused:
        made(tmp_path, exported(unlike.values()))
    assert "orders.sql" not in refused.value.next
    assert not (tmp_path / "book").exists()


def test_kam_new_reads_files_by_the_one_order_that_fits_all(tmp_path):
    of = [lines(day_first(5, last=12)), lines(day_first(6), start=100)]
    made(tmp_path, exported(of))
    assert months(tmp_path / "book") == {"1.csv": {5}, "2.csv": {6}}


MANY = 12_000
TIMES = [f"{1 + n % 12:02d}/{1 + n // 7 % 12:02d}/2024 {n % 24:02d}:{n % 60:02d}:{n // 60 % 60:02d}"
         for n in range(MANY)]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "amounts", "last"),
    [
        (TIMES, ["10"] * MANY, "x;K1;31/08/2024 10:11:12;5"),
        (["2024-03-05"] * MANY, [f"{1 + n // 1000}.{n % 1000:03d}" for n in range(MANY)],
         "x;K1;2024-08-31;1.234,56"),
    ],
)  # fmt: skip
def test_the_last_of_many_lines_decides(tmp_path, days, amounts, last):
    rows = [
        f"{n};K{n % 50};{day};{amount}"
        for n, (day, amount) in enumerate(zip(days, amounts, strict=True))
    ]
    found = read(tmp_path, {"o.csv": table(EXPORTED, [*rows, last])})
    assert found["tables"]["orders"]["used"] == MANY + 1
    assert found["totals"]["last_date"] == ("2024-12-12" if days is TIMES else "2024-08-31")
    if days is not TIMES:
        assert found["totals"]["revenue"] == sum(range(1000, MANY + 1000)) + 1234.56


def folder(tmp_path: Path, content: dict[str, bytes]) -> str:
    """Make a book of a folder of files; return what was told."""
    place = tmp_path / "sales"
    place.mkdir()
    for name, text in content.items():
        (place / name).write_bytes(text)
    own = {"given": {}, "title": "x", "currency": "EUR", "sources": SOURCES, "ask": refuse}
    return new_book(tmp_path / "book", [place], **own)


def test_a_file_of_another_header_between_others_is_no_part_of_their_table(tmp_path):
    orders = [lines(month_first(m), start=100 * m).replace(HEAD, EXPORTED) for m in (3, 4)]
    names = table("Customer;Name", [f"K{n};Firm {n}" for n in range(5)])
    content = {"a.csv": orders[0], "m.csv": names, "z.csv": orders[1]}
    told = folder(tmp_path, {name: text.encode() for name, text in content.items()})
    assert "Read: 48 of 48 order lines" in told


def customers(name: str, start: int = 0) -> str:
    return lines(month_first(3), start=start).replace(HEAD, EXPORTED).replace(";K1;", f";{name};")


def test_letters_far_down_in_a_file_tell_its_encoding(tmp_path):
    head = lines(month_first(3), many=20_000).replace(HEAD, EXPORTED)
    late = f"{head}x;Żółć Łódź Gdańsk;03/04/2024;10\n"
    assert len(head) > 400_000
    folder(tmp_path, {"a.csv": late.encode("cp1250")})
    assert 'encoding = "cp1250"' in (tmp_path / "book" / "book.toml").read_text()


def test_files_in_two_encodings_of_single_bytes_are_refused(tmp_path):
    polish, german = customers("Żółć Łódź Gdańsk"), customers("Größe Müller Söhne", start=100)
    content = {"a.csv": german.encode("cp1252"), "b.csv": polish.encode("cp1250")}
    with pytest.raises(KamError, match=r"b\.csv in cp1250 \('Żółć'\), others in cp1252"):
        folder(tmp_path, content)


def test_marks_and_delimiters_may_differ_from_file_to_file(tmp_path):
    content = {
        "a.csv": customers("Größe").encode("utf-8-sig"),
        "b.csv": customers("Größe", start=100).replace(";", ",").encode("cp1252"),
        "c.csv": customers("Größe", start=200).replace(";", "\t").encode("utf-16"),
    }
    folder(tmp_path, content)
    with open_engine() as engine:
        book = tmp_path / "book"
        accounts = read_book(book, read_settings(book), engine).orders["account_id"]
        assert set(accounts.as_table().distinct().execute()["account_id"]) == {
            "K0", "K2", "K3", "K4", "Größe"
        }  # fmt: skip


def parquet(path: Path, **columns: object) -> bytes:
    rows = {"order_id": ["1", "2"], "account_id": "K1", "order_date": pd.Timestamp("2024-03-05")}
    pd.DataFrame({**rows, **columns}).to_parquet(path, index=False)
    return path.read_bytes()


def test_parquet_files_of_one_table_may_have_numbers_of_different_types(make_book, tmp_path):
    path = tmp_path / "it.parquet"
    whole = parquet(path, revenue=[2, 3])
    parts = {"a": whole, "b": parquet(path, revenue=[1.5, None], region="x")}
    book = make_book(
        {
            "orders.sql": "SELECT * FROM sales ORDER BY order_id",
            **{f"raw/sales/{name}.parquet": content for name, content in parts.items()},
        }
    )
    assert check_book(book)["totals"]["revenue"] == 6.5


def test_a_column_that_is_a_number_here_and_text_there_is_refused_by_name(make_book, tmp_path):
    path = tmp_path / "it.parquet"
    parts = {"a": parquet(path, revenue=[2, 3]), "b": parquet(path, revenue=["2", "3"])}
    files = {f"raw/sales/{name}.parquet": content for name, content in parts.items()}
    book = make_book({"orders.sql": "SELECT * FROM sales", **files})
    said = r"'revenue' is a number in a\.parquet and text in b\.parquet"
    with pytest.raises(KamError, match=said):
        check_book(book)
