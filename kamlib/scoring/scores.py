"""Scores from fixed anchors: per criterion, and the weighted total of each account."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kamlib.book.criteria import Criterion
from kamlib.scoring.line import AdmissionRule

SCORE_COLUMNS = [
    "account_id", "criterion", "side", "weight", "measure", "value", "score", "contribution", "origin",
    "judged_date", "note",
]  # fmt: skip
_TYPES = {
    "account_id": "str", "criterion": "str", "side": "str", "weight": "float64", "measure": "str", "value": "float64",
    "score": "float64", "contribution": "float64", "origin": "str", "judged_date": "datetime64[us]", "note": "str",
}  # fmt: skip


def criterion_scores(
    criterion_measures: pd.DataFrame,
    judgements: pd.DataFrame | None = None,
    *,
    criteria: Sequence[Criterion],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per scored account and criterion: its score 1–10 from the book's fixed anchors.

    A limit belongs to the score that begins there: with anchors from 0.05 → 7 and 0.10 → 8 a value
        of
    0.10 scores 8, and 0.0999 scores 7; below the first limit the score is 1. A judged criterion
        takes the latest
    judgement up to ``as_of``. A missing score is left out and the other weights are scaled up, so
    that the contributions of an account always sum to its score. No account's score depends on
        another account.

    Columns
    -------
    account_id: the account
    criterion: name of the criterion, in the book's order
    side: attractiveness or strength
    weight: the book's weight (0–1)
    measure: the measure it is scored from; blank when judged
    value: the measured value
    score: 1 to 10; NaN when missing
    contribution: weight × score / sum of the weights that have a score; NaN when missing
    origin: data, judged or missing
    judged_date: day of the judgement
    note: why the score is missing, or what to doubt about the value
    """
    ids = pd.Index(criterion_measures["account_id"].unique(), dtype="str")
    parts = [
        _judged(criterion, ids, judgements, as_of)
        if criterion.judged
        else _measured(criterion, ids, criterion_measures)
        for criterion in criteria
    ]
    if not parts or ids.empty:
        return pd.DataFrame({column: pd.Series(dtype=_TYPES[column]) for column in SCORE_COLUMNS})
    rows = pd.concat(parts, ignore_index=True)
    rows["origin"] = rows["origin"].where(rows["score"].notna(), "missing")
    present = (
        rows["weight"].where(rows["score"].notna()).groupby(rows["account_id"]).transform("sum")
    )
    rows["contribution"] = rows["weight"] * rows["score"] / present.where(present > 0)
    place = rows["criterion"].map(
        {criterion.name: place for place, criterion in enumerate(criteria)}
    )
    ordered = rows.assign(_place=place).sort_values(["account_id", "_place"], ignore_index=True)
    return ordered[SCORE_COLUMNS].astype(_TYPES)


def account_scores(
    criterion_scores: pd.DataFrame,
    key_accounts: pd.DataFrame | None = None,
    accounts: pd.DataFrame | None = None,
    *,
    rule: AdmissionRule,
) -> pd.DataFrame:
    """One row per scored account: its weighted score, its rank and on which side of the admission
    line it is.

    score = Σ weight · score / Σ weight over the criteria that have a score, rounded to 9 places.
    Equal scores share the best rank, so more than ``top_n`` accounts are above the line when the
    last places are tied. An account without any score comes last, without a rank.

    Columns
    -------
    account_id: the account
    name: its name
    score: weighted score, 1 to 10
    rank: 1 is the highest score
    is_above_line: admitted by the rule of the book
    is_key: it is a key account today
    line_score: the score at the admission line
    completeness_share: sum of the weights that have a score (0–1)
    attractiveness_score: weighted score of the attractiveness criteria alone
    strength_score: weighted score of the strength criteria alone
    missing_criteria: criteria without a score
    """
    present = criterion_scores[criterion_scores["score"].notna()]
    ids = pd.Index(criterion_scores["account_id"].unique(), dtype="str", name="account_id")
    table = pd.DataFrame(index=ids)
    table["score"] = _weighted(present, ids)
    table["rank"] = table["score"].rank(method="min", ascending=False).astype("Int64")
    table["line_score"] = rule.line_score(table["score"])
    table["is_above_line"] = rule.is_above(table["score"], table["rank"])
    table["is_key"] = is_key(key_accounts, ids)
    table["completeness_share"] = (
        present.groupby("account_id")["weight"].sum().round(9).reindex(ids, fill_value=0.0)
    )
    for side in ("attractiveness", "strength"):
        table[f"{side}_score"] = _weighted(present[present["side"] == side], ids)
    lacking = criterion_scores[criterion_scores["score"].isna()].groupby("account_id", sort=False)[
        "criterion"
    ]
    table["missing_criteria"] = lacking.agg(", ".join).reindex(ids).fillna("").astype("str")
    table["name"] = names_of(accounts, ids)
    columns = [
        "account_id", "name", "score", "rank", "is_above_line", "is_key", "line_score", "completeness_share",
        "attractiveness_score", "strength_score", "missing_criteria",
    ]  # fmt: skip
    ordered = table.reset_index().sort_values(
        ["rank", "account_id"], na_position="last", ignore_index=True
    )
    return ordered[columns]


