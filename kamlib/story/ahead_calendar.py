"""What is said of the calendar: what is due, and the front page's one line of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said, Sentence
from kamlib.tables import each
from kamlib.words import count, date, money, number

PAGE = "ahead.html"


def tell_calendar(calendar: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Return what is due, in words."""
    said = [_WHAT[row.kind](row, book) for row in each(calendar)]
    return pd.DataFrame({"what": said}, index=calendar.index, dtype="str")


def _notice(row: Any, book: BookSettings) -> str:
    kind = row.about if isinstance(row.about, str) else "agreement"
    worth = "" if pd.isna(row.amount) else f", {money(row.amount, book)}"
    if row.due_in == "overdue":
        return f"Notice day of the {kind} has passed{worth}; it ends on {date(row.later_date)}"
    return f"Last day to give notice on the {kind}{worth}; it ends on {date(row.later_date)}"


def _end(row: Any, book: BookSettings) -> str:
    kind = row.about if isinstance(row.about, str) else "agreement"
    worth = "" if pd.isna(row.amount) else f", {money(row.amount, book)}"
    return f"End of the {kind}{worth}"


def _check_in(row: Any, book: BookSettings) -> str:
    return f"Check in; the last contact was on {date(row.later_date)}"


def _review(row: Any, book: BookSettings) -> str:
    return "Review of the account plan"


def _step(row: Any, book: BookSettings) -> str:
    worth = "" if pd.isna(row.amount) else f" (worth {money(row.amount, book)})"
    return f"Plan: {row.about}{worth}"


def _close(row: Any, book: BookSettings) -> str:
    about = f" for {row.about}" if isinstance(row.about, str) else ""
    worth = "value not recorded" if pd.isna(row.amount) else money(row.amount, book)
    if row.due_in == "overdue":
        return f"Deal{about} was to be decided ({worth}): decided, moved or dropped?"
    return f"Decision on the deal{about} is expected ({worth})"


def _season(row: Any, book: BookSettings) -> str:
    return f"Its season usually begins; it brought {money(row.amount, book)} in the 12 months"


def _order(row: Any, book: BookSettings) -> str:
    return f"Next order is usually placed by now; the last was on {date(row.later_date)}"


def _invoices(row: Any, book: BookSettings) -> str:
    many = count(row.item_count, "invoice", source=book)
    if row.due_in == "overdue":
        oldest = "; the oldest was due on this day" if row.item_count > 1 else ""
        return f"{many} overdue, {money(row.amount, book)}{oldest}"
    from_here = " from this day on" if row.item_count > 1 else ""
    return f"{many} due{from_here}, {money(row.amount, book)}"


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
        f"{count(many, 'date')} in the next 90 days, {number(late)} overdue",
        f"As of {date(as_of)}, 180 days ahead; what is overdue stays until it is done. The same "
        "dates as calendar files: calendar.ics, and one for each owner in the folder calendars",
    )


def chart_calendar(calendar: pd.DataFrame, *, as_of: pd.Timestamp, book: BookSettings) -> Said:
    """Say who has the most that is overdue."""
    late = calendar[calendar["due_in"].eq("overdue")]
    title = "Nothing is overdue" if len(calendar) else "Nothing is dated in the months ahead"
    owners = late["owner"].dropna().value_counts()
    if len(owners):
        title = f"{count(len(late), 'date')} overdue, the most ({owners.iloc[0]}) with "
        title += f"{owners.index[0]}"
    return Said(
        title,
        f"Dates by kind and week after {date(as_of)}; the last point holds all that come later",
        "Points for each kind and week, sized by how many dates fall in it; the table has each",
    )


def ahead_text(calendar: pd.DataFrame, book: BookSettings) -> str:
    """Say in one line what the next 90 days bring, and what is overdue."""
    rows = calendar[calendar["due_in"].isin(["30", "90"])]
    late = calendar[calendar["due_in"].eq("overdue")]
    parts = [
        _counted(rows, "notice", "notice day", book, with_money=True),
        _counted(rows, "close", "expected close", book, with_money=True, many="expected closes"),
        _counted(rows, "review", "review", book),
        _counted(rows, "step", "plan step", book),
    ]
    overdue = [
        _counted(late, "check-in", "check-in", book),
        _counted(late, "step", "plan step", book),
        _counted(late, "close", "close", book, many="closes"),
    ]
    due, waiting = [one for one in parts if one], [one for one in overdue if one]
    if not due and not waiting:
        return ""
    text = f"The next 90 days: {', '.join(due) or 'nothing dated'}"
    if waiting:
        text += f"; overdue: {', '.join(waiting)}"
    return f"{text}."


def _counted(
    rows: pd.DataFrame,
    kind: str,
    noun: str,
    book: BookSettings,
    *,
    with_money: bool = False,
    many: str = "",
) -> str:
    own = rows[rows["kind"].eq(kind)]
    if own.empty:
        return ""
    worth = own["amount"].sum()
    said = f" ({money(worth, book)})" if with_money and worth > 0 else ""
    return f"{count(len(own), noun, many)}{said}"


def calendar_sentence(
    calendar: pd.DataFrame, book: BookSettings, *, link: str = f"{PAGE}#calendar"
) -> Sentence | None:
    """Return the one line of the next 90 days; none where nothing is dated."""
    text = ahead_text(calendar, book)
    return Sentence(text, link) if text else None


_ADDS = {
    "agreements": "notice days and ends of agreements",
    "interactions": "check-ins that are due",
    "opportunities": "expected closes",
    "invoices": "money due",
}


def gap_calendar(*, present: frozenset[str], plans: dict[str, Any]) -> str:
    """Say in one line which dates the book lacks, and what would bring them."""
    absent = [f"{what} (table {table})" for table, what in _ADDS.items() if table not in present]
    absent += [] if plans else ["steps and reviews (account plans)"]
    if not absent:
        return ""
    return f"Not in the calendar, as the book has none: {'; '.join(absent)}."
