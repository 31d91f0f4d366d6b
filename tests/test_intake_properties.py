"""Nothing is lost, whatever the dirt: rows and amounts read are used, out of period or set aside.

Each book is drawn at random: bad ids, days and amounts, rows too short or too long, in one file or
several, in the marks of one language or the other. The long form makes 1,000 of them.
"""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import control_totals, read_book, row_account, set_aside_rows
from kamlib.intake.sources import open_engine

from . import examples

HEAD = "order_id,account_id,order_date,revenue,note"
NO_AMOUNT = ("", "inf", "NaN", "1e400", "abc", "12 34", "#N/A", "-")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "", "x y", "00123", "#N/A", "Total"]),
        st.sampled_from(["A", "B", "", "1.5E+11", "NA", "a", "Z\u00a0", "12.0", "04-Mar"]),
        st.sampled_from(
            ["2024-12-31", "2025-06-30", "2025-07-01", "9999-12-31", "2024-02-30", "", "soon",
             "0000-00-00", "45322", "2025-06-30T23:59:59Z"]
        ),
        st.one_of(
            st.decimals(-1000, 1000, places=2).map(str),
            st.decimals(0, 10**9, places=6).map(str),
            st.sampled_from([*NO_AMOUNT, "(3)", "7-"]),
        ),
        st.sampled_from([0, 0, 0, 0, 1, -1]),
    ),
    max_size=40,
)  # fmt: skip
NUMBERS = 'date_format = "excel"'
PARTS, COMMA = st.integers(1, 3), st.booleans()
RELAXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def amount_of(text: str) -> Decimal:
    """Return what a cell is worth, by other means than the kit's."""
    if text in NO_AMOUNT:
        return Decimal(0)
    if text.startswith("("):
        return -Decimal(text[1:-1])
    return -Decimal(text[:-1]) if text.endswith("-") else Decimal(text)


def written(rows: list[tuple], *, is_comma: bool) -> tuple[list[str], Decimal]:
    """Return the lines of a file and the sum of the amounts in rows that have all their cells."""
    mark, lines, worth = (";" if is_comma else ","), [], Decimal(0)
    for order, account, day, revenue, shift in rows:
        said = revenue.replace(".", ",") if is_comma else revenue
        values = [order, account, day, said, "tail"][: 5 + shift] + (["more"] if shift > 0 else [])
        lines.append(mark.join(values))
        worth += amount_of(revenue) if shift == 0 else 0
    return lines, worth


def said(book: Path) -> tuple:
    """Return what a book says of its rows, of those until June, its totals, what it left out."""
    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        until = row_account(intake, pd.Timestamp("2025-06-30"))
        return row_account(intake), until, control_totals(intake), set_aside_rows(intake)


def adds_up(make_book, rows: list[tuple], parts: int, *, is_comma: bool) -> None:
    """Make a book of the rows, read it, and compare with the sums made by hand.

    Where most days are a spreadsheet's numbers the book is refused with the line that reads them.
    """
    lines, worth = written(rows, is_comma=is_comma)
    first = "0,Z,2024-01-01,1,first"
    mark = ";" if is_comma else ","
    files = {
        f"raw/lines/{n}.csv": "\n".join([line.replace(",", mark) for line in (HEAD, first)])
        + "\n"
        + "".join(line + "\n" for line in lines[n::parts])
        for n in range(parts)
    }
    decimal = "," if is_comma else "."
    book = make_book(
        {"orders.sql": "SELECT * FROM lines", **files},
        settings=f'title = "x"\n[input]\ndecimal = "{decimal}"\n',
    )
    try:
        whole, until, totals, aside = said(book)
    except KamError as refused:
        assert refused.next.startswith(
            f"Say in book.toml: {NUMBERS} under [input.orders]; it reads"
        )
        with (book / "book.toml").open("a", encoding="utf-8") as settings:
            settings.write(f"[input.orders]\n{NUMBERS}\n")
        whole, until, totals, aside = said(book)
    shutil.rmtree(Path(book) / "raw")
    assert whole["rows"].sum() == len(rows) + parts
    assert abs(Decimal(str(whole["revenue"].sum())) - worth - parts) < Decimal("0.001")
    used = whole.loc[whole["reason"].eq("used")]
    assert len(aside) == len(rows) + parts - used["rows"].sum()
    assert aside["file"].notna().all()
    assert (aside["row"].notna() | aside["line"].notna()).all()
    assert abs(used["revenue"].sum() - totals["revenue"]) < 1e-6 * max(1, abs(totals["revenue"]))
    later = sum(day in ("2025-07-01", "9999-12-31") and shift == 0 for _, _, day, _, shift in rows)
    assert whole["rows"].sum() - until["rows"].sum() == later


@examples.dear(suppress_health_check=RELAXED)
@example(rows=[("1", "A", "45322", "0.00", 0)] * 2, parts=1, is_comma=False)
@given(rows=ROWS, parts=PARTS, is_comma=COMMA)
def test_read_is_used_plus_out_of_period_plus_set_aside(make_book, rows, parts, is_comma):
    adds_up(make_book, rows, parts, is_comma=is_comma)


@pytest.mark.soak
@settings(max_examples=1000, suppress_health_check=RELAXED)
@example(rows=[("1", "A", "45322", "0.00", 0)] * 2, parts=1, is_comma=False)
@given(rows=ROWS, parts=PARTS, is_comma=COMMA)
def test_a_thousand_books_lose_nothing(make_book, rows, parts, is_comma):
    adds_up(make_book, rows, parts, is_comma=is_comma)
