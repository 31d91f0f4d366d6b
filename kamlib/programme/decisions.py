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
    earlier ones were taken on other evidence. It is overridden when its word differs.

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
    proposal = log["account_id"].map(by_id(tier_decisions)["proposal"]).astype("str")
    proposal = proposal.where(~log["account_id"].duplicated()).fillna("")
    is_same = _plain(proposal).eq(_plain(log["decision"]))
    return shaped(
        "decision_log",
        log.assign(
            name=names_of(log["account_id"], accounts),
            by=log["by"].fillna(""),
            reason=log["reason"].fillna(""),
            proposal=proposal,
            is_overridden=proposal.ne("") & ~is_same,
        ),
    )


def _plain(words: pd.Series) -> pd.Series:
    return words.fillna("").str.strip().str.casefold()
