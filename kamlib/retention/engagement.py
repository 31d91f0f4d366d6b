"""Engagement and loyalty: contacts against the planned rhythm, satisfaction, orders against the
usual pace.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.period.calendar import trailing_months
from kamlib.retention.order_days import looked_up, order_days, window_edges

MEASURES = ("contact_share", "satisfaction", "order_share")
_STEP_DAYS = {"week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4}
_SERIES = {
    "account_id": "str", "every": "str", "period_end": "datetime64[us]", "contact_count": "int64",
    "contact_share": "float64", "satisfaction": "float64", "order_day_count": "int64", "order_share": "float64",
}  # fmt: skip


def engagement_series(
    account_days: pd.DataFrame,
    interactions: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    account_ids: Iterable[str] | None = None,
    contact_every_days: float = 30.0,
    months: int = 24,
    min_gaps: int = 3,
) -> pd.DataFrame:
    """One row per account × week, month or quarter: contacts, satisfaction and orders against what
    is planned or usual.

    How finely an account is measured follows its size and activity: by the week where at least two
        contacts
    and two orders are expected in one, by the month where that many are expected in a month, else
        by the
    quarter. Steps cover the ``months`` up to the as-of day, the last one ends on it, the first one
        begins
    after the account's first contact or order. ``account_ids``: whom to measure (default: every
        account with
    an interaction).

    Columns
    -------
    account_id: the account
    every: week, month or quarter
    period_end: last day of the step
    contact_count: interactions
    contact_share: interactions / planned ones (length of the step / contact_every_days)
    satisfaction: mean satisfaction of the step, 0–10; n/a where nobody asked
    order_day_count: order days
    order_share: order days / expected ones (length of the step / usual gap); n/a with fewer than
        min_gaps gaps
    """
    calls = interactions[interactions["date"].le(as_of)].sort_values(
        ["account_id", "date"], kind="stable"
    )
    days = order_days(account_days, as_of=as_of)
    wanted = sorted(set(calls["account_id"]) if account_ids is None else set(account_ids))
    planned = planned_rhythm(accounts, contact_every_days)
    dates_of = {
        a: d["date"].to_numpy()
        for a, d in days[days["account_id"].isin(wanted)].groupby("account_id")
    }
    calls_of = dict(list(calls[calls["account_id"].isin(wanted)].groupby("account_id")))
    parts = []
    for account in wanted:
        dates = dates_of.get(account, np.array([], dtype="datetime64[us]"))
        own = calls_of.get(account, calls.head(0))
        gap = (
            float(np.median(np.diff(dates)) / np.timedelta64(1, "D"))
            if len(dates) > min_gaps
            else np.nan
        )
        rhythm = float(planned.get(account, contact_every_days))
        every = _step(gap, rhythm)
        edges = _edges(as_of, every, months)
        began = min([*dates[:1], *own["date"].to_numpy()[:1]], default=as_of.to_datetime64())
        edges = edges[edges >= began - np.timedelta64(1, "D")]
        if len(edges) > 1:
            parts.append(
                _measured(dates, own, edges, gap, rhythm).assign(account_id=account, every=every)
            )
    if not parts:
        return pd.DataFrame({c: pd.Series(dtype=t) for c, t in _SERIES.items()})
    return pd.concat(parts, ignore_index=True)[list(_SERIES)].astype(_SERIES)


def engagement(
    series: pd.DataFrame,
    accounts: pd.DataFrame,
    interactions: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    contact_every_days: float = 30.0,
    min_points: int = 6,
) -> pd.DataFrame:
    """One row per account measured: is engagement rising, is loyalty rising; both must.

    ``series`` is the table ``engagement_series``. Levels are those of the 12 months to the as-of
    day. A trend is the Theil–Sen slope per year with its 95 % interval (Sen 1968, scipy); it has an
    arrow only where the interval leaves out 0, and none with fewer than ``min_points`` points.

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: who owns it
    manager_name: the owner's name
    every: week, month or quarter: how finely it was measured
    point_count: steps measured
    contact_every_days: planned days between contacts
    last_contact_date: its last contact
    contact_share: contacts made / planned
    satisfaction: mean satisfaction, 0–10
    order_share: order days / expected at the usual gap
    contact_slope: change of contact_share per year
    contact_slope_low: lower end of its 95 % interval
    contact_slope_high: upper end
    contact_trend: up, down or none; blank with too few points
    satisfaction_slope: change of satisfaction per year
    satisfaction_slope_low: lower end
    satisfaction_slope_high: upper end
    satisfaction_trend: up, down or none; blank with too few points
    order_slope: change of order_share per year
    order_slope_low: lower end
    order_slope_high: upper end
    order_trend: up, down or none; blank with too few points
    """
    after, _ = window_edges(as_of)
    calls = interactions[interactions["date"].le(as_of)]
    last = calls.groupby("account_id")["date"].max()
    planned = planned_rhythm(accounts, contact_every_days)
    rows = []
    for account, part in series.groupby("account_id", sort=True):
        row: dict[str, object] = {
            "account_id": account,
            "every": part["every"].iloc[0],
            "point_count": len(part),
        }
        recent = part[part["period_end"].gt(after)]
        row |= {measure: recent[measure].mean() for measure in MEASURES}
        for measure, name in zip(MEASURES, ("contact", "satisfaction", "order"), strict=True):
            row |= {f"{name}_{k}": v for k, v in _trend(part, measure, min_points).items()}
        rows.append(row)
    table = pd.DataFrame(rows) if rows else pd.DataFrame({"account_id": pd.Series(dtype="str")})
    table["account_id"] = table["account_id"].astype("str")
    table["last_contact_date"] = looked_up(table["account_id"], last).astype("datetime64[us]")
    table["contact_every_days"] = (
        looked_up(table["account_id"], planned).fillna(contact_every_days).astype("float64")
    )
    _add_owner(table, accounts)
    columns = {
        **dict.fromkeys(("account_id", "name", "manager_id", "manager_name", "every"), "str"),
        "point_count": "int64",
        "contact_every_days": "float64",
        "last_contact_date": "datetime64[us]",
        **dict.fromkeys(MEASURES, "float64"),
    }
    for name in ("contact", "satisfaction", "order"):
        columns |= dict.fromkeys(
            (f"{name}_slope", f"{name}_slope_low", f"{name}_slope_high"), "float64"
        )
        columns[f"{name}_trend"] = "str"
    table = table.reindex(columns=list(columns)).astype(columns)
    falling = (table[["contact_trend", "satisfaction_trend", "order_trend"]] == "down").sum(axis=1)
    order = (
        table.assign(falling=falling)
        .sort_values(["falling", "account_id"], ascending=[False, True])
        .index
    )
    return table.loc[order].reset_index(drop=True)


def overdue_checkins(
    interactions: pd.DataFrame,
    accounts: pd.DataFrame,
    status: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    contact_every_days: float = 30.0,
    account_ids: Iterable[str] | None = None,
) -> pd.DataFrame:
    """One row per account whose planned contact is overdue: since when, and who owns it; the most
    money first.

    The next contact is due ``contact_every_days`` after the last one: the account's own rhythm,
    else the book's. ``account_ids``: whom to look at (default: accounts with an own rhythm or an
    interaction). Accounts without any contact are due at once; lost and never served accounts are
    not listed (they are a matter of winning back).

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: who owns it
    manager_name: the owner's name
    last_contact_date: its last contact; blank where there was none
    contact_every_days: planned days between contacts
    due_date: the day the next contact was due; blank without any contact
    days_overdue: days since then; n/a without any contact
    status: its status
    revenue: net revenue of the 12 months to the as-of day
    """
    calls = interactions[interactions["date"].le(as_of)]
    wanted = set(calls["account_id"]) if account_ids is None else set(account_ids)
    if account_ids is None and "contact_every_days" in accounts:
        wanted |= set(accounts.loc[accounts["contact_every_days"].notna(), "account_id"])
    table = status.loc[
        status["account_id"].isin(wanted) & ~status["status"].isin(["lost", "never"]),
        ["account_id", "name", "manager_id", "manager_name", "status", "revenue"],
    ].reset_index(drop=True)
    last = calls.groupby("account_id")["date"].max()
    planned = planned_rhythm(accounts, contact_every_days)
    table["contact_every_days"] = (
        looked_up(table["account_id"], planned).fillna(contact_every_days).astype("float64")
    )
    table["last_contact_date"] = looked_up(table["account_id"], last).astype("datetime64[us]")
    due = table["last_contact_date"] + pd.to_timedelta(table["contact_every_days"], unit="D")
    table["due_date"] = due.dt.floor("D").astype("datetime64[us]")
    table["days_overdue"] = (as_of - table["due_date"]).dt.days.astype("float64")
    table = table[table["due_date"].isna() | table["days_overdue"].gt(0)]
    columns = [
        "account_id",
        "name",
        "manager_id",
        "manager_name",
        "last_contact_date",
        "contact_every_days",
    ]
    table = table[[*columns, "due_date", "days_overdue", "status", "revenue"]]
    return table.sort_values(["revenue", "account_id"], ascending=[False, True], ignore_index=True)


def planned_rhythm(accounts: pd.DataFrame, contact_every_days: float) -> pd.Series:
    """Return the planned days between contacts per account: its own, else the book's."""
    if "contact_every_days" not in accounts:
        return pd.Series(
            contact_every_days, index=pd.Index(accounts["account_id"]), dtype="float64"
        )
    known = accounts.drop_duplicates("account_id").set_index("account_id")["contact_every_days"]
    return known.astype("float64").fillna(contact_every_days)


