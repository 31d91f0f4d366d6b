"""Losses: which, how many, how much, when and in which direction; the recorded ones beside the
detected ones.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.period.calendar import month_of, trailing_months
from kamlib.retention.order_days import looked_up, window_edges, window_sums

DIRECTIONS = ("category", "industry", "region", "manager_id", "reason", "seen")
_LOST_COLUMNS = [
    "account_id", "name", "manager_id", "manager_name", "industry", "region", "last_order_date", "detection_date",
    "return_date", "revenue_lost", "margin_lost", "reason", "recorded_date", "seen",
]  # fmt: skip
_DYNAMICS = [
    "month", "lost_count", "returned_count", "revenue_lost", "margin_lost", "lost_12m_count", "revenue_lost_12m",
    "margin_lost_12m", "detected_count", "detection_lag_days", "is_known",
]  # fmt: skip


def lost_accounts(
    spells: pd.DataFrame,
    account_days: pd.DataFrame,
    accounts: pd.DataFrame,
    losses: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    early_days: int = 90,
) -> pd.DataFrame:
    """One row per loss: every lost spell (table ``lost_spells``), and every recorded loss that no
    spell matches.

    A recorded loss belongs to the spell of its account that it was written down in: at most
        ``early_days``
    before the last order and before the return. The first one counts. Recorded losses without a
        spell are
    accounts that ordered on, or whose silence is still too short for the criterion.

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: who owns it
    manager_name: the owner's name
    industry: its industry
    region: its region
    last_order_date: the loss is dated here; blank for a loss that is only recorded
    detection_date: first day the criterion saw it
    return_date: the order that ended the spell; blank while it lasts
    revenue_lost: net revenue of the 12 months to the last order
    margin_lost: margin of the same months; n/a where a cost is unknown
    reason: the reason recorded; blank where nobody recorded one
    recorded_date: the day the recorded loss is dated
    seen: "recorded and detected", "detected only" (nobody recorded it) or "recorded only"
    """
    last = spells["last_order_date"]
    sums = window_sums(
        account_days,
        spells[["account_id"]].assign(after_date=last - pd.DateOffset(years=1), until_date=last),
    )
    spells = spells.assign(
        revenue_lost=sums["revenue"].to_numpy(), margin_lost=sums["margin"].to_numpy()
    )
    spells["spell"] = np.arange(len(spells))
    book = _recorded(losses, as_of)
    pairs = spells.merge(book, on="account_id")
    in_spell = pairs["recorded_date"].ge(
        pairs["last_order_date"] - pd.Timedelta(days=early_days)
    ) & ~pairs["recorded_date"].ge(pairs["return_date"])
    pairs = (
        pairs[in_spell]
        .sort_values(["recorded_date", "record"])
        .drop_duplicates("record", keep="last")
    )
    first = pairs.drop_duplicates("spell").set_index("spell")
    spells["reason"] = looked_up(spells["spell"], first["reason"]).astype("str")
    spells["recorded_date"] = looked_up(spells["spell"], first["recorded_date"]).astype(
        "datetime64[us]"
    )
    spells["seen"] = np.where(
        spells["recorded_date"].notna(), "recorded and detected", "detected only"
    )
    alone = book[~book["record"].isin(pairs["record"])].assign(seen="recorded only")
    table = pd.concat([spells, alone], ignore_index=True) if len(alone) else spells
    known = accounts.drop_duplicates("account_id").set_index("account_id")
    for column in ("name", "manager_id", "manager_name", "industry", "region"):
        source = known[column] if column in known else pd.Series(dtype="str")
        table[column] = looked_up(table["account_id"], source).astype("str")
    table["name"] = table["name"].fillna(table["account_id"])
    dates = dict.fromkeys(
        ("last_order_date", "detection_date", "return_date", "recorded_date"), "datetime64[us]"
    )
    table = table.astype({**dates, "seen": "str", "reason": "str", "account_id": "str"})
    table["when"] = table["last_order_date"].fillna(table["recorded_date"])
    return table.sort_values(["when", "account_id"], ignore_index=True)[_LOST_COLUMNS]


def detection_lag(status: pd.DataFrame, *, share: float = 0.9) -> float:
    """Return the days of silence within which the criterion sees a loss at ``share`` of the
    accounts.

    >>> detection_lag(pd.DataFrame({"lost_after_days": [90.0, 90.0, 120.0]}))
    120.0
    """
    lags = status["lost_after_days"].dropna()
    return float(lags.quantile(share, interpolation="higher")) if len(lags) else np.nan


def loss_dynamics(lost: pd.DataFrame, status: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per month since the first order: losses dated at the last order, and losses detected
    in the month.

    ``lost`` is the table ``lost_accounts``, ``status`` the table ``account_status``. A month is
        blank (n/a)
    while it is younger than the detection lag, the silence within which the criterion sees nine
        losses in
    ten: it is not low, it cannot be known yet. Rolling figures need twelve known months of data. A
        loss that
    ended in a return stays counted; ``returned_count`` says how many did.

    Columns
    -------
    month: last day of the month
    lost_count: accounts whose last order before a lost spell lies in the month
    returned_count: of these, how many have come back since
    revenue_lost: net revenue of their 12 months to the last order
    margin_lost: margin of the same months; n/a where a cost is unknown
    lost_12m_count: lost_count of the 12 months to this one
    revenue_lost_12m: revenue_lost of these months
    margin_lost_12m: margin_lost of these months
    detected_count: losses that the criterion saw first in this month
    detection_lag_days: days within which it sees nine in ten
    is_known: older than the detection lag
    """
    found = lost[lost["last_order_date"].notna()]
    first = status["first_order_date"].min()
    lag = detection_lag(status)
    span = 0 if pd.isna(first) else (as_of.year - first.year) * 12 + as_of.month - first.month + 2
    months = trailing_months(as_of, max(span, 1))
    months = months[months >= first] if span else months[:0]
    grouped = found.groupby(month_of(found["last_order_date"], as_of))
    table = pd.DataFrame({"month": months.astype("datetime64[us]")})
    parts = {
        "lost_count": grouped.size(),
        "returned_count": grouped["return_date"].count(),
        "revenue_lost": grouped["revenue_lost"].sum(),
        "margin_lost": grouped["margin_lost"].apply(lambda m: m.sum(skipna=False)),
    }
    seen_until = as_of - pd.Timedelta(days=lag) if lag == lag else pd.NaT
    known = table["month"].le(seen_until)
    no_cost = len(found) > 0 and found["margin_lost"].isna().all()
    for column, values in parts.items():
        empty = np.nan if column == "margin_lost" and no_cost else 0.0
        filled = looked_up(table["month"], values).where(table["month"].isin(values.index), empty)
        table[column] = filled.astype("float64").where(known).round(6)
    rolling = table[["lost_count", "revenue_lost", "margin_lost"]].rolling(12).sum().round(6)
    table[["lost_12m_count", "revenue_lost_12m", "margin_lost_12m"]] = rolling
    detected = month_of(found["detection_date"], as_of).value_counts()
    table["detected_count"] = looked_up(table["month"], detected).fillna(0).astype("int64")
    table["detection_lag_days"] = lag
    table["is_known"] = known.astype(bool)
    return table[_DYNAMICS]


