"""Charts of the segmentation: curves of concentration, class matrices, moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.plots import style
from kamlib.plots.style import COLOURS
from kamlib.segmentation.words import percent
from kamlib.words.amounts import money, number

MOST_POINTS = 300
PAIRED = (6.2, 3.4)
"""Inches of a chart that stands beside another one on a wide page."""
XYZ_WORDS = {
    "frequency": ["X often", "Y regularly", "Z occasionally", "N new"],
    "variability": ["X even", "Y uneven", "Z erratic", "N new"],
}


def plot_pareto(
    pareto: pd.DataFrame,
    *,
    limits: tuple[float, float] = (0.80, 0.95),
    ax: Axes | None = None,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw how the accounts, largest first, add up to all revenue; the class limits; names at the
    bends.
    """
    ax = ax or style.axes(8, 4)
    subtitle = _subtitle("Cumulative share of revenue over accounts, largest first", period)
    if pareto.empty:
        return _nothing(ax, "No account has revenue in the window", subtitle)
    ends = [0, *pareto["cum_share"]]
    drawn = _thinned(pareto, pareto["is_bend"])
    ax.plot(
        [0, *drawn["rank"]], [0, *drawn["cum_share"]], color=COLOURS["quiet"], linewidth=1, zorder=1
    )
    for letter in "ABC":
        part = drawn[drawn["abc_revenue"].eq(letter)]
        if len(part):
            start = int(part["rank"].iloc[0]) - 1
            xs, ys = [start, *part["rank"]], [ends[start], *part["cum_share"]]
            ax.plot(
                xs,
                ys,
                color=COLOURS[letter],
                linewidth=3,
                marker="o" if len(pareto) <= 40 else "",
                markersize=4,
            )
            ax.fill_between(xs, ys, color=COLOURS[letter], alpha=0.25, linewidth=0)
    for limit in limits:
        ax.axhline(limit, color=COLOURS["quiet"], linewidth=0.8, linestyle=(0, (4, 3)))
        style.label(ax, 0, limit, percent(limit, book), colour=COLOURS["quiet"], dx=4, dy=6)
    named = pareto[pareto["is_bend"] | pareto["rank"].eq(1)].drop_duplicates("rank")
    for rank, reached, letter, name in zip(
        named["rank"], named["cum_share"], named["abc_revenue"], named["name"], strict=True
    ):
        ax.plot(rank, reached, "o", color=COLOURS[letter], markersize=6)
        dx, dy = (-8, 10) if rank > 0.8 * len(pareto) else (8, 10 if reached < 0.1 else -10)
        if any(0.02 < reached - limit < 0.07 for limit in limits):
            dy -= 12  # clear of the limit's own line
        style.label(
            ax, rank, reached, f"{number(rank, book)}. {style.short(name, 24)}", dx=dx, dy=dy
        )
    ax.set_ylim(0, 1.1)
    ax.set_xlim(0, max(len(pareto), 2) * 1.02)
    style.share_axis(ax.yaxis, book)
    style.number_axis(ax.xaxis, book)
    ax.set_xlabel("Accounts, largest first")
    last = pareto[pareto["abc_revenue"].eq("A")].iloc[-1]
    verb = "brings" if last["rank"] == 1 else "bring"
    finding = (
        f"{number(last['rank'], book)} of {_plural(len(pareto), 'account', book)} {verb} "
        f"{percent(last['cum_share'], book)} of revenue"
    )
    return style.titles(ax, finding, subtitle)


