"""What stands over the charts of the segmentation: finding, what is drawn, the chart in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings, SegmentationSettings
from kamlib.period.calendar import Span
from kamlib.story.segmentation import uncompared, window
from kamlib.story.statements import Said
from kamlib.words import count, money, number, percent, phrase, plural, say

_LARGEST = {
    ("groups", True): phrase("The largest group brings"),
    ("accounts", True): phrase("The largest account brings"),
    ("groups", False): phrase("The {told} largest groups bring"),
    ("accounts", False): phrase("The {told} largest accounts bring"),
}
NOTHING = phrase("No account has revenue in the window")
MOST_MOVES = 15
"""Accounts drawn in the chart of class moves."""


def chart_pareto(
    pareto: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """How few accounts hold class A."""
    finding = say(NOTHING)
    if len(pareto):
        last = pareto[pareto["abc_revenue"].eq("A")].iloc[-1]
        finding = say(
            "{rank} of {pareto} {bring} {cumulative_revenue_share} of revenue",
            rank=number(last["rank"], book),
            pareto=_accounts(len(pareto), book),
            bring=plural(last["rank"], "brings", "bring"),
            cumulative_revenue_share=percent(last["cumulative_revenue_share"], book),
        )
    return Said(
        finding,
        say(
            "Cumulative share of revenue over accounts, largest first, {segmentation}",
            segmentation=window(segmentation, as_of),
        ),
        say(
            "Curve of revenue added up over the accounts, largest first, with the limits of the "
            "classes A and B; the full table has every value"
        ),
    )


def chart_whale_curve(
    whale_curve: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """How much profit the accounts that cost more than they bring take away again."""
    losers = int((whale_curve["margin"] < 0).sum())
    finding = say("No account costs more than it brings")
    if whale_curve.empty:
        finding = say(
            "No margin is known: with orders.cost this part shows which accounts earn and which "
            "only turn over money"
        )
    elif losers:
        reached = whale_curve["cumulative_margin"]
        lost = money(max(reached.max(), 0.0) - reached.iloc[-1], book)
        verb = plural(losers, "costs", "cost")
        than = plural(losers, "it brings", "they bring")
        finding = say(
            "{losers} {verb} {lost} more than {than}",
            losers=_accounts(losers, book),
            verb=verb,
            lost=lost,
            than=than,
        )
    return Said(
        finding,
        say(
            "Cumulative margin over accounts, most profitable first, {segmentation}",
            segmentation=window(segmentation, as_of),
        ),
        say("Curve of margin added up over the accounts, most profitable first"),
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
    finding = say(NOTHING)
    if len(lorenz) and len(rows):
        half = lorenz[lorenz["cumulative_account_share"] <= 0.5].iloc[-1]
        finding = say(
            "The smaller half of accounts brings {cumulative_revenue_share} of revenue (Gini "
            "{gini})",
            cumulative_revenue_share=percent(half["cumulative_revenue_share"], book),
            gini=number(rows["gini"].iloc[0], book, decimals=2),
        )
    return Said(
        finding,
        say(
            "Share of revenue over share of accounts, smallest first, {segmentation}",
            segmentation=window(segmentation, as_of),
        ),
        say(
            "Lorenz curve of revenue over accounts, smallest first, against the line of equal "
            "accounts"
        ),
    )


def chart_concentration(
    concentration: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """What the ten largest bring, and how much more it is when groups are counted as one."""
    finding, what = say(NOTHING), say("Share of revenue of the largest, as accounts and as groups")
    if len(concentration) and concentration["revenue"].gt(0).all():
        rows: Any = concentration.set_index("scope")
        tops = tops_of(concentration)
        columns = [f"top_{top}_share" for top in tops]
        scope = "groups"
        if rows.loc["accounts", columns].equals(rows.loc["groups", columns]):
            scope, what = "accounts", say("Share of revenue of the largest; no groups are known")
        told = tops[1] if tops[0] == 20 else tops[0]
        top, single = (rows.loc[one, f"top_{told}_share"] for one in (scope, "accounts"))
        points = say("{top:.0f} points more than counted alone", top=(top - single) * 100)
        who = say(_LARGEST[scope, told == 1], told=told)
        finding = say("{who} {top} of revenue", who=who, top=percent(top, book))
        if top - single >= 0.005:
            finding = f"{finding}, {points}"
    return Said(
        finding,
        f"{what}, {window(segmentation, as_of)}",
        say("Bars of the share of revenue of the 1, 5, 10 and 20 largest accounts and groups"),
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
    how = {
        "frequency": say("how often they order"),
        "variability": say("how even their months are"),
    }[basis]
    cells = abc_xyz_matrix[
        abc_xyz_matrix["class_basis"].eq(basis)
        & abc_xyz_matrix["abc"].ne("none")
        & abc_xyz_matrix["xyz"].ne("none")
    ]
    finding = say("No account has both classes")
    if cells["account_count"].sum():
        order = ["revenue", "cell"]
        top = cells.sort_values(order, ascending=[False, True], kind="stable").iloc[0]
        items, share = top["account_count"], top["revenue_share"]
        finding = say(
            "{items} in {cell} {bring} {revenue}",
            items=_accounts(items, book),
            cell=top["cell"],
            bring=plural(items, "brings", "bring"),
            revenue=money(top["revenue"], book),
        )
        if pd.notna(share):
            finding = say(
                "{finding}, {share} of revenue", finding=finding, share=percent(share, book)
            )
    alt = {
        "frequency": say(
            "Matrix of revenue class A to C by order frequency X to Z and N, with the number of "
            "accounts and the share of revenue in each cell; the table below has them all"
        ),
        "variability": say(
            "Matrix of revenue class A to C by variability of monthly revenue, with the number of "
            "accounts and the share of revenue in each cell"
        ),
    }[basis]
    what = say("Accounts and share of revenue by size (ABC) and {how}", how=how)
    return Said(finding, f"{what}, {window(segmentation, as_of)}", alt)


def chart_abc_cross(
    abc_cross: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """How many of the large in revenue are not large in margin."""
    finding = say("Every account of class A by revenue is A by margin too")
    is_worse = abc_cross["abc_revenue"].eq("A") & abc_cross["abc_margin"].ne("A")
    worse = int(abc_cross.loc[is_worse, "account_count"].sum())
    if abc_cross.empty:
        finding = say("No class by margin is known: the book has no cost")
    elif worse:
        are = plural(worse, "is", "are")
        finding = say(
            "{worse} of class A by revenue {are} not A by margin",
            worse=_accounts(worse, book),
            are=are,
        )
    return Said(
        finding,
        say(
            "Accounts and their margin by revenue class (rows) and margin class, {segmentation}",
            segmentation=window(segmentation, as_of),
        ),
        say("Matrix of revenue class by margin class with the number of accounts and their margin"),
    )


def chart_class_migration(
    class_migration: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    previous_span: Span,
    is_previous_whole: bool,
    book: BookSettings | None = None,
    basis: str = "abc",
) -> Said:
    """How many moved down a class, and how many up."""
    what = {
        "abc": say("Revenue class"),
        "frequency": say("Class by frequency"),
        "variability": say("Class by variability"),
    }[basis]
    cells = class_migration[class_migration["class_basis"].eq(basis)]
    ranks = {letter: place for place, letter in enumerate(dict.fromkeys(cells["class_then"]))}
    step = cells["class_now"].map(ranks) - cells["class_then"].map(ranks)
    is_classed = cells["class_then"].ne("none") & cells["class_now"].ne("none")
    down, up = (
        int(cells.loc[is_classed & way, "account_count"].sum()) for way in (step > 0, step < 0)
    )
    if why := uncompared(previous_account_classes, is_previous_whole=is_previous_whole):
        finding = why
    elif not cells["account_count"].sum():
        finding = say("No account had a class then and has one now")
    elif down and up:
        finding = say(
            "{down} moved down, {up} moved up", down=_accounts(down, book), up=number(up, book)
        )
    elif down or up:
        finding = say(
            "{accounts} moved down" if down else "{accounts} moved up",
            accounts=_accounts(down or up, book),
        )
    else:
        finding = say("No account changed its class")
    return Said(
        finding,
        say(
            "{what}: accounts from class then (rows) to class now (columns), since "
            "{previous_period}",
            what=what,
            previous_period=previous_span.title,
        ),
        say("Matrix of the number of accounts by revenue class in the previous period and now"),
    )


def chart_class_moves(
    class_moves: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    previous_span: Span,
    is_previous_whole: bool,
    book: BookSettings | None = None,
    most: int = MOST_MOVES,
) -> Said:
    """How many changed class, and how many of them only because of the others."""
    moved = class_moves[class_moves["move_kind"].eq("move")]
    others, cut = int(moved["cause"].eq("neighbours").sum()), ""
    if len(moved) > most:
        cut = say("; the {most} largest of {moved}", most=most, moved=number(len(moved), book))
    finding = say("{moved} changed class", moved=_accounts(len(moved), book))
    if why := uncompared(previous_account_classes, is_previous_whole=is_previous_whole):
        finding = why
    elif moved.empty:
        finding = say("No account changed its revenue class")
    elif others:
        who = "all" if others == len(moved) else number(others, book)
        only = "only" if len(moved) == 1 else say("{who} only", who=who)
        finding = say("{finding}, {only} because of the others", finding=finding, only=only)
    return Said(
        finding,
        say(
            "Change of the share of revenue before the account, in points (right: down){cut}, "
            "since {previous_period}",
            cut=cut,
            previous_period=previous_span.title,
        ),
        say(
            "Bars for each account that changed class, its own effect beside that of the other "
            "accounts; the table below has them all"
        ),
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
        finding = say("No account has ever ordered")
    elif pd.isna(top["revenue_share"]):
        finding = say(NOTHING)
    else:
        finding = say(
            "{account_count} in “{segment}” {bring} {revenue_share} of revenue",
            account_count=_accounts(top["account_count"], book),
            segment=say(top["segment"]),
            bring=plural(top["account_count"], "brings", "bring"),
            revenue_share=percent(top["revenue_share"], book),
        )
    return Said(
        finding,
        say(
            "Share of revenue and number of accounts by RFM segment, {segmentation}",
            segmentation=window(segmentation, as_of),
        ),
        say("Bars of the share of revenue of each RFM segment with its number of accounts"),
    )


def _accounts(items: Any, book: BookSettings | None) -> str:
    return count(items, "account", source=book)
