"""Titles of charts where a book has credit notes alone."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.story.bridge import chart_revenue_bridge
from kamlib.tables import shaped

STEPS = ("base", "new", "returned", "expansion", "contraction", "stopped", "now")


def bridge(**revenue: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scope": "all",
            "step": STEPS,
            "revenue": [revenue.get(s, 0.0) for s in STEPS],
            "accounts": 1,
        }
    )


@pytest.mark.parametrize(
    ("revenue", "said"),
    [
        ({"base": -10.0, "contraction": 5.0, "now": -15.0}, "above zero in the year before"),
        ({}, "above zero in the year before"),
        ({"new": 7.0, "now": 7.0}, "All revenue of all accounts is younger than a year"),
        ({"base": 5.0, "expansion": 5.0, "now": 10.0}, "grew by 100"),
    ],
)
def test_the_bridge_of_a_year_without_revenue(revenue, said):
    told = chart_revenue_bridge(
        bridge(**revenue),
        shaped("key_accounts_then", []),
        {},
        as_of=pd.Timestamp("2025-12-31"),
        first_date=None,
        book=None,
    )
    assert said in told.title
