"""Empty tables for the tests of the scoring, and calls by name as a period makes them."""

from inspect import signature

import pandas as pd

from kamlib.scoring import AdmissionRule, latest_decisions
from kamlib.tables import empty_table, shaped

NOTHING = {
    "latest_decisions": latest_decisions(empty_table("decisions"), as_of=pd.Timestamp.max),
    **{name: empty_table(name) for name in ("accounts", "judgements", "needs")},
    **{
        name: shaped(name, [])
        for name in (
            "category_months",
            "key_accounts",
            "account_classes",
            "account_status",
            "win_back",
            "largest_order_scores",
            "return_per_account",
        )
    },
    "previous_account_scores": None,
    "year_ago_account_scores": None,
}


def by_name(calculation, /, *tables, **given):
    """Return what a calculation makes of some tables; the others that it asks for are empty."""
    names = list(signature(calculation).parameters)
    given |= dict(zip(names, tables, strict=False))
    empty = {name: NOTHING[name] for name in names if name in NOTHING and name not in given}
    return calculation(**given, **empty)


def key_accounts(*ids):
    """Return accounts that are key accounts."""
    table = pd.DataFrame({"account_id": list(ids), "is_key": True, "is_provisional": False})
    return table.astype({"account_id": "str"})


def places(count):
    """Return the rule that admits so many accounts."""
    return AdmissionRule(top_n=count)
