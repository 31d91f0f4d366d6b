"""Charts of classes as grids: ABC × XYZ, revenue × margin, class then × class now."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import mark_each
from kamlib.plots.segmentation import PAIRED
from kamlib.tables import each
from kamlib.words import count, money, number, percent, phrase, say

MOST_LISTED = 30
"""Most accounts that a cell of the matrix lists."""
XYZ_WORDS = {
    "frequency": [
        phrase("X often"),
        phrase("Y regularly"),
        phrase("Z occasionally"),
        phrase("N new"),
    ],
    "variability": [phrase("X even"), phrase("Y uneven"), phrase("Z erratic"), phrase("N new")],
}


def plot_abc_xyz_matrix(
    abc_xyz_matrix: pd.DataFrame,
    account_classes: pd.DataFrame | None = None,
    *,
    basis: str = "frequency",
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the matrix of revenue class and regularity: count and share of revenue in each cell,
    which lists its accounts when touched.
    """
    ax = ax or style.axes(*PAIRED)
    cells = abc_xyz_matrix[
        abc_xyz_matrix["class_basis"].eq(basis)
        & abc_xyz_matrix["abc"].ne("none")
        & abc_xyz_matrix["xyz"].ne("none")
    ]
    if not cells["account_count"].sum():
        return style.nothing(ax, title, subtitle)
    texts = [
        f"{number(row.account_count, book)}\n{percent(row.revenue_share, book)}"
        if row.account_count
        else "–"
        for row in cells.itertuples()
    ]
    cells = cells.assign(text=texts, tip=_accounts_of(cells, account_classes, basis))
    _heat_map(ax, cells, "abc", "xyz", "revenue_share", list("ABC"), list("XYZN"))
    ax.set_xticklabels([say(word) for word in XYZ_WORDS[basis]])
    return style.titles(ax, title, subtitle)


def _accounts_of(cells: pd.DataFrame, classes: pd.DataFrame | None, basis: str) -> list[str]:
    """Return the accounts of each cell of the matrix, the largest first."""
    if classes is None:
        return [""] * len(cells)
    names = classes.groupby(["abc_revenue", f"xyz_{basis}"])["name"].agg(list).to_dict()
    found = [names.get((row.abc, row.xyz), []) for row in cells.itertuples()]
    told = [
        f"{row.abc}{row.xyz}: {count(len(own), 'account')}\n"
        + "\n".join(own[:MOST_LISTED])
        + (say("\nand {own} more", own=len(own) - MOST_LISTED) if len(own) > MOST_LISTED else "")
        for row, own in zip(cells.itertuples(), found, strict=True)
    ]
    return [text if own else "" for text, own in zip(told, found, strict=True)]


def plot_abc_cross(
    abc_cross: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw revenue class against margin class: who is large in sales but not in profit."""
    ax = ax or style.axes(*PAIRED)
    if abc_cross.empty:
        return style.nothing(ax, title, subtitle)
    cells = abc_cross[abc_cross["abc_revenue"].ne("none")]
    texts = [
        f"{number(row.account_count, book)}\n{money(row.margin, book)}"
        if row.account_count
        else "–"
        for row in cells.itertuples()
    ]
    columns = ["A", "B", "C", "none"] if abc_cross["abc_margin"].eq("none").any() else list("ABC")
    by_margin = cells["abc_margin"].map(say)
    where = cells["abc_revenue"] + say(" by revenue, ") + by_margin + say(" by margin: ")
    cells = cells.assign(text=texts, tip=where + [text.replace("\n", ", ") for text in texts])
    _heat_map(ax, cells, "abc_revenue", "abc_margin", "account_count", list("ABC"), columns)
    ax.set_xticklabels([{"none": say("no profit")}.get(letter, letter) for letter in columns])
    ax.set_xlabel(say("Class by margin"))
    ax.set_ylabel(say("Class by revenue"))
    return style.titles(ax, title, subtitle)


def plot_class_migration(
    class_migration: pd.DataFrame,
    *,
    basis: str = "abc",
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many accounts went from which class to which."""
    ax = ax or style.axes(*PAIRED)
    cells = class_migration[class_migration["class_basis"].eq(basis)]
    if not cells["account_count"].sum():
        return style.nothing(ax, title, subtitle)
    letters = list(dict.fromkeys(cells["class_then"]))
    is_move = cells["class_then"].ne(cells["class_now"])
    cells = cells.assign(
        text=[number(items, book) if items else "·" for items in cells["account_count"]],
        heat=cells["account_count"].where(is_move, 0),
        tip=[
            f"{say(row.class_then)} → {say(row.class_now)}: {count(row.account_count, 'account')}"
            for row in each(cells)
        ],
    )
    _heat_map(ax, cells, "class_then", "class_now", "heat", letters, letters)
    ax.set_xlabel(say("Class now"))
    ax.set_ylabel(say("Class then"))
    return style.titles(ax, title, subtitle)


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
    tips = None
    if "tip" in cells:
        tips = grid["tip"].unstack().reindex(index=rows, columns=columns).astype(object).fillna("")
    highest = max(float(heat.to_numpy().max()), 1e-12)
    ax.pcolormesh(
        heat.to_numpy(), cmap=style.tints(), vmin=0, vmax=highest, edgecolors="white", linewidth=2
    )
    with style.style():
        for (y, x), text in np.ndenumerate(texts.to_numpy()):
            said = ax.text(
                x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=10, color=style.INK
            )
            if tips is not None:
                nobody = f"{say(rows[y])}, {say(columns[x])}: {count(0, 'account')}"
                tip = str(tips.to_numpy()[y, x]) or nobody
                cell = ax.add_patch(Rectangle((x, y), 1, 1, facecolor=style.tint(0), linewidth=0))
                mark_each((cell, said), (tip, tip))
    ax.set_xticks(np.arange(len(columns)) + 0.5, map(say, columns))
    ax.set_yticks(np.arange(len(rows)) + 0.5, map(say, rows))
    ax.invert_yaxis()
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
