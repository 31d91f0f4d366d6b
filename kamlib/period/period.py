"""A period answers by name: every table of the catalogue, computed when first asked for, once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError, nearest
from kamlib.holes import unbroken
from kamlib.period.calendar import Span
from kamlib.period.names import FACTS, READ_TABLES, SECTIONS, UNBROKEN, setting
from kamlib.tables import catalogue
from kamlib.words import ENGLISH, speaking

if TYPE_CHECKING:
    from kamlib.period.explain import Explanation
    from kamlib.period.snapshot import Snapshot
    from kamlib.period.views import AccountPeriod, EarlierDay

_OPEN: WeakValueDictionary[str, Period] = WeakValueDictionary()
_NOT_KEPT = object()


class Period:
    """One book as of one period's last day: every table is an attribute.

    ``q.account_classes`` is a pandas frame, computed when first asked for, once; the table's row,
    columns and meaning stand in ``docs/tables.md`` and in ``help(type(q).account_classes)``.

    Attributes
    ----------
    book
        The settings of the book.
    as_of
        The period's last day, or the day in it to which the book says it is complete; never today.
    span
        The period in the calendar: its label, title, first and last day (``is_cut``: not whole).
    previous, year_ago
        The same book as of the period before and a year ago, None where its data do not reach back.
    present
        The names of the tables that the book has.
    has_cost
        Whether order lines carry a cost.
    first_date, holes
        The day from which on the data of the whole book compare: its first order day, or the first
        after the last hole in them, missing without one; the days of which nothing is known.
    last_date, usual_silence_days
        The last day that the data of the whole book cover, at most the as-of day; its longest time
        without any order in the year before.
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
        self._latest: list[EarlierDay] = []
        self.book = book or snapshot.book
        self.span = span or snapshot.span
        self.manager_id = snapshot.manager_id
        self.present, self.has_cost = snapshot.present, snapshot.has_cost
        self.first_date = snapshot.first_date
        self.holes = snapshot.holes
        self.last_date, self.usual_silence_days = snapshot.last_date, snapshot.usual_silence_days
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
        return self._neighbour("previous")

    @property
    def year_ago(self) -> Period | None:
        """The same book as of a year before; None where its data do not reach back."""
        return self._neighbour("year_ago")

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
        from kamlib.period.views import earlier_day

        return earlier_day(self, day, previous)

    def account(self, account_id: str = "") -> AccountPeriod:
        """Return the same for one account: its rows of every table, and the tables of its dossier.

        An empty id is the account with the most revenue of the 12 months.

        Raises
        ------
        KamError
            The book has no such account; the nearest id is named.
        """
        from kamlib.period.views import AccountPeriod

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
        from kamlib.period.views import OtherSettings

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
        return OtherSettings(self, book)

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
        return graph.lineage(name)

    def show(self, table: str | pd.DataFrame) -> None:
        """Show a table, by its name, or some rows of one as a page does: to sort and search."""
        import_module("kamlib.page").look(self, table)  # pages stand above, and are asked by name

    def explain(self, table: str, row: Any, column: str, *, most: int = 1000) -> Explanation:
        """Return what a figure is made from: the order lines that add up to it, tables, settings.

        ``row`` is the row's key as text, parts joined by ``/``, or columns and their values; at
        most ``most`` lines are shown, all are counted.

        Examples
        --------
        >>> import kamlib as kam
        >>> q = kam.open_period("data/sample", "2025-Q3")
        >>> q.explain("revenue_bridge", "all/new", "revenue").adds_up
        True
        """
        from kamlib.period.explain import explain

        return explain(self, table, row, column, most=most)

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
        with speaking(self.book.language):
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
        tell = import_module("kamlib.story").teller(name)  # words stand above: asked by name
        said = self.call(tell, **{name: rows}) if tell else pd.DataFrame(index=rows.index)
        whole = pd.concat([rows.drop(columns=said.columns, errors="ignore"), said], axis=1)
        whole = whole[[column for column in columns if column in whole]]
        whole.attrs = self._attributes(name)
        return whole

    def _attributes(self, name: str) -> dict[Hashable | None, Any]:
        return {"table": name, "period": self._token}

    def _neighbour(self, name: str) -> Period | None:
        if self._is_neighbour:
            return None
        if name not in self._kept:
            found = self._snapshot.neighbour(name)
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
        if (known := self._kept.get(name, _NOT_KEPT)) is not _NOT_KEPT:
            return known
        if name in SECTIONS:
            return setting(self.book, name)
        if name in FACTS:
            return getattr(self, name)
        if name.startswith("told_"):
            return self.told(name.removeprefix("told_"))
        for prefix in ("previous_", "year_ago_"):
            if name.startswith(prefix):
                other = getattr(self, prefix.rstrip("_"))
                return None if other is None else other._get(name.removeprefix(prefix))
        if name in UNBROKEN:
            found = unbroken(self._get(UNBROKEN[name]), self.holes, self.first_date)
        else:
            found = self._read(name) if name in READ_TABLES else self._made(name)
        self._kept[name] = found  # another thread may let go of it at once
        return found

    def _read(self, name: str) -> pd.DataFrame:
        return self._snapshot.table(name)

    def _made(self, name: str) -> Any:
        """Return a calculation's result: from the run's store where it is there, else computed."""
        return self._snapshot.stored(name, lambda: self._computed(name), apart=self._apart(name))

    def _apart(self, name: str) -> str:
        from kamlib.period import graph

        return "-as-neighbour" if self._is_neighbour and graph.looks_back(name) else ""

    def _computed(self, name: str) -> Any:
        from kamlib.period import graph

        given = {
            one: self._get(one)
            for one, has_default in graph.parameters(name).items()
            if not has_default or self._knows(one)
        }
        with speaking(ENGLISH):  # facts are the same in every language
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

        raise AttributeError(graph.unknown(name, self._scope, self.__dir__()))

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


def origin(frame: pd.DataFrame) -> tuple[Period | None, str]:
    """Return the period that answered with a frame, and the table's name; nothing of any other."""
    name = str(frame.attrs.get("table", ""))
    return _OPEN.get(str(frame.attrs.get("period", ""))), name


def _tables_of_other_scope(scope: str) -> set[str]:
    return {
        name for name, table in catalogue().tables.items() if table.scope and table.scope != scope
    }


def answer_by_name(owner: type[Period]) -> None:
    """Give a class a documented property for every table, so that TAB and help know them."""
    for name, table in catalogue().tables.items():
        if table.scope != owner._scope or hasattr(Period, name):
            continue

        def answer(self: Period, name: str = name) -> Any:
            return self._answer(name)

        setattr(owner, name, property(answer, doc=table.row))


answer_by_name(Period)
