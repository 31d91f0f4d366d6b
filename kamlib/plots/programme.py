"""Charts of the programme review: load, moves, coverage, return, competence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import mark, mark_each, mark_points
from kamlib.plots.style import COLOURS
from kamlib.programme.coverage import PARTS
from kamlib.story.programme_tables import MOST_ACCOUNTS, MOST_MANAGERS
from kamlib.tables import each
from kamlib.words import date, ended, money, month, number, say, share

LIMITS = {"hours": "hours_per_month", "revenue": "revenue_limit"}


def plot_workload(
    workload: pd.DataFrame,
    *,
    measure: str = "hours",
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw hours (or revenue) of each manager against what one can carry, the limit as a line."""
    people = workload[workload["manager_id"].ne("")].head(MOST_MANAGERS).iloc[::-1]
    ax = ax or style.axes(5.2, 0.8 + 0.36 * max(len(people), 2))
    style.no_axis(ax.xaxis)
    if people.empty:
        return style.nothing(ax, title, subtitle)
    place, limit, load = np.arange(len(people)), LIMITS[measure], people[f"{measure}_load_share"]
    colours = [COLOURS["bad" if one > 1 else "actual"] for one in load.fillna(0)]
    bars = ax.barh(place, people[measure], color=colours, height=0.6)
    ax.vlines(people[limit], place - 0.42, place + 0.42, COLOURS["plan"], lw=2)
    for y, (value, end, part) in enumerate(zip(people[measure], people[limit], load, strict=True)):
        amount = say("{value:.0f} h", value=value) if measure == "hours" else money(value, book)
        known = "" if pd.isna(part) else f", {share(part, book, decimals=0)}"
        style.label(ax, np.fmax(value, end), y, amount + known, dx=6)  # beyond bar and limit
        mark(bars[y], f"{people['manager_name'].iloc[y]}: {amount}{known}")
    named = zip(people["manager_name"], people["key_count"], strict=True)
    ax.set_yticks(place, [f"{style.short(name, 22)} ({count})" for name, count in named])
    ax.set_xlim(0, max(people[[measure, limit]].max().max(), 1e-9) * 1.45)
    return style.titles(ax, title, subtitle)