def criterion_coverage(
    criterion_scores: pd.DataFrame, *, criteria: Sequence[Criterion]
) -> pd.DataFrame:
    """One row per criterion: how it is scored, for how many accounts, and from which anchors.

    This is the written definition that is the same for every account (M1, M9).

    Columns
    -------
    criterion: name of the criterion
    side: attractiveness or strength
    weight: the book's weight (0–1)
    measure: the measure it is scored from, or "judged"
    scored_count: accounts with a score
    missing_count: accounts without one
    anchors: the limits at which each score begins, or what the judged scores mean
    note: the commonest reason for missing scores
    """
    rows = []
    for criterion in criteria:
        mine = criterion_scores[criterion_scores["criterion"] == criterion.name]
        lacking = mine.loc[mine["score"].isna(), "note"].value_counts()
        rows.append(
            {
                "criterion": criterion.name,
                "side": criterion.side,
                "weight": criterion.weight,
                "measure": criterion.measure or "judged",
                "scored_count": int(mine["score"].notna().sum()),
                "missing_count": int(mine["score"].isna().sum()),
                "anchors": anchor_text(criterion),
                "note": sorted(lacking[lacking == lacking.max()].index)[0] if len(lacking) else "",
            }
        )
    columns = [
        "criterion",
        "side",
        "weight",
        "measure",
        "scored_count",
        "missing_count",
        "anchors",
        "note",
    ]
    return pd.DataFrame(rows, columns=columns)


def anchor_text(criterion: Criterion) -> str:
    """Say at which value each score begins, or what the judged scores mean.

    >>> from kamlib.book.criteria import Criterion
    >>> anchor_text(Criterion(name="fit", weight=0.2, judged=True, texts={"1": "none", "10": "we share a plan"}))
    '1 none · 10 we share a plan'
    """
    texts = {anchor.score: anchor.text for anchor in criterion.anchors if anchor.text}
    texts |= {int(score): text for score, text in criterion.texts.items()}
    if criterion.judged:
        return (
            " · ".join(f"{score} {texts[score]}" for score in sorted(texts))
            or "judged from 1 to 10"
        )
    steps = [
        f"{score} from {_limit_text(limit, criterion.measure)}"
        + (f" ({texts[score]})" if score in texts else "")
        for limit, score in criterion.steps
    ]
    return " · ".join(["1 below", *steps])


def _limit_text(limit: float, measure: str | None) -> str:
    if measure in ("growth", "margin_rate", "regularity", "share_of_wallet"):
        return f"{limit * 100:g} %".replace("-", "−")
    return f"{limit:,.10g}".replace("-", "−")


def is_key(key_accounts: pd.DataFrame | None, ids: pd.Index) -> pd.Series:
    """Return for each account whether it is a key account; nobody is where there is no table."""
    if key_accounts is None or key_accounts.empty:
        return pd.Series(False, index=ids)
    return pd.Series(
        ids.isin(key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"]), index=ids
    )


def names_of(accounts: pd.DataFrame | None, ids: pd.Index, column: str = "name") -> pd.Series:
    """Return each account's name, or its id where it has none."""
    own = pd.Series(ids.to_numpy(), index=ids, dtype="str")
    if accounts is None or column not in accounts:
        return own
    return (
        accounts.drop_duplicates("account_id")
        .set_index("account_id")[column]
        .reindex(ids)
        .fillna(own)
        .astype("str")
    )


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
            "account_id": ids, "criterion": criterion.name, "side": criterion.side, "weight": criterion.weight,
            "measure": criterion.measure, "value": value, "score": score, "origin": "data",
            "judged_date": pd.Series(pd.NaT, index=range(len(ids)), dtype="datetime64[us]"),
            "note": mine["note"].fillna("").to_numpy(),
        }
    )  # fmt: skip


def _judged(
    criterion: Criterion, ids: pd.Index, judgements: pd.DataFrame | None, as_of: pd.Timestamp
) -> pd.DataFrame:
    latest = pd.DataFrame(
        {"score": pd.Series(dtype="float64"), "judged_date": pd.Series(dtype="datetime64[us]")}
    )
    if judgements is not None and len(judgements):
        known = judgements[
            (judgements["criterion"] == criterion.name) & (judgements["judged_date"] <= as_of)
        ]
        ordered = known.sort_values(["account_id", "judged_date", "score"])
        latest = ordered.drop_duplicates("account_id", keep="last").set_index("account_id")[
            ["score", "judged_date"]
        ]
    mine = latest.reindex(ids)
    is_outside = mine["score"].notna() & ~mine["score"].between(1, 10)
    note = np.where(
        is_outside, "judged outside 1 to 10", np.where(mine["score"].isna(), "not judged", "")
    )
    return pd.DataFrame(
        {
            "account_id": ids, "criterion": criterion.name, "side": criterion.side, "weight": criterion.weight,
            "measure": "", "value": np.nan, "score": mine["score"].mask(is_outside).to_numpy(dtype="float64"),
            "origin": "judged", "judged_date": mine["judged_date"].to_numpy(), "note": note,
        }
    )  # fmt: skip
