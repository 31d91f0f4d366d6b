"""A hole in the data: no figure compares across it, no silence counts it, nothing is lost or new by
it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kamlib as kam
from kamlib.ahead.alerts import account_alerts
from kamlib.book import FreshnessSettings, LossSettings
from kamlib.check import check_book
from kamlib.evidence.outlooks import outlook_record
from kamlib.holes import NO_HOLES, Hole, Holes, holes
from kamlib.outlook import year_outlook
from kamlib.period.calendar import parse_period
from kamlib.period.months import account_months
from kamlib.period.reach import comparable, reach, reached, unknown_days
from kamlib.programme.targets import account_targets
from kamlib.retention.day_sums import day_sums
from kamlib.retention.silences import Silences, silences
from kamlib.retention.status import account_status, closed_spells, past_gaps, usual_gaps
from kamlib.scoring.measures import criterion_measures
from kamlib.story.data_warnings import holes_warning, warnings_overview
from kamlib.story.evidence import warnings_evidence
from kamlib.story.overview import chart_revenue_months, headline_overview
from kamlib.story.pages import title_period
from kamlib.story.retention import tell_retention_findings
from kamlib.story.verdict import table_account_declines
from kamlib.tables import empty_table, shaped, typed
from kamlib.verdict import account_actions
from kamlib.words import money

BOOK = "title = 'Holes'\ncurrency = 'EUR'\n"
PERIOD = "2025-Q3"
SPAN = parse_period(PERIOD)
ONE_DAY = pd.Timedelta(days=1)


def dates(first: str, last: str, *, without: tuple[str, str] | None = None, step: int = 1):
    found = pd.Series(pd.date_range(first, last, freq=f"{step}D"))
    return found if without is None else found[~found.between(*without)]


class TestWhatAHoleIs:
    @pytest.mark.parametrize(
        ("without", "step"),
        [
            (("2023-01-01", "2024-06-30"), 1),
            (("2024-01-01", "2024-12-31"), 1),
            (("2025-03-01", "2025-05-31"), 1),
            (("2025-06-20", "2025-08-05"), 1),
            (("2024-01-01", "2024-12-31"), 7),
        ],
    )
    def test_a_part_of_the_data_is_missing(self, without, step):
        (found,) = holes(dates("2021-01-01", "2025-09-30", without=without, step=step))
        assert found.start <= pd.Timestamp(without[0])
        assert found.end >= pd.Timestamp(without[1])
        assert (found.end - found.start).days < 24 * step + 550

    def test_a_small_book_that_is_silent_for_six_weeks_has_none(self):
        rng = np.random.default_rng(4)
        for step in (3, 5, 9, 30):
            days = pd.Timestamp("2022-01-01") + pd.to_timedelta(
                rng.exponential(step, 1500 // step).cumsum(), unit="D"
            )
            known = pd.Series(days.normalize())
            known = known[~known.between("2023-07-10", "2023-08-20")]
            assert holes(known) == ()

    def test_a_few_orders_have_none(self):
        days = ["2023-01-02", "2023-01-03", "2023-01-04", "2024-06-03", "2024-06-04"]
        assert holes(pd.Series(pd.to_datetime(days))) == ()
        assert holes(pd.Series(pd.to_datetime(days[:1]))) == ()

    def test_four_weeks_that_hold_no_whole_month_are_none(self):
        assert holes(dates("2024-01-01", "2025-09-30", without=("2025-03-10", "2025-04-25"))) == ()

    def test_ten_weeks_of_a_book_with_an_order_a_week_are_none(self):
        without = ("2024-03-27", "2024-05-08")
        weekly = dates("2022-01-01", "2025-09-30", without=without, step=7)
        assert weekly.diff().dt.days.max() > 5 * 7
        assert holes(weekly) == ()

    def test_a_business_that_closes_every_summer_has_none(self):
        days = dates("2021-01-01", "2025-09-30")
        assert holes(days[~days.dt.month.isin([7, 8])]) == ()
        assert len(holes(days[~(days.dt.month.isin([7, 8]) & days.dt.year.eq(2024))])) == 1

    def test_an_earlier_period_knows_no_later_hole(self):
        days = dates("2022-01-01", "2025-09-30", without=("2024-01-01", "2024-12-31"))
        assert comparable(days, pd.Timestamp("2023-12-31")) == (pd.Timestamp("2022-01-01"), ())
        first, found = comparable(days, pd.Timestamp("2025-09-30"))
        assert first == pd.Timestamp("2025-01-01")
        assert found == ((pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-31")),)

    def test_a_hole_is_no_usual_silence(self):
        days = dates("2022-01-01", "2025-08-31", without=("2025-03-01", "2025-05-31"))
        last, usual = reach(days, SPAN.end, kam.book.BookSettings(title="x"))
        assert usual == 1
        tail = unknown_days(days, last, usual, SPAN, FreshnessSettings())[-1]
        assert tail == (pd.Timestamp("2025-09-01"), SPAN.end)


ACCOUNTS = [f"A{n:02d}" for n in range(24)]


def lines(without: tuple[str, str] | None, until: str = "2025-09-30") -> pd.DataFrame:
    """Orders of accounts that each come every 12 days and go on doing so; every day has some."""
    parts = []
    for place, account in enumerate(ACCOUNTS):
        first = pd.Timestamp("2021-01-01") + pd.Timedelta(days=place % 12)
        parts.append(
            pd.DataFrame(
                {
                    "account_id": account,
                    "order_date": pd.Series(pd.date_range(first, until, freq="12D")),
                    "revenue": 100.0 + place,
                    "category": "Ink" if place % 2 else "Paper",
                    "region": "North" if place % 3 else "South",
                }
            )
        )
    table = pd.concat(parts)
    if without:
        table = table[~table["order_date"].between(*without)]
    table = table.sort_values(["order_date", "account_id"], ignore_index=True)
    return table.assign(order_id=[f"O{n}" for n in table.index])


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Return what opens a book of steady accounts with a hole, once for each."""
    known = {}

    def open_one(without: tuple[str, str] | None, until: str = "2025-09-30") -> kam.period.Period:
        if (without, until) not in known:
            folder = tmp_path_factory.mktemp("holes")
            said = f"complete_to = {until}\n" if until < str(SPAN.end.date()) else ""
            (folder / "book.toml").write_text(BOOK + said, encoding="utf-8")
            lines(without, until).to_csv(folder / "orders.csv", index=False)
            known[without, until] = kam.open_period(folder, PERIOD)
        return known[without, until]

    return open_one


