"""The other notebooks' tables, as the front page reads them."""

from __future__ import annotations

import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.period.snapshot import PeriodData
from kamlib.retention import account_status
from kamlib.segmentation import (
    account_classes,
    class_moves,
    is_window_whole,
    key_accounts,
    rollup_changes,
)

FROM_OTHERS = ("tier_decisions", "alarm_quality", "programme_outlook")


def front_tables(data: PeriodData) -> dict[str, pd.DataFrame | None]:
    """Return the tables of the front page by name.

    In a report run they are the ones the other notebooks have just published. When the front page
    is opened by hand, what segmentation and retention say is computed here with the book's
    settings, and the tables of ``FROM_OTHERS`` are None: their notebooks were not run.
    """
    found = {
        name: data.published(name)
        for name in ("key_accounts", "class_moves", "rollup_changes", "account_status")
    }
    found |= {name: data.published(name) for name in FROM_OTHERS}
    classes = account_classes(
        data.account_months, data.accounts, as_of=data.as_of, **_classing(data)
    )
    if found["key_accounts"] is None:
        at_most = data.book.key_accounts.at_most
        found["key_accounts"] = key_accounts(
            data.accounts, data.tiers, classes, as_of=data.as_of, at_most=at_most
        )
    if found["rollup_changes"] is None:
        found["rollup_changes"] = rollup_changes(
            classes, data.accounts, abc=data.book.segmentation.abc
        )
    rule = data.book.loss.model_dump()
    if found["account_status"] is None:
        found["account_status"] = account_status(
            data.account_days, data.accounts, as_of=data.as_of, classes=classes, **rule
        )
    found["status_before"] = None
    if data.previous is not None:
        then = data.previous
        classes_then = account_classes(
            then.account_months, then.accounts, as_of=then.as_of, **_classing(then)
        )
        found["status_before"] = account_status(
            then.account_days, then.accounts, as_of=then.as_of, classes=classes_then, **rule
        )
        if found["class_moves"] is None:
            abc = data.book.segmentation.abc
            found["class_moves"] = class_moves(
                classes_then, classes, data.product_windows, abc=abc, book=data.book
            )
    return found


def same_key_revenue(data: PeriodData, key_accounts: pd.DataFrame) -> float | None:
    """Return what today's key accounts brought in the 12 months to the previous period's end.

    None where the data do not reach back over those 12 months.
    """
    then = data.previous
    if then is None or not is_window_whole(data.first_date, as_of=then.as_of):
        return None
    months = then.account_months
    ids = key_accounts.loc[key_accounts["is_key"], "account_id"]
    own = months["account_id"].isin(ids) & months["month"].isin(trailing_months(then.as_of, 12))
    return float(months.loc[own, "revenue"].sum())


def period_ends(data: PeriodData, count: int = 9) -> list[pd.Timestamp]:
    """Return the last days of the period and of those before it, oldest first, the year-ago one
    among them.
    """
    ends = {data.period.shift(-step).end for step in range(count)}
    ends |= {data.period.year_ago().end, data.period.year_ago().previous().end}
    return sorted(ends)


def _classing(data: PeriodData) -> dict:
    options = data.book.segmentation
    return {
        "window_months": options.window_months,
        "abc": options.abc,
        "xyz_frequency": options.xyz_frequency,
        "xyz_variability": options.xyz_variability,
    }
