"""What one cell means: amounts, ids and days, whatever wrote them; every answer by hand."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.errors import KamError
from kamlib.intake import read_book, set_aside_rows
from kamlib.intake.sources import open_engine

HEAD = "order_id,account_id,order_date,revenue\n"


def read(folder, *columns):
    """Return the cells of columns in the order of the rows, None where the row is set aside."""
    with open_engine() as engine:
        intake = read_book(folder, read_settings(folder), engine)
        rows = intake.orders.order_by("_file", "_row").to_pyarrow().to_pylist()
        values = set_aside_rows(intake)
    cells = [None if row["_reason"] else tuple(row[c] for c in columns) for row in rows]
    return [cell[0] if cell and len(columns) == 1 else cell for cell in cells], values


def said(text: str = "", **settings: str) -> str:
    lines = [f'{name} = "{value}"' for name, value in settings.items()]
    return "\n".join(['title = "x"', text, "[input]", *lines]) + "\n"


AMOUNTS = {
    ".": {
        "5,009.00-": "-5009", "−12.50": "-12.5", "(1,000.00)": "-1000", "- 45.00": "-45",
        "1 234.50": "1234.5", "1\u3000234.50": "1234.5", "12e3": "12000", "1,00,000.50": "100000.5",
        "12 34": None, "1 2345": None, "1,23": None, "<100.00>": None, "1,200.00 DR": None,
        "8,959.00 CR": None, "-": None, "€-": None, ".": None, "€ 5": "5", "5 EUR": "5",
        "EUR5": "5",
        "-€5": "-5", "€-5": "-5", "(€5)": "-5", "$100": None, "£100": None, "100 USD": None,
        "€100 USD": None, "kr 20": None, "₩ 9": None, "100 Euro": "100", "5\u3000": "5",
    },
    ",": {
        "1.234,56": "1234.56", "1.234": "1234", "12,5": "12.5", "1 234,5": "1234.5",
        "12.34": None, "1'234,50": "1234.5", "12 34": None,
    },
}  # fmt: skip


@pytest.mark.parametrize("decimal", AMOUNTS)
def test_amounts_where_the_mark_is_declared(make_book, decimal):
    cells = AMOUNTS[decimal]
    lines = "".join(f'{n},A,2025-01-01,"{text}"\n' for n, text in enumerate(cells))
    folder = make_book(
        {"orders.csv": HEAD + lines}, settings=said('currency = "EUR"', decimal=decimal)
    )
    wanted = [None if value is None else Decimal(value) for value in cells.values()]
    found, aside = read(folder, "revenue")
    assert dict(zip(cells, found, strict=True)) == dict(zip(cells, wanted, strict=True))
    assert aside["value"].tolist() == [text for text, value in cells.items() if value is None]


@pytest.mark.parametrize(
    ("locale", "text", "value"),
    [
        ("de", "100,50", "100.5"), ("de", "1.234,50", "1234.5"), ("de", "1.234.567", "1234567"),
        ("de", "12.5", "12.5"), ("de", "0,125", "0.125"), ("en", "1,749.00", "1749"),
        ("en", "1,234,567", "1234567"), ("en", "1.234", "1.234"),
        ("de", "1.234", None), ("de", "1,234", None), ("en", "1,234", None), ("en", "100,50", None),
        ("de", "1,749.00", None),
    ],
)  # fmt: skip
def test_an_undeclared_mark_is_read_only_where_there_is_one_reading(make_book, locale, text, value):
    book = {"orders.csv": f'{HEAD}1,A,2025-01-01,"{text}"\n'}
    folder = make_book(book, settings=f'title = "x"\nlocale = "{locale}"\n')
    if value is not None:
        assert read(folder, "revenue")[0] == [Decimal(value)]
        return
    with pytest.raises(KamError) as caught:
        check_book(folder)
    assert text in caught.value.what
    assert "decimal = " in caught.value.next
    assert ("two ways" in caught.value.what) == (text in ("1.234", "1,234"))


def test_a_sign_agrees_with_its_rows_currency(make_book):
    lines = "1,A,2025-01-05,$100,USD\n2,A,2025-01-05,€100,USD\n3,A,2025-01-05,€100,\n"
    folder = make_book(
        {
            "orders.csv": HEAD.strip() + ",currency\n" + lines,
            "rates.csv": "month,currency,rate\n2025-01,USD,0.5\n",
        }
    )
    assert read(folder, "revenue")[0] == [Decimal(50), None, Decimal(100)]


def test_a_rate_of_nothing_is_no_rate(make_book):
    lines = "1,A,2025-01-05,100,USD\n"
    folder = make_book(
        {
            "orders.csv": HEAD.strip() + ",currency\n" + lines,
            "rates.csv": "month,currency,rate\n2025-01,USD,0\n",
        }
    )
    assert check_book(folder)["tables"]["orders"]["set_aside"] == {
        "no rate for its month and currency": 1
    }


IDS = {
    "123": "123", "123.0": "123", "0123": "0123", "0123.0": "0123.0", "12.5": "12.5", "1E5": "1E5",
    "1.23457e+15": None, "1E+15": None, "1,23457E+15": None, "1.5e11": None, "#N/A": None,
    "#REF!": None, "04-Mar": None, "Mar-04": None, "MAR-04": "MAR-04", "#7": "#7", "AE-12": "AE-12",
    "1234567890123456789": "1234567890123456789", "x\u3000": "x", "\u30007": "7",
    '="00123"': "00123",
}  # fmt: skip


def test_ids_that_a_spreadsheet_damaged_are_set_aside_and_whole_numbers_mended(make_book):
    cells = [text.replace('"', '""') for text in IDS]
    lines = "".join(f'{n},"{text}",2025-01-01,1\n' for n, text in enumerate(cells))
    found, aside = read(make_book({"orders.csv": HEAD + lines}), "account_id")
    assert dict(zip(IDS, found, strict=True)) == IDS
    assert aside["value"].tolist() == [text for text, id_ in IDS.items() if id_ is None]


def test_ids_that_are_numbers_in_parquet(make_book):
    folder = make_book()
    pd.DataFrame(
        {
            "order_id": [1234567890123456789, 2, 3, 4],
            "account_id": [123.0, 12.5, 1e15, None],
            "order_date": pd.Timestamp("2025-01-01"),
            "revenue": 1.0,
        }
    ).to_parquet(folder / "orders.parquet")
    ids = [("1234567890123456789", "123"), None, None, None]
    assert read(folder, "order_id", "account_id")[0] == ids


DAYS = {
    "2025-01-31": "2025-01-31", "2025-01-31T23:59:59": "2025-01-31", "2025-01-31T25:00:00": None,
    "2025-01-31 12:61": None, "2025-02-30": None, "31/01/2025": "2025-01-31",
    "31/01/2025 0:00": "2025-01-31", "31/01/2025 00:00:00": "2025-01-31",
    "31/01/2025 12:00:00 AM": "2025-01-31", "31/01/2025 0:30": None, "1/2/2025": "2025-02-01",
    "31/01/25": None, "2025-01-31\u3000": "2025-01-31",
}  # fmt: skip


def test_days_in_the_declared_form(make_book):
    lines = "".join(f"{n},A,{text},1\n" for n, text in enumerate(DAYS))
    folder = make_book({"orders.csv": HEAD + lines}, settings=said(date_format="%d/%m/%Y"))
    found, _ = read(folder, "order_date")
    assert {t: d and str(d) for t, d in zip(DAYS, found, strict=True)} == DAYS


def test_a_declared_month_is_its_last_day(make_book):
    folder = make_book({"orders.csv": HEAD + "1,A,2024-02,1\n"}, settings=said(date_format="%Y-%m"))
    assert str(read(folder, "order_date")[0][0]) == "2024-02-29"


@pytest.mark.parametrize("form", ["parquet", "sql", "csv"])
def test_an_instant_falls_on_the_day_of_the_books_time_zone(make_book, form):
    folder = make_book(settings=said(time_zone="Europe/Berlin"))
    instants = pd.to_datetime(["2025-01-31T23:30Z", "2025-06-30T21:59Z"])
    frame = pd.DataFrame(
        {"order_id": ["1", "2"], "account_id": "A", "order_date": instants, "revenue": 1.0}
    )
    (folder / "raw").mkdir()
    if form == "csv":
        frame.to_csv(folder / "orders.csv", index=False)
    elif form == "parquet":
        frame.to_parquet(folder / "orders.parquet")
    else:
        frame.to_parquet(folder / "raw" / "lines.parquet")
        (folder / "orders.sql").write_text("SELECT * FROM lines")
    assert [str(day) for day in read(folder, "order_date")[0]] == ["2025-02-01", "2025-06-30"]


FORMS = {
    "3/30/2019 4/1/2019": '"%m/%d/%Y"', "31.08.2024 01.09.2024": '"%d.%m.%Y"',
    "05.05.2025": '"%d.%m.%Y"', "01-Jan-24 15-Feb-24": '"%d-%b-%y"', "20240101": '"%Y%m%d"',
    "2024/01/31": '"%Y/%m/%d"', "31/12/2024|14:30": '"%d/%m/%Y %H:%M"',
    "12/31/2024|2:30|PM": '"%m/%d/%Y %I:%M %p"', "Jan|5,|2024": '"%b %d, %Y"',
    "2024-01": '"%Y-%m"', "13/01/24 02/01/24": '"%d/%m/%y"',
}  # fmt: skip


@pytest.mark.parametrize("written", FORMS)
def test_the_form_that_reads_all_days_is_proposed(make_book, written):
    days = [day.replace("|", " ") for day in written.split()]
    lines = "".join(f'{n},A,"{day}",1\n' for n, day in enumerate(days))
    with pytest.raises(KamError) as caught:
        check_book(make_book({"orders.csv": HEAD + lines}))
    assert f"date_format = {FORMS[written]} under [input.orders]" in caught.value.next
    assert "column 'order_date'" in caught.value.where
    assert any(day in caught.value.what for day in days)
    line = f"date_format = {FORMS[written]}\n"
    folder = make_book(
        {"orders.csv": HEAD + lines}, settings=f'title = "x"\n[input.orders]\n{line}'
    )
    assert None not in read(folder, "order_date")[0]


def test_days_that_two_forms_read_are_refused_with_both(make_book):
    with pytest.raises(KamError) as caught:
        check_book(make_book({"orders.csv": HEAD + "1,A,01/02/2024,1\n2,A,03/03/2024,1\n"}))
    assert "'01/02/2024' can be read in two ways" in caught.value.what
    assert '"%d/%m/%Y"' in caught.value.next
    assert '"%m/%d/%Y"' in caught.value.next


def test_a_few_days_of_another_form_are_told_with_the_line_that_reads_them(make_book):
    lines = "1,A,2025-01-01,1\n2,A,2025-01-02,1\n3,A,03-Jan-25,1\n"
    found = check_book(make_book({"orders.csv": HEAD + lines}))
    assert found["tables"]["orders"]["set_aside"] == {"order_date is not a date": 1}
    assert any('date_format = "%d-%b-%y"' in notice["next"] for notice in found["notices"])


def test_amounts_in_another_currency_than_the_book_says(make_book):
    lines = '1,A,2025-01-01,"$1,749.00"\n2,A,2025-01-02,"$1,234.50"\n'
    folder = make_book({"orders.csv": HEAD + lines}, settings='title = "x"\ncurrency = "EUR"\n')
    with pytest.raises(KamError) as caught:
        check_book(folder)
    assert "'$1,234.50'" in caught.value.what
    assert 'currency = "USD"' in caught.value.next
    found = check_book(make_book({"orders.csv": HEAD + lines}, settings='title = "x"\n'))
    assert found["totals"]["revenue"] == 2983.5
    assert any('currency = "USD"' in notice["next"] for notice in found["notices"])


def test_signs_of_several_currencies_are_never_summed(make_book):
    lines = (
        "1,A,2025-01-01,$100\n2,A,2025-01-01,€100\n3,A,2025-01-01,£100\n4,A,2025-01-01,100 USD\n"
    )
    for settings in ('title = "x"\n', 'title = "x"\ncurrency = "EUR"\n'):
        found = check_book(make_book({"orders.csv": HEAD + lines}, settings=settings))
        assert found["totals"]["revenue"] == 100
        assert found["tables"]["orders"]["set_aside"] == {"revenue is not an amount": 3}


def test_an_amount_hundreds_of_times_an_accounts_usual_one_is_told(make_book):
    lines = "".join(f"{n},A,2025-01-0{n},{9 + n}.50\n" for n in range(1, 8))
    found = check_book(make_book({"orders.csv": HEAD + lines + "9,A,2025-01-09,12345.00\n"}))
    assert found["totals"]["revenue"] == pytest.approx(12345 + 94.5)
    assert any("12,345.00" in notice["what"] for notice in found["notices"])
    quiet = check_book(make_book({"orders.csv": HEAD + lines + "9,A,2025-01-09,123.00\n"}))
    assert not quiet["notices"]


def test_what_a_database_exports_as_null_is_blank(make_book):
    lines = r"""order_id,account_id,order_date,revenue,cost,category,delivered_date
1,NULL,2025-01-01,5,NULL,NULL,\N
2,B,2025-01-02,6,\N,Null,2025-01-03
3,B,NULL,7,3,Nuts,2025-01-04
"""
    found, aside = read(make_book({"orders.csv": lines}), *("account_id", "cost", "category"))
    assert found == [("NULL", None, None), ("B", None, "Null"), None]
    assert aside["reason"].tolist() == ["no order_date"]
