"""What spoils a report's figures stands first: data that end early, rows that were lost."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from kamlib.book import BookSettings, FreshnessSettings
from kamlib.check import check_book
from kamlib.intake.shares import unusable_shares
from kamlib.period.calendar import parse_period
from kamlib.period.reach import reach
from kamlib.story.data_warnings import freshness_warning, warnings_overview
from kamlib.story.pages import title_period

from .forked import kam

HEAD = "order_id,account_id,order_date,revenue\n"
BOOK = BookSettings(title="Test")
Q3 = parse_period("2025-Q3")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def weekly(last: str, weeks: int = 60) -> pd.Series:
    return pd.Series(pd.date_range(end=last, periods=weeks, freq="7D"))


def warned(days: pd.Series, freshness: FreshnessSettings | None = None, **book: object) -> str:
    settings = BookSettings(title="Test", **book)
    last, silence = reach(days, Q3.end, settings)
    return plain(
        freshness_warning(
            last_date=last,
            usual_silence_days=silence,
            span=Q3,
            freshness=freshness or FreshnessSettings(),
        )
    )


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("2025-09-30", ""),
        ("2025-09-16", ""),
        ("2025-09-15", "after 15 Sep 2025: for the last 15 days of Q3 2025"),
        ("2025-08-31", "after 31 Aug 2025: for the last 30 days"),
        ("2025-06-30", "after 30 Jun 2025: for the last 92 days"),
        ("2023-09-30", "after 30 Sep 2023: for the last 731 days"),
    ],
)
def test_a_feed_that_stopped_is_told_of(last, said):
    found = warned(weekly(last))
    assert said in found
    assert bool(said) == bool(found)


def test_a_usual_silence_is_no_news_and_the_book_may_say_what_is():
    monthly = pd.Series(pd.date_range("2023-01-01", "2025-09-01", freq="MS"))
    assert warned(monthly) == ""
    assert "for the last 29 days" in warned(monthly, FreshnessSettings(warn_after=20))
    assert warned(weekly("2025-08-31"), FreshnessSettings(warn_after=30)) == ""
    assert warned(weekly("2025-08-31"), complete_to="2025-09-30") == ""


def test_later_orders_change_nothing_that_was_said():
    days = weekly("2025-08-31")
    later = pd.concat([days, pd.Series(pd.to_datetime(["2025-10-05"]))])
    assert reach(days, Q3.end, BOOK) == reach(later, Q3.end, BOOK)


def test_the_head_of_each_page_says_where_the_data_end():
    told = {
        day: plain(
            title_period(
                last_date=pd.Timestamp(day),
                usual_silence_days=7,
                span=Q3,
                freshness=FreshnessSettings(),
                book=BOOK,
            )
        )
        for day in ("2025-09-20", "2025-08-20")
    }
    assert told == {
        "2025-09-20": "Q3 2025",
        "2025-08-20": "Q3 2025 (data to 20 Aug 2025 only)",
    }


def rows(*given: tuple[str, str, int, float]) -> pd.DataFrame:
    found = pd.DataFrame(given, columns=["reason", "use", "rows", "revenue"])
    return found.assign(table="orders")


@pytest.mark.parametrize(
    ("account", "shares"),
    [
        (rows(("used", "used", 90, 90.0), ("no revenue", "unusable", 10, float("nan"))), (0.1, 0)),
        (rows(("used", "used", 99, 50.0), ("no account_id", "unusable", 1, -50.0)), (0.01, 0.5)),
        (
            rows(("used", "used", 1, 5.0), ("a total, not an order line", "left out", 9, 5.0)),
            (0, 0),
        ),
        (rows(), (0, 0)),
    ],
)
def test_the_shares_that_were_lost(account, shares):
    assert unusable_shares(account, "orders") == shares


def test_much_that_was_lost_is_told_with_its_reasons_and_its_money():
    account = rows(
        ("used", "used", 2, 20.0),
        ("order_date is not a date", "unusable", 2990, 2_000_000.0),
        ("no account_id", "unusable", 8, 5.0),
    )
    said = warnings_overview(
        account,
        last_date=Q3.end,
        usual_silence_days=7,
        span=Q3,
        freshness=FreshnessSettings(),
        book=BOOK,
    )
    assert [plain(text) for text in said] == [
        "2,998 of 3,000 order lines (99.9 %) with € 2.00 m could not be used: "
        "order_date is not a date (2,990) and no account_id (8). The figures lack them."
    ]
    lax = BookSettings(title="Test", input={"orders": {"most_set_aside": 1.0}})
    assert not warnings_overview(
        account,
        last_date=Q3.end,
        usual_silence_days=7,
        span=Q3,
        freshness=FreshnessSettings(),
        book=lax,
    )


def test_totals_repeats_and_what_the_book_leaves_out_are_not_lost(make_book):
    lines = "".join(f"{n},A,2025-01-{n:02d},10\n" for n in range(1, 10))
    sums = "Total,,,90\n,A Total,,90\nSumme,,,90\nA,,Gesamtergebnis,90\n小计,,,90\n"
    found = check_book(make_book({"orders.csv": HEAD + lines + sums}))
    assert found["tables"]["orders"]["set_aside"] == {"a total, not an order line": 5}
    assert found["warnings"] == {}
    lost = "".join(f"{n},,2025-01-{n:02d},10\n" for n in range(10, 13))
    found = check_book(make_book({"orders.csv": HEAD + lines + lost}))
    assert "3 of 12 order lines" in plain(found["warnings"]["orders"])
    meant = (HEAD.strip() + ",set_aside\n") + lines.replace("\n", ",\n")
    meant += lost.replace(",,", ",A,").replace("\n", ",internal\n")
    found = check_book(make_book({"orders.csv": meant}))
    assert found["tables"]["orders"]["set_aside"] == {"internal": 3}
    assert found["warnings"] == {}


def test_a_run_in_which_much_was_lost_says_so_and_ends_with_1(make_book, tmp_path):
    """Console, first screen, health file and, the second time, without rendering anything."""
    lines = [f"{n},A{n % 3},2025-0{n % 5 + 1}-0{n % 9 + 1},10\n" for n in range(40)]
    lost = ["x,A1,2025-01-05,ten\n"] * 20
    folder = make_book({"orders.csv": HEAD + "".join(lines + lost)})
    assert kam("check", "--book", folder).returncode == 1
    out = tmp_path / "site"
    request = ("report", "--book", folder, "--only", "overview", "--out", out)
    for state in ("published in", "nothing changed"):
        run = kam(*request, "--period", "2025-Q2")
        assert run.returncode == 1, run.stderr
        assert state in run.stdout
        assert "20 of 60 order lines" in plain(run.stderr)
        assert "no order after 8 May 2025" in plain(run.stderr)
    page = plain((out / "2025-Q2" / "index.html").read_text(encoding="utf-8"))
    assert page.count('<li class="warning">') == 2
    assert page.index("20 of 60 order lines") < page.index('class="cards"')
    assert "Q2 2025 (data to 8 May 2025 only)" in page
    status = json.loads((tmp_path / "site.status.json").read_text(encoding="utf-8"))
    assert (status["state"], status["failed"]) == ("lossy", None)
    assert "20 of 60" in plain(status["lost"])


def test_a_period_is_refused_whose_end_the_data_miss_by_more_than_the_book_allows(
    make_book, tmp_path
):
    lines = "".join(f"{n},A,2025-{n:02d}-05,10\n" for n in range(1, 9))
    settings = 'title = "x"\n[freshness]\nrefuse_after = 30\n'
    folder = make_book({"orders.csv": HEAD + lines}, settings=settings)
    run = kam("report", "--book", folder, "--period", "2025-Q3", "--out", tmp_path / "site")
    assert run.returncode == 2
    assert "end 56 days before Q3 2025 does, more than the 30 days" in plain(run.stderr)
    run = kam("report", "--book", folder, "--period", "2027-Q3", "--out", tmp_path / "site")
    assert run.returncode == 2
    assert "The book has no orders in Q3 2027" in plain(run.stderr)


def test_a_missing_month_and_days_to_come_are_warned_of(make_book):
    from datetime import date

    days = [day for day in pd.date_range("2024-01-01", "2024-12-31") if day.month != 5]
    lines = "".join(f"{n},A,{day:%Y-%m-%d},10\n" for n, day in enumerate(days))
    late = "".join(f"L{n},A,2035-02-{n:02d},10\n" for n in range(1, 29))
    told = check_book(make_book({"orders.csv": HEAD + lines}))["notices"]
    assert any("between 2024-04-30 and 2024-06-01" in notice["what"] for notice in told)
    found = check_book(make_book({"orders.csv": HEAD + lines + late}), today=date(2026, 1, 1))
    assert any("28 lines are dated after today" in notice["what"] for notice in found["notices"])
