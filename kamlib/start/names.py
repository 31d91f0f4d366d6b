"""What the columns of people's files mean: by their names in fifteen languages."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "vi": "Vietnamese",
    "zh": "Chinese",
    "ja": "Japanese",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "tr": "Turkish",
    "pl": "Polish",
    "ru": "Russian",
    "ar": "Arabic",
    "th": "Thai",
}
_HERE = Path(__file__).parent


def folded(name: str) -> str:
    """Return a name as names are compared: case, accents, marks and joined words aside.

    >>> folded("CustomerID"), folded("Kunden-Nr."), folded("Mã khách hàng"), folded("订单 编号")
    ('customer id', 'kunden nr', 'ma khach hang', '订单 编号')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", parted.casefold().replace("đ", "d"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


@dataclass(frozen=True)
class Known:
    """A known name of a column: its language, and its place among the names of that meaning."""

    language: str
    rank: int


@cache
def vocabulary() -> dict[str, dict[str, Known]]:
    """Return for each meaning the names it goes by, folded."""
    content = tomllib.loads((_HERE / "names.toml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Known]] = {}
    for meaning, by_language in content.items():
        names: dict[str, Known] = {}
        for language, text in by_language.items():
            for rank, name in enumerate(text.split("|")):
                names.setdefault(folded(name), Known(LANGUAGES[language], rank))
        found[meaning] = names
    return found


@cache
def _files() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    content = tomllib.loads((_HERE / "files.toml").read_text(encoding="utf-8"))
    parted = [
        {key: frozenset(folded(one) for one in text.split("|")) for key, text in part.items()}
        for part in (content["about"], content["own"])
    ]
    return parted[0], parted[1]


def bare_names(columns: Sequence[str]) -> dict[str, str]:
    """Return columns with their names, folded, without what stands before each of them.

    >>> bare_names(["Deal - ID", "Deal - Value", "Deal - Owner"])["Deal - Value"]
    'value'
    >>> bare_names(["Order No", "Order Date", "Order Value"])["Order No"]
    'order no'
    """
    first = re.match(r".*?(?: - |: |[./])", columns[0]) if len(columns) > 2 else None
    head = first[0] if first and all(column.startswith(first[0]) for column in columns) else ""
    return {column: folded(column.removeprefix(head)) for column in columns}


def person_names() -> dict[str, list[str]]:
    """Return the names of the columns that hold a person's name, whole or in two."""
    content = tomllib.loads((_HERE / "files.toml").read_text(encoding="utf-8"))
    return {
        part: [folded(one) for one in text.split("|")] for part, text in content["person"].items()
    }


@cache
def words_of(name: str) -> frozenset[str]:
    """Return the names or words of one line of what says that a row is a sale, or that are parts of
    a day or of an amount, folded.
    """
    content = tomllib.loads((_HERE / "files.toml").read_text(encoding="utf-8"))
    words = content["sale"] | content["part"]
    return frozenset(folded(word) for word in words[name].split("|"))


def about(stem: str) -> str:
    """Return what a file's own name says it is about; nothing where it says nothing.

    >>> about("order_details"), about("Kunden"), about("export (3)")
    ('lines', 'accounts', '')
    """
    name = re.sub(r"^\d+\s+|\s*\d+$", "", folded(stem))
    return next((what for what, names in _files()[0].items() if name in names), "")


def own_meaning(name: str, topic: str) -> str:
    """Return what a name that stands alone (id, name) means in a file about something.

    >>> own_meaning("Id", "accounts"), own_meaning("Name", "products"), own_meaning("Id", "")
    ('account_id', 'product', '')
    """
    means = {
        ("id", "accounts"): "account_id",
        ("id", "orders"): "order_id",
        ("id", "lines"): "line_id",
        ("id", "products"): "product_id",
        ("id", "categories"): "category_id",
        ("name", "accounts"): "name",
        ("name", "products"): "product",
        ("name", "categories"): "category",
    }
    kind = next((kind for kind, names in _files()[1].items() if folded(name) in names), "")
    return means.get((kind, topic), "")


def all_names() -> set[str]:
    """Return every known name, as headers are compared."""
    return {name for names in vocabulary().values() for name in names}
