"""Share of wallet, white space and opportunity volume, worked by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlib.dossier import opportunity_volume, wallet, white_space

AS_OF = pd.Timestamp("2025-09-30")


def bought(*rows):
    frame = pd.DataFrame(rows, columns=["account_id", "category", "revenue"])
    return frame.assign(month=AS_OF)


def needs(*rows):
    return pd.DataFrame(
        rows, columns=["account_id", "category", "annual_spend", "attainable_share", "probability"]
    )


def test_share_of_wallet_above_one_is_flagged_as_a_bad_estimate():
    table = wallet(
        needs(
            ("A", "ink", 100.0, 0.5, 0.5),
            ("A", "paper", 400.0, 0.5, 0.5),
            ("A", "pens", 0.0, 0.5, 0.5),
        ),
        bought(("A", "ink", 120.0), ("A", "paper", 100.0), ("A", "tape", 5.0), ("B", "ink", 9.0)),
        "A",
        as_of=AS_OF,
    ).set_index("category")
    assert table["wallet_share"].fillna(-1).to_dict() == {
        "paper": 0.25,
        "ink": 1.2,
        "pens": -1.0,
        "tape": -1.0,
    }
    assert table["is_bad_estimate"].to_dict() == {
        "paper": False,
        "ink": True,
        "pens": False,
        "tape": False,
    }
    assert table["held_by_others"].fillna(-1).to_dict() == {
        "paper": 300.0,
        "ink": -1.0,
        "pens": -1.0,
        "tape": -1.0,
    }
    assert table.loc["tape", "note"] == "bought, but no need recorded"


def test_a_share_of_exactly_one_is_no_bad_estimate_though_floats_would_say_so():
    table = wallet(
        needs(("A", "ink", 0.3, None, None)),
        bought(("A", "ink", 0.1), ("A", "ink", 0.2)),
        "A",
        as_of=AS_OF,
    )
    assert table["is_bad_estimate"].tolist() == [False]
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
    table = white_space(
        bought(("A", "x", 190.0), ("A", "y", 10.0), *peers), pd.DataFrame(), "A", as_of=AS_OF
    )
    row = table.set_index("category").loc["y"]
    # two of five peers buy y (0.40, in), with 0.2 and 0.4 of their revenue: median 0.3 × 200 − 10
    assert row[["buyer_count", "peer_count", "buyer_share"]].tolist() == [2, 5, 0.4]
    assert row["white_space"] == pytest.approx(50.0)
    assert (
        table.set_index("category").loc["x", "white_space"] == 10.0
    )  # median buyer has all of it: 200 − 190


def test_white_space_names_its_peers_and_falls_back_from_industry_to_class_to_all():
    ids = ["A", *(f"P{i}" for i in range(6))]
    money = bought(*((account, "x", 10.0) for account in ids))
    accounts = pd.DataFrame({"account_id": ids, "industry": ["food"] * 3 + ["steel"] * 4})
    classes = pd.DataFrame({"account_id": ids, "abc_revenue": ["A"] * 6 + ["B"]})
    group = {
        n: white_space(money, accounts, "A", as_of=AS_OF, classes=classes, min_peers=n)[
            "peer_group"
        ].iloc[0]
        for n in (2, 5, 6)
    }
    assert group == {2: "industry food", 5: "class A", 6: "all accounts"}


def test_white_space_with_too_few_peers_has_no_figure_but_a_reason():
    table = white_space(bought(("A", "x", 1.0), ("P", "x", 1.0)), pd.DataFrame(), "A", as_of=AS_OF)
    assert table["white_space"].isna().all()
    assert table["reason"].tolist() == ["only 1 peers; at least 5 are needed"]


amounts = st.integers(-50, 500)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from("xyz"), amounts),
        min_size=1,
        max_size=40,
    )
)
def test_white_space_is_never_negative_and_never_for_what_few_peers_buy(rows):
    table = white_space(bought(*rows), pd.DataFrame(), "A", as_of=AS_OF, min_peers=2)
    assert not table["white_space"].lt(0).any()
    assert table["buyer_share"].ge(0.4).all()


def test_opportunity_volume_discounts_each_year_at_its_end():
    table = opportunity_volume(needs(("A", "ink", 1000.0, 0.5, 0.2)), "A", discount_rate=0.10)
    table = table.set_index("horizon_years")
    assert table.loc[1, "theoretical_volume"] == pytest.approx(500 / 1.1)
    assert table.loc[3, "theoretical_volume"] == pytest.approx(500 / 1.1 + 500 / 1.21 + 500 / 1.331)
    assert table.loc[5, "theoretical_volume"] == pytest.approx(1895.3934)
    assert (table["risk_adjusted_volume"] / table["theoretical_volume"]).tolist() == pytest.approx(
        [0.2] * 3
    )


def test_a_need_without_probability_has_a_theoretical_volume_alone():
    table = opportunity_volume(needs(("A", "ink", 1000.0, 0.5, None)), "A", horizons=(1,))
    assert table["theoretical_volume"].notna().all() and table["risk_adjusted_volume"].isna().all()
    assert table["note"].tolist() == ["not recorded: probability"]
