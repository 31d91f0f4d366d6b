"""From text to canonical tables: every row is used, or listed with the reason it was not.

All reading happens inside the engine. Order lines stay there (:mod:`kamlib.activity` condenses
them); the other tables are small and come back as frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.book import BookSettings
from kamlib.casting import MONEY, ambiguous, cleaned, last_day, problem, reader
from kamlib.errors import KamError, nearest
from kamlib.sources import Engine, Source, read_sources
from kamlib.tables import CANONICAL, Column, Table, empty_table, typed

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Notice:
    """Something the reader should know: what was found, in which table, and what to do."""

    table: str
    what: str
    next: str = ""


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
            tables[name], given[name] = _read_table(source, CANONICAL[name], book, engine, notices)
    frames, side = _frames(tables)
    _check_accounts(frames["accounts"], folder)
    orders = _in_book_currency(tables["orders"], given["orders"], frames["rates"], book, engine, folder)
    orders = engine.keep(_without_repeats(orders, given["orders"], book), "kam_lines")
    notices += _order_notices(orders, given["orders"], frames["accounts"], book, "accounts" in tables)
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


def _read_table(
    source: Source, table: Table, book: BookSettings, engine: Engine, notices: list[Notice]
) -> tuple[ir.Table, frozenset[str]]:
    rows = _renamed(source, table, book)
    given = frozenset(name for name in table.names if name in rows.columns)
    missing = [name for name in table.required if name not in given]
    where = ", ".join(file.name for file in source.files[:3])
    if missing:
        found = [c for c in rows.columns if not c.startswith("_")]
        raise KamError(
            f"The table '{table.name}' has no column '{missing[0]}'.",
            where=f"{where}: found {', '.join(found) or 'nothing'}",
            next=f"{nearest(missing[0], found)} It needs {', '.join(table.required)}; a column of another name is "
            f'mapped under [columns.{table.name}] in book.toml: {missing[0]} = "Its name".',
        )
    columns = [table.column(name) for name in table.names if name in given]
    _refuse_ambiguous(rows, columns, book, where)
    values, reasons = {}, []
    if "set_aside" in rows.columns:
        reasons.append(cleaned(rows["set_aside"]))
    for column in columns:
        raw = rows[column.name]
        value = reader(column, book.input, is_excel=source.is_excel)(raw)
        values[column.name] = value
        is_blank = cleaned(raw).isnull()
        if column.required:
            reasons.append(_if(is_blank, f"no {column.name}"))
        reasons.append(_if(~is_blank & value.isnull(), problem(column)))
        if column.least is not None or column.most is not None:
            reasons.append(_if(_outside(value, column), f"{column.name} is outside its limits"))
    kept = rows.select(
        **values,
        _reason=ibis.coalesce(*reasons),
        _file=rows["_file"],
        _row=rows["_row"],
        _mended=_mended(rows, values, columns),
    )
    kept = engine.keep(kept, f"kam_typed_{table.name}")
    mended, total = kept.aggregate(m=kept["_mended"].sum(), n=kept.count()).execute().iloc[0]
    if not total:
        notices.append(Notice(table.name, f"{where} has no rows.", "Add rows, or remove the file."))
    if mended and mended == mended:
        notices.append(
            Notice(table.name, f"{int(mended):,} ids had blanks or invisible characters around them: mended.")
        )
    return kept.drop("_mended"), given


def _renamed(source: Source, table: Table, book: BookSettings) -> ir.Table:
    """Apply the book's column names; names match whatever their case."""
    rows, renames = source.rows, {}
    by_fold = {column.casefold(): column for column in rows.columns}
    for name, theirs in book.columns.get(table.name, {}).items():
        if theirs.casefold() not in by_fold:
            found = [c for c in rows.columns if not c.startswith("_")]
            raise KamError(
                f"The table '{table.name}' has no column '{theirs}'.",
                where=f"[columns.{table.name}] {name} in book.toml; {source.files[0].name} has {', '.join(found)}",
                next=nearest(theirs, found),
            )
        renames[name] = by_fold[theirs.casefold()]
    for name in (*table.names, "set_aside"):
        if name not in renames and name in by_fold and by_fold[name] not in renames.values():
            renames[name] = by_fold[name]
    return rows.select(**{name: rows[theirs] for name, theirs in renames.items()}, _file="_file", _row="_row")


def _refuse_ambiguous(rows: ir.Table, columns: list[Column], book: BookSettings, where: str) -> None:
    tests = {c.name: ambiguous(c, rows[c.name], book.input) for c in columns}
    open_ = {name: rows[name].max(where=test) for name, test in tests.items() if test is not None}
    if not open_:
        return
    for name, example in rows.aggregate(**open_).execute().iloc[0].items():
        if pd.notna(example):
            is_date = next(c for c in columns if c.name == name).type in ("date", "month")
            raise KamError(
                f"'{example}' can be read in two ways.",
                where=f"{where}, column {name}",
                next='Say how dates are written: date_format = "%d/%m/%Y" under [input] in book.toml.'
                if is_date
                else 'Say which mark is the decimal one: decimal = "," under [input] in book.toml.',
            )


