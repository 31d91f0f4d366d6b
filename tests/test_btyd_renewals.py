"""Contracts that are renewed or given up: published figures, and two renewals by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from kamlib import btyd
from kamlib.btyd.renewals import renewal_likelihood
from kamlib.story.btyd import tell_renewal_rates
from kamlib.tables import typed

# P. Fader and B. Hardie (2007), How to project customer retention, Journal of Interactive
# Marketing 21(1), table 1, years 0 to 7: survivors of 1,000 and the fitted parameters
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def lives(survivors):
    left = -np.diff(survivors)
    return pd.DataFrame(
        {
            "renewal_count": np.repeat(np.arange(8), [*left, survivors[-1]]),
            "is_ended": np.repeat([True, False], [left.sum(), survivors[-1]]),
        }
    )


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta"), [(HIGH_END, 0.668, 3.806), (REGULAR, 0.704, 1.182)]
)
def test_published_parameters(survivors, alpha, beta):
    model = btyd.renewal_model(lives(survivors))
    assert model.converged
    assert (model.alpha, model.beta) == pytest.approx((alpha, beta), abs=0.001)


def test_shares_renewed_rise_and_come_out_as_seen():
    rates = btyd.renewal_rates(lives(REGULAR), btyd.renewal_model(lives(REGULAR)))
    assert rates["renewal_number"].tolist() == [*range(1, 9)]
    assert rates["decided_contract_count"].tolist()[:2] == [1000, 631]
    assert rates["renewed_share"].iloc[0] == 0.631
    assert rates["renewal_rule"].eq("sBG").all()
    # (beta + t - 1)/(alpha + beta + t - 1)
    assert rates["renewal_chance"].iloc[0] == pytest.approx(1.182 / 1.886, abs=0.001)
    assert rates["renewal_chance"].iloc[7] == pytest.approx(8.182 / 8.886, abs=0.001)


def test_one_rate_stays_where_contracts_do_not_differ():
    kept = [1000, 800, 640, 512, 410, 328, 262, 210]
    model = btyd.renewal_model(lives(kept))
    rates = btyd.renewal_rates(lives(kept), model)
    assert not model.is_better
    assert rates["renewal_chance"].to_numpy() == pytest.approx(np.full(8, 0.8), abs=0.001)


def test_slopes_of_the_likelihood():
    kept, ended = np.array([0.0, 2.0, 5.0]), np.array([True, False, True])
    at, step = np.log([0.7, 2.5]), 1e-6
    _, slopes = renewal_likelihood(at, kept, ended)
    for j, move in enumerate(np.eye(2) * step):
        rise = renewal_likelihood(at + move, kept, ended)[0]
        fall = renewal_likelihood(at - move, kept, ended)[0]
        assert slopes[j] == pytest.approx((rise - fall) / (2 * step), rel=1e-6)


def agreements(*rows):
    table = pd.DataFrame(rows, columns=["agreement_id", "account_id", "start_date", "end_date"])
    dates = {name: pd.to_datetime(table[name]) for name in ("start_date", "end_date")}
    return typed(table.assign(**dates), "agreements")


def test_a_contract_is_a_chain_of_years():
    own = agreements(
        ("1", "A", "2022-01-01", "2022-12-31"),
        ("2", "A", "2023-02-01", "2024-01-31"),  # a month later: renewed
        ("3", "A", "2024-09-01", "2025-08-31"),  # after 214 days: a new contract, not decided yet
        ("4", "B", "2022-01-01", "2024-12-31"),  # three years: not yearly
        ("5", "C", "2024-05-01", "2025-04-30"),  # 153 days ago: ended
        ("6", "C", "2025-10-01", "2026-09-30"),  # begins after the as-of day: not known
    )
    found = btyd.contract_lives(own, as_of=pd.Timestamp("2025-09-30"))
    assert found[["account_id", "renewal_count", "is_ended"]].values.tolist() == [
        ["A", 1, True],
        ["A", 0, False],
        ["C", 0, True],
    ]


def test_few_contracts_have_no_model_and_no_chance():
    few = pd.DataFrame({"renewal_count": [1, 0], "is_ended": [False, True]})
    model = btyd.renewal_model(few)
    rates = btyd.renewal_rates(few, model)
    assert model.status == "too few" and model.renewed_share == 0.5
    assert rates["renewed_contract_count"].tolist() == [1, 0]
    assert rates["renewal_chance"].isna().all()
    assert tell_renewal_rates(rates)["note"].iloc[0] == (
        "Yearly contracts with a decision: 2; a model needs 20."
    )


def test_no_agreements():
    none = btyd.contract_lives(agreements(), as_of=pd.Timestamp("2025-09-30"))
    assert none.empty
    assert btyd.renewal_rates(none, btyd.renewal_model(none)).empty
    assert math.isnan(btyd.renewal_model(none).renewed_share)
