"""Scores at past year-ends, from what was known then."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kamlib.book.criteria import Criterion
from kamlib.period.calendar import trailing_months
from kamlib.scoring.line import AdmissionRule
from kamlib.scoring.measures import BASE_MONTHS_LATE, criterion_measures
from kamlib.scoring.scores import SCORE_COLUMNS, account_scores, criterion_scores


def past_year_ends(
    account_months: pd.DataFrame, *, as_of: pd.Timestamp, window_months: int = 12
) -> list[pd.Timestamp]:
    """Return the as-of date and the same day of earlier years, oldest first, as far as a score can
    be given.

    A year counts when the data begin in the first three months of the window before its own (growth
    needs a base).
    """
    known = account_months[account_months["month"] <= as_of]
    if known.empty:
        return []
    begins = known["month"].min()
    ends, back = [], 0
    while (
        trailing_months(as_of, 12 * back + 2 * window_months)[
            min(BASE_MONTHS_LATE, window_months) - 1
        ]
        >= begins
    ):
        ends.append(trailing_months(as_of, 12 * back + 1)[0])
        back += 1
    return ends[::-1]


def criterion_history(
    account_months: pd.DataFrame,
    category_months: pd.DataFrame | None = None,
    judgements: pd.DataFrame | None = None,
    *,
    criteria: Sequence[Criterion],
    as_ofs: Sequence[pd.Timestamp],
    window_months: int = 12,
) -> pd.DataFrame:
    """One row per past date, account scored then and criterion: the score from what was known on
    that date.

    Orders and judgements carry their date; the needs of accounts and their cost to serve do not, so
    criteria that rest on them are missing here rather than known too early.

    Columns
    -------
    as_of_date: the past date
    account_id: the account
    criterion: name of the criterion, in the book's order
    side: attractiveness or strength
    weight: the book's weight today (0–1)
    measure: the measure it is scored from; blank when judged
    value: the measured value
    score: 1 to 10; NaN when missing
    contribution: weight × score / sum of the weights that have a score
    origin: data, judged or missing
    judged_date: day of the judgement
    note: why the score is missing, or what to doubt about the value
    """
    parts = []
    for as_of in as_ofs:
        measures = criterion_measures(
            account_months, category_months, as_of=as_of, window_months=window_months
        )
        undated = measures["measure"].isin(["share_of_wallet", "open_wallet"])
        measures["note"] = measures["note"].mask(undated, "the needs of accounts carry no date")
        scores = criterion_scores(measures, judgements, criteria=criteria, as_of=as_of)
        parts.append(
            scores.assign(as_of_date=pd.Series(as_of, index=scores.index, dtype="datetime64[us]"))
        )
    if not parts:
        nothing = criterion_scores(criterion_measures(account_months.head(0), as_of=pd.Timestamp(0)), criteria=(),
                                   as_of=pd.Timestamp(0))  # fmt: skip
        parts = [nothing.assign(as_of_date=pd.Series(dtype="datetime64[us]"))]
    return pd.concat(parts, ignore_index=True)[["as_of_date", *SCORE_COLUMNS]]


def score_history(criterion_history: pd.DataFrame, *, rule: AdmissionRule) -> pd.DataFrame:
    """One row per past date and account scored then: its score and its place by today's rule and
    weights.

    Columns
    -------
    as_of_date: the past date
    account_id: the account
    score: weighted score, 1 to 10
    rank: rank among the accounts scored then
    is_above_line: it was above the admission line
    line_score: the score at the line then
    completeness_share: sum of the weights that had a score (0–1)
    """
    columns = [
        "as_of_date",
        "account_id",
        "score",
        "rank",
        "is_above_line",
        "line_score",
        "completeness_share",
    ]
    parts = [
        account_scores(rows, rule=rule).assign(as_of_date=date)
        for date, rows in criterion_history.groupby("as_of_date", sort=True)
    ]
    if not parts:
        return account_scores(criterion_history, rule=rule).assign(
            as_of_date=criterion_history["as_of_date"]
        )[columns]
    return pd.concat(parts, ignore_index=True)[columns].astype({"as_of_date": "datetime64[us]"})
