"""Decisions, the attractiveness × strength matrix and prospects, each with the whole answer by
hand.
"""

import math

import pandas as pd
import pytest

from kamlib.book import ScoringSettings, SegmentationSettings
from kamlib.book.criteria import Criterion
from kamlib.holes import Hole, Holes
from kamlib.period.calendar import parse_period
from kamlib.scoring import (
    AdmissionRule,
    attractiveness_strength,
    candidates,
    latest_decisions,
    prospect_ranking,
    tier_decisions,
    watch_list,
)
from kamlib.story.scoring import (
    actions_decisions,
    decisions_title,
    headline_scoring,
    table_attractiveness_strength,
    table_tier_decisions,
)
from kamlib.story.scoring_charts import chart_attractiveness_strength
from kamlib.story.scoring_prospects import tell_prospect_ranking
from kamlib.story.scoring_rows import (
    tell_candidates,
    tell_tier_decisions,
)
from kamlib.tables import shaped

from .scoring import NOTHING, by_name, key_accounts

AS_OF = pd.Timestamp("2025-09-30")
LINE = 6.0


def scores(**rows):
    """account=(score, is_key): ranked, the line at 6.0."""
    table = pd.DataFrame(
        [
            (account, account.title(), float(score), is_key)
            for account, (score, is_key) in rows.items()
        ],
        columns=["account_id", "name", "score", "is_key"],
    ).astype({"account_id": "str", "name": "str"})
    return table.assign(
        rank=table["score"].rank(method="min", ascending=False).astype("Int64"),
        line_score=LINE,
        is_above_line=table["score"] >= LINE,
        completeness_share=table["score"].notna() * 1.0,
        missing_criteria="",
        attractiveness_score=table["score"],
        strength_score=table["score"],
    )


def criteria(*accounts):
    rows = [
        (a, c, s) for a in accounts for c, s in (("growth", 2.0), ("breadth", 3.0), ("fit", 9.0))
    ]
    table = pd.DataFrame(rows, columns=["account_id", "criterion", "score"])
    return table.assign(judged_date=pd.NaT)


def measures(**rows):
    """account=(growth, regularity)."""
    return pd.DataFrame(
        [
            (a, m, v)
            for a, pair in rows.items()
            for m, v in zip(("growth", "regularity"), pair, strict=True)
        ],
        columns=["account_id", "measure", "value"],
    )


NOW = scores(
    stays=(8, True), falls=(5, True), dips=(5.5, True), rises=(7, False), arrives=(6, False),
    near=(5.4, False),
    shrinks=(5.9, False), rare=(5.9, False), far=(5.3, False), blank=(math.nan, True),
)  # fmt: skip
WHOLE = pd.Timestamp("2020-01-01")
"""First order: the window a year ago is whole."""
BEFORE = scores(
    stays=(8, True),
    falls=(5.5, True),
    dips=(6, True),
    rises=(6.5, False),
    arrives=(5, False),
    near=(7, False),
)
MEASURES = measures(
    near=(0.18, 0.92),
    shrinks=(-0.01, 1.0),
    rare=(0.5, 0.25),
    far=(0.5, 1.0),
    arrives=(0.5, 1.0),
    rises=(0.1, 1.0),
)


NO_RISK = shaped("demotion_risk", [])


CRITERIA = ScoringSettings(
    criteria=tuple(
        Criterion(name=name, weight=weight, judged=True, side="strength")
        for name, weight in (("growth", 0.4), ("breadth", 0.3), ("fit", 0.3))
    )
)


def placed(now=NOW, is_provisional=False):
    """Key accounts as the book has them, or as their size has it."""
    return now[["account_id", "is_key"]].assign(is_provisional=is_provisional)


def without(now=NOW, **lower):
    """What the accounts above the line score without their largest order: as before, or less."""
    table = now.loc[now["is_above_line"], ["account_id", "score"]]
    score = table["account_id"].map(lower).fillna(table["score"])
    without = {"score_without": score, "is_above_without": score.ge(LINE)}
    return table[["account_id"]].assign(**without, largest_order=100.0)


def states(now=NOW, **status):
    """Every account is active but for those named; the last order is of 20 Sep 2025."""
    table = now[["account_id"]].assign(
        status=[status.get(one, "active") for one in now["account_id"]]
    )
    return table.assign(last_order_date=pd.Timestamp("2025-09-20"))