LONG = ("2023-01-01", "2024-06-30")
BEFORE = ("2025-04-01", "2025-06-30")
INSIDE = ("2025-05-20", "2025-08-10")
EACH = pytest.mark.parametrize("without", [LONG, BEFORE, INSIDE], ids=["long", "before", "inside"])


class TestSteadyAccounts:
    """Accounts that never change stay what they are, wherever the hole lies."""

    @EACH
    def test_they_are_active(self, opened, without):
        status = opened(without).account_status
        assert set(status["status"]) == {"active"}
        assert not status["is_returned"].any()
        assert status["silence_days"].max() <= 12

    @EACH
    def test_none_is_lost_or_new(self, opened, without):
        q = opened(without)
        assert q.lost_accounts.empty
        assert q.loss_dynamics["lost_count"].fillna(0).eq(0).all()
        assert set(q.account_classes["xyz_frequency"]) == {"X"}
        assert not q.cohort_retention["cohort"].isin(["all"]).any()

    @EACH
    def test_none_rises_or_falls(self, opened, without):
        q = opened(without)
        for name in ("category_alerts", "account_alerts", "account_declines", "account_bridge"):
            assert q._get(name).empty, name
        assert q.account_list["revenue_change"].isna().all()
        kinds = set(q.account_actions["kind"])
        assert not kinds & {"lost", "overdue", "gone"}

    @EACH
    def test_no_figure_is_compared_across_it(self, opened, without):
        q = opened(without)
        year_ago = q.key_figures["year_ago_value"]
        assert year_ago.isna().all()
        assert q.retention_rates["nrr_share"].isna().all()
        assert (q.year_ago is None) == (q.year_ago_span.end < q.first_date)

    @EACH
    def test_it_is_tried_on_no_past_day_that_reaches_over_it(self, opened, without):
        q = opened(without)
        assert not q.alarm_cases["has_left"].any()
        assert q.alarm_cases["as_of_date"].ge(q.first_date).all()
        for name in ("outlook_record", "value_record", "return_record", "alert_record"):
            found = q._get(name)
            assert "as_of_date" not in found or found["as_of_date"].ge(q.first_date).all(), name

    @EACH
    def test_a_dossier_counts_no_silence_in_it(self, opened, without):
        q = opened(without)
        for account in ACCOUNTS[:3]:
            figures = q.account(account).dossier_figures.set_index("figure")
            assert figures.loc["silence", "value"] <= 12
            assert figures.loc["silence", "noted_days"] == 12

    def test_the_same_book_without_a_hole_compares(self, opened):
        q = opened(None)
        assert q.holes == ()
        assert q.key_figures["year_ago_value"].notna().any()
        assert q.retention_rates["nrr_share"].notna().any()


