"""What a cell of text means: engine expressions that read ids, dates, amounts, choices and flags.

Every reader takes a column that :func:`cell` has cleaned and returns the typed value, empty where
the text does not fit; the book's locale decides and nothing is guessed. Text whose meaning the
locale leaves open (``1,234``, ``01/02/2024``) is found by :func:`ambiguous`, so that the book can
be refused.

Patterns cost most of an intake's time: text that plainly needs no mending is asked for first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from kamlib.book import InputSettings
from kamlib.tables import MONEY_DECIMALS, Column

MONEY = dt.Decimal(38, MONEY_DECIMALS)
_SHORT = dt.Decimal(18, MONEY_DECIMALS)  # fifty times as fast to read from text
_INVISIBLE = (
    r"[\x{00AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}]"
)
_SPACES = r"[\x{00A0}\x{2007}\x{202F}]"
_EDGES = r"^\s+|\s+$"
_BLANKS = " \t\n\f\r"
_MARKS = r"[\s\x{00A0}\x{2007}\x{202F}'’€$£¥₹]|EUR|USD|GBP|CHF"
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
_GROUPED = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?([eE][+-]?\d{1,2})?$"
_ISO = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)$"
_OPEN_DATE = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}( .*)?$"
_OPEN_AMOUNT = r"^[(+-]?[\d.]*,[\d.,]*([eE][+-]?\d+)?[)-]?$"
_DAMAGED = r"^[+-]?\d[.,]\d+E\+\d+$"
_TRUE, _FALSE = ("true", "yes", "y", "1", "t"), ("false", "no", "n", "0", "f")


@ibis.udf.scalar.builtin
def strlen(text: str) -> int:
    """Return a text's length in bytes (an engine function)."""
    raise NotImplementedError


@ibis.udf.scalar.builtin
def nfc_normalize(text: str) -> str:
    """Compose Unicode text (an engine function)."""
    raise NotImplementedError


@ibis.udf.scalar.builtin
def try_strptime(text: str, form: str) -> datetime:
    """Read a date by a declared form, empty where it does not fit (an engine function)."""
    raise NotImplementedError


@ibis.udf.scalar.builtin
def last_day(day: date) -> date:
    """Return the last day of a day's month (an engine function)."""
    raise NotImplementedError


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def in_zone(zone, instant):
    """Return an instant's local time in a zone (an engine function)."""
    raise NotImplementedError


def cleaned(value: ir.Value) -> ir.StringValue:
    """Return text composed (NFC), without invisible characters, outer blanks; blank is missing."""
    text = value.cast("string")
    is_clean = (text.length() == strlen(text)) & (text >= "!")
    for blank in _BLANKS:
        is_clean &= ~text.endswith(blank)
    mended = (
        nfc_normalize(text)
        .re_replace(_INVISIBLE, "")
        .re_replace(_SPACES, " ")
        .re_replace(_EDGES, "")
    )
    return ibis.ifelse(is_clean, text, mended.nullif(""))


def cell(column: Column, raw: ir.Value) -> ir.Value:
    """Return a column as its reader takes it: text cleaned; amounts and days that the file has
    typed as they are.
    """
    type_ = raw.type()
    if column.type in ("money", "number") and not type_.is_string():
        return raw
    if column.type in ("date", "month") and (type_.is_date() or type_.is_timestamp()):
        return raw
    return cleaned(raw)


def reader(
    column: Column, settings: InputSettings, *, is_excel: bool = False
) -> Callable[[ir.Value], ir.Value]:
    """Return the function that reads a column's cells, cleaned, into its type."""
    match column.type:
        case "id":
            return lambda value: _id(value, settings)
        case "money" | "number":
            return lambda value: _amount(value, settings)
        case "date":
            return lambda value: _day(value, settings, is_excel)
        case "month":
            return lambda value: last_day(_day(_month_text(value), settings, is_excel))
        case "flag":
            return _flag
        case "choice":
            return lambda value: _choice(value, column.choices)
    return lambda value: value


