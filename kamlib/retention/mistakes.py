"""The mistakes that lose key accounts, and the reasons recorded for losses, with their trend."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.genmod import families
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.tools import add_constant

from kamlib.period.months import trailing_months
from kamlib.retention.causes import MISTAKES
from kamlib.retention.losses import UNKNOWN
from kamlib.retention.order_days import window_edges
from kamlib.tables import shaped


def incident_trend(
    incidents: pd.DataFrame, *, as_of: pd.Timestamp, quarters: int = 12, min_quarters: int = 6
) -> pd.DataFrame:
    """One row per kind of incident × quarter: how often it happened, and whether it happens more
    often.

    Quarters are the three-month spans that end on the as-of day and before; those that began before
    the first incident of the log are left out. The trend is the yearly rate ratio of a Poisson
    regression on the quarter, its interval widened for over-dispersion; fewer than ``min_quarters``
    quarters or 5 incidents: no trend.

    Parameters
    ----------
    quarters
        Quarters counted.
    min_quarters
        Quarters that a trend needs.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> days = pd.date_range("2024-01-10", periods=7, freq="91D")
    >>> late = typed(pd.DataFrame({"incident_id": list("1234567"), "account_id": "A",
    ...     "kind": "late", "opened_date": days}), "incidents")
    >>> trend = incident_trend(late, as_of=pd.Timestamp("2025-09-30"))
    >>> trend["incident_count"].tolist()
    [1, 1, 1, 1, 1, 1]
    """
    rows = incidents[incidents["opened_date"].le(as_of)]
    if rows.empty:
        return shaped("incident_trend", [])
    edges = trailing_months(as_of, 3 * quarters + 1)[::3]
    first = rows["opened_date"].min() - pd.Timedelta(days=1)
    usable = [(a, b) for a, b in pairwise(edges) if a >= first] or [(edges[-2], edges[-1])]
    parts = [
        _counted(rows[rows["kind"].eq(kind)], usable, min_quarters).assign(kind=kind, mistake=name)
        for kind, name in MISTAKES.items()
        if rows["kind"].eq(kind).any()
    ]
    return shaped("incident_trend", pd.concat(parts) if parts else [])


def loss_reasons(lost_accounts: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per recorded reason: how many losses of all history name it, and whether they become
    more.

    A loss that nobody recorded counts as "not recorded". Losses are dated at the last order, those
    that are only recorded at the recorded day. Shares have Wilson's 95 % interval.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.loss_reasons["reason"].head(2).tolist()
    ['not recorded', 'missed deadlines']
    """
    (after, until), (before, _) = window_edges(as_of), window_edges(as_of, years_back=1)
    when = lost_accounts["last_order_date"].fillna(lost_accounts["recorded_date"])
    rows = lost_accounts.assign(
        reason=lost_accounts["reason"].fillna(UNKNOWN),
        is_now=when.gt(after) & when.le(until),
        is_earlier=when.gt(before) & when.le(after),
        is_back=lost_accounts["return_date"].notna(),
    )
    table = (
        rows.groupby("reason")
        .agg(
            loss_count=("account_id", "size"),
            revenue_lost=("revenue_lost", "sum"),
            returned_count=("is_back", "sum"),
            window_count=("is_now", "sum"),
            year_before_count=("is_earlier", "sum"),
        )
        .reset_index()
    )
    limits = [
        stats.binomtest(int(n), len(rows)).proportion_ci(method="wilson")
        for n in table["loss_count"]
    ]
    table["loss_share"] = table["loss_count"] / len(rows)
    table["loss_share_low"] = [one.low for one in limits]
    table["loss_share_high"] = [one.high for one in limits]
    table = table.sort_values(
        ["loss_count", "revenue_lost", "reason"], ascending=[False, False, True]
    )
    return shaped("loss_reasons", table.round({"revenue_lost": 6}))


def _counted(
    rows: pd.DataFrame, spans: list[tuple[pd.Timestamp, pd.Timestamp]], min_quarters: int
) -> pd.DataFrame:
    """Return the incidents of one kind by quarter, with their trend in every row."""
    inside = [rows[rows["opened_date"].gt(a) & rows["opened_date"].le(b)] for a, b in spans]
    part = pd.DataFrame(
        {
            "quarter_end": [end for _, end in spans],
            "incident_count": [len(quarter) for quarter in inside],
            "account_count": [quarter["account_id"].nunique() for quarter in inside],
            "severe_count": [int(quarter["severity"].ge(3).sum()) for quarter in inside],
            "open_count": [int(quarter["resolved_date"].isna().sum()) for quarter in inside],
        }
    )
    ratio, low, high = _yearly_ratio(part["incident_count"].to_numpy(), min_quarters)
    trend = None if ratio != ratio else "up" if low > 1 else "down" if high < 1 else "none"
    return part.assign(yearly_ratio=ratio, yearly_low=low, yearly_high=high, trend=trend)


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
