"""Coverage, objectives, competence, engagement, findings, charts (M18, M22–M34)."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from kamlib import programme
from kamlib.plots import programme as draw
from kamlib.programme.shape import canonical
from kamlib.tables import empty_table

from .programme import ACCOUNTS, AS_OF, KEYS, day, table

NO_PLANS = pd.DataFrame(
    {"account_id": pd.Series(dtype="str"), "filled_share": [], "age_days": [], "problem": []}
)


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
        roles=["decider", "buyer"],
        team_roles=["sales", "delivery"],
    ).set_index("account_id")
    assert found.index.to_list() == ["B", "A"]
    assert found.loc["A", "role_filled_share"] == 1.0
    assert found.loc["A", "contact_age_days"] == 30.0  # the call of January is not known yet
    assert found.loc["A", "team_filled_share"] == 0.5
    assert found.loc["A", "note"] == "team lacks delivery; plan older than 180 days"
    assert (
        found.loc["B", "note"]
        == "no sponsor; no decider, buyer known; team lacks sales, delivery; no plan"
    )
    summary = programme.coverage_summary(found.reset_index()).set_index("part")
    assert summary["covered_share"].to_dict() == {
        "sponsor": 0.5, "decision roles": 0.5, "contact in 90 days": 0.5, "team": 0.0, "plan": 0.5, "fresh plan": 0.0,
    }  # fmt: skip
    assert summary.loc["sponsor", "missing"] == "Beta"


def test_what_the_book_does_not_record_is_no_gap():
    bare = ACCOUNTS.assign(sponsor=pd.Series([None, None], dtype="str"))
    none = [empty_table(name) for name in ("contacts", "team", "interactions")]
    found = programme.coverage(KEYS, bare, *none, NO_PLANS, as_of=AS_OF)
    assert found["gap_count"].to_list() == [0, 0]
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
    found = programme.competence(skills, people, as_of=AS_OF, required_ratings={"negotiation": 3.5})
    assert found["rating"].to_list() == [2.0, 3.0]
    assert found["trend"].to_list() == ["down", "one rating"]
    assert found["gap"].to_list() == [1.5, 0.5]
    assert found["manager_name"].to_list() == ["Ines", "M2"]
    needs = programme.training_needs(found, required_ratings={"negotiation": 3.5, "languages": 2.0})
    assert needs["managers"].to_list() == ["Ines, M2", "nobody has been rated in it"]
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
    keys, accounts = KEYS.head(0), ACCOUNTS.head(0)
    months = months_of(1).head(0)
    load = programme.account_load(keys, accounts, months, as_of=AS_OF)
    work = programme.workload(load, empty_table("managers"))
    tables = [empty_table(name) for name in ("contacts", "team", "interactions")]
    cover = programme.coverage(keys, accounts, *tables, NO_PLANS, as_of=AS_OF)
    quarters = programme.programme_engagement(
        load, empty_table("interactions"), months, as_of=AS_OF
    )
    skills = programme.competence(empty_table("skills"), empty_table("managers"), as_of=AS_OF)
    return keys, accounts, months, work, cover, quarters, skills


def test_no_rows():
    keys, accounts, months, work, cover, quarters, skills = nothing()
    assert cover.empty
    assert programme.coverage_summary(cover).empty
    assert quarters.empty
    assert skills.empty
    assert programme.training_needs(skills).empty
    assert programme.objectives_tally(OBJECTIVES.head(0)).empty
    assert programme.objectives_review(OBJECTIVES.head(0), accounts).empty
    assert programme.decision_log(empty_table("decisions"), accounts, as_of=AS_OF).empty
    assert programme.account_targets(
        months, empty_table("targets"), empty_table("opportunities"), keys, accounts, as_of=AS_OF
    ).empty
    empty = [empty_table(name) for name in ("opportunities", "competitors", "needs")]
    categories = months.assign(category=pd.Series(dtype="str"))
    ready = programme.readiness(keys, months, categories, *empty, work, work, skills, as_of=AS_OF)
    assert set(ready["answer"]) == {"to be answered"}
    assert [one.text for one in programme.programme_findings()] == [
        "Nothing can be said of the programme yet: no key accounts are known."
    ]


def test_findings_name_figures_and_owners():
    verdict = pd.DataFrame(
        {
            "verdict": ["gain"],
            "measure": ["margin"],
            "effect_share": [0.2],
            "effect_low_share": [0.05],
            "effect_high_share": [0.35],
            "reason": [""],
        }
    )
    payback = pd.DataFrame(
        {"question": ["payback"], "answer": ["paid back"], "months_count": [14.0]}
    )
    found = programme.programme_findings(
        programme_verdict=verdict,
        programme_payback=payback,
        objectives_tally=programme.objectives_tally(OBJECTIVES),
    )
    text = " ".join(one.text for one in found).replace("\u00a0", " ")
    assert (
        "has raised the margin of its key accounts: +20 % against comparable accounts, 95 % interval +5 % to +35 %"
        in text
    )
    assert "paid for itself after 14 months" in text
    assert "1 overdue, 1 missed, 1 kept" in text
    told = programme.programme_findings(
        programme_verdict=verdict.assign(verdict="cannot be told", reason="No dated tiers.")
    )
    assert told[0].text == "What the programme brings cannot be told. No dated tiers."


def test_every_chart_is_drawn_from_nothing():
    _, _, _, work, cover, quarters, skills = nothing()
    loads = programme.assignment_loads(
        canonical(None, "managers"), work, canonical(None, "managers")
    )
    returns = pd.DataFrame(
        columns=[
            "month",
            "months_since_first_cost",
            "cumulative",
            "cumulative_low",
            "cumulative_high",
        ]
    )
    axes = [
        draw.plot_workload(work)[0],
        draw.plot_assignment_loads(loads),
        draw.plot_coverage(cover),
        draw.plot_programme_return(returns, programme.programme_payback(returns)),
        draw.plot_competence(skills),
        draw.plot_engagement(quarters, programme.engagement_trend(quarters)),
    ]
    assert [one.get_title(loc="left") != "" for one in axes] == [True] * 6
    plt.close("all")


def test_titles_say_the_finding():
    skills = table(
        "skills",
        {
            "manager_id": "M1",
            "skill": "negotiation",
            "rating": 2.0,
            "assessed_date": day("2025-01-10"),
        },
    )
    ax = draw.plot_competence(programme.competence(skills, empty_table("managers"), as_of=AS_OF))
    assert ax.get_title(loc="left") == "1 rating is below the level required, in negotiation"
    plt.close("all")


def test_what_is_recorded_of_nobody_is_not_called_covered():
    tables = [empty_table(name) for name in ("contacts", "team", "interactions")]
    accounts = ACCOUNTS.assign(sponsor=None)
    cover = programme.coverage(KEYS, accounts, *tables, NO_PLANS, as_of=AS_OF)
    ax = draw.plot_coverage(cover)
    assert ax.get_title(loc="left") == "How key accounts are covered is not recorded"
    plt.close("all")


def docstring_columns(function):
    lines = function.__doc__.split("Columns\n")[1].splitlines()[1:]
    return [line.strip().split(":")[0] for line in lines if ":" in line]


@pytest.mark.parametrize(
    "name",
    [
        "coverage",
        "coverage_summary",
        "objectives_tally",
        "competence",
        "engagement_trend",
        "decision_log",
    ],
)
def test_columns_are_the_documented_ones(name):
    _, accounts, _, _, cover, quarters, skills = nothing()
    made = {
        "coverage": cover,
        "coverage_summary": programme.coverage_summary(cover),
        "objectives_tally": programme.objectives_tally(OBJECTIVES),
        "competence": skills,
        "engagement_trend": programme.engagement_trend(quarters),
        "decision_log": programme.decision_log(empty_table("decisions"), accounts, as_of=AS_OF),
    }
    assert made[name].columns.to_list() == docstring_columns(getattr(programme, name))
