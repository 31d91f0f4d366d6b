"""How good the alerts were on the book's own past: what stayed down, and what falls they saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.ahead.steady import grid, placed
from kamlib.period.months import trailing_months
from kamlib.tables import shaped

PAST = range(4, 12)
"""Quarters back at which alerts are tried again: a year has passed since, and three at the most."""
STILL_DOWN = 0.5
"""An alert was right where a year on at least this part of the fall was still there."""
LARGE_FALL = 0.5
RUNNING, SOON = 100, 190
"""Days: an alert so soon after another of the same cell is the same one; a fall so soon before one
was seen."""


def alert_record(
    category_months: pd.DataFrame,
    product_months: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    at: Any,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
) -> pd.DataFrame:
    """One row per kind of alert, category and account: how it did on the book's own past.

    The alerts are raised again as of up to eight past quarters, from what was known then; one that
    is raised in quarters running counts once. *Stayed down*: in the 12 months after it the cell
    brought less than its usual revenue less half of the fall. Of the falls by half and more, from
    one year to the next, at accounts that still bought, ``seen_count`` were alerted within two
    quarters; looked at is each cell's steepest.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.alert_record["rule"].tolist()
    ['category', 'account']
    """
    ends = [trailing_months(as_of, 3 * step + 1)[0] for step in reversed(PAST)]
    days = [
        day for day in ends if first_date is not None and first_date <= trailing_months(day, 18)[0]
    ]
    found = {day: at(day) for day in days}
    rows = []
    for rule, names in {"category": ["account_id", "group"], "account": ["account_id"]}.items():
        raised = [
            getattr(q, f"{rule}_alerts").assign(date=day)[
                [*names, "date", "usual_yearly_revenue", "yearly_fall"]
            ]
            for day, q in found.items()
        ]
        cells = account_months
        if rule == "category":
            of_products = any(
                "product" in set(q.category_alerts["dimension"]) for q in found.values()
            )
            cells = category_months.rename(columns={"category": "group"})
            if of_products:
                cells = product_months.rename(columns={"product": "group"})
        alerts = pd.concat(raised, ignore_index=True) if raised else pd.DataFrame()
        rows.append({"rule": rule, "date_count": len(days), **_record(alerts, cells, names, days)})
    return shaped("alert_record", rows)


def _record(
    alerts: pd.DataFrame, cells: pd.DataFrame, names: list[str], days: list[pd.Timestamp]
) -> dict[str, float]:
    """Return how many alerts stayed down, and how much of the large falls they saw."""
    if not days:
        return {"alert_count": 0, "still_down_count": 0, "fall_count": 0, "seen_count": 0}
    wide = _wide(cells, names)
    ends = _numbers(pd.Series(days))
    place = wide.index.get_indexer(_keys(alerts, names))
    on = np.searchsorted(ends, _numbers(alerts["date"]))
    order = np.lexsort((on, place))
    place, on, alerts = place[order], on[order], alerts.iloc[order]
    is_same = np.diff(place, prepend=-1) == 0
    is_new = ~is_same | (np.diff(ends[on], prepend=0) > RUNNING)
    ahead = np.column_stack([_sum(wide, day, ahead=True) for day in days])[place, on]
    limit = alerts["usual_yearly_revenue"] - STILL_DOWN * alerts["yearly_fall"]
    is_down = is_new & (ahead < limit.to_numpy(dtype="float64"))
    falls = _falls(wide, days)
    raised = np.zeros((len(wide), len(days)), dtype=bool)
    raised[place, on] = True
    after = ends - _numbers(falls["date"])[:, None]
    is_soon = (after > 0) & (after <= SOON)
    seen = (raised[wide.index.get_indexer(falls.index)] & is_soon).any(axis=1)
    return {
        "alert_count": int(is_new.sum()),
        "still_down_count": int(is_down.sum()),
        "fall_count": len(falls),
        "seen_count": int(seen.sum()),
        "fall_revenue": falls["fall"].sum(),
        "seen_revenue": falls["fall"][seen].sum(),
    }


def _numbers(days: pd.Series) -> np.ndarray:
    return days.to_numpy().astype("datetime64[D]").astype("int64")


def _keys(rows: pd.DataFrame, names: list[str]) -> pd.Index:
    return pd.MultiIndex.from_frame(rows[names]) if len(names) > 1 else pd.Index(rows[names[0]])


def _wide(cells: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the revenue of each cell and month, zero where there is none."""
    index, cell = placed(cells, names)
    month, months = pd.factorize(cells["month"], sort=True)
    return pd.DataFrame(
        grid(cell, month, cells["revenue"], (len(index), len(months))),
        index=index,
        columns=pd.DatetimeIndex(months, name="month"),
        copy=False,  # else months would lie side by side, and sums be others in the last place
    )


def _falls(wide: pd.DataFrame, days: list[pd.Timestamp]) -> pd.DataFrame:
    """Return each cell's steepest fall by half and more: from which day, and by how much a year.

    Cells bought in at least 6 of 24 months before, of accounts that bought in the half year at the
    end of the year after. The days leave two quarters for an alert.
    """
    parts: list[Any] = []
    account = wide.index.get_level_values("account_id")
    for day in days[:-2]:
        every: Any = pd.DatetimeIndex(wide.columns)
        months = wide.columns[every <= day][-24:]
        before, after = _sum(wide, day), _sum(wide, day, ahead=True)
        end = day + pd.DateOffset(months=12)
        last: Any = wide.loc[:, (every > end - pd.DateOffset(months=6)) & (every <= end)]
        still = last.gt(0).any(axis=1).groupby(account).transform("any")
        is_fall = (before > 0) & (after <= LARGE_FALL * before) & still
        is_fall &= wide[months].gt(0).sum(axis=1).ge(6)
        rows = pd.DataFrame({"date": day, "fall": before - after})
        parts.append(rows[is_fall])
    falls = pd.concat(parts) if parts else pd.DataFrame({"date": [], "fall": []})
    falls = falls.sort_values(["fall", "date"], ascending=False, kind="stable")
    return falls[~falls.index.duplicated()]


def _sum(wide: pd.DataFrame, day: pd.Timestamp, *, ahead: bool = False) -> pd.Series:
    """Return the revenue of the 12 months before a day, or after it."""
    months: Any = wide.columns
    if ahead:
        inside = (months > day) & (months <= day + pd.DateOffset(months=12, days=3))
        inside &= months - day < pd.Timedelta(days=370)
    else:
        inside = (months <= day) & (months > day - pd.DateOffset(months=12))
    return wide.loc[:, inside].sum(axis=1)
