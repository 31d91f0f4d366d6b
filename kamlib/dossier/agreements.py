"""Agreements: terms kept or not, and renewals falling due."""

from __future__ import annotations

import pandas as pd

from kamlib.period.calendar import Span
from kamlib.tables import shaped

_ORDER = {"renewal due": 0, "coming up": 1, "in force": 2, "open-ended": 3, "ended": 4}


def agreement_renewals(
    agreements: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    span: Span,
    default_notice_days: float = 90,
    ahead_days: float = 180,
) -> pd.DataFrame:
    """One row per agreement that has begun: renewals falling due first.

    The notice day is the end less the notice period (``default_notice_days`` where none is
    recorded). *renewal due*: the end has not passed and the notice day has come or comes before the
    next report, that of the period after, is there to say so. *coming up*: it comes within
    ``ahead_days``.

    Parameters
    ----------
    default_notice_days
        Notice period of an agreement that names none.
    ahead_days
        Days before the notice day at which a renewal is coming up.

    Examples
    --------
    >>> from kamlib.period.calendar import parse_period
    >>> from kamlib.tables import typed
    >>> agreements = typed(pd.DataFrame({"agreement_id": ["1"], "account_id": ["A"],
    ...     "start_date": [pd.Timestamp("2024-01-01")], "end_date": [pd.Timestamp("2025-10-31")],
    ...     "notice_days": [60.0]}), "agreements")
    >>> span = parse_period("2025-Q3")
    >>> agreement_renewals(agreements, as_of=span.end, span=span)["agreement_status"].item()
    'renewal due'
    """
    own = agreements[agreements["start_date"].le(as_of)]
    notice = pd.to_timedelta(own["notice_days"].fillna(default_notice_days), unit="D")
    notice_date = (own["end_date"] - notice).astype("datetime64[us]")
    to_notice = (notice_date - as_of).dt.days
    status = pd.Series("in force", index=own.index, dtype="str")
    status = status.mask(to_notice.le(ahead_days), "coming up")
    status = status.mask(notice_date.le(span.shift(1).end), "renewal due")
    status = status.mask(own["end_date"].lt(as_of), "ended")
    status = status.mask(own["end_date"].isna(), "open-ended")
    kept = own["is_kept"].map({True: "kept", False: "broken"}).astype("str")
    own = own.assign(
        agreement_value=own["value"],
        notice_date=notice_date,
        days_to_notice_days=to_notice,
        agreement_status=status,
        terms_kept=kept.fillna("not recorded"),
        place=status.map(_ORDER),
        sooner=(own["end_date"] - as_of).dt.days.abs(),
    )
    order = ["place", "sooner", "agreement_id", "account_id"]
    return shaped("agreement_renewals", own.sort_values(order))
