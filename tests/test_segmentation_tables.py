"""Matrix, curves, concentration, groups, types and sentences against answers worked by hand."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlib import segmentation
from kamlib.book import BookSettings, KeyAccountSettings, SegmentationSettings
from kamlib.errors import KamError
from kamlib.period.calendar import parse_period
from kamlib.segmentation import (
    abc_cross,
    abc_xyz_matrix,
    account_types,
    class_moves,
    concentration,
    is_previous_whole,
    key_accounts,
    lorenz,
    pareto,
    rollup_changes,
    segmentation_control,
    segmentation_limits,
    whale_curve,
)
from kamlib.story import teller
from kamlib.story.segmentation import headline_segmentation, note_class_moves, table_rollup_changes
from kamlib.story.segmentation_rows import (
    LIMITS,
    tell_account_types,
    tell_concentration,
    tell_segmentation_limits,
)
from kamlib.tables import catalogue, empty_table

from . import examples
from .segmentation import account_classes

AS_OF = pd.Timestamp("2025-12-31")
NO_TIERS = pd.DataFrame({"account_id": [], "tier": [], "start_date": [], "end_date": []}).astype(
    {
        "account_id": "str",
        "tier": "str",
        "start_date": "datetime64[us]",
        "end_date": "datetime64[us]",
    }
)


NO_NEEDS, NO_INCIDENTS = empty_table("needs"), empty_table("incidents")


def accounts_of(ids, **columns) -> pd.DataFrame:
    return pd.DataFrame({"account_id": pd.Series(list(ids), dtype="str"), **columns})


def classes_of(
    revenue: dict, margin: dict | None = None, accounts: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Classes of accounts that ordered long ago, and for this revenue (and margin) in the end."""
    ids = list(revenue)
    counts = {"order_count": 1, "order_day_count": 1}
    old = pd.DataFrame(
        {
            "account_id": ids,
            "month": pd.Timestamp("2020-01-31"),
            "revenue": 1.0,
            "cost": np.nan,
            **counts,
        }
    )
    now = pd.DataFrame(
        {"account_id": ids, "month": AS_OF, "revenue": list(revenue.values()), **counts}
    )
    now["cost"] = [revenue[i] - margin[i] for i in ids] if margin else np.nan
    months = pd.concat([old, now]).astype(
        {"account_id": "str", "month": "datetime64[us]", "revenue": "float64"}
    )
    return account_classes(months, accounts_of(ids) if accounts is None else accounts, as_of=AS_OF)


def keys_of(classes: pd.DataFrame, *ids: str) -> pd.DataFrame:
    keys = key_accounts(classes[["account_id"]], NO_TIERS, classes, as_of=AS_OF)
    return keys.assign(is_key=keys["account_id"].isin(ids))


def types_of(
    classes, accounts, needs=NO_NEEDS, incidents=NO_INCIDENTS, share=0.10, first_date=None
) -> pd.DataFrame:
    tables = (classes, accounts, needs, incidents)
    own = SegmentationSettings(breadwinner_share=share)
    return account_types(*tables, as_of=AS_OF, first_date=first_date, segmentation=own)


def limits_of(classes, accounts, keys, previous=None, whole=True) -> pd.DataFrame:
    return segmentation_limits(classes, accounts, keys, previous, is_previous_whole=whole)


def said_of(
    classes, concentration, groups, moves=None, then=None, *, whole=True, months=12
) -> list:
    """The sentences of the first screen."""
    moves = class_moves(classes, None, NO_PRODUCTS) if moves is None else moves
    own = SegmentationSettings(window_months=months)
    return headline_segmentation(
        classes, concentration, groups, moves, then, is_previous_whole=whole, segmentation=own
    )


NO_PRODUCTS = accounts_of([], product_id=[], window=[], quantity=[], revenue=[]).astype(
    {"quantity": "float64", "revenue": "float64", "window": "str", "product_id": "str"}
)
FIVE = {"a": 50.0, "b": 29.0, "c": 15.0, "d": 5.0, "e": 1.0}


