"""The list of a report's published tables."""

from __future__ import annotations

from pathlib import Path

import nbformat

from kamlib.page.fragments import Fragment, rendered
from kamlib.report.accounts import notebook
from kamlib.tables import catalogue
from kamlib.words import say


def table_list(staged: Path) -> nbformat.NotebookNode:
    """Return the list of published tables as a notebook of one output: each with its row, linked to
    its file.
    """
    known = catalogue().tables
    files = sorted(file.stem for file in (staged / "tables").glob("*.csv"))
    said = [(name, known[name].row.removesuffix(".") if name in known else "") for name in files]
    html = rendered(
        "table_list.html.j2", lines=[(n, *map(say, row_and_rest(text))) for n, text in said]
    )
    return notebook(Fragment(html, ""))


def row_and_rest(text: str) -> tuple[str, str]:
    """Return what one row of a table is, and what is told of it.

    >>> row_and_rest("One row per account: its score"), row_and_rest("One row: the line")
    (('account', 'its score'), ('(one row)', 'the line'))
    """
    row, _, rest = text.partition(": ")
    return {"One row": "(one row)"}.get(
        row, row.removeprefix("One row ").removeprefix("per ")
    ), rest
