"""Amounts as people read them: digits by need, the book's currency and separators, n/a where there
is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

GAP = "\u00a0"
"""No-break space between a figure and its unit."""

MISSING = "n/a"

SIGNS = {
    "EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩", "PLN": "zł",
    "BRL": "R$", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "ILS": "₪", "TRY": "₺", "UAH": "₴", "VND": "₫",
    "NGN": "₦", "PHP": "₱",
}  # fmt: skip
"""Signs of currencies; any other currency is shown by its code."""

SEPARATORS = {
    "en": (",", "."), "de": (".", ","), "nl": (".", ","), "es": (".", ","), "it": (".", ","), "da": (".", ","),
    "pt": (".", ","), "id": (".", ","), "tr": (".", ","), "el": (".", ","), "fr": ("\u202f", ","),
    "pl": ("\u202f", ","),
    "cs": ("\u202f", ","), "sv": ("\u202f", ","), "nb": ("\u202f", ","), "fi": ("\u202f", ","), "uk": ("\u202f", ","),
    "de_CH": ("’", "."), "de_AT": (".", ","), "en_ZA": ("\u202f", ","),
}  # fmt: skip
"""Thousands and decimal separator by language (and country where it differs); English where nothing
is known.
"""


@dataclass(frozen=True)
class Wording:
    """How a book writes amounts."""

    currency: str = ""
    thousands: str = ","
    decimal: str = "."


def wording(source: Any = None) -> Wording:
    """The wording of a book, of anything that has a `.book` (the data of a period), or the English
    one.

    >>> wording()
    Wording(currency='', thousands=',', decimal='.')
    """
    if isinstance(source, Wording):
        return source
    book = getattr(source, "book", source)
    currency = str(getattr(book, "currency", "") or "")
    locale = str(getattr(book, "locale", "") or "en").replace("-", "_").split(".")[0]
    thousands, decimal = (
        SEPARATORS.get(locale) or SEPARATORS.get(locale.split("_")[0]) or SEPARATORS["en"]
    )
    return Wording(SIGNS.get(currency.upper(), currency), thousands, decimal)


def money(value: Any, source: Any = None) -> str:
    """Money to three digits: € 1.24 m, € 412 k, € 950, n/a.

    >>> money(1_240_312, Wording("€")).replace(GAP, " "), money(-411_800, Wording("€")).replace(GAP, " ")
    ('€ 1.24 m', '−€ 412 k')
    >>> money(float("nan")), money(999_999).replace(GAP, " "), money(0.5)
    ('n/a', '1.00 m', '0.50')
    """
    words = wording(source)
    amount = _decimal(value)
    if amount is None:
        return MISSING
    size, unit = abs(amount), ""
    for unit, step in (("", 1), ("k", 10**3), ("m", 10**6), ("bn", 10**9)):
        scaled = size / step
        if _three_digits(scaled) < 1000 or unit == "bn":
            break
    decimals = (
        0
        if size == 0
        else _decimals_for(scaled, whole=unit == "" and size == size.to_integral_value())
    )
    sign = words.currency + GAP if words.currency else ""
    text = _grouped(scaled, decimals, words)
    minus = "−" if amount < 0 and text.strip("0.,") else ""
    return minus + sign + text + (GAP + unit if unit else "")


def share(value: Any, source: Any = None, *, decimals: int = 1) -> str:
    """A 0–1 share in percent.

    >>> share(0.12299999).replace(GAP, " "), share(None), share(1.04, decimals=0).replace(GAP, " ")
    ('12.3 %', 'n/a', '104 %')
    """
    amount = _decimal(value)
    return (
        MISSING if amount is None else _signed(amount * 100, decimals, wording(source)) + GAP + "%"
    )


def number(value: Any, source: Any = None, *, decimals: int | None = None) -> str:
    """A plain number with thousands separators; as many decimals as it needs, at most two.

    >>> number(2031114), number(1.5), number(-3), number(float("nan"))
    ('2,031,114', '1.5', '−3', 'n/a')
    """
    amount = _decimal(value)
    if amount is None:
        return MISSING
    if decimals is None:
        rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
        decimals = (
            max(0, -int(rounded.normalize().as_tuple().exponent)) if abs(amount) < 1000 else 0
        )
    return _signed(amount, decimals, wording(source))


def date(value: Any, source: Any = None) -> str:
    """A day as 15 Oct 2025: readable in any country, the month never taken for the day.

    >>> date("2025-10-05").replace(GAP, " "), date(None)
    ('5 Oct 2025', 'n/a')
    """
    day = pd.to_datetime(value) if value is not None else pd.NaT
    if day is pd.NaT or pd.isna(day):
        return MISSING
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day}{GAP}{months[day.month - 1]}{GAP}{day.year}"


def change(value: Any, before: Any, source: Any = None, *, unit: str = "money") -> str:
    """The change since `before`: relative for money and counts, in percentage points for shares;
    signed by ▲ ▼.

    >>> change(103.1, 100).replace(GAP, " "), change(0.46, 0.44, unit="share").replace(GAP, " ")
    ('▲ 3.1 %', '▲ 2.0 pts')
    >>> change(5, 7, unit="count").replace(GAP, " "), change(1, 0), change(2, 2).replace(GAP, " ")
    ('▼ 2', 'n/a', '= 0')
    """
    now, then = _decimal(value), _decimal(before)
    if now is None or then is None:
        return MISSING
    words, difference = wording(source), now - then
    if unit == "share":
        text = _grouped(abs(difference) * 100, 1, words) + GAP + "pts"
    elif unit == "money":
        if then <= 0:
            return MISSING if difference else "=" + GAP + "0"
        relative = abs(difference / then) * 100
        text = _grouped(relative, 0 if relative >= 100 else 1, words) + GAP + "%"
    else:
        text = number(abs(difference), words)
    if not any(letter in "123456789" for letter in text):
        return "=" + GAP + "0"
    return ("▲" if difference > 0 else "▼") + GAP + text


def _decimal(value: Any) -> Decimal | None:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    plain = float(value)
    return Decimal(repr(plain)) if math.isfinite(plain) else None


def _three_digits(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1), ROUND_HALF_UP)


def _decimals_for(amount: Decimal, *, whole: bool) -> int:
    if whole:
        return 0
    if amount < Decimal("9.995"):
        return 2
    return 1 if amount < Decimal("99.95") else 0


def _signed(amount: Decimal, decimals: int, words: Wording) -> str:
    text = _grouped(abs(amount), decimals, words)
    return ("−" if amount < 0 and any(letter in "123456789" for letter in text) else "") + text


def _grouped(amount: Decimal, decimals: int, words: Wording) -> str:
    plain = f"{amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,.{decimals}f}"
    return words.decimal.join(part.replace(",", words.thousands) for part in plain.split("."))
