"""Tables on pages: sorted, filtered and downloaded in the reader's browser, published as data
beside the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kamlib.page.columns import Column, columns_of, exported, written
from kamlib.page.export import publish
from kamlib.page.fragments import Fragment, dossier_links, rendered
from kamlib.words import Wording, count, number, wording

FIRST_ROWS = 25
"""Rows written into the page itself; the rest is drawn when asked for."""


def table(
    data: Any,
    frame: pd.DataFrame,
    name: str,
    *,
    title: str,
    caption: str = "",
    columns: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    kinds: Mapping[str, str | Sequence[str]] | None = None,
    words: Mapping[str, Mapping[str, str]] | None = None,
    view: pd.DataFrame | None = None,
    limit: int | None = None,
) -> None:
    """Show a table and publish it whole as `tables/<name>.csv`.

    Parameters
    ----------
    data
        The data of the period: currency, separators, dossiers.
    frame, name
        The table, and the name it is published under.
    title, caption
        The finding; and what it is, unit, period.
    columns
        Column → heading: only these are shown, in this order. Without it all are, under made-up
        headings.
    links
        Column → `"dossier"`: its cells lead to the account's dossier, found by `account_id`.
    kinds
        Column → text, prose, money, share, number, count, date, month or flag, where name and type
        do not say it; or one of money, share, number, count, index per row, where a column holds
        figures of several kinds.
    words
        Column → text in the data → how it is written for people; the published table keeps the
        data's.
    view
        The rows to show, in the order to show them, where these are not the whole table.
    limit
        Show only the first so many rows.
    """
    publish(data, frame, name)
    options = {
        "columns": columns,
        "links": links,
        "kinds": kinds,
        "words": words,
        "view": view,
        "limit": limit,
    }
    table_fragment(data, frame, name, title=title, caption=caption, **options).show()  # type: ignore[arg-type]


def table_fragment(
    data: Any,
    frame: pd.DataFrame,
    name: str,
    *,
    title: str,
    caption: str = "",
    columns: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    kinds: Mapping[str, str | Sequence[str]] | None = None,
    words: Mapping[str, Mapping[str, str]] | None = None,
    view: pd.DataFrame | None = None,
    limit: int | None = None,
) -> Fragment:
    """Return a table as a piece of a page; see `table`."""
    wording_ = wording(data)
    rows = frame if view is None else view
    rows = (rows if limit is None else rows.head(limit)).reset_index(drop=True)
    specs = columns_of(rows, wording_, labels=columns, kinds=kinds, links=links, written=words)
    addresses = _addresses(rows, specs, dossier_links(data))
    html = rendered(
        "table.html.j2" if len(rows) else "gap.html.j2",
        name=name,
        title=title,
        caption=caption,
        columns=specs,
        rows=_first_rows(rows, specs, addresses, wording_),
        total=len(rows),
        total_text=number(len(rows), wording_),
        whole=len(frame),
        whole_text=number(len(frame), wording_),
        data=_payload(rows, name, specs, addresses, wording_),
        text=nothing_said(title),
    )
    text = (
        rows[[spec.key for spec in specs]].head(10).to_string(index=False, max_colwidth=40)
        if specs
        else ""
    )
    return Fragment(
        html,
        "\n".join(
            part
            for part in (title, caption, text, count(len(rows), "row", source=wording_))
            if part
        ),
    )


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
    first = view.head(FIRST_ROWS)
    columns = [written(first[spec.key], spec, words) for spec in specs]
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
    """Return all rows, column by column, for the page's script: `cells` as published, to sort by
    and to download, and `texts` as written, to show and to search.
    """
    cells = [[exported(value, spec.kind) for value in view[spec.key]] for spec in specs]
    texts = [written(view[spec.key], spec, words) for spec in specs]
    return {
        "name": name,
        "total": count(len(view), "row", source=words),
        "thousands": words.thousands,
        "columns": [
            {
                "key": one.key,
                "kind": one.kind,
                "label": one.label,
                "link": one.link,
                "marks": one.marks,
                "style": one.style,
            }
            for one in specs
        ],
        "cells": cells,
        "texts": [_packed(*column) for column in zip(cells, texts, strict=True)],
        "links": addresses,
        "page": FIRST_ROWS,
        "choices": _choices(view, specs),
    }


def _packed(cells: list[Any], texts: list[str]) -> dict[str, list[Any]] | list[str | None] | None:
    """Return the texts of a column in few bytes: nothing where they are the cells themselves, null
    for a cell that is; texts that repeat once each, with the place of each row's.

    >>> _packed(["a", "b", None], ["a", "b", ""])
    >>> _packed([1, 1200], ["1", "1,200"])
    [None, '1,200']
    >>> _packed([0.5] * 9, ["50.0 %"] * 9)
    {'said': ['50.0 %'], 'at': [0, 0, 0, 0, 0, 0, 0, 0, 0]}
    """
    said = [
        None if text == ("" if cell is None else str(cell)) else text
        for cell, text in zip(cells, texts, strict=True)
    ]
    once = {text: place for place, text in enumerate(dict.fromkeys(said))}
    if list(once) in ([], [None]):
        return None
    packed = {"said": list(once), "at": [once[text] for text in said]}
    return min(said, packed, key=lambda form: len(json.dumps(form, ensure_ascii=False)))


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
