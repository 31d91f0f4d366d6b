"""Whom to win back, engagement, why they leave, findings, on tiny frames whose whole answer is
worked by hand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod import families
from statsmodels.genmod.generalized_linear_model import GLM

import kamlib.retention as ret
from kamlib.book import WinBackSettings
from kamlib.dossier import contact_rhythms
from kamlib.period.calendar import parse_period
from kamlib.retention.hazard import fit_hazard
from kamlib.retention.returns import chances
from kamlib.scoring import latest_decisions
from kamlib.story.leaving import tell_leaving_causes, tell_return_rates, tell_win_back
from kamlib.story.retention import headline_retention, tell_retention_findings
from kamlib.tables import empty_table, shaped

from .retention import (
    AS_OF,
    NO_ACCOUNTS,
    NO_CLASSES,
    NO_KEYS,
    NO_THEN,
    days,
    every,
    key_then,
    keys,
    losses,
    months,
    spells,
    status,
    usual_gaps,
)

NO_DELIVERIES = shaped("deliveries", [])


def losses_of(day: str, *, back: int, unsaid: int, said: str, many: int) -> pd.DataFrame:
    """So many accounts lost on a day: the first came back, of the last the reason is recorded."""
    last = pd.Timestamp(day)
    rest = many - unsaid
    return pd.DataFrame(
        {
            "account_id": [f"A{i:02d}" for i in range(many)],
            "last_order_date": last,
            "detection_date": last + pd.Timedelta(days=90),
            "return_date": [last + pd.Timedelta(days=200)] * back + [pd.NaT] * (many - back),
            "reason": [None] * unsaid + [said] * rest,
            "recorded_date": [pd.NaT] * unsaid + [last + pd.Timedelta(days=60)] * rest,
            "margin_lost": 100.0,
            "revenue_lost": 200.0,
        }
    )


class TestWinBack:
    def tables(self):
        ids = [f"L{i}" for i in range(4)]
        gone = pd.DataFrame(
            {
                "account_id": ids,
                "name": ids,
                "manager_id": "M",
                "manager_name": "Mia",
                "status": "lost",
                "detection_date": pd.Timestamp("2025-04-01"),
                "last_order_date": pd.Timestamp("2025-01-01"),
                "last_year_margin": [1000.0, 800.0, 500.0, np.nan],
            }
        )
        lost = pd.DataFrame(
            {
                "account_id": ids,
                "last_order_date": pd.Timestamp("2025-01-01"),
                "return_date": pd.NaT,
                "reason": ["price", "late", None, "price"],
            }
        )
        offers = pd.DataFrame(
            {
                "offer": ["visit", "discount"],
                "cost": [100.0, 50.0],
                "reason": [None, "price"],
                "return_probability": [0.5, 0.4],
            }
        )
        return gone, lost, offers

    def no_rates(self):
        return ret.return_rates(
            ret.seen_losses(shaped("lost_accounts", [])), ret.day_sums(days({})), as_of=AS_OF
        )

    def test_the_best_list_under_the_budget(self):
        gone, lost, offers = self.tables()
        rates = self.no_rates()
        half = WinBackSettings(budget=150.0, second_life_share=0.5)
        table = ret.win_back(gone, lost, offers, rates, as_of=AS_OF, budget=half)
        table = table.assign(**tell_win_back(table)).set_index("account_id")
        # visit: L0 150, L1 100, L2 25; discount: L0 0.4 × 500 − 50 = 150. Budget 150: discount L0 +
        # visit L1 = 250
        assert table["is_chosen"].to_dict() == {"L0": True, "L1": True, "L2": False, "L3": False}
        assert table.loc["L0", ["offer", "offer_value"]].tolist() == ["discount", 150.0]
        assert table.loc["L1", ["offer", "offer_value"]].tolist() == ["visit", 100.0]
        assert table.loc["L2", "why_not"] == "the budget brings more elsewhere"
        assert table.loc["L3", "why_not"] == "its margin is not known"
        assert table.loc["L1", "probability_source"] == "offer"
        free = WinBackSettings(second_life_share=0.5)
        free = ret.win_back(gone, lost, offers, rates, as_of=AS_OF, budget=free)
        assert free["is_chosen"].sum() == 3

    def test_a_long_lost_account_is_judged_by_long_lost_ones(self):
        gone, lost, offers = self.tables()
        rates = pd.DataFrame(
            {
                "lost_for_days": [0, 180, 180],
                "reason": ["all", "all", "late"],
                "return_probability": [0.9, 0.2, 0.1],
                "return_low": 0.0,
                "return_high": 1.0,
                "second_life_share": [1.2, 0.5, 0.5],
            }
        )
        table = ret.win_back(gone, lost, offers, rates, as_of=AS_OF)  # lost for 274 days
        table = table.assign(**tell_win_back(table)).set_index("account_id")
        assert table["return_probability"].to_dict() == {"L0": 0.2, "L1": 0.1, "L2": 0.2, "L3": 0.2}
        assert table["expected_margin"].iloc[:3].to_dict() == {
            "L0": 500.0,
            "L2": 250.0,
            "L1": 400.0,
        }
        assert set(table["margin_source"]) == {"own returns"}
        assert table.loc["L0", ["offer", "offer_value", "is_chosen"]].tolist() == [
            "discount",
            50.0,
            True,
        ]
        assert table.loc["L1", "why_not"] == "the offer costs more than it can be expected to bring"

    def test_a_reason_written_with_a_decision_chooses_the_offer(self):
        gone, lost, offers = self.tables()
        lost["reason"] = None
        log = pd.DataFrame(
            {
                "account_id": ["L0", "L1", "L2", "L3"],
                "date": pd.to_datetime(["2025-03-01", "2025-02-01", "2024-12-01", "2025-03-01"]),
                "decision": "let go",
                "reason": ["Left for the price", "the business closed", "price", ""],
            }
        )
        share = WinBackSettings(second_life_share=1.0)
        latest = latest_decisions(log, as_of=AS_OF)
        told = {"as_of": AS_OF, "latest_decisions": latest, "budget": share}
        table = ret.win_back(gone, lost, offers, self.no_rates(), **told)
        table = table.set_index("account_id")
        # the last order was on 1 January 2025: what was written before it says nothing of the loss
        assert table["reason"].to_dict() == {
            "L0": "Left for the price",
            "L1": "the business closed",
            "L2": "not recorded",
            "L3": "not recorded",
        }
        # L0: of the two offers the one for the price, 0.4 × 1000 − 50; a visit is for other reasons
        assert table.loc["L0", ["offer", "offer_value"]].tolist() == ["discount", 350.0]
        assert (
            table.loc["L1", "why_not_code"] == "closed" and table.loc["L1", "verdict"] == "let go"
        )
        assert table.loc["L2", "offer"] == "visit"

    def test_who_has_closed_is_not_among_those_who_may_return(self):
        lost = losses_of("2023-01-01", back=5, unsaid=15, said="business closed", many=24)
        table = ret.return_rates(
            ret.seen_losses(lost), ret.day_sums(days({"OLD": ["2021-06-01"]})), as_of=AS_OF
        )
        now = table[table["lost_for_days"].eq(0)].set_index("reason")
        count = {"all": 15, "any recorded": 0, "not recorded": 15, "business closed": 9}
        assert now["loss_count"].to_dict() == count
        assert now.loc["all", "return_probability"] == pytest.approx(5.5 / 16)
        assert np.isnan(now.loc["business closed", "return_probability"])
        notes = tell_return_rates(table.reset_index(drop=True))["note"]
        assert notes[table["reason"].eq("business closed").to_numpy()].unique().tolist() == [
            "closed: no chance of a return is stated"
        ]

    def test_without_any_chance_known_nothing_is_promised(self):
        gone, lost, offers = self.tables()
        offers = offers.assign(return_probability=np.nan)
        table = ret.win_back(gone, lost, offers, self.no_rates(), as_of=AS_OF)
        assert not table["is_chosen"].any()
        assert table["offer_value"].isna().all()
        assert tell_win_back(table)["why_not"].str.contains("not known").all()
        assert set(table["margin_source"]) == {"assumed: as before the loss"}

    def test_rates_come_from_the_own_returns_of_losses_as_old(self):
        last = pd.Timestamp("2023-01-01")
        lost = pd.DataFrame(
            {
                "account_id": [f"A{i:02d}" for i in range(21)],
                "last_order_date": last,
                "detection_date": [last + pd.Timedelta(days=90)] * 20
                + [AS_OF - pd.Timedelta(days=30)],
                "return_date": [last + pd.Timedelta(days=200)] * 6 + [pd.NaT] * 15,
                "reason": ["price"] * 10 + ["late"] * 10 + ["late"],
                "recorded_date": last + pd.Timedelta(days=60),
                "margin_lost": 100.0,
                "revenue_lost": 200.0,
            }
        )
        back = {f"A{i:02d}": ["2023-07-20", "2023-09-01"] for i in range(5)}
        orders = days({"OLD": ["2021-06-01"], **back}, revenue=50.0, cost=20.0)
        table = ret.return_rates(
            ret.seen_losses(lost), ret.day_sums(orders), as_of=AS_OF
        ).set_index(["lost_for_days", "reason"])
        rate = 6.5 / 21
        chance = table["return_probability"]
        assert chance[(0, "price")] == pytest.approx((6 + 10 * rate) / 20)
        # the youngest is too young
        assert table.loc[(0, "late"), ["loss_count", "return_count"]].tolist() == [10, 0]
        assert 0 < chance[(0, "late")] < rate < chance[(0, "price")]
        # back 110 days after detection: still a loss when looked at after 60 days, not after 135
        assert table.loc[(30, "all"), ["loss_count", "return_count"]].tolist() == [20, 6]
        assert table.loc[(90, "all"), ["loss_count", "return_count"]].tolist() == [14, 0]
        # 5 × 60 of the six that came back twice looked at (the sixth brought nothing), of
        # 20 × 100 at 6.5/21 each time, and of 14 × 100 at 0.5/15 looked at after 135 and 270 days
        before = 2 * 20 * 100 * rate + 2 * 14 * 100 * 0.5 / 15
        assert table["second_life_share"].unique() == pytest.approx([2 * 5 * 60 / before])
        few = ret.return_rates(ret.seen_losses(lost.head(5)), ret.day_sums(orders), as_of=AS_OF)
        assert few["return_probability"].isna().all()
        assert few["second_life_share"].isna().all()
        assert set(tell_return_rates(few)["note"]) == {"only 5 losses old enough to judge"}
        # losses of the first year of the data are judged by nobody
        assert ret.return_rates(
            ret.seen_losses(lost), ret.day_sums(days({"A": ["2022-06-01"]})), as_of=AS_OF
        ).empty

    def test_a_recorded_reason_is_judged_by_those_recorded(self):
        """20 lost on one day, none of the 10 left for their price came back, 8 of the others did.

        They are looked at twice (after 15 and 60 days), and twelve of them three times more: then
        none of the 2 others came back either, and none was expected to.
        """
        lost = losses_of("2023-01-01", back=8, unsaid=10, said="price", many=20)
        sums = ret.day_sums(days({"OLD": ["2021-06-01"]}))
        table = ret.return_rates(ret.seen_losses(lost), sums, as_of=AS_OF).set_index(
            ["lost_for_days", "reason"]
        )
        old = table.index.get_level_values("lost_for_days").unique()
        late = sum(table.loc[(one, "all"), "return_count"] == 0 for one in old)
        on_time, looks = len(old) - late, 10 * len(old)
        expected = on_time * 10 * 8 / 20
        prior = 2 * expected / looks
        ratio = prior / (expected + prior)
        rate = 8.5 / 21
        chance = table["return_probability"]
        assert (late, on_time) == (3, 2)
        assert chance[(0, "price")] == pytest.approx(10 * rate * ratio / 20)
        assert chance[(0, "any recorded")] == chance[(0, "price")]
        assert chances([0], ["late"], table.reset_index())[0, 0] == chance[(0, "price")]
        assert chances([0], ["not recorded"], table.reset_index())[0, 0] == pytest.approx(rate)

    def test_an_unrecorded_reason_is_never_a_good_sign(self):
        lost = losses_of("2023-01-01", back=8, unsaid=10, said="price", many=20)
        table = ret.return_rates(
            ret.seen_losses(lost), ret.day_sums(days({"OLD": ["2021-06-01"]})), as_of=AS_OF
        )
        chance = table.set_index(["lost_for_days", "reason"])["return_probability"]
        assert chance[(0, "not recorded")] == chance[(0, "all")] == pytest.approx(8.5 / 21)

    def test_the_record_states_what_was_known_then(self):
        last = pd.Timestamp("2020-01-01")
        lost = pd.DataFrame(
            {
                "account_id": [f"A{i:02d}" for i in range(20)] + ["LATE", "SHUT"],
                "last_order_date": [last] * 20 + [pd.Timestamp("2023-09-25")] * 2,
                "detection_date": [last + pd.Timedelta(days=90)] * 20
                + [pd.Timestamp("2023-12-24")] * 2,
                "return_date": [last + pd.Timedelta(days=160)] * 5
                + [pd.NaT] * 15
                + [pd.Timestamp("2024-03-01"), pd.NaT],
                "reason": [None] * 21 + ["business closed"],
                "recorded_date": [pd.NaT] * 21 + [pd.Timestamp("2023-12-30")],
                "margin_lost": 100.0,
                "revenue_lost": 200.0,
            }
        )
        bought = {f"A{i:02d}": ["2020-06-09"] for i in range(5)}
        orders = days({"OLD": ["2018-01-01"], **bought, "LATE": ["2024-03-01"]})
        record = ret.return_record(ret.seen_losses(lost), ret.day_sums(orders), as_of=AS_OF)
        then = record[record["as_of_date"].eq(pd.Timestamp("2023-12-31"))].set_index("account_id")
        # detected a week before: of 20 losses looked at after 15 days, 5 were back within a year
        rate = 5.5 / 21
        assert then.loc["LATE", "naive"] == pytest.approx(rate)
        assert then.loc["LATE", "stated"] == pytest.approx((5 + 10 * rate) / 30)
        assert np.isnan(then.loc["SHUT", "stated"])
        assert then["is_back"].to_dict() == {**dict.fromkeys(then.index, False), "LATE": True}
        assert then.loc["LATE", "came_margin"] == 40.0

    def test_a_reason_counts_from_the_day_it_was_recorded(self):
        """Who comes back at once gets no reason: nobody may be judged by one that was written down
        only later.
        """
        last = pd.Timestamp("2023-01-01")
        detected = last + pd.Timedelta(days=90)
        lost = pd.DataFrame(
            {
                "account_id": [f"A{i:02d}" for i in range(20)],
                "last_order_date": last,
                "detection_date": detected,
                "return_date": [detected + pd.Timedelta(days=20)] * 10 + [pd.NaT] * 10,
                "reason": [None] * 10 + ["price"] * 10,
                "recorded_date": [pd.NaT] * 10 + [detected + pd.Timedelta(days=40)] * 10,
                "margin_lost": 100.0,
                "revenue_lost": 200.0,
            }
        )
        old = days({"OLD": ["2021-06-01"]})
        table = ret.return_rates(ret.seen_losses(lost), ret.day_sums(old), as_of=AS_OF).set_index(
            ["lost_for_days", "reason"]
        )
        assert table.loc[(0, "not recorded"), ["loss_count", "return_count"]].tolist() == [20, 10]
        assert (0, "price") not in table.index
        assert table.loc[(90, "price"), ["loss_count", "return_count"]].tolist() == [10, 0]
        assert (90, "not recorded") not in table.index


class TestEngagement:
    def test_shares_trend_and_overdue(self):
        counts = [1, 1, 2, 2, 3, 3, 4, 4]
        ends = pd.date_range("2024-03-31", periods=8, freq="QE")
        dates = [
            e - pd.Timedelta(days=5 * (i + 1))
            for e, n in zip(ends, counts, strict=True)
            for i in range(n)
        ]
        contacts = pd.DataFrame(
            {"account_id": "A", "date": pd.Series(dates).astype("datetime64[us]")}
        )
        contacts["satisfaction"] = contacts["date"].rank() / 2
        accounts = pd.DataFrame({"account_id": ["A", "B"], "contact_every_days": [30.0, np.nan]})
        rhythms = contact_rhythms(accounts, plans={})
        orders = days({"A": every("2023-01-01", 30, 37), "B": every("2025-01-01", 30, 12)})
        series = ret.engagement_series(orders, contacts, rhythms, keys("A"), as_of=AS_OF)
        assert series["every"].unique().tolist() == ["quarter"]
        assert series["contact_count"].tolist() == counts
        assert series["contact_share"].iloc[0] == pytest.approx(1 / (91 / 30))
        assert series["order_share"].iloc[-1] == pytest.approx(
            series["order_day_count"].iloc[-1] / (92 / 30)
        )
        table = ret.engagement(series, accounts, contacts, rhythms, as_of=AS_OF).iloc[0]
        assert (table["contact_trend"], table["satisfaction_trend"], table["order_trend"]) == (
            "up",
            "up",
            "none",
        )
        short = ret.engagement(series.tail(5), accounts, contacts, rhythms, as_of=AS_OF).iloc[0]
        assert pd.isna(short["contact_trend"]) and np.isnan(short["contact_slope"])
        unmet = ret.engagement(series, accounts, contacts.head(0), rhythms, as_of=AS_OF)
        assert unmet.empty  # nothing is measured where nobody was met

    def test_many_accounts_are_measured_as_each_alone(self):
        """By the week, month and quarter; some never met, some never bought."""
        ids = [f"A{number:02d}" for number in range(12)]
        gaps = dict(zip(ids, [2, 3, 9, 12, 14, 40, 200, 2, 30, 3, 90, 2], strict=True))
        orders = days({a: every("2023-05-01", n, 900 // n) for a, n in gaps.items() if n < 200})
        met = {a: every("2024-02-11", n + 1, 600 // n) for a, n in gaps.items() if n != 9}
        contacts = days(met).drop(columns="revenue")
        contacts["satisfaction"] = np.random.default_rng(4).integers(0, 11, len(contacts)) / 1.0
        contacts.loc[::3, "satisfaction"] = np.nan
        accounts = pd.DataFrame({"account_id": ids, "contact_every_days": [3.0, 14.0, 60.0] * 4})
        rhythms = contact_rhythms(accounts, plans={})
        series = ret.engagement_series(orders, contacts, rhythms, keys(*ids), as_of=AS_OF)
        found = ret.engagement(series, accounts, contacts, rhythms, as_of=AS_OF)
        assert set(series["every"]) == {"week", "month", "quarter"}
        assert len(found["contact_trend"].dropna()) > 6
        for one in ids:
            own = ret.engagement_series(orders, contacts, rhythms, keys(one), as_of=AS_OF)
            of_all = series[series["account_id"].eq(one)].reset_index(drop=True)
            pd.testing.assert_frame_equal(of_all, own)
            alone = ret.engagement(own, accounts, contacts, rhythms, as_of=AS_OF)
            of_all = found[found["account_id"].eq(one)].reset_index(drop=True)
            pd.testing.assert_frame_equal(of_all, alone)

    def test_a_planned_contact_is_overdue(self):
        orders = days({a: every("2023-01-01", 30, 37) for a in "ABC"})
        accounts = pd.DataFrame(
            {"account_id": list("ABC"), "contact_every_days": [30.0, 60.0, np.nan]}
        )
        met = pd.DataFrame({"account_id": ["A"], "date": [pd.Timestamp("2025-09-25")]})
        now = status(orders, accounts)
        rhythms = contact_rhythms(accounts, plans={})
        due = ret.overdue_checkins(now, met, rhythms, as_of=AS_OF).set_index("account_id")
        assert due.loc["A", "contact_due_date"] == pd.Timestamp("2025-10-25")
        assert due.loc["A", "days_overdue"] == 67
        assert np.isnan(due.loc["B", "days_overdue"])  # no contact at all: due at once
        assert "C" not in due.index  # nobody plans to meet it


class TestWhy:
    def test_cases_look_back_from_the_last_order_of_a_month(self):
        orders = days(
            {
                "A": ["2024-01-10", "2024-06-05", "2024-06-20", "2024-07-10"],
                "B": every("2023-01-01", 10, 109),
            }
        )
        deliveries = pd.DataFrame(
            {
                "account_id": ["A", "A", "A", "A"],
                "month": pd.to_datetime(["2024-01-31", "2024-05-31", "2024-06-30", "2024-08-31"]),
                "due_count": [1, 2, 3, 9],
                "late_count": [0, 1, 2, 9],
            }
        )
        incidents = pd.DataFrame(
            {
                "account_id": ["A", "A", "A", "B"],
                "opened_date": pd.to_datetime(
                    ["2024-07-10", "2024-07-11", "2024-04-11", "2023-01-02"]
                ),
                "kind": ["conflict", "conflict", "quality", "other"],
            }
        )
        cases = ret.leaving_cases(status(orders), orders, deliveries, incidents, as_of=AS_OF)
        a = cases[cases["account_id"].eq("A")].reset_index(drop=True)
        assert a["order_date"].dt.date.astype(str).tolist() == ["2024-06-20", "2024-07-10"]
        assert a["is_left"].tolist() == [False, True]
        assert a["due_count"].tolist() == [5, 5] and a["late_count"].tolist() == [
            3,
            3,
        ]  # never those of August
        assert a["conflict"].tolist() == [0, 1]  # the one after the last order is not a cause
        assert a["quality"].tolist() == [1, 0]  # 90 days before 2024-07-10 is 2024-04-11: outside

    def test_too_few_leavers_say_so(self):
        orders = days({"A": every("2024-01-01", 20, 10), "B": every("2024-01-01", 20, 37)})
        incidents = pd.DataFrame(
            {"account_id": ["A"], "opened_date": [pd.Timestamp("2024-01-05")], "kind": ["conflict"]}
        )
        table = ret.leaving_causes(
            ret.leaving_cases(status(orders), orders, NO_DELIVERIES, incidents, as_of=AS_OF)
        )
        assert table["hazard_ratio"].isna().all()
        assert tell_leaving_causes(table)["note"].tolist() == [
            "the book records no late orders",
            "only 1 leaver: too few to tell",
        ]

    def test_the_hazard_model_is_the_one_of_statsmodels(self):
        rng = np.random.default_rng(3)
        traits = rng.normal(size=(3, 2000))
        ended = rng.random(2000) < 1 - np.exp(-np.exp(-3 + 0.7 * traits[0] - 0.2 * traits[2]))
        design = np.vstack([np.ones(2000), traits])
        fit = fit_hazard(design, ended)
        family = families.Binomial(link=families.links.CLogLog())
        model = GLM(ended.astype(float), design.T, family=family)
        known = model.fit(start_params=[-3, 0, 0, 0], method="newton", disp=False)
        assert fit.is_settled
        assert fit.coefficients == pytest.approx(known.params, rel=1e-9)
        assert fit.errors == pytest.approx(known.bse, rel=1e-9)

    def test_a_cause_that_parts_all_leavers_has_no_figure(self):
        """Whoever met it left, and nobody else did: no ratio is the likeliest."""
        ended = np.arange(40) < 12
        fit = fit_hazard(np.vstack([np.ones(40), ended.astype(float)]), ended)
        assert not fit.is_settled or not np.isfinite(fit.errors[1]) or fit.errors[1] > 10

    def test_lateness_of_six_whole_months(self):
        ends = pd.to_datetime(["2025-03-31", "2025-04-30", "2025-09-30", "2025-09-30"])
        due = pd.DataFrame(
            {"account_id": ["A", "A", "A", "B"], "month": ends, "due_count": [9, 2, 3, 0]}
        ).assign(late_count=[9, 1, 1, 0])
        table = ret.recent_lateness(due, as_of=pd.Timestamp("2025-09-30"))
        assert table.to_dict("records") == [{"account_id": "A", "due_count": 5, "late_count": 2}]

    def test_incidents_per_quarter_with_a_trend(self):
        counts = [1, 1, 2, 2, 4, 4, 8, 8]
        ends = pd.date_range("2024-03-31", periods=8, freq="QE")
        dates = [
            e - pd.Timedelta(days=i) for e, n in zip(ends, counts, strict=True) for i in range(n)
        ]
        dates.append(pd.Timestamp("2024-01-01"))
        incidents = pd.DataFrame(
            {
                "account_id": "A",
                "opened_date": pd.Series(dates).astype("datetime64[us]"),
                "kind": "conflict",
                "severity": 3.0,
                "resolved_date": pd.NaT,
            }
        )
        table = ret.incident_trend(incidents, as_of=AS_OF)
        assert table["incident_count"].tolist() == [2, 1, 2, 2, 4, 4, 8, 8]
        assert table["trend"].unique().tolist() == ["up"]
        assert 2 < table["yearly_ratio"].iloc[0] < 5
        assert ret.incident_trend(incidents.head(4), as_of=AS_OF)["trend"].isna().all()


def test_an_empty_book_gives_empty_tables():
    none, empty_months = days({}), months([])
    now, lost = status(none), losses(none)
    categories = shaped("category_months", [])
    lives = ret.account_lifetimes(now, NO_ACCOUNTS, NO_CLASSES, as_of=AS_OF)
    tables = [
        now,
        lost,
        lives,
        spells(none),
        usual_gaps(none),
        ret.loss_dynamics(lost, now, as_of=AS_OF),
        ret.loss_directions(lost, categories, NO_ACCOUNTS, empty_months, as_of=AS_OF),
        ret.cohort_retention(empty_months, as_of=AS_OF),
        ret.cohort_retention_by_year(empty_months, as_of=AS_OF),
        ret.account_bridge(empty_months, as_of=AS_OF),
        ret.revenue_bridge(empty_months, NO_THEN, as_of=AS_OF),
        ret.loss_reasons(lost, as_of=AS_OF),
        ret.survival(lives),
        ret.survival_by_class(lives),
        ret.survival_medians(lives),
        ret.recent_lateness(NO_DELIVERIES, as_of=AS_OF),
        ret.return_rates(ret.seen_losses(lost), ret.day_sums(none), as_of=AS_OF),
    ]
    assert all(table.empty and len(table.columns) for table in tables)
    assert ret.alarm_quality(none, as_of=AS_OF)["false_alarm_rate"].isna().all()
    assert ret.survival_tests(lives)["p_value"].isna().all()
    assert said(now, None)["finding"].tolist() == [
        "No account is overdue.",
        "Retention of revenue cannot be known yet: it takes these 12 months and those before them, "
        "whole.",
        "How good the warnings are cannot be known yet: it takes two years of orders.",
    ]


NO_RISK = shaped("risk_changes", [])


def said(
    now, before, keys=NO_KEYS, *, as_of=AS_OF, at_most=5, orders=None, **known
) -> pd.DataFrame:
    """The findings with their sentences, of a book that knows its orders and little else."""
    orders = days({}) if orders is None else orders
    checkins = shaped("overdue_checkins", [])
    accounts = ret.finding_accounts(
        now,
        before,
        keys,
        key_then(*keys["account_id"]),
        losses(orders, as_of=as_of),
        checkins,
        shaped("account_standing", []),
        as_of=as_of,
        at_most=at_most,
    )
    rates = ret.retention_rates(months([]), NO_THEN, as_of=as_of)
    empty = {
        name: shaped(name, [])
        for name in ("alarm_outcomes", "leaving_causes", "recent_lateness", "win_back")
    }
    interactions = empty_table("interactions")
    findings = ret.retention_findings(
        accounts,
        now,
        before,
        rates,
        NO_RISK,
        alarm_quality=ret.alarm_quality(orders, as_of=as_of),
        interactions=interactions,
        **{**empty, **known},
    )
    told = tell_retention_findings(
        findings,
        accounts,
        interactions,
        NO_RISK,
        shaped("account_actions", []),
        shaped("key_accounts", []),
        as_of=as_of,
        previous_span=parse_period("2025-Q3"),
        book=None,
    )
    return findings.assign(**told)


class TestFindings:
    def test_newly_overdue_has_owner_reason_and_next_step(self):
        orders = days(
            {"LATE": every("2025-01-01", 20, 16), "FINE": every("2025-01-05", 20, 18)}
        )  # LATE last 2025-10-28
        accounts = pd.DataFrame(
            {
                "account_id": ["LATE", "FINE"],
                "name": ["Kettle & Sons", "Fine Ltd"],
                "manager_id": "M1",
                "manager_name": "Ines",
            }
        ).astype("str")
        now = status(orders, accounts)
        late = pd.DataFrame({"account_id": ["LATE"], "due_count": [3], "late_count": [2]})
        before = status(orders, accounts, as_of=pd.Timestamp("2025-11-30"))
        findings = said(now, before, keys("LATE"), recent_lateness=late)
        plain = findings["finding"].str.replace("\N{NO-BREAK SPACE}", " ")
        assert plain.tolist()[:2] == [
            "1.60 k a year is at risk in one overdue key account; over all accounts 1.60 k in 1.",
            "Kettle & Sons is newly overdue: 64 days without an order, usually 20; 1.60 k a year. "
            "2 of its 3 orders due in the last six months were late.",
        ]
        assert findings["next_step"].iloc[1] == "Call and ask what the late deliveries cost them"
        sentence = headline_retention(findings)[1]
        assert sentence.account == "LATE" and "Ines: Call and ask" in sentence.text
        # a month on it is old news
        later = status(orders, as_of=pd.Timestamp("2026-01-10"))
        again = said(later, now, as_of=pd.Timestamp("2026-01-10"))
        assert "newly overdue" not in set(again["topic"])

    def test_those_not_named_are_counted_by_owner(self):
        orders = days({name: every("2025-01-01", 20, 15) for name in "ABCD"})
        accounts = pd.DataFrame(
            {
                "account_id": list("ABCD"),
                "name": list("ABCD"),
                "manager_id": ["M1", "M2", "M2", None],
            }
        ).assign(manager_name=["Ines", "Paul", "Paul", None])
        before = status(orders, accounts, as_of=pd.Timestamp("2025-10-10"))
        now = status(orders, accounts, as_of=pd.Timestamp("2025-12-01"))
        findings = said(now, before, as_of=pd.Timestamp("2025-12-01"), at_most=1)
        more = findings[findings["finding_code"].eq("further_overdue")].iloc[0]
        assert more["finding"].replace("\N{NO-BREAK SPACE}", " ") == (
            "Three further accounts became overdue, with 4.50 k a year: Paul (2)."
        )
        assert more["next_step"] == "Call, the most money first"

    def test_nothing_to_say_invents_nothing(self):
        now = status(days({"A": every("2025-01-01", 20, 19)}))
        findings = said(now, now)
        assert findings["finding"].tolist()[:2] == [
            "No account is overdue.",
            "No account was lost in the period.",
        ]
        assert findings["next_step"].isna().all()

    def test_a_name_that_ends_with_a_full_stop_ends_the_sentence(self):
        orders = days({"GONE S.L.": every("2024-06-01", 20, 15)})
        before = status(orders, as_of=pd.Timestamp("2025-03-20"))
        findings = said(status(orders), before).set_index("finding_code")
        assert findings.loc["lost", "finding"].endswith("in their last year: GONE S.L.")
