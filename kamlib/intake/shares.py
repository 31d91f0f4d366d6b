"""How much of a table could not be used."""

from __future__ import annotations

import pandas as pd


def unusable_shares(account: pd.DataFrame, table: str) -> tuple[float, float]:
    """Return the shares of a table's rows and of its money that could not be used.

    Totals, repeated lines and what the book says to leave out are no loss and count nowhere.

    >>> rows = pd.DataFrame({"table": "orders", "use": ["used", "unusable", "left out"],
    ...                      "rows": [90, 10, 1], "revenue": [75.0, 25.0, 100.0]})
    >>> unusable_shares(rows, "orders")
    (0.1, 0.25)
    """
    own = account[account["table"].eq(table) & account["use"].ne("left out")]
    is_lost = own["use"].eq("unusable")
    shares = []
    for sizes in (own["rows"], own["revenue"].abs()):
        whole = float(sizes.sum())
        shares.append(float(sizes[is_lost].sum()) / whole if whole else 0.0)
    return shares[0], shares[1]