class TestAccountsAndTheHole:
    def test_a_leaver_before_it_is_silent_since_its_end(self):
        at = pd.Timestamp("2025-09-30")
        hole = Holes([Hole(pd.Timestamp("2025-04-01"), pd.Timestamp("2025-06-30"))])
        found = status_of({"A": every("2024-01-01", "2025-03-25", 10)}, at, hole)
        assert found.loc["A", "silence_days"] == 92
        assert found.loc["A", "status"] == "lost"
        early = pd.Timestamp("2025-07-20")
        assert status_of({"A": every("2024-01-01", "2025-03-25", 10)}, early, hole).loc[
            "A", "status"
        ] in ("active", "overdue")

    def test_one_first_seen_after_it_is_not_new(self):
        at = pd.Timestamp("2025-09-30")
        hole = Holes([Hole(pd.Timestamp("2025-04-01"), pd.Timestamp("2025-06-30"))])
        orders = {"OLD": every("2024-01-01", "2025-09-28", 9), "A": ["2025-08-01", "2025-09-20"]}
        assert status_of(orders, at, hole).loc["A", "status"] == "active"
        assert status_of(orders, at, Holes()).loc["A", "status"] == "new"

    def test_one_first_seen_after_it_was_lost_between_as_an_old_one(self):
        at = pd.Timestamp("2025-09-30")
        hole = Holes([Hole(pd.Timestamp("2023-04-01"), pd.Timestamp("2023-06-30"))])
        orders = {"OLD": every("2022-01-01", "2025-09-28", 9), "A": ["2023-08-01", "2025-01-20"]}
        found = silences_of(orders, at, hole).past.set_index("account_id")
        assert found.loc["A", "begun"] == -np.inf
        assert np.isfinite(silences_of(orders, at, NO_HOLES).past.set_index("account_id").loc[
            "A", "begun"])  # fmt: skip

    def test_nobody_is_late_by_days_after_the_data_end(self):
        at = pd.Timestamp("2025-09-30")
        tail = Holes([Hole(pd.Timestamp("2025-08-11"), at)])
        orders = {"A": every("2024-01-01", "2025-08-08", 9), "B": every("2024-01-03", at, 9)}
        assert status_of(orders, at, tail).loc["A", "status"] == "active"
        assert status_of(orders, at, NO_HOLES).loc["A", "status"] == "overdue"

    def test_the_days_in_it_are_no_gap(self):
        at = pd.Timestamp("2025-09-30")
        hole = Holes([Hole(pd.Timestamp("2024-04-01"), pd.Timestamp("2025-06-30"))])
        orders = {"A": ["2024-03-01", "2024-03-11", "2025-07-01", "2025-07-11", "2025-09-25"]}
        found = status_of(orders, at, hole).loc["A"]
        assert found["usual_gap_days"] == 10
        assert not found["is_returned"]

    def test_a_season_that_fell_into_it_was_not_missed(self):
        spring = [
            f"{year}-{month:02d}-{day}"
            for year in (2021, 2022, 2023, 2024)
            for month in (3, 4, 5)
            for day in (10, 24)
        ]
        steady = every("2021-01-01", "2025-09-28", 9)
        hole = Holes([Hole(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-06-30"))])
        orders = {"A": spring, "B": steady}
        at = pd.Timestamp("2025-09-30")
        assert status_of(orders, at, Holes()).loc["A", "status"] == "lost"
        found = status_of(orders, at, hole).loc["A"]
        assert found["status"] == "resting"
        assert found["season_start_date"].year == 2026


def every(first: str, last: str, step: int) -> list[str]:
    return [str(day.date()) for day in pd.date_range(first, last, freq=f"{step}D")]


def silences_of(orders: dict[str, list[str]], as_of: pd.Timestamp, missing: Holes) -> Silences:
    rows = [(one, pd.Timestamp(day)) for one, own in orders.items() for day in own]
    days = pd.DataFrame(rows, columns=["account_id", "date"]).assign(revenue=10.0, cost=6.0)
    days = days[days["date"].le(as_of)]
    for hole in missing:
        days = days[~days["date"].between(hole.start, hole.end)]
    loss = LossSettings()
    return silences(
        shaped("accounts", []),
        day_sums(days),
        as_of=as_of,
        min_gaps=loss.min_gaps,
        min_silence_days=loss.min_silence_days,
        holes=missing,
    )


def status_of(orders: dict[str, list[str]], as_of: pd.Timestamp, missing: Holes) -> pd.DataFrame:
    loss, classes = LossSettings(), shaped("account_classes", [])
    found = silences_of(orders, as_of, missing)
    gaps = past_gaps(found, classes, min_gaps=loss.min_gaps)
    table = account_status(
        found,
        usual_gaps(found, classes, min_gaps=loss.min_gaps),
        closed_spells(found, gaps, loss=loss),
        as_of=as_of,
        loss=loss,
    )
    return table.set_index("account_id")


class TestWindowsAndTargets:
    AT = pd.Timestamp("2025-09-30")
    HOLE = Holes([Hole(pd.Timestamp("2025-02-10"), pd.Timestamp("2025-05-20"))])

    def sold(self) -> pd.DataFrame:
        ends = pd.date_range("2023-10-31", "2025-09-30", freq="ME").as_unit("us")
        sold = pd.DataFrame({"account_id": "A", "month": ends, "revenue": 10.0, "cost": 6.0})
        sold = sold.assign(order_count=1, order_day_count=1)
        return sold[~sold["month"].isin(pd.to_datetime(["2025-03-31", "2025-04-30"]))]

    def measured(self, holes: Holes) -> pd.DataFrame:
        return criterion_measures(
            self.sold(),
            shaped("category_months", []),
            empty_table("needs"),
            pd.DataFrame({"account_id": ["A"], "cost_to_serve": [12.0]}),
            shaped("key_accounts", []),
            as_of=self.AT,
            holes=holes,
        ).set_index("measure")

    def test_months_in_it_are_not_counted(self):
        assert self.measured(self.HOLE).loc["regularity", "value"] == 1

    def test_amounts_of_a_window_that_it_reaches_into_are_not_scored(self):
        before = Holes([Hole(pd.Timestamp("2024-02-10"), pd.Timestamp("2024-05-20"))])
        for missing, note in ((self.HOLE, "broken"), (before, ""), (NO_HOLES, "")):
            found = self.measured(missing)
            assert found.loc[["margin", "revenue"], "note_code"].tolist() == [note] * 2
            assert found.loc[["margin", "revenue"], "value"].isna().all() == bool(note)
            # revenue 100, cost 60, to serve 1 a month that is known
            served = 10 if note else 12
            assert found.loc["margin_rate", "value"] == pytest.approx((40 - served) / 100)

    def test_no_year_is_foretold_nor_behind_its_target(self):
        aims = typed(
            pd.DataFrame({"account_id": "A", "month": [self.AT], "revenue": 90.0}), "targets"
        )
        found = year_outlook(
            self.sold(), aims, shaped("pipeline", []), as_of=self.AT, holes=self.HOLE
        )
        assert found["outlook_rule"].tolist() == ["data missing"] * 2
        assert found["outlook"].isna().all()
        assert found["gap_to_date"].isna().all()
        keys = shaped("key_accounts", [{"account_id": "A", "is_key": True}])
        names = pd.DataFrame({"account_id": ["A"], "name": "Ann", "manager_name": "Bo"})
        table = account_targets(
            self.sold(), aims, empty_table("opportunities"), keys, names,
            as_of=self.AT, holes=self.HOLE,
        )  # fmt: skip
        assert table["revenue_gap"].isna().all()
        assert not table["is_behind"].any()

    def test_no_fall_is_told_where_the_data_end_early_or_begin_late(self):
        ends = pd.date_range("2023-04-30", "2025-09-30", freq="ME").as_unit("us")
        sold = pd.DataFrame({"account_id": "A", "month": ends, "revenue": [100.0] * 24 + [9] * 6})
        status = shaped("account_status", {"account_id": ["A"], "status": ["active"]})
        asked = (sold, status, shaped("key_accounts", []))
        first = pd.Timestamp("2023-04-01")
        assert len(account_alerts(*asked, as_of=self.AT, first_date=first)) == 1
        tail = Holes([Hole(pd.Timestamp("2025-09-01"), self.AT)])
        assert account_alerts(*asked, as_of=self.AT, first_date=first, holes=tail).empty
        assert account_alerts(*asked, as_of=self.AT, first_date=pd.Timestamp("2025-01-01")).empty


class TestToldOf:
    def test_on_the_first_screen_and_in_the_head_of_every_page(self, opened):
        q = opened(BEFORE)
        said = q.call(holes_warning).replace("\u00a0", " ")
        assert "Data are missing from 31 Mar 2025 to 30 Jun 2025" in said or (
            "Data are missing from 1 Apr 2025 to 30 Jun 2025" in said
        )
        assert "data missing from" in q.call(title_period)
        for warnings in (warnings_overview, warnings_evidence):
            assert any("Data are missing from" in one for one in q.call(warnings))
        assert opened(None).call(holes_warning) == ""
        assert opened(None).call(title_period) == SPAN.title

    def test_an_earlier_day_knows_it_until_then(self, opened):
        q = opened(BEFORE)
        day = pd.Timestamp("2025-05-15")
        assert [hole.end for hole in q.at(day).holes] == [day]
        assert q.at(day).as_of - q.at(day).silences.until == day - q.holes[0].start + ONE_DAY

    def test_kam_check_says_what_it_means(self, opened, tmp_path):
        (tmp_path / "book.toml").write_text(BOOK, encoding="utf-8")
        lines(BEFORE).to_csv(tmp_path / "orders.csv", index=False)
        said = str(check_book(tmp_path))
        assert "no silence counts them" in said


class TestAdviceToCall:
    def status(self, revenue: float) -> pd.DataFrame:
        return shaped(
            "account_status",
            {
                "account_id": ["A"], "name": ["Ann"], "status": ["overdue"], "revenue": revenue,
                "at_stake": revenue, "silence_days": 40.0, "usual_gap_days": 10.0,
            },
        )  # fmt: skip

    def actions(self, revenue: float, missing: Holes = NO_HOLES) -> list[str]:
        nothing = {
            name: shaped(name, [])
            for name in ("class_moves", "rollup_changes", "due_renewals", "account_declines",
                         "overdue_checkins", "win_back")
        }  # fmt: skip
        standing = shaped(
            "account_standing",
            {"account_id": ["A"], "is_key": [True], "status": ["overdue"], "at_stake": revenue},
        )
        found = account_actions(
            standing, self.status(revenue), None, **nothing, contacts=empty_table("contacts"),
            as_of=SPAN.end, holes=missing,
        )  # fmt: skip
        return found["action_code"].tolist()

    def step(self, revenue: float, missing: Holes = NO_HOLES) -> list[str]:
        own = self.status(revenue).assign(is_key=True)
        accounts = pd.concat(
            [own.assign(finding_code=code) for code in ("overdue", "further_overdue")]
        )
        findings = shaped("retention_findings", {"finding_code": ["overdue", "further_overdue"]})
        told = tell_retention_findings(
            findings, accounts, empty_table("interactions"), shaped("risk_changes", []),
            shaped("account_actions", []), shaped("key_accounts", []),
            as_of=SPAN.end, previous_span=SPAN.previous(), book=None, holes=missing,
        )  # fmt: skip
        return [one for one in told["next_step"].dropna() if one.startswith("Call")]

    TAIL = Holes([Hole(pd.Timestamp("2025-08-11"), SPAN.end)])

    def test_an_overdue_account_is_to_be_called(self):
        assert self.actions(100.0) == ["call"]
        assert len(self.step(100.0)) == 2

    def test_not_one_that_brought_less_than_nothing(self):
        assert self.actions(-100.0) == []
        assert self.step(-100.0) == []

    def test_nobody_where_the_feed_stopped(self):
        assert self.actions(100.0, self.TAIL) == []
        assert self.step(100.0, self.TAIL) == []


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The third quarter of a book whose feed stopped on 10 August, and that says nothing of it."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "book.toml").write_text(BOOK, encoding="utf-8")
    lines(None, "2025-08-10").to_csv(folder / "orders.csv", index=False)
    return kam.open_period(folder, PERIOD)


class TestFeedThatStopped:
    """The period stays whole, the days that lack are no silence, and nothing is compared."""

    def test_nobody_is_overdue_by_it(self, stopped):
        assert (stopped.as_of, stopped.span.is_cut) == (SPAN.end, False)
        assert stopped.holes == ((pd.Timestamp("2025-08-11"), SPAN.end),)
        assert set(stopped.account_status["status"]) == {"active"}
        assert not {"overdue", "lost"} & set(stopped.account_actions["kind"])

    def test_nothing_is_compared_with_earlier_times(self, stopped):
        for table in (stopped.period_figures, stopped.key_figures):
            assert table[["previous_value", "year_ago_value"]].isna().all(axis=None)
            assert table["value"].notna().any()
        assert stopped.account_list["revenue_change"].isna().all()
        assert stopped.retention_rates["nrr_share"].isna().all()
        assert stopped.revenue_bridge.empty and stopped.account_bridge.empty
        assert stopped.account_declines.empty
        for table in (stopped.revenue_by, stopped.revenue_by_two):
            before = table.filter(regex="^(previous_|year_ago_|year_before_)|_change")
            assert before.isna().all(axis=None) and min(before.shape) > 1
        assert stopped.class_moves.empty
        assert stopped.attractiveness_strength["year_ago_quadrant"].isna().all()
        dossier = stopped.account(ACCOUNTS[0])
        figures = dossier.dossier_figures.set_index("figure")
        assert pd.isna(figures.loc["revenue", "year_ago_value"])
        assert dossier.category_totals["previous_revenue"].isna().all()

    def test_its_sentences_compare_nothing_and_name_what_to_write(self, stopped):
        said = [one.text for one in stopped.call(headline_overview)]
        assert not [one for one in said if " more" in one or " less" in one]
        told = " ".join(stopped.call(warnings_overview)).replace("\u00a0", " ")
        assert "for the last 51 days of Q3 2025 nothing is known" in told
        assert "complete_to = 2025-08-10" in told
        shrunk = stopped.call(table_account_declines).title
        assert "takes three whole years to tell" in shrunk


class TestCompleteToADay:
    """The book says itself that it is complete to 10 August: the third quarter counts until then,
    and so does a year ago.
    """

    STOPPED = "2025-08-10"

    def test_it_counts_until_the_day_on_which_the_data_end(self, opened):
        q = opened(None, self.STOPPED)
        assert (q.as_of, q.span.is_cut, q.span.label) == (pd.Timestamp(self.STOPPED), True, PERIOD)
        assert q.year_ago.as_of == q.year_ago_span.end == pd.Timestamp("2024-08-10")
        assert q.previous.as_of == pd.Timestamp("2025-06-30")
        assert q.holes == ()
        assert not opened(None).span.is_cut

    def test_nobody_is_overdue_or_falls_by_it(self, opened):
        q = opened(None, self.STOPPED)
        assert set(q.account_status["status"]) == {"active"}
        assert not {"overdue", "lost"} & set(q.account_actions["kind"])
        for name in ("category_alerts", "account_alerts", "account_declines"):
            assert q._get(name).empty, name

    def test_windows_are_whole_and_steady_accounts_stay_as_they_were(self, opened):
        q = opened(None, self.STOPPED)
        rates = q.retention_rates.set_index("scope").loc["all"]
        assert rates["nrr_share"] == pytest.approx(1, abs=0.02)
        assert rates["grr_share"] == pytest.approx(1, abs=0.05)
        year = q.account_list["revenue"].sum()
        assert q.account_list["revenue_change"].sum() == pytest.approx(0, abs=0.02 * year)

    def test_the_period_is_compared_with_the_same_days_of_the_year_before_alone(self, opened):
        q = opened(None, self.STOPPED)
        for table in (q.period_figures, q.revenue_by_two, q.revenue_by):
            before = table.filter(regex="^previous_")
            assert before.isna().all(axis=None) and len(before) > 1
        own = q.period_figures.set_index("figure").loc["revenue"]
        days = q.account_days[q.account_days["date"].between("2024-07-01", "2024-08-10")]
        assert own["year_ago_value"] == days["revenue"].sum()
        counted = q.key_figures["figure"].isin(["logo_churn", "lost_in_period"])
        assert q.key_figures.loc[counted, "previous_value"].isna().all()
        assert q.key_figures.loc[counted & q.key_figures["scope"].eq("all"), "value"].notna().all()
        assert (
            q.key_figures.query("figure == 'revenue' and scope == 'all'")[
                ["previous_value", "year_ago_value"]
            ]
            .notna()
            .all(axis=None)
        )

    def test_its_sentences_name_the_day(self, opened):
        q = opened(None, self.STOPPED)
        said = " ".join(one.text for one in q.call(headline_overview)).replace("\u00a0", " ")
        assert "Q3 2025 until 10 Aug 2025 brought" in said
        assert "in Q3 2024 until 10 Aug 2024" in said
        assert "Q2 2025" not in said.partition(". ")[0]
        told = " ".join(q.call(warnings_overview)).replace("\u00a0", " ")
        assert "for the last 51 days of Q3 2025 nothing is known" in told
        assert "as of 10 Aug 2025" in told
        assert "data to" in q.call(title_period)

    def test_the_chart_tells_the_period_and_not_months_that_reach_out_of_it(self, opened):
        q = opened(None, self.STOPPED)
        told = q.call(chart_revenue_months)
        own = q.period_figures.set_index("figure").loc["revenue", "value"]
        assert money(own, q.book) in told.title
        assert "each month ends on day 10" in told.subtitle

    def test_its_figures_are_explained_to_the_line(self, opened):
        q = opened(None, self.STOPPED)
        key = q.account_targets["account_id"].iloc[0]
        figures = [("period_figures", "revenue", one) for one in ("value", "year_ago_value")]
        for asked in (*figures, ("account_targets", key, "revenue")):
            assert q.explain(*asked).adds_up, asked

    def test_the_book_may_say_itself_to_which_day_it_is_complete(self):
        days = dates("2024-01-01", "2025-09-25")
        for complete_to, end in ((None, SPAN.end), ("2025-09-25", pd.Timestamp("2025-09-25"))):
            book = kam.book.BookSettings(title="x", complete_to=complete_to)
            assert reached(SPAN, days, book).end == end

    def test_a_silence_that_ended_is_part_of_the_period_before(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAM_CACHE", str(tmp_path / "cache"))
        said = f"{BOOK}complete_to = 2025-09-10\n"
        (tmp_path / "book.toml").write_text(said, encoding="utf-8")
        lines(("2025-09-11", "2025-09-30"), "2025-12-31").to_csv(
            tmp_path / "orders.csv", index=False
        )
        for _ in range(2):
            later, asked = (kam.open_period(tmp_path, one) for one in ("2025-Q4", PERIOD))
            assert later.previous.as_of == pd.Timestamp("2025-09-30")
            assert asked.as_of == pd.Timestamp("2025-09-10")

    def test_nobody_is_lost_in_a_period_that_begins_after_the_data_end(self, tmp_path):
        (tmp_path / "book.toml").write_text(BOOK, encoding="utf-8")
        lines(None, self.STOPPED).to_csv(tmp_path / "orders.csv", index=False)
        q = kam.open_period(tmp_path, "2025-Q4")
        assert "data to 10" in q.call(title_period)
        assert set(q.account_status["status"]) == {"active"}


class TestLostBeforeAHole:
    HOLE = Holes([Hole(pd.Timestamp("2025-04-01"), pd.Timestamp("2025-06-30"))])
    AT = pd.Timestamp("2025-07-20")

    def test_a_hole_brings_nobody_back(self):
        orders = {"A": every("2023-01-01", "2024-03-25", 10), "B": every("2023-01-03", self.AT, 9)}
        found = status_of(orders, self.AT, self.HOLE).loc["A"]
        assert found["status"] == "lost"
        assert found["detection_date"] < self.HOLE[0].start
        last = found["last_order_date"]
        assert found["silence_days"] == (self.HOLE[0].start - last).days - 1 + 20

    def test_one_that_was_not_lost_by_then_may_have_ordered_in_it(self):
        orders = {"A": every("2023-01-01", "2025-03-01", 10), "B": every("2023-01-03", self.AT, 9)}
        assert status_of(orders, self.AT, self.HOLE).loc["A", "status"] == "active"
        late = pd.Timestamp("2025-11-30")
        orders["B"] = every("2023-01-03", late, 9)
        found = status_of(orders, late, self.HOLE).loc["A"]
        assert found["detection_date"] == self.HOLE[0].end + pd.Timedelta(days=90)


class TestOutlookWithinAMonth:
    """A year whose as-of day ends no month: what is in counts by days, and a target by its days."""

    AT = pd.Timestamp("2025-08-10")
    KEYS = shaped("key_accounts", [{"account_id": "A", "is_key": True}])

    def sold(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        days = pd.DataFrame({"account_id": "A", "date": pd.date_range("2023-08-11", self.AT)})
        days = days.assign(revenue=1.0, cost=0.5, order_count=1)
        return account_months(days, as_of=self.AT), days

    def aims(self) -> pd.DataFrame:
        ends = pd.date_range("2025-01-31", "2025-12-31", freq="ME")
        return typed(pd.DataFrame({"account_id": "A", "month": ends, "revenue": 31.0}), "targets")

    def test_what_is_in_and_what_is_due(self):
        months, days = self.sold()
        found = year_outlook(
            months, self.aims(), shaped("pipeline", []), account_days=days, as_of=self.AT
        ).iloc[0]
        assert found["to_date"] == 31 + 28 + 31 + 30 + 31 + 30 + 31 + 10
        assert found["target_to_date"] == pytest.approx(7 * 31 + 10)
        assert found["outlook"] == pytest.approx(365, abs=3)

    def test_the_programme_counts_alike(self):
        months, days = self.sold()
        names = pd.DataFrame({"account_id": ["A"], "name": "Ann", "manager_name": "Bo"})
        found = account_targets(
            months, self.aims(), empty_table("opportunities"), self.KEYS, names, days,
            as_of=self.AT,
        ).iloc[0]  # fmt: skip
        assert found["revenue"] == 222
        assert found["target_revenue"] == pytest.approx(227)

    def test_past_years_are_tried_by_calendar_months(self):
        days = pd.DataFrame({"account_id": "A", "date": pd.date_range("2020-01-01", self.AT)})
        days = days.assign(revenue=1.0 + days["date"].dt.month, cost=0.5, order_count=1)
        days = pd.concat([days, days.assign(account_id="B")], ignore_index=True)
        asked = account_months(days, as_of=self.AT), self.KEYS, days
        found = outlook_record(*asked, as_of=self.AT)
        assert found["year_end_date"].max() == pd.Timestamp("2024-12-31")