def plot_whale_curve(
    whale_curve: pd.DataFrame, *, ax: Axes | None = None, period: str = "", book: Any = None
) -> Axes:
    """Draw profit added up from the most to the least profitable account: its peak, and what is
    lost after it.
    """
    ax = ax or style.axes(*PAIRED)
    subtitle = _subtitle("Cumulative margin over accounts, most profitable first", period)
    if whale_curve.empty:
        return _nothing(ax, "No margin is known: the book has no cost", subtitle)
    highest = whale_curve["cumulative_margin"].argmax()
    top = max(whale_curve["cumulative_margin"].iloc[highest], 0.0)
    peak = int(whale_curve["rank"].iloc[highest]) if top > 0 else 0
    total = whale_curve["cumulative_margin"].iloc[-1]
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
    if losers := int((whale_curve["margin"] < 0).sum()):
        ax.plot(peak, top, "o", color=COLOURS["good"])
        ax.plot(len(whale_curve), total, "o", color=COLOURS["bad"])
        style.label(ax, peak, top, money(top, book), dx=-8, dy=8)
        style.label(ax, len(whale_curve), total, money(total, book), dx=6, colour=COLOURS["bad"])
        verb, than = ("costs", "it brings") if losers == 1 else ("cost", "they bring")
        finding = (
            f"{_plural(losers, 'account', book)} {verb} {money(top - total, book)} more than {than}"
        )
    else:
        style.label(ax, len(whale_curve), total, money(total, book), dx=6)
        finding = "No account costs more than it brings"
    style.money_axis(ax.yaxis, book)
    style.number_axis(ax.xaxis, book)
    ax.set_xlabel("Accounts, most profitable first")
    return style.titles(ax, finding, subtitle)


