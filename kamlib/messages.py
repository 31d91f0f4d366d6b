"""What there is to translate: every message of the code, as a gettext template.

``python -m kamlib.dictionary`` writes ``kamlib/languages/messages.pot`` anew.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

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
    for file in sorted((ROOT / "kamlib").rglob("*.py")):
        path = file.relative_to(ROOT / "kamlib")
        if path.parts[0].removesuffix(".py") not in SPEAKING:
            continue
        place = [(f"kamlib/{path.as_posix()}", 1)]
        for id_, notes in code_messages(file.read_text(encoding="utf-8")):
            catalog.add(id_, locations=place, auto_comments=notes)
    written = BytesIO()
    write_po(written, catalog, width=98, include_lineno=False)
    return written.getvalue().decode("utf-8")


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
