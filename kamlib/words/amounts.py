"""Amounts as people read them: digits by need, the book's currency and separators, n/a where there
is none.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

from kamlib.words.days import date
from kamlib.words.language import phrase, say
from kamlib.words.locales import ENGLISH, GAP, MISSING, Source, Wording, spoken, wording

__all__ = ["GAP", "MISSING", "Wording", "change", "date", "money", "number", "share", "wording"]

_UNITS = {"": 1, phrase("k"): 10**3, phrase("m"): 10**6, phrase("bn"): 10**9}
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)  # the largest float has 309 digits


def money(value: Any, source: Source = None) -> str:
    """Money to three digits: € 1.24 m, € 412 k, € 950, n/a.

    >>> [money(value, Wording("€")).replace(GAP, " ") for value in (1_240_312, -411_800)]
    ['€ 1.24 m', '−€ 412 k']
    >>> money(float("nan")), money(999_999).replace(GAP, " "), money(0.5)
    ('n/a', '1.00 m', '0.50')
    """
    words = wording(source)
    amount = _decimal(value)
    if amount is None:
        return say(MISSING)
    size = abs(amount)
    sizes = ((size / step, unit) for unit, step in _UNITS.items())
    fits = ((scaled, unit) for scaled, unit in sizes if _rounded(scaled, 0) < 1000)
    scaled, unit = next(fits, (size / _UNITS["bn"], "bn"))
    is_whole = not unit and size == size.to_integral_value()
    rounded = _rounded(scaled, 0 if is_whole else _decimals_for(scaled))
    minus = "−" if amount < 0 and rounded else ""
    figure = minus + _grouped(rounded, words) + (GAP + say(unit) if unit else "")
    if not words.currency:
        return figure
    if spoken() == ENGLISH:  # the one place of English: the sign stands between minus and figure
        return minus + words.currency + GAP + figure.removeprefix(minus)
    return say("{currency} {amount}", currency=words.currency, amount=figure).replace(" ", GAP)


def share(value: Any, source: Source = None, *, decimals: int = 1) -> str:
    """A 0–1 share in percent.

    >>> share(0.12299999).replace(GAP, " "), share(None), share(1.04, decimals=0).replace(GAP, " ")
    ('12.3 %', 'n/a', '104 %')
    """
    amount = _decimal(value)
    if amount is None:
        return say(MISSING)
    return _percent(_signed(amount * 100, decimals, wording(source)))


def percent(value: Any, source: Source = None) -> str:
    """A share in a sentence, in as few digits as it needs: one decimal below 10 %, none above.

    >>> [percent(value).replace(GAP, " ") for value in (0.1234, 0.034, -0.5, float("nan"))]
    ['12 %', '3.4 %', '−50 %', 'n/a']
    """
    return share(value, source, decimals=1 if value and abs(value) < 0.0995 else 0)


def number(value: Any, source: Source = None, *, decimals: int | None = None) -> str:
    """A plain number with thousands separators; as many decimals as it needs, at most two.

    >>> number(2031114), number(1.5), number(-3), number(float("nan"))
    ('2,031,114', '1.5', '−3', 'n/a')
    """
    amount = _decimal(value)
    if amount is None:
        return say(MISSING)
    if decimals is None:
        needed = -int(_rounded(amount, 2).normalize(_EXACT).as_tuple().exponent)
        decimals = max(0, needed) if abs(amount) < 1000 else 0
    return _signed(amount, decimals, wording(source))


def change(value: Any, before: Any, source: Source = None, *, unit: str = "money") -> str:
    """The change since `before`: relative for money and counts, in percentage points for shares;
    signed by ▲ ▼.

    >>> change(103.1, 100).replace(GAP, " "), change(0.46, 0.44, unit="share").replace(GAP, " ")
    ('▲ 3.1 %', '▲ 2.0 pts')
    >>> change(5, 7, unit="count").replace(GAP, " "), change(1, 0), change(2, 2).replace(GAP, " ")
    ('▼ 2', 'n/a', 'unchanged')
    """
    now, then = _decimal(value), _decimal(before)
    if now is None or then is None:
        return say(MISSING)
    words, difference = wording(source), now - then
    if unit == "share":
        text = _signed(abs(difference) * 100, 1, words) + GAP + say("pts")
    elif unit != "money":
        text = number(abs(difference), words)
    elif then > 0:
        relative = abs(difference / then) * 100
        text = _percent(_signed(relative, 0 if relative >= 100 else 1, words))
    else:
        text = say(MISSING) if difference else "0"
    if text == say(MISSING):
        return text
    if not any(letter in "123456789" for letter in text):
        return say("unchanged")
    return ("▲" if difference > 0 else "▼") + GAP + text


def _percent(figure: str) -> str:
    return say("{figure} %", figure=figure).replace(" ", GAP)


def _decimal(value: Any) -> Decimal | None:
    if value is None or _is_missing(value):
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    plain = float(value)
    return Decimal(repr(plain)) if math.isfinite(plain) else None


def _is_missing(value: Any) -> bool:
    if isinstance(value, int | float | Decimal):
        return False
    import pandas as pd

    return value is pd.NA or value is pd.NaT


def _decimals_for(amount: Decimal) -> int:
    """Return the decimals that make three digits; a bare 0 has none."""
    if amount < Decimal("9.995"):
        return 2 if amount else 0
    return 1 if amount < Decimal("99.95") else 0


def _rounded(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)


def _signed(amount: Decimal, decimals: int, words: Wording) -> str:
    rounded = _rounded(amount, decimals)
    return ("−" if rounded < 0 else "") + _grouped(abs(rounded), words)


def _grouped(rounded: Decimal, words: Wording) -> str:
    return f"{rounded:,f}".translate(_separators(words.thousands, words.decimal))


@cache
def _separators(thousands: str, decimal: str) -> dict[int, str]:
    return str.maketrans({",": thousands, ".": decimal})
