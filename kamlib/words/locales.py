"""How a book writes: the sign of its currency, its separators, from Babel's locale data (CLDR)."""

from __future__ import annotations

import unicodedata
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from babel import Locale, UnknownLocaleError

GAP = "\u00a0"
"""No-break space between a figure and its unit."""

MISSING = "n/a"

ENGLISH = "en"
"""The language of the code, and of a book whose locale nobody knows."""

SPOKEN: ContextVar[str] = ContextVar("language", default=ENGLISH)
"""The language that is spoken."""


@dataclass(frozen=True)
class Wording:
    """How a book writes amounts."""

    currency: str = ""
    thousands: str = ","
    decimal: str = "."


class Written(Protocol):
    """Anything that says how its amounts are written: a book."""

    @property
    def currency(self) -> str:
        """The code of its currency."""

    @property
    def locale(self) -> str:
        """The locale whose separators it uses."""


Source = Wording | Written | None
"""What amounts may be written by: a book or its wording; by nothing, plainly."""


def spoken() -> str:
    """Return the language that is spoken now.

    >>> spoken()
    'en'
    """
    return SPOKEN.get()


def wording(source: Source = None) -> Wording:
    """Return the wording of a book, or that of the language that is spoken.

    A book that names no locale writes as its language does.

    >>> wording()
    Wording(currency='', thousands=',', decimal='.')
    """
    if isinstance(source, Wording):
        return source
    if source is None:
        return Wording() if spoken() == ENGLISH else _wording("", spoken())
    return _wording(source.currency, source.locale if source.locale != ENGLISH else spoken())


@cache
def known(locale: str) -> Locale:
    """Return Babel's data of a locale, of its language where the country is not known, or English.

    >>> str(known("de-CH")), str(known("de_XX.UTF-8")), str(known("klingon"))
    ('de_CH', 'de', 'en')
    """
    text = locale.replace("-", "_").split(".")[0]
    for name in (text, text.split("_")[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale(ENGLISH)


@cache
def _wording(currency: str, locale: str) -> Wording:
    # Latin digits in every locale: so are those of the sentences around them.
    symbols = known(locale).number_symbols
    latin = symbols.get("latn") or known(ENGLISH).number_symbols["latn"]
    return Wording(_sign(currency, locale), latin["group"], latin["decimal"])


def _sign(currency: str, locale: str) -> str:
    """Return a currency's sign as English has it, else as the book's locale has it, else its code.

    >>> [_sign(code, "en") for code in ("EUR", "cad", "CHF", "points")]
    ['€', 'CA$', 'CHF', 'points']
    >>> _sign("SEK", "sv"), _sign("SEK", "en"), _sign("AED", "ar_AE")
    ('kr', 'SEK', 'AED')
    """
    code = currency.upper()
    for name in (ENGLISH, locale):
        sign = known(name).currency_symbols.get(code, code)
        if sign != code and not _is_right_to_left(sign):
            return sign
    return currency


def _is_right_to_left(sign: str) -> bool:
    """Whether a sign would turn the English text around it."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in sign)


def separators(text: str, locale: str) -> str:
    """Return a figure that Python wrote with the separators of a locale.

    >>> separators("1,234.5", "de"), separators("1,234.5", "en")
    ('1.234,5', '1,234.5')
    """
    words = _wording("", locale)
    return text.translate({ord(","): words.thousands, ord("."): words.decimal})
