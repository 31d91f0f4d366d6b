"""Past scores, demotion risk and the criterion review, on histories whose truth is planted."""

import math

import numpy as np
import pandas as pd
import pytest

from kamlib.book import ScoringSettings
from kamlib.book.criteria import Criterion
from kamlib.period.months import trailing_months
from kamlib.scoring import (
    account_scores,
    admission_review,
    criterion_history,
    criterion_measures,
    criterion_review,
    criterion_scores,
    demotion_risk,
    later_outcomes,
    past_year_ends,
    score_grid,
    score_history,
)
from kamlib.story.scoring_rows import tell_criterion_review, tell_demotion_risk

from .scoring import by_name, places

AS_OF = pd.Timestamp("2025-12-31")
MONTHS = trailing_months(AS_OF, 72)
WALLET = ScoringSettings.model_construct(
    criteria=(Criterion(name="wallet", weight=1, measure="share_of_wallet"),)
)
ENDS = [pd.Timestamp(f"{year}-12-31") for year in range(2021, 2026)]


def orders(revenue, cost=0.6):
    """Activity months from an account × month grid of revenue; zero is a month without an order."""
    account, month = np.nonzero(revenue)
    amount = revenue[account, month].round(2)
    return pd.DataFrame(
        {
            "account_id": pd.Series([f"A{k:03d}" for k in account], dtype="str"),
            "month": MONTHS[month],
            "revenue": amount,
            "cost": (amount * cost).round(2),
            "order_count": 1,
            "order_day_count": 1,
        }
    )


def test_year_ends_as_far_as_scores_reach():
    months = orders(np.ones((1, 72)))
    assert past_year_ends(months, as_of=AS_OF) == ENDS
    assert (
        past_year_ends(months[months["month"] >= pd.Timestamp("2021-01-31")], as_of=AS_OF)
        == ENDS[1:]
    )
    assert (
        past_year_ends(months[months["month"] >= pd.Timestamp("2021-02-28")], as_of=AS_OF)
        == ENDS[2:]
    )
    assert past_year_ends(months.head(0), as_of=AS_OF) == []


def test_history_is_what_was_known_then():
    rng = np.random.default_rng(3)
    months = orders(rng.uniform(50, 150, (12, 72)) * (rng.random((12, 72)) < 0.6))
    past = by_name(criterion_history, months, as_of=AS_OF)
    history = score_history(past, places(4))
    assert history["as_of_date"].unique().tolist() == ENDS
    for end in ENDS:
        known = months[months["month"] <= end]
        measures = by_name(criterion_measures, known, as_of=end)
        then = by_name(criterion_scores, measures, as_of=end)
        expected = by_name(account_scores, score_grid(then), admission_rule=places(4))
        columns = ["account_id", "score", "rank", "is_above_line"]
        mine = history[history["as_of_date"] == end].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine[columns], expected[columns], check_exact=True)
    nothing = by_name(criterion_history, months.head(0), as_of=AS_OF)
    assert nothing.empty and nothing.columns[0] == "as_of_date"
    assert score_history(nothing, places(4)).empty


def test_what_carries_no_date_is_not_known_too_early():
    past = by_name(criterion_history, orders(np.ones((1, 72))), as_of=AS_OF, scoring=WALLET)
    wallet = past[past["criterion"] == "wallet"]
    assert wallet["note_code"].unique().tolist() == ["needs_undated"]
    assert wallet["score"].isna().all()


def history(**above):
    """account=(score per year-end, NaN when not scored); the line is at 6."""
    rows = [
        (end, account, float(score))
        for account, mine in above.items()
        for end, score in zip(ENDS, mine, strict=True)
        if score == score
    ]
    table = pd.DataFrame(rows, columns=["as_of_date", "account_id", "score"])
    return table.assign(is_above_line=table["score"] >= 6, line_score=6.0)


