"""Money owed: what is overdue, and the habit of paying."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.dossier.window import quarter_spans
from kamlib.period.months import trailing_months
from kamlib.slopes import Slopes, theil_sen
from kamlib.tables import shaped


def payment_habit(
    invoices: pd.DataFrame, *, account_id: str, as_of: pd.Timestamp, quarter_count: int = 8
) -> pd.DataFrame:
    """One row per quarter in which invoices fell due, counted back from the as-of day: oldest
    first.

    An invoice paid early or on its day is 0 days late; one still open counts its days up to the
    as-of day, so the latest quarters can still get worse. Credit notes (amount ≤ 0) are left out.

    Parameters
    ----------
    quarter_count
        Quarters shown.

    Examples
    --------
    >>> invoices = pd.DataFrame({"account_id": "A", "amount": [100.0, 50.0],
    ...     "invoice_date": pd.Timestamp("2025-07-01"),
    ...     "due_date": pd.to_datetime(["2025-08-01", "2025-09-20"]),
    ...     "paid_date": pd.to_datetime(["2025-08-07", None])})
    >>> day = pd.Timestamp("2025-09-30")
    >>> payment_habit(invoices, account_id="A", as_of=day)["mean_late_days"].tolist()
    [8.0]
    """
    table = _by_quarter(_due(invoices, as_of), as_of, quarter_count)
    return shaped("payment_habit", table.assign(account_id=account_id))


def _by_quarter(due: pd.DataFrame, as_of: pd.Timestamp, quarter_count: int) -> pd.DataFrame:
    """Return the habit of every account at once: one row per account and quarter."""
    spans = quarter_spans(as_of, quarter_count)
    place = spans.get_indexer(pd.Index(due["due_date"]))
    ends = pd.DatetimeIndex(spans.right)[place.clip(min=0)]
    own = due.assign(quarter_end_date=ends, overdue=due["amount"].where(due["is_open"], 0.0))
    found = own[place >= 0].groupby(["account_id", "quarter_end_date"])
    table = found.agg(
        due_count=("amount", "size"),
        due_amount=("amount", "sum"),
        late_count=("is_late", "sum"),
        open_count=("is_open", "sum"),
        overdue_amount=("overdue", "sum"),
        mean_late_days=("late_days", "mean"),
    )
    return table.reset_index()


def money_owed(
    invoices: pd.DataFrame, *, as_of: pd.Timestamp, min_quarters: int = 4
) -> pd.DataFrame:
    """One row per account with invoices: the largest overdue amount first.

    The trend is the Theil–Sen slope of the mean days late over the quarters of the last two years,
    with its 95 % interval; fewer than ``min_quarters`` quarters give none.

    Parameters
    ----------
    min_quarters
        Quarters that a trend needs.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> invoices = typed(pd.DataFrame({"invoice_id": ["1"], "account_id": ["A"], "amount": [100.0],
    ...     "invoice_date": [pd.Timestamp("2025-07-01")],
    ...     "due_date": [pd.Timestamp("2025-08-01")]}), "invoices")
    >>> table = money_owed(invoices, as_of=pd.Timestamp("2025-09-30"))
    >>> table[["overdue_amount", "oldest_late_days"]].values.tolist()
    [[100.0, 60.0]]
    """
    known = invoices[invoices["invoice_date"].le(as_of)]
    due = _due(invoices, as_of)
    accounts = pd.Index(sorted(known["account_id"].unique()), name="account_id", dtype="str")
    slope, low, high = _slopes(_by_quarter(due, as_of, 8), accounts, min_quarters)
    unpaid = known[~known["paid_date"].le(as_of)].groupby("account_id")["amount"].sum()
    last_year = due[due["due_date"].gt(trailing_months(as_of, 13)[0])]
    overdue = due[due["is_open"]].groupby("account_id")
    table = pd.DataFrame(index=accounts).assign(
        trend_days=slope,
        trend_low_days=low,
        trend_high_days=high,
        open_amount=unpaid.reindex(accounts, fill_value=0.0),
        overdue_amount=overdue["amount"].sum().reindex(accounts, fill_value=0.0),
        overdue_count=overdue.size().reindex(accounts, fill_value=0),
        oldest_due_date=overdue["due_date"].min(),
        oldest_late_days=overdue["late_days"].max(),
        mean_late_days=last_year.groupby("account_id")["late_days"].mean(),
        trend=np.select(
            [np.isnan(slope), low > 0, high < 0],
            ["too few quarters", "later", "earlier"],
            "no clear trend",
        ),
    )
    order = ["overdue_amount", "account_id"]
    return shaped("money_owed", table.reset_index().sort_values(order, ascending=[False, True]))


def overdue_invoices(invoices: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per invoice past its due day and not paid: the oldest first.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> invoices = typed(pd.DataFrame({"invoice_id": ["1"], "account_id": ["A"], "amount": [100.0],
    ...     "invoice_date": [pd.Timestamp("2025-07-01")],
    ...     "due_date": [pd.Timestamp("2025-08-01")]}), "invoices")
    >>> late = overdue_invoices(invoices, as_of=pd.Timestamp("2025-09-30"))
    >>> late[["invoice_id", "late_days"]].values.tolist()
    [['1', 60.0]]
    """
    due = _due(invoices, as_of)
    return shaped("overdue_invoices", due[due["is_open"]].sort_values(["due_date", "invoice_id"]))


def _due(invoices: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the invoices that were due before the as-of day, with their days late."""
    known = invoices[
        invoices["amount"].gt(0)
        & invoices["invoice_date"].le(as_of)
        & invoices["due_date"].lt(as_of)
    ]
    paid = known["paid_date"].mask(known["paid_date"].gt(as_of))
    late = (paid.fillna(as_of) - known["due_date"]).dt.days.clip(lower=0).astype("float64")
    return known.assign(is_open=paid.isna(), late_days=late, is_late=late.gt(0))


def _slopes(quarters: pd.DataFrame, accounts: pd.Index, least: int) -> Slopes:
    """Return by how many days a quarter each account pays later; n/a with too few quarters."""
    return theil_sen(
        accounts.get_indexer(pd.Index(quarters["account_id"])),
        np.asarray(quarters.groupby("account_id").cumcount(), dtype="float64"),
        quarters["mean_late_days"].to_numpy(),
        many=len(accounts),
        least=least,
    )
