"""What a place above the line owes to a single order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import ScoringSettings, SegmentationSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import month_of, trailing_months
from kamlib.scoring.grid import score_grid
from kamlib.scoring.line import AdmissionRule
from kamlib.scoring.measures import criterion_measures
from kamlib.scoring.scores import criterion_scores, ranked
from kamlib.tables import shaped


def largest_order_scores(
    account_scores: pd.DataFrame,
    account_days: pd.DataFrame,
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    needs: pd.DataFrame,
    accounts: pd.DataFrame,
    key_accounts: pd.DataFrame,
    judgements: pd.DataFrame,
    admission_rule: AdmissionRule,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
    scoring: ScoringSettings = ScoringSettings(),
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per account above the line: its largest order, and what it scores without it.

    The largest order is the order day of the window with the most revenue, the latest of equal
    ones. Its revenue, cost and order day are taken out of its month and the account is scored anew;
    each category keeps its share of what is left. The others keep their scores: with places to
    fill, the account still has one when fewer others than places score more.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.largest_order_scores) == int(q.account_scores["is_above_line"].sum())
    True
    """
    months = trailing_months(as_of, segmentation.window_months)
    above = account_scores.loc[account_scores["is_above_line"], "account_id"]
    days = account_days[account_days["account_id"].isin(above) & account_days["date"].le(as_of)]
    days = days.assign(month=month_of(days["date"], as_of))
    days = days[days["month"].isin(months) & days["revenue"].gt(0)]
    largest = days.sort_values(["account_id", "revenue", "date"]).drop_duplicates(
        "account_id", keep="last"
    )
    if largest.empty:
        return shaped("largest_order_scores", [])
    own = account_months[account_months["account_id"].isin(above)]
    year = own[own["month"].isin(months)].groupby("account_id")["revenue"].sum()
    left = 1 - largest.set_index("account_id")["revenue"] / year
    left = category_months["account_id"].map(left.clip(lower=0)).astype("float64").fillna(1.0)
    measures = criterion_measures(
        _without(own, largest),
        category_months.assign(revenue=category_months["revenue"] * left),
        needs,
        accounts,
        key_accounts[key_accounts["account_id"].isin(above)],
        as_of=as_of,
        first_date=first_date,
        holes=holes,
        window_months=segmentation.window_months,
    )
    scores = criterion_scores(measures, judgements, as_of=as_of, scoring=scoring)
    known = ranked(score_grid(scores), admission_rule).set_index("account_id")["score"]
    table = largest.assign(
        largest_order=largest["revenue"],
        largest_order_date=largest["date"],
        score_without=largest["account_id"].map(known),
    )
    score = table["score_without"]
    others = np.sort(account_scores["score"].dropna().to_numpy(dtype="float64"))
    better = len(others) - np.searchsorted(others, score, side="right")
    with_it = table["account_id"].map(account_scores.set_index("account_id")["score"])
    is_itself = with_it.gt(score).to_numpy(dtype="int64")  # it is none of the others
    ranks = pd.Series(better - is_itself + 1, index=table.index)
    table["is_above_without"] = admission_rule.is_above(score, ranks) & score.notna()
    return shaped("largest_order_scores", table)


def _without(account_months: pd.DataFrame, largest: pd.DataFrame) -> pd.DataFrame:
    """Return the months of accounts less one order of each."""
    taken = largest[["account_id", "month", "revenue", "cost"]].assign(order_day_count=1)
    key = ["account_id", "month"]
    both = account_months.merge(taken, on=key, how="left", suffixes=("", "_taken"))
    for column in ("revenue", "cost", "order_day_count"):
        less = both[f"{column}_taken"].fillna(0.0)
        left = (both[column] - less).round(6)
        both[column] = left.astype("int64") if column == "order_day_count" else left
    is_empty = both["order_day_count"].le(0) & np.isclose(both["revenue"], 0.0)
    return both.loc[~is_empty, account_months.columns].reset_index(drop=True)
