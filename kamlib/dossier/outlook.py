"""Outlook: revenue and margin against target, and where the year will end."""

from __future__ import annotations

import pandas as pd

from kamlib.book import FiscalYear
from kamlib.holes import NO_HOLES, Holes
from kamlib.outlook import outlook_choice, year_outlook
from kamlib.tables import shaped


def target_outlook(
    account_months: pd.DataFrame,
    targets: pd.DataFrame,
    pipeline: pd.DataFrame,
    all_account_months: pd.DataFrame | None = None,
    estimate_choice: pd.DataFrame | None = None,
    account_seasons: pd.DataFrame | None = None,
    account_days: pd.DataFrame | None = None,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    fiscal_year: FiscalYear = FiscalYear(),
    holes: Holes = NO_HOLES,
    first_date: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """One row per measure (revenue, and margin where costs are known): where the fiscal year stands
    and will end.

    The arithmetic and its interval are those of `kamlib.outlook.year_outlook`, by the rule that did
    best for accounts on the book's past; of a seasonal account by its own season.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.target_outlook["measure"].tolist()
    ['revenue', 'margin']
    """
    how = outlook_choice(estimate_choice, "outlook of an account")
    if account_seasons is not None and len(account_seasons):
        how["outlook_rule"] = "season"
    rows = year_outlook(
        account_months,
        targets,
        pipeline,
        as_of=as_of,
        fiscal_year=fiscal_year,
        holes=holes,
        first_date=first_date,
        book_months=all_account_months,
        account_days=account_days,
        **how,
    )
    return shaped("target_outlook", rows.assign(account_id=account_id))
