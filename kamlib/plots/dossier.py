"""Charts of the account dossier: what was supplied, promises, people, wallet, plan, timeline."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from kamlib.book import BookSettings
from kamlib.plots.marks import columns, is_narrow, mark, mark_each, spot, width_of
from kamlib.plots.stakeholders import cut_to, plot_org_chart, plot_stakeholder_map
from kamlib.plots.style import (
    COLOURS,
    INK,
    QUIET,
    axes,
    columns_wide,
    label,
    month_axis,
    no_axis,
    nothing,
    short,
    titles,
)
from kamlib.story.dossier_charts import MOST_CATEGORIES, MOST_NEEDS, MOST_OBJECTIVES, TIMELINE_YEARS
from kamlib.story.dossier_notes import event, incident_said
from kamlib.tables import each
from kamlib.words import change, count, date, ended, money, month, number, say, share

__all__ = [
    "plot_account_timeline",
    "plot_category_history",
    "plot_org_chart",
    "plot_plan_progress",
    "plot_promises_kept",
    "plot_stakeholder_map",
    "plot_wallet",
]
_MOODS = {
    "incident": COLOURS["bad"],
    "resolved": COLOURS["good"],
    "won": COLOURS["good"],
    "lost": COLOURS["bad"],
    "opened": QUIET,
}
_QUIET_EVENTS = ("opened", "ended", "resolved")
LANES = ("order", "tier", "agreement", "tender", "incident", "satisfaction", "decision")


def plot_category_history(
    category_history: pd.DataFrame,
    category_totals: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two years by month, one row of columns per category, all rows on one scale."""
    drawn = list(category_history["category"].unique()[:MOST_CATEGORIES])
    ax = ax if ax is not None else axes(8, 1.1 + 0.46 * max(len(drawn), 1))
    no_axis(ax.yaxis)
    if not drawn:
        return nothing(ax, title, subtitle)
    months = sorted(category_history["month"].unique())
    top = max(float(category_history["revenue"].max()), 1e-9)
    known = category_totals.set_index("category")
    for row, category in enumerate(drawn):
        own = category_history[category_history["category"].eq(category)].sort_values("month")
        sizes = own["revenue"].to_numpy() / top * 0.82
        places = [place for place, size in enumerate(sizes) if size]
        colours = [
            COLOURS["actual" if place >= len(sizes) - 12 else "previous"] for place in places
        ]
        bars = columns(ax, places, sizes[places], colours, bottom=-row, width=0.78)
        bought = own.iloc[places]
        told = zip(bought["month"], bought["revenue"], strict=True)
        mark_each(bars, [f"{category}, {ended(day)}: {money(value, book)}" for day, value in told])
        ax.axhline(-row, color=QUIET, linewidth=0.5)
        label(ax, -0.8, -row + 0.3, short(category, 24), dx=-4)
        now, before = (
            float(known[name].get(category, 0.0)) for name in ("revenue", "previous_revenue")
        )
        label(ax, len(sizes) - 0.2, -row + 0.42, money(now, book))
        moved = say("new") if now > 0 and before <= 0 else ""
        moved = change(now, before, book) if before > 0 else moved
        label(ax, len(sizes) - 0.2, -row + 0.12, moved, colour=_mood(now - before))
    ax.set_xlim(-1, len(months) + 0.2)
    ax.set_ylim(-len(drawn) + 0.9, 1.0)
    ticks = [i for i in range(len(months)) if i % 6 == len(months) % 6]
    ax.set_xticks(ticks, [month(months[i]) for i in ticks])
    ax.spines["bottom"].set_visible(False)
    return titles(ax, title, subtitle)


