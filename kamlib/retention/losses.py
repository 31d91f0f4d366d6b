"""Losses: which, how many, how much, when and where; the recorded beside the detected ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.period.months import month_of, trailing_months
from kamlib.retention.day_sums import SPAN, Ints, day_number, number
from kamlib.retention.order_days import looked_up, window_edges
from kamlib.retention.silences import TEXTS, Silences
from kamlib.tables import coded, shaped

DIMENSIONS = ("category", "industry", "region", "manager_name", "reason", "seen")
UNKNOWN = "not recorded"
_DATES = ("last_order_date", "detection_date", "return_date")


def recorded_losses(losses: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per recorded loss up to the as-of day: account_id, recorded_date and reason, by day,
    account and reason.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.recorded_losses["recorded_date"].is_monotonic_increasing
    True
    """
    book = losses.loc[losses["lost_date"].le(as_of), ["account_id", "lost_date", "reason"]]
    book = book.rename(columns={"lost_date": "recorded_date"})
    return book.sort_values(["recorded_date", "account_id", "reason"], ignore_index=True)


def lost_accounts(
    spell_dates: pd.DataFrame,
    silences: Silences,
    recorded_losses: pd.DataFrame,
    *,
    early_days: int = 90,
) -> pd.DataFrame:
    """One row per loss: every lost spell, and every recorded loss that no spell matches.

    A recorded loss belongs to the spell of its account that it was written down in: at most
    ``early_days`` before the last order and before the return. The first one counts. Recorded
    losses without a spell are accounts that ordered on, or whose silence is still too short for the
    criterion.

    Parameters
    ----------
    early_days
        Days before the last order in which its loss may have been recorded.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.lost_accounts["seen"].unique())
    ['detected only', 'recorded and detected']
    """
    book, accounts = recorded_losses, silences.accounts
    booked = silences.ids.get_indexer(pd.Index(book["account_id"]))
    spell = _spell_of(booked, number(book["recorded_date"]), spell_dates, early_days)
    is_matched = spell >= 0
    alone = np.flatnonzero(~is_matched)
    matched, first = np.unique(spell[is_matched], return_index=True)  # the first recorded counts
    many = len(spell_dates)
    record = np.append(np.full(many, -1), alone)
    record[matched] = np.flatnonzero(is_matched)[first]
    at = np.append(np.arange(many), np.full(len(alone), -1))
    day = np.append(number(spell_dates["last_order_date"]), number(book["recorded_date"])[alone])
    place = np.append(spell_dates["place"].to_numpy(), booked[alone])
    ids = np.append(
        spell_dates["account_id"].to_numpy(dtype=object),
        book["account_id"].to_numpy(dtype=object)[alone],
    )
    # places follow ids; who is in no list has none
    order = np.lexsort((place, day)) if (place >= 0).all() else _by_day_and_id(day, ids)
    at, record, place, ids = at[order], record[order], place[order], ids[order]
    found = {name: _at(spell_dates[name], at) for name in _DATES}
    found |= {name: _at(book[name], record) for name in ("reason", "recorded_date")}
    found |= {name: _at(accounts[name], place) for name in TEXTS}
    past = np.append(spell_dates["past_place"].to_numpy(), -1)[at]
    for name in ("revenue", "margin"):
        column = f"last_year_{name}"
        now, then = (np.append(one[column], np.nan) for one in (accounts, silences.past))
        own = now[np.where(at < 0, -1, place)]
        found[f"{name}_lost"] = np.where(past < 0, own, then[past])
    found["account_id"] = pd.array(ids, dtype="str")
    found["name"] = found["name"].fillna(found["account_id"])
    seen = np.where(at < 0, 2, (record >= 0).astype("int64"))
    found["seen"] = coded(("detected only", "recorded and detected", "recorded only"), seen)
    return shaped("lost_accounts", found)


def _by_day_and_id(day: Ints, ids: Any) -> Ints:
    by_id = np.argsort(ids, kind="stable")
    return by_id[np.argsort(day[by_id], kind="stable")]


def _at(column: pd.Series, place: Ints) -> Any:
    """Return what stands at places; n/a at −1."""
    return column.array.take(place, allow_fill=True)


