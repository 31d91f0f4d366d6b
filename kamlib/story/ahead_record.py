"""What is said of the health of accounts, and of how good alerts and health have been."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.keys import called, several
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import FEW as FEW_CASES
from kamlib.words import count, listed, number, phrase, plural, rate, say, started

FEW, MUCH = 50, 15
"""Health below this is poor; one that fell by so many points is failing."""
MOST = 20
"""Accounts drawn."""


def is_no_goods(*months: pd.DataFrame | None) -> bool:
    """Return whether the book tells neither categories nor products apart."""
    return all(one is not None and one.empty for one in months)


def tell_alert_record(
    alert_record: pd.DataFrame,
    category_months: pd.DataFrame | None = None,
    product_months: pd.DataFrame | None = None,
    *,
    book: BookSettings,
) -> pd.DataFrame:
    """Return how each kind of alert did, in a sentence."""
    none = say("No category or product is recorded to look at.")
    is_none = is_no_goods(category_months, product_months)
    said = [
        none if is_none and row.rule == "category" else _did(row, book)
        for row in each(alert_record)
    ]
    return pd.DataFrame({"note": said}, index=alert_record.index, dtype="str")


def _did(row: Any, book: BookSettings) -> str:
    if not row.date_count:
        return say("It takes two and a half years of orders to try the alerts on the past.")
    dates = count(row.date_count, "past quarter", source=book)
    if row.alert_count:
        right = _of(row.still_down_count, row.alert_count, book)
        text = say(
            "As of {dates}: {alerts}, of which {right} ",
            dates=dates,
            alerts=count(row.alert_count, "alert", source=book),
            right=right,
        )
        text += say("stayed down a year on")
    else:
        text = say("As of {dates}: no alert", dates=dates)
    if not row.fall_count:
        return say("{text}; nothing fell by half at an account that still bought.", text=text)
    seen = _of(row.seen_count, row.fall_count, book)
    return say(
        "{text}. Of {falls} by half and more at accounts that still bought, {seen} {were} alerted "
        "within two quarters; rare purchases come and go by chance, and are left alone.",
        text=text,
        falls=count(row.fall_count, "fall", source=book),
        seen=seen,
        were=plural(row.seen_count, "was", "were"),
    )


def _of(part: float, cases: float, book: BookSettings) -> str:
    """Return how many of cases just counted: in percent, of few by number."""
    few = number(part, book) if part else say("none")
    return rate(part, cases, book) if cases >= FEW_CASES else few


def note_alert_record(alert_record: pd.DataFrame, book: BookSettings) -> str:
    """Say how many past alerts were right; blank where that could not be tried.

    >>> record = pd.DataFrame({"date_count": [8, 8], "alert_count": [3, 0],
    ...     "still_down_count": [2, 0]})
    >>> note_alert_record(record, BookSettings(title="B")).replace("\N{NO-BREAK SPACE}", " ")
    'Of 3 alerts of the past 2 stayed down a year on: too few to judge by.'
    """
    tried = int(alert_record["date_count"].max()) if len(alert_record) else 0
    if not tried:
        return ""
    many, down = (int(alert_record[name].sum()) for name in ("alert_count", "still_down_count"))
    if not many:
        dates = count(tried, "past quarter", source=book)
        return say("How often they are right is not known: {dates} raised none.", dates=dates)
    return say(
        "Of {alerts} of the past {down} stayed down a year on{few}.",
        alerts=count(many, "alert", source=book),
        down=number(down, book) if down else say("none"),
        few=say(": too few to judge by") if many < FEW_CASES else "",
    )


def table_alert_record() -> Said:
    """Return what the record is."""
    return Said(
        say("How good the alerts have been on this book's own past"),
        say("Raised again from what was known then, and held against the year after"),
    )


def tell_health_record(health_record: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return what health foretold, beside silence alone."""
    said = [_foretold(row, book) for row in each(health_record)]
    return pd.DataFrame({"note": said}, index=health_record.index, dtype="str")


def _foretold(row: Any, book: BookSettings) -> str:
    if pd.isna(row.health_auc):
        return say(
            "Whether health foretells anything cannot be told yet: it takes three years of "
            "orders, and accounts that fell."
        )
    text = say(
        "Over {cases} as of {quarters}, of which {fall_count} fell by a third or were lost within "
        "a year: of two accounts the one that fell had the lower health in {health_auc:.0f} % (95 "
        "% interval {health_auc_low:.0f} to {health_auc_high:.0f}); by silence alone in "
        "{silence_auc:.0f} %.",
        cases=count(row.case_count, "case", source=book),
        quarters=count(row.date_count, "past quarter", source=book),
        fall_count=number(row.fall_count, book),
        health_auc=100 * row.health_auc,
        health_auc_low=100 * row.health_auc_low,
        health_auc_high=100 * row.health_auc_high,
        silence_auc=100 * row.silence_auc,
    )
    low, high = 100 * row.auc_gain_low, 100 * row.auc_gain_high
    gain = say("the difference lies between {low:+.0f} and {high:+.0f}", low=low, high=high)
    if row.is_better:
        return say("{text} Health tells more: {gain} points.", text=text, gain=gain)
    return say(
        "{text} Health is not shown to tell more than silence: {gain} points. Read it as a list "
        "of what is open, not as a forecast.",
        text=text,
        gain=gain,
    )


