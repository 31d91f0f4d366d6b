"""The model against what came, and against the simple rule."""

import inspect
import math
import re
from importlib import import_module
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from kamlib import btyd
from kamlib.errors import KamError
from kamlib.plots.btyd import plot_alive, plot_calibration
from kamlib.story import btyd as say
from kamlib.story import teller
from kamlib.story.btyd import NOTES

matplotlib.use("Agg")
AS_OF = pd.Timestamp("2025-12-31")
START = pd.Timestamp("2022-01-01")


def company(n, *, k, seed, leaving=0.08, gap=30.0, days=1461):
    """Accounts with Erlang-k gaps around one pace and one chance of leaving after each order."""
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


def checked(days, *, as_of=AS_OF, holdout_days=None, model=None, **options):
    """The calibration of a model fitted before the hold-out, or of the one given."""
    held = btyd.buyer_holdout(days, as_of=as_of, holdout_days=holdout_days)
    return btyd.calibration(held, model or btyd.holdout_model(held), **options)


def judged(days, *, as_of=AS_OF, holdout_days=None, model=None, **options):
    """The verdict on such a model."""
    held = btyd.buyer_holdout(days, as_of=as_of, holdout_days=holdout_days)
    return btyd.model_verdict(days, held, model or btyd.holdout_model(held), as_of=as_of, **options)


def notes(name, table):
    return teller(name)(table)["note"].tolist()


@pytest.fixture(scope="module")
def regular():
    return company(400, k=5, seed=3)


@pytest.mark.parametrize("by", ["frequency", "decile"])
def test_every_account_is_in_one_group(regular, by):
    held = btyd.buyer_holdout(regular, as_of=AS_OF, holdout_days=365)
    table = checked(regular, as_of=AS_OF, by=by)
    assert table["account_count"].sum() == len(held)
    assert (table["account_count"] @ table["actual_orders"]) == pytest.approx(
        held["later_order_count"].sum()
    )
    assert table["holdout_days"].eq(365).all()
    assert (table["actual_low"] <= table["actual_orders"]).all()
    assert (table["actual_orders"] <= table["actual_high"]).all()
    if by == "decile":
        assert table["bin"].tolist() == [str(n) for n in range(1, 11)]
        assert table["account_count"].max() - table["account_count"].min() <= 1
        assert table["expected_orders"].is_monotonic_increasing


def test_a_true_model_is_right_in_most_groups(regular):
    table = checked(regular, as_of=AS_OF)
    assert table["model"].str.match(r"MBG/CNBD-[3-6]").all()
    assert table["is_within"].mean() >= 0.75


def test_frequency_groups_end_with_seven_and_more(regular):
    held = btyd.buyer_holdout(regular, as_of=AS_OF, holdout_days=365)
    table = checked(regular, as_of=AS_OF).set_index("bin")
    assert table.loc["7+", "account_count"] == held["frequency"].ge(7).sum()
    assert table.loc["0", "account_count"] == held["frequency"].eq(0).sum()


def test_where_nothing_came_the_interval_is_not_nothing():
    silent = company(60, k=1, seed=1, days=700)
    table = checked(silent, as_of=AS_OF + pd.Timedelta(days=2000), holdout_days=300)
    assert table["actual_orders"].eq(0).all()
    assert (table["actual_high"] == 3 / table["account_count"])[table["account_count"] > 1].all()


