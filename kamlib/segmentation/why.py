"""Why an account moved: one sentence per row of ``class_moves``."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.segmentation.words import percent
from kamlib.words.amounts import money, number

NAMES = {
    "price_revenue_change": "price",
    "volume_revenue_change": "volume",
    "mix_revenue_change": "mix",
}
TURNS = {
    "own": "Its own change moved it; the others alone would not have.",
    "neighbours": "Only because the others changed: with them as before it would still be {then}.",
    "either": "Its own change and the others' would each have moved it.",
    "both": "Its own change and the others' together moved it; neither alone would have.",
}


def why_moved(moves: pd.DataFrame, book: Any) -> pd.Series:
    """Return a sentence per account: what happened, and whether it or its neighbours did it."""
    return pd.Series(
        [_sentence(row, book) for row in moves.to_dict("records")], index=moves.index, dtype="str"
    )


def _sentence(row: dict, book: Any) -> str:
    now, then = money(row["revenue_now"], book), money(row["revenue_then"], book)
    if row["kind"] == "new":
        return f"New: first order since the last report, {now} so far, class {row['abc_now']}."
    if row["kind"] == "returned":
        return f"Back after a window without revenue: {now}, class {row['abc_now']}."
    if row["kind"] == "stopped":
        return f"No revenue left in the window, {then} before; it was {row['abc_then']}."
    if row["kind"] == "same":
        return _regularity(row, book)
    text = f"{row['abc_then']} → {row['abc_now']}. Revenue {_change(row, now, then, book)}{_parts(row, book)}. "
    text += TURNS[row["cause"]].format(then=row["abc_then"])
    return f"{text} {_regularity(row, book)}".strip()


def _change(row: dict, now: str, then: str, book: Any) -> str:
    before, after = row["revenue_then"], row["revenue_now"]
    if after == before:
        return f"unchanged at {now}"
    turn = "up" if after > before else "down"
    return f"{turn} {percent(abs(after / before - 1), book)}, {then} → {now}"


def _parts(row: dict, book: Any) -> str:
    """Return the parts of the revenue change that weigh at least a tenth of the largest, largest
    first.
    """
    parts = {name: row[column] for column, name in NAMES.items()}
    if pd.isna(list(parts.values())).any() or row["revenue_now"] == row["revenue_then"]:
        return ""
    largest = max(abs(value) for value in parts.values())
    told = sorted(
        (p for p in parts.items() if abs(p[1]) >= largest / 10), key=lambda p: (-abs(p[1]), p[0])
    )
    return (
        " (" + ", ".join(f"{name} {'+' if v > 0 else ''}{money(v, book)}" for name, v in told) + ")"
    )


def _regularity(row: dict, book: Any) -> str:
    """Say what changed in the two XYZ classes, when both periods have one and they differ."""
    texts = []
    if _differs(row, "xyz_frequency"):
        texts.append(
            f"Frequency {row['xyz_frequency_then']} → {row['xyz_frequency_now']}: orders in "
            f"{row['active_month_count_now']:.0f} of {row['counted_month_count_now']:.0f} months, "
            f"{row['active_month_count_then']:.0f} of {row['counted_month_count_then']:.0f} before."
        )
    if _differs(row, "xyz_variability"):
        texts.append(
            f"Variability {row['xyz_variability_then']} → {row['xyz_variability_now']}: "
            f"CV {number(row['cv_now'], book, decimals=2)}, {number(row['cv_then'], book, decimals=2)} before."
        )
    return " ".join(texts)


def _differs(row: dict, column: str) -> bool:
    then, now = row[f"{column}_then"], row[f"{column}_now"]
    return pd.notna(then) and pd.notna(now) and then != now
