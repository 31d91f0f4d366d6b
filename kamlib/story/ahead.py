"""What is said of the days ahead: what falls while it still buys, and what is due."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.ahead.alerts import LEFT
from kamlib.ahead.steady import LEAST_MONTHS, is_told
from kamlib.book import BookSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.groups import named_groups
from kamlib.story.ahead_calendar import calendar_sentence
from kamlib.story.ahead_record import health_text, is_no_goods, is_poor, note_alert_record
from kamlib.story.statements import Said, Sentence
from kamlib.tables import each
from kamlib.words import count, date, listed, money, month, number, plural, say, share

PAGE = "ahead.html"
_DOWN = share(1 - LEFT, decimals=0)


def headline_ahead(
    category_alerts: pd.DataFrame,
    category_falls: pd.DataFrame,
    account_alerts: pd.DataFrame,
    revenue_by: pd.DataFrame,
    calendar: pd.DataFrame,
    alert_record: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    book: BookSettings,
) -> list[Sentence]:
    """Return the page's first sentences: what falls, and where revenue changed most."""
    falling = falling_text(category_alerts, account_alerts, alert_record, book)
    said = [
        calendar_sentence(calendar, book, link="#calendar"),
        Sentence(_untold(first_date, as_of, holes) or falling, "#category_alerts"),
        paused_sentence(category_falls, book),
        _moved(revenue_by, book),
    ]
    return [one for one in said if one is not None]


def _untold(first_date: pd.Timestamp | None, as_of: pd.Timestamp, holes: Holes) -> str:
    """Say that falls cannot be told yet, where the orders do not reach back far enough."""
    if first_date is not None and is_told(first_date, as_of, holes):
        return ""
    return say(
        "What falls while it still buys cannot be told yet: it takes {months} months of orders "
        "without a gap.",
        months=LEAST_MONTHS,
    )


def falling_text(
    category_alerts: pd.DataFrame,
    account_alerts: pd.DataFrame,
    alert_record: pd.DataFrame,
    book: BookSettings,
) -> str:
    """Say what falls while it still buys, with the yearly money, and how past alerts did."""
    parts = []
    if len(category_alerts):
        where = category_alerts["account_id"].nunique()
        parts.append(
            say(
                "{category_alerts} at {accounts}, {yearly_fall} a year",
                category_alerts=_goods(category_alerts),
                accounts=count(where, "account"),
                yearly_fall=money(category_alerts["yearly_fall"].sum(), book),
            )
        )
    if len(account_alerts):
        fall = money(account_alerts["yearly_fall"].sum(), book)
        parts.append(
            say(
                "{accounts} as a whole, {fall} a year",
                accounts=count(len(account_alerts), "account"),
                fall=fall,
            )
        )
    if not parts:
        return say("Falling while still buying: nothing that chance does not explain.")
    said = say("Falling while still buying: {parts}.", parts="; ".join(parts))
    return f"{said} {note_alert_record(alert_record, book)}".strip()


def paused_sentence(
    category_falls: pd.DataFrame, book: BookSettings, *, link: str = "#category_falls"
) -> Sentence | None:
    """Say how much is bought no more that chance may explain, and where most of it is."""
    if category_falls.empty:
        return None
    of_account = category_falls.groupby("name", sort=False)["yearly_fall"].sum()
    most = of_account.sort_values(ascending=False, kind="stable")
    part = f"{most.index[0]} ({money(most.iloc[0], book)})"
    return Sentence(
        say(
            "In {cases} an active account buys over {down} less of {goods} than usual, "
            "{yearly_fall} a year; that may be chance: ask {part} first.",
            cases=count(len(category_falls), "case"),
            goods=_one_of(category_falls),
            down=_DOWN,
            yearly_fall=money(category_falls["yearly_fall"].sum(), book),
            part=part,
        ),
        link,
    )


def _one_of(rows: pd.DataFrame) -> str:
    """Return what a row is of: a category, or a product where the book has few categories."""
    return say("a category") if rows["dimension"].iloc[0] == "category" else say("a product")


def _goods(rows: pd.DataFrame) -> str:
    """Count categories, or products where the book has few categories."""
    is_category = rows["dimension"].iloc[0] == "category"
    many = len(rows)
    return count(many, "category", "categories") if is_category else count(many, "product")


def _moved(revenue_by: pd.DataFrame, book: BookSettings) -> Sentence | None:
    """Say which category changed most against a year ago, where there is one."""
    rows = revenue_by[revenue_by["dimension"].eq("category")].dropna(subset=["period_change"])
    if rows.empty:
        return None
    rows = named_groups(rows)
    most: Any = rows.iloc[int(rows["period_change"].abs().argmax())]
    word = say("less") if most["period_change"] < 0 else say("more")
    amount = money(abs(most["period_change"]), book)
    return Sentence(
        say(
            "Of the categories {group} changed most: {amount} {word} in the period than in the "
            "same period a year ago.",
            group=most["group"],
            amount=amount,
            word=word,
        ),
        "#revenue_by",
    )


