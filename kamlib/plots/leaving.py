"""Charts of leaving and staying: survival, causes, mistakes, engagement, and whom to win back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import is_narrow, mark, mark_each, mark_points
from kamlib.plots.style import COLOURS
from kamlib.story.leaving import MOST_MEASURED
from kamlib.story.losses import drawn_groups
from kamlib.words import count, month, number, say, share

GROUP_COLOURS = ("A", "overdue", "active", "X", "lost", "new")
ARROWS = {"up": "▲", "down": "▼", "none": "="}


def plot_survival(
    survival: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the survival curve of all accounts with its interval, and under the axis the number
    still under observation per year.
    """
    return _curves(survival, title, subtitle, book, ax)


def plot_survival_by_class(
    survival_by_class: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the survival curves of the revenue classes, with their intervals."""
    return _curves(survival_by_class, title, subtitle, book, ax)


def plot_survival_by_industry(
    survival_by_industry: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the survival curves of the largest industries, with their intervals."""
    return _curves(survival_by_industry, title, subtitle, book, ax)


def plot_survival_by_manager(
    survival_by_manager: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the survival curves of the managers' accounts, with their intervals."""
    return _curves(survival_by_manager, title, subtitle, book, ax)


def _curves(
    survival: pd.DataFrame, title: str, subtitle: str, book: BookSettings | None, ax: Axes | None
) -> Axes:
    groups = drawn_groups(survival)
    ax = ax or style.axes(8, 4 + 0.25 * len(groups))
    if survival.empty:
        return style.nothing(ax, title, subtitle)
    longest = survival["duration_days"].max() / 365.25
    years = np.arange(0, np.floor(longest) + 1, max(1, int(longest // 8)))
    ends: list[tuple[float, float, str, str]] = []
    for place, group in enumerate(groups):
        curve = survival[survival["group"].eq(group)]
        age, left = curve["duration_days"] / 365.25, curve["survival_share"]
        colour = COLOURS[GROUP_COLOURS[place % len(GROUP_COLOURS)]]
        with style.style():
            ax.step(age, left, where="post", color=colour)
            ax.fill_between(
                age,
                curve["survival_low"],
                curve["survival_high"],
                step="post",
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        if len(groups) > 1:
            ends.append((float(age.iloc[-1]), float(left.iloc[-1]), str(group), colour))
        for year in years:
            there = curve.loc[age.ge(year), "at_risk_count"]
            text = number(there.iloc[0], book) if len(there) else "0"
            _under(ax, text, year, -34 - 12 * place, colour, "center")
    for end, lifted in zip(ends, style.apart([end[1] for end in ends], 0.075), strict=True):
        style.label(ax, end[0], lifted, end[2], colour=end[3])
    _under(ax, say("under observation:"), 0, -22, COLOURS["quiet"], "left")
    ax.set_xticks(years, [say("{y} y", y=int(y)) for y in years])
    ax.set_ylim(0, 1.02)
    ax.set_xlim(0, longest * (1.18 if len(groups) > 1 else 1.02))
    style.share_axis(ax.yaxis, book)
    ax.set_xlabel(" \n" * len(groups))
    return style.titles(ax, title, subtitle)


def _under(ax: Axes, text: str, year: float, down: float, colour: str, ha: str) -> None:
    """Write a number, or what the numbers are, under the axis at a year."""
    ax.annotate(
        text,
        (year, 0),
        xytext=(0, down),
        textcoords="offset points",
        ha=ha,
        fontsize=8,
        color=colour,
        annotation_clip=False,
    )


def plot_leaving_causes(
    leaving_causes: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the hazard ratios that can be told, with their 95 % interval on a log scale."""
    causes = leaving_causes[leaving_causes["hazard_ratio"].notna()]
    ax = ax or style.axes(8, 1.1 + 0.36 * len(causes))
    if causes.empty:
        return style.nothing(ax, title, subtitle)
    place = np.arange(len(causes))[::-1]
    limits = causes[["hazard_ratio_low", "hazard_ratio_high"]].clip(0.1, 10)
    low = min([0.5, *limits["hazard_ratio_low"]]) * 0.9
    high = max([2.0, *limits["hazard_ratio_high"]]) * 1.1
    with style.style():
        ax.axvline(1, color=COLOURS["quiet"], linewidth=1)
    for y, cause in zip(place, causes.to_dict("records"), strict=True):
        _factor(ax, y, cause, low, high, book)
    ax.set_xscale("log")
    ax.set_xlim(low, high * 1.9)
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10) if low <= t <= high]
    ax.set_xticks(ticks, [f"×{number(t, book)}" for t in ticks])
    ax.minorticks_off()
    ax.set_yticks(place, causes["cause"].map(say).tolist())
    ax.set_ylim(-0.6, len(causes) - 0.4)
    return style.titles(ax, title, subtitle)


def _factor(
    ax: Axes, y: float, cause: dict[Any, Any], low: float, high: float, book: BookSettings | None
) -> None:
    """Draw one factor with its interval, coloured where chance would seldom make it."""
    ratio = cause["hazard_ratio"]
    limits = [cause["hazard_ratio_low"], cause["hazard_ratio_high"]]
    is_clear = limits[0] > 1 or limits[1] < 1
    colour = COLOURS["quiet" if not is_clear else "bad" if ratio > 1 else "good"]
    ends = np.clip(limits, low, high)
    with style.style():
        ax.plot(ends, [y, y], color=colour)
        ax.plot(np.clip(ratio, low, high), y, "o", color=colour, markersize=7)
    between = say(" to ").join(number(one, book, decimals=1) for one in limits)
    said = f"×{number(ratio, book, decimals=1)} ({between})"
    style.label(ax, ends[1], y, said, dx=6)
    mark_points(ax, [np.clip(ratio, low, high)], [y], [f"{say(cause['cause'])}: {said}"])


def plot_incident_trend(
    incident_trend: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
) -> Any:
    """Draw one small chart per kind of mistake, all on one scale: incidents per quarter."""
    trend = incident_trend
    kinds = list(dict.fromkeys(trend["kind"]))
    if not kinds:
        return style.nothing(style.axes(8, 1.6), title)
    columns = min(2 if is_narrow() else 4, len(kinds))
    rows = -(-len(kinds) // columns)
    drawn = np.atleast_1d(
        style.axes(8, 1.0 + 1.3 * rows, rows, columns, sharey=True, sharex=True)
    ).ravel()
    for ax, kind in zip(drawn, kinds, strict=False):
        part = trend[trend["kind"].eq(kind)].reset_index(drop=True)
        direction = part["trend"].iloc[0]
        colour = COLOURS[{"up": "bad", "down": "good"}.get(direction, "previous")]
        with style.style():
            bars = ax.bar(range(len(part)), part["incident_count"], color=colour, width=0.8)
        told = zip(part["quarter_end"], part["incident_count"], strict=True)
        mark_each(
            bars,
            [
                say(
                    "3 months to {day}: {incidents}", day=month(day), incidents=count(n, "incident")
                )
                for day, n in told
            ],
        )
        ends = [month(part["quarter_end"].iloc[i]) for i in (0, -1)]
        ax.set_xticks([0, len(part) - 1], ends)
        for end, side in zip(ax.get_xticklabels(), ("left", "right"), strict=False):
            end.set_horizontalalignment(side)
        arrow = ARROWS.get(direction, "") if isinstance(direction, str) else ""
        ratio = part["yearly_ratio"].iloc[0]
        words = (
            ""
            if ratio != ratio
            else say("×{ratio} a year {arrow}", ratio=number(ratio, book, decimals=1), arrow=arrow)
        )
        ax.set_title(
            f"{say(part['mistake'].iloc[0])}\n{words}",
            fontsize=9,
            loc="left",
            color=style.INK,
            parse_math=False,
        )
        style.number_axis(ax.yaxis, book)
    for ax in drawn[len(kinds) :]:
        ax.set_visible(False)
    _above(drawn[0], title, subtitle)
    return drawn[0].figure


def plot_engagement(
    engagement_series: pd.DataFrame,
    engagement: pd.DataFrame,
    *,
    most: int = MOST_MEASURED,
    width: float = 8,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
) -> Any:
    """Draw small charts, one row an account: contacts against plan, satisfaction, orders against
    the usual pace.
    """
    shown = engagement.head(most)
    if shown.empty:
        return style.nothing(style.axes(8, 1.6), title)
    kinds = (
        ("contact_share", "contact_trend", say("contacts / planned"), 2.5),
        ("satisfaction", "satisfaction_trend", say("satisfaction, 0–10"), 10.0),
        ("order_share", "order_trend", say("orders / usual"), 2.5),
    )
    drawn = np.atleast_2d(style.axes(width, 1.1 + 0.62 * len(shown), len(shown), 3, sharex=True))
    for row, account in enumerate(shown.to_dict("records")):
        part = engagement_series[engagement_series["account_id"].eq(account["account_id"])]
        for ax, (measure, trend, words, top) in zip(drawn[row], kinds, strict=True):
            line = _course(ax, part, measure, top, account[measure], account[trend], book)
            mark(line, f"{account['name']}, {words}", account["account_id"])
            if row == 0:
                head = words.replace(", ", ",\n").replace(" / ", " /\n") if is_narrow() else words
                ax.set_title(head, fontsize=9, loc="left", color=COLOURS["quiet"], weight="normal")
        name = style.short(account["name"], 12 if is_narrow() else 24)
        drawn[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", color=style.INK)
        mark(drawn[row, 0].yaxis.label, account["name"], account["account_id"])
    ends = engagement_series["period_end"].agg(["min", "max"])
    for ax in drawn[-1]:
        named = ends[-1:] if is_narrow() else ends  # two would meet
        ax.set_xticks(named, [month(day) for day in named])
    _above(drawn[0, 0], title, subtitle)
    return drawn[0, 0].figure


def _course(
    ax: Axes,
    part: pd.DataFrame,
    measure: str,
    top: float,
    level: float,
    trend: Any,
    book: BookSettings | None,
) -> Artist:
    """Draw one measure of one account over time, coloured by its trend, and write its level;
    return the line.
    """
    colour = COLOURS[{"up": "good", "down": "bad"}.get(trend, "actual")]
    points = part[part[measure].notna()]
    is_mark = measure == "satisfaction"
    with style.style():
        if not is_mark:
            ax.axhline(1, color=COLOURS["previous"], linewidth=0.8)
        values = points[measure].clip(upper=top)
        (line,) = ax.plot(points["period_end"], values, color=colour, marker="o", markersize=2.5)
    ax.set_ylim(-0.05 * top, top * 1.05)
    style.no_axis(ax.yaxis)
    text = number(level, book, decimals=1) if is_mark else share(level, book, decimals=0)
    arrow = ARROWS.get(trend, "")
    style.label(ax, 1, 0.5, f"{text} {arrow}", colour=colour, xycoords="axes fraction")
    return line


def _above(ax: Axes, title: str, subtitle: str) -> None:
    """Write the titles over a figure of several axes."""
    figure = ax.figure
    with style.style():
        above = figure.suptitle(
            title, x=0.01, ha="left", fontsize=12, weight="bold", color=style.INK
        )
        below = figure.supxlabel(subtitle, x=0.01, ha="left", fontsize=9, color=COLOURS["quiet"])
    above.set_gid(style.FINDING)
    below.set_gid(style.SUBTITLE)
