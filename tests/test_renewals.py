"""Renewals are seen in time: a notice day before the next report stands in this one."""

import pandas as pd

import kamlib as kam
from kamlib.dossier import agreement_renewals
from kamlib.period.calendar import parse_period
from kamlib.story.overview import headline_overview

from .dossier import table

ENDS = {
    "passed": "2025-09-15",  # notice 17 June: ended before this report
    "missed": "2025-11-30",  # notice 1 September: passed, it still runs
    "october": "2025-12-31",  # notice 2 October
    "new year": "2026-03-31",  # notice 31 December, the day of the next report
    "january": "2026-04-01",  # notice 1 January: the next report is in time
    "far": "2027-01-01",
}
"""Six agreements with 90 days of notice; the report is of 2025-Q3, the next of 2025-Q4."""


def six(make_book):
    months = pd.date_range("2023-01-10", "2026-01-10", freq="MS") + pd.Timedelta(days=9)
    orders = [f"{account}-{day:%y%m},{account},{day:%F},100" for account in ENDS for day in months]
    agreements = [
        f"{name},{name},2024-01-01,{end},frame agreement,{1000 * place},90"
        for place, (name, end) in enumerate(ENDS.items(), start=1)
    ]
    return make_book(
        {
            "orders.csv": "\n".join(["order_id,account_id,order_date,revenue", *orders]),
            "agreements.csv": "\n".join(
                [
                    "agreement_id,account_id,start_date,end_date,kind,value,notice_days",
                    *agreements,
                ]
            ),
        }
    )


def test_a_notice_day_before_the_next_report_is_in_this_one(make_book):
    third = kam.open_period(six(make_book), "2025-Q3")
    due = third.due_renewals
    assert due["agreement_id"].tolist() == ["missed", "october", "new year"]
    said = third.told("due_renewals").set_index("agreement_id")["to_do"]
    said = said.str.replace("\u00a0", " ")
    assert said["missed"].endswith("or say why not: the notice day was 1 Sep 2025.")
    assert said["october"].endswith("act by 2 Oct 2025.")
    actions = third.account_actions.set_index("account_id")
    assert (actions.loc[list(due["account_id"]), "action_code"] == "renew").all()
    assert actions.loc["new year", "due_date"] == pd.Timestamp("2025-12-31")
    said = [one.text.replace("\u00a0", " ") for one in third.call(headline_overview)]
    assert (
        "3 agreements worth € 9.00 k need a decision before the next report: missed now, october "
        "by 2 Oct 2025 and new year by 31 Dec 2025." in said
    )


def test_no_notice_day_falls_between_two_reports():
    """Whatever the periods: what falls due by the end of the next one stands in this one."""
    ends = {name: pd.Timestamp(end) for name, end in ENDS.items()}
    rows = [
        {"agreement_id": name, "account_id": "A", "start_date": pd.Timestamp("2024-01-01"),
         "end_date": end, "notice_days": 90.0}
        for name, end in ends.items()
    ]  # fmt: skip
    for label in ("2025-06", "2025-W36", "2025-Q3", "2025-Q4", "2025"):
        span = parse_period(label)
        found = agreement_renewals(table("agreements", *rows), as_of=span.end, span=span)
        found = found.set_index("agreement_id")["agreement_status"]
        last = span.shift(1).end + pd.Timedelta(days=90)
        wanted = {name for name, end in ends.items() if span.end <= end <= last}
        assert set(found.index[found.eq("renewal due")]) == wanted, label
