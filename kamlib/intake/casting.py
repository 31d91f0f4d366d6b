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
from functools import cache

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from kamlib.intake.calendars import COUNTED, EXCEL, counted, engine_form, named_months
from kamlib.intake.currencies import CODES_AND_SIGNS, SIGNS, signs_of
from kamlib.intake.rules import Rules
from kamlib.intake.sources.sheets import DAY, NUMBER
from kamlib.tables import MONEY_DECIMALS, Column

MONEY = dt.Decimal(38, MONEY_DECIMALS)
SHORT = dt.Decimal(18, MONEY_DECIMALS)
"""Amounts as most are: fifty times as fast to read from text as long ones, and fastest to add."""
_INVISIBLE = (
    r"[\x{00AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}]"
)
_SPACES = r"[\x{00A0}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"
_EDGES = r"^\s+|\s+$"
_BLANKS = " \t\n\f\r"
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
_GROUPED = r"^[+-]?(\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3}|\d*)(\.\d*)?([eE][+-]?\d{1,2})?$"
_IN_GROUPS = r"^[+-]?\d{1,3}([ '’]\d{3})+([.,]\d*)?$"
# undeclared, yet open to one reading: both marks in order, several groups, or no group of three
_SURE_POINT = r"^[+-]?(\d{1,3}(,\d{3})+\.\d*|\d{1,3}(,\d{3}){2,})$"
_SURE_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+,\d*|\d{1,3}(\.\d{3}){2,}|\d+,(\d{1,2}|\d{4,})|0,\d+)$"
_ONE_GROUP = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
FIGURES = (
    "０１２３４５６７８９．，－／：٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫٬०१२३४५६७८९๐๑๒๓๔๕๖๗๘๙",
    "0123456789.,-/:01234567890123456789.,01234567890123456789",
)
"""Figures and marks as other scripts write them, and what they are in days and amounts."""
_TIME = r"([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)([.,]\d+)?)?"
_ISO = rf"^\d{{4}}-\d{{2}}-\d{{2}}([ T]{_TIME} ?(Z|UTC|GMT|[+-]\d{{2}}(:?\d{{2}})?)?)?$"
_OFFSET = r"(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"
_MIDNIGHT = r"[ T]+(0?0:00(:00(\.0+)?)?|12:00(:00)? [Aa][Mm])$"
_OPEN_DATE = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}( .*)?$"
_OPEN_AMOUNT = r"^[(+-]?[\d.]*,[\d.,]*([eE][+-]?\d+)?[)-]?$"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mrz|Mai|Okt|Dez"
# what spreadsheets make of ids: 1.23457E+15, 04-Mar, Mar-04, #N/A
_DAMAGED = (
    rf"^[+-]?\d([.,]\d+)?[eE]\+\d+$|^[+-]?\d[.,]\d+[eE]\d\d+$|^\d{{1,2}}-({_MONTHS})$"
    rf"|^({_MONTHS})-\d\d$|^#(N/A|N/V|NV|REF!|VALUE!|WERT!|DIV/0!|NAME\?|NUM!|NULL!|BEZUG!)$"
)
_OF_A_NUMBER = r"^(0|[1-9]\d*)\.0$"
_EXACT = 10**15  # spreadsheets keep fifteen digits
_TRUE, _FALSE = ("true", "yes", "y", "1", "t"), ("false", "no", "n", "0", "f")


@ibis.udf.scalar.builtin
def strlen(text: str) -> int:
    """Return a text's length in bytes (an engine function)."""
    raise NotImplementedError


@ibis.udf.scalar.builtin(name="hash", signature=(("string", "string"), "uint64"))
def pair(one, other):
    """Return a number for two texts (an engine function)."""
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
    mended = (
        nfc_normalize(text)
        .re_replace(_INVISIBLE, "")
        .re_replace(_SPACES, " ")
        .re_replace(_EDGES, "")
    )
    return ibis.ifelse(is_clean(text), text, mended.nullif(""))


