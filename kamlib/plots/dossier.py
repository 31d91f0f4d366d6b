"""Charts of the account dossier: what was supplied, promises, people, wallet, plan, timeline."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from kamlib.plots.stakeholders import cut_to, plot_stakeholder_map
from kamlib.plots.style import (
    COLOURS,
    INK,
    QUIET,
    axes,
    columns_wide,
    label,
    month_axis,
    no_axis,
    short,
    titles,
)
from kamlib.tables import each
from kamlib.words.amounts import change, date, money, share

__all__ = [
    "plot_account_timeline",
    "plot_category_history",
    "plot_plan_progress",
    "plot_promises_kept",
    "plot_stakeholder_map",
    "plot_wallet",
]
LANES = ("order", "tier", "agreement", "tender", "incident", "satisfaction", "decision")


def plot_category_history(
    history: pd.DataFrame,
    totals: pd.DataFrame,
    *,
    ax: Axes | None = None,
    book: Any = None,
    most: int = 8,
) -> Axes:
    """Draw two years by month, one row of columns per category, all rows on one scale."""
    ranked = list(dict.fromkeys(history["category"]))
    drawn = ranked[:most]
    ax = ax if ax is not None else axes(8, 1.1 + 0.62 * max(len(drawn), 1))
    no_axis(ax.yaxis)
    if not drawn:
        return _nothing(
            ax, "Nothing was supplied in the last two years", "orders by category and month"
        )
    months = sorted(history["month"].unique())
    top = max(float(history["revenue"].max()), 1e-9)
    known = totals.set_index("category")
    for row, category in enumerate(drawn):
        own = history[history["category"].eq(category)].sort_values("month")["revenue"].to_numpy()
        colours = [
            COLOURS["previous"] if i < len(own) - 12 else COLOURS["actual"] for i in range(len(own))
        ]
        ax.bar(range(len(own)), own / top * 0.82, bottom=-row, width=0.78, color=colours)
        ax.axhline(-row, color=QUIET, linewidth=0.5)
        label(ax, -0.8, -row + 0.3, short(category, 24), dx=-4)
        now, before = (
            float(known[name].get(category, 0.0)) for name in ("revenue", "previous_revenue")
        )
        label(ax, len(own) - 0.2, -row + 0.42, money(now, book))
        moved = (
            change(now, before, book) if before > 0 else "new" if now > 0 and before <= 0 else ""
        )
        label(ax, len(own) - 0.2, -row + 0.12, moved, colour=_mood(now - before))
    ax.set_xlim(-1, len(months) + 0.2)
    ax.set_ylim(-len(drawn) + 0.9, 1.0)
    ticks = [i for i, month in enumerate(months) if i % 6 == len(months) % 6]
    ax.set_xticks(ticks, [f"{pd.Timestamp(months[i]):%b %Y}" for i in ticks])
    ax.spines["bottom"].set_visible(False)
    left = len(ranked) - len(drawn)
    cut = f"; {left} smaller categories are in the table" if left else ""
    subtitle = f"Net revenue by month, last 12 months strong, the 12 before pale; one scale{cut}"
    return titles(ax, _supplied_finding(totals, book), subtitle)


def _supplied_finding(totals: pd.DataFrame, book: Any) -> str:
    now, before = float(totals["revenue"].sum()), float(totals["previous_revenue"].sum())
    if totals["previous_revenue"].isna().all():
        return f"{money(now, book)} in the last 12 months; the data do not cover the year before"
    moved = totals.reindex(
        totals["revenue_change"].abs().sort_values(ascending=False, kind="stable").index
    )
    if before <= 0:
        return f"{money(now, book)} in the last 12 months, nothing in the 12 before"
    total = f"{money(now, book)}, {change(now, before, book)} on the year before"
    if len(moved) < 2 or moved["revenue_change"].iloc[0] == 0:
        return total
    first = moved.iloc[0]
    word = "rose" if first["revenue_change"] > 0 else "fell"
    return (
        f"{total}; {first['category']} {word} most, by {money(abs(first['revenue_change']), book)}"
    )


def plot_promises_kept(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw deliveries promised per quarter, on time and late, with the incidents of the quarter
    below.
    """
    ax = ax if ax is not None else axes(8, 3)
    no_axis(ax.yaxis)
    if table.empty or not (table["due_count"].sum() or table["incident_count"].sum()):
        return _nothing(ax, "No promise and no incident on record", "deliveries by quarter")
    places = range(len(table))
    ax.bar(places, table["on_time_count"], width=0.6, color=COLOURS["previous"])
    ax.bar(
        places, table["late_count"], width=0.6, bottom=table["on_time_count"], color=COLOURS["bad"]
    )
    for place, row in zip(places, each(table), strict=True):
        if row.due_count:
            text = share(row.on_time_share, decimals=0)
            late = f"{text}, {row.late_count} late" if row.late_count else text
            label(ax, place, row.due_count, late, dx=0, dy=8, ha="center")
        elif row.incident_count:
            label(ax, place, 0, "none due", dx=0, dy=8, ha="center", colour=QUIET)
    marks = [f"\n{n} incident{'s' if n > 1 else ''}" if n else "" for n in table["incident_count"]]
    ends = [
        f"{day:%b %Y}{mark}" for day, mark in zip(table["quarter_end_date"], marks, strict=True)
    ]
    ax.set_xticks(list(places), ends)
    ax.margins(y=0.15)
    late_now, due, incidents = (
        int(table.tail(4)[c].sum()) for c in ("late_count", "due_count", "incident_count")
    )
    finding = "Nothing was due"
    if due:
        verb = "were" if late_now > 1 else "was"
        finding = f"{late_now or 'None'} of {due} promised deliveries {verb} late in the last four quarters"
    finding += f"; {incidents} incident{'s' if incidents != 1 else ''} opened" if incidents else ""
    return titles(
        ax,
        finding,
        "Orders by quarter of the promised day: on time grey, late red; share on time above",
    )


