"""Outlook: revenue and margin against target, and where the year will end."""

from __future__ import annotations

import pandas as pd

from kamlib.book import FiscalYear
from kamlib.outlook import year_outlook
from kamlib.tables import shaped


def target_outlook(
    account_months: pd.DataFrame,
    targets: pd.DataFrame,
    pipeline: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    fiscal_year: FiscalYear = FiscalYear(),
) -> pd.DataFrame:
    """One row per measure (revenue, and margin where costs are known): where the fiscal year stands
    and will end.

    The arithmetic and its interval are those of `kamlib.outlook.year_outlook`.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.target_outlook["measure"].tolist()
    ['revenue', 'margin']
    """
    rows = year_outlook(account_months, targets, pipeline, as_of=as_of, fiscal_year=fiscal_year)
    return shaped("target_outlook", rows.assign(account_id=account_id))
