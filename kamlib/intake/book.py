"""A whole book read into the engine; order lines stay there, other tables come back as frames."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.byfile import read_by_file
from kamlib.intake.casting import SHORT, cleaned
from kamlib.intake.columns import TypedRows, read_table
from kamlib.intake.findings import are_mixed, check_rows, sign_notices
from kamlib.intake.judged import can_be_judged, judged
from kamlib.intake.lines import in_book_currency, without_repeats
from kamlib.intake.notices import Notice
from kamlib.intake.oddities import line_sizes, order_notices
from kamlib.intake.plans import plan_notices, plans_of
from kamlib.intake.rates import rate_notices
from kamlib.intake.sieve import sieved
from kamlib.intake.sources import Engine, read_sources
from kamlib.intake.sources.engine import quoted_name
from kamlib.intake.sources.scan import unfit_notices
from kamlib.intake.specimens import with_sound
from kamlib.intake.texts import is_of_text, read_texts
from kamlib.intake.ties import tie_notices
from kamlib.tables import CANONICAL, Table, empty_table, typed

Progress = Callable[[str], None]


@dataclass
class Told:
    """What is worth knowing of a book: what its reading showed, and what is asked of its lines."""

    seen: tuple[Notice, ...]
    asked: Callable[[], list[Notice]] = field(repr=False)

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """Both, each worked out once."""
        return (*self.seen, *self.asked())


@dataclass(frozen=True)
class Intake:
    """A book as read.

    ``orders`` is the engine's table of order lines, typed, with ``_reason`` (missing where the line
    is used), ``_value`` (the cell that is the reason), ``_file`` and ``_row``. ``frames`` holds
    every other canonical table (empty where the book has none). ``side_rows`` says of each row of
    theirs what became of it, ``rejected`` lists lines that no column could be read of. Account
    plans lie in ``plan_folder``; ``declared`` are the reasons that the book itself gives.
    """

    folder: Path
    book: BookSettings
    engine: Engine
    present: frozenset[str]
    orders: ir.Table
    order_columns: frozenset[str]
    frames: dict[str, pd.DataFrame]
    side_rows: pd.DataFrame
    rejected: pd.DataFrame
    told: Told
    declared: frozenset[str] = frozenset()
    plan_folder: Path | None = None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is worth knowing of the book; what is told of its lines is asked of them once, when
        it is wanted, and not after the engine is closed.
        """
        return self.told.notices

    def plans(self, accounts: Collection[str]) -> dict[str, Path]:
        """Return the account plans, by account."""
        return plans_of(self.plan_folder or self.folder, accounts, self.book)[0]

    def let_go(self) -> None:
        """Close the engine: nothing of the book is asked for any more, and its lines take most of
        the memory that there is.
        """
        self.engine.close()


