"""A made-up book, seen by one account, as the tests of the dossier share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kamlib.book import BookSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period import AccountPeriod, Period
from kamlib.period.calendar import Span, period_of
from kamlib.tables import CANONICAL, empty_table, shaped, typed

AS_OF = pd.Timestamp("2025-09-30")
BOOK, SPAN = BookSettings(title="T"), period_of(AS_OF)


def table(name: str, *rows: dict) -> pd.DataFrame:
    """A table of the book with the rows given and all its columns."""
    return typed(pd.DataFrame(list(rows)), name) if rows else empty_table(name)


SPAN = period_of(AS_OF)


@dataclass
class Prepared:
    """What a period is opened from; tables that are not given are empty."""

    tables: dict[str, pd.DataFrame]
    plans: dict[str, Path] = field(default_factory=dict)
    book: BookSettings = BOOK
    span: Span = SPAN
    manager_id: str = ""
    has_cost: bool = False
    first_date: pd.Timestamp | None = None
    last_date: pd.Timestamp | None = None
    usual_silence_days: int = 0
    holes: Holes = NO_HOLES

    @property
    def present(self) -> frozenset[str]:
        return frozenset(name for name, frame in self.tables.items() if len(frame))

    def table(self, name: str) -> pd.DataFrame:
        if name in self.tables:
            return self.tables[name]
        is_canonical = name in CANONICAL and name != "accounts"
        return empty_table(name) if is_canonical else shaped(name, [])

    def stored(self, name, compute, *, apart="") -> pd.DataFrame:
        return compute()

    def neighbour(self, name: str) -> None:
        return None


def seen_by(account_id: str, plans: dict[str, Path] | None = None, **tables) -> AccountPeriod:
    """One account in a book with the tables given, and nothing said of it by other areas."""
    q = Period(Prepared(tables, plans or {}))
    others = ("account_classes", "account_scores", "account_status", "account_actions")
    q._kept |= {name: shaped(name, []) for name in others}
    return q.account(account_id)


def orders_alone(plans: dict[str, Path] | None = None, **more) -> AccountPeriod:
    """Account A in a book of two accounts with one order a month each, and what more is given."""
    months = pd.date_range("2023-10-31", AS_OF, freq="ME").as_unit("us")
    rows = [(account, month, 100.0) for account in "AB" for month in months]
    frame = pd.DataFrame(rows, columns=["account_id", "month", "revenue"]).assign(cost=float("nan"))
    tables = {
        "accounts": shaped("accounts", [{"account_id": one, "name": one} for one in "AB"]),
        "account_months": shaped("account_months", frame),
        "account_days": shaped("account_days", frame.rename(columns={"month": "date"})),
    }
    return seen_by("A", plans, **{**tables, **more})
