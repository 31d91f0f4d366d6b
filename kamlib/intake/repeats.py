"""Orders of which something may be amiss: lines that repeat another one, days that lie far apart.

One pass over the lines finds the few orders that may be so; what is told is asked of their lines.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.intake.lines import REPEATS
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.words import number

FAR, FAR_OTHER = 270, 30
"""So many days apart one number is two orders: an account's, and two accounts'."""
_SUSPECT = "kam_suspect_orders"
_FEW = 1_000_000
"""So many lines can be compared cell by cell; of more those come first that share a number."""
_AMOUNTS = ("revenue", "cost", "quantity")
_GOODS = ("product_id", "product", "category")


@dataclass(frozen=True)
class Suspects:
    """The orders found: how many lines are of those that may repeat one, how many may be two."""

    alike: int
    far: int

    def are(self, which: str) -> str:
        """Return the test of a line whether its order is suspect: ``alike`` or ``far``."""
        return f"hash(order_id) IN (SELECT named FROM {_SUSPECT} WHERE is_{which})"


def suspects(orders: ir.Table, given: Collection[str], book: BookSettings) -> Suspects:
    """Find orders whose lines do not each have a bit of their own, by two numbers made of what
    tells lines apart, and orders of days far apart; repeats are lines of one order.
    """
    connection = orders.get_backend()
    told_by = [name for name in _AMOUNTS if name in given]
    told_by += [name for name in _GOODS if name in given][:1]
    is_bare = _is_bare(given)
    only = f" FILTER (WHERE {is_bare})" if is_bare != "TRUE" else ""
    lines = f"count(*){only}"
    is_alike = " AND ".join(
        f"bit_count(bit_or(1::BIGINT << ({it} % 63)::INTEGER){only}) < {lines}"
        for it in ("it", "(it // 63)")
    )
    if book.input.of("orders").duplicates != "accept":
        is_alike = "FALSE"
    connection.raw_sql(
        f"""
        CREATE OR REPLACE TEMP TABLE {_SUSPECT} AS
        SELECT hash(order_id) AS named, {lines} AS n, coalesce({is_alike}, FALSE) AS is_alike,
            date_diff('day', min(order_date), max(order_date)) > {FAR_OTHER} AS is_far
        FROM (SELECT *, hash({", ".join(map(quoted_name, told_by))}) AS it
            FROM ({connection.compile(orders)}) WHERE {_IS_KNOWN})
        GROUP BY 1 HAVING is_alike OR is_far
        """
    )
    found = connection.raw_sql(
        "SELECT coalesce(sum(n) FILTER (WHERE is_alike), 0), count(*) FILTER (WHERE is_far) "
        f"FROM {_SUSPECT}"
    )
    return Suspects(*map(int, found.fetchone()))


_IS_KNOWN = f"(_reason IS NULL OR _reason = {quoted(REPEATS)})"


def _is_bare(given: Collection[str]) -> str:
    """Return the test of a line that repeats another one where all its cells do."""
    if "line_id" not in given:
        return "TRUE"  # then none repeats its line_id
    return "_reason IS NULL AND line_id IS NULL"


def repeated(
    orders: ir.Table, found: Suspects, given: Collection[str], book: BookSettings
) -> list[tuple[str, str]]:
    """Tell of lines that repeat another one, all of whose cells are alike."""
    if not found.alike:
        return []
    connection = orders.get_backend()
    cells = ", ".join(map(quoted_name, sorted(given)))
    lines = (
        f"({connection.compile(orders)}) "
        f"WHERE _reason IS NULL AND {_is_bare(given)} AND {found.are('alike')}"
    )
    if found.alike > _FEW:
        connection.raw_sql(
            f"CREATE OR REPLACE TEMP TABLE kam_alike AS SELECT hash({cells}) AS it FROM {lines} "
            "GROUP BY 1 HAVING count(*) > 1"
        )
        lines += f" AND hash({cells}) IN (SELECT it FROM kam_alike)"
    many, amount = connection.raw_sql(
        "SELECT sum(n - 1), CAST(sum(revenue * (n - 1)) AS DOUBLE) FROM "
        f"(SELECT {cells}, count(*) AS n FROM {lines} GROUP BY ALL HAVING n > 1)"
    ).fetchone()
    if pd.isna(many) or not many:
        return []
    money = f"{book.currency} {number(amount, book, decimals=2)}"
    return [
        (
            f"Lines that repeat another one: {number(many)} ({money}); all are used.",
            'If they are mistakes, say duplicates = "set aside" under [input] in book.toml.',
        )
    ]
