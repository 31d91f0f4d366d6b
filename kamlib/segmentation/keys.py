"""Who is a key account as of a date, and by which rule."""

from __future__ import annotations

import pandas as pd

TIER_RULE = "tier key of the book"


def provisional_rule(at_most: int) -> str:
    """Return the name of the rule for books without tiers.

    >>> provisional_rule(20)
    'provisional: revenue class A, at most 20'
    """
    return f"provisional: revenue class A, at most {at_most}"


def key_accounts(
    accounts: pd.DataFrame,
    tiers: pd.DataFrame,
    classes: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    at_most: int = 20,
) -> pd.DataFrame:
    """One row per account: whether it is a key account as of the date, and the rule that says so.

    Where the book has tiers, in ``tiers`` or in the accounts, tier ``key`` decides. A spell counts
    from its start date to its end date, both included. Else the accounts of revenue class A are
    taken, the largest ``at_most`` of them, and labelled provisional; at equal revenue the smaller
    account id goes first.

    Columns
    -------
    account_id: the account
    is_key: is it a key account as of the date
    key_rule: the rule used, the same in every row
    key_since: start of the spell in force; n/a without dated tiers
    """
    ids = pd.Index(sorted({*accounts["account_id"], *classes["account_id"]}), dtype="str")
    spells = tiers[tiers["start_date"] <= as_of]
    in_force = spells[spells["end_date"].isna() | (spells["end_date"] >= as_of)]
    key_spells = in_force[in_force["tier"] == "key"]
    declared = accounts["tier"].dropna() if "tier" in accounts else pd.Series(dtype="str")
    if len(spells):
        keys, rule = set(key_spells["account_id"]), TIER_RULE
    elif len(declared):
        keys, rule = set(accounts.loc[accounts["tier"].eq("key"), "account_id"]), TIER_RULE
    else:
        largest = classes[classes["abc_revenue"].eq("A")].sort_values(
            ["revenue", "account_id"], ascending=[False, True], kind="stable"
        )
        keys, rule = set(largest["account_id"].head(at_most)), provisional_rule(at_most)
    since = key_spells.groupby("account_id")["start_date"].min().reindex(ids)
    is_key = ids.isin(list(keys))
    return pd.DataFrame(
        {
            "account_id": pd.Series(ids, dtype="str"),
            "is_key": pd.Series(is_key, dtype="bool"),
            "key_rule": pd.Series(rule, index=range(len(ids)), dtype="str"),
            "key_since": pd.Series(since.to_numpy(), dtype="datetime64[us]"),
        }
    )
