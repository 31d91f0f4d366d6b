"""Prices against the book's own median, held against plain SQL; erosion and bonus by hand."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from kamlib.ahead.prices import bonus_brackets, price_erosion, price_realisation
from kamlib.book import BookSettings
from kamlib.period.snapshot import open_period
from kamlib.story import ahead_prices as say
from kamlib.tables import empty_table, shaped, typed

BOOK = BookSettings(title="Demo")


def test_shares_of_the_books_price_are_those_of_plain_sql(root):
    q = open_period(root / "data" / "sample", "2025-Q3")
    lines = duckdb.from_df(q.order_lines())  # noqa: F841
    expected = duckdb.query("""
        with l as (select account_id, product_id, date_trunc('month', order_date) as m,
                sum(revenue) as r, sum(quantity) as n from lines
            where revenue > 0 and quantity > 0 and order_date between '2024-10-01' and '2025-09-30'
            group by 1, 2, 3),
        mid as (select product_id, m, median(r / n) as p from l group by 1, 2 having count(*) >= 3)
        select account_id, sum(r) / sum(n * p) as share from l join mid using (product_id, m)
        group by 1
    """).df().set_index("account_id")["share"]  # fmt: skip
    found = q.price_realisation.set_index("account_id")["price_share"]
    assert len(found) > 40
    pd.testing.assert_series_equal(found, expected.reindex(found.index), check_names=False)


def rows(**shares: list[float]) -> pd.DataFrame:
    found = [(a, "p", y, 100.0 * s, 100.0) for a, own in shares.items() for y, s in enumerate(own)]
    columns = ["account_id", "product_id", "year_number", "revenue", "book_price_revenue"]
    return shaped("price_years", pd.DataFrame(found, columns=columns))


def status(*ids: str, word: str = "active") -> pd.DataFrame:
    known = {"account_id": list(ids), "name": list(ids), "status": word, "revenue": 100.0}
    return shaped("account_status", known)


def test_prices_that_fell_two_years_running_are_found_and_a_bump_or_a_rounding_is_not():
    prices = rows(A=[0.90, 0.95, 1.0], B=[0.95, 0.90, 1.0], C=[0.985, 0.99, 1.0], L=[0.8, 0.9, 1.0])
    who = pd.concat([status("A", "B", "C"), status("L", word="lost")])
    table = price_erosion(prices, who)
    assert table[["account_id", "eroded"]].values.tolist() == [["A", pytest.approx(10.0)]]
    assert "10 %" in say.table_price_erosion(table, book=BOOK).title.replace("\u00a0", " ")


def test_another_mix_is_no_erosion():
    cheap = rows(A=[0.9]).assign(product_id="cheap")
    assert price_erosion(pd.concat([rows(A=[1.0, 1.0, 1.0]), cheap]), status("A")).empty


def test_volume_explains_a_low_price_where_the_large_pay_less():
    ids = [f"A{n}" for n in range(12)]
    size = np.array([10.0**n for n in range(12)])
    share = 1.0 - 0.02 * np.arange(12)
    share[5] -= 0.1  # this one pays less than its size explains
    prices = shaped("price_years", {"account_id": ids, "product_id": "p", "year_number": 0,
        "revenue": size * share, "book_price_revenue": size})  # fmt: skip
    known = status(*ids).assign(revenue=size * share)
    table = price_realisation(prices, known).set_index("account_id")
    gap = table["volume_price_share"] - table["price_share"]
    assert gap.idxmax() == "A5" and gap["A5"] > 0.08
    assert gap.drop("A5").abs().max() < 0.03


def test_an_account_whose_revenue_can_hardly_be_compared_is_left_out():
    assert price_realisation(rows(A=[0.9]), status("A").assign(revenue=1000.0)).empty


def test_bonus_thresholds_within_reach():
    deals = typed(pd.DataFrame({"agreement_id": ["1", "2"], "account_id": "A",
        "start_date": pd.to_datetime(["2024-07-01", "2024-07-01"]), "bonus_kind": "growth",
        "bonus_threshold": [1000.0, 5000.0], "bonus_rate": 0.02}), "agreements")  # fmt: skip
    days = pd.DataFrame({"account_id": "A", "revenue": [900.0, 300.0],
        "date": pd.to_datetime(["2025-06-30", "2025-09-01"])})  # fmt: skip
    people = shaped("accounts", {"account_id": ["A"], "name": ["Ada"]})
    table = bonus_brackets(deals, days, people, as_of=pd.Timestamp("2025-09-30"))
    assert table["to_date"].tolist() == [300.0, 300.0]  # June belongs to the year before
    assert table["is_within_reach"].tolist() == [True, False]
    assert table["bonus"].tolist() == [20.0, 100.0]
    none = empty_table("agreements")
    empty = bonus_brackets(none, days, people, as_of=pd.Timestamp("2025-09-30"))
    assert empty.empty
    assert "bonus_threshold and bonus_rate would" in (
        say.table_bonus_brackets(empty, none, book=BOOK).title
    )
    later = say.table_bonus_brackets(empty, deals, book=BOOK).title
    assert later == "No agreement in force has a bonus threshold"
    prices = say.table_price_realisation(shaped("price_realisation", []), book=BOOK).title
    assert "orders.quantity" in prices


def test_one_odd_price_does_not_move_what_accounts_of_its_size_pay():
    """On real data a few accounts bought remainders at many times the median: a straight line
    through all put accounts of that size at seven times the book's price."""
    ids = [f"A{n:02d}" for n in range(40)]
    revenue = [1000.0 + n for n in range(40)]
    paid = [*revenue[:39], 200 * revenue[39]]
    rows = shaped("price_years", {"account_id": ids, "product_id": "p", "year_number": 0,
        "revenue": paid, "book_price_revenue": revenue})  # fmt: skip
    status = shaped("account_status", {"account_id": ids, "revenue": paid})
    table = price_realisation(rows, status).set_index("account_id")
    assert table["volume_price_share"].round(9).eq(1.0).all()
    assert table["conceded"].drop("A39").round(3).eq(0.0).all()


