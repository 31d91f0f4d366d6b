"""Sales by dimension, alerts and price realisation once more, by plain SQL over the order file; and
what was planted in a practice company is found from its files.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

import kamlib as kam
from kamlib.practice import company, write_company

LINES = """
    create table lines as
    select o.account_id, o.order_id, o.order_date::date as day, o.revenue::double as revenue,
        o.quantity::double as quantity, o.cost::double as cost, o.category, o.product_id, o.channel,
        coalesce(o.region, a.region) as region, a.industry, o.product_id as product,
        coalesce(m.name, o.manager_id, a.manager_id) as manager,
        last_day(o.order_date::date) as month
    from read_csv('{0}/orders.csv', all_varchar=true, nullstr='') o
    left join read_csv('{0}/accounts.csv', all_varchar=true, nullstr='') a using (account_id)
    left join read_csv('{0}/managers.csv', all_varchar=true, nullstr='') m
        on m.manager_id = coalesce(o.manager_id, a.manager_id)
    where o.order_date::date <= date '2025-12-31'
"""
STEADY = """
with months as (
    select last_day(date '{as_of}' - to_months(30 - n)) as month, n from range(1, 31) t(n)),
bought as (
    select account_id, category, month, sum(revenue) as revenue,
        count(distinct case when revenue > 0 then day end) as times
    from lines where day <= date '{as_of}' and category is not null and account_id in (from active)
    group by all),
first as (
    select account_id, category, min(month) as first from bought where revenue > 0 group by all),
days as (
    select account_id, last_day(day) as month, count(*) as days from (
        select account_id, day from lines where day <= date '{as_of}' group by all
        having sum(revenue) > 0) group by all),
grid as (
    select account_id, category, n, month, coalesce(revenue, 0) as revenue,
        coalesce(times, 0) as times, greatest(coalesce(days, 0), coalesce(times, 0)) as could
    from first cross join months left join bought using (account_id, category, month)
    left join days using (account_id, month) where month >= first),
season as (
    select month(month) as of, sum(revenue) as sold from grid where n <= 24 group by all),
factor as (
    select n, least(greatest(sold / (select avg(sold) from season), 0.25), 4) as factor
    from months join season on month(months.month) = season.of),
cells as (
    select *, revenue / factor as amount from grid join factor using (n)),
looked as (
    select w, account_id, category,
        sum(revenue) filter (n > 30 - w) as now,
        avg(factor) filter (n > 30 - w) as season_now,
        sum(times) filter (n between 7 - w and 30 - w) as used,
        sum(could) filter (n between 7 - w and 30 - w) as could,
        sum(could) filter (n > 30 - w) as ahead,
        count(*) filter (n between 7 - w and 30 - w) as held,
        count(*) filter (n between 7 - w and 30 - w and amount > 0 and times > 0) as months,
        sum(amount) filter (n between 7 - w and 30 - w and amount > 0 and times > 0) as amounts,
        sum(times) filter (n between 7 - w and 30 - w and amount > 0 and times > 0) as times,
        case when count(*) filter (n between 19 - w and 18) = w
            then sum(revenue) filter (n between 19 - w and 18) end as year_ago,
        case when count(*) filter (n between 7 - w and 6) = w
            then sum(revenue) filter (n between 7 - w and 6) end as two_ago
    from cells cross join (values (3), (6)) windows(w) group by w, account_id, category),
usual as (
    select *, amounts / times as mean, least(1.0, 60 / greatest(could, 1)) as known,
        (coalesce(year_ago, 0) + coalesce(two_ago, 0))
            / (case when year_ago is null then 0 else 1 end
               + case when two_ago is null then 0 else 1 end) as usual
    from looked
    where months >= 6 and held >= 12 and (year_ago is not null or two_ago is not null)),
habit as (
    select usual.*, used * known + 0.5 as a, (could - used) * known + 0.5 as b,
        greatest(0.04, (
            select sum((amount - c.times * mean) ** 2 / c.times) from cells c
            where c.account_id = usual.account_id and c.category = usual.category
                and n between 7 - w and 30 - w and amount > 0 and c.times > 0
        ) / greatest(months - 1, 1) / mean ** 2) as spread
    from usual),
counts as (
    select h.*, j, spread / j + spread / greatest(used, 1) + 0.04 as var
    from habit h, range(1, 400) t(j) where j <= ahead),
gammas as (
    select *, 1 / var as k, greatest(now, 0) / season_now / (j * mean) / var as x from counts),
sums as (
    select w, account_id, category, sum(exp(
        lgamma(ahead + 1) - lgamma(j + 1) - lgamma(ahead - j + 1)
        + lgamma(a + j) + lgamma(b + ahead - j) - lgamma(a + b + ahead)
        - lgamma(a) - lgamma(b) + lgamma(a + b))
        * case when x <= 0 then 0 when x > 200 then 1 else least(1, list_sum(list_transform(
            range(0, 400), i -> exp((k + i) * ln(x) - x - lgamma(k + i + 1))))) end) as bringing
    from gammas group by all)
