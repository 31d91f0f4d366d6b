"""A language of no country: each letter of a message becomes an accented one. What a report says in
plain letters is data of the book, or has escaped translation.
"""

from __future__ import annotations

import csv
import email
import email.policy
import json
import re
import tomllib
import zipfile
from bisect import bisect
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
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


def said(file: Path) -> Iterator[str]:
    """Return the texts of a page, mail, workbook or calendar that a reader may see."""
    match file.suffix:
        case ".html":
            yield from _of_page(file.read_text(encoding="utf-8"))
        case ".eml":
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            yield mail["subject"]
            for part in mail.walk():
                if part.get_content_type() == "text/plain":
                    yield from part.get_content().splitlines()
                elif part.get_content_type() == "text/html":
                    yield from _of_page(part.get_content())
        case ".xlsx" | ".pptx":
            with zipfile.ZipFile(file) as parts:
                for name in parts.namelist():
                    yield from _of_part(name, parts.read(name).decode("utf-8", "replace"))
        case ".ics":
            text = file.read_text(encoding="utf-8").replace("\n ", "")
            found = re.findall(r"(?m)^(?:SUMMARY|DESCRIPTION|X-WR-CALNAME)[^:\n]*:(.*)$", text)
            yield from (one.replace("\\n", "\n") for one in found)


_IN_WORKBOOK = {
    "xl/sharedStrings.xml": r"<t(?: [^>]*)?>([^<]*)</t>",
    "xl/workbook.xml": r"<sheet name=\"([^\"]*)\"",
    "xl/worksheets/": r"(?:<(?:odd|even|first)(?:Header|Footer)>|prompt=\"|tooltip=\")([^<\"]*)",
    "ppt/slides/": r"<a:t>([^<]*)<",
    "xl/charts/": r"<(?:a:t|c:v)>([^<]*)<",
    "docProps/": r"<dc:\w+>([^<]*)<",
}


def _of_part(name: str, text: str) -> Iterator[str]:
    for begins, pattern in _IN_WORKBOOK.items():
        if name.startswith(begins):
            yield from map(unescape, re.findall(pattern, text))


def _of_page(html: str) -> list[str]:
    parser = _Texts()
    parser.feed(html)
    return parser.found


class _Texts(HTMLParser):
    """Texts between tags, labels and alternatives, and what the page's script shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.inside = {"script": given.get("class") or "code", "style": "code"}.get(tag, "")
        said = ("aria-label", "alt", "title", "placeholder", "data-cut", "data-per")
        self.found += [given[name] for name in said if given.get(name)]

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside = ""

    def handle_data(self, data):
        if self.inside in ("rows-of", "words", "accounts"):
            self.found += _shown(self.inside, json.loads(data))
        elif self.inside != "code" and data.strip():
            self.found.append(data.strip())


def _shown(kind: str, data: Any) -> list[str]:
    """Return the texts of data that the page's script shows."""
    if kind == "rows-of":
        heads = [one["label"] for one in data["columns"]]
        cells = [
            text
            for column, texts in zip(data["cells"], data["texts"], strict=True)
            for text in (_whole(column, texts))
        ]
        return [text for text in (*heads, data["total"], *cells) if isinstance(text, str)]
    return [text for text in _leaves(data) if isinstance(text, str)]


def _whole(cells: list, texts: Any) -> list:
    texts = [texts["said"][at] for at in texts["at"]] if isinstance(texts, dict) else texts
    return (
        cells
        if texts is None
        else [cell if text is None else text for cell, text in zip(cells, texts, strict=True)]
    )


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, dict | list):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _leaves(one)
    else:
        yield data


class Known:
    """What may stand in plain letters on a report: what the book holds by its value, names of
    tables and columns, months, the sign of a class. A word that the kit has for a code is none of
    it; where a text of the book is such a word, it may stand alone, or after a colon or comma.
    """

    SAME = (
        *("kamlib", "ABC", "XYZ", "NRR", "GRR", "HHI", "RFM", "CV", "ID", "CSV"),
        *("Pareto/NBD", "BG/NBD", "BG/CNBD-3", "MBG/NBD", "MBG/CNBD-3"),
    )
    """Names and signs that are the same in every language."""

    def __init__(self, book: Path) -> None:
        texts, codes = self._held(book)
        for file in book.rglob("*.toml"):
            content = tomllib.loads(file.read_text(encoding="utf-8"))
            texts |= {one.strip() for one in _leaves(content) if isinstance(one, str)}
        known = catalogue()
        named = {*known.tables, *known.columns, *codes}
        self.names = {*known.tables, *(page.file for page in PAGES.values())}
        self.alone = texts & set(CODES)
        found = texts - set(CODES) | {name for name in named if "_" in name} | {*self.SAME}
        found |= {f"{name}.csv" for name in CANONICAL} | self._criteria(book)
        found |= {abc + xyz for abc in "ABC" for xyz in "XYZN"}
        months = Locale.parse(CODE).months["format"]
        found |= {name for width in ("wide", "abbreviated") for name in months[width].values()}
        found |= {one[:1].upper() + one[1:] for one in found}  # at the start of a sentence
        self.values = sorted(one for one in found if re.search("[A-Za-z]{2}", one))
        longest = sorted(self.values, key=len, reverse=True)
        said, alone = ("|".join(map(re.escape, one)) for one in (longest, sorted(self.alone)))
        self.pattern = re.compile(rf"(?<!\w)(?:{said})(?!\w)|{{\w+}}|(?<=[:,] )(?:{alone})\b")

    def escaped(self, text: str) -> list[str]:
        """Return the plain words of a text that are not known."""
        if text in self.names | self.alone:  # of a table's file, or an address
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

    def _held(self, book: Path) -> tuple[set[str], set[str]]:
        """Return the texts of the book's tables, and the names of the columns they stand in; what
        is one of a few choices of the kit is none of them.
        """
        texts, columns = set[str](), set[str]()
        for file in book.glob("*.csv"):
            table = CANONICAL.get(file.stem)
            ours = {one.name for one in table.columns if one.choices} if table else set()
            with file.open(encoding="utf-8", newline="") as opened:
                for row in csv.DictReader(opened):
                    columns |= set(row)
                    texts |= {row[name].strip() for name in row if name not in ours | KITS}
                    if file.stem == "contacts":  # maps write them in two lines
                        texts |= set(row["name"].split())
        return texts, columns

    def _criteria(self, book: Path) -> set[str]:
        """Return what the book calls its criteria, also where the kit has the word."""
        content = tomllib.loads((book / "book.toml").read_text(encoding="utf-8"))
        return {one["name"] for one in content.get("scoring", {}).get("criteria", [])}


KITS = {"decision", "types"}
"""Columns of texts that the kit reads as its own codes."""
