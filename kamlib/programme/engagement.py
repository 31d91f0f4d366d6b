"""Engagement and loyalty over the programme: are both rising?"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from kamlib.period.months import trailing_months
from kamlib.programme.workload import MONTH_DAYS
from kamlib.tables import shaped


def programme_engagement(
    account_load: pd.DataFrame,
    interactions: pd.DataFrame,
    unbroken_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    quarter_count: int = 8,
) -> pd.DataFrame:
    """One row per quarter, counted back from the as-of day: how contacts and orders kept up.

    Of today's key accounts. Engagement is the mean over the accounts of contacts made / contacts
    planned, at most 1 each: a visit too many here does not make up for one missing there. Loyalty
    is the mean of satisfaction (0–10 as a share) and of the order days against the account's own
    mean of the four quarters before (at most 1 each); of what is known of the two. An account
    counts from the quarter after its first order.

    Parameters
    ----------
    quarter_count
        Quarters shown.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.programme_engagement.columns.tolist()[:2], len(q.programme_engagement)
    (['quarter_end_date', 'key_count'], 8)
    """
    ids = pd.Index(account_load["account_id"])
    made = interactions[interactions["account_id"].isin(ids)]
    months = unbroken_months[unbroken_months["account_id"].isin(ids)]
    is_active = months["order_day_count"].gt(0)
    first = months[is_active].groupby("account_id")["month"].min().reindex(ids).to_numpy()
    planned = (3 * MONTH_DAYS / account_load["contact_every_days"]).to_numpy()
    ends = trailing_months(as_of, 3 * (quarter_count + 5))[2::3]
    # order days: one row per account, one column per quarter
    days = np.column_stack(
        [
            months[months["month"].gt(before) & months["month"].le(end)]
            .groupby("account_id")["order_day_count"]
            .sum()
            .reindex(ids)
            .fillna(0.0)
            for before, end in pairwise(ends)
        ]
    )
    rows = []
    for place in range(4, len(ends) - 1):
        begin, end = ends[place], ends[place + 1]
        counts = first <= np.datetime64(begin)
        if not counts.any():
            continue
        usual = days[:, place - 4 : place].mean(axis=1)
        is_known = (first <= np.datetime64(ends[place - 4])) & (usual > 0)
        kept = pd.Series(days[is_known, place] / usual[is_known]).clip(upper=1.0).mean()
        contacts = made[made["date"].gt(begin) & made["date"].le(end)]
        count = contacts["account_id"].value_counts().reindex(ids).fillna(0).to_numpy()
        has_begun = len(made) > 0 and made["date"].min() <= end
        score = contacts["satisfaction"].mean()
        rows.append(
            {
                "quarter_end_date": end,
                "key_count": counts.sum(),
                "planned_count": planned[counts].sum(),
                "contact_count": count[counts].sum(),
                "engagement_share": np.minimum(count[counts] / planned[counts], 1.0).mean()
                if has_begun
                else None,
                "satisfaction_score": score,
                "answer_count": contacts["satisfaction"].count(),
                "expected_orders_share": kept,
                "loyalty_share": pd.Series([score / 10, kept]).mean(),
            }
        )
    return shaped("programme_engagement", rows)


def engagement_trend(programme_engagement: pd.DataFrame, *, min_quarters: int = 5) -> pd.DataFrame:
    """One row per measure, engagement and loyalty: its Theil–Sen slope per quarter.

    With the 95 % interval of the slope; fewer than ``min_quarters`` quarters give none.

    Parameters
    ----------
    min_quarters
        Quarters that a trend needs.

    Examples
    --------
    >>> quarters = pd.DataFrame({"engagement_share": [0.1, 0.2, 0.3, 0.4, 0.5],
    ...     "loyalty_share": [None, None, None, 0.7, 0.7]})
    >>> engagement_trend(quarters)["trend"].tolist()
    ['rising', 'too few quarters']
    """
    rows = []
    for measure in ("engagement", "loyalty"):
        values = programme_engagement[f"{measure}_share"].dropna()
        row = {"measure": measure, "quarter_count": len(values), "trend": "too few quarters"}
        if len(values):
            row["latest_share"] = values.iloc[-1]
        if len(values) >= min_quarters:
            fit = theilslopes(values, values.index, alpha=0.95)
            row |= {
                "slope_share": fit.slope,
                "slope_low_share": fit.low_slope,
                "slope_high_share": fit.high_slope,
                "trend": "rising"
                if fit.low_slope > 0
                else "falling"
                if fit.high_slope < 0
                else "no clear trend",
            }
        rows.append(row)
    return shaped("engagement_trend", rows)
