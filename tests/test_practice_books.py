"""Books of another kind: what each story plants is what its truth says."""

import re
import tomllib

import pandas as pd
import pytest

import kamlib as kam
from kamlib.practice import BOOKS, company, write_company

SIZE = {"accounts": 60}


@pytest.fixture(scope="module")
def made():
    """The stories that a usual company can hold together."""
    names = [name for name in BOOKS if name not in ("resellers", "crm", "loss_making")]
    return company(5, story=names, **SIZE)


@pytest.fixture(scope="module")
def q(made, tmp_path_factory):
    """That company's last quarter."""
    folder = tmp_path_factory.mktemp("books") / "book"
    write_company(made, folder)
    return kam.open_period(folder, "2025-Q4")


def fact(one, story):
    rows = one.truth[one.truth["story"].eq(story)]
    assert len(rows), story
    return rows.iloc[0]


def sold(one, account):
    orders = one.tables["orders"]
    return orders[orders["account_id"].eq(account) & orders["revenue"].gt(0)]


def yearly(orders):
    return orders.groupby(orders["order_date"].dt.year)["revenue"].sum()


def test_the_usual_company_holds_none_of_them():
    assert not set(BOOKS) & set(company(5, **SIZE).truth["story"])


def test_a_spring_buyer_buys_in_every_spring_and_one_missed_the_last(made):
    for story, last in (("spring_buyer", 2025), ("missed_season", 2024)):
        own = sold(made, fact(made, story)["account_id"])
        assert own["order_date"].dt.month.isin([3, 4, 5]).all()
        assert sorted(own["order_date"].dt.year.unique()) == list(range(2020, last + 1))
        assert own["order_date"].max() == fact(made, story)["date"]


def test_one_order_makes_an_account_large(made):
    row = fact(made, "one_order")
    own = sold(made, row["account_id"])
    year = own[own["order_date"].gt("2024-12-31")]["revenue"]
    assert year.max() == row["value"] > 0.5 * year.sum()


def test_a_key_account_declines_slowly(made):
    account = fact(made, "slow_decline")["account_id"]
    usual = company(5, story=["renewals"], **SIZE)
    ratio = yearly(sold(made, account)) / yearly(sold(usual, account))
    assert ratio.is_monotonic_decreasing
    assert ratio[2025] == pytest.approx(0.44, abs=0.03)


def test_three_of_six_notice_days_come_before_the_next_report(made):
    days = made.truth.loc[made.truth["story"].eq("renewals"), "date"]
    assert days.between("2026-01-01", "2026-03-31").sum() == 3 and len(days) == 6


def test_nobody_is_placed_and_nothing_is_stated(made):
    assert "tiers" not in made.tables and made.tables["accounts"]["tier"].isna().all()
    settings = tomllib.loads(made.book)
    assert "scoring" not in settings and "min_score" not in settings["key_accounts"]
    assert "programme" in settings


def test_a_book_loses_money_in_its_last_year_alone():
    made = company(5, story="loss_making", **SIZE)
    orders = made.tables["orders"]
    margin = (orders["revenue"] - orders["cost"]).groupby(orders["order_date"].dt.year).sum()
    assert margin[2025] < 0 < margin[2024]
    assert fact(made, "loss_making")["value"] == pytest.approx(margin[2025], abs=1)


def test_books_of_orders_alone_are_written_and_opened(tmp_path):
    for story, tables in (("resellers", {"orders"}), ("crm", {"orders", "opportunities"})):
        made = company(5, story=story, **SIZE)
        assert tables <= set(made.tables) and "tiers" not in made.tables
        write_company(made, tmp_path / story)
        q = kam.open_period(tmp_path / story, "2025-Q3")
        assert len(q.account_status) and q.key_accounts["is_provisional"].all()
    days = company(5, story="resellers", **SIZE).tables["orders"]
    gaps = days.groupby("account_id")["order_date"].diff().dt.days.dropna()
    assert gaps.ge(88).all()
    quarters = days.groupby(["account_id", pd.PeriodIndex(days["order_date"], freq="M")]).size()
    assert quarters.eq(1).all()


def test_a_manager_leaves_and_two_accounts_follow(made):
    rows = made.truth[made.truth["story"].eq("leaving_manager")]
    manager, heir = re.search(r"(M\d+) left .* (M\d+) took over", rows["note"].iloc[0]).groups()
    accounts = made.tables["accounts"].set_index("account_id")["manager_id"]
    orders = made.tables["orders"].query("order_date > '2025-03-31'")
    assert not accounts.eq(manager).any() and not orders["manager_id"].eq(manager).any()
    for row in rows.to_dict("records"):
        own = made.tables["orders"].query("account_id == @row['account_id']")
        assert own["order_date"].max() == row["date"] < pd.Timestamp("2025-05-16")
        before = own[own["order_date"].le("2025-03-31")].sort_values("order_date")["manager_id"]
        assert before.iloc[-1] == manager and accounts[row["account_id"]] == heir


def test_a_price_war_lowers_prices_and_takes_two_accounts(made):
    first, *gone = made.truth[made.truth["story"].eq("price_war")].to_dict("records")
    category = re.search(r"prices of (.+) fall", first["note"]).group(1)
    sold = made.tables["orders"].query("quantity > 0")
    lines = sold[sold["category"].eq(category)]
    late = lines[lines["order_date"].gt("2025-10-01")]
    old = lines[lines["order_date"].between("2024-10-01", "2025-03-31")]
    price = [(part["revenue"] / part["quantity"]).groupby(part["product_id"]).median()
        for part in (late, old)]  # fmt: skip
    assert (price[0] / price[1]).median() == pytest.approx(0.75, abs=0.06)
    assert len(gone) == 2
    for row in gone:
        own = lines[lines["account_id"].eq(row["account_id"])]
        assert own["order_date"].max() <= row["date"]


def test_serving_a_key_account_costs_more_every_year(made, q):
    row = fact(made, "creeping_service")
    costs = q.service_creep[q.service_creep["service"].eq("costs")]
    assert row["account_id"] in costs.loc[costs["is_creeping"], "account_id"].tolist()
    booked = made.tables["service_costs"].query("account_id == @row.account_id")
    yearly = booked.groupby(booked["date"].dt.year)["cost"].sum()
    assert (yearly / yearly.shift()).tail(2).tolist() == pytest.approx([1.5, 1.5], rel=0.3)


def test_one_bonus_is_within_reach_and_people_report_to_somebody(made, q):
    reach = q.bonus_brackets.set_index("agreement_id")["is_within_reach"]
    assert reach.to_dict() == {"B0": True, "B1": False}
    people = made.tables["contacts"]
    led = people[people["reports_to"].notna()].merge(
        people, left_on="reports_to", right_on="contact_id", suffixes=("", "_head")
    )
    assert len(led) == fact(made, "reporting_lines")["value"]
    assert led["account_id"].eq(led["account_id_head"]).all()
    assert led["influence"].le(led["influence_head"]).all()
