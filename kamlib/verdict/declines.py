"""Key accounts that have shrunk over years, a little every year and so without any alarm."""

from __future__ import annotations

import pandas as pd

from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import is_window_whole, trailing_months
from kamlib.tables import shaped

LEFT, LEFT_OF_MEDIAN = 0.75, 0.85
"""What may be left of the first year, and of the median of the years before, at the most."""


def account_declines(
    account_months: pd.DataFrame,
    account_standing: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    most_years: int = 4,
    least_years: int = 2,
) -> pd.DataFrame:
    """One row per key account that has shrunk over years: what it brought then and now.

    Now are the 12 months to the as-of day; then the same 12 months ``most_years`` years earlier, or
    the earliest after them, at least ``least_years``, that the data and the account hold whole. It
    has shrunk where at most three quarters of that are left, and at most 85 % of the median of all
    years before. Lost accounts are no decline. Data that end before
    the period does tell of none. The largest fall in money comes first.

    Parameters
    ----------
    most_years
        Years looked back at most.
    least_years
        Years that must lie between.

    Examples
    --------
    >>> months = pd.date_range("2021-01-31", periods=60, freq="ME")
    >>> rows = pd.DataFrame({"account_id": "A", "month": months, "order_day_count": 1,
    ...     "revenue": [100.0] * 12 + [80.0] * 12 + [70.0] * 12 + [60.0] * 12 + [50.0] * 12})
    >>> standing = shaped("account_standing", [{"account_id": "A", "is_key": True,
    ...     "verdict": "keep"}])
    >>> found = account_declines(rows, standing, as_of=months[-1],
    ...     first_date=pd.Timestamp("2021-01-01"))
    >>> found[["revenue_before", "revenue", "years_count"]].values.tolist()
    [[1200.0, 600.0, 4.0]]
    """
    keys = account_standing[account_standing["is_key"] & account_standing["status"].ne("lost")]
    own = account_months[account_months["account_id"].isin(keys["account_id"])]
    began = own[own["order_day_count"].gt(0)].groupby("account_id")["month"].min()
    years = {}
    for back in range(most_years + 1):
        months = 12 * (back + 1)
        if not is_window_whole(first_date, as_of=as_of, window_months=months, holes=holes):
            break
        year = trailing_months(as_of, months)[:12]
        sums = own[own["month"].isin(year)].groupby("account_id")["revenue"].sum()
        years[back] = sums.reindex(began.index).fillna(0.0).where(began.le(year[0]))
    table = pd.DataFrame(years, index=began.index)
    before = table.drop(columns=0, errors="ignore")
    first = before.notna().sum(axis=1)  # years held, one after the other
    then = before.ffill(axis=1).iloc[:, -1] if before.shape[1] else first * float("nan")
    found = pd.DataFrame(
        {
            "revenue": table[0] if 0 in table else first * float("nan"),
            "revenue_before": then,
            "years_count": first,
            "median": before.median(axis=1),
        }
    )
    is_less = found["revenue"].le(LEFT * found["revenue_before"]) & found["revenue"].le(
        LEFT_OF_MEDIAN * found["median"]
    )
    found = found[is_less & found["years_count"].ge(least_years)].reset_index()
    found["fall_share"] = 1 - found["revenue"] / found["revenue_before"]
    found["fall"] = found["revenue_before"] - found["revenue"]
    table = found.merge(keys[["account_id", "name", "verdict", "owner"]], on="account_id")
    order = ["fall", "account_id"]
    return shaped("account_declines", table.sort_values(order, ascending=[False, True]))
