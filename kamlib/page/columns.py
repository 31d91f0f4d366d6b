"""What a column of a table is, and how its cells are written for people and for machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from kamlib.tables import catalogue
from kamlib.words import (
    ENGLISH,
    GAP,
    MISSING,
    Wording,
    date,
    ended,
    number,
    phrase,
    say,
    share,
    spoken,
    started,
)

Made = TypeVar("Made")

KINDS = (
    "text",
    "prose",
    "money",
    "share",
    "number",
    "count",
    "index",
    "mixed",
    "date",
    "month",
    "flag",
)

_MONEY_WORDS = (
    "revenue",
    "margin",
    "cost",
    "profit",
    "amount",
    "spend",
    "budget",
    "price",
    "paid",
    "owed",
)
_LABELS = {
    "account_id": phrase("Account"),
    "manager_id": phrase("Manager"),
    "abc": "ABC",
    "xyz": "XYZ",
    "cv": "CV",
    "nrr": "NRR",
    "grr": "GRR",
    "hhi": "HHI",
    "rfm": "RFM",
    "clv": "CLV",
    "id": "ID",
    "is": "",
    "p": "P",
}
MARKS = {"A", "B", "C", "X", "Y", "Z", "N", "active", "overdue", "lost", "new", "never", "key"}
"""Texts with a colour of their own in the whole kit."""
CUT, CUT_SENTENCE = 60, 400
"""Longest name and longest other text shown in a cell; exports carry them whole."""
SHORT, LONG = 24, 60
"""Texts of up to so many letters never wrap; a column with longer ones than the second is prose and
gets room.
"""


MIXED = {"money": 0, "share": 1, "count": 0, "number": 1, "index": 3}
"""Kinds of figures that one column may hold row by row, with their decimals."""


@dataclass(frozen=True)
class Column:
    """One column as shown: its key in the data, its heading, what it is, and its decimals."""

    key: str
    label: str
    kind: str
    decimals: int = 0
    unit: str = ""
    link: bool = False
    cut: int = CUT
    is_short: bool = False  # its texts stay on one line
    is_wide: bool = False  # its texts are long enough to deserve room
    marks: bool = False  # its texts are classes or statuses: each has its colour
    words: Mapping[str, str] = field(default_factory=dict)  # how a text is written for people
    row_kinds: tuple[str, ...] = ()  # what each row is, in a mixed column

    @property
    def heading(self) -> str:
        """The label with its unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def kind_of_row(self, row: int) -> str:
        """Return what the figure of a row is, where the column holds several kinds."""
        return self.row_kinds[row] if self.row_kinds else self.kind

    @property
    def is_numeric(self) -> bool:
        """Whether its cells are aligned right."""
        return self.kind in ("money", "share", "number", "count", "index", "mixed")

    @property
    def is_text(self) -> bool:
        """Whether its cells are words."""
        return self.kind in ("text", "prose")

    @property
    def style(self) -> str:
        """The class of its cells on the page: figures right, days and short texts on one line,
        prose with room.
        """
        if self.is_numeric:
            return "n"
        if self.kind in ("date", "month"):
            return "d"
        if self.kind == "prose":
            return "p"
        return "w" if self.is_wide else "s" if self.is_short else ""


def column(
    values: pd.Series,
    key: str,
    words: Wording,
    *,
    label: str | None = None,
    kind: str | Sequence[str] | None = None,
    link: bool = False,
    written: Mapping[str, str] | None = None,
) -> Column:
    """Describe a column by its type and its name's suffix."""
    row_kinds = tuple(kind) if kind is not None and not isinstance(kind, str) else ()
    kind = "mixed" if row_kinds else str(kind or kind_of(values, key))
    is_name = key.split("_")[-1] in ("id", "name")
    said = {str(value) for value in values.dropna()} if kind in ("text", "prose") else set()
    longest = max((len((written or {}).get(text, text)) for text in said), default=0)
    if kind == "text" and not is_name and longest > LONG:
        kind = "prose"
    unit = {"money": words.currency}.get(kind, say("days") if key.endswith("_days") else "")
    if label and unit and unit.lower() in label.lower():
        unit = ""
    marks = kind == "text" and not link and bool(said) and said <= MARKS
    return Column(
        key,
        label or label_of(key),
        kind,
        _decimals(values, kind),
        unit,
        link=link,
        cut=CUT if is_name else CUT_SENTENCE,
        is_short=kind == "text" and 0 < longest <= SHORT,
        is_wide=kind == "text" and longest > SHORT,
        marks=marks,
        words={text: written[text] for text in sorted(said & set(written))} if written else {},
        row_kinds=row_kinds,
    )


