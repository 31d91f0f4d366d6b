"""Margins and programme spells of all accounts as arrays, from the book's tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlib.period.calendar import month_of, trailing_months
from kamlib.programme.comparison import Comparison, settled
from kamlib.programme.counterfactual import NEVER, Floats, Spells
from kamlib.programme.shape import canonical


@dataclass(frozen=True)
class Panel:
    """Margin of every account in every month, and when each was key."""

    accounts: pd.Index
    months: pd.DatetimeIndex
    margin: Floats
    spells: Spells
    admitted: pd.Series
    measure: str
    unknown: np.ndarray


def compared(panel: Panel) -> tuple[Comparison, dict[str, str]]:
    """Return the comparison of all accounts ever admitted, and why some could not be measured."""
    is_key = (panel.spells.start < NEVER) | panel.accounts.isin(panel.admitted.index)
    found = settled(panel.margin, panel.spells, counted=is_key & ~panel.unknown)
    reasons = {str(panel.accounts[i]): reason for i, reason in found.reasons.items()}
    reasons |= {
        str(a): "a cost is missing in its history" for a in panel.accounts[is_key & panel.unknown]
    }
    reasons |= {str(a): "no orders" for a in panel.admitted.index.difference(panel.accounts)}
    return found, dict(sorted(reasons.items()))


def panel_of(
    account_months: pd.DataFrame, tiers: pd.DataFrame, as_of: pd.Timestamp
) -> Panel | None:
    """Return margins and spells as arrays; None where nobody was admitted or nothing ordered."""
    spells = canonical(tiers, "tiers")
    spells = spells[spells["tier"].eq("key") & spells["start_date"].le(as_of)]
    rows = (
        account_months[account_months["month"] <= as_of] if len(account_months) else account_months
    )
    if spells.empty or rows.empty:
        return None
    first_month = rows["month"].min()
    count = (as_of.year - first_month.year) * 12 + as_of.month - first_month.month + 2
    months = trailing_months(as_of, count)
    months = months[months >= first_month]
    measure = "revenue" if rows["cost"].isna().all() else "margin"
    value = rows["revenue"] - rows["cost"] if measure == "margin" else rows["revenue"]
    wide = (
        rows.assign(value=value)
        .groupby(["account_id", "month"])["value"]
        .sum()
        .unstack("month")
        .reindex(columns=months)
    )
    ordered = (
        rows[rows["revenue"] > 0]
        .groupby("account_id")["month"]
        .min()
        .reindex(wide.index)
        .fillna(as_of)
        if (rows["revenue"] > 0).any()
        else pd.Series(as_of, index=wide.index)
    )
    gaps = rows.assign(value=value)[value.isna()]["account_id"].unique()
    unknown = np.asarray(wide.index.isin(gaps))
    margin = np.nan_to_num(wide.to_numpy(dtype=float))
    first = months.get_indexer(pd.DatetimeIndex(ordered)).astype(np.int64)
    first[unknown] = NEVER  # no comparison account either
    admitted = spells.groupby("account_id")["start_date"].min()
    is_open = ~spells["end_date"].le(as_of)
    closed = spells[~spells["account_id"].isin(spells.loc[is_open, "account_id"])]
    ended = closed.groupby("account_id")["end_date"].max()
    start, before = _month_numbers(admitted, months, as_of)
    _, inside = _month_numbers(ended + pd.Timedelta(days=1), months, as_of)
    place = {account: i for i, account in enumerate(wide.index)}
    arrays = {
        name: np.full(len(wide), NEVER, dtype=np.int64) for name in ("start", "before", "end")
    }
    for account in admitted.index:
        if account in place:
            i = place[account]
            arrays["start"][i], arrays["before"][i] = start[account], before[account]
            arrays["end"][i] = inside.get(account, NEVER)
    return Panel(
        wide.index, months, margin, Spells(first=first, **arrays), admitted, measure, unknown
    )


def _month_numbers(
    days: pd.Series, months: pd.DatetimeIndex, as_of: pd.Timestamp
) -> tuple[dict, dict]:
    """Return per account the first month that begins on or after the day, and the month that holds
    the day.
    """
    if days.empty:
        return {}, {}
    holding = month_of(days, as_of)
    begins = month_of(days - pd.Timedelta(days=1), as_of).ne(holding)
    origin = months[0].year * 12 + months[0].month
    number = (holding.dt.year * 12 + holding.dt.month - origin).clip(lower=0)
    return (number + (~begins).astype("int64")).to_dict(), number.to_dict()
