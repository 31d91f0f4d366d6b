"""Classes of accounts against answers worked by hand, published CVs, and random books."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlib.book import KeyAccountSettings, SegmentationSettings
from kamlib.period.months import trailing_months
from kamlib.segmentation import key_accounts
from kamlib.segmentation.abc import abc_of
from kamlib.segmentation.xyz import LEAST_ORDER_DAYS
from kamlib.story.segmentation_rows import (
    MISSING_CLASSES,
    tell_account_classes,
    tell_key_accounts,
)
from kamlib.tables import exact_sums

from . import examples
from .segmentation import account_classes

AS_OF = pd.Timestamp("2025-12-31")
MONTHS = trailing_months(AS_OF, 36)
NO_TIERS = pd.DataFrame(
    {
        "account_id": pd.Series(dtype="str"),
        "tier": pd.Series(dtype="str"),
        "start_date": pd.Series(dtype="datetime64[us]"),
        "end_date": pd.Series(dtype="datetime64[us]"),
    }
)


def months_of(
    series: dict[str, list[float]], *, cost: float | None = None, orders: int = 1
) -> pd.DataFrame:
    """Account months from each account's last months of revenue; months of zero have no row."""
    rows = [
        (
            account,
            month,
            revenue,
            np.nan if cost is None else round(revenue * cost, 2),
            orders,
            int(revenue > 0) * orders,
        )
        for account, values in series.items()
        for month, revenue in zip(MONTHS[len(MONTHS) - len(values) :], values, strict=True)
        if revenue
    ]
    columns = ["account_id", "month", "revenue", "cost", "order_count", "order_day_count"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(
        {"account_id": "str", "month": "datetime64[us]", "revenue": "float64", "cost": "float64"}
    )


def accounts_of(*ids: str, **columns: list) -> pd.DataFrame:
    return pd.DataFrame({"account_id": pd.Series(ids, dtype="str"), **columns})


def classes_of(series: dict[str, list[float]], **options) -> pd.DataFrame:
    own = SegmentationSettings(**options)
    months, accounts = months_of(series), accounts_of(*series)
    return account_classes(months, accounts, as_of=AS_OF, segmentation=own).set_index("account_id")


def year(total: float) -> list[float]:
    """A year's revenue in its last month, after an order long ago."""
    return [0.01] + [0.0] * 22 + [total]


def test_abc_by_the_share_before_the_account():
    table = classes_of({"A": year(50), "B": year(29), "C": year(15), "D": year(5), "E": year(1)})
    assert table["abc_revenue"].tolist() == ["A", "A", "A", "B", "C"]
    assert table["before_share"].tolist() == [0.0, 0.5, 0.79, 0.94, 0.99]
    assert table["revenue_share"].tolist() == [0.5, 0.29, 0.15, 0.05, 0.01]


def test_an_account_that_holds_85_percent_is_a():
    assert classes_of({"whale": year(85), "rest": year(15)})["abc_revenue"].tolist() == ["A", "B"]


def test_a_boundary_reached_exactly_begins_the_next_class():
    """80 % in eight parts of 0.1: binary sums give 0.7999999999999999 and make the ninth an A."""
    table = classes_of(
        {f"a{i}": year(0.1) for i in range(8)} | {"b": year(0.09), "c": year(0.06), "d": year(0.05)}
    )
    assert np.cumsum([0.1] * 8)[-1] < 0.8
    assert table["abc_revenue"].to_dict() == {f"a{i}": "A" for i in range(8)} | {
        "b": "B",
        "c": "B",
        "d": "C",
    }


def test_equal_values_share_the_class_of_the_first_of_them():
    table = classes_of({"x": year(70), "y": year(10), "z": year(10), "w": year(10)})
    assert table["abc_revenue"].tolist() == ["A", "A", "A", "A"]
    assert table["before_share"].tolist() == [0.0, 0.7, 0.7, 0.7]
    assert classes_of({name: year(7) for name in "pqrst"})["abc_revenue"].tolist() == ["A"] * 5


def test_accounts_at_zero_or_below_have_no_class_and_a_reason():
    series = {"good": year(100), "gone": [5.0] + [0.0] * 23, "owed": [10.0] + [0.0] * 22 + [-7.0]}
    series["even"] = [1.0] + [0.0] * 21 + [4.0, -4.0]
    table = account_classes(
        months_of(series), accounts_of(*series, "listed"), as_of=AS_OF
    ).set_index("account_id")
    assert table["abc_revenue"].isna().to_dict() == {
        "good": False,
        "gone": True,
        "owed": True,
        "even": True,
        "listed": True,
    }
    assert table["revenue_share"].isna().tolist() == [False, True, True, True, True]
    assert table["missing_codes"].to_dict() == {
        "good": "few_days",
        "gone": "silent few_days",
        "owed": "negative few_days",
        "even": "cancelled few_days",
        "listed": "never",
    }
    said = tell_account_classes(table)["note"]
    assert said["owed"].startswith("No revenue class: credit notes exceed orders in the window. ")
    assert said["listed"] == "No order yet"
    assert table["revenue"].sum() == pytest.approx(93.0)


def test_a_company_total_below_zero_gives_no_shares_but_classes():
    table = classes_of({"p": year(10), "q": [1.0] + [0.0] * 22 + [-50.0]})
    assert table.loc["p", "abc_revenue"] == "A"
    assert table["revenue_share"].isna().all()


def test_margin_takes_cost_and_cost_to_serve_off_and_ranks_anew():
    months = months_of({"big": year(1000), "small": year(400)})
    months["cost"] = [0.0, 900.0, 0.0, 100.0]
    accounts = accounts_of("big", "small", cost_to_serve=[150.0, np.nan])
    table = account_classes(months, accounts, as_of=AS_OF).set_index("account_id")
    assert table["margin"].to_dict() == {"big": -50.0, "small": 300.0}
    assert table["abc_margin"].fillna("-").to_dict() == {"big": "-", "small": "A"}
    assert table["abc_revenue"].to_dict() == {"big": "A", "small": "A"}
    idle = account_classes(
        months, accounts_of("big", "idle", cost_to_serve=[0.0, 99.0]), as_of=AS_OF
    )
    assert idle.set_index("account_id").loc["idle", "margin"] == 0.0
    half = SegmentationSettings(window_months=6)
    table = account_classes(months, accounts, as_of=AS_OF, segmentation=half)
    assert table.set_index("account_id").loc["big", "margin"] == 25.0


def test_an_unknown_cost_leaves_the_margin_unknown_not_high():
    months = months_of({"a": year(100), "b": year(50)}, cost=0.5)
    months.loc[months["account_id"].eq("a") & months["month"].eq(AS_OF), "cost"] = np.nan
    table = account_classes(months, accounts_of("a", "b"), as_of=AS_OF).set_index("account_id")
    assert np.isnan(table.loc["a", "margin"])
    assert "cost" in table.loc["a", "missing_codes"].split()
    assert table.loc["b", "abc_margin"] == "A"
    assert classes_of({"a": year(100)})["margin"].isna().all()


def test_frequency_counts_months_with_orders_since_the_first_order():
    old = [1.0] + [0.0] * 11
    table = classes_of(
        {
            "often": old + [1.0] * 9 + [0.0] * 3,
            "regularly": old + [1.0] * 4 + [0.0] * 8,
            "occasionally": old + [1.0] * 3 + [0.0] * 9,
            "newcomer": [1.0] * 6,
            "seventh month": [1.0] * 4 + [0.0, 0.0, 1.0],
        }
    )
    assert table["xyz_frequency"].to_dict() == {
        "often": "X",
        "regularly": "Y",
        "occasionally": "Z",
        "newcomer": "N",
        "seventh month": "Y",
    }
    assert table.loc[
        "seventh month", ["active_month_count", "counted_month_count", "trimmed_month_count"]
    ].tolist() == [5, 7, 5]
    assert table.loc["newcomer", "xyz_variability"] == "N"


def test_months_before_the_first_order_do_not_raise_the_cv():
    """Four steady months of twelve: 1.48 when the empty months before count, 0 when they do not."""
    untrimmed = np.std([0.0] * 8 + [5.0] * 4, ddof=1) / np.mean([0.0] * 8 + [5.0] * 4)
    assert round(untrimmed, 2) == 1.48
    table = classes_of({"steady newcomer": [5.0] * 4, "interior": [5.0] + [0.0] * 7 + [5.0] * 4})
    assert table.loc["steady newcomer", "cv"] == 0.0
    assert table.loc["interior", "cv"] == pytest.approx(
        np.std([5.0, *[0.0] * 7, *[5.0] * 4], ddof=1) / (25 / 12)
    )


# Five items of github.com/akins11/abcxyz as published there: twelve months, CV by the standard
# deviation of n − 1, class.
PUBLISHED_CV = [
    ("00GVC", [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], 2.335497, "Z"),
    ("00OK1", [0, 0, 1, 7, 2, 1, 2, 3, 0, 0, 0, 2], 1.3484, "Z"),
    ("0121I", [1, 3, 4, 2, 1, 5, 3, 1, 2, 4, 3, 2], 0.507628, "Y"),
    ("01IEO", [3, 3, 5, 8, 6, 3, 3, 3, 0, 3, 2, 4], 0.563924, "Y"),
    ("01IQT", [0, 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1], 1.359363, "Z"),
]


@pytest.mark.parametrize(("item", "demand", "cv", "letter"), PUBLISHED_CV)
def test_published_coefficients_of_variation(item, demand, cv, letter):
    """The items existed before month 1, so nothing is trimmed: an earlier month makes them so."""
    table = classes_of({item: [1.0, *map(float, demand)]})
    assert table.loc[item, "cv"] == pytest.approx(cv, abs=1e-6)
    if table.loc[item, "window_order_day_count"] >= 3:
        assert table.loc[item, "xyz_variability"] == letter
    else:
        assert pd.isna(table.loc[item, "xyz_variability"])


def test_variability_limits_are_reached_at_equality():
    """A CV of exactly 0.5, mean 4 and standard deviation 2: X, whatever binary fractions say."""
    values = [4.0 + 2.0 * np.sqrt(11 / 12) * sign for sign in [1, -1] * 6]
    table = classes_of({"half": [1.0, *values]})
    assert table.loc["half", "cv"] == pytest.approx(0.5, abs=1e-12)
    assert table.loc["half", "xyz_variability"] == "X"
    assert (
        classes_of({"half": [1.0, *values]}, xyz_variability="classic").loc[
            "half", "xyz_variability"
        ]
        == "Z"
    )
    assert (
        classes_of({"half": [1.0, *values]}, xyz_variability=(0.3, 0.6)).loc[
            "half", "xyz_variability"
        ]
        == "Y"
    )


def test_fewer_than_three_order_days_have_no_variability_class():
    table = classes_of(
        {"two": [1.0] + [0.0] * 10 + [5.0, 5.0], "three": [1.0] + [0.0] * 9 + [5.0, 5.0, 5.0]}
    )
    assert table["xyz_variability"].fillna("-").to_dict() == {"three": "Z", "two": "-"}
    assert table["missing_codes"].to_dict() == {"three": "", "two": "few_days"}
    assert f"fewer than {LEAST_ORDER_DAYS} order days" in MISSING_CLASSES["few_days"]
    assert tell_account_classes(table)["note"].isna().to_dict() == {"three": True, "two": False}


@pytest.mark.parametrize(("young", "letter"), [(0, "X"), (2, "X"), (3, "N"), (60, "N")])
def test_how_long_an_account_is_new_is_the_books_to_say(young, letter):
    table = classes_of({"third month": [5.0, 5.0, 5.0]}, young_months=young)
    assert table.loc["third month", "xyz_frequency"] == letter
    assert table.loc["third month", "xyz_variability"] == letter


def test_a_seasonal_account_has_no_variation_left_after_its_seasons():
    season = [1.0, 1.0, 1.0, 2.0, 4.0, 9.0, 9.0, 4.0, 2.0, 1.0, 1.0, 1.0]
    table = classes_of({"seasonal": season + [2 * value for value in season], "young": season})
    assert table.loc["seasonal", "cv"] > 1.0
    assert table.loc["seasonal", "cv_seasonally_adjusted"] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(table.loc["young", "cv_seasonally_adjusted"])


def test_random_months_keep_their_cv_after_seasonal_adjustment():
    random = np.random.default_rng(3)
    table = classes_of({f"r{i:03d}": random.gamma(4, 25, 24).round(2).tolist() for i in range(300)})
    assert table["cv_seasonally_adjusted"].mean() == pytest.approx(0.5, abs=0.03)
    assert table["cv"].mean() == pytest.approx(0.5, abs=0.03)


def test_random_order_timing_is_marked_as_noise_and_a_plan_is_not():
    random = np.random.default_rng(4)
    poisson = [(f"p{i}", random.poisson(4, 12)) for i in range(200)]
    months = months_of({name: [1.0, *map(float, counts)] for name, counts in poisson})
    months["order_day_count"] = months["revenue"].astype("int64")
    noisy = account_classes(months, accounts_of(*(n for n, _ in poisson)), as_of=AS_OF)
    assert noisy["is_cv_noise"].mean() > 0.85
    plan = classes_of({"monthly": [3.0] * 13, "campaign": [1.0] * 12 + [100.0]})
    assert plan["is_cv_noise"].tolist() == [False, False]


def test_rows_after_the_date_change_nothing():
    months = months_of({"a": [2.0] * 24, "b": year(7)})
    early = trailing_months(AS_OF, 4)[0]
    cut = months[months["month"] <= early]
    accounts = accounts_of("a", "b")
    pd.testing.assert_frame_equal(
        account_classes(months, accounts, as_of=early), account_classes(cut, accounts, as_of=early)
    )


def test_nothing_in_gives_the_same_columns_without_rows():
    empty = account_classes(months_of({}), accounts_of(), as_of=AS_OF)
    full = account_classes(months_of({"a": year(1)}), accounts_of("a"), as_of=AS_OF)
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_key_accounts_by_tier_as_of_the_date():
    tiers = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "c"],
            "tier": ["key", "key", "regular", "key"],
            "start_date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-01", "2026-01-01"]),
            "end_date": pd.to_datetime([None, "2025-12-30", None, None]),
        }
    )
    classes = account_classes(
        months_of({n: year(9) for n in "abc"}), accounts_of(*"abc"), as_of=AS_OF
    )
    keys = key_accounts(accounts_of(*"abc"), tiers, classes, as_of=AS_OF).set_index("account_id")
    assert keys["is_key"].to_dict() == {"a": True, "b": False, "c": False}
    assert not keys["is_provisional"].any()
    said = tell_key_accounts(keys, admission=KeyAccountSettings())
    assert set(said["key_rule"]) == {"named in the book"}
    assert keys.loc["a", "key_since"] == pd.Timestamp("2024-01-01")
    declared = accounts_of(*"abc", tier=["regular", None, "key"])
    assert key_accounts(declared, NO_TIERS, classes, as_of=AS_OF)["is_key"].tolist() == [
        False,
        False,
        True,
    ]


