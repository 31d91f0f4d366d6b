"""Stability of places under other weights, checked by applying what it says."""

import math

import numpy as np
import pandas as pd
import pytest

from kamlib.book import ScoringSettings
from kamlib.book.criteria import Criterion
from kamlib.scoring import (
    AdmissionRule,
    account_scores,
    criterion_scores,
    score_grid,
    score_stability,
)
from kamlib.scoring.stability import plausible_weights
from kamlib.story.scoring_rows import tell_score_stability

from .scoring import by_name, places

AS_OF = pd.Timestamp("2025-12-31")


def scores_of(rows, weights):
    """Criterion scores from a table of scores: judged criteria take any number."""
    criteria = [
        Criterion(name=f"c{k}", weight=weight, judged=True) for k, weight in enumerate(weights)
    ]
    measures = pd.DataFrame(
        {"account_id": list(rows), "measure": "growth", "value": 0.0, "note_code": ""}
    )
    judged = pd.DataFrame(
        [
            (account, f"c{k}", float(score), AS_OF)
            for account, mine in rows.items()
            for k, score in enumerate(mine)
            if score == score
        ],
        columns=["account_id", "criterion", "score", "judged_date"],
    )
    scoring = ScoringSettings.model_construct(criteria=tuple(criteria))
    return criterion_scores(measures, judged, as_of=AS_OF, scoring=scoring)


def stability_of(rows, weights, rule, **options):
    grid = score_grid(scores_of(rows, weights))
    ranked = by_name(account_scores, grid, admission_rule=rule)
    table = score_stability(grid, ranked, rule, scoring=ScoringSettings(**options))
    return table.assign(note=tell_score_stability(table)["note"]).set_index("account_id")


def above_with(rows, weights, rule):
    """Who is above the line under these weights, counted the long way."""
    points = {account: points_of(mine, weights) for account, mine in rows.items()}
    if rule.min_score is not None:
        return {account: score >= rule.min_score for account, score in points.items()}
    return {
        a: sum(other > score for other in points.values()) < rule.top_n
        for a, score in points.items()
    }


def points_of(mine, weights):
    known = [(w, s) for w, s in zip(weights, mine, strict=True) if s == s]
    return round(sum(w * s for w, s in known) / sum(w for w, _ in known), 9)


def moved(weights, criterion, weight):
    place = int(criterion[1:])
    rest = (1 - weight) / (1 - weights[place])
    return [weight if k == place else old * rest for k, old in enumerate(weights)]


def test_who_is_better_in_everything_is_always_first():
    rows = {"best": (9, 9, 9), "second": (8, 8, 8), "third": (7, 1, 7), "fourth": (1, 6, 1)}
    table = stability_of(rows, [0.5, 0.3, 0.2], places(2))
    assert table.loc[["best", "second"], "above_line_share"].tolist() == [1.0, 1.0]
    assert table.loc[["third", "fourth"], "above_line_share"].tolist() == [0.0, 0.0]
    assert table.loc["best", ["rank_low", "rank_high"]].tolist() == [1, 1]
    assert table.loc["second", ["rank_low", "rank_high"]].tolist() == [2, 2]
    assert table.loc["best", "note"] == "no single weight moves it across the line"
    assert table.loc["fourth", "note"] == "never above the line in the draws"


def test_the_smallest_change_by_hand():
    # a − b = 4·w0 − 2·(1 − w0) with equal scores elsewhere: they swap at w0 = 1/3
    table = stability_of({"a": (9, 5), "b": (5, 7)}, [0.5, 0.5], places(1))
    assert table.loc["a", "flip_criterion"] == "c0"
    assert table.loc["a", "flip_weight"] == pytest.approx(1 / 3, abs=2e-4)
    assert table.loc["a", "weight_change"] == pytest.approx(-1 / 6, abs=2e-4)
    # b shares the first place at 1/3, a loses it just below
    assert table.loc["b", "flip_weight"] == pytest.approx(1 / 3, abs=2e-4)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rule", [places(5), AdmissionRule(min_score=6.5)])
