"""The admission line: who is in by score, and who is not."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kamlib.book import KeyAccountSettings
from kamlib.tables import shaped


@dataclass(frozen=True)
class AdmissionRule:
    """The admission line: the ``top_n`` highest scores, or every score from ``min_score`` up."""

    top_n: int | None = None
    min_score: float | None = None
    is_from_book: bool = True

    def __post_init__(self) -> None:
        if (self.top_n is None) == (self.min_score is None):
            raise ValueError("an admission rule has either top_n or min_score")

    def line_score(self, scores: pd.Series) -> float:
        """Return the lowest score admitted; n/a when fewer than ``top_n`` accounts have one.

        >>> AdmissionRule(top_n=2).line_score(pd.Series([6.0, 8.0, 7.0]))
        7.0
        """
        if self.min_score is not None:
            return self.min_score
        best = scores.dropna().nlargest(self.top_n or 1)
        return float(best.iloc[-1]) if len(best) == self.top_n else float("nan")

    def is_above(self, scores: pd.Series, ranks: pd.Series) -> pd.Series:
        """Return for each account whether it is admitted; equal scores are admitted together."""
        if self.min_score is not None:
            return scores.ge(self.min_score)
        return ranks.le(self.top_n).fillna(False).astype(bool)


def admission_rule(
    key_accounts: pd.DataFrame, *, admission: KeyAccountSettings = KeyAccountSettings()
) -> AdmissionRule:
    """Return the book's admission line; without one, as many places as there are key accounts.

    Where there are no key accounts either, the line has ``at_most`` places.

    Examples
    --------
    >>> admission_rule(pd.DataFrame({"account_id": ["a", "b"], "is_key": [True, False]}))
    AdmissionRule(top_n=1, min_score=None, is_from_book=False)
    """
    if admission.top_n is not None or admission.min_score is not None:
        return AdmissionRule(admission.top_n, admission.min_score)
    today = int(key_accounts["is_key"].astype(bool).sum())
    return AdmissionRule(top_n=today or admission.at_most, is_from_book=False)


def admission_line(account_scores: pd.DataFrame, admission_rule: AdmissionRule) -> pd.DataFrame:
    """One row: the admission line, where it lies, and how today's key accounts stand to it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.admission_line.columns.tolist()[:3], len(q.admission_line)
    (['line_score', 'above_count', 'scored_count'], 1)
    """
    above, key = account_scores["is_above_line"], account_scores["is_key"]
    line = {
        "top_n": admission_rule.top_n,
        "min_score": admission_rule.min_score,
        "is_from_book": admission_rule.is_from_book,
        "line_score": admission_rule.line_score(account_scores["score"]),
        "above_count": int(above.sum()),
        "scored_count": int(account_scores["score"].notna().sum()),
        "key_count": int(key.sum()),
        "key_below_count": int((key & ~above).sum()),
    }
    return shaped("admission_line", [line])
