"""How tables of a book are made of exports: which file holds what, what is joined or asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kamlib.errors import KamError
from kamlib.intake.calendars import EXCEL
from kamlib.intake.sources.headers import folded as header_word
from kamlib.intake.sources.workbooks import counts_from_1904
from kamlib.start.amounts import amount_of, filled_once, weigh, without_lines
from kamlib.start.asking import NONE, Ask, find
from kamlib.start.exports import PLANS, RETURNS, Export
from kamlib.start.meanings import (
    Meaning,
    Recognised,
    by_values,
    take_by_values,
)
from kamlib.start.shapes import AMOUNT
from kamlib.start.sums import check_sums, sums_of
from kamlib.tables import CANONICAL
from kamlib.words import listed, number

_LOOKED_UP = ("product", "category")


@dataclass
class TablePlan:
    """How one table of the book is made: column → export and its own column."""

    table: str
    base: Recognised
    columns: dict[str, tuple[Recognised, Meaning]] = field(default_factory=dict)
    joins: list[tuple[Recognised, str]] = field(default_factory=list)
    amount: str = ""
    rules: dict[str, str] = field(default_factory=dict)
    is_shared: bool = False
    is_once: bool = False
    filled: list[str] = field(default_factory=list)
    sums: str = ""
    told: list[str] = field(default_factory=list)

    @property
    def exports(self) -> list[Export]:
        """The exports that it is made of."""
        return [self.base.export, *(other.export for other, _ in self.joins)]

    @property
    def is_plain(self) -> bool:
        """Whether a renaming of the columns of one file is enough."""
        return not (
            self.joins
            or self.amount
            or self.is_shared
            or self.is_once
            or self.filled
            or self.sums
            or self.base.left_out
            or self.base.export.turned
            or self.base.given_back
            or len(self.base.export.files) > 1
            or ("order_id" not in self.columns and self.table == "orders")
            or any(m.nothing or m.factor != "1" for _, m in self.columns.values())
            or self._has_names_left_out()
        )

    def _has_names_left_out(self) -> bool:
        """Whether the file has a column that would be read by its own name and is not to be."""
        taken = {meaning.column for _, meaning in self.columns.values()}
        free = {header_word(column) for column in self.base.export.columns if column not in taken}
        return any(
            name in free and name not in self.columns for name in CANONICAL[self.table].names
        )


def plan_book(found: Sequence[Recognised], given: Mapping[str, str], ask: Ask) -> list[TablePlan]:
    """Return how the tables orders and accounts are made of exports.

    Raises
    ------
    KamError
        No file holds orders; a column that is needed is not recognised, or could be read in two
        ways, and nobody is there to be asked.
    """
    orders = _orders(found, given, ask)
    plans = [orders]
    if accounts := _accounts(found, orders):
        plans.append(accounts)
        if any(export.files == accounts.base.export.files for export in orders.exports):
            orders.is_shared = accounts.is_shared = True
    for plan in plans:
        _set_rules(plan, given, ask)
    check_sums(orders, given)
    return plans


def _orders(found: Sequence[Recognised], given: Mapping[str, str], ask: Ask) -> TablePlan:
    base = _base(found, given, ask)
    plan = TablePlan("orders", base)
    header = None
    if not base.has("account_id", "order_date"):
        others = [one for one in found if one is not base and one.has("order_id")]
        others = [one for one in others if one.has("account_id") or one.has("order_date")]
        if base.has("order_id") and others:
            header = max(others, key=lambda one: len(one.known))
            plan.joins.append((header, "order_id"))
            plan.told.append(
                f"{base.export.title} and {header.export.title} are joined by the order: "
                f"'{base.known['order_id'].column}' and '{header.known['order_id'].column}'."
            )
    parts = [one for one in (base, header) if one is not None]
    for name in sorted(CANONICAL["orders"].required, key=_ASKED.index):
        is_unasked = given.get(name) == NONE or base.export.meant.get("revenue") == AMOUNT
        if name == "revenue" or (name == "order_id" and is_unasked):
            continue
        if not any(part.has(name) for part in parts):
            find(parts[-1] if header else base, name, given, ask)
    for meaning, key in (("product_id", "products"), ("category_id", "categories")):
        _look_up(plan, found, parts, meaning, key)
    for name in CANONICAL["orders"].names:
        for part in parts if name not in _OF_LINES else [base]:
            if name in part.known:
                plan.columns[name] = (part, part.known[name])
                break
    if "revenue" not in plan.columns:
        plan.amount = amount_of(base)
    plan.sums = sums_of(plan)
    plan.filled = filled_once(plan)
    plan.told += weigh(plan, given, ask)
    plan.told += [said] if (said := without_lines(plan)) else []
    if plan.amount:
        plan.amount = amount_of(base)
    return plan


def _base(found: Sequence[Recognised], given: Mapping[str, str], ask: Ask) -> Recognised:
    """Return the export of the finest rows that have money."""
    others = ("accounts", "products", "categories", "contacts")
    sold = [one for one in found if one.topic not in (*others, PLANS, RETURNS)]
    sold = sold or [one for one in found if one.topic not in others]
    paid = [one for one in sold if one.has("revenue") or one.has("quantity", "unit_price")]
    for one in sold if not paid and "revenue" not in given else ():
        if one.has("order_id", "unit_price"):
            price = one.known["unit_price"].column
            take_by_values(one, "revenue", price, "no quantity stands beside it")
            paid.append(one)
    able = [one for one in paid if one.has("order_id") or one.has("account_id")]
    if able := able or [one for one in paid if one.has("order_date")] or paid:
        return max(able, key=lambda one: (_is_fine(one), one.has("order_id"), len(one.known)))
    likely = [one for one in sold if one.has("account_id") or one.has("order_id")] or sold
    if not likely:
        raise _no_orders(found)
    best = max(likely, key=lambda one: len(one.known))
    if not any(one.has("order_date") or by_values(one, "order_date") for one in sold):
        find(best, "order_date", given, ask)
    find(best, "revenue", given, ask)
    return best


def _is_fine(one: Recognised) -> bool:
    """Whether an export has a row per line of an order."""
    return any(one.has(name) for name in ("quantity", "line_id", "product_id"))


_ASKED = ("order_date", "account_id", "order_id", "revenue")
_OF_LINES = ("revenue", "cost", "quantity")


def _look_up(
    plan: TablePlan, found: Sequence[Recognised], parts: list[Recognised], meaning: str, topic: str
) -> None:
    """Join the list of products, or of categories, where the orders name them by id alone."""
    if not any(part.has(meaning) for part in parts):
        return
    wanted = [name for name in _LOOKED_UP if not any(part.has(name) for part in parts)]
    for one in found:
        has_more = any(name in one.known for name in (*wanted, "category_id"))
        is_list = one.has(meaning) and not one.has("order_id") and has_more
        if one not in parts and is_list and (one.topic in (topic, "") or not one.has("account_id")):
            plan.joins.append((one, meaning))
            parts.append(one)
            plan.told.append(f"{one.export.title} gives {topic}, by '{one.known[meaning].column}'.")
            return


def _accounts(found: Sequence[Recognised], orders: TablePlan) -> TablePlan | None:
    """Return how accounts are made: of a list of them, else of what the orders say."""
    used = [orders.base, *(other for other, _ in orders.joins)]
    lists = [one for one in found if one not in used and one.has("account_id")]
    lists = [one for one in lists if not one.has("order_date") and not one.has("product_id")]
    lists = [one for one in lists if one.has("name") or one.topic == "accounts"]
    lists = [one for one in lists if one.topic != "contacts"]
    base = max(lists, key=lambda one: (one.topic == "accounts", len(one.known)), default=None)
    names = CANONICAL["accounts"].names
    if base is None:
        part = next((p for p, _ in orders.columns.values() if p.has("account_id", "name")), None)
        if part is None:
            return None
        plan = TablePlan("accounts", part)
        plan.told.append(f"Accounts are named as in {part.export.title}.")
    else:
        plan = TablePlan("accounts", base)
    for name in names:
        if name in plan.base.known:
            plan.columns[name] = (plan.base, plan.base.known[name])
    if base is not None and base.has("name") and _are_names(orders, base):
        column = base.known["name"].column
        plan.columns["account_id"] = (base, replace(base.known["name"], why="as the orders say"))
        plan.told.append(f"The orders name accounts by '{column}', so that is their id.")
    return plan


def _are_names(orders: TablePlan, base: Recognised) -> bool:
    """Return whether the orders call accounts by the names in their list, not by the ids."""
    part, meaning = orders.columns["account_id"]
    own, ids, names = (
        set(rows.select(it=column).distinct().execute()["it"].dropna())
        for rows, column in (
            (part.export.texts, meaning.column),
            (base.export.texts, base.known["account_id"].column),
            (base.export.texts, base.known["name"].column),
        )
    )
    is_each_once = base.export.rows.count().execute() == len(names)
    return is_each_once and not own & ids and len(own & names) > len(own) / 2


def _set_rules(plan: TablePlan, given: Mapping[str, str], ask: Ask) -> None:
    """Find the forms of days and amounts of a table: one for all its columns."""
    money = [part.known[n] for part, n in _priced(plan)]
    meanings = [(n, m) for n, (_, m) in plan.columns.items()] + [("amount", m) for m in money]
    required = CANONICAL[plan.table].required
    meanings.sort(key=lambda one: one[0] not in (*required, "amount"))
    for name, meaning in meanings:
        if meaning.reading is None or not meaning.reading.settings:
            continue  # all cells are read as they are, but for some that no form reads
        lines = [_parsed(line) for line in meaning.reading.settings]
        key = "date_format" if "date_format" in lines[0] else "decimal"
        if given.get(key):
            lines = [{**lines[0], key: given[key]}]
        fitting = [one for one in lines if plan.rules.items() >= {key: one[key]}.items()]
        lines = fitting or lines
        if len(lines) > 1 and name not in (*required, "amount"):
            plan.columns.pop(name, None)
            plan.told.append(f"'{meaning.column}' can be read in two ways and is left out.")
            continue
        if len(lines) > 1:
            shown = meaning.reading.open or meaning.reading.example
            answers = [one[key] for one in lines]
            chosen = ask(
                f"'{shown}' in '{meaning.column}' can be read in two ways. Which {key} is it?",
                answers,
                f"--set {key}='{answers[0]}'",
            )
            lines = [one for one in lines if one[key] == chosen]
        fresh = lines[0]
        if any(plan.rules.get(k, v) != v for k, v in fresh.items()) and name not in required:
            plan.columns.pop(name, None)
            plan.told.append(f"'{meaning.column}' is written in another form and is left out.")
            continue
        plan.rules |= fresh
        _check_epoch(plan, meaning, fresh)
        if not meaning.reading.is_whole:
            plan.told.append(
                f"'{meaning.column}': {number(meaning.reading.read)} of "
                f"{number(meaning.reading.cells)} cells "
                f"are read, not '{meaning.reading.left}'."
            )


def _check_epoch(plan: TablePlan, meaning: Meaning, fresh: Mapping[str, str]) -> None:
    """Refuse days that stand as numbers in a workbook that counts them from 1904."""
    if fresh.get("date_format") != EXCEL:
        return
    for file in plan.base.export.files:
        if counts_from_1904(file):
            raise KamError(
                f"The days in '{meaning.column}' are numbers, and the workbook counts days from "
                "1904: they would be read four years early.",
                where=file.name,
                next="In Excel, format the column as dates and save the workbook.",
            )


def _priced(plan: TablePlan) -> list[tuple[Recognised, str]]:
    names = ("unit_price", "discount_amount") if plan.amount else ()
    return [(plan.base, name) for name in names if plan.base.has(name)]


def _parsed(line: str) -> dict[str, str]:
    """Return the settings of a proposed line.

    >>> _parsed('decimal = "," under  and currency = "EUR" above the first [section]')
    {'decimal': ',', 'currency': 'EUR'}
    """
    return dict(re.findall(r'(\w+) = "([^"]*)"', line))


def _no_orders(found: Sequence[Recognised]) -> KamError:
    seen = "; ".join(f"{one.export.title} ({', '.join(one.export.columns[:12])})" for one in found)
    return KamError(
        "No file holds orders: rows with a customer, a day and an amount.",
        where=seen,
        next=f"Give the file with {listed(['order', 'customer', 'day', 'amount'])}; columns of "
        "other names are named with --map revenue='Net value'.",
    )
