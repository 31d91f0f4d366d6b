"""Pareto/NBD: its integral, its slopes, and what it says at the edges."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1

from kamlib import btyd
from kamlib.btyd.likelihood import Histories
from kamlib.btyd.pareto import pareto_likelihood

MODEL = btyd.ParetoModel(r=0.553, alpha=10.578, s=0.606, beta=11.669, n=2357, status="converged")


def buyers(*rows):
    table = pd.DataFrame(rows, columns=["frequency", "span_days", "known_days"])
    return table.assign(account_id=[str(i) for i in range(len(rows))])


@pytest.mark.parametrize(
    "history", [(0, 0.0, 38.86), (2, 30.43, 38.86), (29, 37.0, 38.0), (400, 200.0, 220.0)]
)
@pytest.mark.parametrize("at", [(0.553, 10.578, 0.606, 11.669), (2.0, 3.0, 0.3, 80.0)])
def test_likelihood_is_the_integral(history, at):
    (x, t, age), (r, alpha, s, beta) = history, at
    n = r + x

    def left(day):  # against having left at age T, so that no power runs out of digits
        log = n * math.log((alpha + age) / (alpha + day))
        return math.exp(log + s * math.log(beta + age) - (s + 1) * math.log(beta + day))

    gone = s * quad(left, t, age, limit=200)[0]
    size = math.lgamma(n) - math.lgamma(r) + r * math.log(alpha) + s * math.log(beta)
    known = size - n * math.log(alpha + age) - s * math.log(beta + age) + math.log1p(gone)
    value, _ = pareto_likelihood(
        np.log(at), Histories.of(np.array([float(x)]), np.array([t]), np.array([age]))
    )
    assert value == pytest.approx(known, rel=1e-9)


def test_likelihood_in_the_published_form():
    # P. Fader and B. Hardie (2005), A note on deriving the Pareto/NBD model, with alpha >= beta
    r, alpha, s, beta, x, t, age = 0.6, 12.0, 0.7, 9.0, 3.0, 20.0, 39.0

    def part(day):
        z = (alpha - beta) / (alpha + day)
        return hyp2f1(r + s + x, s + 1, r + s + x + 1, z) / (alpha + day) ** (r + s + x)

    bracket = (alpha + age) ** -(r + x) * (beta + age) ** -s + s / (r + s + x) * (
        part(t) - part(age)
    )
    known = math.gamma(r + x) / math.gamma(r) * alpha**r * beta**s * bracket
    value, _ = pareto_likelihood(
        np.log([r, alpha, s, beta]), Histories.of(*(np.array([v]) for v in (x, t, age)))
    )
    assert math.exp(value) == pytest.approx(known, rel=1e-9)


def test_slopes_of_the_likelihood():
    x, t, age = np.array([0.0, 3.0, 40.0]), np.array([0.0, 20.0, 190.0]), np.array([39.0, 39, 200])
    histories, at, step = Histories.of(x, t, age), np.log([0.6, 9.0, 0.7, 8.0]), 1e-5
    _, slopes = pareto_likelihood(at, histories)
    for j, move in enumerate(np.eye(4) * step):
        rise, _ = pareto_likelihood(at + move, histories)
        fall, _ = pareto_likelihood(at - move, histories)
        assert slopes[j] == pytest.approx((rise - fall) / (2 * step), rel=1e-5)


def test_an_order_of_today_is_there_and_silence_lowers_it():
    told = btyd.pareto_forecast(buyers((9, 270, 270), (9, 200, 270), (9, 100, 270)), MODEL)
    alive = told["alive_probability"].tolist()
    assert alive[0] == 1.0 and alive[0] > alive[1] > alive[2] > 0


def test_expected_orders_grow_with_the_horizon_as_their_rate():
    one = buyers((2, 213, 272))
    day, year = (btyd.pareto_forecast(one, MODEL, days=d) for d in (1, 365))
    pace = (0.553 + 2) / (10.578 + 272 / 7) / 7  # orders a day while it stays
    alive = day["alive_probability"].item()
    assert day["expected_orders"].item() == pytest.approx(alive * pace, rel=0.01)
    assert 0 < year["expected_orders"].item() < 365 * alive * pace


def test_recovers_its_truth():
    rng = np.random.default_rng(5)
    rows, age = [], 150.0
    for rate, leaving in zip(
        rng.gamma(2.0, 1 / 8.0, 3000), rng.gamma(0.8, 1 / 60.0, 3000), strict=True
    ):
        stay = min(age, rng.exponential(1 / leaving))
        times = np.sort(rng.uniform(0, stay, rng.poisson(rate * stay)))
        rows.append((len(times), 7 * times[-1] if len(times) else 0.0, 7 * age))
    model = btyd.pareto_model(buyers(*rows))
    assert model.converged
    assert model.r / model.alpha == pytest.approx(0.25, rel=0.05)
    assert model.s / model.beta == pytest.approx(0.8 / 60, rel=0.25)


def test_few_accounts_have_no_model():
    assert btyd.pareto_model(buyers((1, 7, 14))).note_code == "few_accounts"


def test_it_stands_beside_the_models_and_is_not_used():
    q_models = [btyd.BuyerModel("MBG/NBD", 1, True, n=30, status="converged")]
    told = btyd.model_choice(q_models, MODEL)
    assert told[["model", "is_used"]].values.tolist() == [["MBG/NBD", True], ["Pareto/NBD", False]]
    assert told["s"].iloc[1] == 0.606 and math.isnan(told["s"].iloc[0])
