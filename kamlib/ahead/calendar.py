"""Everything that is dated in the next months, and what was due and is not done, with its owner."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped

WITHIN = (30, 90, 180)
"""Days ahead by which what is due is told apart."""
KINDS = (
    "notice",
    "end",
    "check-in",
    "review",
    "step",
    "close",
    "season",
    "order",
    "invoices",
)
_NOT_THERE = ("lost", "never")


def calendar(
    agreement_renewals: pd.DataFrame,
    account_status: pd.DataFrame,
    interactions: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    plan_steps: pd.DataFrame,
    plan_register: pd.DataFrame,
    pipeline: pd.DataFrame,
    account_seasons: pd.DataFrame,
    invoices: pd.DataFrame,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per thing that was due and is not done, then per thing due within 180 days, by day.

    Notice days and ends of agreements; check-ins by each account's rhythm, reviews and steps of
    account plans; days on which open deals are expected to close; seasons that begin; the next
    order of key accounts, one usual gap after the last; unpaid invoices, those overdue and those
    due in one row each per account. ``due_in`` says when: overdue, or within 30, 90 or 180 days.
    An overdue check-in, step, close, notice day or invoice stays until it is done, a review of a
    plan until anybody was in contact or the plan names a later day. The owner is the account's
    manager, of a step the one who is named for it. Accounts that are lost are in no check-in,
    season or order. What is overdue comes first, the latest of it on top.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> ahead = q.calendar[q.calendar["late_days"].isna()]
    >>> set(q.calendar["kind"]) <= set(KINDS) and ahead["due_date"].is_monotonic_increasing
    True
    """
    status = account_status.set_index("account_id")
    there = status.index[~status["status"].isin(_NOT_THERE)]
    keys = key_accounts.loc[key_accounts["is_key"].eq(True), "account_id"]
    parts = [
        _agreements(agreement_renewals, as_of),
        _check_ins(status.loc[there], interactions, contact_rhythms, keys),
        _reviews(plan_register, interactions, as_of),
        _steps(plan_steps),
        _closes(pipeline),
        _seasons(account_seasons[account_seasons["account_id"].isin(there)], status),
        _orders(status.loc[there.intersection(pd.Index(keys))]),
        _invoices(invoices, as_of),
    ]
    table = pd.concat([one for one in parts if len(one)] or parts[:1], ignore_index=True)
    table["due_date"] = pd.to_datetime(table["due_date"]).dt.floor("D")
    ahead = (table["due_date"] - as_of).dt.days
    stays = table["kind"].isin(["notice", "check-in", "review", "step", "close", "invoices"])
    table = table[(ahead > 0) & (ahead <= WITHIN[-1]) | (ahead <= 0) & stays]
    days = ahead[table.index]
    known = accounts.set_index("account_id")
    owner = table["account_id"].map(known["manager_name"]).astype("str")
    named = table["owner"] if "owner" in table else pd.Series(None, table.index, dtype="str")
    table = table.assign(
        name=table["account_id"].map(known["name"]),
        manager_id=table["account_id"].map(known["manager_id"]),
        owner=named.astype("str").fillna(owner),
        is_key=table["account_id"].isin(keys),
        due_in=np.select(
            [days <= 0, days <= WITHIN[0], days <= WITHIN[1]], ["overdue", "30", "90"], "180"
        ),
        late_days=(-days).where(days <= 0),
    )
    table["late_days"] = table["late_days"].astype("float64")
    order = ["late_days", "due_date", "kind", "account_id", "thing"]
    return shaped("calendar", table.sort_values(order, kind="stable", na_position="last"))


