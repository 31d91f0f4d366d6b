"""Usual gaps, status, alarms and losses, on tiny frames whose whole answer is worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kamlib.retention as ret
from kamlib.book import BookSettings
from kamlib.period.calendar import parse_period
from kamlib.story.losses import chart_loss_directions, chart_loss_dynamics
from kamlib.story.retention import charted_directions
from kamlib.tables import shaped

from .retention import AS_OF, LEAVER, days, every, losses, silences_of, spells, status, usual_gaps


class TestUsualGap:
    def test_own_class_and_all(self):
        orders = days(
            {
                "OWN": ["2025-01-01", "2025-01-11", "2025-01-21", "2025-02-20"],  # gaps 10, 10, 30
                "PEER": [
                    "2025-01-01",
                    "2025-01-03",
                ],  # one gap of 2, class A with OWN: 2, 10, 10, 30
                "ODD": [
                    "2025-03-01",
                    "2025-03-09",
                ],  # gap 8, alone in class C: all gaps 2, 8, 10, 10, 30
            }
        )
        classes = pd.DataFrame(
            {"account_id": ["OWN", "PEER", "ODD"], "abc_revenue": ["A", "A", "C"]}
        )
        table = usual_gaps(orders, classes).set_index("account_id")
        assert table["usual_gap_days"].to_dict() == {"ODD": 10.0, "OWN": 10.0, "PEER": 10.0}
        assert table["gap_basis"].to_dict() == {"ODD": "all", "OWN": "own", "PEER": "class"}
        early = usual_gaps(orders, classes, as_of=pd.Timestamp("2025-01-31"))
        early = early.set_index("account_id")
        assert early["usual_gap_days"].to_dict() == {
            "OWN": 10.0,
            "PEER": 10.0,
        }  # gaps so far 10, 10, 2
        assert early["gap_basis"].to_dict() == {"OWN": "class", "PEER": "class"}

    def test_an_order_day_is_a_day_with_positive_net_revenue(self):
        orders = days({"A": ["2025-01-01", "2025-01-02", "2025-01-05"]})
        orders.loc[1, "revenue"] = -5.0
        assert usual_gaps(orders)["order_day_count"].tolist() == [2]


class TestStatus:
    # four orders every 40 days: usual gap 40, the last on 2025-05-01 (day 0 of the silence)
    ORDERS = ("2025-01-01", "2025-02-10", "2025-03-22", "2025-05-01")

    @pytest.mark.parametrize(
        ("silence", "expected"),
        [(0, "active"), (80, "active"), (81, "overdue"), (120, "overdue"), (121, "lost")],
    )
    def test_each_side_of_every_limit(self, silence, expected):
        as_of = pd.Timestamp("2025-05-01") + pd.Timedelta(days=silence)
        table = status(days({"A": list(self.ORDERS)}), as_of=as_of)
        assert table["status"].tolist() == [expected]
        assert table["silence_days"].tolist() == [silence]

    def test_no_loss_before_90_days_of_silence(self):
        orders = days({"A": every("2025-01-01", 10, 5)})  # last 2025-02-10, usual gap 10
        last = pd.Timestamp("2025-02-10")
        found = [
            status(orders, as_of=last + pd.Timedelta(days=d))["status"].iloc[0]
            for d in (20, 21, 89, 90)
        ]
        assert found == ["active", "overdue", "overdue", "lost"]

    def test_dates_of_overdue_and_loss(self):
        table = status(days({"A": list(self.ORDERS)}), as_of=AS_OF)
        row = table.iloc[0]
        assert row["overdue_since_date"] == pd.Timestamp("2025-05-01") + pd.Timedelta(days=81)
        assert row["detection_date"] == pd.Timestamp("2025-05-01") + pd.Timedelta(days=121)
        assert row["lost_after_days"] == 121
        assert (row["revenue"], row["gross_margin"], row["last_year_revenue"]) == (
            400.0,
            160.0,
            400.0,
        )

    def test_never_new_and_few_orders(self):
        orders = days(
            {"NEW": ["2025-07-05"], "OLD": ["2025-07-04"], "RHYTHM": every("2025-01-01", 30, 12)}
        )
        accounts = pd.DataFrame(
            {"account_id": ["NEVER", "NEW", "OLD", "RHYTHM"], "name": ["n", "e", "o", "r"]}
        )
        table = status(orders, accounts.astype("str"), as_of=AS_OF).set_index("account_id")
        # NEW: first order 179 days ago. OLD: 180 days ago, borrowed gap 30, silence 180 > 3 × 30
        assert table["status"].to_dict() == {
            "NEVER": "never",
            "NEW": "new",
            "OLD": "lost",
            "RHYTHM": "active",
        }
        assert table.loc["OLD", "detection_date"] == AS_OF  # not before it stopped being new
        assert np.isnan(table.loc["NEVER", "silence_days"])
        assert table.loc["OLD", "gap_basis"] == "all"

    def test_one_account_with_one_order_is_never_called_lost(self):
        orders = days({"A": ["2023-01-01"]})
        assert status(orders, as_of=AS_OF)["status"].tolist() == ["overdue"]
        assert status(orders, as_of=pd.Timestamp("2023-02-01"))["status"].tolist() == ["new"]

    def test_a_return_is_a_flag_beside_the_status(self):
        early = every("2024-01-01", 20, 5)  # to 2024-03-21, usual gap 20: lost from 2024-06-19 on
        orders = days(
            {
                "BACK": [*early, "2025-02-01", *every("2025-12-01", 10, 3)],
                "STEADY": every("2024-01-05", 20, 37),
            }
        )
        table = status(orders, as_of=AS_OF).set_index("account_id")
        assert table["is_returned"].to_dict() == {"BACK": True, "STEADY": False}
        assert table["status"].to_dict() == {"BACK": "active", "STEADY": "active"}
        found = spells(orders)
        # the second silence, 2025-02-01 to 2025-12-01, is a loss as well
        assert found["last_order_date"].dt.date.astype(str).tolist() == [
            "2024-03-21",
            "2025-02-01",
        ]
        assert found["detection_date"].dt.date.astype(str).tolist() == ["2024-06-19", "2025-05-02"]
        assert found["return_date"].dt.date.astype(str).tolist() == ["2025-02-01", "2025-12-01"]


class TestAlarm:
    def test_every_case_counted_by_hand(self):
        # usual gap 30. LEFT: last order 2024-02-25. SILENT: a pause from 2024-01-26 to 2024-06-24,
        # then on.
        orders = days(
            {
                "LEFT": every("2023-01-01", 30, 15),
                "SILENT": [*every("2023-01-01", 30, 14), *every("2024-06-24", 30, 25)],
                "STEADY": every("2023-01-02", 30, 40),
            }
        )
        table = ret.alarm_quality(
            orders,
            as_of=pd.Timestamp("2026-03-31"),
            dates=[pd.Timestamp("2024-05-31")],
            ks=[2.0, 4.0],
        )
        row = table[table["rule"].eq("overdue") & table["k"].eq(2.0)].iloc[0]
        # LEFT has been silent 96 days, SILENT 126 days, STEADY not: two alarms, one false, one
        # leaver, not missed
        assert (row["case_count"], row["alarm_count"], row["false_alarm_count"]) == (3, 2, 1)
        assert (row["leaver_count"], row["missed_loss_count"]) == (1, 0)
        assert (row["false_alarm_rate"], row["missed_loss_rate"]) == (0.5, 0.0)
        assert row["is_book"] and row["date_count"] == 1
        assert row["lead_days"] == 366 - 61  # 2024-02-25 to 2025-02-25, less the 61 days of silence
        strict = table[table["rule"].eq("overdue") & table["k"].eq(4.0)].iloc[0]
        assert (
            strict["alarm_count"],
            strict["false_alarm_count"],
            strict["missed_loss_count"],
        ) == (1, 1, 1)
        lost = table[table["rule"].eq("lost") & table["k"].eq(2.0)].iloc[0]
        assert (lost["alarm_count"], lost["lead_days"]) == (2, 366 - 90)

    def test_dates_are_a_year_after_the_first_order_and_a_year_before_the_end(self):
        dates = ret.alarm_dates(days({"A": every("2022-01-10", 30, 48)}), as_of=AS_OF)
        assert [str(d.date()) for d in dates] == [
            "2023-03-31",
            "2023-06-30",
            "2023-09-30",
            "2023-12-31",
            "2024-03-31",
            "2024-06-30",
            "2024-09-30",
            "2024-12-31",
        ]

    def test_the_rule_is_that_of_the_status(self):
        rng = np.random.default_rng(3)
        gaps = {f"A{i:02d}": np.cumsum(1 + rng.geometric(0.03, 60)) for i in range(40)}
        start = pd.Timestamp("2021-01-01")
        orders = days(
            {
                a: [str((start + pd.Timedelta(days=int(d))).date()) for d in g]
                for a, g in gaps.items()
            }
        )
        date, as_of = pd.Timestamp("2023-06-30"), pd.Timestamp("2026-06-30")
        quality = ret.alarm_quality(orders, as_of=as_of, dates=[date])
        then = status(orders, as_of=date)
        recent = then[then["silence_days"].le(365) & ~then["status"].isin(["new", "never"])]
        book = quality[quality["is_book"]].set_index("rule")
        assert (
            book.loc["overdue", "alarm_count"] == recent["status"].isin(["overdue", "lost"]).sum()
        )
        assert book.loc["lost", "alarm_count"] == recent["status"].eq("lost").sum() > 0

    def test_outcomes_of_a_warning(self):
        orders = days(
            {
                "AGAIN": [*every("2025-01-01", 10, 10), "2025-09-15"],
                "GONE": every("2025-01-01", 20, 10),
                "WAIT": every("2024-01-01", 60, 10),
            }
        )
        end, earlier = parse_period("2025-08"), parse_period("2025-W25")
        table = ret.alarm_outcomes(
            status(orders, as_of=pd.Timestamp("2025-12-24")),
            status(orders, as_of=end.end),
            status(orders, as_of=earlier.end),
            orders,
            as_of=pd.Timestamp("2025-12-24"),
            previous_span=end,
            year_ago_span=earlier,
        )
        # in August GONE is silent for 62 days, usually 20; AGAIN counts as lost by then, WAIT is
        # silent for 68 of usually 60; in June only AGAIN is late, by 82 days
        found = table.set_index(["warned_date", "account_id"])["outcome"].to_dict()
        assert found == {(end.end, "GONE"): "lost", (earlier.end, "AGAIN"): "ordered again"}
        assert table["next_order_date"].dropna().dt.date.astype(str).tolist() == ["2025-09-15"]

    def test_a_year_has_one_period_before_it(self):
        orders = days({"A": every("2023-01-01", 20, 49), "B": every("2023-01-05", 200, 10)})
        year, then = parse_period("2026"), status(orders, as_of=pd.Timestamp("2025-11-10"))
        assert set(then["status"]) == {"overdue", "active"}
        table = ret.alarm_outcomes(
            then,
            then,
            then,
            orders,
            as_of=AS_OF,
            previous_span=year.previous(),
            year_ago_span=year.year_ago(),
        )
        assert len(table) == 1


# GONE ordered last on 2025-01-15


class TestLosses:
    ACCOUNTS = pd.DataFrame(
        {"account_id": ["GONE", "STAYS"], "region": ["North", "South"]}, dtype="str"
    )

    def test_dated_at_the_last_order_with_detection_beside_it(self):
        orders = days(LEAVER)
        table = ret.loss_dynamics(losses(orders), status(orders), as_of=AS_OF).set_index("month")
        january = table.loc[pd.Timestamp("2025-01-31")]
        assert (january["lost_count"], january["detected_count"]) == (1, 0)
        # the year to 2025-01-15 holds the orders from 2024-01-21 on: 19 × 100, margin 19 × 40
        assert (january["revenue_lost"], january["margin_lost"]) == (1900.0, 760.0)
        assert table.loc[pd.Timestamp("2025-04-30"), "detected_count"] == 1  # 90 days later
        assert table.loc[pd.Timestamp("2025-09-30"), "lost_count"] == 0
        assert (
            table.loc[pd.Timestamp("2025-10-31") :, "lost_count"].isna().all()
        )  # younger than 90 days: blank
        assert table.loc[pd.Timestamp("2025-09-30"), "lost_12m_count"] == 1
        assert table.loc[: pd.Timestamp("2024-11-30"), "lost_12m_count"].isna().all()
        assert table.index.min() == pd.Timestamp("2024-01-31")

    def test_recorded_beside_detected(self):
        recorded = pd.DataFrame(
            {
                "account_id": ["GONE", "STAYS"],
                "lost_date": pd.to_datetime(["2025-02-01", "2025-06-01"]).astype("datetime64[us]"),
                "reason": ["missed deadlines", "quality down"],
            }
        )
        lost = losses(days(LEAVER), self.ACCOUNTS, recorded)
        assert lost["seen"].tolist() == ["recorded and detected", "recorded only"]
        assert lost["reason"].tolist() == ["missed deadlines", "quality down"]
        assert losses(days(LEAVER))["seen"].tolist() == ["detected only"]

    def test_directions_split_money_by_what_was_bought(self):
        lost = losses(days(LEAVER), self.ACCOUNTS)
        bought = pd.DataFrame(
            {
                "account_id": "GONE",
                "category": ["bolts", "nuts"],
                "month": pd.Timestamp("2024-11-30"),
                "revenue": [300.0, 100.0],
            }
        )
        months = pd.DataFrame(
            {"account_id": ["GONE", "STAYS"], "month": AS_OF - pd.DateOffset(years=1)}
        ).assign(revenue=[300.0, 100.0])
        table = ret.loss_directions(lost, bought, self.ACCOUNTS, months, as_of=AS_OF)
        found = table.set_index(["dimension", "group"])
        assert found.loc[("category", "bolts"), "revenue_lost"] == 1425.0  # three quarters of 1900
        assert found.loc[("category", "nuts"), "lost_share"] == 0.25
        assert found.loc[("region", "North"), ["lost_count", "account_count"]].tolist() == [1, 1]
        assert found.loc[("region", "North"), ["lost_share", "revenue_share"]].tolist() == [1, 0.75]
        assert list(dict.fromkeys(table["dimension"])) == ["category", "region", "seen"]

    def test_the_finding_names_a_group_that_has_a_name(self):
        rows = {"dimension": "region", "group": ["not recorded", "North"], "lost_count": 1}
        rows |= {"revenue_lost": [300.0, 100.0], "lost_share": [0.75, 0.25], "revenue_share": 0.5}
        table = shaped("loss_directions", pd.DataFrame(rows))
        asked = {"as_of": AS_OF, "book": BookSettings(title="Test"), "dimension": "region"}
        title = chart_loss_directions(table, **asked).title.replace("\u00a0", " ")
        assert title == "North: 25 % of the revenue lost, 50 % of all revenue"

    def test_what_nobody_records_is_no_direction(self):
        lost = losses(days(LEAVER), self.ACCOUNTS)
        bare = self.ACCOUNTS.assign(region=None)
        bought = shaped("category_months", [])
        months = pd.DataFrame({"account_id": ["GONE"], "month": AS_OF, "revenue": 300.0})
        table = ret.loss_directions(lost.assign(region=None), bought, bare, months, as_of=AS_OF)
        assert set(table["dimension"]) == {"seen"}
        assert charted_directions(table) == ("", "")


def test_of_those_lost_it_is_told_how_many_still_are():
    ends = pd.date_range("2025-01-31", periods=12, freq="ME")
    table = pd.DataFrame(
        {
            "month": ends,
            "is_known": True,
            "lost_count": 1.0,
            "returned_count": [1.0] * 8 + [0.0] * 4,
            "revenue_lost": 10.0,
            "lost_12m_count": 12.0,
            "revenue_lost_12m": 120.0,
        }
    )
    book = BookSettings(title="B", currency="EUR")

    def told(**changed):
        title = chart_loss_dynamics(table.assign(**changed), book=book).title
        return title.replace("\xa0", " ").split("; ")[-1].split(": ")[-1]

    assert told() == "4 still are, 8 have come back"
    assert told(returned_count=1.0) == "all have come back"
    assert told(returned_count=0.0) == "none has come back"


class TestSilences:
    def test_of_many_accounts_they_are_those_of_each(self):
        rng = np.random.default_rng(6)
        found = {}
        for number in range(30):
            gaps = rng.choice([3, 7, 30, 120, 200], rng.integers(1, 25))
            found[f"A{number:02d}"] = list((pd.Timestamp("2016-01-03") +
                pd.to_timedelta(gaps.cumsum(), unit="D")).strftime("%Y-%m-%d"))  # fmt: skip
        orders = days(found)
        whole = silences_of(orders)
        assert len(whole.past) > 100
        for account, dates in found.items():
            own = whole.past[whole.past["account_id"].eq(account)].reset_index(drop=True)
            gaps = pd.Series(pd.to_datetime(dates)).diff().dt.days.dropna()
            place = np.flatnonzero(gaps > 90)
            assert own["gap_count"].tolist() == place.tolist()
            medians = [gaps[:count].median() for count in place]
            assert own["own_gap_days"].tolist() == pytest.approx(medians, nan_ok=True)
            now = whole.accounts.set_index("account_id").loc[account]
            assert str(now["last_order_date"].date()) == dates[-1]
            assert now["own_gap_days"] == pytest.approx(gaps.median(), nan_ok=True)

    def test_days_before_1970_are_days(self):
        found = silences_of(days({"A": ["1968-01-01", "1969-06-01"], "B": ["1969-06-01"]}))
        assert found.gap_days.tolist() == [517]
        assert found.accounts["first_order_date"].dt.year.tolist() == [1968, 1969]


class TestDaySums:
    @pytest.mark.parametrize("cost", [60.0, None])
    def test_a_window_holds_what_adding_day_by_day_gives(self, cost):
        orders = days(
            {"B": every("2024-01-01", 7, 90), "A": every("2024-03-05", 11, 40)}, cost=cost
        )
        orders["revenue"] = np.arange(len(orders)) / 3
        rng = np.random.default_rng(0)
        asked = pd.Series(rng.choice(["A", "B", "C"], 60), index=np.arange(60) * 2)
        after = pd.Timestamp("2023-12-01") + pd.to_timedelta(rng.integers(0, 700, 60), unit="D")
        until = after + pd.to_timedelta(rng.integers(-5, 300, 60), unit="D")
        found = ret.day_sums(orders).of(asked, after, until)
        for place, (account, first, last) in enumerate(zip(asked, after, until, strict=True)):
            own = orders[orders["account_id"].eq(account)]
            own = own[own["date"].gt(first) & own["date"].le(last)]
            assert found["revenue"].iloc[place] == round(own["revenue"].sum(), 6)
            margin = found["margin"].iloc[place]
            if cost is None:
                assert np.isnan(margin)
            else:
                assert margin == pytest.approx((own["revenue"] - cost).sum(), abs=1e-6)
        assert found.index.equals(asked.index)

    def test_one_unknown_cost_leaves_the_margin_unknown(self):
        orders = days({"A": ["2025-01-01", "2025-02-01"]})
        orders.loc[0, "cost"] = np.nan
        sums = ret.day_sums(orders)
        asked, eve = pd.Series(["A", "A", "A"]), pd.Timestamp("2024-12-31")
        until = pd.to_datetime(["2025-01-31", "2024-12-31", None])
        found = sums.of(asked, eve, until)
        assert np.isnan(found["margin"].iloc[0]) and found["margin"].tolist()[1:] == [0.0, 0.0]
        assert found["revenue"].tolist() == [100.0, 0.0, 0.0]
