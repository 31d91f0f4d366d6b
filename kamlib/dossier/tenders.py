"""Tenders: what was won and lost, to whom and why, and what is open."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.shape import COUNT, DATE, FLAG, NUMBER, TEXT, canonical, rows_of, shaped

_RECORD = {
    "account_id": TEXT, "opportunity_id": TEXT, "kind": TEXT, "category": TEXT, "opened_date": DATE,
    "closed_date": DATE, "outcome": TEXT, "value": NUMBER, "competitor": TEXT, "reason": TEXT, "manager_id": TEXT,
}  # fmt: skip
_RIVALS = {
    "account_id": TEXT, "competitor": TEXT, "category": TEXT, "threat": NUMBER, "share_estimate": NUMBER,
    "won_count": COUNT, "lost_count": COUNT, "lost_value": NUMBER, "open_count": COUNT, "last_met_date": DATE,
    "note": TEXT,
}  # fmt: skip
_PIPELINE = {
    "account_id": TEXT, "opportunity_id": TEXT, "kind": TEXT, "category": TEXT, "stage": TEXT, "opened_date": DATE,
    "expected_close_date": DATE, "is_past_close": FLAG, "value": NUMBER, "probability": NUMBER,
    "weighted_value": NUMBER, "competitor": TEXT, "note": TEXT,
}  # fmt: skip


def tender_record(opportunities: pd.DataFrame, account_id: str) -> pd.DataFrame:
    """One row per tender or deal: open ones first, then the latest decided.

    Columns
    -------
    account_id: the account
    opportunity_id: the tender
    kind: what kind of deal it is
    category: what it is about
    opened_date: the day it was opened
    closed_date: the day it was decided
    outcome: open, won, lost
    value: its value (book currency)
    competitor: the rival
    reason: why it was won or lost
    manager_id: who ran it

    >>> deals = pd.DataFrame({"opportunity_id": ["1", "2"], "account_id": ["A", "A"], "outcome": ["lost", "open"],
    ...     "opened_date": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...     "closed_date": pd.to_datetime(["2025-03-01", None])})
    >>> tender_record(deals, "A")["outcome"].tolist()
    ['open', 'lost']
    """
    own = rows_of(opportunities, "opportunities", account_id)
    own = own.assign(
        decided=own["outcome"].ne("open"),
        last=-own["closed_date"].fillna(own["opened_date"]).astype("int64"),
    )
    return shaped(own.sort_values(["decided", "last", "opportunity_id"]), _RECORD)


def account_competitors(
    competitors: pd.DataFrame, opportunities: pd.DataFrame, account_id: str, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per rival at the account: named in the competitors table, met in a tender, or both.

    Several rows of one rival in the competitors table become one: categories listed, the highest
    threat, the largest share. Most dangerous first.

    Columns
    -------
    account_id: the account
    competitor: the rival
    category: where it competes
    threat: 1 to 5; n/a for a rival only met in tenders
    share_estimate: its estimated share of the account's spend
    won_count: tenders we won against it
    lost_count: tenders lost to it
    lost_value: their value (book currency)
    open_count: tenders open against it
    last_met_date: the latest tender it was met in
    note: what is recorded

    >>> account_competitors(pd.DataFrame(), pd.DataFrame(), "A", as_of=pd.Timestamp("2025-09-30")).empty
    True
    """
    named = rows_of(competitors, "competitors", account_id)
    met = rows_of(opportunities, "opportunities", account_id).dropna(subset="competitor")
    met = met[met["opened_date"].le(as_of)]
    rows = []
    for rival in sorted({*named["competitor"].dropna(), *met["competitor"]}):
        known, deals = named[named["competitor"].eq(rival)], met[met["competitor"].eq(rival)]
        lost = deals[deals["outcome"].eq("lost")]
        where = [*known["category"].dropna(), *deals["category"].dropna()]
        rows.append(
            {
                "account_id": account_id,
                "competitor": rival,
                "category": ", ".join(dict.fromkeys(where)),
                "threat": known["threat"].max(),
                "share_estimate": known["share_estimate"].max(),
                "won_count": int(deals["outcome"].eq("won").sum()),
                "lost_count": len(lost),
                "lost_value": lost["value"].sum(),
                "open_count": int(deals["outcome"].eq("open").sum()),
                "last_met_date": deals["closed_date"].fillna(deals["opened_date"]).max(),
                "note": "; ".join(dict.fromkeys(known["note"].dropna())),
            }
        )
    order = ["threat", "lost_value", "competitor"]
    table = shaped(rows, _RIVALS).sort_values(order, ascending=[False, False, True])
    return shaped(table, _RIVALS)


def pipeline(
    opportunities: pd.DataFrame,
    account_id: str | None = None,
    *,
    as_of: pd.Timestamp,
    min_closed: int = 5,
) -> pd.DataFrame:
    """One row per open tender or deal, weighted by its probability: the largest weighted value
    first.

    Without an account the pipeline of the whole book. A deal without a probability takes the share
    of decided deals that were won, over all accounts, where at least ``min_closed`` are decided;
    the note says so.

    Columns
    -------
    account_id: the account
    opportunity_id: the deal
    kind: what kind of deal it is
    category: what it is about
    stage: how far it is
    opened_date: the day it was opened
    expected_close_date: when a decision is expected
    is_past_close: that day has passed
    value: its value (book currency)
    probability: of winning it
    weighted_value: value × probability; n/a where one of them is unknown
    competitor: the rival
    note: where the probability comes from, or what is missing

    >>> deals = pd.DataFrame({"opportunity_id": ["1"], "account_id": ["A"], "outcome": ["open"], "value": [1000.0],
    ...     "opened_date": [pd.Timestamp("2025-01-01")], "probability": [0.4]})
    >>> pipeline(deals, as_of=pd.Timestamp("2025-09-30"))["weighted_value"].tolist()
    [400.0]
    """
    deals = canonical(opportunities, "opportunities")
    decided = deals["outcome"].isin(["won", "lost"])
    enough = int(decided.sum()) >= min_closed
    won_share = float(deals.loc[decided, "outcome"].eq("won").mean()) if enough else float("nan")
    own = deals[deals["outcome"].eq("open") & deals["opened_date"].le(as_of)]
    if account_id is not None:
        own = own[own["account_id"].eq(account_id)]
    no_chance, no_value, no_date = (
        own["probability"].isna(),
        own["value"].isna(),
        own["expected_close"].isna(),
    )
    borrowed = (
        f"probability not recorded: {won_share:.2f} of {int(decided.sum())} decided deals were won"
        if enough
        else "probability not recorded"
    )
    note = no_chance.map({True: borrowed, False: ""}).astype("str")
    note = note.mask(
        no_date, note + no_chance.map({True: "; ", False: ""}).astype("str") + "no expected close"
    )
    note = note.mask(no_value, "value not recorded")
    own = own.assign(
        probability=own["probability"].fillna(won_share),
        expected_close_date=own["expected_close"],
        is_past_close=own["expected_close"].lt(as_of).astype(bool),
        note=note,
    )
    own["weighted_value"] = own["value"] * own["probability"]
    order = ["weighted_value", "opened_date", "opportunity_id", "account_id"]
    return shaped(own.sort_values(order, ascending=[False, True, True, True]), _PIPELINE)
