"""Which rows of an export are no sale, or money given back: by what their status or kind says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kamlib.errors import KamError
from kamlib.start.exports import PLANS, Export
from kamlib.start.names import about, bare_names, folded, vocabulary, words_of
from kamlib.words import listed

if TYPE_CHECKING:
    from kamlib.start.plan import TablePlan

_MOST_VALUES, _MOST_SHOWN = 40, 12
_OF_PAYMENTS = ("charge", "charges", "payout", "payouts")
_PARTLY = r" (partial|partially|partly|teilweise|teil|partiellement|parcial\w*|mot phan|部分\w*) "
_TESTS = (
    r"(?i)^\W*(test|tests|dummy)\W*\d*\W*$"
    r"|\b(test|dummy|demo)[ _-]?(account|customer|client|kunde|konto)"
    r"|\b(do not use|nicht verwenden|ne pas utiliser|no usar)\b|^\W*dummy\b"
)
_SIDES = ("credited", "debited")


def no_sales(export: Export) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return what to leave out of an export, and what to tell of it: by its status, by the kind of
    its rows, and where they were cancelled.

    Where a status says *won*, all others are no sales; else those that say *cancelled*, *draft* or
    the like.
    """
    said = (_by_status(export), _by_kind(export), _by_version(export), cancelled(export))
    found = [one for one in said if one]
    told = [said for _, said in found if said] or _all_counted(export)
    return [rule for rule, _ in found], told


def _by_status(export: Export) -> tuple[Mapping[str, Any], str] | None:
    for column, values in _columns(export, "status"):
        won = [value for value in values if _says(value, "won")]
        out = [value for value in values if _says(value, "no_sale")]
        if won:
            rule = {"column": column, "values": won, "but": True, "why": "not won"}
            others = [value for value in values if value not in won]
            said = f"'{column}': counted is {_shown(won)}, not {_shown(others)}."
            return rule, said if others else ""
        if out:
            return _left_out(column, values, out, "status")
    return None


def _by_kind(export: Export) -> tuple[Mapping[str, Any], str] | None:
    """Return what to leave out by the kind of rows: taxes, payments of invoices that stand there
    too. Where payments are all that is sold (a list of charges and payouts) they count.
    """
    for column, values in _columns(export, "kind"):
        out = [value for value in values if folded(value) in words_of("no_sale_kinds")]
        if any(folded(value) in _OF_PAYMENTS for value in values):
            out = [value for value in out if not folded(value).startswith("payment")]
        sold = [value for value in values if value not in out and not _says(value, "given_back")]
        if out and sold:
            return _left_out(column, values, out, "kind")
    return None


def _by_version(export: Export) -> tuple[Mapping[str, Any], str] | None:
    """Return what to leave out where rows are versions of one figure (actual, budget), or figures
    of several kinds (revenue, pieces, margin).
    """
    for column, values in _columns(export, "version"):
        plans = [value for value in values if about(folded(value)) == PLANS]
        if plans and len(plans) < len(values):
            return _left_out(column, values, plans, "version")
        kinds = vocabulary()
        sold = [value for value in values if folded(value) in kinds["revenue"]]
        if len(sold) == 1 < len(values):
            rule = {"column": column, "values": sold, "but": True, "why": "no revenue"}
            others = [value for value in values if value not in sold]
            return rule, f"'{column}': counted is {_shown(sold)}, not {_shown(others)}."
        if len(sold) > 1:
            raise KamError(
                f"'{column}' says of each row what it holds, and several are amounts of sales: "
                f"{_shown(sold)}.",
                where=export.title,
                next="Keep the rows of one of them, and run kam new again.",
            )
    return None


def _left_out(
    column: str, values: list[str], out: list[str], what: str
) -> tuple[Mapping[str, Any], str]:
    rule = {"column": column, "values": out, "why": f"no sale, by its {what}"}
    counted = [value for value in values if value not in out]
    return rule, f"'{column}': no sale is {_shown(out)}; counted is {_shown(counted)}."


def cancelled(export: Export) -> tuple[Mapping[str, Any], str] | None:
    """Return what to leave out where a column says of each row whether or when it was cancelled."""
    for column, out, none in _flags(export, "cancelled"):
        rule: dict[str, Any] = {"column": column, "values": out, "why": "cancelled"}
        if not {folded(flag) for flag in out} <= words_of("yes"):  # days, another one each
            rule |= {"values": sorted({*none, *words_of("no")}), "but": True}
        return rule, f"'{column}': no sale is what has something there, such as '{out[0]}'."
    return None


