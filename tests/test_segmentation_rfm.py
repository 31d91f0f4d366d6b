"""RFM: the published segments of R's rfm, the kit's ranks, fixed cut-offs for few accounts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlib.book import SegmentationSettings
from kamlib.segmentation import rfm_scores, rfm_segments
from kamlib.segmentation.rfm import SEGMENTS

from . import examples

AS_OF = pd.Timestamp("2006-12-31")
AS_PUBLISHED = SegmentationSettings(rfm="rfm").model_copy(update={"window_months": 600})
"""All the published orders, longer ago than a book's window may reach."""
# rfm_segment_summary() of R's rfm 0.3 on rfm_data_orders, analysis date 2006-12-31: customers,
# orders, revenue.
PUBLISHED = {
    "About To Sleep": (102, 283, 23449),
    "At Risk": (28, 216, 22227),
    "Can't Lose Them": (47, 274, 32446),
    "Champions": (35, 316, 31646),
    "Lost": (148, 393, 35324),
    "Loyal Customers": (170, 799, 76562),
    "Need Attention": (10, 57, 4562),
    "New Customers": (104, 329, 28837),
    "Potential Loyalist": (342, 2211, 204856),
    "Promising": (9, 28, 4249),
}


def days_of(orders: pd.DataFrame) -> pd.DataFrame:
    """Account days from single orders."""
    days = orders.groupby(["account_id", "date"]).agg(
        revenue=("revenue", "sum"), order_count=("revenue", "size")
    )
    return days.reset_index().astype(
        {"account_id": "str", "date": "datetime64[us]", "revenue": "float64"}
    )


@pytest.fixture(scope="module")
def published_orders() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parent / "data" / "rfm_orders.csv", parse_dates=["date"])


def test_the_ten_published_segments_exactly(published_orders):
    scores = rfm_scores(days_of(published_orders), as_of=AS_OF, segmentation=AS_PUBLISHED)
    table = rfm_segments(scores).set_index("segment")
    found = {
        n: (r.account_count, r.frequency_count, r.revenue)
        for n, r in zip(table.index, table.itertuples(), strict=True)
    }
    assert found == PUBLISHED
    assert len(scores) == 995
    assert table["revenue_share"].sum() == pytest.approx(1.0)


# First rows of rfm_table_order() in the README: days, transactions, amount, recency score.
PUBLISHED_ROWS = {
    "Abbey O'Reilly": [205, 6, 472, 3],
    "Add Senger": [140, 3, 340, 4],
    "Aden Lesch": [194, 4, 405, 3],
    "Aden Murphy": [98, 7, 596, 5],
    "Admiral Senger": [132, 5, 448, 4],
}


def test_published_scores_of_single_customers(published_orders):
    scores = rfm_scores(days_of(published_orders), as_of=AS_OF, segmentation=AS_PUBLISHED)
    columns = ["silence_days", "frequency_count", "revenue", "recency_score"]
    rows = scores.set_index("account_id").loc[list(PUBLISHED_ROWS), columns]
    assert rows.to_numpy().tolist() == list(PUBLISHED_ROWS.values())
    assert set(scores["cut_offs"]) == {"quantiles"}


def ordering(counts: list[int], *, money: float = 10.0) -> pd.DataFrame:
    """Accounts with so many order days each; the i-th last ordered i days before the end."""
    rows = [
        (f"a{i:03d}", AS_OF - pd.Timedelta(days=i + 40 * turn), money)
        for i, n in enumerate(counts)
        for turn in range(n)
    ]
    return days_of(pd.DataFrame(rows, columns=["account_id", "date", "revenue"]))


def test_ranks_give_five_bins_of_a_fifth_each():
    scores = rfm_scores(ordering([1] * 100), as_of=AS_OF)
    assert scores["recency_score"].value_counts().to_dict() == dict.fromkeys(range(1, 6), 20)
    assert scores.loc[scores["account_id"].eq("a000"), "recency_score"].item() == 5
    assert set(scores["cut_offs"]) == {"ranks"}


def test_equal_values_score_alike_and_no_bin_is_dropped():
    """60 of 100 with one order: mean rank 30.5 of 100 is the second fifth; 40 with two: the
    fifth.
    """
    scores = rfm_scores(ordering([1] * 60 + [2] * 40), as_of=AS_OF)
    assert scores.groupby("frequency_count")["frequency_score"].unique().map(list).to_dict() == {
        1: [2],
        2: [5],
    }


def test_few_accounts_are_cut_at_fixed_values():
    """Silence of 30 days scores 5, of 31 days 4; 12, 6, 3, 2 order days score 5, 4, 3, 2."""
    days = ordering([1] * 32)
    scores = rfm_scores(days, as_of=AS_OF).set_index("account_id")
    assert set(scores["cut_offs"]) == {"fixed"}
    assert scores.loc[["a030", "a031"], "recency_score"].tolist() == [5, 4]
    often = pd.DataFrame(
        [
            (f"n{n}", AS_OF - pd.Timedelta(days=7 * turn), 1.0)
            for n in (1, 2, 3, 6, 12)
            for turn in range(n)
        ],
        columns=["account_id", "date", "revenue"],
    )
    found = (
        rfm_scores(days_of(often), as_of=AS_OF).set_index("account_id")["frequency_score"].to_dict()
    )
    assert found == {"n1": 1, "n2": 2, "n3": 3, "n6": 4, "n12": 5}


def test_orders_of_one_day_are_one_occasion_and_credit_notes_none():
    rows = [
        ("a", "2006-12-01", 5.0),
        ("a", "2006-12-01", 6.0),
        ("a", "2006-12-20", -4.0),
        ("old", "2001-01-01", 9.0),
    ]
    orders = pd.DataFrame(rows, columns=["account_id", "date", "revenue"]).assign(
        date=lambda frame: pd.to_datetime(frame["date"])
    )
    scores = rfm_scores(days_of(orders), as_of=AS_OF).set_index("account_id")
    assert scores.loc["a", ["frequency_count", "revenue", "silence_days"]].tolist() == [1, 7.0, 30]
    assert scores.loc["old", ["frequency_count", "revenue", "segment"]].tolist() == [0, 0.0, "Lost"]


def test_nothing_in_gives_empty_tables_of_the_same_form():
    full = rfm_scores(ordering([1, 2]), as_of=AS_OF)
    empty = rfm_scores(ordering([1, 2]).iloc[:0], as_of=AS_OF)
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    assert rfm_segments(empty)["account_count"].tolist() == [0] * len(SEGMENTS)


@examples.cheap()
@given(st.lists(st.integers(1, 9), min_size=1, max_size=70), st.sampled_from([0.01, 1000.0]))
def test_every_account_has_one_segment_whatever_the_unit(counts, factor):
    days = ordering(counts)
    scores = rfm_scores(days, as_of=AS_OF)
    scaled = rfm_scores(
        days.assign(revenue=days["revenue"] * factor).sample(frac=1, random_state=1), as_of=AS_OF
    )
    assert scores["account_id"].is_unique
    assert len(scores) == len(counts)
    assert (
        scores[["recency_score", "frequency_score", "monetary_score"]].isin(range(1, 6)).all().all()
    )
    assert rfm_segments(scores)["account_count"].sum() == len(counts)
    pd.testing.assert_series_equal(scores["segment"], scaled["segment"])
