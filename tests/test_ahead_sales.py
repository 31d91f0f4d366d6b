"""Sales by every dimension, held against sums in plain SQL over the book's own files."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from kamlib.period.snapshot import open_period
from kamlib.story.ahead_sales import gap_revenue_by

PERIODS = {
    "period_revenue": ("2025-07-01", "2025-09-30"),
    "previous_period_revenue": ("2025-04-01", "2025-06-30"),
    "year_ago_period_revenue": ("2024-07-01", "2024-09-30"),
    "year_revenue": ("2024-10-01", "2025-09-30"),
    "year_before_revenue": ("2023-10-01", "2024-09-30"),
}


@pytest.fixture(scope="module")
def sample(root):
    return open_period(root / "data" / "sample", "2025-Q3")


@pytest.fixture(scope="module")
def lines(sample):
    """The sample's used lines as the engine reads them; their sums are made by SQL below."""
    own = sample.order_lines()
    return duckdb.from_df(own[own["revenue"].notna()])


@pytest.mark.parametrize("dimension", ["category", "channel", "region", "product"])
@pytest.mark.parametrize("column", PERIODS)
def test_sums_are_those_of_plain_sql(sample, lines, dimension, column):
    first, last = PERIODS[column]
    name = "product_id" if dimension == "product" else dimension
    sql = f"""
        select coalesce({name}, 'not recorded') as grp, round(sum(revenue), 2) as revenue
        from lines where order_date between '{first}' and '{last}' group by 1
    """
    expected = duckdb.query(sql).df().set_index("grp")["revenue"]
    rows = sample.revenue_by[sample.revenue_by["dimension"].eq(dimension)]
    found = rows.set_index("group")[column].round(2)
    pd.testing.assert_series_equal(
        found[found.ne(0)].sort_index(), expected[expected.ne(0)].sort_index(),
        check_names=False, check_index_type=False,
    )  # fmt: skip


def test_two_dimensions_crossed_are_those_of_plain_sql(sample, lines):
    sql = """
        select category || ' / ' || region as grp, round(sum(revenue), 2) as revenue
        from lines where order_date between '2025-07-01' and '2025-09-30' group by 1
    """
    expected = duckdb.query(sql).df().set_index("grp")["revenue"].sort_index()
    pair = sample.revenue_by_two.query("dimension == 'category' and second_dimension == 'region'")
    names = pair["group"] + " / " + pair["second_group"]
    found = pair.set_axis(names, axis=0)["period_revenue"].round(2).sort_index()
    assert found[found.ne(0)].to_dict() == expected[expected.ne(0)].to_dict()


ORDERS = (
    "order_id,account_id,order_date,revenue,cost,category,manager_id\n"
    "1,A,2025-02-01,100,60,ink,m1\n2,A,2025-05-02,80,,ink,m2\n3,B,2025-05-03,20,5,,m2\n"
)


def test_lines_without_a_group_are_one_and_a_margin_needs_every_cost(make_book):
    q = open_period(make_book({"orders.csv": ORDERS}), "2025-Q2")
    rows = q.revenue_by[q.revenue_by["dimension"].eq("category")].set_index("group")
    assert rows["period_revenue"].to_dict() == {"ink": 80.0, "not recorded": 20.0}
    assert rows["gross_margin"].isna().to_dict() == {"ink": True, "not recorded": False}
    assert rows["previous_period_revenue"].isna().all()
    assert rows["account_count"].tolist() == [1, 1]


def test_one_managers_report_keeps_every_sale_of_its_accounts_and_names_no_other(make_book):
    owned = {"accounts.csv": "account_id,manager_id\nA,m1\nB,m2\n"}
    q = open_period(make_book({"orders.csv": ORDERS, **owned}), "2025-Q2", "m1")
    rows = q.revenue_by[q.revenue_by["dimension"].eq("manager")]
    assert rows[["group", "year_revenue"]].values.tolist() == [["m1", 180.0]]


def test_orders_alone_say_what_would_tell_them_apart(make_book):
    orders = "order_id,account_id,order_date,revenue\n1,A,2025-02-01,100\n"
    q = open_period(make_book({"orders.csv": orders}), "2025-Q1")
    assert q.revenue_by.empty
    assert "orders.category" in q.call(gap_revenue_by)
