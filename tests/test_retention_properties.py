"""Retention on random books: what must hold whatever the orders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kamlib.retention as ret
from kamlib.period.calendar import parse_period
from kamlib.period.months import month_of
from kamlib.tables import empty_table, exact, shaped

from . import examples
from .retention import NO_CLASSES, NO_KEYS, NO_THEN, losses, spells, status, usual_gaps

AS_OF = pd.Timestamp("2024-06-30")
LATER = pd.Timestamp("2025-03-31")
NO_CATEGORIES = shaped("category_months", [])
NO_DELIVERIES = shaped("deliveries", [])


@st.composite
def books(draw):
    """Account × day of up to six accounts over four years, credit notes among them; amounts to the
    cent.
    """
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from("ABCDEF"), st.integers(0, 1500), st.integers(-3000, 30000)),
            min_size=1,
            max_size=120,
            unique_by=lambda row: row[:2],
        )
    )
    frame = pd.DataFrame(rows, columns=["account_id", "day", "cents"])
    return pd.DataFrame(
        {
            "account_id": frame["account_id"].astype("str"),
            "date": (pd.Timestamp("2021-01-01") + pd.to_timedelta(frame["day"], unit="D")).astype(
                "datetime64[us]"
            ),
            "revenue": frame["cents"] / 100,
            "cost": frame["cents"] / 200,
        }
    )


def months(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    known = days[days["date"] <= as_of]
    rows = known.assign(
        month=month_of(known["date"], as_of), cents=(known["revenue"] * 100).round()
    )
    table = rows.groupby(["account_id", "month"]).agg(
        cents=("cents", "sum"), order_day_count=("cents", lambda c: (c > 0).sum())
    )
    table = table.reset_index()
    return table.assign(revenue=table.pop("cents") / 100)


@examples.cheap()
@given(books())
def test_the_bridge_closes_to_the_cent_and_so_do_its_accounts(days):
    table = months(days, AS_OF)
    bridge = ret.revenue_bridge(table, NO_THEN, as_of=AS_OF)
    if bridge.empty:
        return
    amount = dict(zip(bridge["step"], exact(bridge["revenue"]), strict=True))
    count = dict(zip(bridge["step"], bridge["accounts"], strict=True))
    closed = amount["base"] + amount["new"] + amount["returned"] + amount["expansion"]
    assert closed - amount["contraction"] - amount["stopped"] == amount["now"]
    assert count["base"] + count["new"] + count["returned"] - count["stopped"] == count["now"]
    window = table[table["month"].gt(AS_OF - pd.DateOffset(years=1))]
    assert amount["now"] == exact(window["revenue"]).sum()


@examples.cheap()
@given(books())
def test_gross_retention_is_at_most_one_and_at_most_net(days):
    table = months(days.assign(revenue=days["revenue"].abs()), AS_OF)
    rates = ret.retention_rates(table, NO_THEN, as_of=AS_OF).iloc[0]
    if rates["cohort_count"]:
        assert 0 <= rates["grr_share"] <= 1
        assert rates["grr_share"] <= rates["nrr_share"]
    else:
        assert np.isnan(rates["nrr_share"]) and np.isnan(rates["grr_share"])


def tables(days: pd.DataFrame, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Every table that depends on orders alone."""
    now, lost = status(days, as_of=as_of), losses(days, as_of=as_of)
    accounts, rows = now[["account_id"]], months(days, LATER)
    month = parse_period(f"{as_of:%Y-%m}")
    lives = ret.account_lifetimes(now, accounts, NO_CLASSES, as_of=as_of)
    rates = ret.retention_rates(rows, NO_THEN, as_of=as_of)
    return {
        "usual_gaps": usual_gaps(days, as_of=as_of),
        "account_status": now,
        "lost_spells": spells(days, as_of=as_of),
        "lost_accounts": lost,
        "alarm_quality": ret.alarm_quality(days, as_of=as_of),
        "alarm_outcomes": ret.alarm_outcomes(
            now,
            status(days, as_of=month.previous().end),
            None,
            days,
            as_of=as_of,
            previous_span=month.previous(),
            year_ago_span=month.year_ago(),
        ),
        "loss_dynamics": ret.loss_dynamics(lost, now, as_of=as_of),
        "loss_directions": ret.loss_directions(lost, NO_CATEGORIES, accounts, rows, as_of=as_of),
        "account_bridge": ret.account_bridge(rows, as_of=as_of),
        "revenue_bridge": ret.revenue_bridge(rows, NO_THEN, as_of=as_of),
        "retention_figures": ret.retention_figures(rates, now, None, NO_KEYS, NO_THEN),
        "cohort_retention": ret.cohort_retention(rows, as_of=as_of),
        "account_lifetimes": lives,
        "survival": ret.survival(lives),
        "leaving_cases": ret.leaving_cases(
            now, days, NO_DELIVERIES, empty_table("incidents"), as_of=as_of
        ),
        "return_rates": ret.return_rates(ret.seen_losses(lost), ret.day_sums(days), as_of=as_of),
    }


