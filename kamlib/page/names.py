"""File names of pages: no account id writes outside its folder or over another account's page."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAKEN = {
    "index",
    "tables",
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


def page_name(ids: Iterable[str]) -> dict[str, str]:
    """Return the page name (no folder, no ending) of each id.

    An id that is a plain file name, and no twin of another when case is ignored, is its own page
    name. Any other, and names that the site or Windows keeps for itself, become a readable stem and
    a hash of the id. Pass all ids of the book: twins can only be told in company.

    >>> page_name(["ACME", "00123"])
    {'ACME': 'ACME', '00123': '00123'}
    >>> names = page_name(["acme", "ACME", "../etc", "CON"])
    >>> sorted(name[:-11] for name in names.values())
    ['acme', 'acme', 'con', 'etc']
    >>> len({name.lower() for name in names.values()})
    4
    """
    unique = list(dict.fromkeys(str(given) for given in ids))
    twins = Counter(given.lower() for given in unique)
    names: dict[str, str] = {}
    for given in unique:
        plain = (
            _PLAIN.fullmatch(given) and given.lower() not in _TAKEN and twins[given.lower()] == 1
        )
        names[given] = given if plain else _hashed(given, taken=twins)
    return names


def _hashed(given: str, *, taken: Counter[str]) -> str:
    ascii_only = unicodedata.normalize("NFKD", given[:400]).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:40].strip("-") or "account"
    digest = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
    length = 10
    while f"{stem}-{digest[:length]}" in taken and length < len(digest):
        length += 1
    return f"{stem}-{digest[:length]}"
