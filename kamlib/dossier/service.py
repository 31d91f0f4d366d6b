"""Service: promises kept on time, and things gone wrong."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.shape import COUNT, DATE, FLAG, NUMBER, TEXT, rows_of, shaped
from kamlib.period.calendar import trailing_months

_PROMISES = {
    "account_id": TEXT, "quarter_end_date": DATE, "due_count": COUNT, "late_count": COUNT, "open_late_count": COUNT,
    "on_time_count": COUNT, "on_time_share": NUMBER, "mean_delay_days": NUMBER, "incident_count": COUNT,
}  # fmt: skip
_INCIDENTS = {
    "account_id": TEXT, "opened_date": DATE, "kind": TEXT, "severity": NUMBER, "is_open": FLAG, "resolved_date": DATE,
    "open_days": NUMBER, "note": TEXT,
}  # fmt: skip


def promises_kept(
    deliveries: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    incidents: pd.DataFrame | None = None,
    quarter_count: int = 8,
) -> pd.DataFrame:
    """One row per quarter, counted back from the as-of day: oldest first.

    An order falls into the quarter of its promised date. Late is delivered after the promised day,
    or not delivered and past it. Quarters without a promise have no share.

    Columns
    -------
    account_id: the account
    quarter_end_date: last day of the quarter
    due_count: orders promised for the quarter
    late_count: of these, late (delivered late, or still open and past the promise)
    open_late_count: of the late ones, still not delivered
    on_time_count: due less late
    on_time_share: on time / due; n/a where nothing was due
    mean_delay_days: mean days late of the late orders; n/a where none was late
    incident_count: incidents opened in the quarter

    >>> deliveries = pd.DataFrame({"account_id": ["A"], "month": [pd.Timestamp("2025-09-30")], "due_count": [4],
    ...     "late_count": [1], "open_late_count": [0], "delay_days": [6.0]})
    >>> promises_kept(deliveries, "A", as_of=pd.Timestamp("2025-09-30"))["on_time_share"].tolist()
    [0.75]
    """
    months = trailing_months(as_of, 3 * quarter_count)
    quarter_of = {month: months[i // 3 * 3 + 2] for i, month in enumerate(months)}
    own = deliveries[deliveries["account_id"].eq(account_id) & deliveries["month"].isin(months)]
    own = own.assign(
        quarter_end_date=own["month"].map(quarter_of).astype(DATE),
        delay=own["delay_days"].fillna(0.0) * own["late_count"],
    )
    sums = own.groupby("quarter_end_date")[
        ["due_count", "late_count", "open_late_count", "delay"]
    ].sum()
    table = sums.reset_index()
    opened = rows_of(incidents, "incidents", account_id)["opened_date"]
    ends = pd.DatetimeIndex(sorted(set(quarter_of.values()))).as_unit("us")
    starts = trailing_months(as_of, 3 * quarter_count + 1)[0]
    spans = pd.IntervalIndex.from_arrays(ends[:-1].insert(0, starts), ends, closed="right")
    places = [int(place) for place in spans.get_indexer(pd.Index(opened))]
    counts = {ends[place]: places.count(place) for place in set(places) if place >= 0}
    known = sorted({*table["quarter_end_date"], *counts})
    if known:
        table = (
            table.set_index("quarter_end_date")
            .reindex(ends[ends >= known[0]])
            .rename_axis("quarter_end_date")
        )
        table = table.fillna(0.0).reset_index()
    due, late = table["due_count"], table["late_count"]
    table = table.assign(
        account_id=account_id,
        on_time_count=due - late,
        on_time_share=((due - late) / due.where(due > 0)),
        mean_delay_days=(table["delay"] / late.where(late > 0)),
        incident_count=table["quarter_end_date"].map(counts).fillna(0),
    )
    return shaped(table, _PROMISES)


def account_incidents(
    incidents: pd.DataFrame, account_id: str, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per incident: the open ones first, the gravest and oldest of them on top.

    Columns
    -------
    account_id: the account
    opened_date: the day it was opened
    kind: what went wrong
    severity: 1 to 3
    is_open: not resolved as of the day
    resolved_date: the day it was resolved
    open_days: days from opening to resolution, or to the as-of day
    note: what is recorded

    >>> incidents = pd.DataFrame({"account_id": ["A"], "opened_date": [pd.Timestamp("2025-09-20")], "kind": ["late"]})
    >>> account_incidents(incidents, "A", as_of=pd.Timestamp("2025-09-30"))[["is_open", "open_days"]].values.tolist()
    [[True, 10.0]]
    """
    own = rows_of(incidents, "incidents", account_id)
    resolved = own["resolved_date"].mask(own["resolved_date"].gt(as_of))
    own = own[own["opened_date"].le(as_of)].assign(resolved_date=resolved, is_open=resolved.isna())
    until = own["resolved_date"].fillna(as_of)
    own["open_days"] = (until - own["opened_date"]).dt.days.astype("float64")
    own["newest"] = -own["opened_date"].astype("int64")
    opened = own[own["is_open"]].sort_values(
        ["severity", "opened_date", "kind"], ascending=[False, True, True]
    )
    closed = own[~own["is_open"]].sort_values(["newest", "kind"])
    return shaped(pd.concat([opened, closed]), _INCIDENTS)
