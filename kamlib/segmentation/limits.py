"""What the segmentation could not do with the book's data."""

from __future__ import annotations

import pandas as pd

from kamlib.tables import shaped


def segmentation_limits(
    account_classes: pd.DataFrame,
    accounts: pd.DataFrame,
    key_accounts: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    *,
    is_previous_whole: bool,
) -> pd.DataFrame:
    """One row per thing this segmentation could not do with the book's data: why, and what would
    help.

    ``limit_code`` says what it is; where accounts are concerned, ``concerned_count`` of
    ``possible_count`` are. An account's variability counts as noise where its CV is about what
    randomly timed orders would give.

    Examples
    --------
    >>> classes = shaped("account_classes", {"account_id": ["A"], "revenue": [50.0]})
    >>> accounts = shaped("accounts", {"account_id": ["A"], "group_id": ["A"]})
    >>> keys = shaped("key_accounts", [])
    >>> limits = segmentation_limits(classes, accounts, keys, None, is_previous_whole=False)
    >>> limits["limit_code"].tolist()
    ['cost', 'groups', 'previous', 'types', 'unclassed']
    """
    margin, revenue = account_classes["margin"], account_classes["revenue"]
    count = len(account_classes)
    unknown = int((margin.isna() & revenue.ne(0)).sum())
    noisy = int(account_classes["is_cv_noise"].sum())
    measured = int(account_classes["xyz_variability"].isin(["X", "Y", "Z"]).sum())
    unclassed = int(account_classes["abc_revenue"].isna().sum())
    has_groups = "group_id" in accounts and accounts["group_id"].ne(accounts["account_id"]).any()
    has_types = "types" in accounts and accounts["types"].notna().any()
    has_previous = previous_account_classes is not None
    rows = [
        ("cost", margin.isna().all() and count > 0, 0, 0),
        ("revenue", revenue.sum() <= 0 and count > 0, 0, 0),
        ("some_cost", 0 < unknown < count and margin.notna().any(), unknown, count),
        ("groups", not has_groups, 0, 0),
        ("tiers", key_accounts["is_provisional"].any(), 0, 0),
        ("previous", not has_previous, 0, 0),
        ("whole_previous", has_previous and not is_previous_whole, 0, 0),
        ("types", not has_types, 0, 0),
        ("noise", measured > 0 and noisy > measured / 2, noisy, measured),
        ("unclassed", unclassed > 0, unclassed, count),
    ]
    columns = ["limit_code", "holds", "concerned_count", "possible_count"]
    table = pd.DataFrame(rows, columns=columns)
    return shaped("segmentation_limits", table[table["holds"].astype(bool)])
