"""Scores from fixed anchors: per criterion, and the weighted total of each account."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import ScoringSettings
from kamlib.book.criteria import Criterion
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
    ids = pd.Index(criterion_measures["account_id"].unique(), dtype="str", name="account_id")
    rows = pd.concat(
        [
            _judged(criterion, ids, judgements, as_of)
            if criterion.judged
            else _measured(criterion, ids, criterion_measures)
            for criterion in scoring.in_use
        ],
        ignore_index=True,
    )
    is_scored = rows["score"].notna()
    rows["origin"] = rows["origin"].where(is_scored, "missing")
    present = rows["weight"].where(is_scored).groupby(rows["account_id"]).transform("sum")
    rows["contribution"] = rows["weight"] * rows["score"] / present.where(present > 0)
    # the criteria were joined in the book's order: a stable sort keeps it within each account
    return shaped("criterion_scores", rows.sort_values("account_id", kind="stable"))


def account_scores(
    criterion_scores: pd.DataFrame,
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
    table = ranked(criterion_scores, admission_rule).set_index("account_id")
    ids = table.index
    present = criterion_scores[criterion_scores["score"].notna()]
    for side in ("attractiveness", "strength"):
        table[f"{side}_score"] = _weighted(present[present["side"] == side], ids)
    lacking = criterion_scores[criterion_scores["score"].isna()]
    missing: dict[str, str] = {}
    for account, criterion in zip(lacking["account_id"], lacking["criterion"], strict=True):
        missing[account] = f"{missing[account]}, {criterion}" if account in missing else criterion
    key = key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"]
    table = table.assign(
        is_key=ids.isin(key),
        missing_criteria=[missing.get(account, "") for account in ids.tolist()],
        name=column_of(accounts, ids, "name").fillna(ids.to_series()),
    )
    return shaped("account_scores", table.reset_index())


def ranked(criterion_scores: pd.DataFrame, admission_rule: AdmissionRule) -> pd.DataFrame:
    """One row per scored account: its weighted score, and its place by the rule, best first."""
    present = criterion_scores[criterion_scores["score"].notna()]
    ids = pd.Index(criterion_scores["account_id"].unique(), dtype="str", name="account_id")
    known = present.groupby("account_id")["weight"].sum().round(9).reindex(ids, fill_value=0.0)
    table = pd.DataFrame({"score": _weighted(present, ids), "completeness_share": known}, index=ids)
    table["rank"] = table["score"].rank(method="min", ascending=False).astype("Int64")
    table["line_score"] = admission_rule.line_score(table["score"])
    table["is_above_line"] = admission_rule.is_above(table["score"], table["rank"])
    return table.reset_index().sort_values(["rank", "account_id"], na_position="last")


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


def _weighted(present: pd.DataFrame, ids: pd.Index) -> pd.Series:
    sums = (present["weight"] * present["score"]).groupby(present["account_id"]).sum()
    weights = present["weight"].groupby(present["account_id"]).sum()
    return (sums / weights).round(9).reindex(ids)


def _measured(criterion: Criterion, ids: pd.Index, measures: pd.DataFrame) -> pd.DataFrame:
    mine = measures[measures["measure"] == criterion.measure].set_index("account_id").reindex(ids)
    value = mine["value"].to_numpy(dtype="float64")
    limits = np.array([limit for limit, _ in criterion.steps])
    scores = np.array([1, *(score for _, score in criterion.steps)], dtype="float64")
    score = np.where(np.isnan(value), np.nan, scores[np.searchsorted(limits, value, side="right")])
    return pd.DataFrame(
        {
            **_said(criterion, ids),
            "measure": criterion.measure,
            "value": value,
            "score": score,
            "origin": "data",
            "judged_date": pd.Series(pd.NaT, index=range(len(ids)), dtype="datetime64[us]"),
            "note_code": mine["note_code"].fillna("").to_numpy(),
        }
    )


def _judged(
    criterion: Criterion, ids: pd.Index, judgements: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    is_mine = judgements["criterion"].eq(criterion.name) & judgements["judged_date"].le(as_of)
    ordered = judgements[is_mine].sort_values(["account_id", "judged_date", "score"])
    latest = ordered.drop_duplicates("account_id", keep="last").set_index("account_id")
    mine = latest[["score", "judged_date"]].reindex(ids)
    score = mine["score"].astype("float64")
    is_outside = score.notna() & ~score.between(1, 10)
    return pd.DataFrame(
        {
            **_said(criterion, ids),
            "measure": "",
            "value": np.nan,
            "score": score.mask(is_outside).to_numpy(),
            "origin": "judged",
            "judged_date": mine["judged_date"].astype("datetime64[us]").to_numpy(),
            "note_code": np.select(
                [is_outside, score.isna()], ["judged_outside", "not_judged"], default=""
            ),
        }
    )


def _said(criterion: Criterion, ids: pd.Index) -> dict[str, object]:
    """Return what the book says of a criterion, for each account."""
    return {
        "account_id": ids,
        "criterion": criterion.name,
        "side": criterion.side,
        "weight": criterion.weight,
    }
