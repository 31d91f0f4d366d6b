"""The signs by which amounts name their currency, before or behind the figure."""

from __future__ import annotations

import re
from functools import lru_cache

_DOLLARS = "AUD CAD HKD MXN NZD SGD TWD BRL CLP COP ARS"
_WRITTEN = {
    "EUR": "€ EUR Euro", "USD": "$ US$ USD U$S", "GBP": "£ GBP", "CHF": "CHF Fr. Fr SFr. SFr",
    "JPY": "¥ ￥ 円 JPY", "CNY": "¥ ￥ 元 CNY RMB", "INR": "₹ Rs. Rs INR", "KRW": "₩ KRW 원",
    "VND": "₫ đ VND", "PLN": "zł PLN", "CZK": "Kč CZK", "HUF": "Ft HUF", "TRY": "₺ TL TRY",
    "RUB": "₽ руб. руб р. RUB", "UAH": "₴ грн. грн UAH", "ILS": "₪ ILS", "SEK": "kr kr. SEK",
    "NOK": "kr kr. NOK", "DKK": "kr kr. DKK", "ISK": "kr kr. ISK", "ZAR": "R ZAR",
    "THB": "฿ บาท THB", "PHP": "₱ PHP", "PKR": "Rs. Rs PKR", "LKR": "Rs. Rs LKR", "RON": "lei RON",
    "BGN": "лв BGN", "AUD": "A$", "CAD": "C$ CA$", "HKD": "HK$", "MXN": "MX$", "NZD": "NZ$",
    "SGD": "S$", "TWD": "NT$", "BRL": "R$", "AED": "AED د.إ", "SAR": "SAR ر.س", "EGP": "EGP ج.م",
    "IDR": "Rp IDR", "MYR": "RM MYR",
}  # fmt: skip


def signs_of(code: str) -> list[str]:
    """Return the signs of a currency in small letters, its code among them.

    >>> signs_of("gbp")
    ['gbp', '£']
    """
    return all_signs().get(code.upper(), [code.lower()])


@lru_cache
def all_signs() -> dict[str, list[str]]:
    """Return the signs of every known currency, by its code."""
    dollars = {dollar: ["$"] for dollar in _DOLLARS.split()}
    found = {
        name: sorted({*text.lower().split(), *dollars.get(name, []), name.lower()})
        for name, text in _WRITTEN.items()
    }
    return {**{name: ["$", name.lower()] for name in dollars}, **found}


def code_of(*signs: str) -> str | None:
    """Return the likeliest currency that all signs can mean.

    >>> code_of("US$", "$"), code_of("chf"), code_of("$", "£")
    ('USD', 'CHF', None)
    """
    return next(iter(codes_of(*signs)), None)


def codes_of(*signs: str) -> list[str]:
    """Return the currencies that all signs can mean, the likeliest first.

    >>> codes_of("kr"), codes_of()
    (['SEK', 'NOK', 'DKK', 'ISK'], [])
    """
    order = dict.fromkeys(["USD", "EUR", "GBP", "JPY", "SEK", "INR", *all_signs()])
    meant = {sign.lower() for sign in signs}
    return [code for code in order if meant and meant <= set(signs_of(code))]


def _any_sign() -> str:
    every = {sign for signs in all_signs().values() for sign in signs}
    return "|".join(re.escape(sign) for sign in sorted(every, key=lambda s: (-len(s), s)))


SIGNS = _any_sign()
"""A pattern of every known sign, the longest first."""
CODES_AND_SIGNS = "".join(
    f"|{code.lower()}:{sign}|" for code, signs in all_signs().items() for sign in signs
)
"""Every pair of a currency and a sign of it, for one search in a text."""
