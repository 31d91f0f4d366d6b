"""Did the criteria work? Past scores against what the accounts did afterwards (M11)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from kamlib.book import SegmentationSettings
from kamlib.period.months import trailing_months
from kamlib.scoring.history import past_year_ends
from kamlib.tables import shaped

TOTAL = "total score"
LEAST_ACCOUNTS = 20


def later_outcomes(
    unbroken_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per past date and account that bought in the 12 months before: the 12 months after.

    Dates whose following 12 months are not over at ``as_of`` are left out. Margin is used when the
    cost of every month is known, else revenue; growth is n/a where the amount before is not
    positive.

    Examples
    --------
    >>> ends = pd.date_range("2022-01-31", "2024-12-31", freq="ME")
    >>> months = shaped("account_months", {"account_id": "A", "month": ends,
    ...     "revenue": [10.0] * 24 + [15.0] * 12, "order_day_count": 1})
    >>> found = later_outcomes(months, as_of=pd.Timestamp("2024-12-31"))
    >>> found[["before", "after", "growth", "is_retained"]].values.tolist()
    [[120.0, 180.0, 0.5, True]]
    """
    known = unbroken_months[unbroken_months["month"] <= as_of]
    has_cost = len(known) > 0 and bool(known["cost"].notna().all())
    amount = known["revenue"] - known["cost"] if has_cost else known["revenue"]
    rows = known[["account_id", "month"]].assign(amount=amount, orders=known["order_day_count"])
    parts = []
    ends = past_year_ends(unbroken_months, as_of=as_of, segmentation=segmentation)
    # the year-ends lie 12 months apart, the last at as_of: its own following year is not over
    for years, day in enumerate(reversed(ends[:-1]), start=1):
        months = trailing_months(as_of, 12 * years + 12)
        sums = (
            rows[rows["month"].isin(span)].groupby("account_id")[["amount", "orders"]].sum()
            for span in (months[:12], months[12:24])
        )
        before, after = (one.assign(amount=one["amount"].round(6)) for one in sums)
        before = before[before["orders"] > 0]
        after = after.reindex(before.index, fill_value=0)
        base, later = before["amount"], after["amount"]
        part = pd.DataFrame(
            {
                "before": base,
                "after": later,
                "growth": (later / base.where(base > 0) - 1).round(12),
                "is_retained": after["orders"].gt(0),
            }
        )
        parts.append(part.reset_index().assign(as_of_date=day))
    if not parts:
        return shaped("later_outcomes", [])
    table = pd.concat(parts).assign(basis="margin" if has_cost else "revenue")
    return shaped("later_outcomes", table.sort_values(["as_of_date", "account_id"]))


def criterion_review(
    criterion_history: pd.DataFrame,
    score_history: pd.DataFrame,
    later_outcomes: pd.DataFrame,
    *,
    least_accounts: int = LEAST_ACCOUNTS,
) -> pd.DataFrame:
    """One row per criterion (and the total) and outcome: did the past score foretell what followed?

    Spearman's rank correlation, ranked within each past date and pooled, so that good and bad years
    do not matter. The interval is Fisher's with the variance (1 + r²/2)/(n − 3) of Bonett and
    Wright (2000), n the number of different accounts (the years of one account are no independent
    evidence), and widened (Bonferroni) so that all rows together are right 95 % of the time. An
    interval that holds 0, or fewer than ``least_accounts`` accounts, means "cannot tell". So does a
    negative correlation of a criterion scored from orders with growth: a year that was good by
    chance is followed by a lesser one, which lowers this correlation for the best of criteria.

    Parameters
    ----------
    least_accounts
        Accounts that a correlation needs.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.criterion_review[["criterion", "verdict"]].head(2).values.tolist()
    [['growth', 'cannot tell'], ['growth', 'cannot tell']]
    """
    columns = ["as_of_date", "account_id", "criterion", "score"]
    total = score_history.assign(criterion=TOTAL)
    past = pd.concat([criterion_history[columns], total[columns]], ignore_index=True)
    pairs = past.dropna(subset=["score"]).merge(later_outcomes, on=columns[:2], how="inner")
    basis = later_outcomes["basis"].iloc[0] if len(later_outcomes) else "margin"
    criteria = [*criterion_history["criterion"].unique(), TOTAL] if len(criterion_history) else []
    outcomes = {f"{basis} growth": "growth", "retention": "is_retained"}
    width = float(norm.ppf(1 - 0.05 / 2 / max(len(criteria) * len(outcomes), 1)))
    is_data = criterion_history["origin"] == "data"
    from_orders = {TOTAL, *criterion_history.loc[is_data, "criterion"]}
    lacking = criterion_history[criterion_history["score"].isna()]
    never = lacking.groupby("criterion")["note_code"].agg("first")
    rows = []
    for criterion in criteria:
        mine = pairs[pairs["criterion"] == criterion]
        for outcome, column in outcomes.items():
            row = _correlation(mine, column, width, least_accounts)
            if row["account_count"] == 0 and never.get(criterion):
                row["note_code"] = never[criterion]
            is_growth = column == "growth" and criterion in from_orders
            if row["verdict"] == "misled" and is_growth:
                row |= {"verdict": "cannot tell", "note_code": "good_years_pass"}
            told = {"criterion": criterion, "later_outcome": outcome}
            rows.append(told | row | {"needed_count": least_accounts})
    return shaped("criterion_review", rows)