def test_the_smallest_change_does_what_it_says_and_less_does_not(seed, rule):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet([8, 6, 4, 3]).round(2)
    weights[-1] = 1 - weights[:-1].sum()
    weights = weights.tolist()
    rows = {f"A{k:02d}": tuple(rng.integers(1, 11, 4)) for k in range(30)}
    rows["gap"] = (9, math.nan, 8, 5)
    table = stability_of(rows, weights, rule)
    found = table[table["flip_weight"].notna()]
    assert len(found) >= 3
    before = above_with(rows, weights, rule)
    for account, row in found.iterrows():
        flipped = above_with(rows, moved(weights, row["flip_criterion"], row["flip_weight"]), rule)
        assert flipped[account] != before[account]
        least = abs(row["weight_change"])
        for criterion in ("c0", "c1", "c2", "c3"):
            for change in (0.98 * least - 2e-4, -(0.98 * least - 2e-4)):
                weight = weights[int(criterion[1:])] + change
                if least > 1e-3 and 0 <= weight <= 1:
                    assert (
                        above_with(rows, moved(weights, criterion, weight), rule)[account]
                        == before[account]
                    )


def test_shares_agree_with_counting_draw_by_draw():
    rng = np.random.default_rng(4)
    rows = {f"A{k:02d}": tuple(rng.integers(1, 11, 3)) for k in range(25)} | {
        "gap": (7, math.nan, 9)
    }
    weights, rule = [0.4, 0.35, 0.25], places(6)
    table = stability_of(rows, weights, rule, draws=400, seed=9)
    counted = pd.Series(0.0, index=table.index)
    settings = ScoringSettings(draws=400, seed=9)
    for drawn in plausible_weights(np.array(weights), settings) / 1000:
        points = {account: round(points_of(mine, drawn), 3) for account, mine in rows.items()}
        line = sorted(points.values(), reverse=True)[5]
        counted += pd.Series({account: float(score >= line) for account, score in points.items()})
    pd.testing.assert_series_equal(
        table["above_line_share"], counted.reindex(table.index) / 400, check_names=False, atol=0.006
    )


@pytest.mark.parametrize("top_n", [1, 4, 30])
def test_leaving_out_the_hopeless_changes_no_share(top_n, monkeypatch):
    rng = np.random.default_rng(top_n)
    rows = {f"A{k:03d}": tuple(rng.integers(1, 11, 3)) for k in range(150)} | {
        "gap": (7, math.nan, 9)
    }
    rule = places(top_n)
    quick = stability_of(rows, [0.4, 0.35, 0.25], rule, draws=300)
    monkeypatch.setattr(
        "kamlib.scoring.stability._contenders",
        lambda profiles, rule: np.arange(len(profiles.counts)),
    )
    pd.testing.assert_frame_equal(
        quick, stability_of(rows, [0.4, 0.35, 0.25], rule, draws=300), check_exact=True
    )


def test_draws_have_the_weights_as_mean_and_sum_to_one():
    weights = np.array([0.5, 0.3, 0.2])
    drawn = plausible_weights(weights, ScoringSettings(draws=20_000, seed=1))
    assert (drawn.sum(axis=1) == 1000).all() and (drawn >= 0).all()
    assert drawn.mean(axis=0) / 1000 == pytest.approx(weights, abs=0.002)
    assert drawn[:, 0].std() / 1000 == pytest.approx(math.sqrt(0.5 * 0.5 / 51), rel=0.05)


def test_same_seed_same_table_whatever_the_row_order():
    rng = np.random.default_rng(2)
    rows = {f"A{k:02d}": tuple(rng.integers(1, 11, 3)) for k in range(40)}
    rule = places(7)
    backwards = dict(reversed(rows.items()))
    pd.testing.assert_frame_equal(
        stability_of(rows, [0.5, 0.3, 0.2], rule),
        stability_of(backwards, [0.5, 0.3, 0.2], rule),
        check_exact=True,
    )


def test_twins_share_everything():
    table = stability_of({"a": (9, 5), "b": (9, 5), "c": (5, 7)}, [0.5, 0.5], places(2))
    assert table.loc["a"].drop("name").equals(table.loc["b"].drop("name"))
    assert table.loc["a", "rank_low"] == 1


def test_one_account_and_none():
    one = stability_of({"a": (9, 5)}, [0.5, 0.5], places(3))
    assert one["above_line_share"].tolist() == [1.0]
    none = stability_of({"a": (math.nan, math.nan)}, [0.5, 0.5], places(3))
    assert none.empty and none.columns.tolist()[:3] == ["name", "score", "rank"]
