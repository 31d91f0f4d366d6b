"""The log of decisions beside what the evidence proposes (M41)."""

from __future__ import annotations

import pandas as pd

from kamlib.programme.shape import DATE, FLAG, TEXT, canonical, name_of, shaped

_LOG = {
    "date": DATE,
    "account_id": TEXT,
    "name": TEXT,
    "decision": TEXT,
    "by": TEXT,
    "reason": TEXT,
    "proposal": TEXT,
    "is_overridden": FLAG,
    "note": TEXT,
}


def decision_log(
    decisions: pd.DataFrame,
    accounts: pd.DataFrame,
    proposals: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per decision taken: who, when, why, and what the evidence proposes for the account;
    the latest first.

    ``proposals`` has ``account_id`` and ``decision``, what the evidence proposes (promote, review,
        watch …). Only
    the latest decision on an account is set against the proposal: earlier ones were taken on other
        evidence. It
    is overridden when its word differs.

    Columns
    -------
    date: the day it was taken
    account_id: the account
    name: its name
    decision: what was decided
    by: who decided; blank where not recorded
    reason: why; blank where not recorded
    proposal: what the evidence proposes now; blank without one, and for earlier decisions
    is_overridden: the decision differs from the proposal
    note: what is missing or differs, in words
    """
    log = canonical(decisions, "decisions")
    log = log[log["date"].le(as_of)]
    if log.empty:
        return shaped([], _LOG)
    log = log.sort_values(
        ["date", "account_id", "decision"], ascending=[False, True, True], kind="stable"
    )
    offered = pd.Series(dtype="str")
    if proposals is not None and len(proposals):
        offered = (
            proposals.drop_duplicates("account_id").set_index("account_id")["decision"].dropna()
        )
    is_latest = ~log["account_id"].duplicated()
    proposal = log["account_id"].map(offered).where(is_latest).fillna("").astype("str")
    same = (
        proposal.str.strip()
        .str.casefold()
        .eq(log["decision"].fillna("").str.strip().str.casefold())
    )
    overridden = proposal.ne("") & ~same
    unsaid = log["reason"].fillna("").str.strip().eq("")
    notes = [
        "; ".join(
            [
                *([f"the evidence says {offer}"] if over else []),
                *(["no reason recorded"] if silent else []),
            ]
        )
        for offer, over, silent in zip(proposal, overridden, unsaid, strict=True)
    ]
    table = log.assign(
        name=name_of(log["account_id"], accounts, "account_id"),
        by=log["by"].fillna(""),
        reason=log["reason"].fillna(""),
        proposal=proposal,
        is_overridden=overridden,
        note=notes,
    )
    return shaped(table, _LOG)