def decided(now=NOW, before=BEFORE, risk=NO_RISK, **tables):
    """The decisions with their evidence."""
    return decided_with(criteria(*now["account_id"]), now, before, risk, **tables)


def decided_with(points, now=NOW, before=BEFORE, risk=NO_RISK, **tables):
    """The decisions by some scores of the criteria."""
    given = {
        "largest_order_scores": without(now),
        "key_accounts": placed(now),
        "as_of": AS_OF,
        "account_status": states(now),
        "admission_rule": AdmissionRule(min_score=LINE),
        "first_date": WHOLE,
        "scoring": CRITERIA,
    }
    table = by_name(
        tier_decisions,
        account_scores=now,
        year_ago_account_scores=before,
        criterion_scores=points,
        criterion_measures=MEASURES,
        **(given | tables),
    )
    returns = tables.get("return_per_account", NOTHING["return_per_account"])
    return table.join(tell_tier_decisions(table, risk, returns)).set_index("account_id")


def headline(decisions, **tables):
    """The sentences of the first screen."""
    names = ["admission_line", "score_stability", "attractiveness_strength", "criterion_review"]
    given = {name: shaped(name, []) for name in (*names, "criterion_coverage")}
    given["account_scores"] = shaped("account_scores", [{"completeness_share": 1.0}])
    given["told_demotion_risk"] = shaped("demotion_risk", [])
    given |= {"key_accounts": placed(), "scoring": CRITERIA, "segmentation": SegmentationSettings()}
    return headline_scoring(decisions, **(given | tables))


def test_a_lost_account_is_promoted_watched_reviewed_by_nobody():
    """A score looks back over a year: an account that has left may still stand above the line."""
    plain = decided()
    table = decided(
        account_status=states(rises="lost", near="lost", stays="lost", arrives="overdue")
    )
    assert not {"rises", "near"} & set(table.index)
    assert table.loc["stays", "proposal"] == "win back"
    gone = pd.DataFrame({"account_id": ["stays"], "verdict": ["let go"]})
    left = states(stays="lost")
    assert decided(account_status=left, win_back=gone).loc["stays", "proposal"] == "let go"
    told = table.loc["stays", "evidence"].removeprefix(plain.loc["stays", "evidence"])
    assert told.replace("\u00a0", " ") == " It counts as lost: no order since 20 Sep 2025."
    said = " ".join(one.text for one in headline(table.reset_index()))
    assert "Win back Stays: a key account that is lost." in said
    assert "Rises" not in said and "Near" not in said
    to_do = {one.account: one.to_do for one in actions_decisions(table.reset_index())}
    assert to_do["stays"] == "Win back Stays"
    assert decided(account_status=states(rises="overdue")).loc["rises", "proposal"] == "candidate"


def test_narrow_where_care_costs_more_than_it_brings_and_the_place_itself_is_not_in_doubt():
    costly = shaped("return_per_account", {
        "account_id": ["stays", "falls", "near"], "verdict": "narrow", "care_cost": 900.0,
        "margin": 500.0, "year_ago_return": -300.0, "need_in_reach": [0.0, 50.0, 0.0],
    })  # fmt: skip
    table = decided(return_per_account=costly)
    assert table.loc["stays", "proposal"] == "narrow"
    assert table.loc["falls", "proposal"] == "review"  # the larger question
    assert table.loc["near", "proposal"] == "watch"  # no key account
    said = table["evidence"].str.replace("\u00a0", " ")
    assert said["stays"].startswith("Above the line:") and said["stays"].endswith(
        "Its care costs 900 a year against a margin of 500; the year before it cost 300 more "
        "than it brought, and nothing is in reach."
    )
    assert said["falls"].endswith("and the 50 in reach would not pay for it.")
    to_do = {one.account: one.to_do for one in actions_decisions(table.reset_index())}
    assert to_do["stays"] == "Narrow the programme at Stays"
    assert "Narrow the programme at Stays" in " ".join(
        one.text for one in headline(table.reset_index())
    )


