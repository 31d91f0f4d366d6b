"""Agreements to decide on before the next report."""

from __future__ import annotations

import pandas as pd

from kamlib.tables import shaped
from kamlib.verdict.actions import people


def due_renewals(
    agreement_renewals: pd.DataFrame, account_standing: pd.DataFrame, contacts: pd.DataFrame
) -> pd.DataFrame:
    """One row per agreement whose notice day comes before the next report: the earliest first.

    Those whose notice day has passed while the agreement runs on stand on top. ``contact`` is whom
    to speak to.

    Examples
    --------
    >>> renewals = shaped("agreement_renewals", {"account_id": ["A", "B"], "agreement_id": ["1",
    ...     "2"], "agreement_status": ["renewal due", "in force"]})
    >>> standing = shaped("account_standing", {"account_id": ["A", "B"], "name": ["Abe", "Bo"]})
    >>> contacts = pd.DataFrame(columns=["account_id", "name", "role", "influence"])
    >>> due_renewals(renewals, standing, contacts)["name"].tolist()
    ['Abe']
    """
    due = agreement_renewals[agreement_renewals["agreement_status"].eq("renewal due")]
    whose = account_standing[["account_id", "name", "owner", "is_key", "status", "verdict"]]
    table = due.merge(whose, on="account_id").join(people(contacts), on="account_id")
    order = ["notice_date", "agreement_id", "account_id"]
    return shaped("due_renewals", table.sort_values(order, kind="stable"))
