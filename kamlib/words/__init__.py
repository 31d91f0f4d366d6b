"""Words: amounts, days, counted nouns and lists, as people read them."""

from kamlib.words.amounts import change, money, number, percent, share
from kamlib.words.days import date, ended, month, month_name, until
from kamlib.words.language import (
    count_untranslated,
    languages,
    learn,
    phrase,
    say,
    speak,
    speaking,
    untranslated,
)
from kamlib.words.locales import ENGLISH, GAP, MISSING, Source, Wording, spoken, wording
from kamlib.words.nouns import (
    FEW,
    Counted,
    count,
    counted,
    listed,
    noun,
    ordinal,
    plural,
    rate,
    started,
)
from kamlib.words.order import collated

__all__ = [
    "ENGLISH",
    "FEW",
    "GAP",
    "MISSING",
    "Counted",
    "Source",
    "Wording",
    "change",
    "collated",
    "count",
    "count_untranslated",
    "counted",
    "date",
    "ended",
    "languages",
    "learn",
    "listed",
    "money",
    "month",
    "month_name",
    "noun",
    "number",
    "ordinal",
    "percent",
    "phrase",
    "plural",
    "rate",
    "say",
    "share",
    "speak",
    "speaking",
    "spoken",
    "started",
    "until",
    "untranslated",
    "wording",
]