select habit.*, exp(lgamma(b + ahead) + lgamma(a + b) - lgamma(a + b + ahead) - lgamma(b)) as none,
    none + coalesce(bringing, 0) as chance
from habit left join sums using (w, account_id, category)
"""
FALLS = ["lost_category", "price_erosion", "narrow_account", "good_patch", "ignored_feedback"]


PERIODS = {
    "period": ("2025-07-01", "2025-09-30"),
    "previous_period": ("2025-04-01", "2025-06-30"),
    "year_ago_period": ("2024-07-01", "2024-09-30"),
    "year": ("2024-10-01", "2025-09-30"),
    "year_before": ("2023-10-01", "2024-09-30"),
}
"""Those of 2025-Q3: a year to its last day is no calendar year."""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A practice company with what falls while it still buys, as the kit and as DuckDB read it."""
    folder = tmp_path_factory.mktemp("sql") / "book"
    write_company(company(11, story=FALLS, accounts=80), folder)
    sql = duckdb.connect()
    sql.execute(LINES.format(folder))
    sql.execute(
        f"create table truth as from read_csv('{folder}/truth/truth.csv', all_varchar=true)"
    )
    times = ", ".join(f"('{name}', date '{PERIODS[name][0]}', date '{PERIODS[name][1]}')"
        for name in TIMES)  # fmt: skip
    sql.execute(SERVED.format(folder, times))
    return kam.open_period(folder, "2025-Q4"), sql


TIMES = [name for name in PERIODS if name != "year_before"]
SERVED = """
    create table served as
    select account_id, times.name, cost_to_serve::double
        * (date_diff('day', first, last) + 1)
        / date_diff('day', last - interval 1 year, last) as cost
    from read_csv('{0}/accounts.csv', all_varchar=true, nullstr='') a
    cross join (values {1}) times(name, first, last)
    where cost_to_serve is not null and account_id in (
        select account_id from lines where day > last - interval 1 year and day <= last)
"""
"""What serving an account cost: evenly by day, where it bought in the 12 months to a time's end."""


def sales(sql, groups: list[str]) -> pd.DataFrame:
    """Revenue, margins, orders and accounts that bought of some groups, of every period."""
    by, cell = ", ".join(groups), "account_id, category, product, region, channel, manager"
    if "product" not in groups:
        cell = cell.replace("product, ", "")
    named = ", ".join(f"coalesce({one}, 'not recorded') as {one}" for one in DIMENSIONS)
    sql.execute(f"create or replace temp view told as select * replace ({named}) from lines")
    within = {name: f"day between '{one}' and '{two}'" for name, (one, two) in PERIODS.items()}
    table = sql.execute(f"select {by} from told group by {by} order by {by}").df()
    for name, days in within.items():
        found = sql.execute(f"""
            with cells as (
                select {cell}, any_value(industry) as industry,
                    coalesce(sum(revenue) filter ({days}), 0) as revenue,
                    coalesce(sum(cost) filter ({days}), 0) as cost,
                    sum(revenue) as two_years
                from told where day between '2023-10-01' and '2025-09-30' group by {cell}),
            weights as (
                select *, greatest(revenue, 0) as now, greatest(two_years, 0) as ever,
                    sum(now) over own as all_now, sum(ever) over own as all_ever
                from cells window own as (partition by account_id)),
            shared as (
                select w.*, coalesce(s.cost, 0) * case when all_now > 0 then now / all_now
                    else ever / all_ever end as service
                from weights w left join served s
                on s.account_id = w.account_id and s.name = '{name}'),
            accounts as (
                select {by}, count(*) as buyers from (
                    select {by}, account_id from told where {days} group by all
                    having sum(revenue) > 0) group by {by}),
            orders as (
                select {by}, count(distinct (account_id, day, order_id)) as orders
                from told where {days} group by {by})
            select {by}, sum(revenue) as {name}_revenue,
                sum(revenue - cost) as {name}_gross_margin,
                sum(revenue - cost - service) as {name}_margin,
                coalesce(any_value(orders), 0) as {name}_order_count,
                coalesce(any_value(buyers), 0) as {name}_account_count
            from shared left join accounts using ({by}) left join orders using ({by})
            group by {by}""").df()
        table = table.merge(found, on=groups)
    known = table[[f"{name}_revenue" for name in within]].ne(0).any(axis=1)
    return table[known].rename(columns={f"year_{what}": what for what in MEASURES})


DIMENSIONS = ("category", "product", "region", "industry", "channel", "manager")
MEASURES = ("gross_margin", "margin", "order_count", "account_count")
COLUMNS = [
    *(f"{name}_revenue" for name in PERIODS), *MEASURES,
    *(f"{name}_{what}" for name in list(PERIODS)[:3] for what in MEASURES),
]  # fmt: skip


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_revenue_by_a_dimension(both, dimension):
    q, sql = both
    expected, table = sales(sql, [dimension]), q.previous.revenue_by
    found = table[table["dimension"].eq(dimension)].sort_values("group")
    assert found["group"].tolist() == expected[dimension].tolist() and len(found) > 2
    np.testing.assert_allclose(found[COLUMNS], expected[COLUMNS].astype(float), atol=0.005)


