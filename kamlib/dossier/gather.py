"""Gathering: every table of one dossier, composed from the tables of a period."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.dossier.agreements import agreement_renewals
from kamlib.dossier.brief import negotiation_brief
from kamlib.dossier.completeness import PARTS, dossier_completeness
from kamlib.dossier.figures import dossier_figures
from kamlib.dossier.findings import dossier_findings
from kamlib.dossier.history import account_timeline, category_history, category_totals, group_tree
from kamlib.dossier.money import money_owed, overdue_invoices, payment_habit
from kamlib.dossier.objectives import plan_actions, plan_objectives, plan_swot
from kamlib.dossier.opportunity import opportunity_volume, wallet, white_space
from kamlib.dossier.outlook import target_outlook
from kamlib.dossier.plan import check_plan
from kamlib.dossier.profile import account_identity, account_profile
from kamlib.dossier.service import account_incidents, promises_kept
from kamlib.dossier.stakeholders import stakeholder_map, stakeholder_roles, team_roles
from kamlib.dossier.tenders import account_competitors, pipeline, tender_record

_ACTIVITY = ("account_days", "account_months", "category_months", "deliveries")


def dossier_tables(
    data: Any,
    account_id: str,
    *,
    classes: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    status: pd.DataFrame | None = None,
    previous: dict[str, pd.DataFrame] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return every table of one account's dossier by its name.

    ``data`` is a period as notebooks get it: each of its tables an attribute. ``classes``,
    ``scores`` and ``status`` are the tables ``account_classes``, ``account_scores`` and
    ``account_status`` where they are there; ``previous`` holds the plan tables of the previous
    period. A plan that cannot be read leaves its tables empty and its problem in ``plan_problems``.
    """
    as_of, book = data.as_of, data.book
    accounts, months, categories = data.accounts, data.account_months, data.category_months
    managers, opportunities, incidents = data.managers, data.opportunities, data.incidents
    invoices = data.invoices
    own_invoices = invoices[invoices["account_id"].eq(account_id)]
    reading = check_plan(data.plans, account_id)
    earlier = data.period.previous().end
    when = {"as_of": as_of}
    progress = {**when, "previous_end": earlier, "managers": managers}
    before = previous or {}
    tables = {
        "plan_problems": reading.problems,
        "account_identity": account_identity(
            accounts, account_id, classes=classes, scores=scores, status=status
        ),
        "account_profile": account_profile(accounts, account_id, plan=reading.plan, managers=managers),
        "group_tree": group_tree(accounts, months, account_id, first_date=data.first_date, **when),
        "category_history": category_history(categories, account_id, account_months=months, **when),
        "category_totals": category_totals(
            categories, account_id, account_months=months, first_date=data.first_date, **when
        ),
        "promises_kept": promises_kept(data.deliveries, account_id, incidents=incidents, **when),
        "account_incidents": account_incidents(incidents, account_id, **when),
        "tender_record": tender_record(opportunities, account_id),
        "account_competitors": account_competitors(data.competitors, opportunities, account_id, **when),
        "pipeline": pipeline(opportunities, **when).query("account_id == @account_id").reset_index(drop=True),
        "stakeholder_map": stakeholder_map(data.contacts, account_id, interactions=data.interactions, **when),
        "stakeholder_roles": stakeholder_roles(data.contacts, account_id, **when),
        "team_roles": team_roles(data.team, account_id),
        "wallet": wallet(data.needs, categories, account_id, **when),
        "white_space": white_space(categories, accounts, account_id, classes=classes, **when),
        "opportunity_volume": opportunity_volume(
            data.needs, account_id, discount_rate=book.value.discount_rate
        ),
        "agreement_renewals": agreement_renewals(data.agreements, account_id, **when),
        "overdue_invoices": overdue_invoices(own_invoices, account_id, **when),
        "payment_habit": payment_habit(own_invoices, account_id, **when),
        "money_owed": money_owed(own_invoices, **when),
        "plan_objectives": plan_objectives(reading.plan, previous=before.get("plan_objectives"), **progress),
        "plan_actions": plan_actions(reading.plan, previous=before.get("plan_actions"), **progress),
        "plan_swot": plan_swot(reading.plan),
        "account_timeline": account_timeline(
            data.account_days, account_id, accounts=accounts, tiers=data.tiers, agreements=data.agreements,
            opportunities=opportunities, incidents=incidents, interactions=data.interactions,
            decisions=data.decisions, **when,
        ),
    }  # fmt: skip
    tables["target_outlook"] = target_outlook(
        months,
        data.targets,
        tables["pipeline"],
        account_id,
        first_month=book.fiscal_year.first_month,
        **when,
    )
    tables["dossier_figures"] = dossier_figures(
        data.account_days, months, account_id, category_totals=tables["category_totals"],
        promises=tables["promises_kept"], incidents=tables["account_incidents"], wallet=tables["wallet"],
        owed=tables["money_owed"], pipeline=tables["pipeline"], interactions=data.interactions,
        first_date=data.first_date, **when,
    )  # fmt: skip
    frames = {
        name: getattr(data, name)
        for name in (*_ACTIVITY, *(p.table for p in PARTS if p.table != "orders"))
    }
    problem = " ".join(reading.problems["problem"])
    tables["dossier_completeness"] = dossier_completeness(
        frames, account_id, plan=reading.plan, plan_problem=problem, **when
    )
    tables["negotiation_brief"] = negotiation_brief(
        tables, account_id, plan=reading.plan, book=book, **when
    )
    tables["dossier_findings"] = dossier_findings(tables, account_id, book=book, **when)
    return tables