def problem(column: Column) -> str:
    """Return the reason that a cell of this column was not read."""
    article = {
        "id": "is damaged by a spreadsheet",
        "money": "is not an amount",
        "number": "is not a number",
        "date": "is not a date",
        "month": "is not a month",
        "flag": "is not yes or no",
        "choice": f"is none of {', '.join(column.choices)}",
    }.get(column.type, "cannot be read")
    return f"{column.name} {article}"


def ambiguous(
    column: Column, raw: ir.Value, text: ir.Value, settings: InputSettings
) -> ir.BooleanValue | None:
    """Return where the meaning of a cell that was not read depends on a locale that the book does
    not declare.
    """
    if not raw.type().is_string():
        return None
    if column.type in ("money", "number") and settings.decimal is None:
        return raw.contains(",") & raw.re_replace(_MARKS, "").re_search(_OPEN_AMOUNT)
    if column.type in ("date", "month") and settings.date_format is None:
        return text.re_search(_OPEN_DATE)
    return None


def _id(text: ir.StringValue, settings: InputSettings) -> ir.StringValue:
    is_damaged = text.contains("E+") & text.re_search(_DAMAGED)
    return ibis.ifelse(
        is_damaged, ibis.null("string"), text.lower() if settings.fold_case else text
    )


def _amount(value: ir.Value, settings: InputSettings) -> ir.DecimalValue:
    if not value.type().is_string():
        return value.try_cast(MONEY)
    text = (
        value.re_replace(_MARKS, "")
        .re_replace(r"^\((.+)\)$", r"-\1")
        .re_replace(r"^(.+)-$", r"-\1")
    )
    if settings.decimal == ",":
        text = text.translate(",.", ".,")
    fits = text.re_search(_PLAIN if settings.decimal is None else _GROUPED)
    point = settings.decimal or "."
    is_bare = value.re_search(rf"^[+-]?\d+({re.escape(point)}\d*)?$")
    bare = ibis.ifelse(is_bare, value.replace(point, "."), ibis.null("string"))
    amount = ibis.ifelse(fits, text.replace(",", ""), ibis.null("string"))
    return ibis.coalesce(bare.try_cast(_SHORT).cast(MONEY), amount.try_cast(MONEY))


def _day(value: ir.Value, settings: InputSettings, is_excel: bool) -> ir.DateValue:
    if value.type().is_date():
        return value
    if value.type().is_timestamp():
        return value.cast("date")
    text = value
    is_iso = text.re_search(_ISO)
    day = ibis.ifelse(is_iso, text.left(10), ibis.null("string")).try_cast("date")
    if settings.time_zone:
        iso = ibis.ifelse(is_iso, text, ibis.null("string"))
        instant = ibis.ifelse(
            iso.re_search(_OFFSET) & (iso.length() > 10), iso, ibis.null("string")
        )
        local = in_zone(ibis.literal(settings.time_zone), instant.try_cast(dt.Timestamp("UTC")))
        day = ibis.coalesce(local.cast("date"), day)
    if settings.date_format:
        day = ibis.coalesce(try_strptime(text, settings.date_format).cast("date"), day)
    if is_excel:
        serial = ibis.ifelse(
            text.re_search(r"^\d{5}(\.\d+)?$"), text, ibis.null("string")
        ).try_cast("float64")
        day = ibis.coalesce(day, ibis.date("1899-12-30") + serial.cast("int64").as_interval("D"))
    return ibis.ifelse(day.year() >= 1900, day, ibis.null("date"))


def _month_text(value: ir.Value) -> ir.Value:
    if not value.type().is_string():
        return value
    return ibis.ifelse(value.re_search(r"^\d{4}-\d{2}$"), value + "-01", value)


def _flag(text: ir.StringValue) -> ir.BooleanValue:
    text = text.lower()
    return ibis.cases(
        (text.isin(_TRUE), True), (text.isin(_FALSE), False), else_=ibis.null("boolean")
    )


def _choice(text: ir.StringValue, choices: tuple[str, ...]) -> ir.StringValue:
    text = text.lower().re_replace(r"[\s-]+", "_")
    return ibis.ifelse(text.isin(choices), text, ibis.null("string"))
