"""The calendar as files that calendar programs open: of all, and one for each owner."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import compress
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
    title, events = data.book.title, events_of(rows, data.as_of.to_pydatetime())
    (staged / "calendar.ics").write_bytes(calendar_file(events, title))
    owners = sorted(rows["owner"].dropna().unique())
    if not owners:
        return
    (staged / "calendars").mkdir(exist_ok=True)
    for owner, name in page_name(owners).items():
        is_own = rows["owner"].eq(owner).to_numpy(dtype=bool)
        content = calendar_file(list(compress(events, is_own)), f"{title}: {owner}")
        (staged / "calendars" / f"{name}.ics").write_bytes(content)
        (staged / "calendars" / f"{name}.csv").write_text(csv_text(rows[is_own]), encoding="utf-8")


def calendar_file(events: list[str], title: str) -> bytes:
    """Return events as an iCalendar file (RFC 5545). The same events give the same bytes."""
    from icalendar import Calendar  # only a report writes one

    found = Calendar()
    found.add("prodid", "-//kamlib//calendar//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", title)
    head, end, rest = found.to_ical().partition(b"END:VCALENDAR")
    return b"".join([head, *(one.encode() for one in events), end, rest])


def events_of(rows: pd.DataFrame, made: datetime) -> list[str]:
    """Return each date as an event of an iCalendar file, by the parts of icalendar that write texts
    and lines: its Event takes four times as long, and a large book has ten thousand of them.

    Each is a whole day: it has no hour and no time zone, so that it stands on its day wherever it
    is opened. What is overdue stands on the day it was due.

    >>> rows = pd.DataFrame({"due_date": [pd.Timestamp("2026-01-14")], "name": ["Ada"],
    ...     "what": ["Check in"], "kind": "check-in", "owner": "Ines", "account_id": "A",
    ...     "thing": "", "due_in": "30"})
    >>> text = calendar_file(events_of(rows, datetime(2025, 12, 31)), "Demo").decode()
    >>> "DTSTART;VALUE=DATE:20260114" in text, "DTEND;VALUE=DATE:20260115" in text
    (True, True)
    """
    from icalendar.parser import Contentline
    from icalendar.prop import vText

    def written(text: str) -> str:
        return vText(text).to_ical().decode()

    overdue = say("Overdue: ")
    kinds = {kind: say(str(kind)) for kind in rows["kind"].unique()}
    found = []
    for row in each(rows):
        day, kind = row.due_date.date(), kinds[row.kind]
        late = overdue if row.due_in == "overdue" else ""
        owner = row.owner if isinstance(row.owner, str) else ""
        lines = (
            "BEGIN:VEVENT",
            f"SUMMARY:{written(f'{late}{row.name}: {row.what}')}",
            f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
            f"DTSTAMP:{made:%Y%m%dT%H%M%SZ}",
            f"UID:{_uid(row)}",
            f"CATEGORIES:{written(kind)}",
            f"DESCRIPTION:{written(f'{kind}, {owner}'.rstrip(', '))}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        )
        found.append("".join(f"{Contentline(line).to_ical().decode()}\r\n" for line in lines))
    return found


def _uid(row: object) -> str:
    """Return what makes a date the same in every period's file, so that it is not entered twice."""
    parts = (row.kind, row.account_id, row.thing, row.due_date.date())  # type: ignore[attr-defined]
    return f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}@kamlib"
