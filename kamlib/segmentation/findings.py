"""What the segmentation found, in sentences: what changed, what to do, who owns it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.segmentation.words import count, ordinal, percent
from kamlib.story.statements import Sentence
from kamlib.words.amounts import money, number

DEPENDENT_SHARE = 0.20
SMALL_LOSS_SHARE = 0.01


def segmentation_findings(
    classes: pd.DataFrame,
    concentration: pd.DataFrame,
    rollup: pd.DataFrame,
    keys: pd.DataFrame,
    moves: pd.DataFrame | None = None,
    *,
    is_comparable: bool = True,
    band: tuple[float, float] = (0.30, 0.55),
    book: Any = None,
) -> list[Sentence]:
    """Return the sentences of the first screen, what changed first.

    ``moves`` is None (or empty) when no earlier period can be compared; nothing is then said of
    change. ``is_comparable`` is False when the data begin inside the window then (see
    ``is_window_whole``): classes then rest on fewer months than now, and no account is named for
    having moved.
    """
    sentences = [
        *_moves(moves, is_comparable, book),
        *_groups(rollup, book),
        *_losers(classes, book),
        *_dependence(concentration, classes, book),
        *_keys(concentration, keys, band, book),
        *_size(classes, book),
    ]
    return sentences or [Sentence("No revenue in the window: there is nothing to segment.")]


def _moves(moves: pd.DataFrame | None, is_comparable: bool, book: Any) -> list[Sentence]:
    if moves is None or moves.empty:
        return []
    if not is_comparable:
        return [
            Sentence(
                "The data begin inside the window of the previous period: who moved cannot be told yet."
            )
        ]
    down = moves[moves["direction"].eq("down")]
    up = moves[moves["direction"].eq("up")]
    texts = []
    if len(down):
        alone = int(down["cause"].eq("neighbours").sum())
        text = f"{count(len(down), 'account', book=book).capitalize()} moved down a class"
        text += _share_of(alone, len(down), "only because others grew", book)
        ours = down[down["cause"].ne("neighbours")]
        texts.append(Sentence(text + ".", link="#class_moves"))
        if len(ours):
            worst = ours.iloc[(ours["revenue_now"] - ours["revenue_then"]).argmin()]
            texts.append(
                Sentence(
                    f"{worst['name']} fell from {worst['abc_then']} to {worst['abc_now']}: "
                    f"its yearly revenue went from {money(worst['revenue_then'], book)} to "
                    f"{money(worst['revenue_now'], book)}. "
                    f"{_owner(worst['manager_name'])} should ask why before the next order is due.",
                    link="#class_moves",
                )
            )
    if len(up):
        best = up.iloc[(up["revenue_now"] - up["revenue_then"]).argmax()]
        alone = int(up["cause"].eq("neighbours").sum())
        only = _share_of(alone, len(up), "only because others shrank", book)
        texts.append(
            Sentence(
                f"{count(len(up), 'account', book=book).capitalize()} moved up a class{only}; first {best['name']} "
                f"({best['abc_then']} to {best['abc_now']}, now {money(best['revenue_now'], book)}). "
                f"{_owner(best['manager_name'])} should review its treatment.",
                link="#class_moves",
            )
        )
    if not len(down) and not len(up):
        texts.append(
            Sentence(
                "No account changed its revenue class since the previous period.",
                link="#class_moves",
            )
        )
    return texts


def _share_of(part: int, whole: int, because: str, book: Any) -> str:
    if not part:
        return ""
    who = (
        ""
        if whole == 1
        else "all of them "
        if part == whole
        else f"{count(part, 'of them', 'of them', book)} "
    )
    return f", {who}{because}"


def _groups(rollup: pd.DataFrame, book: Any) -> list[Sentence]:
    gained = rollup[
        (rollup["rank_gain"] > 0) & rollup["abc_group"].eq("A") & (rollup["active_count"] > 1)
    ]
    if gained.empty:
        return []
    group = gained.sort_values(
        ["rank_gain", "group_id"], ascending=[False, True], kind="stable"
    ).iloc[0]
    return [
        Sentence(
            f"{group['group_name']}, counted as one group, is our {ordinal(group['group_rank'])} account "
            f"({money(group['revenue'], book)}); its largest company alone is the {ordinal(group['largest_rank'])}. "
            "Give it one owner and ask for a group agreement.",
            link="#rollup_changes",
        )
    ]


def _losers(classes: pd.DataFrame, book: Any) -> list[Sentence]:
    losers = classes[classes["margin"].lt(0) & classes["revenue"].gt(0)]
    if (
        -losers["margin"].sum() < SMALL_LOSS_SHARE * classes["margin"].clip(lower=0).sum()
        or losers.empty
    ):
        return []
    worst = losers.sort_values(["margin", "account_id"], kind="stable").iloc[0]
    cost = "costs more than it brings" if len(losers) == 1 else "cost more than they bring"
    return [
        Sentence(
            f"{count(len(losers), 'account', book=book).capitalize()} {cost} "
            f"({money(losers['margin'].sum(), book)}), most of all {worst['name']} "
            f"({money(worst['margin'], book)}). {_owner(worst['manager_name'])} should look at its prices and service.",
            link="#account_classes",
        )
    ]


def _dependence(concentration: pd.DataFrame, classes: pd.DataFrame, book: Any) -> list[Sentence]:
    groups = concentration[concentration["scope"].eq("groups")]
    if groups.empty or not groups["top_1_share"].iloc[0] >= DEPENDENT_SHARE:
        return []
    row = groups.iloc[0]
    return [
        Sentence(
            f"{percent(row['top_1_share'], book)} of revenue hangs on one customer (counted as a group): "
            f"as if we had {_equal(row['effective_number'], book)}.",
            link="#concentration",
        )
    ]


def _equal(customers: float, book: Any) -> str:
    told = number(round(customers, 1), book)
    return "no other" if told == "1" else f"{told} customers of equal size"


def _keys(
    concentration: pd.DataFrame, keys: pd.DataFrame, band: tuple[float, float], book: Any
) -> list[Sentence]:
    rows = concentration[concentration["scope"].eq("accounts")]
    if rows.empty or pd.isna(rows["key_share"].iloc[0]) or not rows["key_count"].iloc[0]:
        return []
    row = rows.iloc[0]
    place = {"below": "below", "within": "within", "above": "above"}[row["key_band"]]
    provisional = (
        " (provisional: the book has no tiers)"
        if keys["key_rule"].str.startswith("provisional").any()
        else ""
    )
    return [
        Sentence(
            f"{count(row['key_count'], 'key account', book=book).capitalize()}{provisional} "
            f"bring{'s' if row['key_count'] == 1 else ''} {percent(row['key_share'], book)} of revenue, "
            f"{place} the usual {band[0] * 100:.0f}–{band[1] * 100:.0f} %.",
            link="#concentration",
        )
    ]


def _size(classes: pd.DataFrame, book: Any) -> list[Sentence]:
    classed = classes[classes["abc_revenue"].notna()]
    if classed.empty:
        return []
    largest = classed[classed["abc_revenue"].eq("A")]
    held = largest["revenue"].sum() / classed["revenue"].sum()
    total = money(classed["revenue"].sum(), book)
    return [
        Sentence(
            f"{count(len(largest), 'of', 'of', book).capitalize()} {count(len(classed), 'account', book=book)} with "
            f"revenue {'is class A and brings' if len(largest) == 1 else 'are class A and bring'} "
            f"{percent(held, book)} of {total}.",
            link="#account_classes",
        )
    ]


def _owner(manager: Any) -> str:
    return manager if isinstance(manager, str) and manager else "Its owner"


def segmentation_limits(
    classes: pd.DataFrame,
    accounts: pd.DataFrame,
    keys: pd.DataFrame,
    *,
    has_previous: bool,
    is_comparable: bool = True,
) -> pd.DataFrame:
    """One row per thing this segmentation could not do with the book's data: why, and what would
    help.

    Columns
    -------
    missing: what could not be done
    reason: why not
    adding: what to add, and what it would give
    """
    unknown = int((classes["margin"].isna() & classes["revenue"].ne(0)).sum())
    noisy = int(classes["is_cv_noise"].sum())
    measured = int(classes["xyz_variability"].isin(["X", "Y", "Z"]).sum())
    unclassed = int(classes["abc_revenue"].isna().sum())
    has_parents = "group_id" in accounts and accounts["group_id"].ne(accounts["account_id"]).any()
    rows = [
        (
            classes["margin"].isna().all() and len(classes) > 0,
            "Classes by margin, whale curve, breadwinners by profit",
            "No cost is known.",
            "orders.cost: which accounts earn and which only turn over money.",
        ),
        (
            classes["revenue"].sum() <= 0 and len(classes) > 0,
            "Shares of revenue, the key accounts' share",
            "All revenue of the window adds up to zero or less.",
            "Nothing; amounts and classes stand, shares of such a total would mislead.",
        ),
        (
            0 < unknown < len(classes) and classes["margin"].notna().any(),
            f"Margin of {count(unknown, 'account')}",
            "A cost of their window is unknown.",
            "The missing costs in orders.cost.",
        ),
        (
            not has_parents,
            "Company groups",
            "No account has a parent in this book.",
            "accounts.parent_id: subsidiaries counted as the one customer they are.",
        ),
        (
            keys["key_rule"].str.startswith("provisional").any(),
            "Key accounts as the company chose them",
            "The book has no tiers; the largest accounts stand in.",
            "tiers (account_id, tier, start_date): who was a key account when.",
        ),
        (
            not has_previous,
            "Class moves",
            "The data do not reach back to a window before.",
            "Earlier orders: every class change explained.",
        ),
        (
            has_previous and not is_comparable,
            "Fair class moves",
            "The data begin inside the window of the previous period, which so has fewer months than now.",
            "Earlier orders, or patience: a year after the data begin the windows are whole.",
        ),
        (
            "types" not in accounts or accounts["types"].isna().all(),
            "Declared types of accounts",
            "No account has types.",
            "accounts.types: image-makers and experts, which orders cannot show.",
        ),
        (
            measured > 0 and noisy > measured / 2,
            f"XYZ by variability for {noisy:,} of {count(measured, 'account')}",
            "The CV is about what randomly timed orders would give: the class mostly measures order size and "
            "timing noise.",
            "Read XYZ by frequency instead, or a longer window.",
        ),
        (
            unclassed > 0,
            f"A revenue class for {count(unclassed, 'account')}",
            "Revenue of the window is zero or less.",
            "Nothing; the full table lists them with the reason.",
        ),
    ]
    kept = [(missing, reason, adding) for holds, missing, reason, adding in rows if holds]
    return pd.DataFrame(kept, columns=["missing", "reason", "adding"]).astype("str")
