"""The chart of the front page: revenue by month."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import mark_each
from kamlib.plots.style import COLOURS
from kamlib.words import change, ended, money, month, say


def plot_revenue_months(
    revenue_months: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two years of revenue by month: the year before pale, the period's months in colour."""
    ax = ax or style.axes(6.2, 3.0)
    months = revenue_months.reset_index(drop=True)
    table = months.dropna(subset=["revenue"])
    if not table["revenue"].abs().sum():
        return style.nothing(ax, title, subtitle)
    last = table.index >= len(months) - 12
    colours = [
        COLOURS["accent" if own else "actual" if now else "previous"]
        for own, now in zip(table["is_in_period"], last, strict=True)
    ]
    bars = ax.bar(table.index, table["revenue"], width=0.8, color=colours)
    tips = []
    for row in table.to_dict("records"):
        ago = row["year_ago_revenue"]
        moved = (
            say(", {revenue} on a year before", revenue=change(row["revenue"], ago, book))
            if ago > 0
            else ""
        )
        tips.append(f"{ended(row['month'])}: {money(row['revenue'], book)}{moved}")
    mark_each(bars, tips)
    ticks = [place for place in range(len(months) - 1, -1, -6) if place in table.index][::-1]
    ax.set_xticks(ticks, [month(months["month"].iloc[place]) for place in ticks])
    style.money_axis(ax.yaxis, book)
    return style.titles(ax, title, subtitle)
