"""Scores from fixed anchors, the weighted total, the admission line."""

import math

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from kamlib.book import KeyAccountSettings, ScoringSettings, SegmentationSettings
from kamlib.book.criteria import BUILT_IN_CRITERIA, Criterion
from kamlib.scoring import (
    AdmissionRule,
    account_scores,
    admission_line,
    admission_rule,
    criterion_coverage,
    criterion_scores,
    score_grid,
)
from kamlib.story.scoring_line import tell_admission_line
from kamlib.story.scoring_rows import tell_criterion_coverage

from .scoring import NOTHING, by_name, key_accounts, places

AS_OF = pd.Timestamp("2025-12-31")
GROWTH = Criterion(name="growth", weight=0.5, measure="growth")
BREADTH = Criterion(name="breadth", weight=0.3, measure="breadth", side="strength")
FIT = Criterion(name="fit", weight=0.2, judged=True)


def measures(**values):
    """One row per account and measure: measures(A={"growth": 0.1})."""
    rows = [
        {
            "account_id": account,
            "measure": name,
            "value": value,
            "note_code": "" if value == value else "no_needs",
        }
        for account, mine in values.items()
        for name, value in mine.items()
    ]
    return pd.DataFrame(rows, columns=["account_id", "measure", "value", "note_code"]).astype(
        {"account_id": "str"}
    )


def scored(measures, *criteria, judgements=NOTHING["judgements"]):
    """Criterion scores by some criteria, by the built-in ones where none are given."""
    settings = ScoringSettings.model_construct(criteria=criteria)
    return criterion_scores(measures, judgements, as_of=AS_OF, scoring=settings)


def ranked(scores, rule, **tables):
    return by_name(account_scores, score_grid(scores), admission_rule=rule, **tables)


def judgements(*rows):
    table = pd.DataFrame(rows, columns=["account_id", "criterion", "score", "judged_date"])
    return table.assign(judged_date=pd.to_datetime(table["judged_date"]), by="x")


