"""The record of the estimates, on tiny frames worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kamlib import evidence
from kamlib.book import BookSettings
from kamlib.btyd.alive import alive_probability, alive_record, like
from kamlib.btyd.models import BuyerModel
from kamlib.btyd.past import PastYear
from kamlib.choice import share_that_came
from kamlib.evidence.outlooks import outlook_terms
from kamlib.outlook import interval_quantile
from kamlib.period.months import trailing_months
from kamlib.story.evidence import headline_evidence, note_chances, tell_estimate_choice
from kamlib.tables import shaped

BOOK = BookSettings(title="Book")
DAY = pd.Timestamp("2024-12-31")
NONE = {
    "return_record": shaped("return_record", []),
    "alive_record": shaped("alive_record", []),
    "value_record": shaped("value_record", []),
    "outlook_record": shaped("outlook_record", []),
    "alarm_record": shaped("alarm_record", []),
}


def chances(stated, naive, back, many=10):
    ids = [f"A{i:02d}" for i in range(many)]
    row = {"as_of_date": DAY, "account_id": ids, "stated": stated, "naive": naive}
    return shaped("alive_record", pd.DataFrame(row).assign(is_back=np.arange(many) < back))


def choice(**records):
    return evidence.estimate_choice(**{**NONE, **records}).set_index("estimate")


class TestChoice:
    def test_without_a_past_nothing_is_tried(self):
        found = choice()
        assert found["published"].eq("not tried").all() and found["case_count"].eq(0).all()
        notes = tell_estimate_choice(found.reset_index(), book=BOOK)["note"]
        assert notes.eq("No past case yet: it cannot be told how good it is.").all()
        assert len(headline_evidence(found.reset_index())) == 1

    @pytest.mark.parametrize(
        ("stated", "naive", "many", "answer"),
        [
            (0.9, 0.5, 10, "estimate"),
            (0.5, 0.9, 10, "naive"),
            (0.9, 0.9, 10, "naive"),
            (0.9, 0.5, 9, "not tried"),
        ],
    )
    def test_a_chance_is_published_where_it_was_nearer(self, stated, naive, many, answer):
        row = choice(alive_record=chances(stated, naive, 9, many)).loc["still there"]
        assert row["published"] == answer
        if many == 10:  # nine of ten came
            assert row["error"] == pytest.approx((9 * (1 - stated) ** 2 + stated**2) / 10)

    def test_money_must_come_as_promised(self):
        record = shaped(
            "value_record",
            pd.DataFrame(
                {
                    "as_of_date": DAY,
                    "account_id": [str(i) for i in range(10)],
                    "model_margin": 100.0,
                    "same_margin": 90.0,
                    "came_margin": 70.0,
                }
            ),
        )
        row = choice(value_record=record).loc["customer value"]
        assert (row["published"], row["is_money_held"]) == ("naive", False)  # 0.70 of what was said
        assert (row["error"], row["naive_error"]) == pytest.approx((30 / 70, 20 / 70))
        note = tell_estimate_choice(row.to_frame().T.reset_index(names="estimate"), book=BOOK)
        assert note["note"].item().endswith("the margin of the last 12 months: that is published.")

    def test_money_that_did_not_come_is_scaled_to_what_came(self):
        record = chances([0.5] * 10, 0.3, 5, many=10)
        record = record.assign(stated_margin=100.0, came_margin=[140.0] * 5 + [0.0] * 5)
        found = choice(return_record=record)
        row = found.loc["money returned"]
        assert (row["published"], row["is_money_held"]) == ("naive", False)  # 0.70 of what was said
        assert share_that_came(found.reset_index()) == pytest.approx(0.7)
        assert found.loc["return", "published"] == "estimate"
        better = record.assign(came_margin=[160.0] * 5 + [0.0] * 5)
        kept = choice(return_record=better)
        assert kept.loc["money returned", "published"] == "estimate"
        assert share_that_came(kept.reset_index()) == 1.0
        note = tell_estimate_choice(found.reset_index(), book=BOOK)["note"]
        assert (
            note[found.index == "money returned"]
            .item()
            .endswith(
                "That is too far off to believe the sum. "
                "Published instead: what was expected, scaled to what came of it."
            )
        )

    def test_an_alarm_must_say_more_than_the_rate_of_all(self):
        row = {"as_of_date": DAY, "rule": "overdue", "case_count": 100, "alarm_count": 20}
        good = shaped("alarm_record", [{**row, "true_alarm_count": 10, "leaver_count": 12}])
        assert choice(alarm_record=good).loc["alarm", "published"] == "estimate"
        blind = shaped("alarm_record", [{**row, "true_alarm_count": 2, "leaver_count": 10}])
        assert choice(alarm_record=blind).loc["alarm", "published"] == "naive"


class TestOutlooks:
    def months(self):
        """Two accounts over six years: one flat, one that sells in December alone."""
        days = trailing_months(pd.Timestamp("2025-12-31"), 72)
        flat = pd.DataFrame({"account_id": "F", "month": days, "revenue": 10.0})
        peak = pd.DataFrame({"account_id": "P", "month": days, "revenue": 1.0})
        peak.loc[peak["month"].dt.month.eq(12), "revenue"] = 89.0
        return pd.concat([flat, peak], ignore_index=True)

    def record(self):
        keys = pd.DataFrame({"account_id": ["F", "P"], "is_key": True})
        return evidence.outlook_record(self.months(), keys, as_of=pd.Timestamp("2025-12-31"))

    def test_flat_years_have_no_spread_and_are_no_cases(self):
        assert self.record().empty

    def test_years_are_foretold_by_each_rule(self):
        months = self.months()
        is_odd = months["account_id"].eq("P") & months["month"].eq(pd.Timestamp("2023-12-31"))
        months.loc[is_odd, "revenue"] = 100.0
        keys = pd.DataFrame({"account_id": ["F", "P"], "is_key": True})
        record = evidence.outlook_record(months, keys, as_of=pd.Timestamp("2025-12-31"))
        row = record[record["account_id"].eq("P")].set_index("as_of_date").loc["2024-09-30"]
        # to September 9; the last 12 months 1, 1, 100 and nine times 1; a year before 89
        assert (row["to_date"], row["came_outlook"]) == (9.0, 100.0)
        assert row["by_mean_month"] == pytest.approx(9 + 111 / 12 * 3)
        assert row["by_last_year"] == pytest.approx(9 + 102)
        assert row["by_season"] == pytest.approx(9 + 111 * (91 + 102) / (100 + 111))
        both = 91 + 102 + 2 * 30
        assert row["by_book_season"] == pytest.approx(9 + 111 * both / (100 + 111 + 2 * 120))
        together = record[record["followed"].eq("together")]
        assert together["account_id"].unique().tolist() == ["the largest together"]

    def test_the_interval_is_drawn_from_the_past(self):
        off = np.arange(1.0, 41.0) / 10  # distances in spreads: 0.1 … 4.0
        record = pd.DataFrame(
            {
                "followed": "together",
                "year_end_date": np.repeat(pd.to_datetime(["2023-12-31", "2024-12-31"]), 20),
                "came_outlook": 100.0,
                "spread": 1.0,
                "by_mean_month": 100.0 + off,
                "by_book_season": 200.0,
                "by_season": 200.0,
                "by_last_year": 200.0,
            }
        )
        terms = outlook_terms(record, "together")
        assert (terms["rule"], terms["case_count"], terms["year_count"]) == ("mean month", 40, 2)
        # the 33rd of 40 distances, eight parts of nine; Student's factor the rest
        assert terms["factor"] == pytest.approx(40 / 45 * 3.3 + 5 / 45 * interval_quantile())

    @pytest.mark.parametrize(("held", "answer"), [(33, "estimate"), (40, "naive"), (20, "naive")])
    def test_an_interval_that_does_not_hold_leaves_the_word_to_last_year(self, held, answer):
        """Two years of 40: of each as many lie nearby as the other year's factor allows."""
        off = np.where(np.arange(40) < held, 0.1, 9.0)
        record = pd.DataFrame(
            {
                "as_of_date": DAY,
                "account_id": "A",
                "followed": "one account",
                "year_end_date": pd.Timestamp("2024-12-31"),
                "came_outlook": 100.0,
                "spread": 1.0,
                "by_mean_month": 100.0 + off,
                "by_book_season": 200.0,
                "by_season": 200.0,
                "by_last_year": 150.0,
            }
        )
        row = choice(outlook_record=shaped("outlook_record", record)).loc["outlook of an account"]
        # one year alone: Student's factor of 1.36 judges it, so what lies nearby is held
        assert (row["held_count"], row["published"]) == (held, answer)
        assert row["outlook_rule"] == ("mean month" if answer == "estimate" else "last year")
        assert bool(row["is_held"]) == (answer == "estimate")


