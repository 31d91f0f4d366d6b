"""Agreements: terms kept or not, and renewals falling due."""

from __future__ import annotations

import pandas as pd

from kamlib.dossier.shape import DATE, NUMBER, TEXT, canonical, shaped

_RENEWALS = {
    "account_id": TEXT, "agreement_id": TEXT, "kind": TEXT, "start_date": DATE, "end_date": DATE, "value": NUMBER,
    "notice_days": NUMBER, "notice_date": DATE, "days_to_notice_days": NUMBER, "status": TEXT, "terms": TEXT,
    "terms_kept": TEXT,
}  # fmt: skip
_ORDER = {"renewal due": 0, "coming up": 1, "in force": 2, "open-ended": 3, "ended": 4}


def agreement_renewals(
    agreements: pd.DataFrame,
    account_id: str | None = None,
    *,
    as_of: pd.Timestamp,
    default_notice_days: float = 90,
    ahead_days: float = 90,
) -> pd.DataFrame:
    """One row per agreement that has begun: renewals falling due first.

    The notice day is the end less the notice period (``default_notice_days`` where none is
    recorded). *renewal due*: the notice day has come, the end has not passed. *coming up*: the
    notice day comes within ``ahead_days``. Without an account the agreements of the whole book.

    Columns
    -------
    account_id: the account
    agreement_id: the agreement
    kind: what kind it is
    start_date: its first day
    end_date: its last day; n/a for an open-ended one
    value: its value (book currency)
    notice_days: notice period as recorded
    notice_date: the last day to act
    days_to_notice_days: days from the as-of day to it; negative once it has passed
    status: renewal due, coming up, in force, open-ended, ended
    terms: its terms
    terms_kept: kept, broken, not recorded

    >>> agreements = pd.DataFrame({"agreement_id": ["1"], "account_id": ["A"], "notice_days": [60.0],
    ...     "start_date": [pd.Timestamp("2024-01-01")], "end_date": [pd.Timestamp("2025-10-31")]})
    >>> agreement_renewals(agreements, "A", as_of=pd.Timestamp("2025-09-30"))["status"].tolist()
    ['renewal due']
    """
    own = canonical(agreements, "agreements")
    own = own[own["start_date"].le(as_of)]
    if account_id is not None:
        own = own[own["account_id"].eq(account_id)]
    notice = pd.to_timedelta(own["notice_days"].fillna(default_notice_days), unit="D")
    notice_date = (own["end_date"] - notice).astype(DATE)
    to_notice = (notice_date - as_of).dt.days.astype("float64")
    status = pd.Series("in force", index=own.index, dtype="str")
    status = status.mask(to_notice.le(ahead_days), "coming up").mask(to_notice.le(0), "renewal due")
    status = status.mask(own["end_date"].lt(as_of), "ended").mask(
        own["end_date"].isna(), "open-ended"
    )
    kept = own["is_kept"].map({True: "kept", False: "broken"}).astype("str").fillna("not recorded")
    own = own.assign(
        notice_date=notice_date, days_to_notice_days=to_notice, status=status, terms_kept=kept,
        place=status.map(_ORDER),
        sooner=(own["end_date"] - as_of).dt.days.abs(),
    )  # fmt: skip
    return shaped(own.sort_values(["place", "sooner", "agreement_id", "account_id"]), _RENEWALS)
