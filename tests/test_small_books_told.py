"""What pages say of books without contacts, and of accounts that give back."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.period import open_period
from kamlib.story.programme import headline_programme
from kamlib.story.segmentation import headline_segmentation

LINES = [f"{n},K{n % 3},2024-{n % 12 + 1:02}-10,{100 + n},M1" for n in range(36)]
BACK = [f"R{n},Z,2024-{n + 1:02}-11,-90,M1" for n in range(12)]
HEAD = "order_id,account_id,order_date,revenue,manager_id\n"


@pytest.fixture(scope="module")
def orders() -> str:
    return HEAD + "\n".join(LINES) + "\n"


def test_a_book_without_contacts_claims_no_knowledge_of_them(make_book, orders):
    q = open_period(make_book({"orders.csv": orders}), "2024-Q4")
    told = " ".join(one.text for one in q.call(headline_programme))
    assert "hardly anybody else on the orders, and no contact is recorded" in told
    met = "account_id,date,manager_id\n" + "".join(f"K{n},2024-06-01,M1\n" for n in range(3))
    q = open_period(make_book({"orders.csv": orders, "interactions.csv": met}), "2024-Q4")
    told = " ".join(one.text for one in q.call(headline_programme))
    assert "know hardly anybody else" in told


def test_more_than_all_revenue_says_why_and_no_group_is_named(make_book, orders):
    whole = orders + "\n".join(BACK) + "\n"
    q = open_period(make_book({"orders.csv": whole}), "2024-Q4")
    said = [one.text for one in q.call(headline_segmentation)]
    (key,) = [text for text in said if "large accounts" in text]
    assert key.endswith("of revenue, for other accounts gave back more than they bought.")
    assert not any("counted as a group" in text for text in said)


def test_a_customer_of_no_group_is_not_counted_as_one(make_book):
    rows = "\n".join(f"{n},A,2024-{n % 12 + 1:02}-10,{900 if n % 2 else 1},M1" for n in range(24))
    q = open_period(make_book({"orders.csv": HEAD + rows + "\n"}), "2024-Q4")
    assert pd.notna(q.concentration["top_1_share"]).all()
    said = [one.text for one in q.call(headline_segmentation)]
    assert any("hangs on one customer: as if we had no other" in text for text in said)