class TestChances:
    def test_equal_chances_stay_together(self):
        record = chances([0.2] * 30 + [0.8] * 30, 0.5, 6, many=60)
        told = evidence.chance_record(record.iloc[:0], record)
        assert told[["case_count", "came_count"]].values.tolist() == [[30, 6], [30, 0]]
        assert note_chances(told) == (
            "1 of 2 groups came within 5 points of what was stated; the furthest was 80 points off."
        )

    def test_likeness_is_pooled_until_it_rises(self):
        past = pd.DataFrame(
            {
                "model_probability": np.repeat([0.5, 0.7, 0.9], 20),
                # 10, 16 and 14 of 20: the upper two groups together 30 of 40
                "is_back": np.concatenate([np.arange(20) < n for n in (10, 16, 14)]),
            }
        )
        found = like(pd.Series([0.5, 0.7, 0.9, np.nan]), past, "model_probability")
        assert found["like_count"].tolist()[:3] == [20, 40, 40]
        assert found["chance"].tolist()[:3] == pytest.approx([10.5 / 21, 30.5 / 41, 30.5 / 41])
        assert np.isnan(found["chance"].iloc[3])
        assert found["alive_low"].iloc[0] < 0.5 < found["alive_high"].iloc[0]
        assert like(past["model_probability"], past.head(19), "model_probability").isna().all(None)


