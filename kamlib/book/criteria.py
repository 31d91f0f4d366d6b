"""The scoring criteria of a book: what they measure or who judges them, their weights and fixed
anchors.

Anchors are fixed in the book, so that a new account never changes another one's score (M9).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from kamlib.errors import nearest

# What a criterion can measure, with built-in anchors: the nine limits from which scores 2 to 10
# are given.
# Amounts of money have none: a book that scores them states its own.
MEASURES: dict[str, tuple[float, ...]] = {
    "size": tuple(round(0.001 * 100 ** (step / 8), 6) for step in range(9)),  # 0.1 % to 10 %
    "growth": (-0.20, -0.10, -0.05, 0.0, 0.03, 0.06, 0.10, 0.15, 0.25),
    "margin_rate": (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.50),
    "regularity": (0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90),
    "breadth": (2, 3, 4, 5, 6, 7, 8, 9, 10),
    "share_of_wallet": (0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50, 0.60, 0.75),
    "revenue": (),
    "margin": (),
    "open_wallet": (),
}


class Anchor(BaseModel, extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True):
    """One step of a criterion: the score given from this limit (included) up to the next one."""

    score: int = Field(ge=1, le=10)
    limit: float = Field(alias="from", allow_inf_nan=False)
    text: str = ""


class Criterion(BaseModel, extra="forbid", frozen=True):
    """``[[scoring.criteria]]``: one criterion, its weight, and the fixed anchors of its scores."""

    name: str = Field(min_length=1)
    weight: float = Field(gt=0, le=1)
    measure: str | None = None
    judged: bool = False
    side: Literal["attractiveness", "strength"] = "attractiveness"
    anchors: tuple[Anchor, ...] = ()
    texts: dict[str, str] = Field(default_factory=dict)

    @field_validator("anchors", mode="before")
    @classmethod
    def _limits_or_pairs(cls, value: Any) -> Any:
        if (
            isinstance(value, list | tuple)
            and value
            and not any(isinstance(a, dict | Anchor) for a in value)
        ):
            if len(value) != 9:
                raise ValueError(
                    f"{len(value)} limits given; nine are needed, from which the scores 2 to 10 "
                    f"are given "
                    "(or give pairs such as {score = 5, from = 0.1})"
                )
            return [{"score": score, "from": limit} for score, limit in enumerate(value, start=2)]
        return value

    @field_validator("anchors")
    @classmethod
    def _ascending(cls, value: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
        for low, high in pairwise(value):
            if not (low.limit < high.limit and low.score < high.score):
                raise ValueError(
                    f"anchors must ascend, but {high.limit:g} (score {high.score}) "
                    f"follows {low.limit:g} (score {low.score})"
                )
        return value

    @field_validator("texts")
    @classmethod
    def _texts_of_scores(cls, value: dict[str, str]) -> dict[str, str]:
        for score in value:
            if score not in {str(number) for number in range(1, 11)}:
                raise ValueError(f"'{score}' is no score; texts belong to scores 1 to 10")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Criterion:
        if self.judged == (self.measure is not None):
            raise ValueError(f"criterion '{self.name}' needs either a measure or judged = true")
        if self.judged and self.anchors:
            raise ValueError(
                f"criterion '{self.name}' is judged: describe its scores in texts, not anchors"
            )
        if self.measure is not None and self.measure not in MEASURES:
            raise ValueError(f"no measure '{self.measure}': {nearest(self.measure, MEASURES)}")
        if self.measure is not None and not self.anchors and not MEASURES[self.measure]:
            raise ValueError(
                f"criterion '{self.name}' measures money ({self.measure}): give its anchors"
            )
        return self

    @property
    def steps(self) -> tuple[tuple[float, int], ...]:
        """The limits and the score given from each of them; below the first it is 1."""
        if self.anchors or self.measure is None:
            return tuple((anchor.limit, anchor.score) for anchor in self.anchors)
        return tuple((limit, score) for score, limit in enumerate(MEASURES[self.measure], start=2))


BUILT_IN_CRITERIA = (
    Criterion(name="size", weight=0.4, measure="size", side="attractiveness"),
    Criterion(name="growth", weight=0.2, measure="growth", side="attractiveness"),
    Criterion(name="margin rate", weight=0.2, measure="margin_rate", side="attractiveness"),
    Criterion(name="regularity", weight=0.2, measure="regularity", side="strength"),
)


class ScoringSettings(BaseModel, extra="forbid", frozen=True):
    """``[scoring]``: 3 to 5 criteria, the same for every account; weights sum to 1."""

    criteria: tuple[Criterion, ...] = ()
    draws: int = Field(5000, ge=100, le=100_000)
    concentration: float = Field(50.0, gt=0)
    seed: int = 2025

    @field_validator("criteria")
    @classmethod
    def _three_to_five(cls, value: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        if not value:
            return value
        if not 3 <= len(value) <= 5:
            raise ValueError(f"{len(value)} criteria given; a scoring has 3 to 5")
        names = [criterion.name for criterion in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"criterion '{twice}' is given twice")
        total = sum(criterion.weight for criterion in value)
        if abs(total - 1) > 1e-9:
            weights = " + ".join(f"{criterion.weight:g}" for criterion in value)
            raise ValueError(f"the weights sum to {total:.10g}, not 1 ({weights})")
        return value

    @property
    def in_use(self) -> tuple[Criterion, ...]:
        """The book's criteria, or the built-in ones where the book has none."""
        return self.criteria or BUILT_IN_CRITERIA

    @property
    def is_built_in(self) -> bool:
        """True where the book states no criteria of its own."""
        return not self.criteria