def plot_promises_kept(
    promises_kept: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw deliveries promised per quarter, on time and late, with the incidents of the quarter
    below.
    """
    ax = ax if ax is not None else axes(8, 3)
    no_axis(ax.yaxis)
    table = promises_kept
    if not table[["due_count", "incident_count"]].to_numpy().sum():
        return nothing(ax, title, subtitle)
    places = range(len(table))
    bars = ax.bar(places, table["on_time_count"], width=0.6, color=COLOURS["previous"])
    tips = [
        say(
            "3 months to {quarter_end_date}: {on_time_count} of {due_count} on time",
            quarter_end_date=month(row.quarter_end_date),
            on_time_count=row.on_time_count,
            due_count=row.due_count,
        )
        for row in each(table)
    ]
    late = ax.bar(
        places, table["late_count"], width=0.6, bottom=table["on_time_count"], color=COLOURS["bad"]
    )
    mark_each((*bars, *late), (*tips, *tips))
    for place, row in zip(places, each(table), strict=True):
        if row.due_count:
            text = share(row.on_time_share, decimals=0)
            said = (
                say("{text}, {late_count} late", text=text, late_count=row.late_count)
                if row.late_count and not is_narrow()
                else text
            )
            label(ax, place, row.due_count, said, dx=0, dy=8, ha="center")
        elif row.incident_count:
            label(ax, place, 0, say("none due"), dx=0, dy=8, ha="center", colour=QUIET)
    marks = [f"\n{count(n, 'incident')}" if n else "" for n in table["incident_count"]]
    ends = [
        f"{month(day)}{mark}" for day, mark in zip(table["quarter_end_date"], marks, strict=True)
    ]
    step = 2 if is_narrow() else 1
    ax.set_xticks(list(places)[::-step][::-1], ends[::-step][::-1])
    ax.margins(y=0.15)
    return titles(ax, title, subtitle)


def plot_wallet(
    wallet: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each need's annual spend as an outline and what we supply of it as a bar."""
    drawn = wallet[wallet["annual_spend"].gt(0)].head(MOST_NEEDS)
    ax = ax if ax is not None else axes(8, 1.1 + 0.36 * max(len(drawn), 1))
    if drawn.empty:
        return nothing(ax, title, subtitle)
    places = [-i for i in range(len(drawn))]
    frame: dict[str, Any] = {"facecolor": "none", "edgecolor": COLOURS["plan"], "linewidth": 1}
    spends = ax.barh(places, drawn["annual_spend"], height=0.62, **frame)
    colours = [COLOURS["overdue"] if bad else COLOURS["actual"] for bad in drawn["is_bad_estimate"]]
    bars = ax.barh(places, drawn["revenue"].clip(lower=0), height=0.4, color=colours)
    for place, row in zip(places, each(drawn), strict=True):
        text = say(
            "{wallet_share} of {annual_spend}",
            wallet_share=share(row.wallet_share, decimals=0),
            annual_spend=money(row.annual_spend, book),
        )
        colour = INK
        if row.is_bad_estimate:
            text, colour = say("{text}: estimate is wrong", text=text), COLOURS["overdue"]
        label(ax, max(row.annual_spend, row.revenue), place, text, colour=colour)
        mark(spends[-place], f"{row.category}: {text}")
        mark(bars[-place], f"{row.category}: {text}")
    ax.set_yticks(places, [short(name, 26) for name in drawn["category"]])
    ax.spines["left"].set_visible(False)
    no_axis(ax.xaxis)
    ax.margins(x=0.28)
    ax.set_xlim(left=0)
    return titles(ax, title, subtitle)


def plot_plan_progress(
    plan_objectives: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw how far each objective is, overdue ones on top, a mark where it was a period ago."""
    drawn = plan_objectives.head(MOST_OBJECTIVES)
    ax = ax if ax is not None else axes(8, 1.1 + 0.4 * max(len(drawn), 1))
    if drawn.empty:
        return nothing(ax, title, subtitle)
    colours = {"overdue": COLOURS["overdue"], "kept": COLOURS["good"], "missed": COLOURS["bad"]}
    for place, row in zip((-i for i in range(len(drawn))), each(drawn), strict=True):
        frame: dict[str, Any] = {
            "facecolor": "none",
            "edgecolor": COLOURS["plan"],
            "linewidth": 0.8,
        }
        colour = colours.get(row.status, COLOURS["actual"])
        whole = ax.barh(place, 1, height=0.42, **frame)
        bars = ax.barh(place, row.done_share, height=0.42, color=colour)
        if pd.notna(row.previous_done_share):
            ax.plot(
                [row.previous_done_share] * 2,
                [place - 0.32, place + 0.32],
                color=INK,
                linewidth=1.4,
            )
        done, owner = share(row.done_share, decimals=0), short(row.owner, 20)
        text = say(
            "{done} · due {due_date} · {owner}", done=done, due_date=date(row.due_date), owner=owner
        )
        if row.status == "overdue":
            text = say(
                "{done} · overdue {overdue_days:.0f} days · {owner}",
                done=done,
                overdue_days=row.overdue_days,
                owner=owner,
            )
        elif row.status != "open":
            text = f"{say(row.status)} · {owner}"
        label(ax, 1, place, text, colour=colour if row.status == "overdue" else INK)
        mark_each((*whole, *bars), [f"{row.text}: {text}"] * 2)
    ax.set_yticks(
        [-i for i in range(len(drawn))],
        [cut_to(text, 26 if is_narrow() else 46) for text in drawn["text"]],
    )
    ax.set_xlim(0, 2)
    no_axis(ax.xaxis)
    ax.spines["left"].set_visible(False)
    return titles(ax, title, subtitle)


def plot_account_timeline(
    account_timeline: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the events of the last years, one lane per kind, labelled where there is room."""
    start = as_of - pd.DateOffset(years=TIMELINE_YEARS)
    recent = account_timeline[account_timeline["date"].ge(start)]
    recent = recent.assign(event=[event(row) for row in each(recent)])
    recent = recent.sort_values(["date", "event"], kind="stable")
    lanes = [lane for lane in LANES if recent["kind"].eq(lane).any()]
    ax = ax if ax is not None else axes(8, 1.0 + 0.42 * max(len(lanes), 1))
    no_axis(ax.yaxis)
    if not lanes:
        return nothing(ax, title, subtitle)
    first = max(start, recent["date"].min() - pd.DateOffset(months=1))
    days = max((as_of - first).days, 1)
    # Room of one letter of a label, in days: 118 fit an eight-inch chart beside its lanes' names,
    # where type is not larger as on a phone.
    letters = (92 if is_narrow() else 118) * (width_of(8) - 0.9) / 7.1
    letter = days / letters
    for row, lane in enumerate(lanes):
        own = recent[recent["kind"].eq(lane)]
        ax.axhline(-row, color=COLOURS["previous"], linewidth=0.6, zorder=0)
        label(ax, first, -row, say(lane), dx=-8, colour=QUIET)
        for one in each(own):
            colour = _event_colour(one.event_code, one.mark)
            options: dict[str, Any] = {"markersize": 6, "clip_on": False}
            drawn = spot(ax, date2num(one.date), -row, color=colour, zorder=3, **options)
            drawn.set_in_layout(False)  # it lies within the axes, but for half of itself
            mark(drawn, f"{date(one.date)}: {one.event}")
        _label_events(ax, own, lane, -row + 0.34, letter, (date2num(first), date2num(as_of)))
    ax.set_xlim(date2num(first), date2num(as_of) + days * 0.02)
    ax.set_ylim(-len(lanes) + 0.6, 0.7)
    month_axis(ax.xaxis)
    return titles(ax, title, subtitle)


def _label_events(
    ax: Axes, own: pd.DataFrame, lane: str, height: float, letter: float, ends: tuple[float, float]
) -> None:
    """Label a lane's events where there is room: the first and last mark, else what is news."""
    if lane == "satisfaction":
        for one in each(own.iloc[[0, -1]].drop_duplicates()):
            label(ax, one.date, height, number(one.mark), dx=0, ha="center", fontsize=8)
        return
    is_last = own.index == own.index[-1]
    free = ends[0] - 1
    for one in each(own[~own["event_code"].isin(_QUIET_EVENTS) | is_last]):
        text = cut_to(incident_said(one) if one.event_code == "incident" else one.event, 30)
        wide = columns_wide(text) * letter
        at = min(date2num(one.date), ends[1] - wide)
        if at > free:
            label(ax, at, height, text, dx=0, ha="left", fontsize=8)
            free = at + wide + 2 * letter


def _event_colour(code: str, mark: float) -> str:
    if code == "satisfaction":
        return COLOURS["bad"] if mark <= 4 else COLOURS["good"] if mark >= 8 else QUIET
    return COLOURS["accent"] if code not in _MOODS else _MOODS[code]


def _mood(difference: float) -> str:
    return COLOURS["good"] if difference > 0 else COLOURS["bad"] if difference < 0 else QUIET
