"""Every row of input is used, or listed with the reason it was not."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.errors import KamError
from kamlib.intake import read_book, set_aside_rows
from kamlib.intake.sources import open_engine

HEAD = "order_id,account_id,order_date,revenue\n"


def orders(folder, columns=("order_id", "account_id", "order_date", "revenue")) -> list[tuple]:
    """Return the used lines of a book as plain values."""
    with open_engine() as engine:
        intake = read_book(folder, read_settings(folder), engine)
        used = intake.orders.filter(intake.orders["_reason"].isnull()).order_by("_file", "_row")
        return [tuple(row[c] for c in columns) for row in used.to_pyarrow().to_pylist()]


def aside(folder) -> dict[str, int]:
    return check_book(folder)["tables"]["orders"]["set_aside"]


def refusal(folder) -> KamError:
    with pytest.raises(KamError) as caught:
        check_book(folder)
    assert caught.value.exit_code == 2
    assert caught.value.where
    assert caught.value.next
    return caught.value


def test_a_book_of_four_columns(make_book):
    folder = make_book({"orders.csv": HEAD + "1,A,2025-01-31,10.50\n2,B,2025-02-01,-0.25\n"})
    found = check_book(folder)
    assert found["tables"]["orders"]["read"] == found["tables"]["orders"]["used"] == 2
    assert found["totals"] == {
        "revenue": 10.25,
        "cost": None,
        "orders": 2,
        "accounts": 2,
        "first_date": "2025-01-31",
        "last_date": "2025-02-01",
    }


def test_ids_stay_text(make_book):
    ids = ["00123", "1E5", "NA", "null", "nan", "True", "日本", "مرحبا", "తెలుగు", "👍"]
    lines = "".join(f"{n},{id_},2025-01-01,1\n" for n, id_ in enumerate(ids))
    assert [row[1] for row in orders(make_book({"orders.csv": HEAD + lines}))] == ids


def test_invisible_differences_are_mended(make_book):
    ids = ["ACME ", "ACME\u00a0", "\u200bACME", "ACME\u202e", "Cafe\u0301", "Café"]
    folder = make_book(
        {"orders.csv": HEAD + "".join(f"{n},{i},2025-01-01,1\n" for n, i in enumerate(ids))}
    )
    assert [row[1] for row in orders(folder)] == ["ACME"] * 4 + ["Café"] * 2
    assert any("mended" in notice["what"] for notice in check_book(folder)["notices"])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,A,2024-02-30,5", "order_date is not a date"),
        ("1,A,0000-00-00,5", "order_date is not a date"),
        ("1,A,45322,5", "order_date is not a date"),
        ("1,A,,5", "no order_date"),
        ("1,,2025-01-01,5", "no account_id"),
        ("Total,,,5", "a total, not an order line"),
        ("1,1.23457E+15,2025-01-01,5", "account_id is damaged by a spreadsheet"),
        ("1,A,2025-01-01,inf", "revenue is not an amount"),
        ("1,A,2025-01-01,NaN", "revenue is not an amount"),
        ("1,A,2025-01-01,1e400", "revenue is not an amount"),
        ("1,A,2025-01-01,ten", "revenue is not an amount"),
        ("1,A,2025-01-01,", "no revenue"),
        ("1,A,2025-01-01", "too few values in the row"),
        ("1,A,2025-01-01,5,6", "too many values in the row"),
    ],
)
def test_one_bad_row_costs_one_row(make_book, line, reason):
    folder = make_book({"orders.csv": HEAD + f"0,A,2025-01-01,1\n{line}\n9,A,2025-01-01,1\n"})
    assert aside(folder) == {reason: 1}
    assert len(orders(folder)) == 2


@pytest.mark.parametrize(
    "files", [["orders.csv"], ["raw/lines.csv"], ["raw/lines/1.csv", "raw/lines/2.csv"]]
)
def test_a_column_of_its_own_named_rowid_numbers_no_row(make_book, files):
    lines = "rowid," + HEAD + "x,1,A,2025-01-01,1\nx,2,A,nonsense,1\n"
    select = {} if files == ["orders.csv"] else {"orders.sql": "SELECT * FROM lines"}
    folder = make_book({**dict.fromkeys(files, lines), **select})
    with open_engine() as engine:
        rows = set_aside_rows(read_book(folder, read_settings(folder), engine))
    assert rows["row"].tolist() == [2, 2][: len(files)]
    assert rows["file"].tolist() == [Path(file).name for file in files]


def test_a_statement_that_passes_the_place_on_names_the_files_row(make_book):
    """So does one that reads several files row by row. Else its own: a place that is missing (an
    outer join) is the statement's too.
    """
    lines = {f"raw/lines/{n}.csv": HEAD + f"1,A,2025-01-0{n},1\n2,A,soon,1\n" for n in (1, 2)}
    columns = "order_id, account_id, order_date, revenue"
    for more, places in (
        (", _file, _row", [("1.csv", 2), ("2.csv", 2)]),
        ("", [("1.csv", 2), ("2.csv", 2)]),
        (", row_number() OVER () AS of_all", [("orders.sql", 2), ("orders.sql", 4)]),
        (", NULL AS _file, NULL AS _row", [("orders.sql", 2), ("orders.sql", 4)]),
    ):
        select = f"SELECT {columns}{more} FROM lines"
        folder = make_book({**lines, "orders.sql": select})
        with open_engine() as engine:
            rows = set_aside_rows(read_book(folder, read_settings(folder), engine))
        assert list(zip(rows["file"], rows["row"], strict=True)) == places


def test_a_damaged_id_is_seen_where_case_is_folded_too(make_book):
    lines = "0,A,2025-01-01,1\n1,1.23457E+15,2025-01-01,5\n"
    folder = make_book(
        {"orders.csv": HEAD + lines}, settings='title = "x"\n[input]\nfold_case = true\n'
    )
    assert aside(folder) == {"account_id is damaged by a spreadsheet": 1}


@pytest.mark.parametrize(
    "digits", ["999999999999.9999995", "1000000000000.000001", "1e13", "0.0000005", "5.", "+7"]
)
def test_amounts_keep_every_digit_short_or_long(make_book, digits):
    folder = make_book({"orders.csv": HEAD + f"1,A,2025-01-01,{digits}\n"})
    exact = Decimal(digits).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    assert orders(folder, ("revenue",)) == [(exact,)]


def test_rows_set_aside_are_listed_with_their_place(make_book):
    folder = make_book({"orders.csv": HEAD + "0,A,2025-01-01,1\n1,A,nonsense,7\n2,A\n"})
    with open_engine() as engine:
        rows = set_aside_rows(read_book(folder, read_settings(folder), engine))
    assert rows["reason"].tolist() == ["order_date is not a date", "too few values in the row"]
    assert rows["file"].tolist() == ["orders.csv", "orders.csv"]
    assert (rows.loc[0, "row"], rows.loc[1, "line"]) == (2, 4)
    assert rows.loc[0, "revenue"] == 7


@pytest.mark.parametrize(
    ("decimal", "text", "value"),
    [
        (",", "1.234,56", "1234.56"),
        (",", "12,5", "12.5"),
        (",", "€ 1 234", "1234"),
        (".", "1,234.56", "1234.56"),
        (".", "(12.5)", "-12.5"),
        (".", "12.5-", "-12.5"),
        (".", "1'234.50 EUR", "1234.50"),
        (None, "1234.56", "1234.56"),
        (None, "-1e3", "-1000"),
    ],
)
def test_amounts_by_the_books_locale(make_book, decimal, text, value):
    declared = f'title = "x"\n[input]\ndecimal = "{decimal}"\n' if decimal else 'title = "x"\n'
    folder = make_book(
        {"orders.csv": f"order_id;account_id;order_date;revenue\n1;A;2025-01-01;{text}\n"},
        settings=declared,
    )
    assert [row[3] for row in orders(folder)] == [Decimal(value)]


@pytest.mark.parametrize("text", ["1.234", "12.34"])
def test_a_point_in_a_comma_locale_is_never_a_decimal(make_book, text):
    folder = make_book(
        {"orders.csv": f"order_id;account_id;order_date;revenue\n1;A;2025-01-01;{text}\n"},
        settings='title = "x"\n[input]\ndecimal = ","\n',
    )
    if text == "1.234":
        assert orders(folder)[0][3] == Decimal(1234)
    else:
        assert aside(folder) == {"revenue is not an amount": 1}


def test_what_can_be_read_in_two_ways_is_refused(make_book):
    error = refusal(make_book({"orders.csv": HEAD + '1,A,2025-01-01,"1,234"\n'}))
    assert "1,234" in str(error)
    assert "decimal" in error.next
    for day, form in (("01/02/2024", "%d/%m/%Y"), ("05.05.2025", "%d.%m.%Y")):
        error = refusal(make_book({"orders.csv": HEAD + f"1,A,{day},5\n"}))
        assert f'date_format = "{form}"' in error.next


def test_declared_dates_and_time_zones(make_book):
    folder = make_book(
        {"orders.csv": HEAD + "1,A,31/01/2025,5\n"},
        settings='title = "x"\n[input]\ndate_format = "%d/%m/%Y"\n',
    )
    assert str(orders(folder)[0][2]) == "2025-01-31"
    zone = 'title = "x"\n[input]\ntime_zone = "Europe/Berlin"\n'
    folder = make_book({"orders.csv": HEAD + "1,A,2025-01-31T23:30:00Z,5\n"}, settings=zone)
    assert str(orders(folder)[0][2]) == "2025-02-01"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (HEAD + "1,Z\u00fcrich,2025-01-01,5\n").encode(),
        (HEAD + "1,Z\u00fcrich,2025-01-01,5\n").encode("utf-16"),
        ("sep=;\n" + (HEAD + "1,Z\u00fcrich,2025-01-01,5\n").replace(",", ";")).encode(),
        (HEAD + "1,Z\u00fcrich,2025-01-01,5\n").replace("\n", "\r\n").encode(),
        (HEAD + "1,Z\u00fcrich,2025-01-01,5").encode(),
        (HEAD + "1,Z\u00fcrich,2025-01-01,5\r\n\n").encode(),
        (HEAD + "1,Z\u00fcrich,2025-01-01,5\n").replace("\n", "\r").encode(),
        (HEAD.upper() + "1,Z\u00fcrich,2025-01-01,5\n").encode(),
    ],
    ids=[
        "byte order mark",
        "UTF-16",
        "sep line",
        "CRLF",
        "no last line end",
        "mixed line ends",
        "CR",
        "upper case header",
    ],
)
def test_the_same_rows_however_the_file_is_written(make_book, content):
    assert [row[:2] for row in orders(make_book({"orders.csv": content}))] == [("1", "Zürich")]


def test_an_undeclared_encoding_is_refused_with_its_line(make_book):
    content = (HEAD + "1,A,2025-01-01,5\n2,Zürich,2025-01-01,5\n").encode("cp1252")
    assert "line 3" in refusal(make_book({"orders.csv": content})).where
    folder = make_book(
        {"orders.csv": content}, settings='title = "x"\n[input]\nencoding = "cp1252"\n'
    )
    assert [row[1] for row in orders(folder)] == ["A", "Zürich"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("order_id,account_id,order_date\n1,A,2025-01-01\n", "no column 'revenue'"),
        ("order_id,account_id,order_date,revenue,Revenue\n", "Two columns"),
        (HEAD + '1,"A,2025-01-01,5\n', "never closes"),
        (HEAD + "1,A,2025-01-01,5,9\n2,A,2025-01-01,5,9\n", "No row fits"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(make_book, content, said):
    assert said in str(refusal(make_book({"orders.csv": content})))


def test_a_header_without_rows_is_a_warning(make_book):
    found = check_book(make_book({"orders.csv": HEAD}))
    assert any("no rows" in notice["what"] for notice in found["notices"])


def test_newlines_in_quotes_and_extra_columns_are_fine(make_book):
    text = 'order_id,account_id,order_date,revenue,remark\n1,"A\nB",2025-01-01,5,"x, y"\n'
    assert orders(make_book({"orders.csv": text}))[0][1] == "A\nB"


def test_repeated_lines(make_book):
    head = "order_id,line_id,account_id,order_date,revenue\n"
    folder = make_book(
        {
            "orders.csv": head + "1,a,A,2025-01-01,5\n1,a,A,2025-01-01,5\n2,a,A,2025-01-01,5\n"
            "2,a,A,2025-01-01,6\n2,b,A,2025-01-01,7\n"
        }
    )
    assert aside(folder) == {"repeats its line_id": 1, "same line_id with different amounts": 2}
    twice = HEAD + "1,A,2025-01-01,5\n1,A,2025-01-01,5\n"
    found = check_book(make_book({"orders.csv": twice}))
    assert found["totals"]["revenue"] == 10
    assert any(
        "Lines that repeat another one: 1 (" in notice["what"] for notice in found["notices"]
    )
    declared = 'title = "x"\n[input]\nduplicates = "set aside"\n'
    assert aside(make_book({"orders.csv": twice}, settings=declared)) == {"repeats another line": 1}


def test_an_account_listed_twice_and_groups_in_a_circle_are_refused(make_book):
    line = HEAD + "1,A,2025-01-01,5\n"
    assert "listed twice" in str(
        refusal(make_book({"orders.csv": line, "accounts.csv": "account_id\nA\nA \n"}))
    )
    ring = "account_id,parent_id\nA,B\nB,A\n"
    assert "circle" in str(refusal(make_book({"orders.csv": line, "accounts.csv": ring})))


def test_several_currencies_need_rates(make_book):
    head = "order_id,account_id,order_date,revenue,currency\n"
    lines = f"{head}1,A,2025-01-05,10,EUR\n2,A,2025-01-06,10,USD\n"
    assert "rates" in refusal(make_book({"orders.csv": lines})).next
    rates = "month,currency,rate\n2025-01,usd,0.9\n"
    folder = make_book({"orders.csv": lines, "rates.csv": rates})
    assert [row[3] for row in orders(folder)] == [Decimal(10), Decimal(9)]
    folder = make_book({"orders.csv": lines, "rates.csv": rates.replace("2025-01", "2025-02")})
    assert aside(folder) == {"no rate for its month and currency": 1}


def test_columns_of_another_name(make_book):
    folder = make_book(
        {"orders.csv": "No,Customer No,Day,Net\n1,A,2025-01-01,5\n"},
        settings='title = "x"\n[columns.orders]\norder_id = "No"\naccount_id = "Customer No"\n'
        'order_date = "day"\nrevenue = "Net"\n',
    )
    assert orders(folder) == [("1", "A", pd.Timestamp("2025-01-01").date(), Decimal(5))]


def test_sql_selects_from_raw_and_says_what_it_leaves_out(make_book):
    sql = (
        "SELECT no AS order_id, who AS account_id, day AS order_date, amount AS revenue, "
        "CASE WHEN kind = 'test' THEN 'test order' END AS set_aside FROM lines"
    )
    folder = make_book(
        {
            "orders.sql": sql,
            "raw/lines/1.csv": "no,who,day,amount,kind\n1,A,2025-01-01,5,\n"
            "2,A,2025-01-01,5,test\n3,x\n",
            "raw/lines/2.csv": "who,no,day,amount,kind\nB,4,2025-01-02,6,\n",
        }
    )
    found = check_book(folder)
    assert found["tables"]["orders"]["set_aside"] == {"test order": 1}
    assert found["tables"]["raw/lines"]["set_aside"] == {"too few values in the row": 1}
    assert [row[:2] for row in orders(folder)] == [("1", "A"), ("4", "B")]


def test_a_statement_that_fails_is_named(make_book):
    folder = make_book({"orders.sql": "SELECT nothing FROM lines", "raw/lines.csv": "no\n1\n"})
    error = refusal(folder)
    assert "orders.sql" in error.where
    assert "lines" in error.next


def test_parquet_and_excel_give_the_same_figures(make_book):
    frame = pd.DataFrame(
        {
            "order_id": ["1", "2"],
            "account_id": ["00123", "B"],
            "order_date": pd.to_datetime(["2025-01-01", "2025-01-31"]),
            "revenue": [0.1, 1234.56],
        }
    )
    wanted = orders(make_book({"orders.csv": frame.to_csv(index=False)}))
    folder = make_book()
    (folder / "orders.csv").unlink()
    frame.to_parquet(folder / "orders.parquet")
    assert orders(folder) == wanted
    (folder / "orders.parquet").unlink()
    frame.to_excel(folder / "orders.xlsx", index=False)
    assert orders(folder) == wanted


def test_a_workbook_of_several_sheets_is_refused_with_their_names(make_book):
    folder = make_book()
    with pd.ExcelWriter(folder / "orders.xlsx") as writer:
        for sheet in ("2024", "2025"):
            pd.DataFrame({f"order_{sheet}": [1]}).to_excel(writer, sheet_name=sheet)
    error = refusal(folder)
    assert "2024, 2025" in error.what
    assert 'sheet = "2024" under [input.orders]' in error.next


def test_real_broken_file_costs_its_broken_rows_alone(shared, make_book):
    text = (shared / "northwind" / "csv_broken" / "orders.csv").read_text(encoding="utf-8")
    sql = """SELECT orderID AS order_id, customerID AS account_id, orderDate AS order_date,
        freight AS revenue FROM orders"""
    found = check_book(make_book({"orders.sql": sql, "raw/orders.csv": text}))
    assert found["tables"]["raw/orders"]["set_aside"] == {"too many values in the row": 176}
    assert found["tables"]["orders"]["read"] == 830 - 176
