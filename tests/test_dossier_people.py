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

AS_OF = pd.Timestamp("2025-09-30")


def person(name, influence, attitude, **more):
    return {"account_id": "A", "name": name, "influence": influence, "attitude": attitude, **more}


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
    table = stakeholder_map(pd.DataFrame([person("P", influence, attitude)]), "A", as_of=AS_OF)
    assert table["is_derailer"].tolist() == [derails]


def test_derailers_stand_first_and_every_person_once():
    people = pd.DataFrame(
        [
            person("Big", 5, 2),
            person("Bad", 4, -1),
            person("Small", 1, -2),
            {"account_id": "B", "name": "Other"},
        ]
    )
    table = stakeholder_map(people, "A", as_of=AS_OF)
    assert table[["name", "stance"]].values.tolist() == [
        ["Bad", "derailer"],
        ["Big", "supporter"],
        ["Small", "opponent"],
    ]


def test_last_contact_is_the_later_of_record_and_interaction_never_after_the_day():
    people = pd.DataFrame(
        [
            person("P", 3, 0, contact_id="1", last_contact_date=pd.Timestamp("2025-01-03")),
            person("Q", 2, 0, contact_id="2", last_contact_date=pd.Timestamp("2025-12-24")),
        ]
    )
    met = pd.DataFrame(
        {
            "account_id": "A",
            "contact_id": ["1", "1"],
            "date": pd.to_datetime(["2025-09-20", "2025-10-20"]),
        }
    )
    table = stakeholder_map(people, "A", as_of=AS_OF, interactions=met)
    assert table["last_contact_days"].fillna(-1).tolist() == [10.0, -1.0]
    assert table["is_stale"].tolist() == [False, True]
    assert table["note"].tolist() == [
        "not recorded: role",
        "no contact on record; not recorded: role",
    ]


def test_missing_roles_are_called_out_first():
    people = pd.DataFrame([person("P", 3, 1, role="buyer"), person("Q", 5, 0, role="buyer")])
    roles = stakeholder_roles(people, "A", as_of=AS_OF)
    assert roles["role"].tolist() == [
        "decider",
        "approver",
        "influencer",
        "user",
        "gatekeeper",
        "buyer",
    ]
    assert roles.iloc[-1][["person_count", "highest_influence", "mean_attitude"]].tolist() == [
        2,
        5.0,
        0.5,
    ]


def test_an_account_without_people_lacks_every_role_but_a_book_without_people_says_nothing():
    others = pd.DataFrame([{"account_id": "B", "name": "Other", "role": "buyer"}])
    assert stakeholder_roles(others, "A", as_of=AS_OF)["is_missing"].sum() == 6
    assert stakeholder_roles(others.iloc[:0], "A", as_of=AS_OF).empty


def test_team_roles_match_without_regard_to_case_and_a_blank_name_fills_nothing():
    team = pd.DataFrame(
        {
            "account_id": "A",
            "role": ["Sales", "Marketing", "Finance", "sales"],
            "name": ["Ines", " ", "Olu", "Paul"],
        }
    )
    table = team_roles(team, "A").set_index("role")
    assert table["is_filled"].to_dict() == {
        "delivery": False, "Marketing": False, "technical support": False, "Finance": True, "Sales": True,
    }  # fmt: skip
    assert table.loc["Sales", "name"] == "Ines, Paul"
    assert not table.loc["Finance", "is_expected"]


def deals():
    day = pd.Timestamp
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
    columns = "opportunity_id account_id outcome opened_date closed_date expected_close probability value competitor reason"
    frame = pd.DataFrame(rows, columns=columns.split())
    dates = ["opened_date", "closed_date", "expected_close"]
    assert day(frame["opened_date"].iloc[0])
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in dates})


def test_tenders_open_first_then_the_latest_decided():
    assert tender_record(deals(), "A")["opportunity_id"].tolist() == ["4", "5", "3", "2", "1"]


def test_pipeline_borrows_the_share_won_and_says_so():
    table = pipeline(deals(), "A", as_of=AS_OF).set_index("opportunity_id")
    assert table["weighted_value"].fillna(-1).to_dict() == {"3": 100.0, "4": 32.0, "5": -1.0}
    assert table.loc["4", "note"] == "probability not recorded: 0.40 of 5 decided deals were won"
    assert table["is_past_close"].to_dict() == {"3": True, "4": False, "5": False}


def test_pipeline_without_enough_decided_deals_weighs_nothing_it_does_not_know():
    table = pipeline(deals(), "A", as_of=AS_OF, min_closed=6).set_index("opportunity_id")
    assert pd.isna(table.loc["4", "weighted_value"])


def test_rivals_named_and_met_are_one_row_each():
    rivals = pd.DataFrame(
        {
            "account_id": "A",
            "competitor": ["Rival", "Rival", "New"],
            "category": ["ink", "paper", None],
            "threat": [2.0, 4.0, 5.0],
        }
    )
    table = account_competitors(rivals, deals(), "A", as_of=AS_OF)
    assert table[["competitor", "threat", "won_count", "lost_count", "lost_value", "open_count"]].fillna(-1).values.tolist() == [
        ["New", 5.0, 0, 0, 0.0, 0], ["Rival", 4.0, 1, 1, 100.0, 0], ["Other", -1.0, 0, 0, 0.0, 1],
    ]  # fmt: skip
    assert table.loc[table["competitor"].eq("Rival"), "category"].item() == "ink, paper"
