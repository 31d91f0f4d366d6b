"""What stands over the charts of the segmentation: finding, what is drawn, the chart in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings, SegmentationSettings
from kamlib.period.calendar import Span
from kamlib.story.segmentation import NO_PREVIOUS, window
from kamlib.story.statements import Said
from kamlib.words import count, money, number, percent, plural

NOTHING = "No account has revenue in the window"
MOST_MOVES = 15
"""Accounts drawn in the chart of class moves."""


def chart_pareto(
    pareto: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """How few accounts hold class A."""
    finding = NOTHING
    if len(pareto):
        last = pareto[pareto["abc_revenue"].eq("A")].iloc[-1]
        finding = (
            f"{number(last['rank'], book)} of {_accounts(len(pareto), book)} "
            f"{plural(last['rank'], 'brings', 'bring')} "
            f"{percent(last['cumulative_revenue_share'], book)} of revenue"
        )
    return Said(
        finding,
        f"Cumulative share of revenue over accounts, largest first, {window(segmentation, as_of)}",
        "Curve of revenue added up over the accounts, largest first, with the limits of the "
        "classes A and B; the full table has every value",
    )


def chart_whale_curve(
    whale_curve: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """How much profit the accounts that cost more than they bring take away again."""
    losers = int((whale_curve["margin"] < 0).sum())
    finding = "No account costs more than it brings"
    if whale_curve.empty:
        finding = (
            "No margin is known: with orders.cost this part shows which accounts earn and which "
            "only turn over money"
        )
    elif losers:
        reached = whale_curve["cumulative_margin"]
        lost = money(max(reached.max(), 0.0) - reached.iloc[-1], book)
        verb, than = plural(losers, "costs", "cost"), plural(losers, "it brings", "they bring")
        finding = f"{_accounts(losers, book)} {verb} {lost} more than {than}"
    return Said(
        finding,
        f"Cumulative margin over accounts, most profitable first, {window(segmentation, as_of)}",
        "Curve of margin added up over the accounts, most profitable first",
    )


def chart_lorenz(
    lorenz: pd.DataFrame,
    concentration: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """What the smaller half of the accounts brings."""
    rows = concentration[concentration["scope"].eq("accounts")]
    finding = NOTHING
    if len(lorenz) and len(rows):
        half = lorenz[lorenz["cumulative_account_share"] <= 0.5].iloc[-1]
        finding = (
            "The smaller half of accounts brings "
            f"{percent(half['cumulative_revenue_share'], book)} of revenue "
            f"(Gini {number(rows['gini'].iloc[0], book, decimals=2)})"
        )
    return Said(
        finding,
        f"Share of revenue over share of accounts, smallest first, {window(segmentation, as_of)}",
        "Lorenz curve of revenue over accounts, smallest first, against the line of equal accounts",
    )


def chart_concentration(
    concentration: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """What the ten largest bring, and how much more it is when groups are counted as one."""
    finding, what = NOTHING, "Share of revenue of the largest, as accounts and as groups"
    if len(concentration) and concentration["revenue"].gt(0).all():
        rows: Any = concentration.set_index("scope")
        tops = tops_of(concentration)
        columns = [f"top_{top}_share" for top in tops]
        scope = "groups"
        if rows.loc["accounts", columns].equals(rows.loc["groups", columns]):
            scope, what = "accounts", "Share of revenue of the largest; no groups are known"
        told = tops[1] if tops[0] == 20 else tops[0]
        top, single = (rows.loc[one, f"top_{told}_share"] for one in (scope, "accounts"))
        points = f"{(top - single) * 100:.0f} points more than counted alone"
        who = (
            f"The largest {scope.removesuffix('s')} brings"
            if told == 1
            else f"The {told} largest {scope} bring"
        )
        finding = f"{who} {percent(top, book)} of revenue"
        if top - single >= 0.005:
            finding = f"{finding}, {points}"
    return Said(
        finding,
        f"{what}, {window(segmentation, as_of)}",
        "Bars of the share of revenue of the 1, 5, 10 and 20 largest accounts and groups",
    )


def tops_of(concentration: pd.DataFrame) -> list[int]:
    """Return of 20, 10, 5 and 1 those below the number of accounts: the others would be all."""
    accounts = concentration.loc[concentration["scope"].eq("accounts"), "account_count"].iloc[0]
    return [top for top in (20, 10, 5, 1) if top == 1 or top < accounts]


def chart_abc_xyz_matrix(
    abc_xyz_matrix: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
    basis: str = "frequency",
) -> Said:
    """The cell with the most revenue."""
    how = {"frequency": "how often they order", "variability": "how even their months are"}[basis]
    cells = abc_xyz_matrix[
        abc_xyz_matrix["class_basis"].eq(basis)
        & abc_xyz_matrix["abc"].ne("none")
        & abc_xyz_matrix["xyz"].ne("none")
    ]
    finding = "No account has both classes"
    if cells["account_count"].sum():
        order = ["revenue", "cell"]
        top = cells.sort_values(order, ascending=[False, True], kind="stable").iloc[0]
        items, share = top["account_count"], top["revenue_share"]
        finding = (
            f"{_accounts(items, book)} in {top['cell']} {plural(items, 'brings', 'bring')} "
            f"{money(top['revenue'], book)}"
        )
        if pd.notna(share):
            finding = f"{finding}, {percent(share, book)} of revenue"
    alt = {
        "frequency": "Matrix of revenue class A to C by order frequency X to Z and N, with the "
        "number of accounts and the share of revenue in each cell; the table below has them all",
        "variability": "Matrix of revenue class A to C by variability of monthly revenue, with the "
        "number of accounts and the share of revenue in each cell",
    }[basis]
    what = f"Accounts and share of revenue by size (ABC) and {how}"
    return Said(finding, f"{what}, {window(segmentation, as_of)}", alt)


def chart_abc_cross(
    abc_cross: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """How many of the large in revenue are not large in margin."""
    finding = "Every account of class A by revenue is A by margin too"
    is_worse = abc_cross["abc_revenue"].eq("A") & abc_cross["abc_margin"].ne("A")
    worse = int(abc_cross.loc[is_worse, "account_count"].sum())
    if abc_cross.empty:
        finding = "No class by margin is known: the book has no cost"
    elif worse:
        are = plural(worse, "is", "are")
        finding = f"{_accounts(worse, book)} of class A by revenue {are} not A by margin"
    return Said(
        finding,
        "Accounts and their margin by revenue class (rows) and margin class, "
        f"{window(segmentation, as_of)}",
        "Matrix of revenue class by margin class with the number of accounts and their margin",
    )


def chart_class_migration(
    class_migration: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    previous_span: Span,
    book: BookSettings | None = None,
    basis: str = "abc",
) -> Said:
    """How many moved down a class, and how many up."""
    what = {
        "abc": "Revenue class",
        "frequency": "Class by frequency",
        "variability": "Class by variability",
    }[basis]
    cells = class_migration[class_migration["class_basis"].eq(basis)]
    ranks = {letter: place for place, letter in enumerate(dict.fromkeys(cells["class_then"]))}
    step = cells["class_now"].map(ranks) - cells["class_then"].map(ranks)
    is_classed = cells["class_then"].ne("none") & cells["class_now"].ne("none")
    down, up = (
        int(cells.loc[is_classed & way, "account_count"].sum()) for way in (step > 0, step < 0)
    )
    if previous_account_classes is None:
        finding = NO_PREVIOUS
    elif not cells["account_count"].sum():
        finding = "No account had a class then and has one now"
    elif down and up:
        finding = f"{_accounts(down, book)} moved down, {number(up, book)} moved up"
    elif down or up:
        finding = f"{_accounts(down or up, book)} moved {'down' if down else 'up'}"
    else:
        finding = "No account changed its class"
    return Said(
        finding,
        f"{what}: accounts from class then (rows) to class now (columns), since "
        f"{previous_span.title}",
        "Matrix of the number of accounts by revenue class in the previous period and now",
    )


def chart_class_moves(
    class_moves: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    previous_span: Span,
    book: BookSettings | None = None,
    most: int = MOST_MOVES,
) -> Said:
    """How many changed class, and how many of them only because of the others."""
    moved = class_moves[class_moves["move_kind"].eq("move")]
    others, cut = int(moved["cause"].eq("neighbours").sum()), ""
    if len(moved) > most:
        cut = f"; the {most} largest of {number(len(moved), book)}"
    finding = f"{_accounts(len(moved), book)} changed class"
    if previous_account_classes is None:
        finding = NO_PREVIOUS
    elif moved.empty:
        finding = "No account changed its revenue class"
    elif others:
        who = "all" if others == len(moved) else number(others, book)
        only = "only" if len(moved) == 1 else f"{who} only"
        finding = f"{finding}, {only} because of the others"
    return Said(
        finding,
        f"Change of the share of revenue before the account, in points (right: down){cut}, since "
        f"{previous_span.title}",
        "Bars for each account that changed class, its own effect beside that of the other "
        "accounts; the table below has them all",
    )


def chart_rfm_segments(
    rfm_segments: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """The segment with the most revenue."""
    order = ["revenue", "segment"]
    top = rfm_segments.sort_values(order, ascending=[False, True], kind="stable").iloc[0]
    if not rfm_segments["account_count"].sum():
        finding = "No account has ever ordered"
    elif pd.isna(top["revenue_share"]):
        finding = NOTHING
    else:
        finding = (
            f"{_accounts(top['account_count'], book)} in “{top['segment']}” "
            f"{plural(top['account_count'], 'brings', 'bring')} "
            f"{percent(top['revenue_share'], book)} of revenue"
        )
    return Said(
        finding,
        f"Share of revenue and number of accounts by RFM segment, {window(segmentation, as_of)}",
        "Bars of the share of revenue of each RFM segment with its number of accounts",
    )


def _accounts(items: Any, book: BookSettings | None) -> str:
    return count(items, "account", source=book)
