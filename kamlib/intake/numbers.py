"""What the numbers of orders give away: cancellations that count as sales, numbers used twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from kamlib.book import BookSettings
from kamlib.intake.lines import REPEATS
from kamlib.intake.notices import amount_text, below_zero
from kamlib.intake.repeats import FAR, FAR_OTHER, Suspects
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.words import count, number

_LETTERS = "A"
"""From here on there are letters; what comes before them are figures and marks."""
_CREDIT = 0.25
"""At most this share of the lines may have the mark of a cancellation."""
_MOSTLY = 0.5
_USUAL = "C"
"""The letter that programs put before a cancellation's number."""
_CODES = frozenset({"CN", "CR", "GS", "GU", "RK", "SR", "NC"})
"""How the numbers of credit notes begin, as a rule."""


def number_notices(
    orders: ir.Table, theirs: Mapping[str, str], found: Suspects, book: BookSettings
) -> list[tuple[str, str]]:
    """Return what is worth knowing of the numbers of orders: what was found, and what to do.

    ``theirs`` are the file's own names of the columns, ``found`` the orders that may be two.
    """
    used = orders.filter(orders["_reason"].isnull())
    own = {name: quoted_name(theirs.get(name, name)) for name in ("order_id", "order_date")}
    revenue = quoted_name(theirs.get("revenue", "revenue"))
    return [*_cancelled(used, own["order_id"], revenue, book), *_twice(orders, own, found)]


def _cancelled(
    used: ir.Table, order: str, revenue: str, book: BookSettings
) -> list[tuple[str, str]]:
    """Tell of lines above 0 in orders whose number begins as those of cancellations do.

    That is a letter before a figure with which few lines begin, most of them below 0, while others
    begin otherwise and are not; or C, where all others begin with a figure.
    """
    if (used["order_id"].max() < _LETTERS).execute():
        return []
    first = used["order_id"].left(1).upper()
    is_above, is_below = used["revenue"] > 0, used["revenue"] < 0
    marks = used.group_by(mark=used["order_id"].left(2)).aggregate(
        n=used.count(), above=is_above.sum(), below=is_below.sum()
    )
    marks = marks.group_by(mark=marks["mark"].upper()).aggregate(
        **{name: marks[name].sum() for name in ("n", "above", "below")}
    )
    seen: dict[str, dict[str, int]] = {}
    codes = {str(row["mark"]): row for row in marks.to_pyarrow().to_pylist()}
    for code, row in codes.items():
        own = seen.setdefault(code[:1], dict.fromkeys(("n", "above", "below"), 0))
        seen[code[:1]] = {name: own[name] + row[name] for name in own}
    lines = sum(row["n"] for row in seen.values())
    for mark, row in sorted(seen.items()):
        others = [other for name, other in seen.items() if name != mark]
        if not mark.isalpha() or not row["above"] or row["n"] > _CREDIT * lines:
            continue
        below, above = (sum(other[side] for other in others) for side in ("below", "above"))
        is_credit = row["below"] >= _MOSTLY * (row["above"] + row["below"]) and below < above
        are_figures = mark == _USUAL and all(name.isdigit() for name in seen if name != mark)
        if not is_credit and not (are_figures and not row["below"]):
            continue
        back = used.filter((first == mark) & is_above & used["order_id"].re_search(r"^\pL+\W?\d"))
        if example := _first(back, ["order_id", "revenue"], ibis.desc("revenue")):
            return [_counted(mark, row, example, int(back.count().execute()), order, revenue, book)]
    for mark in sorted(_CODES & codes.keys()):
        row = codes[mark]
        is_so = used["order_id"].upper().re_search(rf"^{mark}\pL{{0,2}}\W?\d")
        back = used.filter(is_so & is_above)
        few = not row["below"] and row["n"] <= _CREDIT * lines
        if few and (example := _first(back, ["order_id", "revenue"], ibis.desc("revenue"))):
            return [_counted(mark, row, example, int(back.count().execute()), order, revenue, book)]
    return []


def _counted(
    mark: str,
    row: Mapping[str, int],
    example: Mapping[str, Any],
    many: int,
    order: str,
    revenue: str,
    book: BookSettings,
) -> tuple[str, str]:
    amount = f"{book.currency} {number(float(example['revenue']), book, decimals=2)}"
    others = (
        f"{count(row['below'], 'other line is', 'other lines are')} below 0, as cancellations are"
        if row["below"]
        else "others so marked are cancellations or credit notes as a rule"
    )
    return (
        f"{count(many, 'line', 'lines')} of orders whose number begins with '{mark}' "
        f"{'is' if many == 1 else 'are'} above 0, such as {amount} of order "
        f"'{example['order_id']}'; {others}. They count as sales.",
        f"If they are cancellations, turn them in orders.sql: CASE WHEN {order} LIKE "
        f"{quoted(mark + '%')} THEN {below_zero(revenue)} ELSE {amount_text(revenue)} END AS "
        "revenue.",
    )


def _twice(orders: ir.Table, own: Mapping[str, str], found: Suspects) -> list[tuple[str, str]]:
    """Tell of numbers that stand for two orders: days far apart, of several accounts less so."""
    if not found.far:
        return []
    connection = orders.get_backend()
    known = orders.filter(orders["_reason"].isnull() | (orders["_reason"] == REPEATS))
    is_aside = known["_reason"].notnull()
    known = known.select("order_id", "account_id", "order_date", is_aside=is_aside)
    lines = f"({connection.compile(known)})"
    connection.raw_sql(
        f"""
        CREATE OR REPLACE TEMP TABLE kam_twice AS
        SELECT hash(order_id) AS it, count(*) FILTER (WHERE is_aside) AS aside
        FROM {lines} WHERE {found.are("far")} GROUP BY 1
        HAVING date_diff('day', min(order_date), max(order_date)) > CASE WHEN
            min(hash(account_id)) = max(hash(account_id)) THEN {FAR} ELSE {FAR_OTHER} END
        """
    )
    many, aside = connection.raw_sql("SELECT count(*), sum(aside) FROM kam_twice").fetchone()
    if not many:
        return []
    order, day, account, last_day, last_account = connection.raw_sql(
        f"""
        SELECT order_id, min(order_date), arg_min(account_id, (order_date, account_id)),
            max(order_date), arg_max(account_id, (order_date, account_id))
        FROM {lines} WHERE hash(order_id) IN (SELECT it FROM kam_twice)
        GROUP BY 1 ORDER BY 1 LIMIT 1
        """
    ).fetchone()
    lost = f" {count(aside, 'line is', 'lines are')} set aside as repeats." if aside else ""
    year = f"regexp_extract({own['order_date']}::VARCHAR, '\\d{{4}}')"
    return [
        (
            f"{count(many, 'order number stands', 'order numbers stand')} for several orders, such "
            f"as '{order}': of account '{account}' on {day} and of account '{last_account}' on "
            f"{last_day}.{lost}",
            "If numbers begin anew each year, make each its own in orders.sql: "
            f"{year} || '-' || {own['order_id']} AS order_id.",
        )
    ]


def _first(rows: ir.Table, names: list[str], order: Any) -> Mapping[str, Any] | None:
    found = rows.order_by([order, "order_id"]).select(names).limit(1).to_pyarrow().to_pylist()
    return found[0] if found else None
