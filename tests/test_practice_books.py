"""Books of another kind: what each story plants is what its truth says."""

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
