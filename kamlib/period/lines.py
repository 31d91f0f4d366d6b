"""Order lines from the engine, for a look at what a figure is made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.errors import KamError
from kamlib.period.snapshot import Snapshot

if TYPE_CHECKING:
    from kamlib.intake import Intake
    from kamlib.period.sums import Term

_ORDER = ["order_date", "order_id", "_file", "_row"]


def order_lines(
    snapshot: Snapshot,
    as_of: pd.Timestamp,
    *,
    account_id: str | None = None,
    product_id: str | None = None,
) -> pd.DataFrame:
    """One row per used order line up to a day, in the order of the book's files."""
    with _used_lines(snapshot, as_of) as (lines, _):
        for name, wanted in (("account_id", account_id), ("product_id", product_id)):
            if wanted is not None:
                lines = lines.filter(lines[name] == wanted)
        return _frame(lines.drop("_file", "_row"), ["order_date", "order_id"])


def lines_of_terms(
    snapshot: Snapshot, as_of: pd.Timestamp, terms: Sequence[Term], most: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per term with its lines and amount, and the first order lines of all terms."""
    with _used_lines(snapshot, as_of) as (lines, intake):
        sums, parts = [], []
        for number, term in enumerate(terms):
            own = _lines_of(term, lines, intake, f"kam_spans_{number}")
            sums.append({**_about(term), **_summed(own, term)})
            if term.amount is None:
                parts.append(_frame(own, _ORDER, most).assign(term=term.said))
    shown = pd.concat(parts, ignore_index=True).rename(columns={"_file": "file", "_row": "row"})
    first = ["term", "file", "row"]
    shown = shown[[*first, *(name for name in shown if name not in first)]].head(most)
    return pd.DataFrame(sums), shown.dropna(axis="columns", how="all")


def _lines_of(term: Term, lines: ir.Table, intake: Intake, name: str) -> ir.Table:
    """Return the lines that a term counts, as an expression."""
    known = term.spans.assign(
        **{
            f"own_{n}": term.spans["account_id"].map(one.own).astype("str")
            for n, one in enumerate(term.by)
            if one.own is not None
        }
    )
    spans = intake.engine.connection.create_table(name, known, temp=True, overwrite=True)
    spans = spans.mutate(**{day: spans[day].cast("date") for day in ("first_date", "last_date")})
    is_in = lines["order_date"].between(spans["first_date"], spans["last_date"])
    joined = lines.join(spans, [lines["account_id"] == spans["account_id"], is_in])
    for number, one in enumerate(term.by):
        said = [joined[name] for name in one.columns if name in lines.columns]
        said += [joined[f"own_{number}"]] if one.own is not None else []
        group = ibis.coalesce(*said, ibis.null("string"))
        joined = joined.filter(group.isin(one.values) if one.values else group.isnull())
    return joined.select(*lines.columns)


def _about(term: Term) -> dict[str, object]:
    spans = term.spans
    return {
        "term": term.said,
        "is_base": term.is_base,
        "accounts": spans["account_id"].nunique(),
        "first_date": spans["first_date"].min(),
        "last_date": spans["last_date"].max(),
    }


def _summed(lines: ir.Table, term: Term) -> dict[str, object]:
    """Return the number of lines of a term, and what it adds to the figure."""
    if term.amount is not None:
        return {"lines": 0, "amount": term.sign * term.amount}
    if "cost" not in lines.columns:
        lines = lines.mutate(cost=ibis.null("decimal(38, 6)"))
    order = ibis.struct(
        {"order": lines["order_id"], "day": lines["order_date"], "account": lines["account_id"]}
    )
    amounts = {
        "revenue": lines["revenue"].sum(),
        "cost": lines["cost"].sum(),
        "margin": lines["revenue"].sum() - lines["cost"].sum(),
        "order_count": order.nunique(),
    }
    row = lines.aggregate(lines=lines.count(), amount=amounts[term.what]).to_pyarrow().to_pylist()
    amount = row[0]["amount"]
    return {"lines": row[0]["lines"], "amount": term.sign * float(amount or 0)}


@contextmanager
def _used_lines(snapshot: Snapshot, as_of: pd.Timestamp) -> Iterator[tuple[ir.Table, Intake]]:
    """Open the book again and give its used lines up to a day.

    Raises
    ------
    KamError
        The book's files cannot be reached from here.
    """
    from kamlib.intake import read_book
    from kamlib.intake.sources import open_engine

    if not snapshot.source or not Path(snapshot.source).is_dir():
        raise KamError(
            "Order lines cannot be reached from here: the report holds tables alone.",
            where="order_lines",
            next="Open the book itself: kam.open_period('mybook').order_lines(…)",
        )
    with open_engine() as engine:
        intake = read_book(Path(snapshot.source), snapshot.book, engine)
        lines = intake.orders.filter(
            intake.orders["_reason"].isnull() & (intake.orders["order_date"] <= as_of.date())
        )
        hidden = [n for n in lines.columns if n.startswith("_") and n not in ("_file", "_row")]
        yield lines.drop(*hidden), intake


def _frame(lines: ir.Table, order: list[str], most: int | None = None) -> pd.DataFrame:
    """Bring lines to pandas: money as floats, the day as a date."""
    lines = lines.order_by(order)
    if most is not None:
        lines = lines.limit(most)
    kept = {
        name: lines[name].cast("float64") if lines[name].type().is_decimal() else lines[name]
        for name in lines.columns
    }
    frame = lines.select(**kept).to_pandas()
    frame["order_date"] = pd.to_datetime(frame["order_date"]).astype("datetime64[us]")
    return frame
