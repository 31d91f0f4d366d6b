"""Charts of the days ahead: sales by dimension and what changed, falls, health, what is due."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.ahead.calendar import KINDS
from kamlib.ahead.sales import crossed
from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import is_narrow, mark, mark_each, mark_points
from kamlib.plots.style import COLOURS
from kamlib.story.ahead_reach import MOST_ACCOUNTS
from kamlib.story.ahead_record import FEW, MOST
from kamlib.story.ahead_sales import MOST_GROUPS
from kamlib.tables import each
from kamlib.words import date, money, percent, say


def plot_revenue_by(
    revenue_by: pd.DataFrame,
    *,
    dimension: str,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each group's revenue of the period (dark) over that of a year ago (light)."""
    rows = revenue_by[revenue_by["dimension"].eq(dimension)].head(MOST_GROUPS).iloc[::-1]
    ax = ax or style.axes(6.2, 0.9 + 0.36 * max(len(rows), 2))
    if rows.empty:
        return style.nothing(ax, title, subtitle)
    place, now = np.arange(len(rows)), rows["period_revenue"].to_numpy()
    ago = rows["year_ago_period_revenue"].fillna(0.0).to_numpy()
    before = ax.barh(place + 0.16, ago, height=0.42, color=COLOURS["previous"])
    bars = ax.barh(place - 0.1, now, height=0.42, color=COLOURS["actual"])
    told = zip(rows["group"], now, ago, strict=True)
    tips = [
        say("{group}: {now}, a year ago {ago}", group=g, now=money(n, book), ago=money(a, book))
        for g, n, a in told
    ]
    mark_each((*bars, *before), (*tips, *tips))
    for y, row in enumerate(each(rows)):
        share = row.period_change_share
        sign = "" if pd.isna(share) else f", {'+' if share > 0 else '−'}{percent(abs(share), book)}"
        style.label(ax, max(now[y], ago[y], 0.0), y, money(now[y], book) + sign, dx=5)
    ax.set_yticks(place, [style.short(name, 26) for name in rows["group"]])
    least = min(now.min(), ago.min(), 0.0)
    ax.set_xlim(least, max(now.max(), ago.max(), 1e-9) * 1.4)
    style.no_axis(ax.xaxis)
    return style.titles(ax, title, subtitle)


