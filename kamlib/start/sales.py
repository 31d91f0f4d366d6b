"""Which rows of an export are no sale, or money given back: by what their status or kind says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kamlib.intake.casting import cleaned
from kamlib.start.exports import Export
from kamlib.start.names import folded, words_of
from kamlib.words import listed

_MOST_VALUES = 40
_SIDES = ("credited", "debited")


def no_sales(export: Export) -> tuple[Mapping[str, Any], str]:
    """Return what to leave out of an export by its status, and what to tell of it.

    Where a value says *won*, all others are no sales; else those that say *cancelled*, *draft* or
    the like. Nothing where no column is called like a status.
    """
    for column, values in _columns(export, "status"):
        won = [value for value in values if _says(value, "won")]
        out = [value for value in values if _says(value, "no_sale")]
        if won:
            rule = {"column": column, "values": won, "but": True, "why": "not won"}
            others = [value for value in values if value not in won]
            return (
                rule,
                f"'{column}': counted is {_shown(won)}, not {_shown(others)}." if others else "",
            )
        if out:
            rule = {"column": column, "values": out, "why": "no sale, by its status"}
            counted = [value for value in values if value not in out]
            return rule, f"'{column}': no sale is {_shown(out)}; counted is {_shown(counted)}."
    return {}, ""


def given_back(export: Export) -> Mapping[str, Any]:
    """Return the column and the values that mark money given back; nothing where none does.

    Of the two sides of an account it is the one with fewer rows.
    """
    for column, values in _columns(export, "kind"):
        back = [value for value in values if _says(value, "given_back")]
        if back and len(back) < len(values):
            return {"column": column, "values": back}
    for column, values in _columns(export, "side"):
        sides = [[v for v in values if folded(v) in words_of(side)] for side in _SIDES]
        if all(sides) and sum(map(len, sides)) == len(values):
            text = cleaned(export.rows[column])
            many = [export.rows.filter(text.isin(side)).count().execute() for side in sides]
            return {"column": column, "values": sides[many.index(min(many))]}
    return {}


def signed_already(export: Export, rule: Mapping[str, Any], column: str) -> bool:
    """Return whether an amount of the rows that a rule is about is negative as it is written."""
    marks = [value.casefold() for value in rule["values"]]
    rows = export.rows.filter(cleaned(export.rows[rule["column"]]).lower().isin(marks))
    text = rows[column].cast("string")
    return bool(rows.filter(text.re_search(r"[-−]|^\s*\(")).count().execute())


def test_of(rule: Mapping[str, Any], letter: str, order: str = "") -> str:
    """Return the test of a statement for the rows that a rule is about; a blank cell stands for
    what another line of its order says.
    """
    name = letter + '."' + rule["column"].replace('"', '""') + '"'
    own = f"nullif(lower(trim({name}::VARCHAR)), '')"
    if order:
        own = f"coalesce({own}, max({own}) OVER (PARTITION BY {order}))"
    values = ", ".join("'" + v.casefold().replace("'", "''") + "'" for v in rule["values"])
    return f"{own} {'NOT IN' if rule.get('but') else 'IN'} ({values})"


def _columns(export: Export, kind: str) -> Iterable[tuple[str, list[str]]]:
    """Return the columns that are called like a status or a kind, with their values."""
    names = words_of(f"{kind}_columns")
    for column in export.columns:
        if folded(column) not in names:
            continue
        seen = export.rows.select(text=cleaned(export.rows[column])).distinct()
        values = sorted(seen.limit(_MOST_VALUES + 2).execute()["text"].dropna())
        if len(values) <= _MOST_VALUES:
            yield column, values


def _says(value: str, what: str) -> bool:
    own = f" {folded(value)} "
    return any(f" {word} " in own for word in words_of(what))


def _shown(values: list[str]) -> str:
    return listed([f"'{value}'" for value in values]) if values else "nothing else"
