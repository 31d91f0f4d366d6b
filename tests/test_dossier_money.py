"""Agreements, money owed, target and outlook, worked by hand."""

import pandas as pd
import pytest
from scipy.stats import t as student

from kamlib.book import FiscalYear
from kamlib.dossier import (
    agreement_renewals,
    money_owed,
    overdue_invoices,
    payment_habit,
    target_outlook,
)
from kamlib.period.calendar import parse_period
from kamlib.period.months import trailing_months
from kamlib.story.dossier_notes import tell_target_outlook
from kamlib.story.outlook import outlook_finding
from kamlib.tables import shaped

from .dossier import AS_OF, BOOK, table

NO_TARGETS, NO_DEALS = table("targets"), shaped("pipeline", [])


def outlook(months, targets=NO_TARGETS, pipeline=NO_DEALS, *, as_of=AS_OF, **more):
    return target_outlook(months, targets, pipeline, account_id="A", as_of=as_of, **more)


def agreement(agreement_id, end, notice=None, kept=None, start="2024-01-01"):
    return {
        "agreement_id": agreement_id,
        "account_id": "A",
        "start_date": pd.Timestamp(start),
        "end_date": pd.Timestamp(end),
        "notice_days": notice,
        "is_kept": kept,
    }


def test_renewals_by_their_notice_day():
    rows = [
        agreement("open", None),
        agreement("past", "2025-09-29"),
        agreement("last day", "2025-09-30", 0, True),
        agreement("due", "2025-12-29", 90, False),
        agreement("next report", "2026-03-31", 90),
        agreement("after it", "2026-04-01", 90),
        agreement("far", "2027-01-01"),
        agreement("older", "2024-06-01"),
        agreement("later", "2026-06-01", start="2025-10-01"),
    ]
    span = parse_period("2025-Q3")
    found = agreement_renewals(table("agreements", *rows), as_of=AS_OF, span=span)
    assert found[["agreement_id", "agreement_status"]].values.tolist() == [
        ["last day", "renewal due"],
        ["due", "renewal due"],
        ["next report", "renewal due"],
        ["after it", "coming up"],
        ["far", "in force"],
        ["open", "open-ended"],
        ["past", "ended"],
        ["older", "ended"],
    ]
    assert found["terms_kept"].tolist()[:3] == ["kept", "broken", "not recorded"]
    assert found.set_index("agreement_id").loc["next report", "days_to_notice_days"] == 92


def invoice(number, due, paid, amount=100.0, account="A"):
    return {
        "invoice_id": number,
        "account_id": account,
        "invoice_date": pd.Timestamp("2024-01-01"),
        "due_date": pd.Timestamp(due),
        "paid_date": pd.Timestamp(paid),
        "amount": amount,
    }


def test_payment_habit_counts_open_invoices_to_the_day_and_early_ones_as_zero():
    rows = [
        invoice("1", "2025-05-01", "2025-04-20"),
        invoice("2", "2025-06-30", "2025-07-10"),
        invoice("3", "2025-09-20", None, 40.0),
        invoice("4", "2025-09-30", None),
        invoice("5", "2025-07-31", "2025-10-30"),
        invoice("6", "2025-09-01", None, -30.0),
    ]
    invoices = table("invoices", *rows)
    habit = payment_habit(invoices, account_id="A", as_of=AS_OF)
    assert habit["quarter_end_date"].dt.strftime("%m-%d").tolist() == ["06-30", "09-30"]
    assert habit["mean_late_days"].tolist() == [5.0, 35.5]  # (0 + 10) / 2 and (10 + 61) / 2
    assert habit["overdue_amount"].tolist() == [0.0, 140.0]
    assert overdue_invoices(invoices, as_of=AS_OF)["invoice_id"].tolist() == ["5", "3"]
    owed = money_owed(invoices, as_of=AS_OF).iloc[0]
    columns = ["open_amount", "overdue_amount", "overdue_count", "oldest_late_days"]
    assert owed[columns].tolist() == [210.0, 140.0, 2, 61.0]
    assert owed["trend"] == "too few quarters"


