"""What a buying model needs to know of each account: how often, how lately, for how long, for how
much.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.errors import KamError
from kamlib.tables import shaped

OWN_GAPS = 3
"""An account with fewer gaps between order days than this has no usual gap of its own."""


def buyer_summary(
    unbroken_days: pd.DataFrame, *, as_of: pd.Timestamp, since: pd.Timestamp | None = None
) -> pd.DataFrame:
    """One row per account: its order days up to the as-of date, as buying models need them.

    An order day is a day with positive net revenue; all orders of one day are one occasion. Days
    after ``as_of`` are not looked at. With ``since``, accounts whose first order day is earlier
    are left out: where the data begin in the middle of a relationship, its beginning is not known.
    An account without an order day has no row. Under three gaps its usual gap is the median of all
    accounts' gaps.

    Parameters
    ----------
    since
        Accounts with an earlier first order day are left out.

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": ["A", "A", "A"], "revenue": [50.0, 10.0, 30.0],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-22"])})
    >>> row = buyer_summary(days, as_of=pd.Timestamp("2025-01-31")).iloc[0]
    >>> [int(row[c]) for c in ("frequency", "span_days", "known_days", "mean_value")]
    [2, 21, 30, 20]
    """
    days = _order_days(unbroken_days, as_of)
    if since is not None:
        days = days[days.groupby("account_id")["date"].transform("min").ge(since)]
    # the days stand by account and date: a gap is the step from the row before, none on the first
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
    told = summary.assign(
        span_days=(summary["last_order_date"] - summary["first_order_date"]).dt.days,
        known_days=(as_of - summary["first_order_date"]).dt.days,
        silence_days=(as_of - summary["last_order_date"]).dt.days,
        usual_gap_days=summary["usual_gap_days"].mask(is_pooled, gaps.median()),
        is_pooled_gap=is_pooled,
    )
    return shaped("buyer_summary", told.reset_index())


def buyer_holdout(
    unbroken_days: pd.DataFrame, *, as_of: pd.Timestamp, holdout_days: int | None = None
) -> pd.DataFrame:
    """One row per account that had ordered before the hold-out: its summary then, and what it did
    after.

    The hold-out is the last ``holdout_days`` days up to ``as_of``: the last year unless given, or
    the last third of a history under three years. The summary is that of ``buyer_summary`` as of
    the day before it, so that a model fitted to this table has not seen the hold-out. Accounts
    whose first order falls into the hold-out have no row.

    Parameters
    ----------
    holdout_days
        Days held out; by default a year, or a third of a history under three years.

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": ["A", "A", "B"], "revenue": [50.0, 10.0, 30.0],
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-22"])})
    >>> held = buyer_holdout(days, as_of=pd.Timestamp("2025-01-31"), holdout_days=28)
    >>> held[["account_id", "frequency", "later_order_count"]].values.tolist()
    [['A', 0, 1]]
    """
    days = _order_days(unbroken_days, as_of)
    if holdout_days is None:
        history = 0 if days.empty else (as_of - days["date"].min()).days
        holdout_days = max(1, min(365, history // 3))
    elif holdout_days < 1:
        raise KamError(
            f"A hold-out needs at least one day, not {holdout_days}.", where="holdout_days"
        )
    return held_out(days, as_of, holdout_days)


def held_out(account_days: pd.DataFrame, as_of: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return the ``buyer_holdout`` of the last ``days`` days up to ``as_of``."""
    cut = as_of - pd.Timedelta(days=days)
    known = _order_days(account_days, as_of)
    later = known[known["date"].gt(cut)].groupby("account_id").size()
    before = buyer_summary(known, as_of=cut)
    count = before["account_id"].map(later).fillna(0)
    return shaped("buyer_holdout", before.assign(holdout_days=days, later_order_count=count))


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