def kind_of(values: pd.Series, key: str) -> str:
    """Return one of `KINDS`, from the type and the name.

    >>> [kind_of(pd.Series([1.0]), name) for name in ("revenue", "revenue_share", "silence_days")]
    ['money', 'share', 'number']
    >>> [kind_of(pd.to_datetime(pd.Series([day])), "month") for day in ("2025-09-30", "2025-09-15")]
    ['month', 'date']
    """
    if pd.api.types.is_bool_dtype(values):
        return "flag"
    if pd.api.types.is_datetime64_any_dtype(values):
        days = values.dropna()
        return "month" if key == "month" and len(days) and days.dt.is_month_end.all() else "date"
    decimal = (
        values.dtype == object
        and len(values)
        and all(isinstance(value, Decimal) for value in values.dropna())
    )
    if not (pd.api.types.is_numeric_dtype(values) or (decimal and values.notna().any())):
        return "text"
    if key.endswith(("_share", "_rate", "_probability")) or key in (
        "share",
        "probability",
        "nrr",
        "grr",
        "churn",
    ):
        return "share"
    if key.endswith(("_days", "_score", "_index", "_months", "_hours", "_rank", "_cv")):
        return "number"
    if key.endswith("_count") or pd.api.types.is_integer_dtype(values):
        return "count"
    return "money" if set(key.split("_")) & set(_MONEY_WORDS) else "number"


def label_of(key: str) -> str:
    """Return a heading made from a column's name.

    >>> [label_of(name) for name in ("silence_days", "abc_revenue", "is_returned", "order_count")]
    ['Silence', 'ABC revenue', 'Returned', 'Orders']
    """
    known = catalogue().columns.get(key)
    if known is not None and spoken() != ENGLISH:
        return say(known.heading)
    if key in _LABELS:
        return say(_LABELS[key]) or key
    if key.endswith("_count") and len(key) > 6:
        key = key[:-6] + "s"
    words = [say(_LABELS.get(word, word)) for word in re.sub(r"_(days|date)$", "", key).split("_")]
    text = " ".join(word for word in words if word)
    return started(text)


def written(values: pd.Series, spec: Column, words: Wording) -> list[str]:
    """Return the cells of a column as people read them; in a mixed column each is its row's kind.

    >>> sizes = pd.Series([1234.5, None])
    >>> written(sizes, column(sizes, "revenue", Wording("€")), Wording("€"))
    ['1,235', 'n/a']
    """
    if spec.kind != "mixed":
        return each_once(values, lambda value: _cell(value, spec, words))
    kinds = {kind: _of_kind(spec, kind, words) for kind in set(spec.row_kinds)}
    return [
        _cell(value, kinds[kind], words)
        for value, kind in zip(values, spec.row_kinds, strict=False)
    ]


def _of_kind(spec: Column, kind: str, words: Wording) -> Column:
    """Return what the cells of one kind in a mixed column are."""
    unit = words.currency if kind == "money" else ""
    return replace(spec, kind=kind, decimals=MIXED[kind], unit=unit)


