"""A period answers by name: every table of the catalogue, computed when first asked for, once."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.period.calendar import Span
from kamlib.tables import CANONICAL, catalogue, known_as_of

if TYPE_CHECKING:
    from kamlib.period.snapshot import Snapshot

ACTIVITY = (
    "account_days",
    "account_months",
    "category_months",
    "product_windows",
    "manager_months",
    "deliveries",
)
READ_TABLES = (*ACTIVITY, *(name for name in CANONICAL if name != "orders"), "intake")
"""Tables that are read, not computed."""

SECTIONS = {
    "fiscal_year": "fiscal_year",
    "admission": "key_accounts",
    "segmentation": "segmentation",
    "scoring": "scoring",
    "loss": "loss",
    "budget": "win_back",
    "value": "value",
    "delivery": "delivery",
    "programme": "programme",
}
"""Parameter of a calculation → section of ``book.toml``; two sections have the name of a table."""

FACTS = (
    "as_of",
    "span",
    "previous_span",
    "year_ago_span",
    "first_date",
    "present",
    "has_cost",
    "manager_id",
    "plans",
    "at",
    "book",
)
"""What a calculation may ask for beside tables and settings."""

_OPEN: WeakValueDictionary[str, Period] = WeakValueDictionary()


class Period:
    """One book as of one period's last day: every table is an attribute.

    ``q.account_classes`` is a pandas frame, computed when first asked for, once; the table's row,
    columns and meaning stand in ``docs/tables.md`` and in ``help(type(q).account_classes)``.

    Attributes
    ----------
    book
        The settings of the book.
    as_of
        The period's last day: everything is as known then, never as of today.
    span
        The period in the calendar: its label, title, first and last day.
    previous, year_ago
        The same book as of the period before and a year ago, None where its data do not reach back.
    present
        The names of the tables that the book has.
    has_cost
        Whether order lines carry a cost.
    first_date
        The first order day of the book, missing where it has none up to the as-of day.
    manager_id
        The manager whose accounts these are; empty for all accounts.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")    # doctest: +SKIP
    >>> q.account_classes.head()                          # doctest: +SKIP
    >>> q.account("A0004").category_history               # doctest: +SKIP
    >>> q.with_settings(segmentation={"abc": (0.7, 0.9)}).account_classes    # doctest: +SKIP
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        book: BookSettings | None = None,
        span: Span | None = None,
        is_neighbour: bool = False,
    ) -> None:
        self._snapshot = snapshot
        self._is_neighbour = is_neighbour
        self._kept: dict[str, Any] = {}
        self.book = book or snapshot.book
        self.span = span or snapshot.span
        self.manager_id = snapshot.manager_id
        self.present = snapshot.present
        self.has_cost = snapshot.has_cost
        self.first_date = snapshot.first_date
        self.plans = snapshot.plans
        self._token = f"{self.span.label}-{id(self):x}"
        _OPEN[self._token] = self

    @property
    def as_of(self) -> pd.Timestamp:
        """The period's last day."""
        return self.span.end

    @property
    def folder(self) -> Path:
        """The folder that the period was prepared in."""
        return self._snapshot.folder

    @property
    def previous(self) -> Period | None:
        """The same book as of the period before; None where its data do not reach back."""
        return self._neighbour("previous", self.span.previous())

    @property
    def year_ago(self) -> Period | None:
        """The same book as of a year before; None where its data do not reach back."""
        return self._neighbour("year_ago", self.span.year_ago())

    @property
    def previous_span(self) -> Span:
        """The period before, in the calendar."""
        return self.span.previous()

    @property
    def year_ago_span(self) -> Span:
        """The like period a year before, in the calendar."""
        return self.span.year_ago()

    def has(self, table: str) -> bool:
        """Return whether the book has a table."""
        return table in self.present

    def at(self, day: pd.Timestamp, *, previous: pd.Timestamp | None = None) -> Period:
        """Return the same book as of an earlier day, from what was known then.

        ``previous`` is the day that counts as the end of the period before.
        """
        if day == self.as_of and previous is None:
            return self
        name = f"at {day} {previous}"
        if name not in self._kept:
            self._kept[name] = _EarlierDay(self, day, previous)
        return self._kept[name]

    def account(self, account_id: str = "") -> AccountPeriod:
        """Return the same for one account: its rows of every table, and the tables of its dossier.

        An empty id is the account with the most revenue of the 12 months.

        Raises
        ------
        KamError
            The book has no such account; the nearest id is named.
        """
        return AccountPeriod(self, account_id)

    def with_settings(self, **sections: dict[str, Any]) -> Period:
        """Return the same period under other settings: a section of ``book.toml`` and its keys.

        Raises
        ------
        KamError
            A section or key is unknown, or a value does not fit.

        Examples
        --------
        >>> import kamlib as kam
        >>> q = kam.open_period("data/sample")                           # doctest: +SKIP
        >>> q.with_settings(loss={"lost": 4.0}).account_status           # doctest: +SKIP
        """
        from kamlib.book import validated

        plain = self.book.model_dump(by_alias=True, exclude_unset=True)
        for section, keys in sections.items():
            if section not in type(self.book).model_fields:
                raise KamError(
                    f"The book has no section '{section}'.",
                    where="with_settings",
                    next=nearest(section, type(self.book).model_fields),
                )
            own = getattr(self.book, section).model_dump(by_alias=True, exclude_unset=True)
            plain[section] = {**own, **keys}
        book = validated(type(self.book), plain, "", "with_settings")
        return _OtherSettings(self, book, frozenset(sections))

    def lineage(self, name: str) -> pd.DataFrame:
        """One row per thing that a table rests on, nearest first: tables, settings, facts.

        Examples
        --------
        >>> import kamlib as kam
        >>> q = kam.open_period("data/sample")     # doctest: +SKIP
        >>> q.lineage("win_back")                  # doctest: +SKIP
        """
        from kamlib.period import graph

        if name not in graph.calculations():
            self._unknown(name)
        known = catalogue()
        rows = []
        for one in graph.upstream(name):
            table = graph.plain(one)
            kind = (
                "setting"
                if one in SECTIONS
                else "order lines"
                if table in ACTIVITY
                else "table of the book"
                if table in CANONICAL
                else "table"
                if table in known.tables
                else "fact"
            )
            row = known.tables[table].row if table in known.tables else ""
            rows.append((one, kind, row))
        return pd.DataFrame(rows, columns=["name", "kind", "row"]).astype("str")

    def order_lines(
        self, account_id: str | None = None, *, product_id: str | None = None
    ) -> pd.DataFrame:
        """One row per order line that is used, up to the as-of day, straight from the engine.

        Raises
        ------
        KamError
            The book's files cannot be reached from here, or the account is not one of this report.
        """
        from kamlib.period.lines import order_lines

        if account_id is not None and account_id not in set(self._get("accounts")["account_id"]):
            raise KamError(
                f"'{account_id}' is not an account of the book.",
                where="order_lines",
                next=nearest(account_id, self._get("accounts")["account_id"]),
            )
        return order_lines(self._snapshot, self.as_of, account_id=account_id, product_id=product_id)

    def call(self, function: Callable[..., Any], **given: Any) -> Any:
        """Return what a function makes of this period: its parameters are filled in by their names.

        ``given`` goes before; a parameter that is no name of the period keeps its default.
        """
        from kamlib.period.graph import wanted

        filled = dict(given)
        for name, has_default in wanted(function).items():
            if name not in filled and not (has_default and not self._knows(name)):
                filled[name] = self._get(name)
        return function(**filled)

    def told(self, name: str) -> pd.DataFrame:
        """Return a table with the sentences of its rows, as it is published."""
        key = f"told_{name}"
        if key not in self._kept:
            self._kept[key] = self.tell(name, self._get(name))
        return self._kept[key]

    def tell(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows of a table with their sentences, the columns as they are published."""
        columns = list(catalogue().tables[name].columns)
        tell = import_module("kamlib.story").teller(
            name
        )  # words stand above, and are asked by name
        said = self.call(tell, **{name: rows}) if tell else pd.DataFrame(index=rows.index)
        whole = pd.concat([rows.drop(columns=said.columns, errors="ignore"), said], axis=1)
        whole = whole[[column for column in columns if column in whole]]
        whole.attrs = self._attributes(name)
        return whole

    def _attributes(self, name: str) -> dict[str, str]:
        return {"table": name, "period": self._token}

    def _neighbour(self, name: str, span: Span) -> Period | None:
        if self._is_neighbour:
            return None
        if name not in self._kept:
            found = self._snapshot.neighbour(span)
            self._kept[name] = found and Period(found, is_neighbour=True)
        return self._kept[name]

    def _knows(self, name: str) -> bool:
        """Return whether a name is one that this period answers to."""
        from kamlib.period import graph

        table = graph.plain(name)
        return (
            name in FACTS
            or name in SECTIONS
            or table in READ_TABLES
            or (table in graph.calculations() and graph.scope_of(table) in ("", self._scope))
        )

    _scope = ""

    def _get(self, name: str) -> Any:
        """Return a table, a value, a settings section or a fact by its name."""
        if name in self._kept:
            return self._kept[name]
        if name in SECTIONS:
            return getattr(self.book, SECTIONS[name])
        if name in FACTS:
            return getattr(self, name)
        if name.startswith("told_"):
            return self.told(name.removeprefix("told_"))
        for prefix in ("previous_", "year_ago_"):
            if name.startswith(prefix):
                other = getattr(self, prefix.rstrip("_"))
                return None if other is None else other._get(name.removeprefix(prefix))
        self._kept[name] = self._read(name) if name in READ_TABLES else self._made(name)
        return self._kept[name]

    def _read(self, name: str) -> pd.DataFrame:
        return self._snapshot.table(name)

    def _made(self, name: str) -> Any:
        """Return a calculation's result: from the run's store where it is there, else computed."""
        if name not in catalogue().tables:
            return self._computed(name)
        return self._snapshot.stored(
            name, lambda: self._computed(name), is_own=self._is_neighbour and self._looks_back(name)
        )

    def _looks_back(self, name: str) -> bool:
        from kamlib.period import graph

        return any(
            one == "at" or one.startswith(("previous_", "year_ago_"))
            for one in graph.upstream(name)
        )

    def _computed(self, name: str) -> Any:
        from kamlib.period import graph

        given = {
            one: self._get(one)
            for one, has_default in graph.parameters(name).items()
            if not has_default or self._knows(one)
        }
        return graph.compute(name, given)

    def _answer(self, name: str) -> Any:
        try:
            found = self._get(name)
        except AttributeError as error:  # else Python would look for another attribute
            raise RuntimeError(f"'{name}' could not be computed: {error}") from error
        if isinstance(found, pd.DataFrame):
            found = found.copy(deep=False)
            found.attrs = self._attributes(name)
        return found

    def _unknown(self, name: str) -> NoReturn:
        from kamlib.period import graph

        if name == "orders":
            raise AttributeError(
                "Order lines are many and stay in the engine: ask for them with "
                "q.order_lines(account_id=…); condensed they are q.account_days, q.account_months."
            )
        if graph.scope_of(name) == "account" and self._scope != "account":
            raise AttributeError(
                f"'{name}' is a table of one account: q.account('…').{name}; account ids are in "
                "q.accounts."
            )
        raise AttributeError(f"A period has no table '{name}'. {nearest(name, self.__dir__())}")

    def __getattr__(self, name: str) -> Any:
        """Answer by name: a value that is no table of the catalogue, or say what is near."""
        if name.startswith("_"):
            raise AttributeError(name)
        if self._knows(name):
            return self._answer(name)
        return self._unknown(name)

    def __dir__(self) -> list[str]:
        """List every table, and what else a period knows."""
        from kamlib.period import graph

        own = [name for name in object.__dir__(self) if not name.startswith("_")]
        tables = [n for n in graph.calculations() if graph.scope_of(n) in ("", self._scope)]
        return sorted({*own, *READ_TABLES, *tables} - _tables_of_other_scope(self._scope))

    def __repr__(self) -> str:
        """Say which book, which period, how many accounts."""
        whose = f", accounts of {self.manager_id}" if self.manager_id else ""
        return (
            f"<{self.book.title}, {self.span.title}, as of {self.as_of.date()}{whose}: "
            f"{len(self._get('accounts'))} accounts; q.<TAB> lists the tables>"
        )


class AccountPeriod(Period):
    """One account as of one period: its own rows of every table, and the tables of its dossier."""

    _scope = "account"

    def __init__(self, whole: Period, account_id: str = "") -> None:
        super().__init__(whole._snapshot, book=whole.book, span=whole.span)
        self._whole = whole
        self.account_id = _known_account(whole, account_id)

    def _neighbour(self, name: str, span: Span) -> Period | None:
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


class _OtherSettings(Period):
    """A period under other settings; what they do not touch comes from the period itself."""

    def __init__(self, whole: Period, book: BookSettings, changed: frozenset[str]) -> None:
        super().__init__(whole._snapshot, book=book, span=whole.span)
        self._whole, self._changed = whole, changed

    def _neighbour(self, name: str, span: Span) -> Period | None:
        if name not in self._kept:
            other = getattr(self._whole, name)
            self._kept[name] = other and _OtherSettings(other, self.book, self._changed)
        return self._kept[name]

    def _read(self, name: str) -> pd.DataFrame:
        return self._whole._get(name)

    def _made(self, name: str) -> Any:
        from kamlib.period import graph

        rests_on = {SECTIONS[one] for one in graph.upstream(name) if one in SECTIONS}
        is_touched = rests_on & self._changed or "at" in graph.upstream(name)
        return self._computed(name) if is_touched else self._whole._get(name)


class _EarlierDay(Period):
    """The same book as of an earlier day: every table cut to what was known then."""

    def __init__(self, whole: Period, day: pd.Timestamp, previous: pd.Timestamp | None) -> None:
        super().__init__(whole._snapshot, book=whole.book, span=whole.span)
        self._whole, self._day, self._before = whole, day, previous

    @property
    def as_of(self) -> pd.Timestamp:
        """The day."""
        return self._day

    def _neighbour(self, name: str, span: Span) -> Period | None:
        if name == "previous" and self._before is not None:
            return self._whole.at(self._before)
        return None

    def _read(self, name: str) -> pd.DataFrame:
        frame, day = self._whole._get(name), self._day
        if name == "account_months" and not (day.is_month_end and self._whole.as_of.is_month_end):
            from kamlib.period.activity import account_months  # brings the engine with it

            return account_months(self._get("account_days"), as_of=day)
        if name in CANONICAL and name != "accounts":
            return known_as_of(frame, name, day)
        for column in ("date", "month"):
            if column in frame:
                return frame[frame[column].le(day)].reset_index(drop=True)
        return frame

    def _made(self, name: str) -> Any:
        if self._before is not None and not self._looks_back(name):
            return self._whole.at(self._day)._get(name)
        return self._computed(name)


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
    from kamlib.period.calendar import trailing_months

    months = whole._get("account_months")
    year = months[months["month"].isin(trailing_months(whole.as_of, 12))]
    sums = year.groupby("account_id")["revenue"].sum()
    return str(sums.idxmax()) if len(sums) else str(ids.iloc[0])


def origin(frame: pd.DataFrame) -> tuple[Period | None, str]:
    """Return the period that answered with a frame, and the table's name; nothing of any other."""
    name = str(frame.attrs.get("table", ""))
    return _OPEN.get(str(frame.attrs.get("period", ""))), name


def _tables_of_other_scope(scope: str) -> set[str]:
    return {
        name for name, table in catalogue().tables.items() if table.scope and table.scope != scope
    }


def _answers() -> None:
    """Give the class a documented property for every table, so that TAB and help know them."""
    for name, table in catalogue().tables.items():
        if name in vars(Period):
            continue
        owner = AccountPeriod if table.scope == "account" else Period

        def answer(self: Period, name: str = name) -> Any:
            return self._answer(name)

        setattr(owner, name, property(answer, doc=table.row))


_answers()
