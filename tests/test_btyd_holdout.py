"""The model against what came, and against the simple rule."""

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kamlib import btyd
from kamlib.errors import KamError
from kamlib.plots.btyd import plot_alive, plot_calibration

matplotlib.use("Agg")
AS_OF = pd.Timestamp("2025-12-31")
START = pd.Timestamp("2022-01-01")


def company(n, *, k, seed, leaving=0.08, gap=30.0, days=1461):
    """Order days of accounts with Erlang-k gaps around one pace and a constant chance of leaving after each order."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        at = rng.uniform(0, days * 0.7)
        own = gap * rng.gamma(6, 1 / 6)
        while at < days:
            rows.append((f"A{i:04d}", START + pd.Timedelta(days=int(at)), float(rng.gamma(5, 20))))
            if rng.random() < leaving:
                break
            at += 1 + rng.gamma(k, own / k)
    return pd.DataFrame(rows, columns=["account_id", "date", "revenue"])


@pytest.fixture(scope="module")
def regular():
    return company(400, k=5, seed=3)


@pytest.mark.parametrize("by", ["frequency", "decile"])
def test_every_account_is_in_one_group(regular, by):
    held = btyd.buyer_holdout(regular, as_of=AS_OF, holdout_days=365)
    table = btyd.calibration(regular, as_of=AS_OF, by=by)
    assert table["accounts"].sum() == len(held)
    assert (table["accounts"] @ table["actual_orders"]) == pytest.approx(
        held["later_order_count"].sum()
    )
    assert table["holdout_days"].eq(365).all()
    assert (table["actual_low"] <= table["actual_orders"]).all()
    assert (table["actual_orders"] <= table["actual_high"]).all()
    if by == "decile":
        assert table["bin"].tolist() == [str(n) for n in range(1, 11)]
        assert table["accounts"].max() - table["accounts"].min() <= 1
        assert table["expected_orders"].is_monotonic_increasing


def test_a_true_model_is_right_in_most_groups(regular):
    table = btyd.calibration(regular, as_of=AS_OF)
    assert table["model"].str.match(r"MBG/CNBD-[3-6]").all()
    assert table["is_within"].mean() >= 0.75


def test_frequency_groups_end_with_seven_and_more(regular):
    held = btyd.buyer_holdout(regular, as_of=AS_OF, holdout_days=365)
    table = btyd.calibration(regular, as_of=AS_OF).set_index("bin")
    assert table.loc["7+", "accounts"] == held["frequency"].ge(7).sum()
    assert table.loc["0", "accounts"] == held["frequency"].eq(0).sum()


def test_where_nothing_came_the_interval_is_not_nothing():
    silent = company(60, k=1, seed=1, days=700)
    table = btyd.calibration(silent, as_of=AS_OF + pd.Timedelta(days=2000), holdout_days=300)
    assert table["actual_orders"].eq(0).all()
    assert (table["actual_high"] == 3 / table["accounts"])[table["accounts"] > 1].all()


def test_short_histories_hold_out_their_last_third():
    short = company(60, k=1, seed=1, days=300)
    as_of = START + pd.Timedelta(days=300)
    days = btyd.calibration(short, as_of=as_of)["holdout_days"].unique().tolist()
    assert days == [(as_of - short["date"].min()).days // 3]
    assert btyd.calibration(short, as_of=as_of, holdout_days=150)[
        "holdout_days"
    ].unique().tolist() == [150]


def test_the_model_is_preferred_only_where_it_is_better_beyond_chance(regular):
    table = btyd.model_verdict(regular, as_of=AS_OF)
    assert table["is_deciding"].tolist() == [True, False, False]
    assert table["difference"].tolist() == pytest.approx(
        (table["model_value"] - table["simple_value"]).tolist()
    )
    assert (table["difference_low"] <= table["difference"]).all()
    assert (table["difference"] <= table["difference_high"]).all()
    # the model wins where frequency matters; whether an account orders at all in a year silence tells as well
    assert table["preferred"].tolist() == ["simple rule", "model", "model"]
    assert table["reason"][0] == "No difference beyond chance: the simpler rule is preferred."
    assert table["difference_low"][0] < 0 < table["difference_high"][0]


def test_a_wrong_model_loses_to_the_simple_rule(regular):
    wrong = btyd.BuyerModel(
        "wrong", 1, True, r=1, alpha=100.0, a=9.0, b=1.0, n=400, status="converged"
    )
    table = btyd.model_verdict(regular, as_of=AS_OF, model=wrong)
    assert table["preferred"].tolist() == ["simple rule"] * 3
    assert (table["difference_low"] > 0).tolist()[:2] == [True, True]
    assert table["reason"].tolist()[:2] == ["The simple rule is better, and not by chance."] * 2


def test_scores_by_hand():
    """Twenty accounts with one order each, half of which come back: the rule learns from the others."""
    day = START + pd.Timedelta(days=50)
    first = [(f"A{i:02d}", START, 1.0) for i in range(20)]
    back = [(f"A{i:02d}", day, 1.0) for i in range(10)]
    orders = pd.DataFrame(first + back, columns=["account_id", "date", "revenue"])
    table = btyd.model_verdict(orders, as_of=day, holdout_days=30)
    came, not_came = (9 + 1) / (19 + 2), (10 + 1) / (19 + 2)
    assert table["simple_value"][0] == pytest.approx((10 * (1 - came) ** 2 + 10 * not_came**2) / 20)
    assert table["simple_value"][1] == pytest.approx(-(math.log(came) + math.log(1 - not_came)) / 2)
    assert table["simple_value"][2] == pytest.approx(0.5)
    assert table["model_value"].isna().all()
    assert table["preferred"].eq("simple rule").all()
    assert table["reason"].str.startswith("No model: 0 accounts ordered again").all()


def test_no_model_still_shows_what_came():
    table = btyd.calibration(company(12, k=1, seed=2), as_of=AS_OF)
    assert table["expected_orders"].isna().all() and table["is_within"].isna().all()
    assert table["reason"].str.contains("a model needs 20").all()


def test_empty_and_wrong_requests(regular):
    nothing = regular.head(0)
    for make in (btyd.calibration, btyd.model_verdict):
        empty, full = make(nothing, as_of=AS_OF), make(regular, as_of=AS_OF)
        assert len(empty) == 0 and empty.dtypes.to_dict() == full.dtypes.to_dict()
    with pytest.raises(KamError, match="decil"):
        btyd.calibration(regular, as_of=AS_OF, by="decil")
    with pytest.raises(KamError, match="at least one day"):
        btyd.model_verdict(regular, as_of=AS_OF, holdout_days=0)


def test_row_order_and_later_orders_change_nothing(regular):
    as_of = pd.Timestamp("2025-06-30")
    cut = regular[regular["date"] <= as_of].sample(frac=1, random_state=1)
    for make in (btyd.calibration, btyd.model_verdict):
        pd.testing.assert_frame_equal(make(cut, as_of=as_of), make(regular, as_of=as_of))


def said(ax):
    return ax.get_title(loc="left").replace("\n", " "), " ".join(
        t.get_text() for t in ax.texts
    ).replace("\n", " ")


def test_charts_say_what_the_tables_hold(regular):
    table = btyd.calibration(regular, as_of=AS_OF)
    finding, subtitle = said(plot_calibration(table))
    missed = int((~table["is_within"]).sum())
    assert (
        f"in {missed} of {table['is_within'].count()} groups" in finding
        if missed
        else "in all" in finding
    )
    assert "365 days" in subtitle
    summary = btyd.buyer_summary(regular, as_of=AS_OF)
    alive = btyd.alive_probability(summary, btyd.choose_model(btyd.fit_family(summary)))
    ax = plot_alive(alive, names={"A0001": "x" * 99}, most=20)
    finding, subtitle = said(ax)
    assert finding.startswith(f"{alive['alive_probability'].lt(0.5).sum()} of 400 accounts")
    doubted = alive["alive_probability"].between(0.01, 0.9)
    assert f"the 20 least likely of {doubted.sum()};" in subtitle
    assert f"not drawn: {alive['alive_probability'].lt(0.01).sum()} below 1 %" in subtitle
    assert len(ax.patches) == 20


@pytest.mark.parametrize(
    "expected, words",
    [
        ((1.0, 2.0), "was right within chance in both groups"),
        ((0.1, 2.0), "expected too few orders in 1 of 2 groups"),
        ((9.0, 9.0), "expected too many orders in 2 of 2 groups"),
        ((0.1, 9.0), "was off by more than chance in 2 of 2 groups"),
    ],
)
def test_the_chart_says_which_way_the_forecast_was_off(expected, words):
    table = pd.DataFrame(
        {
            "bin": ["0", "1"],
            "bin_by": "frequency",
            "accounts": 30,
            "actual_orders": [1.1, 2.1],
            "actual_low": [0.8, 1.8],
            "actual_high": [1.5, 2.5],
            "expected_orders": expected,
            "holdout_days": 90,
            "model": "M",
            "reason": "",
        }
    )
    inside = (
        table["expected_orders"]
        .between(table["actual_low"], table["actual_high"])
        .astype("boolean")
    )
    assert said(plot_calibration(table.assign(is_within=inside)))[0] == f"M {words}"


def test_charts_without_anything_to_draw_say_so(regular):
    nothing = regular.head(0)
    assert "cannot be checked" in said(plot_calibration(btyd.calibration(nothing, as_of=AS_OF)))[0]
    few = btyd.buyer_summary(company(5, k=1, seed=1), as_of=AS_OF)
    alive = btyd.alive_probability(few, btyd.fit_mbgnbd(few))
    assert "5 accounts with orders; a model needs 20" in said(plot_alive(alive))[1]
    unfit = btyd.calibration(company(12, k=1, seed=2), as_of=AS_OF)
    assert "a model needs 20" in said(plot_calibration(unfit))[0]
