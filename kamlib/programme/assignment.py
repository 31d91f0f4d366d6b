"""Who should carry which key account: the smallest change that evens out hours and revenue."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from kamlib.book import ProgrammeSettings
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
    *,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per key account: its manager now and the one proposed.

    Minimises the heaviest load in hours (hours over the manager's hours) plus the heaviest load in
    revenue (revenue over an even split) plus ``programme.move_penalty`` for each relationship taken
    from its manager: a move has to lower the two peaks together by more than that. Neither peak may
    rise, so the worst-loaded manager is never worse off; fixed accounts stay, and so do lost ones.
    Accounts without a manager get one. Managers are those of key accounts and those whose hours are
    given. A mixed-integer programme, solved by `scipy.optimize.milp` (HiGHS); ``search`` says where
    it was cut before the optimum was proven.

    Examples
    --------
    >>> load = shaped("account_load", {"account_id": ["A", "B"], "manager_id": "M1",
    ...     "hours": 100.0, "revenue": 50.0})
    >>> managers = pd.DataFrame({"manager_id": ["M1", "M2"], "name": ["Ines", "Bo"],
    ...     "hours_per_month": 140.0})
    >>> standing = shaped("account_standing", [])
    >>> proposed_assignment(load, managers, standing)["proposed_manager_id"].tolist()
    ['M1', 'M2']
    """
    people = _people(account_load, managers, programme)
    load = account_load.sort_values("account_id", kind="stable").reset_index(drop=True)
    if load.empty or people.empty:
        return shaped(
            "proposed_assignment",
            load.assign(proposed_manager_id=load["manager_id"], search="proven"),
        )
    lost = account_standing.loc[account_standing["status"].eq("lost"), "account_id"]
    stays = load["account_id"].isin({*programme.fixed, *lost})
    is_fixed = stays & load["manager_id"].isin(people.index)
    now = people.index.get_indexer(pd.Index(load["manager_id"]))
    hours = load["hours"].to_numpy()[:, None] / people["hours_per_month"].to_numpy()[None, :]
    even = max(load["revenue"].clip(lower=0).sum() / len(people), 1e-9)
    revenue = np.repeat(load["revenue"].to_numpy()[:, None] / even, len(people), axis=1)
    chosen, search = _solve(hours, revenue, now, is_fixed.to_numpy(), programme.move_penalty)
    proposed = np.where(
        load["account_id"].isin(lost), load["manager_id"], people.index.to_numpy()[chosen]
    )
    return shaped(
        "proposed_assignment",
        load.assign(
            proposed_manager_id=proposed,
            is_reassigned=load["manager_id"].ne(pd.Series(proposed)),
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


def _solve(
    hours: np.ndarray,
    revenue: np.ndarray,
    now: np.ndarray,
    is_fixed: np.ndarray,
    move_penalty: float,
) -> tuple[np.ndarray, str]:
    """Return the manager of each account, and how the search for it ended.

    The variables are account × manager choices and, behind them, the two peaks.
    """
    accounts, people = hours.shape
    size = accounts * people
    choice = np.arange(size).reshape(accounts, people)
    stays = np.zeros((accounts, people))
    held = now >= 0
    stays[np.flatnonzero(held), now[held]] = 1
    moves = move_penalty * (1 - stays) * held[:, None]
    tie = 1e-7 * (choice + 1) / size  # among equal proposals the first in order, on any machine
    peaks_now = np.array([(part * stays).sum(axis=0).max() for part in (hours, revenue)])
    lower, upper = np.zeros(size), np.ones(size)
    for i in np.flatnonzero(is_fixed):
        lower[choice[i]] = upper[choice[i]] = stays[i]
    rows = np.repeat(np.arange(accounts), people)
    one_each = LinearConstraint(
        coo_array((np.ones(size), (rows, np.arange(size))), shape=(accounts, size + 2)), 1, 1
    )
    person = np.tile(np.arange(people), accounts)
    below_peak = [
        LinearConstraint(
            coo_array(
                (
                    np.concatenate([part.ravel(), -np.ones(people)]),
                    (
                        np.concatenate([person, np.arange(people)]),
                        np.concatenate([np.arange(size), np.full(people, at)]),
                    ),
                ),
                shape=(people, size + 2),
            ),
            -np.inf,
            0,
        )
        for part, at in ((hours, size), (revenue, size + 1))
    ]
    for limit in (peaks_now, np.full(2, np.inf)):
        if (
            limit[0] < np.inf or not held.all()
        ):  # accounts without a manager may have to add load somewhere
            found = milp(
                np.concatenate([(moves + tie).ravel(), [1.0, 1.0]]),
                integrality=np.concatenate([np.ones(size), [0, 0]]),
                bounds=Bounds(np.concatenate([lower, [0, 0]]), np.concatenate([upper, limit])),
                constraints=[one_each, *below_peak],
                options={"node_limit": NODE_LIMIT, "mip_rel_gap": 0.0},
            )
        if found.x is not None:
            break
    if found.x is None:
        return np.where(held, now, 0), "cut"
    chosen = found.x[:size].reshape(accounts, people).argmax(axis=1)
    picked = np.eye(people)[chosen]
    peaks = np.array([(part * picked).sum(axis=0).max() for part in (hours, revenue)])
    if held.all() and (peaks > peaks_now * (1 + 1e-9)).any():
        return now, "proven"  # only the solver's tolerance made it look better
    return chosen, "proven" if found.status == 0 else "good"


def assignment_loads(
    proposed_assignment: pd.DataFrame,
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    programme: ProgrammeSettings = ProgrammeSettings(),
) -> pd.DataFrame:
    """One row per manager: load now and as proposed.

    The load in revenue is the manager's revenue over an even split between these managers.

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
    even = proposed_assignment["revenue"].clip(lower=0).sum() / len(people)
    table = people
    for when in ("", "proposed_"):
        sums = proposed_assignment.groupby(f"{when}manager_id")[["hours", "revenue"]].sum()
        sums = sums.reindex(people.index).fillna(0.0)
        table = table.assign(
            **{
                f"{when}hours": sums["hours"],
                f"{when}hours_load_share": sums["hours"] / people["hours_per_month"],
                f"{when}revenue": sums["revenue"],
                f"{when}even_revenue_share": sums["revenue"] / even if even > 0 else np.nan,
            }
        )
    return shaped("assignment_loads", table.reset_index())


def assignment_changes(
    proposed_assignment: pd.DataFrame, assignment_loads: pd.DataFrame
) -> pd.DataFrame:
    """One row per key account that the proposal moves: from whom and to whom.

    The most revenue comes first.

    Examples
    --------
    >>> plan = shaped("proposed_assignment", {"account_id": ["A", "B"], "manager_id": "M1",
    ...     "proposed_manager_id": ["M1", "M2"], "is_reassigned": [False, True]})
    >>> loads = shaped("assignment_loads", {"manager_id": ["M1", "M2"],
    ...     "manager_name": ["Ines", "Bo"]})
    >>> moved = assignment_changes(plan, loads)
    >>> moved[["account_id", "from_manager", "to_manager"]].values.tolist()
    [['B', 'Ines', 'Bo']]
    """
    moved = proposed_assignment[proposed_assignment["is_reassigned"]]
    moved = moved.sort_values(["revenue", "account_id"], ascending=[False, True])
    names = by_id(assignment_loads, "manager_id")["manager_name"]
    return shaped(
        "assignment_changes",
        moved.assign(
            from_manager=moved["manager_id"].map(names).astype("str").fillna(NOBODY),
            to_manager=moved["proposed_manager_id"].map(names),
        ),
    )
