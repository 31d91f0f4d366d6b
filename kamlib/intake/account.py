"""Accounting for every row: how many were used, set aside and why, and the sums to reconcile."""

from __future__ import annotations

import ibis
import pandas as pd

from kamlib.intake.book import Intake
from kamlib.intake.casting import MONEY, pair
from kamlib.intake.totals import EMPTY, TOTAL
from kamlib.tables import CANONICAL


def row_account(intake: Intake, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """One row per table and reason: how many rows of input were used or set aside.

    With ``as_of`` only rows dated up to that day count, and rows whose date cannot be read.
    """
    lines, side_rows = intake.orders, intake.side_rows
    if as_of is not None:
        lines = lines.filter(lines["order_date"].isnull() | (lines["order_date"] <= as_of.date()))
        side_rows = side_rows[side_rows["date"].isna() | side_rows["date"].le(as_of)]
    orders = (
        lines.group_by(reason=lines["_reason"].fill_null("used"))
        .aggregate(rows=lines.count(), revenue=lines["revenue"].sum())
        .to_pandas()
        .assign(table="orders")
    )
    orders["revenue"] = orders["revenue"].astype("float64")
    side = (
        side_rows.groupby(["table", "reason"], as_index=False)
        .size()
        .rename(columns={"size": "rows"})
    )
    rejected = (
        intake.rejected.groupby(["table", "reason"], as_index=False)
        .size()
        .rename(columns={"size": "rows"})
    )
    order = {name: number for number, name in enumerate(CANONICAL)}
    return (
        pd.concat([orders, side, rejected], ignore_index=True)
        .reindex(columns=["table", "reason", "rows", "revenue"])
        .assign(use=lambda f: f["reason"].map(lambda reason: _use(reason, intake.declared)))
        .assign(
            table_number=lambda f: f["table"].map(order).fillna(99),
            is_aside=lambda f: f["reason"].ne("used"),
        )
        .sort_values(["table_number", "table", "is_aside", "reason"], kind="stable")
        .reset_index(drop=True)[["table", "reason", "use", "rows", "revenue"]]
        .astype({"rows": "int64", "table": "str", "reason": "str", "use": "str"})
    )


def _use(reason: str, declared: frozenset[str]) -> str:
    if reason == "used":
        return "used"
    is_meant = reason in (TOTAL, EMPTY) or reason.startswith("repeats ") or reason in declared
    return "left out" if is_meant else "unusable"


def control_totals(intake: Intake) -> dict[str, object]:
    """Return the sums a reader reconciles: revenue, cost, orders, accounts, first and last date.

    One number in two accounts is two orders.
    """
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    has_cost = "cost" in intake.order_columns
    row = (
        used.aggregate(
            revenue=used["revenue"].sum(),
            cost=used["cost"].sum() if has_cost else ibis.null(MONEY),
            orders=pair(used["account_id"], used["order_id"]).nunique(),
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


def order_values(intake: Intake, column: str) -> list[str]:
    """Return the different values of a column of the order lines that are used, in order."""
    if column not in intake.order_columns:
        return []
    used = intake.orders.filter(intake.orders["_reason"].isnull())
    found = used.select(column).distinct().to_pyarrow()[column].to_pylist()
    return sorted(str(one) for one in found if one is not None)


def set_aside_rows(intake: Intake, limit: int = 10_000) -> pd.DataFrame:
    """One row per row of input that was set aside: table, file, row or line, reason and the
    cell that is the reason (at most ``limit``).
    """
    lines = intake.orders
    aside = lines.filter(lines["_reason"].notnull()).select(
        file=lines["_file"],
        row=lines["_row"],
        reason=lines["_reason"],
        value=lines["_value"],
        revenue=lines["revenue"].cast("float64"),
    )
    orders = aside.order_by("file", "row").limit(limit).to_pandas().assign(table="orders")
    side = intake.side_rows[intake.side_rows["reason"].ne("used")]
    return (
        pd.concat([orders, side, intake.rejected], ignore_index=True)
        .reindex(columns=["table", "file", "row", "line", "reason", "value", "revenue"])
        .head(limit)
        .reset_index(drop=True)
    )