def test_each_decision_by_hand():
    table = decided()
    assert table["proposal"].to_dict() == {
        "rises": "promote",
        "falls": "review",
        "blank": "keep",
        "arrives": "candidate",
        "near": "watch",
        "stays": "keep",
        "dips": "keep",
    }
    assert table.loc["rises", "evidence"] == (
        "Above the line now and a year ago: 7.00 (rank 2, line 6.00), 6.50 a year ago; 7.00 "
        "without its largest order."
    )
    assert table.loc["falls", "evidence"] == (
        "Below the line now and a year ago: 5.00 (rank 9, line 6.00), 5.50 a year ago. Weakest: "
        "growth 2, breadth 3."
    )
    assert table.loc["near", "evidence"].replace("\u00a0", " ") == (
        "5.40 (rank 7), 10 % below the line of 6.00: orders in 92 % of the months, revenue up 18 %."
    )
    assert table.loc["dips", "evidence"].startswith(
        "Below the line now: 5.50 (rank 6, line 6.00), 6.00 a year ago; it was above it a year ago"
    )
    assert table.loc["blank", "evidence"].startswith("No score can be given")
    assert table.loc["arrives", "lacking_code"] == "once"


def test_one_order_promotes_nobody():
    """7.00 with its largest order, 5.20 without it: a candidate, with what is missing."""
    table = decided(largest_order_scores=without(rises=5.2))
    assert table.loc["rises", ["proposal", "lacking_code"]].tolist() == ["candidate", "order"]
    named = candidates(table.reset_index())
    assert named["account_id"].tolist() == ["rises", "arrives"]
    assert tell_candidates(named)["lacking"].tolist() == [
        "above the line only with its largest order",
        "not above the line a year ago",
    ]


def test_a_book_without_tiers_or_criteria_of_its_own_has_candidates_only():
    for lacks, given in {
        "tiers": {"key_accounts": placed(is_provisional=True)},
        "scoring": {"scoring": ScoringSettings()},
    }.items():
        table = decided(**given)
        assert set(table["proposal"]) == {"candidate"}
        assert table.index.tolist() == ["stays", "rises", "arrives"]
        assert table["lacking_code"].str.split().str[0].eq(lacks).all()
        assert not table["is_overridden"].any()
        assert decisions_title(table) == "No decision can be proposed; 3 candidates"
        said = headline(table.reset_index(), **given)
        assert said[0].text.startswith("No promotion and no review is proposed: ")
        assert watch_list(table.reset_index(), MEASURES)["account_id"].tolist() == [
            "rises",
            "arrives",
        ]


def test_less_than_three_fifths_of_the_criteria_decide_nothing():
    thin = NOW.assign(completeness_share=0.59)
    table = decided(thin)
    assert not {"promote", "review", "watch"} & set(table["proposal"])
    assert table.loc["rises", "lacking_code"] == "criteria"
    ago = [AS_OF - pd.DateOffset(months=many) for many in (30, 26, 6, 4)]
    early, late = (Holes([Hole(*ago[at : at + 2])]) for at in (0, 2))
    assert "rises" not in decided(thin, holes=late).index
    assert "rises" in decided(thin, holes=early).index
    assert "rises" in decided(holes=late).index
    enough = NOW.assign(completeness_share=NOW["completeness_share"].clip(upper=0.6))
    assert decided(enough)["proposal"].equals(decided()["proposal"])


def test_where_more_accounts_tie_at_the_line_than_it_has_places_nobody_is_named():
    now = scores(a=(10, False), b=(10, False), c=(10, False), d=(4, True)).assign(line_score=10.0)
    now["is_above_line"] = now["score"].ge(10)
    before = now.assign(is_key=False)
    crowded = decided(now, before, admission_rule=AdmissionRule(top_n=2))
    assert crowded["proposal"].to_dict() == {"d": "keep"}
    roomy = decided(now, before, admission_rule=AdmissionRule(top_n=3))
    assert roomy["proposal"].to_dict() == dict.fromkeys("abc", "promote") | {"d": "review"}
    now.loc[0, "score"] = 11.0
    tied = decided(now, before, admission_rule=AdmissionRule(top_n=2))
    assert tied["proposal"].to_dict() == {
        "a": "promote",
        "b": "candidate",
        "c": "candidate",
        "d": "review",
    }
    assert tied.loc["b", "lacking_code"] == "tie"


