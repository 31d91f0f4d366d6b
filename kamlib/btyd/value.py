"""What an account is worth: its margin over the years to come, discounted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kamlib.book import LossSettings, ValueSettings
from kamlib.btyd.forecast import expected_orders, names_of
from kamlib.btyd.models import BuyerModel
from kamlib.btyd.past import YEAR_DAYS, PastYear
from kamlib.btyd.verdict import LOST, bands
from kamlib.choice import published
from kamlib.errors import KamError, nearest
from kamlib.tables import shaped

FEW_DAYS = 2
"""The median account and the book count for so many order days beside an account's own."""
TIMINGS = ("retained from year 1", "certain in year 1", "paid at once")
"""Timing conventions of ``lifetime_value``. They differ by a third and more."""


def customer_value(
    buyer_summary: pd.DataFrame,
    buyer_model: BuyerModel,
    unbroken_days: pd.DataFrame,
    account_status: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    value_record: pd.DataFrame | None = None,
    estimate_choice: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    value: ValueSettings = ValueSettings(),
    years: Sequence[int] = (1, 3, 5),
) -> pd.DataFrame:
    """One row per account that is not lost and horizon: the discounted margin to expect of it.

    ``value_rule`` says how. *model*: Σ over the years of the order days that the buying model
    expects of that year × the account's own value of an order day × its own margin rate. *as last
    year*: the margin of the last 12 months, and each later year less the share that the book's
    accounts lost from one year to the next on its own past (``value_record``). What was nearer on
    that past is used for all accounts; where it cannot be tried, *as last year*. Discounted at the
    end of each year; ``lifetime_value`` is the sum for a given retention share.

    Value of an order day and margin rate are those of the last 24 months, drawn towards the median
    account and the book's rate only as far as the account has few order days in them: n of n + 2.
    Both are n/a where a cost is unknown.

    Parameters
    ----------
    years
        Horizons in years.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.customer_value["horizon_years"].unique().tolist()
    [1, 3, 5]
    """
    if not all(year == int(year) and year >= 1 for year in years):
        raise KamError("Horizons are whole years from 1.", where="years")
    gone = account_status.loc[account_status["status"].eq("lost"), "account_id"]
    buyers = buyer_summary[~buyer_summary["account_id"].isin(gone)].reset_index(drop=True)
    own = own_terms(buyers, unbroken_days, as_of)
    last = max(years, default=0)
    # column t: order days within t years; what a year adds is the step from the column before
    orders = np.zeros((len(buyers), last + 1))
    for year in range(1, last + 1):
        forecast = expected_orders(buyers, buyer_model, days=round(365.25 * year))
        orders[:, year] = forecast["expected_orders"]
    margin = np.diff(orders, axis=1) * (own["order_value"] * own["margin_rate"]).to_numpy()[:, None]
    rule, note = _rule(value_record, estimate_choice, buyer_model)
    if rule == "as last year":
        kept = kept_share(value_record)
        margin = own["same_margin"].to_numpy()[:, None] * kept ** np.arange(last)
    weights = (1 + value.discount_rate) ** -np.arange(1, last + 1, dtype=float)
    worth = np.zeros_like(orders)
    worth[:, 1:] = (margin * weights).cumsum(axis=1)
    table = _per_horizon(buyers["account_id"], years)
    row, horizon = table["row"].to_numpy(), table["horizon_years"].to_numpy(int)
    remark = buyer_model.remark if rule == "model" else {**buyer_model.remark, "note_code": note}
    table = table.assign(
        name=names_of(table, accounts),
        expected_orders=orders[row, horizon],
        order_value=own["order_value"].to_numpy()[row],
        margin_rate=own["margin_rate"].to_numpy()[row],
        same_margin=own["same_margin"].to_numpy()[row],
        discount_share=value.discount_rate,
        value_rule=rule,
        customer_value=worth[row, horizon],
        **remark,
    )
    return shaped("customer_value", table)


