"""Which key accounts have a sponsor, the people we need, a team and a living plan."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kamlib.book import ProgrammeSettings
from kamlib.programme.accounts import by_id, key_ids, names_of
from kamlib.tables import shaped

DECISION_ROLES = ("decider", "approver", "buyer", "influencer", "user")
PARTS = {
    "sponsor": "has_sponsor",
    "decision roles": "role_filled_share",
    "contact in 90 days": "is_contact_fresh",
    "team": "team_filled_share",
    "plan": "has_plan",
    "fresh plan": "is_plan_fresh",
}
"""Part of the coverage → the column that says how far an account has it."""


def coverage(
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    contacts: pd.DataFrame,
    team: pd.DataFrame,
    interactions: pd.DataFrame,
    plan_register: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    programme: ProgrammeSettings = ProgrammeSettings(),
    roles: tuple[str, ...] = DECISION_ROLES,
) -> pd.DataFrame:
    """One row per key account: sponsor, decision roles known, last contact, team and plan.

    The most gaps come first. What the book records of no account at all (contacts, team, sponsors,
    plans) is no gap of an account. A plan that cannot be read is no plan; it is fresh when it was
    updated at most ``programme.plan_fresh_days`` ago.

    Parameters
    ----------
    roles
        Buying roles that should be known.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.coverage["has_sponsor"].value_counts().to_dict()
    {True: 11, False: 3}
    """
    ids = key_ids(key_accounts)
    who = by_id(accounts).reindex(ids)
    plans = by_id(plan_register).reindex(ids)
    made = interactions[interactions["date"].le(as_of)]
    latest = pd.concat([made["date"], contacts["last_contact_date"]]).groupby(
        pd.concat([made["account_id"], contacts["account_id"]])
    )
    last_contact = pd.to_datetime(latest.max().reindex(ids))
    age = (as_of - last_contact).dt.days.astype(float)
    role_share, missing_roles = _filled(contacts, ids, roles)
    team_share, missing_team_roles = _filled(team, ids, programme.team_roles)
    is_unreadable = plans["problem"].fillna("").astype("str").ne("")
    has_sponsor = who["sponsor"].fillna("").str.strip().ne("")
    has_plan = plans["filled_share"].notna() & ~is_unreadable
    plan_age = plans["age_days"].astype(float)
    table = pd.DataFrame(
        {
            "name": names_of(ids, accounts).to_numpy(),
            "manager_name": who["manager_name"].fillna(""),
            "sponsor": who["sponsor"].fillna(""),
            "has_sponsor": has_sponsor,
            "people_count": contacts["account_id"].value_counts().reindex(ids).fillna(0),
            "role_filled_share": role_share,
            "missing_roles": missing_roles,
            "last_contact_date": last_contact,
            "contact_age_days": age,
            "is_contact_fresh": age.le(90),
            "team_filled_share": team_share,
            "missing_team_roles": missing_team_roles,
            "has_plan": has_plan,
            "plan_filled_share": plans["filled_share"].astype(float),
            "plan_age_days": plan_age,
            "is_plan_fresh": has_plan & plan_age.le(programme.plan_fresh_days),
        },
        index=ids,
    )
    are_sponsors_recorded = bool(accounts["sponsor"].fillna("").str.strip().ne("").any())
    lacks_role, is_stale = table["missing_roles"].ne(""), has_plan & ~table["is_plan_fresh"]
    gaps = pd.DataFrame(
        {
            "sponsor": ~has_sponsor & are_sponsors_recorded,
            "roles": lacks_role & table["people_count"].gt(0),
            "people": lacks_role & table["people_count"].eq(0),
            "team": table["missing_team_roles"].ne(""),
            "plan_unreadable": is_unreadable,
            "plan_missing": ~has_plan & ~is_unreadable & (len(plan_register) > 0),
            "plan_old": is_stale & plan_age.notna(),
            "plan_undated": is_stale & plan_age.isna(),
        }
    )
    table["coverage_gap_count"] = gaps.sum(axis=1)
    table["gap_codes"] = [" ".join(gaps.columns[row]) for row in gaps.to_numpy(dtype=bool)]
    table = table.reset_index()
    return shaped(
        "coverage", table.sort_values(["coverage_gap_count", "account_id"], ascending=[False, True])
    )


def _filled(
    people: pd.DataFrame, ids: pd.Index, roles: Iterable[str]
) -> tuple[list[float], list[str]]:
    """Return for each account the share of the roles that somebody fills, and the missing ones."""
    roles = list(roles)
    if people.empty or not roles:
        return [np.nan] * len(ids), [""] * len(ids)
    named = people[people["name"].fillna("").str.strip().ne("")]
    filled = named["role"].str.strip().str.casefold().groupby(named["account_id"]).agg(set)
    missing = [
        [role for role in roles if role.casefold() not in filled.get(account, set())]
        for account in ids
    ]
    return [1 - len(gone) / len(roles) for gone in missing], [", ".join(gone) for gone in missing]


def coverage_summary(coverage: pd.DataFrame) -> pd.DataFrame:
    """One row per part of the coverage: how many key accounts have it in full, and who lacks it.

    The share is n/a where the book records that part of no account.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.coverage_summary[["part", "covered_count", "key_count"]].head(2).values.tolist()
    [['sponsor', 11, 14], ['decision roles', 11, 14]]
    """
    if coverage.empty:
        return shaped("coverage_summary", [])
    is_planned = coverage["has_plan"] | coverage["gap_codes"].str.contains("plan", regex=False)
    is_sponsored = coverage["has_sponsor"] | coverage["gap_codes"].str.contains("sponsor")
    known = {
        "sponsor": is_sponsored,
        "contact in 90 days": coverage["contact_age_days"].notna(),
        "plan": is_planned,
        "fresh plan": is_planned,
    }
    rows = []
    for part, column in PARTS.items():
        is_known = bool(known.get(part, coverage[column].notna()).any())
        has = coverage[column].ge(1) & is_known
        lacking = coverage.loc[~has & is_known, "name"]
        rows.append(
            {
                "part": part,
                "covered_count": has.sum(),
                "key_count": len(coverage),
                "covered_share": has.mean() if is_known else None,
                "lacking_names": ", ".join(lacking.head(5)),
            }
        )
    return shaped("coverage_summary", rows)
