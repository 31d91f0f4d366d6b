"""What changed in the period: one line per account, the most pressing first."""

from __future__ import annotations

import pandas as pd

from kamlib.tables import shaped

URGENCY = {
    "overdue": 3.0,
    "lost": 2.5,
    "renewal": 1.5,
    "promote": 1.2,
    "review": 1.2,
    "down": 1.0,
    "group": 0.8,
    "up": 0.5,
}
"""How pressing each kind of change is."""
KEY_URGENCY = 3.0
"""How much more pressing a change is at a key account."""
DAYS = {"overdue": 7, "lost": 14}
"""Days to act in, by kind of change; 30 for all others."""
EVIDENCE = {
    "overdue": "retention.html",
    "lost": "retention.html",
    "renewal": "",
    "promote": "scoring.html",
    "review": "scoring.html",
    "down": "segmentation.html",
    "up": "segmentation.html",
    "group": "segmentation.html",
}


def period_changes(
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    key_accounts: pd.DataFrame,
    class_moves: pd.DataFrame,
    rollup_changes: pd.DataFrame,
    tier_decisions: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per account that changed: what, owner and day; the most pressing first.

    Pressing is the money at stake (revenue of the 12 months to the account's last order) times the
    urgency of its kind, tripled for key accounts. Each account appears once, with its most pressing
    change.
    """
    keys = set(key_accounts.loc[key_accounts["is_key"], "account_id"])
    kinds = pd.concat(
        [
            _silent(account_status, previous_account_status),
            tier_decisions.loc[
                tier_decisions["proposal"].isin(["promote", "review"]), ["account_id", "proposal"]
            ].rename(columns={"proposal": "kind"}),
            class_moves.loc[
                class_moves["direction"].isin(["up", "down"]), ["account_id", "direction"]
            ].rename(columns={"direction": "kind"}),
            _due(agreement_renewals, keys),
            _groups(rollup_changes),
        ],
        ignore_index=True,
    )
    facts = account_status.set_index("account_id")[["name", "manager_name", "last_year_revenue"]]
    table = kinds.join(facts, on="account_id")
    table["owner"] = table["manager_name"]
    table["at_stake"] = table["last_year_revenue"].fillna(0.0)
    table["link"] = table["kind"].map(EVIDENCE)
    days = table["kind"].map(DAYS).fillna(30)
    due = as_of + pd.to_timedelta(days, unit="D")
    notice = table.get("notice_date", pd.Series(pd.NaT, index=table.index))
    table["due_date"] = notice.mask(notice.lt(as_of), as_of).fillna(due)
    weight = table["kind"].map(URGENCY) * table["account_id"].isin(keys).map(
        {True: 3.0, False: 1.0}
    )
    table["pressing"] = weight * table["at_stake"].clip(lower=0)
    table = table.sort_values(["pressing", "account_id"], ascending=[False, True], kind="stable")
    return shaped("period_changes", table.drop_duplicates("account_id"))


def main_changes(period_changes: pd.DataFrame) -> pd.DataFrame:
    """One row per change for the first screen: at most five, the most pressing, not all of one
    kind.
    """
    nth = period_changes.groupby("kind").cumcount()
    order = nth.ge(2).sort_values(kind="stable").index
    return period_changes.loc[order].head(5).reset_index(drop=True)


def account_list(
    accounts: pd.DataFrame, account_months: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per account: who it is, and the revenue of its 12 months; the largest first."""
    year = account_months[account_months["month"].gt(as_of - pd.DateOffset(years=1))]
    table = accounts.assign(
        revenue=accounts["account_id"].map(year.groupby("account_id")["revenue"].sum()),
        group_name=accounts["group_name"].where(accounts["group_name"].ne(accounts["name"]), ""),
    )
    by = ["revenue", "account_id"]
    return shaped("account_list", table.sort_values(by, ascending=[False, True], kind="stable"))


def _silent(now: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """Return accounts that are overdue, and those that got lost since the period before."""
    was = pd.Series(dtype="str") if before is None else before.set_index("account_id")["status"]
    was = now["account_id"].map(was)
    is_new_loss = now["status"].eq("lost") & was.isin(["active", "overdue", "new"])
    found = now[now["status"].eq("overdue") | is_new_loss]
    return found[["account_id", "status"]].rename(columns={"status": "kind"})


def _due(renewals: pd.DataFrame, keys: set[str]) -> pd.DataFrame:
    """Return agreements of key accounts that are due for renewal."""
    due = renewals[
        renewals["agreement_status"].eq("renewal due") & renewals["account_id"].isin(keys)
    ]
    return due[["account_id", "agreement_id", "notice_date"]].assign(kind="renewal")


def _groups(rollup: pd.DataFrame) -> pd.DataFrame:
    """Return the largest account of each group that counts for more than it does alone."""
    large = rollup[rollup["rank_gain"].ge(3) & rollup["group_rank"].le(10)]
    return large[["largest_id"]].rename(columns={"largest_id": "account_id"}).assign(kind="group")