def test_matrix_counts_every_account_once_per_basis():
    classes = classes_of({**FIVE, "minus": -4.0})
    table = abc_xyz_matrix(classes)
    frequency = table[table["class_basis"].eq("frequency")].set_index("cell")
    assert frequency.loc["AZ", ["account_count", "revenue"]].tolist() == [3, 94.0]
    assert frequency.loc["BZ", ["account_count", "account_share", "revenue_share"]].tolist() == [
        1,
        0.2,
        0.05,
    ]
    assert frequency.loc["none Z", ["account_count", "revenue"]].tolist() == [1, -4.0]
    for _, part in table.groupby("class_basis"):
        assert part["account_count"].sum() == 6
        assert part["revenue"].sum() == pytest.approx(classes["revenue"].sum())
    assert table["cell"].iloc[:12].tolist() == [f"{a}{x}" for a in "ABC" for x in "XYZN"]


def test_cross_table_finds_the_large_that_earn_nothing():
    classes = classes_of({"big": 900.0, "small": 100.0}, {"big": -10.0, "small": 60.0})
    cross = abc_cross(classes).set_index(["abc_revenue", "abc_margin"])
    assert cross.loc[("A", "none"), ["account_count", "revenue", "margin"]].tolist() == [
        1,
        900.0,
        -10.0,
    ]
    assert cross.loc[("B", "A"), "margin"] == 60.0
    assert cross["account_count"].sum() == 2
    assert abc_cross(classes_of(FIVE)).empty


def test_pareto_bends_where_classes_end():
    table = pareto(classes_of({**FIVE, "minus": -4.0}))
    assert table["cumulative_revenue_share"].round(9).tolist() == [0.5, 0.79, 0.94, 0.99, 1.0]
    assert table.loc[table["is_bend"], "account_id"].tolist() == ["c", "d"]
    assert table["cumulative_account_share"].tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_whale_curve_climbs_to_a_peak_and_falls():
    table = whale_curve(
        classes_of(dict.fromkeys("abcd", 100.0), {"a": 60.0, "b": 50.0, "c": 0.0, "d": -10.0})
    )
    assert table["cumulative_margin"].tolist() == [60.0, 110.0, 110.0, 100.0]
    assert table["cumulative_margin_share"].tolist() == [0.6, 1.1, 1.1, 1.0]
    assert whale_curve(classes_of(FIVE)).empty


def test_lorenz_starts_at_the_origin_and_ends_at_one():
    table = lorenz(classes_of(FIVE))
    assert table["cumulative_account_share"].tolist() == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert table["cumulative_revenue_share"].round(9).tolist() == [0.0, 0.01, 0.06, 0.21, 0.5, 1.0]


def test_concentration_by_hand():
    """Shares .5 .29 .15 .05 .01: HHI .3592, Gini 2·(1·1 + 2·5 + 3·15 + 4·29 + 5·50)/500 − 6/5 =
    .488.
    """
    classes = classes_of({**FIVE, "minus": -4.0})
    table = concentration(classes, classes[["account_id"]], keys_of(classes, "a")).set_index(
        "scope"
    )
    row = table.loc["accounts"]
    assert row["hhi"] == pytest.approx(0.25 + 0.0841 + 0.0225 + 0.0025 + 0.0001)
    assert row["effective_number"] == pytest.approx(1 / 0.3592)
    assert row["gini"] == pytest.approx(0.488)
    assert row[["top_1_share", "top_5_share", "top_10_share"]].tolist() == [0.5, 1.0, 1.0]
    assert row[["account_count", "excluded_count", "excluded_revenue"]].tolist() == [5, 1, -4.0]
    assert row["key_share"] == pytest.approx(50 / 96)
    pd.testing.assert_series_equal(row, table.loc["groups"], check_names=False)
    said = tell_concentration(table.reset_index(), admission=KeyAccountSettings(at_most=7))
    rule = "key accounts: provisional: revenue class A, at most 7"
    assert said["note"].tolist() == [
        f"5 accounts with positive revenue; {rule}",
        f"5 groups with positive revenue; {rule}",
    ]


