"""What is said of the calendar: what is due, and the front page's one line of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.gaps import absent_tables
from kamlib.story.statements import Said, Sentence
from kamlib.tables import each
from kamlib.words import count, date, money, number, phrase, say

PAGE = "ahead.html"


def tell_calendar(calendar: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return what is due, in words."""
    said = [_WHAT[row.kind](row, book) for row in each(calendar)]
    return pd.DataFrame({"what": said}, index=calendar.index, dtype="str")


def _notice(row: Any, book: BookSettings) -> str:
    kind = row.about if isinstance(row.about, str) else say("agreement")
    worth = "" if pd.isna(row.amount) else f", {money(row.amount, book)}"
    if row.due_in == "overdue":
        return say(
            "Notice day of the {kind} has passed{worth}; it ends on {later_date}",
            kind=kind,
            worth=worth,
            later_date=date(row.later_date),
        )
    return say(
        "Last day to give notice on the {kind}{worth}; it ends on {later_date}",
        kind=kind,
        worth=worth,
        later_date=date(row.later_date),
    )


def _end(row: Any, book: BookSettings) -> str:
    kind = row.about if isinstance(row.about, str) else say("agreement")
    worth = "" if pd.isna(row.amount) else f", {money(row.amount, book)}"
    return say("End of the {kind}{worth}", kind=kind, worth=worth)


def _check_in(row: Any, book: BookSettings) -> str:
    return say("Check in; the last contact was on {later_date}", later_date=date(row.later_date))


def _review(row: Any, book: BookSettings) -> str:
    if row.due_in == "overdue":
        return say("The review of the account plan was due; no contact since")
    return say("Review of the account plan")


def _step(row: Any, book: BookSettings) -> str:
    worth = "" if pd.isna(row.amount) else say(" (worth {amount})", amount=money(row.amount, book))
    return say("Plan: {about}{worth}", about=row.about, worth=worth)


def _close(row: Any, book: BookSettings) -> str:
    about = say(" for {about}", about=row.about) if isinstance(row.about, str) else ""
    worth = say("value not recorded") if pd.isna(row.amount) else money(row.amount, book)
    if row.due_in == "overdue":
        return say(
            "Deal{about} was to be decided ({worth}): decided, moved or dropped?",
            about=about,
            worth=worth,
        )
    return say("Decision on the deal{about} is expected ({worth})", about=about, worth=worth)


def _season(row: Any, book: BookSettings) -> str:
    return say(
        "Its season usually begins; it brought {amount} in the 12 months",
        amount=money(row.amount, book),
    )


def _order(row: Any, book: BookSettings) -> str:
    return say(
        "Next order is usually placed by now; the last was on {later_date}",
        later_date=date(row.later_date),
    )


def _invoices(row: Any, book: BookSettings) -> str:
    many = count(row.item_count, "invoice", source=book)
    if row.due_in == "overdue":
        oldest = say("; the oldest was due on this day") if row.item_count > 1 else ""
        return say(
            "{many} overdue, {amount}{oldest}",
            many=many,
            amount=money(row.amount, book),
            oldest=oldest,
        )
    from_here = say(" from this day on") if row.item_count > 1 else ""
    return say(
        "{many} due{from_here}, {amount}",
        many=many,
        from_here=from_here,
        amount=money(row.amount, book),
    )


_WHAT: dict[str, Callable[[Any, BookSettings], str]] = {
    "notice": _notice,
    "end": _end,
    "check-in": _check_in,
    "review": _review,
    "step": _step,
    "close": _close,
    "season": _season,
    "order": _order,
    "invoices": _invoices,
}