def test_a_habit_that_worsens_every_quarter_is_told_as_later():
    ends = trailing_months(AS_OF, 24)[2::3]
    rows = [
        invoice(str(i), day - pd.Timedelta(days=60), day - pd.Timedelta(days=60 - 3 * i))
        for i, day in enumerate(ends)
    ]
    owed = money_owed(table("invoices", *rows), as_of=AS_OF).iloc[0]
    assert (owed["trend"], owed["trend_days"]) == ("later", 3.0)
    assert owed["trend_low_days"] > 0


def months(values, cost=None):
    days = trailing_months(AS_OF, len(values))
    return pd.DataFrame({"account_id": "A", "month": days, "revenue": values, "cost": cost})


def test_outlook_of_a_young_account_is_its_mean_month_with_a_students_interval():
    values = [10.0, 14.0, 6.0, 10.0, 10.0, 10.0]
    row = outlook(months(values)).iloc[0]
    assert row[["to_date", "still_expected", "outlook"]].tolist() == [60.0, 30.0, 90.0]
    deviation = pd.Series(values).std(ddof=1) * (3 + 9 / 6) ** 0.5 * (1 + 0.2 * 3) ** 0.5
    spread = student.ppf(0.9, 5) * deviation
    assert row["outlook_high"] == pytest.approx(90 + spread)
    assert row["outlook_low"] == pytest.approx(90 - spread)
    assert pd.isna(row["year_target"])
    said = tell_target_outlook(outlook(months(values)), BOOK)["note"]
    assert said.tolist() == ["mean of 6 months; no target recorded"]


def test_outlook_takes_the_season_of_two_years():
    year = [0.0] * 12
    year[0] = year[1] = year[2] = 100.0  # the first months of the window are October to December
    year[3] = 300.0
    row = outlook(months([*year, *year])).iloc[0]
    assert row["still_expected"] == pytest.approx(300.0)
    assert row["outlook_low"] == row["outlook_high"] == row["outlook"] == 600.0


def test_outlook_shows_deals_expected_by_the_years_end_and_compares_with_the_target():
    pipeline = pd.DataFrame(
        {
            "expected_close_date": pd.to_datetime(["2025-08-01", "2026-01-01", None]),
            "deal_value": 100.0,
            "probability": 0.5,
            "weighted_value": 50.0,
        }
    )
    aims = {"2024-12-31": 7.0, "2025-01-31": 100.0, "2025-12-31": 60.0}
    rows = [{"month": pd.Timestamp(day), "revenue": aim} for day, aim in aims.items()]
    found = outlook(months([10.0] * 12, 4.0), table("targets", *rows), pipeline)
    assert found["measure"].tolist() == ["revenue", "margin"]
    row = found.iloc[0]
    to_date = ["to_date", "target_to_date", "gap_to_date", "year_target"]
    assert row[to_date].tolist() == [90.0, 100.0, -10.0, 160.0]
    to_come = ["weighted_pipeline", "still_expected", "outlook", "outlook_gap"]
    # orders at the usual pace hold ordinary deals: the pipeline stands beside, and is not added
    assert row[to_come].tolist() == [50.0, 30.0, 120.0, -40.0]
    assert found.iloc[1][["to_date", "outlook"]].tolist() == pytest.approx([54.0, 0.6 * 120.0])
    assert pd.isna(found.iloc[1]["year_target"])


