"""A language of no country: every message in brackets, its vowels accented. What a page says in
plain letters is data of the book, or escaped translation.
"""

from __future__ import annotations

import ast
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
from babel.messages.pofile import read_po, write_po

from kamlib.page.fragments import Fragment
from kamlib.page.site import page_resources
from kamlib.report.convert import page_html
from kamlib.report.prose import in_its_language
from kamlib.report.write import foot
from kamlib.words import speaking
from kamlib.words.language import FOLDER, TEMPLATE

CODE = "eo"
_ACCENTS = str.maketrans("aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ")


def accented(message: str) -> str:
    """Return a message as the language says it; its placeholders as they are."""
    parts = re.split(r"(\{[^{}]*\})", message)
    return f"⟦{''.join(p if p[:1] == '{' else p.translate(_ACCENTS) for p in parts)}⟧"


def write_language(folder: Path) -> Path:
    """Write the language below a folder, as `KAM_LANGUAGES` may name it."""
    with (FOLDER / TEMPLATE).open("rb") as file:
        catalog = read_po(file, locale=CODE)
    for one in catalog:
        if one.id:
            several = isinstance(one.id, tuple)
            one.string = tuple(map(accented, one.id)) if several else accented(one.id)
    (folder / CODE).mkdir(parents=True)
    with (folder / CODE / "messages.po").open("wb") as file:
        write_po(file, catalog)
    return folder


def page(q, notebook: Path, monkeypatch) -> str:
    """Return the page of a notebook, its cells run here: no kernel is needed for what is said."""
    node, shown = nbformat.read(notebook, as_version=4), []
    monkeypatch.setattr(Fragment, "show", lambda self, **_: shown.append(self))
    names: dict = {}
    for cell in node.cells:
        if cell.cell_type != "code":
            continue
        shown.clear()
        source = "\n".join(line for line in cell.source.splitlines() if line[:1] != "%")
        if "open_period" in source:
            names["q"] = names["me"] = q
            source = "\n".join(
                ast.unparse(one)
                for one in ast.parse(source).body
                if isinstance(one, ast.Import | ast.ImportFrom)
            )
        exec(source, names)
        cell.outputs = [
            nbformat.v4.new_output("display_data", data={"text/html": f.html}) for f in shown
        ]
    with speaking(q.book.language):
        resources = page_resources(
            title="",
            book_title=q.book.title,
            period=q.span.title,
            navigation=[],
            foot=foot(q),
            book=q.book,
        )
        return page_html(in_its_language(node), resources)


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "style"):
            self.inside.append(tag)
        said = ("aria-label", "alt", "title", "placeholder", "data-cut")
        self.found += [value for name, value in attrs if name in said and value]

    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside and data.strip():
            self.found.append(data.strip())


def texts(html: str) -> list[str]:
    """Return what a page says: its texts, labels and alternatives."""
    parser = _Texts()
    parser.feed(html)
    return parser.found


def vocabulary(q) -> set[str]:
    """Return every word of the book's own tables, plans and settings."""
    found: set[str] = set()
    for name in q.present | {"accounts"}:
        table = getattr(q, name, None)
        if isinstance(table, pd.DataFrame):
            for column in table.select_dtypes(["object", "string"]):
                found |= set(_words(" ".join(map(str, table[column].dropna().unique()))))
    plain = json.dumps([repr(q.plans), q.book.model_dump_json()])
    return {word.lower() for word in found | set(_words(plain))}


def escaped(said: list[str], own: set[str]) -> dict[str, list[str]]:
    """Return the plain words of some texts that are no data, each with where it was found."""
    found: dict[str, list[str]] = {}
    for text in said:
        for word in _words(text):
            if word.lower() not in own and re.search("[aeiou]", word):
                found.setdefault(word, []).append(text)
    return found


def _words(text: str) -> list[str]:
    """Return words of plain letters; addresses and names of columns are none."""
    return re.findall(r"(?<![\w.\-/{])[A-Za-z][a-z]{2,}(?![\w/}]|\.\w|\xad)", text)