def table_health_record() -> Said:
    """Return what the record is."""
    return Said(
        say("Does a low health foretell a fall?"), say("Of all accounts, from what was known then")
    )


def is_poor(account_health: pd.DataFrame) -> pd.Series:
    """Return whose health is poor, or fell by much since the period before."""
    return account_health["health"].lt(FEW) | account_health["health_change"].le(-MUCH)


def health_text(row: Any, *, is_named: bool = True) -> str:
    """Say how an account is, how that changed, and what costs it the most."""
    who = f"{row.name}: " if is_named else ""
    text = say("{who}health {health:.0f} of 100", who=who, health=row.health)
    if pd.notna(row.health_change) and round(row.health_change):
        word = say("less") if row.health_change < 0 else say("more")
        text += say(
            ", {health_change:.0f} {word} than a period before",
            health_change=abs(row.health_change),
            word=word,
        )
    costs = (
        say("; {weakest} costs it the most", weakest=say(str(row.weakest).replace("_", " ")))
        if row.weakest
        else ""
    )
    return f"{text}{costs}"


_FIRST = {
    "trend": phrase("two years of orders"),
    "breadth": "orders.category",
    "margin": "orders.cost",
}
"""Parts of health that orders alone can tell, and what brings them."""


def chart_account_health(
    account_health: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    book: BookSettings,
    most: int = MOST,
) -> Said:
    """Say whose health is poor, and what costs the key accounts the most."""
    known, key = account_health.dropna(subset=["health"]), called(key_accounts)
    if known.empty:
        absent = [
            one for part, one in _FIRST.items() if account_health[f"{part}_health"].isna().all()
        ]
        missing = listed([say(one) for one in absent or _FIRST.values()])
        return Said(
            say(
                "No {key} has enough on record for its health: {missing} would do",
                key=say(key),
                missing=missing,
            )
        )
    poor = known[known["health"].lt(FEW)]
    title = say("No {key} is in poor health", key=say(key))
    if len(poor):
        many = count(len(poor), key, source=book)
        title = say(
            "{many} {are} in poor health: {name}",
            many=many,
            are=plural(len(poor), "is", "are"),
            name=listed(poor["name"]),
        )
    parts = account_health["weakest"].replace("", None).dropna().value_counts()
    costs = (
        say("; what costs most is mostly {index}", index=say(str(parts.index[0]).replace("_", " ")))
        if len(parts)
        else ""
    )
    cut = (
        say(", the {most} poorest of {rows}", most=most, rows=number(len(known), book))
        if len(known) > most
        else ""
    )
    return Said(
        title,
        say(
            "Health of {keys}{cut}, 0 to 100; light: at the end of the period before{costs}",
            keys=several(key),
            cut=cut,
            costs=costs,
        ),
        say(
            "Points of the health of each {key} now and a period before; the table has the parts",
            key=say(key),
        ),
    )


_ADDS = {
    "trend": phrase("trend (two years of orders)"),
    "breadth": phrase("breadth (orders.category)"),
    "on_time": phrase("on time (orders.promised_date and delivered_date)"),
    "satisfaction": phrase("satisfaction (interactions.satisfaction)"),
    "contact": phrase("contact (table interactions)"),
    "people": phrase("people (contacts.attitude)"),
    "plan": phrase("plan (account plans)"),
    "payment": phrase("payment (table invoices)"),
    "margin": phrase("margin (two years of orders.cost)"),
    "renewal": phrase("renewal (table agreements)"),
}


def gap_account_health(account_health: pd.DataFrame) -> str:
    """Say in one line which parts of health nobody's record tells, and what would bring them.

    >>> none = pd.DataFrame(columns=[f"{part}_health" for part in _ADDS])
    >>> gap_account_health(none.assign(health=[]))
    ''
    """
    absent = [
        say(what) for part, what in _ADDS.items() if account_health[f"{part}_health"].isna().all()
    ]
    if account_health.empty or not absent:
        return ""
    return say("Not in health, as the book has none: {absent}.", absent="; ".join(absent))


def table_account_health(
    account_health: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Return what health is of."""
    if len(account_health) == 1 and account_health["health"].notna().all():
        said = health_text(next(each(account_health)), is_named=False)
        return Said(started(said), say("Each part 0 to 100; weights are the book's"))
    if len(account_health) == 1:
        return Said(say("Too little is on record for its health; the parts that are known"))
    many = count(len(account_health), called(key_accounts), source=book)
    how = say("Each part 0 to 100; n/a where the book does not tell; weights are the book's")
    if account_health["health"].isna().all():
        return Said(say("What is on record of the health of {many}", many=many), how)
    return Said(say("Health of {many}, the poorest first", many=many), how)