def _spell_of(account: Ints, day: Ints, spells: pd.DataFrame, early_days: int) -> Ints:
    """Return the place of the spell that each recorded loss, of an account by its place and a day,
    was written down in; −1 without one.

    The spells of an account follow one another: it is the last that began early enough, where that
    had not ended.
    """
    if spells.empty:
        return np.full(len(account), -1)
    own = spells["place"].to_numpy()
    key = own * SPAN + number(spells["last_order_date"])
    order = np.argsort(key, kind="stable")
    place = np.searchsorted(key[order], account * SPAN + day + early_days, side="right") - 1
    found = order[place]
    is_over = day >= day_number(spells["return_date"])[found]
    is_own = (account >= 0) & (place >= 0) & (own[found] == account)
    return np.where(is_own & ~is_over, found, -1)


def detection_lag(account_status: pd.DataFrame) -> float:
    """Return the days of silence within which the criterion sees a loss at nine accounts in ten.

    >>> detection_lag(pd.DataFrame({"lost_after_days": [90.0, 90.0, 120.0]}))
    120.0
    """
    lags = account_status["lost_after_days"].dropna()
    return float(lags.quantile(0.9, interpolation="higher")) if len(lags) else np.nan


def dated_losses(lost_accounts: pd.DataFrame, first_date: pd.Timestamp | None) -> pd.DataFrame:
    """Return the losses whose time is known. One whose last order lies before a hole in the data
    may have happened at any time in it; what is only recorded has its day.

    >>> days = pd.to_datetime(["2023-01-05", "2024-01-05", None])
    >>> lost = pd.DataFrame({"last_order_date": days})
    >>> dated_losses(lost, pd.Timestamp("2024-01-01")).index.tolist()
    [1, 2]
    """
    last = lost_accounts["last_order_date"]
    return lost_accounts if first_date is None else lost_accounts[~last.lt(first_date)]