def plot_assignment_loads(
    assignment_loads: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each manager's load in hours, today and as proposed."""
    table = assignment_loads.assign(
        now=assignment_loads["hours_load_share"],
        then=assignment_loads["proposed_hours_load_share"],
    )
    table = table.sort_values("now", kind="stable").tail(MOST_MANAGERS)
    ax = ax or style.axes(8, 1.5 + 0.36 * max(len(table), 2))
    if table.empty:
        return style.nothing(ax, title, subtitle)
    place = np.arange(len(table))
    ax.hlines(place, table["now"], table["then"], color=COLOURS["previous"], lw=2.5)
    ax.scatter(table["now"], place, color=COLOURS["previous"], s=60, zorder=3)
    ax.scatter(table["then"], place, color=COLOURS["accent"], marker="D", s=50, zorder=4)
    ax.axvline(1, color=COLOURS["plan"], lw=1, ls=(0, (4, 3)))
    ax.set_yticks(place, [style.short(name, 26) for name in table["manager_name"]])
    tips = [
        say(
            "{manager_name}: {now} of the hours today, {then} as proposed",
            manager_name=row.manager_name,
            now=share(row.now, book, decimals=0),
            then=share(row.then, book, decimals=0),
        )
        for row in each(table)
    ]
    mark_points(ax, table["now"], place, tips)
    mark_points(ax, table["then"], place, tips)
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlim(0, max(table[["now", "then"]].max().max(), 1) * 1.1)
    style.share_axis(ax.xaxis, book)
    return style.titles(ax, title, subtitle)


def plot_coverage(
    coverage: pd.DataFrame,
    coverage_summary: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what each key account has (filled), has in part (light) and lacks (open).

    The most gaps on top; parts that the book records of nobody take no column.
    """
    shown = coverage.head(MOST_ACCOUNTS)
    ax = ax or style.axes(8, 1.4 + 0.26 * max(len(shown), 3))
    parts = coverage_summary.dropna(subset=["covered_share"])["part"].to_list()
    for x, part in enumerate(parts):
        for y, (value, name) in enumerate(
            zip(shown[PARTS[part]].astype(float), shown["name"], strict=True)
        ):
            face = "none" if value <= 0 else to_rgba(COLOURS["good"], 1.0 if value >= 1 else 0.35)
            edge = COLOURS["bad"] if value <= 0 else COLOURS["good"]
            options: dict[str, Any] = {"s": 85, "marker": "s", "linewidths": 1.3}
            spot = ax.scatter(x, y, facecolors=face, edgecolors=edge, **options)
            has = (
                say("open")
                if value <= 0
                else say("filled")
                if value >= 1
                else say("filled in part")
            )
            mark(spot, f"{name}, {say(part)}: {has}", shown["account_id"].iloc[y])
    ax.set_yticks(range(len(shown)), [style.short(name, 34) for name in shown["name"]])
    mark_each(ax.get_yticklabels(), shown["name"], shown["account_id"])
    ax.set_xticks(range(len(parts)), [say(part).replace(" ", "\n", 1) for part in parts])
    ax.xaxis.tick_top()
    ax.set_xlim(-0.6, len(PARTS) - 0.4)
    ax.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    _bare(ax)
    return style.titles(ax, title, subtitle)


def _bare(ax: Axes) -> None:
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)


def plot_programme_return(
    programme_return: pd.DataFrame,
    programme_payback: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cumulative margin above expectation less cost, its interval, and the payback."""
    ax = ax or style.axes(8, 4.2)
    table = programme_return
    if table.empty:
        return style.nothing(ax, title, subtitle)
    days, total, spent = table["month"], table["cumulative"], -table["cost"].cumsum()
    first, last = days.iloc[0], days.iloc[-1]
    band: dict[str, Any] = {"color": COLOURS["accent"], "alpha": 0.16, "lw": 0}
    ax.fill_between(days, table["cumulative_low"], table["cumulative_high"], **band)
    ax.plot(days, total, color=COLOURS["actual"])
    tips = [f"{ended(m)}: {money(v, book)}" for m, v in zip(days, total, strict=True)]
    mark_points(ax, days, total, tips)
    ax.axhline(0, color=COLOURS["plan"], lw=1)
    ax.plot(days, spent, color=COLOURS["plan"], lw=1.2, ls=(0, (4, 3)))
    style.label(ax, last, spent.iloc[-1], say("cost alone"), colour=COLOURS["quiet"])
    style.label(ax, last, total.iloc[-1], money(total.iloc[-1], book))
    paid = programme_payback[programme_payback["question"].eq("payback")]
    at_top: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "va": "top"}
    for row in each(paid.dropna(subset=["month"])):
        sure = row.answer == "paid back"
        colour = COLOURS["good" if sure else "overdue"]
        ax.scatter(row.month, row.cumulative, s=70, zorder=5, color=colour)
        ax.axvline(row.month, color=COLOURS["quiet"], lw=0.8, ls=(0, (1, 2)))
        text = say("payback {month}", month=date(row.month)) + (
            "" if sure else say(", not certain")
        )
        style.label(ax, row.month, 1, text, dx=4, dy=-5, **at_top)
    ax.margins(x=0.02)
    style.month_axis(ax.xaxis)
    ax.set_xlim(right=last + (last - first) * 0.02)
    style.money_axis(ax.yaxis, book)
    return style.titles(ax, title, subtitle)


def plot_competence(
    competence: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the latest rating of each manager in each skill; needs are framed."""
    grid = competence.pivot_table(index="skill", columns="manager_name", values="rating", sort=True)
    ax = ax or style.axes(8, 1.5 + 0.32 * max(len(grid), 3))
    if grid.empty:
        return style.nothing(ax, title, subtitle)
    sns.heatmap(
        grid,
        ax=ax,
        cmap=style.tints("accent"),
        vmin=1,
        vmax=5,
        cbar=False,
        xticklabels=False,
        yticklabels=False,
    )
    ax.set(xlabel="", ylabel="")
    columns = {name: x for x, name in enumerate(grid.columns)}
    rows = {skill: y for y, skill in enumerate(grid.index)}
    for one in each(competence):
        x, y = columns[one.manager_name], rows[one.skill]
        rated = number(one.rating) + {"up": " ▲", "down": " ▼"}.get(one.trend, "")
        style.label(ax, x + 0.5, y + 0.5, rated, dx=0, ha="center")
        tip = f"{one.manager_name}, {one.skill}: {rated}"
        mark(ax.add_patch(Rectangle((x, y), 1, 1, facecolor=style.tint(0), linewidth=0)), tip)
        if one.is_training_need:
            left, right, top, bottom = x + 0.06, x + 0.94, y + 0.1, y + 0.9
            frame = [left, right, right, left, left], [top, top, bottom, bottom, top]
            ax.plot(*frame, color=COLOURS["bad"], lw=1.4)
    names = [style.short(name, 18) for name in columns]
    skills = [style.short(skill, 34) for skill in rows]
    ax.set_xticks(np.arange(len(names)) + 0.5, names)
    ax.set_yticks(np.arange(len(skills)) + 0.5, skills, rotation=0)
    _bare(ax)
    return style.titles(ax, title, subtitle)


def plot_programme_engagement(
    programme_engagement: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw engagement and loyalty of the key accounts by quarter."""
    ax = ax or style.axes(8, 3.4)
    table = programme_engagement
    if table[["engagement_share", "loyalty_share"]].notna().sum().max() < 2:
        return style.nothing(ax, title, subtitle)
    ends = []
    for name, colour in (("engagement", COLOURS["accent"]), ("loyalty", COLOURS["active"])):
        own = table.dropna(subset=[f"{name}_share"])
        days, shares = own["quarter_end_date"], own[f"{name}_share"]
        if len(own):
            ax.plot(days, shares, color=colour, marker="o", ms=4)
            told = zip(days, shares, strict=True)
            tips = [f"{say(name)}, {month(day)}: {share(one)}" for day, one in told]
            mark_points(ax, days, shares, tips)
            ends.append((shares.iloc[-1], days.iloc[-1], name, colour))
    heights = style.apart([end[0] for end in ends], 0.07)
    for height, (_, day, name, colour) in zip(heights, ends, strict=True):
        style.label(ax, day, height, say(name), colour=colour, dx=8)
    ax.set_ylim(0, 1.05)
    ax.margins(x=0.04)
    days = table["quarter_end_date"]
    ax.set_xticks(days, [month(day) for day in days])
    style.share_axis(ax.yaxis)
    return style.titles(ax, title, subtitle)
