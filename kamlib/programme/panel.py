"""Margin of every account in every month, and when each was in the programme."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kamlib.period.months import month_of, trailing_months
from kamlib.tables import typed

NEVER = 10**6
"""Number of a month that has not come."""

SPELL = ["start", "before", "end", "first"]


@dataclass(frozen=True)
class Panel:
    """Accounts × months, the months numbered from 0.

    ``margin`` has a row per account and a column per month; ``spells`` has the same rows:
    ``admission_date``, ``start`` (the first whole month in the programme), ``before`` (the first
    month no longer wholly before it), ``end`` (the first no longer in it), ``first`` (the month of
    the first order; never where a cost is missing, so that nothing rests on the account),
    ``is_treated``, and ``note_code``: why the account cannot be measured. ``measure`` is "revenue"
    where no order carries a cost.
    """

    margin: pd.DataFrame
    spells: pd.DataFrame
    measure: str = "margin"

    def with_margin(self, margin: NDArray[np.float64]) -> Panel:
        """Return the panel with other margins."""
        frame = pd.DataFrame(margin, index=self.margin.index, columns=self.margin.columns)
        return replace(self, margin=frame)

    def without_lift(self, lift: float, *, of_all_but: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the margins as an array; in the programme, those of others less the lift.

        A placebo was never admitted and has no lift to take off.
        """
        margin, month = self.margin.to_numpy(), np.arange(self.margin.shape[1])
        start, end = (self.spells[side].to_numpy()[:, None] for side in ("start", "end"))
        is_inside = (month >= start) & (month < end)
        is_inside[of_all_but] = False
        is_inside &= self.spells["admission_date"].notna().to_numpy()[:, None]
        return np.where(is_inside, margin / (1 + lift), margin)


def panel_of(unbroken_months: pd.DataFrame, tiers: pd.DataFrame, as_of: pd.Timestamp) -> Panel:
    """Return the panel as of a day; without rows where nobody was admitted or nothing ordered."""
    keys = typed(tiers, "tiers").query("tier == 'key' and start_date <= @as_of")
    rows = unbroken_months[unbroken_months["month"].le(as_of) & (len(keys) > 0)]
    if rows.empty:
        nobody = pd.Index([], name="account_id", dtype="str")
        spells = pd.DataFrame(index=nobody, columns=[*SPELL, "admission_date", "note_code"])
        months = pd.DatetimeIndex([], name="month")
        return Panel(pd.DataFrame(index=nobody, columns=months), spells.assign(is_treated=False))
    measure = "revenue" if rows["cost"].isna().all() else "margin"
    rows = rows.assign(margin=rows["revenue"] - (rows["cost"] if measure == "margin" else 0.0))
    origin = rows["month"].min()
    count = (as_of.year - origin.year) * 12 + as_of.month - origin.month + 2
    months = trailing_months(as_of, count)
    months = months[months >= origin].rename("month")

    days = {"admission_date": ("start_date", "min"), "end_date": ("end_date", "max")}
    spells = keys.groupby("account_id").agg(**days)
    # An account that is key again counts as one that stayed: only the last end is one.
    is_open = ~keys["end_date"].le(as_of)
    spells.loc[keys.loc[is_open, "account_id"].unique(), "end_date"] = pd.NaT
    margin = rows.groupby(["account_id", "month"])["margin"].sum().unstack("month")
    ordering = margin.index
    margin = margin.reindex(ordering.union(spells.index), columns=months).fillna(0.0)

    day = pd.Timedelta(days=1)
    ordered = rows[rows["revenue"] > 0].groupby("account_id")["month"].min()
    lacking = rows.loc[rows["margin"].isna(), "account_id"].unique()
    spells = spells.reindex(margin.index).assign(
        start=lambda s: 1 + _number(s["admission_date"] - day, months, as_of),
        before=lambda s: _number(s["admission_date"], months, as_of),
        end=lambda s: _number(s["end_date"] + day, months, as_of),
        first=_number(ordered.drop(lacking, errors="ignore"), months, as_of),
        is_treated=lambda s: s["admission_date"].notna(),
        note_code="",
    )
    spells[SPELL] = spells[SPELL].fillna(NEVER).clip(0, NEVER).astype("int64")
    spells.loc[spells.index.isin(lacking), "note_code"] = "cost missing"
    spells.loc[~spells.index.isin(ordering), "note_code"] = "no orders"
    return Panel(margin, spells.drop(columns="end_date"), measure)


def _number(days: pd.Series, months: pd.DatetimeIndex, as_of: pd.Timestamp) -> pd.Series:
    """Return the number of the month that holds each day; missing where there is no day."""
    month = month_of(days.dropna(), as_of).dt
    return month.year * 12 + month.month - (months[0].year * 12 + months[0].month)
