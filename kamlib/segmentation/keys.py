"""Who is a key account as of a date, and who was on the first day of a window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import KeyAccountSettings
from kamlib.period.calendar import Span
from kamlib.period.months import trailing_months
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
    tables = (accounts, account_classes)
    ids = sorted(set().union(*(one["account_id"].to_numpy(dtype=object) for one in tables)))
    spells = tiers[tiers["start_date"].le(as_of)]
    in_force = _in_force(tiers, as_of)
    key_spells = in_force[in_force["tier"].eq("key")].sort_values("start_date", kind="stable")
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
    since = key_spells.drop_duplicates("account_id").set_index("account_id")["start_date"]
    known = set(keys.to_numpy(dtype=object))
    return shaped(
        "key_accounts",
        {
            "account_id": ids,
            "is_key": np.array([one in known for one in ids], dtype=bool),
            "key_since": since.reindex(ids).to_numpy(),
            "is_provisional": not len(spells) and not is_declared,
        },
    )


def key_accounts_then(
    tiers: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
) -> pd.DataFrame:
    """One row per window × account that was key on the window's first day, by the dated tiers.

    A figure that follows key accounts through time follows these: a set that is chosen on the last
    day has lost those that left, and proves itself. ``year``: the 12 months to the as-of day;
    ``period``: from the day after the period before ended. A book without dated tiers has no rows,
    and nor does a window that begins before the first spell of any tier (see ``untold_keys``).

    Examples
    --------
    >>> from kamlib.period.calendar import parse_period
    >>> tiers = pd.DataFrame({"account_id": ["A", "B"], "tier": "key",
    ...     "start_date": pd.to_datetime(["2020-01-01", "2025-02-01"]),
    ...     "end_date": pd.to_datetime(["2025-12-17", None])})
    >>> accounts = pd.DataFrame({"account_id": ["A", "B"], "name": ["Ann", "Ben"]})
    >>> then = key_accounts_then(tiers, accounts, as_of=pd.Timestamp("2025-12-31"),
    ...     previous_span=parse_period("2025-Q3"))
    >>> then[["followed_over", "account_id"]].values.tolist()
    [['year', 'A'], ['period', 'A'], ['period', 'B']]
    """
    parts = []
    for window, day in first_days(as_of, previous_span).items():
        spells = _in_force(tiers, day)
        ids = sorted(spells.loc[spells["tier"].eq("key"), "account_id"].unique())
        parts.append(pd.DataFrame({"account_id": ids}).assign(followed_over=window, since_date=day))
    table = pd.concat(parts, ignore_index=True)
    table["name"] = table["account_id"].map(accounts.set_index("account_id")["name"])
    return shaped("key_accounts_then", table)


def untold_keys(tiers: pd.DataFrame, *, as_of: pd.Timestamp, previous_span: Span) -> dict[str, str]:
    """Return for each window of ``key_accounts_then`` why it is not known who was key on its first
    day: ``no_dated_tiers``, ``tiers_begin_later``, or nothing where it is known.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.untold_keys
    {'year': '', 'period': ''}
    """
    return {
        window: ""
        if tiers["start_date"].le(day).any()
        else "tiers_begin_later"
        if len(tiers)
        else "no_dated_tiers"
        for window, day in first_days(as_of, previous_span).items()
    }


def first_days(as_of: pd.Timestamp, previous_span: Span) -> dict[str, pd.Timestamp]:
    """Return the first day of the 12 months and of the period."""
    day = pd.Timedelta(days=1)
    return {"year": trailing_months(as_of, 13)[0] + day, "period": previous_span.end + day}


def _in_force(tiers: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the spells in force on a day; the first and the last day count."""
    ended = tiers["end_date"].lt(day)
    return tiers[tiers["start_date"].le(day) & ~ended]
