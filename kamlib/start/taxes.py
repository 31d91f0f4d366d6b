"""Whether a column of amounts holds the tax: what the other columns of its rows add up to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from kamlib.intake.sources.engine import quoted_name
from kamlib.start.figures import number_of
from kamlib.start.meanings import Recognised, decimal_of, fits, take_by_values
from kamlib.start.names import folded, words_of
from kamlib.start.units import without_tax
from kamlib.words import listed

if TYPE_CHECKING:
    from kamlib.start.plan import TablePlan

_GROSS = (
    r"\b(gross|brutto|ttc|incl|inkl|including|con iva|iva incluido|co thue|mit mwst)\b|含税|价税"
)
_NEAR, _MOSTLY, _MOST = 0.021, 0.95, 4


def settle_taxes(plan: TablePlan, given: Mapping[str, str]) -> list[str]:
    """Take the amounts without the tax where a row's columns show which those are; return what to
    tell.
    """
    if "revenue" not in plan.columns:
        return []
    part, meaning = plan.columns["revenue"]
    column = meaning.column
    if re.search(_GROSS, f"{column.casefold()} {folded(column)}"):
        return [f"'{column}' holds the tax, as its name says: so does revenue."]
    taxes, beside = _called(part, "tax"), _called(part, "shipping")
    if not taxes or without_tax(column) != folded(column) or folded(column) in words_of("net"):
        return []
    for net in [*_nets(part, column), ""]:
        if net == "" and not (part.has("unit_price", "quantity") and part is plan.base):
            continue
        added = _added(part, column, net, taxes, beside)
        if not added:
            continue
        said = listed([f"'{one}'" for one in added])
        shown = f"'{column}' holds what {said} {'says' if len(added) == 1 else 'say'}"
        if "revenue" in given:
            return [f"{shown}: so does revenue, as you say."]
        if net:
            take_by_values(part, "revenue", net, "without the tax")
            plan.columns["revenue"] = (part, part.known["revenue"])
            return [f"{shown}: revenue is '{net}', without it."]
        del plan.columns["revenue"]
        return [f"{shown}: revenue is price × quantity, without it."]
    if _is_net(part, column, taxes):
        return []
    return [
        f"'{column}' may hold the tax that '{taxes[0]}' says: if it does, name a net column "
        f"(--map revenue='Its name'), or subtract '{taxes[0]}' in orders.sql."
    ]


def _called(part: Recognised, kind: str) -> list[str]:
    """Return the free columns of amounts that are called like taxes or like what is charged for
    shipping, and are not all nothing.
    """
    found = []
    for column in part.free:
        own = f" {re.sub(r' ?[0-9]+( [0-9]+)?$', '', folded(column))} "
        is_called = own.strip() in words_of(kind) or any(
            len(word) > 2 and f" {word} " in own for word in words_of(kind)
        )
        if is_called and fits(part, "revenue", column) and _is_some(part, column):
            found.append(column)
    return found[:_MOST]


def _is_some(part: Recognised, column: str) -> bool:
    texts = part.export.texts
    rows = texts.filter(texts[column].re_search("[1-9]"))
    return bool(rows.limit(1).count().execute())


def _nets(part: Recognised, column: str) -> list[str]:
    """Return the other columns of amounts, those that are called like one first."""
    known = part.known["revenue"]
    others = [one for one in part.free if one != column and fits(part, "revenue", one)]
    return sorted(others, key=lambda one: one not in known.rivals)


def _added(
    part: Recognised, total: str, net: str, taxes: list[str], beside: list[str]
) -> list[str]:
    """Return the taxes and charges that a total holds above a net amount (above price × quantity
    where none is named); nothing where it does not add up.
    """
    less = [one for one in taxes if one != net]
    more = [one for one in beside if one != net]
    for many in range(1, len(less) + 1):
        for some in combinations(less, many):
            for extra in ((), *(c for n in range(1, len(more) + 1) for c in combinations(more, n))):
                if _adds_up(part, total, net, [*some, *extra]):
                    return [*some, *extra]
    return []


def _adds_up(part: Recognised, total: str, net: str, added: list[str]) -> bool:
    own = _figure(part, net) if net else _product(part)
    sums = " + ".join(f"coalesce({_figure(part, one)}, 0)" for one in added)
    return _mostly(part, f"abs({_figure(part, total)} - {own} - ({sums})) < {_NEAR}")


def _is_net(part: Recognised, column: str, taxes: list[str]) -> bool:
    """Return whether amounts are shown to lack the tax: as price × quantity, or as another column
    holds both.
    """
    if part.has("unit_price", "quantity"):
        return _mostly(part, f"abs({_figure(part, column)} - {_product(part)}) < {_NEAR}")
    others = [one for one in part.free if one not in taxes and fits(part, "revenue", one)]
    return any(_adds_up(part, one, column, [tax]) for one in others for tax in taxes)


def _product(part: Recognised) -> str:
    price, quantity = (part.known[name].column for name in ("unit_price", "quantity"))
    return f"({_figure(part, price)} * {_figure(part, quantity)})"


def _mostly(part: Recognised, test: str) -> bool:
    table = quoted_name(part.export.texts.get_name())
    sql = f"SELECT avg(({test})::INT), count({test}) FROM {table} AS t"
    share, many = part.export.texts.get_backend().raw_sql(sql).fetchone()
    return bool(many and share >= _MOSTLY)


def _figure(part: Recognised, column: str) -> str:
    known = next((m for m in part.known.values() if m.column == column), part.known["revenue"])
    is_typed = part.export.source.is_typed
    return number_of(f"t.{quoted_name(column)}", decimal_of(known), is_typed=is_typed)
