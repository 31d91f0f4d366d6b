"""What a column of a table is, and how its cells are written for people and for machines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from kamlib.amounts import GAP, Wording, date, number

KINDS = ("text", "money", "share", "number", "count", "date", "flag")

_MONEY_WORDS = ("revenue", "margin", "cost", "profit", "amount", "spend", "budget", "price", "paid", "owed")
_LABELS = {
    "account_id": "Account", "manager_id": "Manager", "abc": "ABC", "xyz": "XYZ", "cv": "CV", "nrr": "NRR",
    "grr": "GRR", "hhi": "HHI", "rfm": "RFM", "clv": "CLV", "id": "ID", "is": "", "p": "P",
}  # fmt: skip
MARKS = {"A", "B", "C", "X", "Y", "Z", "N", "active", "overdue", "lost", "new", "never", "key"}
"""Texts with a colour of their own in the whole kit."""
CUT, CUT_SENTENCE = 60, 400
"""Longest name and longest other text shown in a cell; exports carry them whole."""


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
    is_wide: bool = False  # its texts are long enough to deserve room
    marks: bool = False  # its texts are classes or statuses: each has its colour

    @property
    def heading(self) -> str:
        """The label with its unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    @property
    def is_numeric(self) -> bool:
        """Whether its cells are aligned right."""
        return self.kind in ("money", "share", "number", "count")


def column(
    values: pd.Series,
    key: str,
    words: Wording,
    *,
    label: str | None = None,
    kind: str | None = None,
    link: bool = False,
) -> Column:
    """Describe a column by its type and its name's suffix."""
    kind = kind or kind_of(values, key)
    unit = {"money": words.currency}.get(kind, "days" if key.endswith("_days") else "")
    if label and unit and unit in label:
        unit = ""
    marks = kind == "text" and not link and values.notna().any() and set(values.dropna()) <= MARKS
    is_wide = kind == "text" and not values.dropna().empty and max(len(str(value)) for value in values.dropna()) > 14
    return Column(
        key,
        label or label_of(key),
        kind,
        _decimals(values, kind),
        unit,
        link=link,
        cut=CUT if key.split("_")[-1] in ("id", "name") else CUT_SENTENCE,
        is_wide=bool(is_wide),
        marks=bool(marks),
    )


def kind_of(values: pd.Series, key: str) -> str:
    """Return one of `KINDS`, from the type and the name.

    >>> [kind_of(pd.Series([1.0]), name) for name in ("revenue", "revenue_share", "silence_days")]
    ['money', 'share', 'number']
    """
    if pd.api.types.is_bool_dtype(values):
        return "flag"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    decimal = values.dtype == object and len(values) and all(isinstance(value, Decimal) for value in values.dropna())
    if not (pd.api.types.is_numeric_dtype(values) or (decimal and values.notna().any())):
        return "text"
    if key.endswith(("_share", "_rate", "_probability")) or key in ("share", "probability", "nrr", "grr", "churn"):
        return "share"
    if key.endswith(("_days", "_score", "_index", "_months", "_hours", "_rank", "_cv")):
        return "number"
    if key.endswith("_count") or pd.api.types.is_integer_dtype(values):
        return "count"
    return "money" if set(key.split("_")) & set(_MONEY_WORDS) else "number"


def label_of(key: str) -> str:
    """Return a heading made from a column's name.

    >>> label_of("silence_days"), label_of("abc_revenue"), label_of("is_returned"), label_of("order_count")
    ('Silence', 'ABC revenue', 'Returned', 'Orders')
    """
    if key in _LABELS:
        return _LABELS[key] or key
    if key.endswith("_count") and len(key) > 6:
        key = key[:-6] + "s"
    words = [_LABELS.get(word, word) for word in re.sub(r"_(days|date)$", "", key).split("_")]
    text = " ".join(word for word in words if word)
    return text[:1].upper() + text[1:]


def shown(value: Any, spec: Column, words: Wording) -> str:
    """Return a cell as people read it."""
    if _missing(value):
        return "" if spec.kind in ("text", "flag") else "n/a"
    if spec.kind == "date":
        return date(value)
    if spec.kind == "flag":
        return "yes" if value else "no"
    if spec.kind == "share":
        return number(Decimal(repr(float(value))) * 100, words, decimals=spec.decimals) + GAP + "%"
    if spec.is_numeric:
        return number(value, words, decimals=spec.decimals)
    text = str(value)
    return text if len(text) <= spec.cut else text[: spec.cut - 1].rstrip() + "…"


def exported(value: Any, kind: str) -> str | int | float | bool | None:
    """Return a cell as machines read it: ISO dates, money of at most 6 decimals, no float noise, text whole.

    >>> exported(0.1 + 0.2, "money"), exported(float("nan"), "money"), exported(1e-9 / 3, "share")
    (0.3, None, 3.33333333333e-10)
    """
    if _missing(value):
        return None
    if kind == "date":
        return value.date().isoformat() if value == value.normalize() else value.isoformat()
    if kind == "flag":
        return bool(value)
    if kind == "text":
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
    kinds: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
) -> list[Column]:
    """Describe the columns to show: those of `labels`, in its order, or all."""
    keys = [key for key in labels if key in table] if labels else list(table.columns)
    return [
        column(
            table[key],
            key,
            words,
            label=(labels or {}).get(key),
            kind=(kinds or {}).get(key),
            link=key in (links or {}),
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
    return 2 if sizes.max() < 1000 else 0


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