def test_demotion_risk_by_hand():
    gone = math.nan
    table = demotion_risk(
        history(
            steady=(8, 8, 8, 8, 8),
            slips=(6, 5, 6, 6, 6),
            leaves=(6.5, 6.5, gone, gone, gone),
            never=(5, 5, 5, 5, 5),
        ),
        least_accounts=2,
    ).set_index(["band", "horizon_years"])
    # followed for a year: steady 4 (0 below), slips 2021 (below), 2023, 2024 (not), leaves 2021
    # (not), 2022 (gone: below)
    assert table.loc[("all", 1), ["below_count", "spell_count", "account_count"]].tolist() == [
        2,
        9,
        3,
    ]
    assert table.loc[("all", 1), "risk_share"] == pytest.approx(2 / 9)
    assert table.loc[
        ("just above the line", 1), ["below_count", "spell_count", "account_count"]
    ].tolist() == [2, 5, 2]
    # followed for three years: admitted 2021 or 2022; slips and leaves 2021 are below within 3
    # years, as is leaves 2022
    assert table.loc[("all", 3), ["below_count", "spell_count"]].tolist() == [3, 5]
    # clear of the line (6.6 or more): steady alone, too few
    assert math.isnan(table.loc[("clear of the line", 1), "risk_share"])
    assert tell_demotion_risk(table.reset_index())["note"].tolist() == [
        *[""] * 2,
        "not enough history: 1 account can be followed for 1 year, 2 are needed",
        *[""] * 2,
        "not enough history: 1 account can be followed for 3 years, 2 are needed",
    ]


def test_demotion_risk_finds_the_planted_rate_within_its_interval():
    rng = np.random.default_rng(5)
    rows = {f"A{k:03d}": np.where(rng.random(5) < 0.3, 5.0, 6.2) for k in range(200)}
    row = demotion_risk(history(**rows)).set_index(["band", "horizon_years"]).loc[("all", 1)]
    assert row["risk_low"] < 0.3 < row["risk_high"]
    assert row["risk_high"] - row["risk_low"] < 0.15
    three = demotion_risk(history(**rows)).set_index(["band", "horizon_years"]).loc[("all", 3)]
    assert three["risk_low"] < 1 - 0.7**3 < three["risk_high"]


def test_no_history_gives_no_number():
    for table in (history(), history(a=(7, 7, 7, 7, 7))):
        risk = demotion_risk(table)
        assert (
            risk["risk_share"].isna().all()
            and tell_demotion_risk(risk)["note"].str.startswith("not enough history").all()
        )
        assert risk["band"].tolist() == ["all", "just above the line", "clear of the line"] * 2


def test_later_outcomes_by_hand():
    grid = np.zeros((4, 72))
    grid[0, 48:60], grid[0, 60:72] = 10, 15  # 2024, 2025
    grid[1, 50] = 100  # 2024 alone
    grid[2, 65] = 100  # 2025 alone: not a buyer of 2024
    grid[3, 36] = 1  # the data begin in January 2023, so the end of 2024 can be scored
    table = later_outcomes(orders(grid), as_of=AS_OF)
    mine = table[table["as_of_date"] == pd.Timestamp("2024-12-31")].set_index("account_id")
    assert mine["before"].to_dict() == {"A000": 48.0, "A001": 40.0}
    assert mine["growth"].to_dict() == {"A000": 0.5, "A001": -1.0}
    assert mine["is_retained"].to_dict() == {"A000": True, "A001": False}
    assert mine["basis"].unique().tolist() == ["margin"]
    assert table["as_of_date"].max() == pd.Timestamp(
        "2024-12-31"
    )  # a year that is not over says nothing
    bare = later_outcomes(orders(grid).assign(cost=math.nan), as_of=AS_OF)
    assert bare["basis"].unique().tolist() == ["revenue"]


