"""Raw measures of six hand-made accounts, every value worked by hand."""

import math

import pandas as pd
import pytest

from kamlib.book import SegmentationSettings
from kamlib.book.criteria import BUILT_IN_CRITERIA
from kamlib.period.months import trailing_months
from kamlib.scoring import criterion_measures
from kamlib.story.scoring_rows import tell_criterion_measures

from .scoring import by_name

AS_OF = pd.Timestamp("2025-12-31")
MONTHS = trailing_months(AS_OF, 36)


def months_of(account, ago, revenue, cost=None, orders=1):
    """Rows of one account: the month so many months before the as-of month, and its revenue."""
    return [
        {
            "account_id": account,
            "month": MONTHS[-1 - back],
            "revenue": float(amount),
            "cost": math.nan if cost is None else amount * cost,
            "order_count": orders,
            "order_day_count": orders,
        }
        for back, amount in zip(ago, revenue, strict=True)
    ]


def frame(*parts):
    rows = [row for part in parts for row in part]
    return pd.DataFrame(rows).astype({"account_id": "str"})


def measured(months, **tables):
    return by_name(criterion_measures, months, as_of=AS_OF, **tables)


def value_of(measures, account, measure):
    row = measures[(measures["account_id"] == account) & (measures["measure"] == measure)]
    return row["value"].iloc[0], row["note_code"].iloc[0]


def test_measures_of_one_account_by_hand():
    months = frame(
        months_of("A", [12, 18, 23], [40, 30, 30], cost=0.5),
        months_of("A", [0, 3, 6, 9], [50, 25, 25, 15], cost=0.6),
    )
    categories = pd.DataFrame(
        {
            "account_id": ["A"] * 4,
            "category": ["pumps", "valves", "seals", None],
            "month": [MONTHS[-1]] * 4,
            "revenue": [50.0, 30.0, -5.0, 40.0],
            "cost": 0.0,
            "quantity": 1.0,
        }
    )
    needs = pd.DataFrame(
        {"account_id": ["A", "A"], "category": ["pumps", "pipes"], "annual_spend": [300.0, 160.0]}
    )
    accounts = pd.DataFrame({"account_id": ["A"], "cost_to_serve": [11.5]})
    measures = measured(months, category_months=categories, needs=needs, accounts=accounts)
    assert dict(zip(measures["measure"], measures["value"], strict=True)) == {
        "size": 1.0,
        "growth": 0.15,  # 115 / 100 − 1, exactly
        "margin_rate": 0.3,  # (115 − 69 − 11.5) / 115
        "regularity": pytest.approx(1 / 3, abs=1e-12),
        "breadth": 2.0,  # seals net below zero, the line without a category counts for none
        "share_of_wallet": pytest.approx(50 / 460, abs=1e-12),  # pumps, of pumps and pipes
        "revenue": 115.0,
        "margin": 34.5,
        "open_wallet": 410.0,
    }
    assert measures["note_code"].eq("").all()


def test_growth_needs_a_whole_base_year():
    months = frame(
        months_of("grown", [23, 0], [100, 115]),
        months_of("late second month", [22, 0], [100, 110]),
        months_of("newcomer", [5, 0], [10, 10]),
        months_of("back", [30, 0], [10, 10]),
    )
    measures = measured(months)
    assert value_of(measures, "grown", "growth") == (0.15, "")
    value, note = value_of(measures, "late second month", "growth")
    assert math.isnan(value) and note == "part_base"
    for account in ("newcomer", "back"):
        value, note = value_of(measures, account, "growth")
        assert math.isnan(value) and note == "no_base"


def test_growth_is_refused_where_the_data_begin_inside_the_base_year():
    months = frame(months_of("A", [23, 0], [100, 115]))
    for first, growth in (("2024-01-01", 0.15), ("2024-01-09", math.nan)):
        measures = measured(months, first_date=pd.Timestamp(first))
        value, note = value_of(measures, "A", "growth")
        assert value == growth or (math.isnan(value) and note == "short")


def test_size_is_the_share_of_all_scored_revenue():
    months = frame(months_of("A", [0], [30]), months_of("B", [0], [10]), months_of("C", [1], [-5]))
    measures = measured(months)
    sizes = {account: value_of(measures, account, "size")[0] for account in "ABC"}
    assert sizes == {"A": 0.75, "B": 0.25, "C": 0.0}
    steps = BUILT_IN_CRITERIA[0].steps
    assert (steps[0], steps[4], steps[-1]) == ((0.001, 2), (0.01, 6), (0.1, 10))


