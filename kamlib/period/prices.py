"""Prices inside the engine: what each account paid, beside the median of product and month."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

LEAST_ACCOUNTS = 3
"""Accounts that bought a product in a month before their median price says anything."""


def price_rows(lines: ir.Table, years: dict[int, tuple]) -> ir.Table:
    """Return account × product × year: what was paid, and what it had been at the median price.

    Lines with a quantity and revenue above zero count. The median is over the accounts' mean prices
    of a product in a calendar month; months in which fewer than three accounts bought it are left
    out of both sums.
    """
    lines = lines.filter((lines["revenue"] > 0) & (lines["quantity"] > 0))
    year = ibis.null("int64")
    for number, (first, last) in years.items():
        inside = (lines["order_date"] >= first) & (lines["order_date"] <= last)
        year = ibis.ifelse(inside, ibis.literal(number, "int64"), year)
    lines = lines.mutate(year_number=year, month=lines["order_date"].truncate("M"))
    lines = lines.filter(lines["year_number"].notnull())
    by = ["account_id", "product_id", "month", "year_number"]
    paid = lines.group_by(by).aggregate(
        revenue=lines["revenue"].sum(), quantity=lines["quantity"].sum().cast("float64")
    )
    paid = paid.mutate(price=paid["revenue"].cast("float64") / paid["quantity"])
    pair = ["product_id", "month"]
    middle = paid.group_by([*pair, "account_id"]).aggregate(
        price=paid["revenue"].sum().cast("float64") / paid["quantity"].sum()
    )
    middle = middle.group_by(pair).aggregate(
        median_price=middle["price"].median(), buyer_count=middle.count()
    )
    known = paid.join(middle.filter(middle["buyer_count"] >= LEAST_ACCOUNTS), pair)
    known = known.mutate(book_price_revenue=known["quantity"] * known["median_price"])
    return known.group_by(["account_id", "product_id", "year_number"]).aggregate(
        revenue=known["revenue"].sum(),
        book_price_revenue=known["book_price_revenue"].sum(),
        quantity=known["quantity"].sum(),
    )
