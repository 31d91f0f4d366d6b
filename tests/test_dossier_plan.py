"""Account plans: one clear message with file and line; objectives, actions, progress."""

from pathlib import Path

import pandas as pd
import pytest

from kamlib.dossier import (
    contact_rhythms,
    plan_actions,
    plan_objectives,
    plan_problems,
    plan_reading,
    plan_register,
    plan_steps,
    plan_swot,
    read_plan,
)
from kamlib.errors import KamError
from kamlib.period.calendar import parse_period

from .dossier import AS_OF, table

NOBODY, BEFORE = table("managers"), parse_period("2025-Q2")
TEMPLATE = Path(__file__).resolve().parents[1] / "templates" / "plan.toml"
PLAN = '''account_id = "ACME"
updated = 2025-09-15
start = 2025-01-01

[relationship]
summary = """
[[actions]]
owner = nobody
"""
rhythm = 2

[swot]
strengths = ["fast", "near"]
threats = ["rival"]

[[objectives]]
id = "O1"
horizon = "short"
text = "First"
owner = "M1"
due = 2025-06-30
done = 0.5

[[objectives]]
id = "O2"
horizon = "long"
kind = "growth"
text = "Second"
owner = "Ines"
due = 2025-12-15
progress = [
    { date = 2025-06-01, done = 0.2 },
    { date = 2025-08-01, done = 0.6 },
    { date = 2025-11-01, done = 1.0 },
]
expected_value = 40000

[[objectives]]
id = "O3"
horizon = "medium"
text = "Third"
owner = "Ines"
due = 2025-03-31
done = 0.4
closed = 2025-08-01
lesson = "start earlier"

[[actions]]
id = "A1"
objective = "O1"
horizon = "short"
text = "Call"
owner = "M1"
due = 2025-09-01

[[actions]]
id = "A2"
objective = "O2"
horizon = "short"
text = "Visit"
owner = "M1"
due = 2025-10-10
done = 1
'''


@pytest.fixture
def write(tmp_path):
    def _write(text: str, name: str = "ACME.toml") -> Path:
        file = tmp_path / "plans" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return _write


def line(text: str, part: str, nth: int = 1) -> int:
    places = [i for i, one in enumerate(text.splitlines(), start=1) if part in one]
    return places[nth - 1]


def test_the_template_is_a_valid_plan():
    plan = read_plan(TEMPLATE)
    assert (len(plan.objectives), len(plan.actions)) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new", "what", "at", "next_"),
    [
        (
            'owner = "M1"\ndue = 2025-06-30',
            'ownr = "M1"\ndue = 2025-06-30',
            "Unknown key 'ownr'.",
            "ownr",
            "Did you mean 'owner'?",
        ),
        ("rhythm", "rythm", "Unknown key 'rythm'.", "rythm", "Did you mean 'rhythm'?"),
        ("[swot]", "[swott]", "Unknown key 'swott'.", "[swott]", "Did you mean 'swot'?"),
        (
            'owner = "M1"\ndue = 2025-09-01',
            "due = 2025-09-01",
            "'owner' is missing.",
            "[[actions]]2",
            "Add a line: owner = …",
        ),
        (
            'owner = "M1"\ndue = 2025-06-30',
            'owner = " "\ndue = 2025-06-30',
            "'objectives.0.owner' does not fit: it is blank.",
            'owner = " "',
            "",
        ),
        (
            "due = 2025-10-10",
            "due = 2024-10-10",
            "Action 'A2': due 2024-10-10 is before the plan's start 2025-01-01.",
            "due = 2024-10-10",
            "",
        ),
        (
            "closed = 2025-08-01",
            "closed = 2024-08-01",
            "Objective 'O3': closed 2024-08-01 is before the plan's start 2025-01-01.",
            "closed",
            "",
        ),
        (
            'objective = "O2"',
            'objective = "O22"',
            "Action 'A2' serves an unknown objective 'O22'.",
            "O22",
            "O2",
        ),
        (
            'id = "A2"',
            'id = "A1"',
            "Action 'A1' is there twice.",
            'id = "A1"2',
            "Give each its own id.",
        ),
        (
            'id = "O2"',
            'id = "O1"',
            "Objective 'O1' is there twice.",
            'id = "O1"2',
            "Give each its own id.",
        ),
        ("done = 0.5", "done = 50", "'objectives.0.done' does not fit", "done = 50", ""),
        (
            'horizon = "long"',
            'horizon = "later"',
            "'objectives.1.horizon' does not fit",
            "later",
            "",
        ),
        (
            'account_id = "ACME"',
            'account_id = "ACM"',
            "The plan is named for account 'ACME'",
            "ACM",
            "Rename",
        ),
        (
            'threats = ["rival"]',
            'threats = "rival',
            "The plan is no valid TOML",
            "rival",
            "Mend that line.",
        ),
    ],
)
def test_a_broken_plan_is_one_message_with_file_and_line(write, old, new, what, at, next_):
    assert PLAN.count(old) >= 1
    text = PLAN.replace(old, new, 1)
    nth = int(at[-1]) if at[-1] in "23" and at[-2] in ']"' else 1
    expected = line(text, at.rstrip("23") if nth > 1 else at, nth)
    with pytest.raises(KamError) as caught:
        read_plan(write(text), "ACME")
    assert what in caught.value.what
    assert f"plans/ACME.toml, line {expected}" in caught.value.where
    assert next_ in caught.value.next