def reviewed(scores, growth, retained):
    """Review of one judged criterion over accounts × 3 past dates."""
    count = len(scores)
    rows = [(end, f"A{k:03d}") for end in ENDS[:3] for k in range(count)]
    past = pd.DataFrame(rows, columns=["as_of_date", "account_id"])
    past = past.assign(criterion="fit", score=np.tile(scores, 3), origin="judged", note_code="")
    outcomes = past[["as_of_date", "account_id"]].assign(
        basis="margin", growth=growth.ravel(), is_retained=retained.ravel()
    )
    table = criterion_review(past, past[["as_of_date", "account_id", "score"]], outcomes)
    told = table.assign(note=tell_criterion_review(table)["note"])
    return told.set_index(["criterion", "later_outcome"])


@pytest.mark.parametrize("seed", range(3))
def test_the_review_finds_a_planted_relation(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 11, 80).astype(float)
    growth = (
        scores / 5 + rng.normal(0, 1, (3, 80)) + np.array([[-3], [0], [3]])
    )  # good and bad years
    retained = rng.random((3, 80)) < 0.3 + scores / 15
    table = reviewed(scores, growth, retained)
    for outcome in ("margin growth", "retention"):
        row = table.loc[("fit", outcome)]
        assert (
            row["verdict"] == "foretold"
            and 0 < row["correlation_low"] < row["correlation"] < row["correlation_high"]
        )
    misled = reviewed(11 - scores, growth, retained)
    assert misled.loc[("fit", "margin growth"), "verdict"] == "misled"


def test_the_review_says_cannot_tell_of_noise():
    told = 0
    for seed in range(20):
        rng = np.random.default_rng(100 + seed)
        scores = rng.integers(1, 11, 60).astype(float)
        table = reviewed(scores, rng.normal(0, 1, (3, 60)), rng.random((3, 60)) < 0.8)
        told += int((table["verdict"] != "cannot tell").any())
    assert told <= 2  # each review as a whole errs in at most 5 of 100


def test_the_review_says_why_it_cannot_tell():
    few = reviewed(np.arange(1.0, 11.0), np.zeros((3, 10)), np.ones((3, 10), dtype=bool))
    assert few["note"].unique().tolist() == ["10 accounts, 20 are needed"]
    scores = np.tile(np.arange(1.0, 11.0), 3)
    loyal = reviewed(
        scores, np.random.default_rng(1).normal(size=(3, 30)), np.ones((3, 30), dtype=bool)
    )
    assert loyal.loc[("fit", "retention"), "note"] == "every account kept buying"
    assert loyal["correlation"].isna().sum() == 2


def test_growth_criteria_are_not_blamed_for_good_years_that_pass():
    rng = np.random.default_rng(8)
    months = orders(np.exp(rng.normal(4, 1, (120, 1)) + rng.normal(0, 0.8, (120, 72))))
    past = by_name(criterion_history, months, as_of=AS_OF)
    outcomes = later_outcomes(months, as_of=AS_OF)
    table = criterion_review(past, score_history(past, places(9)), outcomes)
    growth = table.set_index(["criterion", "later_outcome"]).loc[("growth", "margin growth")]
    assert growth["correlation_high"] < 0 and growth["verdict"] == "cannot tell"
    assert growth["note_code"] == "good_years_pass"
    assert (table["verdict"] == "cannot tell").all()


def test_admission_review_by_hand():
    past = history(a=(8, 8, 8, 8, 8), b=(5, 5, 5, 5, 5))
    outcomes = pd.DataFrame(
        {
            "as_of_date": ENDS[0],
            "account_id": ["a", "b"],
            "basis": "margin",
            "before": [100.0, 50.0],
            "after": [150.0, 0.0],
            "growth": [0.5, -1.0],
            "is_retained": [True, False],
        }
    )
    table = admission_review(past, outcomes)
    assert table["is_above_line"].tolist() == [True, False]
    assert table["growth"].tolist() == [0.5, -1.0] and table["retained_share"].tolist() == [
        1.0,
        0.0,
    ]
    assert admission_review(past, outcomes.head(0)).empty
