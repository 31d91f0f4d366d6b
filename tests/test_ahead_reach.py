"""Deals by stage and rival, the map of accounts and categories, the return of accounts; by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.ahead.deals import open_deals, win_rates
from kamlib.ahead.reach import category_map, rivals
from kamlib.ahead.returns import (
    hourly,
    manager_potential,
    return_per_account,
    status_offers,
)
from kamlib.book import BookSettings, ProgrammeSettings
from kamlib.plots.ahead import plot_category_map
from kamlib.plots.marks import narrow
from kamlib.story import ahead_reach as say
from kamlib.tables import empty_table, shaped, typed

AS_OF = pd.Timestamp("2025-09-30")
KEYS = shaped("key_accounts", {"account_id": ["A"], "is_key": True, "is_provisional": False})
BOOK = BookSettings(title="Demo")


def deals(**columns) -> pd.DataFrame:
    many = len(columns["outcome"])
    base = {"opportunity_id": [str(n) for n in range(many)], "account_id": "A"}
    base |= {"opened_date": pd.Timestamp("2025-01-01")}
    return typed(pd.DataFrame({**base, **columns}), "opportunities")


def test_open_deals_are_told_by_stage_and_age_and_those_without_value_are_counted():
    rows = deals(
        outcome=["open"] * 3 + ["won"], value=[100.0, None, 50.0, 9.0],
        stage=["offer", "offer", None, "offer"], probability=[0.5, None, 0.2, 1.0],
        opened_date=pd.to_datetime(["2025-09-01", "2025-08-31", "2024-01-01", "2025-01-01"]),
        expected_close=pd.to_datetime(["2025-12-31", "2025-09-29", None, None]),
    )  # fmt: skip
    table = open_deals(rows, as_of=AS_OF)
    columns = ["stage", "age", "open_deal_count", "slipped_count", "deal_value", "no_value_count"]
    assert table[columns].values.tolist() == [
        ["offer", "up to 30 days", 2, 1, 100.0, 1],
        ["not recorded", "over 180 days", 1, 0, 50.0, 0],
    ]
    assert say.table_open_deals(
        table, present=frozenset({"opportunities"}), book=BOOK
    ).title.endswith("1 of them slipped")


def test_win_rates_count_rivals_and_reasons_of_lost_deals_alone():
    rows = deals(
        outcome=["won"] * 6 + ["lost"] * 4, value=[10.0] * 9 + [None],
        competitor=["Nord"] * 5 + [None] + ["Nord"] * 4, reason=["price"] * 10,
        closed_date=pd.to_datetime(["2025-01-31"] * 6 + ["2025-03-02"] * 4),
    )  # fmt: skip
    table = win_rates(rows, empty_table("managers"), as_of=AS_OF).set_index(["dimension", "group"])
    assert table.loc[("all", "all"), "win_share"] == 0.6
    assert table.loc[("all", "all"), ["won_close_days", "lost_close_days"]].tolist() == [30, 60]
    assert table.loc[("competitor", "Nord"), "closed_deal_count"] == 9
    assert pd.isna(table.loc[("competitor", "Nord"), "win_share"])  # nine are few
    assert table.loc[("reason", "price"), "closed_deal_count"] == 4
    assert table.loc[("all", "all"), "no_value_count"] == 1
    assert win_rates(rows.iloc[:0], empty_table("managers"), as_of=AS_OF).empty
    few = win_rates(rows.tail(7), empty_table("managers"), as_of=AS_OF)
    said = say.table_win_rates(few, present=frozenset({"opportunities"}), book=BOOK)
    assert said.title.startswith("3 of 7 deals won")


def map_of(needs: pd.DataFrame, rivals: pd.DataFrame | None = None) -> pd.DataFrame:
    ids = [*"ABCDEFG", "L"]
    rows = [("A", "ink", AS_OF, 80.0), ("A", "pens", pd.Timestamp("2023-01-31"), 5.0)]
    rows += [(one, "paper", AS_OF, 10.0) for one in "BCDEF"]
    months = pd.DataFrame(rows, columns=["account_id", "category", "month", "revenue"])
    months["month"] = months["month"].astype("datetime64[us]")
    people = shaped("accounts", {"account_id": ids, "name": ids, "industry": "rail"})
    status = shaped("account_status", {"account_id": ids, "status": ["active"] * 7 + ["lost"]})
    keys = shaped("key_accounts", {"account_id": ["A", "L"], "is_key": True})
    rivals = empty_table("competitors") if rivals is None else rivals
    return category_map(months, needs, rivals, people, status, keys, as_of=AS_OF)


def test_the_map_says_what_is_bought_once_bought_needed_and_bought_by_peers():
    needs = typed(
        pd.DataFrame(
            {
                "account_id": "A",
                "category": ["ink", "glue", "pens"],
                "annual_spend": [200.0, 50.0, 3.0],
                "attainable_share": [0.5, 1.0, 1.0],
                "probability": [0.9, 0.5, 1.0],
                "previous_supplier": [None, "Klebe", None],
            }
        ),
        "needs",
    )
    rival = typed(
        pd.DataFrame({"account_id": ["A"], "competitor": ["Nord"], "category": ["ink"]}),
        "competitors",
    )
    table = map_of(needs, rival).set_index("category")
    assert set(table["account_id"]) == {"A"}  # who is lost is not there
    assert table["map_status"].to_dict() == {
        "glue": "need known", "ink": "bought", "paper": "peers buy", "pens": "once bought",
    }  # fmt: skip
    assert table["need_in_reach"].dropna().round(9).to_dict() == {
        "glue": 25.0,
        "ink": 10.0,
        "pens": 3.0,
    }
    assert table.loc["ink", "held_by"] == "Nord" and table.loc["glue", "held_by"] == "Klebe"
    assert "€ 38" in say.chart_category_map(table.reset_index(), KEYS, book=BOOK).title.replace(
        "\u00a0", " "
    )
    assert plot_category_map(table.reset_index(), book=BOOK).get_xlim()[1] > 3


@pytest.mark.parametrize(("many", "said"), [(5, "peers buy"), (4, "none")])
def test_what_fewer_than_five_of_its_industry_buy_says_nothing(many, said):
    ids = ["A", *(f"P{n}" for n in range(many - 1))]
    sold = [{"account_id": one, "category": "ink" if one == "A" else "paper"} for one in ids]
    table = category_map(
        shaped("category_months", sold).assign(month=AS_OF, revenue=9.0), empty_table("needs"),
        empty_table("competitors"), shaped("accounts", {"account_id": ids, "industry": "print"}),
        shaped("account_status", {"account_id": ids, "status": "active"}), KEYS, as_of=AS_OF,
    )  # fmt: skip
    assert table.set_index("category")["map_status"].to_dict() == {"ink": "bought", "paper": said}


def test_a_book_without_needs_and_rivals_has_a_map_too():
    table = map_of(empty_table("needs"))
    assert set(table["map_status"]) == {"bought", "once bought", "peers buy"}
    assert table["need_in_reach"].isna().all()  # unknown, not nothing


def test_rivals_stand_across_accounts_with_what_they_hold_and_the_deals_against_them():
    rows = {"account_id": ["A", "A", "B", "B"], "name": ["Ada", "Ada", "Bo", "Bo"]}
    rows |= {"category": ["ink", "pens", "ink", "glue"], "annual_spend": [9.0, None, 5.0, 7.0]}
    rows |= {"need_in_reach": [4.0, None, 1.0, 2.0]}
    named = {"account_id": ["A", "A", "A"], "competitor": ["Nord", "Nord", "West, Ost & Co."]}
    named = typed(pd.DataFrame({**named, "category": ["ink", "pens", "pens"]}), "competitors")
    needs = {"account_id": ["A", "B"], "category": "ink", "previous_supplier": ["Klebe", "Nord"]}
    needs = typed(pd.DataFrame(needs), "needs")  # a rival recorded goes before the supplier
    deals = {"dimension": ["competitor", "manager"], "group": "Nord", "won_deal_count": [2, 9]}
    deals |= {"lost_deal_count": [3, 9], "lost_value": [30.0, 90.0]}
    table = rivals(shaped("category_map", rows), needs, named, shaped("win_rates", deals))
    columns = ["competitor", "account_count", "where_held", "categories", "held_spend",
        "need_in_reach", "won_deal_count", "lost_deal_count", "lost_value"]  # fmt: skip
    assert table.loc[[0], columns].values.tolist() == [
        ["Nord", 2, "Ada, Bo", "ink, pens", 14.0, 5.0, 2, 3, 30.0]
    ]
    assert table["competitor"].tolist() == ["Nord", "West, Ost & Co."]
    assert table["held_spend"].isna()[1]
    told = say.table_rivals(table, KEYS, book=BOOK).title.replace("\u00a0", " ")
    assert told == "2 rivals named at key accounts; Nord at 2 accounts, where € 14 a year is spent"
    none = say.table_rivals(table.iloc[:0], KEYS, book=BOOK).title
    assert none.startswith("No rival is named at any key account: the table competitors")


def test_a_map_without_needs_rivals_and_industries_says_what_would_bring_them():
    bare = map_of(empty_table("needs"))
    people = shaped("accounts", {"account_id": ["A"], "industry": [None]})
    said = say.gap_category_map(bare, people, present=frozenset({"orders"}))
    assert all(one in said for one in ("table needs", "table competitors", "accounts.industry"))
    known = shaped("accounts", {"account_id": ["A"], "industry": ["rail"]})
    assert say.gap_category_map(bare, known, present=frozenset({"needs", "competitors"})) == ""


def test_on_a_phone_the_names_of_categories_stand_aslant():
    table = map_of(empty_table("needs"))
    with narrow():
        ax = plot_category_map(table, book=BOOK)
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {60}


def test_narrow_where_two_years_cost_more_than_they_brought_and_nothing_is_in_reach():
    load = shaped(
        "account_load",
        {
            "account_id": ["A", "B"],
            "name": ["Ada", "Bo"],
            "manager_id": "M",
            "hours": [10.0, 1.0],
            "revenue": 1000.0,
            "margin": 500.0,
        },
    )
    people = typed(
        pd.DataFrame({"manager_id": ["M"], "hours_per_month": [100.0], "cost_per_month": [1000.0]}),
        "managers",
    )
    costs = typed(pd.DataFrame({"month": [AS_OF], "cost": [200.0]}), "programme_costs")
    reach = shaped("category_map", {"account_id": ["A"], "need_in_reach": [0.0]})
    table = return_per_account(load, people, costs, reach, load, as_of=AS_OF).set_index(
        "account_id"
    )
    assert table["account_return"].to_dict() == {"A": 500 - 1200 - 100, "B": 500 - 120 - 100}
    assert table["verdict"].to_dict() == {"A": "narrow", "B": ""}
    worth = reach.assign(need_in_reach=1e5)
    kept = return_per_account(load, people, costs, worth, load, as_of=AS_OF)
    assert set(kept["verdict"]) == {""}
    first = return_per_account(load, people, costs, reach, None, as_of=AS_OF)
    assert set(first["verdict"]) == {""}  # one year is not two


def test_hours_that_the_cost_to_serve_holds_are_taken_off_once():
    """Of B no cost to serve is known: its hours cost what they cost."""
    load = {"account_id": ["A", "B"], "name": ["Ada", "Bo"], "manager_id": "M", "hours": 1.0}
    load |= {"revenue": 1000.0, "gross_margin": [500.0, 400.0], "margin": [300.0, 400.0]}
    people = {"manager_id": ["M"], "hours_per_month": [100.0], "cost_per_month": [1000.0]}
    tables = shaped("account_load", load), typed(pd.DataFrame(people), "managers")
    tables = (*tables, empty_table("programme_costs"), shaped("category_map", []), None)
    told = {}
    for holds, returns in ((False, {"A": 180.0, "B": 280.0}), (True, {"A": 300.0, "B": 280.0})):
        own = ProgrammeSettings(service_holds_hours=holds)
        table = return_per_account(*tables, as_of=AS_OF, programme=own)
        assert table.set_index("account_id")["account_return"].to_dict() == returns
        book = BookSettings(title="Demo", programme=own)
        told[holds] = say.table_return_per_account(table, KEYS, book=book).subtitle
    assert "count once" in told[True] and "service_holds_hours" in told[False]


def test_a_good_patch_is_not_taken_for_a_good_manager():
    people = shaped("accounts", {"account_id": ["A", "B"], "manager_name": ["Big", "Small"]})
    status = shaped("account_status", {"account_id": ["A", "B"], "revenue": [500.0, 90.0]})
    needs = typed(
        pd.DataFrame({"account_id": ["A", "B"], "category": "x", "annual_spend": [5000.0, 100.0]}),
        "needs",
    )
    table = manager_potential(people, status, needs)
    assert table["manager_name"].tolist() == ["Small", "Big"]
    assert table["potential_share"].tolist() == pytest.approx([0.9, 0.1])
    assert "Big has the most revenue, Small" in say.table_manager_potential(table).title


def test_status_costs_hours_and_a_share_of_the_programme_and_brings_margin_on_what_is_in_reach():
    """By hand: 365.25 / 36.525 = 10 contacts × 3 h = 30 h at 10 an hour = 300, and 200 / 2 = 100;
    in reach are 1000 × 0.5 − 100 = 400, of which a quarter is margin."""
    named = {"account_id": ["A", "B", "K"], "name": ["Ada", "Bo", "Key"], "owner": "Ines"}
    named |= {"proposal": ["promote", "candidate", "keep"], "is_key": [False, False, True]}
    rhythm = {"account_id": ["A", "B"], "contact_every_days": 36.525}
    months = {"account_id": ["A", "B"], "month": AS_OF, "revenue": [400.0, 400.0]}
    months |= {"cost": [300.0, None]}
    bought = pd.DataFrame({"account_id": ["A"], "category": ["ink"], "revenue": [100.0]})
    needs = {"account_id": ["A"], "category": "ink", "annual_spend": 1000.0}
    rivals = {
        "account_id": ["A", "A"],
        "competitor": ["Nord", "West, Ost & Co."],
        "category": "ink",
    }
    people = {"manager_id": ["M"], "hours_per_month": [100.0], "cost_per_month": [1000.0]}
    table = status_offers(
        shaped("tier_decisions", named),
        shaped("accounts", {"account_id": ["A", "B"], "manager_id": "M"}),
        shaped("contact_rhythms", rhythm),
        shaped("account_months", months),
        bought.assign(month=AS_OF),
        typed(pd.DataFrame({**needs, "attainable_share": 0.5}), "needs"),
        typed(pd.DataFrame(rivals), "competitors"),
        typed(pd.DataFrame(people), "managers"),
        typed(pd.DataFrame({"month": [AS_OF], "cost": [200.0]}), "programme_costs"),
        shaped("account_load", {"account_id": ["K"]}),
        as_of=AS_OF,
    )
    columns = ["account_id", "care_cost", "could_bring", "offer_worth", "held_by"]
    assert table[columns].iloc[0].tolist() == ["A", 400.0, 100.0, -300.0, "Nord, West, Ost & Co."]
    assert table["account_id"].tolist() == ["A", "B"] and pd.isna(table["offer_worth"].iloc[1])
    assert "pay for itself at 0 of 2" in say.table_status_offers(table, book=BOOK).title


def test_an_hour_of_a_manager_whose_cost_is_not_known_costs_what_the_others_do():
    people = {
        "manager_id": ["A", "B", "C", "D", "E"],
        "cost_per_month": [10.0, 30.0, 50.0, None, 9],
    }
    people |= {"hours_per_month": [1.0, 1.0, 1.0, 1.0, 0.0]}
    whom = pd.Series(["A", "D", "E", "Z"], index=[4, 3, 2, 1])
    rates = hourly(whom, pd.DataFrame(people))
    assert rates.to_dict() == {4: 10.0, 3: 30.0, 2: 30.0, 1: 30.0}
    nobody = pd.DataFrame(people).assign(cost_per_month=float("nan"))
    assert hourly(whom, nobody).isna().all()


def test_a_return_without_any_known_cost_of_care_is_not_known():
    load = {"account_id": ["A"], "name": "Ada", "manager_id": "M", "revenue": 90.0}
    load |= {"margin": 40.0, "hours": 3.0}
    nothing = (empty_table("managers"), empty_table("programme_costs"))
    table = return_per_account(
        shaped("account_load", load), *nothing, shaped("category_map", []), None, as_of=AS_OF
    )
    assert table[["care_cost", "account_return"]].isna().all(axis=None)
    said = say.table_return_per_account(table, KEYS, book=BOOK).title
    assert "managers.cost_per_month or the table programme_costs" in said
    large = KEYS.assign(is_provisional=True)
    dear = table.assign(care_cost=1.0, account_return=39.0)
    told = say.table_return_per_account(dear, large, book=BOOK).title
    assert told == "Every large account brings more than its care costs"
