"""What was planted in the sample book is found, end to end: from its files through the calculations
of the notebooks.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import kamlib as kam
from kamlib.practice import activity, company, found_leavers, leaver_score

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    table = pd.read_csv(SAMPLE / "truth" / "truth.csv", dtype={"account_id": "str"})
    return table.assign(date=pd.to_datetime(table["date"]).astype("datetime64[us]"))


@pytest.fixture(scope="module")
def planted(truth):
    """Return a function: story → the accounts it was planted in."""
    return lambda story: truth.loc[truth["story"].eq(story), "account_id"].tolist()


@pytest.fixture(scope="module")
def third():
    return kam.open_period(SAMPLE, "2025-Q3")


@pytest.fixture(scope="module")
def fourth():
    return kam.open_period(SAMPLE, "2025-Q4")


def classes_and_keys(data):
    return data.account_classes, data.key_accounts


@pytest.fixture(scope="module")
def segmentation(third):
    return SimpleNamespace(
        classes=third.account_classes,
        keys=third.key_accounts,
        moves=third.class_moves,
        groups=third.rollup_changes,
        types=third.account_types,
    )


def retention_of(q):
    return SimpleNamespace(
        status=q.account_status.set_index("account_id"),
        spells=q.lost_spells,
        lost=q.lost_accounts,
        directions=q.loss_directions,
        quality=q.alarm_quality,
        causes=q.leaving_causes.set_index("cause"),
    )


@pytest.fixture(scope="module")
def retention(third, fourth):
    """Period → the tables of the retention report."""
    return {"2025-Q3": retention_of(third), "2025-Q4": retention_of(fourth)}


def test_the_files_tell_what_the_generator_made(fourth):
    """The engine's tables of the book are those of the company itself: damaged lines are set aside,
    no more.
    """
    made = activity(company(), as_of=fourth.as_of)
    there = fourth.account_days[["account_id", "date", "revenue", "cost"]]
    pd.testing.assert_frame_equal(there, made.account_days, check_dtype=False)
    due = fourth.deliveries.groupby(["account_id", "month"], as_index=False)[
        ["due_count", "late_count"]
    ].sum()
    pd.testing.assert_frame_equal(due, made.deliveries, check_dtype=False)


# ── segmentation ──────────────────────────────────────────────────────────────


def test_the_whale_is_first_and_a_breadwinner(segmentation, planted):
    assert segmentation.classes["account_id"].iloc[:1].tolist() == planted("whale")
    types = segmentation.types
    assert planted("whale")[0] in set(types.loc[types["type"].eq("breadwinner"), "account_id"])


def test_the_hidden_group_is_uncovered_by_rolling_up(segmentation, third, planted):
    members = planted("group")
    alone = segmentation.classes.set_index("account_id").loc[members]
    assert set(alone["abc_revenue"]) <= {"B", "C"}
    top = segmentation.groups.sort_values("rank_gain").iloc[-1]
    of_group = third.accounts["group_id"].eq(top["group_id"])
    assert sorted(third.accounts.loc[of_group, "account_id"]) == sorted(members)
    assert top["abc_group"] == "A" and top["rank_gain"] >= 10


def test_the_account_that_never_changed_moved_by_its_neighbours_alone(segmentation, planted):
    row = segmentation.moves.set_index("account_id").loc[planted("neighbours")[0]]
    assert row["move_kind"] == "move" and row["abc_then"] != row["abc_now"]
    assert row["cause"] == "neighbours" and row["own_effect_share"] == 0


def test_the_seasonal_buyer_is_calm_once_its_season_is_taken_out(segmentation, planted):
    row = segmentation.classes.set_index("account_id").loc[planted("seasonal")[0]]
    assert row["cv"] > 0.9
    assert row["cv_seasonally_adjusted"] < 0.5 * row["cv"]


# ── scoring ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def decisions(third):
    return third.tier_decisions.set_index("account_id")


def test_the_promotable_regular_is_proposed_for_promotion(decisions, planted):
    (account,) = planted("promotable")
    assert decisions.loc[account, "proposal"] == "promote"
    assert decisions.loc[account, "recorded_decision"] == "watch", "the steering group still waits"
    assert decisions.loc[account, "is_overridden"]


def test_the_shrinking_key_account_does_not_pass_without_a_word(decisions, planted):
    row = decisions.loc[planted("shrinking")[0]]
    assert row["proposal"] == "review"


# ── retention ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("period", ["2025-Q3", "2025-Q4"])
def test_leavers_are_caught_early_and_the_false_alarms_stand_beside(retention, truth, period):
    found, as_of = retention[period], pd.Period(period).end_time.normalize()
    score = leaver_score(truth, found.spells, found.quality, as_of=as_of).iloc[0]
    print(f"\nsample book, {period}\n{score.to_string(float_format='{:.3f}'.format)}")
    assert score["planted_count"] >= 20
    assert score["caught_share"] >= 0.9
    assert score["lead_days"] >= 200
    assert 0 < score["false_alarm_low"] < score["false_alarm_rate"] < score["false_alarm_high"] < 1
    known = found_leavers(truth, found.spells, as_of=as_of)
    assert len(known) > known["is_known"].sum(), (
        "those silent for less than a year are listed, not counted"
    )


@pytest.mark.parametrize("period", ["2025-Q3", "2025-Q4"])
def test_late_deliveries_come_out_as_the_cause(retention, truth, period):
    row = retention[period].causes.loc["late deliveries"]
    ratio = truth.loc[truth["story"].eq("late_hazard_ratio"), "value"].item()
    print(f"\nsample book, {period}: planted {ratio}, found {row['hazard_ratio']:.2f}", end=" ")
    print(f"({row['hazard_ratio_low']:.2f}–{row['hazard_ratio_high']:.2f})")
    assert 1 < row["hazard_ratio_low"] < ratio < row["hazard_ratio_high"]


def test_the_key_account_with_late_deliveries_is_overdue_first_and_lost_then(retention, planted):
    (kettle,) = planted("late_leaver")
    assert retention["2025-Q3"].status.loc[kettle, ["name", "status"]].tolist() == [
        "Kettle & Sons",
        "overdue",
    ]
    assert retention["2025-Q4"].status.loc[kettle, "status"] == "lost"


def test_the_loss_that_nobody_saw_is_detected_and_marked_so(retention, planted):
    (account,) = planted("unseen_loss")
    for found in retention.values():
        row = found.lost.set_index("account_id").loc[account]
        assert (
            row["seen"] == "detected only"
            and pd.isna(row["reason"])
            and pd.isna(row["return_date"])
        )
        seen = found.directions.query("dimension == 'seen'").set_index("group")
        assert seen.loc["detected only", "revenue_lost"] >= row["revenue_lost"] > 0


@pytest.mark.parametrize("story", ["price_leaver", "incident_leaver"])
def test_losses_with_a_reason_are_recorded_and_detected(retention, planted, truth, story):
    reason = {"price_leaver": "price", "incident_leaver": "quality down"}[story]
    row = retention["2025-Q3"].lost.set_index("account_id").loc[planted(story)[0]]
    assert row["seen"] == "recorded and detected" and row["reason"] == reason
    assert row["last_order_date"] == truth.loc[truth["story"].eq(story), "date"].item()


def test_a_pause_is_not_a_loss_and_a_return_is_told(retention, planted, truth):
    (paused,) = planted("false_alarm")
    assert retention["2025-Q4"].status.loc[paused, "status"] == "active"
    back = truth[truth["story"].eq("returned")].sort_values("date").iloc[-1]
    assert retention["2025-Q4"].status.loc[back["account_id"], "is_returned"]


# ── money, people, programme ──────────────────────────────────────────────────


def test_the_slow_payer_pays_ever_later(third, planted):
    owed = kam.money_owed(third.invoices, as_of=third.as_of).set_index("account_id")
    row = owed.loc[planted("slow_payer")[0]]
    assert row["trend"] == "later" and row["trend_low_days"] > 0


def test_the_wallet_that_was_estimated_too_low_is_flagged(third, fourth, planted):
    (account,) = planted("bad_wallet")
    for data in (third, fourth):
        table = data.account(account).wallet
        known = table[table["annual_spend"].gt(0)]
        assert known["is_bad_estimate"].mean() > 0.5
        assert known["revenue"].sum() > known["annual_spend"].sum()
        assert known.loc[known["is_bad_estimate"], "held_by_others"].isna().all()


def test_the_overloaded_manager_stands_out_in_hours(third):
    work = third.workload
    first = work.iloc[0]
    assert first["manager_name"] == "Ines Costa"
    assert first["is_over_hours"] and first["is_count_outside"]
    assert not work.iloc[1:]["is_over_hours"].any()


def test_a_prospect_is_worth_a_key_account_manager(third):
    owner = third.prospect_ranking.set_index("prospect_id")["proposed_owner"]
    assert owner["L005"] == "key account manager"
    assert 1 <= owner.eq("key account manager").sum() <= 3