def plot_wallet(
    table: pd.DataFrame, *, ax: Axes | None = None, book: Any = None, most: int = 10
) -> Axes:
    """Draw each need's annual spend as an outline and what we supply of it as a bar."""
    known = table[table["annual_spend"].gt(0)]
    drawn = known.head(most)
    ax = ax if ax is not None else axes(8, 1.2 + 0.42 * max(len(drawn), 1))
    if drawn.empty:
        return _nothing(ax, "No need on record", "annual spend by need")
    places = [-i for i in range(len(drawn))]
    ax.barh(
        places,
        drawn["annual_spend"],
        height=0.62,
        facecolor="none",
        edgecolor=COLOURS["plan"],
        linewidth=1,
    )
    colours = [COLOURS["overdue"] if bad else COLOURS["actual"] for bad in drawn["is_bad_estimate"]]
    ax.barh(places, drawn["revenue"].clip(lower=0), height=0.4, color=colours)
    for place, row in zip(places, each(drawn), strict=True):
        text = f"{share(row.wallet_share, decimals=0)} of {money(row.annual_spend, book)}"
        colour = INK
        if row.is_bad_estimate:
            text, colour = f"{text}: estimate is wrong", COLOURS["overdue"]
        label(ax, max(row.annual_spend, row.revenue), place, text, colour=colour)
    ax.set_yticks(places, [short(name, 26) for name in drawn["category"]])
    ax.spines["left"].set_visible(False)
    no_axis(ax.xaxis)
    ax.margins(x=0.28)
    ax.set_xlim(left=0)
    good = known[~known["is_bad_estimate"]]
    spend, ours = float(good["annual_spend"].sum()), float(good["revenue"].sum())
    finding = "Every estimate of the spend is below what we sell"
    if spend > 0:
        finding = f"We supply {share(ours / spend, decimals=0)} of the known spend; "
        finding += f"{money(good['held_by_others'].sum(), book)} a year goes to others"
    left = len(known) - len(drawn)
    cut = f"; the {left} smallest needs are in the table" if left else ""
    return titles(ax, finding, f"Annual spend (outline) and our last 12 months (bar) by need{cut}")


def plot_plan_progress(objectives: pd.DataFrame, *, ax: Axes | None = None, most: int = 12) -> Axes:
    """Draw how far each objective is, overdue ones on top, with a mark where it was a period ago."""
    drawn = objectives.head(most)
    ax = ax if ax is not None else axes(8, 1.1 + 0.4 * max(len(drawn), 1))
    if drawn.empty:
        return _nothing(ax, "No objective on record", "objectives of the account plan")
    colours = {"overdue": COLOURS["overdue"], "kept": COLOURS["good"], "missed": COLOURS["bad"]}
    for place, row in zip((-i for i in range(len(drawn))), each(drawn), strict=True):
        ax.barh(place, 1, height=0.42, facecolor="none", edgecolor=COLOURS["plan"], linewidth=0.8)
        colour = colours.get(row.status, COLOURS["actual"])
        ax.barh(place, row.done_share, height=0.42, color=colour)
        if pd.notna(row.previous_done_share):
            ax.plot(
                [row.previous_done_share] * 2,
                [place - 0.32, place + 0.32],
                color=INK,
                linewidth=1.4,
            )
        text = f"{share(row.done_share, decimals=0)} · due {date(row.due_date)} · {short(row.owner, 20)}"
        if row.status == "overdue":
            text = f"{share(row.done_share, decimals=0)} · overdue {row.overdue_days:.0f} days · {short(row.owner, 20)}"
        elif row.status != "open":
            text = f"{row.status} · {short(row.owner, 20)}"
        label(ax, 1, place, text, colour=colour if row.status == "overdue" else INK)
    ax.set_yticks([-i for i in range(len(drawn))], [cut_to(text, 46) for text in drawn["text"]])
    ax.set_xlim(0, 2)
    no_axis(ax.xaxis)
    ax.spines["left"].set_visible(False)
    counts = objectives["status"].value_counts()
    said = [
        f"{counts[name]} {name}" for name in ("overdue", "open", "kept", "missed") if name in counts
    ]
    cut = (
        f"; {len(objectives) - len(drawn)} more in the table"
        if len(objectives) > len(drawn)
        else ""
    )
    mark = (
        "; the stroke is where it stood a period ago"
        if drawn["previous_done_share"].notna().any()
        else ""
    )
    return titles(ax, f"Objectives: {', '.join(said)}", f"Share done of each objective{mark}{cut}")


