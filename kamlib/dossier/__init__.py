"""The account dossier: what a key account manager carries into the room."""

from kamlib.dossier.agreements import agreement_renewals
from kamlib.dossier.brief import negotiation_brief
from kamlib.dossier.completeness import dossier_completeness
from kamlib.dossier.figures import dossier_figures
from kamlib.dossier.findings import dossier_findings
from kamlib.dossier.history import category_history, category_totals, group_tree
from kamlib.dossier.money import money_owed, overdue_invoices, payment_habit
from kamlib.dossier.objectives import plan_actions, plan_objectives, plan_swot
from kamlib.dossier.opportunity import opportunity_volume, wallet, white_space
from kamlib.dossier.outlook import target_outlook
from kamlib.dossier.plans import Plan, PlanReading, plan_problems, plan_reading, read_plan
from kamlib.dossier.profile import account_identity, account_profile
from kamlib.dossier.register import contact_rhythms, plan_register, plan_steps
from kamlib.dossier.service import account_incidents, promises_kept
from kamlib.dossier.stakeholders import stakeholder_map, stakeholder_roles, team_roles
from kamlib.dossier.tenders import account_competitors, pipeline, tender_record
from kamlib.dossier.timeline import account_timeline

__all__ = [
    "Plan",
    "PlanReading",
    "account_competitors",
    "account_identity",
    "account_incidents",
    "account_profile",
    "account_timeline",
    "agreement_renewals",
    "category_history",
    "category_totals",
    "contact_rhythms",
    "dossier_completeness",
    "dossier_figures",
    "dossier_findings",
    "group_tree",
    "money_owed",
    "negotiation_brief",
    "opportunity_volume",
    "overdue_invoices",
    "payment_habit",
    "pipeline",
    "plan_actions",
    "plan_objectives",
    "plan_problems",
    "plan_reading",
    "plan_register",
    "plan_steps",
    "plan_swot",
    "promises_kept",
    "read_plan",
    "stakeholder_map",
    "stakeholder_roles",
    "target_outlook",
    "team_roles",
    "tender_record",
    "wallet",
    "white_space",
]
