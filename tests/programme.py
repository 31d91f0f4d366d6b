"""Two key accounts of one manager, as the tests of the programme share them."""

from __future__ import annotations

import pandas as pd

from kamlib.tables import typed

AS_OF = pd.Timestamp("2025-12-31")
KEYS = pd.DataFrame(
    {"account_id": ["A", "B"], "is_key": [True, True], "key_rule": ["named in the book"] * 2}
)
ACCOUNTS = pd.DataFrame(
    {
        "account_id": ["A", "B"],
        "name": ["Alpha", "Beta"],
        "manager_id": ["M1", "M1"],
        "manager_name": ["Ines", "Ines"],
        "sponsor": ["Dr. Vogt", None],
        "contact_every_days": [30.0, 30.0],
        "cost_to_serve": [None, None],
    }
).astype({"sponsor": "str", "cost_to_serve": "float64"})


def table(name, *rows):
    return typed(pd.DataFrame(list(rows)), name)


def day(text):
    return pd.Timestamp(text)
