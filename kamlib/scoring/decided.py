"""The latest decision that was recorded on each account."""

from __future__ import annotations

import pandas as pd


def latest_decisions(decisions: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the latest decision recorded of each account, by account id: recorded_date,
    recorded_decision, recorded_by, recorded_reason.

    Examples
    --------
    >>> told = pd.DataFrame({"account_id": "A", "decision": ["watch", "keep", "promote"],
    ...     "date": pd.to_datetime(["2025-01-31", "2025-06-30", "2025-12-31"])})
    >>> latest_decisions(told, as_of=pd.Timestamp("2025-09-30"))["recorded_decision"].to_dict()
    {'A': 'keep'}
    """
    known = decisions[decisions["date"].le(as_of)].sort_values("decision", kind="stable")
    known = known.sort_values("date", kind="stable")
    latest = known.drop_duplicates("account_id", keep="last").set_index("account_id")
    return latest.reindex(columns=["date", "decision", "by", "reason"]).add_prefix("recorded_")
