"""Prospects by the three Ps: a problem we can solve, the power to pay, the power to decide (M12)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.words.amounts import MISSING, money, number

PS = ["need", "solvency", "authority"]
KEY_SCORE = 7.0
LEAST_P = 5.0
KAM, DEVELOPER = "key account manager", "business developer"
COLUMNS = [
    "prospect_id", "name", "score", "rank", *PS, "completeness_share", "budget", "source", "current_supplier",
    "industry", "region", "proposed_owner", "owner_rule",
]  # fmt: skip


def prospect_ranking(
    prospects: pd.DataFrame,
    *,
    least_budget: float | None = None,
    key_score: float = KEY_SCORE,
    least_p: float = LEAST_P,
    book: Any = None,
) -> pd.DataFrame:
    """One row per prospect: the mean of need, solvency and authority (1–10), and who should take it
    on.

    The key account manager takes a prospect whose three Ps are all judged, with a mean of 7 or
    more, none below 5, and, where both are known, a budget of at least ``least_budget`` (such as
    the revenue of the smallest key account). All others go to a business developer. The rule that
    decided is stated in each row. A missing P is left out of the mean; equal scores share the best
    rank.

    Columns
    -------
    prospect_id: the prospect
    name: its name
    score: mean of the three Ps that are judged, 1 to 10
    rank: 1 is the highest score
    need: need for what we offer, 1 to 10
    solvency: ability to pay, 1 to 10
    authority: power to decide of the people we know, 1 to 10
    completeness_share: share of the three Ps that are judged (0–1)
    budget: its yearly budget (book currency)
    source: where the lead came from
    current_supplier: who supplies it now
    industry: its industry
    region: its region
    proposed_owner: key account manager or business developer
    owner_rule: the rule behind that choice
    """
    table = prospects.reindex(
        columns=[
            "prospect_id",
            "name",
            *PS,
            "budget",
            "source",
            "current_supplier",
            "industry",
            "region",
        ]
    )
    ps = table[PS].astype("float64")
    table["score"] = ps.mean(axis=1).round(9)
    table["rank"] = table["score"].rank(method="min", ascending=False).astype("Int64")
    table["completeness_share"] = ps.notna().mean(axis=1).astype("float64")
    budget = table["budget"].astype("float64")
    refused = np.select(
        [ps.isna().any(axis=1), ps.min(axis=1) < least_p, table["score"] < key_score,
         budget < (np.nan if least_budget is None else least_budget)],
        ["missing", "weak", "low", "small"],
        default="",
    )  # fmt: skip
    table["proposed_owner"] = np.where(refused == "", KAM, DEVELOPER)
    least = money(least_budget, book)
    table["owner_rule"] = [
        _rule(row, why, least, key_score, least_p, book)
        for row, why in zip(table.to_dict("records"), refused, strict=True)
    ]
    ordered = table.sort_values(["rank", "prospect_id"], na_position="last", ignore_index=True)[
        COLUMNS
    ]
    types = {
        column: "str"
        for column in COLUMNS
        if column
        in (
            "prospect_id",
            "name",
            "source",
            "current_supplier",
            "industry",
            "region",
            "proposed_owner",
            "owner_rule",
        )
    }
    return ordered.astype(types | dict.fromkeys(("score", *PS, "budget"), "float64"))


def _rule(
    row: dict[Any, Any],
    refused: str,
    least_budget: str,
    key_score: float,
    least_p: float,
    book: Any,
) -> str:
    mean = f"mean of the three Ps {number(row['score'], book, decimals=1)}"
    budget = row["budget"]
    if refused == "missing":
        lacking = " and ".join(p for p in PS if row[p] != row[p])
        return f"{lacking} not judged yet: a business developer finds out first"
    if refused == "weak":
        return ", ".join(f"{p} {row[p]:g}" for p in PS if row[p] < least_p) + f": below {least_p:g}"
    if refused == "low":
        return f"{mean}: below {key_score:g}"
    if refused == "small":
        return f"budget {money(budget, book)}: below {least_budget}, the smallest key account"
    told = f"{mean}: {key_score:g} or more, none below {least_p:g}"
    if budget != budget:
        return f"{told}; budget not known"
    known = least_budget != MISSING
    return (
        f"{told}; budget {money(budget, book)}: at least {least_budget}, the smallest key account"
        if known
        else told
    )
