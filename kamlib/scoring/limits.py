"""What the scoring page cannot say, and what a book would have to add."""

from __future__ import annotations

import pandas as pd

from kamlib.scoring.line import AdmissionRule

_ADDING = {
    "no cost in the orders": "orders.cost: margins are then scored",
    "cost unknown in part of the window": "orders.cost on every line",
    "no categories in the orders": "orders.category: breadth is then scored",
    "no needs recorded": "the table needs with annual_spend: share of wallet is then scored",
    "not judged": "the table judgements with this criterion's name",
}


def scoring_limits(
    criterion_coverage: pd.DataFrame,
    previous_scores: pd.DataFrame,
    year_ago_scores: pd.DataFrame,
    demotion_risk: pd.DataFrame,
    criterion_review: pd.DataFrame,
    prospect_ranking: pd.DataFrame,
    *,
    rule: AdmissionRule,
    is_built_in: bool = False,
    manager_id: str = "",
) -> pd.DataFrame:
    """One row per thing that the page cannot say: why, and what adding would change it.

    Columns
    -------
    missing: what cannot be said
    reason: why
    adding: what would have to be added to the book; blank where only time helps
    """
    rows: list[tuple[str, str, str]] = []
    if is_built_in:
        rows.append(
            (
                "size, fit, image",
                "the book states no criteria; size is not scored",
                "[scoring] in book.toml, 3 to 5 criteria",
            )
        )
    if manager_id:
        rows.append(
            (
                "places among all accounts",
                "only this manager's accounts are ranked",
                "the report of the whole book",
            )
        )
    if not rule.is_from_book:
        rows.append(
            (
                "an agreed admission line",
                f"the book sets none: {rule.text} are taken",
                "[key_accounts] top_n or min_score",
            )
        )
    for row in criterion_coverage[criterion_coverage["missing_count"] > 0].to_dict("records"):
        count = row["missing_count"]
        who = (
            "all accounts"
            if not row["scored_count"]
            else "1 account"
            if count == 1
            else f"{count} accounts"
        )
        rows.append((f"{row['criterion']} of {who}", row["note"], _ADDING.get(row["note"], "")))
    if not previous_scores["score"].notna().any():
        rows.append(
            (
                "promotions and reviews",
                "no scores in the previous period",
                "orders of earlier periods",
            )
        )
    if not year_ago_scores["score"].notna().any():
        rows.append(
            ("moves between the quadrants", "no scores a year ago", "orders of earlier years")
        )
    if demotion_risk["risk_share"].isna().all():
        rows.append(
            (
                "demotion risk",
                "too few accounts above the line at past year-ends",
                "orders of earlier years",
            )
        )
    if not criterion_review["verdict"].ne("cannot tell").any():
        rows.append(
            (
                "whether the criteria work",
                "no interval excludes chance",
                "orders and judgements of earlier years",
            )
        )
    if prospect_ranking.empty:
        rows.append(("prospects", "none are recorded", "the table prospects"))
    return pd.DataFrame(rows, columns=["missing", "reason", "adding"]).astype("str")