def test_a_plan_that_is_not_utf8_or_not_there_says_so(write, tmp_path):
    file = write("")
    file.write_bytes(b'account_id = "\xe9"')
    with pytest.raises(KamError, match="not written in UTF-8"):
        read_plan(file)
    with pytest.raises(KamError, match="cannot be opened"):
        read_plan(tmp_path / "none.toml")


def test_a_broken_plan_is_data_for_its_dossier_and_no_harm_to_the_others(write):
    plans = {"ACME": write(PLAN), "BAD": write('account_id = "BAD"\nsumary = ""\n', "BAD.toml")}
    bad, good = (plan_reading(plans=plans, account_id=one) for one in ("BAD", "ACME"))
    assert good.plan is not None and plan_problems(good, account_id="ACME").empty
    assert bad.plan is None
    problems = plan_problems(bad, account_id="BAD")
    assert problems[["account_id", "file", "line", "problem"]].values.tolist() == [
        ["BAD", "plans/BAD.toml", 2, "Unknown key 'sumary'."]
    ]
    register = plan_register(plans=plans, as_of=AS_OF).set_index("account_id")
    assert register.loc["BAD", "problem"].startswith("Unknown key 'sumary'.")
    assert register.loc[
        "ACME", ["objective_count", "overdue_objective_count", "kept_count", "missed_count"]
    ].tolist() == [3, 1, 0, 1]
    assert register.loc["ACME", "age_days"] == 15


def test_objectives_overdue_first_with_the_state_of_the_day(write):
    plan = read_plan(write(PLAN))
    managers = table("managers", {"manager_id": "M1", "name": "Paul"})
    found = plan_objectives(plan, managers, as_of=AS_OF, previous_span=BEFORE)
    assert found[["objective_id", "status", "owner"]].values.tolist() == [
        ["O1", "overdue", "Paul"],
        ["O2", "open", "Ines"],
        ["O3", "missed", "Ines"],
    ]
    assert found["overdue_days"].fillna(-1).tolist() == [92.0, -1.0, -1.0]
    assert found["done_share"].tolist() == [0.5, 0.6, 0.4]


def test_a_change_is_known_where_the_plan_logs_its_progress(write):
    found = plan_objectives(read_plan(write(PLAN)), NOBODY, as_of=AS_OF, previous_span=BEFORE)
    assert found["done_change"].fillna(-1).round(6).tolist() == [-1.0, 0.4, -1.0]


def test_an_objective_is_shown_as_it_stood_on_an_earlier_day(write):
    day = pd.Timestamp("2025-03-31")
    found = plan_objectives(read_plan(write(PLAN)), NOBODY, as_of=day, previous_span=BEFORE)
    found = found.set_index("objective_id")
    assert found["status"].to_dict() == {"O1": "open", "O2": "open", "O3": "open"}
    assert found.loc["O2", "done_share"] == 0.0


def test_actions_and_swot(write):
    plan = read_plan(write(PLAN))
    actions = plan_actions(plan, NOBODY, as_of=AS_OF, previous_span=BEFORE)
    assert actions[["action_id", "status", "overdue_days"]].fillna(-1).values.tolist() == [
        ["A1", "overdue", 29.0],
        ["A2", "kept", -1.0],
    ]
    assert plan_swot(plan)["text"].tolist() == ["fast", "near", "rival"]


def test_all_plans_together_have_their_objectives_and_rhythms_and_pass_over_broken_ones(write):
    other = write(PLAN.replace("ACME", "BETA").replace("rhythm = 2", ""), "BETA.toml")
    plans = {"BETA": other, "ACME": write(PLAN), "BAD": write("sumary = 1", "BAD.toml")}
    steps = plan_steps(NOBODY, plans=plans, as_of=AS_OF, previous_span=BEFORE)
    assert steps["account_id"].tolist() == ["ACME"] * 3 + ["BETA"] * 3
    own = plan_objectives(read_plan(other), NOBODY, as_of=AS_OF, previous_span=BEFORE)
    pd.testing.assert_frame_equal(steps.tail(3).reset_index(drop=True), own)
    accounts = pd.DataFrame({"account_id": ["ACME", "BETA", "C"], "contact_every_days": 50.0})
    accounts.loc[2, "contact_every_days"] = float("nan")
    rhythms = contact_rhythms(accounts, plans=plans)
    assert rhythms["contact_every_days"].tolist() == [pytest.approx(365.25 / 24), 50.0, 30.0]
    assert rhythms["rhythm_source"].tolist() == ["plan", "account", "default"]


def test_rows_of_a_plan_have_the_accounts_id_however_the_plan_writes_it(write):
    plans = {"ACME": write(PLAN.replace('"ACME"', '"Acme"'))}
    reading = plan_reading(plans=plans, account_id="ACME")
    found = plan_objectives(reading.plan, NOBODY, as_of=AS_OF, previous_span=BEFORE)
    assert set(found["account_id"]) == {"ACME"}
