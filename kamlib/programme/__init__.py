"""The programme review: who carries what, what it brings, what it lacks, and whether it pays."""

from kamlib.programme.assignment import assignment_changes, assignment_loads, proposed_assignment
from kamlib.programme.competence import competence, training_needs
from kamlib.programme.coverage import (
    coverage,
    coverage_summary,
    objectives_review,
    objectives_tally,
)
from kamlib.programme.decisions import decision_log
from kamlib.programme.engagement import engagement_trend, programme_engagement
from kamlib.programme.findings import programme_findings, programme_limits, programme_missing
from kamlib.programme.payback import programme_payback
from kamlib.programme.readiness import readiness
from kamlib.programme.returns import programme_effect, programme_return, programme_verdict
from kamlib.programme.targets import PROGRAMME, account_targets, as_one_account, programme_owed
from kamlib.programme.workload import account_load, manager_dependence, workload

__all__ = [
    "PROGRAMME",
    "account_load",
    "account_targets",
    "as_one_account",
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
    "programme_effect",
    "programme_engagement",
    "programme_findings",
    "programme_limits",
    "programme_missing",
    "programme_owed",
    "programme_payback",
    "programme_return",
    "programme_verdict",
    "proposed_assignment",
    "readiness",
    "training_needs",
    "workload",
]