def test_key_accounts_without_tiers_are_the_largest_of_class_a_and_provisional():
    series = {f"k{i:02d}": year(100 - i) for i in range(40)}
    classes = account_classes(months_of(series), accounts_of(*series), as_of=AS_OF)
    keys = key_accounts(accounts_of(*series), NO_TIERS, classes, as_of=AS_OF)
    assert keys.loc[keys["is_key"], "account_id"].tolist() == [f"k{i:02d}" for i in range(20)]
    assert keys["is_provisional"].all()
    said = tell_key_accounts(keys, admission=KeyAccountSettings())
    assert set(said["key_rule"]) == {"provisional: revenue class A, at most 20"}
    three = KeyAccountSettings(at_most=3)
    fewer = key_accounts(accounts_of(*series), NO_TIERS, classes, as_of=AS_OF, admission=three)
    assert fewer["is_key"].sum() == 3
    assert "at most 3" in tell_key_accounts(fewer, admission=three)["key_rule"].iloc[0]


CENTS = st.integers(min_value=-5_000, max_value=2_000_000)
BOOKS = st.dictionaries(
    st.sampled_from([f"a{i:02d}" for i in range(12)]), st.lists(CENTS, max_size=30), min_size=1
)


def book_of(cents: dict[str, list[int]], unit: Decimal = Decimal("0.01")) -> dict[str, list[float]]:
    return {name: [float(value * unit) for value in values] for name, values in cents.items()}


