"""Stakeholders: who decides, how they stand to us, and who is missing."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.window import days_between
from kamlib.tables import shaped
from kamlib.words import collated

ROLES = ("decider", "approver", "buyer", "influencer", "user", "gatekeeper")
_EXPECTED = ("sales", "marketing", "technical support", "delivery")


def stakeholder_map(
    contacts: pd.DataFrame,
    interactions: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    stale_after_days: float = 180,
) -> pd.DataFrame:
    """One row per person at the account: derailers first, then by influence.

    A derailer has influence 4 or 5 and an attitude below 0; unknown influence or attitude never
    makes one. The last contact is the later of the date on the person and the latest interaction
    with the person. Stale is no contact on record, or none for more than ``stale_after_days``.

    Parameters
    ----------
    stale_after_days
        Days after which a contact counts as stale.

    Examples
    --------
    >>> from kamlib.tables import empty_table, typed
    >>> people = typed(pd.DataFrame({"account_id": ["A"], "name": ["Nguyễn Thị Ánh"],
    ...     "influence": [4.0], "attitude": [-1.0]}), "contacts")
    >>> none, day = empty_table("interactions"), pd.Timestamp("2025-09-30")
    >>> stakeholder_map(people, none, as_of=day)[["stance", "is_stale"]].values.tolist()
    [['derailer', True]]
    """
    met = interactions[interactions["date"].le(as_of)].groupby("contact_id")["date"].max()
    recorded = contacts["last_contact_date"].mask(contacts["last_contact_date"].gt(as_of))
    latest = contacts["contact_id"].map(met.to_dict()).astype("datetime64[us]")
    last = pd.concat([recorded, latest], axis=1).max(axis=1).astype("datetime64[us]")
    days = days_between(as_of, last)
    attitude = contacts["attitude"]
    derails = contacts["influence"].ge(4) & attitude.lt(0)
    stance = pd.Series("neutral", index=contacts.index, dtype="str")
    stance = stance.mask(attitude.gt(0), "supporter").mask(attitude.lt(0), "opponent")
    own = contacts.assign(
        person=contacts["name"],
        stance=stance.mask(derails, "derailer").mask(attitude.isna(), "unknown"),
        last_contact_date=last,
        last_contact_days=days,
        is_derailer=derails,
        is_stale=days.isna() | days.gt(stale_after_days),
    )
    order = ["is_derailer", "influence", "attitude", "name", "contact_id"]
    own = own.sort_values(order, ascending=[False, False, True, True, True])
    return shaped("stakeholder_map", own)


def org_chart(contacts: pd.DataFrame, stakeholder_map: pd.DataFrame) -> pd.DataFrame:
    """One row per person at the account as its people report to one another: each above those who
    report to it.

    ``chart_level`` is 0 at the top. Whom nobody known is above, and the first of a circle, stand at
    the top. Where nobody's superior is recorded (``contacts.reports_to``) there are no rows.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> people = typed(pd.DataFrame({"account_id": "A", "contact_id": ["1", "2"],
    ...     "name": ["Ada", "Bo"], "reports_to": ["2", None]}), "contacts")
    >>> table = org_chart(people, shaped("stakeholder_map", []))
    >>> table[["person", "chart_level"]].values.tolist()
    [['Bo', 0], ['Ada', 1]]
    """
    own = contacts.dropna(subset=["contact_id"]).drop_duplicates("contact_id")
    if not own["reports_to"].notna().any():
        return shaped("org_chart", [])
    own = own.sort_values(["influence", "name"], ascending=[False, True], kind="stable")
    above = own.set_index("contact_id")["reports_to"]
    below = above[above.isin(above.index)].groupby(above).groups
    level: dict[str, int] = {}
    tops = [one for one in above.index if above[one] not in above.index]
    for top in [*tops, *above.index]:  # who is left after the tops stands in a circle
        waiting = [(top, 0)]
        while waiting:
            person, at = waiting.pop()
            if person not in level:
                level[person] = at
                waiting += [(one, at + 1) for one in reversed(list(below.get(person, ())))]
    table = own.set_index("contact_id").loc[list(level)].reset_index()
    stance = stakeholder_map.set_index("contact_id")["stance"]
    return shaped(
        "org_chart",
        table.assign(
            person=table["name"],
            chart_level=list(level.values()),
            stance=stance.reindex(table["contact_id"]).to_numpy(),
        ),
    )


def stakeholder_roles(
    contacts: pd.DataFrame, *, account_id: str, as_of: pd.Timestamp, present: frozenset[str]
) -> pd.DataFrame:
    """One row per role in a decision: the missing ones first.

    A book without contacts says nothing about roles: no rows.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> people = typed(pd.DataFrame({"name": ["Ada"], "role": ["buyer"]}), "contacts")
    >>> table = stakeholder_roles(people, account_id="A", as_of=pd.Timestamp("2025-09-30"),
    ...     present=frozenset({"contacts"}))
    >>> int(table["is_missing"].sum())
    5
    """
    if "contacts" not in present:
        return shaped("stakeholder_roles", [])
    known = contacts["last_contact_date"].mask(contacts["last_contact_date"].gt(as_of))
    by_role = contacts.assign(last_contact_date=known).groupby("role")
    found = by_role.agg(
        person_count=("name", "size"),
        highest_influence=("influence", "max"),
        mean_attitude=("attitude", "mean"),
        last_contact_date=("last_contact_date", "max"),
    )
    table = found.reindex(pd.Index(ROLES, name="role")).reset_index()
    table = table.fillna({"person_count": 0})
    table = table.assign(account_id=account_id, is_missing=table["person_count"].eq(0))
    return shaped(
        "stakeholder_roles", table.sort_values("is_missing", ascending=False, kind="stable")
    )


def team_roles(
    team: pd.DataFrame,
    *,
    account_id: str,
    present: frozenset[str],
    expected: tuple[str, ...] = _EXPECTED,
) -> pd.DataFrame:
    """One row per role of our own team on the account: the missing ones first.

    Expected roles are matched without regard to case. A role with a blank name is not filled.
    Several people in a role are named together. A book without any team says nothing: no rows.

    Parameters
    ----------
    expected
        Roles that a team should fill.

    Examples
    --------
    >>> team = pd.DataFrame({"role": ["Sales"], "name": ["Ines"]})
    >>> team_roles(team, account_id="A", present=frozenset({"team"}))["role"].tolist()
    ['delivery', 'marketing', 'technical support', 'Sales']
    """
    if "team" not in present:
        return shaped("team_roles", [])
    own = team.assign(key=team["role"].str.strip().str.lower())
    rows = []
    for key in dict.fromkeys([*expected, *own["key"]]):
        people = own[own["key"].eq(key)]
        names = {name for name in people["name"].dropna() if name.strip()}
        row = {
            "account_id": account_id,
            "role": people["role"].iloc[0] if len(people) else key,
            "person": ", ".join(sorted(names, key=collated)),
            "is_filled": bool(names),
            "is_expected": key in expected,
        }
        rows.append(row)
    return shaped(
        "team_roles", sorted(rows, key=lambda row: (row["is_filled"], collated(row["role"])))
    )
