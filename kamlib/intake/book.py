"""A whole book read into the engine; order lines stay there, the other tables come back as frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.columns import read_table
from kamlib.intake.lines import in_book_currency, order_notices, without_repeats
from kamlib.intake.notices import Notice
from kamlib.sources import Engine, read_sources
from kamlib.tables import CANONICAL, empty_table, typed

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Intake:
    """A book as read.

    ``orders`` is the engine's table of order lines, typed, with ``_reason`` (missing where the line
    is used), ``_file`` and ``_row``. ``frames`` holds every other canonical table (empty where the
    book has none). ``rejected`` lists lines that no column could be read of.
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
    notices: tuple[Notice, ...] = field(default=())


def read_book(folder: Path, book: BookSettings, engine: Engine, progress: Progress = lambda _: None) -> Intake:
    """Read a book's tables into the engine.

    Raises
    ------
    KamError
        A file is refused: missing column, ambiguous locale, account listed twice, parent cycle,
        several currencies without rates.
    """
    sources = read_sources(folder, book, engine)
    tables: dict[str, ir.Table] = {}
    given: dict[str, frozenset[str]] = {}
    notices: list[Notice] = []
    for name, source in sources.items():
        if name in CANONICAL:
            progress(name)
            tables[name], given[name] = read_table(source, CANONICAL[name], book, engine, notices)
    frames, side = _frames(tables)
    _check_accounts(frames["accounts"], folder)
    orders = in_book_currency(tables["orders"], given["orders"], frames["rates"], book, engine, folder)
    orders = engine.keep(without_repeats(orders, given["orders"], book), "kam_lines")
    notices += order_notices(orders, given["orders"], frames["accounts"], book, "accounts" in tables)
    rejected = pd.concat(
        [source.rejected.assign(table=name) for name, source in sources.items()], ignore_index=True
    ).reindex(columns=["table", "file", "line", "reason"])
    return Intake(
        folder,
        book,
        engine,
        frozenset(tables),
        orders,
        given["orders"],
        frames,
        side,
        rejected,
        tuple(notices),
    )


def _frames(tables: dict[str, ir.Table]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return every table but orders as a frame, and all their rows that were set aside or used."""
    frames, side = {}, [pd.DataFrame(columns=["table", "file", "row", "reason"])]
    for name, table in CANONICAL.items():
        if name == "orders":
            continue
        if name not in tables:
            frames[name] = empty_table(name)
            continue
        rows = tables[name].order_by("_file", "_row").to_pandas()
        reason = rows["_reason"].astype("object")
        if table.key:
            used = reason.isna()
            repeated = rows[used].duplicated(list(table.key))
            if name == "accounts" and repeated.any():
                twin = rows.loc[repeated[repeated].index[0]]
                raise KamError(
                    f"The account '{twin['account_id']}' is listed twice.",
                    where=f"{twin['_file']}, row {twin['_row']}",
                    next="Keep one row per account: a second one would count its orders twice.",
                )
            reason[repeated[repeated].index] = f"repeats its {' and '.join(table.key)}"
        side.append(
            pd.DataFrame({"table": name, "file": rows["_file"], "row": rows["_row"], "reason": reason.fillna("used")})
        )
        frames[name] = typed(rows[reason.isna()], name)
    return frames, pd.concat(side, ignore_index=True)


def _check_accounts(accounts: pd.DataFrame, folder: Path) -> None:
    parents: dict[Any, str] = accounts.dropna(subset=["parent_id"]).set_index("account_id")["parent_id"].to_dict()
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