@examples.cheap()
@given(BOOKS)
def test_each_account_is_in_exactly_one_class_and_sums_hold(cents):
    table = classes_of(book_of(cents))
    assert sorted(table.index) == sorted(cents)
    assert (table["abc_revenue"].isin(["A", "B", "C"]) == (table["revenue"] > 0)).all()
    assert (
        table["xyz_frequency"]
        .isin(["X", "Y", "Z", "N"])
        .eq(table["first_order_month"].notna())
        .all()
    )
    assert table["revenue"].sum() == pytest.approx(
        sum(sum(values[-12:]) for values in cents.values()) / 100
    )
    if (table["revenue"] > 0).any():
        assert table["abc_revenue"].iloc[0] == "A"
        ranks = table["abc_revenue"].dropna()
        assert list(ranks) == sorted(ranks)


@examples.cheap()
@given(BOOKS, st.sampled_from(["1000", "0.01", "1"]), st.integers(0, 1000))
def test_classes_do_not_depend_on_currency_unit_row_order_or_split_orders(cents, factor, seed):
    letters = ["abc_revenue", "xyz_frequency", "xyz_variability"]
    plain = classes_of(book_of(cents))[letters]
    other = months_of(book_of(cents, Decimal("0.01") * Decimal(factor)))
    accounts = accounts_of(*cents)
    scaled = account_classes(
        other.sample(frac=1, random_state=seed), accounts, as_of=AS_OF
    ).set_index("account_id")
    pd.testing.assert_frame_equal(plain.sort_index(), scaled[letters].sort_index())
    # One order billed in two halves: the same days, the same money, twice the orders.
    whole = months_of(book_of(cents))
    part = (whole["revenue"] / 3).round(2)
    rest = (whole["revenue"] - part).round(2)
    halves = pd.concat([whole.assign(revenue=part), whole.assign(revenue=rest, order_day_count=0)])
    split = account_classes(halves, accounts, as_of=AS_OF).set_index("account_id")
    pd.testing.assert_frame_equal(plain.sort_index(), split[letters].sort_index())