@pytest.mark.parametrize(
    ("one", "two"), [("category", "region"), ("industry", "manager"), ("region", "channel")]
)
def test_revenue_by_two_dimensions_crossed(both, one, two):
    q, sql = both
    expected, table = sales(sql, [one, two]), q.previous.revenue_by_two
    found = table[table[["dimension", "second_dimension"]].eq([one, two]).all(axis=1)]
    found = found.sort_values(["group", "second_group"])
    assert found[["group", "second_group"]].to_numpy().tolist() == (
        expected[[one, two]].to_numpy().tolist()
    )
    np.testing.assert_allclose(found[COLUMNS], expected[COLUMNS].astype(float), atol=0.005)


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
        select account_id, sum(paid.revenue) as priced_revenue,
            sum(paid.revenue) / sum(quantity * middle.price) as price_share
        from paid join middle using (product_id, month) group by 1""").df()
    year = sql.execute("""select account_id, sum(revenue) as year from lines
        where day >= date '2025-01-01' group by 1""").df()
    expected = expected.merge(year, on="account_id")
    expected = expected[expected["priced_revenue"] >= 0.5 * expected["year"]]
    assert sorted(q.price_realisation["account_id"]) == sorted(expected["account_id"])
    found = q.price_realisation.merge(expected, on="account_id", suffixes=("", "_sql"))
    assert len(found) > 30
    for column in ("price_share", "priced_revenue"):
        np.testing.assert_allclose(found[column], found[f"{column}_sql"], rtol=1e-9)


@pytest.fixture(scope="module", params=["2025-Q4", "2025-Q3"])
def steady(both, request):
    """The kit as of a quarter, and by SQL the chance of each cell that a steady account buys so
    little: Σ over J of beta-binomial(J) × P(gamma of J purchases ≤ what was bought).
    """
    q, sql = both
    q = q if request.param == "2025-Q4" else q.previous
    there = q.account_status.query("status == 'active'")[["account_id"]]
    sql.register("there", there)
    sql.execute("create or replace table active as select account_id from there")
    return q, sql.execute(STEADY.format(as_of=q.as_of.date())).df()


def test_alerts_are_those_that_chance_does_not_explain(steady):
    q, cells = steady
    told = cells[cells["none"].lt(0.01)]
    told = told.assign(chance=told["chance"].where(told["now"].le(0.6 * told["usual"]), 1.0))
    chance = told.groupby(["account_id", "category"])["chance"].min().mul(2).clip(upper=1)
    ranked = chance.sort_values()
    many = len(ranked)  # Benjamini and Hochberg: up to the last that lies below its line
    below = np.flatnonzero(ranked.to_numpy() < 0.05 * np.arange(1, many + 1) / many)
    expected = ranked.head(below[-1] + 1 if len(below) else 0)
    found = q.category_alerts.set_index(["account_id", "group"])["chance"]
    assert set(found.index) == set(expected.index)
    assert len(found) >= (2 if q.as_of.month == 12 else 0)
    np.testing.assert_allclose(found, expected.reindex(found.index), rtol=1e-9)
    assert q.category_alerts["tested_count"].eq(many).all()


def test_falls_that_chance_may_explain_and_their_chance(steady):
    q, cells = steady
    down = cells[cells["w"].eq(6) & (cells["now"] < 0.4 * cells["usual"]) & cells["usual"].gt(0)]
    expected = down.set_index(["account_id", "category"])["chance"]
    found = q.category_falls.set_index(["account_id", "group"])["chance"]
    alerted = q.category_alerts.set_index(["account_id", "group"]).index
    assert set(found.index) == set(expected.index) - set(alerted) and len(found) > 10
    np.testing.assert_allclose(found, expected.reindex(found.index), rtol=1e-9)


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


def planted(sql, story: str) -> str:
    """The account of a planted story, or its note where it is of no account."""
    ((account, note),) = sql.execute(
        "select account_id, note from truth where story = ?", [story]
    ).fetchall()
    return account or note


def test_the_narrow_account_is_found(both):
    q, sql = both
    narrow = q.return_per_account.query("verdict == 'narrow'")["account_id"]
    assert narrow.tolist() == [planted(sql, "narrow_account")]


def test_the_good_patch_is_not_taken_for_a_good_manager(both):
    q, sql = both
    names = q.managers.set_index("manager_id")["name"]
    (known,) = [one for one in names.index if f" {one} " in planted(sql, "good_patch")]
    row = q.manager_potential.set_index("manager_name").loc[names[known]]
    assert row["rank_by_revenue"] == 1
    assert row["rank_by_potential"] == q.manager_potential["rank_by_potential"].max()


def test_the_price_that_slides_is_found_from_files(both):
    q, sql = both
    assert planted(sql, "price_erosion") in set(q.price_erosion["account_id"])


def test_what_was_asked_before_it_left_is_the_first_of_what_is_not_answered(both):
    q, sql = both
    first = q.feedback_topics.iloc[0]
    assert first["account_id"] == planted(sql, "ignored_feedback")
    assert first["unanswered_count"] == 3 and first["is_repeated"]
