"""Engagement and loyalty over the programme: are both rising (M18)?"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from kamlib.period.calendar import trailing_months
from kamlib.programme.shape import COUNT, DATE, NUMBER, TEXT, canonical, shaped
from kamlib.programme.workload import MONTH_DAYS

_QUARTERS = {
    "quarter_end_date": DATE,
    "key_count": COUNT,
    "planned_count": NUMBER,
    "contact_count": COUNT,
    "engagement_share": NUMBER,
    "satisfaction_score": NUMBER,
    "answer_count": COUNT,
    "expected_orders_share": NUMBER,
    "loyalty_share": NUMBER,
}
_TREND = {
    "measure": TEXT,
    "quarter_count": COUNT,
    "latest_share": NUMBER,
    "slope_share": NUMBER,
    "slope_low_share": NUMBER,
    "slope_high_share": NUMBER,
    "trend": TEXT,
}


def programme_engagement(
    account_load: pd.DataFrame,
    interactions: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    quarter_count: int = 8,
) -> pd.DataFrame:
    """One row per quarter, counted back from the as-of day: how contacts and orders of today's key
    accounts kept up.

    Engagement is the mean over the accounts of contacts made / contacts planned, at most 1 each: a
    visit too many here does not make up for one missing there. Loyalty is the mean of satisfaction
    (0–10 as a share) and of the order days against the account's own mean of the four quarters
    before (at most 1 each); of what is known of the two. An account counts from the quarter after
    its first order.

    Columns
    -------
    quarter_end_date: last day of the quarter
    key_count: accounts that count
    planned_count: contacts planned
    contact_count: contacts made
    engagement_share: mean share of the planned contacts made; n/a without interactions
    satisfaction_score: mean satisfaction, 0 to 10; n/a where nobody answered
    answer_count: answers behind it
    expected_orders_share: mean share of the expected order days; n/a with less than a year before
    loyalty_share: mean of the two
    """
    if account_load.empty:
        return shaped([], _QUARTERS)
    ids = account_load["account_id"]
    made = canonical(interactions, "interactions")
    made = made[made["account_id"].isin(ids)]
    months = account_months[account_months["account_id"].isin(ids)]
    ends = trailing_months(as_of, 3 * (quarter_count + 5))[2::3]
    days = pd.DataFrame(0.0, index=ids, columns=ends[1:])
    contacts, rows = {}, []
    for before, end in pairwise(ends):
        own = months[months["month"].gt(before) & months["month"].le(end)]
        days[end] = (
            own.groupby("account_id")["order_day_count"].sum().reindex(ids).fillna(0.0).to_numpy()
        )
        contacts[end] = made[made["date"].gt(before) & made["date"].le(end)]
    first = (
        months[months["order_day_count"].gt(0)]
        .groupby("account_id")["month"]
        .min()
        .reindex(ids)
        .to_numpy()
    )
    planned = (3 * MONTH_DAYS / account_load["contact_every_days"]).to_numpy()
    for place in range(4, len(ends) - 1):
        begin, end = ends[place], ends[place + 1]
        counts = first <= np.datetime64(begin)
        if not counts.any():
            continue
        usual = days.iloc[:, place - 4 : place].mean(axis=1).to_numpy()
        whole_year = (first <= np.datetime64(ends[place - 4])) & (usual > 0)
        kept = np.minimum(days[end].to_numpy()[whole_year] / usual[whole_year], 1.0)
        count = contacts[end]["account_id"].value_counts().reindex(ids).fillna(0).to_numpy()
        answers = contacts[end]["satisfaction"].dropna()
        known = len(made) > 0 and made["date"].min() <= end
        parts = [
            answers.mean() / 10 if len(answers) else np.nan,
            kept.mean() if len(kept) else np.nan,
        ]
        rows.append(
            {
                "quarter_end_date": end,
                "key_count": int(counts.sum()),
                "planned_count": planned[counts].sum(),
                "contact_count": int(count[counts].sum()),
                "engagement_share": np.minimum(count[counts] / planned[counts], 1.0).mean()
                if known
                else np.nan,
                "satisfaction_score": answers.mean() if len(answers) else np.nan,
                "answer_count": len(answers),
                "expected_orders_share": parts[1],
                "loyalty_share": np.nanmean(parts) if not np.isnan(parts).all() else np.nan,
            }
        )
    return shaped(rows, _QUARTERS)


def engagement_trend(programme_engagement: pd.DataFrame, *, min_quarters: int = 5) -> pd.DataFrame:
    """One row per measure, engagement and loyalty: its Theil–Sen slope per quarter with the 95 %
    interval.

    Columns
    -------
    measure: "engagement" or "loyalty"
    quarter_count: quarters with a figure
    latest_share: the latest figure
    slope_share: change per quarter
    slope_low_share: lower end of its interval
    slope_high_share: upper end
    trend: "rising", "falling", "no clear trend" or "too few quarters"
    """
    rows = []
    for measure in ("engagement", "loyalty"):
        values = programme_engagement[f"{measure}_share"].dropna()
        row = {"measure": measure, "quarter_count": len(values), "trend": "too few quarters"}
        if len(values):
            row["latest_share"] = values.iloc[-1]
        if len(values) >= min_quarters:
            fit = theilslopes(values, values.index, alpha=0.95)
            trend = (
                "rising"
                if fit.low_slope > 0
                else "falling"
                if fit.high_slope < 0
                else "no clear trend"
            )
            row |= {
                "slope_share": fit.slope,
                "slope_low_share": fit.low_slope,
                "slope_high_share": fit.high_slope,
                "trend": trend,
            }
        rows.append(row)
    return shaped(rows, _TREND)
