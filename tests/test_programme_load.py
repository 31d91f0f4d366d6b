"""Workload, dependence and the proposed assignment: small cases by hand and by enumeration (M29,
M30).
"""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from kamlib.book import ProgrammeSettings
from kamlib.programme import (
    account_load,
    assignment_changes,
    assignment_loads,
    manager_dependence,
    workload,
)
from kamlib.programme import proposed_assignment as proposed_among
from kamlib.story.programme_tables import tell_assignment_changes, tell_workload
from kamlib.tables import empty_table, shaped

AS_OF = pd.Timestamp("2025-12-31")
NOBODY_LOST = shaped("account_standing", [])
KEYS = pd.DataFrame({"account_id": ["A", "B", "C", "D"], "is_key": [True, True, True, False]})
ACCOUNTS = pd.DataFrame(
    {
        "account_id": ["A", "B", "C", "D"],
        "name": ["Alpha", "Beta", None, "Delta"],
        "manager_id": ["M1", "M1", None, "M2"],
        "manager_name": ["Ines", "Ines", None, "Paul"],
        "contact_every_days": [np.nan, 14.0, np.nan, 7.0],
    }
).astype({"name": "str", "manager_id": "str", "manager_name": "str"})
MONTHS = pd.DataFrame(
    {
        "account_id": ["A", "A", "B", "D"],
        "month": pd.to_datetime(["2025-12-31", "2024-12-31", "2025-06-30", "2025-06-30"]).as_unit(
            "us"
        ),
        "revenue": [1000.0, 7.0, 500.0, 9000.0],
        "cost": [600.0, 1.0, np.nan, 1.0],
    }
)


def test_load_takes_the_plan_then_the_account_then_the_default():
    rhythms = pd.DataFrame(
        {
            "account_id": ["A", "B", "C"],
            "contact_every_days": [7.0, 14.0, 30.4375],
            "rhythm_source": ["plan", "account", "default"],
        }
    )
    load = account_load(
        KEYS,
        ACCOUNTS,
        MONTHS,
        rhythms,
        as_of=AS_OF,
        programme=ProgrammeSettings(hours_per_contact=2.0, contact_every_days=30.4375),
    )
    assert load["rhythm_source"].to_list() == ["plan", "account", "default"]
    assert load["hours"].to_list() == pytest.approx([2 * 30.4375 / 7, 2 * 30.4375 / 14, 2.0])
    assert load["revenue"].to_list() == [1000.0, 500.0, 0.0]  # the window alone; D is not key
    assert load["margin"].iloc[0] == 400.0
    assert load["margin"].iloc[1:].isna().all()
    assert load["name"].to_list() == ["Alpha", "Beta", "C"]


def loads(hours, revenue, managers):
    return pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(len(hours))],
            "name": [f"Account {i}" for i in range(len(hours))],
            "manager_id": managers,
            "manager_name": [f"Name {m}" for m in managers],
            "hours": np.array(hours, dtype=float),
            "revenue": np.array(revenue, dtype=float),
        }
    )


def people(**hours):
    return pd.DataFrame(
        {
            "manager_id": list(hours),
            "name": list(hours),
            "hours_per_month": list(map(float, hours.values())),
        }
    )


def test_warnings_are_on_hours_and_revenue_and_the_count_is_only_shown():
    table = loads(
        [90, 30, 10, 10, 10, 10, 5],
        [100, 100, 10, 10, 10, 10, 50],
        ["M1", "M1", "M2", "M2", "M2", "M2", ""],
    )
    work = workload(table, people(M1=100, M2=100)).set_index("manager_id")
    assert work["is_over_hours"].to_dict() == {"M1": True, "M2": False, "": False}
    assert work["is_over_revenue"].to_dict() == {
        "M1": True,
        "M2": False,
        "": False,
    }  # limit 1.5 × mean(200, 40) = 180
    assert work.loc["M1", "revenue_limit"] == 180.0
    assert work["is_count_outside"].to_dict() == {"M1": False, "M2": True, "": False}
    notes = tell_workload(work.reset_index(), programme=ProgrammeSettings())["note"]
    said = dict(zip(work.index, notes, strict=True))
    assert said["M1"] == "more hours than the manager has; revenue above the limit"
    assert said["M2"] == "4 accounts, usual 1–3"
    assert said[""] == "nobody carries these accounts"


