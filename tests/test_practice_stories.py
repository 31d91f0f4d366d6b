"""What is planted in a practice company is in its tables: stories, leavers, the programme's
effect.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kamlib.practice import STORIES, company

from .orderlines import of, only, window


def order_days(orders, account_id):
    """Days with positive net revenue."""
    days = of(orders, account_id).groupby("order_date")["revenue"].sum()
    return days[days > 0].index


def abc(orders, end):
    """The class of every account by the revenue of the twelve months to a day, in cents."""
    cents = (window(orders, end)["revenue"] * 100).round().astype("int64")
    sums = cents.groupby(orders["account_id"]).sum().sort_values(ascending=False)
    sums = sums[sums > 0]
    before = (sums.cumsum() - sums) / sums.sum()
    return pd.Series(np.select([before < 0.80, before < 0.95], ["A", "B"], "C"), index=sums.index)


# ── the stories ───────────────────────────────────────────────────────────────


def test_every_story_is_recorded(told):
    assert set(STORIES) <= set(told)


def test_whale(orders, told):
    row = only(told["whale"])
    last = window(orders, "2025-12-31")
    share = of(last, row["account_id"])["revenue"].sum() / last["revenue"].sum()
    assert share == pytest.approx(row["value"], abs=0.01)
    others = last.groupby("account_id")["revenue"].sum().drop(row["account_id"])
    assert of(last, row["account_id"])["revenue"].sum() > 1.5 * others.max()


@pytest.mark.parametrize("end", ["2025-09-30", "2025-12-31"])
def test_group_hides_its_size(meridian, orders, told, end):
    members = told["group"]["account_id"]
    parents = meridian.tables["accounts"].set_index("account_id")["parent_id"].reindex(members)
    assert parents.isna().sum() == 1 and len(set(parents.dropna())) == 1
    assert set(parents.dropna()) <= set(members)
    assert abc(orders, end).reindex(members).isin(["B", "C"]).all()
    revenue = window(orders, end).groupby("account_id")["revenue"].sum()
    together = revenue.reindex(members).sum()
    assert (revenue.drop(members) > together).sum() <= 2


def test_group_shares_are_those_of_the_truth(orders, told):
    last = window(orders, "2025-12-31")
    shares = last.groupby("account_id")["revenue"].sum() / last["revenue"].sum()
    recorded = told["group"].set_index("account_id")["value"]
    assert np.allclose(shares.reindex(recorded.index), recorded, atol=0.0005)


@pytest.mark.parametrize(
    "story", ["late_leaver", "overdue", "unseen_loss", "price_leaver", "incident_leaver"]
)
def test_planted_leavers_order_last_on_their_day(orders, told, story):
    row = only(told[story])
    assert of(orders, row["account_id"])["order_date"].max() == row["date"]
    assert order_days(orders, row["account_id"])[-1] == row["date"]


def test_late_leaver_left_after_three_late_deliveries(orders, told):
    row = only(told["late_leaver"])
    own = of(orders, row["account_id"]).query("revenue > 0").drop_duplicates("order_id").tail(4)
    late = (own["delivered_date"] > own["promised_date"]).tolist()
    assert late == [False, True, True, True]
    gaps = pd.Series(order_days(orders, row["account_id"])).diff().dt.days
    silence = (pd.Timestamp("2025-09-30") - row["date"]).days
    assert silence / gaps.median() > 2 and silence < 90, (
        "overdue, not yet lost, in the third quarter"
    )
    assert (pd.Timestamp("2025-12-31") - row["date"]).days >= max(90, 3 * gaps.median())


def test_overdue_at_the_data_end_only(orders, told):
    row = only(told["overdue"])
    days = pd.Series(order_days(orders, row["account_id"]))
    gap = days.diff().dt.days.median()
    assert (pd.Timestamp("2025-12-31") - row["date"]).days / gap > 2
    assert (pd.Timestamp("2025-12-31") - row["date"]).days < 90
    before = days[days <= pd.Timestamp("2025-09-30")].max()
    assert (pd.Timestamp("2025-09-30") - before).days <= 2 * gap


def test_forgotten_accounts_had_no_contact_since_june(meridian, told):
    for story in ("late_leaver", "overdue"):
        own = of(meridian.tables["interactions"], only(told[story])["account_id"])
        assert len(own) > 0 and own["date"].max() < pd.Timestamp("2025-07-01")


def test_losses_are_recorded_or_missed_as_planted(meridian, told):
    losses = meridian.tables["losses"]
    assert only(told["unseen_loss"])["account_id"] not in set(losses["account_id"])
    for story, reason in (
        ("price_leaver", "price"),
        ("incident_leaver", "quality down"),
        ("late_leaver", "missed deadlines"),
    ):
        row = only(told[story])
        recorded = of(losses, row["account_id"])
        assert recorded["reason"].tolist() == [reason]
        assert (recorded["lost_date"] > row["date"]).all()
    assert told["never"]["account_id"].isin(meridian.tables["orders"]["account_id"]).sum() == 0


def test_incident_leaver_had_its_incidents(meridian, told):
    row = only(told["incident_leaver"])
    own = of(meridian.tables["incidents"], row["account_id"])
    recent = own[
        (own["opened_date"] <= row["date"])
        & (own["opened_date"] > row["date"] - pd.Timedelta(90, "D"))
    ]
    assert (recent["kind"] == "quality").sum() >= 2 and (recent["kind"] == "conflict").sum() >= 1
    tiers = of(meridian.tables["tiers"], row["account_id"]).sort_values("start_date")
    assert tiers["tier"].tolist() == ["regular", "key", "former"]


def test_returned_and_false_alarm_are_silent_for_the_recorded_days(orders, told):
    for rows in (told["returned"], told["false_alarm"]):
        for row in rows.itertuples():
            days = order_days(orders, row.account_id)
            assert row.date in days
            assert (days[days > row.date][0] - row.date).days == row.value


def test_seasonal_buys_in_season_only(orders, told):
    days = order_days(orders, only(told["seasonal"])["account_id"])
    assert set(days.month) <= set(range(3, 9))
    assert set(days.year) == set(range(2020, 2026))


def test_newcomers(orders, told):
    assert len(told["newcomer"]) == 3
    for row in told["newcomer"].itertuples():
        assert (
            of(orders, row.account_id)["order_date"].min() == row.date > pd.Timestamp("2025-05-01")
        )


def test_promotable_regular_grows(meridian, orders, told):
    row = only(told["promotable"])
    years = of(orders, row["account_id"]).groupby(orders["order_date"].dt.year)["revenue"].sum()
    assert years.loc[2025] > 1.5 * years.loc[2023]
    assert "key" not in set(of(meridian.tables["tiers"], row["account_id"])["tier"])
    assert abc(orders, "2025-09-30")[row["account_id"]] == "A"


def test_shrinking_key_account(meridian, orders, told):
    row = only(told["shrinking"])
    years = of(orders, row["account_id"]).groupby(orders["order_date"].dt.year)["revenue"].sum()
    assert years.loc[2025] < 0.8 * years.loc[2023]
    assert of(meridian.tables["accounts"], row["account_id"])["tier"].item() == "key"


def test_steady(orders, told):
    row = only(told["steady"])
    own = of(orders, row["account_id"])
    quarters = (
        own[own["order_date"] >= "2024-01-01"].resample("QE", on="order_date")["revenue"].sum()
    )
    assert quarters.std() / quarters.mean() < 0.15
    gaps = pd.Series(order_days(orders, row["account_id"])).diff().dt.days
    assert gaps.median() == pytest.approx(row["value"], abs=1)


def test_neighbours_change_its_class(orders, told):
    row = only(told["neighbours"])
    months = (
        of(orders, row["account_id"])
        .groupby(orders["order_date"].dt.to_period("M"))["revenue"]
        .sum()
    )
    assert (months == row["value"]).all() and len(months) == 72
    before, after = (abc(orders, end)[row["account_id"]] for end in ("2025-06-30", "2025-09-30"))
    assert f"{before}→{after}" in row["note"] and before != after


def test_huge_order(orders, told):
    row = only(told["huge_order"])
    sums = (
        of(orders, row["account_id"])
        .query("revenue > 0")
        .groupby(["order_id", "order_date"])["revenue"]
        .sum()
    )
    assert sums.max() == pytest.approx(row["value"])
    assert sums.idxmax()[1] == row["date"]
    assert sums.max() > 15 * sums.median()


def test_payer_gets_slower(meridian, told):
    row = only(told["slow_payer"])
    own = of(meridian.tables["invoices"], row["account_id"]).dropna(subset="paid_date")
    late = (own["paid_date"] - own["due_date"]).dt.days.groupby(own["invoice_date"].dt.year).mean()
    assert late.is_monotonic_increasing
    assert late.iloc[0] < 15 and 30 < late.iloc[-1] < row["value"]


def test_one_manager_has_too_much(meridian, told):
    keys = meridian.tables["accounts"].query("tier == 'key'")["manager_id"].value_counts()
    assert keys.idxmax() == "M1" and keys["M1"] == only(told["overload"])["value"] > 3


def test_renewals_fall_due(meridian, told):
    for row in told["renewal"].itertuples():
        own = of(meridian.tables["agreements"], row.account_id)
        assert row.date in set(own["end_date"])
        assert (own.loc[own["end_date"] == row.date, "notice_days"] > 0).all()
    assert told["renewal"]["date"].between("2025-10-01", "2026-03-31").all()


def test_wallet_estimated_too_low(meridian, orders, told):
    row = only(told["bad_wallet"])
    bought = (
        of(window(orders, "2025-12-31"), row["account_id"]).query("revenue > 0")["revenue"].sum()
    )
    spend = of(meridian.tables["needs"], row["account_id"])["annual_spend"].sum()
    assert bought / spend == pytest.approx(row["value"], rel=0.05)


# ── leaving and the programme ─────────────────────────────────────────────────


def test_nobody_orders_after_leaving(orders, told):
    back = told["leaver_returned"].set_index("account_id")["date"]
    for row in told["leaver"].itertuples():
        days = of(orders, row.account_id)["order_date"]
        after = days[days > row.date]
        if row.account_id in back:
            assert after.min() == back[row.account_id]
        else:
            assert after.empty and days.max() == row.date


def test_late_orders_before_leaving_are_as_recorded(orders, told):
    once = orders[orders["revenue"] > 0].drop_duplicates("order_id")
    once = once[once["delivered_date"].isna() | (once["delivered_date"] > once["promised_date"])]
    checked = 0
    for row in told["leaver"].itertuples():
        last = pd.Timestamp(row.date).to_period("M")
        own = once[once["account_id"] == row.account_id]["promised_date"].dt.to_period("M")
        # the account decided in the month of its last order or, if it orders rarely, later
        counts = [((own <= last + k) & (own > last + k - 3)).sum() for k in range(6)]
        assert row.value in counts
        checked += row.value > 0
    assert checked >= 3


def test_more_leave_where_more_is_late():
    """Pooled over companies: the late orders before leaving are far above those of an average month
    when r = 3.
    """
    before = {ratio: [] for ratio in (1.0, 3.0)}
    for ratio, values in before.items():
        for seed in range(4):
            truth = company(
                seed, story="none", late_hazard_ratio=ratio, leavers=40, returns=0
            ).truth
            values += truth.loc[truth["story"] == "leaver", "value"].tolist()
    assert len(before[1.0]) > 100 and len(before[3.0]) > 100
    assert np.mean(before[3.0]) > 2.5 * np.mean(before[1.0])


def test_leavers_come_in_the_number_that_was_asked_for():
    counts = [
        (company(seed, story="none", leavers=30).truth["story"] == "leaver").sum()
        for seed in range(5)
    ]
    assert np.mean(counts) == pytest.approx(30, abs=7)
    assert not (company(1, story="none", leavers=0).truth["story"] == "leaver").any()


def test_programme_effect_is_exactly_what_is_recorded():
    """Two companies that differ in the effect only: same orders, and the margin of key accounts
    differs by it.
    """
    with_, without = (
        company(4, story="none", programme_effect=effect, leavers=0) for effect in (0.25, 0.0)
    )
    admitted = with_.truth[with_.truth["story"] == "admitted"].set_index("account_id")["date"]
    assert admitted.equals(
        without.truth[without.truth["story"] == "admitted"].set_index("account_id")["date"]
    )
    change = []
    for account_id, date in admitted.items():
        margins = []
        for frame in (with_.tables["orders"], without.tables["orders"]):
            own = of(frame, account_id).query("revenue > 0")
            margin = own["revenue"] - own["cost"]
            is_after = own["order_date"] >= date
            margins.append((margin[~is_after].sum(), margin[is_after].sum()))
        assert margins[0][0] == pytest.approx(margins[1][0], rel=1e-9), (
            "nothing changes before admission"
        )
        change.append(margins[0][1] / margins[1][1] - 1)
    assert np.mean(change) == pytest.approx(0.25, abs=0.01)
    added = with_.truth[with_.truth["story"] == "added_margin"]["value"].sum()
    assert (
        added > 0 and (without.truth[without.truth["story"] == "added_margin"]["value"] == 0).all()
    )


def test_admission_on_a_peak_selects_a_peak():
    gaps = {"steady": [], "peak": []}
    for kind, found in gaps.items():
        for seed in range(3):
            made = company(
                seed, story="none", leavers=0, programme_effect=0, admission=kind, waves=(1,)
            )
            orders = made.tables["orders"]
            years = orders.pivot_table(
                index="account_id",
                columns=orders["order_date"].dt.year,
                values="revenue",
                aggfunc="sum",
            )
            rise = np.log(years[2022] / years[[2020, 2021]].mean(axis=1))
            keys = made.truth[made.truth["story"] == "admitted"]["account_id"]
            found.append(rise.reindex(keys).mean() - rise.drop(keys).median())
    assert np.mean(gaps["peak"]) > np.mean(gaps["steady"]) + 0.15


def test_tiers_follow_each_other_without_a_gap(meridian):
    for _, spells in meridian.tables["tiers"].groupby("account_id"):
        spells = spells.sort_values("start_date")
        assert spells["end_date"].isna().tolist() == [False] * (len(spells) - 1) + [True]
        assert (
            spells["start_date"].iloc[1:].to_numpy() - spells["end_date"].iloc[:-1].to_numpy()
            == np.timedelta64(1, "D")
        ).all()
    latest = meridian.tables["tiers"].sort_values("start_date").groupby("account_id")["tier"].last()
    now = meridian.tables["accounts"].set_index("account_id")["tier"].reindex(latest.index)
    assert (now == latest).all()


def test_rhythm_is_what_the_truth_says():
    made = company(2, story="none", leavers=0, accounts=60)
    gaps = made.tables["orders"].query("revenue > 0").groupby("account_id")["order_date"].unique()
    truth = made.truth.pivot_table(
        index="account_id", columns="story", values="value", aggfunc="first"
    )
    often = [a for a in gaps.index if len(gaps[a]) > 60]
    mean = pd.Series(
        {a: np.diff(np.sort(gaps[a])).astype("timedelta64[D]").astype(float).mean() for a in often}
    )
    assert len(often) > 10
    assert (mean * truth["rhythm_rate"].reindex(often)).mean() == pytest.approx(1, abs=0.05)
