"""The unit that a column's name says of its amounts: thousands, cents, the currency."""

from __future__ import annotations

import re
import unicodedata

from kamlib.start.names import folded

_MONEY = r"eur|euro|usd|chf|gbp|cny|rmb|vnd|jpy|sek|nok|dkk|pln|€|\$|£|¥|₫|元|đ"
_UNITS = (
    (
        r"万",
        "10000",
    ),
    (
        rf"\b(mio|mn|millions?|millionen|millones|trieu)\b|\bm({_MONEY})(\b|$|\W)|({_MONEY})\s?m\b"
        r"|百万",
        "1000000",
    ),
    (
        rf"\bt(eur|euro|usd|chf|gbp|€)(\b|\W|$)|\b(tsd|thousands?|tausend|milliers|miles|nghin)\b"
        rf"|\bk({_MONEY})(\b|\W|$)|({_MONEY})\s?k\b|(?<!\d)'?000s?\b|\bin 1[.,]?000\b|千",
        "1000",
    ),
    (
        r"\b(cents?|pence|centimes?|centimos|centavos|minor units?)\b"
        r"|(?<=[a-z])_(cents?|pence|minor)$",
        "0.01",
    ),
)
_CODES = {"€": "EUR", "euro": "EUR", "£": "GBP", "rmb": "CNY", "₫": "VND", "đ": "VND", "元": "CNY"}


def unit_of(name: str) -> str:
    """Return by what the amounts of a column are to be multiplied, as its name says.

    >>> unit_of("Umsatz (TEUR)"), unit_of("Revenue ($000)"), unit_of("amount_cents"), unit_of("Net")
    ('1000', '1000', '0.01', '1')
    """
    plain = _plain(name)
    return next((factor for pattern, factor in _UNITS if re.search(pattern, plain)), "1")


def currency_in(name: str) -> str:
    """Return the currency that a column's name says; nothing where it says none, or a sign of many.

    >>> currency_in("Betrag CHF"), currency_in("Umsatz (T€)"), currency_in("Revenue ($)")
    ('CHF', 'EUR', '')
    """
    found = re.search(rf"(?:^|[\W_]|\b[tkm])({_MONEY})(?:$|[\W_]|k\b|m\b)", _plain(name))
    sign = found[1] if found else "$"
    return "" if sign in ("$", "¥") else _CODES.get(sign, sign.upper())


def without_unit(name: str) -> str:
    """Return a column's name without what it says of the unit.

    >>> without_unit("Umsatz (TEUR)"), without_unit("total_cents"), without_unit("Betrag CHF")
    ('Umsatz', 'total', 'Betrag')
    """
    bare = re.sub(r"\s*[(\[（][^)\]）]*[)\]）]\s*$", "", name)
    units = rf"cents?|pence|minor|tsd\.?|mio\.?|%|pct|[tkm]?({_MONEY})"
    return re.sub(rf"(?i)[\s_/-]+(in[\s_]+)?({units})$", "", bare) or name


_UNTAXED = (
    r"\b(excl|excluding|exkl|exclusive|without|before|ex|ohne|hors|sin|chua|khong)( of)?"
    r"( (sales )?(tax(es)?|vat|gst|mwst|ust|steuer|tva|iva|impuestos?|thue|btw|moms|kdv))?$"
    r"|\b(net|netto|ht|hors taxes|neto)$|^(net|netto|untaxed) |不含税"
)


def without_tax(name: str) -> str:
    """Return a column's name, folded, without what says that no tax is in it.

    >>> without_tax("Total excl. VAT"), without_tax("Betrag netto"), without_tax("Total")
    ('total', 'betrag', 'total')
    """
    return re.sub(_UNTAXED, "", folded(name)).strip() or folded(name)


def _plain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
