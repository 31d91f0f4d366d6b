"""How the alarms of past days turned out."""

from __future__ import annotations

import pandas as pd

from kamlib.tables import shaped


def alarm_record(alarm_cases: pd.DataFrame) -> pd.DataFrame:
    """One row per past day × rule: the accounts warned of, how many of them left, and how many of
    the others did.

    The rules are *overdue* and *lost* with the book's factors; who left is who did not order within
    12 months (``alarm_cases``). The naive answer is to warn of every account alike: the share of
    all that left.

    Examples
    --------
    >>> cases = pd.DataFrame({"as_of_date": pd.Timestamp("2024-12-31"), "account_id": list("ABC"),
    ...     "is_warned_overdue": [True, True, False], "is_warned_lost": [False, True, False],
    ...     "has_left": [False, True, False]})
    >>> alarm_record(cases)[["rule", "alarm_count", "true_alarm_count"]].values.tolist()
    [['overdue', 2, 1], ['lost', 1, 1]]
    """
    parts: list[pd.DataFrame] = []
    for rule in ("overdue", "lost"):
        cases = alarm_cases.assign(
            is_warned=alarm_cases[f"is_warned_{rule}"].astype(bool),
            has_left=alarm_cases["has_left"].astype(bool),
        )
        cases["is_true"] = cases["is_warned"] & cases["has_left"]
        days = cases.groupby("as_of_date").agg(
            case_count=("account_id", "size"),
            alarm_count=("is_warned", "sum"),
            true_alarm_count=("is_true", "sum"),
            leaver_count=("has_left", "sum"),
        )
        parts.append(days.reset_index().assign(rule=rule, place=len(parts)))
    table = pd.concat(parts, ignore_index=True)
    table["naive"] = table["leaver_count"] / table["case_count"]
    table = table.sort_values(["as_of_date", "place"], ignore_index=True)
    return shaped("alarm_record", table)
