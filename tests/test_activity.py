"""Order lines become activity tables inside the engine; every answer here is worked by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from kamlib.period.months import account_months, month_of
from kamlib.period.snapshot import open_period

from . import examples

ORDERS = (
    "order_id,line_id,account_id,order_date,revenue,cost,quantity,product_id,category,manager_id,"
    "promised_date,delivered_date"
    """
1,1,A,2025-01-31,100.10,60,10,p1,tools,m1,2025-02-10,2025-02-10
1,2,A,2025-01-31,50.20,20,5,p2,belts,m1,2025-02-10,2025-02-12
2,1,A,2025-02-01,30,,3,p1,tools,m2,2025-03-01,
3,1,B,2025-03-15,-20,-10,-2,p1,tools,m1,,
4,1,B,2025-03-15,20,10,2,p1,tools,m1,2025-07-05,
5,1,A,2025-07-02,999,1,1,p1,tools,m1,,
"""
)
ACCOUNTS = "account_id,name,parent_id,manager_id,tier\nA,Alpha,G,,regular\nG,Group,,m9,\n"
TIERS = "account_id,tier,start_date,end_date\nA,key,2024-01-01,2025-07-15\nA,regular,2025-07-16,\n"
MANAGERS = "manager_id,name\nm2,Ines\n"


@pytest.fixture
def data(make_book):
    folder = make_book(
        {
            "orders.csv": ORDERS,
            "accounts.csv": ACCOUNTS,
            "tiers.csv": TIERS,
            "managers.csv": MANAGERS,
        }
    )
    return open_period(folder, "2025-Q2")


def test_account_days_net_lines_and_know_missing_costs(data):
    days = data.account_days
    assert days.columns.tolist() == [
        "account_id",
        "date",
        "revenue",
        "cost",
        "quantity",
        "order_count",
        "line_count",
    ]
    assert days["account_id"].tolist() == ["A", "A", "B"]
    assert days["revenue"].tolist() == [150.30, 30.0, 0.0]
    assert days["order_count"].tolist() == [1, 1, 2]
    assert days["line_count"].tolist() == [2, 1, 2]
    assert days["cost"].isna().tolist() == [False, True, False]


def test_account_months_count_order_days_with_positive_revenue(data):
    months = data.account_months
    assert months["month"].dt.strftime("%Y-%m-%d").tolist() == [
        "2025-01-31",
        "2025-02-28",
        "2025-03-31",
    ]
    assert months["order_day_count"].tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("period", "as_of"), [("2025-Q2", "2025-06-30"), ("2025-W12", "2025-03-23")]
)
def test_months_of_days_are_the_same_of_the_engine_and_of_earlier_days(make_book, period, as_of):
    """The engine makes those of the period, pandas those of days that a page looks back to."""
    q = open_period(make_book({"orders.csv": ORDERS}), period)
    made = account_months(q.account_days, as_of=pd.Timestamp(as_of))
    assert len(made) and made["cost"].isna().any()
    pd.testing.assert_frame_equal(made, q.account_months)


def test_categories_products_and_managers(data):
    assert data.category_months.query("category == 'belts'")["revenue"].tolist() == [50.20]
    windows = data.product_windows
    now = windows[windows["window"].eq("now") & windows["product_id"].eq("p1")]
    assert dict(zip(now["account_id"], now["revenue"], strict=True)) == {"A": 130.10, "B": 0.0}
    previous = windows[windows["window"].eq("previous")]
    assert previous["revenue"].sum() == pytest.approx(180.30)
    assert data.manager_months.query("manager_id == 'm2'")["revenue"].tolist() == [30.0]


def test_deliveries_count_orders_late_and_open_past_their_promise(data):
    late = data.deliveries.set_index(["account_id", "month"])
    assert late.loc[
        ("A", "2025-02-28"), ["due_count", "late_count", "open_late_count", "delay_days"]
    ].tolist() == [
        1,
        1,
        0,
        2,
    ]
    assert late.loc[
        ("A", "2025-03-31"), ["due_count", "late_count", "open_late_count"]
    ].tolist() == [1, 1, 1]
    assert (
        late.loc[("A", "2025-03-31"), "delay_days"]
        == (pd.Timestamp("2025-06-30") - pd.Timestamp("2025-03-01")).days
    )
    assert ("B", "2025-07-31") not in late.index


def test_numbers_that_begin_anew_are_deliveries_of_their_own(make_book):
    rows = [f"{n},A,{year}-05-0{n},10,{year}-05-15,{year}-05-{day}"
            for year, day in ((2024, 20), (2025, 10)) for n in (1, 2, 3)]  # fmt: skip
    head = "order_id,account_id,order_date,revenue,promised_date,delivered_date\n"
    late = open_period(make_book({"orders.csv": head + "\n".join(rows) + "\n"}), "2025-Q2")
    counts = late.deliveries.set_index("month")[["due_count", "late_count"]]
    assert counts.loc["2024-05-31"].tolist() == [3, 3]
    assert counts.loc["2025-05-31"].tolist() == [3, 0]


def test_accounts_know_group_owner_and_tier_of_the_day(data):
    accounts = data.accounts.set_index("account_id")
    assert accounts.loc[
        "A", ["name", "group_id", "group_name", "manager_id", "manager_name", "tier"]
    ].tolist() == [
        "Alpha",
        "G",
        "Group",
        "m2",
        "Ines",
        "key",
    ]
    assert accounts.loc["B", ["name", "group_id", "manager_id"]].tolist() == ["B", "B", "m1"]
    assert accounts["is_listed"].to_dict() == {"A": True, "B": False, "G": True}


def test_later_lines_are_out_of_the_period_and_out_of_its_row_account(data):
    assert data.intake.query("table == 'orders'")[["reason", "rows"]].values.tolist() == [
        ["used", 5]
    ]
    assert data.account_days["date"].max() <= data.as_of


def test_a_past_period_is_the_same_however_much_comes_later(make_book):
    names = [
        "account_days",
        "category_months",
        "product_windows",
        "manager_months",
        "deliveries",
        "accounts",
        "intake",
    ]
    before = open_period(make_book({"orders.csv": ORDERS, "tiers.csv": TIERS}), "2025-Q1")
    then = {name: getattr(before, name) for name in names}
    more = ORDERS + "9,1,A,2025-04-01,5000,1,1,p9,new,m7,,\n10,1,Z,2026-01-01,1,1,1,p9,new,m7,,\n"
    after = open_period(make_book({"orders.csv": more, "tiers.csv": TIERS}), "2025-Q1")
    for name in names:
        pd.testing.assert_frame_equal(getattr(after, name), then[name])


def test_a_week_has_months_that_end_on_its_sunday(make_book):
    data = open_period(make_book({"orders.csv": ORDERS}), "2025-W31")
    assert data.as_of == pd.Timestamp("2025-08-03")
    own = month_of(data.account_days["date"], data.as_of)
    assert set(data.category_months["month"]) == set(own)
    by_category = data.category_months.groupby(["account_id", "month"])["revenue"].sum()
    by_account = data.account_months.set_index(["account_id", "month"])["revenue"]
    pd.testing.assert_series_equal(by_category, by_account, check_names=False)


@examples.dear(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.dates(date(2023, 1, 1), date(2025, 12, 31)),
            st.integers(-10_000, 100_000),
            st.sampled_from(["x", "y"]),
        ),
        min_size=1,
        max_size=40,
    ),
    seed=st.randoms(use_true_random=False),
)
def test_sums_are_kept_and_row_order_and_files_do_not_matter(make_book, lines, seed):
    head = "order_id,account_id,order_date,revenue,category\n"
    rows = [f"{n},{a},{d},{cents / 100:.2f},{c}\n" for n, (a, d, cents, c) in enumerate(lines)]
    shuffled = rows.copy()
    seed.shuffle(shuffled)
    half = len(shuffled) // 2
    one = open_period(make_book({"orders.csv": head + "".join(rows)}), "2025-Q4")
    folder = make_book(
        {
            "raw/o/1.csv": head + "".join(shuffled[:half]),
            "raw/o/2.csv": head + "".join(shuffled[half:]),
        }
    )
    (folder / "orders.csv").unlink()
    (folder / "orders.sql").write_text("SELECT * FROM o")
    two = open_period(folder, "2025-Q4")
    (folder / "orders.sql").unlink()
    for name in ("account_days", "account_months", "category_months", "accounts"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    total = sum(cents for _, _, cents, _ in lines)
    for name in ("account_days", "account_months", "category_months"):
        assert getattr(one, name)["revenue"].notna().all()
        assert round(getattr(one, name)["revenue"].sum() * 100) == total
