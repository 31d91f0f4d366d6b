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


def share_that_came(estimate_choice: pd.DataFrame | None) -> float:
    """Return by what the money that lost accounts are expected to bring is scaled: 1 where what was
    expected on the book's own past came.

    >>> choice = pd.DataFrame({"estimate": ["money returned"], "published": ["naive"],
    ...     "stated_value": [200.0], "came_value": [80.0]})
    >>> share_that_came(choice), share_that_came(None)
    (0.4, 1.0)
    """
    if estimate_choice is None or published(estimate_choice, "money returned") != "naive":
        return 1.0
    own = estimate_choice[estimate_choice["estimate"].eq("money returned")].iloc[0]
    return max(float(own["came_value"] / own["stated_value"]), 0.0)
