"""Charts of retention: where the revenue went, who is silent, how good the alarms are, losses,
cohorts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.plots import style
from kamlib.plots.style import COLOURS
from kamlib.words.amounts import date, money, number, share

STEP_NAMES = {
    "base": "year before",
    "new": "new",
    "returned": "returned",
    "expansion": "grown",
    "contraction": "shrunk",
    "stopped": "stopped",
    "now": "this year",
}
STATUS_ORDER = ("active", "new", "overdue", "lost")


def plot_revenue_bridge(
    bridge: pd.DataFrame,
    *,
    scope: str = "all",
    ax: Axes | None = None,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw the revenue bridge of one scope as a waterfall: every bar starts where the one before
    ended.
    """
    ax = ax or style.axes(8, 4)
    rows = bridge[bridge["scope"].eq(scope)].set_index("step")
    who = "key accounts" if scope == "key" else "all accounts"
    subtitle = _subtitle(
        f"Net revenue of {who}, the 12 months before and the 12 months to now; accounts below",
        period,
    )
    if rows.empty:
        return _nothing(ax, f"No revenue of {who} to compare", subtitle)
    down = {"contraction", "stopped"}
    change = rows["revenue"].where(~rows.index.isin(down), -rows["revenue"])
    ends = change.iloc[:-1].cumsum()
    starts = ends - change.iloc[:-1]
    starts["base"] = 0.0
    starts["now"], ends["now"] = 0.0, rows.loc["now", "revenue"]
    colours = [
        COLOURS[
            "previous"
            if s == "base"
            else "actual"
            if s == "now"
            else "bad"
            if s in down or change[s] < 0
            else "good"
        ]
        for s in rows.index
    ]
    with style.style():
        ax.bar(
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
    signs = {"base": "", "now": ""} | dict.fromkeys(down, "−")
    for place, step in enumerate(rows.index):
        amount = rows.loc[step, "revenue"]
        text = f"{signs.get(step, '+') if amount else ''}{money(abs(amount), book)}"
        style.label(ax, place, max(starts[step], ends[step]), text, dx=0, dy=9, ha="center")
    ax.set_xticks(
        range(len(rows)),
        [
            f"{STEP_NAMES[s]}\n{number(n, book)}"
            for s, n in zip(rows.index, rows["accounts"], strict=True)
        ],
    )
    style.no_axis(ax.yaxis)
    highest = max(starts.max(), ends.max())
    ax.set_ylim(min(0.0, starts.min(), ends.min()), highest * 1.12 if highest > 0 else 1.0)
    amounts = rows["revenue"].to_dict()
    base, now, gone = amounts["base"], amounts["now"], amounts["stopped"] + amounts["contraction"]
    if base < 0 or (base == 0 and now <= 0):
        return style.titles(
            ax, f"No revenue of {who} above zero in the year before: no rate can be given", subtitle
        )
    if base == 0:
        return style.titles(ax, f"All revenue of {who} is younger than a year", subtitle)
    verb = "grew" if now >= base else "fell"
    finding = (
        f"Revenue of {who} {verb} by {share(abs(now / base - 1), book)}; {money(gone, book)} went with accounts that "
        "shrank or stopped"
    )
    return style.titles(ax, finding, subtitle)


def plot_account_status(
    status: pd.DataFrame,
    *,
    ax: Axes | None = None,
    most: int = 12,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw the overdue accounts by what is at stake: silence against the usual gap, one bar an
    account.
    """
    overdue = status[status["status"].eq("overdue")].head(most)
    ax = ax or style.axes(8, max(1.6, 0.9 + 0.42 * len(overdue)))
    total = int(status["status"].eq("overdue").sum())
    cut = f"the {len(overdue)} largest of {total}" if total > len(overdue) else "all of them"
    subtitle = _subtitle(
        f"Overdue accounts, {cut}: days without an order; the tick is the usual gap", period
    )
    if overdue.empty:
        return _nothing(ax, "No account is overdue", subtitle)
    place = np.arange(len(overdue))[::-1]
    with style.style():
        ax.barh(place, overdue["silence_days"], color=COLOURS["overdue"], height=0.6)
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
            ax, days, y, f"{number(days, book)} days · {money(amount, book)} · {owner}".rstrip(" ·")
        )
    ax.set_yticks(place, [style.short(n, 28) for n in overdue["name"]])
    ax.set_xlim(0, overdue["silence_days"].max() * 1.5)
    style.no_axis(ax.xaxis)
    owners = status.loc[status["status"].eq("overdue"), "revenue"]
    verb = "is" if total == 1 else "are"
    noun = "account" if total == 1 else "accounts"
    finding = (
        f"{number(total, book)} {noun} {verb} overdue, with {money(owners.sum(), book)} a year"
    )
    return style.titles(ax, finding, subtitle)


def plot_alarm_quality(
    quality: pd.DataFrame,
    *,
    rule: str = "overdue",
    ax: Axes | None = None,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw false alarms and missed losses over k, with their intervals; the book's k and the
    suggested one marked.
    """
    ax = ax or style.axes(8, 4)
    rows = quality[quality["rule"].eq(rule)]
    subtitle = _subtitle(
        f"Rule '{rule}' run as of past quarters; the truth is no order in the next 12 months",
        period,
    )
    known = rows[rows["alarm_count"].gt(0) | rows["leaver_count"].gt(0)]
    if known.empty:
        return _nothing(
            ax, "How good the alarm is cannot be known yet: it takes two years of orders", subtitle
        )
    with style.style():
        for name, colour, words in (
            ("false_alarm", "overdue", "false alarms, of all alarms"),
            ("missed_loss", "bad", "missed, of all who left"),
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
            if len(line):
                last = line.iloc[-1]
                style.label(
                    ax, last["k"], last[f"{name}_rate"], words, colour=COLOURS[colour], dx=8
                )
    own, suggested = rows[rows["is_book"]].iloc[0], rows[rows["is_suggested"]].iloc[0]
    ax.axvline(own["k"], color=COLOURS["actual"], linewidth=1, linestyle=(0, (4, 3)))
    style.label(ax, own["k"], 1.02, f"the book's k = {own['k']:g}", dx=4, dy=4)
    if suggested["k"] != own["k"]:
        ax.axvline(suggested["k"], color=COLOURS["good"], linewidth=1, linestyle=(0, (4, 3)))
        style.label(
            ax,
            suggested["k"],
            0.95,
            f"better: k = {suggested['k']:g}",
            colour=COLOURS["good"],
            dx=4,
            dy=4,
        )
    ax.set_ylim(0, 1.05)
    ax.set_xlim(rows["k"].min() - 0.1, rows["k"].max() * 1.45)
    ax.set_xticks(rows["k"], [f"{k:g}" for k in rows["k"]])
    ax.set_xlabel("k: days without an order / usual gap")
    style.share_axis(ax.yaxis, book)
    return style.titles(ax, _alarm_finding(own, suggested, book), subtitle)


def plot_loss_dynamics(
    dynamics: pd.DataFrame, *, ax: Axes | None = None, period: str = "", book: Any = None
) -> Axes:
    """Draw revenue lost per month and over 12 months; months that cannot be known yet stay hatched,
    not low.
    """
    ax = ax or style.axes(8, 4)
    subtitle = _subtitle(
        "Revenue of the last 12 months of lost accounts, dated at their last order; line: rolling 12 months",
        period,
    )
    known = dynamics[dynamics["is_known"]]
    if known.empty:
        return _nothing(ax, "Losses cannot be known yet: no month is old enough", subtitle)
    with style.style():
        ax.bar(
            dynamics["month"], dynamics["revenue_lost"].fillna(0), width=22, color=COLOURS["lost"]
        )
        ax.plot(dynamics["month"], dynamics["revenue_lost_12m"], color=COLOURS["actual"])
        young = dynamics[~dynamics["is_known"]]
        if len(young):
            ax.axvspan(
                known["month"].max() + pd.Timedelta(days=12), young["month"].max() + pd.Timedelta(days=12),
                facecolor="none", edgecolor=COLOURS["previous"], hatch="///", linewidth=0,
            )  # fmt: skip
            place = {"xycoords": ("data", "axes fraction"), "ha": "right"}
            style.label(
                ax,
                young["month"].max(),
                1,
                "not known yet",
                colour=COLOURS["quiet"],
                dx=0,
                dy=6,
                **place,
            )
    style.month_axis(ax.xaxis)
    style.money_axis(ax.yaxis, book)
    last = known.iloc[-1]
    count = known["lost_12m_count"].iloc[-1]
    if known["lost_count"].sum() == 0:
        return style.titles(ax, f"No account was lost up to {date(last['month'])}", subtitle)
    if count != count:
        total, lost = known["revenue_lost"].sum(), known["lost_count"].sum()
        return style.titles(
            ax,
            f"{number(lost, book)} accounts lost so far, with {money(total, book)} a year",
            subtitle,
        )
    back = known["returned_count"].tail(12).sum()
    finding = (
        f"{number(count, book)} accounts with {money(last['revenue_lost_12m'], book)} a year were lost in the 12 "
        f"months to {date(last['month'])}; {number(back, book)} of them have come back"
    )
    return style.titles(ax, finding, subtitle)


def plot_loss_directions(
    directions: pd.DataFrame,
    *,
    direction: str,
    ax: Axes | None = None,
    most: int = 10,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw the revenue lost by the values of one direction, the largest first."""
    rows = directions[directions["direction"].eq(direction) & directions["revenue_lost"].notna()]
    shown = rows.head(most)
    ax = ax or style.axes(8, max(1.6, 0.9 + 0.36 * len(shown)))
    word = {"manager_id": "manager", "seen": "who noticed"}.get(direction, direction)
    cut = f", the {len(shown)} largest of {len(rows)}" if len(rows) > len(shown) else ""
    subtitle = _subtitle(
        f"Revenue of losses seen in the 12 months, by {word}{cut}; number of losses behind it",
        period,
    )
    if shown.empty or shown["revenue_lost"].sum() == 0:
        return _nothing(ax, f"No loss to show by {word}", subtitle)
    place = np.arange(len(shown))[::-1]
    with style.style():
        ax.barh(place, shown["revenue_lost"], color=COLOURS["lost"], height=0.6)
    for y, amount, count in zip(place, shown["revenue_lost"], shown["lost_count"], strict=True):
        style.label(ax, amount, y, f"{money(amount, book)} · {number(count, book)}")
    ax.set_yticks(place, [style.short(v, 28) for v in shown["value"]])
    ax.set_xlim(0, shown["revenue_lost"].max() * 1.25)
    style.no_axis(ax.xaxis)
    first = shown.iloc[0]
    finding = (
        f"{first['value']}: {share(first['lost_share'], book, decimals=0)} of the revenue lost"
    )
    return style.titles(ax, finding, subtitle)


def plot_cohort_retention(
    cohorts: pd.DataFrame,
    *,
    measure: str = "active_share",
    ax: Axes | None = None,
    most: int = 24,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw the share of each cohort active per quarter of age, as a heat map; cells not reached yet
    stay blank.
    """
    named = [c for c in cohorts["cohort"].unique() if c not in ("all", "before history")]
    order = [c for c in ("before history",) if c in set(cohorts["cohort"])] + named[-most:]
    order += ["all"] if "all" in set(cohorts["cohort"]) else []
    ax = ax or style.axes(8, max(2.0, 1.2 + 0.26 * len(order)))
    words = (
        "active in the month" if measure == "active_share" else "revenue against the first months"
    )
    subtitle = _subtitle(
        f"Share {words}, by months since the first order, every third month; blank: not reached yet",
        period,
    )
    if not order:
        return _nothing(ax, "No cohort yet: nobody has ordered", subtitle)
    cells = cohorts[cohorts["cohort"].isin(order) & cohorts["months_since"].mod(3).eq(0)]
    grid = cells.pivot(index="cohort", columns="months_since", values=measure).reindex(order)
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
    ax.set_yticks(np.arange(len(order)) + 0.5, [f"{c} ({number(sizes[c], book)})" for c in order])
    every = max(1, grid.shape[1] // 12)
    ax.set_xticks(np.arange(0, grid.shape[1], every) + 0.5, [str(m) for m in grid.columns[::every]])
    ax.set_xlabel("Months since the first order (accounts of the cohort in brackets)")
    ax.invert_yaxis()
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    together = cohorts[cohorts["cohort"].eq("all")].set_index("months_since")
    if 12 not in together.index:
        return style.titles(ax, "How many stay a year cannot be known yet", subtitle)
    year = together.loc[12]
    finding = (
        f"{share(year['active_share'], book, decimals=0)} of {number(year['account_count'], book)} accounts order in "
        "the twelfth month after their first"
    )
    return style.titles(ax, finding, subtitle)


def _alarm_finding(own: pd.Series, suggested: pd.Series, book: Any) -> str:
    if not own["alarm_count"]:
        return f"At k = {own['k']:g} the alarm never sounded in {number(own['case_count'], book)} cases"
    text = f"At k = {own['k']:g} an alarm was right in {share(1 - own['false_alarm_rate'], book, decimals=0)} of cases"
    if own["leaver_count"]:
        text += (
            f" and {share(own['missed_loss_rate'], book, decimals=0)} of leavers had no alarm yet"
        )
    if suggested["k"] != own["k"]:
        text += f"; k = {suggested['k']:g} would do better"
    return text


def _subtitle(text: str, period: str) -> str:
    return f"{text} · {period}" if period else text


def _nothing(ax: Axes, finding: str, subtitle: str) -> Axes:
    style.no_axis(ax.xaxis)
    style.no_axis(ax.yaxis)
    return style.titles(ax, finding, subtitle)