def loss_directions(
    lost: pd.DataFrame,
    category_months: pd.DataFrame | None = None,
    accounts: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per direction × value: the losses seen in the 12 months to the as-of day, by where
    they happened.

    ``lost`` is the table ``lost_accounts``; a loss counts in the window in which the criterion saw
        it (for a
    loss that is only recorded: in which it is dated), so the figures are complete. Categories split
        each
    account's lost revenue by what it bought in the 12 months to its last order: an account may
        count in
    several categories, its money counts once. ``account_count`` is the book's number of accounts in
        that
    direction, which tells a large region from a bad one.

    Columns
    -------
    direction: category, industry, region, manager_id, reason or seen
    value: the category, industry, region …; "not recorded" where nothing is known
    lost_count: losses
    revenue_lost: net revenue of their 12 months to the last order
    margin_lost: margin of the same months; n/a where a cost is unknown
    lost_share: share of the revenue lost in this direction
    account_count: accounts of the book with this value; n/a where that has no meaning
    returned_count: of the losses, how many have come back since
    """
    after, until = window_edges(as_of)
    when = lost["detection_date"].fillna(lost["recorded_date"])
    found = lost[when.gt(after) & when.le(until)].copy()
    found["is_back"] = found["return_date"].notna()
    detected = found[found["last_order_date"].notna()]
    parts = []
    for direction in DIRECTIONS:
        if direction == "category":
            rows = _by_category(detected, category_months)
        else:
            rows = (found if direction == "seen" else detected).rename(columns={direction: "value"})
        if direction == "reason" and rows["value"].isna().all():
            continue
        rows = rows.assign(value=rows["value"].fillna("not recorded"))
        grouped = rows.groupby("value")
        part = pd.DataFrame(
            {
                "lost_count": grouped["account_id"].size(),
                "revenue_lost": grouped["revenue_lost"].sum(min_count=1),
                "margin_lost": grouped["margin_lost"].apply(lambda m: m.sum(skipna=False)),
                "returned_count": grouped["is_back"].sum(),
            }
        ).reset_index()
        total = part["revenue_lost"].sum()
        part["lost_share"] = part["revenue_lost"] / total if total > 0 else np.nan
        if accounts is not None and direction in accounts and direction not in ("reason", "seen"):
            part["account_count"] = looked_up(
                part["value"], accounts[direction].fillna("not recorded").value_counts()
            )
        parts.append(part.assign(direction=direction))
    columns = {
        "direction": "str", "value": "str", "lost_count": "int64", "revenue_lost": "float64", "margin_lost": "float64",
        "lost_share": "float64", "account_count": "float64", "returned_count": "int64",
    }  # fmt: skip
    table = (
        pd.concat([p for p in parts if len(p)], ignore_index=True)
        if any(map(len, parts))
        else pd.DataFrame()
    )
    table = table.reindex(columns=list(columns)).astype(columns)
    table["rank"] = table["direction"].map({d: i for i, d in enumerate(DIRECTIONS)})
    table = table.sort_values(
        ["rank", "revenue_lost", "lost_count", "value"],
        ascending=[True, False, False, True],
        ignore_index=True,
    )
    return table.drop(columns="rank").round({"revenue_lost": 6, "margin_lost": 6})


def _recorded(losses: pd.DataFrame | None, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the recorded losses up to the as-of day, numbered in a fixed order."""
    if losses is None or losses.empty:
        return pd.DataFrame(
            {
                "account_id": pd.Series(dtype="str"),
                "recorded_date": pd.Series(dtype="datetime64[us]"),
                "reason": pd.Series(dtype="str"),
                "record": pd.Series(dtype="int64"),
            }
        )
    book = losses.loc[losses["lost_date"].le(as_of), ["account_id", "lost_date", "reason"]]
    book = book.rename(columns={"lost_date": "recorded_date"})
    book = book.sort_values(["recorded_date", "account_id", "reason"], ignore_index=True)
    return book.assign(record=np.arange(len(book)))


def _by_category(lost: pd.DataFrame, category_months: pd.DataFrame | None) -> pd.DataFrame:
    """Return the losses split by the categories bought in the 13 activity months that hold the last
    12 months.
    """
    if category_months is None or category_months.empty or lost.empty:
        return lost.assign(value=None).astype({"value": "str"}).iloc[:0]
    lost = lost.assign(spell=np.arange(len(lost)))
    bought = lost.merge(
        category_months[["account_id", "category", "month", "revenue"]], on="account_id"
    )
    first = bought["last_order_date"] - pd.DateOffset(years=1)
    bought = bought[
        bought["month"].ge(first)
        & bought["month"].lt(bought["last_order_date"] + pd.DateOffset(months=1))
    ]
    bought = bought.assign(value=bought["category"].fillna("not recorded"))
    parts = bought.groupby(["spell", "value"])["revenue"].sum().clip(lower=0)
    shares = (parts / parts.groupby("spell").transform("sum")).dropna().rename("part").reset_index()
    split = lost.merge(shares[shares["part"].gt(0)], on="spell")
    for column in ("revenue_lost", "margin_lost"):
        split[column] = split[column] * split["part"]
    return split
