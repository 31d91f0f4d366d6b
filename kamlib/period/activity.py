"""From order lines to activity tables: the engine condenses millions of lines to a few small
frames.

Lines never reach pandas. For one as-of day the engine yields account × day, account × category ×
month, account × product × window, account × manager × month and deliveries; everything after is
plain pandas. `activity_tables` gives them beside the canonical tables as known on that day.
"""

from __future__ import annotations

import datetime

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake import Intake
from kamlib.intake.casting import MONEY, last_day
from kamlib.period.calendar import Span, month_of
from kamlib.period.listed import accounts_as_of
from kamlib.period.prices import price_rows
from kamlib.tables import known_as_of

DAY = pd.Timedelta(days=1)
FEW_CATEGORIES = 3
"""With fewer categories than this a book is looked at by product as well."""
_REGULAR = 6


def _lines(intake: Intake, as_of: pd.Timestamp) -> ir.Table:
    """Return the used lines up to a day, with every optional column the activity tables ask for."""
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
    used = orders.filter(orders["_reason"].isnull() & (orders["order_date"] <= as_of.date()))
    return used.mutate(**missing)


def _product_lines(intake: Intake, as_of: pd.Timestamp) -> ir.Table:
    lines = _lines(intake, as_of)
    lines = lines.mutate(product_id=ibis.coalesce(lines["product_id"], lines["product"]))
    return lines.filter(lines["product_id"].notnull())


def _sums(lines: ir.Table) -> dict[str, ir.Value]:
    """Revenue, cost and quantity; a cost is known only where every line has one."""
    is_whole = lines["cost"].count() == lines.count()
    return {
        "revenue": lines["revenue"].sum(),
        "cost": ibis.ifelse(is_whole, lines["cost"].sum(), ibis.null(MONEY)),
        "quantity": lines["quantity"].sum(),
    }


def _month(day: ir.DateValue, as_of: pd.Timestamp) -> ir.DateValue:
    """Return the last day of a day's activity month, as `kamlib.period.calendar.month_of` does."""
    if as_of.is_month_end:
        return last_day(day)
    number = as_of.day
    start = day.truncate("M")
    start = ibis.ifelse(day.day() > number, (start + ibis.interval(months=1)).cast("date"), start)
    length = last_day(start).day()
    shift = ibis.least(length, ibis.literal(number)) - 1
    return start + shift.as_interval("D")


def _frame(rows: ir.Table, by: list[str]) -> pd.DataFrame:
    """Bring an aggregate to pandas: money as floats, dates as days, sorted by its key."""
    frame = rows.select(
        **{
            name: rows[name].cast("float64") if rows[name].type().is_decimal() else rows[name]
            for name in rows.columns
        }
    ).to_pandas()
    for name, type_ in rows.schema().items():
        if type_.is_date():
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        elif type_.is_string():
            frame[name] = frame[name].astype("str")
    return frame.sort_values(by, kind="stable").reset_index(drop=True)


def _sums_by_month(
    intake: Intake, column: str, as_of: pd.Timestamp, *, with_days: bool = False
) -> pd.DataFrame:
    """Return the sums by account, another column and month, of the lines that have it."""
    lines = _lines(intake, as_of)
    lines = lines.filter(lines[column].notnull())
    lines = lines.mutate(month=_month(lines["order_date"], as_of))
    by = ["account_id", column, "month"]
    days = {"order_day_count": _days_bought(lines)} if with_days else {}
    return _frame(lines.group_by(by).aggregate(**_sums(lines), **days), by)


def _days_bought(lines: ir.Table) -> ir.Value:
    """Return on how many days something was bought."""
    return lines["order_date"].nunique(where=lines["revenue"] > 0)


