"""The main figures of a period, and the same over past periods, so that they compare."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

from kamlib.holes import NO_HOLES, Holes, is_known
from kamlib.period.calendar import Span
from kamlib.period.months import is_window_whole, trailing_months
from kamlib.period.served import served_costs
from kamlib.tables import each, shaped

PAST = 8
"""Periods of history on the front page."""
OF_TODAYS_SET = ("revenue", "margin", "revenue_share")
"""Figures of today's key accounts that never carry a growth."""
OVER_PERIOD = ("logo_churn", "lost_in_period", "returned_in_period")
"""Figures that count what happened in the period, not how things stand at its end."""


def revenue_months(
    account_months: pd.DataFrame,
    *,
    span: Span,
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per month of two years: the revenue of all accounts, and that of a year before.

    Months before the data begin are n/a.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.revenue_months), int(q.revenue_months["is_in_period"].sum())
    (24, 3)
    """
    ends = trailing_months(as_of, 36)
    revenue = account_months.groupby("month")["revenue"].sum().reindex(ends)
    known = revenue.fillna(0.0).where(ends > first_date) if first_date is not None else revenue
    table = pd.DataFrame(
        {
            "month": ends[12:],
            "revenue": known.to_numpy()[12:],
            "year_ago_revenue": known.to_numpy()[:24],
            "is_in_period": ends[12:] >= span.start,
        }
    )
    return shaped("revenue_months", table)


def figures(
    account_classes: pd.DataFrame,
    key_accounts: pd.DataFrame,
    concentration: pd.DataFrame,
    retention_figures: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per figure × scope: the main figures as of one day, from what was known then.

    Revenue and margin are those of the window; the scopes are key accounts, all accounts, and
    companies rolled up to their parent.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.figures[["figure", "scope"]].head(3).values.tolist()
    [['revenue', 'all'], ['revenue', 'key'], ['margin', 'all']]
    """
    is_key = account_classes["account_id"].isin(
        key_accounts.loc[key_accounts["is_key"], "account_id"]
    )
    bought = account_classes["revenue"].gt(0)
    revenue, margin = account_classes["revenue"], account_classes["margin"]
    rows = [
        ("revenue", "all", revenue.sum()),
        ("revenue", "key", revenue[is_key].sum()),
        ("margin", "all", margin[bought].sum(skipna=False) if bought.any() else float("nan")),
        ("margin", "key", margin[is_key & bought].sum(skipna=False)),
        ("accounts", "all", float(bought.sum())),
        ("accounts", "key", float(key_accounts["is_key"].sum())),
    ]
    spread = [f"top_{n}_share" for n in (1, 5, 10, 20)] + ["hhi", "effective_number", "gini"]
    for row in each(concentration):
        scope = {"accounts": "all", "groups": "groups"}[str(row.scope)]
        rows += [(name, scope, getattr(row, name)) for name in spread]
        if row.scope == "accounts":
            rows.append(("revenue_share", "key", row.key_share))
    own = pd.DataFrame(rows, columns=["figure", "scope", "value"])
    table = pd.concat([own, retention_figures[own.columns]], ignore_index=True)
    return shaped("figures", table.assign(as_of_date=as_of).round({"value": 9}))


def figure_history(
    figures: pd.DataFrame,
    *,
    at: Any,
    span: Span,
    first_date: pd.Timestamp | None,
) -> pd.DataFrame:
    """One row per as-of day × figure × scope: the main figures over past periods, oldest first.

    Past days whose 12 months the data do not cover whole are left out: half a window is no base for
    a comparison.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.figure_history["as_of_date"].max() == q.as_of
    True
    """
    ends = {span.shift(-step).end for step in range(1, PAST + 1)}
    ends |= {span.year_ago().end, span.year_ago().previous().end}
    past = [
        at(end, previous=before).figures
        for before, end in pairwise(sorted(ends))
        if is_window_whole(first_date, as_of=end)
    ]
    return shaped("figure_history", pd.concat([*past, figures], ignore_index=True))