def test_a_limit_belongs_to_the_score_that_begins_there():
    limits = [-0.20, -0.10, -0.05, 0.0, 0.03, 0.06, 0.10, 0.15, 0.25]
    at = {f"at {place}": {"growth": limit} for place, limit in enumerate(limits)}
    under = {f"under {place}": {"growth": limit - 1e-9} for place, limit in enumerate(limits)}
    scores = scored(measures(**at, **under), GROWTH).set_index("account_id")["score"]
    assert [scores[f"at {place}"] for place in range(9)] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [scores[f"under {place}"] for place in range(9)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_anchors_as_pairs_skip_scores():
    pairs = Criterion.model_validate(
        {
            "name": "growth",
            "weight": 1,
            "measure": "growth",
            "anchors": [{"score": 3, "from": 0}, {"score": 9, "from": 0.1}],
        }
    )
    table = measures(a={"growth": -0.1}, b={"growth": 0.0}, c={"growth": 0.0999}, d={"growth": 5.0})
    scores = scored(table, pairs)
    assert scores["score"].tolist() == [1, 3, 3, 9]


def test_the_latest_judgement_up_to_the_date_counts():
    judged = judgements(
        ("A", "fit", 4.0, "2024-01-01"),
        ("A", "fit", 8.0, "2025-06-30"),
        ("A", "fit", 10.0, "2026-01-01"),
        ("B", "image", 9.0, "2025-01-01"),
        ("C", "fit", 12.0, "2025-01-01"),
    )
    table = measures(A={"growth": 0.0}, B={"growth": 0.0}, C={"growth": 0.0})
    scores = scored(table, GROWTH, FIT, judgements=judged)
    fit = scores[scores["criterion"] == "fit"].set_index("account_id")
    assert fit["score"].to_dict() == {
        "A": 8.0,
        "B": pytest.approx(math.nan, nan_ok=True),
        "C": pytest.approx(math.nan, nan_ok=True),
    }
    assert fit.loc["A", "judged_date"] == pd.Timestamp("2025-06-30")
    assert fit["origin"].to_dict() == {"A": "judged", "B": "missing", "C": "missing"}
    assert fit["note_code"].to_dict() == {"A": "", "B": "not_judged", "C": "judged_outside"}


def test_scores_by_hand_with_a_missing_one_weighted_again():
    judged = judgements(("A", "fit", 6.0, "2025-06-30"))
    table = measures(
        A={"growth": 0.10, "breadth": 3},
        B={"growth": math.nan, "breadth": 10},
        C={"growth": math.nan, "breadth": math.nan},
    )
    scores = scored(table, GROWTH, BREADTH, FIT, judgements=judged)
    assert scores.loc[scores["account_id"] == "A", "contribution"].tolist() == pytest.approx(
        [4.0, 0.9, 1.2]
    )
    table = ranked(scores, places(1)).set_index("account_id")
    assert table.index.tolist() == ["B", "A", "C"]
    assert table.loc["A", "score"] == 6.1  # .5 · 8 + .3 · 3 + .2 · 6
    assert table.loc["B", "score"] == 10  # breadth alone
    assert table["completeness_share"].to_dict() == {"B": 0.3, "A": 1.0, "C": 0.0}
    assert table.loc["B", "missing_criteria"] == "growth, fit"
    assert table.loc["A", "attractiveness_score"] == pytest.approx(5.2 / 0.7)  # growth and fit
    assert table.loc["A", "strength_score"] == 3
    assert table["is_above_line"].to_dict() == {"B": True, "A": False, "C": False}
    assert math.isnan(table.loc["C", "score"]) and pd.isna(table.loc["C", "rank"])


def random_measures(count, seed):
    rng = np.random.default_rng(seed)
    return measures(
        **{
            f"A{number:03d}": {
                "growth": rng.uniform(-0.3, 0.4),
                "margin_rate": rng.choice([rng.uniform(0, 0.6), math.nan]),
                "regularity": rng.uniform(0, 1),
                "breadth": float(rng.integers(0, 12)),
            }
            for number in range(count)
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_new_account_changes_no_other_score_and_row_order_changes_nothing(seed):
    table = random_measures(40, seed)
    newcomer = measures(
        new={"growth": 99.0, "margin_rate": 0.9, "regularity": 1.0, "breadth": 50.0}
    )

    before = ranked(scored(table), places(5))
    after = ranked(scored(pd.concat([table, newcomer], ignore_index=True)), places(5))
    columns = [
        "account_id",
        "score",
        "completeness_share",
        "attractiveness_score",
        "strength_score",
    ]
    kept = after[after["account_id"] != "new"].sort_values("account_id", ignore_index=True)[columns]
    pd.testing.assert_frame_equal(
        before.sort_values("account_id", ignore_index=True)[columns], kept, check_exact=True
    )
    shuffled = ranked(scored(table.sample(frac=1, random_state=seed)), places(5))
    pd.testing.assert_frame_equal(before, shuffled, check_exact=True)


def test_contributions_sum_to_the_score():
    scores = scored(random_measures(50, 7))
    total = scores.groupby("account_id")["contribution"].sum()
    table = ranked(scores, places(5)).set_index("account_id")["score"]
    pd.testing.assert_series_equal(
        total, table.sort_index(), check_names=False, check_exact=False, rtol=1e-8
    )


def test_equal_scores_share_the_last_place():
    table = measures(a={"growth": 0.3}, b={"growth": 0.1}, c={"growth": 0.1}, d={"growth": 0.0})
    scores = ranked(scored(table, GROWTH), places(2))
    assert scores["rank"].tolist() == [1, 2, 2, 4]
    assert scores["is_above_line"].tolist() == [True, True, True, False]
    line = admission_line(scores, places(2))
    assert line[["line_score", "above_count"]].iloc[0].tolist() == [8.0, 3]
    assert tell_admission_line(line, key_accounts("a"))["note"].tolist() == [
        "equal scores share the last place"
    ]


def test_a_least_score_is_met_exactly():
    thirds = [
        Criterion(name=name, weight=weight, measure=name)
        for name, weight in (("growth", 0.1), ("breadth", 0.7), ("regularity", 0.2))
    ]
    table = measures(
        a={"growth": 0.06, "breadth": 7, "regularity": 0.6}
    )  # 7, 7, 7: a float sum gives 6.999…
    scores = ranked(scored(table, *thirds), AdmissionRule(min_score=7))
    assert scores["is_above_line"].tolist() == [True]


def test_admission_line_names_key_accounts_below_it():
    table = measures(a={"growth": 0.3}, b={"growth": 0.1}, c={"growth": -0.5})
    keys = key_accounts("a", "c")
    rule = admission_rule(keys)
    assert rule.top_n == 2 and not rule.is_from_book
    accounts = pd.DataFrame({"account_id": ["a"], "name": ["Acme"]})
    scores = ranked(scored(table, GROWTH), rule, key_accounts=keys, accounts=accounts)
    assert scores["name"].tolist() == ["Acme", "b", "c"]
    line = admission_line(scores, rule)
    assert line[["key_count", "key_below_count"]].iloc[0].tolist() == [2, 1]
    assert tell_admission_line(line, keys).iloc[0].tolist() == [
        "the 2 highest scores",
        "the book sets no line: as many places as there are key accounts today",
    ]


def test_rule_of_the_book_goes_first():
    for own in ({"top_n": 3}, {"min_score": 6.0}):
        rule = admission_rule(key_accounts("a"), admission=KeyAccountSettings(**own))
        assert rule == AdmissionRule(**own)
    assert admission_rule(key_accounts()).top_n == KeyAccountSettings().at_most


def test_fewer_accounts_than_places_are_all_above_the_line():
    scores = ranked(scored(measures(a={"growth": 0.3}), GROWTH), places(5))
    line = admission_line(scores, places(5))
    assert scores["is_above_line"].tolist() == [True] and math.isnan(line["line_score"].iloc[0])
    assert tell_admission_line(line, key_accounts("a"))["note"].tolist() == [
        "fewer accounts are scored than there are places: all are above the line"
    ]


def test_coverage_is_the_written_definition():
    settings = ScoringSettings.model_construct(criteria=(GROWTH, FIT))
    scores = scored(measures(a={"growth": 0.3}, b={"growth": math.nan}), GROWTH, FIT)
    table = criterion_coverage(scores, scoring=settings)
    assert table["scored_count"].tolist() == [1, 0]
    assert table["missing_count"].tolist() == [1, 2]
    told = tell_criterion_coverage(table, scoring=settings, segmentation=SegmentationSettings())
    assert told["note"].tolist() == ["no needs recorded", "not judged"]
    assert told["anchors"].iloc[0].startswith("1 below · 2 from −20 % · 3 from −10 %")


def test_nothing_to_score():
    scores = scored(measures())
    table = ranked(scores, places(3))
    assert scores.empty and table.empty
    assert table.dtypes[["is_above_line", "is_key"]].eq("bool").all()


def settings(*criteria):
    return {
        "criteria": [{"name": name, "weight": weight, **rest} for name, weight, rest in criteria]
    }


GOOD = (
    ("g", 0.5, {"measure": "growth"}),
    ("m", 0.3, {"measure": "margin_rate"}),
    ("f", 0.2, {"judged": True}),
)


def test_settings_that_fit():
    scoring = ScoringSettings.model_validate(settings(*GOOD))
    assert [criterion.name for criterion in scoring.in_use] == [
        "g",
        "m",
        "f",
    ] and not scoring.is_built_in
    assert ScoringSettings().in_use == BUILT_IN_CRITERIA and ScoringSettings().is_built_in
    assert sum(criterion.weight for criterion in BUILT_IN_CRITERIA) == 1


def test_settings_survive_being_written_and_read_again():
    limits = {"measure": "growth", "anchors": [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4, 0.5]}
    pairs = {
        "measure": "margin_rate",
        "anchors": [{"score": 4, "from": 0.1, "text": "fair"}, {"score": 8, "from": 0.3}],
    }
    scoring = ScoringSettings.model_validate(
        settings(("g", 0.5, limits), ("m", 0.3, pairs), GOOD[2])
    )
    again = ScoringSettings.model_validate_json(scoring.model_dump_json())
    assert again == scoring and again.criteria[1].steps == ((0.1, 4), (0.3, 8))


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ((*GOOD[:2], ("f", 0.21, {"judged": True})), "the weights sum to 1.01, not 1"),
        (GOOD[:2], "2 criteria given; a scoring has 3 to 5"),
        ((*GOOD[:2], ("g", 0.2, {"judged": True})), "criterion 'g' is given twice"),
        (
            (*GOOD[:2], ("f", 0.2, {"measure": "growht"})),
            "no measure 'growht': Did you mean 'growth'?",
        ),
        ((*GOOD[:2], ("f", 0.2, {})), "needs either a measure or judged = true"),
        (
            (*GOOD[:2], ("f", 0.2, {"judged": True, "measure": "growth"})),
            "needs either a measure or judged = true",
        ),
        (
            (*GOOD[:2], ("f", 0.2, {"measure": "revenue"})),
            "measures money (revenue): give its anchors",
        ),
        (
            (*GOOD[:2], ("f", 0.2, {"measure": "growth", "anchors": [1, 2, 3]})),
            "3 limits given; nine are needed",
        ),
        (
            (*GOOD[:2], ("f", 0.2, {"measure": "growth", "anchors": [1, 2, 3, 4, 5, 6, 7, 9, 8]})),
            "anchors must ascend",
        ),
        ((*GOOD[:2], ("f", 0.2, {"judged": True, "texts": {"11": "x"}})), "'11' is no score"),
        ((*GOOD[:2], ("f", 0.2, {"judged": True, "wieght": 1})), "Extra inputs are not permitted"),
    ],
)
def test_settings_that_are_refused(criteria, said):
    with pytest.raises(ValidationError) as refused:
        ScoringSettings.model_validate(settings(*criteria))
    assert said in str(refused.value)