@cache
def _cleaned_template() -> str:
    rows = ibis.table({"kam_text": "string"}, name="kam").select(it=cleaned(ibis._["kam_text"]))
    return (
        ibis.to_sql(rows, dialect="duckdb", pretty=False)
        .removeprefix("SELECT ")
        .rpartition(' AS "it" FROM ')[0]
    )


def cleaned_sql(own: str) -> str:
    """Write :func:`cleaned` of what a statement selects as text.

    >>> cleaned_sql('t."a"').startswith('CASE WHEN (LENGTH(t."a") = STRLEN(t."a"))')
    True
    """
    return _cleaned_template().replace('"t0"."kam_text"', own)


def is_clean(text: ir.StringValue) -> ir.BooleanValue:
    """Return where text is ASCII without outer blanks."""
    found = (text.length() == strlen(text)) & (text >= "!")
    for blank in _BLANKS:
        found &= ~text.endswith(blank)
    return found


def cell(column: Column, raw: ir.Value) -> ir.Value:
    """Return a column as its reader takes it: text cleaned, blank where a database wrote NULL (what
    an id may be); amounts and days that the file has typed as they are.
    """
    type_ = raw.type()
    if column.type in ("money", "number") and not type_.is_string():
        return raw
    if column.type in ("date", "month") and (type_.is_date() or type_.is_timestamp()):
        return raw
    text = cleaned(raw)
    return text if column.type == "id" else text.nullif("NULL").nullif(r"\N")


def tidy(
    column: Column, text: ir.Value, rules: Rules, currency: ir.Value | None = None
) -> ir.Value:
    """Return an amount's text as figures and marks alone, empty where its sign is foreign; a day's
    with the figures of ASCII and no # around it.

    ``currency`` is the row's own currency code, where its table has one. A step of its own: what
    follows asks for the result several times. Other columns are left as they are.
    """
    if not text.type().is_string():
        return text
    if column.type in ("date", "month"):
        plain = ibis.ifelse(text.length() == strlen(text), text, text.translate(*FIGURES))
        bare = plain.re_replace(r"^#(.+)#$", r"\1")  # as Access writes them
        return ibis.ifelse(plain.startswith("#"), bare, plain)
    if column.type not in ("money", "number"):
        return text
    is_plain = text.re_search(r"^[+-]?\d+([.,]\d*)?$")
    plain = text.translate(*FIGURES)
    rest, before, after = _without_signs(plain) if column.type == "money" else (plain, None, None)
    rest = rest.re_replace(r"([.,])[-–—−]+$", r"\1" + "0")  # 100,- is 100
    rest = rest.replace("−", "-").re_replace(r"^\((.+)\)$", r"-\1").re_replace(r"^(.+)-$", r"-\1")
    rest = rest.re_replace(r"^([+-])\s+", r"\1")
    rest = ibis.ifelse(rest.re_search(_IN_GROUPS), rest.re_replace(r"[ '’]", ""), rest)
    if before is not None and (rules.is_currency_said or currency is not None):
        is_own = _is_own(before, rules, currency) & _is_own(after, rules, currency)
        rest = ibis.ifelse(is_own, rest, ibis.null("string"))
    return ibis.ifelse(is_plain, text, rest)


def reader(
    column: Column, rules: Rules, *, is_excel: bool = False
) -> Callable[[ir.Value], ir.Value]:
    """Return the function that reads a column's cells, cleaned and tidied, into its type."""
    match column.type:
        case "id":
            return lambda value: _id(value, rules)
        case "number" if column.most == 1:
            return lambda value: _share(value, rules)
        case "money" | "number":
            return lambda value: _amount(value, rules)
        case "date":
            return lambda value: _day(value, rules, is_excel)
        case "month":
            return lambda value: last_day(_day(_month_text(value), rules, is_excel))
        case "flag":
            return _flag
        case "choice":
            return lambda value: _choice(value, column.choices)
    return lambda value: value


