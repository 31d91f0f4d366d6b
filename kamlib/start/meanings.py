"""Which column of a file means what: as a known export has it, by name, else by its values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kamlib.intake.calendars import COUNTED
from kamlib.intake.forms import Reading, text_reading
from kamlib.intake.rules import Rules
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.start.exports import Export
from kamlib.start.names import bare_names, folded, own_meaning, vocabulary, words_of
from kamlib.start.sales import cancelled, given_back, no_sales
from kamlib.start.units import unit_of, without_tax, without_unit
from kamlib.tables import CANONICAL, Column

_FITS = 0.8
_OF_OURS = ("account", "account no", "account number", "account id", "company", "company id",
            "organization", "firma", "societe", "empresa", "compte", "cuenta")  # fmt: skip
_MANY = 10
_LONG = 6
_FEWEST_ORDERS, _MOSTLY_ORDERS = 10, 0.8
_SUMMED = r"^(sum|summe|somme|suma|soma|som) (of|von|de|da|do|van) "
"""What pivots put before the name of a column that they add up."""
_DATES = ("order_date", "promised_date", "delivered_date", "customer_since")
_AMOUNTS = ("revenue", "cost", "unit_price", "discount_amount", "tax")
_NUMBERS = ("quantity", "discount_share", "employees", "price_unit")


@dataclass(frozen=True)
class Meaning:
    """A column that was recognised: its own name, why, and which others would have done.

    ``factor`` is by what its amounts are multiplied.
    """

    column: str
    why: str
    rivals: tuple[str, ...] = ()
    reading: Reading | None = None
    nothing: tuple[str, ...] = ()
    factor: str = "1"


@dataclass
class Recognised:
    """What is known of one export: the meaning of its columns, what it is about."""

    export: Export
    topic: str
    source: str = ""
    known: dict[str, Meaning] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    left_out: Sequence[Mapping[str, Any]] = ()
    given_back: Mapping[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    unread: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def has(self, *meanings: str) -> bool:
        """Return whether all of these are known."""
        return all(meaning in self.known for meaning in meanings)

    @property
    def free(self) -> list[str]:
        """The columns that nothing is made of."""
        taken = {meaning.column for meaning in self.known.values()}
        return [column for column in self.export.columns if column not in taken]


def recognise(export: Export, given: Mapping[str, str], sources: Path) -> Recognised:
    """Return what the columns of an export mean; ``given`` says it for some, by meaning."""
    found = Recognised(export, export.topic)
    by_fold = {folded(column): column for column in reversed(export.columns)}
    if found.topic == "products" and by_fold.keys() & vocabulary()["order_id"].keys():
        found.topic = "lines"  # items of orders, not a list of what is sold
    for meaning, name in given.items():
        if folded(name) in by_fold:
            _take(found, meaning, by_fold[folded(name)], "as you say")
    for meaning, column in export.meant.items():
        if meaning not in found.known:
            _take(found, meaning, column, "made of the file's columns")
    known = _known_source(export, sources)
    if known:
        found.source, found.topic = known["title"], known["table"]
        found.left_out = [known["leave_out"]] if "leave_out" in known else []
        if (rule := cancelled(export)) is not None:
            found.left_out, found.told = [*found.left_out, rule[0]], [rule[1]]
        for meaning, name in known["columns"].items():
            if folded(name) in by_fold and meaning not in found.known:
                _take(found, meaning, by_fold[folded(name)], f"export of {known['title']}")
        return found
    if found.topic not in ("accounts", "products", "categories", "contacts"):
        found.left_out, said = no_sales(export)
        found.told += said
        found.given_back = given_back(export)
    for column in export.columns:
        meaning = own_meaning(column, found.topic)
        if meaning and meaning not in found.known:
            _take(found, meaning, column, f"the file is about {found.topic}")
    for meaning in _in_order():
        if meaning not in found.known:
            _by_name(found, meaning)
        if meaning == "order_id" and meaning not in found.known and found.topic in ("", "orders"):
            _by_own_id(found)
    if "currency" not in found.known:
        _by_codes(found)
    return found


def _by_own_id(found: Recognised) -> None:
    """Take a column called id, no two of whose cells are alike, for the order's number."""
    rows = found.export.texts
    for column in found.free:
        if own_meaning(column, "orders") == "order_id":
            text = rows[column]
            if rows.aggregate(n=text.count() - text.nunique()).execute()["n"].iloc[0] == 0:
                _take(found, "order_id", column, "no two cells are alike")
                return


