"""From order lines to activity tables: the engine condenses millions of lines to a few small
frames.

Lines never reach pandas. For one as-of day the engine yields account × day, account × category ×
month, account × product × window, account × manager × month and deliveries; everything after is
plain pandas. `activity_tables` gives them beside the canonical tables as known on that day.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import ibis
import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake import Intake
from kamlib.intake.casting import MONEY
from kamlib.intake.sources import Engine
from kamlib.intake.sources.engine import quoted
from kamlib.period.calendar import Span
from kamlib.period.listed import accounts_as_of
from kamlib.period.names import READ_TABLES
from kamlib.period.orders import (
    order_cells,
    product_names,
    product_sales,
    sales_cells,
    split_orders,
)
from kamlib.period.statements import LINES, between, frame_of, in_order, quoted_day
from kamlib.tables import known_as_of

DAY = pd.Timedelta(days=1)
FEW_CATEGORIES = 3
"""With fewer categories than this a book is looked at by product as well."""
_REGULAR = 6
_EXACT = "DECIMAL(38, 6)"
"""What amounts are summed as: the sum of fractions would depend on the order of the lines."""
_OF_ACCOUNTS = ("tiers", "managers", "service_costs")
"""Tables that say of each account what it is."""
LEAST_ACCOUNTS = 3
"""Accounts that bought a product in a month before their median price says anything."""


def used_lines(intake: Intake) -> Engine:
    """Return the engine with the used lines in its view ``kam_used``, with every optional column
    that the activity tables ask for.
    """
    orders = intake.orders
    absent = {
        "cost": ibis.null(MONEY),
        "quantity": ibis.null(MONEY),
        "product_id": ibis.null("string"),
        "product": ibis.null("string"),
        "category": ibis.null("string"),
        "region": ibis.null("string"),
        "channel": ibis.null("string"),
        "manager_id": ibis.null("string"),
        "promised_date": ibis.null("date"),
        "delivered_date": ibis.null("date"),
    }
    missing = {name: value for name, value in absent.items() if name not in intake.order_columns}
    used = orders.filter(orders["_reason"].isnull()).mutate(**missing)
    used = used.mutate(product_id=ibis.coalesce(used["product_id"], used["product"]))
    intake.engine.name(used, LINES)
    return intake.engine


_SUMS = """
    CAST(sum(revenue) AS DOUBLE) AS revenue,
    CAST(CASE WHEN count(cost) = count(*) THEN sum(cost) END AS DOUBLE) AS cost,
    CAST(sum(quantity) AS DOUBLE) AS quantity"""
"""Revenue, cost and quantity of lines; a cost is known only where every line has one."""
_DAYS_BOUGHT = (
    "CAST(bit_count(coalesce(bit_or(1::BIGINT << day(order_date)) FILTER (WHERE revenue > 0), 0))"
    " AS BIGINT) AS order_day_count"
)
"""Days of a month with revenue, as bits: a month of the kit has no day of the month twice."""


def _month(day: str, as_of: pd.Timestamp) -> str:
    """Return the last day of a day's activity month, as `kamlib.period.calendar.month_of` does."""
    if as_of.is_month_end:
        return f"last_day({day})"
    after = f"CASE WHEN day({day}) > {as_of.day} THEN INTERVAL 1 MONTH ELSE INTERVAL 0 MONTH END"
    start = f"CAST(date_trunc('month', {day}) + {after} AS DATE)"
    return f"{start} + CAST(least(day(last_day({start})), {as_of.day}) - 1 AS INTEGER)"


def _sums_by_month(column: str, as_of: pd.Timestamp, *more: str) -> str:
    """Return the sums by account, another column and month, of the lines that have it."""
    return in_order(
        f"""
        SELECT account_id, {column}, {_month("order_date", as_of)} AS month,
            {", ".join((_SUMS, *more))}
        FROM kam_used WHERE order_date <= {quoted_day(as_of)} AND {column} IS NOT NULL
        GROUP BY 1, 2, 3
        """,
        ["account_id", column, "month"],
    )


def account_days(*, as_of: pd.Timestamp) -> str:
    """One row per account × day with order lines, up to the as-of day.

    Net of credit notes. An *order day* is a row with revenue above 0.
    """
    return in_order(
        f"""
        SELECT account_id, order_date AS date, {_SUMS},
            count(DISTINCT order_id) AS order_count, count(*) AS line_count
        FROM kam_used WHERE order_date <= {quoted_day(as_of)} GROUP BY 1, 2
        """,
        ["account_id", "date"],
    )


