"""What is said of the revenue bridge and of retention over time, of all and of key accounts."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.overtime import first_day, untold, who, why_untold
from kamlib.story.statements import Said
from kamlib.words import count, date, money, plural, say, share, started


def chart_revenue_bridge(
    revenue_bridge: pd.DataFrame,
    key_accounts_then: pd.DataFrame,
    untold_keys: dict[str, str],
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    book: BookSettings,
    scope: str = "all",
) -> Said:
    """Say whether revenue grew, and how much went away; or why it is not known."""
    rows = revenue_bridge[revenue_bridge["scope"].eq(scope)]
    many = key_accounts_then["followed_over"].eq("year").sum()
    followed = who(scope, many, as_of) if scope == "key" and many else say("all accounts")
    followed = say("key accounts over time") if scope == "key" and not many else followed
    whose = say("the net revenue of {followed}", followed=followed)
    why = why_untold("year", untold_keys if scope == "key" else {}, first_date, as_of, book)
    if rows.empty and why:
        return Said(say("Not told for {followed}: {why}", followed=followed, why=why))
    return Said(
        _bridge_title(rows, followed, book),
        say(
            "Net revenue of {followed}, the 12 months before and the 12 months to now; accounts "
            "below · 12 months to {as_of}",
            followed=followed,
            as_of=date(as_of),
        ),
        say(
            "Waterfall of {whose} from the year before to this year by new, returned, grown, "
            "shrunk and stopped accounts",
            whose=whose,
        ),
    )


def _bridge_title(rows: pd.DataFrame, who: str, book: BookSettings) -> str:
    if rows.empty:
        return say("No revenue of {who} to compare", who=who)
    amounts = rows.set_index("step")["revenue"].to_dict()
    base, now, gone = amounts["base"], amounts["now"], amounts["stopped"] + amounts["contraction"]
    if base < 0 or (base == 0 and now <= 0):
        return say(
            "No revenue of {who} above zero in the year before: no rate can be given", who=who
        )
    if base == 0:
        return say("All revenue of {who} is younger than a year", who=who)
    verb = say("grew") if now >= base else say("fell")
    return say(
        "Revenue of {who} {verb} by {now}; {gone} went with accounts that shrank or stopped",
        who=who,
        verb=verb,
        now=share(abs(now / base - 1), book),
        gone=money(gone, book),
    )


def table_revenue_bridge(revenue_bridge: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Say of which months the bridge is."""
    how = (
        say(
            "Net revenue and accounts by step, key accounts as of the first day; 12 months to "
            "{as_of} against the 12 months before",
            as_of=date(as_of),
        )
        if revenue_bridge["scope"].eq("key").any()
        else say(
            "Net revenue and accounts by step; 12 months to {as_of} against the 12 months before",
            as_of=date(as_of),
        )
    )
    return Said(say("The bridge in figures"), how)


def tell_retention_figures(
    retention_figures: pd.DataFrame,
    untold_keys: dict[str, str],
    key_accounts: pd.DataFrame | None = None,
    *,
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> pd.DataFrame:
    """Say why a figure is not known, and of whom a figure of key accounts is."""
    return untold(retention_figures, untold_keys, first_date, as_of, book, key_accounts)


def table_key_accounts_then(
    key_accounts_then: pd.DataFrame,
    untold_keys: dict[str, str],
    *,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> Said:
    """Say how many are followed, or why nobody is."""
    many = int(key_accounts_then["followed_over"].eq("year").sum())
    day = date(first_day(as_of))
    caption = say(
        "NRR, GRR, the bridge and the share lost follow these: today’s set has lost those that left"
    )
    if not many and untold_keys["year"]:
        reason = why_untold("year", untold_keys, None, as_of, book)
        return Said(say("Who was a key account on {day} is not known", day=day), started(reason))
    return Said(
        say(
            "{accounts} {were} key on {day}",
            accounts=count(many, "account"),
            were=plural(many, "was", "were"),
            day=day,
        ),
        caption,
    )
