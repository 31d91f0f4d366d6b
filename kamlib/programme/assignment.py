"""Who should carry which key account: the fewest moves that take an overload off a manager."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from kamlib.book import ProgrammeSettings
from kamlib.period.months import trailing_months
from kamlib.programme.accounts import by_id
from kamlib.programme.workload import NOBODY, UNASSIGNED
from kamlib.tables import shaped

NODE_LIMIT = 2_000
"""The search stops after so many branches, not after seconds: the same book gives the same proposal
on any machine.
"""


def proposed_assignment(
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    account_standing: pd.DataFrame,
    competence: pd.DataFrame,
    *,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per key account: its manager now and the one proposed.

    Only who has more hours to work than the month has for key accounts gives an account away, and
    only to someone with room for it and the ratings required: where anybody is rated, somebody
    rated in no skill, or below the level in one, is given nothing. Lost accounts and those that
    the book fixes stay. Among the moves allowed it minimises the managers' overloads (hours beyond
    the manager's hours, as a share of them) plus ``programme.move_penalty`` for each relationship
    taken from its manager; of equal ones the moves of the least revenue. Accounts without a manager
    get one with room. Managers are those of key accounts and those whose hours are given. A
    mixed-integer programme, solved by `scipy.optimize.milp` (HiGHS); ``search`` says where it was
    cut before the optimum was proven.

    Examples
    --------
    >>> load = shaped("account_load", {"account_id": ["A", "B"], "manager_id": "M1",
    ...     "hours": 100.0, "revenue": [50.0, 70.0]})
    >>> managers = pd.DataFrame({"manager_id": ["M1", "M2"], "name": ["Ines", "Bo"],
    ...     "hours_per_month": 140.0})
    >>> standing, rated = shaped("account_standing", []), shaped("competence", [])
    >>> proposed_assignment(load, managers, standing, rated)["proposed_manager_id"].tolist()
    ['M2', 'M1']
    """
    people = _people(account_load, managers, programme)
    load = account_load.sort_values("account_id", kind="stable").reset_index(drop=True)
    now = people.index.get_indexer(pd.Index(load["manager_id"]))
    lost = account_standing.loc[account_standing["status"].eq("lost"), "account_id"]
    is_fixed = load["account_id"].isin({*programme.fixed, *lost}) & load["manager_id"].isin(
        people.index
    )
    chosen, search = now, "proven"
    if len(load) and len(people):
        carried = load.groupby("manager_id")["hours"].sum().reindex(people.index).fillna(0.0)
        is_over = carried.gt(people["hours_per_month"])
        may_go = ~is_fixed & ~load["account_id"].isin(lost) & ((now < 0) | is_over.to_numpy()[now])
        may_take = ~is_over & _is_able(people.index, competence)
        chosen, search = _solve(
            load["hours"].to_numpy()[:, None] / people["hours_per_month"].to_numpy()[None, :],
            load["revenue"].clip(lower=0).to_numpy(),
            now,
            may_go.to_numpy(),
            may_take.to_numpy(),
            programme.move_penalty,
        )
    names = np.append(people.index.to_numpy(dtype=object), UNASSIGNED)
    proposed = pd.Series(names[chosen], index=load.index, dtype="str")
    return shaped(
        "proposed_assignment",
        load.assign(
            proposed_manager_id=proposed,
            is_reassigned=load["manager_id"].ne(proposed),
            is_fixed=is_fixed,
            search=search,
        ),
    )


def _people(
    account_load: pd.DataFrame, managers: pd.DataFrame, programme: ProgrammeSettings
) -> pd.DataFrame:
    """Return the managers that can carry key accounts, by id, with their hours and name."""
    known = by_id(managers, "manager_id")
    own = by_id(account_load[account_load["manager_id"].ne(UNASSIGNED)], "manager_id")
    hours = known["hours_per_month"].where(known["hours_per_month"].gt(0))
    ids = pd.Index(sorted({*own.index, *hours.dropna().index}), dtype="str", name="manager_id")
    names = known["name"].reindex(ids).fillna(own["manager_name"].reindex(ids))
    return pd.DataFrame(
        {
            "manager_name": names.fillna(pd.Series(ids, index=ids)),
            "hours_per_month": hours.reindex(ids).astype(float).fillna(programme.hours_per_month),
        }
    )


def _is_able(people: pd.Index, competence: pd.DataFrame) -> pd.Series:
    """Return who has the ratings required; everybody where nobody is rated."""
    if competence.empty:
        return pd.Series(True, index=people)
    below = competence.loc[competence["is_training_need"].astype(bool), "manager_id"]
    rated = people.isin(competence["manager_id"])
    return pd.Series(rated & ~people.isin(below), index=people)


