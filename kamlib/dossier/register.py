"""Every account plan together: what is in them, what is overdue, what they plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kamlib.book import ProgrammeSettings
from kamlib.dossier.objectives import action_rows, objective_rows
from kamlib.dossier.plans import Plan, PlanReading, plan_parts, plan_reading
from kamlib.period.calendar import Span, period_of
from kamlib.tables import empty_table, shaped

_MONTH_DAYS = 365.25 / 12


def plan_register(
    measured_objectives: pd.DataFrame | None = None,
    *,
    plans: dict[str, Path],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per plan file: its age, how much of it is filled, what is overdue, kept and missed.

    Filled counts the plan's 17 parts: summary, rhythm, next meeting, six texts on the account, four
    quadrants of the SWOT, objectives, actions, offer, contact card. A broken plan is a row with its
    problem.

    Examples
    --------
    >>> plan_register(plans={}, as_of=pd.Timestamp("2025-09-30")).empty
    True
    """
    read = readings(plans)
    known = [reading.plan for reading in read.values() if reading.plan]
    nobody, before = empty_table("managers"), period_of(as_of).previous()
    steps = objective_rows("plan_steps", known, nobody, as_of, before, measured_objectives)
    actions = action_rows(known, nobody, as_of, before)
    rows = []
    for account, reading in read.items():
        row = {"problem": ""} if reading.plan is None else _entry(reading.plan, as_of)
        if reading.problem:
            row["problem"] = f"{reading.problem.what} {reading.problem.next}"
        rows.append({"account_id": account, **row})
    table = pd.DataFrame(rows)
    counted = {
        "objective_count": steps,
        "overdue_objective_count": steps[steps["status"].eq("overdue")],
        "kept_count": steps[steps["status"].eq("kept")],
        "missed_count": steps[steps["status"].eq("missed")],
        "overdue_action_count": actions[actions["status"].eq("overdue")],
    }
    for name, some in counted.items() if rows else ():
        table[name] = table["account_id"].map(some["account_id"].value_counts()).fillna(0)
    return shaped("plan_register", table)


def _entry(plan: Plan, as_of: pd.Timestamp) -> dict:
    parts = plan_parts(plan)
    age = max((as_of - pd.Timestamp(plan.updated)).days, 0) if plan.updated else None
    return {
        "updated_date": plan.updated,
        "age_days": age,
        "filled_share": sum(parts.values()) / len(parts),
        "next_meeting_date": plan.relationship.next_meeting,
        "problem": "",
    }


def plan_steps(
    managers: pd.DataFrame,
    measured_objectives: pd.DataFrame | None = None,
    *,
    plans: dict[str, Path],
    as_of: pd.Timestamp,
    previous_span: Span,
) -> pd.DataFrame:
    """One row per objective of every plan that can be read: account by account, overdue ones first.

    The rules are those of `plan_objectives`.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.plan_steps["status"].unique())
    ['kept', 'open', 'overdue']
    """
    read = [reading.plan for reading in readings(plans).values() if reading.plan]
    return objective_rows("plan_steps", read, managers, as_of, previous_span, measured_objectives)


def contact_rhythms(
    accounts: pd.DataFrame,
    *,
    plans: dict[str, Path],
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per account: the days between planned contacts, and who says so.

    The account plan goes first, then the account's own ``contact_every_days``, then the book's
    default.

    Examples
    --------
    >>> accounts = shaped("accounts", {"account_id": ["A", "B"],
    ...     "contact_every_days": [15.0, None]})
    >>> contact_rhythms(accounts, plans={})[["contact_every_days", "rhythm_source"]].values.tolist()
    [[15.0, 'account'], [30.0, 'default']]
    """
    planned = {
        account: _MONTH_DAYS / rhythm
        for account, reading in readings(plans).items()
        if reading.plan and (rhythm := reading.plan.relationship.rhythm)
    }
    plan = accounts["account_id"].map(planned).astype("float64")
    own = accounts["contact_every_days"].astype("float64")
    own = own.where(own.gt(0))
    table = accounts[["account_id"]].assign(
        contact_every_days=plan.fillna(own).fillna(programme.contact_every_days),
        rhythm_source=np.select([plan.notna(), own.notna()], ["plan", "account"], "default"),
    )
    return shaped("contact_rhythms", table)


def readings(plans: dict[str, Path]) -> dict[str, PlanReading]:
    """Return what came of reading each plan, by account id."""
    return {account: plan_reading(plans=plans, account_id=account) for account in sorted(plans)}
