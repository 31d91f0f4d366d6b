"""Which key accounts have a sponsor, the people we need, a team and a living plan (M22, M24, M26,
M33).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kamlib.programme.shape import (
    COUNT,
    DATE,
    FLAG,
    NUMBER,
    TEXT,
    canonical,
    key_ids,
    name_of,
    shaped,
)

DECISION_ROLES = ("decider", "approver", "buyer", "influencer", "user")
TEAM_ROLES = ("sales", "marketing", "technical support", "delivery")

_COVERAGE = {
    "account_id": TEXT,
    "name": TEXT,
    "manager_name": TEXT,
    "sponsor": TEXT,
    "has_sponsor": FLAG,
    "contact_count": COUNT,
    "role_filled_share": NUMBER,
    "missing_roles": TEXT,
    "last_contact_date": DATE,
    "contact_age_days": NUMBER,
    "team_filled_share": NUMBER,
    "missing_team_roles": TEXT,
    "has_plan": FLAG,
    "plan_filled_share": NUMBER,
    "plan_age_days": NUMBER,
    "is_plan_fresh": FLAG,
    "gap_count": COUNT,
    "note": TEXT,
}
_SUMMARY = {
    "part": TEXT,
    "covered_count": COUNT,
    "key_count": COUNT,
    "covered_share": NUMBER,
    "missing": TEXT,
}
_OBJECTIVES = {
    "account_id": TEXT,
    "name": TEXT,
    "objective_id": TEXT,
    "status": TEXT,
    "horizon": TEXT,
    "kind": TEXT,
    "text": TEXT,
    "owner": TEXT,
    "due_date": DATE,
    "overdue_days": NUMBER,
    "done_share": NUMBER,
    "expected_value": NUMBER,
    "lesson": TEXT,
}
_TALLY = {
    "horizon": TEXT,
    "kept_count": COUNT,
    "missed_count": COUNT,
    "overdue_count": COUNT,
    "open_count": COUNT,
    "kept_share": NUMBER,
    "kept_value": NUMBER,
    "missed_value": NUMBER,
    "lesson_count": COUNT,
}


def coverage(
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    contacts: pd.DataFrame,
    team: pd.DataFrame,
    interactions: pd.DataFrame,
    plan_register: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    roles: Iterable[str] = DECISION_ROLES,
    team_roles: Iterable[str] = TEAM_ROLES,
    fresh_days: int = 180,
) -> pd.DataFrame:
    """One row per key account: sponsor, decision roles known, last contact, team and plan; the most
    gaps first.

    What the book records of no account at all (contacts, team, sponsors, plans) is no gap of an
    account. The plan counts as fresh when it was updated at most ``fresh_days`` ago.

    Columns
    -------
    account_id: the account
    name: its name
    manager_name: who carries it
    sponsor: our executive sponsor
    has_sponsor: whether there is one
    contact_count: people known
    role_filled_share: share of the needed decision roles in which somebody is known
    missing_roles: the others
    last_contact_date: latest contact, by interactions and contacts
    contact_age_days: days since then
    team_filled_share: share of our team's roles that are filled
    missing_team_roles: the others
    has_plan: whether there is a readable account plan
    plan_filled_share: share of the plan's parts that say something
    plan_age_days: days since the plan was updated
    is_plan_fresh: whether that is recent enough
    gap_count: gaps named in the note
    note: the gaps, in words
    """
    roles, team_roles = list(roles), list(team_roles)
    ids = pd.Series(key_ids(key_accounts), dtype="str")
    if ids.empty:
        return shaped([], _COVERAGE)
    people, helpers = canonical(contacts, "contacts"), canonical(team, "team")
    made = canonical(interactions, "interactions")
    made = made[made["date"].le(as_of)]
    who = accounts.drop_duplicates("account_id").set_index("account_id").reindex(ids)
    plans = (
        plan_register.set_index("account_id").reindex(ids)
        if len(plan_register)
        else pd.DataFrame(index=ids, columns=["filled_share", "age_days", "problem"], dtype=object)
    )
    latest = pd.concat(
        [
            made.groupby("account_id")["date"].max(),
            people.groupby("account_id")["last_contact_date"].max(),
        ]
    )
    latest = (
        latest.groupby(level=0).max().reindex(ids) if len(latest) else pd.Series(pd.NaT, index=ids)
    )
    role_share, role_gaps = _filled(people, ids, roles)
    team_share, team_gaps = _filled(helpers, ids, team_roles)
    sponsor = (
        (who["sponsor"] if "sponsor" in who else pd.Series(pd.NA, index=ids, dtype="str"))
        .fillna("")
        .astype("str")
    )
    problem = (
        plans["problem"].fillna("").astype("str")
        if "problem" in plans
        else pd.Series("", index=ids)
    )
    has_plan = (plans["filled_share"].notna() & problem.eq("")).to_numpy()
    age = pd.to_numeric(plans["age_days"]).astype(float).to_numpy()
    # what the book records of nobody is no gap of an account
    sponsored = "sponsor" in accounts and accounts["sponsor"].fillna("").str.strip().ne("").any()
    table = pd.DataFrame(
        {
            "account_id": ids,
            "name": name_of(ids, accounts, "account_id"),
            "manager_name": who["manager_name"].fillna("").to_numpy()
            if "manager_name" in who
            else "",
            "sponsor": sponsor.to_numpy(),
            "has_sponsor": sponsor.str.strip().ne("").to_numpy(),
            "contact_count": ids.map(people["account_id"].value_counts()).fillna(0).astype("int64"),
            "role_filled_share": role_share,
            "missing_roles": role_gaps,
            "last_contact_date": latest.to_numpy(),
            "contact_age_days": (as_of - pd.to_datetime(latest)).dt.days.astype(float).to_numpy(),
            "team_filled_share": team_share,
            "missing_team_roles": team_gaps,
            "has_plan": has_plan,
            "plan_filled_share": pd.to_numeric(plans["filled_share"]).astype(float).to_numpy(),
            "plan_age_days": age,
            "is_plan_fresh": has_plan & (age <= fresh_days),
        }
    )
    recorded = {"sponsor": bool(sponsored), "plan": len(plan_register) > 0}
    gaps = [
        _gaps(row, bad, fresh_days, recorded)
        for (_, row), bad in zip(table.iterrows(), problem, strict=True)
    ]
    table["gap_count"] = [len(found) for found in gaps]
    table["note"] = ["; ".join(found) for found in gaps]
    return shaped(
        table.sort_values(["gap_count", "account_id"], ascending=[False, True], kind="stable"),
        _COVERAGE,
    )


def _filled(
    people: pd.DataFrame, ids: pd.Series, roles: list[str]
) -> tuple[list[float], list[str]]:
    """Return for each account the share of the roles that somebody fills, and the missing ones."""
    if people.empty or not roles:
        return [np.nan] * len(ids), [""] * len(ids)
    named = people[people["name"].fillna("").str.strip().ne("")]
    there = (
        named.assign(role=named["role"].str.strip().str.casefold())
        .groupby("account_id")["role"]
        .agg(set)
    )
    missing = [
        [role for role in roles if role.casefold() not in there.get(account, set())]
        for account in ids
    ]
    return [1 - len(gone) / len(roles) for gone in missing], [", ".join(gone) for gone in missing]


def _gaps(row: pd.Series, problem: str, fresh_days: int, recorded: dict[str, bool]) -> list[str]:
    found = [] if row["has_sponsor"] or not recorded["sponsor"] else ["no sponsor"]
    if row["missing_roles"]:
        found.append(f"no {row['missing_roles']} known" if row["contact_count"] else "nobody known")
    if row["missing_team_roles"]:
        found.append(f"team lacks {row['missing_team_roles']}")
    if problem:
        found.append("plan cannot be read")
    elif not recorded["plan"]:
        return found
    elif not row["has_plan"]:
        found.append("no plan")
    elif not row["is_plan_fresh"]:
        age = row["plan_age_days"]
        found.append(
            f"plan older than {fresh_days} days" if pd.notna(age) else "plan without a date"
        )
    return found


def coverage_summary(coverage: pd.DataFrame) -> pd.DataFrame:
    """One row per part of the coverage: how many key accounts have it, and who lacks it.

    Columns
    -------
    part: sponsor, decision roles, contact in 90 days, team, plan, fresh plan
    covered_count: key accounts that have it in full
    key_count: key accounts
    covered_share: the share of them; n/a where the book has no such table
    missing: names of up to five that lack it, most gaps first
    """
    if coverage.empty:
        return shaped([], _SUMMARY)
    nothing = pd.Series(np.nan, index=coverage.index)
    planned = (coverage["has_plan"] | coverage["note"].str.contains("plan", regex=False)).any()
    seen = coverage["contact_age_days"].notna().any()
    parts: dict[str, pd.Series] = {
        "sponsor": coverage["has_sponsor"] if coverage["has_sponsor"].any() else nothing,
        "decision roles": coverage["role_filled_share"]
        .ge(1)
        .where(coverage["role_filled_share"].notna()),
        "contact in 90 days": coverage["contact_age_days"].le(90)
        if seen
        else coverage["contact_age_days"],
        "team": coverage["team_filled_share"].ge(1).where(coverage["team_filled_share"].notna()),
        "plan": coverage["has_plan"] if planned else nothing,
        "fresh plan": coverage["is_plan_fresh"] if planned else nothing,
    }
    rows = []
    for part, has in parts.items():
        has = has.astype(float)
        lacking = coverage.loc[has.eq(0), "name"].tolist()
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        rows.append(
            {
                "part": part,
                "covered_count": int(has.fillna(0).sum()),
                "key_count": len(coverage),
                "covered_share": has.mean() if has.notna().any() else np.nan,
                "missing": ", ".join(lacking[:5]) + more,
            }
        )
    return shaped(rows, _SUMMARY)


def objectives_review(plan_objectives: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per objective of all plans that is overdue, missed or kept: owner, worth, lesson; the
    dearest first.

    Columns
    -------
    account_id: the account
    name: its name
    objective_id: the objective
    status: overdue, missed, kept
    horizon: short, medium, long
    kind: missed, won or growth opportunity
    text: what was to be reached
    owner: who answered for it
    due_date: by when
    overdue_days: days past it; n/a when not overdue
    done_share: how much is done, 0 to 1
    expected_value: what it was worth (book currency)
    lesson: what was learned
    """
    if plan_objectives.empty:
        return shaped([], _OBJECTIVES)
    place = {"overdue": 0, "missed": 1, "kept": 2}
    table = plan_objectives[plan_objectives["status"].isin(list(place))]
    table = table.assign(
        name=name_of(table["account_id"], accounts, "account_id"),
        place=table["status"].map(place),
        worth=-table["expected_value"].fillna(0.0),
    )
    return shaped(
        table.sort_values(["place", "worth", "account_id", "objective_id"], kind="stable"),
        _OBJECTIVES,
    )


