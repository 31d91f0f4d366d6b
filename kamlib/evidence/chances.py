"""Chances that were stated on past days, beside how often it came so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.tables import shaped

FIFTHS = 5
LEAST_CASES = 50
"""With fewer cases there is one group."""


def chance_record(return_record: pd.DataFrame, alive_record: pd.DataFrame) -> pd.DataFrame:
    """One row per estimate × fifth of its cases, the least likely first: the chance that was
    stated, and the share that came.

    The cases are those of ``return_record`` (a lost account orders again within a year) and
    ``alive_record`` (an account that is not lost orders within a year) with a stated chance; of
    fewer than 50 there is one group. Equal chances stay together.

    Examples
    --------
    >>> record = pd.DataFrame({"stated": [0.2] * 10, "naive": 0.3, "is_back": [True] + [False] * 9,
    ...     "as_of_date": pd.Timestamp("2024-12-31")})
    >>> told = chance_record(record, record.iloc[:0])
    >>> told[["estimate", "case_count", "stated", "came_count", "came_share"]].values.tolist()
    [['return', 10, 0.2, 1, 0.1]]
    """
    parts = []
    for estimate, record in (("return", return_record), ("still there", alive_record)):
        cases = record.dropna(subset=["stated", "naive"]).reset_index(drop=True)
        if cases.empty:
            continue
        many = FIFTHS if len(cases) >= LEAST_CASES else 1
        place = cases["stated"].rank(method="first").to_numpy() - 1
        code = (place * many // len(cases)).astype(int)
        # equal chances belong together: each goes where the first of them stands
        fifth = pd.Series(code).groupby(cases["stated"].to_numpy()).transform("min")
        groups = cases.assign(is_back=cases["is_back"].astype(float)).groupby(fifth.to_numpy())
        part = groups.agg(
            case_count=("stated", "size"),
            day_count=("as_of_date", "nunique"),
            stated=("stated", "mean"),
            naive=("naive", "mean"),
            came_count=("is_back", "sum"),
        ).reset_index(drop=True)
        part["came_share"] = part["came_count"] / part["case_count"]
        parts.append(part.assign(estimate=estimate, fifth=np.arange(1, len(part) + 1)))
    return shaped("chance_record", pd.concat(parts, ignore_index=True) if parts else [])
