"""Sales by dimension, alerts and price realisation once more, by plain SQL over the order file."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

import kamlib as kam
from kamlib.practice import company, write_company

LINES = """
    create view lines as
    select o.account_id, o.order_date::date as day, o.revenue::double as revenue, o.quantity::double
        as quantity, nullif(o.category, '') as category, o.product_id,
        coalesce(nullif(o.region, ''), nullif(a.region, ''), 'not recorded') as region,
        last_day(o.order_date::date) as month
    from read_csv('{0}/orders.csv', all_varchar=true) o
    left join read_csv('{0}/accounts.csv', all_varchar=true) a using (account_id)
    where o.order_date::date <= date '2025-12-31'
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A practice company that lost categories to a rival, as the kit and as DuckDB read it."""
    folder = tmp_path_factory.mktemp("sql") / "book"
    write_company(company(11, story=["lost_category"], accounts=50), folder)
    sql = duckdb.connect()
    sql.execute(LINES.format(folder))
    return kam.open_period(folder, "2025-Q4"), sql


@pytest.mark.parametrize("dimension", ["category", "region"])
def test_revenue_by_a_dimension(both, dimension):
    q, sql = both
    expected = sql.execute(f"""
        select coalesce({dimension}, 'not recorded') as "group",
            sum(case when day >= date '2025-10-01' then revenue else 0 end) as period_revenue,
            sum(case when day between date '2025-07-01' and date '2025-09-30' then revenue else 0
                end) as previous_period_revenue,
            sum(case when day between date '2024-10-01' and date '2024-12-31' then revenue else 0
                end) as year_ago_period_revenue,
            sum(case when day >= date '2025-01-01' then revenue else 0 end) as year_revenue,
            sum(case when day between date '2024-01-01' and date '2024-12-31' then revenue else 0
                end) as year_before_revenue
        from lines group by 1 order by 1""").df()
    found = q.revenue_by[q.revenue_by["dimension"].eq(dimension)].sort_values("group")
    values = expected.columns[1:]
    expected = expected[expected[values].ne(0).any(axis=1)]
    assert found["group"].tolist() == expected["group"].tolist() and len(found) > 2
    np.testing.assert_allclose(found[values], expected[values], atol=0.005)


def test_prices_against_the_median_of_product_and_month(both):
    q, sql = both
    expected = sql.execute("""
        with paid as (
            select account_id, product_id, month, sum(revenue) revenue, sum(quantity) quantity,
                sum(revenue) / sum(quantity) price
            from lines where revenue > 0 and quantity > 0 and day >= date '2025-01-01'
            group by all),
        middle as (select product_id, month, median(price) price from paid
            group by all having count(*) >= 3)
        select account_id, sum(paid.revenue) as compared_revenue,
            sum(paid.revenue) / sum(quantity * middle.price) as price_share
        from paid join middle using (product_id, month) group by 1""").df()
    found = q.price_realisation.merge(expected, on="account_id", suffixes=("", "_sql"))
    assert len(found) == len(q.price_realisation) > 3
    for column in ("price_share", "compared_revenue"):
        np.testing.assert_allclose(found[column], found[f"{column}_sql"], rtol=1e-9)


def test_what_an_alert_says_of_its_cell(both):
    """What was bought, when last, what the months looked at brought, what is usual: by SQL."""
    q, sql = both
    alerts = q.category_alerts
    assert len(alerts) >= 1
    for row in alerts.itertuples():
        end = pd.Timestamp("2025-12-31") - pd.offsets.MonthEnd(row.window_months)
        cell = "account_id = ? and category = ?"
        who = [row.account_id, row.group]
        now, = sql.execute(
            f"select coalesce(sum(revenue), 0) from lines where {cell} and day > ?",
            [*who, end.date()]).fetchone()  # fmt: skip
        usual, many = 0.0, 0
        for years in (1, 2):
            first, last = (
                (one - pd.DateOffset(years=years)) + pd.offsets.MonthEnd(0)
                for one in (end, pd.Timestamp("2025-12-31"))
            )
            part, = sql.execute(
                f"select sum(revenue) from lines where {cell} and day > ? and day <= ?",
                [*who, first.date(), last.date()]).fetchone()  # fmt: skip
            usual, many = usual + (part or 0.0), many + 1
        bought, = sql.execute(
            f"select count(*) from (select month from lines where {cell} "
            "and day <= ? and month > ? group by 1 having sum(revenue) > 0)",
            [*who, end.date(), (end - pd.DateOffset(months=24)).date()]).fetchone()  # fmt: skip
        assert row.window_revenue == pytest.approx(now, abs=0.005)
        assert row.usual_revenue == pytest.approx(usual / many, abs=0.005)
        assert row.bought_month_count == bought
        assert now <= 0.6 * usual / many
        assert row.yearly_fall == pytest.approx(
            row.usual_yearly_revenue * (1 - max(now, 0) / (usual / many)), abs=0.01
        )


def test_a_deal_decided_later_is_open_with_no_stage_and_probability_of_the_decision(both):
    q, _ = both
    known = q.at(pd.Timestamp("2024-12-31"))
    deals = known.pipeline
    assert len(deals)
    assert not deals["stage"].eq("closed").any()
    assert not deals.loc[deals["has_probability"], "probability"].isin([0.0, 1.0]).any()