def _if(test: ir.BooleanValue, reason: str) -> ir.StringValue:
    return ibis.ifelse(test, ibis.literal(reason), ibis.null("string"))


def _outside(value: ir.Value, column: Column) -> ir.BooleanValue:
    low = value < column.least if column.least is not None else ibis.literal(False)
    return low | (value > column.most) if column.most is not None else low


def _mended(rows: ir.Table, values: dict[str, ir.Value], columns: list[Column]) -> ir.IntegerValue:
    ids = [c.name for c in columns if c.type == "id" and rows[c.name].type().is_string()]
    changed = [(rows[name] != cleaned(rows[name])).fill_null(False).cast("int64") for name in ids]
    total = ibis.literal(0)
    for one in changed:
        total = total + one
    return total


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
    parents = accounts.dropna(subset=["parent_id"]).set_index("account_id")["parent_id"].to_dict()
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


def _in_book_currency(
    orders: ir.Table, given: frozenset[str], rates: pd.DataFrame, book: BookSettings, engine: Engine, folder: Path
) -> ir.Table:
    """Convert amounts by the month's rate (book currency for one unit)."""
    if "currency" not in given:
        return orders
    used = orders.filter(orders["_reason"].isnull())
    found = set(used["currency"].upper().name("c").as_table().distinct().execute()["c"].dropna())
    foreign = found - {book.currency.upper()}
    if not foreign:
        return orders
    if rates.empty:
        raise KamError(
            f"Orders are in several currencies: {', '.join(sorted(found))}.",
            where=f"{folder}/orders, column currency",
            next=f"Add a table rates (month, currency, rate: {book.currency} for one unit), or convert in orders.sql.",
        )
    known = engine.connection.create_table(
        "kam_rates",
        rates.assign(currency=rates["currency"].str.upper())[["month", "currency", "rate"]],
        temp=True,
        overwrite=True,
    ).mutate(month=ibis._["month"].cast("date"), rate=ibis._["rate"].cast("float64"))
    lines = orders.mutate(_month=last_day(orders["order_date"]), _code=orders["currency"].upper())
    joined = lines.left_join(known, [lines["_month"] == known["month"], lines["_code"] == known["currency"]])
    home = joined["_code"].fill_null(book.currency.upper()) == book.currency.upper()
    factor = ibis.ifelse(home, ibis.literal(1.0), joined["rate"])
    converted = {
        name: ibis.ifelse(home, joined[name], (joined[name].cast("float64") * factor).cast(MONEY))
        for name in ("revenue", "cost")
        if name in orders.columns
    }
    reason = ibis.coalesce(joined["_reason"], _if(factor.isnull(), "no rate for its month and currency"))
    return engine.keep(joined.mutate(**converted, _reason=reason).select(orders.columns), "kam_converted")


def _without_repeats(orders: ir.Table, given: frozenset[str], book: BookSettings) -> ir.Table:
    """Set repeated lines aside: by line_id where there is one, else as the book says."""
    used = orders["_reason"].isnull()
    if "line_id" in given:
        same = ibis.window(group_by=[orders["order_id"], orders["line_id"], used])
        first = ibis.window(
            group_by=[orders["order_id"], orders["line_id"], used], order_by=[orders["_file"], orders["_row"]]
        )
        is_named = used & orders["line_id"].notnull()
        differs = orders["revenue"].min().over(same) != orders["revenue"].max().over(same)
        later = ibis.row_number().over(first) > 0
        reason = ibis.cases(
            (is_named & differs, "same line_id with different amounts"),
            (is_named & later, "repeats its line_id"),
            else_=ibis.null("string"),
        )
        return orders.mutate(_reason=ibis.coalesce(orders["_reason"], reason))
    if book.input.duplicates == "set aside":
        twins = ibis.window(
            group_by=[orders[name] for name in sorted(given)] + [used], order_by=[orders["_file"], orders["_row"]]
        )
        later = used & (ibis.row_number().over(twins) > 0)
        return orders.mutate(_reason=ibis.coalesce(orders["_reason"], _if(later, "repeats another line")))
    return orders


