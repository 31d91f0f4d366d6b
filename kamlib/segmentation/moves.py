"""Class moves between two periods: what the account did and what the others did."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.segmentation.matrix import UNCLASSED
from kamlib.segmentation.price import price_volume_mix
from kamlib.tables import shaped

LETTERS = np.array(["A", "B", "C"])
COMPARED = {
    "name": "name",
    "manager_name": "manager_name",
    "first_order_month": "first_order_month",
    "abc_revenue": "abc",
    "revenue": "revenue",
    "before_share": "before_share",
    "xyz_frequency": "xyz_frequency",
    "xyz_variability": "xyz_variability",
    "active_month_count": "active_month_count",
    "counted_month_count": "counted_month_count",
    "cv": "cv",
}
"""Columns of ``account_classes`` → what they are called, with ``_then`` and ``_now``, in moves."""
KINDS = {"move": 0, "new": 1, "returned": 2, "stopped": 3, "same": 4}
BASES = {"abc": "abc", "frequency": "xyz_frequency", "variability": "xyz_variability"}


def class_moves(
    account_classes: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    product_windows: pd.DataFrame,
    *,
    is_previous_whole: bool = True,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per account with a revenue class then or now: its classes, and what moved it.

    What decides the class is the cumulative share before the account: c = Σ of larger revenues / Σ
    of positive revenues. Its change is split into the account's *own effect* (only its revenue
    changes) and the *neighbours' effect* (only the others' change), each averaged over both orders
    of change (Shapley), so that own + neighbours = change. The own effect is divided among price,
    volume and mix in proportion to their parts of the revenue change (see ``price_volume_mix``);
    n/a where quantities are unknown. A positive effect pushes the account down the ranking.

    ``cause`` of a move says what would have happened had only one side changed: ``own`` (its own
    change alone moves it, the others' alone does not), ``neighbours`` (the reverse), ``either``
    (each alone would) or ``both`` (only the two together). New, returned and stopped accounts are
    rows of their own kind, not moves; they have no effects. The table is empty without classes
    then (None), and where the window then is not held whole: classes rest on fewer months.

    Examples
    --------
    >>> then, now = (shaped("account_classes", {"account_id": ["A", "B"],
    ...     "revenue": revenue, "abc_revenue": abc})
    ...     for revenue, abc in (([90.0, 10.0], ["A", "C"]), ([30.0, 70.0], ["B", "A"])))
    >>> moves = class_moves(now, then, shaped("product_windows", []))
    >>> moves[["account_id", "abc_then", "abc_now", "direction"]].values.tolist()
    [['A', 'A', 'B', 'down'], ['B', 'C', 'A', 'up']]
    """
    if previous_account_classes is None or not is_previous_whole:
        return shaped("class_moves", [])
    both = _side_by_side(previous_account_classes, account_classes)
    then, now = previous_account_classes["revenue"], account_classes["revenue"]
    return shaped(
        "class_moves",
        both.join(_effects(both, then.to_numpy(), now.to_numpy(), segmentation.abc))
        .merge(price_volume_mix(product_windows), on="account_id", how="left")
        .pipe(_split_own_effect)
        .assign(
            order=lambda rows: rows["move_kind"].map(KINDS),
            largest=lambda rows: rows[["revenue_then", "revenue_now"]].max(axis=1),
        )
        .sort_values(
            ["order", "largest", "account_id"], ascending=[True, False, True], kind="stable"
        ),
    )


