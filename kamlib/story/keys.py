"""What the key accounts are called."""

from __future__ import annotations

import pandas as pd


def called(keys: pd.DataFrame) -> str:
    """Return what key accounts are called: large ones, where the largest stand in for them.

    >>> called(pd.DataFrame({"is_provisional": [True]}))
    'large account'
    """
    return "large account" if keys["is_provisional"].any() else "key account"
