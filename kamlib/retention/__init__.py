"""Retention: who is lost, who is leaving, why, and who can be won back."""

from kamlib.retention.alarm import alarm_dates, alarm_outcomes, alarm_quality
from kamlib.retention.bridge import (
    account_bridge,
    retention_figures,
    retention_rates,
    revenue_bridge,
)
from kamlib.retention.causes import leaving_cases, leaving_causes
from kamlib.retention.cohorts import cohort_retention
from kamlib.retention.engagement import engagement, engagement_series, overdue_checkins
from kamlib.retention.findings import retention_findings, retention_sentences
from kamlib.retention.losses import detection_lag, loss_directions, loss_dynamics, lost_accounts
from kamlib.retention.mistakes import incident_trend, loss_reasons
from kamlib.retention.status import account_status, lost_spells, usual_gaps
from kamlib.retention.survival import account_lifetimes, survival, survival_medians, survival_test
from kamlib.retention.win_back import return_rates, win_back

__all__ = [
    "account_bridge",
    "account_lifetimes",
    "account_status",
    "alarm_dates",
    "alarm_outcomes",
    "alarm_quality",
    "cohort_retention",
    "detection_lag",
    "engagement",
    "engagement_series",
    "incident_trend",
    "leaving_cases",
    "leaving_causes",
    "loss_directions",
    "loss_dynamics",
    "loss_reasons",
    "lost_accounts",
    "lost_spells",
    "overdue_checkins",
    "retention_figures",
    "retention_findings",
    "retention_rates",
    "retention_sentences",
    "return_rates",
    "revenue_bridge",
    "survival",
    "survival_medians",
    "survival_test",
    "usual_gaps",
    "win_back",
]
