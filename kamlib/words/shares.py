"""Shares in a sentence: as few digits as they need."""

from __future__ import annotations

from typing import Any

from kamlib.words.amounts import share


def percent(value: Any, source: Any = None) -> str:
    """Return a share in percent: one decimal below 10 %, none above.

    >>> [percent(value).replace(chr(160), " ") for value in (0.1234, 0.034, -0.5, float("nan"))]
    ['12 %', '3.4 %', '−50 %', 'n/a']
    """
    return share(value, source, decimals=1 if value and abs(value) < 0.0995 else 0)
