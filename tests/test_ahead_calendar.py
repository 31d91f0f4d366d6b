"""What is due, whose it is, and the files that calendar programs open."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import icalendar
import pandas as pd
import pytest

from kamlib.ahead.calendar import calendar, calendar_by_owner
from kamlib.book import BookSettings
from kamlib.report.agenda import calendar_file, events_of
from kamlib.story.ahead_calendar import (
    ahead_text,
    gap_calendar,
    table_calendar_by_owner,
    tell_calendar,
)
from kamlib.tables import empty_table, shaped, typed

AS_OF = pd.Timestamp("2025-09-30")
BOOK = BookSettings(title="Demo")


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def due(**given: pd.DataFrame) -> pd.DataFrame:
    status = {"account_id": ["A", "L"], "name": ["Ada", "Lo"], "status": ["active", "lost"]}
    status |= {"usual_gap_days": 20.0, "last_order_date": day("2025-09-20"), "revenue": 5.0}
    people = {"account_id": ["A", "L"], "name": ["Ada", "Lo"], "manager_name": ["Ines", "Bo"]}
    tables = {
        "agreement_renewals": shaped("agreement_renewals", []),
        "account_status": shaped("account_status", status),
        "interactions": empty_table("interactions"),
        "contact_rhythms": shaped("contact_rhythms", []),
        "plan_steps": shaped("plan_steps", []),
        "plan_register": shaped("plan_register", []),
        "pipeline": shaped("pipeline", []),
        "account_seasons": shaped("account_seasons", []),
        "invoices": empty_table("invoices"),
        "key_accounts": shaped("key_accounts", {"account_id": ["A", "L"], "is_key": True}),
        "accounts": shaped("accounts", people),
    }
    return calendar(**{**tables, **given}, as_of=AS_OF)


def test_the_next_order_of_a_key_account_is_one_usual_gap_after_its_last_and_none_of_a_lost_one():
    (found,) = due().itertuples()
    assert (found.account_id, found.kind, found.owner) == ("A", "order", "Ines")
    assert found.due_date == day("2025-10-10") and found.due_in == "30"


def test_a_notice_day_that_has_passed_stays_while_the_agreement_runs():
    renewals = {"account_id": ["A", "A"], "agreement_id": ["1", "2"], "kind": "frame agreement"}
    renewals |= {"end_date": [day("2025-11-30"), day("2025-09-01")], "agreement_value": 100.0}
    renewals |= {"notice_date": [day("2025-08-30"), day("2025-06-01")]}
    found = due(agreement_renewals=shaped("agreement_renewals", renewals)).set_index("kind")
    assert found.loc["notice", "thing"] == "1" and found.loc["notice", "due_in"] == "overdue"
    assert found.loc["notice", "late_days"] == 31
    assert found.loc["end", "due_in"] == "90"


def test_check_ins_follow_the_rhythm_and_leave_out_who_is_lost():
    met = typed(pd.DataFrame({"account_id": ["A", "L"], "date": day("2025-08-01")}), "interactions")
    rhythm = {"account_id": ["A", "L"], "contact_every_days": 30.0, "rhythm_source": "plan"}
    found = due(interactions=met, contact_rhythms=shaped("contact_rhythms", rhythm))
    (one,) = found[found["kind"].eq("check-in")].itertuples()
    assert (one.account_id, one.due_date, one.due_in) == ("A", day("2025-08-31"), "overdue")


def test_check_ins_are_of_key_accounts_and_of_those_with_a_rhythm_of_their_own():
    ids = ["A", "B", "C"]
    met = typed(pd.DataFrame({"account_id": ids, "date": day("2025-08-01")}), "interactions")
    rhythm = {"account_id": ids, "contact_every_days": 30.0}
    rhythm["rhythm_source"] = ["default", "account", "default"]
    status = {"account_id": ids, "status": "active", "usual_gap_days": 20.0, "revenue": 5.0}
    status["last_order_date"] = day("2025-09-20")
    found = due(
        interactions=met,
        contact_rhythms=shaped("contact_rhythms", rhythm),
        account_status=shaped("account_status", status),
        accounts=shaped("accounts", {"account_id": ids, "name": ids, "manager_name": "Ines"}),
        key_accounts=shaped("key_accounts", {"account_id": ids, "is_key": [True, False, False]}),
    )
    kinds = found.groupby("kind")["account_id"].agg(sorted).to_dict()
    assert kinds == {"check-in": ["A", "B"], "order": ["A"]}


@pytest.mark.parametrize(
    ("day_of_review", "met", "said"),
    [("2025-10-08", "2025-09-01", "30"), ("2025-09-10", "2025-09-01", "overdue"),
     ("2025-09-10", "2025-09-10", None), ("2025-09-10", None, "overdue")],
)  # fmt: skip
def test_a_review_of_a_plan_stays_until_somebody_was_in_contact(day_of_review, met, said):
    register = {"account_id": ["A"], "next_meeting_date": day(day_of_review)}
    rows = {"account_id": ["A"] if met else [], "date": [day(met)] if met else []}
    found = due(
        plan_register=shaped("plan_register", register),
        interactions=typed(pd.DataFrame(rows), "interactions"),
    )
    own = found[found["kind"].eq("review")]
    assert own["due_in"].tolist() == ([said] if said else [])
    if said == "overdue":
        assert "no contact since" in tell_calendar(own, book=BOOK)["what"].item()


def test_a_credit_is_no_money_due():
    bill = {"invoice_id": ["1"], "account_id": "A", "amount": -5.0}
    bill |= {"invoice_date": day("2025-07-01"), "due_date": day("2025-08-01")}
    found = due(invoices=typed(pd.DataFrame(bill), "invoices"))
    assert "invoices" not in set(found["kind"])


def test_a_step_is_whose_it_is_and_a_season_is_worth_its_year():
    step = {"account_id": ["A"], "owner": "Zoe", "due_date": day("2025-10-05"), "status": "open"}
    season = {"account_id": ["A"], "season_start_date": day("2025-11-01")}
    found = due(
        plan_steps=shaped("plan_steps", step), account_seasons=shaped("account_seasons", season)
    ).set_index("kind")
    assert found.loc["step", "owner"] == "Zoe" and found.loc["order", "owner"] == "Ines"
    assert found.loc["season", "amount"] == 5.0


def test_unpaid_invoices_are_one_row_an_account_overdue_and_due():
    bills = {"invoice_id": ["1", "2", "3", "4"], "account_id": "A", "amount": [5.0, 7.0, 9.0, 1.0]}
    bills |= {"invoice_date": day("2025-07-01"), "paid_date": [pd.NaT] * 3 + [day("2025-09-01")]}
    bills |= {
        "due_date": [day("2025-08-01"), day("2025-09-01"), day("2025-10-15"), day("2025-08-01")]
    }
    found = due(invoices=typed(pd.DataFrame(bills), "invoices"))
    rows = found[found["kind"].eq("invoices")]
    assert rows[["thing", "amount", "item_count"]].values.tolist() == [
        ["overdue", 12.0, 2],
        ["due", 9.0, 1],
    ]


def test_what_lies_further_ahead_than_180_days_is_not_there():
    deals = {"account_id": "A", "opportunity_id": ["1", "2"], "deal_value": 10.0, "category": "Ink"}
    deals |= {"expected_close_date": [day("2026-03-29"), day("2026-03-30")]}
    found = due(pipeline=shaped("pipeline", deals))
    assert found.loc[found["kind"].eq("close"), ["thing", "due_in"]].values.tolist() == [
        ["1", "180"]
    ]


def test_the_front_page_says_in_one_line_what_is_due_and_overdue():
    rows = {"kind": ["notice", "check-in", "notice"], "due_in": ["90", "overdue", "overdue"]}
    rows |= {"due_date": [day("2025-12-24"), day("2025-09-01"), day("2025-09-02")]}
    rows |= {"name": ["Ada", "Bo", "Cy"], "amount": [1000.0, None, 5.0]}
    text = ahead_text(shaped("calendar", rows), BOOK)
    assert text.replace("\u00a0", " ") == (
        "The next 90 days: 1 notice day (€ 1.00 k); overdue: 1 notice day, 1 check-in."
    )
    assert ahead_text(shaped("calendar", []), BOOK) == ""


def test_owners_are_counted_and_every_kind_is_told():
    rows = shaped("calendar", {
        "kind": ["notice", "end", "review", "season", "order", "step"], "due_in": "30",
        "owner": ["Ines"] * 5 + ["Bo"], "amount": 10.0, "about": "Ink", "later_date": AS_OF,
    })  # fmt: skip
    assert tell_calendar(rows, book=BOOK)["what"].str.len().gt(8).all()
    counted = calendar_by_owner(rows).set_index("owner")
    assert counted["within_30_count"].to_dict() == {"Ines": 5, "Bo": 1}
    assert counted["amount"].to_dict() == {"Ines": 10.0, "Bo": 0.0}  # of its notice day alone


def test_the_list_of_owners_says_who_has_the_most_overdue():
    late = {"owner": ["Bo", "Ines", ""], "overdue_count": [3, 1, 9]}
    told = table_calendar_by_owner(shaped("calendar_by_owner", late)).title
    assert told == "Bo has the most that is overdue: 3 of 13"
    none = shaped("calendar_by_owner", {"owner": ["Bo"], "overdue_count": [0]})
    assert table_calendar_by_owner(none).title == "Dates by owner: nothing is overdue"


def test_a_book_of_orders_alone_says_what_would_fill_the_calendar():
    said = gap_calendar(present=frozenset({"orders"}), plans={})
    assert "table agreements" in said and "account plans" in said
    assert gap_calendar(present=frozenset({"agreements", "interactions", "opportunities",
        "invoices"}), plans={"A": "x"}) == ""  # fmt: skip


@pytest.fixture
def opened():
    rows = pd.DataFrame({
        "due_date": [day("2025-10-26"), day("2024-02-29")], "name": ["Søren; & Co, \"x\"", "宁波"],
        "what": "Check in", "kind": "check-in", "owner": "Ines", "account_id": ["A", "B"],
        "thing": "", "due_in": ["30", "overdue"],
    })  # fmt: skip
    content = calendar_file(events_of(rows, datetime(2025, 9, 30)), "Demo")
    assert content == calendar_file(events_of(rows, datetime(2025, 9, 30)), "Demo")
    return icalendar.Calendar.from_ical(content)


def test_every_date_is_a_whole_day_of_its_own_wherever_it_is_opened(opened):
    events = opened.walk("VEVENT")
    days = [event.decoded("dtstart") for event in events]
    assert days == [date(2025, 10, 26), date(2024, 2, 29)]  # a day of 25 hours, and a leap day
    assert all(type(one) is date for one in days)
    assert all(e.decoded("dtend") - e.decoded("dtstart") == timedelta(days=1) for e in events)


def test_names_come_through_whole(opened):
    events = opened.walk("VEVENT")
    assert str(events[0]["summary"]) == 'Søren; & Co, "x": Check in'
    assert str(events[1]["summary"]) == "Overdue: 宁波: Check in"
    assert len({str(event["uid"]) for event in events}) == 2


def written_by_the_library(row, made: datetime) -> str:
    event = icalendar.Event()
    event.add("uid", "U")
    event.add("dtstamp", made.replace(tzinfo=UTC))
    event.add("dtstart", row.due_date.date())
    event.add("dtend", row.due_date.date() + timedelta(days=1))
    late = "Overdue: " if row.due_in == "overdue" else ""
    event.add("summary", f"{late}{row.name}: {row.what}")
    event.add("description", f"{row.kind}, {row.owner}".rstrip(", "))
    event.add("categories", [row.kind])
    event.add("transp", "TRANSPARENT")
    return event.to_ical().decode()


TEXTS = (
    *("", "Check in", "a, b; c\\d", "two\r\nlines\nand\rmore", "\\N and \\n", "x" * 62, "x" * 63),
    *("é" * 80, "宁波" * 40, "\\" * 90, "y" * 57 + ";" * 30, "z" * 56 + "^,^,^,^" * 20),
    *("🛒" * 33, "a" * 58 + "\\" + "b" * 100),
)


@pytest.mark.parametrize("text", TEXTS)
def test_an_event_is_written_as_the_library_writes_it(text):
    rows = pd.DataFrame({
        "due_date": day("2025-12-31"), "name": text, "what": text[::-1], "kind": "check-in",
        "owner": ["", text], "account_id": "A", "thing": "", "due_in": ["30", "overdue"],
    })  # fmt: skip
    made = datetime(2025, 9, 30)
    events = [re.sub("UID:.*", "UID:U\r", one) for one in events_of(rows, made)]
    assert events == [written_by_the_library(row, made) for row in rows.itertuples(index=False)]
