"""Class moves: parts that sum, causes by hand, price-volume-mix by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlib.book import BookSettings
from kamlib.period.months import trailing_months
from kamlib.segmentation import class_migration, class_moves, price_volume_mix
from kamlib.story.segmentation_rows import tell_class_moves

from . import examples
from .segmentation import account_classes

THEN, NOW = pd.Timestamp("2025-09-30"), pd.Timestamp("2025-12-31")
NO_PRODUCTS = pd.DataFrame(
    {
        **{
            name: pd.Series(dtype="str")
            for name in ("account_id", "product_id", "category", "window")
        },
        **{name: pd.Series(dtype="float64") for name in ("quantity", "revenue", "cost")},
    }
)


def classes(
    revenue: dict[str, float], as_of: pd.Timestamp, first: str = "2020-01-31"
) -> pd.DataFrame:
    """Classes of accounts that ordered long ago, and for this revenue in the window's last
    month.
    """
    ids = list(revenue)
    once = {"cost": np.nan, "order_count": 1, "order_day_count": 1}
    old = pd.DataFrame({"account_id": ids, "month": pd.Timestamp(first), "revenue": 1.0, **once})
    new = pd.DataFrame(
        {"account_id": ids, "month": as_of, "revenue": list(revenue.values()), **once}
    )
    months = pd.concat([old, new[new["revenue"] != 0]]).astype(
        {"account_id": "str", "month": "datetime64[us]"}
    )
    return account_classes(
        months, pd.DataFrame({"account_id": pd.Series(ids, dtype="str")}), as_of=as_of
    )


def moves_of(
    then: dict[str, float], now: dict[str, float], products: pd.DataFrame = NO_PRODUCTS
) -> pd.DataFrame:
    return class_moves(classes(now, NOW), classes(then, THEN), products).set_index("account_id")


def why(table: pd.DataFrame, account: str) -> str:
    """What the story says of an account's move."""
    return tell_class_moves(table).loc[account, "why"]


def test_own_and_neighbours_effect_by_hand():
    """Two accounts: a stays at 60, b grows from 40 to 90 and takes the lead.

    a: nothing is before it then; 90/150 now. Its revenue is the same: all 0.6 is the neighbour's.
    b: 60/100 before it then, nothing now. With a as it was both orders agree: all is its own.
    """
    table = moves_of({"a": 60.0, "b": 40.0}, {"a": 60.0, "b": 90.0})
    assert table.loc["a", ["own_effect_share", "neighbours_effect_share"]].tolist() == [
        0.0,
        pytest.approx(0.6),
    ]
    assert table.loc["b", ["own_effect_share", "neighbours_effect_share"]].tolist() == [
        pytest.approx(-0.6),
        0.0,
    ]


def test_both_orders_of_change_are_averaged():
    """a 30 → 20 beside b 70 → 80: own first 70/90 − 70/100, own last 80/100 − 80/110; the mean is
    own.
    """
    table = moves_of({"a": 30.0, "b": 70.0}, {"a": 20.0, "b": 80.0})
    own = ((70 / 90 - 70 / 100) + (80 / 100 - 80 / 110)) / 2
    assert table.loc["a", "change_share"] == pytest.approx(0.1)
    assert table.loc["a", "own_effect_share"] == pytest.approx(own)
    assert table.loc["a", "neighbours_effect_share"] == pytest.approx(0.1 - own)


def test_a_move_that_only_the_neighbours_made_is_labelled_so():
    """b keeps its 30 while a grows from 70 to 170: 70 % before it becomes 85 %, A becomes B."""
    table = moves_of({"a": 70.0, "b": 30.0}, {"a": 170.0, "b": 30.0})
    row = table.loc["b"]
    assert (row["move_kind"], row["direction"], row["abc_then"], row["abc_now"]) == (
        "move",
        "down",
        "A",
        "B",
    )
    assert row["cause"] == "neighbours"
    assert row["own_effect_share"] == 0.0
    assert row["neighbours_effect_share"] == pytest.approx(170 / 200 - 0.7)
    assert why(table, "b") == (
        "A → B. Revenue unchanged at 30. Only because the others changed: with them as before it "
        "would still be A."
    )


def test_a_move_of_its_own_doing_is_labelled_own():
    table = moves_of({"a": 70.0, "b": 30.0}, {"a": 70.0, "b": 10.0})
    assert table.loc["b", ["cause", "direction"]].tolist() == ["own", "down"]
    assert (
        why(table, "b")
        .replace("\xa0", " ")
        .startswith("A → B. Revenue down 67 %, 30 → 10. Its own")
    )