def period_figures(
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per figure: the period's own, beside the period before and the same a year ago.

    Revenue is net of credit notes; gross margin is revenue less cost, n/a where a cost is unknown;
    margin is that less the cost to serve, a yearly figure, evenly by day, of every account with an
    order line in the 12 months to the period's end. A period that the data do not hold from its
    first day on is n/a; so is the period before where the data hold some days of this one alone,
    and both where they end before it does.

    Examples
    --------
    >>> from kamlib.period.calendar import parse_period
    >>> days = pd.DataFrame({"account_id": ["A", "A"], "revenue": [10.0, 5.0], "cost": [6.0, 3.0],
    ...     "date": pd.to_datetime(["2025-05-02", "2025-08-01"]), "order_count": [1, 1]})
    >>> spans = [parse_period(label) for label in ("2025-Q3", "2025-Q2", "2024-Q3")]
    >>> who = pd.DataFrame({"account_id": ["A"], "cost_to_serve": [3.65]})
    >>> period_figures(days, who, span=spans[0], previous_span=spans[1], year_ago_span=spans[2],
    ...     first_date=pd.Timestamp("2025-04-01"))["value"].round(2).tolist()
    [5.0, 2.0, 1.08, 1.0, 1.0]
    """
    spans = {"value": span, "previous_value": previous_span, "year_ago_value": year_ago_span}
    served = served_costs(account_days, accounts, spans).sum()
    found = {
        name: _sums(account_days, one, served[name], first_date) for name, one in spans.items()
    }
    if span.is_cut or not is_known(span.end, holes):
        found["previous_value"] *= float("nan")
    if not is_known(span.end, holes):
        found["year_ago_value"] *= float("nan")
    return shaped("period_figures", pd.DataFrame(found).rename_axis("figure").reset_index())


def _sums(
    days: pd.DataFrame, span: Span, served: float, first_date: pd.Timestamp | None
) -> pd.Series:
    """Return the figures of one period."""
    own = days[days["date"].between(span.start, span.end)]
    gross = own["revenue"].sum() - own["cost"].sum(skipna=False)
    sums = {
        "revenue": own["revenue"].sum(),
        "gross_margin": gross,
        "margin": gross - served,
        "orders": own["order_count"].sum(),
        "buying_accounts": own.loc[own["revenue"].gt(0), "account_id"].nunique(),
    }
    is_held = first_date is not None and first_date <= span.start
    return pd.Series(sums if is_held else dict.fromkeys(sums), dtype="float64")


def key_figures(
    figure_history: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
    year_ago_span: Span,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per figure × scope: its value, and the values a period and a year before.

    What is counted over the period has no value of the period before where the data hold some of
    its days alone. Where they end before it does, nothing is compared.

    Revenue and margin of today's key accounts, and their share, have no value before: another set
    was key then, and a change would mix what accounts did with who was chosen. What those key on
    the first day did since is told by NRR, GRR and the revenue bridge.

    Examples
    --------
    >>> from kamlib.period.calendar import parse_period
    >>> span = parse_period("2025-Q3")
    >>> history = shaped("figure_history", {"figure": "revenue", "scope": "all",
    ...     "value": [9.0, 8.0], "as_of_date": [span.end, span.previous().end]})
    >>> figures = key_figures(history, as_of=span.end, previous_span=span.previous(),
    ...     year_ago_span=span.year_ago())
    >>> figures[["figure", "value", "previous_value"]].values.tolist()
    [['revenue', 9.0, 8.0]]
    """
    days = {
        "value": as_of,
        "previous_value": previous_span.end,
        "year_ago_value": year_ago_span.end,
    }
    by_day = {
        name: figure_history[figure_history["as_of_date"].eq(day)].set_index(["figure", "scope"])
        for name, day in days.items()
    }
    table = by_day["value"][[]].assign(
        **{name: found["value"].reindex(by_day["value"].index) for name, found in by_day.items()}
    )
    table = table.reset_index()
    is_todays = table["scope"].eq("key") & table["figure"].isin(OF_TODAYS_SET)
    before = ["previous_value", "year_ago_value"]
    table[before] = table[before].mask(is_todays | (not is_known(as_of, holes)))
    if year_ago_span.is_cut:
        is_of_period = table["figure"].isin(OVER_PERIOD)
        table["previous_value"] = table["previous_value"].mask(is_of_period)
    return shaped("key_figures", table)
