"""What is said of accounts across a hole in the data, each figure on a few lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kamlib.retention as ret
from kamlib.book import BookSettings, FreshnessSettings, SegmentationSettings
from kamlib.dossier import dossier_figures
from kamlib.holes import NO_HOLES, Hole, Holes, holes
from kamlib.outlook import year_outlook
from kamlib.period.calendar import parse_period
from kamlib.segmentation.xyz import xyz_of
from kamlib.story.outlook import outlook_finding
from kamlib.story.pages import title_period
from kamlib.story.retention import tell_retention_findings
from kamlib.story.verdict import table_account_declines
from kamlib.tables import empty_table, shaped

from .retention import NO_ACCOUNTS, days, every, keys, months

SPAN = parse_period("2025-Q3")
AS_OF = SPAN.end
HOLE = Holes([Hole(pd.Timestamp("2024-07-01"), pd.Timestamp("2024-12-31"))])
SINCE = pd.Timestamp("2025-01-01")
TAIL = Holes([Hole(pd.Timestamp("2025-08-11"), AS_OF)])


class TestSilences:
    def of(self, orders: dict[str, list[str]], missing: Holes) -> ret.Silences:
        sums = ret.day_sums(days(orders))
        how = {"as_of": AS_OF, "min_gaps": 3, "min_silence_days": 90, "holes": missing}
        return ret.silences(shaped("accounts", []), sums, **how)

    def test_they_end_where_the_data_do(self):
        found = self.of({"A": every("2025-01-02", 10, 22)}, TAIL)  # to 2025-07-31
        assert found.accounts["silence_days"].tolist() == [10]
        assert found.until == pd.Timestamp("2025-08-10")

    def test_a_season_that_begins_after_the_end_of_the_data_was_not_missed(self):
        autumn = [f"{year}-{month:02d}-{day}" for year in (2021, 2022, 2023, 2024)
                  for month in (9, 10) for day in (1, 15)]  # fmt: skip
        for missing, year in ((TAIL, 2025), (NO_HOLES, 2025)):
            (start,) = self.of({"A": autumn}, missing).accounts["season_start_date"]
            assert start.year == year
        assert pd.Timestamp(start) > TAIL[0].start


class TestLosses:
    def lost(self) -> pd.DataFrame:
        last = pd.to_datetime(["2024-06-20", "2025-02-10"])
        rows = {"account_id": ["OLD", "NEW"], "last_order_date": last, "reason": "price"}
        rows |= {"detection_date": last + pd.Timedelta(days=200), "revenue_lost": 10.0}
        return shaped("lost_accounts", rows | {"margin_lost": 4.0})

    def status(self) -> pd.DataFrame:
        first = pd.to_datetime(["2023-01-02", "2025-02-01"])
        rows = {"account_id": ["OLD", "NEW"], "first_order_date": first, "status": "lost"}
        return shaped("account_status", rows | {"lost_after_days": 60.0})

    def test_no_month_before_the_last_hole_has_any(self):
        found = ret.loss_dynamics(self.lost(), self.status(), as_of=AS_OF, first_date=SINCE)
        assert found["month"].min() == pd.Timestamp("2025-01-31")
        assert found["lost_count"].sum() == 1
        assert found["detected_count"].sum() == 1
        whole = ret.loss_dynamics(self.lost(), self.status(), as_of=AS_OF)
        assert whole["lost_count"].sum() == 2

    def test_one_from_before_it_happened_at_an_unknown_time(self):
        nothing = shaped("category_months", []), NO_ACCOUNTS, months([])
        for first, count in ((SINCE, 1), (None, 2)):
            found = ret.loss_directions(self.lost(), *nothing, as_of=AS_OF, first_date=first)
            assert found.query("dimension == 'reason'")["lost_count"].sum() == count
            assert len(ret.seen_losses(self.lost(), first_date=first).detected) == count

    def test_a_year_of_history_counts_from_its_end(self):
        orders = days({"A": ["2023-01-05", "2025-01-05"]})
        assert ret.day_sums(orders, first_date=SINCE).first == SINCE
        assert ret.day_sums(orders, first_date=pd.Timestamp("2022-01-01")).first.year == 2023


class TestLivesAndCohorts:
    ORDERS = days({"OLD": ["2023-01-05", "2024-05-05", "2025-03-05"], "NEW": ["2025-06-05"]})

    def test_accounts_from_before_it_and_soon_after_are_before_history(self):
        sold = months([("OLD", "2023-01-31", 9.0), ("OLD", "2025-05-31", 9.0),
                       ("SOON", "2025-02-28", 9.0), ("NEW", "2025-05-31", 9.0)])  # fmt: skip
        found = ret.cohort_retention(sold, as_of=AS_OF, first_date=SINCE)
        first = found[found["months_since"].eq(0)].set_index("cohort")["account_count"]
        assert first.to_dict() == {"before history": 2, "2025-05": 1, "all": 1}
        whole = ret.cohort_retention(sold, as_of=AS_OF)
        assert set(whole["cohort"]) == {"before history", "2025-02", "2025-05", "all"}

    def test_a_life_is_observed_from_its_end_on(self):
        first = pd.to_datetime(["2023-01-05", "2025-06-05"])
        status = shaped("account_status", {"account_id": ["OLD", "NEW"], "status": "active",
            "first_order_date": first, "last_order_date": pd.Timestamp("2025-09-05")})  # fmt: skip
        accounts = pd.DataFrame({"account_id": ["OLD"], "customer_since": first[:1]})
        asked = status, accounts, shaped("size_classes", [])
        found = ret.account_lifetimes(*asked, as_of=AS_OF, first_date=SINCE)
        entry = found.set_index("account_id")["entry_days"]
        assert entry["OLD"] == (SINCE - first[0]).days
        assert entry["NEW"] == 0

    def test_engagement_is_measured_from_its_end_on(self):
        met = empty_table("interactions").reindex(range(2))
        met = met.assign(account_id="A", date=pd.to_datetime(["2024-02-01", "2025-06-01"]))
        rhythms = pd.DataFrame({"account_id": ["A"], "contact_every_days": 30.0})
        orders = days({"A": every("2025-01-05", 20, 13)})
        series = {
            first: ret.engagement_series(
                orders, met, rhythms, keys("A"), as_of=AS_OF, first_date=first
            )["period_end"].min()
            for first in (None, SINCE)
        }
        assert series[None] < SINCE < series[SINCE]


class TestClasses:
    def test_months_in_it_are_not_counted(self):
        ends = pd.date_range("2023-10-31", AS_OF, freq="ME").as_unit("us")
        sold = pd.DataFrame({"account_id": "A", "month": ends, "revenue": 10.0})
        sold = sold.assign(order_count=2, order_day_count=2)
        sold = sold[~sold["month"].between("2024-07-01", "2024-12-31")]
        how = {"as_of": AS_OF, "segmentation": SegmentationSettings()}
        found = xyz_of(sold, pd.Index(["A"]), **how, holes=HOLE).iloc[0]
        assert found["counted_month_count"] == 9
        assert found["active_month_share"] == 1
        assert found["cv"] == 0
        assert np.isnan(found["cv_seasonally_adjusted"])
        whole = xyz_of(sold, pd.Index(["A"]), **how).iloc[0]
        assert whole["counted_month_count"] == 12
        assert not np.isnan(whole["cv_seasonally_adjusted"])

    def test_an_account_first_seen_soon_after_it_is_not_new(self):
        tail = Holes([Hole(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-06-30"))])
        sold = months([("A", f"2025-0{n}-{day}", 10.0) for n, day in ((7, 31), (8, 31), (9, 30))])
        sold = sold.assign(order_count=1)
        how = {"as_of": AS_OF, "segmentation": SegmentationSettings()}
        for missing, letter in ((tail, "X"), (NO_HOLES, "N")):
            found = xyz_of(sold, pd.Index(["A"]), **how, holes=missing).iloc[0]
            assert found["xyz_frequency"] == letter


class TestDossier:
    def figures(self, dates: list[str], missing: Holes, totals: pd.DataFrame) -> pd.DataFrame:
        records = [shaped(one, []) for one in ("promises_kept", "account_incidents")]
        money = [shaped(one, []) for one in ("wallet", "money_owed", "pipeline")]
        found = dossier_figures(
            days({"A": dates}), shaped("account_months", []), totals, *records,
            empty_table("interactions"), *money, account_id="A", as_of=AS_OF, holes=missing,
        )  # fmt: skip
        return found.set_index("figure")

    def test_a_silence_counts_from_its_end_and_it_is_no_usual_gap(self):
        none = shaped("category_totals", [])
        dates = ["2024-05-10", "2024-06-20"]
        assert self.figures(dates, HOLE, none).loc["silence", "value"] == (AS_OF - SINCE).days + 1
        dates = ["2024-06-20", "2025-01-05", "2025-01-25"]
        assert self.figures(dates, HOLE, none).loc["silence", "noted_days"] == 20
        assert self.figures(dates, NO_HOLES, none).loc["silence", "noted_days"] == 109.5

    def test_categories_bought_name_a_day_on_which_something_was_bought(self):
        totals = shaped("category_totals", [
            {"category": "Ink", "revenue": 5.0, "last_month": pd.Timestamp("2025-08-31")}
        ])  # fmt: skip
        figures = self.figures(["2025-08-05"], NO_HOLES, totals)
        assert figures.loc["categories bought", "evidence_date"] == pd.Timestamp("2025-08-05")


class TestSentences:
    def test_a_slow_decline_takes_three_whole_years_to_deny(self):
        none, no_keys = shaped("account_declines", []), shaped("key_accounts", [])
        for first, said in (("2022-10-01", "No key account has shrunk"), ("2023-10-01", "Whether")):
            how = {"first_date": pd.Timestamp(first), "as_of": AS_OF}
            assert table_account_declines(none, no_keys, **how).title.startswith(said)

    def test_the_year_of_a_hole_is_said_to_lack_data(self):
        row = {"measure": "revenue", "to_date": 120.0, "outlook_rule": "data missing"}
        said = outlook_finding(shaped("target_outlook", [row]))
        assert "data of the year are missing" in said
        few = outlook_finding(shaped("target_outlook", [row | {"outlook_rule": "too few months"}]))
        assert "too few months" in few

    def test_months_before_it_foretell_nothing(self):
        ends = pd.date_range("2023-01-31", AS_OF, freq="ME").as_unit("us")
        sold = pd.DataFrame({"account_id": "A", "month": ends, "revenue": 10.0, "cost": 6.0})
        asked = (sold, empty_table("targets"), shaped("pipeline", []))
        late = pd.Timestamp("2025-08-01")
        assert year_outlook(*asked, as_of=AS_OF, first_date=late)["outlook"].isna().all()
        assert year_outlook(*asked, as_of=AS_OF)["outlook"].notna().all()

    @pytest.mark.parametrize("last", ["2025-09-30", "2025-09-27"])
    def test_the_head_of_a_page_names_it(self, last):
        how = {"usual_silence_days": 3, "span": SPAN, "freshness": FreshnessSettings()}
        how |= {"last_date": pd.Timestamp(last), "book": BookSettings(title="x")}
        assert "(data missing from" in title_period(**how, holes=HOLE)
        assert title_period(**how) == SPAN.title

    @pytest.mark.parametrize(
        ("revenue", "missing", "is_call"),
        [(100.0, NO_HOLES, True), (-100.0, NO_HOLES, False), (100.0, TAIL, False)],
    )
    def test_one_newly_overdue_is_called_where_that_is_known(self, revenue, missing, is_call):
        own = {"finding_code": ["newly_overdue"], "name": "Ann", "revenue": revenue}
        findings = shaped("retention_findings", own | {"silence_days": 40.0, "gap_basis": "own"})
        names = ("finding_accounts", "interactions", "risk_changes", "account_actions")
        tables = [
            empty_table(one) if one == "interactions" else shaped(one, [])
            for one in (*names, "key_accounts")
        ]
        told = tell_retention_findings(
            findings, *tables, as_of=AS_OF, previous_span=SPAN.previous(),
            book=BookSettings(title="x"), holes=missing,
        )  # fmt: skip
        assert told["next_step"].str.startswith("Call").tolist() == [is_call]


def test_a_long_gap_among_long_ones_is_no_hole():
    """A book of few days: most gaps short, one in ten of three weeks, one of three months."""
    steps = [*([1] * 9 + [21]) * 12, 95]
    found = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(steps), unit="D")
    assert holes(pd.Series(found)) == ()
