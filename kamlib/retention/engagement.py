"""Engagement and loyalty: contacts against plan, satisfaction, orders against the usual pace."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.period.months import trailing_months
from kamlib.retention.order_days import described, looked_up, order_days, window_edges
from kamlib.slopes import theil_sen
from kamlib.tables import coded, shaped

MEASURES = {"contact_share": "contact", "satisfaction": "satisfaction", "order_share": "order"}
_STEP_DAYS = {"week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4}


def engagement_series(
    unbroken_days: pd.DataFrame,
    interactions: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    loss: LossSettings = LossSettings(),
    months: int = 24,
) -> pd.DataFrame:
    """One row per key account × week, month or quarter: contacts, satisfaction and orders against
    what is planned or usual.

    How finely an account is measured follows its size and activity: by the week where at least two
    contacts and two orders are expected in one, by the month where that many are expected in a
    month, else by the quarter. Steps cover the ``months`` up to the as-of day, the last one ends on
    it, the first one begins after the account's first contact or order, and after a hole in the
    data. The usual gap needs as many
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
    wanted = pd.Index(sorted(key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"]))
    calls = interactions[interactions["date"].le(as_of) & interactions["account_id"].isin(wanted)]
    calls = calls.sort_values(["account_id", "date"], kind="stable")
    days = order_days(unbroken_days, as_of=as_of)
    days = days[days["account_id"].isin(wanted)]
    met, bought = (_Dated(one, wanted) for one in (calls, days))
    rhythm = contact_rhythms.set_index("account_id")["contact_every_days"].reindex(wanted)
    gap = _gaps(bought, len(wanted), loss.min_gaps)
    every = _steps(gap, rhythm.to_numpy(dtype="float64"))
    firsts = pd.DataFrame({"met": met.first(len(wanted)), "bought": bought.first(len(wanted))})
    begun = firsts.min(axis=1).fillna(as_of)
    begun = begun if first_date is None else begun.where(begun > first_date, first_date)
    began = begun.to_numpy().astype("datetime64[us]")
    parts = []
    for name in np.unique(every):
        own = np.flatnonzero(every == name)
        steps = _Steps(_edges(as_of, name, months), own, began)
        part = _measured(steps, met, bought, gap, rhythm.to_numpy(dtype="float64"))
        parts.append(part.assign(every=name))
    table = pd.concat(parts) if parts else pd.DataFrame({"place": []})
    table = table.sort_values("place", kind="stable", ignore_index=True)
    table["account_id"] = wanted.take(table["place"].astype("int64"))
    return shaped("engagement_series", table)


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
    if engagement_series.empty:
        return shaped("engagement", [])
    after, _ = window_edges(as_of)
    found = engagement_series.groupby("account_id", sort=True)
    table = found.agg(every=("every", "first"), point_count=("every", "size"))
    recent = engagement_series[engagement_series["period_end"].gt(after)]
    levels = recent.groupby("account_id")[list(MEASURES)].mean()
    table = table.join(levels)
    for measure, name in MEASURES.items():
        table = table.join(_trends(engagement_series, table.index, measure, name, min_points))
    table = table.reset_index()
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


class _Dated:
    """Days of accounts by the places of these, sorted."""

    def __init__(self, rows: pd.DataFrame, ids: pd.Index) -> None:
        self.place = ids.get_indexer(pd.Index(rows["account_id"]))
        self.date, self.rows = rows["date"].to_numpy(), rows

    def first(self, many: int) -> pd.Series:
        """Return the first day of each account."""
        return pd.Series(self.date).groupby(self.place).min().reindex(range(many))


class _Steps:
    """Steps of one length: those of each account that begin once its first contact or order is near
    enough.
    """

    def __init__(self, edges: np.ndarray, own: np.ndarray, began: np.ndarray) -> None:
        self.edges, self.own = edges, own
        self.place = np.full(len(began), -1)
        self.place[own] = np.arange(len(own))
        self.has_begun = edges[None, :-1] >= began[own, None] - np.timedelta64(1, "D")

    def cells(self, of: _Dated) -> np.ndarray:
        """Return for each day its account and step as one number, −1 outside all of them."""
        slot = np.searchsorted(self.edges, of.date, side="left") - 1
        place, many = self.place[of.place], len(self.edges) - 1
        return np.where((slot >= 0) & (slot < many) & (place >= 0), place * many + slot, -1)

    def counted(self, cells: np.ndarray) -> np.ndarray:
        """Return accounts × steps: days in each."""
        shape = self.has_begun.shape
        return np.bincount(cells[cells >= 0], minlength=shape[0] * shape[1]).reshape(shape)


def _measured(
    steps: _Steps, met: _Dated, bought: _Dated, gap: np.ndarray, rhythm: np.ndarray
) -> pd.DataFrame:
    """Return every step that has begun, account by account."""
    lengths = np.diff(steps.edges) / np.timedelta64(1, "D")
    at = steps.cells(met)
    contacts, orders = steps.counted(at), steps.counted(steps.cells(bought))
    said = pd.Series(met.rows["satisfaction"].to_numpy(dtype="float64")[at >= 0])
    scores = said.groupby(at[at >= 0]).mean().reindex(range(contacts.size)).to_numpy()
    with np.errstate(invalid="ignore"):
        shares = [
            counts / (lengths / each[steps.own, None])
            for counts, each in ((contacts, rhythm), (orders, gap))
        ]
    account, step = np.nonzero(steps.has_begun)
    return pd.DataFrame(
        {
            "place": steps.own[account],
            "period_end": steps.edges[step + 1],
            "contact_count": contacts[account, step],
            "contact_share": shares[0][account, step],
            "satisfaction": scores.reshape(contacts.shape)[account, step],
            "order_day_count": orders[account, step],
            "order_share": shares[1][account, step],
        }
    )


def _gaps(bought: _Dated, many: int, least: int) -> np.ndarray:
    """Return each account's median days between orders, n/a with fewer gaps than ``least``."""
    inner = np.flatnonzero(np.diff(bought.place, prepend=-1) == 0)
    days = (bought.date[inner] - bought.date[inner - 1]) / np.timedelta64(1, "D")
    gaps = pd.Series(days).groupby(bought.place[inner])
    return gaps.median().where(gaps.size().ge(least)).reindex(range(many)).to_numpy()


def _steps(gap: np.ndarray, rhythm: np.ndarray) -> np.ndarray:
    """Return how finely each account is measured."""
    slower = np.where(np.isnan(gap), np.inf, np.fmax(gap, rhythm))
    fine = [length / slower >= 2 for length in _STEP_DAYS.values()]
    return np.select(fine, list(_STEP_DAYS), "quarter")


def _edges(as_of: pd.Timestamp, every: str, months: int) -> np.ndarray:
    if every == "week":
        back = np.arange(int(months * _STEP_DAYS["month"] / 7), -1, -1)
        return as_of.to_datetime64() - back * np.timedelta64(7, "D")
    ends = trailing_months(as_of, months + 1).to_numpy()
    return ends if every == "month" else ends[::-1][::3][::-1]


def _trends(
    series: pd.DataFrame, accounts: pd.Index, measure: str, name: str, min_points: int
) -> pd.DataFrame:
    """One row per account: the slope of a measure a year, with its interval, and its arrow."""
    points = series[series[measure].notna()]
    place = accounts.get_indexer(pd.Index(points["account_id"]))
    first = points["period_end"].groupby(place).transform("min")
    slope, low, high = theil_sen(
        place,
        np.asarray((points["period_end"] - first).dt.days / 365.25, dtype="float64"),
        np.asarray(points[measure], dtype="float64"),
        many=len(accounts),
        least=min_points,
    )
    arrow = np.select([np.isnan(slope), low > 0, high < 0], [-1, 0, 1], 2)
    found = {
        "slope": slope,
        "slope_low": low,
        "slope_high": high,
        "trend": coded(("up", "down", "none"), arrow),
    }
    return pd.DataFrame(found, index=accounts).add_prefix(f"{name}_")
