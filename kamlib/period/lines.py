"""Order lines from the engine, for a look at what a figure is made from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kamlib.errors import KamError
from kamlib.period.snapshot import Snapshot


def order_lines(
    snapshot: Snapshot,
    as_of: pd.Timestamp,
    *,
    account_id: str | None = None,
    product_id: str | None = None,
) -> pd.DataFrame:
    """One row per used order line up to a day, in the order of the book's files."""
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
        for name, wanted in (("account_id", account_id), ("product_id", product_id)):
            if wanted is not None:
                lines = lines.filter(lines[name] == wanted)
        shown = [name for name in lines.columns if not name.startswith("_")]
        kept = {
            name: lines[name].cast("float64") if lines[name].type().is_decimal() else lines[name]
            for name in shown
        }
        frame = lines.order_by(["order_date", "order_id"]).select(**kept).to_pandas()
    frame["order_date"] = pd.to_datetime(frame["order_date"]).astype("datetime64[us]")
    return frame
