"""Order lines in one currency, repeated ones set aside."""

from __future__ import annotations

from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.casting import MONEY, last_day
from kamlib.intake.columns import reason_if
from kamlib.intake.sources import Engine


def in_book_currency(
    orders: ir.Table,
    given: frozenset[str],
    rates: pd.DataFrame,
    book: BookSettings,
    engine: Engine,
    folder: Path,
) -> ir.Table:
    """Convert amounts by the month's rate (book currency for one unit)."""
    if "currency" not in given:
        return orders
    used = orders.filter(orders["_reason"].isnull())
    found = set(used["currency"].upper().name("c").as_table().distinct().execute()["c"].dropna())
    foreign = found - {book.currency.upper()}
    if not foreign:
        return orders
    if rates.empty:
        raise KamError(
            f"Orders are in several currencies: {', '.join(sorted(found))}.",
            where=f"{folder}/orders, column currency",
            next=f"Add a table rates (month, currency, rate: {book.currency} for one unit), or "
            "convert in orders.sql.",
        )
    known = engine.connection.create_table(
        "kam_rates",
        rates.assign(currency=rates["currency"].str.upper())[["month", "currency", "rate"]],
        temp=True,
        overwrite=True,
    ).mutate(month=ibis._["month"].cast("date"), rate=ibis._["rate"].cast("float64"))
    lines = orders.mutate(_month=last_day(orders["order_date"]), _code=orders["currency"].upper())
    joined = lines.left_join(
        known, [lines["_month"] == known["month"], lines["_code"] == known["currency"]]
    )
    home = joined["_code"].fill_null(book.currency.upper()) == book.currency.upper()
    factor = ibis.ifelse(home, ibis.literal(1.0), joined["rate"])
    converted = {
        name: ibis.ifelse(home, joined[name], (joined[name].cast("float64") * factor).cast(MONEY))
        for name in ("revenue", "cost")
        if name in orders.columns
    }
    is_without = (factor > 0).fill_null(False)
    reason = ibis.coalesce(
        joined["_reason"], reason_if(~is_without, "no rate for its month and currency")
    )
    return engine.keep(
        joined.mutate(**converted, _reason=reason).select(orders.columns), "kam_converted"
    )


def without_repeats(orders: ir.Table, given: frozenset[str], book: BookSettings) -> ir.Table:
    """Set repeated lines aside: by line_id where a line has one, else as the book says.

    Of the lines with one line_id those of the earliest day decide, so that a later line changes
    nothing before it; which of equal ones is used does not depend on the order of files.
    """
    used = orders["_reason"].isnull()
    reasons = []
    if "line_id" in given and _has_twins(orders, ["order_id", "line_id"]):
        is_named = used & orders["line_id"].notnull()
        key = [orders["order_id"], orders["line_id"], is_named]
        first = orders["order_date"].min().over(ibis.window(group_by=key))
        day = ibis.window(group_by=[*key, orders["order_date"]])
        content = [orders[name] for name in sorted(given)]
        in_order = ibis.window(
            group_by=[*key, orders["order_date"]],
            order_by=[*content, orders["_file"], orders["_row"]],
        )
        is_repeat = (orders["order_date"] > first) | (ibis.row_number().over(in_order) > 0)
        for name, said in (("revenue", "amounts"), ("account_id", "accounts")):
            differs = orders[name].min().over(day) != orders[name].max().over(day)
            is_first = orders["order_date"] == first
            reasons.append((is_named & is_first & differs, f"same line_id with different {said}"))
        reasons.append((is_named & is_repeat, "repeats its line_id"))
    if book.input.of("orders").duplicates == "set aside":
        names = [name for name in sorted(given) if name != "line_id"]
        is_bare = used & orders["line_id"].isnull() if "line_id" in given else used
        twins = ibis.window(
            group_by=[*(orders[name] for name in names), is_bare],
            order_by=[orders["_file"], orders["_row"]],
        )
        reasons.append((is_bare & (ibis.row_number().over(twins) > 0), "repeats another line"))
    if not reasons:
        return orders
    found = ibis.cases(*reasons, else_=ibis.null("string"))
    return orders.mutate(_reason=ibis.coalesce(orders["_reason"], found))


def _has_twins(orders: ir.Table, key: list[str]) -> bool:
    named = orders.filter(orders["_reason"].isnull() & orders[key[-1]].notnull())
    groups = named.group_by(key).aggregate(n=named.count())
    return bool(groups.filter(groups["n"] > 1).count().execute())
