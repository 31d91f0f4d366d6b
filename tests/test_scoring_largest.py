"""What a place above the line owes to one order, by hand."""

import math

import pandas as pd

from kamlib.book import ScoringSettings
from kamlib.book.criteria import Anchor, Criterion
from kamlib.period.months import trailing_months
from kamlib.scoring import (
    AdmissionRule,
    criterion_measures,
    criterion_scores,
    largest_order_scores,
    score_grid,
)
from kamlib.scoring.scores import ranked

from .scoring import by_name, key_accounts

AS_OF = pd.Timestamp("2025-12-31")
MONTHS = trailing_months(AS_OF, 24)
RULE = AdmissionRule(min_score=5)
GROWTH = Criterion(
    name="growth", weight=1.0, measure="growth", anchors=(Anchor(score=9, limit=0.1),)
)
SCORING = ScoringSettings.model_construct(criteria=(GROWTH,))


def months_of(account, year_before, year, last=None):
    """So much a month in the year before and in the year, and in the last month."""
    revenue = [year_before] * 12 + [year] * 11 + [year if last is None else last]
    return pd.DataFrame(
        {"account_id": account, "month": MONTHS, "revenue": revenue, "cost": math.nan,
         "order_count": 1, "order_day_count": 1}
    )  # fmt: skip


def test_an_account_above_the_line_by_one_order_is_not_above_it_without():
    """1,200 the year before. ``one``: 11 × 100 + 1,000 = 2,100, up 75 %, score 9; without the 1,000
    1,100, down 8 %, score 1. ``even``: 12 × 150 = 1,800, up 50 %; without one of them 1,650, up
    37.5 %. ``alone`` has one order in the window and none is left. ``down`` is below the line.
    """
    months = pd.concat(
        [
            months_of("one", 100.0, 100.0, last=1000.0),
            months_of("even", 100.0, 150.0),
            months_of("down", 100.0, 90.0),
            months_of("alone", 10.0, 0.0, last=500.0).query("revenue > 0"),
        ]
    )
    measures = by_name(
        criterion_measures, account_months=months, key_accounts=key_accounts(), as_of=AS_OF
    )
    scores = by_name(criterion_scores, measures, as_of=AS_OF, scoring=SCORING)
    scores = ranked(score_grid(scores), RULE)
    is_above = scores.set_index("account_id")["is_above_line"]
    assert is_above.to_dict() == {"alone": True, "even": True, "one": True, "down": False}
    found = by_name(
        largest_order_scores,
        account_scores=scores,
        account_days=months.rename(columns={"month": "date"}),
        account_months=months,
        key_accounts=key_accounts(),
        admission_rule=RULE,
        as_of=AS_OF,
        scoring=SCORING,
    ).set_index("account_id")
    assert found["largest_order"].to_dict() == {"alone": 500.0, "even": 150.0, "one": 1000.0}
    assert found["score_without"].dropna().to_dict() == {"even": 9.0, "one": 1.0}
    assert found["is_above_without"].to_dict() == {"alone": False, "even": True, "one": False}
    assert found.loc["one", "largest_order_date"] == AS_OF
