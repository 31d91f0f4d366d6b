"""Charts of retention: where revenue went, who is silent, how good alarms are, losses, cohorts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import is_narrow, mark, mark_each, mark_points, mark_rows, width_of
from kamlib.plots.style import COLOURS
from kamlib.story.losses import MOST_GROUPS
from kamlib.story.status import MOST_OVERDUE
from kamlib.tables import each
from kamlib.words import count, ended, money, month, number, phrase, say, share

STEP_NAMES = {
    "base": phrase("year before"),
    "new": "new",
    "returned": "returned",
    "expansion": "grown",
    "contraction": "shrunk",
    "stopped": "stopped",
    "now": phrase("this year"),
}


def plot_revenue_bridge(
    revenue_bridge: pd.DataFrame,
    *,
    scope: str = "all",
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the revenue bridge of one scope as a waterfall: every bar starts where the one before
    ended.
    """
    ax = ax or style.axes(5.2, 3.2)
    rows = revenue_bridge[revenue_bridge["scope"].eq(scope)].set_index("step")
    if rows.empty:
        return style.nothing(ax, title, subtitle)
    down = {"contraction", "stopped"}
    change = rows["revenue"].where(~rows.index.isin(down), -rows["revenue"])
    ends = change.iloc[:-1].cumsum()
    starts = ends - change.iloc[:-1]
    starts["base"] = 0.0
    starts["now"], ends["now"] = 0.0, rows.loc["now", "revenue"]
    is_bad = [step in down or change[step] < 0 for step in rows.index]
    colours = [COLOURS["bad" if bad else "good"] for bad in is_bad]
    colours[0], colours[-1] = COLOURS["previous"], COLOURS["actual"]
    with style.style():
        bars = ax.bar(
            range(len(rows)),
            ends[rows.index] - starts[rows.index],
            bottom=starts[rows.index],
            color=colours,
            width=0.7,
        )
        for place in range(len(rows) - 1):
            ax.plot(
                [place, place + 1], [ends.iloc[place]] * 2, color=COLOURS["quiet"], linewidth=0.8
            )
    told = zip(rows.index, rows["revenue"], rows["accounts"], strict=True)
    mark_each(
        bars, [f"{say(STEP_NAMES[s])}: {money(v, book)}, {count(n, 'account')}" for s, v, n in told]
    )
    written: list[tuple[int, float, int]] = []
    signs = {"base": "", "now": ""} | dict.fromkeys(down, "−")
    for place, step in enumerate(rows.index):
        amount = rows.loc[step, "revenue"]
        text = f"{signs.get(step, '+') if amount else ''}{money(abs(amount), book)}"
        top = max(starts[step], ends[step])
        dy = 9 + _lift(written, place, top / max(ends.max(), 1e-9), len(text), len(rows))
        style.label(ax, place, top, text, dx=0, dy=dy, ha="center")
    ax.set_xticks(
        range(len(rows)),
        [
            f"{say(STEP_NAMES[s])}\n{number(n, book)}"
            for s, n in zip(rows.index, rows["accounts"], strict=True)
        ],
    )
    style.no_axis(ax.yaxis)
    highest = max(starts.max(), ends.max())
    ax.set_ylim(min(0.0, starts.min(), ends.min()), highest * 1.12 if highest > 0 else 1.0)
    return style.titles(ax, title, subtitle)


def _lift(
    written: list[tuple[int, float, int]], place: int, height: float, letters: int, many: int
) -> int:
    """Return by how many points a label over a bar is lifted off those before it, and note where it
    stands; `height` is its bar's, of the highest.
    """
    tall, column, letter = 165.0, width_of(5.2) * 72 / many, 5.2
    at = height * tall
    while any(
        (letters + others) / 2 * letter > (place - there) * column and abs(at - level) < 11
        for there, level, others in written
    ):
        at += 11
    written.append((place, at, letters))
    return round(at - height * tall)


