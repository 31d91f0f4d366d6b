"""Days and months as people and programs write them: by name in several languages, or counted."""

from __future__ import annotations

import re
import unicodedata

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

EXCEL, UNIX = "excel", "unix"
COUNTED = (EXCEL, UNIX)
"""Forms of days that are counted: since 1899-12-30 (spreadsheets), in seconds since 1970."""
_NAMES = {
    "Jan": "jan|jän|ene|gen", "Feb": "feb|fév|fev", "Mar": "mar|mär|maer|mrz|mrt|maa",
    "Apr": "apr|avr|abr", "May": "may|mai|mei|mag", "Jun": "jun|juin|giu", "Jul": "jul|juil|lug",
    "Aug": "aug|aoû|aou|ago", "Sep": "sep|set", "Oct": "oct|okt|out|ott", "Nov": "nov",
    "Dec": "dec|dez|déc|dic",
}  # fmt: skip
_MORE_NAMES = {
    "Jan": "oca|sty|янв|يناير|ม\\.ค|มกราคม", "Feb": "şub|sub|lut|фев|فبراير|ก\\.พ|กุมภาพันธ์",
    "Mar": "мар|مارس|มี\\.ค|มีนาคม", "Apr": "nis|kwi|апр|أبريل|ابريل|เม\\.ย|เมษายน",
    "May": "maj|май|мая|مايو|พ\\.ค|พฤษภาคม", "Jun": "haz|cze|июн|يونيو|มิ\\.ย|มิถุนายน",
    "Jul": "tem|lip|июл|يوليو|ก\\.ค|กรกฎาคม", "Aug": "ağu|agu|sie|авг|أغسطس|اغسطس|ส\\.ค|สิงหาคม",
    "Sep": "eyl|wrz|сен|سبتمبر|ก\\.ย|กันยายน", "Oct": "eki|paź|paz|окт|أكتوبر|اكتوبر|ต\\.ค|ตุลาคม",
    "Nov": "kas|lis|ноя|نوفمبر|พ\\.ย|พฤศจิกายน", "Dec": "ara|gru|дек|ديسمبر|ธ\\.ค|ธันวาคม",
}  # fmt: skip
"""Names in days alone: as the head of a column some of them would be other words."""
_ENDS = (
    "uary|ruary|ch|il|e|y|ust|tember|ober|ember|uar|ruar|z|i|mber|vier|vrier|s|rs|ier|ril"
    "|naio|braio|gio|gno|lio|uari|ruari|art|eiro|ereiro|ço|ho|embro|ubro"
    "|llet|let|t|tembre|bre|obre|embre|ero|rero|zo|yo|io|o|sto|r|ner|tiembre|iembre"
)
"""What may follow the first letters of a month's name."""
_WEEKDAYS = (
    "mon(day)?|tue(s(day)?)?|wed(nesday)?|thu(r(s(day)?)?)?|fri(day)?|sat(urday)?|sun(day)?|mo(ntag)?"
    "|di(enstag)?|mi(ttwoch)?|do(nnerstag)?|fr(eitag)?|sa(mstag)?|so(nntag)?|lun(di|es)?|mardi|martes"
    "|mer(credi)?|mi[ée](rcoles)?|jeu(di)?|jue(ves)?|ven(dredi)?|vie(rnes)?|sam(edi)?|s[áa]b(ado)?"
    "|dim(anche)?|dom(ingo)?"
)
_ZONES = "[PMCE][SD]T|CES?T|BST|GMT|UTC|JST|IST|AES?T"
_HINTS = (
    (r"(^|\D)2[45]\d\d(\D|$)", "a day of the Buddhist calendar; export it with years as 2025"),
    (
        r"^[MTSHR]\d{1,2}[./年]|^(明治|大正|昭和|平成|令和)|^1[01]\d[/.-]\d{1,2}[/.-]\d",
        "a day counted in years of an era; export it with years as 2025",
    ),
    (
        r"^(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])$",
        "a day and a month without their year; export the day with its year",
    ),
    (r"^\d{1,2}[./-]\d{1,2}[./-]?$", "a day without its year; export it with the year"),
    (r"^(Q|T)[1-4]\b|\b(Q|T)[1-4]$", "a quarter; the kit needs days or months: export those"),
    (
        r"^\d{4}[/.-]?0[01]\d$|^0[01]\d[/.-]\d{4}$",
        "a period of a fiscal year; export the day or the calendar month too",
    ),
    (r"^24[4-6]\d{4}(\.\d+)?$", "a Julian day number; export it as a date, in SQLite with date()"),
    (r"^[01][0-9]{2}[0-3]\d\d$", "a year and the day in it (CYYDDD); export it as 2025-12-31"),
    (r"^1[34]\d\d[/.-]\d", "a day of the Persian calendar; export it with years as 2025"),
    (
        r"^\d{1,3}$",
        "a number of days, or a day without its month; export, or add, the whole day",
    ),
    (
        r"^\d{1,2}[/.-]\d{1,2}[/.-][5-9]\d\b",
        "a day whose year of two figures is of the Buddhist calendar, or long past; export it with "
        "years as 2025",
    ),
    (r"^\w{3} \w{3} \d", "a day as programs print it; export it as 2025-12-31"),
)


