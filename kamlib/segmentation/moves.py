"""Class moves between two periods, and why: what the account did and what the others did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.segmentation.abc import LIMITS
from kamlib.segmentation.matrix import UNCLASSED
from kamlib.segmentation.price import price_volume_mix
from kamlib.segmentation.why import why_moved

LETTERS = np.array(["A", "B", "C"])
COPIED = ["revenue", "abc_revenue", "before_share", "xyz_frequency", "xyz_variability"]
BASES = {"abc": "abc", "frequency": "xyz_frequency", "variability": "xyz_variability"}


def class_moves(
    classes_then: pd.DataFrame | None,
    classes_now: pd.DataFrame,
    product_windows: pd.DataFrame,
    *,
    abc: tuple[float, float] = LIMITS,
    window_then: str = "previous",
    book: Any = None,
) -> pd.DataFrame:
    """One row per account with a revenue class then or now: its classes, and what moved it.

    What decides the class is the cumulative share before the account: c = Σ of larger revenues / Σ
        of
    positive revenues. Its change is split into the account's *own effect* (only its revenue
        changes)
    and the *neighbours' effect* (only the others' change), each averaged over both orders of change
    (Shapley), so that own + neighbours = change. The own effect is divided among price,
    volume and mix in proportion to their parts of the revenue change (see ``price_volume_mix``);
    n/a where quantities are unknown. A positive effect pushes the account down the ranking.

    ``cause`` of a move says what would have happened had only one side changed: ``own`` (its own
    change alone moves it, the others' alone does not), ``neighbours`` (the reverse), ``either``
    (each alone would) or ``both`` (only the two together). New, returned and stopped accounts are
    rows of their own kind, not moves; they have no effects. Without classes then (None) the table
    is empty.

    Columns
    -------
    account_id: the account
    name: its name
    manager_name: who owns the account
    kind: move, same, new (first order since), returned (ordered before, but had no revenue then),
        stopped
        (no revenue left in the window)
    direction: up or down for a move of the revenue class; blank else
    abc_then: revenue class then
    abc_now: revenue class now
    xyz_frequency_then: frequency class then
    xyz_frequency_now: frequency class now
    xyz_variability_then: variability class then
    xyz_variability_now: variability class now
    revenue_then: revenue of the window then (book currency)
    revenue_now: revenue of the window now (book currency)
    before_then_share: share of revenue before the account then
    before_now_share: the same now
    change_share: now − then
    own_effect_share: the part the account's own revenue made
    price_effect_share: of the own effect, the part of prices
    volume_effect_share: of the own effect, the part of quantity
    mix_effect_share: of the own effect, the part of what was bought
    neighbours_effect_share: the part the other accounts made
    cause: own, neighbours, either or both; blank without a move
    price_revenue_change: revenue change by prices (book currency)
    volume_revenue_change: revenue change by quantity (book currency)
    mix_revenue_change: revenue change by what was bought (book currency)
    why: the move in a sentence
    """
    if classes_then is None:
        classes_then = classes_now = classes_now.iloc[:0]
    both = _side_by_side(classes_then, classes_now)
    effects = _effects(both, classes_then["revenue"], classes_now["revenue"], abc)
    parts = price_volume_mix(product_windows, window_then=window_then)
    table = both.join(effects).merge(parts, on="account_id", how="left")
    table = _split_own_effect(table)
    table["why"] = why_moved(table, book)
    order = {"move": 0, "new": 1, "returned": 2, "stopped": 3, "same": 4}
    largest = table[["revenue_then", "revenue_now"]].max(axis=1)
    return (
        table.assign(order=table["kind"].map(order), largest=largest)
        .sort_values(
            ["order", "largest", "account_id"], ascending=[True, False, True], kind="stable"
        )
        .reset_index(drop=True)[COLUMNS]
        .astype(dict.fromkeys(TEXTS, "str"))
    )


TEXTS = [
    "account_id", "name", "manager_name", "kind", "direction", "abc_then", "abc_now", "xyz_frequency_then",
    "xyz_frequency_now", "xyz_variability_then", "xyz_variability_now", "cause", "why",
]  # fmt: skip
COLUMNS = [
    *TEXTS[:11], "revenue_then", "revenue_now", "before_then_share", "before_now_share", "change_share",
    "own_effect_share", "price_effect_share", "volume_effect_share", "mix_effect_share", "neighbours_effect_share",
    "cause", "price_revenue_change", "volume_revenue_change", "mix_revenue_change", "why",
]  # fmt: skip


def _side_by_side(then: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return then and now in one row per account that has a class in either, with its kind."""
    facts = ["account_id", *COPIED, "first_order_month"]
    both = now[
        [*facts, "name", "manager_name", "active_month_count", "counted_month_count", "cv"]
    ].merge(
        then[[*facts, "name", "manager_name", "active_month_count", "counted_month_count", "cv"]],
        on="account_id",
        how="outer",
        suffixes=("_now", "_then"),
    )
    both = both.rename(
        columns={
            "abc_revenue_now": "abc_now",
            "abc_revenue_then": "abc_then",
            "before_share_now": "before_now_share",
            "before_share_then": "before_then_share",
        }
    )
    both = both[both["abc_then"].notna() | both["abc_now"].notna()].reset_index(drop=True)
    known_then = both["first_order_month_then"].notna()
    is_move = both["abc_then"].ne(both["abc_now"])
    both["name"] = both["name_now"].fillna(both["name_then"])
    both["manager_name"] = both["manager_name_now"].fillna(both["manager_name_then"])
    both["kind"] = np.select(
        [
            both["abc_then"].isna() & known_then,
            both["abc_then"].isna(),
            both["abc_now"].isna(),
            is_move,
        ],
        ["returned", "new", "stopped", "move"],
        "same",
    )
    fell = both["abc_now"].fillna("").gt(both["abc_then"].fillna(""))
    both["direction"] = pd.Series(np.where(fell, "down", "up"), dtype="str").where(
        both["kind"].eq("move")
    )
    both[["revenue_then", "revenue_now"]] = both[["revenue_then", "revenue_now"]].fillna(0.0)
    return both


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
    both: pd.DataFrame, then: pd.Series, now: pd.Series, limits: tuple[float, float]
) -> pd.DataFrame:
    """Return the change of the cumulative share before each account and its two effects."""
    stays = (both["kind"].isin(["move", "same"])).to_numpy()
    own_then, own_now = (
        both.loc[stays, "revenue_then"].to_numpy(),
        both.loc[stays, "revenue_now"].to_numpy(),
    )
    all_then, all_now = then.to_numpy(), now.to_numpy()
    start = _shares_before(own_then, all_then, own_then)
    end = _shares_before(own_now, all_now, own_now)
    only_own = _shares_before(own_now, all_then, own_then)
    only_others = _shares_before(own_then, all_now, own_now)
    own = ((only_own - start) + (end - only_others)) / 2
    class_then = both.loc[stays, "abc_then"].to_numpy()
    by_own, by_others = (
        _letters(only_own, limits) != class_then,
        _letters(only_others, limits) != class_then,
    )
    cause = np.select(
        [by_own & by_others, by_own, by_others], ["either", "own", "neighbours"], "both"
    )
    effects = pd.DataFrame(
        np.nan,
        index=both.index,
        columns=["change_share", "own_effect_share", "neighbours_effect_share"],
    )
    effects.loc[stays, "change_share"] = end - start
    effects.loc[stays, "own_effect_share"] = own
    effects.loc[stays, "neighbours_effect_share"] = (end - start) - own
    causes = pd.Series("", index=both.index, dtype="str")
    causes[stays] = cause
    return effects.assign(cause=causes.where(both["kind"].eq("move")))


