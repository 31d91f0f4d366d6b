"""The whole scoring from orders to charts: titles state the finding, for tiny, usual and large books."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("svg")

from kamlib.book.criteria import BUILT_IN_CRITERIA as CRITERIA
from kamlib.period.calendar import trailing_months
from kamlib.plots import scoring as draw
from kamlib.scoring import (
    account_scores,
    admission_line,
    admission_rule,
    attractiveness_strength,
    criterion_coverage,
    criterion_history,
    criterion_measures,
    criterion_review,
    criterion_scores,
    decision_actions,
    demotion_risk,
    later_outcomes,
    past_year_ends,
    prospect_ranking,
    score_history,
    score_stability,
    scoring_findings,
    scoring_limits,
    tier_decisions,
    watch_list,
)
from kamlib.tables import empty_table

AS_OF, BEFORE, AGO = (pd.Timestamp(day) for day in ("2025-12-31", "2025-09-30", "2024-12-31"))


def orders(revenue):
    """Activity months of an account × month grid; zero is a month without an order."""
    months = trailing_months(AS_OF, revenue.shape[1])
    account, month = np.nonzero(revenue)
    ids = pd.Series([f"A{k:04d}" for k in account], dtype="str")
    amount = revenue[account, month].round(2)
    return pd.DataFrame(
        {"account_id": ids, "month": months[month], "revenue": amount, "cost": np.nan, "order_count": 1, "order_day_count": 1}
    )  # fmt: skip


def usual(count, seed=1):
    rng = np.random.default_rng(seed)
    grid = np.exp(
        rng.normal(6, 1, (count, 1))
        + rng.normal(0, 0.4, (count, 60))
        + rng.normal(0, 0.02, (count, 1)) * np.arange(60)
    )
    return orders(grid * (rng.random((count, 60)) < rng.uniform(0.2, 1, (count, 1))))


def everything(months, key_count):
    """All tables of the page, from orders alone."""
    largest = (
        months[months["month"] > AGO]
        .groupby("account_id")["revenue"]
        .sum()
        .nlargest(key_count)
        .index
    )
    keys = pd.DataFrame({"account_id": largest, "is_key": True})
    rule = admission_rule(keys)

    def scored(day):
        measures = criterion_measures(months, key_accounts=keys, as_of=day)
        points = criterion_scores(measures, criteria=CRITERIA, as_of=day)
        return measures, points, account_scores(points, keys, rule=rule)

    (measures, points, scores), (_, _, then), (_, _, ago) = (
        scored(AS_OF),
        scored(BEFORE),
        scored(AGO),
    )
    ends = past_year_ends(months, as_of=AS_OF)
    past = criterion_history(months, criteria=CRITERIA, as_ofs=ends)
    history = score_history(past, rule=rule)
    tables = {
        "scores": scores, "points": points, "stability": score_stability(points, scores, rule=rule, draws=500),
        "matrix": attractiveness_strength(scores, ago), "risk": demotion_risk(history),
        "review": criterion_review(past, history, later_outcomes(months, as_ofs=ends, as_of=AS_OF)),
        "coverage": criterion_coverage(points, criteria=CRITERIA),
    }  # fmt: skip
    tables["decisions"] = tier_decisions(
        scores, then, points, measures, demotion_risk=tables["risk"], as_of=AS_OF
    )
    tables["watch"] = watch_list(tables["decisions"], measures)
    tables["findings"] = scoring_findings(
        tables["decisions"], admission_line(scores, rule=rule), tables["stability"], tables["matrix"], tables["review"],
        tables["risk"], tables["coverage"], is_built_in=True,
    )  # fmt: skip
    tables["limits"] = scoring_limits(
        tables["coverage"],
        then,
        ago,
        tables["risk"],
        tables["review"],
        prospect_ranking(empty_table("prospects")),
        rule=rule,
    )
    return tables


def charts(tables):
    drawn = {
        "scores": draw.plot_account_scores(tables["scores"], tables["points"], tables["stability"]),
        "matrix": draw.plot_attractiveness_strength(tables["matrix"]),
        "risk": draw.plot_demotion_risk(tables["risk"]),
        "review": draw.plot_criterion_review(tables["review"]),
    }
    titles = {name: " ".join(ax.get_title(loc="left").split()) for name, ax in drawn.items()}
    marks = {name: len(ax.patches) + len(ax.texts) + len(ax.lines) for name, ax in drawn.items()}
    subtitles = {
        name: " ".join(text.get_text() for text in ax.texts).replace("\n", " ")
        for name, ax in drawn.items()
    }
    for ax in drawn.values():
        ax.figure.canvas.draw()
        mpl.pyplot.close(ax.figure)
    return titles, marks, subtitles


@pytest.mark.parametrize("count", [5, 400])
def test_titles_state_what_the_tables_hold(count):
    tables = everything(usual(count), key_count=4)
    titles, marks, subtitles = charts(tables)
    above = tables["stability"][tables["stability"]["is_above_line"]]
    firm = int(above["above_line_share"].ge(0.9).sum())
    assert titles["scores"].startswith(f"{firm} of {len(above)} places above the line")
    strategic = int(
        (tables["matrix"]["is_key"] & tables["matrix"]["quadrant"].eq("strategic")).sum()
    )
    assert titles["matrix"].startswith(f"{strategic} of 4 key accounts")
    assert "a year later" in titles["risk"] or titles["risk"].startswith("Not enough history")
    assert max(marks.values()) < 400  # no mark per account
    if count > 30:
        scored = int(tables["scores"]["score"].notna().sum())
        assert f"30 of {scored} accounts, around the line" in subtitles["scores"]


def test_a_book_of_one_order_says_what_it_cannot_do():
    grid = np.zeros((1, 12))
    grid[0, -1] = 100
    tables = everything(orders(grid), key_count=1)
    titles, _, _ = charts(tables)
    assert titles["scores"] == "No account can be scored"
    assert titles["matrix"] == "No account has both sub-scores"
    assert titles["risk"].startswith("Not enough history")
    assert titles["review"].startswith(
        "Whether the criteria foretell growth or loyalty cannot be told"
    )
    assert tables["decisions"]["decision"].tolist() == ["keep"]
    assert tables["watch"].empty and decision_actions(tables["decisions"]) == []
    said = " ".join(one.text for one in tables["findings"])
    assert "No account can be scored in this period." in said and "Not scored for anyone" in said
    assert {
        "promotions and reviews",
        "moves between the quadrants",
        "demotion risk",
        "prospects",
    } <= set(tables["limits"]["missing"])


def test_no_order_at_all_is_no_error():
    grid = np.zeros((1, 12))
    grid[0, 0] = 1
    months = orders(grid)
    tables = everything(months[months["month"] > AS_OF], key_count=0)
    titles, _, _ = charts(tables)
    assert titles["scores"] == "No account can be scored" and tables["decisions"].empty


def test_actions_carry_their_evidence_and_owner():
    tables = everything(usual(60), key_count=6)
    actions = decision_actions(tables["decisions"], most=3)
    assert [one.changed for one in actions] == tables["decisions"]["evidence"].head(3).tolist()
    assert all(one.to_do.split()[0] in ("Promote", "Review", "Wait", "Watch") for one in actions)
