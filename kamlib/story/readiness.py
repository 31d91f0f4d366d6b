"""The five questions of readiness: how they are asked, what answers rest on, what is missing."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.words import count, number, phrase, plural, say, share

QUESTIONS = {
    "sales_cycle": phrase(
        "Is the sales cycle long, and does the representative's influence decide?"
    ),
    "potential": phrase("Is there up-selling and cross-selling potential in the key accounts?"),
    "expand": phrase("Do accounts that start small grow (land and expand)?"),
    "competition": phrase("Do competitors court the key accounts?"),
    "capability": phrase("Do we have the people, and a runway of 12, 24 or 36 months?"),
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
            "question_text": codes.map(QUESTIONS).map(say),
            "evidence": codes.map(evidence),
            "asks": codes.map(_asks(value)).where(is_open, ""),
        },
        dtype="str",
    )


def _sales_cycle(value: pd.Series, book: BookSettings | None) -> list[str]:
    days, sole = value["median_days"], value["sole_profit_share"]
    deals = say(
        "{deals} took {days:.0f} days in the median",
        deals=count(value["won_deals"], "won deal"),
        days=days,
    )
    personal = say(
        "{sole} of key accounts' profit knows one manager alone", sole=share(sole, book, decimals=0)
    )
    return [*([deals] if days == days else []), *([personal] if sole == sole else [])]


def _potential(value: pd.Series, book: BookSettings | None) -> str:
    room = value["open_share"]
    text = say("attainable and not yet ours: {} of the key accounts' revenue")
    return "" if pd.isna(room) else text.format(share(room, book, decimals=0))


def _expand(value: pd.Series, book: BookSettings | None) -> str:
    landed = count(value["landed"], "key account") if value["landed"] else say("no key account")
    if value["landed"] < 3:
        return say("{landed} began inside the data and two years ago", landed=landed)
    times = number(value["growth_times"], book, decimals=1)
    grown = value["grown"]
    buy = say(
        "{buy} more than in {their} first year",
        buy=plural(grown, "buys", "buy"),
        their=plural(grown, "its", "their"),
    )
    return say(
        "{grown:.0f} of {landed} {buy}, {times} times in the median",
        grown=grown,
        landed=landed,
        buy=buy,
        times=times,
    )


def _competition(value: pd.Series) -> str:
    if pd.isna(value["courted"]):
        return ""
    keys, lost = count(value["key_accounts"], "key account"), count(value["lost_deals"], "deal")
    unnamed = value["unnamed_deals"]
    known = (
        say(", {unnamed:.0f} of them without a rival's name", unnamed=unnamed)
        if unnamed > 0
        else ""
    )
    return say(
        "rivals are named at {courted:.0f} of {keys}; {lost} lost there{known}",
        courted=value["courted"],
        keys=keys,
        lost=lost,
        known=known,
    )


def _capability(value: pd.Series) -> list[str]:
    over, below = value["managers_over_hours"], value["managers_below_level"]
    people, rated = (
        count(value["managers"], "manager"),
        count(value["managers_rated"], "rated manager"),
    )
    work = say(
        "{over:.0f} of {people} {have} more key account work than hours",
        over=over,
        people=people,
        have=plural(over, "has", "have"),
    )
    level = say(
        "{below:.0f} of {rated} {are} below a level required",
        below=below,
        rated=rated,
        are=plural(below, "is", "are"),
    )
    return [*([work] if value["managers"] else []), *([level] if value["managers_rated"] else [])]


def _asks(value: pd.Series) -> dict[str, str]:
    """Return what to add or to answer, by question; nothing where the data say enough."""
    needs = say("needs: annual spend and attainable share per category")
    all_needs = say("attainable shares of all needs") if value["unknown_needs"] else ""
    few_deals = say("opportunities with at least five won deals")
    return {
        "sales_cycle": few_deals if pd.isna(value["median_days"]) else "",
        "potential": needs if pd.isna(value["open_share"]) else all_needs,
        "expand": say("a longer history") if value["landed"] < 3 else "",
        "competition": say("competitors: who courts which account")
        if pd.isna(value["courted"])
        else "",
        "capability": say(
            "the runway in months (12, 24 or 36), as capability under [programme.readiness] in "
            "book.toml"
        ),
    }