def plot_lorenz(
    lorenz: pd.DataFrame,
    concentration: pd.DataFrame,
    *,
    ax: Axes | None = None,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw the Lorenz curve against the line of equal accounts; the Gini coefficient beside it."""
    ax = ax or style.axes(*PAIRED)
    subtitle = _subtitle("Share of revenue over share of accounts, smallest first", period)
    rows = concentration[concentration["scope"].eq("accounts")]
    if lorenz.empty or rows.empty:
        return _nothing(ax, "No account has revenue in the window", subtitle)
    drawn = _thinned(lorenz, lorenz["rank"].eq(0))
    ax.plot([0, 1], [0, 1], color=COLOURS["previous"], linewidth=1)
    style.label(ax, 0.5, 0.5, "if all were equal", colour=COLOURS["quiet"], dx=-8, dy=8)
    ax.plot(drawn["account_share"], drawn["revenue_share"], color=COLOURS["accent"], linewidth=3)
    ax.fill_between(
        drawn["account_share"],
        drawn["revenue_share"],
        drawn["account_share"],
        color=COLOURS["accent"],
        alpha=0.12,
    )
    gini = rows["gini"].iloc[0]
    lower = lorenz[lorenz["account_share"] <= 0.5].iloc[-1]
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    style.share_axis(ax.xaxis, book)
    style.share_axis(ax.yaxis, book)
    ax.set_xlabel("Accounts, smallest first")
    finding = f"The smaller half of accounts brings {percent(lower['revenue_share'], book)} of revenue (Gini {gini:.2f})"
    return style.titles(ax, finding, subtitle)


def plot_concentration(
    concentration: pd.DataFrame, *, ax: Axes | None = None, period: str = "", book: Any = None
) -> Axes:
    """Draw the share of the 1, 5, 10 and 20 largest, as single accounts and as groups."""
    subtitle = _subtitle("Share of revenue of the largest, as accounts and as groups", period)
    if concentration.empty or not concentration["revenue"].gt(0).all():
        return _nothing(ax or style.axes(6.2, 1), "No account has revenue in the window", subtitle)
    rows: Any = concentration.set_index("scope")
    tops = [
        top for top in (20, 10, 5, 1) if top == 1 or top < rows.loc["accounts", "account_count"]
    ]
    columns = [f"top_{top}_share" for top in tops]
    ax = ax or style.axes(6.2, 0.9 + 0.6 * len(tops))
    scopes = {"accounts": COLOURS["previous"], "groups": COLOURS["actual"]}
    if rows.loc["accounts", columns].equals(rows.loc["groups", columns]):
        scopes = {"accounts": COLOURS["actual"]}
        subtitle = _subtitle("Share of revenue of the largest; no groups are known", period)
    for place, (scope, colour) in enumerate(scopes.items()):
        offset = (0.2 - 0.4 * place) * (len(scopes) - 1)
        values = rows.loc[scope, columns]
        ax.barh(np.arange(len(tops)) + offset, values, height=0.38, color=colour, label=scope)
        style.label_bars(
            ax, [f"{percent(value, book)} {scope if len(scopes) > 1 else ''}" for value in values]
        )
    ax.set_yticks(range(len(tops)), ["largest" if top == 1 else f"{top} largest" for top in tops])
    ax.set_xlim(0, rows.loc[list(scopes), columns[0]].max() * 1.25)
    ax.set_ylim(-0.6, len(tops) - 0.4)
    style.no_axis(ax.xaxis)
    column = columns[1] if tops[0] == 20 else columns[0]
    told, scope = tops[columns.index(column)], list(scopes)[-1]
    top, single = rows.loc[scope, column], rows.loc["accounts", column]
    more = (
        f", {(top - single) * 100:.0f} points more than counted alone"
        if top - single >= 0.005
        else ""
    )
    who = (
        f"The largest {scope.removesuffix('s')} brings"
        if told == 1
        else f"The {told} largest {scope} bring"
    )
    return style.titles(ax, f"{who} {percent(top, book)} of revenue{more}", subtitle)


def plot_abc_xyz_matrix(
    matrix: pd.DataFrame,
    *,
    basis: str = "frequency",
    ax: Axes | None = None,
    period: str = "",
    book: Any = None,
) -> Axes:
    """Draw the matrix of revenue class and regularity: count and share of revenue in each cell."""
    ax = ax or style.axes(*PAIRED)
    how = {"frequency": "how often they order", "variability": "how even their months are"}[basis]
    subtitle = _subtitle(f"Accounts and share of revenue by size (ABC) and {how}", period)
    cells = matrix[
        matrix["basis"].eq(basis)
        & matrix["abc"].isin(list("ABC"))
        & matrix["xyz"].isin(list("XYZN"))
    ]
    if not cells["account_count"].sum():
        return _nothing(ax, "No account has both classes", subtitle)
    texts = [
        f"{number(row.account_count, book)}\n{percent(row.revenue_share, book)}"
        if row.account_count
        else "–"
        for row in cells.itertuples()
    ]
    cells = cells.assign(text=texts)
    _heat_map(ax, cells, "abc", "xyz", "revenue_share", list("ABC"), list("XYZN"))
    ax.set_xticklabels(XYZ_WORDS[basis])
    top = cells.sort_values(["revenue", "cell"], ascending=[False, True], kind="stable").iloc[0]
    verb = "brings" if top["account_count"] == 1 else "bring"
    share = (
        ""
        if pd.isna(top["revenue_share"])
        else f", {percent(top['revenue_share'], book)} of revenue"
    )
    amount = money(top["revenue"], book)
    finding = (
        f"{_plural(top['account_count'], 'account', book)} in {top['cell']} {verb} {amount}{share}"
    )
    return style.titles(ax, finding, subtitle)


def plot_abc_cross(
    cross: pd.DataFrame, *, ax: Axes | None = None, period: str = "", book: Any = None
) -> Axes:
    """Draw revenue class against margin class: who is large in sales but not in profit."""
    ax = ax or style.axes(*PAIRED)
    subtitle = _subtitle(
        "Accounts and their margin by revenue class (rows) and margin class", period
    )
    if cross.empty:
        return _nothing(ax, "No margin is known: the book has no cost", subtitle)
    texts = [
        f"{number(row.account_count, book)}\n{money(row.margin, book)}"
        if row.account_count
        else "–"
        for row in cross.itertuples()
    ]
    columns = ["A", "B", "C", "none"] if cross["abc_margin"].eq("none").any() else list("ABC")
    cells = cross[cross["abc_revenue"].isin(list("ABC"))].assign(
        text=pd.Series(texts, index=cross.index)
    )
    _heat_map(ax, cells, "abc_revenue", "abc_margin", "account_count", list("ABC"), columns)
    ax.set_xticklabels([{"none": "no profit"}.get(letter, letter) for letter in columns])
    ax.set_xlabel("Class by margin")
    ax.set_ylabel("Class by revenue")
    worse = cells[cells["abc_revenue"].eq("A") & cells["abc_margin"].ne("A")]["account_count"].sum()
    finding = (
        f"{_plural(int(worse), 'account', book)} of class A by revenue {'is' if worse == 1 else 'are'} not A by margin"
        if worse
        else "Every account of class A by revenue is A by margin too"
    )
    return style.titles(ax, finding, subtitle)


def plot_class_migration(
    migration: pd.DataFrame, *, basis: str = "abc", ax: Axes | None = None, period: str = ""
) -> Axes:
    """Draw how many accounts went from which class to which."""
    ax = ax or style.axes(*PAIRED)
    what = {
        "abc": "Revenue class",
        "frequency": "Class by frequency",
        "variability": "Class by variability",
    }[basis]
    subtitle = _subtitle(f"{what}: accounts from class then (rows) to class now (columns)", period)
    cells = migration[migration["basis"].eq(basis)]
    if not cells["account_count"].sum():
        return _nothing(ax, "No account had a class then and has one now", subtitle)
    letters = list(dict.fromkeys(cells["class_then"]))
    ranks = {letter: place for place, letter in enumerate(letters)}
    is_move = cells["class_then"].ne(cells["class_now"])
    step = cells["class_now"].map(ranks) - cells["class_then"].map(ranks)
    is_classed = cells["class_then"].ne("none") & cells["class_now"].ne("none")
    down = int(cells.loc[is_classed & (step > 0), "account_count"].sum())
    up = int(cells.loc[is_classed & (step < 0), "account_count"].sum())
    cells = cells.assign(
        text=cells["account_count"].map(lambda count: f"{count:,}" if count else "·"),
        heat=cells["account_count"].where(is_move, 0),
    )
    _heat_map(ax, cells, "class_then", "class_now", "heat", letters, letters)
    ax.set_xlabel("Class now")
    ax.set_ylabel("Class then")
    ways = [(many, way) for many, way in ((down, "down"), (up, "up")) if many]
    told = [
        f"{f'{many:,}' if place else _plural(many, 'account')} moved {way}"
        for place, (many, way) in enumerate(ways)
    ]
    return style.titles(ax, ", ".join(told) or "No account changed its class", subtitle)


def plot_class_moves(
    moves: pd.DataFrame, *, most: int = 15, ax: Axes | None = None, period: str = ""
) -> Axes:
    """Draw what moved each account: its own change and the others', in points of cumulative share."""
    moved = moves[moves["kind"].eq("move")]
    shown = moved.head(most).iloc[::-1]
    ax = ax or style.axes(6.2, max(1.4 + 0.34 * len(shown), 2.4))
    cut = f"; the {most} largest of {len(moved):,}" if len(moved) > most else ""
    subtitle = _subtitle(
        f"Change of the share of revenue before the account, in points (right: down){cut}", period
    )
    if shown.empty:
        return _nothing(ax, "No account changed its revenue class", subtitle)
    places = np.arange(len(shown))
    for offset, column, colour, name in (
        (0.19, "own_effect_share", COLOURS["actual"], "its own change"),
        (-0.19, "neighbours_effect_share", COLOURS["previous"], "the others' change"),
    ):
        values = shown[column].to_numpy() * 100
        ax.barh(places + offset, values, height=0.36, color=colour, label=name)
        style.label_bars(
            ax,
            [f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0" for value in values],
        )
    ax.axvline(0, color=COLOURS["quiet"], linewidth=0.8)
    names = [
        f"{style.short(row['name'], 24)}  {row['abc_then']} → {row['abc_now']}"
        for row in shown.to_dict("records")
    ]
    ax.set_yticks(places, names)
    ax.margins(x=0.15)
    style.no_axis(ax.xaxis)
    ax.spines["left"].set_visible(False)
    with style.style():
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, -0.02 - 0.9 / (len(shown) + 3)), ncols=2)
    others = int(moved["cause"].eq("neighbours").sum())
    which = "" if len(moved) == 1 else "all " if others == len(moved) else f"{others:,} "
    why = f", {which}only because of the others" if others else ""
    finding = f"{_plural(len(moved), 'account')} changed class{why}"
    return style.titles(ax, finding, subtitle)


