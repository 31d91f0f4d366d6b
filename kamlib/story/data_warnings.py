"""What spoils a report's figures and so stands first: data that end early, rows that were lost."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, FreshnessSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.intake.shares import unusable_shares
from kamlib.period.calendar import Span
from kamlib.period.reach import silence_is_unusual
from kamlib.story.reasons import reason_said
from kamlib.tables import each
from kamlib.words import count, date, listed, money, number, say, share

_REASONS = 3


def freshness_warning(
    *,
    last_date: pd.Timestamp | None,
    usual_silence_days: int,
    span: Span,
    freshness: FreshnessSettings,
) -> str:
    """Say that no order is known for the end of a period, where that is no usual silence."""
    whole = span.whole
    if last_date is None or not silence_is_unusual(last_date, usual_silence_days, whole, freshness):
        return ""
    silence = count((whole.end - last_date).days, "day")
    said = {"last_date": date(last_date), "silence": silence, "period": whole.title}
    if span.is_cut:
        return say(
            "The data have no order after {last_date}: for the last {silence} of {period} nothing "
            "is known. Everything here is as of {last_date}; nothing recorded later is in it.",
            **said,
        )
    return say(
        "The data have no order after {last_date}: for the last {silence} of {period} nothing is "
        "known. What is missing counts as not sold, so nothing is compared with earlier times; no "
        "silence counts these days. With complete_to = {day} in book.toml the report is as of that "
        "day, beside the same days of the year before.",
        **said,
        day=last_date.date().isoformat(),
    )


def holes_warning(holes: Holes, span: Span) -> str:
    """Say which days the data lack before their end, where they do.

    >>> from kamlib.holes import Hole
    >>> from kamlib.period.calendar import parse_period
    >>> hole = Hole(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-06-30"))
    >>> said = holes_warning(Holes([hole]), parse_period("2025-Q3")).replace(chr(160), " ")
    >>> said.partition(".")[0]
    'Data are missing from 1 Mar 2025 to 30 Jun 2025: there is no order line'
    """
    inside = [
        say("from {start} to {end}", start=date(hole.start), end=date(hole.end))
        for hole in holes
        if hole.end < span.end
    ]
    if not inside:
        return ""
    return say(
        "Data are missing {days}: there is no order line. Sums over these days lack what was sold "
        "then; nothing is compared across them, and no silence counts them.",
        days=listed(inside),
    )


def set_aside_warning(intake: pd.DataFrame, *, book: BookSettings) -> str:
    """Say that more of the order lines, or of their money, was lost than the book allows, and
    why.
    """
    return lost_rows(intake, "orders", book)


def lost_rows(intake: pd.DataFrame, table: str, book: BookSettings) -> str:
    """Say that more of a table's rows or money was lost than the book allows; else nothing."""
    rows, amount = unusable_shares(intake, table)
    if max(rows, amount) <= book.input.of(table).most_set_aside:
        return ""
    own = intake[intake["table"].eq(table) & intake["use"].ne("left out")]
    lost = own[own["use"].eq("unusable")].sort_values("rows", ascending=False, kind="stable")
    many, read = int(lost["rows"].sum()), int(own["rows"].sum())
    worth = float(lost["revenue"].abs().sum())
    noun = say("order lines") if table == "orders" else say("rows of {table}", table=table)
    with_money = say(" with {worth}", worth=money(worth, book)) if worth else ""
    why = [
        f"{reason_said(row.reason)} ({number(row.rows, book)})" for row in each(lost.head(_REASONS))
    ]
    more = len(lost) - _REASONS
    if more > 0:
        why.append(count(more, "other reason"))
    return say(
        "{many} of {read} {noun} ({rows}){with_money} could not be used: {why}. The figures lack "
        "them.",
        many=number(many, book),
        read=number(read, book),
        noun=noun,
        rows=share(rows, book),
        with_money=with_money,
        why=listed(why),
    )


def warnings_overview(
    intake: pd.DataFrame,
    *,
    last_date: pd.Timestamp | None,
    usual_silence_days: int,
    holes: Holes = NO_HOLES,
    span: Span,
    freshness: FreshnessSettings,
    book: BookSettings,
) -> list[str]:
    """Return what spoils the figures of a period, the worst first."""
    said = [
        freshness_warning(
            last_date=last_date,
            usual_silence_days=usual_silence_days,
            span=span,
            freshness=freshness,
        ),
        holes_warning(holes, span),
        set_aside_warning(intake, book=book),
    ]
    return [text for text in said if text]
