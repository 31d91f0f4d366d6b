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
        "cost_to_serve": np.nan,
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


NO_ORDERS = MONTHS.head(0).assign(manager_id=pd.Series(dtype="str"))


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
    assert load["gross_margin"].iloc[0] == 400.0
    assert load[["gross_margin", "margin"]].iloc[1:].isna().all(axis=None)
    served = ACCOUNTS.assign(cost_to_serve=[30.0] + [None] * (len(ACCOUNTS) - 1))
    net = account_load(KEYS, served, MONTHS, rhythms, as_of=AS_OF)["margin"]
    assert (load["margin"].iloc[0], net.iloc[0]) == (400.0, 370.0)
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


def test_too_much_is_beyond_the_hours_alone():
    table = loads(
        [90, 30, 10, 10, 10, 10, 5],
        [100, 100, 10, 10, 10, 10, 50],
        ["M1", "M1", "M2", "M2", "M2", "M2", ""],
    )
    work = workload(table, people(M1=100, M2=100)).set_index("manager_id")
    assert work["is_over_hours"].to_dict() == {"M1": True, "M2": False, "": False}
    assert work["revenue_limit"].isna().all()
    assert work.loc["M2", "revenue_per_hour"] == 1.0
    assert work["is_count_outside"].to_dict() == {"M1": False, "M2": True, "": False}
    notes = tell_workload(work.reset_index(), programme=ProgrammeSettings())["note"]
    said = dict(zip(work.index, notes, strict=True))
    assert said == {
        "M1": "more hours than the manager has",
        "M2": "4 accounts, usual 1–3",
        "": "nobody carries these accounts",
    }


def test_revenue_above_the_books_limit_is_shown_and_warns_of_nothing():
    table = loads([4, 5], [100, 900], ["M1", "M2"])
    limited = ProgrammeSettings(revenue_per_manager=300.0)
    work = workload(table, people(M1=100, M2=100), programme=limited).set_index("manager_id")
    assert work["revenue_load_share"].round(3).to_dict() == {"M2": 3.0, "M1": 0.333}
    assert not tell_workload(work.reset_index(), programme=limited)["note"].str.strip().any()


NOBODY_MET = pd.DataFrame({"account_id": [], "manager_id": [], "date": []}).astype(
    {"account_id": "str", "manager_id": "str", "date": "datetime64[us]"}
)


def dependence(rows, met=NOBODY_MET, cost=None):
    months = pd.DataFrame(rows, columns=["account_id", "manager_id", "revenue", "cost"])
    months = months.assign(month=pd.Timestamp("2025-03-31")).astype({"month": "datetime64[us]"})
    months = months if cost is None else months.assign(cost=cost)
    staff = people(M1=100, M2=100)
    table = manager_dependence(months, KEYS, ACCOUNTS, met, staff, as_of=AS_OF)
    return table.set_index("manager_id")


HANDLED = [
    ("A", "M1", 90, 50),
    ("A", "M2", 10, 10),
    ("B", "M1", 50, 40),
    ("B", "M2", 50, 40),
    ("D", "M2", 100, 20),
]


def test_dependence_by_hand():
    """Ines owns A and B: 90 % of A's orders are hers, half of B's; D is no key account."""
    table = dependence(HANDLED)
    assert table["profit"].to_dict() == {"M2": 90.0, "M1": 50.0}
    ines = table.loc["M1"]
    assert ines["owned_profit"] == 60.0
    assert ines["exposed_profit"] == pytest.approx(0.9 * 40 + 0.5 * 20)
    assert (ines["sole_count"], ines["exposed_share"]) == (1, pytest.approx(46 / 60))
    assert table.loc["M2", ["owned_profit", "exposed_profit", "sole_count"]].tolist() == [0, 0, 0]
    assert table["profit_share"].sum() == pytest.approx(1)
    assert set(dependence(HANDLED, cost=np.nan)["measure"]) == {"revenue"}


