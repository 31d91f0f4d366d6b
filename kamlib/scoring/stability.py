"""How firmly each account holds its place: would other plausible weights have chosen others?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlib.book import ScoringSettings
from kamlib.scoring.grid import Floats, ScoreGrid
from kamlib.scoring.line import AdmissionRule
from kamlib.tables import shaped

Ints = npt.NDArray[np.int64]

THOUSAND = 1000  # draws are whole thousandths: sums and ties are exact, the same on every machine
CHUNK = 8  # rows of weights at a time: small enough for the cache
HALVINGS = 7  # of a step of 0.01: a flip is found to the nearest 0.0001
SAME = 5e-10  # scores that differ by less are equal
RANKS_EVERY = 5  # a fifth of the draws places the 5 % and 95 % rank well enough
STRONGEST = 200


@dataclass(frozen=True)
class Profiles:
    """The distinct rows of scores: accounts that score alike always share their place, so each is
    weighed once.
    """

    scores: Floats
    is_present: Floats
    counts: Floats
    profile_of: Ints

    def only(self, kept: Ints) -> Profiles:
        """Return some of the profiles."""
        scores, is_present = self.scores[kept], self.is_present[kept]
        return Profiles(scores, is_present, self.counts[kept], np.arange(len(kept)))

    def totals(self, weights: Floats) -> Floats:
        """Return the weighted score of every profile under every row of weights."""
        sums = weights @ self.scores.T
        return (
            sums if self.is_present.all() else sums / np.maximum(weights @ self.is_present.T, 1e-12)
        )

    def own(self, weights: Floats, profile: Ints) -> Floats:
        """Return the weighted score of one profile under each row of weights."""
        sums: Floats = (weights * self.scores[profile]).sum(axis=1)
        if self.is_present.all():
            return sums
        return sums / np.maximum((weights * self.is_present[profile]).sum(axis=1), 1e-12)


def score_stability(
    score_grid: ScoreGrid,
    account_scores: pd.DataFrame,
    admission_rule: AdmissionRule,
    *,
    scoring: ScoringSettings = ScoringSettings(),
) -> pd.DataFrame:
    """One row per account with a score: how often, and between which ranks, it stays where it is.

    Plausible weightings are Dirichlet draws around the book's weights (mean = the weights; with a
    concentration of 50 a weight of 0.25 varies by about ±0.06), in whole thousandths; the seed is
    fixed. Equal scores share the best rank; the rank interval rests on a fifth of the draws.

    The smallest single-weight change is searched on both sides of every weight, the other weights
    scaled so that the sum stays 1: on a grid of 0.01 up to 0 and 1, then halved to 0.0001; it
    crosses the line for certain. It is asked of the accounts above the line and of those that cross
    it in a draw.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.score_stability[["rank", "rank_low", "rank_high"]].head(2).astype(int).values.tolist()
    [[1, 1, 7], [1, 1, 6]]
    """
    scored = account_scores[account_scores["score"].notna()].reset_index(drop=True)
    if scored.empty:
        return shaped("score_stability", [])
    base = score_grid.weights
    weight_of = pd.Series(base, index=score_grid.criteria)
    profiles = _profiles(score_grid.of(scored["account_id"]))
    weights = plausible_weights(base, scoring)
    low, high = _rank_intervals(weights[::RANKS_EVERY], profiles)
    kept = _contenders(profiles, admission_rule)
    rivals = profiles.only(kept)
    above = np.zeros(len(profiles.counts))
    above[kept] = _above_share(weights, rivals, admission_rule)
    of = profiles.profile_of
    table = scored.assign(above_line_share=above[of], rank_low=low[of], rank_high=high[of])
    is_asked = table["is_above_line"] | table["above_line_share"].gt(0)
    asked = np.searchsorted(kept, np.unique(of[is_asked.to_numpy()]))
    flips = smallest_flips(base, rivals, asked, admission_rule)
    flips.index = kept[flips.index.to_numpy(dtype="int64")]
    found = flips.reindex(of).reset_index(drop=True)
    criterion = found["criterion"].map(dict(enumerate(score_grid.criteria)))
    table = table.assign(
        flip_criterion=criterion,
        weight=criterion.map(weight_of),
        flip_weight=found["flip_weight"],
        weight_change=found["flip_weight"] - criterion.map(weight_of),
    )
    return shaped("score_stability", table)


def above_line_shares(
    score_grid: ScoreGrid,
    account_scores: pd.DataFrame,
    admission_rule: AdmissionRule,
    *,
    asked: Collection[str],
    scoring: ScoringSettings = ScoringSettings(),
) -> pd.Series:
    """Return ``above_line_share`` of `score_stability` for the accounts that are asked for.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> firm = q.score_stability.set_index("account_id")["above_line_share"].head(3)
    >>> q.call(above_line_shares, asked=firm.index).equals(firm)
    True
    """
    scored = account_scores.loc[account_scores["score"].notna(), "account_id"]
    if admission_rule.min_score is not None:  # others do not move the line
        scored = scored[scored.isin(asked)]
    profiles = _profiles(score_grid.of(scored))
    of = pd.Series(profiles.profile_of, index=scored)
    wanted = of[of.index.isin(asked)]
    kept = _contenders(profiles, admission_rule)
    above = np.zeros(len(profiles.counts))
    weights = plausible_weights(score_grid.weights, scoring)
    above[kept] = _above_share(weights, profiles.only(kept), admission_rule)
    return pd.Series(above[wanted], index=wanted.index, name="above_line_share")


def plausible_weights(base: Floats, scoring: ScoringSettings) -> Floats:
    """Return Dirichlet draws around the weights in whole thousandths; every row sums to 1000."""
    rng = np.random.default_rng(scoring.seed)
    drawn = rng.dirichlet(scoring.concentration * base, size=scoring.draws)
    return np.diff(np.rint(np.cumsum(drawn, axis=1) * THOUSAND), axis=1, prepend=0.0)


def _profiles(scores: Floats) -> Profiles:
    distinct, profile_of, counts = np.unique(
        scores, axis=0, return_inverse=True, return_counts=True, equal_nan=True
    )
    is_present = ~np.isnan(distinct)
    return Profiles(
        np.where(is_present, distinct, 0.0),
        is_present.astype("float64"),
        counts.astype("float64"),
        profile_of.ravel(),
    )


def _contenders(profiles: Profiles, rule: AdmissionRule) -> Ints:
    """Return the profiles that can be above the line under some weights.

    Who is beaten in every criterion by as many accounts as there are places never is, and the line
    lies where it lies without it. A profile with a missing score is kept, and beats nobody. The 200
    strongest profiles find most of it.
    """
    if rule.top_n is None:
        return np.arange(len(profiles.counts))
    whole = np.asarray(profiles.is_present.all(axis=1))
    strongest = np.argsort(np.where(whole, -profiles.scores.sum(axis=1), 0.0), kind="stable")[
        :STRONGEST
    ]
    strongest = strongest[whole[strongest]]
    rivals, mine = profiles.scores[strongest][None, :, :], profiles.scores[:, None, :]
    is_beaten = np.all(rivals >= mine, axis=2) & np.any(rivals > mine, axis=2)
    beaten_by = is_beaten @ profiles.counts[strongest]
    return np.flatnonzero(~whole | (beaten_by < rule.top_n))


def _above_share(weights: Floats, profiles: Profiles, rule: AdmissionRule) -> Floats:
    """Return per profile the share of draws in which it is above the line."""
    above = np.zeros(len(profiles.counts))
    for start in range(0, len(weights), 10 * CHUNK):
        totals = _thousandths(weights[start : start + 10 * CHUNK], profiles)
        line = np.array([THOUSAND * rule.min_score - 1e-6]) if rule.min_score is not None else None
        line = _line_of(totals, profiles.counts, rule.top_n or 1) if line is None else line
        above += (totals >= line[:, None]).sum(axis=0)
    return above / len(weights)


def _rank_intervals(weights: Floats, profiles: Profiles) -> tuple[Ints, Ints]:
    """Return per profile the 5 % and 95 % rank, counted instead of sorted: scores are whole
    thousandths.
    """
    accounts, ranks = int(profiles.counts.sum()), []
    held_by = np.tile(profiles.counts, CHUNK)
    for start in range(0, len(weights), CHUNK):
        totals = _thousandths(weights[start : start + CHUNK], profiles).astype("int64")
        lowest, width = int(totals.min()), int(totals.max() - totals.min()) + 1
        cells = totals - lowest + np.arange(len(totals))[:, None] * width
        held = np.bincount(cells.ravel(), held_by[: cells.size], len(totals) * width)
        upto = held.reshape(len(totals), width).astype("int32").cumsum(axis=1, dtype="int32")
        ranks.append(
            (accounts + 1 - upto).astype("uint16" if accounts < 2**16 else "int32").ravel()[cells].T
        )
    drawn = np.concatenate(ranks, axis=1)
    places = [int(0.05 * (drawn.shape[1] - 1)), int(np.ceil(0.95 * (drawn.shape[1] - 1)))]
    drawn.partition(places, axis=1)
    return drawn[:, places[0]].astype("int64"), drawn[:, places[1]].astype("int64")


def _thousandths(weights: Floats, profiles: Profiles) -> npt.NDArray[np.float32]:
    """Return the scores of every profile in whole thousandths, exact for whole scores."""
    drawn = weights.astype("float32")
    sums = drawn @ profiles.scores.T.astype("float32")
    if not profiles.is_present.all():
        sums = THOUSAND * (sums / np.maximum(drawn @ profiles.is_present.T.astype("float32"), 1))
    return np.rint(sums)


def smallest_flips(
    base: Floats, profiles: Profiles, asked: Ints, rule: AdmissionRule
) -> pd.DataFrame:
    """Return per asked profile the criterion whose weight, changed least, moves it across the line,
    and that weight.
    """
    brackets = _brackets(base, profiles, asked, rule)
    near = brackets["distance"] <= brackets.groupby("profile")["distance"].transform("min") + 0.0101
    brackets = brackets[near].reset_index(drop=True)
    profile, criterion = (
        brackets["profile"].to_numpy(dtype="int64"),
        brackets["criterion"].to_numpy(dtype="int64"),
    )
    stays, flips = (
        brackets["stays"].to_numpy(dtype="float64"),
        brackets["flips"].to_numpy(dtype="float64"),
    )
    was = _is_above(base[None, :], profiles, asked, rule)[0]
    started = pd.Series(was, index=asked).reindex(profile).to_numpy(dtype=bool)
    for _ in range(HALVINGS):
        middle = (stays + flips) / 2
        moved = (
            _own_is_above(one_weight_changed(base, criterion, middle), profiles, profile, rule)
            != started
        )
        stays, flips = np.where(moved, stays, middle), np.where(moved, middle, flips)
    brackets = brackets.assign(flip_weight=flips, change=np.abs(flips - base[criterion]))
    best = (
        brackets.sort_values(["profile", "change", "criterion"])
        .drop_duplicates("profile")
        .set_index("profile")
    )
    return best[["criterion", "flip_weight"]]


def one_weight_changed(base: Floats, criterion: Ints, weight: Floats) -> Floats:
    """Return rows of weights in which one is set and the others keep their proportions.

    >>> one_weight_changed(np.array([0.5, 0.3, 0.2]), np.array([0]), np.array([0.6])).round(2)
    array([[0.6 , 0.24, 0.16]])
    """
    rows = np.arange(len(criterion))
    changed = base[None, :] * ((1 - weight) / (1 - base[criterion]))[:, None]
    changed[rows, criterion] = weight
    return changed


def _brackets(base: Floats, profiles: Profiles, asked: Ints, rule: AdmissionRule) -> pd.DataFrame:
    """Return the first step of 0.01 on each side of each weight at which a profile crosses the
    line.
    """
    rows = []
    for criterion in range(len(base)) if len(base) > 1 else []:
        for end in (0.0, 1.0):
            count = int(np.ceil(abs(end - base[criterion]) * 100 - 1e-9))
            steps = np.append(
                base[criterion] + np.sign(end - base[criterion]) * np.arange(count) / 100, end
            )
            weights = one_weight_changed(base, np.full(len(steps), criterion), steps)
            above = _is_above(weights, profiles, asked, rule)
            moved = above != above[0]
            first = moved.argmax(axis=0)
            for profile, step in zip(
                asked[moved.any(axis=0)], first[moved.any(axis=0)], strict=True
            ):
                rows.append(
                    (
                        profile,
                        criterion,
                        steps[step - 1],
                        steps[step],
                        abs(steps[step] - base[criterion]),
                    )
                )
    return pd.DataFrame(rows, columns=["profile", "criterion", "stays", "flips", "distance"])


def _is_above(
    weights: Floats, profiles: Profiles, asked: Ints, rule: AdmissionRule
) -> npt.NDArray[np.bool_]:
    if rule.min_score is not None:
        return profiles.only(asked).totals(weights) >= rule.min_score - SAME
    totals = profiles.totals(weights)
    return totals[:, asked] >= _line_of(totals, profiles.counts, rule.top_n or 1)[:, None] - SAME


def _own_is_above(
    weights: Floats, profiles: Profiles, profile: Ints, rule: AdmissionRule
) -> npt.NDArray[np.bool_]:
    if rule.min_score is not None:
        return profiles.own(weights, profile) >= rule.min_score - SAME
    totals = profiles.totals(weights)
    own = totals[np.arange(len(profile)), profile]
    return (totals > own[:, None] + SAME) @ profiles.counts < (rule.top_n or 1)


def _line_of(totals: npt.NDArray[Any], counts: Floats, top_n: int) -> Floats:
    """Return per row the score of the N-th account; −∞ when there are fewer accounts."""
    if counts.sum() < top_n:
        return np.full(len(totals), -np.inf)
    kept = min(top_n, totals.shape[1])  # the N-th account is within the N best profiles
    places = np.argpartition(-totals, kept - 1, axis=1)[:, :kept]
    best = np.take_along_axis(totals, places, axis=1)
    order = np.argsort(-best, axis=1, kind="stable")
    held = counts[np.take_along_axis(places, order, axis=1)].cumsum(axis=1)
    nth = (held >= top_n).argmax(axis=1)
    return np.take_along_axis(best, np.take_along_axis(order, nth[:, None], axis=1), axis=1)[:, 0]
