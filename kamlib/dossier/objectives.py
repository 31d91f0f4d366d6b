"""Objectives and actions of the account plan, with their progress."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from kamlib.dossier.plan import Action, Objective, Plan, check_plan
from kamlib.dossier.shape import COUNT, DATE, NUMBER, TEXT, shaped, text_or

_OBJECTIVES = {
    "account_id": TEXT, "objective_id": TEXT, "status": TEXT, "horizon": TEXT, "kind": TEXT, "text": TEXT,
    "owner": TEXT, "due_date": DATE, "overdue_days": NUMBER, "target": TEXT, "expected_value": NUMBER,
    "done_share": NUMBER, "previous_done_share": NUMBER, "done_change": NUMBER, "closed_date": DATE, "lesson": TEXT,
}  # fmt: skip
_ACTIONS = {
    "account_id": TEXT, "action_id": TEXT, "objective_id": TEXT, "status": TEXT, "horizon": TEXT, "text": TEXT,
    "owner": TEXT, "due_date": DATE, "overdue_days": NUMBER, "done_share": NUMBER, "previous_done_share": NUMBER,
    "done_change": NUMBER,
}  # fmt: skip
_SWOT = {"account_id": TEXT, "quadrant": TEXT, "position": COUNT, "text": TEXT}
_REGISTER = {
    "account_id": TEXT, "updated_date": DATE, "age_days": NUMBER, "filled_share": NUMBER, "objective_count": COUNT,
    "overdue_objective_count": COUNT, "kept_count": COUNT, "missed_count": COUNT, "overdue_action_count": COUNT,
    "next_meeting_date": DATE, "problem": TEXT,
}  # fmt: skip
_PLACE = {"overdue": 0, "open": 1, "kept": 2, "missed": 3}


def plan_objectives(
    plan: Plan | None,
    *,
    as_of: pd.Timestamp,
    previous_end: pd.Timestamp | None = None,
    previous: pd.DataFrame | None = None,
    managers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per objective: overdue ones first, the longest overdue on top.

    *kept*: done in full; *missed*: closed before it was done in full; *overdue*: open past its due
    day. Where the plan logs ``progress``, the state as of a day is the latest entry up to that day;
    else ``done``. The change since the previous period comes from that log, or from the previous
    period's table of the same name.

    Columns
    -------
    account_id: the account
    objective_id: the objective
    status: overdue, open, kept, missed
    horizon: short, medium, long
    kind: missed, won or growth opportunity
    text: what is to be reached
    owner: who answers for it
    due_date: by when
    overdue_days: days past it; n/a when not overdue
    target: the measure of success
    expected_value: what it is worth (book currency)
    done_share: how much is done, 0 to 1
    previous_done_share: the same at the previous period's end; n/a where nothing tells
    done_change: the difference
    closed_date: the day it was closed
    lesson: what was learned
    """
    if plan is None:
        return shaped([], _OBJECTIVES)
    earlier = _earlier(previous, "objective_id", plan.account_id)
    rows = []
    for objective in plan.objectives:
        closed = (
            objective.closed
            if objective.closed and pd.Timestamp(objective.closed) <= as_of
            else None
        )
        done = _done(objective, as_of)
        rows.append(
            _step(
                objective,
                done,
                earlier,
                plan,
                as_of,
                previous_end,
                managers,
                is_closed=closed is not None,
            )
            | {
                "objective_id": objective.id,
                "kind": objective.kind,
                "target": _target(objective.target),
                "expected_value": objective.expected_value,
                "closed_date": closed,
                "lesson": objective.lesson,
            }
        )
    return _ordered(rows, _OBJECTIVES, "objective_id")


