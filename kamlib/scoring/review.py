"""Did the criteria work? Past scores against what the accounts did afterwards (M11)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from kamlib.period.calendar import trailing_months

TOTAL = "total score"
LEAST_ACCOUNTS = 20
COLUMNS = [
    "criterion", "outcome", "correlation", "correlation_low", "correlation_high", "account_count", "pair_count",
    "date_count", "verdict", "note",
]  # fmt: skip


def later_outcomes(
    account_months: pd.DataFrame, *, as_ofs: Sequence[pd.Timestamp], as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per past date and account that bought in the 12 months before it: what the 12 months
    after it brought.

    Dates whose following 12 months are not over at ``as_of`` are left out. Margin is used when the
    cost of every month is known, else revenue; growth is n/a where the amount before is not
    positive.

    Columns
    -------
    as_of_date: the past date
    account_id: the account
    basis: margin or revenue
    before: amount of the 12 months up to the date
    after: amount of the 12 months that follow
    growth: after / before − 1
    is_retained: at least one order in the 12 months that follow
    """
    known = account_months[account_months["month"] <= as_of]
    has_cost = len(known) > 0 and bool(known["cost"].notna().all())
    amount = known["revenue"] - known["cost"] if has_cost else known["revenue"]
    rows = known[["account_id", "month"]].assign(amount=amount, orders=known["order_day_count"])
    parts = []
    for date in as_ofs:
        past_months = _months_between(date, as_of)
        if past_months < 12:
            continue
        months = trailing_months(as_of, past_months + 12)
        before = (
            rows[rows["month"].isin(months[:12])].groupby("account_id")[["amount", "orders"]].sum()
        )
        before = before[before["orders"] > 0]
        after = (
            rows[rows["month"].isin(months[12:24])]
            .groupby("account_id")[["amount", "orders"]]
            .sum()
        )
        after = after.reindex(before.index, fill_value=0)
        base, later = before["amount"].round(6), after["amount"].round(6)
        parts.append(
            pd.DataFrame(
                {
                    "as_of_date": date,
                    "account_id": before.index.to_numpy(),
                    "basis": "margin" if has_cost else "revenue",
                    "before": base.to_numpy(),
                    "after": later.to_numpy(),
                    "growth": (later / base.where(base > 0) - 1).round(12).to_numpy(),
                    "is_retained": after["orders"].gt(0).to_numpy(),
                }
            )
        )
    types = {"as_of_date": "datetime64[us]", "account_id": "str", "basis": "str", "before": "float64",
             "after": "float64", "growth": "float64", "is_retained": "bool"}  # fmt: skip
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(types))
    return table.astype(types).sort_values(["as_of_date", "account_id"], ignore_index=True)


def criterion_review(
    criterion_history: pd.DataFrame,
    score_history: pd.DataFrame,
    later_outcomes: pd.DataFrame,
    *,
    least_accounts: int = LEAST_ACCOUNTS,
) -> pd.DataFrame:
    """One row per criterion (and the total) and outcome: did the past score foretell the 12 months
    that followed?

    Spearman's rank correlation, ranked within each past date and pooled, so that good and bad years
    do not matter. The interval is Fisher's with the variance (1 + r²/2)/(n − 3) of Bonett and
        Wright
    (2000), n the number of different accounts (the years of one account are no independent
    evidence), and widened (Bonferroni) so that all rows together are right 95 % of the time. An
        interval that holds 0,
    or fewer than ``least_accounts`` accounts, means "cannot tell". So does a negative correlation
        of
    a criterion scored from orders with growth: a year that was good by chance is followed by a
    lesser one, which lowers this correlation for the best of criteria.

    Columns
    -------
    criterion: name of the criterion, or "total score"
    outcome: margin growth (revenue growth without costs) or retention
    correlation: rank correlation of the past score with the outcome, −1 to 1
    correlation_low: lower end of its interval
    correlation_high: upper end of its interval
    account_count: different accounts compared
    pair_count: account × date pairs compared
    date_count: past dates compared
    verdict: foretold, misled or cannot tell
    note: why it cannot be told; blank otherwise
    """
    total = score_history[["as_of_date", "account_id", "score"]].assign(criterion=TOTAL)
    past = pd.concat(
        [criterion_history[["as_of_date", "account_id", "criterion", "score"]], total],
        ignore_index=True,
    )
    pairs = past.dropna(subset=["score"]).merge(
        later_outcomes, on=["as_of_date", "account_id"], how="inner"
    )
    basis = later_outcomes["basis"].iloc[0] if len(later_outcomes) else "margin"
    criteria = [*criterion_history["criterion"].unique(), TOTAL] if len(criterion_history) else []
    outcomes = {f"{basis} growth": "growth", "retention": "is_retained"}
    width = float(norm.ppf(1 - 0.05 / 2 / max(len(criteria) * len(outcomes), 1)))
    from_orders = {
        TOTAL,
        *criterion_history.loc[criterion_history["origin"] == "data", "criterion"],
    }
    rows = [
        {"criterion": criterion, "outcome": name}
        | _correlation(pairs[pairs["criterion"] == criterion], column, width, least_accounts)
        for criterion in criteria
        for name, column in outcomes.items()
    ]
    never = (
        criterion_history[criterion_history["score"].isna()]
        .groupby("criterion")["note"]
        .agg("first")
    )
    for row in rows:
        if row["account_count"] == 0 and never.get(row["criterion"]):
            row |= {"note": never[row["criterion"]]}
        if (
            row["verdict"] == "misled"
            and row["outcome"] != "retention"
            and row["criterion"] in from_orders
        ):
            row |= {
                "verdict": "cannot tell",
                "note": "good years are followed by lesser ones whatever the criterion is worth",
            }
    return pd.DataFrame(rows, columns=COLUMNS).astype({"criterion": "str", "outcome": "str"})


