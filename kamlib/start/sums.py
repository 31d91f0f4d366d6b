"""Rows of an export that are sums of others: totals as reports print them, an order's own sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kamlib.errors import KamError
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.intake.totals import TOTALS
from kamlib.start.figures import number_of
from kamlib.start.meanings import Recognised, decimal_of
from kamlib.words import number

if TYPE_CHECKING:
    from kamlib.start.plan import TablePlan

_FEWEST, _MOSTLY, _NEAR = 3, 0.9, 0.011


def sums_of(plan: TablePlan) -> str:
    """Return the test of a statement for rows without customer, order and day that are sums:
    another column calls them a total, or they hold what the rows above them add up to.
    """
    base = plan.base
    names = _named(base)
    blank = f"coalesce({', '.join(_text(name, 't.') for name in names)}) IS NULL"
    if not names or "order_date" not in base.known or not _any(base, blank):
        return ""
    if "revenue" in plan.columns and plan.columns["revenue"][0] is base and _add_up(base, names):
        return f"({blank} AND {_text(base.known['revenue'].column, 't.')} IS NOT NULL)"
    called = [
        f"regexp_matches({own}, {quoted(TOTALS)})"
        for column in base.free
        if _any(base, f"{blank} AND regexp_matches({(own := _text(column, 't.'))}, "
                      f"{quoted(TOTALS)})")
    ]  # fmt: skip
    return f"({blank} AND ({' OR '.join(called)}))" if called else ""


def check_sums(plan: TablePlan, given: Mapping[str, str]) -> None:
    """Refuse orders one line of which is the sum of the others, or whose lines cancel out.

    Raises
    ------
    KamError
        That is so in nearly all orders of three lines or more, and ``--set sums=lines`` is not
        said.
    """
    base = plan.base
    is_own = "revenue" in plan.columns and plan.columns["revenue"][0] is base
    if not is_own or not base.has("order_id") or given.get("sums") or plan.is_once:
        return
    order, amount = base.known["order_id"].column, _amount(base)
    aside = f"WHERE NOT coalesce({plan.sums}, false)" if plan.sums else ""
    cells = f"SELECT {quoted_name(order)} AS o, {amount} AS n FROM {_table(base)} AS t {aside}"
    near = f"abs(s) < {_NEAR}"
    rows = (
        f"SELECT o, count(*) AS lines, sum(n) AS s, max(abs(n)) AS most, "
        f"bool_or(abs(2 * n - s_) < {_NEAR}) AS has_sum FROM (SELECT *, sum(n) OVER (PARTITION BY "
        f"o) AS s_ FROM ({cells}) WHERE o IS NOT NULL AND n <> 0) GROUP BY o HAVING lines > 2"
    )
    found = _run(
        base,
        f"SELECT count(*), count_if(has_sum AND NOT {near}), count_if({near}), "
        f"min(o) FILTER (has_sum AND NOT {near}), min(o) FILTER ({near}), "
        f"arg_min(s / 2, o) FILTER (has_sum AND NOT {near}) FROM ({rows})",
    )
    many, doubled, nothing, order_doubled, order_nothing, half = found
    if many < _FEWEST or max(doubled, nothing) < _MOSTLY * many:
        return
    if doubled > nothing:
        raise KamError(
            f"In {number(doubled)} of {number(many)} orders of three lines or more, one line is "
            f"the sum of the others, such as {number(float(half), decimals=2)} of order "
            f"'{order_doubled}': its money would count twice.",
            where=base.export.title,
            next="Export the lines of products alone (in NetSuite: Main Line is false, Tax Line "
            "is false), or delete those of sums and taxes. If each is a sale of its own: "
            "--set sums=lines",
        )
    raise KamError(
        f"The lines of {number(nothing)} of {number(many)} documents add up to 0, such as those "
        f"of '{order_nothing}': each holds both sides of a ledger.",
        where=base.export.title,
        next="Export the lines of the accounts of revenue alone. If each is a sale of its own: "
        "--set sums=lines",
    )


def _named(base: Recognised) -> list[str]:
    known = [base.known[n].column for n in ("account_id", "order_id", "order_date") if base.has(n)]
    return [column for column in known if base.export.rows[column].type().is_string()]


def _add_up(base: Recognised, names: list[str]) -> bool:
    """Return whether rows with nothing but an amount hold what the rows above them add up to."""
    blank = f"coalesce({', '.join(_text(name, 't.') for name in names)}) IS NULL"
    cells = (
        f"SELECT _file, _row::BIGINT AS place, {_amount(base)} AS n, {blank} AS is_bare "
        f"FROM {_table(base)} AS t"
    )
    groups = (
        "SELECT *, coalesce(sum(is_bare::INT) OVER (PARTITION BY _file ORDER BY place ROWS BETWEEN "
        f"UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS g FROM ({cells}) WHERE n IS NOT NULL"
    )
    sums = (
        "SELECT sum(n) FILTER (is_bare) AS total, sum(n) FILTER (NOT is_bare) AS own "
        f"FROM ({groups}) GROUP BY _file, g"
    )
    many, alike = _run(
        base, f"SELECT count(total), count_if(abs(total - own) < {_NEAR}) FROM ({sums})"
    )
    return bool(many >= _FEWEST and alike + 1 >= _MOSTLY * many)  # the last may be that of all


def _amount(base: Recognised) -> str:
    known = base.known["revenue"]
    is_typed = base.export.source.is_typed
    return number_of(quoted_name(known.column), decimal_of(known), is_typed=is_typed)


def _any(base: Recognised, test: str) -> bool:
    return bool(_run(base, f"SELECT count(*) FROM {_table(base)} AS t WHERE {test}")[0])


def _text(column: str, letter: str) -> str:
    return f"nullif(trim({letter}{quoted_name(column)}::VARCHAR), '')"


def _table(base: Recognised) -> str:
    return quoted_name(base.export.texts.get_name())


def _run(base: Recognised, sql: str) -> tuple:
    return base.export.texts.get_backend().raw_sql(sql).fetchone()
