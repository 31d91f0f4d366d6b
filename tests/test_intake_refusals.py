"""What cannot be read is refused in words, exit code 2; statements see the book's files alone."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine

HEAD = "order_id,account_id,order_date,revenue\n"
LINES = HEAD + "1,A,2025-01-01,5\n"


def refusal(folder) -> KamError:
    with pytest.raises(KamError) as caught:
        check_book(folder)
    assert caught.value.exit_code == 2
    assert caught.value.where
    assert caught.value.next
    return caught.value


@pytest.mark.parametrize(
    ("files", "settings", "said"),
    [
        ({"orders.csv": LINES.encode("utf-16-le")}, "", 'encoding = "utf-16-le"'),
        ({"orders.csv": LINES.encode("utf-16-be")}, "", 'encoding = "utf-16-be"'),
        ({"orders.csv": LINES.encode("utf-32-le")}, "", 'encoding = "utf-32-le"'),
        ({"orders.csv": LINES.encode() + b"\0"}, "", "zero bytes"),
        ({"orders.csv": LINES}, '[input]\nencoding = "utf-9"\n', "Unknown encoding 'utf-9'"),
        ({"orders.csv": LINES}, '[input]\ndate_format = "dd.mm.yy"\n', "date_format = 'dd.mm.yy'"),
        ({"orders.csv": LINES}, '[input]\ndate_format = "%Q"\n', "date_format = '%Q'"),
        ({"orders.csv": LINES}, '[input]\ndate_format = "%d/%m"\n', "date_format = '%d/%m'"),
        ({"orders.csv": LINES}, '[input]\ntime_zone = "Europe/Berln"\n', "'Europe/Berlin'"),
        ({"orders.csv": LINES}, '[input.order]\ndecimal = "."\n', "'orders'"),
        ({"orders.csv": "_file," + LINES}, "", "named '_file'"),
        ({"orders.csv": "x" * 140_000 + "," + LINES}, "", "header cannot be read"),
        ({"orders.json": "{}"}, "", "'orders.json' is not of a form"),
        ({"orders.csv": "Report\n2025\n\n" + LINES}, "", "header_line = 4"),
        ({"orders.csv": "Sales report;;;\n;;;\n" + LINES.replace(",", ";")}, "", "header_line = 3"),
        ({"orders.csv": "No,Who,Day,Net\n1,A,2025-01-01,5\n"}, "", "found No, Who, Day, Net"),
        ({"orders.csv": "order_id,account_id,Jan 25,Feb 25,Mar 25\n1,A,1,2,3\n"}, "", "UNPIVOT"),
        ({"orders.sql": "SELECT * FROM orders"}, "", "no folder raw/"),
        ({"orders.sql": "SELECT * FROM orders", "raw/orders.pdf": "x"}, "", "orders.pdf"),
        ({"orders.sql": "SELECT a FROM t", "raw/t.csv": "b,c\n1,2\n"}, "", "t (b, c)"),
        ({"orders.sql": "SELECT 1; SELECT 2", "raw/t.csv": "b\n1\n"}, "", "not one SELECT"),
        ({"orders.sql": "DROP TABLE t", "raw/t.csv": "b\n1\n"}, "", "not one SELECT"),
        ({"orders.sql": "SELECT b AS revenue, b AS revenue FROM t", "raw/t.csv": "b\n1\n"}, "",
         "two columns named"),
        ({"orders.sql": "SELECT 'é' AS b".encode("cp1252"), "raw/t.csv": "b\n1\n"}, "", "UTF-8"),
    ],
)  # fmt: skip
def test_it_is_refused_in_words(make_book, files, settings, said):
    assert said in str(refusal(make_book(files, settings=f'title = "x"\n{settings}')))


def test_what_is_no_ordinary_file_is_refused(make_book):
    folder = make_book()
    file = folder / "orders.csv"
    file.mkdir()
    assert "is a folder" in refusal(folder).what
    file.rmdir()
    file.symlink_to(folder / "nowhere.csv")
    assert "link to nothing" in refusal(folder).what
    file.unlink()
    os.mkfifo(file)
    assert "no ordinary file" in refusal(folder).what


def test_a_parquet_file_with_a_damaged_page_is_refused(make_book):
    folder = make_book()
    file = folder / "orders.parquet"
    frame = pd.DataFrame({"order_id": [str(n) for n in range(5000)], "account_id": "A"})
    frame.assign(order_date=pd.Timestamp("2025-01-01"), revenue=1.0).to_parquet(file)
    whole = file.read_bytes()
    file.write_bytes(whole[:200] + bytes(4000) + whole[4200:])
    assert "cannot be read" in refusal(folder).what
    file.write_bytes(whole[:-300])
    assert "cannot be read" in refusal(folder).what


def test_a_marked_utf_32_file_and_a_recursive_statement_are_read(make_book):
    assert check_book(make_book({"orders.csv": LINES.encode("utf-32")}))["totals"]["revenue"] == 5
    sql = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)\n"
        "SELECT i AS order_id, 'A' AS account_id, DATE '2025-01-01' AS order_date, i AS revenue "
        "FROM n -- the end"
    )
    folder = make_book({"orders.sql": sql, "raw/t.csv": "b\n1\n"})
    (folder / "orders.csv").unlink()
    assert check_book(folder)["totals"]["revenue"] == 6


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('{file}')", "'{file}'", "read_text('{file}')", "read_blob('{file}')",
        "glob('{file}')", "read_parquet('{file}')", "sqlite_scan('{file}', 't')",
        "read_csv('http://127.0.0.1:9/x')", "folder",
    ],
)  # fmt: skip
def test_a_statement_reads_nothing_but_the_books_raw_files(make_book, tmp_path, source):
    secret = tmp_path / "secret.csv"
    secret.write_text("canary\nCANARY\n")
    sql = f"SELECT * FROM {source.format(file=secret)}"
    folder = make_book({"orders.sql": sql, "raw/t.csv": "b\n1\n"})
    error = refusal(folder)
    assert "CANARY" not in str(error)
    assert "t (b)" in error.next


def test_a_shut_engine_still_uses_its_own_scratch_folder(make_book):
    day = "DATE '2025-01-01' AS order_date"
    sql = f"SELECT b AS order_id, b AS account_id, {day}, 1 AS revenue FROM t"
    folder = make_book({"orders.sql": sql, "raw/x.txt": "b\n1\n"})
    (folder / "raw" / "x.txt").unlink()
    pd.DataFrame({"b": ["1"]}).to_parquet(folder / "raw" / "t.parquet")
    with open_engine() as engine:
        engine.connection.raw_sql("SET memory_limit = '60MB'")
        read_book(folder, read_settings(folder), engine)
        engine.connection.raw_sql(
            "CREATE TEMP TABLE big AS SELECT i, repeat('x', 100) AS x FROM range(2000000) r(i)"
        )
        sums = engine.connection.raw_sql("SELECT count(DISTINCT i) FROM big").fetchone()
    assert sums == (2_000_000,)


LINE_IDS = "order_id,line_id,account_id,order_date,revenue,category\n"
REPEATS = {
    "a later row that reuses an id changes nothing before it": (
        ["1,a,A,2025-01-05,1200,x", "1,a,A,2025-04-01,100,x"],
        {"repeats its line_id": 1}, 1200,
    ),
    "equal rows count once": (
        ["1,a,A,2025-01-05,5,x", "1,a,A,2025-01-05,5,x", "1,b,A,2025-01-05,6,x"],
        {"repeats its line_id": 1}, 11,
    ),
    "other amounts of one day count not at all": (
        ["1,a,A,2025-01-05,5,x", "1,a,A,2025-01-05,6,x", "1,a,A,2025-02-05,7,x"],
        {"same line_id with different amounts": 2, "repeats its line_id": 1}, 0,
    ),
    "other accounts of one day count not at all": (
        ["1,a,A,2025-01-05,5,x", "1,a,B,2025-01-05,5,x"],
        {"same line_id with different accounts": 2}, 0,
    ),
    "a blank line_id is none": (
        ["1,,A,2025-01-05,5,x", "1,,A,2025-01-05,5,x", "1,,A,2025-01-05,6,x"],
        {"repeats another line": 1}, 11,
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", REPEATS)
def test_repeated_line_ids(make_book, rule):
    lines, aside, revenue = REPEATS[rule]
    declared = 'title = "x"\n[input]\nduplicates = "set aside"\n'
    for order in (lines, lines[::-1]):
        text = LINE_IDS + "\n".join(order) + "\n"
        found = check_book(make_book({"orders.csv": text}, settings=declared))
        assert found["tables"]["orders"]["set_aside"] == aside
        assert found["totals"]["revenue"] == revenue


def test_which_of_equal_lines_is_used_does_not_depend_on_their_order(make_book):
    lines = ["1,a,A,2025-01-05,5,belts", "1,a,A,2025-01-05,5,tools"]
    used = []
    for order in (lines, lines[::-1]):
        folder = make_book({"orders.csv": LINE_IDS + "\n".join(order) + "\n"})
        with open_engine() as engine:
            rows = read_book(folder, read_settings(folder), engine).orders.to_pyarrow().to_pylist()
        used.append([row["category"] for row in rows if not row["_reason"]])
    assert used == [["belts"], ["belts"]]


def test_blank_line_ids_are_told_like_lines_without_one(make_book):
    text = LINE_IDS + "1,,A,2025-01-05,5,x\n1,,A,2025-01-05,5,x\n"
    found = check_book(make_book({"orders.csv": text}))
    assert any("repeat another one: 1 (" in notice["what"] for notice in found["notices"])


def test_repeated_keys_of_other_tables_do_not_depend_on_their_order(make_book):
    head = "opportunity_id,account_id,opened_date,outcome\n"
    rows = [
        "1,A,2025-01-05,open",
        "1,A,2025-03-01,won",
        "2,A,2025-01-05,open",
        "2,A,2025-01-05,won",
    ]
    for order in (rows, rows[::-1]):
        table = head + "\n".join([*order, "3,A,2025-01-05,open", "3,A,2025-01-05,open"]) + "\n"
        found = check_book(make_book({"orders.csv": LINES, "opportunities.csv": table}))
        assert found["tables"]["opportunities"]["set_aside"] == {
            "repeats its opportunity_id": 2,
            "same opportunity_id with different values": 2,
        }


RATED = "order_id,account_id,order_date,revenue,currency\n" + "".join(
    f"{month},A,2025-{month:02d}-05,10,{'EUR' if month % 2 else 'USD'}\n" for month in range(1, 9)
)
RATE = "month,currency,rate\n" + "".join(f"2025-{month:02d},USD,0.9\n" for month in range(1, 9))


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (RATE.replace("currency", "code"), "currency"),
        (RATE.replace("0.9", "a lot"), "no row of the table rates can be used"),
    ],
)
def test_rates_that_cannot_be_used_are_refused(make_book, rates, said):
    error = refusal(make_book({"orders.csv": RATED, "rates.csv": rates}))
    assert said in str(error)
    assert "currency" in error.next


@pytest.mark.parametrize(
    ("rates", "said", "line"),
    [
        (RATE.replace("USD", "GBP"), "4 lines are in USD, which has no rate:", "2025-02-28,USD,"),
        (RATE.replace("2025-04", "2024-04"), "1 line is in USD, which has no rate in 2025-04:",
         "2025-04-30,USD,"),
        (RATE.replace("2025-04,USD,0.9", "2025-04,USD,0"), "1 rate is not above 0",
         "2025-04-30,USD,"),
        (RATE.replace("2025-04,USD,0.9", "2025-04,USD,much"), "no rate in 2025-04",
         "2025-04-30,USD,"),
    ],
)  # fmt: skip
def test_a_lacking_rate_is_told_with_the_line_to_write(make_book, rates, said, line):
    found = check_book(make_book({"orders.csv": RATED, "rates.csv": rates}))["notices"]
    own = [one for one in found if one["table"] == "rates" and said in one["what"]]
    assert own, found
    assert line in own[0]["next"]


def test_rates_without_a_currency_of_orders_are_told_of(make_book):
    found = check_book(make_book({"orders.csv": LINES, "rates.csv": RATE}))["notices"]
    assert any("No rate is used" in one["what"] for one in found)


def test_sound_rates_say_nothing(make_book):
    found = check_book(make_book({"orders.csv": RATED, "rates.csv": RATE}))["notices"]
    assert not [one for one in found if one["table"] == "rates"]