def plot_account_timeline(
    timeline: pd.DataFrame, *, as_of: pd.Timestamp, ax: Axes | None = None, years: int = 5
) -> Axes:
    """Draw the events of the last years, one lane per kind, labelled where there is room."""
    start = as_of - pd.DateOffset(years=years)
    recent = timeline[timeline["date"].ge(start)].sort_values(["date", "event"], kind="stable")
    lanes = [lane for lane in LANES if recent["kind"].eq(lane).any()]
    ax = ax if ax is not None else axes(8, 1.1 + 0.5 * max(len(lanes), 1))
    no_axis(ax.yaxis)
    if not lanes:
        return _nothing(ax, f"No event in the last {years} years", "relationship by kind of event")
    first = max(start, recent["date"].min() - pd.DateOffset(months=1))
    days = max((as_of - first).days, 1)
    letter = days / 118  # room of one letter of a label, in days, on an eight-inch chart
    for row, lane in enumerate(lanes):
        own = recent[recent["kind"].eq(lane)]
        ax.axhline(-row, color=COLOURS["previous"], linewidth=0.6, zorder=0)
        label(ax, first, -row, lane, dx=-8, colour=QUIET)
        colours = [_event_colour(event.event, event.mark, lane) for event in each(own)]
        ax.scatter(own["date"], [-row] * len(own), s=26, color=colours, zorder=3)
        free = date2num(first) - 1
        quiet = own["event"].str.contains(
            r" opened$| ended$|^resolved: "
        ) & own.index.to_series().ne(own.index[-1])
        for event in each(own[~quiet] if lane != "satisfaction" else own.iloc[:0]):
            text, at = cut_to(_event_text(event, lane), 30), date2num(event.date)
            wide = columns_wide(text) * letter
            from_ = min(at, date2num(as_of) - wide)
            if from_ > free:
                label(ax, from_, -row + 0.34, text, dx=0, ha="left", fontsize=8)
                free = from_ + wide + 2 * letter
    if "satisfaction" in lanes:
        own = recent[recent["kind"].eq("satisfaction")]
        for event in each(own.iloc[[0, -1]].drop_duplicates()):
            label(
                ax,
                event.date,
                -lanes.index("satisfaction") + 0.34,
                f"{event.mark:g}",
                dx=0,
                ha="center",
                fontsize=8,
            )
    ax.set_xlim(date2num(first), date2num(as_of) + days * 0.02)
    ax.set_ylim(-len(lanes) + 0.6, 0.7)
    month_axis(ax.xaxis)
    news = recent[~recent["kind"].isin(["order", "satisfaction"])]
    latest = (news if len(news) else recent).iloc[-1]
    beside = "Latest beside orders" if len(news) else "Latest"
    finding = f"{beside}: {latest['event']}, {date(latest['date'])}"
    return titles(
        ax,
        finding,
        f"Events of the last {years} years by kind, up to {date(as_of)}; all of them in the table",
    )


def _event_text(event: Any, lane: str) -> str:
    return event.event.removeprefix("incident: ") if lane == "incident" else event.event


def _event_colour(event: str, mark: float, lane: str) -> str:
    if lane == "incident":
        return COLOURS["good"] if event.startswith("resolved") else COLOURS["bad"]
    if lane == "tender":
        return (
            COLOURS["good"]
            if event.endswith(" won")
            else COLOURS["bad"]
            if event.endswith(" lost")
            else QUIET
        )
    if lane == "satisfaction":
        return COLOURS["bad"] if mark <= 4 else COLOURS["good"] if mark >= 8 else QUIET
    return COLOURS["accent"]


def _mood(difference: float) -> str:
    return COLOURS["good"] if difference > 0 else COLOURS["bad"] if difference < 0 else QUIET


def _nothing(ax: Axes, finding: str, subtitle: str) -> Axes:
    no_axis(ax.xaxis)
    no_axis(ax.yaxis)
    return titles(ax, finding, subtitle)
