"""ABC: who brings most of a total, decided in exact decimals."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate

import pandas as pd

from kamlib.tables import exact

LIMITS = (0.80, 0.95)


def exact_sums(frame: pd.DataFrame, column: str, ids: pd.Index) -> pd.Series:
    """Return each account's sum of a money column as an exact decimal, zero where it has no row.

    >>> exact_sums(pd.DataFrame({"account_id": ["A", "A"], "revenue": [0.1, 0.2]}), "revenue", pd.Index(["A"]))["A"]
    Decimal('0.3')
    """
    sums: dict[str, Decimal] = {}
    for account, value in zip(frame["account_id"], exact(frame[column]), strict=True):
        sums[account] = sums.get(account, Decimal(0)) + value
    return pd.Series([sums.get(account, Decimal(0)) for account in ids], index=ids, dtype=object)


def abc_of(measure: pd.Series, *, abc: tuple[float, float] = LIMITS) -> pd.DataFrame:
    """Return class, share and cumulative share before, in the order of ``measure`` (exact
    decimals).

    Ranked largest first, an account is A while the accounts *before* it hold less than ``abc[0]``
    of the sum of positive measures, B while less than ``abc[1]``, else C. Equal values stand at the
    place of the first of them. A measure of zero or less has neither class nor share; when the
    whole total is not positive no share is given at all, for it would mislead.

    >>> abc_of(pd.Series([Decimal(85), Decimal(10), Decimal(5), Decimal(0)]))["abc"].fillna("-").tolist()
    ['A', 'B', 'C', '-']
    """
    ranked = sorted((value for value in measure if value > 0), reverse=True)
    positive = sum(ranked, Decimal(0))
    has_shares = sum(measure, Decimal(0)) > 0
    before: dict[Decimal, Decimal] = {}
    for value, reached in zip(ranked, accumulate(ranked), strict=True):
        before.setdefault(value, reached - value)
    limits = [
        (letter, Decimal(str(limit)) * positive) for letter, limit in zip("AB", abc, strict=True)
    ]
    letters, ahead, shares = [], [], []
    for value in measure:
        start = before.get(value)
        letters.append(
            None
            if start is None
            else next((letter for letter, limit in limits if start < limit), "C")
        )
        ahead.append(float("nan") if start is None else float(start / positive))
        shares.append(float(value / positive) if start is not None and has_shares else float("nan"))
    return pd.DataFrame(
        {
            "abc": pd.Series(letters, index=measure.index, dtype="str"),
            "share": pd.Series(shares, index=measure.index, dtype="float64"),
            "before_share": pd.Series(ahead, index=measure.index, dtype="float64"),
        }
    )


def size_classes(status: pd.DataFrame, *, abc: tuple[float, float] = LIMITS) -> pd.DataFrame:
    """One row per account that ever ordered: its class by the revenue of the 12 months to its last
    order.

    ``status`` is the table ``account_status``. A lost account has no revenue in the window and so
        no class
    there: what compares those who left with those who stayed must look at both in the same way.
        Classes are
    those of ``abc_of``.

    >>> size_classes(pd.DataFrame({"account_id": ["STAYS", "GONE"], "last_year_revenue": [80.0, 20.0]})).values.tolist()
    [['STAYS', 'A'], ['GONE', 'B']]

    Columns
    -------
    account_id: the account
    abc_revenue: A, B or C
    """
    table = status[status["last_year_revenue"].gt(0)].reset_index(drop=True)
    classes = abc_of(exact(table["last_year_revenue"]), abc=abc)["abc"]
    return table[["account_id"]].assign(abc_revenue=classes)
