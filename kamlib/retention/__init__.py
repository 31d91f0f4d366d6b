"""Retention: who is lost, who is leaving, why, and who can be won back."""

from kamlib.retention.alarm import alarm_cases, alarm_dates, alarm_outcomes, alarm_quality
from kamlib.retention.bridge import (
    account_bridge,
    retention_figures,
    retention_rates,
    revenue_bridge,
)
from kamlib.retention.causes import leaving_cases, leaving_causes, recent_lateness
from kamlib.retention.cohorts import cohort_retention, cohort_retention_by_year
from kamlib.retention.day_sums import DaySums, day_sums
from kamlib.retention.engagement import engagement, engagement_series, overdue_checkins
from kamlib.retention.findings import finding_accounts, retention_findings
from kamlib.retention.losses import (
    detection_lag,
    loss_directions,
    loss_dynamics,
    lost_accounts,
    recorded_losses,
)
from kamlib.retention.mistakes import incident_trend, loss_reasons
from kamlib.retention.returns import SeenLosses, return_rates, return_record, seen_losses
from kamlib.retention.risk import risk_changes
from kamlib.retention.seasons import account_seasons
from kamlib.retention.silences import Silences, silences
from kamlib.retention.status import (
    account_status,
    closed_spells,
    lost_spells,
    past_gaps,
    spell_dates,
    usual_gaps,
)
from kamlib.retention.survival import (
    account_lifetimes,
    survival,
    survival_by_class,
    survival_by_industry,
    survival_by_manager,
    survival_medians,
    survival_tests,
)
from kamlib.retention.win_back import win_back

__all__ = [
    "DaySums",
    "SeenLosses",
    "Silences",
    "account_bridge",
    "account_lifetimes",
    "account_seasons",
    "account_status",
    "alarm_cases",
    "alarm_dates",
    "alarm_outcomes",
    "alarm_quality",
    "closed_spells",
    "cohort_retention",
    "cohort_retention_by_year",
    "day_sums",
    "detection_lag",
    "engagement",
    "engagement_series",
    "finding_accounts",
    "incident_trend",
    "leaving_cases",
    "leaving_causes",
    "loss_directions",
    "loss_dynamics",
    "loss_reasons",
    "lost_accounts",
    "lost_spells",
    "overdue_checkins",
    "past_gaps",
    "recent_lateness",
    "recorded_losses",
    "retention_figures",
    "retention_findings",
    "retention_rates",
    "return_rates",
    "return_record",
    "revenue_bridge",
    "risk_changes",
    "seen_losses",
    "silences",
    "spell_dates",
    "survival",
    "survival_by_class",
    "survival_by_industry",
    "survival_by_manager",
    "survival_medians",
    "survival_tests",
    "usual_gaps",
    "win_back",
]
