"""The client's voice: what was asked and not answered, what followed events, who met the top."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.tables import each, shaped

TOP = ("decider", "approver")
MIN_LIKE = 5
"""Accounts that an account's change is held against."""


def feedback_topics(
    feedback: pd.DataFrame, accounts: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per account × topic asked for in 12 months, or still open: unanswered ones first.

    *Repeated* was asked twice and more in the 12 months.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> asked = typed(pd.DataFrame({"account_id": ["A", "A"], "topic": "stock",
    ...     "date": pd.to_datetime(["2025-05-01", "2025-08-01"])}), "feedback")
    >>> people = shaped("accounts", {"account_id": ["A"], "name": ["Ada"]})
    >>> table = feedback_topics(asked, people, as_of=pd.Timestamp("2025-09-30"))
    >>> table[["asked_count", "unanswered_count", "is_repeated", "waiting_days"]].values.tolist()
    [[2, 2, True, 152.0]]
    """
    own = feedback[feedback["date"].le(as_of)]
    is_recent = own["date"].gt(as_of - pd.DateOffset(months=12))
    is_open = own["settled_date"].isna() & own["answered_date"].isna()
    own = own.assign(
        topic=own["topic"].fillna("not recorded"),
        is_recent=is_recent,
        unanswered=is_open,
        unsettled=own["settled_date"].isna(),
        open_date=own["date"].where(is_open),
    )
    own = own[own["is_recent"] | own["unanswered"]]
    table = own.groupby(["account_id", "topic"], as_index=False).agg(
        asked_count=("date", "size"),
        recent=("is_recent", "sum"),
        unanswered_count=("unanswered", "sum"),
        unsettled_count=("unsettled", "sum"),
        last_asked_date=("date", "max"),
        open_date=("open_date", "min"),
        feedback_score=("score", "mean"),
        request=("asked", "last"),
    )
    known = accounts.set_index("account_id")
    names = {"name": "name", "owner": "manager_name"}
    for column, source in names.items():
        table[column] = known[source].reindex(table["account_id"]).astype("str").to_numpy()
    table = table.assign(
        is_repeated=table["recent"].ge(2),
        waiting_days=(as_of - pd.to_datetime(table["open_date"])).dt.days,
    )
    table = table.rename(columns={"topic": "asked_topic"})
    by = ["unanswered_count", "waiting_days", "account_id", "asked_topic"]
    return shaped("feedback_topics", table.sort_values(by, ascending=[False, False, True, True]))


def event_outcomes(
    account_events: pd.DataFrame,
    account_months: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per event at a client: revenue of the year before and after, beside like accounts.

    Like accounts are those of the same industry with revenue in the year before (of all, where they
    are fewer than five). After is n/a until the year has passed. What followed is no proof of why.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.event_outcomes.columns[:2].tolist()
    ['account_id', 'name']
    """
    months = account_months.pivot_table(
        index="account_id", columns="month", values="revenue", aggfunc="sum"
    ).fillna(0.0)
    known = accounts.set_index("account_id")
    trades = known["industry"].reindex(months.index)
    rows = []
    when: Any = months.columns
    for row in each(account_events[account_events["date"].le(as_of)]):
        year = (when <= row.date) & (when > row.date - pd.DateOffset(months=12))
        before = months.loc[:, year].sum(axis=1)
        end = row.date + pd.DateOffset(months=12)
        after = months.loc[:, (when > row.date) & (when <= end)].sum(axis=1)
        others = before.gt(0) & (before.index != row.account_id)
        trade: Any = known["industry"].get(row.account_id)
        like = others & trades.eq(trade)
        like = like if like.sum() >= MIN_LIKE else others
        is_over, base = end <= as_of, before.get(row.account_id, 0.0)
        own = after.get(row.account_id, 0.0)
        peers = before[like].sum()
        rows.append(
            {
                "account_id": row.account_id,
                "name": known["name"].get(row.account_id, row.account_id),
                "date": row.date,
                "event_kind": row.kind,
                "event_note": row.note,
                "event_revenue_before": base,
                "event_revenue_after": own if is_over else np.nan,
                "event_change_share": own / base - 1 if is_over and base > 0 else np.nan,
                "like_change_share": after[like].sum() / peers - 1 if is_over and peers else np.nan,
                "like_account_count": int(like.sum()),
            }
        )
    table = shaped("event_outcomes", rows)
    return table.sort_values(["date", "account_id"], ascending=[False, True]).reset_index(drop=True)


def sponsor_activity(
    accounts: pd.DataFrame,
    key_accounts: pd.DataFrame,
    interactions: pd.DataFrame,
    contacts: pd.DataFrame,
    managers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per key account: its sponsor, and how often the client's top people were met.

    The top are the deciders and approvers among the contacts, and who stands at the head of the org
    chart: others report to them, and they to nobody. ``sponsor_contact_count`` counts contacts that
    the sponsor made: a manager by name or id. Where no top is known there are no rows. The longest
    without comes first.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.sponsor_activity["top_contact_count"].ge(0).all().item()
    True
    """
    keys = key_accounts.loc[key_accounts["is_key"].eq(True), "account_id"]
    top = contacts[contacts["role"].isin(TOP) | _heads(contacts)].dropna(subset=["contact_id"])
    if top.empty:
        return shaped("sponsor_activity", [])
    met = interactions[interactions["date"].le(as_of)].merge(
        top[["account_id", "contact_id"]].drop_duplicates(), on=["account_id", "contact_id"]
    )
    recent = met[met["date"].gt(as_of - pd.DateOffset(months=12))]
    known = accounts.set_index("account_id").reindex(keys)
    last = met.groupby("account_id")["date"].max().reindex(keys)
    table = pd.DataFrame(
        {
            "account_id": keys.to_numpy(),
            "name": known["name"].to_numpy(),
            "sponsor": known["sponsor"].to_numpy(),
            "top_people_count": top.groupby("account_id").size().reindex(keys).fillna(0).to_numpy(),
            "top_contact_count": recent.groupby("account_id")
            .size()
            .reindex(keys)
            .fillna(0)
            .to_numpy(),
            "sponsor_contact_count": _by_sponsor(interactions, known["sponsor"], managers, as_of),
            "last_top_contact_date": last.to_numpy(),
            "owner": known["manager_name"].to_numpy(),
        }
    )
    by = ["last_top_contact_date", "account_id"]
    return shaped("sponsor_activity", table.sort_values(by, na_position="first", kind="stable"))


def _heads(contacts: pd.DataFrame) -> pd.Series:
    """Return who is the head of an account's org chart."""
    place = pd.MultiIndex.from_frame(contacts[["account_id", "contact_id"]])
    above = contacts.dropna(subset=["reports_to"])
    led = pd.MultiIndex.from_frame(above[["account_id", "reports_to"]])
    return contacts["reports_to"].isna() & pd.Series(place.isin(led), index=contacts.index)


def _by_sponsor(
    interactions: pd.DataFrame, sponsor: pd.Series, managers: pd.DataFrame, as_of: pd.Timestamp
) -> np.ndarray:
    """Return how many contacts of 12 months each account's sponsor made; n/a without a sponsor."""
    day = interactions["date"]
    year = interactions[day.le(as_of) & day.gt(as_of - pd.DateOffset(months=12))]
    names = managers.dropna(subset=["name"]).set_index("manager_id")["name"]
    own = year["account_id"].map(sponsor)
    is_by = own.notna() & (own.eq(year["manager_id"].map(names)) | own.eq(year["manager_id"]))
    many = is_by.groupby(year["account_id"]).sum().reindex(sponsor.index).fillna(0.0)
    return many.where(sponsor.notna()).to_numpy(dtype="float64")
