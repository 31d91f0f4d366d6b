"""Findings: what the paragraph at the top of a dossier says, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kamlib.tables import shaped

_NOTABLE_LATE = 0.05  # a share of late deliveries below it is no news
Finding = tuple[str, str, str]


def dossier_findings(
    plan_problems: pd.DataFrame,
    account_identity: pd.DataFrame,
    dossier_figures: pd.DataFrame,
    promises_kept: pd.DataFrame,
    account_incidents: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    overdue_invoices: pd.DataFrame,
    stakeholder_map: pd.DataFrame,
    stakeholder_roles: pd.DataFrame,
    plan_objectives: pd.DataFrame,
    plan_actions: pd.DataFrame,
    tender_record: pd.DataFrame,
    pipeline: pd.DataFrame,
    opportunity_volume: pd.DataFrame,
    white_space: pd.DataFrame,
    dossier_completeness: pd.DataFrame,
    account_actions: pd.DataFrame,
    category_alerts: pd.DataFrame,
    account_alerts: pd.DataFrame,
    account_health: pd.DataFrame,
    *,
    account_id: str,
    most: int = 6,
) -> pd.DataFrame:
    """One row per sentence of what matters now: a broken plan, who it is, what to do about it, its
    position, then the most urgent, at most ``most``.

    ``finding_code`` says what is found, `kamlib.story` how it reads.

    Parameters
    ----------
    most
        Findings kept.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.dossier_findings["finding_code"].iloc[0]
    'identity'
    """
    first = [*_problems(plan_problems), *_identity(account_identity)]
    if len(account_actions):
        first.append(("action", "action", "#Where-we-stand"))
    urgent = [
        *_position(dossier_figures, account_identity),
        *_ahead(category_alerts, account_alerts, account_health),
        *_service(promises_kept, account_incidents),
        *_agreements(agreement_renewals, overdue_invoices),
        *_people(stakeholder_map, stakeholder_roles),
        *_plan(plan_objectives, plan_actions),
        *_tenders(tender_record, pipeline),
        *_opportunity(opportunity_volume, white_space),
        *_gaps(dossier_completeness),
    ]
    rows = pd.DataFrame([*first, *urgent[:most]], columns=["kind", "finding_code", "anchor"])
    places = range(1, len(rows) + 1)
    return shaped("dossier_findings", rows.assign(account_id=account_id, position=places))


def _problems(problems: pd.DataFrame) -> Iterator[Finding]:
    for _ in range(len(problems)):
        yield "gaps", "broken plan", "#plan_problems"


def _identity(identity: pd.DataFrame) -> Iterator[Finding]:
    known = identity.drop(columns=["account_id", "name", "rank"], errors="ignore").iloc[0]
    if (known.notna() & known.ne("")).any():
        yield "position", "identity", "#account_profile"


def _position(figures: pd.DataFrame, identity: pd.DataFrame) -> Iterator[Finding]:
    if not figures["figure"].eq("revenue").any():
        yield "position", "nothing ordered", "#Where-we-stand"
        return
    yield "position", "revenue", "#category_totals"
    if identity["status"].isin(["overdue", "lost"]).any():
        yield "position", "silence", "#Where-we-stand"


def _ahead(
    categories: pd.DataFrame, accounts: pd.DataFrame, health: pd.DataFrame
) -> Iterator[Finding]:
    if len(categories) or len(accounts):
        yield "position", "falling", "#What-was-supplied"
    if health["health"].notna().any():
        yield "position", "health", "#Where-we-stand"


def _service(promises: pd.DataFrame, incidents: pd.DataFrame) -> Iterator[Finding]:
    year = promises.tail(4)[["due_count", "late_count", "open_late_count"]].sum()
    is_late = year["open_late_count"] or year["late_count"] > year["due_count"] * _NOTABLE_LATE
    found = _joined(late=year["due_count"] and is_late, incidents=incidents["is_open"].any())
    if found:
        yield "service", found, "#Promises-kept"


def _agreements(renewals: pd.DataFrame, overdue: pd.DataFrame) -> Iterator[Finding]:
    status = renewals["agreement_status"]
    if status.eq("renewal due").any():
        yield "money", "renewal due", "#agreement_renewals"
    if (renewals["terms_kept"].eq("broken") & status.ne("ended")).any():
        yield "money", "terms broken", "#agreement_renewals"
    if len(overdue):
        yield "money", "overdue", "#overdue_invoices"


def _people(people: pd.DataFrame, roles: pd.DataFrame) -> Iterator[Finding]:
    found = _joined(derailers=people["is_derailer"].any(), roles=roles["is_missing"].any())
    if found:
        yield "people", found, "#stakeholder_map"


def _plan(objectives: pd.DataFrame, actions: pd.DataFrame) -> Iterator[Finding]:
    if objectives["status"].eq("overdue").any() or actions["status"].eq("overdue").any():
        yield "plan", "steps overdue", "#plan_objectives"


def _tenders(record: pd.DataFrame, pipeline: pd.DataFrame) -> Iterator[Finding]:
    found = _joined(decided=record["outcome"].ne("open").any(), open=len(pipeline) > 0)
    if found:
        yield "tenders", found, "#tender_record"


def _opportunity(volume: pd.DataFrame, white: pd.DataFrame) -> Iterator[Finding]:
    if volume["in_reach"].gt(0).any():
        yield "opportunity", "volume", "#opportunity_volume"
    elif white["white_space"].gt(0).any():
        yield "opportunity", "white space", "#white_space"


def _gaps(parts: pd.DataFrame) -> Iterator[Finding]:
    if 2 * parts["filled_share"].eq(0).sum() >= len(parts) > 0:
        yield "gaps", "empty parts", "#dossier_completeness"


def _joined(**found: Any) -> str:
    return " and ".join(name for name, is_found in found.items() if is_found)