@pytest.mark.parametrize(
    "given",
    [
        {"before": None},
        {"before": BEFORE.assign(score=math.nan)},
        {"first_date": pd.Timestamp("2023-11-01")},
        {"segmentation": SegmentationSettings(window_months=18)},
    ],
)
def test_without_a_whole_window_before_nothing_is_promoted_or_reviewed(given):
    """None at all; no score in it; it begins a month late; the two windows share six months."""
    table = decided(**given)
    assert set(table["proposal"]) == {"keep", "candidate", "watch"}
    assert table.loc["rises", "lacking_code"] == "year"
    assert table.loc["falls", "proposal"] == "keep"
    assert "the year before is not held whole" in table.loc["falls", "evidence"]


def test_owner_and_recorded_decision_stand_beside_the_proposal():
    accounts = pd.DataFrame({"account_id": ["rises", "falls"], "manager_name": ["I. Costa", None]})
    log = pd.DataFrame(
        {
            "account_id": ["falls", "falls", "rises", "stays"],
            "date": pd.to_datetime(["2025-01-01", "2025-09-01", "2025-10-01", "2025-09-01"]),
            "decision": ["review", "keep", "promote", "Keep"],
            "by": "board",
            "reason": ["low", "new plant", "", ""],
        }
    )
    table = decided(accounts=accounts, latest_decisions=latest_decisions(log, as_of=AS_OF))
    assert table["owner"].to_dict() == {
        account: "I. Costa" if account == "rises" else "" for account in table.index
    }
    assert table.loc["falls", ["recorded_decision", "recorded_by", "recorded_reason"]].tolist() == [
        "keep",
        "board",
        "new plant",
    ]
    assert table.loc["falls", "recorded_date"] == pd.Timestamp("2025-09-01")
    assert pd.isna(table.loc["rises", "recorded_decision"])  # taken after the as-of day
    assert table["is_overridden"].to_dict() == {
        account: account == "falls" for account in table.index
    }


def test_a_decision_is_not_argued_with_by_evidence_older_than_itself():
    """Decided on 25 Sep; the last order is of the 20th, a judgement of the 26th is newer."""
    log = pd.DataFrame(
        {
            "account_id": ["falls"],
            "date": pd.to_datetime(["2025-09-25"]),
            "decision": ["keep"],
            "by": "",
            "reason": "",
        }
    )
    table = decided(latest_decisions=latest_decisions(log, as_of=AS_OF))
    assert table.loc["falls", ["proposal", "is_overridden"]].tolist() == ["review", False]
    points = criteria(*NOW["account_id"]).assign(judged_date=pd.Timestamp("2025-09-26"))
    newer = decided_with(points, latest_decisions=latest_decisions(log, as_of=AS_OF))
    assert newer.loc["falls", "is_overridden"]


def test_promotion_names_the_risk_of_comparable_accounts():
    risk = pd.DataFrame(
        {
            "band": ["all", "just above the line", "clear of the line"],
            "horizon_years": 1,
            "risk_share": [0.3, 0.5, 0.25],
            "risk_low": [0.2, 0.4, 0.1],
            "risk_high": [0.4, 0.6, 0.45],
            "account_count": [30, 10, 20],
        }
    )
    told = decided(risk=risk).loc["rises", "evidence"].replace("\u00a0", " ")
    assert told.endswith(
        "Of 20 accounts clear of the line in past years, 25 % were below it a year later (10 % to "
        "45 %)."
    )


def test_decisions_do_not_depend_on_row_order():
    points = criteria(*reversed(NOW["account_id"].tolist()))
    shuffled = decided_with(
        points, NOW.sample(frac=1, random_state=1), BEFORE.sample(frac=1, random_state=1)
    )
    pd.testing.assert_frame_equal(decided(), shuffled)


def test_the_title_counts_the_decisions():
    watch = pd.DataFrame({"proposal": ["watch"]})
    assert decisions_title(watch) == "No decision to take, no key account kept"


