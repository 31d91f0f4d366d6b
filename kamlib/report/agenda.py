"""The calendar as files that calendar programs open: of all, and one for each owner."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from kamlib.page.export import csv_text
from kamlib.page.names import page_name
from kamlib.period import Period
from kamlib.tables import each
from kamlib.words import say


def write_calendars(staged: Path, data: Period) -> None:
    """Write calendar.ics, and calendars/<owner>.ics and .csv for each owner of a date."""
    rows = data.told("calendar")
    made = data.as_of.to_pydatetime()
    (staged / "calendar.ics").write_bytes(calendar_file(rows, data.book.title, made))
    owners = sorted(rows["owner"].dropna().unique())
    if not owners:
        return
    (staged / "calendars").mkdir(exist_ok=True)
    for owner, name in page_name(owners).items():
        own = rows[rows["owner"].eq(owner)]
        content = calendar_file(own, f"{data.book.title}: {owner}", made)
        (staged / "calendars" / f"{name}.ics").write_bytes(content)
        (staged / "calendars" / f"{name}.csv").write_text(csv_text(own), encoding="utf-8")


def calendar_file(rows: pd.DataFrame, title: str, made: datetime) -> bytes:
    """Return dates as an iCalendar file (RFC 5545).

    Each is a whole day: it has no hour and no time zone, so that it stands on its day wherever it
    is opened. What is overdue stands on the day it was due. The same dates give the same bytes.

    >>> rows = pd.DataFrame({"due_date": [pd.Timestamp("2026-01-14")], "name": ["Ada"],
    ...     "what": ["Check in"], "kind": "check-in", "owner": "Ines", "account_id": "A",
    ...     "thing": "", "due_in": "30"})
    >>> text = calendar_file(rows, "Demo", datetime(2025, 12, 31)).decode()
    >>> "DTSTART;VALUE=DATE:20260114" in text, "DTEND;VALUE=DATE:20260115" in text
    (True, True)
    """
    from icalendar import Calendar, Event  # only a report writes one

    found = Calendar()
    found.add("prodid", "-//kamlib//calendar//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", title)
    for row in each(rows):
        day = row.due_date.date()
        late = say("Overdue: ") if row.due_in == "overdue" else ""
        owner = row.owner if isinstance(row.owner, str) else ""
        event = Event()
        event.add("uid", _uid(row))
        event.add("dtstamp", made.replace(tzinfo=UTC))
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("summary", f"{late}{row.name}: {row.what}")
        event.add("description", f"{say(row.kind)}, {owner}".rstrip(", "))
        event.add("categories", [say(str(row.kind))])
        event.add("transp", "TRANSPARENT")
        found.add_component(event)
    return found.to_ical()


def _uid(row: object) -> str:
    """Return what makes a date the same in every period's file, so that it is not entered twice."""
    parts = (row.kind, row.account_id, row.thing, row.due_date.date())  # type: ignore[attr-defined]
    return f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}@kamlib"