def value_record(
    unbroken_days: pd.DataFrame,
    past_years: list[PastYear],
    *,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per past day × account that was not lost then: the margin of the next 12 months as
    foretold, and what came.

    The days lie one, two and three years before the as-of day, with a year of history before them.
    ``model_margin``: by the buying model of that day (with the regularity k of today's), the
    account's own value of an order day and margin rate then; ``same_margin``: as in the 12
    months before, the naive answer.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.value_record["came_margin"].notna().all().item()
    True
    """
    parts = []
    for day, buyers, model in past_years:
        held = buyers[bands(buyers, loss) % 4 != LOST].reset_index(drop=True)
        own = own_terms(held, unbroken_days, day)
        orders = expected_orders(held, model)["expected_orders"].to_numpy()
        until = day + pd.Timedelta(days=YEAR_DAYS)
        later = unbroken_days[unbroken_days["date"].gt(day) & unbroken_days["date"].le(until)]
        held["model_margin"] = orders * own["order_value"] * own["margin_rate"]
        held["same_margin"] = own["same_margin"]
        held["came_margin"] = _margins(later, held["account_id"])
        parts.append(held.assign(as_of_date=day))
    return shaped("value_record", pd.concat(parts) if parts else [])


def own_terms(buyers: pd.DataFrame, account_days: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return each buyer's value of an order day, margin rate and margin of the last 12 months.

    >>> days = pd.DataFrame({"account_id": ["A"] * 6 + ["B"], "revenue": [100.0] * 6 + [900.0],
    ...     "cost": [60.0] * 6 + [540.0], "date": pd.date_range("2025-01-01", periods=7)})
    >>> own = own_terms(pd.DataFrame({"account_id": ["A", "B"]}), days, pd.Timestamp("2025-12-31"))
    >>> own["order_value"].round(1).tolist()  # (6 · 100 + 2 · 500) / 8, (900 + 2 · 500) / 3
    [200.0, 633.3]
    >>> own["margin_rate"].round(3).tolist()
    [0.4, 0.4]
    """
    ids = buyers["account_id"]
    since = day - pd.DateOffset(months=24)
    known = account_days[account_days["date"].gt(since) & account_days["date"].le(day)]
    bought = known[known["revenue"].gt(0)].groupby("account_id")["revenue"].agg(["size", "mean"])
    count = ids.map(bought["size"]).fillna(0.0).to_numpy(float)
    value = ids.map(bought["mean"]).fillna(0.0).to_numpy(float)
    like = float(bought["mean"].median()) if len(bought) else math.nan
    sums = known.groupby("account_id")[["revenue"]].sum()
    margin = _margins(known, ids)
    revenue = ids.map(sums["revenue"]).fillna(0.0).to_numpy(float)
    sold = float(known["revenue"].sum())
    of_book = float(_margins(known, pd.Series(sums.index)).sum(skipna=False)) / sold if sold else 0
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(revenue > 0, margin / revenue, of_book)
    weight = count / (count + FEW_DAYS)
    year = known[known["date"].gt(day - pd.DateOffset(months=12))]
    return pd.DataFrame(
        {
            "order_value": weight * value + (1 - weight) * like,
            "margin_rate": weight * rate + (1 - weight) * of_book,
            "same_margin": _margins(year, ids).to_numpy(),
        }
    )


def kept_share(value_record: pd.DataFrame | None) -> float:
    """Return what was left of a year's margin a year later, over the book's past; at most 1."""
    if value_record is None or value_record.empty:
        return 1.0
    before, after = value_record["same_margin"].sum(), value_record["came_margin"].sum()
    return float(min(1.0, max(0.0, after / before))) if before > 0 else 1.0


def _rule(
    value_record: pd.DataFrame | None, estimate_choice: pd.DataFrame | None, model: BuyerModel
) -> tuple[str, str]:
    """Return how the value is reached, and the code of why not by the model."""
    if value_record is None:
        return "model", ""
    if value_record.empty or not model.is_usable:
        return "as last year", "not_tried"
    is_own = published(estimate_choice, "customer value") == "estimate"
    return ("model", "") if is_own else ("as last year", "last_year_better")


def _margins(account_days: pd.DataFrame, account_ids: pd.Series) -> pd.Series:
    """Return the margin of each account over these days, 0 without any; n/a if a cost is unknown.

    >>> days = pd.DataFrame({"account_id": ["A", "B"], "revenue": [9.0, 5.0], "cost": [4.0, None]})
    >>> _margins(days, pd.Series(["A", "B", "C"])).tolist()
    [5.0, nan, 0.0]
    """
    if "cost" not in account_days:
        return pd.Series(math.nan, index=account_ids.index)
    rows = account_days.assign(margin=account_days["revenue"] - account_days["cost"])
    sums = _whole_sums(rows["margin"], rows["account_id"])
    found = account_ids.map(sums).astype("float64")
    return found.where(account_ids.isin(sums.index), 0.0)


def _whole_sums(values: pd.Series, by: pd.Series) -> pd.Series:
    """Return the sum of each group, n/a as soon as one value is."""
    codes, groups = pd.factorize(by, sort=True)
    order = np.argsort(codes, kind="stable")
    ends = np.bincount(codes, minlength=len(groups)).cumsum()
    parts = np.split(values.to_numpy(dtype="float64")[order], ends[:-1]) if len(groups) else []
    return pd.Series([part.sum() for part in parts], index=groups, dtype="float64")


def lifetime_value(
    retained_margins: pd.DataFrame,
    *,
    value: ValueSettings = ValueSettings(),
    years: Sequence[float] = (1, 3, 5),
    timing: str = "retained from year 1",
) -> pd.DataFrame:
    """One row per account and horizon: the discounted margin of the years to come, as in textbooks.

    ``retained_margins`` has account_id, margin (per year, book currency) and retention_share (the
    probability that a year's customer is one the next year). ``years`` may hold ``math.inf``.
    With m = 1000, r = 0.8, d = 0.1 and no horizon the conventions give:

        retained from year 1    Σ m·r^t/(1+d)^t,     t = 1 … n       2667   (the default)
        certain in year 1       Σ m·r^(t-1)/(1+d)^t, t = 1 … n       3333
        paid at once            Σ m·r^t/(1+d)^t,     t = 0 … n-1     3667

    The value is n/a where margin or retention is, or the sum has no end. Columns: account_id,
    horizon_years, margin, retention_share, discount_share, timing, customer_value. Source: S. Gupta
    and D. Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1).

    Examples
    --------
    >>> one = pd.DataFrame({"account_id": ["A"], "margin": [1000.0], "retention_share": [0.8]})
    >>> [int(lifetime_value(one, years=(math.inf,), timing=t)["customer_value"].round().iloc[0])
    ...     for t in TIMINGS]
    [2667, 3333, 3667]
    >>> lifetime_value(one)["customer_value"].round(1).tolist()
    [727.3, 1640.9, 2124.1]
    """
    if timing not in TIMINGS:
        raise KamError(
            f"There is no timing '{timing}'.", where="timing", next=nearest(timing, TIMINGS)
        )
    retention = retained_margins["retention_share"].astype("float64")
    if (retention.lt(0) | retention.gt(1)).any():
        raise KamError(
            "A retention share lies outside 0 … 1.",
            where="retention_share",
            next="Give shares, not percent.",
        )
    table = _per_horizon(retained_margins["account_id"], years)
    row = table.pop("row")
    for name in ("margin", "retention_share"):
        table[name] = retained_margins[name].astype("float64").to_numpy()[row]
    growth = 1 + value.discount_rate
    ratio, horizon = table["retention_share"].to_numpy() / growth, table["horizon_years"].to_numpy()
    # every convention is a geometric series in r/(1+d); they differ in its first term alone
    lead = dict(zip(TIMINGS, (ratio, 1 / growth, 1.0), strict=True))[timing]
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.where(ratio == 1, horizon, (1 - ratio**horizon) / (1 - ratio))
    total = np.where(np.isfinite(total), total, math.nan)
    return table.assign(
        discount_share=value.discount_rate,
        timing=pd.Series(timing, index=table.index, dtype="str"),
        customer_value=table["margin"].to_numpy() * lead * total,
    )


def _per_horizon(account_ids: pd.Series, years: Sequence[float]) -> pd.DataFrame:
    """Return account_id and horizon_years, by account and then horizon, with the row they came
    from.
    """
    horizons = sorted(years)
    table = pd.DataFrame(
        {
            "account_id": np.repeat(account_ids.astype("str").to_numpy(), len(horizons)),
            "horizon_years": np.tile(np.array(horizons, dtype=float), len(account_ids)),
            "row": np.repeat(np.arange(len(account_ids)), len(horizons)),
        }
    ).astype({"account_id": "str"})
    return table.sort_values(["account_id", "horizon_years"], kind="stable", ignore_index=True)
