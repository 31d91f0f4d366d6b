"""What a buying model needs to know of each account: how often, how lately, for how long, for how
much.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.errors import KamError

OWN_GAPS = 3
"""An account with fewer gaps between order days than this has no usual gap of its own."""

_SUMMARY = {
    "account_id": "str",
    "first_order_date": "datetime64[us]",
    "last_order_date": "datetime64[us]",
    "frequency": "int64",
    "recency_days": "int64",
    "age_days": "int64",
    "silence_days": "int64",
    "log_gap_sum": "float64",
    "usual_gap_days": "float64",
    "is_pooled_gap": "bool",
    "mean_value": "float64",
}


def buyer_summary(
    account_days: pd.DataFrame, *, as_of: pd.Timestamp, first_date: pd.Timestamp | None = None
) -> pd.DataFrame:
    """One row per account: its order days up to the as-of date, as buying models need them.

    An order day is a day with positive net revenue; all orders of one day are one occasion. Days
    after ``as_of`` are not looked at. With ``first_date``, accounts whose first order day is
    earlier are left out: where the data begin in the middle of a relationship, its beginning is
    not known. An account without an order day has no row.

    Columns
    -------
    account_id: the account
    first_order_date: first order day
    last_order_date: last order day up to the as-of date
    frequency: repeat order days, which is order days less one
    recency_days: days from the first order day to the last
    age_days: days from the first order day to the as-of date
    silence_days: days from the last order day to the as-of date
    log_gap_sum: sum of the natural logarithms of the gaps between order days, in days
    usual_gap_days: median gap between order days; under three gaps the median of all accounts' gaps
    is_pooled_gap: the usual gap is that of all accounts
    mean_value: mean net revenue of the repeat order days (book currency); n/a without any

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": ["A", "A", "A"], "revenue": [50.0, 10.0, 30.0],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-22"])})
    >>> row = buyer_summary(days, as_of=pd.Timestamp("2025-01-31")).iloc[0]
    >>> [int(row[c]) for c in ("frequency", "recency_days", "age_days", "silence_days", "mean_value")]
    [2, 21, 30, 9, 20]
    """
    days = _order_days(account_days, as_of)
    if first_date is not None:
        first = days.groupby("account_id")["date"].transform("min")
        days = days[first.ge(first_date)]
    if days.empty:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in _SUMMARY.items()})
    gaps = days["date"].sub(days.groupby("account_id")["date"].shift()).dt.days.astype("float64")
    repeats = days.assign(gap=gaps, log_gap=np.log(gaps), value=days["revenue"].where(gaps.notna()))
    summary = repeats.groupby("account_id", sort=True).agg(
        first_order_date=("date", "min"),
        last_order_date=("date", "max"),
        frequency=("gap", "count"),
        log_gap_sum=("log_gap", "sum"),
        usual_gap_days=("gap", "median"),
        mean_value=("value", "mean"),
    )
    is_pooled = summary["frequency"].lt(OWN_GAPS)
    return (
        summary.assign(
            recency_days=(summary["last_order_date"] - summary["first_order_date"]).dt.days,
            age_days=(as_of - summary["first_order_date"]).dt.days,
            silence_days=(as_of - summary["last_order_date"]).dt.days,
            usual_gap_days=summary["usual_gap_days"].mask(is_pooled, gaps.median()),
            is_pooled_gap=is_pooled,
        )
        .reset_index()[list(_SUMMARY)]
        .astype(_SUMMARY)
    )


def buyer_holdout(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    holdout_days: int,
    first_date: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """One row per account that had ordered before the hold-out: its summary then, and what it did
    after.

    The hold-out is the last ``holdout_days`` days up to ``as_of``. The summary columns are those of
    ``buyer_summary`` as of the day before it, so that a model fitted to this table has not seen
    the hold-out. Accounts whose first order falls into the hold-out have no row.

    Columns
    -------
    account_id: the account
    first_order_date: first order day
    last_order_date: last order day before the hold-out
    frequency: repeat order days before the hold-out
    recency_days: days from the first order day to the last
    age_days: days from the first order day to the start of the hold-out
    silence_days: days from the last order day to the start of the hold-out
    log_gap_sum: sum of the natural logarithms of the gaps between order days, in days
    usual_gap_days: median gap between order days; under three gaps the median of all accounts' gaps
    is_pooled_gap: the usual gap is that of all accounts
    mean_value: mean net revenue of the repeat order days (book currency); n/a without any
    holdout_days: length of the hold-out
    later_order_count: order days in the hold-out

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": ["A", "A", "B"], "revenue": [50.0, 10.0, 30.0],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-22"])})
    >>> held = buyer_holdout(days, as_of=pd.Timestamp("2025-01-31"), holdout_days=28)
    >>> held[["account_id", "frequency", "later_order_count"]].values.tolist()
    [['A', 0, 1]]
    """
    cut = as_of - pd.Timedelta(days=holdout_days)
    days = _order_days(account_days, as_of)
    later = days[days["date"].gt(cut)].groupby("account_id").size()
    before = buyer_summary(account_days, as_of=cut, first_date=first_date)
    return before.assign(
        holdout_days=pd.Series(holdout_days, index=before.index, dtype="int64"),
        later_order_count=before["account_id"].map(later).fillna(0).astype("int64"),
    )


def _order_days(account_days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the days of positive net revenue up to ``as_of``, one row per account and day, in
    order.
    """
    missing = {"account_id", "date", "revenue"} - set(account_days)
    if missing:
        raise KamError(
            f"The days of the accounts lack the column {', '.join(sorted(missing))}.",
            where="account_days",
            next="Give one row per account and day with account_id, date and revenue.",
        )
    known = account_days.loc[account_days["date"].le(as_of), ["account_id", "date", "revenue"]]
    days = known.groupby(["account_id", "date"], sort=True, as_index=False)["revenue"].sum()
    return days[days["revenue"].gt(0)].reset_index(drop=True)
