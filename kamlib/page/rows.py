"""Tables on pages: sorted, filtered and downloaded in the reader's browser, published as data
beside the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.page.columns import (
    KINDS,
    Column,
    columns_of,
    each_once,
    exported,
    label_of,
    written,
)
from kamlib.page.fragments import Fragment, dossier_links, rendered
from kamlib.period import origin
from kamlib.story import said_of
from kamlib.story.codes import code_words
from kamlib.story.statements import Said
from kamlib.tables import OutputTable, catalogue
from kamlib.words import Wording, count, number, phrase, say, wording

FIRST_ROWS = 25
"""Rows written into the page itself; the rest is drawn when asked for."""
UNFOLDED, FOLDED = 12, 8
"""A table of more rows than the first starts with as many as the second; all are one click away."""
HALF_COLUMNS = 4
"""A table of so many columns of figures and short texts stands beside another piece."""
_SAID = (phrase(" not "), phrase("cannot"), phrase(" would "), phrase(" needs "), phrase(" need "))
"""Words of a title that says already why a table has no rows."""
OWNERS = ("owner", "manager_name")
"""Columns that say whose an account is."""


def table(
    frame: pd.DataFrame,
    *,
    name: str = "",
    title: str | None = None,
    caption: str | None = None,
    limit: int | None = None,
    behind: bool = False,
    book: BookSettings | None = None,
    links: Mapping[str, str] | None = None,
) -> Fragment:
    """Return a table as a piece of a page; see `kamlib.page.show.table`.

    `book` says how a frame that no period answered with is written, `links` where accounts lead.
    """
    q, known = origin(frame)
    name = name or known
    entry = catalogue().tables.get(name)
    rows, whole = frame, len(frame)
    if q is not None and name == known:
        told = q.told(name)
        whole = len(told)
        rows = _in_order(frame, told, entry)
        rows = told if rows.equals(getattr(q, name)) else q.tell(name, rows)
    limit = limit if limit is not None or entry is None else entry.limit
    rows = (rows if limit is None else rows.head(limit)).reset_index(drop=True)
    said = _said(q, name, entry)
    title, caption = (said.title if title is None else say(title)), say(caption or said.subtitle)
    wording_ = wording(q.book if q is not None else book)
    specs = columns_of(rows, wording_, **_described(rows, entry))
    addresses = _addresses(rows, specs, dict(links or dossier_links(q)))
    is_narrow = len(specs) <= HALF_COLUMNS and not any(one.style in ("p", "w") for one in specs)
    html = rendered(
        "table.html.j2" if len(rows) else "gap.html.j2",
        name=name,
        folds=len(rows) > UNFOLDED,
        first=FOLDED,
        is_half=is_narrow,
        is_behind=behind,
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
        return Said(said.title, said.subtitle or (say(entry.caption) if entry else ""))
    return (
        Said(say(entry.title) or label_of(name), say(entry.caption))
        if entry
        else Said(label_of(name))
    )


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
    kinds: dict[str, str | list[str]] = {
        name: one.shown_as or one.type
        for name, one in columns.items()
        if (one.type in KINDS and one.type != "text") or one.shown_as
    }
    kinds |= {name: own for name, own in figure_kinds(rows, entry).items() if name in columns}
    words = code_words(rows[list(columns)])
    return {
        "labels": {name: say(one.heading) for name, one in columns.items()},
        "kinds": kinds,
        "links": {name: one.link for name, one in columns.items() if one.link},
        "written": words,
    }


def figure_kinds(rows: pd.DataFrame, entry: OutputTable) -> dict[str, list[str]]:
    """Return of each column that holds figures of several kinds what each row is."""
    known = catalogue().figures
    return {
        name: [known[str(figure).partition(":")[0]]["kind"] for figure in rows[by]]
        for name, by in entry.kinds_by.items()
        if name in rows
    }


def nothing_said(title: str) -> str:
    """Return what to say instead of a table without rows: its title, where that says it already, or
    that none is there.

    >>> nothing_said("No account moved"), nothing_said("Training needs")
    ('No account moved.', 'Training needs: nothing to list.')
    >>> nothing_said("Open deals: the table opportunities would bring them")
    'Open deals: the table opportunities would bring them.'
    """
    begins = tuple(say("no ,0 ,none,nothing").split(","))
    within = (": 0", *map(say, _SAID))
    text = title.strip().rstrip(".")
    if title.lower().startswith(begins) or any(word in title for word in within):
        return f"{text}."
    return say("{text}: nothing to list.", text=text)


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
    plain = [first[spec.key].tolist() for spec in specs]
    ids = first["account_id"].tolist() if _hidden(view, specs) else []
    return [
        [
            {
                "text": text,
                "mark": mark,
                "column": spec,
                "link": addresses[row] if addresses and spec.link else None,
                "id": ids[row] if ids and spec.link and ids[row] != text else "",
            }
            for text, mark, spec in zip(cells, marks, specs, strict=True)
        ]
        for row, (cells, marks) in enumerate(
            zip(zip(*columns, strict=True), zip(*plain, strict=True), strict=True)
        )
    ]


def _payload(
    view: pd.DataFrame, name: str, specs: list[Column], addresses: list[str | None], words: Wording
) -> dict[str, Any]:
    """Return all rows, column by column, for the page's script: `cells` as published, to sort by
    and to download, and `texts` as written, to show and to search.

    Accounts shown by name bring their ids along, to find and to download them by.
    """
    specs = [*specs, *_hidden(view, specs)]
    cells = [each_once(view[one.key], partial(exported, kind=one.kind)) for one in specs]
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
                **({"hidden": True} if one.key == "account_id" and not one.label else {}),
            }
            for one in specs
        ],
        "cells": cells,
        "texts": [_packed(*column) for column in zip(cells, texts, strict=True)],
        "links": addresses,
        "page": FIRST_ROWS,
        "owner": next((i for i, one in enumerate(specs) if one.key in OWNERS), -1),
        "choices": _choices(view, specs),
    }


def _hidden(view: pd.DataFrame, specs: list[Column]) -> list[Column]:
    """Return the column of ids that stands behind names, where there is one."""
    is_behind = "account_id" in view and not any(spec.key == "account_id" for spec in specs)
    is_named = any(spec.link for spec in specs)
    return [Column("account_id", "", "text")] if is_behind and is_named else []


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
    packed: dict[str, list[Any]] = {"said": list(once), "at": [once[text] for text in said]}
    return said if _length(said) <= _length(packed) else packed


def _length(form: object) -> int:
    return len(json.dumps(form, ensure_ascii=False))


def _choices(view: pd.DataFrame, specs: list[Column]) -> list[int]:
    """Return up to three columns that sort the rows into few classes, such as status, and whose
    they are; long tables only.
    """
    if len(view) <= UNFOLDED:
        return []
    few = [
        index
        for index, spec in enumerate(specs)
        if spec.kind == "text"
        and not (spec.link or _is_reworded(spec.key))
        and spec.key not in ("name", *OWNERS)
        and _is_class(view[spec.key])
    ]
    owned = [
        i for i, one in enumerate(specs) if one.key in OWNERS and len(view[one.key].unique()) > 1
    ]
    return [*few[:3], *owned]


def _is_reworded(key: str) -> bool:
    """Whether the codes of a column are written otherwise, in English as well."""
    known = catalogue().columns.get(key)
    return key == "figure" or (known is not None and bool(known.words))


def _is_class(values: pd.Series) -> bool:
    """Whether a column sorts its rows into a few classes with short names."""
    found = values.dropna().unique()
    return 2 <= len(found) <= 12 and max(len(str(value)) for value in found) <= 24
