"""What serving accounts cost, where it is booked by date."""

from __future__ import annotations

import pandas as pd

from kamlib.period.calendar import Span
from kamlib.period.months import trailing_months

DAYS_A_MONTH = 365.25 / 12


def booked_costs(service_costs: pd.DataFrame, as_of: pd.Timestamp, months: int) -> pd.DataFrame:
    """Return the costs of the last months, of accounts that were booked for all of them.

    A cost is of the months since the one before, as its account is usually booked: by the month,
    the quarter or the year.

    >>> years = pd.to_datetime(["2022-12-31", "2023-12-31", "2024-12-31"])
    >>> costs = pd.DataFrame({"account_id": "A", "date": years, "cost": 9.0})
    >>> [len(booked_costs(costs, pd.Timestamp("2024-12-31"), many)) for many in (12, 36, 48)]
    [1, 3, 0]
    """
    ends = trailing_months(as_of, months + 1)
    days = service_costs.drop_duplicates(["account_id", "date"]).sort_values("date")
    gap = days.groupby("account_id")["date"].diff().dt.days.groupby(days["account_id"]).median()
    usual = (gap / DAYS_A_MONTH).round().clip(1, months).dropna().astype(int)
    whole = days.groupby("account_id")["date"].min().reindex(usual.index).le(ends[usual])
    known = service_costs["account_id"].isin(whole.index[whole])
    inside = service_costs["date"].gt(ends[0]) & service_costs["date"].le(as_of)
    return service_costs[known & inside]


def served_costs(
    account_days: pd.DataFrame, accounts: pd.DataFrame, spans: dict[str, Span]
) -> pd.DataFrame:
    """Return what serving each account cost in some times: its yearly figure, evenly by day.

    An account is served as long as it has an order line in the 12 months to the time's end; one
    whose cost to serve is not known has none.

    >>> from kamlib.period.calendar import parse_period
    >>> days = pd.DataFrame({"account_id": ["A", "B"], "date": pd.to_datetime(["2025-05-02"] * 2)})
    >>> listed = pd.DataFrame({"account_id": ["A", "B"], "cost_to_serve": [3650.0, None]})
    >>> spans = {"period": parse_period("2025-Q3"), "year_ago": parse_period("2024-Q3")}
    >>> served_costs(days, listed, spans).round(2).values.tolist()
    [[920.0, 0.0], [0.0, 0.0]]
    """
    yearly = accounts.set_index("account_id")["cost_to_serve"].fillna(0.0)
    costs = pd.DataFrame(index=yearly.index)
    for name, span in spans.items():
        before = trailing_months(span.end, 13)[0]
        inside = account_days["date"].gt(before) & account_days["date"].le(span.end)
        is_served = yearly.index.isin(account_days.loc[inside, "account_id"])
        part = ((span.end - span.start).days + 1) / (span.end - before).days
        costs[name] = yearly.where(is_served, 0.0) * part
    return costs