def days_of(account_days: Path) -> str:
    """Return what a statement selects from to have the account × day table."""
    return f"read_parquet({quoted(account_days)})"


def months_of_days(account_days: Path, *, as_of: pd.Timestamp) -> str:
    """One row per account × month with order lines, as `kamlib.period.months.account_months` has
    it.
    """
    return in_order(
        f"""
        SELECT account_id, {_month("CAST(date AS DATE)", as_of)} AS month,
            CAST(sum(CAST(revenue AS {_EXACT})) AS DOUBLE) AS revenue,
            CAST(CASE WHEN count(cost) = count(*) THEN sum(CAST(cost AS {_EXACT})) END AS DOUBLE)
                AS cost,
            CAST(sum(order_count) AS BIGINT) AS order_count,
            count(*) FILTER (WHERE revenue > 0) AS order_day_count
        FROM {days_of(account_days)} GROUP BY 1, 2
        """,
        ["account_id", "month"],
    )


def category_months(*, as_of: pd.Timestamp) -> str:
    """One row per account × category × month: what was supplied, on how many days."""
    return _sums_by_month("category", as_of, _DAYS_BOUGHT)


def product_months(*, as_of: pd.Timestamp, is_wanted: bool) -> str:
    """One row per account × product × month, of products that the account bought in six months."""
    return f"""
        SELECT account_id, product_id, {_month("order_date", as_of)} AS month,
            max(category) AS category, CAST(sum(revenue) AS DOUBLE) AS revenue, {_DAYS_BOUGHT}
        FROM kam_used
        WHERE {is_wanted} AND order_date <= {quoted_day(as_of)} AND product_id IS NOT NULL
        GROUP BY 1, 2, 3
        QUALIFY count(*) OVER (PARTITION BY account_id, product_id) >= {_REGULAR}
        """


def product_windows(*, as_of: pd.Timestamp, windows: dict[str, pd.Timestamp]) -> str:
    """One row per account × product × window: quantity and revenue, for price, volume and mix."""
    columns = ["category", "quantity", "revenue", "cost"]
    sums, parts = [], []
    for number, (name, end) in enumerate(windows.items()):
        inside = f"FILTER (WHERE {between(window_start(end), min(end, as_of))})"
        sums += [
            f"max(category) {inside} AS {name}_category",
            f"CAST(sum(quantity) {inside} AS DOUBLE) AS {name}_quantity",
            f"CAST(sum(revenue) {inside} AS DOUBLE) AS {name}_revenue",
            f"CAST(CASE WHEN count(cost) {inside} = count(*) {inside} "
            f"THEN sum(cost) {inside} END AS DOUBLE) AS {name}_cost",
            f"count(*) {inside} AS {name}_line_count",
        ]
        shown = ", ".join(f"{name}_{column} AS {column}" for column in columns)
        parts.append(
            f"SELECT account_id, product_id, {shown}, {number} AS number, {quoted(name)} AS it "
            f"FROM wide WHERE {name}_line_count > 0"
        )
    first = min(window_start(end) for end in windows.values())
    return f"""
        WITH wide AS MATERIALIZED (
            SELECT account_id, product_id, {", ".join(sums)} FROM kam_used
            WHERE {between(first, as_of)} AND product_id IS NOT NULL GROUP BY 1, 2
        )
        SELECT account_id, product_id, category, it AS "window", quantity, revenue, cost
        FROM ({" UNION ALL ".join(parts)}) ORDER BY number, account_id, product_id
        """


def manager_months(*, as_of: pd.Timestamp) -> str:
    """One row per account × manager on the order × month."""
    return _sums_by_month("manager_id", as_of)


