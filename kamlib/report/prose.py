"""The prose of a notebook in the language that is spoken: headings and paragraphs, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat

from kamlib.words import ENGLISH, say, spoken

_MARK = re.compile(r"^(#+ |[-*] |\d+\. )?(.*)$", re.DOTALL)


def in_its_language(node: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook with its prose translated; a section keeps the anchor of its English name.

    What has no translation stays as it is, and so does the whole in English.
    """
    if spoken() == ENGLISH:
        return node
    for cell in node.cells:
        if cell.cell_type != "markdown":
            continue
        heading = re.match(r"## (.+)", cell.source)
        cell.source = "".join(_said(part) for part in _parts(cell.source))
        if heading and not cell.source.startswith(heading[0]):
            cell.metadata["anchor"] = heading[1].strip().replace(" ", "-")
    return node


def paragraphs(source: str) -> Iterator[str]:
    r"""Return the messages of a cell of prose: headings, paragraphs, points of a list.

    >>> list(paragraphs("## Who left\n\nBy month,\nthen by *region*.\n\n- one\n- two\n"))
    ['Who left', 'By month, then by *region*.', 'one', 'two']
    """
    for part in _parts(source):
        found = _message(part)
        if re.search("[A-Za-z]", found):
            yield found


def _parts(source: str) -> list[str]:
    """Return a source in its parts, with what stands between them."""
    return re.split(r"(\n\s*\n|\n(?=#+ |[-*] |\d+\. )|(?<=\n)(?=#))", source)


def _message(part: str) -> str:
    found = _MARK.match(part.strip())
    return " ".join(found[2].split()) if found else ""


def _said(part: str) -> str:
    message = _message(part)
    told = say(message) if message else message
    if told == message:
        return part
    begins = _MARK.match(part.lstrip())
    return f"{(begins and begins[1]) or ''}{told}"
