"""Which answer to a question about the future is published: the estimate or the naive one."""

from __future__ import annotations

import pandas as pd


def published(estimate_choice: pd.DataFrame | None, estimate: str) -> str:
    """Return which answer ``estimate_choice`` has for an estimate; without the table the estimate.

    >>> choice = pd.DataFrame({"estimate": ["return"], "published": ["naive"]})
    >>> published(choice, "return"), published(None, "return")
    ('naive', 'estimate')
    """
    if estimate_choice is None:
        return "estimate"
    own = estimate_choice.loc[estimate_choice["estimate"].eq(estimate), "published"]
    return str(own.iloc[0]) if len(own) else "not tried"