def price_years(*, as_of: pd.Timestamp) -> str:
    """One row per account × product × year: what was paid, and what it was at median prices.

    Lines with a quantity and revenue above zero count. The median is over the accounts' mean prices
    of a product in a calendar month; months in which fewer than three accounts bought it are left
    out of both sums.
    """
    ends = [as_of] + [window_start(as_of, 12 * back) - DAY for back in (1, 2)]
    years = " ".join(
        f"WHEN {between(window_start(end), end)} THEN {number}" for number, end in enumerate(ends)
    )
    month = "CAST(12 * year(order_date) + month(order_date) AS INTEGER)"
    in_two_years = not as_of.is_month_end  # then a calendar month may lie in two of them
    by_month = (
        "SELECT product_id, month, sum(revenue) AS revenue, sum(quantity) AS quantity "
        "FROM paid GROUP BY account_id, product_id, month"
    )
    own = by_month if in_two_years else "SELECT * FROM paid"
    return in_order(
        f"""
        WITH paid AS (
            SELECT account_id, product_id, {month} AS month,
                CAST(CASE {years} END AS BIGINT) AS year_number,
                sum(revenue) AS revenue, sum(quantity) AS quantity
            FROM kam_used
            WHERE revenue > 0 AND quantity > 0 AND product_id IS NOT NULL
                AND year_number IS NOT NULL
            GROUP BY 1, 2, 3, 4
        ), own AS (
            SELECT product_id, month, CAST(revenue AS DOUBLE) / CAST(quantity AS DOUBLE) AS price
            FROM ({own})
        ), middle AS (
            SELECT product_id, month, median(price) AS price
            FROM own GROUP BY 1, 2 HAVING count(*) >= {LEAST_ACCOUNTS}
        )
        SELECT account_id, product_id, year_number, CAST(sum(revenue) AS DOUBLE) AS revenue,
            CAST(sum(CAST(quantity * price AS {_EXACT})) AS DOUBLE) AS book_price_revenue,
            CAST(sum(quantity) AS DOUBLE) AS quantity
        FROM paid JOIN middle USING (product_id, month) GROUP BY 1, 2, 3
        """,
        ["account_id", "product_id", "year_number"],
    )


def are_deliveries_known(engine: Engine, *, as_of: pd.Timestamp) -> bool:
    """Return whether a line was delivered by the as-of day."""
    day = quoted_day(as_of)
    known = f"SELECT 1 FROM {LINES} WHERE order_date <= {day} AND delivered_date <= {day}"
    return bool(engine.one(f"SELECT EXISTS ({known})"))


def deliveries(*, as_of: pd.Timestamp, is_known: bool, on_day_is_late: bool = False) -> str:
    """One row per account × manager × month of promise: orders due, and late ones.

    An order is a number and its day, for numbers may begin anew; it is late when a line of it was
    delivered after its promised day, or is open past it as of the as-of day (with
    ``on_day_is_late``: on the promised day or after). Without any delivered day (``is_known``) it
    is unknown whether orders were late: no row.
    """
    day, limit = quoted_day(as_of), 0 if on_day_is_late else 1
    return in_order(
        f"""
        WITH lines AS (
            SELECT *, CASE WHEN delivered_date <= {day} THEN delivered_date END AS done
            FROM kam_used WHERE order_date <= {day}
        ), orders AS (
            SELECT account_id, max(manager_id) AS manager_id, max(promised_date) AS promised_date,
                max(date_diff('day', promised_date, coalesce(done, {day}))) AS delay,
                bool_or(done IS NULL) AS is_open
            FROM lines
            WHERE promised_date IS NOT NULL AND {is_known}
            GROUP BY account_id, order_id, order_date
        ), due AS (
            SELECT *, delay >= CASE WHEN is_open THEN 1 ELSE {limit} END AS is_late
            FROM orders WHERE promised_date <= {day} OR NOT is_open
        )
        SELECT account_id, manager_id, {_month("promised_date", as_of)} AS month,
            count(*) AS due_count, count(*) FILTER (WHERE is_late) AS late_count,
            count(*) FILTER (WHERE is_late AND is_open) AS open_late_count,
            avg(delay) FILTER (WHERE is_late) AS delay_days
        FROM due GROUP BY 1, 2, 3
        """,
        ["account_id", "manager_id", "month"],
    )


