"""Retention on tiny frames whose whole answer is worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kamlib.retention as ret
from kamlib.segmentation import size_classes

DD = Path(__file__).resolve().parents[2] / "shared" / "data" / "lifelines" / "dd.csv"
AS_OF = pd.Timestamp("2025-12-31")


def days(orders: dict[str, list[str]], revenue: float = 100.0, cost: float | None = 60.0) -> pd.DataFrame:
    """An order day per date, of equal revenue."""
    rows = [(account, date) for account, dates in orders.items() for date in dates]
    frame = pd.DataFrame(rows, columns=["account_id", "date"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[us]")
    return frame.assign(
        account_id=frame["account_id"].astype("str"), revenue=revenue, cost=np.nan if cost is None else cost
    )


def every(first: str, gap: int, count: int) -> list[str]:
    return [str(d.date()) for d in pd.date_range(first, periods=count, freq=f"{gap}D")]


def months(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "month", "revenue"])
    frame["month"] = pd.to_datetime(frame["month"]).astype("datetime64[us]")
    return frame.assign(order_day_count=(frame["revenue"] > 0).astype("int64"))


class TestUsualGap:
    def test_own_class_and_all(self):
        orders = days(
            {
                "OWN": ["2025-01-01", "2025-01-11", "2025-01-21", "2025-02-20"],  # gaps 10, 10, 30
                "PEER": ["2025-01-01", "2025-01-03"],  # one gap of 2, class A with OWN: 2, 10, 10, 30
                "ODD": ["2025-03-01", "2025-03-09"],  # gap 8, alone in class C: all gaps 2, 8, 10, 10, 30
            }
        )
        classes = pd.DataFrame({"account_id": ["OWN", "PEER", "ODD"], "abc_revenue": ["A", "A", "C"]})
        table = ret.usual_gaps(orders, as_of=AS_OF, classes=classes).set_index("account_id")
        assert table["usual_gap_days"].to_dict() == {"ODD": 10.0, "OWN": 10.0, "PEER": 10.0}
        assert table["gap_basis"].to_dict() == {"ODD": "all", "OWN": "own", "PEER": "class"}
        early = ret.usual_gaps(orders, as_of=pd.Timestamp("2025-01-31"), classes=classes).set_index("account_id")
        assert early["usual_gap_days"].to_dict() == {"OWN": 10.0, "PEER": 10.0}  # gaps so far 10, 10, 2
        assert early["gap_basis"].to_dict() == {"OWN": "class", "PEER": "class"}

    def test_an_order_day_is_a_day_with_positive_net_revenue(self):
        orders = days({"A": ["2025-01-01", "2025-01-02", "2025-01-05"]})
        orders.loc[1, "revenue"] = -5.0
        assert ret.usual_gaps(orders, as_of=AS_OF)["order_day_count"].tolist() == [2]


class TestStatus:
    # four orders every 40 days: usual gap 40, the last on 2025-05-01 (day 0 of the silence)
    ORDERS = ("2025-01-01", "2025-02-10", "2025-03-22", "2025-05-01")

    @pytest.mark.parametrize(
        ("silence", "status"),
        [(0, "active"), (80, "active"), (81, "overdue"), (120, "overdue"), (121, "lost")],
    )
    def test_each_side_of_every_limit(self, silence, status):
        as_of = pd.Timestamp("2025-05-01") + pd.Timedelta(days=silence)
        table = ret.account_status(days({"A": list(self.ORDERS)}), as_of=as_of)
        assert table["status"].tolist() == [status]
        assert table["silence_days"].tolist() == [silence]

    def test_no_loss_before_90_days_of_silence(self):
        orders = days({"A": every("2025-01-01", 10, 5)})  # last 2025-02-10, usual gap 10
        last = pd.Timestamp("2025-02-10")
        status = [
            ret.account_status(orders, as_of=last + pd.Timedelta(days=d))["status"].iloc[0] for d in (20, 21, 89, 90)
        ]
        assert status == ["active", "overdue", "overdue", "lost"]

    def test_dates_of_overdue_and_loss(self):
        table = ret.account_status(days({"A": list(self.ORDERS)}), as_of=AS_OF)
        row = table.iloc[0]
        assert row["overdue_since_date"] == pd.Timestamp("2025-05-01") + pd.Timedelta(days=81)
        assert row["detection_date"] == pd.Timestamp("2025-05-01") + pd.Timedelta(days=121)
        assert row["lost_after_days"] == 121
        assert (row["revenue"], row["margin"], row["last_year_revenue"]) == (400.0, 160.0, 400.0)

    def test_never_new_and_few_orders(self):
        orders = days({"NEW": ["2025-07-05"], "OLD": ["2025-07-04"], "RHYTHM": every("2025-01-01", 30, 12)})
        accounts = pd.DataFrame({"account_id": ["NEVER", "NEW", "OLD", "RHYTHM"], "name": ["n", "e", "o", "r"]})
        table = ret.account_status(orders, accounts.astype("str"), as_of=AS_OF).set_index("account_id")
        # NEW: first order 179 days ago. OLD: 180 days ago, borrowed gap 30, silence 180 > 3 × 30
        assert table["status"].to_dict() == {"NEVER": "never", "NEW": "new", "OLD": "lost", "RHYTHM": "active"}
        assert table.loc["OLD", "detection_date"] == AS_OF  # not before it stopped being new
        assert np.isnan(table.loc["NEVER", "silence_days"])
        assert table.loc["OLD", "gap_basis"] == "all"

    def test_one_account_with_one_order_is_never_called_lost(self):
        orders = days({"A": ["2023-01-01"]})
        assert ret.account_status(orders, as_of=AS_OF)["status"].tolist() == ["overdue"]
        assert ret.account_status(orders, as_of=pd.Timestamp("2023-02-01"))["status"].tolist() == ["new"]

    def test_a_return_is_a_flag_beside_the_status(self):
        early = every("2024-01-01", 20, 5)  # to 2024-03-21, usual gap 20: lost from 2024-06-19 on
        orders = days(
            {"BACK": [*early, "2025-02-01", *every("2025-12-01", 10, 3)], "STEADY": every("2024-01-05", 20, 37)}
        )
        table = ret.account_status(orders, as_of=AS_OF).set_index("account_id")
        assert table["is_returned"].to_dict() == {"BACK": True, "STEADY": False}
        assert table["status"].to_dict() == {"BACK": "active", "STEADY": "active"}
        spells = ret.lost_spells(orders, as_of=AS_OF)
        # the second silence, 2025-02-01 to 2025-12-01, is a loss as well
        assert spells["last_order_date"].dt.date.astype(str).tolist() == ["2024-03-21", "2025-02-01"]
        assert spells["detection_date"].dt.date.astype(str).tolist() == ["2024-06-19", "2025-05-02"]
        assert spells["return_date"].dt.date.astype(str).tolist() == ["2025-02-01", "2025-12-01"]


class TestAlarm:
    def test_every_case_counted_by_hand(self):
        # usual gap 30. LEFT: last order 2024-02-25. SILENT: a pause from 2024-01-26 to 2024-06-24, then on.
        orders = days(
            {
                "LEFT": every("2023-01-01", 30, 15),
                "SILENT": [*every("2023-01-01", 30, 14), *every("2024-06-24", 30, 25)],
                "STEADY": every("2023-01-02", 30, 40),
            }
        )
        table = ret.alarm_quality(
            orders, as_of=pd.Timestamp("2026-03-31"), dates=[pd.Timestamp("2024-05-31")], ks=[2.0, 4.0]
        )
        row = table[table["rule"].eq("overdue") & table["k"].eq(2.0)].iloc[0]
        # LEFT has been silent 96 days, SILENT 126 days, STEADY not: two alarms, one false, one leaver, not missed
        assert (row["case_count"], row["alarm_count"], row["false_alarm_count"]) == (3, 2, 1)
        assert (row["leaver_count"], row["missed_loss_count"]) == (1, 0)
        assert (row["false_alarm_rate"], row["missed_loss_rate"]) == (0.5, 0.0)
        assert row["is_book"] and row["date_count"] == 1
        assert row["lead_days"] == 366 - 61  # 2024-02-25 to 2025-02-25, less the 61 days of silence
        strict = table[table["rule"].eq("overdue") & table["k"].eq(4.0)].iloc[0]
        assert (strict["alarm_count"], strict["false_alarm_count"], strict["missed_loss_count"]) == (1, 1, 1)
        lost = table[table["rule"].eq("lost") & table["k"].eq(2.0)].iloc[0]
        assert (lost["alarm_count"], lost["lead_days"]) == (2, 366 - 90)

    def test_dates_are_a_year_after_the_first_order_and_a_year_before_the_end(self):
        dates = ret.alarm_dates(days({"A": every("2022-01-10", 30, 48)}), as_of=AS_OF)
        assert [str(d.date()) for d in dates] == [
            "2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31",
        ]  # fmt: skip

    def test_the_rule_is_that_of_the_status(self):
        rng = np.random.default_rng(3)
        gaps = {f"A{i:02d}": np.cumsum(1 + rng.geometric(0.03, 60)) for i in range(40)}
        start = pd.Timestamp("2021-01-01")
        orders = days({a: [str((start + pd.Timedelta(days=int(d))).date()) for d in g] for a, g in gaps.items()})
        date, as_of = pd.Timestamp("2023-06-30"), pd.Timestamp("2026-06-30")
        quality = ret.alarm_quality(orders, as_of=as_of, dates=[date])
        status = ret.account_status(orders, as_of=date)
        recent = status[status["silence_days"].le(365) & ~status["status"].isin(["new", "never"])]
        book = quality[quality["is_book"]].set_index("rule")
        assert book.loc["overdue", "alarm_count"] == recent["status"].isin(["overdue", "lost"]).sum()
        assert book.loc["lost", "alarm_count"] == recent["status"].eq("lost").sum() > 0

    def test_outcomes_of_a_warning(self):
        orders = days(
            {
                "AGAIN": [*every("2025-01-01", 10, 10), "2025-09-15"],
                "GONE": every("2025-01-01", 20, 10),
                "WAIT": every("2024-01-01", 60, 10),
            }
        )
        warned = pd.Timestamp("2025-08-31")
        table = ret.alarm_outcomes(
            orders, as_of=pd.Timestamp("2025-12-24"), warned=[warned, pd.Timestamp("2025-06-25")]
        )
        found = table.set_index(["warned_date", "account_id"])["outcome"].to_dict()
        assert found == {
            (pd.Timestamp("2025-06-25"), "AGAIN"): "ordered again",
        } | {(warned, a): o for a, o in [("GONE", "lost")] if (warned, a) in found}
        assert table["next_order_date"].dropna().dt.date.astype(str).tolist() == ["2025-09-15"]


# GONE ordered last on 2025-01-15
LEAVER = {"GONE": every("2024-01-01", 20, 20), "STAYS": every("2024-01-01", 20, 37)}


class TestLosses:
    def lost(self, losses=None):
        orders = days(LEAVER)
        accounts = pd.DataFrame({"account_id": ["GONE", "STAYS"], "region": ["North", "South"]}).astype("str")
        spells = ret.lost_spells(orders, as_of=AS_OF)
        return ret.lost_accounts(spells, orders, accounts, losses, as_of=AS_OF), accounts

    def test_dated_at_the_last_order_with_detection_beside_it(self):
        lost, _ = self.lost()
        status = ret.account_status(days(LEAVER), as_of=AS_OF)
        table = ret.loss_dynamics(lost, status, as_of=AS_OF).set_index("month")
        january = table.loc[pd.Timestamp("2025-01-31")]
        assert (january["lost_count"], january["detected_count"]) == (1, 0)
        # the year to 2025-01-15 holds the orders from 2024-01-21 on: 19 × 100, margin 19 × 40
        assert (january["revenue_lost"], january["margin_lost"]) == (1900.0, 760.0)
        assert table.loc[pd.Timestamp("2025-04-30"), "detected_count"] == 1  # 90 days later
        assert table.loc[pd.Timestamp("2025-09-30"), "lost_count"] == 0
        assert table.loc[pd.Timestamp("2025-10-31") :, "lost_count"].isna().all()  # younger than 90 days: blank
        assert table.loc[pd.Timestamp("2025-09-30"), "lost_12m_count"] == 1
        assert table.loc[: pd.Timestamp("2024-11-30"), "lost_12m_count"].isna().all()
        assert table.index.min() == pd.Timestamp("2024-01-31")

    def test_recorded_beside_detected(self):
        losses = pd.DataFrame(
            {
                "account_id": ["GONE", "STAYS"],
                "lost_date": pd.to_datetime(["2025-02-01", "2025-06-01"]).astype("datetime64[us]"),
                "reason": ["missed deadlines", "quality down"],
            }
        )
        lost, _ = self.lost(losses)
        assert lost["seen"].tolist() == ["recorded and detected", "recorded only"]
        assert lost["reason"].tolist() == ["missed deadlines", "quality down"]
        unseen, _ = self.lost()
        assert unseen["seen"].tolist() == ["detected only"]

    def test_directions_split_money_by_what_was_bought(self):
        lost, accounts = self.lost()
        bought = pd.DataFrame(
            {
                "account_id": "GONE",
                "category": ["bolts", "nuts"],
                "month": pd.Timestamp("2024-11-30"),
                "revenue": [300.0, 100.0],
            }
        )
        table = ret.loss_directions(lost, bought, accounts, as_of=AS_OF)
        found = table.set_index(["direction", "value"])
        assert found.loc[("category", "bolts"), "revenue_lost"] == 1425.0  # three quarters of 1900
        assert found.loc[("category", "nuts"), "lost_share"] == 0.25
        assert found.loc[("region", "North"), ["lost_count", "account_count"]].tolist() == [1, 1]
        assert "reason" not in set(table["direction"])


class TestBridge:
    def test_the_example_of_the_definitions(self):
        rows = [(a, "2024-06-30", 100.0) for a in "ABC"] + [("A", "2025-06-30", 150.0), ("B", "2025-06-30", 60.0)]
        rates = ret.retention_rates(months(rows), as_of=AS_OF).iloc[0]
        assert (round(rates["nrr_share"], 2), round(rates["grr_share"], 2)) == (0.70, 0.53)

    def test_every_step_by_hand(self):
        rows = [
            ("UP", "2024-03-31", 100.0), ("UP", "2025-03-31", 130.1),
            ("DOWN", "2024-03-31", 80.0), ("DOWN", "2025-03-31", 50.0),
            ("STOP", "2024-03-31", 40.0), ("STOP", "2025-01-31", -5.0),
            ("NEW", "2025-12-31", 20.2),
            ("BACK", "2022-03-31", 10.0), ("BACK", "2025-03-31", 30.0),
            ("CREDIT", "2022-03-31", 10.0), ("CREDIT", "2025-03-31", -1.0),
            ("SAME", "2024-12-31", 7.0), ("SAME", "2025-01-31", 7.0),
        ]  # fmt: skip
        bridge = ret.revenue_bridge(months(rows), as_of=AS_OF).set_index("step")
        assert bridge["revenue"].to_dict() == {
            "base": 227.0, "new": 20.2, "returned": 30.0, "expansion": 30.1, "contraction": 31.0, "stopped": 45.0, "now": 231.3,
        }  # fmt: skip
        assert bridge["accounts"].to_dict() == {
            "base": 4, "new": 1, "returned": 1, "expansion": 1, "contraction": 2, "stopped": 1, "now": 5,
        }  # fmt: skip
        keys = pd.DataFrame({"account_id": ["UP", "STOP"], "is_key": [True, True]})
        key = ret.revenue_bridge(months(rows), keys, as_of=AS_OF).query("scope == 'key'").set_index("step")
        assert key["revenue"].tolist() == [140.0, 0.0, 0.0, 30.1, 0.0, 45.0, 125.1]

    def test_churn_and_risk(self):
        def status(rows):
            return pd.DataFrame(rows, columns=["account_id", "status", "revenue"])

        before = status(
            [("A", "active", 1), ("B", "overdue", 1), ("C", "lost", 1), ("D", "active", 1), ("E", "never", 0)]
        )
        now = status(
            [("A", "lost", 5), ("B", "overdue", 7.5), ("C", "active", 2), ("D", "overdue", 3), ("E", "new", 1)]
        )
        keys = pd.DataFrame({"account_id": ["B"], "is_key": [True]})
        figures = ret.retention_figures(months([("A", "2025-01-31", 1.0)]), now, before, keys, as_of=AS_OF)
        value = figures.set_index(["figure", "scope"])["value"]
        assert value["logo_churn", "all"] == 1 / 3
        assert (value["lost_in_period", "all"], value["returned_in_period", "all"]) == (1, 1)
        assert (value["revenue_at_risk", "all"], value["revenue_at_risk", "key"]) == (10.5, 7.5)
        assert np.isnan(value["NRR", "all"])  # no base


class TestCohorts:
    ROWS = (
        ("OLD", "2024-01-31", 5.0),
        ("P", "2024-04-30", 30.0), ("P", "2024-05-31", 60.0), ("P", "2024-07-31", 15.0),
        ("Q", "2024-04-30", 10.0),
        ("R", "2024-06-30", 8.0),
    )  # fmt: skip

    def test_whole_table(self):
        table = ret.cohort_retention(months(list(self.ROWS)), as_of=pd.Timestamp("2024-07-31"))
        april = table[table["cohort"].eq("2024-04")].set_index("months_since")
        assert april["active_share"].tolist() == [1.0, 0.5, 0.0, 0.5]
        assert april["revenue"].tolist() == [40.0, 60.0, 0.0, 15.0]
        assert april["revenue_share"].round(4).tolist() == [1.2, 1.8, 0.0, 0.45]  # of 100 / 3
        everyone = table[table["cohort"].eq("all")].set_index("months_since")
        assert everyone["account_count"].tolist() == [3, 3, 2, 2]  # R is only one month old; OLD is left out
        assert everyone["active_share"].round(4).tolist() == [1.0, 0.3333, 0.0, 0.5]
        assert table["cohort"].iloc[0] == "before history"

    def test_incomplete_cells_are_blank_never_zero(self):
        table = ret.cohort_retention(months(list(self.ROWS)), as_of=pd.Timestamp("2024-07-31"), every="quarter")
        quarter = table[table["cohort"].eq("2024-Q2")].set_index("months_since")
        assert quarter["is_complete"].tolist() == [True, True, False, False]  # R has reached month 1 only
        assert quarter["active_share"].iloc[2:].isna().all()
        assert quarter["revenue"].iloc[2:].isna().all()


class TestSurvival:
    def test_kaplan_meier_by_hand(self):
        lives = pd.DataFrame({"duration_days": [1.0, 2, 2, 3, 4], "is_lost": [True, True, False, True, False]})
        table = ret.survival(lives).set_index("duration_days")
        # 4/5, then 3/4 of it, then 1/2 of that
        assert table["survival_share"].round(10).to_dict() == {0.0: 1.0, 1.0: 0.8, 2.0: 0.6, 3.0: 0.3, 4.0: 0.3}
        assert table["at_risk_count"].to_dict() == {0.0: 5, 1.0: 5, 2.0: 4, 3.0: 2, 4.0: 1}
        assert ret.survival_medians(lives)["median_days"].tolist() == [3.0]

    def test_no_median_while_more_than_half_are_there(self):
        lives = pd.DataFrame({"duration_days": [1.0, 2, 3], "is_lost": [True, False, False]})
        row = ret.survival_medians(lives).iloc[0]
        assert np.isnan(row["median_days"]) and row["note"] == "more than half are still there"

    def test_lost_and_present_accounts_are_classed_alike(self):
        """The class of the window would know no lost account: every class curve would stay at the top."""
        orders = days({"GONE": every("2023-06-01", 20, 10), "STAYS": every("2023-06-01", 20, 47)})
        status = ret.account_status(orders, as_of=AS_OF)
        assert status.set_index("account_id")["status"].to_dict() == {"GONE": "lost", "STAYS": "active"}
        classes = size_classes(status)
        assert set(classes["account_id"]) == {"GONE", "STAYS"}
        lives = ret.account_lifetimes(status, None, classes, as_of=AS_OF, history_months=0)
        medians = ret.survival_medians(lives, by=["abc_revenue"])
        assert medians["dimension"].tolist()[0] == "all accounts"
        by_class = medians[medians["dimension"].eq("abc_revenue")]
        assert by_class[["account_count", "lost_count"]].sum().tolist() == [2, 1]

    def test_late_entry_leaves_the_early_risk_set(self):
        lives = pd.DataFrame(
            {"duration_days": [5.0, 10, 12], "is_lost": [True, True, False], "entry_days": [0.0, 6.0, 0.0]}
        )
        table = ret.survival(lives, min_at_risk=1).set_index("duration_days")
        assert table.loc[5.0, "survival_share"] == 0.5  # two at risk: the second enters at 6
        assert table.loc[10.0, "survival_share"] == 0.25

    def test_lives_are_censored_before_the_detection_lag(self):
        orders = days(
            {
                "GONE": every("2024-06-01", 20, 10),  # last 2024-11-28
                "STAYS": every("2024-06-01", 20, 29),  # lag 90 days
                "OLD": every("2024-01-10", 20, 36),  # before history, customer since 2020-01-10
                "UNDATED": every("2024-01-20", 20, 35),
            }
        )
        accounts = pd.DataFrame({"account_id": ["GONE", "STAYS", "OLD", "UNDATED"]}).astype("str")
        accounts["customer_since"] = pd.to_datetime([None, None, "2020-01-10", None]).astype("datetime64[us]")
        status = ret.account_status(orders, accounts, as_of=AS_OF)
        lives = ret.account_lifetimes(status, accounts, as_of=AS_OF).set_index("account_id")
        assert lives.loc["GONE", ["duration_days", "is_lost"]].tolist() == [181.0, True]
        horizon = AS_OF - pd.Timedelta(days=90)
        assert lives.loc["STAYS", "duration_days"] == (horizon - pd.Timestamp("2024-06-01")).days + 1
        assert lives.loc["OLD", "entry_days"] == 4 * 365 + 1
        assert np.isnan(lives.loc["UNDATED", "duration_days"])
        assert lives.loc["UNDATED", "note"] == "began before the data, no customer_since"

    @pytest.mark.skipif(not DD.exists(), reason="reference data not here")
    def test_democracies_and_dictatorships(self):
        """Published with lifelines: median 4.0, log-rank 260.47."""
        data = pd.read_csv(DD)
        lives = pd.DataFrame(
            {"duration_days": data["duration"], "is_lost": data["observed"].eq(1), "regime": data["democracy"]}
        )
        assert ret.survival_medians(lives)["median_days"].tolist() == [4.0]
        assert ret.survival_test(lives, by="regime")["test_statistic"].round(2).tolist() == [260.47]
        late = lives.assign(entry_days=0.0)
        late.loc[0, "entry_days"] = 0.5  # forces the other risk sets
        assert ret.survival_test(late, by="regime")["test_statistic"].iloc[0] == pytest.approx(260.47, abs=0.3)


class TestWinBack:
    def tables(self):
        ids = [f"L{i}" for i in range(4)]
        status = pd.DataFrame(
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
        return status, lost, offers

    def no_rates(self):
        lost = self.tables()[1].iloc[:0]
        return ret.return_rates(
            lost.assign(detection_date=lost["return_date"], recorded_date=lost["return_date"]), days({}), as_of=AS_OF
        )

    def test_the_best_list_under_the_budget(self):
        status, lost, offers = self.tables()
        rates = self.no_rates()
        table = ret.win_back(status, lost, offers, rates, as_of=AS_OF, budget=150.0, second_life_share=0.5).set_index(
            "account_id"
        )
        # visit: L0 150, L1 100, L2 25; discount: L0 0.4 × 500 − 50 = 150. Budget 150: discount L0 + visit L1 = 250
        assert table["is_chosen"].to_dict() == {"L0": True, "L1": True, "L2": False, "L3": False}
        assert table.loc["L0", ["offer", "value"]].tolist() == ["discount", 150.0]
        assert table.loc["L1", ["offer", "value"]].tolist() == ["visit", 100.0]
        assert table.loc["L2", "why_not"] == "the budget brings more elsewhere"
        assert table.loc["L3", "why_not"] == "its margin is not known"
        assert table.loc["L1", "probability_source"] == "offer"
        free = ret.win_back(status, lost, offers, rates, as_of=AS_OF, second_life_share=0.5)
        assert free["is_chosen"].sum() == 3

    def test_a_long_lost_account_is_judged_by_long_lost_ones(self):
        status, lost, offers = self.tables()
        rates = pd.DataFrame(
            {
                "lost_for_days": [0, 90, 90],
                "reason": ["all", "all", "late"],
                "return_probability": [0.9, 0.2, 0.1],
                "return_low": 0.0,
                "return_high": 1.0,
                "second_life_share": [1.2, 0.5, 0.5],
            }
        )
        table = ret.win_back(status, lost, offers, rates, as_of=AS_OF).set_index("account_id")  # lost for 274 days
        assert table["return_probability"].to_dict() == {"L0": 0.2, "L1": 0.1, "L2": 0.2, "L3": 0.2}
        assert table["expected_margin"].iloc[:3].to_dict() == {"L0": 500.0, "L2": 250.0, "L1": 400.0}
        assert set(table["margin_source"]) == {"own returns"}
        assert table.loc["L0", ["offer", "value", "is_chosen"]].tolist() == ["discount", 50.0, True]
        assert table.loc["L1", "why_not"] == "the offer costs more than it can be expected to bring"

    def test_without_any_chance_known_nothing_is_promised(self):
        status, lost, offers = self.tables()
        table = ret.win_back(status, lost, offers.assign(return_probability=np.nan), self.no_rates(), as_of=AS_OF)
        assert not table["is_chosen"].any()
        assert table["value"].isna().all()
        assert table["why_not"].str.contains("not known").all()
        assert set(table["margin_source"]) == {"assumed: as before the loss"}

    def test_rates_come_from_the_own_returns_of_losses_as_old(self):
        last = pd.Timestamp("2023-01-01")
        lost = pd.DataFrame(
            {
                "account_id": [f"A{i:02d}" for i in range(21)],
                "last_order_date": last,
                "detection_date": [last + pd.Timedelta(days=90)] * 20 + [AS_OF - pd.Timedelta(days=30)],
                "return_date": [last + pd.Timedelta(days=200)] * 6 + [pd.NaT] * 15,
                "reason": ["price"] * 10 + ["late"] * 10 + ["late"],
                "recorded_date": last + pd.Timedelta(days=60),
                "margin_lost": 100.0,
                "revenue_lost": 200.0,
            }
        )
        orders = days({f"A{i:02d}": ["2023-07-20", "2023-09-01"] for i in range(5)}, revenue=50.0, cost=20.0)
        table = ret.return_rates(lost, orders, as_of=AS_OF).set_index(["lost_for_days", "reason"])
        rate = 6.5 / 21
        assert table.loc[(0, "price"), "return_probability"] == pytest.approx((6 + 10 * rate) / 20)
        assert table.loc[(0, "late"), ["spell_count", "return_count"]].tolist() == [10, 0]  # the youngest is too young
        assert 0 < table.loc[(0, "late"), "return_probability"] < rate < table.loc[(0, "price"), "return_probability"]
        assert table.loc[(90, "all"), ["spell_count", "return_count"]].tolist() == [
            20,
            6,
        ]  # back 110 days after detection
        assert table.loc[(365, "all"), ["spell_count", "return_count"]].tolist() == [14, 0]
        assert table.loc[(0, "all"), "second_life_share"] == 0.5  # 5 × 60 of 6 × 100; the sixth brought nothing
        assert np.isnan(table.loc[(365, "all"), "second_life_share"])
        few = ret.return_rates(lost.head(5), orders, as_of=AS_OF)
        assert few["return_probability"].isna().all() and few["note"].str.contains("only 5").all()

    def test_a_reason_counts_from_the_day_it_was_recorded(self):
        """Who comes back at once gets no reason: nobody may be judged by one that was written down only later."""
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
        table = ret.return_rates(lost, days({}), as_of=AS_OF).set_index(["lost_for_days", "reason"])
        assert table.loc[(0, "not recorded"), ["spell_count", "return_count"]].tolist() == [20, 10]
        assert (0, "price") not in table.index
        assert table.loc[(90, "price"), ["spell_count", "return_count"]].tolist() == [10, 0]
        assert (90, "not recorded") not in table.index


class TestEngagement:
    def test_shares_trend_and_overdue(self):
        counts = [1, 1, 2, 2, 3, 3, 4, 4]
        ends = pd.date_range("2024-03-31", periods=8, freq="QE")
        dates = [e - pd.Timedelta(days=5 * (i + 1)) for e, n in zip(ends, counts, strict=True) for i in range(n)]
        contacts = pd.DataFrame({"account_id": "A", "date": pd.Series(dates).astype("datetime64[us]")})
        contacts["satisfaction"] = contacts["date"].rank() / 2
        accounts = pd.DataFrame({"account_id": ["A", "B"], "contact_every_days": [30.0, np.nan]})
        orders = days({"A": every("2023-01-01", 30, 37), "B": every("2025-01-01", 30, 12)})
        series = ret.engagement_series(orders, contacts, accounts, as_of=AS_OF)
        assert series["every"].unique().tolist() == ["quarter"]
        assert series["contact_count"].tolist() == counts
        assert series["contact_share"].iloc[0] == pytest.approx(1 / (91 / 30))
        assert series["order_share"].iloc[-1] == pytest.approx(series["order_day_count"].iloc[-1] / (92 / 30))
        table = ret.engagement(series, accounts, contacts, as_of=AS_OF).iloc[0]
        assert (table["contact_trend"], table["satisfaction_trend"], table["order_trend"]) == ("up", "up", "none")
        short = ret.engagement(series.tail(5), accounts, contacts, as_of=AS_OF).iloc[0]
        assert pd.isna(short["contact_trend"]) and np.isnan(short["contact_slope"])
        status = ret.account_status(orders, accounts, as_of=AS_OF)
        due = ret.overdue_checkins(
            contacts[contacts["date"] < "2025-10-01"], accounts, status, as_of=AS_OF, account_ids=["A", "B"]
        ).set_index("account_id")
        assert due.loc["A", "due_date"] == pd.Timestamp("2025-10-25")
        assert due.loc["A", "days_overdue"] == 67
        assert np.isnan(due.loc["B", "days_overdue"])  # no contact at all: due at once


class TestWhy:
    def test_cases_look_back_from_the_last_order_of_a_month(self):
        orders = days(
            {"A": ["2024-01-10", "2024-06-05", "2024-06-20", "2024-07-10"], "B": every("2023-01-01", 10, 109)}
        )
        status = ret.account_status(orders, as_of=AS_OF)
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
                "opened_date": pd.to_datetime(["2024-07-10", "2024-07-11", "2024-04-11", "2023-01-02"]),
                "kind": ["conflict", "conflict", "quality", "other"],
            }
        )
        cases = ret.leaving_cases(orders, status, deliveries, incidents, as_of=AS_OF)
        a = cases[cases["account_id"].eq("A")].reset_index(drop=True)
        assert a["order_date"].dt.date.astype(str).tolist() == ["2024-06-20", "2024-07-10"]
        assert a["is_left"].tolist() == [False, True]
        assert a["due_count"].tolist() == [5, 5] and a["late_count"].tolist() == [3, 3]  # never those of August
        assert a["conflict"].tolist() == [0, 1]  # the one after the last order is not a cause
        assert a["quality"].tolist() == [1, 0]  # 90 days before 2024-07-10 is 2024-04-11: outside

    def test_too_few_leavers_say_so(self):
        orders = days({"A": every("2024-01-01", 20, 10), "B": every("2024-01-01", 20, 37)})
        status = ret.account_status(orders, as_of=AS_OF)
        incidents = pd.DataFrame(
            {"account_id": ["A"], "opened_date": [pd.Timestamp("2024-01-05")], "kind": ["conflict"]}
        )
        table = ret.leaving_causes(ret.leaving_cases(orders, status, None, incidents, as_of=AS_OF))
        assert table["hazard_ratio"].isna().all()
        assert table["note"].tolist() == [
            "the book records no late orders",
            "only 1 leavers: too few to tell",
            *table["note"][2:],
        ]

    def test_incidents_per_quarter_with_a_trend(self):
        counts = [1, 1, 2, 2, 4, 4, 8, 8]
        ends = pd.date_range("2024-03-31", periods=8, freq="QE")
        dates = [e - pd.Timedelta(days=i) for e, n in zip(ends, counts, strict=True) for i in range(n)]
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
    status = ret.account_status(none, as_of=AS_OF)
    spells = ret.lost_spells(none, as_of=AS_OF)
    accounts = pd.DataFrame({"account_id": pd.Series(dtype="str")})
    lost = ret.lost_accounts(spells, none, accounts, as_of=AS_OF)
    tables = [
        status, spells, lost, ret.usual_gaps(none, as_of=AS_OF), ret.loss_dynamics(lost, status, as_of=AS_OF),
        ret.loss_directions(lost, None, accounts, as_of=AS_OF), ret.cohort_retention(empty_months, as_of=AS_OF),
        ret.account_bridge(empty_months, as_of=AS_OF), ret.revenue_bridge(empty_months, as_of=AS_OF),
        ret.alarm_outcomes(none, as_of=AS_OF, warned=[pd.Timestamp("2025-09-30")]), ret.loss_reasons(lost, as_of=AS_OF),
        ret.survival(ret.account_lifetimes(status, accounts, as_of=AS_OF)),
    ]  # fmt: skip
    assert all(table.empty and len(table.columns) for table in tables)
    assert ret.alarm_quality(none, as_of=AS_OF)["false_alarm_rate"].isna().all()
    findings = ret.retention_findings(status, as_of=AS_OF)
    assert findings["finding"].tolist() == ["No account is overdue."]


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
        before = pd.Timestamp("2025-11-30")
        status = ret.account_status(orders, accounts, as_of=AS_OF)
        deliveries = pd.DataFrame(
            {"account_id": ["LATE"], "month": [pd.Timestamp("2025-10-31")], "due_count": [3], "late_count": [2]}
        )
        findings = ret.retention_findings(
            status,
            as_of=AS_OF,
            status_before=ret.account_status(orders, accounts, as_of=before),
            keys=pd.DataFrame({"account_id": ["LATE"], "is_key": [True]}),
            deliveries=deliveries,
        )
        plain = findings["finding"].str.replace("\N{NO-BREAK SPACE}", " ")
        assert plain.tolist()[:2] == [
            "1.60 k a year is at risk in one overdue key account; over all accounts 1.60 k in 1.",
            "Kettle & Sons is newly overdue: 64 days without an order, usually 20; 1.60 k a year. "
            "2 of its 3 orders due in the last three months were late.",
        ]
        assert findings["next_step"].iloc[1] == "Call and ask what the late deliveries cost them"
        sentence = ret.retention_sentences(findings)[1]
        assert sentence.account == "LATE" and "Ines: Call and ask" in sentence.text
        # a month on it is old news
        later = ret.account_status(orders, accounts, as_of=pd.Timestamp("2026-01-10"))
        again = ret.retention_findings(later, as_of=pd.Timestamp("2026-01-10"), status_before=status)
        assert "newly overdue" not in set(again["topic"])

    def test_those_not_named_are_counted_by_owner(self):
        orders = days({name: every("2025-01-01", 20, 15) for name in "ABCD"})
        accounts = pd.DataFrame(
            {"account_id": list("ABCD"), "name": list("ABCD"), "manager_id": ["M1", "M2", "M2", None]}
        ).assign(manager_name=["Ines", "Paul", "Paul", None])
        before = ret.account_status(orders, accounts, as_of=pd.Timestamp("2025-10-10"))
        now = ret.account_status(orders, accounts, as_of=pd.Timestamp("2025-12-01"))
        findings = ret.retention_findings(now, as_of=pd.Timestamp("2025-12-01"), status_before=before, at_most=1)
        more = findings[findings["finding"].str.contains("further")].iloc[0]
        assert more["finding"].replace("\N{NO-BREAK SPACE}", " ") == (
            "Three further accounts became overdue, with 4.50 k a year: Paul 2."
        )
        assert more["next_step"]

    def test_nothing_to_say_invents_nothing(self):
        orders = days({"A": every("2025-01-01", 20, 19)})
        status = ret.account_status(orders, as_of=AS_OF)
        findings = ret.retention_findings(status, as_of=AS_OF, status_before=status)
        assert findings["finding"].tolist() == ["No account is overdue.", "No account was lost in the period."]
