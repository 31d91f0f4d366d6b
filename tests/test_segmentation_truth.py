"""The sample's planted truths are found: whale, hidden group, a move made by neighbours alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

import kamlib as kam
from kamlib.segmentation import class_moves

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def q():
    return kam.open_period(SAMPLE, "2025-Q4")


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(SAMPLE / "truth" / "truth.csv", dtype="str")


def planted(truth: pd.DataFrame, story: str) -> list[str]:
    return truth.loc[truth["story"].eq(story), "account_id"].tolist()


def test_the_whale_is_the_largest_account_and_a_breadwinner(q, truth):
    assert q.account_classes["account_id"].iloc[:1].tolist() == planted(truth, "whale")
    types = q.account_types
    breadwinners = types.loc[types["type"].eq("breadwinner"), "account_id"]
    assert planted(truth, "whale")[0] in set(breadwinners)


def test_the_group_that_hides_its_size_gains_the_most_ranks(q, truth):
    top = q.rollup_changes.sort_values("rank_gain").iloc[-1]
    members = q.accounts.loc[q.accounts["group_id"].eq(top["group_id"]), "account_id"]
    assert sorted(members) == sorted(planted(truth, "group"))
    assert top["rank_gain"] >= 10
    assert top["abc_group"] == "A"


def test_the_account_with_equal_months_moved_only_because_of_its_neighbours(q, truth):
    (account,) = planted(truth, "neighbours")
    ends = [q.span.end, *(q.span.shift(-steps).end for steps in range(1, 5))]
    looks = [q.at(end).account_classes for end in ends]
    causes = []
    for now, then in pairwise(looks):
        moves = class_moves(now, then, q.product_windows.iloc[:0]).set_index("account_id")
        row = moves.loc[account]
        assert row["own_effect_share"] == 0.0
        causes.append(row["cause"] if row["move_kind"] == "move" else None)
    assert set(causes) == {None, "neighbours"}


def test_the_account_that_never_ordered_has_no_class_and_says_so(q, truth):
    row = q.told("account_classes").set_index("account_id").loc[planted(truth, "never")[0]]
    assert row[["abc_revenue", "xyz_frequency", "xyz_variability"]].isna().all()
    assert row["note"] == "No order yet"
