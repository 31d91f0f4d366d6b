"""Charts of the segmentation: curves of concentration, moves, groups of behaviour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.book import BookSettings, SegmentationSettings
from kamlib.plots import style
from kamlib.plots.marks import is_narrow, mark, mark_each, mark_points, mark_rows
from kamlib.plots.style import COLOURS
from kamlib.story.segmentation_charts import MOST_MOVES, tops_of
from kamlib.words import count, money, number, percent, say

MOST_POINTS = 300
PAIRED = (6.2, 3.4)
"""Inches of a chart that stands beside another one on a wide page."""


def plot_pareto(
    pareto: pd.DataFrame,
    *,
    segmentation: SegmentationSettings = SegmentationSettings(),
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the accounts, largest first, add up to all revenue; the class limits; names at the
    bends.
    """
    ax = ax or style.axes(8, 4)
    if pareto.empty:
        return style.nothing(ax, title, subtitle)
    ends = [0, *pareto["cumulative_revenue_share"]]
    drawn = _thinned(pareto, pareto["is_bend"])
    ranks, shares = [0, *drawn["rank"]], [0, *drawn["cumulative_revenue_share"]]
    ax.plot(ranks, shares, color=COLOURS["quiet"], linewidth=1, zorder=1)
    marker = "o" if len(pareto) <= 40 else ""
    for letter in "ABC":
        part = drawn[drawn["abc_revenue"].eq(letter)]
        if len(part):
            start = int(part["rank"].iloc[0]) - 1
            xs, ys = [start, *part["rank"]], [ends[start], *part["cumulative_revenue_share"]]
            colour = COLOURS[letter]
            ax.plot(xs, ys, color=colour, linewidth=3, marker=marker, markersize=4)
            ax.fill_between(xs, ys, color=colour, alpha=0.25, linewidth=0)
    for limit in segmentation.abc:
        ax.axhline(limit, color=COLOURS["quiet"], linewidth=0.8, linestyle=(0, (4, 3)))
        style.label(ax, 0, limit, percent(limit, book), colour=COLOURS["quiet"], dx=4, dy=6)
    named = pareto[pareto["is_bend"] | pareto["rank"].eq(1)].drop_duplicates("rank")
    for row in named.to_dict("records"):
        rank, reached = row["rank"], row["cumulative_revenue_share"]
        (spot,) = ax.plot(rank, reached, "o", color=COLOURS[row["abc_revenue"]], markersize=6)
        told = say(
            "{name}: no. {rank}, {reached} up to it",
            name=row["name"],
            rank=number(rank, book),
            reached=percent(reached, book),
        )
        mark(spot, told, row["account_id"])
        dx, dy = (-8, 10) if rank > 0.8 * len(pareto) else (8, 10 if reached < 0.1 else -10)
        if any(0.02 < reached - limit < 0.07 for limit in segmentation.abc):
            dy -= 12  # clear of the limit's own line
        name = f"{number(rank, book)}. {style.short(row['name'], 24)}"
        style.label(ax, rank, reached, name, dx=dx, dy=dy)
    ax.set_ylim(0, 1.1)
    ax.set_xlim(0, max(len(pareto), 2) * 1.02)
    style.share_axis(ax.yaxis, book)
    style.number_axis(ax.xaxis, book)
    ax.set_xlabel(say("Accounts, largest first"))
    return style.titles(ax, title, subtitle)