def read_book(
    folder: Path, book: BookSettings, engine: Engine, progress: Progress = lambda _: None
) -> Intake:
    """Read a book's tables into the engine.

    Raises
    ------
    KamError
        A file is refused: missing column, ambiguous locale, account listed twice, parent cycle,
        several currencies without rates.
    """
    engine.check_settings(book)
    sources = read_sources(folder, book, engine)
    reads: dict[str, TypedRows] = {}
    for name, source in sources.items():
        if name not in CANONICAL:
            continue
        progress(name)
        if source.unread is not None:
            reads[name], lost = sieved(source, source.unread, CANONICAL[name], book, engine)
            sources[name] = replace(source, rejected=lost)
        elif (parts := source.parts) is not None:
            reads[name], lost = read_by_file(source, parts, CANONICAL[name], book, engine)
            sources[f"raw/{parts.table}"] = replace(sources[f"raw/{parts.table}"], rejected=lost)
        else:
            reads[name] = read_table(source, CANONICAL[name], book)
    given, theirs = reads["orders"].given, reads["orders"].theirs
    declared = frozenset().union(*(_declared(read) for read in reads.values()))
    told = [notice for source in sources.values() for notice in source.notices]
    for name, source in sources.items():
        told += unfit_notices(name, source.rejected)
    orders, notices = _order_lines(reads.pop("orders"), engine)
    notices = told + notices
    frames, side = _frames(reads, notices, engine)
    _check_accounts(frames["accounts"], folder)
    has_rates = "rates" in reads
    orders = in_book_currency(
        orders, given, frames["rates"], book, engine, folder, has_rates=has_rates
    )
    if (judged := without_repeats(orders, given, book)) is not orders:
        orders = engine.keep(judged, "kam_lines")
    listed = frames["accounts"] if "accounts" in reads else None

    def asked() -> list[Notice]:
        sizes = line_sizes(orders)
        ids = set(sizes["account_id"])
        return [
            *order_notices(orders, theirs, listed, book, sizes),
            *tie_notices(frames, ids, reads),
            *rate_notices(orders, given, frames["rates"], book),
            *plan_notices(folder, ids | set(frames["accounts"]["account_id"]), book),
        ]

    rejected = pd.concat(
        [source.rejected.assign(table=name) for name, source in sources.items()], ignore_index=True
    ).reindex(columns=["table", "file", "line", "reason"])
    return Intake(
        folder,
        book,
        engine,
        frozenset({"orders", *reads}),
        orders,
        given,
        frames,
        side,
        rejected,
        Told(tuple(notices), asked),
        declared,
    )


def _declared(read: TypedRows) -> frozenset[str]:
    """Return the reasons for which the book says to set rows of a table aside."""
    if "set_aside" not in read.theirs:
        return frozenset()
    found = read.cells.select(said=cleaned(read.cells["set_aside"])).distinct().to_pandas()
    return frozenset(found["said"].dropna())


def _order_lines(read: TypedRows, engine: Engine) -> tuple[ir.Table, list[Notice]]:
    """Judge the order lines once; they stay in the engine, or where they lie."""
    try:
        if can_be_judged(read):
            whole, found = judged(read, engine)
            return whole, check_rows(read, found)
        if not (read.is_kept or read.is_excel):
            read = with_sound(read, engine)
        kept = read.rows if read.is_kept else _kept(read.rows, engine)
    except duckdb.Error as error:
        raise KamError(
            f"The file cannot be read: {str(error).splitlines()[0]}",
            where=read.where,
            next="Export it again.",
        ) from None
    signs: set[str] = set()
    if not read.rules.is_currency_said:
        signs = set(kept["_sign"].name("s").as_table().distinct().execute()["s"].dropna())
    if are_mixed(signs):
        read = read.with_currency()
        kept = engine.keep(read.rows, "kam_strict_orders")
    found = kept.group_by(reason=kept["_reason"]).aggregate(
        n=kept.count(), mended=kept["_mended"].sum(), open=kept["_open"].max()
    )
    notices = [*sign_notices(read, signs), *check_rows(read, found.to_pandas())]
    return kept.drop("_mended", "_open", "_sign"), notices


def _kept(rows: ir.Table, engine: Engine) -> ir.Table:
    """Keep order lines in the engine, their amounts as short numbers where they fit."""
    amounts = [name for name, type_ in rows.schema().items() if type_.is_decimal()]
    try:
        return engine.keep(rows.cast(dict.fromkeys(amounts, SHORT)), "kam_typed_orders")
    except duckdb.ConversionException:
        return engine.keep(rows, "kam_typed_orders")


