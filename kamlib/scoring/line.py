"""The admission line: who is in by score, and who is not."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class AdmissionRule:
    """The book's admission line: the ``top_n`` highest scores, or every score from ``min_score``
    up.
    """

    top_n: int | None = None
    min_score: float | None = None
    is_from_book: bool = True

    def __post_init__(self) -> None:
        if (self.top_n is None) == (self.min_score is None):
            raise ValueError("an admission rule has either top_n or min_score")

    @property
    def text(self) -> str:
        """The rule in words.

        >>> AdmissionRule(top_n=12).text, AdmissionRule(min_score=6.5).text
        ('the 12 highest scores', 'every score from 6.5 up')
        """
        if self.min_score is not None:
            return f"every score from {self.min_score:g} up"
        return "the highest score" if self.top_n == 1 else f"the {self.top_n} highest scores"

    def line_score(self, scores: pd.Series) -> float:
        """Return the lowest score that is admitted; n/a when fewer than ``top_n`` accounts have
        one.
        """
        if self.min_score is not None:
            return self.min_score
        ranked = scores.dropna().sort_values(ascending=False)
        return (
            float(ranked.iloc[self.top_n - 1])
            if self.top_n and len(ranked) >= self.top_n
            else float("nan")
        )

    def is_above(self, scores: pd.Series, ranks: pd.Series) -> pd.Series:
        """Return for each account whether it is admitted; equal scores are admitted together."""
        if self.min_score is not None:
            return scores.ge(self.min_score)
        return ranks.le(self.top_n).fillna(False).astype(bool)


def admission_rule(
    key_accounts: pd.DataFrame | None = None,
    *,
    top_n: int | None = None,
    min_score: float | None = None,
    at_most: int = 20,
) -> AdmissionRule:
    """Return the book's admission line; without one, as many places as there are key accounts
    today.

    Where there are no key accounts either, the line has ``at_most`` places.
    """
    if top_n is not None or min_score is not None:
        return AdmissionRule(top_n, min_score)
    today = (
        0
        if key_accounts is None or key_accounts.empty
        else int(key_accounts["is_key"].astype(bool).sum())
    )
    return AdmissionRule(top_n=today or at_most, is_from_book=False)


def admission_line(account_scores: pd.DataFrame, *, rule: AdmissionRule) -> pd.DataFrame:
    """One row: the admission line, where it lies, and how today's key accounts stand to it.

    Columns
    -------
    rule: the rule in words
    line_score: the lowest score that is admitted
    above_count: accounts above the line
    scored_count: accounts with a score
    key_count: key accounts today
    key_below_count: key accounts below the line or without a score
    note: what to know about the rule
    """
    above, key = account_scores["is_above_line"], account_scores["is_key"]
    scored_count = int(account_scores["score"].notna().sum())
    notes = []
    if not rule.is_from_book:
        notes.append("the book sets no line: as many places as there are key accounts today" if key.any()
                     else "the book sets no line and has no key accounts")  # fmt: skip
    if rule.top_n is not None and scored_count < rule.top_n:
        notes.append("fewer accounts are scored than there are places: all are above the line")
    elif rule.top_n is not None and above.sum() > rule.top_n:
        notes.append("equal scores share the last place")
    return pd.DataFrame(
        {
            "rule": [rule.text],
            "line_score": [rule.line_score(account_scores["score"])],
            "above_count": [int(above.sum())],
            "scored_count": [scored_count],
            "key_count": [int(key.sum())],
            "key_below_count": [int((key & ~above).sum())],
            "note": ["; ".join(notes)],
        }
    )