def test_a_pace_of_a_month_reaches_no_bonus_and_one_of_two_does():
    start, people = pd.Timestamp("2025-08-01"), shaped("accounts", {"account_id": ["A"]})
    own = {"agreement_id": ["1"], "account_id": "A", "start_date": start, "bonus_rate": 0.02}
    terms = typed(pd.DataFrame({**own, "bonus_threshold": 100.0}), "agreements")
    found = []
    for gone in (31, 62):
        day = start + pd.Timedelta(days=gone - 1)
        sold = shaped("account_days", {"account_id": "A", "date": [start], "revenue": [50.0]})
        (row,) = bonus_brackets(terms, sold, people, as_of=day).itertuples()
        found.append(row.is_within_reach)
        assert row.bonus == 2.0 and row.still_missing == 50.0
    assert found == [False, True]


def test_each_product_weighs_what_was_bought_of_it_in_the_last_year():
    usual = {0: [300.0, 100.0], 1: [200.0, 200.0], 2: [100.0, 300.0]}
    parts = [
        {"account_id": "A", "product_id": ["p", "q"], "year_number": year,
            "revenue": [fall * goods[0], goods[1]], "book_price_revenue": goods}
        for (year, goods), fall in zip(usual.items(), (0.9, 0.95, 1.0), strict=True)
    ]  # fmt: skip
    rows = pd.concat([shaped("price_years", one) for one in parts])
    status = shaped("account_status", {"account_id": ["A"], "status": ["active"]})
    (row,) = price_erosion(rows, status).itertuples()
    assert (row.price_share, row.earlier_price_share) == (0.925, 1.0)
    assert row.eroded == pytest.approx(0.075 * 400)
