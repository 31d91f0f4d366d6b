"""Days as people and programs write them: months by name in several languages, counted days."""

from __future__ import annotations

import re

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

EXCEL, UNIX = "excel", "unix"
COUNTED = (EXCEL, UNIX)
"""Forms of days that are counted: since 1899-12-30 (spreadsheets), in seconds since 1970."""
_NAMES = {
    "Jan": "jan january januar jänner janvier janv enero ene",
    "Feb": "feb february februar februario février fevrier févr fevr febrero",
    "Mar": "mar march märz maerz mär mrz mars marzo",
    "Apr": "apr april avril avr abril abr",
    "May": "may mai mayo",
    "Jun": "jun june juni juin junio",
    "Jul": "jul july juli juillet juil julio",
    "Aug": "aug august août aout agosto ago",
    "Sep": "sep sept september septembre septiembre",
    "Oct": "oct october okt oktober octobre octubre",
    "Nov": "nov november novembre noviembre",
    "Dec": "dec december dez dezember décembre decembre déc dic diciembre",
}
_HINTS = (
    (r"^(Q|T)[1-4]\b|\b(Q|T)[1-4]$", "a quarter; the kit needs days or months: export those"),
    (
        r"^\d{4}[/.-]?0[01]\d$|^0[01]\d[/.-]\d{4}$",
        "a period of a fiscal year; export the day or the calendar month too",
    ),
    (r"^\w{3} \w{3} \d", "a day as programs print it; export it as 2025-12-31"),
)


def named_months(text: ir.StringValue) -> ir.StringValue:
    """Return a day's text with its month's name as the engine knows it: ``15. März`` → ``15. Mar``."""
    word = text.re_extract(r"\p{L}{3,}", 0)
    pairs = [(word.lower().isin(names.split()), name) for name, names in _NAMES.items()]
    known = ibis.cases(*pairs, else_=word)
    return ibis.ifelse(
        word != "", text.replace(word, known).re_replace(r"(\p{L})\.", r"\1"), text
    )


def engine_form(form: str) -> str:
    """Return a form as the engine reads texts of :func:`named_months`."""
    return form.replace("%B", "%b")


def counted(text: ir.StringValue, form: str) -> ir.TimestampValue:
    """Return the instant that a number counts, empty where it is none."""
    if form == EXCEL:
        digits = ibis.ifelse(text.re_search(r"^\d{5}([.,]\d+)?$"), text, ibis.null("string"))
        days = digits.replace(",", ".").try_cast("float64").floor().cast("int64")
        return (ibis.date("1899-12-30") + days.as_interval("D")).cast("timestamp")
    digits = ibis.ifelse(text.re_search(r"^\d{10}(\d{3})?(\.0+)?$"), text, ibis.null("string"))
    return digits.left(10).try_cast("int64").as_timestamp("s").cast(dt.timestamp)


def hint(text: str) -> str:
    """Return what a text is that is no day, and what to do; nothing where that is not known.

    >>> hint("Q1 2024")
    'a quarter; the kit needs days or months: export those'
    """
    return next((said for pattern, said in _HINTS if re.search(pattern, text)), "")
