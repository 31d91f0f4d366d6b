"""Scores as a grid, account by criterion: what weighing them needs, without their words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoreGrid:
    """Account × criterion → score, n/a where there is none; criteria in the book's order.

    `accounts` are sorted; `sides` and `weights` are those of the `criteria`.
    """

    accounts: pd.Index
    criteria: list[str]
    sides: npt.NDArray[np.object_]
    weights: Floats
    scores: Floats

    def of(self, accounts: pd.Series) -> Floats:
        """Return the rows of some accounts, in their order."""
        return self.scores[self.accounts.get_indexer(pd.Index(accounts))]

    def present(self) -> Floats:
        """Return for each account the weight of the criteria that have a score, to 9 places."""
        return (~np.isnan(self.scores) @ self.weights).round(9)

    def weighted(self, side: str = "") -> Floats:
        """Return Σ weight · score / Σ weight of each account over the criteria (of a side) that
        have a score, rounded to 9 places.
        """
        weights = np.where(self.sides == side, self.weights, 0.0) if side else self.weights
        is_present = ~np.isnan(self.scores)
        sums = np.where(is_present, self.scores, 0.0) @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            return (sums / (is_present @ weights)).round(9)


def score_grid(criterion_scores: pd.DataFrame) -> ScoreGrid:
    """Return the scores of all accounts as a grid.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.score_grid.scores.shape == (len(q.account_scores), len(q.criterion_coverage))
    True
    """
    criteria = criterion_scores.drop_duplicates("criterion")
    names = pd.Index(criteria["criterion"])
    row, accounts = pd.factorize(criterion_scores["account_id"], sort=True)
    scores = np.full((len(accounts), len(names)), np.nan)
    scores[row, names.get_indexer(pd.Index(criterion_scores["criterion"]))] = criterion_scores[
        "score"
    ]
    return ScoreGrid(
        pd.Index(accounts, dtype="str", name="account_id"),
        names.tolist(),
        criteria["side"].to_numpy(dtype=object),
        criteria["weight"].to_numpy(dtype="float64"),
        scores,
    )