def test_a_move_that_needs_both_or_either_is_labelled_so():
    """b of 24 beside 76 is A up to 80 %: 76/95 reaches B alone, 76/95.5 and 80/104 do not,
    99/123 and 76/81 each do.
    """
    assert moves_of({"a": 76.0, "b": 24.0}, {"a": 80.0, "b": 19.0}).loc["b", "cause"] == "own"
    assert moves_of({"a": 76.0, "b": 24.0}, {"a": 80.0, "b": 19.5}).loc["b", "cause"] == "both"
    assert moves_of({"a": 76.0, "b": 24.0}, {"a": 99.0, "b": 5.0}).loc["b", "cause"] == "either"


def test_new_returned_and_stopped_accounts_are_no_moves():
    then = classes({"stays": 90.0, "stops": 10.0, "returns": 0.0}, THEN)
    now = pd.concat(
        [
            classes({"stays": 90.0, "stops": 0.0, "returns": 5.0}, NOW),
            classes({"fresh": 5.0}, NOW, first="2025-11-30"),
        ],
        ignore_index=True,
    )
    table = class_moves(now, then, NO_PRODUCTS).set_index("account_id")
    assert table["move_kind"].to_dict() == {
        "fresh": "new",
        "returns": "returned",
        "stops": "stopped",
        "stays": "same",
    }
    assert table.loc[["fresh", "returns", "stops"], "own_effect_share"].isna().all()
    assert table["direction"].isna().all()


def test_without_classes_then_there_is_nothing_to_compare():
    now = classes({"a": 5.0}, NOW)
    full = class_moves(now, now, NO_PRODUCTS)
    assert len(full) == 1
    for empty in (
        class_moves(now, None, NO_PRODUCTS),
        class_moves(now, now, NO_PRODUCTS, is_previous_whole=False),
    ):
        assert len(empty) == 0
        pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    assert class_migration(empty)["account_count"].sum() == 0