def _by_codes(found: Recognised) -> None:
    """Take a column whose name holds a word for currencies and whose cells are codes of them."""
    for column in found.free:
        if not {*folded(column).split()} & words_of("currency"):
            continue
        text = found.export.texts[column]
        if (text.re_search("^[A-Za-z]{3}$").mean() == 1).fill_null(False).execute():
            _take(found, "currency", column, "its cells are codes of currencies")
            return


def by_values(found: Recognised, meaning: str) -> list[str]:
    """Return the columns that could mean something by their values alone."""
    return [column for column in found.free if fits(found, meaning, column)]


def fits(found: Recognised, meaning: str, column: str) -> bool:
    """Return whether a column could mean something by its values alone."""
    read = _fit(found.export, meaning, column)
    return read is not None and read[0] >= _FITS and not _is_counted(read[1])


def _is_counted(reading: Reading | None) -> bool:
    """Whether days are numbers: of a column that is not called a day they are more likely ids."""
    lines = reading.settings if reading else ()
    return any(f'"{form}"' in line for form in COUNTED for line in lines)


def take_by_values(found: Recognised, meaning: str, column: str, why: str) -> None:
    """Take a column for a meaning that its values fit."""
    _take(found, meaning, column, why)


def _in_order() -> list[str]:
    required = CANONICAL["orders"].required
    return [*required, *(meaning for meaning in vocabulary() if meaning not in required)]


def _by_name(found: Recognised, meaning: str) -> None:
    names = vocabulary()[meaning]
    turned = {" ".join(sorted(name.split())): name for name in reversed(names)}
    called = {}
    bare = bare_names(found.export.columns)
    joined = {name.replace(" ", ""): name for name in reversed(names) if len(name) > _LONG}
    for column in found.free:
        own = [folded(column), folded(without_unit(column)), bare[column]]
        own.append(re.sub(_SUMMED, "", own[0]))
        words = " ".join(sorted(own[0].split()))
        other = turned.get(words, joined.get(own[0].replace(" ", ""), ""))
        called[column] = next((n for n in own if n in names), other)
    exact = sorted(
        (names[called[column]].rank, at, column)
        for at, column in enumerate(found.free)
        if called[column] and _allowed(found, meaning, called[column])
    )
    likely = sorted(
        (known.rank, at, column, name)
        for at, column in enumerate(found.free)
        for name, known in names.items()
        if " " in name and f" {name} " in f" {folded(column)} "
    )
    choices = [(c, f"{names[called[c]].language} name") for _, _, c in exact]
    if meaning == "revenue":  # what is called a total without tax goes before what is called one
        net = [
            c
            for c in found.free
            if (bare_name := without_tax(c)) != folded(c)
            and bare_name in (names if c not in dict(choices) else {folded(choices[0][0])})
        ]
        untaxed = [(c, "its name says without tax") for c in net]
        choices = [*untaxed, *(one for one in choices if one[0] not in net)]
    choices += [(c, f"its name holds '{n}'") for _, _, c, n in likely if c not in dict(choices)]
    for column, why in choices:
        rivals = tuple(c for c, _ in choices if c != column)
        if meaning == "account_id" and _is_ours(found, column):
            found.refused.append(f"'{column}' is the same in all rows and so no customer")
            continue
        if meaning == "account_id" and _is_of_lines(found, column):
            found.refused.append(f"'{column}' differs within an order and so is no customer")
            continue
        if _take(found, meaning, column, why, rivals):
            return


