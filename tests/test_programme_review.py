"""Coverage, objectives, competence, engagement, findings, charts (M18, M22–M34)."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from kamlib import programme
from kamlib.book import ProgrammeSettings
from kamlib.dossier import contact_rhythms
from kamlib.period.calendar import parse_period
from kamlib.plots import programme as draw
from kamlib.story import programme as say
from kamlib.story import programme_tables as told
from kamlib.tables import catalogue, empty_table, shaped

from .programme import ACCOUNTS, AS_OF, KEYS, day, table

SPAN = parse_period("2025-Q4")
NO_PLANS = shaped("plan_register", [])


def test_coverage_by_hand():
    contacts = table(
        "contacts",
        {
            "account_id": "A",
            "name": "Ann",
            "role": "decider",
            "last_contact_date": day("2025-06-30"),
        },
        {"account_id": "A", "name": "Bob", "role": "Buyer"},
        {"account_id": "B", "name": None, "role": "decider"},
    )
    team = table("team", {"account_id": "A", "role": "sales", "name": "Ines"})
    calls = table(
        "interactions",
        {"account_id": "A", "date": day("2025-12-01")},
        {"account_id": "A", "date": day("2026-01-05")},
    )
    plans = pd.DataFrame(
        {"account_id": ["A"], "filled_share": [0.5], "age_days": [200.0], "problem": [""]}
    )
    found = programme.coverage(
        KEYS,
        ACCOUNTS,
        contacts,
        team,
        calls,
        plans,
        as_of=AS_OF,
        roles=("decider", "buyer"),
        programme=ProgrammeSettings(team_roles=("sales", "delivery")),
    )
    assert told.tell_coverage(found, programme=ProgrammeSettings())["note"].to_list() == [
        "no sponsor; no decider, buyer known; team lacks sales, delivery; no plan",
        "team lacks delivery; plan older than 180 days",
    ]
    summary = programme.coverage_summary(found)
    assert dict(zip(summary["part"], summary["covered_share"], strict=True)) == {
        "sponsor": 0.5,
        "decision roles": 0.5,
        "contact in 90 days": 0.5,
        "team": 0.0,
        "plan": 0.5,
        "fresh plan": 0.0,
    }
    assert told.tell_coverage_summary(summary)["missing"].to_list() == [
        "Beta",
        "Beta",
        "Beta",
        "Beta, Alpha",
        "Beta",
        "Beta, Alpha",
    ]
    found = found.set_index("account_id")
    assert found.index.to_list() == ["B", "A"]
    assert found.loc["A", "role_filled_share"] == 1.0
    assert found.loc["A", "contact_age_days"] == 30.0  # the call of January is not known yet
    assert found.loc["A", "team_filled_share"] == 0.5


def test_many_that_lack_a_part_are_counted():
    ids = list("ABCDEFG")
    keys = pd.DataFrame({"account_id": ids, "is_key": True})
    accounts = pd.DataFrame(
        {"account_id": ids, "name": ids, "manager_name": "Ines", "sponsor": [None] * 7}
    ).astype({"sponsor": "str"})
    people = table("contacts", {"account_id": "Z", "name": "Ann", "role": "buyer"})
    none = [empty_table(name) for name in ("team", "interactions")]
    found = programme.coverage(keys, accounts, people, *none, NO_PLANS, as_of=AS_OF)
    summary = programme.coverage_summary(found)
    missing = told.tell_coverage_summary(summary)["missing"].to_list()
    assert missing == ["", "A, B, C, D, E and 2 more", "", "", "", ""]


def test_a_plan_that_cannot_be_read_or_has_no_date_is_a_gap():
    plans = shaped(
        "plan_register",
        [
            {"account_id": "A", "filled_share": 0.5, "problem": "no such key"},
            {"account_id": "B", "filled_share": 0.5, "problem": ""},
        ],
    )
    none = [empty_table(name) for name in ("contacts", "team", "interactions")]
    accounts = ACCOUNTS.assign(sponsor=pd.Series([None, None], dtype="str"))
    found = programme.coverage(KEYS, accounts, *none, plans, as_of=AS_OF)
    notes = told.tell_coverage(found, programme=ProgrammeSettings())["note"]
    assert notes.to_list() == ["plan cannot be read", "plan without a date"]
    assert found["has_plan"].to_list() == [False, True]


def test_what_the_book_does_not_record_is_no_gap():
    bare = ACCOUNTS.assign(sponsor=pd.Series([None, None], dtype="str"))
    none = [empty_table(name) for name in ("contacts", "team", "interactions")]
    found = programme.coverage(KEYS, bare, *none, NO_PLANS, as_of=AS_OF)
    assert found["coverage_gap_count"].to_list() == [0, 0]
    assert programme.coverage_summary(found)["covered_share"].isna().all()


OBJECTIVES = pd.DataFrame(
    {
        "account_id": ["A", "A", "B", "B"],
        "objective_id": ["1", "2", "1", "2"],
        "status": ["kept", "missed", "overdue", "open"],
        "horizon": ["short", "short", "medium", "long"],
        "kind": "growth",
        "text": "more",
        "owner": "Ines",
        "due_date": pd.to_datetime(["2025-06-30"] * 4),
        "overdue_days": [np.nan, np.nan, 184.0, np.nan],
        "done_share": [1.0, 0.2, 0.5, 0.0],
        "expected_value": [10.0, 20.0, 30.0, np.nan],
        "lesson": ["ask earlier", "", "", ""],
    }
)


def test_objectives_kept_and_missed():
    review = programme.objectives_review(OBJECTIVES, ACCOUNTS)
    assert review["status"].to_list() == ["overdue", "missed", "kept"]
    tally = programme.objectives_tally(OBJECTIVES).set_index("horizon")
    assert tally.loc[
        "all", ["kept_count", "missed_count", "overdue_count", "open_count"]
    ].to_list() == [1, 1, 1, 1]
    assert tally.loc["all", "kept_share"] == pytest.approx(1 / 3)
    assert tally.loc["short", "missed_value"] == 20.0
    assert tally.loc["all", "lesson_count"] == 1
    assert np.isnan(tally.loc["long", "kept_share"])


def test_competence_by_hand():
    skills = table(
        "skills",
        {
            "manager_id": "M1",
            "skill": "negotiation",
            "rating": 3.0,
            "assessed_date": day("2024-01-10"),
        },
        {
            "manager_id": "M1",
            "skill": "negotiation",
            "rating": 2.0,
            "assessed_date": day("2025-01-10"),
        },
        {
            "manager_id": "M1",
            "skill": "negotiation",
            "rating": 5.0,
            "assessed_date": day("2026-01-10"),
        },
        {
            "manager_id": "M2",
            "skill": "negotiation",
            "rating": 3.0,
            "assessed_date": day("2025-01-10"),
        },
    )
    people = table("managers", {"manager_id": "M1", "name": "Ines"})
    own = ProgrammeSettings(required_ratings={"negotiation": 3.5, "languages": 2.0})
    found = programme.competence(skills, people, as_of=AS_OF, programme=own)
    assert found["rating"].to_list() == [2.0, 3.0]
    assert found["trend"].to_list() == ["down", "one rating"]
    assert found["gap"].to_list() == [1.5, 0.5]
    assert found["manager_name"].to_list() == ["Ines", "M2"]
    assert found["previous_rating"].to_list()[:1] == [3.0]
    assert found["rating_count"].to_list() == [2, 1]
    needs = programme.training_needs(found, programme=own)
    said = told.tell_training_needs(needs, found)["managers"]
    assert said.to_list() == ["Ines, M2", "nobody has been rated in it"]
    assert needs["required_rating"].to_list() == [3.5, 2.0]
    assert needs["mean_rating"].iloc[0] == 2.5


def months_of(revenue_days, start="2022-01-31", count=48):
    ends = pd.date_range(start, periods=count, freq="ME").as_unit("us")
    return pd.DataFrame(
        {
            "account_id": "A",
            "month": ends,
            "revenue": 100.0,
            "cost": 60.0,
            "order_count": 1,
            "order_day_count": revenue_days,
        }
    )


LOAD = pd.DataFrame({"account_id": ["A"], "contact_every_days": [365.25 / 12]})


def test_engagement_counts_contacts_made_of_those_planned():
    calls = table(
        "interactions",
        *(
            {
                "account_id": "A",
                "date": day("2025-11-05") + pd.Timedelta(days=i),
                "satisfaction": 8.0,
            }
            for i in range(9)
        ),
        {"account_id": "A", "date": day("2025-08-05"), "satisfaction": 6.0},
        {"account_id": "A", "date": day("2023-01-05")},
    )
    found = programme.programme_engagement(LOAD, calls, months_of(2), as_of=AS_OF)
    assert found["planned_count"].to_list() == pytest.approx([3.0] * 8)
    assert found["engagement_share"].iloc[-1] == 1.0  # nine calls for three planned count as three
    assert found["engagement_share"].iloc[-2] == pytest.approx(1 / 3)
    assert found["satisfaction_score"].iloc[-2:].to_list() == [6.0, 8.0]
    assert found["expected_orders_share"].to_list() == [1.0] * 8
    assert found["loyalty_share"].iloc[-1] == pytest.approx(0.9)


def test_both_must_rise():
    rising = pd.DataFrame(
        {"engagement_share": np.linspace(0.2, 0.9, 8), "loyalty_share": [0.5, 0.7] * 4}
    )
    trend = programme.engagement_trend(rising).set_index("measure")["trend"]
    assert trend.to_dict() == {"engagement": "rising", "loyalty": "no clear trend"}
    few = programme.engagement_trend(rising.head(4))
    assert few["trend"].to_list() == ["too few quarters"] * 2


def nothing():
    """Every table of the review, of a book without key accounts."""
    keys, accounts = KEYS.head(0), ACCOUNTS.head(0)
    months = months_of(1).head(0)
    none = {name: empty_table(name) for name in ("contacts", "team", "interactions", "managers")}
    rhythms = contact_rhythms(accounts, plans={})
    load = programme.account_load(keys, accounts, months, rhythms, as_of=AS_OF)
    people = none["contacts"], none["team"], none["interactions"]
    cover = programme.coverage(keys, accounts, *people, NO_PLANS, as_of=AS_OF)
    skills = programme.competence(empty_table("skills"), none["managers"], as_of=AS_OF)
    steps = OBJECTIVES.head(0)
    aims, deals = empty_table("targets"), empty_table("opportunities")
    decided = shaped("tier_decisions", [])
    return {
        "workload": programme.workload(load, none["managers"]),
        "coverage": cover,
        "coverage_summary": programme.coverage_summary(cover),
        "programme_engagement": programme.programme_engagement(
            load, none["interactions"], months, as_of=AS_OF
        ),
        "competence": skills,
        "training_needs": programme.training_needs(skills),
        "objectives_tally": programme.objectives_tally(steps),
        "objectives_review": programme.objectives_review(steps, accounts),
        "decision_log": programme.decision_log(
            empty_table("decisions"), accounts, decided, as_of=AS_OF
        ),
        "account_targets": programme.account_targets(
            months, aims, deals, keys, accounts, as_of=AS_OF
        ),
        "programme_outlook": programme.programme_outlook(
            months, aims, shaped("pipeline", []), keys, as_of=AS_OF
        ),
        "programme_owed": programme.programme_owed(shaped("money_owed", []), keys, accounts),
    }


def test_no_rows():
    for name, made in nothing().items():
        pd.testing.assert_frame_equal(made, shaped(name, []))


def headline(**tables):
    names = (
        "workload",
        "assignment_changes",
        "manager_dependence",
        "coverage_summary",
        "objectives_tally",
        "programme_payback",
        "programme_outlook",
        "programme_owed",
    )
    nothing = {name: shaped(name, []) for name in names}
    for name in ("coverage", "programme_verdict", "training_needs"):
        nothing[f"told_{name}"] = shaped(name, []).assign(note="", managers="")
    trend = shaped("engagement_trend", [{"measure": "loyalty", "trend": "too few quarters"}])
    found = say.headline_programme(**nothing | {"engagement_trend": trend} | tables)
    return [one.text.replace("\u00a0", " ") for one in found]


def test_findings_name_figures_and_owners():
    assert headline() == ["Nothing can be said of the programme yet: no key accounts are known."]
    row = ("gain", "margin", 0.2, 0.05, 0.35, "")
    columns = [
        "verdict",
        "measure",
        "effect_share",
        "effect_low_share",
        "effect_high_share",
        "note",
    ]
    verdict = pd.DataFrame([row], columns=columns)
    payback = shaped(
        "programme_payback",
        [{"question": "payback", "answer": "paid back", "months_since_first_cost": 14.0}],
    )
    effect, objectives = headline(
        told_programme_verdict=verdict,
        programme_payback=payback,
        objectives_tally=programme.objectives_tally(OBJECTIVES),
    )
    assert effect == (
        "The programme has raised the margin of its key accounts: +20 % against comparable "
        "accounts, 95 % interval +5 % to +35 %. It paid for itself after 14 months."
    )
    worth = "the missed ones were worth 20"
    assert objectives == f"Objectives: 1 overdue, 1 missed, 1 kept; {worth}."
    unknown = verdict.assign(verdict="cannot be told", note="No dated tiers.")
    told_ = headline(told_programme_verdict=unknown)
    assert told_ == ["What the programme brings cannot be told. No dated tiers."]


def test_findings_say_who_lacks_what_and_what_to_train():
    row = {"key_count": 13, "covered_count": 11, "covered_share": 11 / 13}
    summary = pd.DataFrame([{"part": "plan", **row}, {"part": "sponsor", **row}])
    cover = pd.DataFrame({"name": ["Alpha"], "note": ["no sponsor"]})
    needs = pd.DataFrame(
        {"skill": ["languages"], "need_count": [1], "rated_count": [5], "managers": ["Ines"]}
    )
    found = headline(coverage_summary=summary, told_coverage=cover, told_training_needs=needs)
    assert found == [
        "2 of 13 key accounts lack a sponsor; 2 of 13 key accounts lack a plan. Begin with Alpha: "
        "no sponsor.",
        "Train languages first: 1 of 5 managers is below the level required (Ines).",
    ]


def test_findings_say_who_is_overloaded_and_what_evens_it_out():
    columns = [
        "manager_id",
        "manager_name",
        "key_count",
        "hours_load_share",
        "is_over_hours",
    ]
    rows = [
        ("", "no manager", 1, np.nan, False),
        ("M1", "Ines", 4, 1.2, True),
        ("M2", "Paul", 1, 0.2, False),
    ]
    work = pd.DataFrame(rows, columns=columns)
    move = {"account_id": "A", "name": "Alpha", "manager_id": "M1", "to_manager": "Paul"}
    found = headline(workload=work, assignment_changes=shaped("assignment_changes", [move]))
    assert found == [
        "1 key account has no manager: name one.",
        "Ines carries too much: 120 % of the hours, 4 key accounts. One move eases it, first Alpha "
        "to Paul.",
    ]
    found = headline(workload=work)
    assert found[1].endswith("Nobody has room and the ratings required to take an account over.")
    found = headline(workload=work[1:].assign(hours_load_share=0.09, is_over_hours=False))
    assert found == [
        "Nobody carries more hours than there are; the heaviest load is 9 % of the hours."
    ]


def test_findings_say_where_the_year_will_end():
    own = {
        "measure": "revenue",
        "year_target": 100.0,
        "outlook": 90.0,
        "outlook_low": 80.0,
        "outlook_high": 99.0,
        "outlook_gap": -10.0,
        "to_date": 50.0,
        "outlook_rule": "season",
    }
    for change, text in (
        ({}, "The key accounts are heading for 90 this year, 10 short of target."),
        (
            {"outlook_high": 120.0},
            "The key accounts are heading for 90 this year, 10 short of target; the interval holds "
            "the target.",
        ),
        (
            {"outlook_rule": "over", "to_date": 90.0},
            "The key accounts ended the year at 90, 10 short of target.",
        ),
    ):
        outlook = shaped("programme_outlook", [own | change])
        assert headline(programme_outlook=outlook) == [text]


def test_where_the_largest_stand_in_nothing_is_called_a_key_account():
    stand_in = shaped("key_accounts", {"account_id": ["A"], "is_key": True, "is_provisional": True})
    owed = {"account_id": "A", "name": "Ada", "overdue_amount": 9.0, "oldest_late_days": 3}
    load = {"manager_id": ["", "M"], "manager_name": ["", "Ines"], "key_count": [1, 4],
        "is_over_hours": [False, True], "hours_load_share": 1.5}  # fmt: skip
    said = headline(
        programme_owed=shaped("programme_owed", [owed]),
        workload=shaped("workload", load),
        key_accounts=stand_in,
    )
    text = " ".join(said)
    assert "The large accounts owe 9" in text and "1 large account has no manager" in text
    assert "4 large accounts" in text and "key account" not in text
    rule = pd.DataFrame({"key_rule": ["class A"]})  # what is published has no is_provisional
    note = say.note_programme(rule, stand_in).replace("\N{NO-BREAK SPACE}", " ")
    assert note == "1 large account, by the rule: class A."
    cover = shaped("coverage", {"account_id": ["A"], "coverage_gap_count": [1]})
    title = told.table_coverage(cover, stand_in).title.replace("\N{NO-BREAK SPACE}", " ")
    assert title == "1 of 1 large account with gaps"


def test_every_chart_is_drawn_from_nothing():
    made = nothing()
    quarters = made["programme_engagement"]
    titles = {"title": "Nothing", "subtitle": "Nothing is recorded"}
    drawn = [
        draw.plot_workload(made["workload"], **titles),
        draw.plot_workload(made["workload"], measure="revenue", **titles),
        draw.plot_assignment_loads(shaped("assignment_loads", []), **titles),
        draw.plot_coverage(made["coverage"], made["coverage_summary"], **titles),
        draw.plot_programme_return(
            shaped("programme_return", []), shaped("programme_payback", []), **titles
        ),
        draw.plot_competence(made["competence"], **titles),
        draw.plot_programme_engagement(quarters, **titles),
    ]
    assert [one.get_title(loc="left") for one in drawn] == ["Nothing"] * 7
    plt.close("all")
    trend = programme.engagement_trend(quarters)
    said = [
        told.chart_workload(made["workload"], as_of=AS_OF),
        told.chart_workload(made["workload"], as_of=AS_OF, measure="revenue"),
        told.chart_assignment_loads(
            shaped("assignment_loads", []), shaped("assignment_changes", []), book=None
        ),
        told.chart_coverage(made["coverage"], made["coverage_summary"], span=SPAN),
        told.chart_competence(made["competence"], span=SPAN),
        told.chart_programme_engagement(quarters, trend),
    ]
    assert [one.title for one in said] == [
        "No manager is known for any account",
        "No manager carries revenue",
        "No managers to assign accounts to",
        "No key accounts",
        "No manager has been rated",
        "Engagement and loyalty are not known",
    ]


def test_titles_say_the_finding():
    rating = {"manager_id": "M1", "assessed_date": day("2025-01-10")}
    skills = table(
        "skills",
        {**rating, "skill": "negotiation", "rating": 2.0},
        {**rating, "skill": "languages", "rating": 4.0},
    )
    found = programme.competence(skills, empty_table("managers"), as_of=AS_OF)
    said = told.chart_competence(found, span=SPAN)
    assert said.title == "1 rating is below the level required, in negotiation"
    assert said.subtitle.endswith("; Q4 2025")


def test_the_proposal_says_what_it_takes_off_whom():
    loads = shaped(
        "assignment_loads",
        [
            {"manager_id": "M1", "hours_load_share": 1.5, "proposed_hours_load_share": 0.9},
            {"manager_id": "M2", "hours_load_share": 0.5, "proposed_hours_load_share": 1.0},
        ],
    )
    changes = shaped("assignment_changes", [{"account_id": "A"}])
    said = told.chart_assignment_loads(loads, changes, book=None)
    assert said.title == "1 carries too much, nobody after 1 move"
    said = told.chart_assignment_loads(loads, changes.head(0), book=None)
    assert said.title == "1 carries too much, and nobody has room"


def test_what_is_recorded_of_nobody_is_not_called_covered():
    none = [empty_table(name) for name in ("contacts", "team", "interactions")]
    accounts = ACCOUNTS.assign(sponsor=pd.Series([None, None], dtype="str"))
    cover = programme.coverage(KEYS, accounts, *none, NO_PLANS, as_of=AS_OF)
    summary = programme.coverage_summary(cover)
    said = told.chart_coverage(cover, summary, span=SPAN)
    assert said.title == "How accounts are covered is not recorded"
    ax = draw.plot_coverage(cover, summary)
    assert [label.get_text() for label in ax.get_xticklabels()] == []
    plt.close("all")


def test_every_table_of_the_review_is_in_the_catalogue_as_its_docstring_says():
    for name, entry in catalogue().tables.items():
        if entry.area == "programme":
            assert hasattr(programme, name)
            assert entry.made_in.startswith("programme.")
