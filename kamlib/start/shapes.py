"""Exports whose rows are not order lines yet: a column per month, a day in parts, debit and credit.

Each is turned by a piece of a statement, which the book keeps: the next export is turned alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kamlib.errors import KamError
from kamlib.intake.calendars import month_of
from kamlib.intake.sources import Engine
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.intake.totals import CALLED, TOTAL, TOTALS
from kamlib.start.exports import Export
from kamlib.start.names import folded, vocabulary, words_of
from kamlib.words import listed

MONTH, AMOUNT = "Month", "Amount"
_MONTH, _AMOUNT = quoted_name(MONTH), quoted_name(AMOUNT)
_FEWEST, _MOSTLY = 3, 0.9
_ENDS = (("CR", "DR"), ("H", "S"))
_TOTALS = frozenset(map(folded, CALLED))


def shaped(export: Export, given: Mapping[str, str], engine: Engine) -> Export:
    """Return an export with a row per order line, with what was done to it; as it is where it has
    one.

    Raises
    ------
    KamError
        It has a column per quarter or year; its months have no year, and none is given.
    """
    for turn in (_months, _parts_of_day, _debit_and_credit, _marked):
        export = turn(export, given, engine)
    return export


def _turned(export: Export, sql: str, engine: Engine, said: str, **known: str) -> Export:
    """Return an export as a statement over it selects it (``{}`` is its own)."""
    connection = engine.connection
    own = f"({connection.compile(export.rows)})"
    engine.loaded += 1
    name = f"kam_new_{engine.loaded}"
    connection.raw_sql(f"CREATE TEMP TABLE {name} AS {sql.replace('{}', own)}")
    source = replace(export.source, rows=connection.table(name))
    return replace(
        export,
        source=source,
        turned=f"({sql.replace('{}', export.relation)})",
        told=(*export.told, said),
        meant={**export.meant, **known},
    )


def _months(export: Export, given: Mapping[str, str], engine: Engine) -> Export:
    months = {column: found for column in export.columns if (found := month_of(column))}
    if len(months) < _FEWEST:
        _refuse_periods(export)
        return export
    kinds = {rest for _, rest in months.values()}
    rest = ""
    if len(kinds) > 1:
        money = [kind for kind in kinds if folded(kind) in vocabulary()["revenue"]]
        if len(money) != 1:
            raise KamError(
                f"{export.title} has several columns per month: {listed(sorted(kinds))}.",
                where=export.title,
                next="Leave those with the amounts of money, and run kam new again.",
            )
        rest = money[0]
    year = _year(export, months, given)
    kept = [column for column in export.columns if column not in months]
    kept = [column for column in kept if folded(column) not in _TOTALS]
    own = [quoted_name(column) for column in (*kept, "_file", "_row")]
    text = _MONTH
    if rest:
        chosen = f"COLUMNS(c -> ends_with(c, {quoted(rest)}) OR starts_with(c, {quoted(rest)}))"
        text = f"trim(replace({text}, {quoted(rest)}, ''), ' ()-_/')"
    else:
        drop = [column for column in export.columns if column not in (*kept, *months)]
        chosen = f"COLUMNS(* EXCLUDE ({', '.join([*own, *map(quoted_name, drop)])}))"
    if year:
        text = f"{text} || ' ' || {year}"
    rows = "SELECT COLUMNS(*)::VARCHAR FROM {}"
    sql = (
        f"SELECT {', '.join(own)}, {_total_of(kept)} AS set_aside, {text} AS {_MONTH}, {_AMOUNT} "
        f"FROM (UNPIVOT ({rows}) ON {chosen} INTO NAME {_MONTH} VALUE {_AMOUNT}) "
        f"WHERE trim({_AMOUNT}) <> ''"
    )
    first, *_, last = months
    said = (
        f"a column per month ('{first}' to '{last}') is read as a row per month; blank cells are "
        "no order, and a month is dated on its last day or as its column is called"
    )
    return _turned(export, sql, engine, said, order_date=MONTH, revenue=AMOUNT)


def _total_of(columns: Sequence[str]) -> str:
    """Return why a row is no order line where one of its own columns calls it a total."""
    texts = [f"regexp_matches(trim({quoted_name(one)}), {quoted(TOTALS)})" for one in columns]
    is_total = " OR ".join(f"coalesce({text}, false)" for text in texts) or "false"
    return f"CASE WHEN {is_total} THEN {quoted(TOTAL)} END"


def _year(export: Export, months: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """Return what gives the year of months that are called without one; nothing where they are."""
    if all(re.search(r"\d", column) for column in months):
        return ""
    if own := _called(export, "year"):
        return f"{quoted_name(own)}"
    if given.get("year"):
        return quoted(given["year"])
    name = next(iter(months))
    raise KamError(
        f"The months of {export.title} ('{name}' …) are called without a year.",
        where=export.title,
        next="Say it: --set year=2025",
    )


def _refuse_periods(export: Export) -> None:
    for pattern, what in (
        (r"(?i)^(q[1-4]|[1-4]\.?\s*quartal|t[1-4]|quy [1-4])\b|\bq[1-4]$", "quarter"),
        (r"^(19|20)\d\d$", "year"),
        (r"(?i)^(kw|cw|week|wk|w|semaine|semana|tuan)[ .-]?\d{1,2}$", "week"),
    ):
        found = [column for column in export.columns if re.search(pattern, column.strip())]
        if len(found) >= _FEWEST and not _has(export, "order_date"):
            raise KamError(
                f"{export.title} has a column per {what} ('{found[0]}', '{found[1]}' …); the kit "
                "reads columns of months.",
                where=export.title,
                next="Export it with a row per order line, or a column per month.",
            )


def _parts_of_day(export: Export, given: Mapping[str, str], engine: Engine) -> Export:
    """Join a year, a month and perhaps a day that stand in columns of their own."""
    year, month, day = (_called(export, part) for part in ("year", "month", "day"))
    if not year or not month or _has(export, "order_date", but=day) or "order_date" in given:
        return export
    parts = [
        f"split_part(trim({quoted_name(one)}::VARCHAR), '.', 1)"
        for one in (year, month, day)
        if one
    ]
    whole = " || '-' || ".join(
        f"(CASE WHEN length({part}) = 1 THEN '0' ELSE '' END || {part})" for part in parts
    )
    name = "-".join(one for one in (year, month, day) if one)
    sql = f"SELECT *, {whole} AS {quoted_name(name)} FROM {{}}"
    said = f"the day is joined of {listed([f'{one!r}' for one in (year, month, day) if one])}"
    return _turned(export, sql, engine, said, order_date=name)


def _debit_and_credit(export: Export, given: Mapping[str, str], engine: Engine) -> Export:
    """Join amounts that stand in two columns: what is credited is money given back."""
    debit, credit = _called(export, "debit"), _called(export, "credit")
    if not debit or not credit or _has(export, "revenue") or "revenue" in given:
        return export
    blank = r"^[-–0.,\s]*$"
    texts = {one: export.rows[one].cast("string").fill_null("") for one in (debit, credit)}
    many = export.rows.aggregate(
        **{f"n_{one}": (~t.re_search(blank)).sum() for one, t in texts.items()}
    )
    found = many.execute().iloc[0]
    if found[f"n_{credit}"] > found[f"n_{debit}"]:
        debit, credit = credit, debit  # an account of revenue, whose sales stand on the credit side
    less, more = (f"trim({quoted_name(one)}::VARCHAR)" for one in (credit, debit))
    blank = quoted(blank)
    name = f"{debit} less {credit}"
    sql = (
        f"SELECT *, CASE WHEN {less} IS NULL OR regexp_matches({less}, {blank}) THEN {more} "
        f"WHEN {more} IS NULL OR regexp_matches({more}, {blank}) THEN '(' || {less} || ')' "
        f"ELSE {more} || ' less ' || {less} END AS {quoted_name(name)} FROM {{}}"
    )
    said = f"'{debit}' counts as revenue, '{credit}' as money given back"
    return _turned(export, sql, engine, said, revenue=name)


def _marked(export: Export, given: Mapping[str, str], engine: Engine) -> Export:
    """Read amounts that end in CR and DR, or in H and S, as what is given back and what is sold."""
    figures = r"(?i)^[-+\d.,'’ \x{00A0}]*\d[-+\d.,'’ \x{00A0}]*"
    counts = {}
    for at, column in enumerate(export.columns):
        if not export.rows[column].type().is_string():
            continue
        text = export.rows[column].strip()
        counts[f"n_{at}"] = text.nullif("").count()
        for back, sold in _ENDS:
            counts[f"{back}_{at}"] = text.re_search(rf"{figures}{back}\.?$").sum()
            counts[f"{sold}_{at}"] = text.re_search(rf"{figures}({sold}\.?)?$").sum()
    found = export.rows.aggregate(**counts).execute().iloc[0] if counts else {}
    for at, column in enumerate(export.columns):
        for back, sold in _ENDS if f"n_{at}" in counts else ():
            many = found[f"{back}_{at}"]
            if many and many + found[f"{sold}_{at}"] > _MOSTLY * found[f"n_{at}"]:
                own = f"trim({quoted_name(column)}::VARCHAR)"
                bare = f"regexp_replace({own}, '(?i)\\s*({back}|{sold})\\.?$', '')"
                sql = (
                    f"SELECT * REPLACE (CASE WHEN regexp_matches({own}, '(?i){back}\\.?$') "
                    f"THEN '(' || {bare} || ')' ELSE {bare} END AS {quoted_name(column)}) FROM {{}}"
                )
                said = f"'{column}': {back} is money given back and counts as negative"
                return _turned(export, sql, engine, said)
    return export


def _called(export: Export, what: str) -> str:
    """Return the column that is called like a part of a day, or like debit or credit."""
    names = words_of(what)
    return next((column for column in export.columns if folded(column) in names), "")


def _has(export: Export, meaning: str, but: str = "") -> bool:
    names: Sequence[str] = [*vocabulary()[meaning]]
    return any(folded(column) in names for column in export.columns if column != but)
