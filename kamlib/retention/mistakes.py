"""The five mistakes that lose key accounts, and the reasons recorded for losses, with their trend."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.genmod import families
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.tools import add_constant

from kamlib.period.calendar import trailing_months
from kamlib.retention.causes import MISTAKES
from kamlib.retention.order_days import window_edges

_TREND = {
    "kind": "str", "mistake": "str", "quarter_end": "datetime64[us]", "incident_count": "int64",
    "account_count": "int64", "severe_count": "int64", "open_count": "int64", "yearly_ratio": "float64",
    "yearly_low": "float64", "yearly_high": "float64", "trend": "str",
}  # fmt: skip
_REASONS = {
    "reason": "str", "loss_count": "int64", "loss_share": "float64", "loss_share_low": "float64",
    "loss_share_high": "float64", "revenue_lost": "float64", "returned_count": "int64", "window_count": "int64",
    "year_before_count": "int64",
}  # fmt: skip


def incident_trend(
    incidents: pd.DataFrame, *, as_of: pd.Timestamp, quarters: int = 12, min_quarters: int = 6
) -> pd.DataFrame:
    """One row per kind of incident × quarter: how often it happened, and whether it happens more
    often.

    Quarters are the three-month spans that end on the as-of day and before; those that began before
    the first incident of the log are left out. The trend is the yearly rate ratio of a Poisson
    regression on the quarter, its interval widened for over-dispersion; fewer than ``min_quarters``
    quarters or 5 incidents: no trend.

    Columns
    -------
    kind: late, conflict, unaware, unprepared, product_knowledge, quality or other
    mistake: the kind in words; the first five are the mistakes that lose key accounts
    quarter_end: last day of the quarter
    incident_count: incidents opened in it
    account_count: accounts they happened to
    severe_count: of these incidents with severity 3
    open_count: of these incidents not resolved by the as-of day
    yearly_ratio: factor on the rate per year; the same in every row of a kind
    yearly_low: lower end of its 95 % interval
    yearly_high: upper end
    trend: up, down or none where the interval tells; blank where there are too few points
    """
    rows = incidents[incidents["opened_date"].le(as_of)]
    if rows.empty:
        return pd.DataFrame({c: pd.Series(dtype=t) for c, t in _TREND.items()})
    edges = trailing_months(as_of, 3 * quarters + 1)[::-1][::3][::-1]
    first = rows["opened_date"].min()
    usable = [(a, b) for a, b in pairwise(edges) if a >= first - pd.Timedelta(days=1)]
    usable = usable or [(edges[-2], edges[-1])]
    kinds = [k for k in MISTAKES if k in set(rows["kind"])]
    parts = []
    for kind in kinds:
        of_kind = rows[rows["kind"].eq(kind)]
        inside = [
            of_kind[of_kind["opened_date"].gt(a) & of_kind["opened_date"].le(b)] for a, b in usable
        ]
        part = pd.DataFrame(
            {
                "quarter_end": [b for _, b in usable],
                "incident_count": [len(q) for q in inside],
                "account_count": [q["account_id"].nunique() for q in inside],
                "severe_count": [int(q["severity"].ge(3).sum()) for q in inside],
                "open_count": [int(q["resolved_date"].isna().sum()) for q in inside],
            }
        )
        ratio, low, high = _yearly_ratio(part["incident_count"].to_numpy(), min_quarters)
        trend = None if ratio != ratio else "up" if low > 1 else "down" if high < 1 else "none"
        parts.append(
            part.assign(
                kind=kind,
                mistake=MISTAKES[kind],
                yearly_ratio=ratio,
                yearly_low=low,
                yearly_high=high,
                trend=trend,
            )
        )
    return pd.concat(parts, ignore_index=True)[list(_TREND)].astype(_TREND)


def loss_reasons(lost: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per recorded reason: how many losses of all history name it, and whether they become
    more.

    ``lost`` is the table ``lost_accounts``; a loss that nobody recorded counts as "not recorded".
    Losses are dated at the last order, those that are only recorded at the recorded day. Shares
    have Wilson's 95 % interval.

    Columns
    -------
    reason: the reason, or "not recorded"
    loss_count: losses
    loss_share: share of all losses
    loss_share_low: lower end of its 95 % interval
    loss_share_high: upper end
    revenue_lost: net revenue of their 12 months to the last order
    returned_count: accounts that came back
    window_count: losses dated in the 12 months to the as-of day (the youngest may not be seen yet)
    year_before_count: losses dated in the 12 months before
    """
    rows = lost.assign(
        reason=lost["reason"].fillna("not recorded"),
        when=lost["last_order_date"].fillna(lost["recorded_date"]),
    )
    if rows.empty:
        return pd.DataFrame({c: pd.Series(dtype=t) for c, t in _REASONS.items()})
    (after, until), (before, _) = window_edges(as_of), window_edges(as_of, years_back=1)
    rows["now"] = rows["when"].gt(after) & rows["when"].le(until)
    rows["earlier"] = rows["when"].gt(before) & rows["when"].le(after)
    rows["back"] = rows["return_date"].notna()
    table = (
        rows.groupby("reason")
        .agg(
            loss_count=("account_id", "size"),
            revenue_lost=("revenue_lost", "sum"),
            returned_count=("back", "sum"),
            window_count=("now", "sum"),
            year_before_count=("earlier", "sum"),
        )
        .reset_index()
    )
    limits = [
        stats.binomtest(int(n), len(rows)).proportion_ci(method="wilson")
        for n in table["loss_count"]
    ]
    table["loss_share"] = table["loss_count"] / len(rows)
    table["loss_share_low"], table["loss_share_high"] = (
        [c.low for c in limits],
        [c.high for c in limits],
    )
    table = table.sort_values(
        ["loss_count", "revenue_lost", "reason"], ascending=[False, False, True], ignore_index=True
    )
    return table[list(_REASONS)].astype(_REASONS).round({"revenue_lost": 6})


def _yearly_ratio(counts: np.ndarray, min_quarters: int) -> tuple[float, float, float]:
    if len(counts) < min_quarters or counts.sum() < 5:
        return np.nan, np.nan, np.nan
    years = np.arange(len(counts)) / 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = GLM(counts, add_constant(years - years.mean()), family=families.Poisson()).fit()
    dispersion = max(1.0, result.pearson_chi2 / result.df_resid)
    slope, error = result.params[1], result.bse[1] * np.sqrt(dispersion)
    t = stats.t.ppf(0.975, result.df_resid)
    low, high = np.exp([slope - t * error, slope + t * error])
    return float(np.exp(slope)), float(low), float(high)
