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
from kamlib.intake.currencies import code_of, signs_of
from kamlib.intake.rates import NO_RATE, to_write
from kamlib.intake.sources import Engine
from kamlib.words import listed

REPEATS = "repeats its line_id"


def in_book_currency(
    orders: ir.Table,
    given: frozenset[str],
    rates: pd.DataFrame,
    book: BookSettings,
    engine: Engine,
    folder: Path,
    *,
    has_rates: bool = False,
) -> ir.Table:
    """Convert amounts by the month's rate (book currency for one unit).

    ``has_rates`` where the book has a table of them, whether or not a row of it could be used.
    """
    if "currency" not in given:
        return orders
    used = orders.filter(orders["_reason"].isnull())
    found = set(used["currency"].upper().name("c").as_table().distinct().execute()["c"].dropna())
    own = [sign.upper() for sign in signs_of(book.currency)]
    if found <= {*own}:
        return orders
    if rates.empty and has_rates:
        other = min(found - {*own})
        first = pd.Timestamp(used["order_date"].min().to_pyarrow().as_py())
        raise KamError(
            f"Orders are in {listed(sorted(found))}, and no row of the table rates can be used.",
            where=f"{folder}/rates",
            next=to_write(first, other, book),
        )
    if rates.empty and len(found) == 1:
        (only,) = found
        said = f"is in {book.currency}" if "currency" in book.model_fields_set else "names none"
        raise KamError(
            f"All orders are in the currency '{only}', and the book {said}.",
            where=f"{folder}/orders, column currency",
            next=f'Say currency = "{code_of(only) or only}" above the first [section] in '
            "book.toml, or add a table rates (month, currency, rate).",
        )
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
    home = joined["_code"].fill_null(book.currency.upper()).isin(own)
    factor = ibis.ifelse(home, ibis.literal(1.0), joined["rate"])
    converted = {
        name: ibis.ifelse(home, joined[name], (joined[name].cast("float64") * factor).cast(MONEY))
        for name in ("revenue", "cost")
        if name in orders.columns
    }
    is_without = (factor > 0).fill_null(False)
    reason = ibis.coalesce(joined["_reason"], reason_if(~is_without, NO_RATE))
    return engine.keep(
        joined.mutate(**converted, _reason=reason).select(orders.columns), "kam_converted"
    )


def without_repeats(orders: ir.Table, given: frozenset[str], book: BookSettings) -> ir.Table:
    """Set repeated lines aside: by line_id where a line has one, else as the book says.

    Of an account's lines with one line_id those of the earliest day decide, so that a later line
    changes nothing before it; which of equal ones is used does not depend on the order of files.
    Another account's line of a later day is another order's: numbers may begin anew.
    """
    if "line_id" in given:
        orders = _without_twins(orders, given)
    if book.input.of("orders").duplicates != "set aside":
        return orders
    used = orders["_reason"].isnull()
    names = [name for name in sorted(given) if name != "line_id"]
    is_bare = used & orders["line_id"].isnull() if "line_id" in given else used
    twins = ibis.window(
        group_by=[*(orders[name] for name in names), is_bare],
        order_by=[orders["_file"], orders["_row"]],
    )
    again = reason_if(is_bare & (ibis.row_number().over(twins) > 0), "repeats another line")
    return orders.mutate(_reason=ibis.coalesce(orders["_reason"], again))


def _without_twins(orders: ir.Table, given: frozenset[str]) -> ir.Table:
    """Judge the lines that share order_id and line_id with another; no others are sorted for it."""
    key = ["order_id", "line_id"]
    is_named = orders["_reason"].isnull() & orders["line_id"].notnull()
    groups = orders.filter(is_named).group_by(key).aggregate(_n=ibis._.count())
    twins = groups.filter(groups["_n"] > 1)
    if not twins.count().execute():
        return orders
    marked = orders.left_join(twins, key).select(orders, "_n")
    is_twin = marked["_reason"].isnull() & marked["_n"].notnull()
    rows = marked.filter(is_twin)
    day = [*key, "order_date"]
    own = ibis.window(group_by=[*key, "account_id"])
    rows = rows.mutate(_is_first=rows["order_date"] == rows["order_date"].min().over(own))
    in_order = ibis.window(
        group_by=[*day, "account_id"],
        order_by=[*(name for name in sorted(given) if name not in day), "_file", "_row"],
    )
    reasons = []
    for name, said in (("revenue", "amounts"), ("account_id", "accounts")):
        first = ibis.ifelse(rows["_is_first"], rows[name], ibis.null(rows[name].type()))
        of_day = ibis.window(group_by=day)
        differs = first.min().over(of_day) != first.max().over(of_day)
        reasons.append((rows["_is_first"] & differs, f"same line_id with different {said}"))
    is_repeat = ~rows["_is_first"] | (ibis.row_number().over(in_order) > 0)
    reasons.append((is_repeat, REPEATS))
    judged = rows.mutate(_reason=ibis.cases(*reasons, else_=ibis.null("string")))
    others = marked.filter(~is_twin)
    return ibis.union(others.select(orders.columns), judged.select(orders.columns))