def test_dependence_by_hand():
    """M1 alone knows A (90 of 100); B is shared half and half; D is no key account."""
    rows = [
        ("A", "M1", 90, 50),
        ("A", "M2", 10, 10),
        ("B", "M1", 50, 40),
        ("B", "M2", 50, 40),
        ("D", "M2", 100, 20),
    ]
    months = pd.DataFrame(rows, columns=["account_id", "manager_id", "revenue", "cost"])
    months = months.assign(month=pd.Timestamp("2025-03-31")).astype({"month": "datetime64[us]"})
    table = manager_dependence(months, KEYS, people(M1=100, M2=100), as_of=AS_OF).set_index(
        "manager_id"
    )
    assert table["profit"].to_dict() == {"M2": 90.0, "M1": 50.0}
    assert table.loc["M1", ["sole_count", "exposed_revenue", "exposed_profit"]].to_list() == [
        1,
        100.0,
        40.0,
    ]
    assert table.loc["M1", "exposed_share"] == pytest.approx(40 / 60)
    assert table.loc["M2", "sole_count"] == 0
    assert table["profit_share"].sum() == pytest.approx(1)
    unknown = manager_dependence(months.assign(cost=np.nan), KEYS, people(M1=1), as_of=AS_OF)
    assert set(unknown["measure"]) == {"revenue"}


def cost(table, managers, chosen, penalty):
    """The objective in plain words: heaviest hours load + heaviest share of an even revenue split +
    broken relationships.
    """
    even = table["revenue"].sum() / len(managers)
    who = np.array(chosen)
    hours = max(
        table["hours"][who == m].sum() / h
        for m, h in zip(managers["manager_id"], managers["hours_per_month"], strict=True)
    )
    revenue = max(table["revenue"][who == m].sum() / even for m in managers["manager_id"])
    moves = ((who != table["manager_id"]) & table["manager_id"].ne("")).sum()
    return hours, revenue, hours + revenue + penalty * moves


def proposed_assignment(table, managers, standing=NOBODY_LOST, **more):
    """The proposal, where no account is lost unless it is said."""
    return proposed_among(table, managers, standing, **more)


def test_a_lost_account_is_never_moved():
    """Moving one of the two would be worth it; lost ones stay, with their manager or with none."""
    table = loads([50, 50], [100, 100], ["M1", "M1"])
    managers = people(M1=100, M2=100)
    lost = pd.DataFrame({"account_id": ["A0", "A1"], "status": ["lost", "lost"]})
    assert proposed_assignment(table, managers)["is_reassigned"].sum() == 1
    assert proposed_assignment(table, managers, lost)["is_reassigned"].sum() == 0
    one = proposed_assignment(table, managers, lost.head(1))
    assert one.loc[one["is_reassigned"], "account_id"].to_list() == ["A1"]
    alone = loads([10, 10], [10, 10], ["M1", ""])
    assert proposed_assignment(alone, managers, lost)["is_reassigned"].sum() == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_assignment_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    names = ["M1", "M2", "M3"]
    table = loads(rng.integers(2, 40, 6), rng.integers(1, 100, 6), rng.choice(names[:2], 6))
    managers, fixed, penalty = people(M1=60, M2=90, M3=40), {"A1"}, 0.1
    proposal = proposed_assignment(
        table, managers, programme=ProgrammeSettings(fixed=tuple(fixed), move_penalty=penalty)
    )
    now = cost(table, managers, table["manager_id"], penalty)
    options = [
        cost(table, managers, chosen, penalty)
        for chosen in product(names, repeat=6)
        if chosen[1] == table["manager_id"].iloc[1]
    ]
    allowed = [one[2] for one in options if one[0] <= now[0] + 1e-9 and one[1] <= now[1] + 1e-9]
    found = cost(table, managers, proposal["proposed_manager_id"], penalty)
    assert found[2] == pytest.approx(min(allowed), abs=1e-5)
    assert found[0] <= now[0] + 1e-9
    assert found[1] <= now[1] + 1e-9
    assert proposal.set_index("account_id").loc["A1", "is_fixed"]
    assert not proposal.set_index("account_id").loc["A1", "is_reassigned"]