def test_watch_list_by_hand():
    revenue = pd.DataFrame({"account_id": ["near"], "measure": ["revenue"], "value": [900.0]})
    table = watch_list(decided().reset_index(), pd.concat([MEASURES, revenue])).set_index(
        "account_id"
    )
    assert table["proposal"].to_dict() == {
        "rises": "promote",
        "arrives": "candidate",
        "near": "watch",
    }
    near = ["below_line_share", "growth", "regularity_share", "revenue"]
    assert table.loc["near", near].tolist() == [0.1, 0.18, 0.92, 900.0]
    assert watch_list(decided().reset_index().head(0), MEASURES).empty


def sub_scores(**rows):
    return pd.DataFrame(
        [(a, a.title(), False, *pair) for a, pair in rows.items()],
        columns=["account_id", "name", "is_key", "attractiveness_score", "strength_score"],
    )


HELD = {"as_of": pd.Timestamp("2025-12-31"), "first_date": pd.Timestamp("2024-01-15")}


def test_no_quadrant_is_compared_with_a_window_that_is_not_held_whole():
    """The data begin a month into the window of a year ago: nobody has moved, and it is said."""
    now, ago = sub_scores(a=(9.0, 9.0), b=(2.0, 9.0)), sub_scores(a=(2.0, 2.0), b=(2.0, 9.0))
    now, ago = now.assign(is_key=True), ago.assign(is_key=True)
    assert attractiveness_strength(now, ago, **HELD)["is_moved"].tolist() == [True, False]
    late = HELD | {"first_date": pd.Timestamp("2024-02-01")}
    table = attractiveness_strength(now, ago, **late)
    assert not table["is_moved"].any() and table["year_ago_quadrant"].isna().all()
    untold = "Who changed quadrant cannot be told: the window of a year ago is not held whole"
    assert table_attractiveness_strength(table).title == untold
    own = pd.DataFrame({"is_provisional": [False]})
    assert chart_attractiveness_strength(table, own).title == "1 of 2 key accounts is strategic"
    largest = own.assign(is_provisional=True)
    told = chart_attractiveness_strength(table, largest)
    assert told.title == "1 of 2 large accounts is strategic"
    assert "key account" not in told.subtitle + told.alt
    years = {"first_date": pd.Timestamp("2023-01-31")}
    own = SegmentationSettings(window_months=24)
    assert attractiveness_strength(now, ago, **HELD | years, segmentation=own)["is_moved"].any()
    assert not attractiveness_strength(now, ago, **HELD, segmentation=own)["is_moved"].any()


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (6.5, "Scores of Q3 2025 beside those of Q3 2024"),
        (math.nan, "Scores of Q3 2025; a year ago cannot be told"),
    ],
)
def test_decisions_stand_beside_a_year_ago_only_where_it_is_known(ago, said):
    table = pd.DataFrame({"proposal": ["keep"], "year_ago_score": [ago]})
    span = parse_period("2025-Q3")
    assert table_tier_decisions(table, span=span, year_ago_span=span.year_ago()).subtitle == said


def test_quadrants_now_and_a_year_ago():
    now = sub_scores(a=(5.5, 5.5), b=(9.0, 5.4), c=(5.4, 9.0), d=(2.0, 2.0), e=(7.0, math.nan))
    ago = sub_scores(a=(5.4, 5.4), b=(9.0, 5.0), c=(math.nan, 3.0))
    table = attractiveness_strength(now, ago, **HELD).set_index("account_id")
    assert table["quadrant"].to_dict() == {
        "a": "strategic",
        "b": "star",
        "c": "status",
        "d": "streamline",
    }
    assert table["year_ago_quadrant"].dropna().to_dict() == {"a": "streamline", "b": "star"}
    assert table["is_moved"].to_dict() == {"a": True, "b": False, "c": False, "d": False}
    alone = attractiveness_strength(now, None, **HELD)
    assert not alone["is_moved"].any() and alone.columns.tolist() == ["account_id", *table.columns]


PROSPECTS = pd.DataFrame(
    {
        "prospect_id": ["P1", "P2", "P3", "P4", "P5", "P6"],
        "name": ["Strong", "Weak hand", "Unknown", "Middling", "Small", "No budget known"],
        "need": [8, 9, 9, 7, 9, 7],
        "solvency": [7, 9, 9, 6, 9, 7],
        "authority": [9, 4, math.nan, 7, 9, 7],
        "budget": [120_000, 500_000, 90_000, 80_000, 40_000, math.nan],
        "source": ["trade press"] * 6,
    }
)