def plot_rfm_segments(
    segments: pd.DataFrame, *, ax: Axes | None = None, period: str = "", book: Any = None
) -> Axes:
    """Draw each RFM segment's share of revenue, with the number of its accounts."""
    ax = ax or style.axes(8, 3.6)
    subtitle = _subtitle("Share of revenue and number of accounts by RFM segment", period)
    if not segments["account_count"].sum():
        return _nothing(ax, "No account has ever ordered", subtitle)
    shown = segments.iloc[::-1]
    bars = shown["revenue_share"].fillna(0.0)
    ax.barh(shown["segment"], bars, color=COLOURS["accent"], height=0.7)
    style.label_bars(
        ax,
        [
            f"{percent(row.revenue_share, book)} · {_plural(row.account_count, 'account', book)}"
            for row in shown.itertuples()
        ],
    )
    ax.set_xlim(min(bars.min(), 0), max(bars.max(), 0.01) * 1.35)
    style.no_axis(ax.xaxis)
    top = segments.sort_values(["revenue", "segment"], ascending=[False, True], kind="stable").iloc[
        0
    ]
    if pd.isna(top["revenue_share"]):
        return style.titles(ax, "No account has revenue in the window", subtitle)
    who = _plural(top["account_count"], "account", book)
    verb = "brings" if top["account_count"] == 1 else "bring"
    finding = f"{who} in “{top['segment']}” {verb} {percent(top['revenue_share'], book)} of revenue"
    return style.titles(ax, finding, subtitle)