def lines_ahead(
    category_alerts: pd.DataFrame,
    account_alerts: pd.DataFrame,
    account_health: pd.DataFrame,
    alert_record: pd.DataFrame,
    *,
    book: BookSettings,
    most: int = 5,
) -> list[str]:
    """Return what to keep an eye on, line by line: what falls, how past alerts did, poor health."""
    falls = [fall_text(row, book) for row in each(account_alerts.head(most))]
    falls += [fall_text(row, book) for row in each(category_alerts.head(most - len(falls)))]
    right = note_alert_record(alert_record, book) if falls else ""
    falls += [right] if right else []
    poor = account_health[is_poor(account_health)].head(most)
    return [*falls, *(health_text(row) for row in each(poor))]


def fall_text(row: Any, book: BookSettings, *, is_named: bool = True) -> str:
    """Say what an account has stopped or cut, and what that takes away in a year."""
    what, fall = getattr(row, "group", ""), money(row.yearly_fall, book)
    said = f"{what} {say(row.verdict)}" if what else say("buys less of everything")
    who = f"{row.name}{f' ({row.owner})' if isinstance(row.owner, str) else ''}: "
    return say("{who}{said}, {fall} a year", who=who if is_named else "", said=said, fall=fall)


def tell_category_alerts(category_alerts: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return why each category or product at an account is on the list."""
    return _whys(category_alerts, book)


def tell_account_alerts(account_alerts: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return why each account is on the list."""
    return _whys(account_alerts, book)


def _whys(alerts: pd.DataFrame, book: BookSettings) -> pd.DataFrame:
    said = [_why(row, book) for row in each(alerts)]
    return pd.DataFrame({"why": said}, index=alerts.index, dtype="str")


def _why(row: Any, book: BookSettings) -> str:
    """Say what was usual, and what the last months brought instead."""
    bought = say(
        "Bought in {bought_month_count} of the 24 months before",
        bought_month_count=number(row.bought_month_count),
    )
    months = count(row.window_months, "month")
    if row.verdict == "stopped":
        return say(
            "{bought}, {usual_yearly_revenue} a year; nothing since ",
            bought=bought,
            usual_yearly_revenue=money(row.usual_yearly_revenue, book),
        ) + (f"{month(row.last_bought_month)}.")
    return say(
        "{bought}; in the last {months} {window_revenue}, usual are {usual_revenue}.",
        bought=bought,
        months=months,
        window_revenue=money(row.window_revenue, book),
        usual_revenue=money(row.usual_revenue, book),
    )


def table_category_alerts(
    category_alerts: pd.DataFrame,
    category_months: pd.DataFrame | None = None,
    product_months: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    book: BookSettings,
) -> Said:
    """Say how many fell, and by how much a year."""
    how = say(
        "As of {as_of}; the last 3 and 6 months against what a steady account would buy: less "
        "than 5 % chance, over all that were looked at (Benjamini and Hochberg)",
        as_of=date(as_of),
    )
    if untold := _untold(first_date, as_of, holes):
        return Said(untold)
    if is_no_goods(category_months, product_months):
        return Said(say("No category or product is recorded to look at"))
    if category_alerts.empty:
        return Said(say("No active account stopped or cut a category beyond chance"), how)
    stopped = int(category_alerts["verdict"].eq("stopped").sum())
    fall = money(category_alerts["yearly_fall"].sum(), book)
    return Said(
        say(
            "{category_alerts} fell at active accounts, {stopped} of them stopped: {fall} a year",
            category_alerts=_goods(category_alerts),
            stopped=number(stopped),
            fall=fall,
        ),
        how,
    )


def table_category_falls(
    category_falls: pd.DataFrame,
    category_months: pd.DataFrame | None = None,
    product_months: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    book: BookSettings,
) -> Said:
    """Say how much less was bought where chance may explain it: to be asked, not an alarm."""
    if _untold(first_date, as_of, holes) or is_no_goods(category_months, product_months):
        return Said(say("What may have paused by chance cannot be told"))
    if category_falls.empty:
        return Said(
            say("Nothing else at an active account is down by more than {down}", down=_DOWN)
        )
    fall = money(category_falls["yearly_fall"].sum(), book)
    return Said(
        say(
            "In {cases} an active account buys over {down} less of {goods}, {fall} a year, which "
            "chance may explain: ask in the next meeting",
            cases=count(len(category_falls), "case"),
            goods=_one_of(category_falls),
            down=_DOWN,
            fall=fall,
        ),
        say(
            "The last 6 months against the same months of the two years before, of {tested_count} "
            "bought in at least 6 of 24 months; chance: how often a steady account would buy so "
            "little",
            tested_count=number(category_falls["tested_count"].iloc[0]),
        ),
    )


def table_account_alerts(
    account_alerts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    book: BookSettings,
) -> Said:
    """Say which accounts fall as a whole."""
    if _untold(first_date, as_of, holes):
        return Said(say("Which accounts fall as a whole cannot be told"))
    if account_alerts.empty:
        return Said(say("No active account falls as a whole beyond chance"))
    fall = money(account_alerts["yearly_fall"].sum(), book)
    verb = plural(len(account_alerts), "falls", "fall")
    return Said(
        say(
            "{name} {verb} as a whole: {fall} a year",
            name=listed(account_alerts["name"]),
            verb=verb,
            fall=fall,
        )
    )


def gap_category_alerts(category_months: pd.DataFrame, product_months: pd.DataFrame) -> str:
    """Say what falls within accounts would need, where the book tells no goods apart."""
    if not is_no_goods(category_months, product_months):
        return ""
    return say(
        "What falls within accounts that still buy cannot be seen: orders.category or "
        "orders.product_id would bring it. Accounts as a whole are looked at."
    )