def not_exact(raw: ir.Value, kind: ir.StringValue | None) -> ir.BooleanValue | None:
    """Return where an id's cell is a number that cannot hold it, or a day; nothing where it is
    text.

    A number keeps no more than fifteen digits and no final zero behind its point.
    """
    if raw.type().is_floating():
        return (raw.abs() >= _EXACT) | (raw != raw.floor())
    if kind is None:
        return None
    return (kind == DAY) | ((kind == NUMBER) & ~raw.re_search(r"^-?\d+$"))


def is_mended(raw: ir.StringValue, value: ir.StringValue, rules: Rules) -> ir.BooleanValue:
    """Return where an id is read otherwise than it was written, upper and lower case apart."""
    return (raw.lower() if rules.fold_case else raw) != value


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
    column: Column, raw: ir.Value, text: ir.Value, rules: Rules
) -> ir.BooleanValue | None:
    """Return where the meaning of a cell that was not read, tidied, depends on a locale that the
    book does not declare.
    """
    if not raw.type().is_string():
        return None
    if column.type in ("money", "number") and rules.decimal is None:
        bare = text.re_replace(r"[\s'’]", "")
        is_open = raw.contains(",") & bare.re_search(_OPEN_AMOUNT)
        if rules.has_local_comma:
            is_open |= raw.contains(".") & bare.re_search(_ONE_GROUP)
        return is_open
    if column.type in ("date", "month") and rules.date_format is None:
        return text.re_search(_OPEN_DATE)
    return None


def _id(text: ir.StringValue, rules: Rules) -> ir.StringValue:
    is_short = text.contains(".") | text.contains(",")
    has_power = text.contains("+") | (is_short & (text.contains("e") | text.contains("E")))
    is_suspect = has_power | text.contains("-") | text.startswith("#")
    is_damaged = is_suspect & text.re_search(_DAMAGED)
    is_kept = text.startswith('="') & text.endswith('"')  # as programs keep zeros in Excel
    bare = ibis.ifelse(is_kept, text.re_replace(r'^="+|"+$', ""), text)
    whole = ibis.ifelse(text.endswith(".0"), text.re_replace(_OF_A_NUMBER, r"\1"), bare)
    return ibis.ifelse(is_damaged, ibis.null("string"), whole.lower() if rules.fold_case else whole)


def _without_signs(text: ir.StringValue) -> tuple[ir.StringValue, ir.StringValue, ir.StringValue]:
    """Return an amount without the signs of currencies before and behind it, and those signs."""
    plain = text.replace("−", "-")
    first = rf"(?i)^([-+(\s]*)({SIGNS})([^A-Za-z]|$)"
    last = rf"(?i)(^|[^A-Za-z])({SIGNS})([-)\s]*)$"
    before, after = plain.re_extract(first, 2), plain.re_extract(last, 2)
    bare = plain.re_replace(first, r"\1\3").re_replace(last, r"\1\3")
    bare = bare.re_replace(r"^([-+(]*)\s+", r"\1").re_replace(r"\s+([-)]*)$", r"\1")
    return bare, before, after


def foreign_sign(text: ir.StringValue) -> ir.StringValue:
    """Return the currency sign of an amount in small letters, nothing where it has none."""
    _, before, after = _without_signs(text)
    sign = ibis.coalesce(before.nullif(""), after.nullif("")).lower()
    return ibis.ifelse(text.re_search(r"[^\d.,+-]"), sign, ibis.null("string"))


