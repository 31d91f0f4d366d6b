"""Small books that once gave a false sentence: what a report says of each, and what it may not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from kamlib import intake
from kamlib.book import read_settings
from kamlib.cli import main
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.period.snapshot import default_period, open_period
from kamlib.story import overview, overview_cards, retention, scoring, segmentation
from kamlib.story.leaving import gap_deliveries

SAYS = (
    overview.headline_overview,
    overview.actions_overview,
    retention.headline_retention,
    scoring.headline_scoring,
    scoring.actions_decisions,
    segmentation.headline_segmentation,
)


@pytest.fixture(scope="module")
def opened(shared):
    """Return a function that opens a case: all that its first screens say, and its period."""
    known = {}

    def case(name: str, period: str = ""):
        if name not in known:
            known[name] = open_period(shared.parent / name, period)
        q = known[name]
        told = [item for say in SAYS for item in q.call(say)]
        texts = [f"{getattr(it, 'changed', '')}{getattr(it, 'text', '')}" for it in told]
        return q, "\n".join(texts).replace("\u00a0", " ")

    return case


def figure(q, name: str, scope: str = "all") -> pd.Series:
    return q.key_figures.set_index(["figure", "scope"]).loc[(name, scope)]


def test_accounts_that_went_before_the_period_are_told_with_the_day(opened):
    q, said = opened("cases/advance-orders", "2026-Q3")
    assert (
        "Five accounts that brought € 7.77 k of the € 10.7 k of the year before are lost, without "
        "an order in the 12 months to 30 Sep 2026: A5 (last order 21 Jun 2025)" in said
    )
    assert figure(q, "NRR")["value"] == pytest.approx(6000 / 10740)
    assert "The largest account brought € 6.00 k" in said


def test_where_little_went_nothing_is_said_of_it(opened):
    _, said = opened("cases/nrr-delta-immature", "2025-Q1")
    assert "lost, without an order" not in said


def test_a_window_of_nine_months_is_not_compared_with_one_of_twelve(opened):
    q, said = opened("cases/class-moves-first-year", "2024-Q4")
    assert "33 %" not in said
    assert "who moved cannot be told yet" in said
    assert q.class_moves.empty and not q.class_migration["account_count"].sum()
    assert not any(action.account == "A2" for action in q.call(overview.actions_overview))


def test_a_base_of_three_months_gives_no_rate_of_a_year_ago(opened):
    q, said = opened("cases/nrr-delta-immature", "2025-Q1")
    nrr = figure(q, "NRR")
    assert nrr["value"] == pytest.approx(1.003, abs=0.0005)
    assert pd.isna(nrr["year_ago_value"])
    card = next(c for c in q.call(overview_cards.cards_overview) if c.label.startswith("NRR"))
    assert (card.previous, card.year_ago, card.history) == (None, None, ())
    assert "400 %" not in said


def test_a_base_of_one_month_gives_no_rate_on_any_page(opened):
    q, said = opened("cases/nrr-one-month-base", "2024-Q3")
    assert "cannot be told yet: the data hold 1 of the 12 months" in said
    assert "kept 100" not in said
    assert "1,200 %" not in said
    rates = q.key_figures[q.key_figures["figure"].isin(["NRR", "GRR"])]
    assert rates["value"].isna().all()
    assert not q.revenue_bridge["revenue"].gt(0).any()


def test_a_line_on_which_all_stand_promotes_nobody(opened):
    q, said = opened("cases/tied-scores", "2024-Q3")
    assert not q.tier_decisions["proposal"].isin(["promote", "review"]).any()
    assert not q.call(scoring.actions_decisions)
    assert "No promotion and no review is proposed" in said


def test_nobody_key_and_nothing_to_decide_is_a_page_too(opened):
    q, said = opened("cases/no-decisions")
    assert q.tier_decisions.empty
    assert not q.key_accounts["is_key"].any()
    assert "No promotion and no review is proposed" in said
    assert "No key account is known" in said


def test_stand_ins_chosen_by_todays_revenue_prove_no_growth(opened):
    q, said = opened("cases/provisional-selection")
    assert "All accounts brought € 73.7 k, 8.9 % less than in the year before" in said
    grown = [line for line in said.splitlines() if "largest accounts" in line and " than " in line]
    assert not grown  # their own growth is not told at all
    assert "they stand in for key accounts, as the book names none" in said
    assert pd.isna(figure(q, "NRR", "key")["value"])


def test_without_delivered_days_nothing_is_called_late(opened):
    q, said = opened("cases/promised-without-delivered")
    assert "late" not in said.lower().replace("later", "").split()
    assert "delivered_date" in str(q.call(gap_deliveries))
    assert q.deliveries["late_count"].sum() == 0


def test_monthly_totals_take_the_last_whole_quarter_and_are_told_how_to_take_more(opened):
    q, _ = opened("cases/monthly-aggregated")
    assert q.span.label == "2024-Q3"


def test_one_account_three_months_and_a_fiscal_year(opened):
    q, said = opened("cases-ok/one-account")
    assert len(q.account_classes) == 1
    assert "The largest account brought" in said
    assert "it stands in for key accounts" in said
    q, said = opened("cases-ok/three-months")
    assert "% more" not in said
    assert pd.isna(figure(q, "NRR")["value"])
    assert q.class_moves.query("move_kind != 'same'").empty
    q, _ = opened("cases-ok/fiscal-april")
    assert (q.span.label, q.as_of) == ("2025-Q4", pd.Timestamp("2025-03-31"))
    q, _ = opened("cases-ok/top-n-above-accounts")
    assert len(q.account_scores) == 8


def test_free_goods_and_returns_keep_the_sum(opened, shared):
    q, _ = opened("cases-ok/free-goods-long-names")
    lines = pd.read_csv(shared.parent / "cases-ok" / "free-goods-long-names" / "orders.csv")
    days = pd.to_datetime(lines["order_date"])
    year = lines[days.gt("2024-12-31") & days.le("2025-12-31")]["revenue"].sum()
    assert q.account_classes["revenue"].sum() == year


def test_one_mistyped_year_does_not_move_the_period(shared):
    folder = shared.parent / "cases-ok" / "csv-one-far-future"
    settings = read_settings(folder)
    with open_engine() as engine:
        found = default_period(read_book(folder, settings, engine), settings, date(2026, 1, 15))
    assert found.end < pd.Timestamp("2026-01-15")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cases-ok/all-set-aside", "No order line could be used"),
        ("cases-ok/header-only", "orders has no rows"),
    ],
)
def test_a_book_without_a_line_that_counts_is_refused(shared, tmp_path, capsys, name, said):
    book = str(shared.parent / name)
    assert main(["report", "--book", book, "--out", str(tmp_path / "site")]) == 2
    assert said in capsys.readouterr().err


def test_a_period_that_the_data_do_not_reach_is_refused(shared, tmp_path, capsys):
    book = str(shared.parent / "cases" / "empty-window-period")
    request = ["--period", "2030-Q1", "--only", "scoring", "--out", str(tmp_path / "site")]
    assert main(["report", "--book", book, *request]) == 2
    assert "The book has no orders in Q1 2030" in capsys.readouterr().err


def test_every_case_has_its_test(shared):
    """A new folder beside the checkout is seen."""
    tests = "".join(
        (Path(__file__).parent / file).read_text(encoding="utf-8")
        for file in ("test_report_cases.py", "test_intake_cases.py")
    )
    for kind in ("cases", "cases-ok"):
        for folder in sorted((shared.parent / kind).iterdir()):
            assert (
                not folder.is_dir()
                or f'"{kind}/{folder.name}"' in tests
                or folder.name
                in (
                    "empty-window-period",
                    "csv-one-far-future",
                )
            )


def test_a_file_that_changes_while_it_is_read_is_refused(make_book, tmp_path, monkeypatch, capsys):
    folder = make_book(
        {
            "orders.csv": "order_id,account_id,order_date,revenue\n"
            + "".join(f"{n},A,2025-{n:02d}-05,5\n" for n in range(1, 13))
        }
    )
    whole = read_book

    def interrupted(book, settings, engine, *more, **options):
        found = whole(book, settings, engine, *more, **options)
        with (book / "orders.csv").open("a") as file:
            file.write("13,A,2025-12-31,5\n")
        return found

    monkeypatch.setattr(intake, "read_book", interrupted)
    out = tmp_path / "site"
    request = ["report", "--book", str(folder), "--period", "2025-Q3", "--out", str(out)]
    assert main(request) == 2
    assert "changed while it was read" in capsys.readouterr().err
    assert not (out / "2025-Q3").exists()
