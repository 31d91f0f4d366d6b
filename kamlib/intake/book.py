"""A whole book read into the engine; order lines stay there, other tables come back as frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.columns import TypedRows, check_rows, read_table
from kamlib.intake.lines import in_book_currency, order_notices, without_repeats
from kamlib.intake.notices import Notice
from kamlib.intake.plans import plan_notices
from kamlib.intake.sources import Engine, read_sources
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
    sources = read_sources(folder, book, engine)
    reads: dict[str, TypedRows] = {}
    for name, source in sources.items():
        if name in CANONICAL:
            progress(name)
            reads[name] = read_table(source, CANONICAL[name], book)
    given = reads["orders"].given
    orders, notices = _order_lines(reads.pop("orders"), engine)
    frames, side = _frames(reads, notices)
    _check_accounts(frames["accounts"], folder)
    orders = in_book_currency(orders, given, frames["rates"], book, engine, folder)
    if (judged := without_repeats(orders, given, book)) is not orders:
        orders = engine.keep(judged, "kam_lines")
    ids = set(
        orders.filter(orders["_reason"].isnull())["account_id"]
        .name("a")
        .as_table()
        .distinct()
        .execute()["a"]
    )
    notices += order_notices(
        orders, given, frames["accounts"], book, ids if "accounts" in reads else set()
    )
    notices += plan_notices(folder, ids | set(frames["accounts"]["account_id"]), book)
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
        tuple(notices),
    )


def _order_lines(read: TypedRows, engine: Engine) -> tuple[ir.Table, list[Notice]]:
    """Run the reading of the order lines once; they stay in the engine."""
    kept = engine.keep(read.rows, "kam_typed_orders")
    found = kept.aggregate(n=kept.count(), mended=kept["_mended"].sum(), open=kept["_open"].max())
    count, mended, open_cell = found.to_pyarrow().to_pylist()[0].values()
    return kept.drop("_mended", "_open"), check_rows(read, count, int(mended or 0), open_cell)


def _frames(
    reads: dict[str, TypedRows], notices: list[Notice]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return every table but orders as a frame, and all their rows that were set aside or used."""
    frames, side = {}, [pd.DataFrame(columns=["table", "file", "row", "reason"])]
    for name, table in CANONICAL.items():
        if name == "orders":
            continue
        if name not in reads:
            frames[name] = empty_table(name)
            continue
        rows = (
            reads[name]
            .rows.to_pandas()
            .sort_values(["_file", "_row"], kind="stable", ignore_index=True)
        )
        open_cells = rows["_open"].dropna()
        notices += check_rows(
            reads[name],
            len(rows),
            int(rows["_mended"].sum()),
            open_cells.iloc[0] if len(open_cells) else None,
        )
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
            pd.DataFrame(
                {
                    "table": name,
                    "file": rows["_file"],
                    "row": rows["_row"],
                    "reason": reason.fillna("used"),
                }
            )
        )
        frames[name] = typed(rows[reason.isna()], name)
    return frames, pd.concat(side, ignore_index=True)


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
