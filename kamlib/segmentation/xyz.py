"""XYZ: how often an account orders, and how evenly. Two questions, two columns, never mixed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from kamlib.book import FigureSettings
from kamlib.holes import EARLY_MONTHS, NO_HOLES, Holes
from kamlib.period.months import months_in_holes, trailing_months

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


class Grid:
    """Months of accounts: where each row of ``account_months`` stands among accounts and months."""

    def __init__(self, account_months: pd.DataFrame, ids: pd.Index, months: pd.DatetimeIndex):
        self.rows, self.shape = account_months, (len(ids), len(months))
        self.place = ids.get_indexer(pd.Index(account_months["account_id"]))
        self.month = months.get_indexer(pd.DatetimeIndex(account_months["month"]))

    def of(self, column: str, count: int) -> np.ndarray:
        """Return accounts × the last months of a column, zero where there is no row."""
        many, skip = self.shape[0], self.shape[1] - count
        inside = (self.place >= 0) & (self.month >= skip)
        cell = self.place[inside] * count + self.month[inside] - skip
        values = self.rows[column].to_numpy(dtype="float64")[inside]
        return np.bincount(cell, weights=values, minlength=many * count).reshape(many, count)


def xyz_of(
    account_months: pd.DataFrame,
    ids: pd.Index,
    *,
    as_of: pd.Timestamp,
    segmentation: FigureSettings,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """Return both XYZ classes and what they rest on, one row per id in the order of ``ids``.

    Months before the first order ever are left out, and those that lie in a hole of the data;
    other months without orders count as zero. An account first seen in the first three months after
    a hole may be no new one. CV is rounded to nine decimals before it meets a limit, so that a CV
    of exactly 0.5 is X whatever the binary fractions say.
    """
    window = segmentation.window_months
    months = trailing_months(as_of, window)
    grid = Grid(account_months, ids, trailing_months(as_of, max(window, SEASON_MONTHS)))
    first = _first_order_months(grid, ids)
    counted = months.to_numpy()[None, :] >= first.to_numpy()[:, None]
    counted &= ~months_in_holes(as_of, window, holes)
    revenue = np.where(counted, grid.of("revenue", window), 0.0)
    order_days = grid.of("order_day_count", window)
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
    for hole in holes:
        early = hole.end + pd.DateOffset(months=EARLY_MONTHS)
        is_young = is_young & ~((first > hole.end) & (first <= early)).to_numpy()
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
            "cv_seasonally_adjusted": np.where(
                months_in_holes(as_of, SEASON_MONTHS, holes).any(),
                np.nan,
                _cv_without_seasons(grid, first, as_of),
            ),
            "active_month_count": active_count,
            "counted_month_count": counted_count,
            "trimmed_month_count": np.where(never, 0, len(months) - counted_count),
            "active_month_share": active_share,
            "order_count": grid.of("order_count", window).sum(axis=1),
            "window_order_day_count": order_days.sum(axis=1),
            "first_order_month": first.to_numpy(),
        },
        index=ids,
    )


def _first_order_months(grid: Grid, ids: pd.Index) -> pd.Series:
    """Return the month of each account's first day with positive revenue, NaT for none."""
    bought = (grid.rows["order_day_count"] > 0).to_numpy() & (grid.place >= 0)
    month = grid.rows["month"].to_numpy().astype("datetime64[us]").astype("int64")
    first = np.full(len(ids), np.iinfo("int64").max)
    np.minimum.at(first, grid.place[bought], month[bought])
    never = first == np.iinfo("int64").max
    days = np.where(never, np.datetime64("NaT"), first.astype("datetime64[us]"))
    return pd.Series(days.astype("datetime64[us]"), index=ids, name="month")


def _cv_without_seasons(grid: Grid, first: pd.Series, as_of: pd.Timestamp) -> np.ndarray:
    """Return the CV left after each account's own seasonal pattern, where 24 months exist.

    Each of the last two years is divided by its mean, the two values of a calendar month are
    averaged into a seasonal index, and what remains is measured with the 11 degrees of freedom
    left: a purely seasonal account has 0, one of random months keeps its CV.
    """
    months = trailing_months(as_of, SEASON_MONTHS)
    years = grid.of("revenue", SEASON_MONTHS).reshape(-1, 2, 12)
    means = years.mean(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(means > 0, years / means, np.nan)
    left = ratios - ratios.mean(axis=1, keepdims=True)
    known = (first <= months[0]).to_numpy()
    return np.where(known, np.sqrt((left**2).sum(axis=(1, 2)) / 11), np.nan)
