"""The account dossier: what a key account manager carries into the room."""

from kamlib.dossier.agreements import agreement_renewals
from kamlib.dossier.brief import negotiation_brief
from kamlib.dossier.completeness import dossier_completeness
from kamlib.dossier.figures import dossier_figures
from kamlib.dossier.findings import dossier_findings
from kamlib.dossier.gather import dossier_tables
from kamlib.dossier.history import account_timeline, category_history, category_totals, group_tree
from kamlib.dossier.money import money_owed, overdue_invoices, payment_habit
from kamlib.dossier.objectives import plan_actions, plan_objectives, plan_register, plan_swot
from kamlib.dossier.opportunity import opportunity_volume, wallet, white_space
from kamlib.dossier.outlook import target_outlook
from kamlib.dossier.plan import Plan, PlanReading, check_plan, read_plan
from kamlib.dossier.profile import account_identity, account_profile, known_account, largest_account
from kamlib.dossier.service import account_incidents, promises_kept
from kamlib.dossier.show import (
    brief_points,
    dossier_cards,
    finding_sentences,
    gap_note,
    indented,
    outlook_title,
    profile_points,
    swot_points,
    volume_title,
)
from kamlib.dossier.stakeholders import stakeholder_map, stakeholder_roles, team_roles
from kamlib.dossier.tenders import account_competitors, pipeline, tender_record

__all__ = [
    "Plan",
    "PlanReading",
    "account_competitors",
    "account_identity",
    "account_incidents",
    "account_profile",
    "account_timeline",
    "agreement_renewals",
    "brief_points",
    "category_history",
    "category_totals",
    "check_plan",
    "dossier_cards",
    "dossier_completeness",
    "dossier_figures",
    "dossier_findings",
    "dossier_tables",
    "finding_sentences",
    "gap_note",
    "group_tree",
    "indented",
    "known_account",
    "largest_account",
    "money_owed",
    "negotiation_brief",
    "opportunity_volume",
    "outlook_title",
    "overdue_invoices",
    "payment_habit",
    "pipeline",
    "plan_actions",
    "plan_objectives",
    "plan_register",
    "plan_swot",
    "profile_points",
    "promises_kept",
    "read_plan",
    "stakeholder_map",
    "stakeholder_roles",
    "swot_points",
    "target_outlook",
    "team_roles",
    "tender_record",
    "volume_title",
    "wallet",
    "white_space",
]
