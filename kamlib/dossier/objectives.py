"""Objectives, actions and SWOT of the account plan, with their progress."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from kamlib.dossier.plans import Action, Objective, Plan
from kamlib.period.calendar import Span
from kamlib.tables import shaped

State = tuple[float, float | None]
"""How far a step is, and was at the end of the period before."""
_PLACE = {"overdue": 0, "open": 1, "kept": 2, "missed": 3}


def plan_objectives(
    plan: Plan | None,
    managers: pd.DataFrame,
    measured_objectives: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
) -> pd.DataFrame:
    """One row per objective: overdue ones first, the longest overdue on top.

    *kept*: done in full; *missed*: closed before it was done in full; *overdue*: open past its due
    day. Where the plan logs ``progress``, the state as of a day is the latest entry up to that day,
    so the change since the previous period is known; else it is ``done``, and no change is known.
    What is measured from data (`measured_objectives`) is as far as its value is of its target.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.plan_objectives["status"].unique().tolist()
    ['overdue', 'open']
    """
    plans = [plan] if plan else []
    return objective_rows(
        "plan_objectives", plans, managers, as_of, previous_span, measured_objectives
    )


def objective_rows(
    table: str,
    plans: list[Plan],
    managers: pd.DataFrame,
    as_of: pd.Timestamp,
    before: Span,
    measured: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the objectives of plans, as the table of that name."""
    names, reached = manager_names(managers), _reached(measured)
    rows = []
    for plan in plans:
        for objective in plan.objectives:
            closed = objective.closed
            is_closed = closed is not None and pd.Timestamp(closed) <= as_of
            target = objective.target
            state = reached.get((plan.account_id, objective.id)) or _said(objective, as_of, before)
            row = _step(objective, plan.account_id, names, as_of, state, is_closed=is_closed) | {
                "objective_id": objective.id,
                "kind": objective.kind,
                "target": f"{target:,.10g}" if isinstance(target, float) else target or "",
                "expected_value": objective.expected_value,
                "closed_date": closed if is_closed else None,
                "lesson": objective.lesson,
            }
            rows.append(row)
    return _ordered(table, rows, "objective_id")


def plan_actions(
    plan: Plan | None, managers: pd.DataFrame, *, as_of: pd.Timestamp, previous_span: Span
) -> pd.DataFrame:
    """One row per action: overdue ones first, the longest overdue on top.

    An action is *overdue*, *open* or *kept*, by the rules of `plan_objectives`.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.plan_actions["status"].unique().tolist()
    ['overdue', 'open', 'kept']
    """
    return action_rows([plan] if plan else [], managers, as_of, previous_span)


def action_rows(
    plans: list[Plan], managers: pd.DataFrame, as_of: pd.Timestamp, before: Span
) -> pd.DataFrame:
    """Return the actions of plans, as the table ``plan_actions``."""
    names = manager_names(managers)
    rows = [
        _step(action, plan.account_id, names, as_of, _said(action, as_of, before), is_closed=False)
        | {"action_id": action.id, "objective_id": action.objective}
        for plan in plans
        for action in plan.actions
    ]
    return _ordered("plan_actions", rows, "action_id")


def plan_swot(plan: Plan | None) -> pd.DataFrame:
    """One row per entry of the SWOT: strengths, weaknesses, opportunities, threats.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.plan_swot.columns.tolist()
    ['account_id', 'quadrant', 'position', 'text']
    """
    rows = (
        [
            {"account_id": plan.account_id, "quadrant": quadrant, "position": i, "text": text}
            for quadrant in ("strengths", "weaknesses", "opportunities", "threats")
            for i, text in enumerate(getattr(plan.swot, quadrant), start=1)
        ]
        if plan
        else []
    )
    return shaped("plan_swot", rows)


def _step(
    step: Objective | Action,
    account_id: str,
    names: dict[str, Any],
    as_of: pd.Timestamp,
    state: State,
    *,
    is_closed: bool,
) -> dict:
    due, (done, earlier) = pd.Timestamp(step.due), state
    late = "overdue" if due < as_of else "open"
    status = "kept" if done >= 1 else "missed" if is_closed else late
    return {
        "account_id": account_id,
        "status": status,
        "horizon": step.horizon,
        "text": step.text,
        "owner": names.get(step.owner, step.owner),
        "due_date": due,
        "overdue_days": float((as_of - due).days) if status == "overdue" else None,
        "done_share": done,
        "previous_done_share": earlier,
        "done_change": None if earlier is None else done - earlier,
    }


def _reached(measured: pd.DataFrame | None) -> dict[tuple[str, str], State]:
    """Return how far what is measured is, by account and objective, where that is known."""
    if measured is None:
        return {}
    known = measured.dropna(subset=["reached_share"])
    before = (
        known["previous_reached_share"]
        .astype(object)
        .where(known["previous_reached_share"].notna(), None)
    )
    states = zip(known["reached_share"], before, strict=True)
    return dict(
        zip(zip(known["account_id"], known["objective_id"], strict=True), states, strict=True)
    )


def _said(step: Objective | Action, as_of: pd.Timestamp, before: Span) -> State:
    """Return how far the plan says that a step is, and was at the end of the period before."""
    if step.progress:
        return _logged(step, as_of.date()), _logged(step, before.end.date())
    return float(step.done), None


def _logged(step: Objective | Action, day: date) -> float:
    marks = sorted((mark.date, mark.done) for mark in step.progress if mark.date <= day)
    return marks[-1][1] if marks else 0.0


def manager_names(managers: pd.DataFrame) -> dict[str, Any]:
    """Return the names of managers by their ids."""
    known = managers.dropna(subset="name")
    return dict(zip(known["manager_id"], known["name"], strict=True))


def _ordered(name: str, rows: list[dict], key: str) -> pd.DataFrame:
    table = shaped(name, rows)
    table = table.assign(place=table["status"].map(_PLACE))
    return shaped(name, table.sort_values(["account_id", "place", "due_date", key]))
