"""Prospects by the three Ps: a problem we can solve, power to pay, power to decide (M12)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped

PS = ["need", "solvency", "authority"]
KEY_SCORE = 7.0
LEAST_P = 5.0
KAM, DEVELOPER = "key account manager", "business developer"


def prospect_ranking(
    prospects: pd.DataFrame,
    account_classes: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    key_score: float = KEY_SCORE,
    least_p: float = LEAST_P,
) -> pd.DataFrame:
    """One row per prospect: the mean of need, solvency and authority, and who should take it on.

    The key account manager takes a prospect whose three Ps are all judged, with a mean of 7 or
    more, none below 5, and, where both are known, a budget of at least the revenue of the smallest
    key account. All others go to a business developer: ``owner_code`` says which rule decided. A
    missing P is left out of the mean; equal scores share the best rank.

    Parameters
    ----------
    key_score
        Mean score from which a prospect goes to a key account manager.
    least_p
        Score that no single judgement may fall below.

    Examples
    --------
    >>> prospects = pd.DataFrame({"prospect_id": ["1", "2"], "name": ["Teapots Ltd", "Mugs"],
    ...     **{one: [8.0, 4.0] for one in PS}})
    >>> nobody = shaped("account_classes", []), shaped("key_accounts", [])
    >>> prospect_ranking(prospects, *nobody)[["prospect", "rank", "proposed_owner"]].values.tolist()
    [['Teapots Ltd', 1, 'key account manager'], ['Mugs', 2, 'business developer']]
    """
    key = key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"]
    revenue = account_classes.loc[account_classes["account_id"].isin(key), "revenue"]
    least_budget = revenue[revenue > 0].min()
    ps = prospects.reindex(columns=PS).astype("float64")
    mean = ps.mean(axis=1).round(9)
    budget = prospects.get("budget", pd.Series(np.nan, prospects.index)).astype("float64")
    refused = np.select(
        [
            ps.isna().any(axis=1),
            ps.lt(least_p).any(axis=1),
            mean < key_score,
            budget < least_budget,
        ],
        ["not_judged", "weak", "low", "small"],
        default="",
    )
    table = prospects.rename(columns={"name": "prospect", "source": "lead_source"}).assign(
        score=mean,
        rank=mean.rank(method="min", ascending=False),
        completeness_share=ps.notna().mean(axis=1),
        proposed_owner=np.where(refused == "", KAM, DEVELOPER),
        owner_code=refused,
        least_score=key_score,
        least_p=least_p,
        least_budget=least_budget,
    )
    ordered = table.sort_values(["rank", "prospect_id"], na_position="last")
    return shaped("prospect_ranking", ordered)
