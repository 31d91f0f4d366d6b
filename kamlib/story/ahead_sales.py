"""What is said of sales by category, region, manager and the like."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.ahead.sales import crossed, working_days
from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.period.groups import named_groups
from kamlib.story.statements import Said
from kamlib.words import date, listed, money, number, percent, phrase, say, started

MOST_GROUPS = 12
"""Groups drawn in a chart of sales; the table has all."""

OF = {
    "category": phrase("categories"),
    "product": phrase("products"),
    "region": phrase("regions"),
    "industry": phrase("industries"),
    "channel": phrase("channels"),
    "manager": phrase("managers on the order"),
}
MISSING = {
    "category": "orders.category",
    "region": phrase("orders.region or accounts.region"),
    "industry": "accounts.industry",
    "channel": "orders.channel",
    "manager": phrase("orders.manager_id or accounts.manager_id"),
    "product": "orders.product_id",
}


CHARTED = ("category", "manager", "region", "product", "channel", "industry")
"""Dimensions in the order in which they are drawn, three at most."""


def charted(sales: pd.DataFrame, dimensions: tuple[str, ...] = CHARTED) -> tuple[str, str, str]:
    """Return the first three dimensions that the book records; blanks where it has fewer.

    >>> charted(pd.DataFrame({"dimension": ["product", "region", "region"]}))
    ('region', 'product', '')
    """
    recorded = set(sales["dimension"])
    known = [one for one in dimensions if one in recorded]
    first, second, third, *_ = [*known, "", "", ""]
    return first, second, third


def crossed_pair(revenue_by_two: pd.DataFrame) -> dict[str, str]:
    """Return which two dimensions are drawn crossed: categories and regions, else the first pair.

    >>> crossed_pair(pd.DataFrame({"dimension": ["region"], "second_dimension": ["channel"]}))
    {'dimension': 'region', 'second_dimension': 'channel'}
    """
    pairs = revenue_by_two[["dimension", "second_dimension"]].drop_duplicates()
    if pairs.empty:
        return {}
    wanted = pairs["dimension"].eq("category") & pairs["second_dimension"].eq("region")
    first = pairs.assign(place=~wanted).sort_values("place", kind="stable").iloc[0]
    return {str(name): str(first[name]) for name in ("dimension", "second_dimension")}


def table_revenue_by(
    revenue_by: pd.DataFrame, *, span: Span, previous_span: Span, year_ago_span: Span
) -> Said:
    """Say what the table is of, and how many working days the periods have."""
    known = [say(OF[name]) for name in dict.fromkeys(revenue_by["dimension"])]
    days = [working_days(one) for one in (span, previous_span, year_ago_span)]
    return Said(
        say("Revenue by {known}", known=listed(known, most=len(known)))
        if known
        else say("Revenue is not recorded by any dimension"),
        say(
            "{period} has {days} working days (Monday to Friday), {previous_period} "
            "{previous_days}, {year_ago_period} {year_ago_days}; 12 months stand second",
            period=span.title,
            days=days[0],
            previous_period=previous_span.title,
            previous_days=days[1],
            year_ago_period=year_ago_span.title,
            year_ago_days=days[2],
        ),
    )


def chart_revenue_by(
    revenue_by: pd.DataFrame,
    *,
    dimension: str,
    span: Span,
    year_ago_span: Span,
    book: BookSettings,
) -> Said:
    """Say which group that has a name changed most against the same period a year ago."""
    rows = revenue_by[revenue_by["dimension"].eq(dimension)]
    if rows.empty:
        return Said(
            say(
                "Sales by {dimension} need {missing}",
                dimension=say(dimension),
                missing=say(MISSING[dimension]),
            )
        )
    drawn = (
        say("the {most_groups} largest of {rows}", most_groups=MOST_GROUPS, rows=len(rows))
        if len(rows) > MOST_GROUPS
        else say("all")
    )
    return Said(
        _most_changed(named_groups(rows), span, year_ago_span, book),
        say(
            "Revenue by {dimension}, {drawn}: {period} dark, {year_ago_period} light",
            dimension=say(dimension),
            drawn=drawn,
            period=span.title,
            year_ago_period=year_ago_span.title,
        ),
        say(
            "Bars of revenue by {dimension} in the period and a year ago; the table has every "
            "value",
            dimension=say(dimension),
        ),
    )


def _most_changed(rows: pd.DataFrame, span: Span, ago: Span, book: BookSettings) -> str:
    known = rows.dropna(subset=["period_change"])
    if known.empty:
        first = rows.iloc[0]
        return say(
            "{group} brought the most: {period_revenue}",
            group=first["group"],
            period_revenue=money(first["period_revenue"], book),
        )
    most: Any = known.iloc[int(known["period_change"].abs().argmax())]
    change, share = most["period_change"], most["period_change_share"]
    if not change:
        return say("No change on {ago}", ago=ago.title)
    word = say("less") if change < 0 else say("more")
    part = "" if pd.isna(share) else f" ({percent(abs(share), book)})"
    return say(
        "{group} changed most: {change}{part} {word} in {period} than in {ago}",
        group=started(most["group"]),
        change=money(abs(change), book),
        part=part,
        word=word,
        period=span.title,
        ago=ago.title,
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
        needed = say(
            "{first} and {second}",
            first=say(MISSING[dimension]),
            second=say(MISSING[second_dimension]),
        )
        return Said(
            say(
                "Sales by {dimension} and {second_dimension} need {needed}",
                dimension=say(dimension),
                second_dimension=say(second_dimension),
                needed=needed,
            )
        )
    change = rows["year_revenue"] - rows["year_before_revenue"]
    title = say(
        "Revenue by {dimension} and {second_dimension}",
        dimension=say(dimension),
        second_dimension=say(second_dimension),
    )
    if change.notna().any():
        place: Any = change.abs().idxmax()
        most, word = rows.loc[place], say("less") if change[place] < 0 else say("more")
        title = say(
            "{group}, {second_group}: {change} {word} than in the 12 months before, the largest "
            "change",
            group=most["group"],
            second_group=most["second_group"],
            change=money(abs(change[place]), book),
            word=word,
        )
    return Said(
        title,
        say(
            "Revenue of the 12 months to {as_of}; shade: change on the 12 months before, orange "
            "less, green more",
            as_of=date(as_of),
        ),
        say(
            "Map of revenue by {dimension} and {second_dimension}; the table has every value",
            dimension=say(dimension),
            second_dimension=say(second_dimension),
        ),
    )


def gap_revenue_by(revenue_by: pd.DataFrame) -> str:
    """Say in one line which dimensions the book does not record, and what would bring them."""
    absent = [name for name in MISSING if name not in set(revenue_by["dimension"])]
    if not absent:
        return ""
    told = "; ".join(f"{say(OF[name])} ({say(MISSING[name])})" for name in absent)
    return say(
        "Sales are not told apart by {absent} of 6 dimensions: {told}.",
        absent=number(len(absent)),
        told=told,
    )