def named_months(text: ir.StringValue) -> ir.StringValue:
    """Return a day's text with its month's name as the engine knows it (``Mar`` for ``März``), the
    day's number bare, without the day of the week.
    """
    text = text.re_replace(rf"(?i)^(?:{_WEEKDAYS})[.,]*\s+", "")
    text = text.re_replace(rf" ({_ZONES})$", "")
    text = text.re_replace(r"(?i)^(\d{1,2})(st|nd|rd|th|er)\b", r"\1")
    text = text.re_replace(r"(?i) (г|года|r|roku)\.?$", "")
    for name, starts in _NAMES.items():
        starts += "|" + _MORE_NAMES[name]
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
    plain = "".join(str(unicodedata.digit(one, one)) for one in text)
    return next((said for pattern, said in _HINTS if re.search(pattern, plain)), "")


def is_month(name: str) -> bool:
    """Return whether a column is called like a month: it holds the amounts of one.

    >>> is_month("Jan 24"), is_month("2024-01"), is_month("Net")
    (True, True, False)
    """
    return month_of(name) is not None


def month_of(name: str) -> tuple[str, str] | None:
    """Return the month that a column is called for, and what else stands in its name.

    >>> month_of("März 2024"), month_of("2024-01-01 00:00:00"), month_of("Jan 24 Qty")
    (('März 2024', ''), ('2024-01-01 00:00:00', ''), ('Jan 24', 'Qty'))
    >>> month_of("Marge"), month_of("Net")
    (None, None)
    """
    text = " ".join(name.split())
    for pattern in _MONTH:
        found = re.search(rf"(?i)(?:^|[\s(_-]){pattern}(?=$|[\s)_-])", text)
        if found:
            rest = (text[: found.start()] + " " + text[found.end() :]).strip(" ()_-/")
            if not re.search(r"\d", rest) and len(rest.split()) < 3:
                return found[0].strip(" (_-"), rest
    return None


def _month_patterns() -> tuple[str, ...]:
    """Return how months are written: by number, or by a name of several languages, with a year or
    without one.
    """
    names = "|".join(rf"(?:{starts})(?:{_ENDS})?\.?" for starts in _NAMES.values())
    year = r"(?:(?:19|20)?\d\d)"
    return (
        r"(?:19|20)\d\d[-/.](?:0[1-9]|1[0-2])(?:[-/.]0?1(?: 00:00:00)?)?",
        r"(?:0?[1-9]|1[0-2])[-/.](?:19|20)\d\d",
        rf"(?:{names})[ '’/-]?{year}",
        rf"{year}[ '’/-]?(?:{names})",
        rf"(?:{names})",
    )


_MONTH = _month_patterns()
