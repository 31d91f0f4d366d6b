"""Views of a period: one account of it, the same under other settings, the same an earlier day."""

from __future__ import annotations

import threading
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.holes import known_on
from kamlib.period.calendar import Span, period_of
from kamlib.period.months import account_months, trailing_months
from kamlib.period.names import READ_TABLES, SECTIONS, setting
from kamlib.period.period import Period, answer_by_name
from kamlib.tables import CANONICAL, known_as_of


class AccountPeriod(Period):
    """One account as of one period: its own rows of every table, and the tables of its dossier."""

    _scope = "account"

    def __init__(self, whole: Period, account_id: str = "") -> None:
        super().__init__(whole._snapshot, book=whole.book, span=whole.span)
        self._whole = whole
        self.account_id = _known_account(whole, account_id)

    def _neighbour(self, name: str) -> Period | None:
        if name not in self._kept:
            other = getattr(self._whole, name)
            known = other is not None and self.account_id in set(
                other._get("accounts")["account_id"]
            )
            self._kept[name] = other.account(self.account_id) if known else None
        return self._kept[name]

    def _knows(self, name: str) -> bool:
        return name == "account_id" or super()._knows(name.removeprefix("all_"))

    def _get(self, name: str) -> Any:
        if name == "account_id":
            return self.account_id
        if name.startswith("all_"):
            return self._whole._get(name.removeprefix("all_"))
        return super()._get(name)

    def _read(self, name: str) -> pd.DataFrame:
        return self._own(self._whole._get(name))

    def _made(self, name: str) -> Any:
        from kamlib.period.graph import scope_of

        return self._computed(name) if scope_of(name) else self._own(self._whole._get(name))

    def _own(self, found: Any) -> Any:
        """Return the account's rows of a table; anything else as it is."""
        if not isinstance(found, pd.DataFrame) or "account_id" not in found:
            return found
        return found[found["account_id"].eq(self.account_id)].reset_index(drop=True)

    def __repr__(self) -> str:
        """Say which account of which period."""
        names = self._get("accounts")["name"]
        return f"<{names.iloc[0]} ({self.account_id}) in {self._whole!r}>"


class OtherSettings(Period):
    """A period under other settings; what they do not touch comes from the period itself.

    What comes out as it was counts as not touched: what rests on it is not computed again.
    """

    def __init__(self, whole: Period, book: BookSettings) -> None:
        super().__init__(whole._snapshot, book=book, span=whole.span)
        self._whole = whole
        self._moved = {one for one in SECTIONS if setting(book, one) != setting(whole.book, one)}

    def _neighbour(self, name: str) -> Period | None:
        if name not in self._kept:
            other = getattr(self._whole, name)
            self._kept[name] = other and OtherSettings(other, self.book)
        return self._kept[name]

    def _read(self, name: str) -> pd.DataFrame:
        return self._whole._get(name)

    def _made(self, name: str) -> Any:
        if not (self._is_touched(name) and self._is_given_other(name)):
            return self._whole._get(name)
        made = self._computed(name)
        if _is_there(self._whole, name) and _is_same(made, before := self._whole._get(name)):
            return before
        return made

    def _is_touched(self, name: str) -> bool:
        from kamlib.period import graph

        return any(one == "at" or one in self._moved for one in graph.upstream(name))

    def _is_given_other(self, name: str) -> bool:
        """Return whether a calculation gets anything here that the period does not give it."""
        from kamlib.period import graph

        for one in graph.parameters(name):
            if one == "at" or one in self._moved:
                return True
            table = graph.plain(one)
            if table in graph.calculations() and self._is_touched(table):
                mine = self._get(one)
                if not _is_there(self._whole, one) or mine is not self._whole._get(one):
                    return True
        return False


def _is_there(q: Period, name: str) -> bool:
    """Return whether a calculation's result is there without computing it."""
    for prefix in ("previous_", "year_ago_"):
        if name.startswith(prefix):
            other = getattr(q, prefix.rstrip("_"))
            return other is None or _is_there(other, name.removeprefix(prefix))
    if isinstance(q, OtherSettings) and not q._is_touched(name):
        return _is_there(q._whole, name)
    is_own = type(q) is Period and q._snapshot.holds(name, apart=q._apart(name))
    return name in q._kept or is_own