def test_prospects_by_the_three_ps():
    classes = pd.DataFrame({"account_id": ["a", "b", "c"], "revenue": [80_000.0, 90_000.0, 0.0]})
    table = prospect_ranking(PROSPECTS, classes, key_accounts("a", "c"))
    table = table.join(tell_prospect_ranking(table)).set_index("prospect_id")
    assert table.index.tolist() == ["P3", "P5", "P1", "P2", "P6", "P4"]
    assert table["score"].round(3).tolist() == [9, 9, 8, 7.333, 7, 6.667]
    assert table["rank"].tolist() == [1, 1, 3, 4, 5, 6]
    assert table["proposed_owner"].to_dict() == {
        "P3": "business developer",
        "P5": "business developer",
        "P1": "key account manager",
        "P2": "business developer",
        "P6": "key account manager",
        "P4": "business developer",
    }
    rules = table["owner_rule"].str.replace("\u00a0", " ")
    assert (
        rules["P1"]
        == "mean of the three Ps 8.0: 7 or more, none below 5; budget 120 k: at least 80.0 k, the "
        "smallest key account"
    )
    assert rules["P2"] == "authority 4: below 5"
    assert rules["P3"] == "authority not judged yet: a business developer finds out first"
    assert rules["P4"] == "mean of the three Ps 6.7: below 7"
    assert rules["P5"] == "budget 40.0 k: below 80.0 k, the smallest key account"
    assert rules["P6"] == "mean of the three Ps 7.0: 7 or more, none below 5; budget not known"
    assert table.loc["P3", "completeness_share"] == pytest.approx(2 / 3)


def test_prospects_without_a_budget_to_meet_and_none_at_all():
    table = by_name(prospect_ranking, PROSPECTS)
    assert tell_prospect_ranking(table)["owner_rule"].str.endswith("none below 5").sum() == 2
    table = table.set_index("prospect_id")
    assert table.loc["P5", "proposed_owner"] == "key account manager"
    assert by_name(prospect_ranking, PROSPECTS.head(0)).empty


def test_findings_say_what_to_do_and_what_cannot_be_known():
    risk = pd.DataFrame(
        {
            "band": ["all"],
            "horizon_years": [1],
            "risk_share": [math.nan],
            "risk_low": [math.nan],
            "risk_high": [math.nan],
            "note": ["not enough history: no account can be followed"],
        }
    )
    line = pd.DataFrame(
        {
            "top_n": [3],
            "min_score": [math.nan],
            "scored_count": [9],
            "key_count": [4],
            "key_below_count": [3],
        }
    )
    stability = pd.DataFrame(
        {
            "account_id": ["stays", "rises", "arrives"],
            "name": ["Stays", "Rises", "Arrives"],
            "is_above_line": True,
            "above_line_share": [1.0, 0.95, 0.6],
        }
    )
    matrix = attractiveness_strength(sub_scores(a=(9.0, 9.0)), None, **HELD)
    review = pd.DataFrame(
        {"criterion": ["growth"], "later_outcome": ["retention"], "verdict": ["foretold"]}
    )
    coverage = pd.DataFrame(
        {
            "criterion": ["margin rate"],
            "scored_count": [0],
            "missing_count": [9],
            "note_code": ["no_cost"],
        }
    )
    found = headline(
        decided().reset_index(),
        admission_line=line,
        score_stability=stability,
        attractiveness_strength=matrix,
        criterion_review=review,
        told_demotion_risk=risk,
        criterion_coverage=coverage,
    )
    said = "\n".join(one.text for one in found)
    for part in (
        "Promote Rises: above the line now and a year ago",
        "Review Falls: below the line",
        "1 candidate above the line: Arrives.",
        "Watch Near: regular, growing",
        "3 of 4 key accounts are below the line (the 3 highest scores).",
        "2 of 3 places above the line hold in at least 90 % of plausible weightings; least sure: "
        "Arrives.",
        "The risk of a later demotion cannot be told: not enough history",
        "Growth foretold retention",
        "Not scored for anyone: margin rate (no cost in the orders).",
    ):
        assert part in said
    assert all(one.link.startswith("#") for one in found)