@pytest.mark.parametrize(
    ("keys", "band"), [("a", "within"), ("b", "below"), ("ab", "above"), ("", None)]
)
def test_the_key_accounts_share_against_the_usual_band(keys, band):
    classes = classes_of(FIVE)
    chosen = keys_of(classes, *keys).assign(is_provisional=False)
    row = concentration(classes, classes[["account_id"]], chosen).iloc[0]
    assert (row["key_band"] if isinstance(row["key_band"], str) else None) == band
    stand_in, ids = chosen.assign(is_provisional=True), classes[["account_id"]]
    assert concentration(classes, ids, stand_in)["key_band"].isna().all()
    assert concentration(classes, ids, chosen, manager_id="M1")["key_band"].isna().all()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_equal_accounts_have_gini_zero_and_count_as_many_as_they_are(count):
    classes = classes_of({f"e{i}": 3.3 for i in range(count)})
    row = concentration(classes, classes[["account_id"]], keys_of(classes)).iloc[0]
    assert row["gini"] == pytest.approx(0.0, abs=1e-12)
    assert row["effective_number"] == pytest.approx(count)


def test_a_group_that_hides_its_size_is_found():
    classes = classes_of({"big": 60.0, "n1": 25.0, "n2": 25.0, "n3": 20.0, "solo": 50.0})
    accounts = accounts_of(
        ["big", "n1", "n2", "n3", "solo"],
        group_id=["big", "n1", "n1", "n1", "solo"],
        group_name=["Big", "Nordwind", "Nordwind", "Nordwind", "Solo"],
    )
    table = rollup_changes(classes, accounts)
    assert len(table) == 1
    row = table.iloc[0]
    assert row[["group_id", "group_name", "member_count", "revenue"]].tolist() == [
        "n1",
        "Nordwind",
        3,
        70.0,
    ]
    assert row[["group_rank", "largest_id", "largest_rank", "rank_gain"]].tolist() == [
        1,
        "n1",
        3,
        2,
    ]
    share = concentration(classes, accounts, keys_of(classes, "n2")).set_index("scope")
    assert share.loc["groups", "top_1_share"] == pytest.approx(70 / 180)
    assert share.loc["groups", ["account_count", "key_count", "key_revenue"]].tolist() == [
        3,
        1,
        70.0,
    ]
    said = said_of(classes, share.reset_index(), table)
    assert any("Nordwind, counted as one group, is our largest account" in one.text for one in said)


def test_breadwinners_by_profit_and_without_cost_by_revenue():
    accounts = accounts_of("ab")
    by_profit = types_of(classes_of({"a": 900.0, "b": 100.0}, {"a": 5.0, "b": 45.0}), accounts)
    assert by_profit[["account_id", "type", "origin"]].to_numpy().tolist() == [
        ["a", "breadwinner", "data"],
        ["b", "breadwinner", "data"],
    ]
    assert by_profit.loc[1, ["evidence_code", "evidence_share"]].tolist() == ["profit", 0.9]
    said = tell_account_types(by_profit)["evidence"].str.replace("\xa0", " ")
    assert said[1] == "90 % of all profit: 45; first order 2020-01."
    by_revenue = types_of(classes_of({"a": 95.0, "b": 5.0}), accounts)
    assert by_revenue["account_id"].tolist() == ["a"]
    assert "margin is unknown" in tell_account_types(by_revenue)["evidence"].iloc[0]


def test_types_overlap_and_say_where_they_come_from():
    accounts = accounts_of("abc", types=["Image maker; expert", None, "breadwinner, friend"])
    table = types_of(classes_of({"a": 60.0, "b": 35.0, "c": 5.0}), accounts)
    found = {(row.account_id, row.type): row.origin for row in table.itertuples()}
    assert found == {
        ("a", "breadwinner"): "data",
        ("b", "breadwinner"): "data",
        ("c", "breadwinner"): "declared",
        ("a", "image-maker"): "declared",
        ("a", "expert"): "declared",
    }


def test_leaders_of_an_industry_newcomers_with_a_budget_and_critics():
    ids = ["lead", "p1", "p2", "p3", "p4", "other"]
    accounts = accounts_of(
        ids, industry=["steel"] * 5 + ["paper"], employees=[900.0, 450.0, 9.0, 9.0, 9.0, 9000.0]
    )
    classes = classes_of(dict.fromkeys(ids, 10.0) | {"p4": 0.01})
    incidents = accounts_of(
        ["p1"] * 3 + ["p2"] * 3, kind=["quality"] * 3 + ["late"] * 3, opened_date=[AS_OF] * 6
    )
    needs = accounts_of(["p3", "p4"], annual_spend=[5000.0, 1.0])
    classes.loc[classes["account_id"].isin(["p3", "p4"]), "first_order_month"] = AS_OF
    table = types_of(classes, accounts, needs, incidents, share=0.5).set_index("account_id")
    said = tell_account_types(table)["evidence"].str.replace("\xa0", " ")
    assert table["type"].to_dict() == {
        "p3": "prospective",
        "lead": "image-maker",
        "p1": "expert",
    }
    assert said.to_dict() == {
        "p3": "First order 2025-12; needs of 5.00 k a year, the median of class A has 10.",
        "lead": "900 employees, at least twice the next of 5 accounts in industry steel.",
        "p1": "3 incidents about quality or product knowledge in the last 12 months.",
    }
    accounts.loc[1, "employees"] = 451.0
    assert "image-maker" not in set(types_of(classes, accounts)["type"])