def _frames(
    reads: dict[str, TypedRows], notices: list[Notice], engine: Engine
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return every table but orders as a frame, and all their rows that were set aside or used."""
    columns = ["table", "file", "row", "reason", "value", "date"]
    known = read_texts(filter(is_of_text, reads.values()), engine)
    frames, side = {}, [pd.DataFrame(columns=columns).astype({"date": "datetime64[us]"})]
    for name, table in CANONICAL.items():
        if name == "orders":
            continue
        if name not in reads:
            frames[name] = empty_table(name)
            continue
        read = reads[name]
        rows = known[name] if name in known else in_order(read, engine)
        signs = set(rows["_sign"].dropna())
        if are_mixed(signs):
            read = read.with_currency()
            rows = in_order(read, engine)
        notices += sign_notices(read, signs) + check_rows(read, _found(rows))
        reason = rows["_reason"].astype("object")
        if table.key:
            reason = reason.fillna(_repeats(rows[reason.isna()], table))
        side.append(
            pd.DataFrame(
                {
                    "table": name,
                    "file": rows["_file"],
                    "row": rows["_row"],
                    "reason": reason.fillna("used"),
                    "value": rows["_value"],
                    "date": pd.to_datetime(rows[table.date]).astype("datetime64[us]")
                    if table.date
                    else pd.NaT,
                }
            )
        )
        frames[name] = typed(rows[reason.isna()], name)
    return frames, pd.concat(side, ignore_index=True)


def in_order(read: TypedRows, engine: Engine) -> pd.DataFrame:
    """Bring a table's rows to pandas in the order of its files, amounts as floats."""
    rows = read.rows
    floats = [quoted_name(name) for name, type_ in rows.schema().items() if type_.is_decimal()]
    casts = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in floats)
    shown = f"* REPLACE ({casts})" if floats else "*"
    return engine.frame(f"SELECT {shown} FROM {rows.get_name()} ORDER BY _file, _row")


def _found(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per reason (missing for rows used): n, mended, open."""
    if rows["_reason"].isna().all() and rows["_open"].isna().all():
        whole = {"reason": [None], "n": [len(rows)], "mended": [rows["_mended"].sum()]}
        return pd.DataFrame({**whole, "open": [None]}).head(len(rows))
    return (
        rows.groupby("_reason", dropna=False, as_index=False)
        .agg(n=("_row", "size"), mended=("_mended", "sum"), open=("_open", "max"))
        .rename(columns={"_reason": "reason"})
    )


def _repeats(rows: pd.DataFrame, table: Table) -> pd.Series:
    """Return why rows are set aside that share their key with another, whatever their order.

    The rows of the earliest day decide, so that a later row changes nothing before it: equal ones
    count once, others not at all.
    """
    key, given = list(table.key), [name for name in table.names if name in rows.columns]
    reason = pd.Series(pd.NA, index=rows.index, dtype="object")
    twins = rows[rows.duplicated(key, keep=False)]
    if twins.empty:
        return reason
    if table.name == "accounts":
        twin = twins[twins.duplicated(key)].iloc[0]
        raise KamError(
            f"The account '{twin['account_id']}' is listed twice.",
            where=f"{twin['_file']}, row {twin['_row']}",
            next="Keep one row per account: a second one would count its orders twice.",
        )
    named = " and ".join(key)
    if table.date and table.date not in key:
        is_later = twins[table.date] > twins.groupby(key)[table.date].transform("min")
        reason[is_later[is_later].index] = f"repeats its {named}"
        twins = twins[~is_later]
    is_again = twins.duplicated(given)
    differs = twins[~is_again].duplicated(key, keep=False)
    conflict = (
        twins[key]
        .apply(tuple, axis=1)
        .isin(set(twins.loc[differs[differs].index, key].apply(tuple, axis=1)))
    )
    reason[is_again[is_again].index] = f"repeats its {named}"
    reason[conflict[conflict].index] = f"same {named} with different values"
    return reason


def _check_accounts(accounts: pd.DataFrame, folder: Path) -> None:
    parents: dict[Any, str] = (
        accounts.dropna(subset=["parent_id"]).set_index("account_id")["parent_id"].to_dict()
    )
    for start in parents:
        path, here = [start], parents[start]
        while here in parents and here not in path:
            path.append(here)
            here = parents[here]
        if here in path:
            ring = path[path.index(here) :]
            raise KamError(
                f"Company groups run in a circle: {' → '.join([*ring, here])}.",
                where=f"{folder}/accounts, column parent_id",
                next="Leave the parent_id of the group's head empty.",
            )
