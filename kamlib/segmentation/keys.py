"""Who is a key account as of a date."""

from __future__ import annotations

import pandas as pd

from kamlib.book import KeyAccountSettings
from kamlib.tables import shaped


def key_accounts(
    accounts: pd.DataFrame,
    tiers: pd.DataFrame,
    account_classes: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    admission: KeyAccountSettings = KeyAccountSettings(),
) -> pd.DataFrame:
    """One row per account: whether it is a key account as of the date, and the rule that says so.

    Where the book has tiers, in ``tiers`` or in the accounts, tier ``key`` decides. A spell counts
    from its start date to its end date, both included. Else the accounts of revenue class A are
    taken, the largest ``at_most`` of them, and ``is_provisional`` says so; at equal revenue the
    smaller account id goes first.

    Examples
    --------
    >>> from kamlib.tables import empty_table
    >>> classes = shaped("account_classes", {"account_id": ["A", "B"],
    ...     "revenue": [80.0, 20.0], "abc_revenue": ["A", "C"]})
    >>> accounts = shaped("accounts", {"account_id": ["A", "B"]})
    >>> day = pd.Timestamp("2025-09-30")
    >>> keys = key_accounts(accounts, empty_table("tiers"), classes, as_of=day)
    >>> keys[["account_id", "is_key", "is_provisional"]].values.tolist()
    [['A', True, True], ['B', False, True]]
    """
    ids = pd.Index(sorted({*accounts["account_id"], *account_classes["account_id"]}), dtype="str")
    spells = tiers[tiers["start_date"] <= as_of]
    in_force = spells[spells["end_date"].isna() | (spells["end_date"] >= as_of)]
    key_spells = in_force[in_force["tier"] == "key"]
    is_declared = "tier" in accounts and accounts["tier"].notna().any()
    if len(spells):
        keys = key_spells["account_id"]
    elif is_declared:
        keys = accounts.loc[accounts["tier"].eq("key"), "account_id"]
    else:
        largest = account_classes[account_classes["abc_revenue"].eq("A")].sort_values(
            ["revenue", "account_id"], ascending=[False, True], kind="stable"
        )
        keys = largest["account_id"].head(admission.at_most)
    since = key_spells.groupby("account_id")["start_date"].min().reindex(ids)
    table = pd.DataFrame({"account_id": ids, "is_key": ids.isin(set(keys))})
    return shaped(
        "key_accounts",
        table.assign(
            key_since=since.to_numpy(), is_provisional=not len(spells) and not is_declared
        ),
    )
