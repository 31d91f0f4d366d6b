"""What the scoring page cannot say."""

from __future__ import annotations

import pandas as pd

from kamlib.book import ScoringSettings
from kamlib.scoring.line import AdmissionRule
from kamlib.tables import shaped


def scoring_limits(
    criterion_coverage: pd.DataFrame,
    year_ago_account_scores: pd.DataFrame | None,
    demotion_risk: pd.DataFrame,
    criterion_review: pd.DataFrame,
    prospect_ranking: pd.DataFrame,
    admission_rule: AdmissionRule,
    *,
    scoring: ScoringSettings = ScoringSettings(),
    manager_id: str = "",
) -> pd.DataFrame:
    """One row per thing that the page cannot say; for a criterion, how many lack it and why.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.scoring_limits["unsaid_code"].unique().tolist()
    ['criterion', 'review']
    """
    found = {
        "own": scoring.is_built_in,
        "places": bool(manager_id),
        "line": not admission_rule.is_from_book,
    }
    later = {
        "promotions": not _has_scores(year_ago_account_scores),
        "moves": not _has_scores(year_ago_account_scores),
        "risk": demotion_risk["risk_share"].isna().all(),
        "review": not criterion_review["verdict"].ne("cannot tell").any(),
        "prospects": prospect_ranking.empty,
    }
    lacking = criterion_coverage[criterion_coverage["missing_count"] > 0]
    parts = [
        pd.DataFrame({"unsaid_code": [code for code, is_so in found.items() if is_so]}),
        lacking.assign(unsaid_code="criterion"),
        pd.DataFrame({"unsaid_code": [code for code, is_so in later.items() if is_so]}),
    ]
    limits = pd.concat(parts, ignore_index=True)
    counts = ["scored_count", "missing_count"]
    texts = ["unsaid_code", "criterion", "note_code"]
    return shaped(
        "scoring_limits", limits.fillna(dict.fromkeys(counts, 0) | dict.fromkeys(texts, ""))
    )


def _has_scores(account_scores: pd.DataFrame | None) -> bool:
    return account_scores is not None and bool(account_scores["score"].notna().any())
