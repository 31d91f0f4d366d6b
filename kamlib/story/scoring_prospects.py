"""Why a prospect goes to whom."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.words import money, number


def tell_prospect_ranking(
    prospect_ranking: pd.DataFrame, *, book: BookSettings | None = None
) -> pd.DataFrame:
    """Return why a prospect is for the one or the other."""
    said = [_owner_rule(row, book) for row in prospect_ranking.to_dict("records")]
    return pd.DataFrame({"owner_rule": said}, index=prospect_ranking.index, dtype="str")


def _owner_rule(row: dict[Any, Any], book: BookSettings | None) -> str:
    code, budget = row["owner_code"], row["budget"]
    ps = {name: row[name] for name in ("need", "solvency", "authority")}
    mean = f"mean of the three Ps {number(row['score'], book, decimals=1)}"
    if code == "not_judged":
        lacking = " and ".join(name for name, judged in ps.items() if judged != judged)
        return f"{lacking} not judged yet: a business developer finds out first"
    if code == "weak":
        weak = [f"{name} {judged:g}" for name, judged in ps.items() if judged < row["least_p"]]
        return f"{', '.join(weak)}: below {row['least_p']:g}"
    if code == "low":
        return f"{mean}: below {row['least_score']:g}"
    has, least = money(budget, book), money(row["least_budget"], book)
    if code == "small":
        return f"budget {has}: below {least}, the smallest key account"
    told = f"{mean}: {row['least_score']:g} or more, none below {row['least_p']:g}"
    if budget != budget:
        return f"{told}; budget not known"
    if row["least_budget"] != row["least_budget"]:
        return told
    return f"{told}; budget {has}: at least {least}, the smallest key account"