def _order_notices(
    orders: ir.Table, given: frozenset[str], accounts: pd.DataFrame, book: BookSettings, has_accounts: bool
) -> list[Notice]:
    used = orders.filter(orders["_reason"].isnull())
    notices = []
    if "line_id" not in given and book.input.duplicates == "accept":
        groups = used.group_by(sorted(given)).aggregate(n=used.count()).filter(ibis._["n"] > 1)
        count, amount = (
            groups.aggregate(n=(groups["n"] - 1).sum(), amount=(groups["revenue"] * (groups["n"] - 1)).sum())
            .execute()
            .iloc[0]
        )
        if pd.notna(count) and count > 0:
            notices.append(
                Notice(
                    "orders",
                    f"{int(count):,} lines repeat another one ({book.currency} {float(amount):,.2f}); they are used.",
                    'If they are mistakes, say duplicates = "set aside" under [input] in book.toml.',
                )
            )
    if not book.input.fold_case:
        folded = used.group_by(fold=used["account_id"].lower()).aggregate(ids=used["account_id"].nunique())
        twins = folded.filter(folded["ids"] > 1).count().execute()
        if twins:
            notices.append(
                Notice(
                    "orders",
                    f"{twins:,} account ids differ from another one only by upper and lower case.",
                    "If they are the same account, say fold_case = true under [input] in book.toml.",
                )
            )
    if has_accounts:
        ids = set(used["account_id"].name("a").as_table().distinct().execute()["a"])
        unlisted = ids - set(accounts["account_id"])
        if unlisted:
            notices.append(
                Notice(
                    "orders",
                    f"{len(unlisted):,} accounts with orders are not in the table accounts; their id is their name.",
                    "Add them to accounts.",
                )
            )
    return notices


def row_account(intake: Intake, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """One row per table and reason: how many rows of input were used or set aside.

    With ``as_of`` only rows dated up to that day count, and rows whose date cannot be read.

    Columns
    -------
    table: the table, ``raw/…`` for files that only .sql files read
    reason: ``used``, or why the rows were set aside
    rows: number of rows
    revenue: sum of their readable amounts (orders only; book currency)
    """
    lines = intake.orders
    if as_of is not None:
        lines = lines.filter(lines["order_date"].isnull() | (lines["order_date"] <= as_of.date()))
    orders = (
        lines.group_by(reason=lines["_reason"].fill_null("used"))
        .aggregate(rows=lines.count(), revenue=lines["revenue"].sum())
        .to_pandas()
        .assign(table="orders")
    )
    orders["revenue"] = orders["revenue"].astype("float64")
    side = intake.side_rows.groupby(["table", "reason"], as_index=False).size().rename(columns={"size": "rows"})
    rejected = intake.rejected.groupby(["table", "reason"], as_index=False).size().rename(columns={"size": "rows"})
    order = {name: number for number, name in enumerate(CANONICAL)}
    return (
        pd.concat([orders, side, rejected], ignore_index=True)
        .reindex(columns=["table", "reason", "rows", "revenue"])
        .assign(
            table_number=lambda f: f["table"].map(order).fillna(99),
            is_aside=lambda f: f["reason"].ne("used"),
        )
        .sort_values(["table_number", "table", "is_aside", "reason"], kind="stable")
        .reset_index(drop=True)[["table", "reason", "rows", "revenue"]]
        .astype({"rows": "int64", "table": "str", "reason": "str"})
    )


def control_totals(intake: Intake) -> dict[str, object]:
    """Return the sums a reader reconciles: revenue, cost, orders, accounts, first and last date."""
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    has_cost = "cost" in intake.order_columns
    row = (
        used.aggregate(
            revenue=used["revenue"].sum(),
            cost=used["cost"].sum() if has_cost else ibis.null(MONEY),
            orders=used["order_id"].nunique(),
            accounts=used["account_id"].nunique(),
            first_date=used["order_date"].min(),
            last_date=used["order_date"].max(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    return {
        "revenue": float(row["revenue"] or 0),
        "cost": None if row["cost"] is None else float(row["cost"]),
        "orders": row["orders"],
        "accounts": row["accounts"],
        "first_date": row["first_date"] and row["first_date"].isoformat(),
        "last_date": row["last_date"] and row["last_date"].isoformat(),
    }


def set_aside_rows(intake: Intake, limit: int = 10_000) -> pd.DataFrame:
    """One row per row of input that was set aside: table, file, row or line, reason (at most ``limit``)."""
    lines = intake.orders
    aside = lines.filter(lines["_reason"].notnull()).select(
        file=lines["_file"], row=lines["_row"], reason=lines["_reason"], revenue=lines["revenue"].cast("float64")
    )
    orders = aside.order_by("file", "row").limit(limit).to_pandas().assign(table="orders")
    side = intake.side_rows[intake.side_rows["reason"].ne("used")]
    return (
        pd.concat([orders, side, intake.rejected], ignore_index=True)
        .reindex(columns=["table", "file", "row", "line", "reason", "revenue"])
        .head(limit)
        .reset_index(drop=True)
    )