def plan_actions(
    plan: Plan | None,
    *,
    as_of: pd.Timestamp,
    previous_end: pd.Timestamp | None = None,
    previous: pd.DataFrame | None = None,
    managers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per action: overdue ones first, the longest overdue on top.

    Columns
    -------
    account_id: the account
    action_id: the action
    objective_id: the objective it serves
    status: overdue, open, kept
    horizon: short, medium, long
    text: what is to be done
    owner: who does it
    due_date: by when
    overdue_days: days past it; n/a when not overdue
    done_share: how much is done, 0 to 1
    previous_done_share: the same at the previous period's end; n/a where nothing tells
    done_change: the difference
    """
    if plan is None:
        return shaped([], _ACTIONS)
    earlier = _earlier(previous, "action_id", plan.account_id)
    rows = [
        _step(
            action,
            _done(action, as_of),
            earlier,
            plan,
            as_of,
            previous_end,
            managers,
            is_closed=False,
        )
        | {"action_id": action.id, "objective_id": action.objective}
        for action in plan.actions
    ]
    return _ordered(rows, _ACTIONS, "action_id")


def plan_swot(plan: Plan | None) -> pd.DataFrame:
    """One row per entry of the SWOT: strengths, weaknesses, opportunities, threats.

    Columns
    -------
    account_id: the account
    quadrant: strengths, weaknesses, opportunities, threats
    position: its place in the list, from 1
    text: what the plan says
    """
    if plan is None:
        return shaped([], _SWOT)
    rows = [
        {"account_id": plan.account_id, "quadrant": quadrant, "position": i, "text": text}
        for quadrant in ("strengths", "weaknesses", "opportunities", "threats")
        for i, text in enumerate(getattr(plan.swot, quadrant), start=1)
    ]
    return shaped(rows, _SWOT)


def plan_register(plans: Mapping[str, Path | str], *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per plan file: its age, how much of it is filled, what is overdue, kept and missed.

    Filled counts the plan's 17 parts: summary, rhythm, next meeting, six texts on the account, four
    quadrants of the SWOT, objectives, actions, offer, contact card. A broken plan is a row with its
    problem.

    Columns
    -------
    account_id: the account
    updated_date: the day the plan says it was updated
    age_days: days since then, never below 0
    filled_share: share of its parts that say something
    objective_count: objectives
    overdue_objective_count: of these, overdue
    kept_count: of these, kept
    missed_count: of these, missed
    overdue_action_count: overdue actions
    next_meeting_date: the next meeting
    problem: what is wrong with the file

    >>> plan_register({}, as_of=pd.Timestamp("2025-09-30")).empty
    True
    """
    rows = []
    for account_id in sorted(plans):
        reading = check_plan(plans, account_id)
        row: dict = {"account_id": account_id}
        if reading.plan is None:
            row["problem"] = " ".join(reading.problems[["problem", "next"]].iloc[0])
        else:
            plan = reading.plan
            objectives = plan_objectives(plan, as_of=as_of)["status"]
            parts = plan_parts(plan)
            row |= {
                "updated_date": plan.updated,
                "age_days": max((as_of - pd.Timestamp(plan.updated)).days, 0)
                if plan.updated
                else None,
                "filled_share": sum(parts.values()) / len(parts),
                "objective_count": len(objectives),
                "overdue_objective_count": int(objectives.eq("overdue").sum()),
                "kept_count": int(objectives.eq("kept").sum()),
                "missed_count": int(objectives.eq("missed").sum()),
                "overdue_action_count": int(
                    plan_actions(plan, as_of=as_of)["status"].eq("overdue").sum()
                ),
                "next_meeting_date": plan.relationship.next_meeting,
                "problem": "",
            }
        rows.append(row)
    counts = {name: 0 for name, dtype in _REGISTER.items() if dtype == COUNT}
    return shaped([counts | row for row in rows], _REGISTER)


def plan_parts(plan: Plan) -> dict[str, bool]:
    """Return the plan's parts and whether they say something."""
    near, account, swot = plan.relationship, plan.account, plan.swot
    parts: dict[str, object] = {
        "summary": near.summary,
        "rhythm": near.rhythm,
        "next meeting": near.next_meeting,
    }
    parts |= {name.replace("_", " "): getattr(account, name) for name in type(account).model_fields}
    parts |= {name: getattr(swot, name) for name in type(swot).model_fields}
    parts |= {"objectives": plan.objectives, "actions": plan.actions}
    parts |= {"offer": plan.programme.offer, "contact card": plan.programme.contact_card}
    return {
        name: value is not None and value != () and str(value).strip() != ""
        for name, value in parts.items()
    }


def _step(step, done, earlier, plan, as_of, previous_end, managers, *, is_closed) -> dict:
    due = pd.Timestamp(step.due)
    before = _done_before(step, earlier, previous_end)
    status = (
        "kept" if done >= 1 else "missed" if is_closed else "overdue" if due < as_of else "open"
    )
    return {
        "account_id": plan.account_id,
        "status": status,
        "horizon": step.horizon,
        "text": step.text,
        "owner": _owner(step.owner, managers),
        "due_date": due,
        "overdue_days": float((as_of - due).days) if status == "overdue" else None,
        "done_share": done,
        "previous_done_share": before,
        "done_change": None if before is None else done - before,
    }


def _target(target: str | float | None) -> str:
    return "" if target is None else target if isinstance(target, str) else f"{target:,.10g}"


def _done(step: Objective | Action, as_of: pd.Timestamp) -> float:
    """Return how much was done as of a day: by the log of progress where there is one."""
    if not step.progress:
        return float(step.done)
    return _logged(step, as_of.date()) or 0.0


def _done_before(
    step: Objective | Action, earlier: dict[str, float], previous_end: pd.Timestamp | None
) -> float | None:
    if step.progress and previous_end is not None:
        return _logged(step, previous_end.date()) or 0.0
    return earlier.get(step.id)


def _logged(step: Objective | Action, day: date) -> float | None:
    marks = sorted((mark.date, mark.done) for mark in step.progress if mark.date <= day)
    return marks[-1][1] if marks else None


def _earlier(previous: pd.DataFrame | None, key: str, account_id: str) -> dict[str, float]:
    if previous is None or previous.empty:
        return {}
    own = previous[previous["account_id"].eq(account_id)]
    return dict(zip(own[key], own["done_share"], strict=True))


def _owner(owner: str, managers: pd.DataFrame | None) -> str:
    if managers is None or managers.empty:
        return owner
    names = dict(zip(managers["manager_id"], managers["name"], strict=True))
    return text_or(names.get(owner), owner)


def _ordered(rows: list[dict], shape: dict[str, str], key: str) -> pd.DataFrame:
    table = shaped(rows, shape)
    return shaped(
        table.assign(place=table["status"].map(_PLACE)).sort_values(["place", "due_date", key]),
        shape,
    )
