"""Order days and months on tiny frames, as the tests of retention share them."""

from __future__ import annotations

import numpy as np
import pandas as pd

AS_OF = pd.Timestamp("2025-12-31")


def days(
    orders: dict[str, list[str]], revenue: float = 100.0, cost: float | None = 60.0
) -> pd.DataFrame:
    """An order day per date, of equal revenue."""
    rows = [(account, date) for account, dates in orders.items() for date in dates]
    frame = pd.DataFrame(rows, columns=["account_id", "date"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[us]")
    return frame.assign(
        account_id=frame["account_id"].astype("str"),
        revenue=revenue,
        cost=np.nan if cost is None else cost,
    )


def every(first: str, gap: int, count: int) -> list[str]:
    return [str(d.date()) for d in pd.date_range(first, periods=count, freq=f"{gap}D")]


def months(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "month", "revenue"])
    frame["month"] = pd.to_datetime(frame["month"]).astype("datetime64[us]")
    return frame.assign(order_day_count=(frame["revenue"] > 0).astype("int64"))


LEAVER = {"GONE": every("2024-01-01", 20, 20), "STAYS": every("2024-01-01", 20, 37)}
