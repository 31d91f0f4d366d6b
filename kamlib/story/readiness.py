"""The five questions of readiness: how they are asked, what answers rest on, what is missing."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.words import count, number, plural, share

QUESTIONS = {
    "sales_cycle": "Is the sales cycle long, and does the representative's influence decide?",
    "potential": "Is there up-selling and cross-selling potential in the key accounts?",
    "expand": "Do accounts that start small grow (land and expand)?",
    "competition": "Do competitors court the key accounts?",
    "capability": "Do we have the people, and a runway of 12, 24 or 36 months?",
}
"""Code of the question, as under ``[programme.readiness]``, → the question as it is asked."""


def tell_readiness(
    readiness: pd.DataFrame, readiness_figures: pd.DataFrame, *, book: BookSettings | None = None
) -> pd.DataFrame:
    """Say each question, the figures behind its answer, and what is to be added or answered."""
    value = readiness_figures.set_index("figure")["value"]
    evidence = {
        "sales_cycle": "; ".join(_sales_cycle(value, book)),
        "potential": _potential(value, book),
        "expand": _expand(value, book),
        "competition": _competition(value),
        "capability": "; ".join(_capability(value)),
    }
    codes, is_open = readiness["question_code"], readiness["source"].ne("book")
    return pd.DataFrame(
        {
            "question_text": codes.map(QUESTIONS),
            "evidence": codes.map(evidence),
            "asks": codes.map(_asks(value)).where(is_open, ""),
        },
        dtype="str",
    )


def _sales_cycle(value: pd.Series, book: BookSettings | None) -> list[str]:
    days, sole = value["median_days"], value["sole_profit_share"]
    deals = f"{count(value['won_deals'], 'won deal')} took {days:.0f} days in the median"
    personal = f"{share(sole, book, decimals=0)} of key accounts' profit knows one manager alone"
    return [*([deals] if days == days else []), *([personal] if sole == sole else [])]


def _potential(value: pd.Series, book: BookSettings | None) -> str:
    room = value["open_share"]
    text = "attainable and not yet ours: {} of the key accounts' revenue"
    return "" if pd.isna(room) else text.format(share(room, book, decimals=0))


def _expand(value: pd.Series, book: BookSettings | None) -> str:
    landed = count(value["landed"], "key account") if value["landed"] else "no key account"
    if value["landed"] < 3:
        return f"{landed} began inside the data and two years ago"
    times = number(value["growth_times"], book, decimals=1)
    grown = value["grown"]
    buy = f"{plural(grown, 'buys', 'buy')} more than in {plural(grown, 'its', 'their')} first year"
    return f"{grown:.0f} of {landed} {buy}, {times} times in the median"


def _competition(value: pd.Series) -> str:
    if pd.isna(value["courted"]):
        return ""
    keys, lost = count(value["key_accounts"], "key account"), count(value["lost_deals"], "deal")
    unnamed = value["unnamed_deals"]
    known = f", {unnamed:.0f} of them without a rival's name" if unnamed > 0 else ""
    return f"rivals are named at {value['courted']:.0f} of {keys}; {lost} lost there{known}"


def _capability(value: pd.Series) -> list[str]:
    over, below = value["managers_over_hours"], value["managers_below_level"]
    people, rated = (
        count(value["managers"], "manager"),
        count(value["managers_rated"], "rated manager"),
    )
    work = f"{over:.0f} of {people} {plural(over, 'has', 'have')} more key account work than hours"
    level = f"{below:.0f} of {rated} {plural(below, 'is', 'are')} below a level required"
    return [*([work] if value["managers"] else []), *([level] if value["managers_rated"] else [])]


def _asks(value: pd.Series) -> dict[str, str]:
    """Return what to add or to answer, by question; nothing where the data say enough."""
    needs = "needs: annual spend and attainable share per category"
    all_needs = "attainable shares of all needs" if value["unknown_needs"] else ""
    few_deals = "opportunities with at least five won deals"
    return {
        "sales_cycle": few_deals if pd.isna(value["median_days"]) else "",
        "potential": needs if pd.isna(value["open_share"]) else all_needs,
        "expand": "a longer history" if value["landed"] < 3 else "",
        "competition": "competitors: who courts which account" if pd.isna(value["courted"]) else "",
        "capability": "the runway in months (12, 24 or 36), as capability under "
        "[programme.readiness] in book.toml",
    }