def admission_review(score_history: pd.DataFrame, later_outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per past date and side of the line: did those it would have chosen deliver more?

    Examples
    --------
    >>> past = pd.to_datetime(["2023-12-31"] * 2)
    >>> history = shaped("score_history", {"account_id": ["A", "B"],
    ...     "as_of_date": past, "score": [7.0, 4.0], "is_above_line": [True, False]})
    >>> outcomes = shaped("later_outcomes", {"account_id": ["A", "B"],
    ...     "as_of_date": past, "growth": [0.2, -0.1], "is_retained": True, "basis": "margin"})
    >>> found = admission_review(history, outcomes)
    >>> found[["is_above_line", "account_count", "retained_share"]].values.tolist()
    [[True, 1, 1.0], [False, 1, 1.0]]
    """
    joined = score_history.merge(later_outcomes, on=["as_of_date", "account_id"], how="inner")
    sums = joined.groupby(["as_of_date", "is_above_line"], as_index=False).agg(
        account_count=("account_id", "size"),
        basis=("basis", "first"),
        before=("before", "sum"),
        after=("after", "sum"),
        retained_share=("is_retained", "mean"),
    )
    growth = sums["after"] / sums["before"].where(sums["before"] > 0) - 1
    order = ["as_of_date", "is_above_line"]
    ordered = sums.assign(growth=growth).sort_values(order, ascending=[True, False])
    return shaped("admission_review", ordered)


def _correlation(pairs: pd.DataFrame, outcome: str, width: float, least: int) -> dict[str, object]:
    known = pairs.dropna(subset=[outcome])
    accounts = known["account_id"].nunique()
    row: dict[str, object] = {
        "account_count": accounts,
        "pair_count": len(known),
        "date_count": known["as_of_date"].nunique(),
        "verdict": "cannot tell",
    }
    if accounts < least:
        return row | {"note_code": "too_few"}
    score, later = (_centred_ranks(known, column) for column in ("score", outcome))
    spread = float(np.sqrt((score**2).sum() * (later**2).sum()))
    if spread == 0:
        all_bought = outcome == "is_retained" and known[outcome].all()
        code = "all_bought" if all_bought else "nothing_varied"
        return row | {"note_code": code if score.any() else "scored_alike"}
    r = float(np.clip((score * later).sum() / spread, -0.999999, 0.999999))
    half = width * np.sqrt((1 + r * r / 2) / (accounts - 3))
    low, high = float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))
    verdict = "foretold" if low > 0 else "misled" if high < 0 else "cannot tell"
    return row | {
        "correlation": r,
        "correlation_low": low,
        "correlation_high": high,
        "verdict": verdict,
        "note_code": "holds_zero" if verdict == "cannot tell" else "",
    }


def _centred_ranks(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return ranks within each date, from the middle one, as a share of the accounts ranked."""
    by_date = rows[column].astype("float64").groupby(rows["as_of_date"])
    size = by_date.transform("size")
    return (by_date.rank() - (size + 1) / 2) / size
