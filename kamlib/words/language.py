"""The language that is spoken: sentences with named facts, in the words of the book's language.

English stands in the code. Every other language is a folder with a gettext file, ``messages.po``,
in ``kamlib/languages`` or in the folder that ``KAM_LANGUAGES`` names. What it does not translate is
said in English and counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.pofile import read_po

from kamlib.words.locales import ENGLISH, SPOKEN, separators, spoken

FOLDER = Path(__file__).resolve().parents[1] / "languages"
"""Where the languages of the kit lie."""

TEMPLATE = "messages.pot"
"""The file that lists every message."""

_UNTRANSLATED: set[str] = set()


@dataclass(frozen=True)
class Dictionary:
    """What a language says for each message, and which form goes with a count."""

    said: dict[str, tuple[str, ...]]
    form: Callable[[int], int]


def languages() -> dict[str, Path]:
    """Return each language that can be spoken besides English, with its file.

    >>> "en" in languages()
    False
    """
    return _files(os.environ.get("KAM_LANGUAGES", ""))


@cache
def _files(own: str) -> dict[str, Path]:
    folders = [FOLDER, *([Path(own)] if own else [])]
    files = [file for folder in folders for file in sorted(folder.glob("*/messages.po"))]
    return {file.parent.name: file for file in files}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language inside a block; one without a folder is English.

    >>> with speaking("klingon"):
    ...     spoken()
    'en'
    """
    before = SPOKEN.set(_known(language))
    try:
        yield
    finally:
        SPOKEN.reset(before)


def speak(language: str) -> None:
    """Speak a language from here on, where a process speaks one only."""
    SPOKEN.set(_known(language))


def _known(language: str) -> str:
    return language if language == ENGLISH or language in languages() else ENGLISH


def phrase(text: str) -> str:
    """Mark a text that is said later, by ``say``; return it as it is.

    >>> phrase("no offer fits the reason")
    'no offer fits the reason'
    """
    return text


def say(template: str, /, **facts: Any) -> str:
    """Return a sentence with its facts, in the language that is spoken.

    Without facts nothing is filled in. A text that is no message of the kit, such as a name, is
    returned as it is.

    >>> say("{accounts} with {amount} a year", accounts="2 accounts", amount="€ 3 k")
    '2 accounts with € 3 k a year'
    >>> say("Call {name}.", name="Ferrari S.r.l.")
    'Call Ferrari S.r.l.'
    """
    if spoken() == ENGLISH:
        return _stopped(template.format(**facts)) if facts else template
    found = _dictionary().said.get(template)
    return _stopped(_filled(found[0] if found else _unsaid(template), template, facts))


def inflected(one: str, many: str, items: float, **facts: Any) -> str:
    """Return the one of two messages that goes with a count, in the language that is spoken.

    >>> inflected("{number} account", "{number} accounts", 3, number="3")
    '3 accounts'
    """
    english = one if items == 1 else many
    if spoken() == ENGLISH:
        return english.format(**facts)
    found = _dictionary().said.get(one)
    if not found:
        return _filled(_unsaid(one, english), english, facts)
    return _filled(found[min(form(items), len(found) - 1)], english, facts)


def form(items: float) -> int:
    """Return which plural form of the spoken language goes with a count.

    >>> form(1), form(0), form(2.5)
    (0, 1, 1)
    """
    if spoken() == ENGLISH:
        return int(items != 1)
    is_whole = items == items and items == int(items)
    return _dictionary().form(int(items) if is_whole else 2)


def learn(language: str) -> None:
    """Read what a language says, and every message, before they are asked for: processes that are
    forked from this one need not.
    """
    if language in languages():
        _read(languages()[language])
        messages()


def untranslated() -> frozenset[str]:
    """Return the messages that had to be said in English so far, as this process spoke another."""
    return frozenset(_UNTRANSLATED)


def count_untranslated(messages: Iterable[str] = (), *, anew: bool = False) -> None:
    """Count messages that another process had to say in English; ``anew`` from none."""
    if anew:
        _UNTRANSLATED.clear()
    _UNTRANSLATED.update(messages)


@cache
def messages() -> frozenset[str]:
    """Return every message of the kit, by its singular."""
    with (FOLDER / TEMPLATE).open("rb") as file:
        return frozenset(_single(one.id) for one in read_po(file) if one.id)


def _dictionary() -> Dictionary:
    return _read(languages()[spoken()])


@cache
def _read(file: Path) -> Dictionary:
    with file.open("rb") as opened:
        found = read_po(opened, locale=file.parent.name)
    said = {
        _single(one.id): _several(one.string)
        for one in found
        if one.id and not one.fuzzy and all(_several(one.string))
    }
    return Dictionary(said, _form(found.plural_expr))


def _form(expression: str) -> Callable[[int], int]:
    from gettext import c2py

    return c2py(expression)


def _single(id_: Any) -> str:
    return id_ if isinstance(id_, str) else id_[0]


def _several(string: Any) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def _unsaid(message: str, english: str = "") -> str:
    if message in messages():
        _UNTRANSLATED.add(message)
    return english or message


def _stopped(text: str) -> str:
    """Return a sentence that ends in an abbreviation with one full stop."""
    return _TWO_STOPS.sub(".", text) if ".." in text else text


_TWO_STOPS = re.compile(r"(?<=\w)\.\.(?=\s|$)")


def _filled(text: str, english: str, facts: dict[str, Any]) -> str:
    if not facts:
        return text
    try:
        return _FORMATTER.vformat(text, (), facts)
    except (KeyError, ValueError, IndexError):
        _UNTRANSLATED.add(english)
        return english.format(**facts)


class _Formatter(Formatter):
    """Write numbers that a message rounds itself with the separators of the language."""

    def format_field(self, value: Any, spec: str) -> Any:
        """Return a fact as a message has it."""
        text = super().format_field(value, spec)
        return text if isinstance(value, str) or not spec else separators(text, spoken())


_FORMATTER = _Formatter()
