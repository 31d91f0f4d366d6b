"""Tables on pages: sorted, filtered and downloaded in the reader's browser, published as data
beside the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kamlib.errors import KamError
from kamlib.page.columns import (
    KINDS,
    MIXED,
    Column,
    columns_of,
    exported,
    label_of,
    of_row,
    shown,
)
from kamlib.page.export import publish
from kamlib.page.fragments import Fragment, dossier_links, rendered
from kamlib.period import origin
from kamlib.story import said_of
from kamlib.story.statements import Said
from kamlib.tables import OutputTable, catalogue
from kamlib.words import Wording, count, number, wording

FIRST_ROWS = 25
"""Rows written into the page itself; the rest is drawn when asked for."""


def table(
    frame: pd.DataFrame,
    *,
    title: str | None = None,
    caption: str | None = None,
    name: str = "",
    limit: int | None = None,
) -> None:
    """Show a table that a period answered with, and publish it whole as `tables/<name>.csv`.

    Headings, formats, words, links, the columns a reader sees and the order of rows are the
    catalogue's; title and caption are what the story `table_<name>` says, else the catalogue's.

    Parameters
    ----------
    frame
        The table, or some of its rows: `q.account_status.query("status == 'lost'")`. Any other frame
        is shown whole under made-up headings.
    title, caption
        The finding; and what it is, unit, period, where they are to differ.
    name
        The name to publish under, for a frame that no period answered with.
    limit
        Show only the first so many rows.
    """
    q, known = origin(frame)
    if not name and q is None:
        raise KamError(
            "A frame that no period answered with has no name of its own.",
            where="page.table",
            next="Say one: page.table(frame, name='my_table', title='What it shows').",
        )
    publish(frame, name)
    table_fragment(frame, name=name or known, title=title, caption=caption, limit=limit).show()


def table_fragment(
    frame: pd.DataFrame,
    *,
    name: str = "",
    title: str | None = None,
    caption: str | None = None,
    limit: int | None = None,
    book: Any = None,
    links: Mapping[str, str] | None = None,
) -> Fragment:
    """Return a table as a piece of a page; see `table`.

    `book` says how a frame that no period answered with is written, `links` where each account leads.
    """
    q, known = origin(frame)
    name = name or known
    entry = catalogue().tables.get(name)
    rows, whole = frame, len(frame)
    if q is not None and name == known:
        whole = len(q.told(name))
        rows = q.tell(name, _in_order(frame, q.told(name), entry))
    limit = limit if limit is not None or entry is None else entry.limit
    rows = (rows if limit is None else rows.head(limit)).reset_index(drop=True)
    said = _said(q, name, entry)
    title, caption = (said.title if title is None else title), (caption or said.subtitle)
    wording_ = wording(q or book)
    specs = columns_of(rows, wording_, **_described(rows, entry))
    addresses = _addresses(rows, specs, dict(links or dossier_links(q)))
    html = rendered(
        "table.html.j2" if len(rows) else "gap.html.j2",
        name=name,
        title=title,
        caption=caption,
        columns=specs,
        rows=_first_rows(rows, specs, addresses, wording_),
        total=len(rows),
        total_text=number(len(rows), wording_),
        whole=whole,
        whole_text=number(whole, wording_),
        data=_payload(rows, name, specs, addresses, wording_),
        text=nothing_said(title),
    )
    shown_ = [spec.key for spec in specs]
    text = rows[shown_].head(10).to_string(index=False, max_colwidth=40) if specs else ""
    lines = (title, caption, text, count(len(rows), "row"))
    return Fragment(html, "\n".join(part for part in lines if part))


def _said(q: Any, name: str, entry: OutputTable | None) -> Said:
    """Return title and caption of a table: the story's, else the catalogue's, else its name."""
    story = said_of(f"table_{name}")
    if story is not None and q is not None:
        said = q.call(story)
        return Said(said.title, said.subtitle or (entry.caption if entry else ""))
    return Said(entry.title or label_of(name), entry.caption) if entry else Said(label_of(name))


def _in_order(frame: pd.DataFrame, whole: pd.DataFrame, entry: OutputTable | None) -> pd.DataFrame:
    """Return rows in the catalogue's order, unless somebody has sorted them already."""
    if entry is None or not entry.order or not frame.index.is_monotonic_increasing:
        return frame
    keys = [key.lstrip("-") for key in entry.order]
    rising = [not key.startswith("-") for key in entry.order]
    by = frame if set(keys) <= set(frame) else whole.loc[frame.index]
    return frame.loc[by.sort_values(keys, ascending=rising, kind="stable").index]


