"""Why a prospect goes to whom."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.words import money, number, phrase, say

_PS = (phrase("need"), phrase("solvency"), phrase("authority"))
"""What a prospect is judged by."""


def tell_prospect_ranking(
    prospect_ranking: pd.DataFrame, *, book: BookSettings | None = None
) -> pd.DataFrame:
    """Return why a prospect is for the one or the other."""
    said = [_owner_rule(row, book) for row in prospect_ranking.to_dict("records")]
    return pd.DataFrame({"owner_rule": said}, index=prospect_ranking.index, dtype="str")


def _owner_rule(row: dict[Any, Any], book: BookSettings | None) -> str:
    code, budget = row["owner_code"], row["budget"]
    ps = {name: row[name] for name in _PS}
    mean = say("mean of the three Ps {score}", score=number(row["score"], book, decimals=1))
    if code == "not_judged":
        lacking = say(" and ").join(say(name) for name, judged in ps.items() if judged != judged)
        return say(
            "{lacking} not judged yet: a business developer finds out first", lacking=lacking
        )
    if code == "weak":
        weak = [f"{say(name)} {judged:g}" for name, judged in ps.items() if judged < row["least_p"]]
        return say("{weak}: below {least_p:g}", weak=", ".join(weak), least_p=row["least_p"])
    if code == "low":
        return say("{mean}: below {least_score:g}", mean=mean, least_score=row["least_score"])
    has, least = money(budget, book), money(row["least_budget"], book)
    if code == "small":
        return say("budget {has}: below {least}, the smallest key account", has=has, least=least)
    told = say(
        "{mean}: {least_score:g} or more, none below {least_p:g}",
        mean=mean,
        least_score=row["least_score"],
        least_p=row["least_p"],
    )
    if budget != budget:
        return say("{told}; budget not known", told=told)
    if row["least_budget"] != row["least_budget"]:
        return told
    return say(
        "{told}; budget {has}: at least {least}, the smallest key account",
        told=told,
        has=has,
        least=least,
    )
