"""What the numbers of orders give away is told: cancellations that count, numbers used twice."""

from __future__ import annotations

import pytest

from kamlib.check import check_book
from kamlib.start import new

from .test_start import made, table

HEAD = "order_id,account_id,order_date,revenue\n"
SALES = [f"5363{n},A{n % 3},2024-0{n % 9 + 1}-11,{100 + n}" for n in range(20)]
BACK = ["C53640,A1,2024-05-02,-101", "C53641,A2,2024-05-03,-102", "C53642,A0,2024-05-04,-100"]
RESTARTED = [
    f"{n},{line},{account}{n % 4},{year}-{n % 9 + 1:02}-11,{n + year - 2000}"
    for year, account in ((2022, "A"), (2023, "B"))
    for n in range(1, 9)
    for line in (1, 2)
]


def told(folder, word: str) -> list[dict]:
    return [one for one in check_book(folder)["notices"] if word in one["what"]]


def lines(*rows: str, head: str = HEAD) -> dict[str, str]:
    return {"orders.csv": head + "\n".join(rows) + "\n"}


def test_a_cancellation_that_counts_as_a_sale_is_told_of(make_book):
    folder = make_book(lines(*SALES, *BACK, "C53643,A1,2024-05-05,373.57"))
    (notice,) = told(folder, "begins with 'C'")
    assert "1 line of orders whose number begins with 'C' is above 0" in notice["what"]
    assert "373.57 of order 'C53643'" in notice["what"].replace("\u00a0", " ")
    assert "3 other lines are below 0" in notice["what"]
    assert "count as sales" in notice["what"]
    assert """CASE WHEN "order_id" LIKE 'C%' THEN '-' || ltrim(""" in notice["next"]


def test_what_is_said_of_cancellations_mends_the_book(make_book):
    rows = lines(*SALES, *BACK, "C53643,A1,2024-05-05,373.57")
    before = make_book(rows)
    (notice,) = told(before, "begins with 'C'")
    (before / "orders.csv").unlink()
    turned = notice["next"].partition(": ")[2].rstrip(".")
    statement = f"SELECT order_id, account_id, order_date, {turned} FROM sales"
    folder = make_book({"orders.sql": statement, "raw/sales.csv": rows["orders.csv"]})
    assert told(folder, "begins with") == []
    whole = sum(100 + n for n in range(20)) - 101 - 102 - 100 - 373.57
    assert check_book(folder)["totals"]["revenue"] == pytest.approx(whole)


def test_all_cancellations_above_0_are_told_of(make_book):
    (notice,) = told(make_book(lines(*SALES, "C1,A1,2024-05-02,101")), "begins with 'C'")
    assert "cancellations or credit notes as a rule" in notice["what"]


def test_credit_notes_by_their_numbers_are_told_of(make_book):
    sales = [f"INV-{row}" for row in SALES]
    (notice,) = told(make_book(lines(*sales, "CN-1,A1,2024-05-02,101")), "begins with 'CN'")
    assert "101.00 of order 'CN-1'" in notice["what"].replace("\u00a0", " ")
    assert told(make_book(lines(*sales, "CNC-X,A1,2024-05-02,101")), "begins with 'CN'") == []
    folder = make_book(lines(*sales, "CN-1,A1,2024-05-02,0"))
    assert told(folder, "begins with 'CN'") == []


def test_sales_with_a_minus_are_told_of_and_turned(make_book):
    raw = lines("1,A1,2024-05-02,-30.50", "2,A1,2024-05-03,-10", "3,A2,2024-05-03,5")
    folder = make_book(raw)
    (notice,) = told(folder, "All revenue is EUR \u221235.50")
    (folder / "orders.csv").unlink()
    turned = notice["next"].partition(": ")[2].rstrip(".")
    statement = f"SELECT order_id, account_id, order_date, {turned} FROM sales"
    make_book({"orders.sql": statement, "raw/sales.csv": raw["orders.csv"]})
    assert check_book(folder)["totals"]["revenue"] == pytest.approx(35.5)


def test_sums_among_the_lines_of_an_order_are_told_of_and_left_out(make_book):
    head = HEAD.replace("revenue", "revenue,product")
    rows = ["1,A1,2024-05-02,30,Saw", "1,A1,2024-05-02,20,Axe", "1,A1,2024-05-02,50,Total"]
    raw = lines(*rows, head=head)
    folder = make_book(raw)
    (notice,) = told(folder, "'Total' as its product")
    (folder / "orders.csv").unlink()
    out = notice["next"].partition(": ")[2].rstrip(".")
    make_book({"orders.sql": f"SELECT *, {out} FROM sales", "raw/sales.csv": raw["orders.csv"]})
    assert check_book(folder)["totals"]["revenue"] == pytest.approx(50)