def account_days(intake: Intake, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × day with order lines, up to the as-of day.

    Net of credit notes. An *order day* is a row with revenue above 0.
    """
    lines = _lines(intake, as_of)
    rows = lines.group_by("account_id", date=lines["order_date"]).aggregate(
        **_sums(lines), order_count=lines["order_id"].nunique(), line_count=lines.count()
    )
    return _frame(rows, ["account_id", "date"])


def account_months(account_days: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × month with order lines; months end as the as-of day does."""
    days = account_days.assign(
        month=month_of(account_days["date"], as_of),
        is_order_day=account_days["revenue"].gt(0).astype("int64"),
        is_cost_missing=account_days["cost"].isna(),
    )
    months = days.groupby(["account_id", "month"], as_index=False).agg(
        revenue=("revenue", "sum"),
        cost=("cost", "sum"),
        order_count=("order_count", "sum"),
        order_day_count=("is_order_day", "sum"),
        is_cost_missing=("is_cost_missing", "any"),
    )
    months["revenue"] = months["revenue"].round(6)
    months["cost"] = months["cost"].round(6).mask(months["is_cost_missing"])
    return months.drop(columns="is_cost_missing")


def category_months(intake: Intake, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × category × month: what was supplied, on how many days."""
    return _sums_by_month(intake, "category", as_of, with_days=True)


def product_months(intake: Intake, *, as_of: pd.Timestamp, is_wanted: bool) -> pd.DataFrame:
    """One row per account × product × month, of products that the account bought in six months."""
    lines = _product_lines(intake, as_of)
    lines = lines.filter(ibis.literal(is_wanted))
    lines = lines.mutate(month=_month(lines["order_date"], as_of))
    pair = ["account_id", "product_id"]
    months = lines.group_by([*pair, "month"]).aggregate(
        category=lines["category"].max(),
        revenue=lines["revenue"].sum(),
        order_day_count=_days_bought(lines),
    )
    regular = months.group_by(pair).aggregate(month_count=months.count())
    regular = regular.filter(regular["month_count"] >= _REGULAR)
    return _frame(months.semi_join(regular, pair), [*pair, "month"])


def product_windows(
    intake: Intake, *, as_of: pd.Timestamp, windows: dict[str, pd.Timestamp]
) -> pd.DataFrame:
    """One row per account × product × window: quantity and revenue, for price, volume and mix."""
    lines = _product_lines(intake, as_of)
    parts = []
    for name, end in windows.items():
        start = window_start(end)
        cut = lines.filter(
            (lines["order_date"] >= start.date()) & (lines["order_date"] <= end.date())
        )
        rows = cut.group_by("account_id", "product_id").aggregate(
            category=cut["category"].max(), **_sums(cut)
        )
        parts.append(_frame(rows, ["account_id", "product_id"]).assign(window=name))
    columns = ["account_id", "product_id", "category", "window", "quantity", "revenue", "cost"]
    return pd.concat(parts, ignore_index=True)[columns].astype({"window": "str"})


def manager_months(intake: Intake, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × manager on the order × month."""
    return _sums_by_month(intake, "manager_id", as_of)


def sales_cells(intake: Intake, *, as_of: pd.Timestamp, spans: dict[str, Span]) -> pd.DataFrame:
    """One row per account × category × region × channel × manager on the order: its sales."""
    return _sales(intake, ["account_id", "category", "region", "channel", "manager_id"], spans)


def product_sales(intake: Intake, *, as_of: pd.Timestamp, spans: dict[str, Span]) -> pd.DataFrame:
    """One row per account × product: its sales, of the same times as `sales_cells`."""
    return _sales(intake, ["account_id", "product_id"], spans)


def _sales(intake: Intake, by: list[str], spans: dict[str, Span]) -> pd.DataFrame:
    """Return revenue and cost of each span; a cost is known only where every line has one."""
    lines = _lines(intake, max(span.end for span in spans.values()))
    lines = lines.mutate(product_id=ibis.coalesce(lines["product_id"], lines["product"]))
    first = min(span.start for span in spans.values())
    lines = lines.filter(lines["order_date"] >= first.date())
    sums: dict[str, ir.Value] = {}
    for name, span in spans.items():
        day = lines["order_date"]
        inside = (day >= span.start.date()) & (day <= span.end.date())
        is_whole = (inside & lines["cost"].isnull()).sum() == 0
        cost = ibis.coalesce(lines["cost"].sum(where=inside), ibis.literal(0).cast(MONEY))
        sold = ibis.coalesce(lines["revenue"].sum(where=inside), ibis.literal(0).cast(MONEY))
        sums[f"{name}_revenue"] = sold
        sums[f"{name}_cost"] = ibis.ifelse(is_whole, cost, ibis.null(MONEY))
    return _frame(lines.group_by(by).aggregate(**sums), by)


def price_years(intake: Intake, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account × product × year: what was paid, and what it was at median prices."""
    ends = [as_of] + [window_start(as_of, 12 * back) - DAY for back in (1, 2)]
    years = {n: (window_start(end).date(), end.date()) for n, end in enumerate(ends)}
    lines = _product_lines(intake, as_of)
    return _frame(price_rows(lines, years), ["account_id", "product_id", "year_number"])


def deliveries(
    intake: Intake, *, as_of: pd.Timestamp, on_day_is_late: bool = False
) -> pd.DataFrame:
    """One row per account × manager × month of promise: orders due, and late ones.

    An order is late when a line of it was delivered after its promised day, or is open past it as
    of the as-of day (with ``on_day_is_late``: on the promised day or after). Without any delivered
    day it is unknown whether orders were late: no row.
    """
    day = as_of.date()
    lines = _lines(intake, as_of)
    is_known = (lines["delivered_date"] <= day).any().as_scalar()
    lines = lines.filter(lines["promised_date"].notnull() & is_known)
    done = ibis.ifelse(lines["delivered_date"] <= day, lines["delivered_date"], ibis.null("date"))
    orders = (
        lines.mutate(done=done)
        .group_by("account_id", "order_id")
        .aggregate(
            manager_id=ibis._["manager_id"].max(),
            promised_date=ibis._["promised_date"].max(),
            delay=(
                ibis.coalesce(ibis._["done"], ibis.date(day)).delta(
                    ibis._["promised_date"], unit="day"
                )
            ).max(),
            is_open=ibis._["done"].isnull().any(),
        )
    )
    limit = 0 if on_day_is_late else 1
    orders = orders.filter((orders["promised_date"] <= day) | ~orders["is_open"])
    orders = orders.mutate(
        month=_month(orders["promised_date"], as_of),
        is_late=ibis.ifelse(orders["is_open"], orders["delay"] >= 1, orders["delay"] >= limit),
    )
    rows = orders.group_by("account_id", "manager_id", "month").aggregate(
        due_count=orders.count(),
        late_count=orders["is_late"].cast("int64").sum(),
        open_late_count=(orders["is_late"] & orders["is_open"]).cast("int64").sum(),
        delay_days=orders["delay"].mean(where=orders["is_late"]),
    )
    return _frame(rows, ["account_id", "manager_id", "month"])


def latest_facts(intake: Intake, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account with orders: manager, region and channel of its latest order that has
    one.
    """
    lines = _lines(intake, as_of)
    latest = {}
    for name in ("manager_id", "region", "channel"):
        stamp = ibis.struct(
            {"day": lines["order_date"], "order": lines["order_id"], "value": lines[name]}
        )
        latest[name] = stamp.max(where=lines[name].notnull())["value"]
    return _frame(lines.group_by("account_id").aggregate(**latest), ["account_id"])


def window_start(end: pd.Timestamp, months: int = 12) -> pd.Timestamp:
    """Return the first day of the window of so many months that ends on a day.

    >>> [str(window_start(pd.Timestamp(day)).date()) for day in ("2025-09-30", "2024-02-29")]
    ['2024-10-01', '2023-03-01']
    """
    shifted = end - pd.DateOffset(months=months)
    if end.is_month_end:
        shifted = shifted + pd.offsets.MonthEnd(0)
    return shifted + pd.Timedelta(days=1)


def activity_tables(intake: Intake, period: Span, book: BookSettings) -> dict[str, pd.DataFrame]:
    """Return every activity table and canonical table of a book as of a period's end, by name."""
    as_of = period.as_of
    windows = {
        "now": as_of,
        "previous": period.previous().as_of,
        "year_ago": period.year_ago().as_of,
    }
    year = Span(window_start(as_of), as_of, "", "year")
    spans = {
        "year": year,
        "year_before": Span(window_start(year.start - DAY), year.start - DAY, "", "year"),
        "period": period,
        "previous_period": period.previous(),
        "year_ago_period": period.year_ago(),
    }
    days = account_days(intake, as_of=as_of)
    categories = category_months(intake, as_of=as_of)
    is_few = categories["category"].nunique() < FEW_CATEGORIES
    known = {
        name: known_as_of(frame, name, as_of)
        for name, frame in intake.frames.items()
        if name != "accounts"
    }
    return {
        "account_days": days,
        "account_months": account_months(days, as_of=as_of),
        "category_months": categories,
        "product_months": product_months(intake, as_of=as_of, is_wanted=is_few),
        "product_windows": product_windows(intake, as_of=as_of, windows=windows),
        "sales_cells": sales_cells(intake, as_of=as_of, spans=spans),
        "product_sales": product_sales(intake, as_of=as_of, spans=spans),
        "price_years": price_years(intake, as_of=as_of),
        "manager_months": manager_months(intake, as_of=as_of),
        "deliveries": deliveries(intake, as_of=as_of, on_day_is_late=book.delivery.on_day_is_late),
        "accounts": accounts_as_of(
            intake.frames["accounts"],
            known["tiers"],
            known["managers"],
            latest_facts(intake, as_of=as_of),
            as_of=as_of,
        ),
        **known,
    }


def first_day(intake: Intake) -> pd.Timestamp | None:
    """Return the first used order day of a book."""
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    day = used["order_date"].min().to_pyarrow().as_py()
    return None if day is None else pd.Timestamp(day).as_unit("us")


def last_covered_day(
    intake: Intake, book: BookSettings, today: datetime.date | None = None
) -> datetime.date | None:
    """Return the last day the data cover: the latest used order day, or the book's ``complete_to``.

    Order days after ``today`` do not count: a mistyped year covers nothing.
    """
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    if today is not None:
        used = used.filter(used["order_date"] <= today)
    latest = used["order_date"].max().to_pyarrow().as_py()
    found = [day for day in (latest, book.complete_to) if day]
    return max(found) if found else None
