"""The programme review: who carries what, what it brings, what it lacks, and whether it pays."""

from kamlib.programme.assignment import assignment_changes, assignment_loads, proposed_assignment
from kamlib.programme.comparison import placebo_comparison, programme_comparison
from kamlib.programme.competence import competence, training_needs
from kamlib.programme.coverage import coverage, coverage_summary
from kamlib.programme.decisions import decision_log
from kamlib.programme.dependence import manager_dependence
from kamlib.programme.engagement import engagement_trend, programme_engagement
from kamlib.programme.objectives import objectives_review, objectives_tally
from kamlib.programme.payback import programme_payback
from kamlib.programme.readiness import readiness, readiness_figures
from kamlib.programme.returns import programme_effect, programme_return, programme_verdict
from kamlib.programme.targets import account_targets, programme_outlook, programme_owed
from kamlib.programme.workload import account_load, workload

__all__ = [
    "account_load",
    "account_targets",
    "assignment_changes",
    "assignment_loads",
    "competence",
    "coverage",
    "coverage_summary",
    "decision_log",
    "engagement_trend",
    "manager_dependence",
    "objectives_review",
    "objectives_tally",
    "placebo_comparison",
    "programme_comparison",
    "programme_effect",
    "programme_engagement",
    "programme_outlook",
    "programme_owed",
    "programme_payback",
    "programme_return",
    "programme_verdict",
    "proposed_assignment",
    "readiness",
    "readiness_figures",
    "training_needs",
    "workload",
]
