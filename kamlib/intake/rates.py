"""What is wrong with the rates of a book: currencies and months without one, and rates of 0."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake.notices import Notice
from kamlib.words import count, listed, number

NO_RATE = "no rate for its month and currency"


def rate_notices(
    orders: ir.Table, given: frozenset[str], rates: pd.DataFrame, book: BookSettings
) -> list[Notice]:
    """Return what keeps order lines from being converted, each with an example and the line to
    write; ``orders`` are the lines once judged.
    """
    if rates.empty:
        return []
    if "currency" not in given:
        return [
            Notice(
                "rates",
                "No rate is used: orders have no column currency.",
                'Name it, where they have one: under [columns.orders], currency = "Its name".',
            )
        ]
    bad = rates[~rates["rate"].gt(0)]
    notices = []
    if len(bad):
        row = bad.iloc[0]
        notices.append(
            Notice(
                "rates",
                f"{count(len(bad), 'rate is', 'rates are')} not above 0, such as "
                f"{number(row['rate'])} of {row['currency']} in {row['month']:%Y-%m}: not used.",
                to_write(row["month"], str(row["currency"]), book),
            )
        )
    return notices + _lacking(orders, rates, book)


def _lacking(orders: ir.Table, rates: pd.DataFrame, book: BookSettings) -> list[Notice]:
    lost = orders.filter(orders["_reason"] == NO_RATE)
    by_month = lost.group_by(
        currency=lost["currency"].upper(), month=lost["order_date"].truncate("M")
    )
    found = by_month.aggregate(n=lost.count()).to_pandas().dropna()
    found["month"] = pd.to_datetime(found["month"]) + pd.offsets.MonthEnd(0)
    known = set(rates.loc[rates["rate"].gt(0), "currency"].str.upper())
    notices = []
    for currency, rows in found.sort_values(["currency", "month"]).groupby("currency"):
        lines = count(int(rows["n"].sum()), "line is", "lines are")
        first = rows["month"].iloc[0]
        what = f"{lines} in {currency}, which has no rate"
        if currency in known:
            shown = listed([f"{month:%Y-%m}" for month in rows["month"].head(3)])
            more = " and others" if len(rows) > 3 else ""
            what += f" in {shown}{more}"
        notices.append(Notice("rates", f"{what}: set aside.", to_write(first, str(currency), book)))
    return notices


def to_write(month: pd.Timestamp, currency: str, book: BookSettings) -> str:
    """Return what to do about a rate that lacks: the line to write, for a month and a currency."""
    day = (month + pd.offsets.MonthEnd(0)).date()
    return (
        f"Write for each month a line such as {day},{currency},RATE (month, currency, rate): how "
        f"much {book.currency} one {currency} is."
    )
