"""The choice that brings most within a budget: at most one of several offers to each account."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
HALVINGS = 60
MOST_CELLS = 2_000_000
ROUNDING = 1e-6
"""Money that differs by less is equal."""


def most_valuable(account: Ints, value: Floats, cost: Floats, budget: float | None) -> Flags:
    """Return which offers together bring most: one an account, their cost within the budget.

    ``account`` numbers the account of each offer; values are above zero. Without a budget, or where
    it pays for the best of each account, these are the answer. Else a price on money is sought at
    which the best offers cost the budget: what they bring then bounds every choice (Lagrange). An
    offer that cannot be part of a choice better than one already known is left out; among the few
    that remain is chosen exactly.

    >>> value, cost = np.array([10.0, 9.0, 8.0]), np.array([6.0, 5.0, 5.0])
    >>> most_valuable(np.arange(3), value, cost, 10.0).tolist()
    [False, True, True]
    """
    chosen = _best(account, value, value)
    if budget is None or cost[chosen].sum() <= budget:
        return chosen
    price = _price(account, value, cost, budget)
    worth = value - price * cost
    best = np.zeros(account.max() + 1)  # nothing is an answer, too
    np.maximum.at(best, account, worth)
    bound = price * budget + best.sum()
    known = _filled(account, value, cost, budget, _best(account, worth, value))
    room = bound - value[known].sum() + ROUNDING
    may_be = best[account] - worth <= room
    may_be_none = best <= room
    many = np.bincount(account[may_be], minlength=len(best))
    is_fixed = may_be & (many[account] == 1) & ~may_be_none[account]
    open_ones = np.flatnonzero(may_be & ~is_fixed)
    chosen = is_fixed
    chosen[open_ones] = _solved(
        account[open_ones], value[open_ones], cost[open_ones], budget - cost[is_fixed].sum()
    )
    return chosen if value[chosen].sum() >= value[known].sum() else known


def _best(account: Ints, worth: Floats, value: Floats) -> Flags:
    """Return the offer of each account that is worth most, where that is more than nothing."""
    order = np.lexsort((-value, -worth, account))
    first = np.append(True, np.diff(account[order]) > 0) if len(order) else np.zeros(0, dtype=bool)
    chosen = np.zeros(len(account), dtype=bool)
    chosen[order[first]] = True
    return chosen & (worth > 0)


def _price(account: Ints, value: Floats, cost: Floats, budget: float) -> float:
    """Return the lowest price on money at which the best offers cost no more than the budget."""
    with np.errstate(divide="ignore"):
        low, high = 0.0, float((value[cost > 0] / cost[cost > 0]).max(initial=0.0))
    order = np.argsort(account, kind="stable")
    value, cost, many = value[order], cost[order], np.unique(account, return_counts=True)[1]
    begin = np.cumsum(many) - many
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        worth = value - middle * cost
        most = np.repeat(np.maximum.reduceat(worth, begin), many)
        # of equal worth the dearer brings more
        paid = np.where((worth == most) & (worth > 0), cost, 0.0)
        is_dear = np.maximum.reduceat(paid, begin).sum() > budget
        low, high = (middle, high) if is_dear else (low, middle)
    return high


def _filled(account: Ints, value: Floats, cost: Floats, budget: float, chosen: Flags) -> Flags:
    """Return a choice with what else the budget pays for, the most value for money first."""
    chosen = chosen.copy()
    has = np.zeros(account.max() + 1, dtype=bool)
    has[account[chosen]] = True
    left = budget - float(cost[chosen].sum())
    with np.errstate(divide="ignore"):
        order = np.argsort(-value / cost, kind="stable")
    for place in order[(cost[order] <= left) & ~has[account[order]]]:
        if cost[place] <= left and not has[account[place]]:
            chosen[place], has[account[place]] = True, True
            left -= float(cost[place])
    return chosen


def _solved(account: Ints, value: Floats, cost: Floats, budget: float) -> Flags:
    """Return the choice among a few offers that brings most, exactly: amount by amount of the
    budget where these are few, else as an integer programme.
    """
    if not len(account):
        return np.zeros(0, dtype=bool)
    rows = np.unique(account, return_inverse=True)[1]
    cents = np.rint(np.append(cost, budget) * 100).astype("int64")
    unit = int(np.gcd.reduce(cents[:-1])) or 1
    is_whole = bool(np.allclose(cents[:-1] / 100, cost, rtol=0, atol=1e-9))
    amounts = max(int(np.floor(budget * 100 + ROUNDING)) // unit, 0)
    if is_whole and amounts * len(rows) <= MOST_CELLS:
        return _by_amounts(rows, value, cents[:-1] // unit, amounts)
    once = sparse.csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))))
    answer = optimize.milp(
        -value,
        constraints=[
            optimize.LinearConstraint(once, ub=1),
            optimize.LinearConstraint(sparse.csr_array(cost[None, :]), ub=budget),
        ],
        integrality=np.ones(len(rows)),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    return answer.x > 0.5


def _by_amounts(rows: Ints, value: Floats, cost: Ints, amounts: int) -> Flags:
    """Return the choice that brings most, from what each amount of money brings without each
    account (a knapsack with one of several to choose).
    """
    best = np.zeros(amounts + 1)
    taken = np.full((rows.max() + 1, amounts + 1), -1)
    for account in range(len(taken)):
        without = best.copy()
        for offer in np.flatnonzero(rows == account):
            if cost[offer] > amounts:
                continue
            paid = without[: amounts + 1 - cost[offer]] + value[offer]
            is_more = paid > best[cost[offer] :]
            best[cost[offer] :][is_more] = paid[is_more]
            taken[account, cost[offer] :][is_more] = offer
    chosen, left = np.zeros(len(rows), dtype=bool), amounts
    for account in reversed(range(len(taken))):
        offer = taken[account, left]
        if offer >= 0:
            chosen[offer] = True
            left -= cost[offer]
    return chosen
