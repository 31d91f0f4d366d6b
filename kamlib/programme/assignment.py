"""Who should carry which key account: the smallest change that evens out hours and revenue (M29)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from kamlib.programme.shape import FLAG, NUMBER, TEXT, canonical, shaped
from kamlib.programme.workload import UNASSIGNED

_ASSIGNMENT = {
    "account_id": TEXT,
    "name": TEXT,
    "manager_id": TEXT,
    "proposed_manager_id": TEXT,
    "is_moved": FLAG,
    "is_fixed": FLAG,
    "hours": NUMBER,
    "revenue": NUMBER,
    "note": TEXT,
}
_LOADS = {
    "manager_id": TEXT,
    "manager_name": TEXT,
    "hours_per_month": NUMBER,
    "hours": NUMBER,
    "proposed_hours": NUMBER,
    "hours_load_share": NUMBER,
    "proposed_hours_load_share": NUMBER,
    "revenue": NUMBER,
    "proposed_revenue": NUMBER,
    "revenue_load_share": NUMBER,
    "proposed_revenue_load_share": NUMBER,
}
_CHANGES = {
    "account_id": TEXT,
    "name": TEXT,
    "from_manager": TEXT,
    "to_manager": TEXT,
    "hours": NUMBER,
    "revenue": NUMBER,
    "why": TEXT,
}

NODE_LIMIT = 2_000
"""The search stops after so many branches, not after seconds: the same book gives the same proposal
on any machine.
"""


def proposed_assignment(
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    fixed: Iterable[str] = (),
    hours_per_month: float = 140.0,
    move_penalty: float = 0.05,
) -> pd.DataFrame:
    """One row per key account: its manager now and the one proposed.

    Minimises the heaviest load in hours (hours over the manager's hours) plus the heaviest load in
    revenue (revenue over an even split) plus ``move_penalty`` for each relationship taken from its
    manager: a move has to lower the two peaks together by more than that. Neither peak may rise, so
    the worst-loaded manager is never worse off; fixed accounts stay; accounts without a manager get
    one. Managers are those of key accounts and those whose hours are given. A mixed-integer
    programme, solved by `scipy.optimize.milp` (HiGHS); the note says where the search was cut
    before the optimum was proven.

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: its manager now; blank when it has none
    proposed_manager_id: the manager proposed
    is_moved: whether they differ
    is_fixed: whether the book keeps the account where it is
    hours: hours a month
    revenue: revenue of the last 12 months (book currency)
    note: how sure the proposal is; blank when proven the best
    """
    people = _people(account_load, managers, hours_per_month)
    if account_load.empty or people.empty:
        return shaped(
            account_load.assign(proposed_manager_id=account_load["manager_id"]), _ASSIGNMENT
        )
    load = account_load.sort_values("account_id", kind="stable").reset_index(drop=True)
    is_fixed = load["account_id"].isin(list(fixed)) & load["manager_id"].isin(people.index)
    now = people.index.get_indexer(pd.Index(load["manager_id"]))
    hours = load["hours"].to_numpy()[:, None] / people["hours_per_month"].to_numpy()[None, :]
    even = max(load["revenue"].clip(lower=0).sum() / len(people), 1e-9)
    revenue = np.repeat(load["revenue"].to_numpy()[:, None] / even, len(people), axis=1)
    chosen, note = _solve(hours, revenue, now, is_fixed.to_numpy(), move_penalty)
    proposed = people.index.to_numpy()[chosen]
    return shaped(
        load.assign(
            proposed_manager_id=proposed,
            is_moved=load["manager_id"].ne(pd.Series(proposed)),
            is_fixed=is_fixed,
            note=note,
        ),
        _ASSIGNMENT,
    )


def _people(
    account_load: pd.DataFrame, managers: pd.DataFrame, hours_per_month: float
) -> pd.DataFrame:
    """Return the managers that can carry key accounts, by id, with their hours and name."""
    known = canonical(managers, "managers").drop_duplicates("manager_id").set_index("manager_id")
    own = (
        account_load[account_load["manager_id"].ne(UNASSIGNED)]
        .drop_duplicates("manager_id")
        .set_index("manager_id")
    )
    index = pd.Index(
        sorted({*own.index, *known.index[known["hours_per_month"].gt(0)]}), dtype="str"
    )
    hours = (
        known["hours_per_month"]
        .where(known["hours_per_month"].gt(0))
        .reindex(index)
        .fillna(hours_per_month)
    )
    names = known["name"].reindex(index).fillna(own["manager_name"].reindex(index))
    return pd.DataFrame(
        {"manager_name": names.fillna(pd.Series(index, index=index)), "hours_per_month": hours},
        index=index,
    )


def _solve(
    hours: np.ndarray,
    revenue: np.ndarray,
    now: np.ndarray,
    is_fixed: np.ndarray,
    move_penalty: float,
) -> tuple[np.ndarray, str]:
    """Return the manager of each account; variables are account × manager choices and the two
    peaks.
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
        return np.where(held, now, 0), "the search was cut before it found a better assignment"
    chosen = found.x[:size].reshape(accounts, people).argmax(axis=1)
    picked = np.eye(people)[chosen]
    peaks = np.array([(part * picked).sum(axis=0).max() for part in (hours, revenue)])
    if held.all() and (peaks > peaks_now * (1 + 1e-9)).any():
        return now, ""  # only the solver's tolerance made it look better
    return chosen, "" if found.status == 0 else "good, not proven the best: the search was cut"


def assignment_loads(
    proposed_assignment: pd.DataFrame,
    account_load: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    hours_per_month: float = 140.0,
) -> pd.DataFrame:
    """One row per manager: load now and as proposed.

    Columns
    -------
    manager_id: the manager
    manager_name: the manager's name
    hours_per_month: hours a month the manager has
    hours: hours a month now
    proposed_hours: as proposed
    hours_load_share: hours / hours_per_month
    proposed_hours_load_share: as proposed
    revenue: revenue of the last 12 months, now (book currency)
    proposed_revenue: as proposed
    revenue_load_share: revenue over an even split between these managers
    proposed_revenue_load_share: as proposed
    """
    people = _people(account_load, managers, hours_per_month)
    if people.empty or proposed_assignment.empty:
        return shaped([], _LOADS)
    sums = {
        name: proposed_assignment.groupby(by)[["hours", "revenue"]]
        .sum()
        .reindex(people.index)
        .fillna(0.0)
        for name, by in (("", "manager_id"), ("proposed_", "proposed_manager_id"))
    }
    even = proposed_assignment["revenue"].clip(lower=0).sum() / len(people)
    table = people.rename_axis("manager_id").reset_index()
    for name, part in sums.items():
        table[f"{name}hours"] = part["hours"].to_numpy()
        table[f"{name}hours_load_share"] = table[f"{name}hours"] / table["hours_per_month"]
        table[f"{name}revenue"] = part["revenue"].to_numpy()
        table[f"{name}revenue_load_share"] = table[f"{name}revenue"] / even if even > 0 else np.nan
    return shaped(table, _LOADS)


def assignment_changes(
    proposed_assignment: pd.DataFrame, assignment_loads: pd.DataFrame
) -> pd.DataFrame:
    """One row per key account that the proposal moves: from whom, to whom, and why.

    Columns
    -------
    account_id: the account
    name: its name
    from_manager: manager now, by name
    to_manager: manager proposed, by name
    hours: hours a month that go along
    revenue: revenue of the last 12 months that goes along (book currency)
    why: the load of both before and after, in words
    """
    moved = proposed_assignment[proposed_assignment["is_moved"]]
    if moved.empty:
        return shaped([], _CHANGES)
    loads = {str(row["manager_id"]): row for _, row in assignment_loads.iterrows()}
    rows = []
    for _, row in moved.sort_values(["revenue", "account_id"], ascending=[False, True]).iterrows():
        giver, taker = loads.get(row["manager_id"]), loads[row["proposed_manager_id"]]
        before = (
            "it has no manager today"
            if giver is None
            else f"{giver['manager_name']} goes from {_loads(giver)}"
        )
        rows.append(
            {
                "account_id": row["account_id"],
                "name": row["name"],
                "from_manager": "no manager" if giver is None else giver["manager_name"],
                "to_manager": taker["manager_name"],
                "hours": row["hours"],
                "revenue": row["revenue"],
                "why": f"{before}; {taker['manager_name']} from {_loads(taker)}",
            }
        )
    return shaped(rows, _CHANGES)


def _loads(row: pd.Series) -> str:
    parts = [
        f"{row[f'{what}_load_share'] * 100:.0f} to {row[f'proposed_{what}_load_share'] * 100:.0f} % of {of}"
        for what, of in (("hours", "the hours"), ("revenue", "an even share of revenue"))
        if pd.notna(row[f"{what}_load_share"])
    ]
    return " and ".join(parts)