def test_first_screen_says_what_changed_what_to_do_and_who_owns_it():
    owners = accounts_of(
        "abc", name=["Kettle", "Bolt", "Cog"], manager_name=["P. Weiss", "I. Costa", None]
    )
    then = classes_of({"a": 70.0, "b": 30.0, "c": 0.0}, accounts=owners)
    now = classes_of({"a": 170.0, "b": 30.0, "c": -1.0}, accounts=owners)
    keys = keys_of(now, "a")
    tables = (now, concentration(now, owners, keys), rollup_changes(now, owners))
    said = said_of(*tables, class_moves(now, then, NO_PRODUCTS))
    texts = [one.text.replace("\xa0", " ") for one in said]
    hangs = "% of revenue hangs on one customer: as if we had"
    assert texts == [
        "One account moved down a class, only because others grew: Bolt.",
        f"85 {hangs} 1.3 customers of equal size.",
        "One large account (provisional: the book has no tiers) brings 85 % of revenue.",
        "One of two accounts with revenue is class A and brings 85 % of 200.",
    ]
    assert all(one.link.startswith("#") for one in said)
    alone = classes_of({"a": 170.0, "b": 1.0}, accounts=owners)
    said = said_of(alone, concentration(alone, owners, keys_of(alone)), tables[2])
    assert f"99 {hangs} no other." in [one.text.replace("\xa0", " ") for one in said]
    worse = classes_of({"a": 10.0, "b": 90.0, "c": 0.0}, accounts=owners)
    moves = class_moves(worse, now, NO_PRODUCTS)
    for months, what in ((12, "yearly revenue"), (24, "revenue of 24 months")):
        texts = [one.text.replace("\xa0", " ") for one in said_of(*tables, moves, months=months)]
        assert texts[1].startswith(f"Kettle fell from A to B: its {what} went from 170 to 10. P. W")
        assert texts[2].startswith(
            "One account moved up a class: Bolt. Bolt (B to A, now 90) leads. I."
        )


def test_a_book_of_orders_alone_is_told_what_is_missing():
    classes = classes_of(FIVE)
    table = limits_of(classes, classes[["account_id"]], keys_of(classes))
    codes = ["cost", "groups", "tiers", "previous", "types"]
    assert table["limit_code"].tolist() == codes
    said = tell_segmentation_limits(table, segmentation=SegmentationSettings())
    assert said["adding"].str.split(" |:").str[0].tolist() == [
        "orders.cost",
        "accounts.parent_id",
        "tiers",
        "Earlier",
        "accounts.types",
    ]
    no_groups = rollup_changes(classes, classes[["account_id"]])
    said = table_rollup_changes(no_groups, AS_OF, SegmentationSettings())
    assert said.title.startswith("No company groups are known: with accounts.parent_id")


def test_limits_count_the_accounts_they_concern():
    codes = list(LIMITS)
    table = pd.DataFrame({"limit_code": codes, "concerned_count": 1_300, "possible_count": 2_000})
    own, german = SegmentationSettings(window_months=24), BookSettings(title="T", locale="de")
    said = tell_segmentation_limits(table, segmentation=own, book=german)
    said.index = codes
    assert said.loc["noise", "missing"] == "XYZ by variability for 1.300 of 2.000 accounts"
    assert said.loc["some_cost", "missing"] == "Margin of 1.300 accounts"
    assert "patience: 24 months after the data begin" in said.loc["whole_previous", "adding"]
    few = tell_segmentation_limits(table.assign(concerned_count=1), segmentation=own)
    assert few["missing"].iloc[-1] == "A revenue class for one account"


