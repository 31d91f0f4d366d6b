"""All account plans together: what is calculated per plan, for every plan that can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from kamlib.programme.shape import NUMBER, TEXT, shaped
from kamlib.programme.workload import MONTH_DAYS

_RHYTHM = {"account_id": TEXT, "contact_every_days": NUMBER}


def every_plan(
    plans: Mapping[str, Any],
    check_plan: Callable[..., Any],
    table: Callable[..., pd.DataFrame],
    **options: Any,
) -> pd.DataFrame:
    """Return the rows that ``table`` gives for each plan: the dossier's own calculation over all
    plans.

    Plans that cannot be read are passed over; the coverage names them.
    """
    read = [check_plan(plans, account).plan for account in sorted(plans)]
    found = [table(plan, **options) for plan in read if plan is not None]
    kept = [one for one in found if len(one)]
    return pd.concat(kept, ignore_index=True) if kept else table(None, **options)


def plan_rhythms(plans: Mapping[str, Any], check_plan: Callable[..., Any]) -> pd.DataFrame:
    """One row per plan that says how many contacts a month it plans.

    Columns
    -------
    account_id: the account
    contact_every_days: days between planned contacts
    """
    read = {account: check_plan(plans, account).plan for account in sorted(plans)}
    rows = [
        {"account_id": account, "contact_every_days": MONTH_DAYS / plan.relationship.rhythm}
        for account, plan in read.items()
        if plan is not None and plan.relationship.rhythm
    ]
    return shaped(rows, _RHYTHM)
