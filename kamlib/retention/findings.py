"""What an executive reads first: what is at risk, who is newly overdue, who owns it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.retention.losses import UNKNOWN
from kamlib.retention.order_days import looked_up
from kamlib.tables import shaped


def finding_accounts(
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    key_accounts: pd.DataFrame,
    key_accounts_then: pd.DataFrame,
    lost_accounts: pd.DataFrame,
    overdue_checkins: pd.DataFrame,
    account_standing: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    at_most: int = 5,
) -> pd.DataFrame:
    """One row per finding × account that it counts: who is meant, with how much.

    ``overdue``: overdue now. ``newly_overdue`` and ``further_overdue``: of these, silent since an
    order after which the account was not overdue yet when the period began; ``at_most`` of them are
    named one by one, key accounts and the most money first. ``lost`` and ``returned``: changed in
    the period; of those lost the ones are key that were on its first day. ``not_recorded``: losses
    seen in the 12 months to the as-of day that last and that nobody recorded, with the loss or with
    a decision after it, where the book records losses. ``checkin``: planned contacts with key
    accounts that are overdue, the longest first.

    Parameters
    ----------
    at_most
        Newly overdue accounts told one by one.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.finding_accounts["finding_code"].unique().tolist()[:3]
    ['overdue', 'newly_overdue', 'further_overdue']
    """
    is_key = key_accounts.set_index("account_id")["is_key"].astype(bool)
    status = account_status.assign(is_key=looked_up(account_status["account_id"], is_key).eq(True))
    overdue = status[status["status"].eq("overdue")]
    newly = _newly(overdue, previous_account_status).sort_values(
        ["is_key", "revenue", "account_id"], ascending=[False, False, True]
    )
    found = {
        "overdue": overdue,
        "newly_overdue": newly.head(at_most),
        "further_overdue": newly.iloc[at_most:],
    }
    if previous_account_status is not None:
        was = looked_up(
            status["account_id"], previous_account_status.set_index("account_id")["status"]
        )
        is_lost = status["status"].eq("lost")
        gone = status[is_lost & was.isin(["active", "overdue", "new", "resting"])]
        # who was key on the last day is no answer: who leaves loses the tier
        followed = key_accounts_then[key_accounts_then["followed_over"].eq("period")]
        is_followed = gone["account_id"].isin(followed["account_id"])
        found["lost"] = gone.assign(revenue=gone["last_year_revenue"], is_key=is_followed)
        found["returned"] = status[was.eq("lost") & ~is_lost & status["status"].ne("never")]
    told = account_standing.loc[~account_standing["reason"].isin(["", UNKNOWN]), "account_id"]
    unknown = _not_recorded(lost_accounts, as_of)
    found["not_recorded"] = unknown[~unknown["account_id"].isin(told)]
    late = overdue_checkins.merge(status[["account_id", "is_key"]], on="account_id")
    found["checkin"] = late[late["is_key"]].sort_values(
        ["days_overdue", "account_id"], ascending=[False, True]
    )
    rows = [part.assign(finding_code=code) for code, part in found.items()]
    return shaped("finding_accounts", pd.concat(rows, ignore_index=True))


def retention_findings(
    finding_accounts: pd.DataFrame,
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    retention_rates: pd.DataFrame,
    risk_changes: pd.DataFrame,
    alarm_outcomes: pd.DataFrame,
    alarm_quality: pd.DataFrame,
    leaving_causes: pd.DataFrame,
    recent_lateness: pd.DataFrame,
    interactions: pd.DataFrame,
    win_back: pd.DataFrame,
) -> pd.DataFrame:
    """One row per finding: what an executive reads, with owner and next step; the most pressing
    first.

    About a dozen. The finding is said from its facts, of which each kind has its own: the table
    ``finding_accounts`` has the accounts that it counts.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.retention_findings["finding_code"].iloc[0]
    'overdue'
    """
    counted = finding_accounts["finding_code"].value_counts()
    rows: list[dict[str, Any]] = [_found("at risk", "overdue")]
    if len(risk_changes):
        rows.append(_found("at risk", "risk_changes"))
    named = finding_accounts[finding_accounts["finding_code"].eq("newly_overdue")]
    lately = interactions.groupby("account_id")["date"].max()
    facts = (
        named[["account_id"]]
        .merge(account_status, on="account_id", how="left")
        .merge(recent_lateness, on="account_id", how="left")
    )
    facts["last_contact_date"] = looked_up(facts["account_id"], lately)
    rows += [_found("newly overdue", "newly_overdue", row) for row in facts.to_dict("records")]
    if counted.get("further_overdue"):
        rows.append(_found("newly overdue", "further_overdue"))
    if previous_account_status is not None:
        rows.append(_found("lost", "lost"))
    if counted.get("returned"):
        rows.append(_found("returned", "returned"))
    rows += [_rates(retention_rates), *_warnings(alarm_outcomes), _trust(alarm_quality)]
    if counted.get("not_recorded"):
        rows.append(_found("lost", "not_recorded"))
    clear = leaving_causes[leaving_causes["hazard_ratio_low"].gt(1)]
    clear = clear.sort_values("hazard_ratio_low", ascending=False).head(2)
    rows += [_found("causes", "cause", row) for row in clear.to_dict("records")]
    if counted.get("checkin"):
        rows.append(_found("check-ins", "checkin"))
    chosen = win_back[win_back["is_chosen"]]
    if len(chosen):
        sums = chosen[["cost", "offer_value"]].sum().to_dict()
        rows.append(_found("win-back", "offers", sums | {"account_count": len(chosen)}))
    return shaped("retention_findings", rows)


def _found(topic: str, code: str, facts: dict[Any, Any] | None = None) -> dict[str, Any]:
    return (facts or {}) | {"topic": topic, "finding_code": code}


def _newly(overdue: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """Return those whose present silence had not made them overdue when the period began."""
    if before is None:
        return overdue
    was = before[before["status"].isin(["overdue", "lost"])]
    then = looked_up(overdue["account_id"], was.set_index("account_id")["last_order_date"])
    return overdue[~then.eq(overdue["last_order_date"])]


def _not_recorded(lost: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    is_recent = lost["detection_date"].gt(as_of - pd.DateOffset(years=1))
    is_open = is_recent & lost["return_date"].isna() & lost["seen"].eq("detected only")
    found = lost[is_open & bool(lost["recorded_date"].notna().any())]
    found = found.sort_values(["revenue_lost", "account_id"], ascending=[False, True])
    return found.assign(revenue=found["revenue_lost"], is_key=False)


def _rates(rates: pd.DataFrame) -> dict[str, Any]:
    """Return NRR and GRR of key accounts, where they are known, else of all."""
    known = rates[rates["nrr_share"].notna()]
    if known.empty:
        return _found("unknown", "no_rates")
    found = known.iloc[-1]
    facts = found[["scope", "nrr_share", "grr_share"]].to_dict()
    return _found("retention", "rates", facts | {"account_count": found["cohort_count"]})


def _warnings(outcomes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how the warnings of the latest past date turned out."""
    last = outcomes[outcomes["warned_date"].eq(outcomes["warned_date"].max())]
    if last.empty:
        return []
    count = last["outcome"].value_counts()
    facts = {
        "warned_date": last["warned_date"].iloc[0],
        "account_count": len(last),
        "returned_count": count.get("ordered again", 0),
        "lost_count": count.get("lost", 0),
    }
    return [_found("alarms", "warnings", facts)]


def _trust(quality: pd.DataFrame) -> dict[str, Any]:
    """Return how good the book's overdue warning has been."""
    own = quality[quality["is_book"] & quality["rule"].eq("overdue")].iloc[0]
    if not own["alarm_count"]:
        return _found("unknown", "no_alarms")
    return _found("alarms", "alarms", own.to_dict())