def objectives_tally(plan_objectives: pd.DataFrame) -> pd.DataFrame:
    """One row per horizon, and one for all: objectives kept, missed, overdue and open.

    Columns
    -------
    horizon: short, medium, long, all
    kept_count: done in full
    missed_count: closed before
    overdue_count: open past their day
    open_count: open, not yet due
    kept_share: kept of those decided or overdue
    kept_value: expected value of the kept ones (book currency)
    missed_value: expected value of the missed ones
    lesson_count: decided objectives with a lesson written down
    """
    if plan_objectives.empty:
        return shaped([], _TALLY)
    rows = []
    for horizon in ("short", "medium", "long", "all"):
        own = (
            plan_objectives
            if horizon == "all"
            else plan_objectives[plan_objectives["horizon"].eq(horizon)]
        )
        count = own["status"].value_counts()
        kept, missed, overdue, open_ = (
            int(count.get(name, 0)) for name in ("kept", "missed", "overdue", "open")
        )
        decided = kept + missed + overdue
        value = own["expected_value"].fillna(0.0)
        has_lesson = own["lesson"].fillna("").str.strip().ne("") & own["status"].isin(
            ["kept", "missed"]
        )
        rows.append(
            {
                "horizon": horizon,
                "kept_count": kept,
                "missed_count": missed,
                "overdue_count": overdue,
                "open_count": open_,
                "kept_share": kept / decided if decided else np.nan,
                "kept_value": value[own["status"].eq("kept")].sum(),
                "missed_value": value[own["status"].eq("missed")].sum(),
                "lesson_count": int(has_lesson.sum()),
            }
        )
    return shaped(rows, _TALLY)
