"""The choice that brings most within a budget, against every choice there is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from kamlib.retention import budget as spent
from kamlib.retention.budget import most_valuable


def best_of_all(account, value, cost, budget):
    """The most that any choice brings, by trying all of them."""
    ways = [[None, *np.flatnonzero(account == one)] for one in np.unique(account)]
    best = 0.0
    for chosen in product(*ways):
        taken = [offer for offer in chosen if offer is not None]
        if cost[taken].sum() <= budget + 1e-9:
            best = max(best, value[taken].sum())
    return best


@pytest.mark.parametrize("unit", [100.0, 0.01, np.pi])
@pytest.mark.parametrize("seed", range(12))
def test_nothing_brings_more(seed, unit):
    rng = np.random.default_rng(seed)
    account = np.sort(rng.integers(0, 6, 13))
    value = rng.integers(1, 60, 13) * 1.0 + rng.random(13)
    cost = rng.integers(1, 40, 13) * unit
    budget = float(rng.integers(20, 120) * unit)
    chosen = most_valuable(account, value, cost, budget)
    assert cost[chosen].sum() <= budget + 1e-9
    assert np.bincount(account[chosen]).max(initial=0) <= 1
    assert value[chosen].sum() == pytest.approx(best_of_all(account, value, cost, budget))


def test_many_offers_leave_few_to_solve(monkeypatch):
    rng = np.random.default_rng(1)
    account, cost = np.repeat(np.arange(2000), 2), rng.integers(5, 40, 4000) * 50.0
    value = cost * rng.uniform(0.5, 3, 4000)
    asked, solve = [], spent._solved
    monkeypatch.setattr(spent, "_solved", lambda *few: asked.append(len(few[0])) or solve(*few))
    chosen = most_valuable(account, value, cost, 50_000.0)
    assert cost[chosen].sum() <= 50_000 and 0 < asked[0] < len(cost) / 10
    monkeypatch.setattr(spent, "MOST_CELLS", 0)  # the few as an integer programme
    assert value[most_valuable(account, value, cost, 50_000.0)].sum() == value[chosen].sum()


def test_without_a_budget_each_account_gets_its_best():
    account, value, cost = np.array([0, 0, 1]), np.array([3.0, 5.0, 1.0]), np.array([1.0, 9.0, 9.0])
    assert most_valuable(account, value, cost, None).tolist() == [False, True, True]
    assert most_valuable(account, value, cost, 18.0).tolist() == [False, True, True]
    assert most_valuable(account, value, cost, 0.0).tolist() == [False, False, False]
