"""What a published figure is made from: the order lines that add up to it, the tables and settings
it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from kamlib.errors import KamError, nearest
from kamlib.period.names import setting
from kamlib.period.sums import Term, known_lines, terms
from kamlib.tables import catalogue

if TYPE_CHECKING:
    from kamlib.period.period import Period

_KEYS = ("account_id", "table", "reason", "category", "product_id", "manager_id", "window")
_CENT, _HAIR = 0.005, 1e-6


@dataclass(frozen=True)
class Explanation:
    """A published figure and what it is made from.

    Attributes
    ----------
    value
        The figure as published; ``row`` is its row, ``heading`` and ``meaning`` say what it is.
    rests_on
        One row per table, setting and fact that it rests on, nearest first: name, kind, what a row
        is, and a setting's value.
    sums
        One row per term: what is summed, the accounts and days, the order lines, their amount.
    total
        What the terms come to; ``adds_up`` says whether that is the figure, None where the figure
        is calculated and no sum of order lines.
    lines
        The order lines themselves, with file and row: the first ``most``.
    """

    table: str
    column: str
    row: pd.Series
    period: Any
    terms: tuple[Term, ...]
    is_sum: bool
    most: int = 1000

    @property
    def value(self) -> Any:
        """The figure as published."""
        return self.row[self.column]

    @property
    def heading(self) -> str:
        """What the figure is called."""
        return catalogue().columns[self.column].heading

    @property
    def meaning(self) -> str:
        """What the figure means."""
        return catalogue().columns[self.column].meaning

    @cached_property
    def rests_on(self) -> pd.DataFrame:
        """One row per table, setting and fact that the figure rests on, nearest first."""
        from kamlib.period import graph

        columns = ["name", "kind", "row"]
        if self.table in graph.calculations():
            found = graph.lineage(self.table)
        else:
            name, kind = ("orders", "order lines")
            found = pd.DataFrame([(name, kind, "One row per order line.")], columns=columns)
        book = self.period.book
        said = [
            _said(name, setting(book, name)) if kind == "setting" else ""
            for name, kind in zip(found["name"], found["kind"], strict=True)
        ]
        return found.assign(value=said)

    @cached_property
    def _read(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        from kamlib.period.lines import lines_of_terms

        return lines_of_terms(self.period._snapshot, self.period.as_of, self.terms, self.most)

    @property
    def sums(self) -> pd.DataFrame:
        """One row per term of the figure."""
        return self._read[0]

    @property
    def lines(self) -> pd.DataFrame:
        """One row per order line that counts, with its file and row."""
        return self._read[1]

    @property
    def total(self) -> float:
        """What the terms come to: their sum, or for a share one sum over the other."""
        above, under = (
            self.sums.loc[self.sums["is_base"].eq(is_base), "amount"].sum()
            for is_base in (False, True)
        )
        if not any(term.is_base for term in self.terms):
            return float(above)
        return float(above / under) if under else float("nan")

    @property
    def adds_up(self) -> bool | None:
        """Whether the order lines come to the figure; None where it is no sum of order lines."""
        if not self.is_sum:
            return None
        if pd.isna(self.value):
            return None
        is_share = any(term.is_base for term in self.terms)
        return bool(abs(self.total - self.value) < (_HAIR if is_share else _CENT))

    def __repr__(self) -> str:
        """Say the figure, and what its order lines come to."""
        from importlib import import_module

        return import_module("kamlib.story").explained(self)  # words stand above


def explain(
    q: Period, table: str, row: str | Mapping[str, Any] | pd.Series, column: str, *, most: int
) -> Explanation:
    """Return what a figure is made from.

    Raises
    ------
    KamError
        There is no such table, row or column; the nearest is named.
    """
    known = catalogue().tables
    if table not in known:
        raise KamError(f"There is no table '{table}'.", where="table", next=nearest(table, known))
    if known[table].scope == "account" and not hasattr(q, "account_id"):
        account, _, row = _text(row).partition("/")
        q = q.account(account)
    frame = getattr(q, table)
    own = frame.columns
    if column not in own:
        raise KamError(
            f"The table '{table}' has no column '{column}'.",
            where="column",
            next=nearest(column, own),
        )
    found = _found(frame, table, row).copy()
    if getattr(q, "account_id", "") and "account_id" not in found:
        found["account_id"] = q.account_id
    rule = terms(q, table, found, column)
    rule = None if rule is not None and pd.isna(found[column]) else rule
    whole = known_lines(q, found) if rule is None else rule
    return Explanation(table, column, found, q, tuple(whole), rule is not None, most)


def row_key(table: str, frame: pd.DataFrame) -> pd.Series:
    """Return what each row of a table is called: its key, parted by strokes.

    >>> row_key("abc_cross", pd.DataFrame({"abc_revenue": ["A"], "abc_margin": ["B"]})).tolist()
    ['A/B']
    """
    key = [name for name in catalogue().tables[table].key if name in frame]
    key = key or [name for name in (*_KEYS, "date", "month") if name in frame]
    parts = [_written(frame[name], name) for name in key]
    if not parts:
        return pd.Series("", index=frame.index)
    return pd.concat(parts, axis=1).agg("/".join, axis=1)


def _written(values: pd.Series, name: str) -> pd.Series:
    type_ = catalogue().columns[name].type
    if type_ in ("date", "month"):
        return values.dt.strftime("%Y-%m-%d").fillna("")
    if type_ in ("number", "count", "share", "index", "money"):
        return values.map(lambda one: "" if pd.isna(one) else f"{one:g}")
    return values.astype("str").fillna("")


def _text(row: Any) -> str:
    return "/".join(map(str, row.values())) if isinstance(row, Mapping) else str(row)


def _found(frame: pd.DataFrame, table: str, row: Any) -> pd.Series:
    """Return the one row that is meant: by its key as text, or by columns and their values."""
    if isinstance(row, pd.Series):
        row = row.to_dict()
    if isinstance(row, Mapping):
        matched = frame
        for name, value in row.items():
            if name in frame:
                own = matched[name]
                matched = matched[own.isna() if pd.isna(value) else own.eq(value)]
        called = ", ".join(f"{name} = {value}" for name, value in row.items())
        near = "Name the columns of its key."
    else:
        keys = row_key(table, frame)
        matched, called = frame[keys.eq(str(row))], str(row)
        near = nearest(str(row), keys.unique()[:5000])
    if len(matched) != 1:
        what = "no row" if matched.empty else "more than one row"
        raise KamError(f"The table '{table}' has {what} '{called}'.", where="row", next=near)
    return matched.iloc[0]


def _said(name: str, setting: Any) -> str:
    """Return a setting, or a section of them, as in ``book.toml``, long ones left out."""
    is_section = hasattr(setting, "model_dump")
    values = setting.model_dump(exclude_none=True) if is_section else {name: setting}
    return ", ".join(
        f"{name} = {value}"
        for name, value in values.items()
        if value != "" and len(str(value)) < 60
    )
