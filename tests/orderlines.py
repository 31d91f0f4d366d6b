"""Reading the tables of a practice company: rows of an account, of twelve months, the only row."""

from __future__ import annotations

import pandas as pd


def only(rows):
    assert len(rows) == 1
    return rows.iloc[0]


def of(orders, account_id):
    return orders[orders["account_id"] == account_id]


def window(orders, end, months=12):
    end = pd.Timestamp(end)
    return orders[
        (orders["order_date"] <= end) & (orders["order_date"] > end - pd.DateOffset(months=months))
    ]
