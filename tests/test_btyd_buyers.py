"""Six order days by hand, the whole summary by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from kamlib import btyd
from kamlib.errors import KamError
from kamlib.period import graph
from kamlib.story import teller
from kamlib.tables import catalogue

AS_OF = pd.Timestamp("2025-03-31")


def days(*rows):
    table = pd.DataFrame(rows, columns=["account_id", "date", "revenue"])
    return table.assign(
        account_id=table["account_id"].astype("str"),
        date=pd.to_datetime(table["date"]).astype("datetime64[us]"),
        revenue=table["revenue"].astype(float),
    )


SIX = days(
    ("B", "2025-03-01", 70),
    ("A", "2025-01-21", 30),
    ("A", "2025-01-01", 500),
    ("A", "2025-01-11", 10),
    ("A", "2025-02-20", 80),
    ("A", "2025-04-01", 999),  # after the as-of date
    ("A", "2025-03-10", -20),  # a credit note is no order
    ("C", "2025-02-01", 0),  # nor is a day of nothing
)


def test_summary_of_six_days():
    summary = btyd.buyer_summary(SIX, as_of=AS_OF).set_index("account_id")
    assert summary.index.tolist() == ["A", "B"]
    a = summary.loc["A"]
    assert (a["frequency"], a["span_days"], a["known_days"], a["silence_days"]) == (3, 50, 89, 39)
    assert a["log_gap_sum"] == pytest.approx(math.log(10) + math.log(10) + math.log(30))
    assert a["mean_value"] == pytest.approx((10 + 30 + 80) / 3)
    assert a["usual_gap_days"] == 10 and not a["is_pooled_gap"]
    b = summary.loc["B"]
    assert (b["frequency"], b["span_days"], b["known_days"], b["log_gap_sum"]) == (0, 0, 30, 0)
    assert math.isnan(b["mean_value"])
    assert b["usual_gap_days"] == 10 and b["is_pooled_gap"]


def test_rows_of_one_day_are_one_occasion_and_net():
    doubled = days(
        ("A", "2025-01-01", 50),
        ("A", "2025-01-01", -60),
        ("A", "2025-01-02", 5),
        ("A", "2025-01-02", 5),
    )
    summary = btyd.buyer_summary(doubled, as_of=AS_OF)
    assert summary["frequency"].tolist() == [0]
    assert summary["first_order_date"].tolist() == [pd.Timestamp("2025-01-02")]


def test_order_of_rows_and_later_rows_change_nothing():
    cut = SIX[SIX["date"] <= AS_OF].sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        btyd.buyer_summary(cut, as_of=AS_OF), btyd.buyer_summary(SIX, as_of=AS_OF)
    )


def test_first_date_leaves_out_relationships_that_began_before():
    summary = btyd.buyer_summary(SIX, as_of=AS_OF, since=pd.Timestamp("2025-02-01"))
    assert summary["account_id"].tolist() == ["B"]


def test_holdout_sees_the_past_before_and_the_orders_after():
    held = btyd.buyer_holdout(SIX, as_of=AS_OF, holdout_days=59)  # from 2025-02-01
    assert held[["account_id", "frequency", "known_days", "later_order_count"]].values.tolist() == [
        ["A", 2, 30, 1]
    ]
    on_the_day = btyd.buyer_holdout(
        SIX, as_of=AS_OF, holdout_days=39
    )  # the last order is the day before it begins
    assert on_the_day[["frequency", "silence_days", "later_order_count"]].values.tolist() == [
        [3, 0, 0]
    ]


def test_empty_in_empty_out_with_types():
    full, empty = btyd.buyer_summary(SIX, as_of=AS_OF), btyd.buyer_summary(SIX.head(0), as_of=AS_OF)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert (
        btyd.buyer_holdout(SIX.head(0), as_of=AS_OF, holdout_days=9)["later_order_count"].dtype
        == np.int64
    )


def test_missing_column_is_named():
    with pytest.raises(KamError, match="revenue"):
        btyd.buyer_summary(SIX.drop(columns="revenue"), as_of=AS_OF)


MODEL = btyd.BuyerModel(
    "MBG/NBD", 1, True, r=0.5, alpha=6.0, a=0.9, b=1.6, n=99, status="converged"
)
SPEND = btyd.SpendModel(p=6.0, q=4.0, v=15.0, n=99, status="converged")
LARGE = pd.concat(
    [
        days(
            *(
                (f"A{i}", f"2024-{1 + (i + 3 * j) % 12:02d}-{1 + (7 * i + j) % 28:02d}", 10 + i)
                for j in range(1 + i % 5)
            )
        )
        for i in range(40)
    ]
)
LATER = pd.Timestamp("2024-12-31")
STATUS = pd.DataFrame({"account_id": ["A"], "status": ["active"]})
TABLES = {
    "buyer_summary": lambda: btyd.buyer_summary(SIX, as_of=AS_OF),
    "buyer_holdout": lambda: btyd.buyer_holdout(SIX, as_of=AS_OF, holdout_days=30),
    "alive_probability": lambda: btyd.alive_probability(
        btyd.buyer_summary(SIX, as_of=AS_OF), MODEL
    ),
    "expected_orders": lambda: btyd.expected_orders(btyd.buyer_summary(SIX, as_of=AS_OF), MODEL),
    "expected_spend": lambda: btyd.expected_spend(btyd.buyer_summary(SIX, as_of=AS_OF), SPEND),
    "customer_value": lambda: btyd.customer_value(
        btyd.buyer_summary(SIX, as_of=AS_OF), MODEL, SIX, STATUS, as_of=AS_OF
    ),
    "model_choice": lambda: btyd.model_choice([MODEL]),
    "calibration": lambda: btyd.calibration(btyd.buyer_holdout(LARGE, as_of=LATER), MODEL),
    "model_verdict": lambda: btyd.model_verdict(
        LARGE, btyd.buyer_holdout(LARGE, as_of=LATER), MODEL, as_of=LATER
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_catalogue(name):
    entry, columns = catalogue().tables[name], catalogue().columns
    table = TABLES[name]()
    expected = [c for c in (*entry.columns, *entry.facts) if columns[c].type != "sentence"]
    assert table.columns.tolist() == expected
    assert len(table) and table.index.equals(pd.RangeIndex(len(table)))
    assert not table.duplicated(list(entry.key)).any()


@pytest.mark.parametrize("name", [name for name in TABLES if teller(name)])
def test_sentences_are_the_columns_that_the_catalogue_calls_so(name):
    entry, columns = catalogue().tables[name], catalogue().columns
    table = TABLES[name]().set_axis(range(7, 7 + len(TABLES[name]())))
    said = teller(name)(table)
    assert set(said) == {c for c in entry.columns if columns[c].type == "sentence"}
    assert said.index.equals(table.index) and teller(name)(table.head(0)).empty


def test_names_are_shown_where_they_are_known():
    accounts = pd.DataFrame({"account_id": ["B"], "name": ["Bo & Co"]})
    buyers = btyd.buyer_summary(SIX, as_of=AS_OF)
    assert btyd.alive_probability(buyers, MODEL, accounts)["name"].tolist() == ["A", "Bo & Co"]
    worth = btyd.customer_value(buyers, MODEL, SIX, STATUS, accounts, as_of=AS_OF)
    assert worth["name"].tolist() == ["A"] * 3 + ["Bo & Co"] * 3


@pytest.mark.parametrize("name", ["alive_probability", "expected_orders", "expected_spend"])
def test_no_accounts_no_rows(name):
    nobody = btyd.buyer_summary(SIX.head(0), as_of=AS_OF)
    table = getattr(btyd, name)(nobody, SPEND if name == "expected_spend" else MODEL)
    assert len(table) == 0
    assert table.dtypes.to_dict() == TABLES[name]().dtypes.to_dict()


def test_the_graph_leaves_the_defaults_of_constants_alone():
    given = {"unbroken_days": SIX, "as_of": AS_OF}
    pd.testing.assert_frame_equal(graph.compute("buyer_summary", given), TABLES["buyer_summary"]())
    models = graph.compute("buyer_models", {"buyer_summary": TABLES["buyer_summary"]()})
    assert [model.unit_days for model in models] == [7.0] * 4