def _side_by_side(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return then and now in one row per account that has a class in either, with its kind."""
    sides = [
        table.set_index("account_id")[list(COMPARED)].rename(columns=COMPARED).add_suffix(suffix)
        for table, suffix in ((now, "_now"), (then, "_then"))
    ]
    both = sides[0].join(sides[1], how="outer").sort_index().reset_index()
    both = both[both["abc_then"].notna() | both["abc_now"].notna()].reset_index(drop=True)
    was_classed, is_classed = both["abc_then"].notna(), both["abc_now"].notna()
    kinds = np.select(
        [
            ~was_classed & both["first_order_month_then"].notna(),
            ~was_classed,
            ~is_classed,
            both["abc_then"].ne(both["abc_now"]),
        ],
        ["returned", "new", "stopped", "move"],
        "same",
    )
    fell = both["abc_now"].fillna("").gt(both["abc_then"].fillna(""))
    return both.assign(
        name=both["name_now"].fillna(both["name_then"]),
        manager_name=both["manager_name_now"].fillna(both["manager_name_then"]),
        move_kind=kinds,
        direction=fell.map({True: "down", False: "up"}).where(kinds == "move"),
        revenue_then=both["revenue_then"].fillna(0.0),
        revenue_now=both["revenue_now"].fillna(0.0),
    )


def _shares_before(own: np.ndarray, others: np.ndarray, own_there: np.ndarray) -> np.ndarray:
    """Return the cumulative share before each account, had it ``own`` among the accounts of
    ``others``.

    ``own_there`` is what each account itself holds in ``others``; it is taken out first. Equal
    values count as not before.
    """
    ordered = np.sort(others[others > 0])
    larger = np.concatenate([np.cumsum(ordered[::-1])[::-1], [0.0]])
    there = np.clip(own_there, 0.0, None)
    before = larger[np.searchsorted(ordered, own, side="right")] - np.where(there > own, there, 0.0)
    return before / (ordered.sum() - there + own)


def _effects(
    both: pd.DataFrame, then: np.ndarray, now: np.ndarray, limits: tuple[float, float]
) -> pd.DataFrame:
    """Return the change of the cumulative share before each account, its two effects and its cause.

    Accounts that came or went have none.
    """
    rows = both[both["move_kind"].isin(["move", "same"])]
    own_then, own_now = rows["revenue_then"].to_numpy(), rows["revenue_now"].to_numpy()
    start = _shares_before(own_then, then, own_then)
    end = _shares_before(own_now, now, own_now)
    only_own = _shares_before(own_now, then, own_then)
    only_others = _shares_before(own_then, now, own_now)
    own = ((only_own - start) + (end - only_others)) / 2
    by_own, by_others = (
        _letters(shares, limits) != rows["abc_then"].to_numpy()
        for shares in (only_own, only_others)
    )
    cause = np.select(
        [by_own & by_others, by_own, by_others], ["either", "own", "neighbours"], "both"
    )
    effects = {
        "change_share": end - start,
        "own_effect_share": own,
        "neighbours_effect_share": (end - start) - own,
        "cause": pd.Series(cause, rows.index, dtype="str").where(rows["move_kind"].eq("move")),
    }
    return pd.DataFrame(effects, index=rows.index).reindex(both.index)


def _letters(shares: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return LETTERS[np.searchsorted(limits, np.round(shares, 12), side="right")]


def _split_own_effect(table: pd.DataFrame) -> pd.DataFrame:
    """Divide the own effect among price, volume and mix, in proportion to their parts of the
    change; where the parts do not add up to it they explain nothing.
    """
    change = table["revenue_now"] - table["revenue_then"]
    parts = table[["price_revenue_change", "volume_revenue_change", "mix_revenue_change"]]
    adds_up = np.isclose(parts.sum(axis=1, skipna=False), change, rtol=1e-9, atol=0.005)
    parts = parts.where(pd.Series(adds_up, table.index))
    own = table["own_effect_share"]
    scale = (own / change).where(change.ne(0), 0.0)
    price, volume = (scale * parts[f"{part}_revenue_change"] for part in ("price", "volume"))
    return table.assign(
        **parts,
        price_effect_share=price,
        volume_effect_share=volume,
        mix_effect_share=own - price - volume,
    )


def class_migration(class_moves: pd.DataFrame) -> pd.DataFrame:
    """One row per basis, class then and class now: how many accounts went from one to the other.

    Basis ``abc`` is the revenue class; ``frequency`` and ``variability`` are the two XYZ. Every
    pair of classes stands in the table even when empty; ``none`` is no class: new or returned
    accounts come from it, stopped ones go to it.

    Examples
    --------
    >>> moves = shaped("class_moves", {"account_id": ["A", "B"],
    ...     "abc_then": ["A", "C"], "abc_now": ["B", "A"], "revenue_now": [30.0, 70.0]})
    >>> moved = class_migration(moves).query("class_basis == 'abc' and account_count > 0")
    >>> moved[["class_then", "class_now", "revenue_now"]].values.tolist()
    [['A', 'B', 30.0], ['C', 'A', 70.0]]
    """
    parts = []
    for basis, column in BASES.items():
        letters = [*("ABC" if basis == "abc" else "XYZN"), UNCLASSED]
        pairs = pd.MultiIndex.from_product([letters, letters], names=["class_then", "class_now"])
        sums = (
            class_moves.assign(
                class_then=class_moves[f"{column}_then"].fillna(UNCLASSED),
                class_now=class_moves[f"{column}_now"].fillna(UNCLASSED),
            )
            .groupby(["class_then", "class_now"])
            .agg(
                account_count=("account_id", "size"),
                revenue_then=("revenue_then", "sum"),
                revenue_now=("revenue_now", "sum"),
            )
        )
        parts.append(sums.reindex(pairs, fill_value=0).reset_index().assign(class_basis=basis))
    return shaped("class_migration", pd.concat(parts, ignore_index=True))
