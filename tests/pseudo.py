"""A language of no country: each letter of a message becomes an accented one. What a report says in
plain letters is data of the book, or has escaped translation.
"""

from __future__ import annotations

import csv
import re
import tomllib
from bisect import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.pofile import read_po, write_po

from kamlib.report.pages import PAGES
from kamlib.story.codes import CODES
from kamlib.tables import CANONICAL, catalogue
from kamlib.words.language import FOLDER, TEMPLATE

CODE = "eo"
_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀćďéƒĝĥíĵķĺɱńóþɋŕśţúʋŵχýźÁƁĆĎÉƑĜĤÍĴĶĹƜŃÓÞɊŔŚŢÚƲŴΧÝŹ",
)
_KEPT = re.compile(r"(\{[^{}]*\}|<[^<>]*>|\]\([^()]*\)|`[^`]*`|&\w+;)")
"""Parts of a message that are no words: facts, markup, addresses, code."""


def accented(message: str) -> str:
    """Return a message as the language says it.

    >>> accented("{accounts} of [Ahead](ahead.html)")
    '{accounts} óƒ [Áĥéáď](ahead.html)'
    """
    parts = enumerate(_KEPT.split(message))
    return "".join(part if place % 2 else part.translate(_ACCENTS) for place, part in parts)


def write_language(folder: Path) -> Path:
    """Write the language below a folder, as `KAM_LANGUAGES` may name it."""
    with (FOLDER / TEMPLATE).open("rb") as file:
        catalog = read_po(file, locale=CODE)
    for one in catalog:
        if one.id:
            agreeing = re.findall(r"{(\w+)} may be left out", " ".join(one.auto_comments))
            several = one.id if isinstance(one.id, tuple) else (one.id,)
            told = [accented(_agreed(text, agreeing)) for text in several]
            one.string = tuple(told) if isinstance(one.id, tuple) else told[0]
    (folder / CODE).mkdir(parents=True)
    with (folder / CODE / "messages.po").open("wb") as file:
        write_po(file, catalog)
    return folder


def _agreed(text: str, agreeing: list[str]) -> str:
    """Return a message with the words that agree with a count left to the language: one form."""
    for name in agreeing:
        text = text.replace(f"{{{name}}}", f"{{{name}:ɸ}}")
    return text


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, dict | list):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _leaves(one)
    else:
        yield data


class Known:
    """What may stand in plain letters on a report, each by its value: what the book holds, names of
    tables and columns, months, the sign of a class. What the kit has a message for is none of it.
    """

    SAME = (
        *("kamlib", "ABC", "XYZ", "NRR", "GRR", "HHI", "RFM", "CV", "ID", "CSV"),
        *("Pareto/NBD", "BG/NBD", "BG/CNBD-3", "MBG/NBD", "MBG/CNBD-3"),
    )
    """Names and signs that are the same in every language."""

    def __init__(self, book: Path) -> None:
        found = {cell for file in book.glob("*.csv") for cell in _cells(file)}
        for file in book.rglob("*.toml"):
            content = tomllib.loads(file.read_text(encoding="utf-8"))
            found |= {one for one in _leaves(content) if isinstance(one, str)}
        found = {one.strip() for one in found} - set(CODES)
        known = catalogue()
        months = Locale.parse(CODE).months["format"]
        named = {*known.tables, *known.columns}
        found |= (
            {name for name in named if "_" in name}
            | set(CANONICAL)
            | {*self.SAME, *self._criteria(book)}
        )
        self.names = {*named, *(page.file for page in PAGES.values())}
        found |= {abc + xyz for abc in "ABC" for xyz in "XYZN"}
        found |= {name for width in ("wide", "abbreviated") for name in months[width].values()}
        self.values = sorted(one for one in found if re.search("[A-Za-z]{2}", one))
        longest = sorted(self.values, key=len, reverse=True)
        said = "|".join(map(re.escape, longest))
        self.pattern = re.compile(rf"(?<!\w)(?:{said})(?!\w)|{{\w+}}", re.IGNORECASE)

    def escaped(self, text: str) -> list[str]:
        """Return the plain words of a text that are not known."""
        if text in self.names:  # of a table's file, or an address
            return []
        left = self.pattern.sub("·", re.sub(r"[^⟦…]*…", self._cut, text))
        return re.findall("[A-Za-z]{2,}", left)

    def _cut(self, found: re.Match[str]) -> str:
        """Return nothing for the beginning of a known value that had no room, else the text."""
        begun = found[0][:-1]
        for place in [0, *(one.end() for one in re.finditer(r"\s", begun))]:
            near = bisect(self.values, begun[place:])
            if self.values[near : near + 1] and self.values[near].startswith(begun[place:]):
                return begun[:place]
        return found[0]

    def _criteria(self, book: Path) -> set[str]:
        """Return what the book calls its criteria, also where the kit has the word."""
        content = tomllib.loads((book / "book.toml").read_text(encoding="utf-8"))
        return {one["name"] for one in content.get("scoring", {}).get("criteria", [])}


def _cells(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", newline="") as opened:
        for row in csv.reader(opened):
            yield from row
