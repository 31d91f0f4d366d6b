"""How the tables hang together: read off the calculations' own parameters by Apache Hamilton.

A calculation is a function named for what it returns, with parameters named for what it takes. This
module finds each by its entry in the catalogue and hands them to Hamilton, which joins them by
their names, checks their types and knows the lineage. Nothing else says what depends on what.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

import pandas as pd

from kamlib.errors import nearest
from kamlib.period.names import ACTIVITY, OF_A_DAY, READ_TABLES, SECTIONS, UNBROKEN
from kamlib.tables import CANONICAL, catalogue

if TYPE_CHECKING:
    from hamilton.driver import Driver

_MAKING = threading.RLock()
READ = ("intake", "period")
"""Areas whose tables the engine makes: the graph begins with them."""


@cache
def calculations() -> dict[str, str]:
    """Return calculation → module, in the catalogue's order: everything the graph computes."""
    known = catalogue()
    tables = {name: table.made_in for name, table in known.tables.items() if table.area not in READ}
    return {**tables, **{name: value.made_in for name, value in known.values.items()}}


def scope_of(name: str) -> str:
    """Return ``account`` for a calculation of one account, nothing for one of the whole book."""
    known = catalogue()
    found = known.tables.get(name) or known.values.get(name)
    return found.scope if found else ""


def function(name: str) -> Callable[..., Any]:
    """Return the function of a calculation."""
    return getattr(import_module(f"kamlib.{calculations()[name]}"), name)


def graph(scope: str = "") -> Driver:
    """Return Hamilton's driver over the calculations of the whole book, or of one account; it is
    made once, whoever asks first of several threads.
    """
    with _MAKING:
        return _graph(scope)


@cache
def _graph(scope: str) -> Driver:
    logging.getLogger("hamilton").setLevel(
        logging.CRITICAL + 1
    )  # errors say themselves what is wrong
    found = [function(name) for name in calculations() if scope_of(name) == scope]
    return _driver(scope or "book", found)


def _driver(name: str, functions: list[Callable[..., Any]]) -> Driver:
    """Return Hamilton's driver over some functions."""
    os.environ.setdefault("HAMILTON_AUTOLOAD_EXTENSIONS", "0")  # else it loads Spark where there is
    from hamilton import ad_hoc_utils, driver  # costs as much as half of pandas

    called = f"kam_{name}"
    sys.modules.pop(called, None)  # what an interrupted making left
    module = ad_hoc_utils.create_temporary_module(*functions, module_name=called)
    for one in functions:  # Hamilton's copies lose the defaults of what stands after the star
        getattr(module, one.__name__).__kwdefaults__ = one.__kwdefaults__
    return driver.Builder().with_modules(module).build()


@cache
def parameters(name: str) -> dict[str, bool]:
    """Return the parameters of a calculation: name → whether it can do without."""
    return wanted(function(name))


def wanted(call: Callable[..., Any]) -> dict[str, bool]:
    """Return the parameters of a function: name → whether it has a default."""
    return {
        one.name: one.default is not Parameter.empty
        for one in signature(call).parameters.values()
        if one.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    }


def compute(name: str, given: dict[str, Any]) -> Any:
    """Return what a calculation makes of its parameters."""
    dataflow = graph(scope_of(name))
    nodes = dataflow.graph.nodes
    inputs = {key: value for key, value in given.items() if nodes[key].user_defined}
    overrides = {key: value for key, value in given.items() if key not in inputs}
    return dataflow.execute([name], inputs=inputs, overrides=overrides)[name]


@cache
def upstream(name: str) -> tuple[str, ...]:
    """Return what a calculation rests on, nearest first, each once: tables, settings, facts."""
    found: dict[str, None] = {}
    waiting = [name]
    known = calculations()
    while waiting:
        for parameter in parameters(waiting.pop(0)):
            if parameter in found:
                continue
            found[parameter] = None
            table = plain(parameter)
            if table in known and table != name and table not in waiting:
                waiting.append(table)
    return tuple(found)


@cache
def asked_of_neighbours() -> frozenset[str]:
    """Return the tables that are read which calculations ask of the periods that one is compared
    with; stories and charts ask no others.
    """
    found = {"accounts"}
    for one in (one for name in calculations() for one in parameters(name)):
        if one.startswith(("previous_", "year_ago_")):
            table = plain(one)
            found |= {table, *map(plain, upstream(table) if table in calculations() else ())}
    return frozenset(found & set(READ_TABLES))


def looks_back(name: str) -> bool:
    """Return whether a calculation rests on other days than the period's."""
    return any(one == "at" or one.startswith(("previous_", "year_ago_")) for one in upstream(name))


@cache
def is_of_a_day(name: str) -> bool:
    """Return whether a calculation comes out otherwise as of another day, as far as is known."""
    return any(
        one in OF_A_DAY or one != plain(one) or _has_days(one)
        for one in upstream(name)
        if one not in SECTIONS
    )


def _has_days(name: str) -> bool:
    """Return whether a table that is read holds other rows as of another day."""
    if name not in READ_TABLES or (table := CANONICAL.get(name)) is None:
        return name in READ_TABLES
    return bool(table.date or table.later or any(one.name == "month" for one in table.columns))


def lineage(name: str) -> pd.DataFrame:
    """One row per thing that a table rests on, nearest first: its name, kind, and what a row is."""
    known = catalogue().tables
    rows = []
    for one in upstream(name):
        table = plain(one)
        kind = (
            "setting"
            if one in SECTIONS
            else "order lines"
            if table in ACTIVITY
            else "table of the book"
            if table in CANONICAL
            else "table"
            if table in known
            else "fact"
        )
        rows.append((one, kind, known[table].row if table in known else ""))
    return pd.DataFrame(rows, columns=["name", "kind", "row"]).astype("str")


def unknown(name: str, scope: str, known: Iterable[str]) -> str:
    """Return what to say of a name that a period does not answer to."""
    if name == "orders":
        return (
            "Order lines are many and stay in the engine: ask for them with "
            "q.order_lines(account_id=…); condensed they are q.account_days, q.account_months."
        )
    if scope_of(name) == "account" and scope != "account":
        return (
            f"'{name}' is a table of one account: q.account('…').{name}; account ids are in "
            "q.accounts."
        )
    return f"A period has no table '{name}'. {nearest(name, known)}"


def plain(name: str) -> str:
    """Return the table that a parameter asks for, without saying when or of whom.

    >>> plain("previous_account_classes"), plain("all_account_months"), plain("loss")
    ('account_classes', 'account_months', 'loss')
    """
    for prefix in ("told_", "previous_", "year_ago_", "all_"):
        name = name.removeprefix(prefix)
    return UNBROKEN.get(name, name)