def test_a_company_below_zero_renders_without_shares():
    classes = classes_of({"p": 10.0, "q": -50.0})
    keys = keys_of(classes, "p")
    row = concentration(classes, classes[["account_id"]], keys).iloc[0]
    assert np.isnan(row["key_share"])
    accounts = classes[["account_id"]]
    assert "revenue" in limits_of(classes, accounts, keys)["limit_code"].tolist()
    assert abc_xyz_matrix(classes)["revenue_share"].isna().all()
    shares = concentration(classes, accounts, keys)
    assert said_of(classes, shares, rollup_changes(classes, accounts))


def test_empty_books_give_empty_tables_of_the_same_form():
    full = classes_of(FIVE, FIVE)
    empty = full.iloc[:0]
    nobody, accounts = accounts_of([]), accounts_of(FIVE)
    pairs = [
        (abc_xyz_matrix(empty), abc_xyz_matrix(full)),
        (abc_cross(empty), abc_cross(full)),
        (pareto(empty), pareto(full)),
        (whale_curve(empty), whale_curve(full)),
        (lorenz(empty), lorenz(full)),
        (
            concentration(empty, nobody, keys_of(empty)),
            concentration(full, accounts, keys_of(full)),
        ),
        (rollup_changes(empty, nobody), rollup_changes(full, accounts)),
        (types_of(empty, nobody), types_of(full, accounts)),
    ]
    for none, some in pairs:
        pd.testing.assert_series_equal(none.dtypes, some.dtypes)
    said = said_of(empty, pairs[5][0], pairs[6][0])
    assert [one.text for one in said] == ["No revenue in the window: there is nothing to segment."]


@examples.cheap()
@given(
    st.dictionaries(
        st.sampled_from([f"a{i}" for i in range(30)]), st.integers(-900, 90_000), min_size=1
    )
)
def test_cells_curves_and_classes_sum_to_the_window(cents):
    classes = classes_of({name: value / 100 for name, value in cents.items()})
    total = sum(cents.values()) / 100
    for _, part in abc_xyz_matrix(classes).groupby("class_basis"):
        assert part["revenue"].sum() == pytest.approx(total, abs=1e-6)
        assert part["account_count"].sum() == len(cents)
    row = concentration(classes, classes[["account_id"]], keys_of(classes)).iloc[0]
    assert row["revenue"] + row["excluded_revenue"] == pytest.approx(total, abs=1e-6)
    curve = pareto(classes)
    assert curve["cumulative_revenue_share"].is_monotonic_increasing
    assert len(curve) == row["account_count"] == sum(value > 0 for value in cents.values())
    if row["account_count"]:
        assert 0 <= row["gini"] < 1
        assert row["effective_number"] * (1 + 1e-12) >= 1 and row["effective_number"] <= row[
            "account_count"
        ] * (1 + 1e-12)


MONTHS = accounts_of(FIVE, month=[AS_OF] * 5, revenue=list(FIVE.values()))


def test_control_totals_hold_and_a_wrong_table_is_refused():
    classes = classes_of(FIVE)
    tables = [
        abc_xyz_matrix(classes),
        concentration(classes, classes[["account_id"]], keys_of(classes)),
    ]
    moves = class_moves(classes, classes, NO_PRODUCTS)
    table = segmentation_control(MONTHS, classes, *tables, moves, as_of=AS_OF)
    assert table["revenue"].tolist() == [100.0] * 5
    assert table["control_revenue"].tolist() == [100.0] * 5
    wrong = classes.assign(revenue=classes["revenue"] + 0.01)
    with pytest.raises(KamError, match=r"does not add up: classes 100\.05, account months 100\.00"):
        segmentation_control(MONTHS, wrong, *tables, moves, as_of=AS_OF)