@pytest.mark.parametrize("seed", range(3))
def test_larger_cases_never_leave_the_worst_loaded_worse(seed):
    rng = np.random.default_rng(100 + seed)
    table = loads(
        rng.gamma(2, 10, 24), rng.lognormal(3, 1, 24), rng.choice(["M1", "M2", "M3", "M4"], 24)
    )
    managers = people(M1=140, M2=120, M3=100, M4=160, M5=140)
    proposal = proposed_assignment(table, managers)
    both = assignment_loads(proposal, table, managers)
    for load in ("hours_load_share", "even_revenue_share"):
        assert both[f"proposed_{load}"].max() <= both[load].max() + 1e-9
    assert both["hours"].sum() == pytest.approx(both["proposed_hours"].sum())
    assert both["revenue"].sum() == pytest.approx(both["proposed_revenue"].sum())


def test_hours_are_not_evened_out_at_the_cost_of_the_heaviest_revenue():
    """Moving either account of M1 would free many hours, but leave M2 with more revenue than anyone
    has today.
    """
    table = loads([80, 80, 5], [60, 30, 80], ["M1", "M1", "M2"])
    assert proposed_assignment(table, people(M1=100, M2=100))["is_reassigned"].sum() == 0


def test_a_dear_relationship_is_kept_and_a_cheap_one_moves():
    table = loads([50, 50], [100, 100], ["M1", "M1"])
    managers = people(M1=100, M2=100)
    settings = {"move_penalty": 0.1}, {"move_penalty": 2.0}, {"fixed": ("A0", "A1")}
    proposals = [
        proposed_assignment(table, managers, programme=ProgrammeSettings(**one)) for one in settings
    ]
    assert [one["is_reassigned"].sum() for one in proposals] == [1, 0, 0]
    assert [set(one["search"]) for one in proposals] == [{"proven"}] * 3


def test_accounts_without_a_manager_get_one():
    table = loads([10, 10, 10], [10, 10, 10], ["M1", "M1", ""])
    proposal = proposed_assignment(table, people(M1=100, M2=100))
    assert proposal["proposed_manager_id"].to_list() == ["M1", "M1", "M2"]
    both = assignment_loads(proposal, table, people(M1=100, M2=100))
    changes = assignment_changes(proposal, both)
    assert changes["from_manager"].to_list() == ["no manager"]
    said = tell_assignment_changes(changes, both, book=None)["why"].iloc[0]
    told = (
        "it has no manager today; M2 from 0 to 10 % of the hours and 0 to 67 % of an even share of "
        "revenue"
    )
    assert said.replace("\u00a0", " ") == told


def test_row_order_does_not_matter():
    table = loads([30, 20, 10, 25, 5], [5, 80, 20, 10, 40], ["M1", "M1", "M2", "M1", "M2"])
    managers = people(M1=100, M2=100, M3=100)
    turned = proposed_assignment(
        table.iloc[::-1].reset_index(drop=True), managers.iloc[::-1].reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(proposed_assignment(table, managers), turned)


def test_no_rows():
    rhythms = shaped("contact_rhythms", [])
    load = account_load(KEYS.head(0), ACCOUNTS.head(0), MONTHS.head(0), rhythms, as_of=AS_OF)
    managers = empty_table("managers")
    proposal = proposed_assignment(load, managers)
    both = assignment_loads(proposal, load, managers)
    months = MONTHS.head(0).assign(manager_id=pd.Series(dtype="str"))
    made = {
        "account_load": load,
        "workload": workload(load, managers),
        "proposed_assignment": proposal,
        "assignment_loads": both,
        "assignment_changes": assignment_changes(proposal, both),
        "manager_dependence": manager_dependence(months, KEYS, managers, as_of=AS_OF),
    }
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, shaped(name, []))