def _measured(
    dates: np.ndarray, calls: pd.DataFrame, edges: np.ndarray, gap: float, rhythm: float
) -> pd.DataFrame:
    lengths = np.diff(edges) / np.timedelta64(1, "D")
    slot = _slots(edges, calls["date"].to_numpy())
    inside = slot >= 0
    contacts = np.bincount(slot[inside], minlength=len(lengths))
    ordered = _slots(edges, dates)
    orders = np.bincount(ordered[ordered >= 0], minlength=len(lengths))
    scores = (
        pd.Series(calls["satisfaction"].to_numpy(dtype="float64")[inside])
        .groupby(slot[inside])
        .mean()
    )
    return pd.DataFrame(
        {
            "period_end": edges[1:],
            "contact_count": contacts,
            "contact_share": contacts / (lengths / rhythm),
            "satisfaction": scores.reindex(range(len(lengths))).to_numpy(),
            "order_day_count": orders,
            "order_share": orders / (lengths / gap),
        }
    )


def _slots(edges: np.ndarray, dates: np.ndarray) -> np.ndarray:
    """Return for each day the step it lies in, −1 outside all of them."""
    slot = np.searchsorted(edges, dates, side="left") - 1
    return np.where(slot < len(edges) - 1, slot, -1)


def _step(gap: float, rhythm: float) -> str:
    slower = max(gap, rhythm) if gap == gap else np.inf
    return next((name for name, length in _STEP_DAYS.items() if length / slower >= 2), "quarter")


