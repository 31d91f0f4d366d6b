"""Classes of accounts: ABC by revenue and by margin, XYZ by frequency and by variability."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.segmentation.abc import LIMITS, abc_of, exact_sums
from kamlib.segmentation.xyz import FREQUENCY, LEAST_ORDER_DAYS, YOUNG_MONTHS, Variability, xyz_of
from kamlib.tables import exact


def account_classes(
    account_months: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    window_months: int = 12,
    abc: tuple[float, float] = LIMITS,
    xyz_frequency: tuple[float, float] = FREQUENCY,
    xyz_variability: Variability = "customer",
    young_months: int = YOUNG_MONTHS,
) -> pd.DataFrame:
    """One row per account known as of the date: its figures of the window and its four classes.

    An account is known when it is listed or has a row up to ``as_of``; later rows are ignored.
    ABC ranks by the measure, largest first: A while the cumulative share *before* the account is
    below 0.80, B below 0.95, else C; equal values share the class of the first of them, and the
    comparison is in exact decimals. An account whose measure is zero or less has no class.
    Margin is revenue less cost, less its cost to serve (a year's, scaled to the window) where
        known; it is
    n/a where the cost of a month of the window is unknown. An account without a row in the window
        is
    not served: nothing is taken off.
    XYZ by frequency is the share of the window's months with an order; by variability the CV
    (sample standard deviation / mean) of its monthly revenue. Both leave out the months before the
        first order
    ever; N is an account whose first order is younger than ``young_months``. Fewer than 3 order
    days, or a mean of zero or less, give no variability class.
    Randomly timed orders of one size give CV = 1/√(orders per month). ``is_cv_noise`` marks a
    squared CV between half and twice that: the class then mostly measures order size and timing
        noise.

    Columns
    -------
    account_id: the account
    name: its name
    manager_name: who owns the account
    revenue: net revenue of the window (book currency)
    margin: revenue less cost and cost to serve of the window; n/a where a cost is unknown
    revenue_share: share of the sum of positive revenues; n/a at zero or less
    margin_share: share of the sum of positive margins; n/a at zero or less
    abc_revenue: A, B or C by revenue
    abc_margin: A, B or C by margin
    before_share: share of revenue held by the accounts ranked before this one
    margin_before_share: the same by margin
    xyz_frequency: X often, Y regularly, Z occasionally, N new
    xyz_variability: X even, Y uneven, Z erratic, N new
    cv: coefficient of variation of the counted months' revenue
    is_cv_noise: the CV is about what randomly timed orders would give
    cv_seasonally_adjusted: CV left after the account's own seasons; n/a below 24 months
    active_month_count: months of the window with an order
    counted_month_count: months of the window since the first order ever
    trimmed_month_count: months of the window left out, before the first order ever
    active_share: active months / counted months
    order_count: orders in the window
    order_day_count: days with positive net revenue in the window
    first_order_month: month of the first order ever
    reason: why a class is missing; blank where none is
    """
    known = account_months[account_months["month"] <= as_of]
    ids = pd.Index(
        sorted({*accounts["account_id"], *known["account_id"]}), name="account_id", dtype="str"
    )
    window = known[known["month"].isin(trailing_months(as_of, window_months))]
    listed = accounts.drop_duplicates("account_id").set_index("account_id").reindex(ids)
    revenue = exact_sums(window, "revenue", ids)
    margin = _margins(
        window, revenue, listed, has_cost=bool(known["cost"].notna().any()), months=window_months
    )
    by_revenue = abc_of(revenue, abc=abc)
    by_margin = abc_of(margin.dropna(), abc=abc).reindex(ids)
    xyz = xyz_of(
        known,
        ids,
        as_of=as_of,
        window_months=window_months,
        frequency=xyz_frequency,
        variability=xyz_variability,
        young_months=young_months,
    )
    table = pd.DataFrame(
        {
            "name": _text(listed, "name").fillna(pd.Series(ids, index=ids)),
            "manager_name": _text(listed, "manager_name"),
            "revenue": revenue.astype("float64"),
            "margin": margin.astype("float64"),
            "revenue_share": by_revenue["share"],
            "margin_share": by_margin["share"],
            "abc_revenue": by_revenue["abc"],
            "abc_margin": by_margin["abc"].astype("str"),
            "before_share": by_revenue["before_share"],
            "margin_before_share": by_margin["before_share"],
        },
        index=ids,
    ).join(xyz)
    return (
        table.assign(reason=_reasons(table))
        .reset_index()
        .sort_values(["revenue", "account_id"], ascending=[False, True], kind="stable")
        .reset_index(drop=True)
    )


def _text(listed: pd.DataFrame, column: str) -> pd.Series:
    """Return a text column of the accounts, blank where the book has none."""
    if column in listed:
        return listed[column].astype("str")
    return pd.Series(np.nan, index=listed.index, dtype="str")


def _margins(
    window: pd.DataFrame, revenue: pd.Series, listed: pd.DataFrame, *, has_cost: bool, months: int
) -> pd.Series:
    """Return exact margins; missing where a cost of the window is unknown, or all are."""
    if not has_cost:
        return pd.Series(np.nan, index=revenue.index, dtype=object)
    unknown = set(window.loc[window["cost"].isna(), "account_id"])
    cost = exact_sums(window, "cost", revenue.index)
    margin = revenue - cost
    if "cost_to_serve" in listed:
        served = exact(listed["cost_to_serve"]).where(
            margin.index.isin(window["account_id"]), Decimal(0)
        )
        margin = margin - served.map(lambda yearly: yearly * months / 12)
    return margin.mask(margin.index.isin(unknown))


def _reasons(table: pd.DataFrame) -> pd.Series:
    """Say for each missing class why it is missing."""
    never = table["first_order_month"].isna()
    silent = table["order_day_count"].eq(0)
    negative = table["revenue"].lt(0)
    has_margins = bool(table["margin"].notna().any())
    parts = {
        "No order yet": never & ~negative,
        "No revenue class: no revenue in the window": ~never & silent & table["revenue"].eq(0),
        "No revenue class: orders and credit notes of the window cancel out": ~silent
        & table["revenue"].eq(0),
        "No revenue class: credit notes exceed orders in the window": negative,
        "No margin class: a cost of the window is unknown": table["margin"].isna() & has_margins,
        "No margin class: margin is zero or less": table["margin"].le(0) & table["revenue"].ne(0),
        f"No variability class: fewer than {LEAST_ORDER_DAYS} order days in the window": ~never
        & table["xyz_variability"].isna()
        & table["order_day_count"].lt(LEAST_ORDER_DAYS),
        "No variability class: mean revenue is not positive, or a single month": table[
            "xyz_variability"
        ].isna()
        & table["order_day_count"].ge(LEAST_ORDER_DAYS),
    }
    text = pd.Series("", index=table.index, dtype="str")
    for reason, holds in parts.items():
        text = text.mask(holds, text + "; " + reason)
    text = text.str.removeprefix("; ")
    return text.mask(text.eq(""))
