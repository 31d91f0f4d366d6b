"""What is said of the health of accounts, and of how good alerts and health have been."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.keys import called
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import count, listed, number, plural, rate, started

FEW, MUCH = 50, 15
"""Health below this is poor; one that fell by so many points is failing."""
MOST = 20
"""Accounts drawn."""


def tell_alert_record(alert_record: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return how each kind of alert did, in a sentence."""
    said = [_did(row, book) for row in each(alert_record)]
    return pd.DataFrame({"note": said}, index=alert_record.index, dtype="str")


def _did(row: Any, book: BookSettings) -> str:
    if not row.date_count:
        return "It takes two and a half years of orders to try the alerts on the past."
    dates = count(row.date_count, "past quarter", source=book)
    if row.alert_count:
        right = rate(row.still_down_count, row.alert_count, book)
        text = f"As of {dates}: {count(row.alert_count, 'alert', source=book)}, of which {right} "
        text += "stayed down a year on"
    else:
        text = f"As of {dates}: no alert"
    if not row.fall_count:
        return f"{text}; nothing fell by half at an account that still bought."
    seen = rate(row.seen_count, row.fall_count, book)
    return (
        f"{text}. Of {count(row.fall_count, 'fall', source=book)} by half and more at accounts "
        f"that still bought, {seen} {plural(row.seen_count, 'was', 'were')} alerted within two "
        "quarters; rare purchases come and go by chance, and are left alone."
    )


def table_alert_record() -> Said:
    """Return what the record is."""
    return Said(
        "How good the alerts have been on this book's own past",
        "Raised again from what was known then, and held against the year after",
    )


def tell_health_record(health_record: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return what health foretold, beside silence alone."""
    said = [_foretold(row, book) for row in each(health_record)]
    return pd.DataFrame({"note": said}, index=health_record.index, dtype="str")


def _foretold(row: Any, book: BookSettings) -> str:
    if pd.isna(row.health_auc):
        return (
            "Whether health foretells anything cannot be told yet: it takes three years of orders, "
            "and accounts that fell."
        )
    text = (
        f"Over {count(row.case_count, 'case', source=book)} as of "
        f"{count(row.date_count, 'past quarter', source=book)}, of which "
        f"{number(row.fall_count, book)} fell by a third or were lost within a year: of two "
        f"accounts the one that fell had the lower health in {100 * row.health_auc:.0f} % "
        f"(95 % interval {100 * row.health_auc_low:.0f} to {100 * row.health_auc_high:.0f}); by "
        f"silence alone in {100 * row.silence_auc:.0f} %."
    )
    low, high = 100 * row.auc_gain_low, 100 * row.auc_gain_high
    gain = f"the difference lies between {low:+.0f} and {high:+.0f}"
    if row.is_better:
        return f"{text} Health tells more: {gain} points."
    return (
        f"{text} Health is not shown to tell more than silence: {gain} points. Read it as a list "
        "of what is open, not as a forecast."
    )


def table_health_record() -> Said:
    """Return what the record is."""
    return Said("Does a low health foretell a fall?", "Of all accounts, from what was known then")


def is_poor(account_health: pd.DataFrame) -> pd.Series:
    """Return whose health is poor, or fell by much since the period before."""
    return account_health["health"].lt(FEW) | account_health["health_change"].le(-MUCH)


def health_text(row: Any, *, is_named: bool = True) -> str:
    """Say how an account is, how that changed, and what costs it the most."""
    who = f"{row.name}: " if is_named else ""
    text = f"{who}health {row.health:.0f} of 100"
    if pd.notna(row.health_change) and round(row.health_change):
        word = "less" if row.health_change < 0 else "more"
        text += f", {abs(row.health_change):.0f} {word} than a period before"
    costs = f"; {str(row.weakest).replace('_', ' ')} costs it the most" if row.weakest else ""
    return f"{text}{costs}"


def chart_account_health(
    account_health: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say whose health is poor, and what costs the key accounts the most."""
    known, key = account_health.dropna(subset=["health"]), called(key_accounts)
    if known.empty:
        return Said(f"No {key} has enough on record for its health")
    poor = known[known["health"].lt(FEW)]
    title = f"No {key} is in poor health"
    if len(poor):
        many = count(len(poor), key, source=book)
        title = f"{many} {plural(len(poor), 'is', 'are')} in poor health: {listed(poor['name'])}"
    parts = account_health["weakest"].replace("", None).dropna().value_counts()
    most = f"; what costs most is mostly {parts.index[0].replace('_', ' ')}" if len(parts) else ""
    return Said(
        title,
        f"Health of {key}s, 0 to 100; light: at the end of the period before{most}",
        f"Points of the health of each {key} now and a period before; the table has the parts",
    )


def table_account_health(
    account_health: pd.DataFrame, key_accounts: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Return what health is of."""
    if len(account_health) == 1 and account_health["health"].notna().all():
        said = health_text(next(each(account_health)), is_named=False)
        return Said(started(said), "Each part 0 to 100; weights are the book's")
    many = count(len(account_health), called(key_accounts), source=book)
    return Said(
        f"Health of {many}, the poorest first",
        "Each part 0 to 100; n/a where the book does not tell; weights are the book's",
    )
