"""Money owed: what is overdue, and the habit of paying."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.shape import COUNT, DATE, NUMBER, TEXT, canonical, shaped
from kamlib.period.calendar import trailing_months

_HABIT = {
    "account_id": TEXT, "quarter_end_date": DATE, "due_count": COUNT, "due_amount": NUMBER, "late_count": COUNT,
    "open_count": COUNT, "overdue_amount": NUMBER, "mean_late_days": NUMBER,
}  # fmt: skip
_OWED = {
    "account_id": TEXT, "open_amount": NUMBER, "overdue_amount": NUMBER, "overdue_count": COUNT,
    "oldest_due_date": DATE, "oldest_late_days": NUMBER, "mean_late_days": NUMBER, "trend_days": NUMBER,
    "trend_low_days": NUMBER, "trend_high_days": NUMBER, "trend": TEXT,
}  # fmt: skip


def payment_habit(
    invoices: pd.DataFrame, account_id: str, *, as_of: pd.Timestamp, quarter_count: int = 8
) -> pd.DataFrame:
    """One row per quarter in which invoices fell due, counted back from the as-of day: oldest
    first.

    An invoice paid early or on its day is 0 days late; one still open counts its days up to the
    as-of day, so the latest quarters can still get worse. Credit notes (amount ≤ 0) are left out.

    Columns
    -------
    account_id: the account
    quarter_end_date: last day of the quarter
    due_count: invoices that fell due in the quarter
    due_amount: their sum (book currency)
    late_count: paid after the due day, or open past it
    open_count: of these, still open
    overdue_amount: sum of the open ones
    mean_late_days: mean days late of all that fell due

    >>> invoices = pd.DataFrame({"invoice_id": ["1", "2"], "account_id": ["A", "A"], "amount": [100.0, 50.0],
    ...     "invoice_date": pd.to_datetime(["2025-07-01", "2025-07-01"]),
    ...     "due_date": pd.to_datetime(["2025-08-01", "2025-09-20"]),
    ...     "paid_date": pd.to_datetime(["2025-08-07", None])})
    >>> payment_habit(invoices, "A", as_of=pd.Timestamp("2025-09-30"))["mean_late_days"].tolist()
    [8.0]
    """
    due = _due(invoices, as_of)
    table = _by_quarter(due[due["account_id"].eq(account_id)], as_of, quarter_count)
    return shaped(table.assign(account_id=account_id), _HABIT)


def _by_quarter(due: pd.DataFrame, as_of: pd.Timestamp, quarter_count: int) -> pd.DataFrame:
    """Return the habit of every account at once: one row per account and quarter."""
    ends = trailing_months(as_of, 3 * quarter_count)[2::3]
    start = trailing_months(as_of, 3 * quarter_count + 1)[0]
    spans = pd.IntervalIndex.from_arrays(ends[:-1].insert(0, start), ends, closed="right")
    place = spans.get_indexer(pd.Index(due["due_date"]))
    own = due.assign(quarter_end_date=ends[place.clip(min=0)])[place >= 0]
    own["overdue"] = own["amount"].where(own["is_open"], 0.0)
    table = own.groupby(["account_id", "quarter_end_date"]).agg(
        due_count=("amount", "size"), due_amount=("amount", "sum"), late_count=("is_late", "sum"),
        open_count=("is_open", "sum"), overdue_amount=("overdue", "sum"), mean_late_days=("late_days", "mean"),
    )  # fmt: skip
    return table.reset_index()


def money_owed(
    invoices: pd.DataFrame, *, as_of: pd.Timestamp, min_quarters: int = 4
) -> pd.DataFrame:
    """One row per account with invoices: the largest overdue amount first.

    The trend is the Theil–Sen slope of the mean days late over the quarters of the last two years,
    with its 95 % interval; fewer than ``min_quarters`` quarters give none.

    Columns
    -------
    account_id: the account
    open_amount: not paid as of the day (book currency)
    overdue_amount: of this, past its due day
    overdue_count: overdue invoices
    oldest_due_date: due day of the oldest of them
    oldest_late_days: days since then
    mean_late_days: mean days late of what fell due in the last 12 months
    trend_days: change of the mean days late per quarter
    trend_low_days: lower end of its interval
    trend_high_days: upper end
    trend: later, earlier, no clear trend, or too few quarters

    >>> invoices = pd.DataFrame({"invoice_id": ["1"], "account_id": ["A"], "amount": [100.0],
    ...     "invoice_date": [pd.Timestamp("2025-07-01")], "due_date": [pd.Timestamp("2025-08-01")]})
    >>> money_owed(invoices, as_of=pd.Timestamp("2025-09-30"))[["overdue_amount", "oldest_late_days"]].values.tolist()
    [[100.0, 60.0]]
    """
    known = canonical(invoices, "invoices")
    known = known[known["invoice_date"].le(as_of)]
    unpaid = known[~known["paid_date"].le(as_of)].groupby("account_id")["amount"].sum()
    due = _due(invoices, as_of)
    year_start = trailing_months(as_of, 13)[0]
    rows = []
    overdue = due[due["is_open"]].groupby("account_id").agg(
        overdue_amount=("amount", "sum"), overdue_count=("amount", "size"), oldest_due_date=("due_date", "min"),
        oldest_late_days=("late_days", "max"),
    )  # fmt: skip
    late = due[due["due_date"].gt(year_start)].groupby("account_id")["late_days"].mean()
    quarters = dict(iter(_by_quarter(due, as_of, 8).groupby("account_id")["mean_late_days"]))
    none = pd.Series(dtype="float64")
    for account_id in sorted(known["account_id"].unique()):
        slope, low, high = _slope(quarters.get(account_id, none), min_quarters)
        rows.append(
            {
                "account_id": account_id,
                "open_amount": unpaid.get(account_id, 0.0),
                "mean_late_days": late.get(account_id),
                "trend_days": slope,
                "trend_low_days": low,
                "trend_high_days": high,
                "trend": _trend(slope, low, high),
            }
        )
    found = (
        shaped(rows, _OWED)
        .drop(columns=list(overdue.columns))
        .merge(overdue, on="account_id", how="left")
    )
    found = found.fillna({"overdue_amount": 0.0, "overdue_count": 0})
    table = shaped(found, _OWED).sort_values(
        ["overdue_amount", "account_id"], ascending=[False, True]
    )
    return shaped(table, _OWED)


def overdue_invoices(
    invoices: pd.DataFrame, account_id: str, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per invoice past its due day and not paid: the oldest first.

    Columns
    -------
    account_id: the account
    invoice_id: the invoice
    invoice_date: its day
    due_date: the day it was due
    amount: what is owed (book currency)
    late_days: days past the due day
    """
    own = _due(invoices, as_of)
    own = own[own["account_id"].eq(account_id) & own["is_open"]].sort_values(
        ["due_date", "invoice_id"]
    )
    shape = {
        "account_id": TEXT, "invoice_id": TEXT, "invoice_date": DATE, "due_date": DATE, "amount": NUMBER,
        "late_days": NUMBER,
    }  # fmt: skip
    return shaped(own, shape)


def _due(invoices: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the invoices that were due before the as-of day, with their days late."""
    known = canonical(invoices, "invoices")
    known = known[
        known["amount"].gt(0) & known["invoice_date"].le(as_of) & known["due_date"].lt(as_of)
    ]
    paid = known["paid_date"].mask(known["paid_date"].gt(as_of))
    late = (paid.fillna(as_of) - known["due_date"]).dt.days.clip(lower=0).astype("float64")
    return known.assign(is_open=paid.isna(), late_days=late, is_late=late.gt(0))


def _slope(values: pd.Series, least: int) -> tuple[float, float, float]:
    if values.notna().sum() < least:
        return float("nan"), float("nan"), float("nan")
    from scipy.stats import (
        theilslopes,
    )  # half a second to load, needed by accounts with invoices alone

    fit = theilslopes(values.dropna(), alpha=0.95)
    return float(fit.slope), float(fit.low_slope), float(fit.high_slope)


def _trend(slope: float, low: float, high: float) -> str:
    if pd.isna(slope):
        return "too few quarters"
    return "later" if low > 0 else "earlier" if high < 0 else "no clear trend"
