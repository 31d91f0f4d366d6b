"""Key account scoring: measures, scores, stability, decisions, and whether the criteria worked."""

from kamlib.scoring.decided import latest_decisions
from kamlib.scoring.decisions import candidates, tier_decisions, watch_list
from kamlib.scoring.demotion import demotion_risk
from kamlib.scoring.grid import ScoreGrid, score_grid
from kamlib.scoring.history import criterion_history, past_year_ends, score_history
from kamlib.scoring.largest import largest_order_scores
from kamlib.scoring.limits import scoring_limits
from kamlib.scoring.line import AdmissionRule, admission_line, admission_rule
from kamlib.scoring.matrix import attractiveness_strength
from kamlib.scoring.measures import criterion_measures
from kamlib.scoring.prospects import prospect_ranking
from kamlib.scoring.review import admission_review, criterion_review, later_outcomes
from kamlib.scoring.scores import account_scores, criterion_coverage, criterion_scores
from kamlib.scoring.stability import score_stability

__all__ = [
    "AdmissionRule",
    "ScoreGrid",
    "account_scores",
    "admission_line",
    "admission_review",
    "admission_rule",
    "attractiveness_strength",
    "candidates",
    "criterion_coverage",
    "criterion_history",
    "criterion_measures",
    "criterion_review",
    "criterion_scores",
    "demotion_risk",
    "largest_order_scores",
    "later_outcomes",
    "latest_decisions",
    "past_year_ends",
    "prospect_ranking",
    "score_grid",
    "score_history",
    "score_stability",
    "scoring_limits",
    "tier_decisions",
    "watch_list",
]
