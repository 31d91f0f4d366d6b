"""What is said of sales by category, region, manager and the like."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.ahead.sales import crossed, working_days
from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.story.statements import Said
from kamlib.words import date, listed, money, number, percent, started

MOST_GROUPS = 12
"""Groups drawn in a chart of sales; the table has all."""

OF = {
    "category": "categories",
    "product": "products",
    "region": "regions",
    "industry": "industries",
    "channel": "channels",
    "manager": "managers on the order",
}
MISSING = {
    "category": "orders.category",
    "region": "orders.region or accounts.region",
    "industry": "accounts.industry",
    "channel": "orders.channel",
    "manager": "orders.manager_id or accounts.manager_id",
    "product": "orders.product_id",
}


def table_revenue_by(
    revenue_by: pd.DataFrame, *, span: Span, previous_span: Span, year_ago_span: Span
) -> Said:
    """Say what the table is of, and how many working days the periods have."""
    known = [OF[name] for name in dict.fromkeys(revenue_by["dimension"])]
    days = [working_days(one) for one in (span, previous_span, year_ago_span)]
    return Said(
        f"Revenue by {listed(known, most=len(known))}"
        if known
        else "Revenue is not recorded by any dimension",
        f"{span.title} has {days[0]} working days (Monday to Friday), {previous_span.title} "
        f"{days[1]}, {year_ago_span.title} {days[2]}; 12 months stand second",
    )


def chart_revenue_by(
    revenue_by: pd.DataFrame,
    *,
    dimension: str,
    span: Span,
    year_ago_span: Span,
    book: BookSettings,
) -> Said:
    """Say which group changed most against the same period a year ago."""
    rows = revenue_by[revenue_by["dimension"].eq(dimension)]
    if rows.empty:
        return Said(f"Sales by {dimension} need {MISSING[dimension]}")
    drawn = f"the {MOST_GROUPS} largest of {len(rows)}" if len(rows) > MOST_GROUPS else "all"
    return Said(
        _most_changed(rows, span, year_ago_span, book),
        f"Revenue by {dimension}, {drawn}: {span.title} dark, {year_ago_span.title} light",
        f"Bars of revenue by {dimension} in the period and a year ago; the table has every value",
    )


def _most_changed(rows: pd.DataFrame, span: Span, ago: Span, book: BookSettings) -> str:
    known = rows.dropna(subset=["period_change"])
    if known.empty:
        first = rows.iloc[0]
        return f"{first['group']} brought the most: {money(first['period_revenue'], book)}"
    most: Any = known.iloc[int(known["period_change"].abs().argmax())]
    change, share = most["period_change"], most["period_change_share"]
    if not change:
        return f"No change on {ago.title}"
    word = "less" if change < 0 else "more"
    part = "" if pd.isna(share) else f" ({percent(abs(share), book)})"
    return (
        f"{started(most['group'])} changed most: {money(abs(change), book)}{part} {word} in "
        f"{span.title} "
        f"than in {ago.title}"
    )


def chart_revenue_by_two(
    revenue_by_two: pd.DataFrame,
    *,
    dimension: str,
    second_dimension: str,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> Said:
    """Say where two dimensions cross the largest change of the 12 months."""
    rows = crossed(revenue_by_two, dimension, second_dimension)
    if rows.empty:
        needed = f"{MISSING[dimension]} and {MISSING[second_dimension]}"
        return Said(f"Sales by {dimension} and {second_dimension} need {needed}")
    change = rows["year_revenue"] - rows["year_before_revenue"]
    title = f"Revenue by {dimension} and {second_dimension}"
    if change.notna().any():
        place: Any = change.abs().idxmax()
        most, word = rows.loc[place], "less" if change[place] < 0 else "more"
        title = (
            f"{most['group']}, {most['second_group']}: {money(abs(change[place]), book)} {word} "
            "than in the 12 months before, the largest change"
        )
    return Said(
        title,
        f"Revenue of the 12 months to {date(as_of)}; shade: change on the 12 months before, "
        "orange less, green more",
        f"Map of revenue by {dimension} and {second_dimension}; the table has every value",
    )


def gap_revenue_by(revenue_by: pd.DataFrame) -> str:
    """Say in one line which dimensions the book does not record, and what would bring them."""
    absent = [name for name in MISSING if name not in set(revenue_by["dimension"])]
    if not absent:
        return ""
    told = "; ".join(f"{OF[name]} ({MISSING[name]})" for name in absent)
    return f"Sales are not told apart by {number(len(absent))} of 6 dimensions: {told}."
