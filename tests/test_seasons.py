"""Seasonal accounts: their winters are no loss, and a season that they miss is seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kamlib.retention as ret
from kamlib.practice.company import company
from kamlib.retention.seasons import season_facts, seasonal_on

from .retention import days, every, spells, status

SPRINGS = [
    f"{year}-{month:02d}-{day:02d}"
    for year in (2021, 2022, 2023, 2024, 2025)
    for month in (3, 4, 5)
    for day in (10, 24)
]


def status_on(orders: pd.DataFrame, day: str) -> str:
    return status(orders, as_of=pd.Timestamp(day))["status"].iloc[0]


class TestSeason:
    def test_by_hand(self):
        orders = days({"A": [day for day in SPRINGS if day < "2025"]})
        found = ret.account_seasons(orders, as_of=pd.Timestamp("2024-12-31")).iloc[0]
        assert (found["start_month"], found["month_count"], found["in_season_share"]) == (3, 3, 1.0)
        # usually from 10 March; gaps of 14, 17, 14, 16, 14 days: median 14; k = 2: 29 days later,
        # and never lost before 90 days of it
        dates = ["season_end_date", "season_start_date", "season_overdue_date", "season_lost_date"]
        assert [str(found[one].date()) for one in dates] == [
            "2024-05-31", "2025-03-10", "2025-04-08", "2025-06-08",
        ]  # fmt: skip

    def test_outside_the_season_it_rests_and_a_missed_one_is_found(self):
        orders = days({"A": [day for day in SPRINGS if day < "2025"]})
        expected = {
            "2024-05-30": "active", "2024-08-31": "resting", "2024-12-31": "resting",
            "2025-03-09": "resting", "2025-03-31": "active", "2025-04-08": "overdue",
            "2025-06-07": "overdue", "2025-06-08": "lost", "2025-12-31": "lost",
        }  # fmt: skip
        assert {day: status_on(orders, day) for day in expected} == expected
        lost = status(orders, as_of=pd.Timestamp("2025-12-31")).iloc[0]
        assert str(lost["detection_date"].date()) == "2025-06-08"
        assert (lost["gap_basis"], lost["stake_window"]) == ("season", "last_order")

    def test_it_is_overdue_inside_its_season_and_rests_after_it(self):
        orders = days({"A": [day for day in SPRINGS if day < "2025-03-20"]})
        assert status_on(orders, "2025-04-07") == "active"
        assert status_on(orders, "2025-04-08") == "overdue"
        assert status_on(orders, "2025-06-30") == "resting"

    def test_its_winters_are_no_past_losses(self):
        orders = days({"A": SPRINGS})
        found = spells(orders, as_of=pd.Timestamp("2025-12-31"))
        # the first winter cannot be known to be one: there were not two whole years yet
        assert found["last_order_date"].dt.year.tolist() == [2021]
        missed = days({"A": [day for day in SPRINGS if not day.startswith("2024")]})
        found = spells(missed, as_of=pd.Timestamp("2025-12-31"))
        assert found["detection_date"].dt.date.astype(str).tolist()[-1] == "2024-06-08"

    @pytest.mark.parametrize(
        "orders",
        [
            every("2020-01-05", 30, 70),  # all year round
            [day for day in SPRINGS if day < "2022-12-01"],  # two springs, not two whole years
            ["2022-03-10", "2022-06-10", "2023-04-10", "2023-06-20"],  # chance could do that
            [*(d for d in SPRINGS if d < "2023"), *every("2023-06-01", 30, 30)],  # not any more
        ],
    )
    def test_who_has_no_season(self, orders):
        as_of = pd.Timestamp("2022-12-31" if orders[-1] < "2023" else "2025-12-31")
        assert ret.account_seasons(days({"A": orders}), as_of=as_of).empty

    def test_a_season_over_the_turn_of_the_year(self):
        winter = [
            f"{year}-{month:02d}-15" for year in range(2019, 2025) for month in (1, 2, 11, 12)
        ]
        found = ret.account_seasons(days({"A": winter}), as_of=pd.Timestamp("2025-06-30")).iloc[0]
        assert (found["start_month"], found["month_count"]) == (11, 4)
        assert status_on(days({"A": winter}), "2025-01-31") == "active"
        orders = days({"A": [*winter, "2025-01-15", "2025-02-15"]})
        assert status_on(orders, "2025-08-31") == "resting"

    def test_it_is_no_case_of_the_alarm(self):
        orders = days({"A": SPRINGS, "B": every("2021-01-05", 20, 90)})
        quality = ret.alarm_quality(orders, as_of=pd.Timestamp("2025-12-31"))
        assert quality["account_count"].max() == 2  # before it had two whole years
        later = [pd.Timestamp("2024-06-30")]
        quality = ret.alarm_quality(orders, as_of=pd.Timestamp("2025-12-31"), dates=later)
        assert quality["account_count"].max() == 1


def planted(seed: int) -> pd.DataFrame:
    """The order days of the planted seasonal account of a practice company."""
    made = company(seed)
    names = made.truth.query("story == 'seasonal'")["account_id"]
    orders = made.tables["orders"]
    own = orders[orders["account_id"].isin(names)].rename(columns={"order_date": "date"})
    return own.groupby(["account_id", "date"], as_index=False)[["revenue", "cost"]].sum()


@pytest.mark.soak
def test_planted_seasons_are_no_losses_and_a_missed_one_is_found():
    called = tried = found = missed = 0
    for seed in range(100, 120):
        orders = planted(seed)
        end = orders["date"].max()
        for as_of in pd.date_range(end - pd.DateOffset(years=3), end, freq="QE"):
            known = orders[orders["date"].le(as_of)]
            tried += 1
            called += status_on(known, str(as_of.date())) == "lost"
        for year in range(end.year - 2, end.year + 1):
            before = orders[orders["date"].lt(f"{year}-01-01")]
            missed += 1
            found += status_on(before, f"{year}-09-30") == "lost"
    assert called <= 0.05 * tried, f"{called} of {tried} called lost"
    assert found >= 0.8 * missed, f"{found} of {missed} found"
    print(called, tried, found, missed)


@pytest.mark.parametrize("seed", range(4))
def test_a_season_of_many_days_at_once_is_that_of_each_day(seed):
    """Accounts that keep to some months more or less, judged on month ends and on other days."""
    rng = np.random.default_rng(seed)
    rows = []
    for account in range(60):
        begins, length = rng.integers(12), rng.integers(1, 9)
        dates = pd.date_range("2019-01-01", "2024-12-31")[rng.integers(2192, size=rng.integers(60))]
        strays = rng.random(len(dates)) < rng.choice([0.0, 0.1, 0.5])
        kept = dates[((dates.month - begins) % 12 < length) | strays]
        rows.append(pd.DataFrame({"account_id": f"A{account:02}", "date": kept}))
    orders = pd.concat(rows).drop_duplicates().sort_values(["account_id", "date"])
    dates = [pd.Timestamp(day) for day in ("2020-12-30", "2022-02-28", "2023-07-14", "2024-12-31")]
    code, ids = pd.factorize(orders["account_id"])
    day = orders["date"].to_numpy().astype("datetime64[D]").astype("int64")
    found = seasonal_on(code, day, dates)
    for row, date in zip(found, dates, strict=True):
        last = orders[orders["date"].le(date)].groupby("account_id", as_index=False)["date"].max()
        cases = last.rename(columns={"date": "last_order_date"}).assign(eve=date)
        facts = season_facts(cases, orders, min_gaps=3).dropna(subset=["start_month"])
        assert ids[row].tolist() == facts["account_id"].tolist()
    assert 0 < found.sum() < found.size


def test_no_account_has_a_season_long_after_the_only_order():
    dates = [pd.Timestamp("2022-03-31"), pd.Timestamp("2025-03-31")]
    day = np.array(["2021-01-01"], dtype="datetime64[D]").astype("int64")
    assert not seasonal_on(np.array([0]), day, dates).any()
