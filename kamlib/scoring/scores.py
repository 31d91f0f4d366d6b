"""Scores from fixed anchors: per criterion, and the weighted total of each account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlib.book import ScoringSettings
from kamlib.book.criteria import Criterion
from kamlib.scoring.grid import Floats, ScoreGrid
from kamlib.scoring.line import AdmissionRule
from kamlib.tables import shaped


def criterion_scores(
    criterion_measures: pd.DataFrame,
    judgements: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    scoring: ScoringSettings = ScoringSettings(),
) -> pd.DataFrame:
    """One row per scored account and criterion: its score 1–10 from the book's fixed anchors.

    A limit belongs to the score that begins there: with anchors from 0.05 → 7 and 0.10 → 8 a value
    of 0.10 scores 8, and 0.0999 scores 7; below the first limit the score is 1. A judged criterion
    takes the latest judgement up to ``as_of``. A missing score is left out and the other weights
    are scaled up, so that the contributions of an account always sum to its score. No account's
    score depends on another account.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.criterion_scores.groupby("origin").size().index.tolist()
    ['data', 'judged', 'missing']
    """
    criteria = scoring.in_use
    row, accounts = pd.factorize(criterion_measures["account_id"], sort=True)
    ids = pd.Index(accounts, dtype="str", name="account_id")
    column, measures = pd.factorize(criterion_measures["measure"])
    place_of = dict(zip(measures, range(len(measures)), strict=True))
    place = np.full((len(ids), len(measures) + 1), -1)  # of each measure among the rows; none: −1
    place[row, column] = np.arange(len(row))
    value = np.append(criterion_measures["value"].to_numpy(dtype="float64"), np.nan)
    note = np.append(criterion_measures["note_code"].fillna("").to_numpy(dtype=object), "")
    latest = _latest(judgements, as_of)
    parts = [
        _judged(criterion, ids, latest)
        if criterion.judged
        else _measured(criterion, place[:, place_of.get(criterion.measure, -1)], value, note)
        for criterion in criteria
    ]
    score = np.column_stack([part["score"] for part in parts])
    weights = np.array([criterion.weight for criterion in criteria])
    is_scored = ~np.isnan(score)
    present = is_scored @ weights
    with np.errstate(divide="ignore", invalid="ignore"):
        contribution = weights * score / present[:, None]
    origin = np.array(["judged" if one.judged else "data" for one in criteria], dtype=object)
    many = len(ids)
    return shaped(
        "criterion_scores",
        pd.DataFrame(
            {
                "account_id": np.repeat(ids.to_numpy(dtype=object), len(criteria)),
                "criterion": np.tile(_texts(one.name for one in criteria), many),
                "side": np.tile(_texts(one.side for one in criteria), many),
                "weight": np.tile(weights, many),
                "measure": np.tile(_texts(one.measure or "" for one in criteria), many),
                "value": np.column_stack([part["value"] for part in parts]).ravel(),
                "score": score.ravel(),
                "origin": np.where(is_scored, origin, "missing").ravel(),
                "judged_date": np.column_stack([part["judged_date"] for part in parts]).ravel(),
                "note_code": np.column_stack([part["note_code"] for part in parts]).ravel(),
                "contribution": contribution.ravel(),
            }
        ),
    )


def account_scores(
    score_grid: ScoreGrid,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    admission_rule: AdmissionRule,
) -> pd.DataFrame:
    """One row per scored account: its weighted score, its rank and on which side of the line it is.

    score = Σ weight · score / Σ weight over the criteria that have a score, rounded to 9 places.
    Equal scores share the best rank, so more than ``top_n`` accounts are above the line when the
    last places are tied. An account without any score comes last, without a rank.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.account_scores[["rank", "score", "is_above_line"]].head(2).round(2).values.tolist()
    [[1, 8.35, True], [1, 8.35, True]]
    """
    table = ranked(score_grid, admission_rule)
    ids = pd.Index(table["account_id"])
    kinds, kind = np.unique(np.isnan(score_grid.scores), axis=0, return_inverse=True)
    lacking = [", ".join(np.array(score_grid.criteria)[of_kind]) for of_kind in kinds]
    missing = np.array([*lacking, ""], dtype=object)[kind.ravel()]
    key = key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"]
    table = table.assign(
        attractiveness_score=score_grid.weighted("attractiveness")[table.index],
        strength_score=score_grid.weighted("strength")[table.index],
        is_key=ids.isin(key),
        missing_criteria=missing[table.index],
        name=column_of(accounts, ids, "name").to_numpy(),
    )
    table["name"] = table["name"].fillna(table["account_id"])
    return shaped("account_scores", table)


def ranked(score_grid: ScoreGrid, admission_rule: AdmissionRule) -> pd.DataFrame:
    """One row per scored account: its weighted score, and its place by the rule, best first; its
    place in the grid is the index.
    """
    table = pd.DataFrame(
        {
            "account_id": score_grid.accounts,
            "score": score_grid.weighted(),
            "completeness_share": score_grid.present(),
        }
    )
    table["rank"] = table["score"].rank(method="min", ascending=False).astype("Int64")
    table["line_score"] = admission_rule.line_score(table["score"])
    table["is_above_line"] = admission_rule.is_above(table["score"], table["rank"])
    # the accounts are sorted: a stable sort keeps them so among equals
    return table.sort_values("rank", na_position="last", kind="stable")


def criterion_coverage(
    criterion_scores: pd.DataFrame, *, scoring: ScoringSettings = ScoringSettings()
) -> pd.DataFrame:
    """One row per criterion: how it is scored, for how many accounts, and from which anchors.

    This is the written definition that is the same for every account (M1, M9). ``note_code`` is the
    commonest reason for missing scores.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.criterion_coverage[["criterion", "scored_count", "missing_count"]].head(2).values.tolist()
    [['growth', 86, 11], ['margin', 97, 0]]
    """
    rows = []
    for criterion in scoring.in_use:
        mine = criterion_scores[criterion_scores["criterion"] == criterion.name]
        lacking = mine.loc[mine["score"].isna(), "note_code"]
        rows.append(
            {
                "criterion": criterion.name,
                "side": criterion.side,
                "weight": criterion.weight,
                "measure": criterion.measure or "judged",
                "scored_count": int(mine["score"].notna().sum()),
                "missing_count": len(lacking),
                "note_code": lacking.mode().iloc[0] if len(lacking) else "",
            }
        )
    return shaped("criterion_coverage", rows)


def column_of(accounts: pd.DataFrame, ids: pd.Index, column: str) -> pd.Series:
    """Return a column of the accounts by account id, missing where it is not known."""
    if column not in accounts:
        return pd.Series(None, index=ids, dtype="str")
    known = accounts.drop_duplicates("account_id").set_index("account_id")[column]
    return known.reindex(ids).astype("str")


def _texts(texts: Iterable[str]) -> npt.NDArray[np.object_]:
    return np.array(list(texts), dtype=object)


def _measured(
    criterion: Criterion, place: npt.NDArray[Any], values: Floats, notes: npt.NDArray[np.object_]
) -> dict[str, npt.NDArray[Any]]:
    """Return the score of each account from its measure, by the place of its row."""
    value = values[place]
    limits = np.array([limit for limit, _ in criterion.steps])
    scores = np.array([1, *(score for _, score in criterion.steps)], dtype="float64")
    score = np.where(np.isnan(value), np.nan, scores[np.searchsorted(limits, value, side="right")])
    return {
        "value": value,
        "score": score,
        "judged_date": np.full(len(value), np.datetime64("NaT"), dtype="datetime64[us]"),
        "note_code": notes[place],
    }


def _latest(judgements: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the latest judgement of each account and criterion, by account."""
    known = judgements[judgements["judged_date"].le(as_of)]
    ordered = known.sort_values(["account_id", "judged_date", "score"])
    return ordered.drop_duplicates(["account_id", "criterion"], keep="last").set_index("account_id")


def _judged(
    criterion: Criterion, ids: pd.Index, latest: pd.DataFrame
) -> dict[str, npt.NDArray[Any]]:
    """Return the score of each account from the latest judgement of it."""
    is_mine = latest["criterion"].to_numpy(dtype=object) == criterion.name
    mine = latest.loc[is_mine, ["score", "judged_date"]].reindex(ids)
    score = mine["score"].astype("float64")
    is_outside = score.notna() & ~score.between(1, 10)
    return {
        "value": np.full(len(ids), np.nan),
        "score": score.mask(is_outside).to_numpy(),
        "judged_date": mine["judged_date"].astype("datetime64[us]").to_numpy(),
        "note_code": np.select(
            [is_outside, score.isna()], ["judged_outside", "not_judged"], default=""
        ).astype(object),
    }
