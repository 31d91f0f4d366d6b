"""Tenders: what was won and lost, to whom and why, and what is open."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.window import days_between
from kamlib.tables import shaped


def tender_record(opportunities: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per tender or deal: open ones first, then the latest decided.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> deals = typed(pd.DataFrame({"opportunity_id": ["1", "2"], "outcome": ["lost", "open"],
    ...     "opened_date": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...     "closed_date": pd.to_datetime(["2025-03-01", None])}), "opportunities")
    >>> tender_record(deals, as_of=pd.Timestamp("2025-09-30"))["outcome"].tolist()
    ['open', 'lost']
    """
    own = opportunities.assign(
        deal_value=opportunities["value"],
        is_decided=opportunities["outcome"].ne("open"),
        days_ago=days_between(
            as_of, opportunities["closed_date"].fillna(opportunities["opened_date"])
        ),
    )
    return shaped("tender_record", own.sort_values(["is_decided", "days_ago", "opportunity_id"]))


def account_competitors(
    competitors: pd.DataFrame,
    opportunities: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per rival at the account: named in the competitors table, met in a tender, or both.

    Several rows of one rival in the competitors table become one: categories and remarks listed,
    the highest threat, the largest share. Most dangerous first.

    Examples
    --------
    >>> from kamlib.tables import empty_table
    >>> none = empty_table("competitors"), empty_table("opportunities")
    >>> account_competitors(*none, account_id="A", as_of=pd.Timestamp("2025-09-30")).empty
    True
    """
    met = opportunities[opportunities["opened_date"].le(as_of)].dropna(subset="competitor")
    rows = []
    for rival in sorted({*competitors["competitor"].dropna(), *met["competitor"]}):
        known = competitors[competitors["competitor"].eq(rival)]
        deals = met[met["competitor"].eq(rival)]
        lost = deals[deals["outcome"].eq("lost")]
        where = [*known["category"].dropna(), *deals["category"].dropna()]
        row = {
            "account_id": account_id,
            "competitor": rival,
            "categories": ", ".join(dict.fromkeys(where)),
            "threat": known["threat"].max(),
            "share_estimate": known["share_estimate"].max(),
            "won_deal_count": int(deals["outcome"].eq("won").sum()),
            "lost_deal_count": len(lost),
            "lost_value": lost["value"].sum(),
            "open_deal_count": int(deals["outcome"].eq("open").sum()),
            "last_met_date": deals["closed_date"].fillna(deals["opened_date"]).max(),
            "remark": "; ".join(dict.fromkeys(known["note"].dropna())),
        }
        rows.append(row)
    order = ["threat", "lost_value", "competitor"]
    table = shaped("account_competitors", rows).sort_values(order, ascending=[False, False, True])
    return table.reset_index(drop=True)


def pipeline(
    opportunities: pd.DataFrame, *, as_of: pd.Timestamp, min_closed: int = 5
) -> pd.DataFrame:
    """One row per open tender or deal, weighted by its probability: the largest weighted value
    first.

    A deal without a probability takes the share of decided deals that were won, over all accounts,
    where at least ``min_closed`` are decided; ``has_probability`` tells, and the note says so.

    Parameters
    ----------
    min_closed
        Closed deals that a win rate of its own needs.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> deals = typed(pd.DataFrame({"opportunity_id": ["1"], "outcome": ["open"], "value": [1000.0],
    ...     "opened_date": [pd.Timestamp("2025-01-01")], "probability": [0.4]}), "opportunities")
    >>> pipeline(deals, as_of=pd.Timestamp("2025-09-30"))["weighted_value"].tolist()
    [400.0]
    """
    decided = opportunities[opportunities["outcome"].isin(["won", "lost"])]
    enough = len(decided) >= min_closed
    won_share = float(decided["outcome"].eq("won").mean()) if enough else float("nan")
    is_open = opportunities["outcome"].eq("open") & opportunities["opened_date"].le(as_of)
    own = opportunities[is_open]
    own = own.assign(
        deal_value=own["value"],
        has_probability=own["probability"].notna(),
        decided_count=len(decided),
        probability=own["probability"].fillna(won_share),
        expected_close_date=own["expected_close"],
        is_past_close=own["expected_close"].lt(as_of).astype(bool),
    )
    own["weighted_value"] = own["value"] * own["probability"]
    order = ["weighted_value", "opened_date", "opportunity_id", "account_id"]
    return shaped("pipeline", own.sort_values(order, ascending=[False, True, True, True]))