def test_regularity_leaves_out_the_months_before_the_first_order():
    months = frame(
        months_of("eight months old", [7, 6, 4, 0], [10] * 4),
        months_of("five months old", [4, 0], [10] * 2),
        months_of("old", [30, 0], [10] * 2),
    )
    measures = measured(months)
    assert value_of(measures, "eight months old", "regularity") == (0.5, "")
    assert value_of(measures, "old", "regularity") == (round(1 / 12, 12), "")
    value, note = value_of(measures, "five months old", "regularity")
    assert math.isnan(value) and note == "young"


def test_scored_are_buyers_of_the_window_and_key_accounts():
    months = frame(
        months_of("buys", [0], [10]),
        months_of("stopped", [13], [10]),
        months_of("stopped key", [13], [10]),
        months_of("credit only", [2], [-5], orders=0),
        months_of("later", [0], [1]),
    )
    months.loc[months["account_id"] == "later", "month"] = AS_OF + pd.offsets.MonthEnd(1)
    keys = pd.DataFrame(
        {"account_id": ["stopped key", "never ordered", "stopped"], "is_key": [True, True, False]}
    )
    measures = measured(months, key_accounts=keys)
    assert sorted(measures["account_id"].unique()) == ["buys", "never ordered", "stopped key"]
    assert value_of(measures, "stopped key", "regularity") == (0.0, "")
    assert value_of(measures, "stopped key", "revenue") == (0.0, "")
    assert math.isnan(value_of(measures, "stopped key", "growth")[0])
    assert value_of(measures, "never ordered", "regularity")[1] == "no_order"
    assert value_of(measures, "stopped key", "margin_rate")[1] == "no_revenue"
    assert value_of(measures, "buys", "margin_rate")[1] == "no_cost"


def test_margin_is_unknown_where_a_cost_is():
    months = frame(
        months_of("A", [1, 0], [100, 100], cost=0.7), months_of("B", [1, 0], [100, 100], cost=0.7)
    )
    months.loc[0, "cost"] = math.nan
    measures = measured(months)
    value, note = value_of(measures, "A", "margin_rate")
    assert math.isnan(value) and note == "cost_unknown"
    assert value_of(measures, "B", "margin_rate") == (0.3, "")
    assert value_of(measures, "B", "margin") == (60.0, "")


def test_what_the_book_lacks_is_said():
    measures = measured(frame(months_of("A", [0], [10])))
    assert value_of(measures, "A", "breadth")[1] == "no_categories"
    assert value_of(measures, "A", "share_of_wallet")[1] == "no_needs"
    assert value_of(measures, "A", "open_wallet")[1] == "no_needs"


def test_a_wallet_smaller_than_our_revenue_gives_no_score():
    needs = pd.DataFrame({"account_id": ["A"], "category": ["x"], "annual_spend": [8.0]})
    measures = measured(frame(months_of("A", [0], [10])), needs=needs)
    for measure in ("share_of_wallet", "open_wallet"):
        value, code = value_of(measures, "A", measure)
        assert math.isnan(value) and code == "wallet_too_low"


def test_one_wrong_need_leaves_the_others():
    """Ink is wrong (12 sold of 8); of paper 3 of 12."""
    needs = pd.DataFrame(
        {"account_id": "A", "category": ["ink", "paper"], "annual_spend": [8.0, 12.0]}
    )
    sold = pd.DataFrame({"account_id": "A", "category": ["ink", "paper"], "month": MONTHS[-1]})
    sold = sold.assign(revenue=[12.0, 3.0], cost=0.0, quantity=1.0)
    measures = measured(frame(months_of("A", [0], [15])), needs=needs, category_months=sold)
    assert value_of(measures, "A", "share_of_wallet") == (0.25, "")
    assert value_of(measures, "A", "open_wallet") == (9.0, "")


def test_row_order_does_not_matter_and_input_is_untouched():
    months = frame(
        months_of("A", range(24), [0.1 * k + 0.07 for k in range(24)], cost=0.3),
        months_of("B", [0], [1]),
    )
    before = months.copy()
    shuffled = months.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        measured(months),
        measured(shuffled),
        check_exact=True,
    )
    pd.testing.assert_frame_equal(months, before)


def test_no_orders_give_an_empty_table_with_its_types():
    months = frame(months_of("A", [0], [10])).head(0)
    measures = measured(months)
    assert measures.columns.tolist() == ["account_id", "measure", "value", "note_code"]
    assert measures.empty and measures["value"].dtype == "float64"


def test_every_remark_of_a_measure_has_words():
    months = frame(months_of("A", [0], [10]))
    short = SegmentationSettings(window_months=6)
    table = by_name(criterion_measures, months, as_of=AS_OF, window_months=short.window_months)
    said = tell_criterion_measures(table, segmentation=short)["note"]
    assert said[table["measure"].eq("growth")].tolist() == [
        "no revenue in the 6 months before the window"
    ]
    assert said.ne("").tolist() == table["note_code"].ne("").tolist()
