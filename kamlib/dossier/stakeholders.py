"""Stakeholders: who decides, how they stand to us, and who is missing."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.shape import COUNT, DATE, FLAG, NUMBER, TEXT, days_between, rows_of, shaped
from kamlib.tables import each

ROLES = {
    "decider": "Who decides in the end?",
    "approver": "Who has to approve it?",
    "buyer": "Who negotiates and orders?",
    "influencer": "Whose advice counts?",
    "user": "Who works with what we supply?",
    "gatekeeper": "Who decides whom we get to see?",
}
_MAP = {
    "account_id": TEXT, "contact_id": TEXT, "name": TEXT, "title": TEXT, "role": TEXT, "influence": NUMBER,
    "attitude": NUMBER, "stance": TEXT, "is_derailer": FLAG, "last_contact_date": DATE, "last_contact_days": NUMBER,
    "is_stale": FLAG, "note": TEXT,
}  # fmt: skip
_ROLES = {
    "account_id": TEXT, "role": TEXT, "is_missing": FLAG, "person_count": COUNT, "highest_influence": NUMBER,
    "mean_attitude": NUMBER, "last_contact_date": DATE, "question": TEXT,
}  # fmt: skip
_TEAM = {"account_id": TEXT, "role": TEXT, "name": TEXT, "is_filled": FLAG, "is_expected": FLAG}


def stakeholder_map(
    contacts: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    interactions: pd.DataFrame | None = None,
    stale_after_days: float = 180,
) -> pd.DataFrame:
    """One row per person at the account: derailers first, then by influence.

    A derailer has influence 4 or 5 and an attitude below 0. The last contact is the later of the
    date on the person and the latest interaction with the person. Unknown influence or attitude
    never makes a derailer: the note says what is missing.

    Columns
    -------
    account_id: the account
    contact_id: the person's id
    name: the person
    title: position
    role: part in the decision
    influence: 1 to 5
    attitude: −2 to 2
    stance: derailer, opponent, neutral, supporter, unknown
    is_derailer: could derail us
    last_contact_date: the latest contact
    last_contact_days: days since then; n/a without one
    is_stale: no contact on record, or none for more than ``stale_after_days``
    note: what to notice

    >>> people = pd.DataFrame({"account_id": ["A"], "name": ["Nguyễn Thị Ánh"], "influence": [4.0], "attitude": [-1.0]})
    >>> stakeholder_map(people, "A", as_of=pd.Timestamp("2025-09-30"))[["stance", "is_stale"]].values.tolist()
    [['derailer', True]]
    """
    own = rows_of(contacts, "contacts", account_id)
    met = rows_of(interactions, "interactions", account_id)
    latest = met[met["date"].le(as_of)].groupby("contact_id")["date"].max().to_dict()
    recorded = own["last_contact_date"].mask(own["last_contact_date"].gt(as_of))
    last = pd.concat([recorded, own["contact_id"].map(latest).astype(DATE)], axis=1).max(axis=1)
    days = days_between(as_of, last.astype(DATE))
    derails = own["influence"].ge(4) & own["attitude"].lt(0)
    own = own.assign(
        last_contact_date=last,
        last_contact_days=days,
        is_derailer=derails.astype(bool),
        is_stale=(days.isna() | days.gt(stale_after_days)).astype(bool),
    )
    own["stance"] = [_stance(*row) for row in zip(own["attitude"], own["is_derailer"], strict=True)]
    own["note"] = [_note(row) for row in each(own)]
    own["first"] = ~own["is_derailer"]
    own = own.sort_values(
        ["first", "influence", "attitude", "name", "contact_id"],
        ascending=[True, False, True, True, True],
    )
    return shaped(own, _MAP)


def _stance(attitude: float, is_derailer: bool) -> str:
    if pd.isna(attitude):
        return "unknown"
    if is_derailer:
        return "derailer"
    return "opponent" if attitude < 0 else "supporter" if attitude > 0 else "neutral"


def _note(person) -> str:
    notes = ["could derail us"] if person.is_derailer else []
    if pd.isna(person.last_contact_days):
        notes.append("no contact on record")
    elif person.is_stale:
        notes.append(f"no contact for {person.last_contact_days:.0f} days")
    missing = [name for name in ("role", "influence", "attitude") if pd.isna(getattr(person, name))]
    return "; ".join(notes + ([f"not recorded: {', '.join(missing)}"] if missing else []))


def stakeholder_roles(
    contacts: pd.DataFrame, account_id: str, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per role in a decision: the missing ones first.

    A book without any contact says nothing about roles: no rows.

    Columns
    -------
    account_id: the account
    role: decider, approver, buyer, influencer, user, gatekeeper
    is_missing: nobody is known in this role
    person_count: people known in it
    highest_influence: the largest influence among them
    mean_attitude: their mean attitude
    last_contact_date: the latest contact with any of them, as the contacts table has it
    question: what to find out

    >>> people = pd.DataFrame({"account_id": ["A"], "name": ["Ada"], "role": ["buyer"]})
    >>> stakeholder_roles(people, "A", as_of=pd.Timestamp("2025-09-30"))["is_missing"].sum()
    np.int64(5)
    """
    if contacts is None or contacts.empty:
        return shaped([], _ROLES)
    own = rows_of(contacts, "contacts", account_id)
    own["last_contact_date"] = own["last_contact_date"].mask(own["last_contact_date"].gt(as_of))
    rows = []
    for place, (role, question) in enumerate(ROLES.items()):
        people = own[own["role"].eq(role)]
        rows.append(
            {
                "account_id": account_id,
                "role": role,
                "is_missing": people.empty,
                "person_count": len(people),
                "highest_influence": people["influence"].max(),
                "mean_attitude": people["attitude"].mean(),
                "last_contact_date": people["last_contact_date"].max(),
                "question": question,
                "place": place + 100 * len(people[:1]),
            }
        )
    return shaped(pd.DataFrame(rows).sort_values("place"), _ROLES)


def team_roles(
    team: pd.DataFrame,
    account_id: str,
    *,
    expected: tuple[str, ...] = ("sales", "marketing", "technical support", "delivery"),
) -> pd.DataFrame:
    """One row per role of our own team on the account: the missing ones first.

    Expected roles are matched without regard to case. A role with a blank name is not filled.
    Several people in a role are named together. A book without any team says nothing: no rows.

    Columns
    -------
    account_id: the account
    role: the role
    name: who fills it
    is_filled: somebody does
    is_expected: a role that every account team should have

    >>> team_roles(pd.DataFrame({"account_id": ["A"], "role": ["Sales"], "name": ["Ines"]}), "A")["role"].tolist()
    ['delivery', 'marketing', 'technical support', 'Sales']
    """
    if team is None or team.empty:
        return shaped([], _TEAM)
    own = rows_of(team, "team", account_id)
    own = own.assign(key=own["role"].str.strip().str.lower())
    rows = []
    for key in dict.fromkeys([*expected, *own["key"]]):
        people = own[own["key"].eq(key)]
        names = list(dict.fromkeys(name for name in people["name"].dropna() if name.strip()))
        rows.append(
            {
                "account_id": account_id,
                "role": people["role"].iloc[0] if len(people) else key,
                "name": ", ".join(sorted(names)),
                "is_filled": bool(names),
                "is_expected": key in expected,
            }
        )
    table = shaped(rows, _TEAM)
    return shaped(table.sort_values(["is_filled", "role"], key=_fold), _TEAM)


def _fold(column: pd.Series) -> pd.Series:
    return column.str.lower() if column.name == "role" else column
