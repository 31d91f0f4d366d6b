"""Cells written as most are: a cheap test, and what reads the cells that pass it.

Nearly all cells of a file of many lines need nothing: an id of letters and figures, an amount of
two decimals, a day such as 2025-12-31. For them alone the long way of :mod:`kamlib.intake.casting`
(patterns for blanks, signs, groups, damage) would come to the same value: that is how strict each
test has to be, under every rule that a book can declare. What does not pass goes the long way.

To write a value out again and compare takes the engine less time than any pattern.
"""

from __future__ import annotations

import re

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from kamlib.intake.casting import SHORT, is_clean, strlen
from kamlib.intake.rules import Rules
from kamlib.tables import MONEY_DECIMALS, Column

_CENTS = dt.Decimal(SHORT.precision, 2)
DIGITS = SHORT.precision - MONEY_DECIMALS
FIRST, LAST = "1900-01-01", "9999-12-31"
USUAL_ID = "[0-9A-Za-z_/]+"
SOUND = f"{USUAL_ID}|[0-9A-Za-z][0-9A-Za-z_/-]{{6,}}"
"""Ids that are plain, told by one pattern; most of them by a shorter one."""
_DAMAGED_MONTH = 6
"""The length of an id that a spreadsheet made a month of (Mar-04); of a day (4-Mar) at most."""


def is_plain(column: Column, raw: ir.StringValue, rules: Rules) -> ir.BooleanValue | None:
    """Return where a cell is written as most of its type are; None for a type without a test.

    A blank cell is, where the column may have one.
    """
    match column.type:
        case "id":
            found = _is_plain_id(raw)
        case "money" | "number":
            found = _is_plain_amount(column, raw, rules)
        case "date" if rules.date_format is None:
            day = raw.try_cast("date")
            is_usual = day.between(ibis.date(FIRST), ibis.date(LAST))
            found = is_usual & (day.cast("string") == raw)
        case _:
            return None
    return ibis.coalesce(found, ibis.literal(False) if column.required else raw.isnull())


def plain_value(column: Column, raw: ir.StringValue, rules: Rules) -> ir.Value:
    """Return the value of a cell that is plain."""
    match column.type:
        case "text":
            return raw
        case "id":
            return raw.lower() if rules.fold_case else raw
        case "money" | "number":
            return (raw.replace(",", ".") if rules.decimal == "," else raw).try_cast(SHORT)
    return raw.try_cast("date")


def _is_plain_id(raw: ir.StringValue) -> ir.BooleanValue:
    """Return where an id needs no mending and no spreadsheet can have damaged it: numbers cut short
    and errors do not begin with a letter.
    """
    is_sound = raw.re_search(f"^({SOUND})$")
    has_hyphen = raw.contains("-")
    of_letters = (strlen(raw) != _DAMAGED_MONTH) | ~has_hyphen
    of_figures = ~(raw.startswith("#") | raw.startswith('="'))
    for mark in "+.,":
        of_figures &= ~raw.contains(mark)
    of_figures &= ~has_hyphen | (strlen(raw) > _DAMAGED_MONTH)
    found = is_clean(raw) & ibis.ifelse(raw >= "A", of_letters, of_figures)
    return ibis.ifelse(is_sound, True, found)


def _is_plain_amount(column: Column, raw: ir.StringValue, rules: Rules) -> ir.BooleanValue:
    """Return where an amount is figures and at most one decimal mark, short enough.

    A point and three figures are not, where the book's locale leaves open what the point is.
    """
    whole, most = rf"^-?\d{{1,{DIGITS}}}", MONEY_DECIMALS
    if rules.decimal is None and rules.has_local_comma:
        pattern = rf"{whole}(\.(\d{{0,2}}|\d{{4,{most}}}))?$"
    else:
        pattern = rf"{whole}({re.escape(rules.decimal or '.')}\d{{0,{most}}})?$"
    if rules.decimal == ",":
        return raw.re_search(pattern)
    usual, longest = (_CENTS, DIGITS + 3) if column.type == "money" else (dt.int64, DIGITS)
    is_usual = (raw.try_cast(usual).cast("string") == raw) & (strlen(raw) <= longest)
    return ibis.ifelse(is_usual, True, raw.re_search(pattern))
