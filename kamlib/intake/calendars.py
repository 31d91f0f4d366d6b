"""Days as people and programs write them: months by name in several languages, counted days."""

from __future__ import annotations

import re

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

EXCEL, UNIX = "excel", "unix"
COUNTED = (EXCEL, UNIX)
"""Forms of days that are counted: since 1899-12-30 (spreadsheets), in seconds since 1970."""
NAMES = {
    "Jan": "jan|jän|ene", "Feb": "feb|fév|fev", "Mar": "mar|mär|maer|mrz", "Apr": "apr|avr|abr",
    "May": "may|mai", "Jun": "jun|juin", "Jul": "jul|juil", "Aug": "aug|aoû|aou|ago", "Sep": "sep",
    "Oct": "oct|okt", "Nov": "nov", "Dec": "dec|dez|déc|dic",
}  # fmt: skip
_WEEKDAYS = (
    "mon(day)?|tue(s(day)?)?|wed(nesday)?|thu(r(s(day)?)?)?|fri(day)?|sat(urday)?|sun(day)?|mo(ntag)?"
    "|di(enstag)?|mi(ttwoch)?|do(nnerstag)?|fr(eitag)?|sa(mstag)?|so(nntag)?|lun(di|es)?|mardi|martes"
    "|mer(credi)?|mi[ée](rcoles)?|jeu(di)?|jue(ves)?|ven(dredi)?|vie(rnes)?|sam(edi)?|s[áa]b(ado)?"
    "|dim(anche)?|dom(ingo)?"
)
_HINTS = (
    (r"^\d{1,2}[./-]\d{1,2}[./-]?$", "a day without its year; export it with the year"),
    (r"^(Q|T)[1-4]\b|\b(Q|T)[1-4]$", "a quarter; the kit needs days or months: export those"),
    (
        r"^\d{4}[/.-]?0[01]\d$|^0[01]\d[/.-]\d{4}$",
        "a period of a fiscal year; export the day or the calendar month too",
    ),
    (r"^\w{3} \w{3} \d", "a day as programs print it; export it as 2025-12-31"),
)


def named_months(text: ir.StringValue) -> ir.StringValue:
    """Return a day's text with its month's name as the engine knows it (``Mar`` for ``März``), the
    day's number bare, without the day of the week.
    """
    text = text.re_replace(rf"(?i)^(?:{_WEEKDAYS})[.,]*\s+", "")
    text = text.re_replace(r"(?i)^(\d{1,2})(st|nd|rd|th|er)\b", r"\1")
    for name, starts in NAMES.items():
        text = text.re_replace(rf"(?i)(^|[^\p{{L}}])({starts})\p{{L}}*\.?", rf"\1{name}")
    return text


def engine_form(form: str) -> str:
    """Return a form as the engine reads texts of :func:`named_months`."""
    return re.sub(r"%a[,.]? ?", "", form).replace("%B", "%b")


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