def test_short_histories_hold_out_their_last_third():
    short = company(60, k=1, seed=1, days=300)
    as_of = START + pd.Timedelta(days=300)
    days = checked(short, as_of=as_of)["holdout_days"].unique().tolist()
    assert days == [(as_of - short["date"].min()).days // 3]
    assert checked(short, as_of=as_of, holdout_days=150)["holdout_days"].unique().tolist() == [150]


def test_the_model_is_preferred_only_where_it_is_better_beyond_chance(regular):
    table = judged(regular, as_of=AS_OF)
    assert table["is_deciding"].tolist() == [True, False, False]
    assert table["difference"].tolist() == pytest.approx(
        (table["model_value"] - table["simple_value"]).tolist()
    )
    assert (table["difference_low"] <= table["difference"]).all()
    assert (table["difference"] <= table["difference_high"]).all()
    # the model wins where frequency matters; whether one orders at all, silence tells as well
    assert table["preferred"].tolist() == ["simple rule", "model", "model"]
    assert notes("model_verdict", table)[0] == NOTES["no_difference"]
    assert table["difference_low"][0] < 0 < table["difference_high"][0]


def test_a_wrong_model_loses_to_the_simple_rule(regular):
    wrong = btyd.BuyerModel(
        "wrong", 1, True, r=1, alpha=100.0, a=9.0, b=1.0, n=400, status="converged"
    )
    table = judged(regular, as_of=AS_OF, model=wrong)
    assert table["preferred"].tolist() == ["simple rule"] * 3
    assert (table["difference_low"] > 0).tolist()[:2] == [True, True]
    assert table["note_code"].tolist()[:2] == ["rule_better"] * 2


def test_scores_by_hand():
    """Twenty accounts with one order, half of which come back: the rule learns from the others."""
    day = START + pd.Timedelta(days=50)
    first = [(f"A{i:02d}", START, 1.0) for i in range(20)]
    back = [(f"A{i:02d}", day, 1.0) for i in range(10)]
    orders = pd.DataFrame(first + back, columns=["account_id", "date", "revenue"])
    table = judged(orders, as_of=day, holdout_days=30)
    came, not_came = (9 + 1) / (19 + 2), (10 + 1) / (19 + 2)
    assert table["simple_value"][0] == pytest.approx((10 * (1 - came) ** 2 + 10 * not_came**2) / 20)
    assert table["simple_value"][1] == pytest.approx(-(math.log(came) + math.log(1 - not_came)) / 2)
    assert table["simple_value"][2] == pytest.approx(0.5)
    assert table["model_value"].isna().all()
    assert table["preferred"].eq("simple rule").all()
    note = "No model: 0 accounts ordered again; a model needs 10."
    assert notes("model_verdict", table) == [note] * 3


def test_no_model_still_shows_what_came():
    table = checked(company(12, k=1, seed=2), as_of=AS_OF)
    assert table["expected_orders"].isna().all() and table["is_within"].isna().all()
    assert all("a model needs 20" in note for note in notes("calibration", table))


def test_empty_and_wrong_requests(regular):
    nothing = regular.head(0)
    for make in (checked, judged):
        empty, full = make(nothing, as_of=AS_OF), make(regular, as_of=AS_OF)
        assert len(empty) == 0 and empty.dtypes.to_dict() == full.dtypes.to_dict()
    with pytest.raises(KamError, match="decil"):
        checked(regular, as_of=AS_OF, by="decil")
    with pytest.raises(KamError, match="at least one day"):
        judged(regular, as_of=AS_OF, holdout_days=0)


def test_row_order_and_later_orders_change_nothing(regular):
    as_of = pd.Timestamp("2025-06-30")
    cut = regular[regular["date"] <= as_of].sample(frac=1, random_state=1)
    for make in (checked, judged):
        pd.testing.assert_frame_equal(make(cut, as_of=as_of), make(regular, as_of=as_of))


def drawn(plot, say, table, **options):
    """The chart as a page draws it: what stands over it, and the axes."""
    over = say(table, **options)
    ax = plot(table, title=over.title, subtitle=over.subtitle, **options)
    assert ax.get_title(loc="left").replace("\n", " ") == over.title
    return over, ax


def test_charts_say_what_the_tables_hold(regular):
    table = checked(regular)
    over, _ = drawn(plot_calibration, say.chart_calibration, table)
    missed = int((~table["is_within"]).sum())
    assert (
        f"in {missed} of {table['is_within'].count()} groups" in over.title
        if missed
        else "in all" in over.title
    )
    assert "365 days" in over.subtitle
    summary = btyd.buyer_summary(regular, as_of=AS_OF)
    alive = btyd.alive_probability(summary, btyd.buyer_model(btyd.buyer_models(summary)))
    over, ax = drawn(plot_alive, say.chart_alive, alive, most=20)
    assert over.title.startswith(f"{alive['alive_probability'].lt(0.5).sum()} of 400 accounts")
    doubted = alive["alive_probability"].between(0.01, 0.9)
    assert f"the 20 least likely of {doubted.sum()};" in over.subtitle
    gone = alive["alive_probability"].lt(0.01).sum()
    assert f"not drawn: {gone} below 1 %" in over.subtitle
    assert len(ax.patches) == 20


def test_the_table_of_those_who_may_be_gone_says_how_to_read_it(regular):
    summary = btyd.buyer_summary(regular, as_of=AS_OF)
    model = btyd.BuyerModel(
        "M",
        1,
        False,
        r=1,
        alpha=4.0,
        a=0.4,
        b=2.0,
        n=400,
        status="at a limit",
        note_code="pace_alike",
    )
    over = say.table_alive_probability(btyd.alive_probability(summary, model))
    assert over.title == "Probability of still being there, the largest doubt first"
    assert over.subtitle.startswith("The share of the accounts judged alike on past days")
    assert over.subtitle.endswith(NOTES["pace_alike"])  # not what is said of one-time buyers
    few = btyd.buyer_summary(company(5, k=1, seed=1), as_of=AS_OF)
    unknown = btyd.alive_probability(few, btyd.fit_mbgnbd(few))
    assert say.table_alive_probability(unknown).title.startswith("No account is probably gone, or")


@pytest.mark.parametrize(
    "preferred, words",
    [("model", "Go by these probabilities"), ("simple rule", "Go by the status"), ("", "too few")],
)
def test_the_verdict_is_a_sentence(preferred, words):
    verdict = pd.DataFrame({"is_deciding": [True, False], "preferred": [preferred, "model"]})
    assert words in say.note_model_verdict(verdict if preferred else verdict.head(0))


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
            "account_count": 30,
            "actual_orders": [1.1, 2.1],
            "actual_low": [0.8, 1.8],
            "actual_high": [1.5, 2.5],
            "expected_orders": expected,
            "holdout_days": 90,
            "model": "M",
        }
    )
    inside = (
        table["expected_orders"]
        .between(table["actual_low"], table["actual_high"])
        .astype("boolean")
    )
    assert say.chart_calibration(table.assign(is_within=inside)).title == f"M {words}"


def test_charts_without_anything_to_draw_say_so(regular):
    over, _ = drawn(plot_calibration, say.chart_calibration, checked(regular.head(0)))
    assert "cannot be checked" in over.title
    few = btyd.buyer_summary(company(5, k=1, seed=1), as_of=AS_OF)
    alive = btyd.alive_probability(few, btyd.fit_mbgnbd(few))
    over, _ = drawn(plot_alive, say.chart_alive, alive)
    assert over.subtitle == "5 accounts with orders; a model needs 20."
    unfit = checked(company(12, k=1, seed=2))
    assert "a model needs 20" in drawn(plot_calibration, say.chart_calibration, unfit)[0].title


def test_every_remark_that_a_table_can_hold_is_a_sentence():
    """Codes of the analysis are keys of the story: none is left without words."""
    found = set()
    modules = "likelihood models forecast spend verdict pareto renewals alive value"
    for module in modules.split():
        text = Path(inspect.getfile(import_module(f"kamlib.btyd.{module}"))).read_text("utf-8")
        found |= {code for code in NOTES if re.search(rf"\b{code}\b", text)}
    assert found == set(NOTES)