def test_the_rule_and_the_interval_are_those_that_the_books_past_chose():
    own, book = [10.0] * 24, [20.0, 20.0, 20.0, *[10.0] * 6, 0.0, 0.0, 0.0] * 2
    choice = pd.DataFrame(
        {
            "estimate": ["outlook of an account"],
            "outlook_rule": ["book season"],
            "interval_factor": [2.0],
        }
    )
    given = {"all_account_months": months(book), "estimate_choice": choice}
    # October to December bring half of the book's year: half of the account's 120
    row = outlook(months(own), **given).iloc[0]
    assert (row["still_expected"], row["outlook_rule"]) == (60.0, "book season")
    uneven = [10.0] * 12 + [10.0, 22.0] * 6
    row = outlook(months(uneven), **given).iloc[0]
    deviation = pd.Series([0.0, 12.0] * 6).std(ddof=1) / 2**0.5 * (1.5 * 3) ** 0.5 * 1.6**0.5
    assert row["outlook_high"] - row["outlook"] == pytest.approx(2 * deviation)
    seasonal = outlook(months(own), account_seasons=pd.DataFrame({"account_id": ["A"]}), **given)
    assert seasonal.iloc[0]["still_expected"] == 30.0


@pytest.mark.parametrize(
    ("count", "rule", "still"), [(24, "last year", 60.0), (12, "mean month", 45.0)]
)
def test_an_outlook_that_few_past_cases_could_try_has_no_interval(count, rule, still):
    choice = pd.DataFrame(
        {"estimate": ["outlook of an account"], "outlook_rule": "", "interval_factor": [1.3]}
    )
    values = [10.0] * (count - 12) + [20.0] * 6 + [10.0] * 6
    found = outlook(months(values), estimate_choice=choice)
    row = found.iloc[0]
    assert (row["outlook_rule"], row["still_expected"]) == (rule, still)
    assert row[["outlook_low", "outlook_high"]].isna().all()
    note = tell_target_outlook(found, BOOK)["note"].item()
    assert "without an interval: too few past cases" in note
    tried = choice.assign(outlook_rule="season")
    assert outlook(months(values), estimate_choice=tried)["outlook_low"].notna().all()
    over = outlook(whole_year(), as_of=pd.Timestamp("2025-12-31"), estimate_choice=choice)
    assert over["outlook_low"].tolist() == [60.0]


def test_the_fiscal_year_sets_what_is_to_date():
    row = outlook(months([10.0] * 12), fiscal_year=FiscalYear(first_month=4)).iloc[0]
    assert (row["to_date"], row["year_end_date"]) == (60.0, pd.Timestamp("2026-03-31"))


def whole_year() -> pd.DataFrame:
    day = pd.Timestamp("2025-12-31")
    return pd.DataFrame({"month": trailing_months(day, 12), "revenue": 5.0, "cost": float("nan")})


def test_a_year_that_is_over_has_its_outlook_behind_it_and_counts_no_open_deal():
    day = pd.Timestamp("2025-12-31")
    deal = {"expected_close_date": pd.Timestamp("2025-11-01"), "deal_value": 100.0}
    deal |= {"probability": 0.5, "weighted_value": 50.0}
    ends = ["weighted_pipeline", "outlook", "outlook_low", "outlook_high"]
    for deals in (NO_DEALS, shaped("pipeline", [deal])):
        found = outlook(whole_year(), pipeline=deals, as_of=day)
        assert found.iloc[0][ends].tolist() == [0.0] + [60.0] * 3
        assert outlook_finding(found) == "The year ended with 60; there is no target"


def test_an_outlook_needs_three_months_with_revenue():
    few = outlook(months([0.0] * 10 + [10.0, 10.0]))
    row = few.iloc[0]
    assert row["to_date"] == 20.0
    unknown = ["still_expected", "outlook", "outlook_low", "outlook_high", "outlook_gap"]
    assert row[unknown].isna().all()
    said = tell_target_outlook(few, BOOK)["note"].item()
    assert said.startswith("revenue in 2 of the last 12 months; an outlook needs 3")
    assert outlook_finding(few) == (
        "20 to date; too few months with orders to tell where the year will end"
    )
    enough = outlook(months([0.0] * 9 + [10.0] * 3)).iloc[0]
    assert enough["outlook"] > 30.0
