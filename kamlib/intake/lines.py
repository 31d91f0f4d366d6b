"""Order lines in one currency, repeated ones set aside, and what is worth knowing of them."""

from __future__ import annotations

from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.casting import MONEY, last_day
from kamlib.intake.columns import reason_if
from kamlib.intake.notices import Notice
from kamlib.intake.sources import Engine
from kamlib.words import number


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
    reason = ibis.coalesce(
        joined["_reason"], reason_if(factor.isnull(), "no rate for its month and currency")
    )
    return engine.keep(
        joined.mutate(**converted, _reason=reason).select(orders.columns), "kam_converted"
    )


def without_repeats(orders: ir.Table, given: frozenset[str], book: BookSettings) -> ir.Table:
    """Set repeated lines aside: by line_id where there is one, else as the book says."""
    used = orders["_reason"].isnull()
    if "line_id" in given:
        same = ibis.window(group_by=[orders["order_id"], orders["line_id"], used])
        first = ibis.window(
            group_by=[orders["order_id"], orders["line_id"], used],
            order_by=[orders["_file"], orders["_row"]],
        )
        is_named = used & orders["line_id"].notnull()
        differs = orders["revenue"].min().over(same) != orders["revenue"].max().over(same)
        later = ibis.row_number().over(first) > 0
        reason = ibis.cases(
            (is_named & differs, "same line_id with different amounts"),
            (is_named & later, "repeats its line_id"),
            else_=ibis.null("string"),
        )
        return orders.mutate(_reason=ibis.coalesce(orders["_reason"], reason))
    if book.input.duplicates == "set aside":
        twins = ibis.window(
            group_by=[orders[name] for name in sorted(given)] + [used],
            order_by=[orders["_file"], orders["_row"]],
        )
        later = used & (ibis.row_number().over(twins) > 0)
        return orders.mutate(
            _reason=ibis.coalesce(orders["_reason"], reason_if(later, "repeats another line"))
        )
    return orders


def order_notices(
    orders: ir.Table,
    given: frozenset[str],
    accounts: pd.DataFrame,
    book: BookSettings,
    ids: set[str],
) -> list[Notice]:
    """Return what is worth knowing of the order lines: repeats, twins by case, accounts that are
    not listed.

    ``ids`` are the accounts of the order lines where there is a list of accounts, else none.
    """
    used = orders.filter(orders["_reason"].isnull())
    notices = []
    if "line_id" not in given and book.input.duplicates == "accept":
        groups = used.group_by(sorted(given)).aggregate(n=used.count()).filter(ibis._["n"] > 1)
        repeated, amount = (
            groups.aggregate(
                n=(groups["n"] - 1).sum(), amount=(groups["revenue"] * (groups["n"] - 1)).sum()
            )
            .execute()
            .iloc[0]
        )
        if pd.notna(repeated) and repeated > 0:
            money = f"{book.currency} {number(amount, book, decimals=2)}"
            notices.append(
                Notice(
                    "orders",
                    f"Lines that repeat another one: {number(repeated)} ({money}); all are used.",
                    'If they are mistakes, say duplicates = "set aside" under [input] in '
                    "book.toml.",
                )
            )
    if not book.input.fold_case:
        folded = used.group_by(fold=used["account_id"].lower()).aggregate(
            ids=used["account_id"].nunique()
        )
        twins = folded.filter(folded["ids"] > 1).count().execute()
        if twins:
            notices.append(
                Notice(
                    "orders",
                    "Account ids that differ from another one only by upper and lower case: "
                    f"{number(twins)}.",
                    "If they are the same account, say fold_case = true under [input] in "
                    "book.toml.",
                )
            )
    unlisted = ids - set(accounts["account_id"])
    if unlisted:
        notices.append(
            Notice(
                "orders",
                "Accounts with orders that are not in the table accounts: "
                f"{number(len(unlisted))}; their id is their name.",
                "Add them to accounts.",
            )
        )
    return notices
