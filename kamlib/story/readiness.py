"""The five questions of readiness: how they are asked, what the answers rest on, what is missing."""

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
    evidence, asks = _evidence(value, book), _asks(value)
    is_open = readiness["answered_by"].ne("book")
    codes = readiness["question_code"]
    return pd.DataFrame(
        {
            "question": codes.map(QUESTIONS),
            "evidence": codes.map(evidence),
            "asks": codes.map(asks).where(is_open, ""),
        },
        dtype="str",
    )


def _evidence(value: pd.Series, book: BookSettings | None) -> dict[str, str]:
    """Return the sentence behind each answer; a figure that is not known is left out."""
    deals, days = value["won_deals"], value["median_days"]
    sole, room = (share(value[name], book, decimals=0) for name in ("sole_profit_share", "open_share"))
    begun = count(value["landed"], "key account") if value["landed"] else "no key account"
    keys = count(value["key_accounts"], "key account")
    people = count(value["managers"], "manager")
    rated = count(value["managers_rated"], "rated manager")
    over, below = value["managers_over_hours"], value["managers_below_level"]
    told = {
        "sales_cycle": {
            f"{count(deals, 'won deal')} took {days:.0f} days in the median": pd.notna(days),
            f"{sole} of key accounts' profit knows one manager alone": pd.notna(
                value["sole_profit_share"]
            ),
        },
        "potential": {
            f"attainable and not yet ours: {room} of the key accounts' revenue": pd.notna(
                value["open_share"]
            )
        },
        "expand": {
            f"{begun} began inside the data and two years ago": value["landed"] < 3,
            f"{value['grown']:.0f} of {begun} buy more than in their first year, "
            f"{number(value['growth_times'], book, decimals=1)} times in the median": value["landed"]
            >= 3,
        },
        "competition": {
            f"rivals are named at {value['courted']:.0f} of {keys}; "
            f"{count(value['lost_deals'], 'deal')} lost there": pd.notna(value["courted"])
        },
        "capability": {
            f"{over:.0f} of {people} {plural(over, 'has', 'have')} more key account work than hours": value[
                "managers"
            ]
            > 0,
            f"{below:.0f} of {rated} {plural(below, 'is', 'are')} below a level required": value[
                "managers_rated"
            ]
            > 0,
        },
    }
    return {
        code: "; ".join(text for text, is_known in parts.items() if is_known)
        for code, parts in told.items()
    }