def _solve(
    hours: np.ndarray,
    revenue: np.ndarray,
    now: np.ndarray,
    may_go: np.ndarray,
    may_take: np.ndarray,
    move_penalty: float,
) -> tuple[np.ndarray, str]:
    """Return the manager of each account (−1: none), and how the search for it ended.

    The variables are account × manager choices and, behind them, each manager's overload. An
    account may stay where it is, or with nobody.
    """
    accounts, people = hours.shape
    size = accounts * people
    stays = np.zeros((accounts, people))
    held = now >= 0
    stays[np.flatnonzero(held), now[held]] = 1
    # An account with nobody costs more than any overload; of equal proposals the one that moves the
    # least revenue, then to those who carry least, then the first in order, on any machine.
    carried = (stays * hours).sum(axis=0)
    small = 1e-3 * revenue[:, None] / max(revenue.sum(), 1e-9) + 1e-4 * carried[None, :]
    tie = 1e-5 * (np.arange(size).reshape(accounts, people) + 1) / size
    worth = np.where(held[:, None], move_penalty, -1e3)
    cost = np.where(stays == 1, 0.0, worth + small + tie)
    open_ = np.where(may_go[:, None], np.maximum(stays, may_take[None, :]), stays)
    picked = np.arange(size)
    rows, person = np.repeat(np.arange(accounts), people), np.tile(np.arange(people), accounts)
    once = coo_array((np.ones(size), (rows, picked)), shape=(accounts, size + people))
    load = coo_array(
        (
            np.concatenate([hours.ravel(), -np.ones(people)]),
            (np.append(person, np.arange(people)), np.arange(size + people)),
        ),
        shape=(people, size + people),
    )
    most = np.where(carried > 1, np.inf, 0.0)  # who has room gets no overload
    found = milp(
        np.concatenate([cost.ravel(), np.ones(people)]),
        integrality=np.concatenate([np.ones(size), np.zeros(people)]),
        bounds=Bounds(np.zeros(size + people), np.concatenate([open_.ravel(), most])),
        constraints=[
            LinearConstraint(once, held.astype(float), 1),
            LinearConstraint(load, -np.inf, 1),
        ],
        options={"node_limit": NODE_LIMIT, "mip_rel_gap": 0.0},
    )
    if found.x is None:
        return now, "cut"
    choice = found.x[:size].reshape(accounts, people).round()
    chosen = np.where(choice.sum(axis=1) > 0, choice.argmax(axis=1), -1)
    return chosen, "proven" if found.status == 0 else "good"


def assignment_loads(
    proposed_assignment: pd.DataFrame,
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per manager: load now and as proposed.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> [round(float(table["hours"].sum()), 2) for table in (q.assignment_loads, q.account_load)]
    [404.03, 404.03]
    """
    people = _people(account_load, managers, programme)
    if people.empty or proposed_assignment.empty:
        return shaped("assignment_loads", [])
    table = people
    for when in ("", "proposed_"):
        sums = proposed_assignment.groupby(f"{when}manager_id")[["hours", "revenue"]].sum()
        sums = sums.reindex(people.index).fillna(0.0)
        table = table.assign(
            **{
                f"{when}hours": sums["hours"],
                f"{when}hours_load_share": sums["hours"] / people["hours_per_month"],
                f"{when}revenue": sums["revenue"],
            }
        )
    return shaped("assignment_loads", table.reset_index())


def assignment_changes(
    proposed_assignment: pd.DataFrame,
    assignment_loads: pd.DataFrame,
    manager_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per key account that the proposal moves: from whom to whom, and what that breaks.

    The most revenue comes first. ``handled_share`` is the share of the account's revenue of the
    last 12 months on whose orders its manager stands: the relationship that the move breaks.

    Examples
    --------
    >>> plan = shaped("proposed_assignment", {"account_id": ["A", "B"], "manager_id": "M1",
    ...     "proposed_manager_id": ["M1", "M2"], "is_reassigned": [False, True]})
    >>> loads = shaped("assignment_loads", {"manager_id": ["M1", "M2"],
    ...     "manager_name": ["Ines", "Bo"]})
    >>> day = pd.Timestamp("2025-09-30")
    >>> months = shaped("manager_months", {"account_id": "B", "manager_id": ["M1", "M2"],
    ...     "month": day, "revenue": [80.0, 20.0]})
    >>> moved = assignment_changes(plan, loads, months, as_of=day)
    >>> moved[["account_id", "from_manager", "to_manager", "handled_share"]].values.tolist()
    [['B', 'Ines', 'Bo', 0.8]]
    """
    moved = proposed_assignment[proposed_assignment["is_reassigned"]]
    moved = moved.sort_values(["revenue", "account_id"], ascending=[False, True])
    names = by_id(assignment_loads, "manager_id")["manager_name"]
    year = manager_months[manager_months["month"].isin(trailing_months(as_of, 12))]
    pair = ["account_id", "manager_id"]
    hers = year.dropna(subset=["manager_id"]).groupby(pair)["revenue"].sum()
    whole = year.groupby("account_id")["revenue"].sum().reindex(moved["account_id"])
    handled = hers.reindex(pd.MultiIndex.from_frame(moved[pair])).fillna(0.0).to_numpy()
    share = pd.Series(handled, index=moved.index) / whole.where(whole.gt(0)).to_numpy()
    return shaped(
        "assignment_changes",
        moved.assign(
            from_manager=moved["manager_id"].map(names).astype("str").fillna(NOBODY),
            to_manager=moved["proposed_manager_id"].map(names),
            handled_share=share.clip(0, 1).where(moved["manager_id"].ne(UNASSIGNED)),
        ),
    )