def _flags(export: Export, kind: str) -> Iterable[tuple[str, list[str], list[str]]]:
    """Return the columns that say yes of some rows: what stands there for yes, and for no."""
    names = words_of(f"{kind}_columns")
    for column, bare in bare_names(export.columns).items():
        if not {folded(column), bare} & names:
            continue
        text = export.texts[column].lower()
        rows = export.texts.filter(text.notnull()).select(text=text)
        flags = sorted(rows.distinct().limit(_MOST_VALUES).execute()["text"])
        out = [flag for flag in flags if _is_yes(flag)]
        many = rows.filter(rows["text"].isin(out)).count().execute() if out else 0
        if 0 < many < export.rows.count().execute():
            yield column, out, [flag for flag in flags if flag not in out]


def _is_yes(flag: str) -> bool:
    """Return whether a cell says yes: in a word, by a day, or as *cancelled* and not *not*."""
    own = folded(flag)
    is_day = bool(re.search(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|^\d{10,13}$", flag))
    is_said = _says(flag, "no_sale") and not re.match(r"(not|no|non|nicht|kein) ", own)
    return own in words_of("yes") or is_day or is_said


def _all_counted(export: Export) -> list[str]:
    """Return what to tell of a status, or a kind, none of whose values says that a row is no sale,
    or money given back.
    """
    for what in ("status", "kind"):
        for column, values in _columns(export, what):
            is_told = what == "kind" and any(_says(value, "given_back") for value in values)
            if 1 < len(values) <= _MOST_SHOWN and not is_told:
                return [f"'{column}': all are counted: {_shown(values)}."]
    return []


def given_back(export: Export) -> Mapping[str, Any]:
    """Return the column and the values that mark money given back; nothing where none does.

    Of the two sides of an account it is the one with fewer rows.
    """
    for column, values in _columns(export, "kind"):
        back = [value for value in values if _says(value, "given_back")]
        if back and len(back) < len(values):
            return {"column": column, "values": back}
    for column, out, _ in _flags(export, "returned"):
        if {folded(flag) for flag in out} <= words_of("yes"):
            return {"column": column, "values": out}
    for column, values in _columns(export, "side"):
        sides = [[v for v in values if folded(v) in words_of(side)] for side in _SIDES]
        if all(sides) and sum(map(len, sides)) == len(values):
            text = export.texts[column]
            many = [export.texts.filter(text.isin(side)).count().execute() for side in sides]
            return {"column": column, "values": sides[many.index(min(many))]}
    return {}


def signed_already(export: Export, rule: Mapping[str, Any], column: str) -> bool:
    """Return whether an amount of the rows that a rule is about is negative as it is written."""
    marks = [value.casefold() for value in rule["values"]]
    rows = export.texts.filter(export.texts[rule["column"]].lower().isin(marks))
    text = rows[column]
    return bool(rows.filter(text.re_search(r"[-−]|^\s*\(")).count().execute())


def test_accounts(plans: Sequence[TablePlan]) -> Iterator[str]:
    """Yield what to tell of an account that is there to try things, by its own name."""
    for plan in plans:
        for name in ("account_id", "name") if plan.table in ("orders", "accounts") else ():
            if name not in plan.columns:
                continue
            part, meaning = plan.columns[name]
            own = part.export.texts[meaning.column]
            rows = part.export.texts.filter(own.re_search(_TESTS)).select(it=meaning.column)
            seen = rows.distinct().order_by("it").limit(3).execute()["it"]
            if len(seen):
                shown = listed([f"'{one}'" for one in seen])
                yield (
                    f"{shown} in '{meaning.column}' may be there for tests; its orders count like "
                    "the others. If they are no sales, delete its rows."
                )
                return


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
    for column, bare in bare_names(export.columns).items():
        if not {folded(column), bare} & names:
            continue
        seen = export.texts.select(text=column).distinct()
        values = sorted(seen.limit(_MOST_VALUES + 2).execute()["text"].dropna())
        if len(values) <= _MOST_VALUES:
            yield column, values


def _says(value: str, what: str) -> bool:
    own = f" {folded(value)} "
    if re.search(_PARTLY, own):
        return False
    return any(f" {word} " in own for word in words_of(what))


def _shown(values: list[str]) -> str:
    shown = [f"'{value}'" for value in values]
    return listed(shown, most=_MOST_SHOWN) if shown else "nothing else"
