"""What there is to translate: every message of the code, as a gettext template.

``python -m kamlib.dictionary`` writes ``kamlib/languages/messages.pot`` anew.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2 import Environment, nodes

from kamlib.report.listing import row_and_rest
from kamlib.report.prose import paragraphs
from kamlib.tables.catalogue import FOLDER as FOLDER_OF_CATALOGUE
from kamlib.words.language import FOLDER, TEMPLATE

ROOT = Path(__file__).resolve().parents[1]
POT = FOLDER / TEMPLATE
SPEAKING = ("words", "story", "plots", "page", "workbook", "slides", "digest", "review", "report")
"""The modules that readers hear; files are read, and learners taught, in English."""

_SAID = ("say", "phrase")
_COUNTED = ("count", "counted", "none_or", "noun")
_MAY_GO = "may be left out, or chosen by the count: {%s:…|…}"

Message = tuple[str | tuple[str, str], list[str]]
"""A message, or its singular and plural, and what a translator should know of it."""


def template() -> str:
    """Return the template of all messages, by the files they stand in."""
    catalog = Catalog(
        header_comment="# Every message of the kit; docs/languages.md says how to translate.",
        creation_date=datetime(2026, 1, 1, tzinfo=UTC),
    )
    for file, found in _files():
        place = [(file.relative_to(ROOT).as_posix(), 1)]
        for id_, notes in found:
            catalog.add(id_, locations=place, auto_comments=notes)
    written = BytesIO()
    write_po(written, catalog, width=98, include_lineno=False)
    return written.getvalue().decode("utf-8")


def _files() -> Iterator[tuple[Path, Iterator[Message]]]:
    """Return every file that holds messages, with them."""
    for file in sorted((ROOT / "kamlib").rglob("*.py")):
        if file.relative_to(ROOT / "kamlib").parts[0].removesuffix(".py") in SPEAKING:
            yield file, code_messages(file.read_text(encoding="utf-8"))
    for file in sorted(FOLDER_OF_CATALOGUE.glob("*.toml")):
        yield file, _plain(_catalogue_texts(tomllib.loads(file.read_text(encoding="utf-8"))))
    for file in sorted((ROOT / "templates" / "report").glob("*.j2")):
        if not file.name.startswith("certificate"):
            yield file, _template_messages(file.read_text(encoding="utf-8"))
    for file in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        yield file, _notebook_messages(json.loads(file.read_text(encoding="utf-8")))
    for file in sorted(FOLDER_OF_CATALOGUE.glob("*.toml")):
        yield file, _plain(_rows(tomllib.loads(file.read_text(encoding="utf-8"))))


def _plain(texts: Iterator[str]) -> Iterator[Message]:
    return ((text, []) for text in texts)


def _catalogue_texts(content: dict[str, Any]) -> Iterator[str]:
    """Return what readers see of the catalogue: titles, captions, headings, words for codes."""
    for table in content.get("tables", {}).values():
        yield from (table[key] for key in ("title", "caption") if table.get(key))
    for kind in ("columns", "figures"):
        yield from (one["heading"] for one in content.get(kind, {}).values())
    for words in content.get("words", {}).values():
        yield from words.values()


def _rows(content: dict[str, Any]) -> Iterator[str]:
    """Return what the list of tables says of each."""
    for table in content.get("tables", {}).values():
        yield from (part for part in row_and_rest(table["row"].removesuffix(".")) if part)


def _template_messages(text: str) -> Iterator[Message]:
    tree = Environment(autoescape=True).parse(text)
    for call in tree.find_all(nodes.Call):
        name, said = getattr(call.node, "name", ""), [getattr(a, "value", "") for a in call.args]
        if name == "say" and said[0]:
            yield said[0], []
        elif name == "count":
            yield from _of_noun(name, said[1], said[2] if len(said) > 2 else said[1] + "s")


def _notebook_messages(notebook: dict[str, Any]) -> Iterator[Message]:
    """Return the prose of a notebook, and the titles that its code gives."""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield from _plain(paragraphs(source))
        elif not source.startswith("%"):
            yield from _plain(_titles(ast.parse(source)))


def _titles(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("title", "caption", "behind"):
            yield from _texts(node.value)


def code_messages(text: str) -> Iterator[Message]:
    """Return the messages of some Python code, in their order.

    >>> list(code_messages('say("{many} {were} lost", many=3, were=plural(3, "was", "were"))'))
    [('{many} {were} lost', ['{were} may be left out, or chosen by the count: {were:…|…}'])]
    >>> [one for one, _ in code_messages('count(many, "delivery", "deliveries")')]
    [('{number} delivery', '{number} deliveries')]
    """
    tree = ast.parse(text)
    agreeing = _agreeing(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in _SAID and call.args:
            for text in _texts(call.args[0]):
                yield text, _notes(call, text, agreeing)
        elif name in _COUNTED:
            nouns = call.args if name == "noun" else call.args[1:]
            for one, many in _nouns(nouns):
                yield from _of_noun(name, one, many)


def _of_noun(how: str, one: str, many: str) -> Iterator[Message]:
    plain: Message = (("{number} " + one, "{number} " + many), [])
    if how in ("count", "none_or", "noun"):
        yield plain
    if how == "none_or":
        yield f"no {one}", []
    if how in ("counted", "noun"):
        yield (f"one {one}", "{number} " + many), []
        yield f"no {many}", []
    if how == "noun":
        yield one, []
        yield many, []


def _texts(node: ast.expr) -> Iterator[str]:
    """Return the texts that an expression may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value)


def _nouns(arguments: list[ast.expr]) -> Iterator[tuple[str, str]]:
    singular = list(_texts(arguments[0])) if arguments else []
    several = list(_texts(arguments[1])) if len(arguments) > 1 else []
    for place, one in enumerate(singular):
        yield one, several[place] if place < len(several) else one + "s"


def _agreeing(tree: ast.Module) -> set[str]:
    """Return the names of variables that hold a word which agrees with a count."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_plural(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_plural(node: Any) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "plural"


def _notes(call: ast.Call, text: str, agreeing: set[str]) -> list[str]:
    may_go = [
        word.arg
        for word in call.keywords
        if word.arg and (_is_plural(word.value) or getattr(word.value, "id", "") in agreeing)
    ]
    return [f"{{{name}}} {_MAY_GO % name}" for name in may_go if f"{{{name}" in text]