def _is_of_lines(found: Recognised, column: str) -> bool:
    """Whether most orders of several lines have several values of a column: an order has one
    customer.
    """
    if not found.has("order_id"):
        return False
    order, own = (quoted_name(one) for one in (found.known["order_id"].column, column))
    table = quoted_name(found.export.texts.get_name())
    sql = (
        f"SELECT count(*), count_if(kinds > 1) FROM (SELECT count(DISTINCT {own}) AS kinds "
        f"FROM {table} WHERE {order} IS NOT NULL GROUP BY {order} HAVING count({own}) > 1)"
    )
    many, several = found.export.texts.get_backend().raw_sql(sql).fetchone()
    return bool(many >= _FEWEST_ORDERS and several > _MOSTLY_ORDERS * many)


def is_heading(part: Recognised, column: str) -> bool:
    """Whether a column is filled in rows without a day alone, as names above a group are, and the
    rows with one are many more.
    """
    if not part.has("order_date"):
        return False
    day, own = (quoted_name(one) for one in (part.known["order_date"].column, column))
    table = quoted_name(part.export.texts.get_name())
    sql = f"SELECT count({own}), count({day}), count({own}) FILTER ({day} IS NOT NULL) FROM {table}"
    names, days, both = part.export.texts.get_backend().raw_sql(sql).fetchone()
    return bool(0 < names < days and not both)


def is_money(part: Recognised, column: str) -> bool:
    """Whether most cells of a column are written as money: with decimals, or a currency's sign."""
    text = part.export.texts[column]
    is_so = text.re_search(r"^[^\pL\d]*\d[\d., ']*[.,]\d{1,4}\D{0,4}$|^[$€£¥]")
    return bool((is_so.mean() > 1 - _FITS).fill_null(False).execute())


def tells_apart(part: Recognised, column: str, others: Sequence[str]) -> bool:
    """Whether each value of a column has one value of each of the others, as an order's number has
    one customer and one day.
    """
    own, table = quoted_name(column), quoted_name(part.export.texts.get_name())
    pairs = ", ".join(map(quoted_name, [column, *others]))
    sql = (
        f"SELECT count(DISTINCT {own}), count(DISTINCT ({pairs})) FROM {table} "
        f"WHERE {own} IS NOT NULL"
    )
    kinds, many = part.export.texts.get_backend().raw_sql(sql).fetchone()
    return bool(kinds and many < kinds / _FITS)


def _is_ours(found: Recognised, column: str) -> bool:
    """Whether a column names one account of a ledger, or one company: our own, in all rows."""
    if folded(column) not in _OF_OURS:
        return False
    filled, kinds = _kinds(found.export, column)
    return filled >= _MANY and kinds == 1


def _allowed(found: Recognised, meaning: str, name: str) -> bool:
    """A customer's name is no id where the file also has an id, and no order is one of products."""
    if meaning in ("order_id", "order_date", "revenue") and found.topic in ("accounts", "products"):
        return False
    return not (meaning == "unit_price" and found.topic == "products")


def _take(
    found: Recognised, meaning: str, column: str, why: str, rivals: tuple[str, ...] = ()
) -> bool:
    """Note what a column means where its values fit; else say that they do not."""
    read = _fit(found.export, meaning, column)
    if read is None or read[0] < _FITS:
        if read is not None:
            example = _example(found.export, column)
            found.refused.append(
                f"'{column}' is called like {meaning}, but its values are not ('{example}')"
            )
            found.unread.setdefault(meaning, (column, example, _read_of(read[1])))
        return False
    factor = unit_of(column) if meaning in _AMOUNTS else "1"
    found.known[meaning] = Meaning(column, why, rivals, read[1], read[2], factor)
    return True


def decimal_of(meaning: Meaning) -> str:
    """Return the decimal mark of a column's amounts, as far as their reading says it."""
    lines = meaning.reading.settings[:1] if meaning.reading else ()
    return "," if any('decimal = ","' in line for line in lines) else "."