def windows(*rows: tuple[str, str, str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["account_id", "product_id", "window", "quantity", "revenue"]
    )
    return frame.assign(category="c", cost=np.nan)


def test_price_volume_mix_by_hand():
    """Then 10 nuts at 2 and 10 bolts at 4; now 20 nuts at 3 and no bolts, and 10 new rods at 1.

    R₀ = 60 over Q₀ = 20, R₁ = 70 over Q₁ = 30: volume 60·(30/20 − 1) = 30; price 20·(3 − 2) = 20;
    mix is the rest, −40.
    """
    table = price_volume_mix(
        windows(
            ("a", "nut", "previous", 10, 20),
            ("a", "bolt", "previous", 10, 40),
            ("a", "nut", "now", 20, 60),
            ("a", "rod", "now", 10, 10),
            ("a", "nut", "year_ago", 99, 99),
        )
    )
    assert table.iloc[0].tolist() == ["a", 20.0, 30.0, -40.0]


def test_price_volume_mix_is_unknown_without_quantities_or_a_base():
    table = price_volume_mix(
        windows(
            ("a", "nut", "previous", np.nan, 20),
            ("a", "nut", "now", 5, 20),
            ("b", "nut", "now", 5, 20),
        )
    )
    assert (
        table[["price_revenue_change", "volume_revenue_change", "mix_revenue_change"]]
        .isna()
        .all()
        .all()
    )


def test_the_own_effect_is_split_into_price_volume_and_mix():
    """b falls 30 → 20, 15 by fewer units and 5 back by a higher price: the own effect likewise."""
    products = windows(
        ("a", "nut", "previous", 70, 70),
        ("a", "nut", "now", 70, 70),
        ("b", "nut", "previous", 30, 30),
        ("b", "nut", "now", 15, 20),
    )
    table = moves_of({"a": 70.0, "b": 30.0}, {"a": 70.0, "b": 20.0}, products)
    row = table.loc["b"]
    assert row[["price_revenue_change", "volume_revenue_change"]].tolist() == [5.0, -15.0]
    assert row["price_effect_share"] == pytest.approx(-row["own_effect_share"] / 2)
    assert row["volume_effect_share"] == pytest.approx(row["own_effect_share"] * 1.5)
    assert row["mix_effect_share"] == pytest.approx(0.0, abs=1e-12)
    assert table.loc[
        "a", ["own_effect_share", "price_effect_share", "mix_effect_share"]
    ].tolist() == [0.0, 0.0, 0.0]


def test_products_that_do_not_add_up_to_the_revenue_explain_nothing():
    products = windows(("b", "nut", "previous", 30, 30), ("b", "nut", "now", 15, 19))
    assert np.isnan(moves_of({"b": 30.0}, {"b": 20.0}, products).loc["b", "price_revenue_change"])


def test_migration_counts_every_way_once():
    moves = moves_of({"a": 70.0, "b": 30.0, "c": 0.0}, {"a": 170.0, "b": 30.0, "c": 1.0})
    table = class_migration(moves.reset_index())
    ways = table[table["class_basis"].eq("abc") & table["account_count"].gt(0)]
    found = {(r.class_then, r.class_now): r.account_count for r in ways.itertuples()}
    assert found == {("A", "A"): 1, ("A", "B"): 1, ("none", "C"): 1}
    assert table.groupby("class_basis")["account_count"].sum().tolist() == [3, 3, 3]


def test_regularity_changes_are_told():
    months = trailing_months(NOW, 26)
    once = {"cost": np.nan, "order_count": 1, "order_day_count": 1}
    rows = pd.DataFrame({"account_id": "a", "month": months[:-4], "revenue": 5.0, **once})
    accounts = pd.DataFrame({"account_id": pd.Series(["a"], dtype="str")})
    then, now = (
        account_classes(rows.astype({"account_id": "str"}), accounts, as_of=day)
        for day in (THEN, NOW)
    )
    table = class_moves(now, then, NO_PRODUCTS).set_index("account_id")
    row = table.loc["a"]
    found = row[["move_kind", "xyz_frequency_then", "xyz_frequency_now"]].tolist()
    assert found == ["same", "X", "Y"]
    frequency = "Frequency X → Y: orders in 8 of 12 months, 11 of 12 before."
    assert why(table, "a") == f"{frequency} Variability X → Y: CV 0.74, 0.31 before."
    german = tell_class_moves(table, book=BookSettings(title="T", locale="de"))
    assert german.loc["a", "why"].endswith("CV 0,74, 0,31 before.")


def test_price_volume_and_mix_are_told_largest_first_and_only_where_they_weigh():
    products = windows(
        ("a", "nut", "previous", 70, 70),
        ("a", "nut", "now", 70, 70),
        ("b", "nut", "previous", 30, 30),
        ("b", "nut", "now", 9, 10),
    )
    table = moves_of({"a": 70.0, "b": 30.0}, {"a": 70.0, "b": 10.0}, products)
    assert "30 → 10 (volume −21)." in why(table, "b")
    other = table.assign(price_revenue_change=5.0, volume_revenue_change=-15.0)
    assert "(volume −15, price +5)." in why(other, "b")


def test_those_that_came_or_went_are_told_as_such():
    then = classes({"stops": 10.0, "returns": 0.0}, THEN)
    now = classes({"stops": 0.0, "returns": 5.0, "fresh": 4.0}, NOW)
    table = class_moves(now, then, NO_PRODUCTS).set_index("account_id")
    assert why(table, "fresh") == "New: first order since the last report, 4 so far, class A."
    assert why(table, "returns") == "Back after a window without revenue: 5, class A."
    assert why(table, "stops") == "No revenue left in the window, 10 before; it was A."


CENTS = st.integers(-2_000, 500_000)
NAMES = [f"a{i}" for i in range(9)]
REVENUES = st.dictionaries(st.sampled_from(NAMES), CENTS, min_size=1)


@examples.cheap()
@given(REVENUES, REVENUES)
def test_parts_sum_to_the_change_and_unchanged_accounts_have_no_effect_of_their_own(then, now):
    before = {name: then.get(name, 0) / 100 for name in NAMES}
    after = {name: now.get(name, 0) / 100 for name in NAMES}
    table = moves_of(before, after)
    there = table[table["move_kind"].isin(["move", "same"])]
    change = there["before_share_now"] - there["before_share_then"]
    np.testing.assert_allclose(there["change_share"], change, atol=1e-12)
    np.testing.assert_allclose(
        there["own_effect_share"] + there["neighbours_effect_share"], change, atol=1e-12
    )
    assert (
        there.loc[there["revenue_then"].eq(there["revenue_now"]), "own_effect_share"] == 0
    ).all()
    assert (there["move_kind"].eq("move") == there["abc_then"].ne(there["abc_now"])).all()
    assert there["cause"].notna().eq(there["move_kind"].eq("move")).all()
    still = there[there["move_kind"].eq("move") & there["revenue_then"].eq(there["revenue_now"])]
    assert set(still["cause"]) <= {"neighbours"}
    assert set(table.index) == {n for n in NAMES if before[n] > 0 or after[n] > 0}


@examples.cheap()
@given(
    st.lists(
        st.tuples(
            st.sampled_from("pqr"),
            st.sampled_from(["previous", "now"]),
            st.integers(-5, 40),
            st.integers(-900, 9000),
        ),
        min_size=1,
    )
)
def test_price_volume_and_mix_sum_to_the_revenue_change(lines):
    frame = windows(
        *(("a", product, window, float(q), cents / 100) for product, window, q, cents in lines)
    )
    frame = frame.groupby(["account_id", "product_id", "window", "category"], as_index=False)[
        ["quantity", "revenue"]
    ].sum()
    row = price_volume_mix(frame).iloc[0]
    change = frame["revenue"].where(frame["window"].eq("now"), -frame["revenue"]).sum()
    parts = row[["price_revenue_change", "volume_revenue_change", "mix_revenue_change"]].astype(
        float
    )
    if parts.notna().all():
        assert parts.sum() == pytest.approx(change, abs=1e-6)
    else:
        assert frame.loc[frame["window"].eq("previous"), "quantity"].sum() <= 0
