"""Past years that the buying model can be tried on: what was known on a day, and what came."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from kamlib.btyd.buyers import held_out
from kamlib.btyd.likelihood import LEAST_ACCOUNTS
from kamlib.btyd.models import BuyerModel, fit_mbgcnbd

YEAR_DAYS = 365
MOST_YEARS = 3


class PastYear(NamedTuple):
    """A past day, the buyers known then with what they ordered in the year after, and the buying
    model of that day.
    """

    day: pd.Timestamp
    buyers: pd.DataFrame
    model: BuyerModel


def past_years(
    unbroken_days: pd.DataFrame, buyer_model: BuyerModel, *, as_of: pd.Timestamp
) -> list[PastYear]:
    """Return the days three, two and one year before the as-of day, each with the model of then.

    Only days with a year of history before them and at least 20 buyers. The model is fitted to what
    was known on the day; its regularity k is that of today's model.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> [year.day.year for year in q.past_years]
    [2022, 2023, 2024]
    """
    found: list[PastYear] = []
    if unbroken_days.empty:
        return found
    first = unbroken_days["date"].min()
    for back in range(MOST_YEARS, 0, -1):
        day = as_of - pd.Timedelta(days=YEAR_DAYS * back)
        if (day - first).days < YEAR_DAYS:
            continue
        buyers = held_out(unbroken_days, day + pd.Timedelta(days=YEAR_DAYS), YEAR_DAYS)
        if len(buyers) >= LEAST_ACCOUNTS:
            model = fit_mbgcnbd(buyers, k=max(buyer_model.k, 1))
            found.append(PastYear(day, buyers, model))
    return found