def _is_same(one: Any, other: Any) -> bool:
    """Return whether a calculation came out as it was."""
    return isinstance(one, pd.DataFrame) and one.equals(other)


class EarlierDay(Period):
    """The same book as of an earlier day: every table cut to what was known then."""

    def __init__(self, whole: Period, day: pd.Timestamp, previous: pd.Timestamp | None) -> None:
        super().__init__(whole._snapshot, book=whole.book, span=_span_to(day, whole.span, previous))
        self._whole, self._day, self._before = whole, day, previous
        self.holes = known_on(self.holes, day)

    @property
    def as_of(self) -> pd.Timestamp:
        """The day."""
        return self._day

    def _neighbour(self, name: str) -> Period | None:
        if name == "previous" and self._before is not None:
            return self._whole.at(self._before)
        return None

    def _read(self, name: str) -> pd.DataFrame:
        self._hold()
        frame, day = self._whole._get(name), self._day
        if name == "account_months" and not (day.is_month_end and self._whole.as_of.is_month_end):
            return account_months(self._get("account_days"), as_of=day)
        if name in CANONICAL and name != "accounts":
            return known_as_of(frame, name, day)
        for column in ("date", "month"):
            if column in frame:
                return frame[frame[column].le(day)].reset_index(drop=True)
        return frame

    def _made(self, name: str) -> Any:
        from kamlib.period import graph

        if not graph.is_of_a_day(name):
            return self._whole._get(name)
        if self._before is not None and not graph.looks_back(name):
            return self._whole.at(self._day)._get(name)
        if name in _SHARED and type(self._whole) is Period:
            apart = self._day.strftime(AT)
            return self._snapshot.stored(name, lambda: self._computed(name), apart=apart)
        return self._computed(name)

    def _hold(self) -> None:
        """Count as one of the last days that read a table: no more than those hold theirs, as a
        report asks for eighteen, which would hold most tables of a book as often.
        """
        with _HOLDING:
            latest = self._whole._latest
            if self in latest:
                latest.remove(self)
            latest.append(self)
            while len(latest) > _DAYS_HELD:
                latest.pop(0)._forget()

    def _forget(self) -> None:
        """Let go of the tables that are read, and of what is as large; asked for again, they are
        made again.
        """
        for name in (*READ_TABLES, *_LARGE):
            self._kept.pop(name, None)


def earlier_day(whole: Period, day: pd.Timestamp, previous: pd.Timestamp | None) -> EarlierDay:
    """Return a period as of an earlier day, once for all who ask."""
    name = f"at {day} {previous}"
    if name not in whole._kept:
        whole._kept[name] = EarlierDay(whole, day, previous)
    view: EarlierDay = whole._kept[name]
    return view


AT = "-at-%Y-%m-%d"
"""How what is computed as of an earlier day is kept apart."""
_DAYS_HELD = 3
_HOLDING = threading.Lock()
_LARGE = ("silences", "past_gaps")
"""Values with a row per silence of the past."""
_SHARED = ("account_status", "account_classes")
"""Tables that several pages ask for as of the same earlier days: kept, as those of the day are."""


def _span_to(day: pd.Timestamp, like: Span, previous: pd.Timestamp | None) -> Span:
    """Return the period of the same kind that ends on a day, where the one before is asked for."""
    found = period_of(day, like.kind, first_month=like.first_month)
    if like.is_cut and day == like.year_ago().end:
        found = like.year_ago()
    return found if previous is not None and found.end == day else like


def _known_account(whole: Period, account_id: str) -> str:
    """Return the id of a known account; for an empty one the account with the most revenue."""
    ids = whole._get("accounts")["account_id"]
    if account_id and account_id not in set(ids):
        raise KamError(
            f"'{account_id}' is not an account of the book.",
            where="account",
            next=nearest(account_id, ids),
        )
    if account_id or ids.empty:
        return account_id
    months = whole._get("account_months")
    year = months[months["month"].isin(trailing_months(whole.as_of, 12))]
    sums = year.groupby("account_id")["revenue"].sum()
    return str(sums.idxmax()) if len(sums) else str(ids.iloc[0])


answer_by_name(AccountPeriod)
