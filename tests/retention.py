"""Order days and months on tiny frames, as the tests of retention share them."""

from __future__ import annotations

import numpy as np
import pandas as pd

import kamlib.retention as ret
from kamlib.book import LossSettings
from kamlib.tables import empty_table, shaped

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


NO_CLASSES = pd.DataFrame({"account_id": [], "abc_revenue": []}, dtype="str")
NO_ACCOUNTS = pd.DataFrame({"account_id": []}, dtype="str")
NO_KEYS = NO_ACCOUNTS.assign(is_key=pd.Series(dtype="bool"))


def keys(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"account_id": pd.Series(ids, dtype="str"), "is_key": True})


def key_then(*ids: str) -> pd.DataFrame:
    """Accounts that were key on the first day of the 12 months and of the period."""
    windows = [(one, window) for window in ("year", "period") for one in ids]
    return pd.DataFrame(windows, columns=["account_id", "followed_over"], dtype="str")


NO_THEN = key_then()


def status(
    orders: pd.DataFrame,
    accounts: pd.DataFrame = NO_ACCOUNTS,
    *,
    as_of: pd.Timestamp = AS_OF,
    **loss: float,
) -> pd.DataFrame:
    """The status of accounts without classes, by the default rule or another."""
    rule = LossSettings(**loss)
    found = silences_of(orders, accounts, as_of=as_of, rule=rule)
    gaps = ret.usual_gaps(found, NO_CLASSES, min_gaps=rule.min_gaps)
    return ret.account_status(found, gaps, closed(found, rule), as_of=as_of, loss=rule)


def silences_of(
    orders: pd.DataFrame,
    accounts: pd.DataFrame = NO_ACCOUNTS,
    *,
    as_of: pd.Timestamp = AS_OF,
    rule: LossSettings = LossSettings(),
) -> ret.Silences:
    least = {"min_gaps": rule.min_gaps, "min_silence_days": rule.min_silence_days}
    return ret.silences(accounts, ret.day_sums(orders), as_of=as_of, **least)


def closed(found: ret.Silences, rule: LossSettings = LossSettings()) -> pd.DataFrame:
    """The past losses of accounts without classes."""
    gaps = ret.past_gaps(found, NO_CLASSES, min_gaps=rule.min_gaps)
    return ret.closed_spells(found, gaps, loss=rule)


def usual_gaps(
    orders: pd.DataFrame, classes: pd.DataFrame = NO_CLASSES, *, as_of: pd.Timestamp = AS_OF
) -> pd.DataFrame:
    found = silences_of(orders, as_of=as_of)
    return ret.usual_gaps(found, classes, min_gaps=LossSettings().min_gaps)


def dates_of_spells(
    orders: pd.DataFrame, accounts: pd.DataFrame = NO_ACCOUNTS, *, as_of: pd.Timestamp = AS_OF
) -> pd.DataFrame:
    found = silences_of(orders, accounts, as_of=as_of)
    return ret.spell_dates(status(orders, accounts, as_of=as_of), closed(found), found)


def spells(orders: pd.DataFrame, *, as_of: pd.Timestamp = AS_OF) -> pd.DataFrame:
    gaps = ret.past_gaps(silences_of(orders, as_of=as_of), NO_CLASSES, min_gaps=3)
    return ret.lost_spells(dates_of_spells(orders, as_of=as_of), status(orders, as_of=as_of), gaps)


def losses(
    orders: pd.DataFrame,
    accounts: pd.DataFrame = NO_ACCOUNTS,
    recorded: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp = AS_OF,
) -> pd.DataFrame:
    book = empty_table("losses") if recorded is None else recorded
    found = dates_of_spells(orders, accounts, as_of=as_of)
    known = silences_of(orders, accounts, as_of=as_of)
    return ret.lost_accounts(found, known, ret.recorded_losses(book, as_of=as_of))


def lives(**columns: object) -> pd.DataFrame:
    """Lifetimes of accounts that are observed from their first day, if nothing else is said."""
    table = pd.DataFrame(columns)
    table = table.assign(entry_days=table.get("entry_days", 0.0), start_date=AS_OF)
    return shaped("account_lifetimes", table)