def _described(rows: pd.DataFrame, entry: OutputTable | None) -> dict[str, Any]:
    """Return what the catalogue says of the columns to show: headings, kinds, links, words."""
    if entry is None:
        return {}
    known = catalogue()
    shown = [name for name in entry.shown or entry.columns if name in rows]
    columns = {name: known.columns[name] for name in shown}
    figures = {name: by for name, by in entry.kinds_by.items() if name in columns}
    kinds: dict[str, str | list[str]] = {
        name: one.shown_as or one.type
        for name, one in columns.items()
        if (one.type in KINDS and one.type != "text") or one.shown_as
    }
    for name, by in figures.items():
        kinds[name] = [known.figures[str(figure)]["kind"] for figure in rows[by]]
    headings = {name: one["heading"] for name, one in known.figures.items()}
    words = {name: one.words for name, one in columns.items() if one.words}
    return {
        "labels": {name: one.heading for name, one in columns.items()},
        "kinds": kinds,
        "links": {name: one.link for name, one in columns.items() if one.link},
        "written": {**words, **dict.fromkeys(figures.values(), headings)},
    }


def nothing_said(title: str) -> str:
    """Return what to say instead of a table without rows: its title, where that says it already, or
    that none is there.

    >>> nothing_said("No account moved"), nothing_said("Training needs")
    ('No account moved.', 'Training needs: nothing to list.')
    """
    says_it = (
        title.lower().startswith(("no ", "0 ", "none", "nothing"))
        or ": 0" in title
        or " not " in title
    )
    text = title.strip().rstrip(".")
    return f"{text}." if says_it or "cannot" in title else f"{text}: nothing to list."


def _addresses(
    view: pd.DataFrame, specs: list[Column], dossiers: dict[str, str]
) -> list[str | None]:
    """Return the dossier of each row; nothing at all where no column leads there."""
    if not dossiers or "account_id" not in view or not any(spec.link for spec in specs):
        return []
    return [dossiers.get(str(account)) for account in view["account_id"]]


def _first_rows(
    view: pd.DataFrame, specs: list[Column], addresses: list[str | None], words: Wording
) -> list[list[dict[str, Any]]]:
    columns = [
        [
            shown(value, of_row(spec, row, words), words)
            for row, value in enumerate(view[spec.key].head(FIRST_ROWS))
        ]
        for spec in specs
    ]
    return [
        [
            {
                "text": text,
                "column": spec,
                "link": addresses[row] if addresses and spec.link else None,
            }
            for text, spec in zip(cells, specs, strict=True)
        ]
        for row, cells in enumerate(zip(*columns, strict=True))
    ]


def _payload(
    view: pd.DataFrame, name: str, specs: list[Column], addresses: list[str | None], words: Wording
) -> dict[str, Any]:
    """Return all rows, column by column, for the page's script: figures as published, texts whole."""
    return {
        "name": name,
        "separators": [words.thousands, words.decimal],
        "currency": words.currency,
        "columns": [
            {
                "key": one.key,
                "kind": one.kind,
                "decimals": one.decimals,
                "label": one.label,
                "link": one.link,
                "marks": one.marks,
                "cut": one.cut,
                "style": one.style,
                **({"words": one.words} if one.words else {}),
                **(
                    {"rows": [[kind, MIXED[kind]] for kind in one.row_kinds]}
                    if one.row_kinds
                    else {}
                ),
            }
            for one in specs
        ],
        "cells": [[exported(value, spec.kind) for value in view[spec.key]] for spec in specs],
        "links": addresses,
        "page": FIRST_ROWS,
        "choices": _choices(view, specs),
    }


def _choices(view: pd.DataFrame, specs: list[Column]) -> list[int]:
    """Return up to three columns that sort the rows into few classes, such as status; long tables
    only.
    """
    if len(view) <= 12:
        return []
    few = [
        index
        for index, spec in enumerate(specs)
        if spec.kind == "text"
        and not (spec.link or spec.words)
        and spec.key != "name"
        and _is_class(view[spec.key])
    ]
    return few[:3]


def _is_class(values: pd.Series) -> bool:
    """Whether a column sorts its rows into a few classes with short names."""
    found = values.dropna().unique()
    return 2 <= len(found) <= 12 and max(len(str(value)) for value in found) <= 24
