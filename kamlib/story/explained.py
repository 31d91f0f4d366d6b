"""What a published figure is made from, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.tables import catalogue, each
from kamlib.words import count, date, listed, number, say

_SHOWN = 20
_COLUMNS = ("file", "row", "order_id", "account_id", "order_date", "revenue", "cost")


def explained(explanation: Any) -> str:
    """Return what a figure is made from as people read it."""
    one, book = explanation, explanation.period.book
    names = [name for name in catalogue().tables[one.table].key if name in one.row]
    row = ", ".join(f"{name} {_cell(one.row[name])}" for name in names)
    lines = [
        f"{one.heading}: {figure(one.value, one.column, book)}",
        say(
            "  {table}{row}; as of {as_of}",
            table=one.table,
            row=f": {row}" if row else "",
            as_of=date(one.period.as_of),
        ),
        f"  {one.meaning.rstrip('.')}.",
        "",
        _verdict(one, book),
        *(_term(term, one.column, book) for term in each(one.sums)),
        "",
        *_rests_on(one.rests_on),
    ]
    shown = one.lines.head(_SHOWN)
    if len(shown):
        every = int(one.sums["lines"].sum())
        columns = [name for name in _COLUMNS if name in shown]
        few = say(", the first {shown}", shown=number(len(shown))) if len(shown) < every else ""
        lines += [
            "",
            say("Order lines ({every}{few}):", every=number(every), few=few),
            shown[columns].to_string(index=False),
        ]
    return "\n".join(lines)


def figure(value: Any, column: str, book: Any) -> str:
    """Return a figure exactly, to the cent."""
    type_ = catalogue().columns[column]
    if not isinstance(value, int | float) or pd.isna(value):
        return _cell(value)
    if "money" in (type_.type, type_.shown_as):
        return f"{book.currency} {number(value, book, decimals=2)}"
    return number(value, book, decimals=0 if float(value).is_integer() else 6)


def _verdict(one: Any, book: Any) -> str:
    total = figure(one.total, one.column, book)
    if one.adds_up:
        return say(
            "It adds up: {lines} come to {total}.",
            lines=count(int(one.sums["lines"].sum()), "order line"),
            total=total,
        )
    if one.adds_up is False:
        return say("It does not add up: its order lines come to {total}.", total=total)
    if pd.isna(one.value):
        return say("There is no figure here; these order lines are known of the row:")
    return say("It is calculated, and no sum of order lines; these lie behind it:")


def _term(term: Any, column: str, book: Any) -> str:
    days = (
        ""
        if pd.isna(term.first_date) or term.first_date.year <= 1900
        else say(
            "{first_date} to {last_date}, ",
            first_date=date(term.first_date),
            last_date=date(term.last_date),
        )
    )
    amount = f"{book.currency} {number(term.amount, book, decimals=2)}"
    if "order_count" in term.term:
        amount = count(int(term.amount), "order")
    under = say("  divided by: ") if term.is_base else "  "
    accounts = count(int(term.accounts), "account")
    return f"{under}{term.term}: {amount} ({days}{accounts}, {count(int(term.lines), 'line')})"


def _rests_on(found: pd.DataFrame) -> list[str]:
    lines = [say("It rests on:")]
    for kind, part in found.groupby("kind", sort=False):
        if kind == "setting":
            pairs = zip(part["name"], part["value"], strict=True)
            lines += [f"  {kind!s}: [{name}] {value}".rstrip() for name, value in pairs]
        else:
            lines.append(f"  {kind!s}: {listed(part['name'], most=len(part))}")
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return "n/a" if pd.isna(value) else str(value)
