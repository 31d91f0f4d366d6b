"""Money as exact decimals."""

from __future__ import annotations

from decimal import Decimal

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