def _letters(shares: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return LETTERS[np.searchsorted(limits, np.round(shares, 12), side="right")]


def _split_own_effect(table: pd.DataFrame) -> pd.DataFrame:
    """Divide the own effect among price, volume and mix, in proportion to their parts of the
    change.
    """
    change = table["revenue_now"] - table["revenue_then"]
    parts = table[["price_revenue_change", "volume_revenue_change", "mix_revenue_change"]]
    agrees = np.isclose(parts.sum(axis=1), change, rtol=1e-9, atol=0.005) & parts.notna().all(
        axis=1
    )
    table[parts.columns] = parts.where(agrees)
    own = table["own_effect_share"]
    scale = (own / change).where(change.ne(0), 0.0)
    table["price_effect_share"] = scale * table["price_revenue_change"]
    table["volume_effect_share"] = scale * table["volume_revenue_change"]
    table["mix_effect_share"] = own - table["price_effect_share"] - table["volume_effect_share"]
    return table


def class_migration(moves: pd.DataFrame) -> pd.DataFrame:
    """One row per basis, class then and class now: how many accounts went from one to the other.

    Basis ``abc`` is the revenue class; ``frequency`` and ``variability`` are the two XYZ. Every
    pair of classes stands in the table even when empty; ``none`` is no class: new or returned
    accounts come from it, stopped ones go to it.

    Columns
    -------
    basis: abc, frequency or variability
    class_then: class then, or none
    class_now: class now, or none
    account_count: accounts that went this way
    revenue_then: their revenue then (book currency)
    revenue_now: their revenue now (book currency)
    """
    parts = []
    for basis, column in BASES.items():
        letters = [*("ABC" if basis == "abc" else "XYZN"), UNCLASSED]
        pairs = pd.MultiIndex.from_product([letters, letters], names=["class_then", "class_now"])
        parts.append(
            moves.assign(
                class_then=moves[f"{column}_then"].fillna(UNCLASSED),
                class_now=moves[f"{column}_now"].fillna(UNCLASSED),
            )
            .groupby(["class_then", "class_now"])
            .agg(
                account_count=("account_id", "size"),
                revenue_then=("revenue_then", "sum"),
                revenue_now=("revenue_now", "sum"),
            )
            .reindex(pairs, fill_value=0)
            .reset_index()
            .assign(basis=basis)
        )
    table = pd.concat(parts, ignore_index=True)
    return table[
        ["basis", "class_then", "class_now", "account_count", "revenue_then", "revenue_now"]
    ].astype(
        {
            **dict.fromkeys(("basis", "class_then", "class_now"), "str"),
            "account_count": "int64",
            "revenue_then": "float64",
            "revenue_now": "float64",
        }
    )
