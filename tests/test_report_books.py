"""Small and odd books: the period that is taken, and who is in a manager's report."""

from __future__ import annotations

from datetime import date

import pytest

from kamlib.book import read_settings
from kamlib.intake import read_book
from kamlib.snapshot import default_period
from kamlib.sources import open_engine

HEADER = "order_id,account_id,order_date,revenue\n"


def default(book, today: date = date(2026, 1, 15)) -> str:
    settings = read_settings(book)
    with open_engine() as engine:
        return default_period(read_book(book, settings, engine), settings, today).label


@pytest.mark.parametrize(
    ("days", "settings", "label"),
    [
        (["2025-05-05"], "", "2025-Q2"),  # one order: no quarter is covered whole, its own is taken
        (["2025-05-05", "2025-06-29"], "", "2025-Q2"),
        (["2025-05-05", "2025-07-02"], "", "2025-Q2"),
        (["2025-02-05", "2025-06-29"], "", "2025-Q1"),
        (["2025-05-05"], "[fiscal_year]\nfirst_month = 2\n", "2026-Q2"),
        (["2025-05-05"], "complete_to = 2025-12-31\n", "2025-Q4"),
        (["2025-05-05", "2029-05-05"], "", "2025-Q2"),  # a mistyped year covers nothing
    ],
)
def test_the_default_period_holds_an_order(make_book, days, settings, label):
    lines = "".join(f"{number},A,{day},10\n" for number, day in enumerate(days))
    book = make_book({"orders.csv": HEADER + lines}, settings='title = "T"\n' + settings)
    assert default(book) == label
