"""Objectives of all account plans: kept, missed, overdue, and what was learned."""

from __future__ import annotations

import pandas as pd

from kamlib.programme.accounts import names_of
from kamlib.tables import shaped

_PLACE = {"overdue": 0, "missed": 1, "kept": 2}


def objectives_review(plan_steps: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per objective of all plans that is overdue, missed or kept: owner, worth, lesson.

    The overdue ones come first, then the missed, then the kept; in each group the dearest first.

    Examples
    --------
    >>> steps = shaped("plan_steps", {"account_id": "A", "status": ["overdue", "open"]})
    >>> objectives_review(steps, shaped("accounts", []))["status"].tolist()
    ['overdue']
    """
    table = plan_steps[plan_steps["status"].isin(list(_PLACE))]
    table = table.assign(
        name=names_of(table["account_id"], accounts),
        place=table["status"].map(_PLACE),
        worth=-table["expected_value"].fillna(0.0),
    )
    order = ["place", "worth", "account_id", "objective_id"]
    return shaped("objectives_review", table.sort_values(order, kind="stable"))


def objectives_tally(plan_steps: pd.DataFrame) -> pd.DataFrame:
    """One row per horizon, and one for all: objectives kept, missed, overdue and open.

    Examples
    --------
    >>> steps = shaped("plan_steps", {"status": ["kept", "missed", "open"], "horizon": "short"})
    >>> tally = objectives_tally(steps).query("horizon == 'short'")
    >>> tally[["kept_count", "missed_count", "open_count", "kept_share"]].values.tolist()
    [[1.0, 1.0, 1.0, 0.5]]
    """
    if plan_steps.empty:
        return shaped("objectives_tally", [])
    rows = []
    for horizon in ("short", "medium", "long", "all"):
        is_own = plan_steps["horizon"].eq(horizon) | (horizon == "all")
        own = plan_steps[is_own]
        counts = own["status"].value_counts().reindex(["kept", "missed", "overdue", "open"])
        kept, missed, overdue, open_ = counts.fillna(0).astype(int)
        decided = kept + missed + overdue
        worth = own["expected_value"].groupby(own["status"]).sum()
        is_closed = own["status"].isin(["kept", "missed"])
        rows.append(
            {
                "horizon": horizon,
                "kept_count": kept,
                "missed_count": missed,
                "overdue_count": overdue,
                "open_count": open_,
                "kept_share": kept / decided if decided else None,
                "kept_value": worth.get("kept", 0.0),
                "missed_value": worth.get("missed", 0.0),
                "lesson_count": int(
                    (is_closed & own["lesson"].fillna("").str.strip().ne("")).sum()
                ),
            }
        )
    return shaped("objectives_tally", rows)
