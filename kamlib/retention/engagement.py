"""Engagement and loyalty: contacts against plan, satisfaction, orders against the usual pace."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.book import LossSettings
from kamlib.period.months import trailing_months
from kamlib.retention.order_days import described, looked_up, order_days, window_edges
from kamlib.tables import shaped

MEASURES = {"contact_share": "contact", "satisfaction": "satisfaction", "order_share": "order"}
_STEP_DAYS = {"week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4}


def engagement_series(
    account_days: pd.DataFrame,
    interactions: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
    months: int = 24,
) -> pd.DataFrame:
    """One row per key account × week, month or quarter: contacts, satisfaction and orders against
    what is planned or usual.

    How finely an account is measured follows its size and activity: by the week where at least two
    contacts and two orders are expected in one, by the month where that many are expected in a
    month, else by the quarter. Steps cover the ``months`` up to the as-of day, the last one ends on
    it, the first one begins after the account's first contact or order. The usual gap needs as many
    gaps as the loss criterion asks for.

    Parameters
    ----------
    months
        Months measured.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.engagement_series["period_end"].max() <= q.as_of
    True
    """
    wanted = sorted(key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"])
    calls = interactions[interactions["date"].le(as_of) & interactions["account_id"].isin(wanted)]
    calls = calls.sort_values(["account_id", "date"], kind="stable")
    days = order_days(account_days, as_of=as_of)
    days = days[days["account_id"].isin(wanted)]
    planned = contact_rhythms.set_index("account_id")["contact_every_days"]
    dates_of = {account: own["date"].to_numpy() for account, own in days.groupby("account_id")}
    calls_of = dict(list(calls.groupby("account_id")))
    parts = []
    for account in wanted:
        dates = dates_of.get(account, np.array([], dtype="datetime64[us]"))
        own, rhythm = calls_of.get(account, calls.head(0)), float(planned[account])
        gap = np.nan
        if len(dates) > loss.min_gaps:
            gap = float(np.median(np.diff(dates)) / np.timedelta64(1, "D"))
        every = _step(gap, rhythm)
        edges = _edges(as_of, every, months)
        began = min([*dates[:1], *own["date"].to_numpy()[:1]], default=as_of.to_datetime64())
        edges = edges[edges >= began - np.timedelta64(1, "D")]
        if len(edges) > 1:
            part = _measured(dates, own, edges, gap, rhythm)
            parts.append(part.assign(account_id=account, every=every))
    return shaped("engagement_series", pd.concat(parts) if parts else [])


def engagement(
    engagement_series: pd.DataFrame,
    accounts: pd.DataFrame,
    interactions: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    min_points: int = 6,
) -> pd.DataFrame:
    """One row per account measured: is engagement rising, is loyalty rising; both must.

    Levels are those of the 12 months to the as-of day. A trend is the Theil–Sen slope per year with
    its 95 % interval (Sen 1968, scipy); it has an arrow only where the interval leaves out 0, and
    none with fewer than ``min_points`` points. Where no contact is on record nothing is measured.
    Accounts of which most falls come first.

    Parameters
    ----------
    min_points
        Points that a trend needs.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.engagement["order_trend"].unique())
    ['none']
    """
    if not interactions["date"].le(as_of).any():
        return shaped("engagement", [])
    after, _ = window_edges(as_of)
    rows = []
    for account, part in engagement_series.groupby("account_id", sort=True):
        recent = part[part["period_end"].gt(after)]
        row = {"account_id": account, "every": part["every"].iloc[0], "point_count": len(part)}
        for measure, name in MEASURES.items():
            row |= {measure: recent[measure].mean()} | _trend(part, measure, name, min_points)
        rows.append(row)
    if not rows:
        return shaped("engagement", [])
    table = pd.DataFrame(rows)
    ids = table["account_id"].astype("str")
    table["last_contact_date"] = _last_contact(ids, interactions, as_of)
    planned = contact_rhythms.set_index("account_id")["contact_every_days"]
    table["contact_every_days"] = looked_up(ids, planned)
    owner = ("name", "manager_id", "manager_name")
    table[list(owner)] = described(ids, accounts, *owner)
    trends = table[[f"{name}_trend" for name in MEASURES.values()]]
    table["falling"] = (trends == "down").sum(axis=1)
    table = table.sort_values(["falling", "account_id"], ascending=[False, True])
    return shaped("engagement", table)


def overdue_checkins(
    account_status: pd.DataFrame,
    interactions: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per account whose planned contact is overdue: since when, and who owns it; the most
    money first.

    Accounts with a rhythm of their own (their plan's, else theirs) or a contact on record are
    looked at. The next contact is due one rhythm after the last one. Accounts without any contact
    are due at once; lost and never served accounts are not listed (they are a matter of
    winning back).

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.overdue_checkins.columns.tolist()[:2], len(q.overdue_checkins) > 0
    (['account_id', 'name'], True)
    """
    met = set(interactions.loc[interactions["date"].le(as_of), "account_id"])
    has_own = contact_rhythms["rhythm_source"].ne("default")
    met |= set(contact_rhythms.loc[has_own, "account_id"])
    is_listed = account_status["account_id"].isin(met)
    table = account_status[is_listed & ~account_status["status"].isin(["lost", "never"])].copy()
    planned = contact_rhythms.set_index("account_id")["contact_every_days"]
    table["contact_every_days"] = looked_up(table["account_id"], planned)
    table["last_contact_date"] = _last_contact(table["account_id"], interactions, as_of)
    due = table["last_contact_date"] + pd.to_timedelta(table["contact_every_days"], unit="D")
    table["contact_due_date"] = due.dt.floor("D")
    table["days_overdue"] = (as_of - table["contact_due_date"]).dt.days
    table = table[table["contact_due_date"].isna() | table["days_overdue"].gt(0)]
    return shaped(
        "overdue_checkins", table.sort_values(["revenue", "account_id"], ascending=[False, True])
    )


def _last_contact(
    account_id: pd.Series, interactions: pd.DataFrame, as_of: pd.Timestamp
) -> pd.Series:
    known = interactions[interactions["date"].le(as_of)]
    return looked_up(account_id, known.groupby("account_id")["date"].max())


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


def _trend(part: pd.DataFrame, measure: str, name: str, min_points: int) -> dict[str, object]:
    points = part[part[measure].notna()]
    if len(points) < min_points:
        return {f"{name}_slope": np.nan, f"{name}_trend": None}
    years = (points["period_end"] - points["period_end"].min()).dt.days / 365.25
    slope, _, low, high = stats.theilslopes(points[measure], years, alpha=0.95)
    return {
        f"{name}_slope": slope,
        f"{name}_slope_low": low,
        f"{name}_slope_high": high,
        f"{name}_trend": "up" if low > 0 else "down" if high < 0 else "none",
    }
