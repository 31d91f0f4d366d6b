"""The likelihood against integration, its gradient against differences, extremes, small data."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import approx_fprime
from scipy.special import gammaln, hyp2f1, roots_jacobi, roots_legendre

from kamlib import btyd
from kamlib.btyd import models
from kamlib.btyd.forecast import at_least
from kamlib.btyd.likelihood import Histories, log_likelihood
from kamlib.errors import KamError
from kamlib.story import teller
from kamlib.story.btyd import NOTES

from . import examples

PARAMETERS = (0.8, 5.0, 1.3, 2.7)
BUYERS = {
    "none": ([], 9.0),
    "one": ([4.0], 30.0),
    "two": ([3.0, 5.0], 9.5),
    "five": ([1.0, 2.0, 2.0, 1.5, 3.0], 20.0),
}


def integrals(gaps, age, k, modified):
    """The density of a history in which the account stayed, and of one in which it left."""
    r, alpha, a, b = PARAMETERS
    silence, x, d = age - sum(gaps), len(gaps), int(modified)
    nodes, weights = roots_legendre(1000)
    u = (nodes + 1) / 2
    rate = u**4 / (1 - u)  # spreads the steep start and the long end over 0 … 1
    rate_weight = (
        weights
        / 2
        * (4 * u**3 * (1 - u) + u**4)
        / (1 - u) ** 2
        * stats.gamma.pdf(rate, r, scale=1 / alpha)
    )
    nodes, weights = roots_jacobi(60, b - 1, a - 1)
    p, p_weight = (nodes + 1) / 2, weights / weights.sum()  # p is beta(a, b)

    orders = np.prod([stats.gamma.pdf(gap, k, scale=1 / rate) for gap in gaps], axis=0)
    silent = stats.gamma.sf(silence, k, scale=1 / rate)
    stayed = (rate_weight @ (orders * silent)) * (p_weight @ (1 - p) ** (x + d))
    left = (
        (rate_weight @ (orders * np.ones_like(rate))) * (p_weight @ (p * (1 - p) ** (x + d - 1)))
        if x or d
        else 0.0
    )
    return stayed, left


def one(gaps, age, **options):
    value, _ = log_likelihood(
        np.log(PARAMETERS),
        Histories.of(np.array([len(gaps)]), np.array([sum(gaps)]), np.array([age])),
        **options,
    )
    k = options["k"]
    return value + (k - 1) * np.log(gaps).sum() - len(gaps) * gammaln(k)


@pytest.mark.parametrize("modified", [False, True], ids=["plain", "modified"])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("who", BUYERS)
def test_likelihood_and_alive_are_the_integrals(who, k, modified):
    gaps, age = BUYERS[who]
    stayed, left = integrals(gaps, age, k, modified)
    assert math.exp(one(gaps, age, k=k, modified=modified)) == pytest.approx(
        stayed + left, rel=1e-7
    )
    r, alpha, a, b = PARAMETERS
    model = btyd.BuyerModel("", k, modified, r, alpha, a, b, unit_days=1, n=9, status="converged")
    summary = pd.DataFrame(
        {
            "account_id": ["A"],
            "frequency": [len(gaps)],
            "span_days": [sum(gaps)],
            "known_days": [age],
        }
    )
    alive = btyd.alive_probability(summary, model)["alive_probability"].iloc[0]
    assert alive == pytest.approx(stayed / (stayed + left), rel=1e-7)


@pytest.mark.parametrize("modified", [False, True])
@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize(
    "parameters", [PARAMETERS, (0.05, 40.0, 0.02, 300.0), (30.0, 0.4, 8.0, 0.3)]
)
def test_gradient_is_that_of_finite_differences(parameters, k, modified):
    rng = np.random.default_rng(k)
    x = np.array([0, 0, 1, 2, 5, 40])
    recency = np.array([0, 0, 10.0, 7, 30, 51])
    histories = Histories.of(
        np.repeat(x, 2), np.repeat(recency, 2), np.repeat(recency + rng.uniform(0, 30, 6), 2)
    )
    at = np.log(parameters)
    _, gradient = log_likelihood(at, histories, k=k, modified=modified)
    numeric = approx_fprime(
        at, lambda p: log_likelihood(p, histories, k=k, modified=modified)[0], 1e-6
    )
    np.testing.assert_allclose(gradient, numeric, rtol=2e-4, atol=2e-4)


def test_equal_histories_are_counted_once():
    x, recency, age = np.array([2, 0, 2]), np.array([5.0, 0, 5]), np.array([9.0, 9, 9])
    histories = Histories.of(x, recency, age)
    assert histories.count.tolist() == [1, 2]
    whole, _ = log_likelihood(np.log(PARAMETERS), histories)
    parts = [
        log_likelihood(
            np.log(PARAMETERS), Histories.of(*(v[i : i + 1] for v in (x, recency, age)))
        )[0]
        for i in range(3)
    ]
    assert whole == pytest.approx(sum(parts))


@examples.cheap()
@given(
    x=st.integers(0, 500),
    age=st.floats(0, 5000),
    share=st.floats(0, 1),
    k=st.integers(1, 12),
    modified=st.booleans(),
    parameters=st.tuples(*[st.floats(-6, 6)] * 4),
)
def test_extremes_stay_finite(x, age, share, k, modified, parameters):
    recency = age * share if x else 0.0
    value, gradient = log_likelihood(
        np.array(parameters),
        Histories.of(np.array([x]), np.array([recency]), np.array([age])),
        k=k,
        modified=modified,
    )
    assert math.isfinite(value) and np.isfinite(gradient).all()
    r, alpha, a, b = np.exp(parameters)
    model = btyd.BuyerModel("", k, modified, r, alpha, a, b, unit_days=1, n=9, status="converged")
    summary = pd.DataFrame(
        {"account_id": ["A"], "frequency": [x], "span_days": [recency], "known_days": [age]}
    )
    forecast = btyd.expected_orders(summary, model, days=30).iloc[0]
    assert 0 <= forecast["model_probability"] <= 1
    assert 0 <= forecast["order_probability"] <= forecast["model_probability"] + 1e-12
    assert forecast["order_probability"] <= forecast["expected_orders"] + 1e-12
    assert forecast["orders_low"] <= forecast["orders_high"] <= 30


@pytest.mark.parametrize("modified", [False, True])
def test_forecast_is_the_published_closed_form_for_exponential_gaps(modified):
    r, alpha, a, b = PARAMETERS
    model = btyd.BuyerModel("", 1, modified, r, alpha, a, b, n=9, status="converged")
    summary = pd.DataFrame(
        {
            "account_id": list("ABCDE"),
            "frequency": [0, 0, 3, 12, 80],
            "span_days": [0, 0, 100, 300, 700],
            "known_days": [0, 210, 150, 301, 1000],
        }
    )
    table = btyd.expected_orders(summary, model, days=364)
    x, age, t, d = summary["frequency"], summary["known_days"] / 7, 364 / 7, int(modified)
    shrink = ((alpha + age) / (alpha + age + t)) ** (r + x)
    series = hyp2f1(r + x, b + x + d, a + b + x + d - 1, t / (alpha + age + t))
    closed = (a + b + x + d - 1) / (a - 1) * (1 - shrink * series) * table["model_probability"]
    np.testing.assert_allclose(table["expected_orders"], closed, rtol=1e-8)


def test_large_buyers_where_the_closed_form_overflows():
    model = btyd.BuyerModel("", 1, True, 0.5, 6.0, 0.9, 1.6, unit_days=1, n=9, status="converged")
    summary = pd.DataFrame(
        {"account_id": ["A"], "frequency": [500], "span_days": [4990], "known_days": [5000]}
    )
    row = btyd.expected_orders(summary, model, days=365).iloc[0]
    rate = (0.5 + 500) / (6 + 5000)
    # leaving costs about one order day in 557
    assert 0.90 * rate * 365 < row["expected_orders"] / row["model_probability"] < rate * 365
    assert row["orders_low"] < row["expected_orders"] < row["orders_high"]


def test_the_interval_holds_its_share():
    model = btyd.BuyerModel("", 3, True, 2.0, 2.0, 0.9, 9.0, unit_days=7, n=9, status="converged")
    buyers = pd.DataFrame(
        {
            "account_id": list("ABC"),
            "frequency": [0, 5, 60],
            "span_days": [0, 300, 690],
            "known_days": [90, 330, 700],
        }
    )
    table = btyd.expected_orders(buyers, model, days=365, interval_share=0.6)
    reach = np.zeros((400, 3))  # P(N ≥ m)
    reach[0] = 1
    for m, rows, chance in at_least(model, buyers[buyers.columns[1:]].to_numpy() / [1, 7, 7], 365):
        reach[m, rows] = chance
    np.testing.assert_allclose(reach[1:].sum(axis=0), table["expected_orders"])
    for row, (low, high) in enumerate(
        zip(table["orders_low"].astype(int), table["orders_high"].astype(int), strict=True)
    ):
        assert reach[low, row] > 0.8 >= reach[low + 1, row]
        assert reach[high, row] > 0.2 >= reach[high + 1, row]
    assert table["orders_low"].tolist()[2] > 0


def few(count, repeat=0):
    return pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(count)],
            "frequency": [2 if i < repeat else 0 for i in range(count)],
            "span_days": [40 if i < repeat else 0 for i in range(count)],
            "known_days": 100,
            "log_gap_sum": [2 * math.log(20) if i < repeat else 0 for i in range(count)],
            "mean_value": [float(i + 1) if i < repeat else math.nan for i in range(count)],
        }
    )


@pytest.mark.parametrize(
    "count, repeat, words", [(0, 0, "0 accounts"), (19, 19, "19 accounts"), (50, 3, "3 accounts")]
)
def test_small_data_say_so_and_the_tables_still_come(count, repeat, words):
    models = btyd.buyer_models(few(count, repeat))
    model = btyd.buyer_model(models)
    assert all(m.status == "too few" and not m.is_usable for m in models)
    assert math.isnan(model.r)
    for name in ("alive_probability", "expected_orders"):
        table = getattr(btyd, name)(few(count, repeat), model)
        assert len(table) == count
        assert table["model_probability"].isna().all()
        assert teller(name)(table)["note"].str.contains(words).all()
    choice = btyd.model_choice(models)
    assert choice["fit_status"].tolist() == ["too few"] * 4
    assert teller("model_choice")(choice)["note"].str.startswith(words).all()


def test_accounts_all_alike_are_at_a_limit_and_say_why():
    model = btyd.fit_mbgnbd(few(200, 200))
    assert model.status in ("at a limit", "not converged")
    assert model.note_code in NOTES
    assert not model.converged


def test_only_the_usable_are_chosen():
    good = btyd.BuyerModel(
        "BG/NBD", 1, False, 1, 1, 1, 1, log_likelihood=-900.0, n=99, status="converged"
    )
    broken = btyd.BuyerModel(
        "MBG/NBD", 1, True, log_likelihood=-100.0, n=99, status="not converged"
    )
    assert btyd.buyer_model([broken, good]) is good
    with pytest.raises(KamError, match="no buying model"):
        btyd.buyer_model([])


def test_the_modified_forms_come_first():
    def fitted(modified, value, status="converged"):
        return btyd.BuyerModel(
            "", 1, modified, 1, 1, 1, 1, log_likelihood=value, n=99, status=status
        )

    plain, modified = fitted(False, -400.0), fitted(True, -500.0)
    assert btyd.buyer_model([plain, modified]) is modified
    assert btyd.buyer_model([plain, modified], with_plain=True) is plain
    assert btyd.buyer_model([plain, fitted(True, -1.0, "not converged")]) is plain
    better = fitted(True, -450.0)
    assert btyd.buyer_model([modified, better, plain]) is better
    assert btyd.model_choice([modified, better, plain])["is_used"].tolist() == [
        False,
        True,
        False,
    ]


def test_accounts_that_never_leave_are_called_that():
    loyal = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(60)],
            "frequency": [5 + i for i in range(60)],
            "span_days": 355,
            "known_days": 360,
            "log_gap_sum": [(5 + i) * math.log(355 / (5 + i)) for i in range(60)],
        }
    )
    model = btyd.fit_mbgnbd(loyal)
    assert model.status == "at a limit" and model.is_usable
    assert model.note_code == "no_leaving"
    table = btyd.alive_probability(loyal, model)
    assert (table["alive_probability"] > 0.99).all()
    assert table["note_code"].eq(model.note_code).all()


def test_no_member_of_the_family_is_fitted_twice(monkeypatch):
    asked: list[tuple[int, bool]] = []
    real = models._fit

    def noted(summary, *, k, modified, unit_days):
        asked.append((k, modified))
        return real(summary, k=k, modified=modified, unit_days=unit_days)

    monkeypatch.setattr(models, "_fit", noted)
    rng = np.random.default_rng(2)
    days = pd.DataFrame({"account_id": rng.choice([f"A{n}" for n in range(40)], 400),
        "date": pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, 400), "D"),
        "revenue": 10.0})  # fmt: skip
    found = models.buyer_models(btyd.buyer_summary(days, as_of=pd.Timestamp("2025-12-31")))
    assert [one.name.rstrip("0123456789") for one in found] == [
        "BG/NBD", "MBG/NBD", "BG/CNBD-", "MBG/CNBD-",
    ]  # fmt: skip
    assert len(asked) == len(set(asked)) >= 4