def _heat_map(
    ax: Axes,
    cells: pd.DataFrame,
    row: str,
    column: str,
    value: str,
    rows: list[str],
    columns: list[str],
) -> None:
    """Draw a grid of shaded cells with the column ``text`` in them, first row on top."""
    grid = cells.set_index([row, column])
    heat = grid[value].unstack().reindex(index=rows, columns=columns).astype("float64").fillna(0.0)
    texts = grid["text"].unstack().reindex(index=rows, columns=columns).astype(object).fillna("–")
    highest = max(float(heat.to_numpy().max()), 1e-12)
    ax.pcolormesh(
        heat.to_numpy(), cmap=style.tints(), vmin=0, vmax=highest, edgecolors="white", linewidth=2
    )
    with style.style():
        for (y, x), text in np.ndenumerate(texts.to_numpy()):
            ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=10, color=style.INK)
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    ax.invert_yaxis()
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)


def _thinned(points: pd.DataFrame, always: pd.Series) -> pd.DataFrame:
    """Return at most some hundred points, the first, the last and ``always`` among them."""
    if len(points) <= MOST_POINTS:
        return points
    kept, steps = np.zeros(len(points), dtype=bool), np.linspace(0, 1, MOST_POINTS)
    for way in (steps, steps**2):
        kept[np.round(way * (len(points) - 1)).astype(int)] = True
    return points[kept | always.to_numpy()]


def _subtitle(what: str, period: str) -> str:
    return f"{what}, {period}" if period else what


def _plural(count: Any, noun: str, book: Any = None) -> str:
    return f"{number(count, book)} {noun}{'' if count == 1 else 's'}"


def _nothing(ax: Axes, finding: str, subtitle: str) -> Axes:
    """Leave the axes empty and let the title say why."""
    ax.set_axis_off()
    if (figure := ax.get_figure(root=True)) is not None and len(figure.axes) == 1:
        figure.set_figheight(1.0)
    return style.titles(ax, finding, subtitle)