def loss_dynamics(
    lost_accounts: pd.DataFrame,
    account_status: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """One row per month since the first order: losses dated at the last order, and losses detected
    in the month. Months before the last hole in the data have none.

    A month is blank (n/a) while it is younger than the detection lag, the silence within which the
    criterion sees nine losses in ten: it is not low, it cannot be known yet. Rolling figures need
    twelve known months of data. A loss that ended in a return stays counted; ``returned_count``
    says how many did.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.loss_dynamics.loc[q.loss_dynamics["is_known"], "month"].max().strftime("%Y-%m")
    '2025-03'
    """
    found = dated_losses(lost_accounts, first_date)
    found = found[found["last_order_date"].notna()]
    first, lag = account_status["first_order_date"].min(), detection_lag(account_status)
    if pd.isna(first):
        return shaped("loss_dynamics", [])
    first = max(first, first if first_date is None else first_date)
    span = (as_of.year - first.year) * 12 + as_of.month - first.month + 2
    months = trailing_months(as_of, span)
    table = pd.DataFrame({"month": months[months >= first].astype("datetime64[us]")})
    table["is_known"] = table["month"].le(as_of - pd.Timedelta(days=lag) if lag == lag else pd.NaT)
    grouped = found.groupby(month_of(found["last_order_date"], as_of))
    has_no_cost = len(found) > 0 and found["margin_lost"].isna().all()
    for column, sums in {
        "lost_count": grouped.size(),
        "returned_count": grouped["return_date"].count(),
        "revenue_lost": grouped["revenue_lost"].sum(),
        "margin_lost": grouped["margin_lost"].apply(_whole_sum),
    }.items():
        empty = np.nan if column == "margin_lost" and has_no_cost else 0.0
        filled = looked_up(table["month"], sums).where(table["month"].isin(sums.index), empty)
        table[column] = filled.astype("float64").where(table["is_known"]).round(6)
    rolling = table[["lost_count", "revenue_lost", "margin_lost"]].rolling(12).sum().round(6)
    table[["lost_12m_count", "revenue_lost_12m", "margin_lost_12m"]] = rolling
    detected = month_of(found["detection_date"], as_of).value_counts()
    table["detected_count"] = looked_up(table["month"], detected).fillna(0)
    return shaped("loss_dynamics", table.assign(detection_lag_days=lag))


def loss_directions(
    lost_accounts: pd.DataFrame,
    category_months: pd.DataFrame,
    accounts: pd.DataFrame,
    account_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """One row per dimension × group: the losses seen in the 12 months to the as-of day, by where
    they happened.

    A loss counts in the window in which the criterion saw it (for a loss that is only recorded: in
    which it is dated), so the figures are complete. Categories split each account's lost revenue by
    what it bought in the 12 months to its last order: an account may count in several categories,
    its money counts once. ``account_count`` is the book's number of accounts in that group, which
    tells a large region from a bad one; so does ``revenue_share``, its share of the revenue of the
    12 months before the window, when the losses were still to come. A dimension that neither the
    accounts nor the losses record has no rows.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.loss_directions["dimension"].unique().tolist()
    ['category', 'industry', 'region', 'manager_name', 'reason', 'seen']
    """
    after, until = window_edges(as_of)
    dated = dated_losses(lost_accounts, first_date)
    when = dated["detection_date"].fillna(dated["recorded_date"])
    found = dated[when.gt(after) & when.le(until)]
    found = found.assign(is_back=found["return_date"].notna())
    detected = found[found["last_order_date"].notna()]
    base_months = trailing_months(as_of, 24)[:12]
    base = account_months[account_months["month"].isin(base_months)]
    parts = []
    for place, dimension in enumerate(DIMENSIONS):
        source = category_months if dimension == "category" else accounts
        named = source[dimension] if dimension in source else found[dimension]
        if named.isna().all() and dimension != "seen":
            continue
        if dimension == "category":
            rows = _by_category(detected, category_months)
        else:
            rows = found if dimension == "seen" else detected
            rows = rows.assign(group=rows[dimension])
        part = _summed(rows.assign(group=rows["group"].fillna(UNKNOWN)))
        if dimension in accounts:
            sizes = accounts[dimension].fillna(UNKNOWN).value_counts()
            part["account_count"] = looked_up(part["group"], sizes).astype("float64")
            part["revenue_share"] = looked_up(part["group"], _shares(accounts, base, dimension))
        elif dimension == "category":
            own = category_months[category_months["month"].isin(base_months)]
            sold = own.groupby("category")["revenue"].sum().clip(lower=0)
            part["revenue_share"] = looked_up(part["group"], sold / max(sold.sum(), 1e-9))
        parts.append(part.assign(dimension=dimension, place=place))
    table = pd.concat(parts, ignore_index=True).sort_values(
        ["place", "revenue_lost", "lost_count", "group"], ascending=[True, False, False, True]
    )
    table = table.round({"revenue_lost": 6, "margin_lost": 6})
    return shaped("loss_directions", table)


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the losses of each group, and its share of the revenue lost."""
    grouped = rows.groupby("group")
    part = pd.DataFrame(
        {
            "lost_count": grouped["account_id"].size(),
            "revenue_lost": grouped["revenue_lost"].sum(min_count=1),
            "margin_lost": grouped["margin_lost"].apply(_whole_sum),
            "returned_count": grouped["is_back"].sum(),
        }
    ).reset_index()
    total = part["revenue_lost"].sum()
    part["lost_share"] = part["revenue_lost"] / total if total > 0 else np.nan
    return part.assign(account_count=np.nan, revenue_share=np.nan)


def _shares(accounts: pd.DataFrame, months: pd.DataFrame, dimension: str) -> pd.Series:
    """Return the share of each group of accounts in the revenue of some months."""
    group = accounts.set_index("account_id")[dimension].fillna(UNKNOWN)
    sold = months.groupby(months["account_id"].map(group).fillna(UNKNOWN))["revenue"].sum()
    return sold.clip(lower=0) / max(sold.clip(lower=0).sum(), 1e-9)


def _whole_sum(money: pd.Series) -> float:
    """Return the sum, n/a as soon as one amount is."""
    return money.sum(skipna=False)


def _by_category(lost: pd.DataFrame, category_months: pd.DataFrame) -> pd.DataFrame:
    """Return the losses split by category: those of the 13 months that hold the last 12 months."""
    lost = lost.assign(spell=np.arange(len(lost)))
    months = category_months[["account_id", "category", "month", "revenue"]]
    bought = lost.merge(months, on="account_id")
    first = bought["last_order_date"] - pd.DateOffset(years=1)
    end = bought["last_order_date"] + pd.DateOffset(months=1)
    bought = bought[bought["month"].ge(first) & bought["month"].lt(end)]
    bought = bought.assign(group=bought["category"].fillna(UNKNOWN))
    parts = bought.groupby(["spell", "group"])["revenue"].sum().clip(lower=0)
    shares = (parts / parts.groupby("spell").transform("sum")).dropna().rename("part")
    split = lost.merge(shares[shares.gt(0)].reset_index(), on="spell")
    money = ["revenue_lost", "margin_lost"]
    return split.assign(**{column: split[column] * split["part"] for column in money})
