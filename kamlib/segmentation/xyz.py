"""XYZ: how often an account orders, and how evenly. Two questions, two columns, never mixed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from kamlib.book import FigureSettings
from kamlib.period.months import trailing_months

PRESETS: dict[str, tuple[float, float]] = {"customer": (0.5, 1.0), "classic": (0.10, 0.25)}
LEAST_ORDER_DAYS = 3
NOISE_BAND = (0.5, 2.0)
SEASON_MONTHS = 24


def variability_limits(
    limits: Literal["customer", "classic"] | tuple[float, float],
) -> tuple[float, float]:
    """Return the two CV limits of a preset's name, or the limits given.

    >>> variability_limits("classic"), variability_limits((0.3, 0.6))
    ((0.1, 0.25), (0.3, 0.6))
    """
    return PRESETS[limits] if isinstance(limits, str) else limits


def monthly(
    account_months: pd.DataFrame, column: str, ids: pd.Index, months: pd.DatetimeIndex
) -> np.ndarray:
    """Return accounts × months of a column, zero where there is no row."""
    rows = account_months[
        account_months["month"].isin(months) & account_months["account_id"].isin(ids)
    ]
    grid = np.zeros((len(ids), len(months)))
    at = (
        ids.get_indexer(pd.Index(rows["account_id"])),
        months.get_indexer(pd.DatetimeIndex(rows["month"])),
    )
    np.add.at(grid, at, rows[column].to_numpy(dtype="float64"))
    return grid


def xyz_of(
    account_months: pd.DataFrame,
    ids: pd.Index,
    *,
    as_of: pd.Timestamp,
    segmentation: FigureSettings,
) -> pd.DataFrame:
    """Return both XYZ classes and what they rest on, one row per id in the order of ``ids``.

    Months before the first order ever are left out; interior and trailing months without orders
    count as zero. CV is rounded to nine decimals before it meets a limit, so that a CV of exactly
    0.5 is X whatever the binary fractions say.
    """
    months = trailing_months(as_of, segmentation.window_months)
    first = _first_order_months(account_months, ids)
    counted = months.to_numpy()[None, :] >= first.to_numpy()[:, None]
    revenue = np.where(counted, monthly(account_months, "revenue", ids, months), 0.0)
    order_days = monthly(account_months, "order_day_count", ids, months)
    counted_count, active_count = counted.sum(axis=1), (order_days > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        active_share = np.where(counted_count > 0, active_count / counted_count, np.nan)
        mean = revenue.sum(axis=1) / counted_count
        squares = np.where(counted, (revenue - mean[:, None]) ** 2, 0.0).sum(axis=1)
        cv = np.where(
            (mean > 0) & (counted_count > 1), np.sqrt(squares / (counted_count - 1)) / mean, np.nan
        )
        noise = counted_count / order_days.sum(axis=1)
        is_noise = (cv**2 >= NOISE_BAND[0] * noise) & (cv**2 <= NOISE_BAND[1] * noise)
    never = first.isna().to_numpy()
    young = trailing_months(as_of, segmentation.young_months)
    is_young = (first >= young[0]).to_numpy() if len(young) else np.zeros(len(ids), dtype=bool)
    has_class = (order_days.sum(axis=1) >= LEAST_ORDER_DAYS) & ~np.isnan(cv)
    often, regularly = segmentation.xyz_frequency
    even, uneven = variability_limits(segmentation.xyz_variability)
    rounded = np.round(cv, 9)
    by_frequency = np.select(
        [never, is_young, active_share >= often, active_share >= regularly],
        ["", "N", "X", "Y"],
        "Z",
    )
    by_variability = np.select(
        [never, is_young, ~has_class, rounded <= even, rounded <= uneven],
        ["", "N", "", "X", "Y"],
        "Z",
    )
    return pd.DataFrame(
        {
            "xyz_frequency": pd.Series(by_frequency, index=ids, dtype="str").replace("", np.nan),
            "xyz_variability": pd.Series(by_variability, index=ids, dtype="str").replace(
                "", np.nan
            ),
            "cv": cv,
            "is_cv_noise": is_noise & has_class,
            "cv_seasonally_adjusted": _cv_without_seasons(account_months, first, ids, as_of),
            "active_month_count": active_count,
            "counted_month_count": counted_count,
            "trimmed_month_count": np.where(never, 0, len(months) - counted_count),
            "active_month_share": active_share,
            "order_count": monthly(account_months, "order_count", ids, months).sum(axis=1),
            "window_order_day_count": order_days.sum(axis=1),
            "first_order_month": first.to_numpy(),
        },
        index=ids,
    )


def _first_order_months(account_months: pd.DataFrame, ids: pd.Index) -> pd.Series:
    """Return the month of each account's first day with positive revenue, NaT for none."""
    with_orders = account_months[account_months["order_day_count"] > 0]
    return with_orders.groupby("account_id")["month"].min().reindex(ids).astype("datetime64[us]")


def _cv_without_seasons(
    account_months: pd.DataFrame, first: pd.Series, ids: pd.Index, as_of: pd.Timestamp
) -> np.ndarray:
    """Return the CV left after each account's own seasonal pattern, where 24 months exist.

    Each of the last two years is divided by its mean, the two values of a calendar month are
    averaged into a seasonal index, and what remains is measured with the 11 degrees of freedom
    left: a purely seasonal account has 0, one of random months keeps its CV.
    """
    months = trailing_months(as_of, SEASON_MONTHS)
    years = monthly(account_months, "revenue", ids, months).reshape(len(ids), 2, 12)
    means = years.mean(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(means > 0, years / means, np.nan)
    left = ratios - ratios.mean(axis=1, keepdims=True)
    known = (first <= months[0]).to_numpy()
    return np.where(known, np.sqrt((left**2).sum(axis=(1, 2)) / 11), np.nan)
