"""Where each account stands: its class, its status, the verdict on it, and what is at stake."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped

LOST = ("win back", "let go")
"""The verdicts on a lost account."""


def account_standing(
    account_status: pd.DataFrame,
    account_classes: pd.DataFrame,
    key_accounts: pd.DataFrame,
    tier_decisions: pd.DataFrame,
    win_back: pd.DataFrame,
    latest_decisions: pd.DataFrame,
) -> pd.DataFrame:
    """One row per account: where it stands, the one verdict on it, and what is at stake.

    The verdict on a lost account is *win back* or *let go*: as decided after its last order where
    the book records one of the two words, else as ``win_back`` has it. On every other account it is
    the proposal of ``tier_decisions``; blank where the evidence names it for nothing. At stake is
    the revenue of the 12 months to the as-of day, for a lost account that of the 12 months to its
    last order; ``stake_window`` says which. ``reason`` is why a lost account left, as
    ``win_back`` has it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> lost = q.account_standing["status"].eq("lost")
    >>> set(q.account_standing.loc[lost, "verdict"]) <= {"win back", "let go"}
    True
    """
    table = account_status.assign(owner=account_status["manager_name"].fillna(""))
    for column, source in {
        "abc_revenue": account_classes.set_index("account_id")["abc_revenue"],
        "is_key": key_accounts.set_index("account_id")["is_key"],
        "proposal": tier_decisions.set_index("account_id")["proposal"],
        "gone": win_back.set_index("account_id")["verdict"],
        "reason": win_back.set_index("account_id")["reason"],
    }.items():
        table[column] = source.reindex(table["account_id"]).to_numpy()
    table = table.join(latest_decisions, on="account_id")
    is_lost = table["status"].eq("lost")
    decided = table["recorded_decision"].str.strip().str.casefold()
    is_later = is_lost & table["recorded_date"].ge(table["last_order_date"])
    is_decided = decided.isin(LOST) & is_later
    gone = table["gone"].astype("str").fillna("win back").mask(is_decided, decided)
    known = table["proposal"].astype("str").fillna("").mask(table["proposal"].isin(LOST), "")
    return shaped(
        "account_standing",
        table.assign(
            is_key=table["is_key"].eq(True),
            verdict=np.where(is_lost, gone, known),
            reason=table["reason"].astype("str").fillna(""),
            at_stake=table["at_stake"].fillna(0.0),
        ).sort_values(["at_stake", "account_id"], ascending=[False, True], kind="stable"),
    )
