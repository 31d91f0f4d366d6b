"""Words: amounts, days, counted nouns and lists, as people read them."""

from kamlib.words.amounts import change, money, number, percent, share
from kamlib.words.days import date, month, month_name
from kamlib.words.locales import GAP, MISSING, Source, Wording, wording
from kamlib.words.nouns import FEW, count, counted, listed, ordinal, plural, rate, started

__all__ = [
    "FEW",
    "GAP",
    "MISSING",
    "Source",
    "Wording",
    "change",
    "count",
    "counted",
    "date",
    "listed",
    "money",
    "month",
    "month_name",
    "number",
    "ordinal",
    "percent",
    "plural",
    "rate",
    "share",
    "started",
    "wording",
]
