"""Stakeholders, roles on both sides, tenders and rivals, worked by hand."""

import pandas as pd
import pytest

from kamlib.dossier import (
    account_competitors,
    pipeline,
    stakeholder_map,
    stakeholder_roles,
    team_roles,
    tender_record,
)
from kamlib.story.dossier_notes import tell_pipeline, tell_stakeholder_map, tell_stakeholder_roles

from .dossier import AS_OF, table

NOBODY = table("interactions")
BOOK_HAS = {"account_id": "A", "present": frozenset({"contacts", "team"})}


def person(name, influence, attitude, **more):
    return {"account_id": "A", "name": name, "influence": influence, "attitude": attitude, **more}


def people(*rows) -> pd.DataFrame:
    return table("contacts", *rows)


@pytest.mark.parametrize(
    ("influence", "attitude", "derails"),
    [
        (4, -1, True),
        (5, -2, True),
        (3, -2, False),
        (4, 0, False),
        (None, -2, False),
        (5, None, False),
    ],
)
def test_a_derailer_has_influence_of_four_and_an_attitude_below_zero(influence, attitude, derails):
    found = stakeholder_map(people(person("P", influence, attitude)), NOBODY, as_of=AS_OF)
    assert found["is_derailer"].tolist() == [derails]


def test_derailers_stand_first_then_the_most_influential():
    known = people(person("Big", 5, 2), person("Bad", 4, -1), person("Small", 1, -2))
    found = stakeholder_map(known, NOBODY, as_of=AS_OF)
    assert found[["person", "stance"]].values.tolist() == [
        ["Bad", "derailer"],
        ["Big", "supporter"],
        ["Small", "opponent"],
    ]


def test_last_contact_is_the_later_of_record_and_interaction_never_after_the_day():
    known = people(
        person("P", 3, 0, contact_id="1", last_contact_date=pd.Timestamp("2025-01-03")),
        person("Q", 2, 0, contact_id="2", last_contact_date=pd.Timestamp("2025-12-24")),
    )
    days = pd.to_datetime(["2025-09-20", "2025-10-20"])
    met = table("interactions", *({"contact_id": "1", "date": day} for day in days))
    found = stakeholder_map(known, met, as_of=AS_OF)
    assert found["last_contact_days"].fillna(-1).tolist() == [10.0, -1.0]
    assert found["is_stale"].tolist() == [False, True]
    assert tell_stakeholder_map(found)["note"].tolist() == [
        "not recorded: role",
        "no contact on record; not recorded: role",
    ]


def test_missing_roles_are_called_out_first_with_what_to_find_out():
    known = people(person("P", 3, 1, role="buyer"), person("Q", 5, 0, role="buyer"))
    roles = stakeholder_roles(known, as_of=AS_OF, **BOOK_HAS)
    missing = ["decider", "approver", "influencer", "user", "gatekeeper"]
    assert roles["role"].tolist() == [*missing, "buyer"]
    counted = ["person_count", "highest_influence", "mean_attitude"]
    assert roles.iloc[-1][counted].tolist() == [2, 5.0, 0.5]
    assert tell_stakeholder_roles(roles)["to_find_out"].iloc[0] == "Who decides in the end?"


def test_an_account_without_people_lacks_every_role_but_a_book_without_people_says_nothing():
    assert stakeholder_roles(people(), as_of=AS_OF, **BOOK_HAS)["is_missing"].sum() == 6
    nothing = stakeholder_roles(people(), account_id="A", as_of=AS_OF, present=frozenset())
    assert nothing.empty


def test_team_roles_match_without_regard_to_case_and_a_blank_name_fills_nothing():
    rows = [("Sales", "Ines"), ("Marketing", " "), ("Finance", "Olu"), ("sales", "Paul")]
    team = table("team", *({"role": role, "name": name} for role, name in rows))
    found = team_roles(team, **BOOK_HAS).set_index("role")
    assert found["is_filled"].to_dict() == {
        "delivery": False,
        "Marketing": False,
        "technical support": False,
        "Finance": True,
        "Sales": True,
    }
    assert found.loc["Sales", "person"] == "Ines, Paul"
    assert not found.loc["Finance", "is_expected"]


def deals() -> pd.DataFrame:
    rows = [
        ("1", "A", "lost", "2025-01-01", "2025-02-01", None, None, 100.0, "Rival", "price"),
        ("2", "A", "won", "2025-03-01", "2025-04-01", None, None, 60.0, "Rival", None),
        ("3", "A", "open", "2025-05-01", None, "2025-08-01", 0.5, 200.0, "Other", None),
        ("4", "A", "open", "2025-06-01", None, "2025-12-01", None, 80.0, None, None),
        ("5", "A", "open", "2025-06-01", None, None, 0.9, None, None, None),
        ("6", "B", "lost", "2025-01-01", "2025-02-01", None, None, 1.0, None, None),
        ("7", "B", "won", "2025-01-01", "2025-02-01", None, None, 1.0, None, None),
        ("8", "B", "lost", "2025-01-01", "2025-02-01", None, None, 1.0, None, None),
    ]
    columns = (
        "opportunity_id account_id outcome opened_date closed_date expected_close probability "
        "value competitor reason"
    )
    frame = pd.DataFrame(rows, columns=columns.split())
    for name in ("opened_date", "closed_date", "expected_close"):
        frame[name] = pd.to_datetime(frame[name])
    return table("opportunities", *frame.to_dict("records"))


def own_deals() -> pd.DataFrame:
    return deals().query("account_id == 'A'")


def test_tenders_open_first_then_the_latest_decided():
    found = tender_record(own_deals(), as_of=AS_OF)
    assert found["opportunity_id"].tolist() == ["4", "5", "3", "2", "1"]


def test_pipeline_borrows_the_share_won_of_the_whole_book_and_says_so():
    found = pipeline(deals(), as_of=AS_OF)
    said = dict(zip(found["opportunity_id"], tell_pipeline(found)["note"], strict=True))
    found = found.set_index("opportunity_id")
    assert found["weighted_value"].fillna(-1).to_dict() == {"3": 100.0, "4": 32.0, "5": -1.0}
    assert said == {
        "3": "",
        "4": "probability not recorded: 0.40 of 5 decided deals were won",
        "5": "value not recorded",
    }
    assert found["is_past_close"].to_dict() == {"3": True, "4": False, "5": False}


def test_pipeline_without_enough_decided_deals_weighs_nothing_it_does_not_know():
    found = pipeline(deals(), as_of=AS_OF, min_closed=6)
    unknown = found[found["opportunity_id"].eq("4")]
    assert unknown["weighted_value"].isna().all()
    assert tell_pipeline(unknown)["note"].tolist() == ["probability not recorded"]


def test_rivals_named_and_met_are_one_row_each():
    rows = [("Rival", "ink", 2.0), ("Rival", "paper", 4.0), ("New", None, 5.0)]
    named = pd.DataFrame(rows, columns=["competitor", "category", "threat"])
    named = table("competitors", *named.to_dict("records"))
    found = account_competitors(named, own_deals(), account_id="A", as_of=AS_OF)
    counts = ["won_deal_count", "lost_deal_count", "lost_value", "open_deal_count"]
    assert found[["competitor", "threat", *counts]].fillna(-1).values.tolist() == [
        ["New", 5.0, 0, 0, 0.0, 0],
        ["Rival", 4.0, 1, 1, 100.0, 0],
        ["Other", -1.0, 0, 0, 0.0, 1],
    ]
    assert found.loc[found["competitor"].eq("Rival"), "categories"].item() == "ink, paper"