def _amount(value: ir.Value, rules: Rules) -> ir.DecimalValue:
    if not value.type().is_string():
        return value.try_cast(MONEY)
    point = rules.decimal or "."
    is_bare = value.re_search(rf"^[+-]?\d+({re.escape(point)}\d*)?$")
    if rules.decimal is None and rules.has_local_comma:
        is_bare &= ~value.re_search(_ONE_GROUP)
    bare = ibis.ifelse(is_bare, value.replace(point, "."), ibis.null("string"))
    text, swapped = value, value.translate(",.", ".,")
    if rules.decimal:
        text = swapped if rules.decimal == "," else text
        fits = text.re_search(_GROUPED) & text.re_search(r"\d")
    elif rules.has_local_comma:
        is_comma = text.re_search(_SURE_COMMA)
        fits = is_comma | (text.re_search(_PLAIN) & ~text.re_search(_ONE_GROUP))
        text = ibis.ifelse(is_comma, swapped, text)
    else:
        fits = text.re_search(_PLAIN) | text.re_search(_SURE_POINT)
    amount = ibis.ifelse(fits, text.replace(",", ""), ibis.null("string"))
    return ibis.coalesce(bare.try_cast(SHORT).cast(MONEY), amount.try_cast(MONEY))


def _share(value: ir.Value, rules: Rules) -> ir.DecimalValue:
    """Read a share from 0 to 1, which people write as 40 %, too."""
    if not value.type().is_string():
        return _amount(value, rules)
    share = _amount(value.re_replace(r"\s*%$", ""), rules)
    return ibis.ifelse(value.endswith("%"), (share / 100).cast(MONEY), share)


def _is_own(sign: ir.StringValue, rules: Rules, currency: ir.Value | None) -> ir.BooleanValue:
    """Return where a sign is one of the row's currency, or there is none."""
    sign = sign.lower()
    if currency is None:
        return sign.isin(["", *signs_of(rules.currency)])
    code = currency.lower().fill_null(rules.currency.lower())
    known = ibis.literal(CODES_AND_SIGNS).contains("|" + code + ":" + sign + "|")
    return (sign == "") | (sign == code) | known


def _day(value: ir.Value, rules: Rules, is_excel: bool) -> ir.DateValue:
    if value.type().is_date():
        return value
    zone = rules.time_zone and ibis.literal(rules.time_zone)
    if value.type().is_timestamp():
        is_zoned = value.type().timezone is not None and zone is not None
        return (in_zone(zone, value) if is_zoned else value).cast("date")
    text = value
    is_iso = text.re_search(_ISO)
    day = ibis.ifelse(is_iso, text.left(10), ibis.null("string")).try_cast("date")
    if zone is not None:
        iso = ibis.ifelse(is_iso, text, ibis.null("string"))
        instant = ibis.ifelse(
            iso.re_search(_OFFSET) & (iso.length() > 10), iso, ibis.null("string")
        )
        local = in_zone(zone, instant.try_cast(dt.Timestamp("UTC")))
        day = ibis.coalesce(local.cast("date"), day)
    forms = [rules.date_format] if rules.date_format else []
    if rules.has_dotted_days and not forms:
        forms = ["%d.%m.%Y"]
    if rules.date_format in COUNTED:
        instant = counted(text, rules.date_format)
        if zone is not None and rules.date_format != EXCEL:
            instant = in_zone(zone, instant.cast(dt.Timestamp("UTC")))
        day, forms = ibis.coalesce(instant.cast("date"), day), []
    for form in forms:
        is_month = not re.search("%-?[djxcV]", form)
        if re.search("%-?[abB]", form):
            text, form = named_months(value), engine_form(form)
        read = try_strptime(text, form).cast("date")
        is_long = ibis.ifelse(read.notnull(), False, text.re_search(_MIDNIGHT))
        short = ibis.ifelse(is_long, text, ibis.null("string"))
        read = ibis.coalesce(read, try_strptime(short.re_replace(_MIDNIGHT, ""), form).cast("date"))
        day = ibis.coalesce(last_day(read) if is_month else read, day)
    if is_excel:
        serial = ibis.ifelse(
            text.re_search(r"^\d{5}([.,]\d+)?$"), text.replace(",", "."), ibis.null("string")
        ).try_cast("float64")
        day = ibis.coalesce(
            day, ibis.date("1899-12-30") + serial.floor().cast("int64").as_interval("D")
        )
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