def calendar_by_owner(calendar: pd.DataFrame) -> pd.DataFrame:
    """One row per owner: how much is overdue and due, and the money that hangs on it.

    Examples
    --------
    >>> due = shaped("calendar", {"owner": ["Ines", "Ines"], "due_in": ["overdue", "30"],
    ...     "kind": ["step", "close"], "amount": [None, 5.0]})
    >>> calendar_by_owner(due)[["owner", "overdue_count", "within_30_count"]].values.tolist()
    [['Ines', 1, 1]]
    """
    rows = calendar.assign(owner=calendar["owner"].fillna(""))
    counts = rows.groupby(["owner", "due_in"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["overdue", "30", "90", "180"], fill_value=0)
    counts.columns = ["overdue_count", "within_30_count", "within_90_count", "within_180_count"]
    money = rows[rows["kind"].isin(["notice", "close"])].groupby("owner")["amount"].sum()
    table = counts.assign(amount=money.reindex(counts.index).fillna(0.0)).reset_index()
    by = ["overdue_count", "within_30_count", "owner"]
    return shaped("calendar_by_owner", table.sort_values(by, ascending=[False, False, True]))


def _agreements(renewals: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return notice days and ends of agreements in force; a notice day may have passed."""
    own = renewals[renewals["end_date"].ge(as_of)]
    rows = pd.DataFrame(
        {
            "account_id": own["account_id"],
            "thing": own["agreement_id"],
            "about": own["kind"],
            "amount": own["agreement_value"],
            "later_date": own["end_date"],
        }
    )
    return pd.concat(
        [
            rows.assign(kind="notice", due_date=own["notice_date"]),
            rows.assign(kind="end", due_date=own["end_date"]),
        ],
        ignore_index=True,
    )


def _check_ins(
    status: pd.DataFrame, interactions: pd.DataFrame, rhythms: pd.DataFrame, keys: pd.Series
) -> pd.DataFrame:
    """Return the next check-in of accounts with a rhythm of their own, and of key accounts."""
    own = rhythms[rhythms["rhythm_source"].ne("default") | rhythms["account_id"].isin(keys)]
    own = own[own["account_id"].isin(status.index)]
    latest = interactions.groupby("account_id")["date"].max().reindex(own["account_id"])
    last = pd.Series(latest.to_numpy(), index=own.index)
    due = last + pd.to_timedelta(own["contact_every_days"], unit="D")
    rows = own.assign(kind="check-in", due_date=due, later_date=last, thing="")
    return rows.dropna(subset=["due_date"])[
        ["account_id", "kind", "due_date", "later_date", "thing"]
    ]


def _reviews(
    register: pd.DataFrame, interactions: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the reviews that plans name; of those whose day has passed, where nobody met since."""
    rows = register.dropna(subset=["next_meeting_date"])
    last = interactions.groupby("account_id")["date"].max().reindex(rows["account_id"]).array
    day = rows["next_meeting_date"]
    rows = rows[day.gt(as_of) | ~day.le(last)]
    return rows[["account_id"]].assign(kind="review", due_date=rows["next_meeting_date"], thing="")


def _steps(steps: pd.DataFrame) -> pd.DataFrame:
    own = steps[steps["status"].isin(["open", "overdue"])].dropna(subset=["due_date"])
    return own[["account_id", "owner", "due_date"]].assign(
        kind="step", thing=own["objective_id"], about=own["text"], amount=own["expected_value"]
    )


def _closes(pipeline: pd.DataFrame) -> pd.DataFrame:
    own = pipeline.dropna(subset=["expected_close_date"])
    return own[["account_id"]].assign(
        kind="close",
        due_date=own["expected_close_date"],
        thing=own["opportunity_id"],
        about=own["category"].fillna(own["kind"]),
        amount=own["deal_value"],
    )


def _seasons(seasons: pd.DataFrame, status: pd.DataFrame) -> pd.DataFrame:
    return seasons[["account_id"]].assign(
        kind="season",
        due_date=seasons["season_start_date"],
        amount=seasons["account_id"].map(status["revenue"]),
        thing="",
    )


def _orders(status: pd.DataFrame) -> pd.DataFrame:
    """Return the next order of key accounts that are on time: one usual gap after the last."""
    gap = pd.to_timedelta(status["usual_gap_days"].round(), unit="D")
    rows = status.assign(
        due_date=status["last_order_date"] + gap, later_date=status["last_order_date"]
    )
    return rows.reset_index()[["account_id", "due_date", "later_date"]].assign(
        kind="order", thing=""
    )


def _invoices(invoices: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return what is unpaid: overdue and due, one row each per account."""
    own = invoices[invoices["paid_date"].isna() & invoices["amount"].gt(0)]
    own = own.assign(is_late=own["due_date"].le(as_of))
    rows = own.groupby(["account_id", "is_late"], as_index=False).agg(
        due_date=("due_date", "min"), amount=("amount", "sum"), item_count=("amount", "size")
    )
    return rows.assign(kind="invoices", thing=rows["is_late"].map({True: "overdue", False: "due"}))[
        ["account_id", "kind", "due_date", "amount", "item_count", "thing"]
    ]
