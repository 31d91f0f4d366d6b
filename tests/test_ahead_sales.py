"""Sales by dimension in small books; those of a whole book stand in test_ahead_sql."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.book import BookSettings
from kamlib.period.calendar import parse_period
from kamlib.period.snapshot import open_period
from kamlib.story.ahead_sales import chart_revenue_by, gap_revenue_by
from kamlib.tables import shaped

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


def test_an_account_that_gave_all_back_through_other_channels_has_bought_nothing(make_book):
    """In doubles 0.1 + 0.2 - 0.3 is above 0."""
    lines = "order_id,account_id,order_date,revenue,category,channel\n"
    lines += (
        "1,A,2025-05-01,0.1,ink,shop\n2,A,2025-05-02,0.2,ink,web\n3,A,2025-05-03,-0.3,ink,zoo\n"
    )
    q = open_period(make_book({"orders.csv": lines + "4,B,2025-05-04,5,ink,web\n"}), "2025-Q2")
    (ink,) = q.revenue_by.query("dimension == 'category'").to_dict("records")
    assert (ink["period_account_count"], ink["account_count"]) == (1, 1)


SPLIT = (
    "order_id,account_id,order_date,revenue,cost,category,product_id,region,manager_id\n"
    "1,A,2025-05-02,60,20,ink,P1,north,m1\n1,A,2025-05-02,20,10,ink,P1,,m2\n"
    "1,A,2025-05-02,10,5,paper,P2,north,m2\n2,A,2025-05-02,10,5,ink,P2,south,m1\n"
    "1,A,2025-05-03,10,5,ink,P1,north,m1\n3,B,2025-02-03,50,20,ink,P1,south,m2\n"
)
"""One order names two managers and leaves a region out; its id comes back a day later."""


@pytest.fixture
def split(make_book):
    accounts = "account_id,region,cost_to_serve\nA,north,365\nB,south,730\nC,north,99\n"
    return open_period(make_book({"orders.csv": SPLIT, "accounts.csv": accounts}), "2025-Q2")


@pytest.mark.parametrize(
    ("dimension", "counts"),
    [
        ("category", {"ink": 3, "paper": 1}),
        ("product", {"P1": 2, "P2": 2}),
        ("region", {"north": 2, "south": 1}),
        ("manager", {"m1": 3, "m2": 1}),
    ],
)
def test_an_order_counts_once_in_each_group_that_a_line_is_of(split, dimension, counts):
    rows = split.revenue_by[split.revenue_by["dimension"].eq(dimension)].set_index("group")
    assert rows["period_order_count"].to_dict() == counts
    assert split.period_figures.set_index("figure").loc["orders", "value"] == 3


def test_an_order_counts_once_where_two_dimensions_cross(split):
    rows = split.revenue_by_two.query("period_revenue > 0")
    counts = rows.set_index(["group", "second_group"])["period_order_count"].to_dict()
    assert [counts["north", one] for one in ("m1", "m2")] == [2, 1]
    assert [counts["ink", one] for one in ("north", "south", "m1", "m2")] == [2, 1, 3, 1]


def test_cost_to_serve_is_shared_by_revenue_of_the_time_else_of_two_years(split):
    """Of 91 days: A's 91, shared 100 to 10; B's 182, though it bought nothing in the period."""
    rows = split.revenue_by[split.revenue_by["dimension"].eq("category")].set_index("group")
    gross = {"ink": 60.0, "paper": 5.0}
    served = {"ink": 91 * 100 / 110 + 182, "paper": 91 * 10 / 110}
    assert rows["period_gross_margin"].to_dict() == gross
    expected = {name: gross[name] - served[name] for name in gross}
    assert rows["period_margin"].to_dict() == pytest.approx(expected)
    whole = split.period_figures.set_index("figure").loc["margin", "value"]
    assert rows["period_margin"].sum() == pytest.approx(whole) == pytest.approx(65 - 91 - 182)


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


def test_products_are_told_by_name_and_stay_apart(make_book):
    """P1 is mostly called Ink, as P2 is; no line names P3, Pens have no id but their name; what P5
    is called after the quarter is not known at its end.
    """
    lines = (
        "order_id,account_id,order_date,revenue,product_id,product\n"
        "1,A,2025-05-02,60,P1,Ink\n2,A,2025-05-02,10,P1,Ink\n3,A,2025-05-03,5,P1,Tinte\n"
        "4,A,2025-05-03,7,P2,Ink\n5,A,2025-05-03,8,P3,\n6,A,2025-05-04,9,,Pens\n"
        "7,A,2025-05-04,2,,\n8,A,2025-05-04,3,P5,Paper\n"
        "9,A,2025-07-01,1,P5,Ink\n10,A,2025-07-02,1,P5,Ink\n"
    )
    q = open_period(make_book({"orders.csv": lines}), "2025-Q2")
    found = q.revenue_by.query("dimension == 'product'").set_index("group")["period_revenue"]
    told = {"Ink (P1)": 75, "Ink (P2)": 7, "P3": 8, "Pens": 9, "Paper": 3, "not recorded": 2}
    assert found.to_dict() == told
    row = {"dimension": "product", "group": "Ink (P1)"}
    assert q.explain("revenue_by", row, "period_revenue").lines["revenue"].sum() == 75


def test_the_finding_names_a_group_that_has_a_name():
    rows = {"dimension": "region", "group": ["not recorded", "North"], "period_revenue": 9.0}
    rows |= {"period_change": [-900.0, 100.0], "period_change_share": [-0.5, 0.25]}
    said = chart_revenue_by(
        shaped("revenue_by", pd.DataFrame(rows)),
        dimension="region",
        span=parse_period("2025-Q3"),
        year_ago_span=parse_period("2024-Q3"),
        book=BookSettings(title="Test", currency="EUR"),
    )
    told = said.title.replace("\u00a0", " ")
    assert told == "North changed most: € 100 (25 %) more in Q3 2025 than in Q3 2024"
