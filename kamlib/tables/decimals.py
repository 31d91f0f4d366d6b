"""Money as exact decimals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

MONEY_DECIMALS = 6


def exact(values: pd.Series) -> pd.Series:
    """Return money as exact decimals: limits and sums that decide a class never use binary
    fractions.

    A money value is held as the double nearest to an exact decimal; its shortest representation
    gives that decimal back. Missing values become zero.

    >>> (exact(pd.Series([0.1, 0.2])).sum(), 0.1 + 0.2)
    (Decimal('0.3'), 0.30000000000000004)
    """
    quantum = Decimal(1).scaleb(-MONEY_DECIMALS)
    return pd.Series(
        [
            Decimal(0) if pd.isna(v) else Decimal(repr(float(v))).quantize(quantum).normalize()
            for v in values
        ],
        index=values.index,
        dtype=object,
    )


def exact_sums(frame: pd.DataFrame, column: str, ids: pd.Index) -> pd.Series:
    """Return each account's sum of a money column as an exact decimal, zero where it has no row.

    >>> lines = pd.DataFrame({"account_id": ["A", "A"], "revenue": [0.1, 0.2]})
    >>> exact_sums(lines, "revenue", pd.Index(["A"]))["A"]
    Decimal('0.300000')
    """
    held = frame[column].fillna(0.0).to_numpy(dtype="float64")
    units = np.rint(held * 10**MONEY_DECIMALS)
    if (units / 10**MONEY_DECIMALS == held).all() and (np.abs(units) < 2**51).all():
        place = ids.get_indexer(pd.Index(frame["account_id"]))
        whole = np.zeros(len(ids), dtype="int64")
        np.add.at(whole, place[place >= 0], units.astype("int64")[place >= 0])
        sums = [Decimal(units).scaleb(-MONEY_DECIMALS) for units in whole.tolist()]
    else:  # amounts so large, or so fine, that a double does not hold their last place
        found = exact(frame[column]).groupby(frame["account_id"]).sum().to_dict()
        sums = [found.get(account, Decimal(0)) for account in ids]
    return pd.Series(sums, index=ids, dtype=object)