def table_calendar(calendar: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Say how much is due in the next 90 days, and how much is overdue."""
    many = int(calendar["due_in"].isin(["30", "90"]).sum())
    late = int(calendar["due_in"].eq("overdue").sum())
    return Said(
        say(
            "{dates} in the next 90 days, {late} overdue",
            dates=count(many, "date"),
            late=number(late),
        ),
        say(
            "As of {as_of}, 180 days ahead; what is overdue stays until it is done. {files}",
            as_of=date(as_of),
            files=_files(calendar),
        ),
    )


def table_calendar_by_owner(calendar_by_owner: pd.DataFrame) -> Said:
    """Say whose list is longest, and how much of it is overdue."""
    own = calendar_by_owner[calendar_by_owner["owner"].ne("")]
    late = int(calendar_by_owner["overdue_count"].sum())
    if own.empty or not own["overdue_count"].iloc[0]:
        return Said(
            say("Dates by owner: nothing is overdue") if not late else say("Dates by owner")
        )
    return Said(
        say(
            "{owner} has the most that is overdue: {most} of {late}",
            owner=own["owner"].iloc[0],
            most=number(own["overdue_count"].iloc[0]),
            late=number(late),
        ),
        say("Amount: what hangs on notice days and expected closes"),
    )


def _files(calendar: pd.DataFrame) -> str:
    """Say where the same dates lie as files; files of owners are there where owners are known."""
    if calendar["owner"].isna().all():
        return say("The same dates as a calendar file: calendar.ics")
    return say(
        "The same dates as calendar files: calendar.ics, and one for each owner in the folder "
        "calendars"
    )


def chart_calendar(calendar: pd.DataFrame, *, as_of: pd.Timestamp, book: BookSettings) -> Said:
    """Say who has the most that is overdue."""
    late = calendar[calendar["due_in"].eq("overdue")]
    title = (
        say("Nothing is overdue") if len(calendar) else say("Nothing is dated in the months ahead")
    )
    owners = late["owner"].dropna().value_counts()
    if len(owners):
        title = say(
            "{dates} overdue, the most ({owners}) with ",
            dates=count(len(late), "date"),
            owners=owners.iloc[0],
        )
        title += f"{owners.index[0]}"
    return Said(
        title,
        say(
            "Dates by kind and week after {as_of}; the last point holds all that come later",
            as_of=date(as_of),
        ),
        say(
            "Points for each kind and week, sized by how many dates fall in it; the table has each"
        ),
    )


def ahead_text(calendar: pd.DataFrame, book: BookSettings) -> str:
    """Say in one line what the next 90 days bring, and what is overdue."""
    rows = calendar[calendar["due_in"].isin(["30", "90"])]
    late = calendar[calendar["due_in"].eq("overdue")]
    parts = [
        _kind(rows, "notice", lambda n: count(n, "notice day", source=book), book),
        _kind(
            rows,
            "close",
            lambda n: count(n, "expected close", "expected closes", source=book),
            book,
        ),
        _kind(rows, "review", lambda n: count(n, "review", source=book)),
        _kind(rows, "step", lambda n: count(n, "plan step", source=book)),
    ]
    overdue = [
        _kind(late, "notice", lambda n: count(n, "notice day", source=book)),
        _kind(late, "review", lambda n: count(n, "review", source=book)),
        _kind(late, "check-in", lambda n: count(n, "check-in", source=book)),
        _kind(late, "step", lambda n: count(n, "plan step", source=book)),
        _kind(late, "close", lambda n: count(n, "close", "closes", source=book)),
    ]
    due, waiting = [one for one in parts if one], [one for one in overdue if one]
    if not due and not waiting:
        return ""
    text = say("The next 90 days: {due}", due=", ".join(due) or say("nothing dated"))
    if waiting:
        text += say("; overdue: {waiting}", waiting=", ".join(waiting))
    return f"{text}."


def _kind(
    rows: pd.DataFrame, kind: str, counted: Callable[[int], str], worth: BookSettings | None = None
) -> str:
    """Return how many entries are of a kind; with their money where it is worth saying."""
    own = rows[rows["kind"].eq(kind)]
    if own.empty:
        return ""
    amount = own["amount"].sum() if worth else 0
    said = f" ({money(amount, worth)})" if amount > 0 else ""
    return f"{counted(len(own))}{said}"


def calendar_sentence(
    calendar: pd.DataFrame, book: BookSettings, *, link: str = f"{PAGE}#calendar"
) -> Sentence | None:
    """Return the one line of the next 90 days; none where nothing is dated."""
    text = ahead_text(calendar, book)
    return Sentence(text, link) if text else None


_ADDS = {
    "agreements": phrase("notice days and ends of agreements"),
    "interactions": phrase("check-ins that are due"),
    "opportunities": phrase("expected closes"),
    "invoices": phrase("money due"),
}


def gap_calendar(*, present: frozenset[str], plans: dict[str, Any]) -> str:
    """Say in one line which dates the book lacks, and what would bring them."""
    absent = absent_tables(_ADDS, present)
    absent += [] if plans else [say("steps and reviews (account plans)")]
    if not absent:
        return ""
    return say("Not in the calendar, as the book has none: {absent}.", absent="; ".join(absent))