@examples.cheap()
@given(st.lists(st.integers(-100, 10_000), min_size=1, max_size=60))
def test_abc_holds_its_definition_for_any_values(cents):
    measure = pd.Series([Decimal(value) / 100 for value in cents], dtype=object)
    table = abc_of(measure, (0.80, 0.95))
    total = sum(value for value in cents if value > 0)
    for value, letter in zip(cents, table["abc"], strict=True):
        before = sum(other for other in cents if other > value)
        expected = (
            None
            if value <= 0
            else "A"
            if before * 100 < 80 * total
            else "B"
            if before * 100 < 95 * total
            else "C"
        )
        assert (letter if isinstance(letter, str) else None) == expected


@pytest.mark.parametrize(
    "amounts", [[0.1, 0.2, -0.05], [4e10, 0.01, 0.02], [0.12345678, 1e-8, 2.0], [0.1, None, 0.2]]
)
def test_sums_are_exact_however_large_or_fine_the_amounts(amounts):
    lines = pd.DataFrame({"account_id": "A", "revenue": pd.Series(amounts, dtype="float64")})
    by_hand = sum((round(Decimal(str(one)), 6) for one in amounts if one is not None), Decimal(0))
    found = exact_sums(lines, "revenue", pd.Index(["A", "B"]))
    assert found.tolist() == [by_hand, Decimal(0)]