def admission_review(score_history: pd.DataFrame, later_outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per past date and side of the line: did the accounts the score would have chosen
    deliver more?

    Columns
    -------
    as_of_date: the past date
    is_above_line: above the admission line on that date
    account_count: accounts
    basis: margin or revenue
    before: their amount of the 12 months up to the date (book currency)
    after: their amount of the 12 months that followed
    growth: after / before − 1
    retained_share: share with an order in the 12 months that followed
    """
    columns = [
        "as_of_date",
        "is_above_line",
        "account_count",
        "basis",
        "before",
        "after",
        "growth",
        "retained_share",
    ]
    joined = score_history.merge(later_outcomes, on=["as_of_date", "account_id"], how="inner")
    sums = joined.groupby(["as_of_date", "is_above_line"], as_index=False).agg(
        account_count=("account_id", "size"), basis=("basis", "first"), before=("before", "sum"),
        after=("after", "sum"), retained_share=("is_retained", "mean"),
    )  # fmt: skip
    sums["growth"] = (sums["after"] / sums["before"].where(sums["before"] > 0) - 1).astype(
        "float64"
    )
    return sums.sort_values(
        ["as_of_date", "is_above_line"], ascending=[True, False], ignore_index=True
    )[columns]


def _correlation(pairs: pd.DataFrame, outcome: str, width: float, least: int) -> dict[str, object]:
    known = pairs.dropna(subset=[outcome])
    accounts = known["account_id"].nunique()
    counts = {
        "account_count": accounts, "pair_count": len(known), "date_count": known["as_of_date"].nunique(),
    }  # fmt: skip
    nothing = {
        "correlation": np.nan,
        "correlation_low": np.nan,
        "correlation_high": np.nan,
        "verdict": "cannot tell",
    }
    if accounts < least:
        return nothing | counts | {"note": f"{accounts} accounts, {least} are needed"}
    score, later = (_centred_ranks(known, column) for column in ("score", outcome))
    spread = float(np.sqrt((score**2).sum() * (later**2).sum()))
    if spread == 0:
        what = (
            "every account kept buying"
            if outcome == "is_retained" and known[outcome].all()
            else "nothing varied"
        )
        what = "all accounts scored the same" if not score.any() else what
        return nothing | counts | {"note": what}
    r = float(np.clip((score * later).sum() / spread, -0.999999, 0.999999))
    half = width * np.sqrt((1 + r * r / 2) / (accounts - 3))
    low, high = float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))
    verdict = "foretold" if low > 0 else "misled" if high < 0 else "cannot tell"
    note = "the interval holds zero" if verdict == "cannot tell" else ""
    interval = {"correlation": r, "correlation_low": low, "correlation_high": high}
    return interval | counts | {"verdict": verdict, "note": note}


def _centred_ranks(rows: pd.DataFrame, column: str) -> pd.Series:
    by_date = rows.groupby("as_of_date")[column]
    ranks = (
        by_date.rank()
        if rows[column].dtype != bool
        else rows[column].astype("float64").groupby(rows["as_of_date"]).rank()
    )
    size = rows["as_of_date"].map(by_date.size())
    return (ranks - (size + 1) / 2) / size


def _months_between(early: pd.Timestamp, late: pd.Timestamp) -> int:
    return (late.year - early.year) * 12 + late.month - early.month
