"""Who stays: bridge, cohorts, survival, on tiny frames whose whole answer is worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kamlib.retention as ret
from kamlib.period.calendar import parse_period
from kamlib.segmentation import key_accounts_then, untold_keys
from kamlib.story.losses import tell_account_lifetimes, tell_survival_medians
from kamlib.tables import empty_table

from .retention import (
    AS_OF,
    NO_ACCOUNTS,
    NO_CLASSES,
    NO_THEN,
    days,
    every,
    key_then,
    keys,
    lives,
    months,
    status,
)

DD = Path(__file__).resolve().parents[2] / "shared" / "data" / "lifelines" / "dd.csv"


class TestBridge:
    def test_the_example_of_the_definitions(self):
        rows = [(a, "2024-06-30", 100.0) for a in "ABC"] + [
            ("A", "2025-06-30", 150.0),
            ("B", "2025-06-30", 60.0),
        ]
        rates = ret.retention_rates(months(rows), NO_THEN, as_of=AS_OF).iloc[0]
        assert (round(rates["nrr_share"], 2), round(rates["grr_share"], 2)) == (0.70, 0.53)

    def test_every_step_by_hand(self):
        rows = [
            ("UP", "2024-03-31", 100.0),
            ("UP", "2025-03-31", 130.1),
            ("DOWN", "2024-03-31", 80.0),
            ("DOWN", "2025-03-31", 50.0),
            ("STOP", "2024-03-31", 40.0),
            ("STOP", "2025-01-31", -5.0),
            ("NEW", "2025-12-31", 20.2),
            ("BACK", "2022-03-31", 10.0),
            ("BACK", "2025-03-31", 30.0),
            ("CREDIT", "2022-03-31", 10.0),
            ("CREDIT", "2025-03-31", -1.0),
            ("SAME", "2024-12-31", 7.0),
            ("SAME", "2025-01-31", 7.0),
        ]
        whole = ret.revenue_bridge(months(rows), key_then("UP", "STOP"), as_of=AS_OF)
        bridge = whole[whole["scope"].eq("all")].set_index("step")
        assert bridge["revenue"].to_dict() == {
            "base": 227.0,
            "new": 20.2,
            "returned": 30.0,
            "expansion": 30.1,
            "contraction": 31.0,
            "stopped": 45.0,
            "now": 231.3,
        }
        assert bridge["accounts"].to_dict() == {
            "base": 4,
            "new": 1,
            "returned": 1,
            "expansion": 1,
            "contraction": 2,
            "stopped": 1,
            "now": 5,
        }
        key = whole[whole["scope"].eq("key")]
        assert key["revenue"].tolist() == [140.0, 0.0, 0.0, 30.1, 0.0, 45.0, 125.1]

    def test_churn_and_risk(self):
        def known(rows):
            return pd.DataFrame(rows, columns=["account_id", "status", "revenue"])

        before = known(
            [
                ("A", "active", 1),
                ("B", "overdue", 1),
                ("C", "lost", 1),
                ("D", "active", 1),
                ("E", "never", 0),
            ]
        )
        now = known(
            [
                ("A", "lost", 5),
                ("B", "overdue", 7.5),
                ("C", "active", 2),
                ("D", "overdue", 3),
                ("E", "new", 1),
            ]
        )
        rates = ret.retention_rates(months([("A", "2025-01-31", 1.0)]), key_then("B"), as_of=AS_OF)
        figures = ret.retention_figures(rates, now, before, keys("B"), key_then("A", "B"))
        value = figures.set_index(["figure", "scope"])["value"]
        assert value["logo_churn", "all"] == 1 / 3
        assert (value["lost_in_period", "all"], value["returned_in_period", "all"]) == (1, 1)
        assert (value["revenue_at_risk", "all"], value["revenue_at_risk", "key"]) == (10.5, 7.5)
        # A was key on the first day and left; today's set {B} would say that nobody did
        assert (value["logo_churn", "key"], value["lost_in_period", "key"]) == (1 / 2, 1)
        assert np.isnan(value["NRR", "all"])  # no base
        first = ret.retention_figures(rates, now, None, keys("B"), NO_THEN)
        first = first.set_index(["figure", "scope"])
        assert np.isnan(first["value"]["logo_churn", "all"])  # no period before


class TestKeyAccountsOverTime:
    ROWS = (
        ("LEFT", "2024-06-30", 100.0),
        ("STAYED", "2024-06-30", 100.0),
        ("STAYED", "2025-06-30", 120.0),
        ("JOINED", "2024-06-30", 10.0),
        ("JOINED", "2025-06-30", 90.0),
    )

    def test_they_follow_those_that_were_key_on_the_first_day(self):
        tiers = pd.DataFrame(
            {
                "account_id": ["LEFT", "STAYED", "JOINED", "FORMER"],
                "tier": "key",
                "start_date": pd.to_datetime(
                    ["2020-01-01", "2025-01-01", "2025-01-02", "2020-01-01"]
                ),
                "end_date": pd.to_datetime(["2025-12-17", None, None, "2024-12-31"]),
            }
        )
        accounts = pd.DataFrame({"account_id": ["LEFT", "STAYED"], "name": ["L", "S"]})
        then = key_accounts_then(
            tiers, accounts, as_of=AS_OF, previous_span=parse_period("2025-Q3")
        )
        by_window = then.groupby("followed_over")["account_id"].agg(list)
        assert by_window["year"] == ["LEFT", "STAYED"]
        assert by_window["period"] == ["JOINED", "LEFT", "STAYED"]
        rates = ret.retention_rates(months(list(self.ROWS)), then, as_of=AS_OF)
        key = rates.set_index("scope").loc["key"]
        # 120 of 200 with growth, 100 of 200 without; today's set would give 210 of 110
        assert key[["nrr_share", "grr_share", "cohort_count"]].tolist() == [0.6, 0.5, 2]
        bridge = ret.revenue_bridge(months(list(self.ROWS)), then, as_of=AS_OF)
        key = bridge[bridge["scope"].eq("key")].set_index("step")["revenue"]
        assert key[["base", "expansion", "stopped", "now"]].tolist() == [200, 20, 100, 120]

    def test_without_dated_tiers_they_are_not_known(self):
        no_tiers = empty_table("tiers")
        facts = {"as_of": AS_OF, "previous_span": parse_period("2025-Q3")}
        then = key_accounts_then(no_tiers, NO_ACCOUNTS.assign(name=""), **facts)
        assert then.empty
        assert untold_keys(no_tiers, **facts) == dict.fromkeys(["year", "period"], "no_dated_tiers")
        late = pd.DataFrame({"start_date": pd.to_datetime(["2025-06-01"])})
        assert untold_keys(late, **facts) == {"year": "tiers_begin_later", "period": ""}
        rates = ret.retention_rates(months(list(self.ROWS)), then, as_of=AS_OF)
        assert rates["nrr_share"].tolist()[0] == 210 / 210
        assert np.isnan(rates["nrr_share"].tolist()[1])

    def test_a_base_year_that_is_not_whole_is_compared_with_nothing(self):
        rows, then = months(list(self.ROWS)), key_then("LEFT", "STAYED")
        short = pd.Timestamp("2024-02-01")
        rates = ret.retention_rates(rows, then, as_of=AS_OF, first_date=short)
        assert rates["nrr_share"].isna().all()
        assert ret.revenue_bridge(rows, then, as_of=AS_OF, first_date=short).empty
        assert ret.account_bridge(rows, as_of=AS_OF, first_date=short).empty
        whole = pd.Timestamp("2024-01-31")
        assert len(ret.revenue_bridge(rows, then, as_of=AS_OF, first_date=whole))


def test_revenue_at_risk_is_split_so_that_what_is_lost_is_no_improvement():
    columns = ["account_id", "status", "revenue"]
    then = [("A", "overdue", 50.0), ("B", "overdue", 30.0), ("C", "overdue", 20.0)]
    then += [("D", "active", 5.0), ("E", "overdue", 9.0)]
    now = [("A", "lost", 10.0), ("B", "active", 40.0), ("C", "overdue", 15.5)]
    now += [("D", "overdue", 6.0), ("E", "overdue", 9.0)]
    steps = ret.risk_changes(
        pd.DataFrame(now, columns=columns),
        pd.DataFrame(then, columns=columns),
        keys("A", "B", "C", "D"),
        keys("A", "B", "C", "D", "E"),
    )
    found = steps.set_index(["scope", "step"])["revenue"]
    assert found["all"].to_dict() == {
        "before": 109.0,
        "newly_overdue": 6.0,
        "recovered": -30.0,
        "gone_lost": -50.0,
        "revenue_changed": -4.5,
        "joined": 0.0,
        "left": 0.0,
        "now": 30.5,
    }
    assert found["key"].drop("now").sum() == found["key", "now"] == 21.5
    assert found["key", "left"] == -9.0
    nobody = ret.risk_changes(pd.DataFrame(now, columns=columns), None, keys("A"), None)
    assert nobody.empty


class TestCohorts:
    ROWS = (
        ("OLD", "2024-01-31", 5.0),
        ("P", "2024-04-30", 30.0),
        ("P", "2024-05-31", 60.0),
        ("P", "2024-07-31", 15.0),
        ("Q", "2024-04-30", 10.0),
        ("R", "2024-06-30", 8.0),
    )

    def test_whole_table(self):
        table = ret.cohort_retention(months(list(self.ROWS)), as_of=pd.Timestamp("2024-07-31"))
        april = table[table["cohort"].eq("2024-04")].set_index("months_since")
        assert april["active_share"].tolist() == [1.0, 0.5, 0.0, 0.5]
        assert april["revenue"].tolist() == [40.0, 60.0, 0.0, 15.0]
        assert april["revenue_share"].round(4).tolist() == [1.2, 1.8, 0.0, 0.45]  # of 100 / 3
        everyone = table[table["cohort"].eq("all")].set_index("months_since")
        assert everyone["account_count"].tolist() == [
            3,
            3,
            2,
            2,
        ]  # R is only one month old; OLD is left out
        assert everyone["active_share"].round(4).tolist() == [1.0, 0.3333, 0.0, 0.5]
        assert table["cohort"].iloc[0] == "before history"

    def test_incomplete_cells_are_blank_never_zero(self):
        table = ret.cohort_retention_by_year(
            months(list(self.ROWS)), as_of=pd.Timestamp("2024-07-31")
        )
        year = table[table["cohort"].eq("2024")].set_index("months_since")
        assert year["is_complete"].tolist() == [
            True,
            True,
            False,
            False,
        ]  # R has reached month 1 only
        assert year["active_share"].iloc[2:].isna().all()
        assert year["revenue"].iloc[2:].isna().all()


class TestSurvival:
    def test_kaplan_meier_by_hand(self):
        five = lives(duration_days=[1.0, 2, 2, 3, 4], is_lost=[True, True, False, True, False])
        table = ret.survival(five).set_index("duration_days")
        # 4/5, then 3/4 of it, then 1/2 of that
        assert table["survival_share"].round(10).to_dict() == {
            0.0: 1.0,
            1.0: 0.8,
            2.0: 0.6,
            3.0: 0.3,
            4.0: 0.3,
        }
        assert table["at_risk_count"].to_dict() == {0.0: 5, 1.0: 5, 2.0: 4, 3.0: 2, 4.0: 1}
        assert ret.survival_medians(five)["median_days"].tolist() == [3.0]

    def test_no_median_while_more_than_half_are_there(self):
        three = lives(duration_days=[1.0, 2, 3], is_lost=[True, False, False])
        medians = ret.survival_medians(three)
        assert medians["median_days"].isna().all()
        assert tell_survival_medians(medians)["note"].tolist() == ["more than half are still there"]

    def test_lost_and_present_accounts_are_classed_alike(self):
        """The class of the window would know no lost account: every class curve would stay at the
        top.
        """
        orders = days({"GONE": every("2023-06-01", 20, 10), "STAYS": every("2023-06-01", 20, 47)})
        now = status(orders)
        assert now.set_index("account_id")["status"].to_dict() == {
            "GONE": "lost",
            "STAYS": "active",
        }
        classes = pd.DataFrame({"account_id": ["GONE", "STAYS"], "abc_revenue": ["B", "A"]})
        found = ret.account_lifetimes(now, NO_ACCOUNTS, classes, as_of=AS_OF, history_months=0)
        medians = ret.survival_medians(found)
        assert medians["dimension"].tolist()[0] == "all accounts"
        by_class = medians[medians["dimension"].eq("abc_revenue")]
        assert by_class[["account_count", "lost_count"]].sum().tolist() == [2, 1]

    def test_late_entry_leaves_the_early_risk_set(self):
        late = lives(
            duration_days=[5.0, 10, 12],
            is_lost=[True, True, False],
            entry_days=[0.0, 6.0, 0.0],
        )
        table = ret.survival(late, min_at_risk=1).set_index("duration_days")
        assert table.loc[5.0, "survival_share"] == 0.5  # two at risk: the second enters at 6
        assert table.loc[10.0, "survival_share"] == 0.25

    @pytest.mark.parametrize("seed", range(3))
    def test_a_curve_of_late_entries_begins_where_enough_are_at_risk(self, seed):
        rng = np.random.default_rng(seed)
        entry = rng.integers(0, 60, 30) * 10.0
        known = lives(entry_days=entry, duration_days=entry + rng.integers(1, 400, 30))
        known = known.assign(is_lost=rng.random(30) < 0.4)
        for least in (1, 3, 8, 40):
            ages = [
                age
                for age in sorted(known["entry_days"])
                if (known["entry_days"].le(age) & known["duration_days"].gt(age)).sum() >= least
            ]
            found = ret.survival_medians(known, min_at_risk=least)["from_days"].iloc[0]
            assert found == pytest.approx(ages[0] if ages else np.nan, nan_ok=True)

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
        accounts["customer_since"] = pd.to_datetime([None, None, "2020-01-10", None]).astype(
            "datetime64[us]"
        )
        table = ret.account_lifetimes(status(orders, accounts), accounts, NO_CLASSES, as_of=AS_OF)
        found = table.assign(**tell_account_lifetimes(table)).set_index("account_id")
        assert found.loc["GONE", ["duration_days", "is_lost"]].tolist() == [181.0, True]
        horizon = AS_OF - pd.Timedelta(days=90)
        assert (
            found.loc["STAYS", "duration_days"] == (horizon - pd.Timestamp("2024-06-01")).days + 1
        )
        assert found.loc["OLD", "entry_days"] == 4 * 365 + 1
        assert np.isnan(found.loc["UNDATED", "duration_days"])
        assert found.loc["UNDATED", "note"] == "began before the data, no customer_since"

    @pytest.mark.skipif(not DD.exists(), reason="reference data not here")
    def test_democracies_and_dictatorships(self):
        """Published with lifelines: median 4.0, log-rank 260.47."""
        data = pd.read_csv(DD)
        regimes = lives(
            duration_days=data["duration"],
            is_lost=data["observed"].eq(1),
            industry=data["democracy"],
        )
        assert ret.survival_medians(regimes)["median_days"].iloc[0] == 4.0
        test = ret.survival_tests(regimes).set_index("dimension")["test_statistic"]
        assert round(test["industry"], 2) == 260.47 and np.isnan(test["manager_name"])
        regimes.loc[0, "entry_days"] = 0.5  # forces the other risk sets
        late = ret.survival_tests(regimes).set_index("dimension")["test_statistic"]
        assert late["industry"] == pytest.approx(260.47, abs=0.3)