def plot_account_status(
    account_status: pd.DataFrame,
    *,
    most: int = MOST_OVERDUE,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the overdue accounts by what is at stake: silence against the usual gap."""
    overdue = account_status[account_status["status"].eq("overdue")].head(most)
    ax = ax or style.axes(8, max(1.6, 0.9 + 0.42 * len(overdue)))
    if overdue.empty:
        return style.nothing(ax, title, subtitle)
    place = np.arange(len(overdue))[::-1]
    with style.style():
        bars = ax.barh(place, overdue["silence_days"], color=COLOURS["overdue"], height=0.6)
        ax.plot(
            overdue["usual_gap_days"],
            place,
            "|",
            color=COLOURS["actual"],
            markersize=16,
            markeredgewidth=2,
        )
    for y, days, amount, owner in zip(
        place,
        overdue["silence_days"],
        overdue["revenue"],
        overdue["manager_name"].fillna(""),
        strict=True,
    ):
        style.label(
            ax,
            days,
            y,
            say(
                "{days} days · {amount} · {owner}",
                days=number(days, book),
                amount=money(amount, book),
                owner=owner,
            ).rstrip(" ·"),
        )
    ax.set_yticks(place, [style.short(n, 28) for n in overdue["name"]])
    tips = [
        say(
            "{name}: {silence_days} days without an order, usually {usual_gap_days}; {revenue} in "
            "12 months",
            name=row.name,
            silence_days=number(row.silence_days, book),
            usual_gap_days=number(row.usual_gap_days, book),
            revenue=money(row.revenue, book),
        )
        for row in each(overdue)
    ]
    mark_rows(ax, bars, tips, list(overdue["account_id"]))
    mark_points(ax, overdue["usual_gap_days"], place, tips, overdue["account_id"])
    style.room(ax, overdue["silence_days"].max())
    style.no_axis(ax.xaxis)
    return style.titles(ax, title, subtitle)


def plot_alarm_quality(
    alarm_quality: pd.DataFrame,
    *,
    rule: str = "overdue",
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw false alarms and missed losses over k, with their intervals; the book's k and the
    suggested one marked.
    """
    ax = ax or style.axes(8, 4)
    rows = alarm_quality[alarm_quality["rule"].eq(rule)]
    if not (rows["alarm_count"].gt(0) | rows["leaver_count"].gt(0)).any():
        return style.nothing(ax, title, subtitle)
    with style.style():
        for name, colour, words in (
            ("false_alarm", "overdue", say("false alarms, of all alarms")),
            ("missed_loss", "bad", say("missed, of all who left")),
        ):
            line = rows[rows[f"{name}_rate"].notna()]
            ax.fill_between(
                line["k"],
                line[f"{name}_low"],
                line[f"{name}_high"],
                color=COLOURS[colour],
                alpha=0.15,
                linewidth=0,
            )
            ax.plot(
                line["k"], line[f"{name}_rate"], color=COLOURS[colour], marker="o", markersize=4
            )
            told = zip(line["k"], line[f"{name}_rate"], strict=True)
            tips = [
                f"k = {number(k, book)}: {share(one, book, decimals=0)} {words}" for k, one in told
            ]
            mark_points(ax, line["k"], line[f"{name}_rate"], tips)
            if len(line):
                last = line.iloc[-1]
                style.label(
                    ax, last["k"], last[f"{name}_rate"], words, colour=COLOURS[colour], dx=8
                )
    own, suggested = rows[rows["is_book"]].iloc[0], rows[rows["is_suggested"]].iloc[0]
    ax.axvline(own["k"], color=COLOURS["actual"], linewidth=1, linestyle=(0, (4, 3)))
    style.label(ax, own["k"], 1.02, say("the book's k = {k:g}", k=own["k"]), dx=4, dy=4)
    if suggested["k"] != own["k"]:
        ax.axvline(suggested["k"], color=COLOURS["good"], linewidth=1, linestyle=(0, (4, 3)))
        style.label(
            ax,
            suggested["k"],
            0.95,
            say("better: k = {k:g}", k=suggested["k"]),
            colour=COLOURS["good"],
            dx=4,
            dy=4,
        )
    ax.set_ylim(0, 1.05)
    ax.set_xlim(rows["k"].min() - 0.1, rows["k"].max() * 1.45)
    ax.set_xticks(rows["k"], [number(k, book) for k in rows["k"]])
    ax.set_xlabel(say("k: days without an order / usual gap"))
    style.share_axis(ax.yaxis, book)
    return style.titles(ax, title, subtitle)


def plot_loss_dynamics(
    loss_dynamics: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw revenue lost per month and over 12 months; months that cannot be known yet stay hatched,
    not low.
    """
    ax = ax or style.axes(8, 4)
    months = loss_dynamics["month"]
    known = loss_dynamics[loss_dynamics["is_known"]]
    young = loss_dynamics[~loss_dynamics["is_known"]]
    if known.empty:
        return style.nothing(ax, title, subtitle)
    with style.style():
        lost = loss_dynamics["revenue_lost"].fillna(0)
        bars = ax.bar(months, lost, width=22, color=COLOURS["lost"])
        mark_each(
            bars, [f"{ended(m)}: {money(v, book)}" for m, v in zip(months, lost, strict=True)]
        )
        sums = loss_dynamics["revenue_lost_12m"]
        ax.plot(months, sums, color=COLOURS["actual"])
        twelve = [
            say("12 months to {month}: {amount}", month=month(m), amount=money(v, book))
            for m, v in zip(months, sums, strict=True)
        ]
        mark_points(ax, months, sums, twelve)
        if len(young):
            half = pd.Timedelta(days=12)
            span = ax.axvspan(
                known["month"].max() + half,
                young["month"].max() + half,
                facecolor="none",
                edgecolor=COLOURS["previous"],
                hatch="///",
                linewidth=0,
            )
            mark(span, say("not known yet"))
            last, quiet = young["month"].max(), COLOURS["quiet"]
            place = {"xycoords": ("data", "axes fraction"), "ha": "right"}
            style.label(ax, last, 1, say("not known yet"), colour=quiet, dx=0, dy=6, **place)
    style.month_axis(ax.xaxis)
    style.money_axis(ax.yaxis, book)
    return style.titles(ax, title, subtitle)


def plot_loss_directions(
    loss_directions: pd.DataFrame,
    *,
    dimension: str,
    most: int = MOST_GROUPS,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the revenue lost by the groups of one dimension, the largest first."""
    rows = loss_directions[loss_directions["dimension"].eq(dimension)]
    shown = rows[rows["revenue_lost"].notna()].head(most)
    ax = ax or style.axes(8, max(1.6, 0.9 + 0.36 * len(shown)))
    if shown["revenue_lost"].sum() == 0:
        return style.nothing(ax, title, subtitle)
    place = np.arange(len(shown))[::-1]
    with style.style():
        bars = ax.barh(place, shown["revenue_lost"], color=COLOURS["lost"], height=0.6)
    told = zip(shown["group"], shown["revenue_lost"], shown["lost_count"], strict=True)
    tips = [
        say(
            "{group}: {amount} of {accounts}",
            group=group,
            amount=money(v, book),
            accounts=count(n, "account"),
        )
        for group, v, n in told
    ]
    mark_each(bars, tips)
    for y, amount, many in zip(place, shown["revenue_lost"], shown["lost_count"], strict=True):
        style.label(ax, amount, y, f"{money(amount, book)} · {number(many, book)}")
    ax.set_yticks(place, [style.short(group, 28) for group in shown["group"]])
    style.room(ax, shown["revenue_lost"].max())
    style.no_axis(ax.xaxis)
    return style.titles(ax, title, subtitle)


def plot_cohort_retention_by_year(
    cohort_retention_by_year: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of each year's accounts active per quarter of age, as a heat map; cells not
    reached yet stay blank.
    """
    cohorts = cohort_retention_by_year
    order = list(cohorts["cohort"].unique())
    ax = ax or style.axes(8, max(2.0, 1.2 + 0.26 * len(order)))
    if not order:
        return style.nothing(ax, title, subtitle)
    cells = cohorts[cohorts["months_since"].mod(6 if is_narrow() else 3).eq(0)]
    grid = cells.pivot(index="cohort", columns="months_since", values="active_share").loc[order]
    sizes = cohorts.groupby("cohort")["account_count"].max()
    with style.style():
        ax.pcolormesh(
            np.ma.masked_invalid(grid.to_numpy()),
            cmap=style.tints(),
            vmin=0,
            vmax=1,
            edgecolor="none",
            rasterized=False,
        )
        if grid.shape[1] <= 26:
            for (y, x), value in np.ndenumerate(grid.to_numpy()):
                if value == value:
                    ax.text(
                        x + 0.5,
                        y + 0.5,
                        f"{100 * value:.0f}",
                        ha="center",
                        va="center",
                        fontsize=7.5,
                        color=style.INK,
                    )
                    mark(
                        ax.add_patch(style.cell(x + 0.5, y + 0.5, style.tint(0))),
                        say(
                            "{order}, month {number}: {share} ordered",
                            order=say(order[y]),
                            number=grid.columns[x],
                            share=share(value, book),
                        ),
                    )
    ax.set_yticks(
        np.arange(len(order)) + 0.5, [f"{say(c)} ({number(sizes[c], book)})" for c in order]
    )
    every = max(1, grid.shape[1] // 12)
    ax.set_xticks(np.arange(0, grid.shape[1], every) + 0.5, [str(m) for m in grid.columns[::every]])
    ax.set_xlabel(say("Months since the first order (accounts of the cohort in brackets)"))
    ax.invert_yaxis()
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return style.titles(ax, title, subtitle)
