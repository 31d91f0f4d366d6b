"""Service: promises kept on time, and things gone wrong."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.window import days_between, quarter_spans
from kamlib.tables import shaped


def promises_kept(
    deliveries: pd.DataFrame,
    incidents: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    quarter_count: int = 8,
) -> pd.DataFrame:
    """One row per quarter, counted back from the as-of day: oldest first.

    An order falls into the quarter of its promised date. Late is delivered after the promised day,
    or not delivered and past it. Quarters before the first promise or incident are left out; those
    without a promise have no share.

    Parameters
    ----------
    quarter_count
        Quarters shown.

    Examples
    --------
    >>> from kamlib.tables import empty_table
    >>> day = pd.Timestamp("2025-09-30")
    >>> deliveries = pd.DataFrame({"month": [day], "due_count": [4], "late_count": [1],
    ...     "open_late_count": [0], "delay_days": [6.0]})
    >>> promises_kept(deliveries, empty_table("incidents"), account_id="A", as_of=day)[
    ...     "on_time_share"].tolist()
    [0.75]
    """
    spans = quarter_spans(as_of, quarter_count)
    ends = pd.DatetimeIndex(spans.right)
    promised = _by_quarter(deliveries, "month", spans)
    promised = promised.assign(delay=promised["delay_days"].fillna(0.0) * promised["late_count"])
    sums = promised.groupby("quarter_end_date")[
        ["due_count", "late_count", "open_late_count", "delay"]
    ].sum()
    opened = _by_quarter(incidents, "opened_date", spans).groupby("quarter_end_date").size()
    known = sums.index.union(opened.index)
    table = sums.reindex(ends[ends >= known.min()] if len(known) else known, fill_value=0)
    due, late = table["due_count"], table["late_count"]
    table = table.assign(
        account_id=account_id,
        on_time_count=due - late,
        on_time_share=(due - late) / due.where(due > 0),
        mean_delay_days=table["delay"] / late.where(late > 0),
        incident_count=opened.reindex(table.index, fill_value=0),
    )
    return shaped("promises_kept", table.rename_axis("quarter_end_date").reset_index())


def _by_quarter(frame: pd.DataFrame, day: str, spans: pd.IntervalIndex) -> pd.DataFrame:
    """Return the rows that fall into one of the quarters, with the quarter's last day."""
    place = spans.get_indexer(pd.Index(frame[day]))
    ends = pd.DatetimeIndex(spans.right)[place.clip(min=0)]
    return frame.assign(quarter_end_date=ends)[place >= 0]


def account_incidents(incidents: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per incident: the open ones first, the gravest and oldest of them on top.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> incidents = typed(pd.DataFrame({"account_id": ["A"], "kind": ["late"],
    ...     "opened_date": [pd.Timestamp("2025-09-20")]}), "incidents")
    >>> table = account_incidents(incidents, as_of=pd.Timestamp("2025-09-30"))
    >>> table[["is_open", "open_days"]].values.tolist()
    [[True, 10.0]]
    """
    resolved = incidents["resolved_date"].mask(incidents["resolved_date"].gt(as_of))
    own = incidents.assign(
        resolved_date=resolved, is_open=resolved.isna(), remark=incidents["note"]
    )
    own = own[own["opened_date"].le(as_of)]
    own["open_days"] = (own["resolved_date"].fillna(as_of) - own["opened_date"]).dt.days
    own["days_ago"] = days_between(as_of, own["opened_date"])
    opened = own[own["is_open"]].sort_values(
        ["severity", "opened_date", "kind"], ascending=[False, True, True]
    )
    closed = own[~own["is_open"]].sort_values(["days_ago", "kind"])
    return shaped("account_incidents", pd.concat([opened, closed]))