def test_pieces_given_back_for_money_are_told_of_and_turned(make_book):
    head = HEAD.replace("revenue", "revenue,quantity")
    rows = [*(f"{row},1" for row in SALES), "R1,A1,2024-05-02,30,-2", "R2,A1,2024-05-03,-5,-1"]
    raw = lines(*rows, head=head)
    folder = make_book(raw)
    (notice,) = told(folder, "a quantity below 0")
    assert "1 line has" in notice["what"]
    before = check_book(folder)["totals"]["revenue"]
    (folder / "orders.csv").unlink()
    turned = notice["next"].partition(": ")[2].rstrip(".")
    statement = f"SELECT order_id, account_id, order_date, quantity, {turned} FROM sales"
    make_book({"orders.sql": statement, "raw/sales.csv": raw["orders.csv"]})
    assert told(folder, "a quantity below 0") == []
    assert before - check_book(folder)["totals"]["revenue"] == pytest.approx(60)


@pytest.mark.parametrize(
    "rows",
    [
        [*SALES, *BACK],
        ["C" + row for row in SALES],
        [*SALES, *(f"S{row}" for row in SALES)],
        [*SALES, "D1,A1,2024-05-02,101"],
        [*SALES, "D1,A1,2024-05-02,-101", *BACK],
    ],
    ids=["all below 0", "every number", "two kinds of orders", "another letter", "two marks"],
)
def test_numbers_that_say_nothing_are_not_told_of(make_book, rows):
    assert told(make_book(lines(*rows)), "begins with") == []


def test_kam_new_says_it_too(tmp_path, monkeypatch):
    monkeypatch.setattr(new, "scoring_text", lambda *_: "")
    rows = [row.split(",") for row in (*SALES, *BACK, "C53643,A1,2024-05-05,373.57")]
    head = "Invoice,Customer ID,InvoiceDate,Quantity,Price"
    body = [
        f"{number},{account},{day},{'-1' if amount[0] == '-' else '1'},{amount.lstrip('-')}"
        for number, account, day, amount in rows
    ]
    made(tmp_path, {"retail.csv": table(head, body)})
    said = (tmp_path / "told.txt").read_text(encoding="utf-8")
    assert "373.57 of order 'C53643'" in said.replace("\u00a0", " ")


def test_numbers_that_begin_anew_are_two_orders(make_book):
    head = "order_id,line_id,account_id,order_date,revenue\n"
    folder = make_book(lines(*RESTARTED, head=head))
    found = check_book(folder)
    assert found["tables"]["orders"]["used"] == 32
    assert found["totals"]["orders"] == 16
    (notice,) = told(folder, "several orders")
    assert notice["what"].startswith(
        "8 order numbers stand for several orders, such as '1': of account 'A1' on 2022-02-11 and "
        "of account 'B1' on 2023-02-11."
    )
    assert (
        """regexp_extract("order_date"::VARCHAR, '\\d{4}') || '-' || "order_id\""""
        in notice["next"]
    )


def test_what_is_said_of_numbers_mends_the_book(make_book):
    """An account's own number of another year too: its line is set aside until then."""
    head = "order_id,line_id,account_id,order_date,revenue\n"
    rows = lines(*(row.replace("B", "A") for row in RESTARTED), head=head)
    before = make_book(rows)
    (notice,) = told(before, "several orders")
    assert notice["what"].endswith("16 lines are set aside as repeats.")
    (before / "orders.csv").unlink()
    own = notice["next"].partition(": ")[2].rstrip(".")
    statement = f"SELECT {own}, line_id, account_id, order_date, revenue FROM sales"
    after = make_book({"orders.sql": statement, "raw/sales.csv": rows["orders.csv"]})
    assert told(after, "several orders") == []
    assert check_book(after)["tables"]["orders"]["used"] == 32


@pytest.mark.parametrize(
    "rows",
    [
        ["1,A,2023-01-05,5", "1,A,2023-06-05,5"],
        ["1,A,2023-01-05,5", "1,B,2023-01-15,5"],
        ["1,A,2023-01-05,5", "2,A,2025-01-05,5"],
    ],
    ids=["an order delivered in parts", "an order of two accounts", "numbers of their own"],
)
def test_orders_that_take_time_are_one(make_book, rows):
    assert told(make_book(lines(*rows)), "several orders") == []


def test_a_decimal_comma_among_commas_is_shown(make_book):
    folder = make_book(lines("1,A,2024-01-01,12,50", "2,B,2024-01-02,13.50", "3,B,2024-01-03,7"))
    (notice,) = told(folder, "more values")
    assert notice["what"] == (
        "1 line of orders.csv has more values than the header has names. Line 2 is "
        "'1,A,2024-01-01,12,50': '12,50' is two values, since commas part them."
    )
    assert notice["next"].startswith('Put such a cell in quotation marks ("12,50")')
    assert told(make_book(lines('1,A,2024-01-01,"12.50"')), "more values") == []


def test_a_name_with_a_comma_is_shown_too(make_book):
    folder = make_book(lines("1,Smith, J,2024-01-01,5", "2,B,2024-01-02,13.50"))
    (notice,) = told(folder, "more values")
    assert "Line 2 is '1,Smith, J,2024-01-01,5'." in notice["what"]