def test_every_table_has_the_columns_of_the_catalogue_and_no_sentence():
    classes, accounts = classes_of(FIVE, FIVE), accounts_of(FIVE)
    keys = keys_of(classes)
    products = accounts_of([], product_id=[], window=[], quantity=[], revenue=[])
    moves = class_moves(classes, None, products)
    days = accounts_of("a", date=[AS_OF], revenue=[1.0], order_count=[1])
    scores = segmentation.rfm_scores(days, as_of=AS_OF)
    status = classes.assign(last_year_revenue=classes["revenue"])
    tables = [abc_xyz_matrix(classes), concentration(classes, accounts, keys)]
    returned = {
        "account_classes": classes,
        "key_accounts": keys,
        "abc_xyz_matrix": tables[0],
        "abc_cross": abc_cross(classes),
        "size_classes": segmentation.size_classes(status),
        "pareto": pareto(classes),
        "whale_curve": whale_curve(classes),
        "lorenz": lorenz(classes),
        "concentration": tables[1],
        "rollup_changes": rollup_changes(classes, accounts),
        "account_types": account_types(classes, accounts, NO_NEEDS, NO_INCIDENTS, as_of=AS_OF),
        "class_moves": moves,
        "class_migration": segmentation.class_migration(moves),
        "price_volume_mix": segmentation.price_volume_mix(products),
        "rfm_scores": scores,
        "rfm_segments": segmentation.rfm_segments(scores),
        "segmentation_control": segmentation_control(MONTHS, classes, *tables, moves, as_of=AS_OF),
        "segmentation_limits": limits_of(classes, accounts, keys),
        "key_accounts_then": segmentation.key_accounts_then(
            empty_table("tiers"),
            empty_table("accounts"),
            as_of=AS_OF,
            previous_span=parse_period("2025-Q2"),
        ),
    }
    known = catalogue()
    mine = {name for name, table in known.tables.items() if table.area == "segmentation"}
    values = {"AccountFigures", "account_figures", "is_previous_whole", "untold_keys"}
    assert {*segmentation.__all__} - values == set(returned) == mine
    for name, table in returned.items():
        entry = known.tables[name]
        said = {one for one in entry.columns if known.columns[one].type == "sentence"}
        columns = [one for one in (*entry.columns, *entry.facts) if one not in said]
        assert table.columns.tolist() == columns, name
        assert set(entry.shown) <= set(entry.columns), name
        assert (teller(name) is not None) == bool(said), name
        assert inspect.getdoc(getattr(segmentation, name)).startswith("One row per"), name


def test_moves_out_of_a_window_that_the_data_only_begin_in_are_not_told():
    then, now = classes_of({"a": 70.0, "b": 30.0}), classes_of({"a": 170.0, "b": 30.0})
    keys, accounts = keys_of(now), now[["account_id"]]
    tables = (now, concentration(now, accounts, keys), rollup_changes(now, accounts))
    none = class_moves(now, then, NO_PRODUCTS, is_previous_whole=False)
    assert none.empty
    said = said_of(*tables, none, then, whole=False)
    assert said[0].text.startswith("The data do not hold the window")
    assert not any("moved" in one.text for one in said[1:])
    limits = limits_of(now, accounts, keys, then, whole=False)
    assert "whole_previous" in limits["limit_code"].tolist()
    span, first = parse_period("2025-Q3"), pd.Timestamp("2025-02-01")
    note = note_class_moves(then, first, span, is_previous_whole=False).replace("\xa0", " ")
    assert note.startswith(
        "The data are whole only from 1 Feb 2025 on, not for the whole window of Q3 2025"
    )
    assert not note_class_moves(then, first, span, is_previous_whole=True)
    assert not note_class_moves(None, first, span, is_previous_whole=False)


@pytest.mark.parametrize(("months", "is_whole"), [(12, True), (24, False)])
def test_whether_the_window_before_is_whole_hangs_on_its_length(months, is_whole):
    first, span = pd.Timestamp("2024-10-03"), parse_period("2025-Q3")
    own = SegmentationSettings(window_months=months)
    found = is_previous_whole(first_date=first, previous_span=span, segmentation=own)
    assert found is is_whole
    assert not is_previous_whole(first_date=None, previous_span=span, segmentation=own)


def test_accounts_of_the_first_months_of_the_data_are_not_taken_for_new():
    accounts = accounts_of("ab")
    classes = classes_of({"a": 90.0, "b": 90.0})
    needs = accounts_of("ab", annual_spend=[500.0, 500.0])
    classes["first_order_month"] = [AS_OF - pd.offsets.MonthEnd(6), AS_OF - pd.offsets.MonthEnd(2)]
    table = types_of(classes, accounts, needs, share=0.9)
    assert table[["account_id", "type"]].to_numpy().tolist() == [["b", "prospective"]]
    after_a_hole = AS_OF - pd.DateOffset(months=4)
    assert types_of(classes, accounts, needs, share=0.9, first_date=after_a_hole).empty
