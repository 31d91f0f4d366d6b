"""What the key accounts are called: nouns, to be counted or said."""

from __future__ import annotations

import pandas as pd

from kamlib.words import noun, say

_OVERDUE = {
    "key account": noun("overdue key account"),
    "large account": noun("overdue large account"),
}


def called(keys: pd.DataFrame | None) -> str:
    """Return what key accounts are called: large ones, where the largest stand in for them.

    >>> called(pd.DataFrame({"is_provisional": [True]}))
    'large account'
    """
    is_stand_in = keys is not None and keys["is_provisional"].any()
    return noun("large account") if is_stand_in else noun("key account")


def several(key: str) -> str:
    """Return what several of them are called.

    >>> several("key account")
    'key accounts'
    """
    return say(key + "s")


def late(key: str) -> str:
    """Return what those are called that are overdue.

    >>> late("key account")
    'overdue key account'
    """
    return _OVERDUE[key]
