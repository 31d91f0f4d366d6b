"""One family of functions writes numbers, days, counts and lists; nothing else does."""

from __future__ import annotations

import re

import pytest

SECOND_HAND = {
    "a plural by hand": r"\{(?:''|\"\") if [^{}]* else (?:'e?s'|\"e?s\")\s*\}",
    "thousands by hand": r"\{[^{}]*:[^{}\"]*,(?:\.\d+f)?\}",
    "a month by hand": r"%[bB]\b|calendar\.month_(?:name|abbr)",
    "a function of its own": r"def _?(?:plural|counted|listed|ordinal)\(.*-> str",
}
EXAMPLES = {
    "a plural by hand": "f\"{n} account{'' if n == 1 else 's'}\"",
    "thousands by hand": 'f"{n:,} rows", f"{n:>12,}"',
    "a month by hand": 'f"{day:%b %Y}"',
    "a function of its own": "def _plural(count: int, noun: str) -> str:",
}
OWN = ("words/", "practice/", "errors.py")
"""The family itself, made-up data, and messages of errors, which import nothing."""
READ = ("intake/",)
"""Where months are read and none is written."""


def files(root):
    for file in sorted([*root.glob("kamlib/**/*.py"), *root.glob("templates/**/*.j2")]):
        if not file.relative_to(root / file.relative_to(root).parts[0]).as_posix().startswith(OWN):
            yield file


@pytest.mark.parametrize("what", SECOND_HAND)
def test_a_second_hand_is_seen(what):
    assert re.search(SECOND_HAND[what], EXAMPLES[what])


@pytest.mark.parametrize("what", SECOND_HAND)
def test_texts_are_written_by_the_words_alone(root, what):
    found = [
        f"{file.relative_to(root)}:{number}: {line.strip()}"
        for file in files(root)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(SECOND_HAND[what], line)
        and not (what == "a month by hand" and f"/{READ[0]}" in file.as_posix())
    ]
    assert found == [], "\n".join(found)