def plot_account_health(
    account_health: pd.DataFrame,
    *,
    most: int = MOST,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the health of the poorest key accounts now, joined to that of a period before."""
    rows = account_health.dropna(subset=["health"]).head(most).iloc[::-1]
    ax = ax or style.axes(6.2, 1.1 + 0.32 * max(len(rows), 2))
    if rows.empty:
        return style.nothing(ax, title, subtitle)
    place, now = np.arange(len(rows)), rows["health"].to_numpy()
    then = (rows["health"] - rows["health_change"]).to_numpy()
    ax.axvline(FEW, color=COLOURS["plan"], lw=1, ls=(0, (4, 3)))
    ax.hlines(place, then, now, color=COLOURS["previous"], lw=2.5)
    ax.scatter(then, place, color=COLOURS["previous"], s=40, zorder=3)
    ax.scatter(
        now, place, color=[COLOURS["bad" if one < FEW else "good"] for one in now], s=55, zorder=4
    )
    for y, value in zip(place, now, strict=True):
        style.label(ax, 100, y, f"{value:.0f}", dx=8)
    ax.set_yticks(place, [style.short(name, 30) for name in rows["name"]])
    tips = [
        say("{name}: health {value:.0f}", name=name, value=value)
        for name, value in zip(rows["name"], now, strict=True)
    ]
    mark_each(ax.get_yticklabels(), tips, rows["account_id"])
    mark_points(ax, then, place, tips, rows["account_id"])
    mark_points(ax, now, place, tips, rows["account_id"])
    ax.set_xlim(0, 106)
    return style.titles(ax, title, subtitle)


def plot_category_map(
    category_map: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw key accounts by category: bought, once bought, needed, bought by peers, rivals named."""
    reach = category_map.groupby("account_id")[["revenue", "need_in_reach"]].sum().sum(axis=1)
    ids = list(reach.sort_values(ascending=False, kind="stable").index[:MOST_ACCOUNTS])
    names = category_map.drop_duplicates("account_id").set_index("account_id")["name"]
    columns = sorted(set(category_map["category"]))[:MOST_GROUPS]
    ax = ax or style.axes(10, 1.3 + 0.34 * max(len(ids), 2))
    if not ids:
        return style.nothing(ax, title, subtitle)
    drawn = category_map[
        category_map["account_id"].isin(ids) & category_map["category"].isin(columns)
    ]
    largest = max(drawn["revenue"].max(), 1e-9)
    for row in each(drawn):
        x, y = columns.index(row.category), ids.index(row.account_id)
        need = money(row.need_in_reach, book) if row.need_in_reach > 0 else ""
        within = say(", {need} in reach", need=need) if need else ""
        rival = row.held_by if isinstance(row.held_by, str) else ""
        within += say("; held by {rival}", rival=rival) if rival else ""
        tip = f"{row.name}, {row.category}: {say(row.map_status)}{within}"
        if row.map_status == "bought":
            shade = style.tint(0.25 + 0.75 * (row.revenue / largest) ** 0.5)
            mark(ax.add_patch(style.cell(x, y, shade)), tip, row.account_id)
        elif row.map_status == "once bought":
            aside = x - 0.4 if need and not is_narrow() else x  # the amount stands in the middle
            hollow = ax.scatter(
                aside,
                y,
                s=60 if aside == x else 24,
                facecolors="none",
                edgecolors=COLOURS["accent"],
                zorder=3,
            )
            mark(hollow, tip, row.account_id)
        elif row.map_status == "peers buy":
            mark(ax.scatter(x, y, s=18, color=COLOURS["quiet"]), tip, row.account_id)
        if need:
            if not is_narrow():  # on a phone the shade says it, and the table of needs
                style.label(ax, x, y, need, dx=0, ha="center", fontsize=8)
            if row.map_status != "bought":
                cell = ax.add_patch(style.cell(x, y, style.tint(0.5, "overdue")))
                mark(cell, tip, row.account_id)
        if rival:
            style.label(
                ax, x + 0.38, y - 0.3, "×", dx=0, ha="center", colour=COLOURS["bad"], fontsize=8
            )
    if is_narrow():  # upright the names of many categories would meet
        named = [style.short(name, 14) for name in columns]
        ax.set_xticks(range(len(columns)), named, fontsize=8, rotation=60, ha="left")
    else:
        named = [style.wrapped(name, 11) for name in columns]
        ax.set_xticks(range(len(columns)), named, fontsize=8)
    letters = 16 if is_narrow() else 26
    ax.set_yticks(range(len(ids)), [style.short(names[one], letters) for one in ids])
    mark_each(ax.get_yticklabels(), [names[one] for one in ids], ids)
    ax.xaxis.tick_top()
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(len(ids) - 0.5, -0.5)
    for side in ("top", "left", "bottom"):
        ax.spines[side].set_visible(False)
    return style.titles(ax, title, subtitle)


def plot_calendar(
    calendar: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw how many dates of each kind fall due in each week ahead; overdue ones stand before."""
    kinds = [kind for kind in KINDS if kind in set(calendar["kind"])]
    ax = ax or style.axes(8, 1.1 + 0.34 * max(len(kinds), 2))
    if not kinds:
        return style.nothing(ax, title, subtitle)
    first = calendar.loc[calendar["due_in"].ne("overdue"), "due_date"].min()
    weeks = ((calendar["due_date"] - first).dt.days // 7).clip(upper=12).fillna(-1)
    weeks = weeks.mask(calendar["due_in"].eq("overdue"), -1.6)
    counts: Any = calendar.groupby([calendar["kind"], weeks]).size()
    most = counts.max()
    for (kind, week), many in counts.items():
        late, y = week < 0, kinds.index(kind)
        spot = ax.scatter(
            week,
            y,
            s=40 + 260 * many / most,
            color=COLOURS["bad" if late else "accent"],
            alpha=0.85,
        )
        when = (
            say("overdue")
            if late
            else say("week of {first}", first=date(first + pd.Timedelta(weeks=week)))
        )
        mark(spot, f"{say(kind)}, {when}: {many}")
        style.label(ax, week, y, str(many), dx=0, dy=0, ha="center", colour="#ffffff", fontsize=8)
    ax.set_yticks(range(len(kinds)), list(map(say, kinds)))
    weeks_named = [4] if is_narrow() else [0, 4, 8]
    days = [first + pd.Timedelta(weeks=week) for week in weeks_named]
    ax.set_xticks([-1.6, *weeks_named, 12], [say("overdue"), *map(date, days), say("later")])
    ax.set_xlim(-2.4, 12.8)
    ax.set_ylim(len(kinds) - 0.4, -0.6)
    return style.titles(ax, title, subtitle)


def plot_revenue_by_two(
    revenue_by_two: pd.DataFrame,
    *,
    dimension: str,
    second_dimension: str,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two dimensions crossed: revenue of the 12 months in each cell, shaded by its change."""
    rows = crossed(revenue_by_two, dimension, second_dimension)
    ups = list(dict.fromkeys(rows["group"]))[:MOST_GROUPS]
    across = rows.groupby("second_group")["year_revenue"].sum().sort_values(ascending=False)
    acrosses = list(across.index[:8])
    ax = ax or style.axes(8, 1.2 + 0.34 * max(len(ups), 2))
    if rows.empty:
        return style.nothing(ax, title, subtitle)
    drawn = rows[rows["group"].isin(ups) & rows["second_group"].isin(acrosses)]
    change = (drawn["year_revenue"] - drawn["year_before_revenue"]).fillna(0.0)
    largest = max(change.abs().max(), 1e-9)
    for row, moved in zip(drawn.itertuples(index=False), change, strict=True):
        x, y = acrosses.index(row.second_group), ups.index(row.group)
        shade = style.tint(abs(moved) / largest, "bad" if moved < 0 else "good")
        sign = "+" if moved > 0 else "−" if moved < 0 else "±"
        tip = f"{row.group}, {row.second_group}: {money(row.year_revenue, book)}, "
        cell = ax.add_patch(style.cell(x, y, shade))
        mark(
            cell,
            say(
                "{tip}{sign}{moved} on the year before",
                tip=tip,
                sign=sign,
                moved=money(abs(moved), book),
            ),
        )
        style.label(ax, x, y, money(row.year_revenue, book), dx=0, ha="center")
    ax.set_xticks(range(len(acrosses)), [style.wrapped(name, 14) for name in acrosses])
    ax.set_yticks(range(len(ups)), [style.short(name, 26) for name in ups])
    ax.xaxis.tick_top()
    ax.set_xlim(-0.5, len(acrosses) - 0.5)
    ax.set_ylim(len(ups) - 0.5, -0.5)
    for side in ("top", "left", "bottom"):
        ax.spines[side].set_visible(False)
    return style.titles(ax, title, subtitle)