def test_contacts_recorded_say_whose_the_contact_is():
    """Of four contacts with A in the year one is Ines's; the fifth is too old to count."""
    met = pd.DataFrame({"account_id": "A", "manager_id": ["M1", "M2", "M2", "M2", "M1"]})
    met["date"] = pd.to_datetime([*["2025-05-01"] * 4, "2024-12-01"])
    ines = dependence(HANDLED, met).loc["M1"]
    assert ines["exposed_profit"] == pytest.approx(0.25 * 40 + 0.5 * 20)
    assert ines["sole_count"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_no_more_is_exposed_than_the_own_accounts_bring(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (account, manager, *rng.uniform(1, 100, 2))
        for account in "ABCD"
        for manager in ("M1", "M2", None)
    ]
    table = dependence(rows)
    assert (table["exposed_profit"] <= table["owned_profit"] + 1e-9).all()
    assert table["exposed_share"].sum() <= 1 + 1e-9


NOBODY_RATED = shaped("competence", [])


def proposed_assignment(table, managers, standing=NOBODY_LOST, rated=NOBODY_RATED, **more):
    """The proposal, where no account is lost and nobody is rated unless it is said."""
    return proposed_among(table, managers, standing, rated, **more)


def moved(*arguments, **more):
    found = proposed_assignment(*arguments, **more)
    own = found[found["is_reassigned"]]
    return dict(zip(own["account_id"], own["proposed_manager_id"], strict=True))


def test_nothing_is_moved_where_nobody_carries_too_much():
    table = loads([8, 1], [900, 10], ["M1", "M2"])
    assert moved(table, people(M1=100, M2=100)) == {}
    assert moved(loads([90, 9], [9, 9], ["M1", "M1"]), people(M1=100, M2=100)) == {}


def test_of_two_moves_that_help_alike_the_smaller_account_goes():
    table = loads([60, 60], [900, 10], ["M1", "M1"])
    assert moved(table, people(M1=100, M2=100)) == {"A1": "M2"}


def test_nobody_is_given_more_than_there_is_room_for():
    table = loads([60, 60, 50], [9, 9, 9], ["M1", "M1", "M2"])
    assert moved(table, people(M1=100, M2=100)) == {}
    assert moved(table, people(M1=100, M2=100, M3=60)) == {"A0": "M3"}


def test_nothing_goes_to_somebody_below_the_ratings_required():
    table = loads([60, 60], [9, 9], ["M1", "M1"])
    rated = pd.DataFrame(
        {"manager_id": ["M2", "M3"], "skill": "negotiation", "is_training_need": [True, False]}
    )
    managers = people(M1=100, M2=100, M3=100, M4=100)
    assert moved(table, managers, rated=rated) == {"A0": "M3"}
    assert moved(table, managers) == {"A0": "M2"}
    assert moved(table, managers, rated=rated.head(1)) == {}


def test_a_lost_account_is_never_moved():
    """Moving one of the two would be worth it; lost ones stay, with their manager or with none."""
    table = loads([60, 60], [100, 100], ["M1", "M1"])
    managers = people(M1=100, M2=100)
    lost = pd.DataFrame({"account_id": ["A0", "A1"], "status": ["lost", "lost"]})
    assert len(moved(table, managers)) == 1
    assert moved(table, managers, lost) == {}
    assert moved(table, managers, lost.head(1)) == {"A1": "M2"}
    assert moved(loads([10, 10], [10, 10], ["M1", ""]), managers, lost) == {}


def cost(table, managers, chosen, penalty):
    """The objective in plain words: overloads, broken relationships, a little for the revenue."""
    hours = managers.set_index("manager_id")["hours_per_month"]
    carried = table.groupby(np.array(chosen))["hours"].sum().reindex(hours.index).fillna(0) / hours
    is_moved = (np.array(chosen) != table["manager_id"]).to_numpy()
    revenue = 1e-3 * table["revenue"][is_moved].sum() / table["revenue"].sum()
    return carried, (carried - 1).clip(lower=0).sum() + penalty * is_moved.sum() + revenue


@pytest.mark.parametrize("seed", range(2))
def test_the_assignment_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    names = ["M1", "M2", "M3"]
    table = loads(rng.integers(25, 70, 5), rng.integers(1, 100, 5), rng.choice(names[:2], 5))
    managers, penalty = people(M1=60, M2=90, M3=70), 0.1
    proposal = proposed_assignment(
        table, managers, programme=ProgrammeSettings(fixed=("A1",), move_penalty=penalty)
    )
    own = table["manager_id"]
    now, _ = cost(table, managers, own, penalty)
    options = []
    for chosen in product(names, repeat=5):
        carried, worth = cost(table, managers, chosen, penalty)
        is_moved = own.ne(pd.Series(chosen))
        takers = set(np.array(chosen)[is_moved])
        is_allowed = (
            not is_moved[1]
            and all(now[giver] > 1 for giver in own[is_moved])
            and all(now[taker] <= 1 and carried[taker] <= 1 + 1e-9 for taker in takers)
        )
        options += [worth] if is_allowed else []
    _, found = cost(table, managers, proposal["proposed_manager_id"], penalty)
    assert found == pytest.approx(min(options), abs=1e-4)
    assert proposal.set_index("account_id").loc["A1", "is_fixed"]


@pytest.mark.parametrize("seed", range(3))
def test_larger_cases_lower_overloads_and_make_none(seed):
    rng = np.random.default_rng(100 + seed)
    table = loads(
        rng.gamma(2, 10, 24), rng.lognormal(3, 1, 24), rng.choice(["M1", "M2", "M3", "M4"], 24)
    )
    managers = people(M1=140, M2=120, M3=100, M4=160, M5=140)
    proposal = proposed_assignment(table, managers)
    both = assignment_loads(proposal, table, managers)
    now, then = both["hours_load_share"], both["proposed_hours_load_share"]
    assert (then <= now.clip(lower=1) + 1e-9).all()
    assert both["hours"].sum() == pytest.approx(both["proposed_hours"].sum())
    assert both["revenue"].sum() == pytest.approx(both["proposed_revenue"].sum())


def test_a_dear_relationship_is_kept_and_a_cheap_one_moves():
    table = loads([75, 75], [100, 100], ["M1", "M1"])
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
    changes = assignment_changes(proposal, both, NO_ORDERS, as_of=AS_OF)
    assert changes["from_manager"].to_list() == ["no manager"]
    said = tell_assignment_changes(changes, both, book=None)["why"].iloc[0]
    told = "it has no manager today; M2 goes from 0 to 10 % of the hours"
    assert said.replace("\u00a0", " ") == told


def test_a_move_says_what_it_breaks():
    table = loads([60, 60], [9, 9], ["M1", "M1"])
    managers = people(M1=100, M2=100)
    both = assignment_loads(proposed_assignment(table, managers), table, managers)
    months = pd.DataFrame({"account_id": "A0", "manager_id": ["M1", "M2"], "revenue": [3.0, 1.0]})
    months = months.assign(month=AS_OF)
    changes = assignment_changes(proposed_assignment(table, managers), both, months, as_of=AS_OF)
    said = tell_assignment_changes(changes, both, book=None)["why"].iloc[0]
    assert said.replace("\u00a0", " ") == (
        "M1 goes from 120 to 60 % of the hours; it breaks a relationship: 75 % of the account's "
        "revenue came through M1; M2 goes from 0 to 60 % of the hours"
    )


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
    months = NO_ORDERS
    made = {
        "account_load": load,
        "workload": workload(load, managers),
        "proposed_assignment": proposal,
        "assignment_loads": both,
        "assignment_changes": assignment_changes(proposal, both, months, as_of=AS_OF),
        "manager_dependence": manager_dependence(
            months, KEYS, ACCOUNTS, NOBODY_MET, managers, as_of=AS_OF
        ),
    }
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, shaped(name, []))
