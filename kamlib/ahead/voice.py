"""The client's voice: what was asked and not answered, what followed events, who met the top."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from kamlib.tables import shaped

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
    events = account_events[account_events["date"].le(as_of)].reset_index(drop=True)
    when, year = pd.DatetimeIndex(months.columns), pd.DateOffset(months=12)
    end = events["date"] + year
    edges = [
        when.searchsorted(day.to_numpy(), side="right")
        for day in (events["date"] - year, events["date"], end)
    ]
    known = accounts.set_index("account_id")
    trade = pd.Series(pd.factorize(known["industry"])[0], index=known.index)
    own_trade, trades = (
        trade.reindex(ids).fillna(-1).to_numpy(dtype="int64")
        for ids in (events["account_id"], months.index)
    )
    place = months.index.get_indexer(pd.Index(events["account_id"]))
    revenue = np.ascontiguousarray(months.to_numpy(dtype="float64").T)
    facts = np.zeros((len(events), 5))
    # events of one month look at the same two years of all accounts
    windows, which = np.unique(np.array(edges), axis=1, return_inverse=True)
    for number, window in enumerate(windows.T):
        at = which == number
        before, after = (revenue[low:high].sum(axis=0) for low, high in pairwise(window))
        facts[at] = _beside(before, after, place[at], own_trade[at], trades)
    is_over = end.le(as_of).to_numpy()
    base, own, peers, later, many = facts.T
    with np.errstate(divide="ignore", invalid="ignore"):
        change, like = own / base - 1, later / peers - 1
    table = events.assign(
        name=events["account_id"].map(known["name"]).fillna(events["account_id"]),
        event_kind=events["kind"],
        event_note=events["note"],
        event_revenue_before=base,
        event_revenue_after=np.where(is_over, own, np.nan),
        event_change_share=np.where(is_over & (base > 0), change, np.nan),
        like_change_share=np.where(is_over & (many > 0), like, np.nan),
        like_account_count=many,
    )
    table = shaped("event_outcomes", table)
    return table.sort_values(["date", "account_id"], ascending=[False, True]).reset_index(drop=True)


def _beside(
    before: np.ndarray, after: np.ndarray, place: np.ndarray, trade: np.ndarray, trades: np.ndarray
) -> np.ndarray:
    """Return for each account (its place, −1 without revenue; its trade) what it had before and
    after, and the same of its like accounts, with their number.
    """
    sold = before > 0
    figures = np.array([sold, before, after])
    own = np.pad(figures, ((0, 0), (0, 1)))[:, place]
    # the first group holds accounts without a trade: nobody is like them by it
    size = max(trades.max(initial=-1), trade.max(initial=-1)) + 2
    groups = np.array([np.bincount(trades[sold] + 1, one[sold], size) for one in figures])
    others = groups[:, trade + 1] - own[0] * own
    is_like = (trade >= 0) & (others[0] >= MIN_LIKE)
    whole = groups.sum(axis=1)[:, None] - own[0] * own
    many, peers, later = np.where(is_like, others, whole)
    return np.column_stack([own[1], own[2], peers, later, many])


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
