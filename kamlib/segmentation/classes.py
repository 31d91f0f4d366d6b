"""Classes of accounts: ABC by revenue and by margin, XYZ by frequency and by variability."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from kamlib.book import FigureSettings, SegmentationSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import trailing_months
from kamlib.segmentation.abc import Cumulated, cumulated
from kamlib.segmentation.xyz import LEAST_ORDER_DAYS, xyz_of
from kamlib.tables import exact, exact_sums, shaped


@dataclass(frozen=True, eq=False)
class AccountFigures:
    """What is known of each account before any limit of ABC is looked at.

    `table` has one row per account, largest revenue first; `by_revenue` and `by_margin` say in its
    order what is held before each account.
    """

    table: pd.DataFrame
    by_revenue: Cumulated
    by_margin: Cumulated


def account_figures(
    account_months: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    of_figures: FigureSettings,
    holes: Holes = NO_HOLES,
) -> AccountFigures:
    """Return the figures of every account known as of the date: all of ``account_classes`` that
    does not rest on the limits of ABC.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.account_figures.table) == len(q.account_classes)
    True
    """
    known = account_months[account_months["month"] <= as_of]
    every = {*accounts["account_id"].unique(), *known["account_id"].unique()}
    ids = pd.Index(sorted(every), name="account_id", dtype="str")
    months = of_figures.window_months
    window = known[known["month"].isin(trailing_months(as_of, months))]
    listed = accounts.drop_duplicates("account_id").set_index("account_id").reindex(ids)
    revenue = exact_sums(window, "revenue", ids)
    has_cost = bool(known["cost"].notna().any())
    margin = _margins(window, revenue, listed, has_cost=has_cost, months=months)
    listed = listed.reindex(columns=["name", "manager_name"]).astype("str")
    table = pd.DataFrame(
        {
            "name": listed["name"].fillna(pd.Series(ids, index=ids)),
            "manager_name": listed["manager_name"],
            "revenue": revenue.astype("float64"),
            "margin": margin.astype("float64"),
        },
        index=ids,
    ).join(xyz_of(known, ids, as_of=as_of, segmentation=of_figures, holes=holes))
    table = table.assign(missing_codes=_missing_codes(table))
    table = table.sort_values("revenue", ascending=False, kind="stable")
    by_revenue = cumulated(revenue[table.index])
    by_margin = cumulated(margin[table.index].where(margin.notna(), Decimal(0)))
    table = table.assign(
        revenue_share=by_revenue.share,
        before_share=by_revenue.before_share,
        margin_share=by_margin.share,
        margin_before_share=by_margin.before_share,
    )
    return AccountFigures(shaped("account_classes", table.reset_index()), by_revenue, by_margin)


def account_classes(
    account_figures: AccountFigures,
    *,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per account known as of the date: its figures of the window and its four classes.

    An account is known when it is listed or has a row up to ``as_of``; later rows are ignored.
    ABC ranks by the measure, largest first: A while the cumulative share *before* the account is
    below 0.80, B below 0.95, else C; equal values share the class of the first of them, and the
    comparison is in exact decimals. An account whose measure is zero or less has no class.
    Margin is revenue less cost, less its cost to serve (a year's, scaled to the window) where
    known; it is n/a where the cost of a month of the window is unknown. An account without a row in
    the window is not served: nothing is taken off.
    XYZ by frequency is the share of the window's months with an order; by variability the CV
    (sample standard deviation / mean) of its monthly revenue. Both leave out the months before the
    first order ever and those in a hole of the data; N is an account whose first order is younger
    than ``young_months``. Fewer than 3 order days, or a mean of zero or less, give no variability
    class.
    Randomly timed orders of one size give CV = 1/√(orders per month). ``is_cv_noise`` marks a
    squared CV between half and twice that: the class then mostly measures order size and timing
    noise.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.account_classes["abc_revenue"].head(3).tolist()
    ['A', 'A', 'A']
    """
    return account_figures.table.assign(
        abc_revenue=pd.Series(account_figures.by_revenue.classes(segmentation.abc), dtype="str"),
        abc_margin=pd.Series(account_figures.by_margin.classes(segmentation.abc), dtype="str"),
    )


def _margins(
    window: pd.DataFrame, revenue: pd.Series, listed: pd.DataFrame, *, has_cost: bool, months: int
) -> pd.Series:
    """Return exact margins; missing where a cost of the window is unknown, or all are."""
    if not has_cost:
        return pd.Series(np.nan, index=revenue.index, dtype=object)
    unknown = set(window.loc[window["cost"].isna(), "account_id"])
    margin = revenue - exact_sums(window, "cost", revenue.index)
    if "cost_to_serve" in listed:
        is_served = margin.index.isin(window["account_id"])
        yearly = exact(listed["cost_to_serve"]).where(is_served, Decimal(0))
        margin = margin - yearly.map(lambda cost: cost * months / 12)
    return margin.mask(margin.index.isin(unknown))


def _missing_codes(table: pd.DataFrame) -> pd.Series:
    """Return for each account the codes of what leaves it without a class, parted by spaces."""
    never = table["first_order_month"].isna()
    silent, has_margins = table["window_order_day_count"].eq(0), bool(table["margin"].notna().any())
    no_revenue, negative = table["revenue"].eq(0), table["revenue"].lt(0)
    few, uneven = (
        table["window_order_day_count"].lt(LEAST_ORDER_DAYS),
        table["xyz_variability"].isna(),
    )
    found = {
        "never": never & ~negative,
        "silent": ~never & silent & no_revenue,
        "cancelled": ~silent & no_revenue,
        "negative": negative,
        "cost": table["margin"].isna() & has_margins,
        "margin": table["margin"].le(0) & ~no_revenue,
        "few_days": ~never & uneven & few,
        "mean": uneven & ~few,
    }
    codes = pd.Series("", index=table.index, dtype="str")
    for code, holds in found.items():
        codes = codes.mask(holds, codes + " " + code)
    return codes.str.strip()
