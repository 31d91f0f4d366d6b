"""Share of wallet, white space and opportunity volume, worked by hand."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlib.book import ValueSettings
from kamlib.dossier import opportunity_volume, wallet, white_space
from kamlib.story.dossier_notes import tell_opportunity_volume, tell_wallet, tell_white_space

from . import examples
from .dossier import AS_OF, table

OWN = {"account_id": "A", "as_of": AS_OF}


def bought(*rows):
    frame = pd.DataFrame(rows, columns=["account_id", "category", "revenue"])
    return frame.assign(month=AS_OF)


def needs(*rows):
    columns = ["category", "annual_spend", "attainable_share", "probability"]
    frame = pd.DataFrame(rows, columns=columns).assign(account_id="A")
    return table("needs", *frame.to_dict("records"))


def compared(money, accounts=None, classes=None, **more):
    """White space against accounts of these industries and classes."""
    industries = pd.DataFrame(accounts or {"account_id": [], "industry": []})
    classed = pd.DataFrame(classes or {"account_id": [], "abc_revenue": []})
    return white_space(money, industries, classed, **OWN, **more)


def share_of(needed, money):
    return wallet(needed, money, **OWN, present=frozenset({"needs"}))


def test_share_of_wallet_above_one_is_flagged_as_a_bad_estimate():
    needed = needs(("ink", 100.0, 0.5, 0.5), ("paper", 400.0, 0.5, 0.5), ("pens", 0.0, 0.5, 0.5))
    found = share_of(needed, bought(("A", "ink", 120.0), ("A", "paper", 100.0), ("A", "tape", 5.0)))
    said = dict(zip(found["category"], tell_wallet(found)["note"], strict=True))
    shares = found.set_index("category").fillna({"wallet_share": -1, "held_by_others": -1})
    assert shares["wallet_share"].to_dict() == {"paper": 0.25, "ink": 1.2, "pens": -1, "tape": -1}
    assert shares.index[shares["is_bad_estimate"]].tolist() == ["ink"]
    held = {"paper": 300.0, "ink": -1, "pens": -1, "tape": -1}
    assert shares["held_by_others"].to_dict() == held
    assert said == {
        "paper": "",
        "ink": "bad estimate: we sell more than the recorded spend",
        "pens": "annual spend is not positive",
        "tape": "bought, but no need recorded",
    }


def test_a_book_without_needs_has_no_wallet():
    found = wallet(needs(), bought(("A", "ink", 1.0)), **OWN, present=frozenset())
    assert found.empty


def test_a_share_of_exactly_one_is_no_bad_estimate_though_floats_would_say_so():
    found = share_of(needs(("ink", 0.3, None, None)), bought(("A", "ink", 0.1), ("A", "ink", 0.2)))
    assert found["is_bad_estimate"].tolist() == [False]
    assert 0.1 + 0.2 > 0.3


def test_white_space_scales_the_median_buyer_and_takes_off_what_is_bought():
    peers = [
        ("P1", "x", 80.0),
        ("P1", "y", 20.0),
        ("P2", "x", 30.0),
        ("P2", "y", 20.0),
        ("P3", "x", 100.0),
        ("P4", "x", 10.0),
        ("P5", "x", 7.0),
    ]
    found = compared(bought(("A", "x", 190.0), ("A", "y", 10.0), *peers)).set_index("category")
    row = found.loc["y"]
    # two of five peers buy y (0.40, in), with 0.2 and 0.4 of their revenue: median 0.3 × 200 − 10
    assert row[["buyer_count", "peer_count", "buyer_share"]].tolist() == [2, 5, 0.4]
    assert row["white_space"] == pytest.approx(50.0)
    assert found.loc["x", "white_space"] == 10.0  # the median buyer has all of it: 200 − 190


def test_white_space_names_its_peers_and_falls_back_from_industry_to_class_to_all():
    ids = ["A", *(f"P{i}" for i in range(6))]
    money = bought(*((account, "x", 10.0) for account in ids))
    industries = {"account_id": ids, "industry": ["food"] * 3 + ["steel"] * 4}
    classes = {"account_id": ids, "abc_revenue": ["A"] * 6 + ["B"]}
    group = {
        n: compared(money, industries, classes, min_peers=n)["peer_group"].iloc[0]
        for n in (2, 5, 6)
    }
    assert group == {2: "industry food", 5: "class A", 6: "all accounts"}


def test_white_space_with_too_few_peers_has_no_figure_but_a_reason():
    found = compared(bought(("A", "x", 1.0), ("P", "x", 1.0)))
    assert found["white_space"].isna().all()
    assert tell_white_space(found)["note"].tolist() == ["only 1 peer; at least 5 are needed"]


amounts = st.integers(-50, 500)


@examples.cheap()
@given(
    st.lists(
        st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from("xyz"), amounts),
        min_size=1,
        max_size=40,
    )
)
def test_white_space_is_never_negative_and_never_for_what_few_peers_buy(rows):
    found = compared(bought(*rows), min_peers=2)
    assert not found["white_space"].lt(0).any()
    assert found["buyer_share"].ge(0.4).all()


def volume_of(needed, *money, **options):
    return opportunity_volume(needed, share_of(needed, bought(*money)), **options)


def test_in_reach_is_what_can_be_attained_less_what_is_sold():
    """Half of 1000 is attainable, 200 sold: 300 a year more; of three years at 10 % a year."""
    found = volume_of(needs(("ink", 1000.0, 0.5, 0.2)), ("A", "ink", 200.0))
    found = found.set_index("horizon_years")
    assert found.loc[1, "in_reach"] == pytest.approx(300 / 1.1)
    assert found.loc[3, "in_reach"] == pytest.approx(300 / 1.1 + 300 / 1.21 + 300 / 1.331)
    assert (found["likely_in_reach"] / found["in_reach"]).tolist() == pytest.approx([0.2] * 3)


def test_who_buys_more_than_is_attainable_has_nothing_in_reach():
    found = volume_of(needs(("ink", 1000.0, 0.5, 0.2)), ("A", "ink", 600.0))
    assert found["in_reach"].tolist() == [0.0] * 3
    assert not found["is_bad_estimate"].any()


def test_nothing_is_in_reach_by_an_estimate_below_our_sales():
    needed = needs(("ink", 100.0, 1.0, 0.5), ("paper", 400.0, 0.5, 0.5))
    found = volume_of(needed, ("A", "ink", 143.0), ("A", "paper", 100.0), horizons=(1,))
    found = found.set_index("category")
    assert pd.isna(found.loc["ink", "in_reach"]) and found.loc["ink", "is_bad_estimate"]
    assert found["in_reach"].sum() == pytest.approx(100 / 1.1)
    assert tell_opportunity_volume(found)["note"]["ink"].startswith("bad estimate")


def test_opportunity_volume_discounts_each_year_at_its_end():
    found = volume_of(needs(("ink", 1000.0, 0.5, 0.2))).set_index("horizon_years")
    volume, risk = found["theoretical_volume"], found["risk_adjusted_volume"]
    assert volume[1] == pytest.approx(500 / 1.1)
    assert volume[3] == pytest.approx(500 / 1.1 + 500 / 1.21 + 500 / 1.331)
    assert volume[5] == pytest.approx(1895.3934)
    assert (risk / volume).tolist() == pytest.approx([0.2] * 3)


def test_the_discount_rate_is_the_books():
    at_once = volume_of(needs(("ink", 1000.0, 0.5, 0.2)), value=ValueSettings(discount_rate=0.0))
    assert at_once["theoretical_volume"].tolist() == [500.0, 1500.0, 2500.0]


def test_a_need_without_probability_has_a_theoretical_volume_alone():
    found = volume_of(needs(("ink", 1000.0, 0.5, None)), horizons=(1,))
    assert found["theoretical_volume"].notna().all() and found["risk_adjusted_volume"].isna().all()
    assert tell_opportunity_volume(found)["note"].tolist() == ["not recorded: probability"]
