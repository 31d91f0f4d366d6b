"""What order days and accounts are worth."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import gamma

from kamlib import btyd
from kamlib.book import ValueSettings
from kamlib.btyd.spend import log_likelihood
from kamlib.errors import KamError
from kamlib.story import teller
from kamlib.story.btyd import table_customer_value
from kamlib.words import GAP

NOT_DISCOUNTED = ValueSettings(discount_rate=0.0)
ONE = pd.DataFrame({"account_id": ["A"], "margin": [1000.0], "retention_share": [0.8]})


def spenders(n, *, p=5.0, q=4.0, v=60.0, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.25, n)
    rate = rng.gamma(q, 1 / v, n)
    return pd.DataFrame(
        {
            "account_id": [f"{i:05d}" for i in range(n)],
            "frequency": x,
            "mean_value": rng.gamma(p * x, 1 / (rate * x)),
        }
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gamma_gamma_recovers_its_truth(seed):
    spend = btyd.fit_gamma_gamma(spenders(6000, seed=seed))
    assert spend.converged and spend.note_code == ""
    assert (spend.p, spend.q, spend.v) == pytest.approx((5, 4, 60), rel=0.12)
    assert spend.p * spend.v / (spend.q - 1) == pytest.approx(100, rel=0.04)


def test_gamma_gamma_knows_no_currency():
    euros = spenders(500)
    cents = euros.assign(mean_value=euros["mean_value"] * 100)
    a, b = btyd.fit_gamma_gamma(euros), btyd.fit_gamma_gamma(cents)
    assert (b.p, b.q, b.v) == pytest.approx((a.p, a.q, 100 * a.v), rel=1e-3)
    assert b.log_likelihood == pytest.approx(a.log_likelihood - 500 * math.log(100))


def test_gamma_gamma_likelihood_is_the_integral():
    p, q, v, x, z = 5.0, 4.0, 60.0, 3, 80.0
    density = quad(
        lambda nu: gamma.pdf(z, p * x, scale=1 / (nu * x)) * gamma.pdf(nu, q, scale=1 / v), 0, 1
    )[0]
    value, _ = log_likelihood(np.log([p, q, v]), np.array([float(x)]), np.array([z]))
    assert math.exp(value) == pytest.approx(density, rel=1e-6)


def test_gamma_gamma_gradient():
    data = spenders(50)
    at = np.log([2.0, 3.0, 40.0])
    x, value = data["frequency"].to_numpy(float), data["mean_value"].to_numpy()
    numeric = approx_fprime(at, lambda t: log_likelihood(t, x, value)[0], 1e-7)
    np.testing.assert_allclose(log_likelihood(at, x, value)[1], numeric, atol=1e-3)


def test_expected_spend_is_the_posterior_mean():
    p, q, v, x, z = 5.0, 4.0, 60.0, 3, 80.0

    def density(nu):
        return gamma.pdf(z, p * x, scale=1 / (nu * x)) * gamma.pdf(nu, q, scale=1 / v)

    mean = quad(lambda nu: density(nu) * p / nu, 1e-9, 1)[0] / quad(density, 1e-9, 1)[0]
    spend = btyd.SpendModel(p=p, q=q, v=v, status="converged")
    buyers = pd.DataFrame(
        {"account_id": ["A", "B"], "frequency": [x, 0], "mean_value": [z, math.nan]}
    )
    found = btyd.expected_spend(buyers, spend)["order_value"].tolist()
    assert found == pytest.approx([mean, p * v / (q - 1)], rel=1e-6)


def test_spend_without_a_mean_says_so():
    spend = btyd.SpendModel(p=5, q=0.9, v=60, status="converged")
    buyers = pd.DataFrame(
        {"account_id": ["A", "B"], "frequency": [0, 3], "mean_value": [math.nan, 50]}
    )
    table = btyd.expected_spend(buyers, spend)
    assert math.isnan(table["order_value"][0]) and table["note_code"][0] == "no_mean"
    assert table["order_value"][1] > 0 and table["note_code"][1] == ""


def test_spend_that_depends_on_frequency_is_warned_of():
    data = spenders(500)
    data["mean_value"] *= data["frequency"]
    spend = btyd.fit_gamma_gamma(data)
    assert spend.correlation > 0.3 and (spend.note_code, spend.note_figure) == (
        "spend_more",
        spend.correlation,
    )
    assert spend.is_usable


def test_few_spenders():
    spend = btyd.fit_gamma_gamma(spenders(9))
    assert not spend.is_usable and (spend.note_code, spend.note_figure) == ("few_repeats", 9)
    assert btyd.expected_spend(spenders(9), spend)["order_value"].isna().all()
    assert btyd.fit_gamma_gamma(spenders(60).assign(mean_value=50.0)).status == "at a limit"


@pytest.mark.parametrize(
    "timing, worth",
    [("retained from year 1", 2667), ("certain in year 1", 3333), ("paid at once", 3667)],
)
def test_timing_conventions(timing, worth):
    table = btyd.lifetime_value(ONE, years=(1, 3, math.inf), timing=timing)
    assert table["timing"].tolist() == [timing] * 3
    assert table["customer_value"].iloc[2] == pytest.approx(worth, abs=0.5)
    first = {"retained from year 1": 0, "certain in year 1": 0, "paid at once": -1}[timing]
    kept = {"retained from year 1": 1, "certain in year 1": 0, "paid at once": 0}[timing]
    by_hand = [
        sum(1000 * 0.8 ** (t + kept) / 1.1 ** (t + 1 + first) for t in range(n)) for n in (1, 3)
    ]
    assert table["customer_value"].iloc[:2].tolist() == pytest.approx(by_hand)


def test_value_per_account_and_horizon():
    accounts = pd.DataFrame(
        {
            "account_id": ["B", "A", "C"],
            "margin": [100.0, -50.0, math.nan],
            "retention_share": [1.0, 0.5, 0.5],
        },
        index=[7, 7, 7],
    )
    table = btyd.lifetime_value(accounts, value=NOT_DISCOUNTED, years=(5, 1, math.inf))
    assert table["account_id"].tolist() == list("AAABBBCCC")
    assert table["horizon_years"].tolist() == [1, 5, math.inf] * 3
    assert table["customer_value"].tolist()[:5] == pytest.approx([-25, -48.4375, -50, 100, 500])
    assert table["customer_value"].iloc[5:].isna().all()  # a sum without end; an unknown margin
    assert btyd.lifetime_value(accounts.head(0)).columns.tolist() == table.columns.tolist()


@pytest.mark.parametrize(
    "options, words",
    [({"timing": "retained from year one"}, "timing"), ({}, "retention share")],
)
def test_wrong_requests_are_refused(options, words):
    accounts = ONE.assign(retention_share=80.0) if not options else ONE
    with pytest.raises(KamError, match=words):
        btyd.lifetime_value(accounts, **options)


MODEL = btyd.BuyerModel("MBG/NBD", 1, True, 0.5, 6.0, 0.9, 1.6, n=99, status="converged")
AS_OF = pd.Timestamp("2025-12-31")
NOBODY_LOST = pd.DataFrame({"account_id": ["A", "B"], "status": ["active", "active"]})


def orders(**accounts):
    """Order days of accounts, each as (first day, days between, how many, revenue, cost)."""
    parts = [
        pd.DataFrame(
            {
                "account_id": account,
                "date": pd.date_range(first, periods=count, freq=f"{gap}D"),
                "revenue": revenue,
                "cost": cost,
            }
        )
        for account, (first, gap, count, revenue, cost) in accounts.items()
    ]
    return pd.concat(parts, ignore_index=True)


TWO = orders(A=("2025-01-10", 30, 12, 100.0, 70.0), B=("2025-10-01", 40, 2, 500.0, 100.0))


def valued(days=TWO, status=NOBODY_LOST, model=MODEL, **options):
    return btyd.customer_value(
        btyd.buyer_summary(days, as_of=AS_OF), model, days, status, as_of=AS_OF, **options
    )


def test_expected_value_is_orders_times_own_value_times_own_margin_rate():
    table = valued(value=NOT_DISCOUNTED, years=(1, 3))
    assert table["account_id"].tolist() == ["A", "A", "B", "B"]
    # the median account spends 300, the book's rate is (12·30 + 2·400)/2200
    of_book = 1160 / 2200
    assert table["order_value"].tolist()[::2] == pytest.approx(
        [(12 * 100 + 2 * 300) / 14, (2 * 500 + 2 * 300) / 4]
    )
    assert table["margin_rate"].tolist()[::2] == pytest.approx(
        [(12 * 0.3 + 2 * of_book) / 14, (2 * 0.8 + 2 * of_book) / 4]
    )
    buyers = btyd.buyer_summary(TWO, as_of=AS_OF)
    year, three = (btyd.expected_orders(buyers, MODEL, days=d) for d in (365, 1096))
    expected = [x["expected_orders"][row] for row in (0, 1) for x in (year, three)]
    assert table["expected_orders"].tolist() == pytest.approx(expected)
    worth = table["expected_orders"] * table["order_value"] * table["margin_rate"]
    assert table["customer_value"].tolist() == pytest.approx(worth.tolist())
    discounted = valued(years=(1, 3))["customer_value"]
    assert discounted[0] == pytest.approx(worth[0] / 1.1)
    later = worth[1] - worth[0]
    assert worth[0] / 1.1 + later / 1.1**3 < discounted[1] < worth[0] / 1.1 + later / 1.1**2


def test_an_account_of_many_order_days_keeps_its_own_value():
    days = orders(
        BIG=("2024-02-01", 11, 63, 48_800.0, 30_000.0),
        **{f"S{i}": ("2025-01-01", 60, 6, 1000.0, 700.0) for i in range(9)},
    )
    status = pd.DataFrame({"account_id": ["BIG"], "status": ["active"]})
    value = valued(days, status)["order_value"].iloc[0]
    assert value == pytest.approx((63 * 48_800 + 2 * 1000) / 65)


def test_a_lost_account_is_not_in_the_list():
    status = NOBODY_LOST.assign(status=["lost", "active"])
    assert valued(status=status)["account_id"].unique().tolist() == ["B"]


RECORD = pd.DataFrame(
    {
        "as_of_date": AS_OF - pd.Timedelta(days=365),
        "same_margin": [600.0, 400.0],
        "model_margin": [700.0, 500.0],
        "came_margin": [600.0, 200.0],
    }
)


def choice(published):
    return pd.DataFrame({"estimate": ["customer value"], "published": [published]})


def test_as_last_year_is_published_where_it_was_as_near():
    table = valued(
        value_record=RECORD, estimate_choice=choice("naive"), value=NOT_DISCOUNTED, years=(1, 3)
    )
    assert table["value_rule"].eq("as last year").all()
    # the margin of the last 12 months, 12 · 30 and 2 · 400; of 1,000 the book kept 800 a year later
    assert table["customer_value"].tolist() == pytest.approx(
        [360, 360 * (1 + 0.8 + 0.64), 800, 800 * (1 + 0.8 + 0.64)]
    )
    assert teller("customer_value")(table)["note"].iloc[0].startswith("As in the last 12 months:")
    by_model = valued(value_record=RECORD, estimate_choice=choice("estimate"))
    assert by_model["value_rule"].eq("model").all()


@pytest.mark.parametrize("record", [RECORD.iloc[:0], RECORD])
def test_what_could_not_be_tried_is_as_last_year(record):
    model = btyd.BuyerModel(
        "MBG/NBD", 1, True, note_code="few_accounts", note_figure=1, note_limit=20
    )
    table = valued(model=model, value_record=record, estimate_choice=choice("not tried"))
    assert table["value_rule"].eq("as last year").all()
    assert table["customer_value"].iloc[0] == pytest.approx(360 / 1.1)


def test_the_record_of_values_by_hand():
    days = orders(A=("2023-01-10", 30, 36, 100.0, 70.0), B=("2023-03-01", 90, 7, 500.0, 100.0))
    day = pd.Timestamp("2024-12-31")
    buyers = btyd.buyer_holdout(days, as_of=AS_OF, holdout_days=365)
    record = btyd.value_record(days, [btyd.PastYear(day, buyers, MODEL)]).set_index("account_id")
    a = days[days["account_id"].eq("A")]["date"]
    assert record.loc["A", "same_margin"] == 30 * a.between("2025-01-01", AS_OF).sum() - 30 * (
        a.between("2025-01-01", AS_OF).sum() - a.between("2024-01-01", "2024-12-31").sum()
    )
    assert record.loc["A", "came_margin"] == 30 * a.between("2025-01-01", AS_OF).sum()
    assert "B" not in record.index or record.loc["B", "came_margin"] == 0


def test_no_margin_no_value():
    table = valued(TWO.assign(cost=math.nan))
    assert table["customer_value"].isna().all()
    said = table_customer_value(table, value=ValueSettings())
    assert said.title == (
        "What accounts will bring cannot be told. The margin of the book's revenue is not known."
    )


def test_the_caption_says_how_later_money_is_counted():
    table = pd.DataFrame(
        {
            "customer_value": [5.0],
            "note_code": "spend_less",
            "note_figure": -0.4,
            "note_limit": None,
        }
    )
    said = table_customer_value(table, value=ValueSettings(discount_rate=0.08))
    assert said.title == "What accounts are expected to bring within three years"
    assert f"discounted at 8.0{GAP}% a year; margins at the end of each year" in said.subtitle
    assert said.subtitle.endswith(
        "per order day (correlation -0.40); the model takes the two for independent."
    )
