"""Who is lost, who is overdue: the loss criterion, per account and for every silence of the past."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.retention.order_days import (
    expanding_medians,
    looked_up,
    order_days,
    order_gaps,
    pooled_medians,
    window_edges,
    window_sums,
)

STATUSES = ("lost", "overdue", "active", "new", "never")
_COLUMNS = [
    "account_id", "name", "manager_id", "manager_name", "status", "is_returned", "last_order_date", "silence_days",
    "usual_gap_days", "gap_basis", "overdue_since_date", "detection_date", "lost_after_days", "revenue", "margin",
    "last_year_revenue", "last_year_margin", "first_order_date", "order_day_count",
]  # fmt: skip


def usual_gaps(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    classes: pd.DataFrame | None = None,
    min_gaps: int = 3,
) -> pd.DataFrame:
    """One row per account with an order day: its usual gap, the median days between order days.

    All history up to the as-of day counts. An account with fewer than ``min_gaps`` gaps borrows the
    median of all gaps of its revenue class (``abc_revenue`` of ``classes``), when the class has
    ``min_gaps`` gaps itself, else of all accounts; ``gap_basis`` says so. When the whole book has
    no gap yet, the usual gap is n/a.

    Columns
    -------
    account_id: the account
    first_order_date: its first order day
    last_order_date: its last order day up to the as-of day
    order_day_count: order days so far
    gap_count: gaps between them
    usual_gap_days: its usual gap in days
    gap_basis: own, class or all: whose gaps the usual gap is the median of; blank when there is
        none

    Examples
    --------
    >>> days = pd.DataFrame({"account_id": "A", "revenue": 1.0,
    ...     "date": pd.to_datetime(["2025-01-01", "2025-01-11", "2025-01-31", "2025-03-02"])})
    >>> usual_gaps(days, as_of=pd.Timestamp("2025-06-30"))[["usual_gap_days", "gap_basis"]].values.tolist()
    [[20.0, 'own']]
    """
    days = order_days(account_days, as_of=as_of)
    gaps = order_gaps(days)
    table = (
        days.groupby("account_id")
        .agg(
            first_order_date=("date", "min"),
            last_order_date=("date", "max"),
            order_day_count=("date", "size"),
        )
        .reset_index()
    )
    table["gap_count"] = (table["order_day_count"] - 1).astype("int64")
    own = looked_up(table["account_id"], gaps.groupby("account_id")["gap_days"].median())
    name = _class_of(classes, table["account_id"])
    pools = gaps.assign(name=_class_of(classes, gaps["account_id"]).to_numpy()).groupby("name")[
        "gap_days"
    ]
    pooled = looked_up(name, pools.median().where(pools.size().ge(min_gaps)))
    of_all = gaps["gap_days"].median() if len(gaps) else np.nan
    is_own, is_class = table["gap_count"].ge(min_gaps), pooled.notna()
    table["usual_gap_days"] = own.where(is_own, pooled.where(is_class, of_all)).astype("float64")
    basis = np.select(
        [is_own, is_class, np.full(len(table), bool(len(gaps)))], ["own", "class", "all"], ""
    )
    table["gap_basis"] = pd.Series(basis, index=table.index).replace("", None).astype("str")
    columns = ["account_id", "first_order_date", "last_order_date", "order_day_count", "gap_count"]
    return table[[*columns, "usual_gap_days", "gap_basis"]].astype({"account_id": "str"})


def account_status(
    account_days: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    classes: pd.DataFrame | None = None,
    overdue: float = 2.0,
    lost: float = 3.0,
    min_silence_days: int = 90,
    new_days: int = 180,
    min_gaps: int = 3,
) -> pd.DataFrame:
    """One row per account: is it active, overdue or lost, by its silence against its own usual gap.

    ``never``: no order day. ``new``: fewer than ``min_gaps`` gaps and first order less than
    ``new_days`` ago. Else with q = silence / usual gap: ``active`` q ≤ ``overdue``; ``lost`` q >
    ``lost`` and silence ≥ ``min_silence_days``; ``overdue`` everything between. Silence runs to the
    as-of day. An account without any usual gap (no account in the book has ordered twice) is
    overdue once it is no longer new: neither active nor lost can be claimed. Sorted by what is at
    stake: revenue of the 12 months to the last order.

    Columns
    -------
    account_id: the account
    name: its name
    manager_id: who owns it
    manager_name: the owner's name
    status: never, new, active, overdue or lost
    is_returned: a lost spell ended inside the 12 months to the as-of day
    last_order_date: its last order day
    silence_days: days since then
    usual_gap_days: its usual gap in days
    gap_basis: own, class or all: whose gaps that is
    overdue_since_date: first day it was seen as overdue (overdue and lost accounts)
    detection_date: first day it was seen as lost (lost accounts)
    lost_after_days: days of silence after which this account counts as lost
    revenue: net revenue of the 12 months to the as-of day
    margin: margin of the same months; n/a where a cost is unknown
    last_year_revenue: net revenue of the 12 months to its last order: what is at stake
    last_year_margin: margin of the same months
    first_order_date: its first order day
    order_day_count: order days so far
    """
    table = _listed(account_days, accounts, as_of).merge(
        usual_gaps(account_days, as_of=as_of, classes=classes, min_gaps=min_gaps),
        on="account_id",
        how="left",
    )
    table["silence_days"] = (as_of - table["last_order_date"]).dt.days.astype("float64")
    rule = {"min_gaps": min_gaps, "new_days": new_days}
    overdue_day = _trip_day(table, overdue, 0, **rule)
    lost_day = _trip_day(table, lost, min_silence_days, **rule)
    never = table["last_order_date"].isna()
    is_new = table["gap_count"].lt(min_gaps) & table["first_order_date"].gt(
        as_of - pd.Timedelta(days=new_days)
    )
    is_lost = lost_day.le(as_of) & overdue_day.le(as_of)
    unknown = table["usual_gap_days"].isna()
    is_overdue = overdue_day.le(as_of) | (unknown & ~is_new)
    table["status"] = np.select(
        [never, is_new, is_lost, is_overdue], ["never", "new", "lost", "overdue"], "active"
    )
    late = table["status"].isin(["overdue", "lost"])
    table["overdue_since_date"] = overdue_day.where(late)
    table["detection_date"] = lost_day.where(lost_day.ge(overdue_day), overdue_day).where(
        table["status"].eq("lost")
    )
    table["lost_after_days"] = (lost_day - table["last_order_date"]).dt.days.astype("float64")
    after, until = window_edges(as_of)
    now = window_sums(
        account_days, table[["account_id"]].assign(after_date=after, until_date=until)
    )
    last = table["last_order_date"]
    year = window_sums(
        account_days,
        table[["account_id"]].assign(after_date=last - pd.DateOffset(years=1), until_date=last),
    )
    table[["revenue", "margin"]] = now.to_numpy()
    table[["last_year_revenue", "last_year_margin"]] = year.to_numpy()
    spells = _closed_spells(
        account_days,
        as_of=as_of,
        classes=classes,
        lost=lost,
        min_silence_days=min_silence_days,
        **rule,
    )
    back = spells.loc[spells["return_date"].gt(after), "account_id"]
    table["is_returned"] = table["account_id"].isin(back)
    table["order_day_count"] = table["order_day_count"].fillna(0).astype("int64")
    table = table.sort_values(
        ["last_year_revenue", "account_id"], ascending=[False, True], ignore_index=True
    )
    dates = dict.fromkeys(("overdue_since_date", "detection_date"), "datetime64[us]")
    return table[_COLUMNS].astype({"status": "str", **dates})


def lost_spells(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    classes: pd.DataFrame | None = None,
    overdue: float = 2.0,
    lost: float = 3.0,
    min_silence_days: int = 90,
    new_days: int = 180,
    min_gaps: int = 3,
) -> pd.DataFrame:
    """One row per lost spell: a silence that the loss criterion called a loss, ended by a return or
    not.

    A past silence is judged by what was known on its last day: the account's gaps until then, or
        the pool's.

    Columns
    -------
    account_id: the account
    last_order_date: the last order before the silence; the loss is dated here
    detection_date: first day the silence was seen as a loss
    return_date: the order that ended it; blank while it lasts
    usual_gap_days: the usual gap it was judged by
    """
    status = account_status(
        account_days,
        as_of=as_of,
        classes=classes,
        overdue=overdue,
        lost=lost,
        min_silence_days=min_silence_days,
        new_days=new_days,
        min_gaps=min_gaps,
    )
    closed = _closed_spells(
        account_days,
        as_of=as_of,
        classes=classes,
        lost=lost,
        min_silence_days=min_silence_days,
        new_days=new_days,
        min_gaps=min_gaps,
    )
    still = status.loc[status["status"].eq("lost")].copy()
    still["return_date"] = pd.Series(pd.NaT, index=still.index, dtype="datetime64[us]")
    spells = pd.concat([closed, still[closed.columns]], ignore_index=True)
    return spells.sort_values(["last_order_date", "account_id"], ignore_index=True)


def _closed_spells(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    classes: pd.DataFrame | None,
    lost: float,
    min_silence_days: int,
    new_days: int,
    min_gaps: int,
) -> pd.DataFrame:
    """Return the silences of the past that were a loss on the eve of the order that ended them."""
    days = order_days(account_days, as_of=as_of)
    gaps = order_gaps(days)
    gaps["own"] = expanding_medians(gaps)
    gaps["first_order_date"] = looked_up(
        gaps["account_id"], days.groupby("account_id")["date"].min()
    )
    gaps["name"] = _class_of(classes, gaps["account_id"]).to_numpy()
    codes, _ = pd.factorize(gaps["name"], sort=True)
    silent = gaps["gap_days"].gt(min_silence_days)
    found = gaps[silent].assign(code=codes[silent.to_numpy()])
    is_own = found["earlier_gap_count"].ge(min_gaps)
    borrowed = found[~is_own]
    pool = (
        gaps["next_order_date"].to_numpy().astype("datetime64[D]").astype("int64"),
        gaps["gap_days"].to_numpy(),
        codes,
    )
    eve = borrowed["next_order_date"].to_numpy().astype("datetime64[D]").astype("int64") - 1
    of_class, class_count = pooled_medians(*pool, eve, borrowed["code"].to_numpy())
    of_all, _ = pooled_medians(*pool, eve, np.full(len(eve), -1))
    enough = (class_count >= min_gaps) & (borrowed["code"].to_numpy() >= 0)
    found["usual_gap_days"] = found["own"]
    found.loc[~is_own, "usual_gap_days"] = np.where(enough, of_class, of_all)
    found["gap_count"] = found["earlier_gap_count"]
    found["detection_date"] = _trip_day(
        found, lost, min_silence_days, min_gaps=min_gaps, new_days=new_days
    )
    found["return_date"] = found["next_order_date"]
    found = found[found["detection_date"].lt(found["return_date"])]
    columns = ["account_id", "last_order_date", "detection_date", "return_date", "usual_gap_days"]
    return found[columns].reset_index(drop=True)


def _trip_day(
    table: pd.DataFrame, k: float, min_silence_days: int, *, min_gaps: int, new_days: int
) -> pd.Series:
    """Return the first day on which silence > k × usual gap, is long enough, and the account no
    longer new.
    """
    silence = np.maximum(np.floor(k * table["usual_gap_days"]) + 1, min_silence_days)
    day = table["last_order_date"] + pd.to_timedelta(silence, unit="D")
    grown = table["first_order_date"] + pd.Timedelta(days=new_days)
    day = day.where(table["gap_count"].ge(min_gaps) | day.ge(grown) | day.isna(), grown)
    return day.astype("datetime64[us]")


def _class_of(classes: pd.DataFrame | None, account_id: pd.Series) -> pd.Series:
    if classes is None or classes.empty:
        return pd.Series(None, index=account_id.index, dtype="str")
    return looked_up(account_id, classes.set_index("account_id")["abc_revenue"]).astype("str")


def _listed(
    account_days: pd.DataFrame, accounts: pd.DataFrame | None, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return every account once with name and owner: the listed ones and those that have rows."""
    seen = pd.DataFrame(
        {"account_id": account_days.loc[account_days["date"].le(as_of), "account_id"].unique()}
    )
    known = (
        accounts if accounts is not None else pd.DataFrame({"account_id": pd.Series(dtype="str")})
    )
    table = (
        pd.concat([known[["account_id"]], seen]).drop_duplicates(ignore_index=True).astype("str")
    )
    for column in ("name", "manager_id", "manager_name"):
        source = (
            known.set_index("account_id")[column] if column in known else pd.Series(dtype="str")
        )
        table[column] = looked_up(table["account_id"], source).astype("str")
    table["name"] = table["name"].fillna(table["account_id"])
    return table
