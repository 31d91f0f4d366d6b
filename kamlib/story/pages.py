"""What every page says at its head and its foot: the period, and the definitions used."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, FreshnessSettings
from kamlib.holes import NO_HOLES, Hole, Holes
from kamlib.period.calendar import Span
from kamlib.period.reach import silence_is_unusual
from kamlib.words import date, say, share


def title_period(
    *,
    last_date: pd.Timestamp | None,
    usual_silence_days: int,
    span: Span,
    freshness: FreshnessSettings,
    book: BookSettings,
    holes: Holes = NO_HOLES,
) -> str:
    """Return the period as every page's head names it: with the day the data end where they do not
    cover it whole, else with what they lack of its 12 months.

    Without ``complete_to`` a usual silence at the end is no gap.
    """
    year = span.end - pd.DateOffset(months=12)
    lacking = [hole for hole in holes if year < hole.end < span.end]
    span = span.whole
    if last_date is None or last_date >= span.end:
        return _lacking(span, lacking)
    is_gap = last_date < span.start or book.complete_to is not None
    is_gap |= silence_is_unusual(last_date, usual_silence_days, span, freshness)
    return (
        say("{period} (data to {last_date} only)", period=span.title, last_date=date(last_date))
        if is_gap
        else _lacking(span, lacking)
    )


def _lacking(span: Span, lacking: list[Hole]) -> str:
    """Return a period with the days that its data lack."""
    if not lacking:
        return span.title
    return say(
        "{period} (data missing from {start} to {end})",
        period=span.title,
        start=date(lacking[-1].start),
        end=date(lacking[-1].end),
    )


def note_undated(renewed: str | None) -> str:
    """Return what every page says where what has no date was brought up to date after the period's
    first report; nothing of a period as it was first published.

    >>> from kamlib.words import GAP
    >>> note_undated("2026-01-15").replace(GAP, " ").partition("are as recorded ")[2]
    'on 15 Jan 2026, not as when this period was first published.'
    """
    if renewed is None:
        return ""
    return say(
        "Owners, names, contacts and plans are as recorded on {renewed}, not as when this period "
        "was first published.",
        renewed=date(renewed),
    )


def definitions(
    accounts: pd.DataFrame, tiers: pd.DataFrame, *, as_of: pd.Timestamp, book: BookSettings
) -> tuple[tuple[str, str], ...]:
    """Return the definitions that a page rests on, each with the word it defines."""
    low, high = (share(limit, book, decimals=0) for limit in book.segmentation.abc)
    silence = say(
        "lost above {lost:g} usual gaps and {min_silence_days} days",
        lost=book.loss.lost,
        min_silence_days=book.loss.min_silence_days,
    )
    window = say(
        "{window_months} months to {as_of}",
        window_months=book.segmentation.window_months,
        as_of=date(as_of),
    )
    if not as_of.is_month_end:
        window = say(
            "{window}; every month ends on day {day}, and is named for the one that day lies in",
            window=window,
            day=as_of.day,
        )
    return (
        (say("Window"), window),
        (
            "ABC",
            say(
                "A below {low}, B below {high} of the cumulative share before the account",
                low=low,
                high=high,
            ),
        ),
        (
            say("Loss"),
            say("overdue above {overdue:g}, {silence}", overdue=book.loss.overdue, silence=silence),
        ),
        (say("Key account"), _key_account(accounts, tiers, book)),
    )


def _versioned(book: BookSettings) -> str:
    """Return the book's definition of a key account with its version; nothing where it has none."""
    said, version = book.key_accounts.definition.strip(), book.key_accounts.version.strip()
    if not said:
        return ""
    which = say("version {version}", version=version) if version else say("no version stated")
    return f"{said} ({which})"


def _key_account(accounts: pd.DataFrame, tiers: pd.DataFrame, book: BookSettings) -> str:
    """Say who is called a key account: nobody's definition holds where the book does not say who
    meets it.
    """
    said = _versioned(book)
    if len(tiers) or accounts["tier"].notna().any():
        return said or say("named in the book")
    most = book.key_accounts.at_most
    rule = say(
        "provisional, as the book has no tiers: class A by revenue, at most {most}", most=most
    )
    return say("{rule}; to be: {said}", rule=rule, said=said) if said else rule
