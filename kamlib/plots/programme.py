"""Charts of the programme review: load, moves, coverage, return, competence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from kamlib.plots import style
from kamlib.plots.style import COLOURS
from kamlib.words.amounts import date, money, share

MOST_MANAGERS = 20
MOST_ACCOUNTS = 40
PARTS = {
    "has_sponsor": "sponsor",
    "role_filled_share": "decision roles",
    "contact_age_days": "contact in 90 days",
    "team_filled_share": "team",
    "has_plan": "plan",
    "is_plan_fresh": "fresh plan",
}


def plot_workload(
    workload: pd.DataFrame, *, axes: Any = None, period: str = "", book: Any = None
) -> Any:
    """Draw hours and, beside them, revenue of each manager against what one can carry, the limit as
    a line.
    """
    people = workload[workload["manager_id"].ne("")].head(MOST_MANAGERS).iloc[::-1]
    height = 0.8 + 0.36 * max(len(people), 2)
    axes = (style.axes(5.2, height), style.axes(5.2, height)) if axes is None else axes
    over = int((workload["is_over_hours"] | workload["is_over_revenue"]).sum())
    verb = "carries" if over == 1 else "carry"
    hours = (
        f"{over} of {len(people)} managers {verb} more than the limits"
        if over
        else "No manager is over a limit"
    )
    cut = (
        f"; the {len(people)} heaviest of {len(workload)} managers"
        if len(people) < len(workload) - 1
        else ""
    )
    limit_known = "; line: limit" if people["revenue_limit"].notna().any() else ""
    panels = (
        (
            "hours",
            "hours_load_share",
            "hours_per_month",
            hours,
            f"Hours a month (key accounts); line: hours there are{cut}",
        ),
        (
            "revenue",
            "revenue_load_share",
            "revenue_limit",
            "",
            "Revenue of 12 months" + limit_known,
        ),
    )
    for ax, (value, load, limit, finding, subtitle) in zip(
        np.atleast_1d(axes).ravel(), panels, strict=True
    ):
        if people.empty:
            style.titles(ax, finding, subtitle)
            style.no_axis(ax.xaxis)
            style.no_axis(ax.yaxis)
            continue
        colours = [
            COLOURS["bad"] if one > 1 else COLOURS["actual"] for one in people[load].fillna(0)
        ]
        ax.barh(range(len(people)), people[value], color=colours, height=0.6)
        ax.vlines(
            people[limit],
            np.arange(len(people)) - 0.42,
            np.arange(len(people)) + 0.42,
            COLOURS["plan"],
            lw=2,
        )
        for place, row in enumerate(people.to_dict("records")):
            text, end = _load_text(row, value, load, book), np.fmax(row[value], row[limit])
            style.label(ax, end, place, text, dx=6)  # beyond the bar and its limit
        ax.set_yticks(
            range(len(people)),
            [
                f"{style.short(name, 22)} ({count})"
                for name, count in zip(people["manager_name"], people["key_count"], strict=True)
            ],
        )
        ax.set_xlim(0, max(people[value].max(), people[limit].max(skipna=True) or 0, 1e-9) * 1.45)
        style.no_axis(ax.xaxis)
        if value == "revenue":
            finding = _revenue_finding(people)
        style.titles(ax, finding, f"{subtitle}{'; ' + period if period else ''}")
    return axes


def _load_text(row: dict[Any, Any], value: str, load: str, book: Any) -> str:
    amount = f"{row[value]:.0f} h" if value == "hours" else money(row[value], book)
    known = "" if pd.isna(row[load]) else f", {share(row[load], book, decimals=0)}"
    return amount + known


def _revenue_finding(people: pd.DataFrame) -> str:
    total = people["revenue"].sum()
    if not total > 0:
        return "No revenue"
    first = people.sort_values("revenue", kind="stable").iloc[-1]
    return f"{style.short(first['manager_name'], 24)} carries {first['revenue'] / total * 100:.0f} % of the revenue"


def plot_assignment_loads(
    assignment_loads: pd.DataFrame,
    *,
    ax: Axes | None = None,
    moved_count: int | None = None,
    book: Any = None,
) -> Axes:
    """Draw the heavier of the two loads of each manager, today and as proposed."""
    table = assignment_loads.assign(
        now=assignment_loads[["hours_load_share", "revenue_load_share"]].max(axis=1),
        then=assignment_loads[["proposed_hours_load_share", "proposed_revenue_load_share"]].max(
            axis=1
        ),
    ).sort_values("now", kind="stable")
    table = table.tail(MOST_MANAGERS)
    ax = ax or style.axes(8, 1.5 + 0.36 * max(len(table), 2))
    subtitle = (
        "Heavier of: hours over hours there are, revenue over an even split; ● now, ◆ proposed"
    )
    if table.empty:
        style.no_axis(ax.xaxis)
        style.no_axis(ax.yaxis)
        return style.titles(ax, "No managers to assign accounts to", subtitle)
    place = np.arange(len(table))
    ax.hlines(place, table["now"], table["then"], color=COLOURS["previous"], lw=2.5)
    ax.scatter(table["now"], place, color=COLOURS["previous"], s=60, zorder=3)
    ax.scatter(table["then"], place, color=COLOURS["accent"], marker="D", s=50, zorder=4)
    ax.axvline(1, color=COLOURS["plan"], lw=1, ls=(0, (4, 3)))
    ax.set_yticks(place, [style.short(name, 26) for name in table["manager_name"]])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlim(0, max(table[["now", "then"]].max().max(), 1) * 1.1)
    style.share_axis(ax.xaxis, book)
    before, after = table["now"].max(), table["then"].max()
    moves = "" if moved_count is None else f"{moved_count} move{'' if moved_count == 1 else 's'}: "
    finding = f"{moves}the heaviest load falls from {share(before, book, decimals=0)} to {share(after, book, decimals=0)}"
    return style.titles(
        ax, finding if after < before - 1e-9 else "No move would lower the heaviest load", subtitle
    )


def plot_coverage(coverage: pd.DataFrame, *, ax: Axes | None = None, period: str = "") -> Axes:
    """Draw what each key account has (filled), has in part (light) and lacks (open); the most gaps
    on top.
    """
    shown = coverage.head(MOST_ACCOUNTS)
    ax = ax or style.axes(8, 1.4 + 0.26 * max(len(shown), 3))
    cut = (
        f"; the {len(shown)} with most gaps of {len(coverage)}"
        if len(shown) < len(coverage)
        else ""
    )
    known = {
        column: part for column, part in PARTS.items() if pd.notna(_cover(coverage, column)).any()
    }
    unknown = [part for column, part in PARTS.items() if column not in known]
    subtitle = f"Key accounts: filled = there, pale = in part, open = missing{cut}"
    subtitle += f"; not recorded: {', '.join(unknown)}" if unknown else ""
    subtitle += f"; {period}" if period else ""
    for x, column in enumerate(known):
        values = _cover(shown, column)
        for y, value in enumerate(values):
            if pd.isna(value):
                continue
            face = "none" if value <= 0 else to_rgba(COLOURS["good"], 1.0 if value >= 1 else 0.35)
            edge = COLOURS["bad"] if value <= 0 else COLOURS["good"]
            ax.scatter(x, y, s=85, marker="s", facecolors=face, edgecolors=edge, linewidths=1.3)
    ax.set_yticks(range(len(shown)), [style.short(name, 34) for name in shown["name"]])
    ax.set_xticks(range(len(known)), [part.replace(" ", "\n", 1) for part in known.values()])
    ax.xaxis.tick_top()
    ax.set_xlim(-0.6, len(PARTS) - 0.4)
    ax.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    whole = int(coverage["gap_count"].eq(0).sum())
    finding = f"{whole or 'None'} of {len(coverage)} key accounts {'are' if whole > 1 else 'is'} covered without a gap"
    if coverage.empty:
        finding = "No key accounts"
    elif not known:
        finding = "How key accounts are covered is not recorded"
    style.titles(ax, finding, subtitle)
    return ax


def _cover(table: pd.DataFrame, column: str) -> list[float]:
    values = table[column]
    if (
        values.dtype == bool
        and not values.any()
        and not table["note"].str.contains(PARTS[column].split()[-1]).any()
    ):
        return [np.nan] * len(values)  # the book records it of nobody
    if column == "contact_age_days":
        return [float(age <= 90) if pd.notna(age) else np.nan for age in values]
    return [float(value) if pd.notna(value) else np.nan for value in values]


def plot_programme_return(
    programme_return: pd.DataFrame,
    programme_payback: pd.DataFrame,
    *,
    ax: Axes | None = None,
    finding: str = "",
    book: Any = None,
) -> Axes:
    """Draw the cumulative margin above expectation less cost, its interval, and the month of
    payback.
    """
    ax = ax or style.axes(8, 4.2)
    subtitle = "Margin of key accounts above expectation less programme cost, cumulative; band: 95 % interval"
    if programme_return.empty:
        style.no_axis(ax.xaxis)
        style.no_axis(ax.yaxis)
        return style.titles(ax, finding or "The return of the programme cannot be told", subtitle)
    table = programme_return
    ax.fill_between(
        table["month"],
        table["cumulative_low"],
        table["cumulative_high"],
        color=COLOURS["accent"],
        alpha=0.16,
        lw=0,
    )
    ax.plot(table["month"], table["cumulative"], color=COLOURS["actual"])
    ax.axhline(0, color=COLOURS["plan"], lw=1)
    spent = -table["cost"].cumsum()
    ax.plot(table["month"], spent, color=COLOURS["plan"], lw=1.2, ls=(0, (4, 3)))
    style.label(ax, table["month"].iloc[-1], spent.iloc[-1], "cost alone", colour=COLOURS["quiet"])
    style.label(
        ax,
        table["month"].iloc[-1],
        table["cumulative"].iloc[-1],
        money(table["cumulative"].iloc[-1], book),
    )
    paid = programme_payback[
        programme_payback["question"].eq("payback") & programme_payback["month"].notna()
    ]
    for _, row in paid.iterrows():
        sure = row["answer"] == "paid back"
        ax.scatter(
            row["month"],
            row["cumulative"],
            s=70,
            zorder=5,
            color=COLOURS["good" if sure else "overdue"],
        )
        text = f"payback {date(row['month'])}" + ("" if sure else ", not certain")
        ax.axvline(row["month"], color=COLOURS["quiet"], lw=0.8, ls=(0, (1, 2)))
        style.label(
            ax, row["month"], 1, text, dx=4, dy=-5, xycoords=("data", "axes fraction"), va="top"
        )
    ax.margins(x=0.02)
    style.month_axis(ax.xaxis)
    ax.set_xlim(
        right=table["month"].iloc[-1] + (table["month"].iloc[-1] - table["month"].iloc[0]) * 0.02
    )
    style.money_axis(ax.yaxis, book)
    return style.titles(ax, finding or _return_finding(programme_payback, table, book), subtitle)


def _return_finding(payback: pd.DataFrame, table: pd.DataFrame, book: Any) -> str:
    own = payback[payback["question"].eq("payback")]
    last = table.iloc[-1]
    span = f"{money(last['cumulative_low'], book)} to {money(last['cumulative_high'], book)}"
    answer = own["answer"].iloc[0] if len(own) else ""
    if answer == "paid back":
        return f"The programme paid for itself after {own['months_count'].iloc[0]:.0f} months; now {span}"
    if answer == "not paid back yet":
        return f"The programme has not paid for itself yet: {span}"
    return f"Whether the programme pays cannot be told yet: {span}"


def plot_competence(competence: pd.DataFrame, *, ax: Axes | None = None, period: str = "") -> Axes:
    """Draw the latest rating of each manager in each skill; needs are framed, arrows show the
    change.
    """
    grid = competence.pivot_table(index="skill", columns="manager_name", values="rating", sort=True)
    ax = ax or style.axes(8, 1.5 + 0.32 * max(len(grid), 3))
    subtitle = "Latest rating, 1 to 5; ▲▼ against the one before; framed: below the level required"
    subtitle += f"; {period}" if period else ""
    if grid.empty:
        style.no_axis(ax.xaxis)
        style.no_axis(ax.yaxis)
        return style.titles(ax, "No manager has been rated", subtitle)
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
    rows = {skill: i for i, skill in enumerate(grid.index)}
    columns = {name: i for i, name in enumerate(grid.columns)}
    for _, one in competence.iterrows():
        x, y = columns[one["manager_name"]], rows[one["skill"]]
        mark = {"up": " ▲", "down": " ▼"}.get(one["trend"], "")
        style.label(ax, x + 0.5, y + 0.5, f"{one['rating']:g}{mark}", dx=0, ha="center")
        if one["is_training_need"]:
            frame = (
                [x + 0.06, x + 0.94, x + 0.94, x + 0.06, x + 0.06],
                [y + 0.1, y + 0.1, y + 0.9, y + 0.9, y + 0.1],
            )
            ax.plot(*frame, color=COLOURS["bad"], lw=1.4)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [style.short(name, 18) for name in columns])
    ax.set_yticks(
        np.arange(len(rows)) + 0.5, [style.short(skill, 34) for skill in rows], rotation=0
    )
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    needs = competence[competence["is_training_need"]]
    finding = "Nobody is below the level required"
    if len(needs):
        counts = needs["skill"].value_counts(sort=False).sort_index()
        most = list(counts[counts.eq(counts.max())].index)
        ratings = "1 rating is" if len(needs) == 1 else f"{len(needs)} ratings are"
        finding = f"{ratings} below the level required"
        if len(most) <= 2:
            finding += f", {'most ' if len(counts) > len(most) else ''}in {' and '.join(most)}"
    return style.titles(ax, finding, subtitle)


def plot_engagement(
    programme_engagement: pd.DataFrame, engagement_trend: pd.DataFrame, *, ax: Axes | None = None
) -> Axes:
    """Draw engagement and loyalty of the key accounts by quarter."""
    ax = ax or style.axes(8, 3.4)
    subtitle = "Mean over key accounts by quarter: contacts made of those planned; satisfaction and expected orders"
    if programme_engagement[["engagement_share", "loyalty_share"]].notna().sum().max() < 2:
        style.no_axis(ax.xaxis)
        style.no_axis(ax.yaxis)
        known = programme_engagement[["engagement_share", "loyalty_share"]].notna().any().any()
        finding = (
            "Engagement and loyalty: too few quarters to draw"
            if known
            else "Engagement and loyalty are not known"
        )
        return style.titles(ax, finding, subtitle)
    ends = []
    for column, name, colour in (
        ("engagement_share", "engagement", "accent"),
        ("loyalty_share", "loyalty", "active"),
    ):
        own = programme_engagement.dropna(subset=[column])
        if len(own):
            ax.plot(own["quarter_end_date"], own[column], color=COLOURS[colour], marker="o", ms=4)
            ends.append(
                (own[column].iloc[-1], own["quarter_end_date"].iloc[-1], name, COLOURS[colour])
            )
    heights = style.apart([end[0] for end in ends], 0.07)
    for height, (_, day, name, colour) in zip(heights, ends, strict=True):
        style.label(ax, day, height, name, colour=colour, dx=8)
    ax.set_ylim(0, 1.05)
    ax.margins(x=0.04)
    days = programme_engagement["quarter_end_date"]
    ax.set_xticks(days, [f"{day:%b %Y}" for day in days])
    style.share_axis(ax.yaxis)
    words = engagement_trend.set_index("measure")["trend"]
    if words.eq("rising").all():
        finding = "Engagement and loyalty are both rising"
    elif words.eq("too few quarters").all():
        finding = "Too few quarters to tell whether engagement and loyalty rise"
    elif words.eq("no clear trend").all():
        finding = "Neither engagement nor loyalty has a clear trend"
    else:
        finding = (
            f"Not both are rising: engagement {words['engagement']}, loyalty {words['loyalty']}"
        )
    return style.titles(ax, finding, subtitle)
