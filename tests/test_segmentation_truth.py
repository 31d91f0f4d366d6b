"""The sample company's planted truths are found: the whale, the hidden group, the move made by neighbours alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

import kamlib as kam
from kamlib.segmentation import account_classes, account_types, class_moves, rollup_changes

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def data():
    return kam.open_period(SAMPLE, "2025-Q4")


@pytest.fixture(scope="module")
def classes(data) -> pd.DataFrame:
    return account_classes(data.account_months, data.accounts, as_of=data.as_of)


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(SAMPLE / "truth" / "truth.csv", dtype="str")


def planted(truth: pd.DataFrame, story: str) -> list[str]:
    return truth.loc[truth["story"].eq(story), "account_id"].tolist()


def test_the_whale_is_the_largest_account_and_a_breadwinner(data, classes, truth):
    assert classes["account_id"].iloc[:1].tolist() == planted(truth, "whale")
    types = account_types(classes, data.accounts, as_of=data.as_of)
    assert planted(truth, "whale")[0] in set(
        types.loc[types["type"].eq("breadwinner"), "account_id"]
    )


def test_the_group_that_hides_its_size_gains_the_most_ranks(data, classes, truth):
    top = rollup_changes(classes, data.accounts).sort_values("rank_gain").iloc[-1]
    members = data.accounts.loc[data.accounts["group_id"].eq(top["group_id"]), "account_id"]
    assert sorted(members) == sorted(planted(truth, "group"))
    assert top["rank_gain"] >= 10
    assert top["abc_group"] == "A"


def test_the_account_with_equal_months_moved_only_because_of_its_neighbours(data, truth):
    (account,) = planted(truth, "neighbours")
    ends = [data.period.end, *(data.period.shift(-steps).end for steps in range(1, 5))]
    looks = [account_classes(data.account_months, data.accounts, as_of=end) for end in ends]
    causes = []
    for now, then in pairwise(looks):
        row = (
            class_moves(then, now, data.product_windows.iloc[:0])
            .set_index("account_id")
            .loc[account]
        )
        assert row["own_effect_share"] == 0.0
        causes.append(row["cause"] if row["kind"] == "move" else None)
    assert set(causes) == {None, "neighbours"}


def test_the_account_that_never_ordered_has_no_class_and_says_so(classes, truth):
    row = classes.set_index("account_id").loc[planted(truth, "never")[0]]
    assert row[["abc_revenue", "xyz_frequency", "xyz_variability"]].isna().all()
    assert row["reason"] == "No order yet"