def latest_facts(engine: Engine, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account with orders: manager, region and channel of its latest order that has
    one.
    """
    latest = ", ".join(
        f"struct_extract(max({{'day': order_date, 'order': order_id, 'value': {name}}}) "
        f"FILTER (WHERE {name} IS NOT NULL), 'value') AS {name}"
        for name in ("manager_id", "region", "channel")
    )
    statement = f"SELECT account_id, {latest} FROM kam_used WHERE order_date <= {quoted_day(as_of)}"
    return frame_of(engine, f"{statement} GROUP BY account_id", ["account_id"])


def window_start(end: pd.Timestamp, months: int = 12) -> pd.Timestamp:
    """Return the first day of the window of so many months that ends on a day.

    >>> [str(window_start(pd.Timestamp(day)).date()) for day in ("2025-09-30", "2024-02-29")]
    ['2024-10-01', '2023-03-01']
    """
    shifted = end - pd.DateOffset(months=months)
    if end.is_month_end:
        shifted = shifted + pd.offsets.MonthEnd(0)
    return shifted + pd.Timedelta(days=1)


def _span(first: pd.Timestamp, last: pd.Timestamp) -> Span:
    return Span(first.date(), last.date(), "", "year")


def _called(statement: str, *by: str) -> str:
    """Return a statement's rows with what their products are called."""
    return in_order(
        f"SELECT goods.*, product FROM ({statement}) AS goods "
        "LEFT JOIN kam_called USING (product_id)",
        ["account_id", "product_id", *by],
    )


def activity_tables(
    intake: Intake,
    period: Span,
    book: BookSettings,
    folder: Path,
    only: Collection[str] = READ_TABLES,
) -> dict[str, pd.DataFrame]:
    """Write the activity tables of a book as of a period's end to a folder; return its canonical
    tables, by name: ``only`` those, and accounts.

    What grows with accounts × days or × months goes from the engine to its file and never through
    pandas.
    """
    as_of = period.as_of
    before, back = period.previous(), period.year_ago()
    windows = {"now": as_of, "previous": before.as_of, "year_ago": back.as_of}
    year = _span(window_start(as_of), as_of)
    spans = {
        "year": year,
        "year_before": _span(window_start(year.start - DAY), year.start - DAY),
        "period": period,
        "previous_period": before,
        "year_ago_period": back,
    }
    engine = used_lines(intake)
    known = {
        name: known_as_of(frame, name, as_of)
        for name, frame in intake.frames.items()
        if name in {*only, *_OF_ACCOUNTS} - {"accounts"}
    }
    accounts = accounts_as_of(
        intake.frames["accounts"],
        known["tiers"],
        known["managers"],
        known["service_costs"],
        latest_facts(engine, as_of=as_of),
        as_of=as_of,
    )
    tables = {"accounts": accounts, **{name: known[name] for name in known if name in only}}
    is_split = is_few = False
    if "order_cells" in only:
        orders = order_cells(engine, as_of=as_of, spans=spans)
        is_split = bool(orders["is_split"].any())
        whole = orders[~orders["is_split"]].drop(columns="is_split")
        tables["order_cells"] = whole.reset_index(drop=True)
    if "product_sales" in only:
        engine.tabulate(product_names(engine, as_of=as_of), "kam_called")
        is_few = engine.one(
            f"SELECT count(DISTINCT category) < {FEW_CATEGORIES} FROM kam_used "
            f"WHERE order_date <= {quoted_day(as_of)}"
        )
    days = engine.stored(account_days(as_of=as_of), of=LINES, by="account_id")
    statements = {
        "account_months": months_of_days(days, as_of=as_of),
        "category_months": category_months(as_of=as_of),
        "product_months": _called(product_months(as_of=as_of, is_wanted=is_few), "month"),
        "product_windows": product_windows(as_of=as_of, windows=windows),
        "sales_cells": sales_cells(spans=spans),
        "split_orders": split_orders(spans=spans, is_wanted=is_split),
        "product_sales": _called(product_sales(spans=spans)),
        "price_years": price_years(as_of=as_of),
        "manager_months": manager_months(as_of=as_of),
        "deliveries": deliveries(
            as_of=as_of,
            is_known=are_deliveries_known(engine, as_of=as_of),
            on_day_is_late=book.delivery.on_day_is_late,
        ),
    }
    in_turn = ", ".join(map(quoted, windows))
    other: dict[str, dict[str, str]] = {
        "account_months": {"of": days_of(days)},
        "product_windows": {
            "order": f'list_position([{in_turn}], "window"), account_id, product_id'
        },
        "price_years": {"by": "product_id", "order": "account_id, product_id, year_number"},
    }
    for name in filter(only.__contains__, statements):
        parted = {"of": LINES, "by": "account_id", **other.get(name, {})}
        shutil.move(engine.stored(statements[name], **parted), folder / f"{name}.parquet")
    shutil.move(days, folder / "account_days.parquet")
    return tables