@examples.dear()
@given(books())
def test_later_orders_change_no_earlier_figure(days):
    """No table of a day changes with what is ordered later."""
    early = tables(days[days["date"] <= AS_OF].reset_index(drop=True), AS_OF)
    late = tables(days, AS_OF)
    for name, table in early.items():
        pd.testing.assert_frame_equal(table, late[name], obj=name)


@examples.dear()
@given(books(), st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(days, seed):
    """Every table is the same whatever the order of the rows it is made of."""
    shuffled = days.sample(frac=1, random_state=seed).reset_index(drop=True)
    there, here = tables(days, LATER), tables(shuffled, LATER)
    for name, table in there.items():
        pd.testing.assert_frame_equal(table, here[name], obj=name)


@examples.dear()
@given(books())
def test_a_status_is_what_its_dates_say(days):
    now = status(days, as_of=LATER)
    assert now["account_id"].is_unique
    late = now[now["status"].isin(["overdue", "lost"])]
    known = late[late["usual_gap_days"].notna()]
    assert known["overdue_since_date"].le(LATER).all()
    lost = now[now["status"].eq("lost")]
    assert lost["detection_date"].between(lost["overdue_since_date"], LATER).all()
    assert (lost["silence_days"] >= 90).all()
    assert now.loc[~now["status"].eq("lost"), "detection_date"].isna().all()
    for row in lost.head(3).itertuples():  # run as of the day before it was seen, it was not lost
        eve = status(days, as_of=row.detection_date - pd.Timedelta(days=1)).set_index("account_id")
        if row.gap_basis == "own":
            assert eve.loc[row.account_id, "status"] != "lost"


@examples.dear()
@given(books())
def test_a_past_loss_was_a_loss_by_the_rule_on_its_last_day(days):
    for spell in spells(days, as_of=LATER).itertuples():
        eve = LATER if pd.isna(spell.return_date) else spell.return_date - pd.Timedelta(days=1)
        then = status(days, as_of=eve).set_index("account_id")
        assert then.loc[spell.account_id, "status"] == "lost"


def company(seed: int, *, late_ratio: float = 1.0, incident_ratio: float = 1.0):
    """A company of 120 accounts over six years in which trouble drives accounts away, or does not.

    Lateness comes in spells of three months; incidents at random. Each month an account leaves with
    a chance that the trouble of the last three months multiplies. Returns account days, deliveries,
    incidents.
    """
    rng, start, count = np.random.default_rng(seed), pd.Timestamp("2020-01-01"), 72
    ends = pd.date_range(start, periods=count, freq="ME")
    edges = np.array([0, *((ends - start).days + 1)])
    orders, due, troubles = [], [], []
    for account in (f"A{i:03d}" for i in range(120)):
        gap, shape = rng.lognormal(2.7, 0.6), rng.integers(2, 9)
        first = rng.choice([0, rng.uniform(0, edges[-1] * 0.6)])
        day = first + np.cumsum(rng.gamma(shape, gap / shape, int(edges[-1] / gap * 1.5 + 20)))
        day = np.unique(day[day < edges[-1]].astype(int))
        month = np.searchsorted(edges, day, side="right") - 1
        bad = np.repeat(rng.random(count // 3) < 0.15, 3)
        late = rng.random(len(day)) < np.where(bad[month], 0.5, 0.04)
        promised = np.searchsorted(edges, day + rng.integers(3, 15, len(day)), side="right") - 1
        trouble = np.sort(
            rng.uniform(first, edges[-1], rng.poisson(0.08 * (edges[-1] - first) / 30))
        ).astype(int)
        lates = np.bincount(promised[late & (promised < count)], minlength=count)
        wrongs = np.bincount(np.searchsorted(edges, trouble, side="right") - 1, minlength=count)
        end = edges[-1]
        for m in range(int(np.searchsorted(edges, first, side="right")) + 5, count):
            hazard = (
                0.005
                * late_ratio ** lates[m - 2 : m + 1].sum()
                * incident_ratio ** wrongs[m - 2 : m + 1].sum()
            )
            if rng.random() < 1 - np.exp(-hazard):
                end = edges[m + 1]
                break
        kept = day < end
        orders.append(pd.DataFrame({"account_id": account, "day": day[kept]}))
        inside = kept & (promised < count)
        due.append(
            pd.DataFrame({"account_id": account, "month": promised[inside], "late": late[inside]})
        )
        last = day[kept].max() if kept.any() else -1
        troubles.append(pd.DataFrame({"account_id": account, "day": trouble[trouble <= last]}))

    def dates(days):
        return (start + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")

    days, due, troubles = (pd.concat(part, ignore_index=True) for part in (orders, due, troubles))
    account_days = pd.DataFrame(
        {
            "account_id": days["account_id"].astype("str"),
            "date": dates(days["day"]),
            "revenue": 100.0,
        }
    )
    due["month"] = ends.astype("datetime64[us]").to_numpy()[due["month"]]
    deliveries = due.groupby(["account_id", "month"]).agg(
        due_count=("late", "size"), late_count=("late", "sum")
    )
    incidents = pd.DataFrame(
        {"account_id": troubles["account_id"], "opened_date": dates(troubles["day"])}
    )
    return account_days, deliveries.reset_index(), incidents.assign(kind="conflict")


def trouble_and_leaving(seed: int, **ratios: float) -> pd.DataFrame:
    as_of = pd.Timestamp("2025-12-31")
    days, deliveries, incidents = company(seed, **ratios)
    cases = ret.leaving_cases(status(days, as_of=as_of), days, deliveries, incidents, as_of=as_of)
    return ret.leaving_causes(cases).set_index("cause")


def clear(seeds: range, cause: str, **ratios: float) -> int:
    """In how many companies the interval of a cause excludes 1."""
    rows = [trouble_and_leaving(seed, **ratios).loc[cause] for seed in seeds]
    return sum(bool(row["hazard_ratio_low"] > 1 or row["hazard_ratio_high"] < 1) for row in rows)


def test_a_planted_cause_is_found_with_its_size():
    rows = pd.DataFrame(
        [trouble_and_leaving(seed, late_ratio=1.8).loc["late deliveries"] for seed in range(4)]
    )
    assert (rows["hazard_ratio_low"] > 1).all()
    assert rows["hazard_ratio"].median() == pytest.approx(1.8, rel=0.15)


def test_causes_that_were_not_planted_seldom_pass_for_one():
    """At level .05 more than 3 of 6 would come up in one run of ten thousand."""
    assert clear(range(6), "late deliveries") <= 3
    assert clear(range(6), "incidents", late_ratio=1.8) <= 3


@pytest.mark.soak
@pytest.mark.parametrize(
    ("cause", "planted"),
    [("late deliveries", {"incident_ratio": 2.5}), ("incidents", {"late_ratio": 1.8})],
)
def test_an_unplanted_cause_in_200_companies(cause, planted):
    """The 99 % bound of an honest test at level .05: at most 18 of 200."""
    assert clear(range(200), cause, **planted) <= 18
