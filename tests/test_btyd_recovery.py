"""Simulated buyers with a known truth: what was put in comes out, forecasts come true."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kamlib import btyd

TRUTH = {"r": 1.2, "alpha": 6.0, "a": 0.8, "b": 4.0}


def simulate(n, *, k, modified, weeks=80.0, later=40.0, seed=0, r=1.2, alpha=6.0, a=0.8, b=4.0):
    """Buyers told by the story, in unrounded days; alpha is per week, weeks vary by a quarter."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        end = weeks * rng.uniform(0.75, 1)
        rate, leaving = rng.gamma(r, 1 / alpha), rng.beta(a, b)
        times, first, following = [0.0], True, 0.0
        while True:
            if (modified or not first) and rng.random() < leaving:
                break
            first = False
            following = times[-1] + rng.gamma(k, 1 / rate)
            if following > end + later:
                break
            times.append(following)
        seen = np.array([t for t in times if t <= end])
        gaps = np.diff(seen) * 7
        rows.append(
            {
                "account_id": f"{i:05d}",
                "frequency": len(gaps),
                "span_days": seen[-1] * 7,
                "known_days": end * 7,
                "log_gap_sum": float(np.log(gaps).sum()),
                "later": len(times) - len(seen),
                "is_there": following > end or len(times) > len(seen),
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("k, modified", [(1, False), (1, True), (3, False), (3, True)])
def test_parameters_are_recovered_within_their_standard_errors(k, modified, seed):
    buyers = simulate(3000, k=k, modified=modified, seed=seed, alpha=6.0 / k)
    fit = btyd.fit_mbgcnbd if modified else btyd.fit_bgcnbd
    model = fit(buyers)
    assert model.converged, model.note_code
    assert model.k == k
    for name, true in (TRUTH | {"alpha": 6.0 / k}).items():
        found, error = getattr(model, name), getattr(model, f"{name}_se")
        assert 0 < error < found
        assert abs(found - true) < 3.5 * error, (name, found, error)


def test_standard_errors_have_the_size_of_the_spread():
    models = [btyd.fit_mbgnbd(simulate(600, k=1, modified=True, seed=seed)) for seed in range(40)]
    for name in ("r", "alpha"):
        spread = np.std([math.log(getattr(m, name)) for m in models])
        told = np.median([getattr(m, f"{name}_se") / getattr(m, name) for m in models])
        assert 0.6 < told / spread < 1.6, (name, told, spread)


@pytest.mark.parametrize("k", [2, 6])
def test_regularity_is_estimated_and_its_model_chosen(k):
    buyers = simulate(800, k=k, modified=True, seed=k, alpha=6.0 / k)
    chosen = btyd.buyer_model(btyd.buyer_models(buyers))
    assert chosen.is_modified
    assert abs(chosen.k - k) <= (k > 2)
    assert chosen.name == f"MBG/CNBD-{chosen.k}"


def test_random_buyers_are_not_called_regular():
    models = btyd.buyer_models(simulate(800, k=1, modified=True, seed=9))
    assert btyd.buyer_model(models).name == "MBG/NBD"
    plain, searched = models[1], models[3]
    assert (plain.k, searched.k) == (1, 1)
    assert searched.bic - plain.bic == pytest.approx(
        math.log(800)
    )  # looking for k is a parameter more


def test_the_unit_of_time_changes_nothing_but_alpha():
    buyers = simulate(500, k=2, modified=True, seed=5, alpha=3.0)
    weekly, daily = (btyd.fit_mbgcnbd(buyers, k=2, unit_days=unit) for unit in (7.0, 1.0))
    assert daily.alpha == pytest.approx(7 * weekly.alpha, rel=1e-3)
    assert (daily.r, daily.a, daily.b) == pytest.approx((weekly.r, weekly.a, weekly.b), rel=2e-3)
    both = [
        btyd.expected_orders(buyers, model, days=100)["expected_orders"]
        for model in (weekly, daily)
    ]
    np.testing.assert_allclose(*both, rtol=2e-3)


@pytest.mark.parametrize("k, modified", [(1, False), (2, True), (4, True)])
def test_forecasts_come_true_in_every_tenth(k, modified):
    buyers = simulate(6000, k=k, modified=modified, seed=21, alpha=6.0 / k)
    truth = TRUTH | {"alpha": 6.0 / k}
    model = btyd.BuyerModel("", k, modified, **truth, n=6000, status="converged")
    forecast = btyd.expected_orders(buyers, model, days=280)
    for measure, outcome in (
        ("expected_orders", buyers["later"]),
        ("order_probability", buyers["later"].gt(0)),
    ):
        ranked = forecast[measure].sort_values()
        tenth = (
            ranked.cumsum().mul(10).floordiv(ranked.sum() * 1.0001)
        )  # a tenth of all orders expected in each
        off = (outcome.astype(float) - forecast[measure]).groupby(tenth)
        z = off.mean() / (off.std() / np.sqrt(off.size()))
        assert z.abs().max() < 4, (measure, z.round(1).tolist())
        assert stats.chi2.sf((z**2).sum(), 10) > 1e-3, (measure, z.round(1).tolist())
    # an 80 % interval of whole numbers leaves out at most 10 % on each side
    assert (buyers["later"] > forecast["orders_high"]).mean() < 0.105
    assert (buyers["later"] < forecast["orders_low"]).mean() < 0.105


def test_alive_is_the_share_still_there():
    buyers = simulate(6000, k=3, modified=True, seed=4, alpha=2.0)
    model = btyd.BuyerModel("", 3, True, **(TRUTH | {"alpha": 2.0}), n=6000, status="converged")
    alive = btyd.alive_probability(buyers, model)["alive_probability"]
    came = buyers["later"].gt(0)
    assert alive[came].mean() > alive[~came].mean() + 0.3
    band = pd.cut(alive, [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0], include_lowest=True)
    off = (buyers["is_there"].astype(float) - alive).groupby(band, observed=True)
    z = off.mean() / (off.std() / np.sqrt(off.size()))
    assert len(z) == 6 and z.abs().max() < 4, z.round(1).tolist()


def one(frequency, recency, age):
    return pd.DataFrame(
        {
            "account_id": ["A"],
            "frequency": [frequency],
            "span_days": [recency],
            "known_days": [age],
        }
    )


def alive(summary, *, k=1, modified=True):
    model = btyd.BuyerModel("", k, modified, **TRUTH, n=99, status="converged")
    return btyd.alive_probability(summary, model)


@pytest.mark.parametrize("age", [0, 30, 3000])
def test_one_time_buyers(age):
    plain, modified = alive(one(0, 0, age), modified=False), alive(one(0, 0, age))
    assert plain["alive_probability"].tolist() == [1.0]
    assert plain["note_code"].tolist() == ["one_time"]
    assert modified["alive_probability"].iloc[0] < 1
    assert modified["note_code"].tolist() == [""]


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("modified", [False, True])
def test_silence_lowers_the_chance_and_more_orders_lower_it_faster(k, modified):
    silence = range(0, 700, 20)
    few, many = (
        [
            alive(one(x, 300, 300 + s), k=k, modified=modified)["alive_probability"].iloc[0]
            for s in silence
        ]
        for x in (4, 20)
    )
    assert (np.diff(few) < 0).all() and (np.diff(many) < 0).all()
    assert many[-1] < few[-1]


def test_regular_buyers_are_given_up_sooner():
    late = one(10, 300, 300 + 75)
    r, alpha = TRUTH["r"], TRUTH["alpha"]
    chances = []
    for k in (1, 6):
        model = btyd.BuyerModel(
            "", k, True, r, alpha / k, TRUTH["a"], TRUTH["b"], n=99, status="converged"
        )
        chances.append(btyd.alive_probability(late, model)["alive_probability"].iloc[0])
    assert chances[1] < chances[0] / 2