class TestStillThere:
    MODEL = BuyerModel("MBG/NBD", 1, True, 0.5, 6.0, 0.9, 1.6, n=99, status="converged")

    def buyers(self, many=25, silence=10):
        return pd.DataFrame(
            {
                "account_id": [f"A{i:02d}" for i in range(many)],
                "frequency": 9,
                "span_days": 180.0,
                "known_days": 180.0 + silence,
                "silence_days": float(silence),
                "usual_gap_days": 20.0,
                "later_order_count": ([0] * 5 + [1] * many)[:many],
                "log_gap_sum": 0.0,
            }
        )

    def test_it_is_what_came_of_like_accounts_and_a_lost_one_has_its_chance_of_a_return(self):
        years = [PastYear(DAY, self.buyers(), self.MODEL)]
        record = alive_record(years)
        assert record["stated"].isna().all()  # the first day has no past
        gone = pd.DataFrame(
            {
                "account_id": ["A01", "A02"],
                "return_probability": [0.3, np.nan],
                "return_low": [0.1, np.nan],
                "return_high": [0.5, np.nan],
            }
        )
        told = alive_probability(self.buyers(3), self.MODEL, None, record, gone)
        assert told["alive_probability"].tolist()[:2] == pytest.approx([20.5 / 26, 0.3])
        assert np.isnan(told["alive_probability"].iloc[2])
        assert told["likeness"].tolist() == ["model", "returns", "returns"]
        assert told["note_code"].tolist() == ["", "", "no_return_rate"]
        assert told[["like_count", "ordered_count"]].iloc[0].tolist() == [25, 20]

    def test_without_a_past_it_is_not_told(self):
        told = alive_probability(self.buyers(3), self.MODEL, None, alive_record([]))
        assert told["alive_probability"].isna().all() and told["note_code"].eq("no_past").all()

    def test_the_second_year_is_stated_by_the_first(self):
        later = PastYear(DAY + pd.Timedelta(days=365), self.buyers(), self.MODEL)
        record = alive_record([PastYear(DAY, self.buyers(), self.MODEL), later])
        second = record[record["as_of_date"].gt(DAY)]
        assert second["stated"].tolist() == pytest.approx([20.5 / 26] * 25)
        assert second["naive"].tolist() == pytest.approx([20.5 / 26] * 25)
