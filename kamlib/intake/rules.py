"""How one table is read: what the book says of its files, its currency and its locale."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError

from kamlib.book import BookSettings, TableInput


class Rules(TableInput):
    """The rules of one table's input, with what the book's locale adds where nothing is declared.

    ``has_local_comma``: the locale writes a decimal comma. ``has_dotted_days``: it writes days as
    31.12.2025. Neither decides what can be read in two ways. A book that names no currency takes
    the amounts' own signs as long as they agree (``is_currency_said``).
    """

    currency: str
    is_currency_said: bool = True
    has_local_comma: bool = False
    has_dotted_days: bool = False


def rules_of(book: BookSettings, table: str) -> Rules:
    """Return the rules by which a table's files are read.

    >>> rules_of(BookSettings(title="x", locale="de"), "orders").has_local_comma
    True
    """
    comma, dots = _habits(book.locale)
    return Rules(
        **book.input.of(table).model_dump(include=set(TableInput.model_fields)),
        currency=book.currency,
        is_currency_said="currency" in book.model_fields_set,
        has_local_comma=comma,
        has_dotted_days=dots,
    )


@lru_cache
def _habits(locale: str) -> tuple[bool, bool]:
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return False, False
    decimal = known.number_symbols.get("latn", known.number_symbols).get("decimal", ".")
    short = known.date_formats["short"].pattern
    return decimal == ",", "." in short and short.startswith("d")
