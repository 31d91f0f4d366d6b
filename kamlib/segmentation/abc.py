"""ABC: who brings most of a total, decided in exact decimals."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.tables import exact, shaped


@dataclass(frozen=True, eq=False)
class Cumulated:
    """What is held before each account when they are ranked by a measure, largest first.

    `before` are the distinct amounts, rising, in exact decimals, `place` says which is an
    account's: −1 of one whose measure is zero or less. `share` and `before_share` are of the sum
    of positive measures.
    """

    place: npt.NDArray[np.int64]
    before: list[Decimal]
    positive: Decimal
    share: npt.NDArray[np.float64]
    before_share: npt.NDArray[np.float64]

    def classes(self, abc: tuple[float, float]) -> npt.NDArray[np.object_]:
        """Return the class of each account: A while what is held before is less than the first
        limit, B while less than the second, else C; none where it has no place.
        """
        a, b = (bisect_left(self.before, Decimal(str(limit)) * self.positive) for limit in abc)
        letters = np.where(self.place < a, "A", np.where(self.place < b, "B", "C")).astype(object)
        letters[self.place < 0] = None
        return letters


def cumulated(measure: pd.Series) -> Cumulated:
    """Return what is held before each account, in the order of ``measure`` (exact decimals).

    Equal values stand at the place of the first of them. A measure of zero or less has neither
    class nor share; when the whole total is not positive no share is given at all, for it would
    mislead.
    """
    ranked = sorted((value for value in measure if value > 0), reverse=True)
    positive = sum(ranked, Decimal(0))
    has_shares = sum(measure, Decimal(0)) > 0
    held: dict[Decimal, Decimal] = {}  # value → what is held before the first account of it
    for value, reached in zip(ranked, accumulate(ranked), strict=True):
        held.setdefault(value, reached - value)
    places = {value: place for place, value in enumerate(held)}
    place = np.array([places.get(value, -1) for value in measure], dtype="int64")
    shares = [float(value / positive) if has_shares else np.nan for value in held]
    befores = [float(before / positive) for before in held.values()]
    return Cumulated(
        place,
        list(held.values()),
        positive,
        np.array([*shares, np.nan])[place],
        np.array([*befores, np.nan])[place],
    )


def abc_of(measure: pd.Series, abc: tuple[float, float]) -> pd.DataFrame:
    """Return class, share and cumulative share before, in the order of ``measure`` (exact
    decimals).

    Ranked largest first, an account is A while the accounts *before* it hold less than ``abc[0]``
    of the sum of positive measures, B while less than ``abc[1]``, else C (see ``cumulated``).

    >>> measure = pd.Series([Decimal(85), Decimal(10), Decimal(5), Decimal(0)])
    >>> abc_of(measure, (0.80, 0.95))["abc"].fillna("-").tolist()
    ['A', 'B', 'C', '-']
    """
    found = cumulated(measure)
    table = pd.DataFrame(
        {
            "abc": found.classes(abc),
            "share": found.share,
            "before_share": found.before_share,
        },
        index=measure.index,
    )
    return table.astype({"abc": "str"})


def size_classes(
    account_status: pd.DataFrame, *, segmentation: SegmentationSettings = SegmentationSettings()
) -> pd.DataFrame:
    """One row per account that ever ordered: its class by the revenue of the 12 months to its last
    order.

    A lost account has no revenue in the window and so no class there: what compares those who left
    with those who stayed must look at both in the same way. Classes are those of ``abc_of``.

    Examples
    --------
    >>> status = pd.DataFrame({"account_id": ["STAYS", "GONE"], "last_year_revenue": [80.0, 20.0]})
    >>> size_classes(status).values.tolist()
    [['STAYS', 'A'], ['GONE', 'B']]
    """
    rows = account_status[account_status["last_year_revenue"].gt(0)]
    classes = abc_of(exact(rows["last_year_revenue"]), segmentation.abc)["abc"]
    return shaped("size_classes", rows[["account_id"]].assign(abc_revenue=classes))
