"""Charts of leaving and staying: survival, causes, mistakes, engagement, and whom to win back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.plots import style
from kamlib.plots.style import COLOURS
from kamlib.words.amounts import money, number, share

GROUP_COLOURS = ("A", "overdue", "active", "X", "lost", "new")
ARROWS = {"up": "▲", "down": "▼", "none": "="}


def plot_survival(
    survival: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    ax: Axes | None = None,
    most: int = 4,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw survival curves with their interval, and under the axis the number still under
    observation per year.

    ``test`` is the table ``survival_test``: without a clear difference between groups the title
    claims none.
    """
    sizes = (
        survival.groupby("group")["at_risk_count"].max().sort_values(ascending=False, kind="stable")
    )
    groups = sorted(sizes.index[:most])
    ax = ax or style.axes(8, 4 + 0.25 * len(groups))
    what = survival["dimension"].iloc[0] if len(survival) else "all accounts"
    what = {"manager_name": "manager", "abc_revenue": "revenue class"}.get(what, what)
    cut = f", the {len(groups)} largest of {len(sizes)} groups" if len(sizes) > len(groups) else ""
    by = "" if what == "all accounts" else f" by {what}{cut}"
    subtitle = _subtitle(
        f"Share of accounts still there{by}, by years since the first order; band: 95 % interval",
        period,
    )
    if survival.empty:
        return _nothing(ax, "Too few accounts lost to draw how long they stay", subtitle)
    longest = survival["duration_days"].max() / 365.25
    years = np.arange(0, np.floor(longest) + 1, max(1, int(longest // 8)))
    ends: list[tuple[float, float, str, str]] = []
    with style.style():
        for place, group in enumerate(groups):
            curve = survival[survival["group"].eq(group)]
            x, colour = (
                curve["duration_days"] / 365.25,
                COLOURS[GROUP_COLOURS[place % len(GROUP_COLOURS)]],
            )
            ax.step(x, curve["survival_share"], where="post", color=colour)
            ax.fill_between(
                x,
                curve["survival_low"],
                curve["survival_high"],
                step="post",
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
            if len(groups) > 1:
                ends.append(
                    (float(x.iloc[-1]), float(curve["survival_share"].iloc[-1]), str(group), colour)
                )
            rows = [
                curve.loc[curve["duration_days"].ge(365.25 * year), "at_risk_count"]
                for year in years
            ]
            for year, row in zip(years, rows, strict=True):
                ax.annotate(
                    number(row.iloc[0], book) if len(row) else "0",
                    (year, 0), xytext=(0, -34 - 12 * place), textcoords="offset points",
                    ha="center", fontsize=8, color=colour, annotation_clip=False,
                )  # fmt: skip
    for end, lifted in zip(ends, style.apart([end[1] for end in ends], 0.055), strict=True):
        style.label(ax, end[0], lifted, end[2], colour=end[3])
    ax.annotate(
        "under observation:", (0, 0), xytext=(0, -22), textcoords="offset points", fontsize=8, color=COLOURS["quiet"],
        ha="left", annotation_clip=False,
    )  # fmt: skip
    ax.set_xticks(years, [f"{int(y)} y" for y in years])
    ax.set_ylim(0, 1.02)
    ax.set_xlim(0, longest * (1.18 if len(groups) > 1 else 1.02))
    style.share_axis(ax.yaxis, book)
    ax.set_xlabel(" \n" * len(groups))
    return style.titles(ax, _survival_finding(survival, groups, test), subtitle)


def plot_leaving_causes(
    causes: pd.DataFrame, *, ax: Axes | None = None, period: str = "", book: Any = None
) -> Axes:
    """Draw the hazard ratios with their 95 % interval on a log scale; causes that cannot be told
    say why.
    """
    ax = ax or style.axes(8, max(1.8, 1.1 + 0.36 * len(causes)))
    subtitle = _subtitle(
        "Factor on the chance of leaving, per event of the three months before; bar: 95 % interval",
        period,
    )
    if causes.empty:
        return _nothing(ax, "Nothing recorded that could have driven accounts away", subtitle)
    known = causes["hazard_ratio"].notna()
    if not known.any():
        return _nothing(ax, "Too few losses to tell what drove accounts away", subtitle)
    place = np.arange(len(causes))[::-1]
    limits = causes.loc[known, ["hazard_ratio_low", "hazard_ratio_high"]].clip(0.1, 10)
    low, high = (
        min([0.5, *limits["hazard_ratio_low"]]) * 0.9,
        max([2.0, *limits["hazard_ratio_high"]]) * 1.1,
    )
    with style.style():
        ax.axvline(1, color=COLOURS["quiet"], linewidth=1)
        for y, cause in zip(place, causes.to_dict("records"), strict=True):
            if cause["hazard_ratio"] != cause["hazard_ratio"]:
                ax.text(
                    1.02,
                    y,
                    str(cause["note"]),
                    va="center",
                    fontsize=8.5,
                    color=COLOURS["quiet"],
                    parse_math=False,
                )
                continue
            clear = cause["hazard_ratio_low"] > 1 or cause["hazard_ratio_high"] < 1
            colour = COLOURS[
                "quiet" if not clear else "bad" if cause["hazard_ratio"] > 1 else "good"
            ]
            ends = np.clip([cause["hazard_ratio_low"], cause["hazard_ratio_high"]], low, high)
            ax.plot(ends, [y, y], color=colour)
            ax.plot(np.clip(cause["hazard_ratio"], low, high), y, "o", color=colour, markersize=7)
            words = " to ".join(
                number(cause[c], book, decimals=1)
                for c in ("hazard_ratio_low", "hazard_ratio_high")
            )
            style.label(
                ax,
                ends[1],
                y,
                f"×{number(cause['hazard_ratio'], book, decimals=1)} ({words})",
                dx=6,
            )
    ax.set_xscale("log")
    ax.set_xlim(low, high * 1.9)
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10) if low <= t <= high]
    ax.set_xticks(ticks, [f"×{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_yticks(place, causes["cause"].tolist())
    ax.set_ylim(-0.6, len(causes) - 0.4)
    clear = causes[causes["hazard_ratio_low"].gt(1)]
    if clear.empty:
        finding = "No cause stands out from chance"
    else:
        finding = f"Accounts left more often after: {', '.join(clear['cause'])} (a correlation, not proof)"
    return style.titles(ax, finding, subtitle)


def plot_incident_trend(trend: pd.DataFrame, *, period: str = "", book: Any = None) -> Any:
    """Draw one small chart per kind of mistake, all on one scale: incidents per quarter."""
    kinds = list(dict.fromkeys(trend["kind"]))
    if not kinds:
        return _nothing(style.axes(8, 1.6), "No incident is recorded", "")
    columns = min(4, len(kinds))
    rows = -(-len(kinds) // columns)
    drawn = np.atleast_1d(
        style.axes(8, 1.0 + 1.7 * rows, rows, columns, sharey=True, sharex=True)
    ).ravel()
    for ax, kind in zip(drawn, kinds, strict=False):
        part = trend[trend["kind"].eq(kind)].reset_index(drop=True)
        direction = part["trend"].iloc[0]
        colour = COLOURS[{"up": "bad", "down": "good"}.get(direction, "previous")]
        with style.style():
            ax.bar(range(len(part)), part["incident_count"], color=colour, width=0.8)
        ax.set_xticks([0, len(part) - 1], [f"{part['quarter_end'].iloc[i]:%b %y}" for i in (0, -1)])
        arrow = ARROWS.get(direction, "") if isinstance(direction, str) else ""
        ratio = part["yearly_ratio"].iloc[0]
        words = "" if ratio != ratio else f"×{number(ratio, book, decimals=1)} a year {arrow}"
        ax.set_title(
            f"{part['mistake'].iloc[0]}\n{words}",
            fontsize=9,
            loc="left",
            color=style.INK,
            parse_math=False,
        )
        style.number_axis(ax.yaxis, book)
    for ax in drawn[len(kinds) :]:
        ax.set_visible(False)
    worse = trend.loc[trend["trend"].eq("up"), "mistake"].unique()
    better = trend.loc[trend["trend"].eq("down"), "mistake"].unique()
    found = [
        f"{name}: {', '.join(k)}"
        for name, k in (("more often", worse), ("less often", better))
        if len(k)
    ]
    finding = (
        "; ".join(found).capitalize()
        if found
        else "No kind of mistake has become clearly more or less frequent"
    )
    _above(
        drawn[0],
        finding,
        _subtitle("Incidents per quarter, one scale; colour only where the trend is clear", period),
    )
    return drawn[0].figure


def plot_engagement(
    series: pd.DataFrame, table: pd.DataFrame, *, most: int = 8, period: str = "", book: Any = None
) -> Any:
    """Draw small charts, one row an account: contacts against plan, satisfaction, orders against
    the usual pace.
    """
    shown = table.head(most)
    if shown.empty:
        return _nothing(
            style.axes(8, 1.6), "No contact is recorded: engagement cannot be measured", ""
        )
    kinds = (
        ("contact_share", "contact_trend", "contacts / planned", 2.5),
        ("satisfaction", "satisfaction_trend", "satisfaction, 0–10", 10.0),
        ("order_share", "order_trend", "orders / usual", 2.5),
    )
    drawn = np.atleast_2d(style.axes(8, 1.1 + 0.62 * len(shown), len(shown), 3, sharex=True))
    for row, account in enumerate(shown.to_dict("records")):
        part = series[series["account_id"].eq(account["account_id"])]
        for column, (measure, trend, words, top) in enumerate(kinds):
            ax = drawn[row, column]
            direction = account[trend] if isinstance(account[trend], str) else ""
            colour = COLOURS[{"up": "good", "down": "bad"}.get(direction, "actual")]
            points = part[part[measure].notna()]
            with style.style():
                if column != 1:
                    ax.axhline(1, color=COLOURS["previous"], linewidth=0.8)
                ax.plot(
                    points["period_end"],
                    points[measure].clip(upper=top),
                    color=colour,
                    marker="o",
                    markersize=2.5,
                )
            ax.set_ylim(-0.05 * top, top * 1.05)
            style.no_axis(ax.yaxis)
            level = account[measure]
            text = (
                "n/a" if level != level else number(level, book, decimals=1) if column == 1
                else share(level, book, decimals=0)
            )  # fmt: skip
            style.label(
                ax,
                1,
                0.5,
                f"{text} {ARROWS.get(direction, '')}",
                dx=4,
                colour=colour,
                xycoords="axes fraction",
            )
            if row == 0:
                ax.set_title(words, fontsize=9, loc="left", color=COLOURS["quiet"], weight="normal")
            if column == 0:
                ax.set_ylabel(
                    style.short(account["name"], 24),
                    rotation=0,
                    ha="right",
                    va="center",
                    color=style.INK,
                )
    ends = series["period_end"]
    for ax in drawn[-1]:
        ax.set_xticks(
            [ends.min(), ends.max()], [f"{day:%b %y}" for day in (ends.min(), ends.max())]
        )
    down = (table[[k[1] for k in kinds]] == "down").any(axis=1).sum()
    measured = table[[k[1] for k in kinds]].notna().any(axis=1).sum()
    cut = f"; the {len(shown)} first of {len(table)}" if len(table) > len(shown) else ""
    alone = len(table) == 1
    finding = (
        (
            "Engagement or loyalty clearly falls"
            if down
            else "Neither engagement nor loyalty clearly falls"
        )
        if measured and alone
        else f"Engagement or loyalty clearly falls at {number(down, book) if down else 'none'} of "
        f"{number(measured, book)} accounts"
        if measured
        else "Too few points for any trend"
    )
    _above(
        drawn[0, 0],
        finding,
        _subtitle(
            f"Line at 1: as planned, as usual; colour only where the trend is clear{cut}", period
        ),
    )
    return drawn[0, 0].figure


def plot_win_back(
    table: pd.DataFrame, *, ax: Axes | None = None, most: int = 12, book: Any = None
) -> Axes:
    """Draw the chosen offers by their expected value, with the value at both ends of the chance's
    interval.
    """
    chosen = table[table["is_chosen"]]
    shown = chosen.head(most)
    ax = ax or style.axes(8, max(1.6, 0.9 + 0.4 * len(shown)))
    subtitle = "Expected value after the offer's cost; line: at both ends of the 95 % interval of the chance"
    if shown.empty:
        no_offers = len(table) and table["why_not"].eq("the book has no offers").all()
        return _nothing(
            ax,
            "The book has no offers" if no_offers else "No offer is worth making on what is known",
            subtitle,
        )
    place = np.arange(len(shown))[::-1]
    low = shown["return_low"] * shown["expected_margin"] - shown["cost"]
    high = shown["return_high"] * shown["expected_margin"] - shown["cost"]
    with style.style():
        ax.barh(place, shown["value"], color=COLOURS["accent"], height=0.55)
        for y, a, b in zip(place, low, high, strict=True):
            if a == a:
                ax.plot([a, b], [y, y], color=COLOURS["actual"], linewidth=1)
    reach = np.fmax(high, shown["value"])
    for y, x, value, offer in zip(place, reach, shown["value"], shown["offer"], strict=True):
        style.label(ax, x, y, f"{money(value, book)} · {style.short(offer, 30)}")
    ax.set_yticks(place, [style.short(n, 26) for n in shown["name"]])
    ax.axvline(0, color=COLOURS["quiet"], linewidth=0.8)
    ax.set_xlim(min(0, low.min()) * 1.05, reach.max() * 1.7)
    style.no_axis(ax.xaxis)
    cut = f"; the {len(shown)} largest drawn" if len(chosen) > len(shown) else ""
    finding = (
        f"{number(len(chosen), book)} offers for {money(chosen['cost'].sum(), book)} are worth "
        f"{money(chosen['value'].sum(), book)} by expectation"
    )
    return style.titles(ax, finding, subtitle + cut)


def _survival_finding(survival: pd.DataFrame, groups: list[str], test: pd.DataFrame | None) -> str:
    if len(groups) > 1 and test is not None and not test["p_value"].lt(0.05).all():
        p_value = test["p_value"].iloc[0]
        return "No group is lost clearly faster than another" + (
            "" if p_value != p_value else f" (log-rank test, p = {p_value:.2f})"
        )
    if len(groups) > 1:
        ends = (
            survival[survival["duration_days"].le(5 * 365.25)]
            .groupby("group")["survival_share"]
            .last()[groups]
        )
        best, worst = str(ends.idxmax()), str(ends.idxmin())
        return f"After five years {best} kept {share(ends[best], decimals=0)}, {worst} {share(ends[worst], decimals=0)}"
    curve = survival
    half = curve[curve["survival_share"].le(0.5)]
    if len(half):
        years = half["duration_days"].iloc[0] / 365.25
        return f"Half of the accounts have left after {number(years, decimals=1)} years"
    last = curve.iloc[-1]
    years = number(last["duration_days"] / 365.25, decimals=1)
    return f"{share(last['survival_share'], decimals=0)} of accounts are still there after {years} years: no median yet"


def _above(ax: Axes, finding: str, subtitle: str) -> None:
    """Write the finding over a figure of several axes."""
    with style.style():
        above = ax.figure.suptitle(
            finding, x=0.01, ha="left", fontsize=12, weight="bold", color=style.INK
        )
        below = ax.figure.supxlabel(subtitle, x=0.01, ha="left", fontsize=9, color=COLOURS["quiet"])
    above.set_gid(style.FINDING)
    below.set_gid(style.SUBTITLE)


def _subtitle(text: str, period: str) -> str:
    return f"{text} · {period}" if period else text


def _nothing(ax: Axes, finding: str, subtitle: str) -> Axes:
    style.no_axis(ax.xaxis)
    style.no_axis(ax.yaxis)
    return style.titles(ax, finding, subtitle)