def _edges(as_of: pd.Timestamp, every: str, months: int) -> np.ndarray:
    if every == "week":
        back = np.arange(int(months * _STEP_DAYS["month"] / 7), -1, -1)
        return as_of.to_datetime64() - back * np.timedelta64(7, "D")
    ends = trailing_months(as_of, months + 1).to_numpy()
    return ends if every == "month" else ends[::-1][::3][::-1]


def _trend(part: pd.DataFrame, measure: str, min_points: int) -> dict[str, object]:
    points = part[part[measure].notna()]
    if len(points) < min_points:
        return {"slope": np.nan, "slope_low": np.nan, "slope_high": np.nan, "trend": None}
    years = (points["period_end"] - points["period_end"].min()).dt.days / 365.25
    slope, _, low, high = stats.theilslopes(points[measure], years, alpha=0.95)
    trend = "up" if low > 0 else "down" if high < 0 else "none"
    return {"slope": slope, "slope_low": low, "slope_high": high, "trend": trend}


def _add_owner(table: pd.DataFrame, accounts: pd.DataFrame) -> None:
    known = accounts.drop_duplicates("account_id").set_index("account_id")
    for column in ("name", "manager_id", "manager_name"):
        source = known[column] if column in known else pd.Series(dtype="str")
        table[column] = looked_up(table["account_id"], source).astype("str")
    table["name"] = table["name"].fillna(table["account_id"])
