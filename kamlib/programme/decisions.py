"""The log of decisions beside what the evidence proposes."""

from __future__ import annotations

import pandas as pd

from kamlib.programme.accounts import by_id, names_of
from kamlib.tables import shaped


def decision_log(
    decisions: pd.DataFrame,
    accounts: pd.DataFrame,
    tier_decisions: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per decision taken: who, when, why, and what the evidence proposes for the account.

    The latest comes first. Only the latest decision on an account is set against the proposal:
    earlier ones were taken on other evidence. It is overridden when its word differs and the
    evidence is newer than it, as ``tier_decisions`` says; a candidate is no proposal.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.decision_log["date"].is_monotonic_decreasing
    True
    """
    log = decisions[decisions["date"].le(as_of)]
    log = log.sort_values(
        ["date", "account_id", "decision"], ascending=[False, True, True], kind="stable"
    )
    known, is_latest = by_id(tier_decisions), ~log["account_id"].duplicated()
    proposal = log["account_id"].map(known["proposal"]).astype("str").replace("candidate", "")
    argued = log["account_id"].map(known["is_overridden"]).eq(True)
    proposal = proposal.where(is_latest).fillna("")
    return shaped(
        "decision_log",
        log.assign(
            name=names_of(log["account_id"], accounts),
            by=log["by"].fillna(""),
            reason=log["reason"].fillna(""),
            proposal=proposal,
            is_overridden=argued & is_latest,
        ),
    )