def plot_whale_curve(
    whale_curve: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw profit added up from the most to the least profitable account: its peak, and what is
    lost after it.
    """
    ax = ax or style.axes(*PAIRED)
    if whale_curve.empty:
        return style.nothing(ax, title, subtitle)
    reached, last = whale_curve["cumulative_margin"], len(whale_curve)
    top, total = max(reached.max(), 0.0), reached.iloc[-1]
    peak = int(whale_curve["rank"].iloc[reached.argmax()]) if top > 0 else 0
    drawn = _thinned(whale_curve, whale_curve["rank"].eq(peak))
    points = [(0, 0.0), *zip(drawn["rank"], drawn["cumulative_margin"], strict=True)]
    for colour, part in (
        (COLOURS["good"], [point for point in points if point[0] <= peak]),
        (COLOURS["bad"], [point for point in points if point[0] >= peak]),
    ):
        xs, ys = zip(*part, strict=True)
        ax.plot(xs, ys, color=colour, linewidth=3)
        ax.fill_between(xs, ys, color=colour, alpha=0.15, linewidth=0)
    ax.axhline(0, color=COLOURS["quiet"], linewidth=0.8)
    if (whale_curve["margin"] < 0).any():
        ax.plot(peak, top, "o", color=COLOURS["good"])
        ax.plot(last, total, "o", color=COLOURS["bad"])
        tips = [
            say("{rank} accounts: {amount}", rank=number(at, book), amount=money(value, book))
            for at, value in ((peak, top), (last, total))
        ]
        mark_points(ax, (peak, last), (top, total), tips)
        style.label(ax, peak, top, money(top, book), dx=-8, dy=8)
        style.label(ax, last, total, money(total, book), dx=6, colour=COLOURS["bad"])
    else:
        style.label(ax, last, total, money(total, book), dx=6)
    style.money_axis(ax.yaxis, book)
    style.number_axis(ax.xaxis, book)
    ax.set_xlabel(say("Accounts, most profitable first"))
    return style.titles(ax, title, subtitle)


def plot_lorenz(
    lorenz: pd.DataFrame,
    concentration: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the Lorenz curve against the line of equal accounts."""
    ax = ax or style.axes(*PAIRED)
    if lorenz.empty or concentration.empty:
        return style.nothing(ax, title, subtitle)
    drawn = _thinned(lorenz, lorenz["rank"].eq(0))
    xs, ys = drawn["cumulative_account_share"], drawn["cumulative_revenue_share"]
    ax.plot([0, 1], [0, 1], color=COLOURS["previous"], linewidth=1)
    style.label(ax, 0.5, 0.5, say("if all were equal"), colour=COLOURS["quiet"], dx=-8, dy=8)
    ax.plot(xs, ys, color=COLOURS["accent"], linewidth=3)
    ax.fill_between(xs, ys, xs, color=COLOURS["accent"], alpha=0.12)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    style.share_axis(ax.xaxis, book)
    style.share_axis(ax.yaxis, book)
    ax.set_xlabel(say("Accounts, smallest first"))
    return style.titles(ax, title, subtitle)


def plot_concentration(
    concentration: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of the 1, 5, 10 and 20 largest, as single accounts and as groups."""
    if concentration.empty or not concentration["revenue"].gt(0).all():
        return style.nothing(ax or style.axes(6.2, 1), title, subtitle)
    tops = tops_of(concentration)
    rows: Any = concentration.set_index("scope")[[f"top_{top}_share" for top in tops]]
    ax = ax or style.axes(6.2, 0.9 + 0.6 * len(tops))
    scopes = {"accounts": COLOURS["previous"], "groups": COLOURS["actual"]}
    if rows.loc["accounts"].equals(rows.loc["groups"]):
        scopes = {"accounts": COLOURS["actual"]}
    names = [say("largest") if top == 1 else say("{top} largest", top=top) for top in tops]
    for place, (scope, colour) in enumerate(scopes.items()):
        offset = (0.2 - 0.4 * place) * (len(scopes) - 1)
        values, said = rows.loc[scope], say(scope) if len(scopes) > 1 else ""
        bars = ax.barh(np.arange(len(tops)) + offset, values, height=0.38, color=colour)
        texts = [f"{percent(value, book)} {said}".strip() for value in values]
        style.label_bars(ax, texts)
        mark_each(bars, [f"{top}: {text}" for top, text in zip(names, texts, strict=True)])
    ax.set_yticks(range(len(tops)), names)
    ax.set_xlim(0, rows.loc[list(scopes)].iloc[:, 0].max() * 1.25)
    ax.set_ylim(-0.6, len(tops) - 0.4)
    style.no_axis(ax.xaxis)
    return style.titles(ax, title, subtitle)


def plot_class_moves(
    class_moves: pd.DataFrame,
    *,
    most: int = MOST_MOVES,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what moved each account: its own change and the others', in points of share."""
    shown = class_moves[class_moves["move_kind"].eq("move")].head(most).iloc[::-1]
    ax = ax or style.axes(6.2, max(1.4 + 0.34 * len(shown), 2.4))
    if shown.empty:
        return style.nothing(ax, title, subtitle)
    places = np.arange(len(shown))
    for offset, column, colour, name in (
        (0.19, "own_effect_share", COLOURS["actual"], say("its own change")),
        (-0.19, "neighbours_effect_share", COLOURS["previous"], say("the others' change")),
    ):
        values = shown[column].to_numpy() * 100
        ax.barh(places + offset, values, height=0.36, color=colour, label=name)
        style.label_bars(
            ax,
            [
                ("+" if value > 0 else "") + number(value, book, decimals=1)
                if abs(value) >= 0.05
                else "0"
                for value in values
            ],
        )
    ax.axvline(0, color=COLOURS["quiet"], linewidth=0.8)
    names = [
        f"{style.short(row['name'], 24)}  {row['abc_then']} → {row['abc_now']}"
        for row in shown.to_dict("records")
    ]
    ax.set_yticks(places, names)
    for bars in ax.containers:
        mark_rows(ax, bars, names, list(shown["account_id"]))
    ax.margins(x=0.3 if is_narrow() else 0.15)
    style.no_axis(ax.xaxis)
    ax.spines["left"].set_visible(False)
    with style.style():
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, -0.02 - 0.9 / (len(shown) + 3)), ncols=2)
    return style.titles(ax, title, subtitle)


def plot_rfm_segments(
    rfm_segments: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw each RFM segment's share of revenue, with the number of its accounts."""
    ax = ax or style.axes(8, 3.6)
    if not rfm_segments["account_count"].sum():
        return style.nothing(ax, title, subtitle)
    shown = rfm_segments.iloc[::-1]
    bars = shown["revenue_share"].fillna(0.0)
    drawn = ax.barh(shown["segment"].map(say), bars, color=COLOURS["accent"], height=0.7)
    texts = [
        f"{percent(share, book)} · {count(items, 'account', source=book)}"
        for share, items in zip(shown["revenue_share"], shown["account_count"], strict=True)
    ]
    style.label_bars(ax, texts)
    mark_each(drawn, [f"{say(s)}: {t}" for s, t in zip(shown["segment"], texts, strict=True)])
    ax.set_xlim(min(bars.min(), 0), max(bars.max(), 0.01) * 1.35)
    style.no_axis(ax.xaxis)
    return style.titles(ax, title, subtitle)


def _thinned(points: pd.DataFrame, always: pd.Series) -> pd.DataFrame:
    """Return at most some hundred points, the first, the last and ``always`` among them."""
    if len(points) <= MOST_POINTS:
        return points
    kept, steps = np.zeros(len(points), dtype=bool), np.linspace(0, 1, MOST_POINTS)
    for way in (steps, steps**2):
        kept[np.round(way * (len(points) - 1)).astype(int)] = True
    return points[kept | always.to_numpy()]