def _read_of(reading: Reading | None) -> str:
    """Return how many cells the best form reads, and one that it does not."""
    if reading is None or not reading.settings:
        return ""
    form = reading.settings[0].partition(" under ")[0]
    return f"{form} reads {reading.read} of {reading.cells}, not '{reading.left}'"


def _example(export: Export, column: str) -> str:
    """Return the first cell of a column that holds something."""
    if not export.held[column].filled:
        return ""
    rows = export.texts.select(text=column)
    return str(rows.filter(rows["text"].notnull()).limit(1).execute()["text"].iloc[0])


def filled(part: Recognised) -> list[str]:
    """Return the columns that nothing is made of and that hold something."""
    return [column for column in part.free if part.export.held[column].filled]


def is_shared(part: Recognised, column: str) -> bool:
    """Return whether rows share what stands in a column, but not all of them."""
    filled, kinds = _kinds(part.export, column)
    return 1 < kinds < filled


def _kinds(export: Export, column: str) -> tuple[int, int]:
    """Return how many cells are not blank, and how many different ones there are."""
    return export.held[column].filled, int(export.texts[column].nunique().execute())


def examples(part: Recognised, columns: list[str]) -> str:
    """Return columns with a cell of each."""
    return ", ".join(f"{column} ('{_example(part.export, column)}')" for column in columns)


def _fit(
    export: Export, meaning: str, column: str
) -> tuple[float, Reading | None, tuple[str, ...]] | None:
    """Return which share of a column's cells fits a meaning, the reading that reads them, and the
    words that stand for nothing; None for a column without any cell.
    """
    kind = (
        "date"
        if meaning in _DATES
        else "money"
        if meaning in _AMOUNTS
        else "number"
        if meaning in _NUMBERS
        else ""
    )
    type_, seen = export.rows[column].type(), export.held[column]
    if type_.is_nested():
        return None
    if not kind:
        return (1.0, None, ()) if seen.filled else None
    if not type_.is_string() and not (kind == "date" and type_.is_integer()):
        fits = (type_.is_date() or type_.is_timestamp()) if kind == "date" else type_.is_numeric()
        return (1.0 if fits else 0.0), None, ()
    total = seen.filled - seen.without
    if not total:
        return None
    own, backend = quoted_name(column), export.texts.get_backend()
    text = f"regexp_replace({own}, '\\s*%$', '')" if meaning == "discount_share" else own
    table, words = quoted_name(export.texts.get_name()), ", ".join(map(quoted, seen.nothing))
    cells = f"SELECT {text} AS text FROM {table}" + f" WHERE {own} NOT IN ({words})" * bool(words)
    rules = Rules(currency="EUR", is_currency_said=False)
    reading = text_reading(Column(meaning, kind), backend, cells, rules, "")
    if reading is None:
        far = f"SELECT count(*) FROM ({cells}) WHERE regexp_matches(text, '^2[45]\\d\\d-')"
        if kind == "date" and backend.raw_sql(far).fetchone()[0] > _FITS * total:
            return 0.0, None, ()  # years of the Buddhist calendar
        return float(seen.has_figures), None, seen.nothing
    share = reading.read / reading.cells if reading.settings else 0.0
    if kind == "date" and reading.cells < total:
        share = (total - reading.cells * (1 - share)) / total
    return share, reading, seen.nothing


@cache
def _sources(folder: Path) -> tuple[dict[str, Any], ...]:
    found = []
    for file in sorted(folder.glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        found += [{"title": content["title"], **one} for one in content["files"]]
    return tuple(found)


def _known_source(export: Export, folder: Path) -> dict[str, Any] | None:
    """Return the known export whose marking columns a file has, the most of them first."""
    own = {folded(column) for column in export.columns}
    matching = [one for one in _sources(folder) if {folded(n) for n in one["marks"]} <= own]
    return max(matching, key=lambda one: len(one["marks"]), default=None)