def _cell(value: Any, spec: Column, words: Wording) -> str:
    """Return one cell as people read it."""
    if _missing(value):
        return say(MISSING) if spec.is_numeric else ""
    if spec.kind == "date":
        return date(value)
    if spec.kind == "month":
        return ended(value)
    if spec.kind == "flag":
        return say("yes") if value else say("no")
    if spec.kind == "share":
        return share(value, words, decimals=spec.decimals)
    if spec.is_numeric:
        text = number(value, words, decimals=spec.decimals)
        return spec.unit + GAP + text if spec.row_kinds and spec.unit else text
    text = spec.words.get(str(value), str(value))
    return text if len(text) <= spec.cut else text[: spec.cut - 1].rstrip() + "…"


def each_once(values: pd.Series, make: Callable[[Any], Made]) -> list[Made]:
    """Return what is made of each cell of a column; of equal ones once, as most repeat.

    >>> asked = []
    >>> each_once(pd.Series(["a", "b", "a", None], dtype="str"), lambda one: asked.append(one))
    [None, None, None, None]
    >>> asked
    [None, 'a', 'b']
    """
    if values.dtype == object:  # 1, 1.0 and True are equal and not the same
        return [make(value) for value in values]
    gone = make(None)
    known: dict[Any, Made] = {}
    found = []
    for value, is_missing in zip(values.tolist(), values.isna().tolist(), strict=True):
        if is_missing:
            found.append(gone)
        elif not value:  # 0 and −0 are equal, too
            found.append(make(value))
        else:
            if value not in known:
                known[value] = make(value)
            found.append(known[value])
    return found


def exported(value: Any, kind: str) -> str | int | float | bool | None:
    """Return a cell as machines read it: ISO dates, money of at most 6 decimals, no float noise,
    text whole.

    >>> exported(0.1 + 0.2, "money"), exported(float("nan"), "money"), exported(1e-9 / 3, "share")
    (0.3, None, 3.33333333333e-10)
    """
    if _missing(value):
        return None
    if kind in ("date", "month"):
        return value.date().isoformat() if value == value.normalize() else value.isoformat()
    if kind == "flag":
        return bool(value)
    if kind in ("text", "prose"):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    tidy = round(float(value), 6) if kind == "money" else float(f"{float(value):.12g}")
    if not np.isfinite(tidy):
        return None
    return int(tidy) if tidy == int(tidy) and abs(tidy) < 2**53 else tidy


def columns_of(
    table: pd.DataFrame,
    words: Wording,
    *,
    labels: Mapping[str, str] | None = None,
    kinds: Mapping[str, str | Sequence[str]] | None = None,
    links: Mapping[str, str] | None = None,
    written: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Column]:
    """Describe the columns to show: those of `labels`, in its order, or all; texts that no row has
    are left out.
    """
    keys = [key for key in labels if key in table] if labels else list(table.columns)
    keys = [key for key in keys if key == keys[0] or not _is_blank(table[key])]
    return [
        column(
            table[key],
            key,
            words,
            label=(labels or {}).get(key),
            kind=(kinds or {}).get(key),
            link=key in (links or {}),
            written=(written or {}).get(key),
        )
        for key in keys
    ]


def _decimals(values: pd.Series, kind: str) -> int:
    if kind == "share":
        return 1
    if kind not in ("money", "number"):
        return 0
    sizes = pd.to_numeric(values, errors="coerce").abs()
    sizes = sizes[np.isfinite(sizes)]
    if kind == "money":
        return 0 if sizes.empty or sizes.max() >= 1000 or (sizes == sizes.round()).all() else 2
    for digits in (0, 1):
        if np.allclose(sizes, sizes.round(digits), atol=1e-9):
            return digits
    if sizes.max() >= 1000:
        return 0
    return 1 if sizes.max() >= 20 else 2


def _is_blank(values: pd.Series) -> bool:
    """Whether a column of texts says nothing in any row."""
    is_words = values.dtype == object or pd.api.types.is_string_dtype(values)
    return (
        bool(len(values))
        and is_words
        and not any(not _missing(value) and str(value) for value in values)
    )


def _missing(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float) and value != value)
    )
