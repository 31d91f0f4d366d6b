"""The first screen of the scoring page: what changed, what to do, who owns it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from kamlib.page.amounts import share

FIRM = 0.90
NAMES = 3


def scoring_findings(
    tier_decisions: pd.DataFrame,
    admission_line: pd.DataFrame,
    score_stability: pd.DataFrame,
    attractiveness_strength: pd.DataFrame,
    criterion_review: pd.DataFrame,
    demotion_risk: pd.DataFrame,
    criterion_coverage: pd.DataFrame,
    *,
    is_built_in: bool = False,
    book: Any = None,
) -> pd.DataFrame:
    """One row per finding for the first screen: a sentence with its figures, and where its evidence is.

    Columns
    -------
    sentence: the finding
    link: the part of the page that shows its evidence
    """
    rows: list[tuple[str, str]] = [
        *_decisions(tier_decisions),
        *_line(admission_line, score_stability),
        *_moves(attractiveness_strength),
        *_risk(demotion_risk, book),
        *_review(criterion_review),
        *_gaps(criterion_coverage, is_built_in=is_built_in),
    ]
    return pd.DataFrame(rows, columns=["sentence", "link"]).astype("str")


def listed(names: Iterable[str], limit: int = NAMES) -> str:
    """Name the first few, count the rest.

    >>> listed(["A", "B"]), listed(["A", "B", "C", "D", "E"])
    ('A and B', 'A, B, C and 2 more')
    """
    known = [str(name) for name in names]
    shown, rest = known[:limit], len(known) - limit
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def counted(count: int, one: str, many: str) -> str:
    """Say a count with its noun.

    >>> counted(1, "account", "accounts"), counted(0, "account", "accounts")
    ('1 account', 'no account')
    """
    return f"no {one}" if count == 0 else f"1 {one}" if count == 1 else f"{count} {many}"


def _decisions(table: pd.DataFrame) -> list[tuple[str, str]]:
    told = {
        "promote": ("Promote {}: above the line in two successive periods.", "#decisions"),
        "review": ("Review {}: below the line in two successive periods.", "#decisions"),
        "confirm": ("Wait one period with {}: above the line for the first time.", "#decisions"),
        "watch": ("Watch {}: regular, growing, and within 10 % below the line.", "#watch-list"),
    }
    rows = []
    for decision, (text, link) in told.items():
        mine = table[table["decision"] == decision]
        if len(mine):
            owned = mine["name"] + (" (" + mine["owner"] + ")").where(mine["owner"].ne(""), "")
            rows.append((text.format(listed(owned)), link))
    if not any(table["decision"].isin(["promote", "review"])):
        kept = int((table["decision"] == "keep").sum())
        keeps = "" if not kept else f" {counted(kept, 'key account is', 'key accounts are')} kept."
        rows.insert(0, (f"Nothing to promote or to review in this period.{keeps}", "#decisions"))
    differs = table[table["is_overridden"]]
    if len(differs):
        rows.append((f"The decision recorded differs from the evidence for {listed(differs['name'])}.", "#decisions"))
    return rows


def _line(line: pd.DataFrame, stability: pd.DataFrame) -> list[tuple[str, str]]:
    if line.empty or not line["scored_count"].iloc[0]:
        return [("No account can be scored in this period.", "#scores")]
    rows = []
    row = line.iloc[0]
    if row["key_below_count"]:
        verb = "is" if row["key_below_count"] == 1 else "are"
        rows.append(
            (
                f"{row['key_below_count']} of {row['key_count']} key accounts {verb} below the line ({row['rule']}).",
                "#scores",
            )
        )
    above = stability[stability["is_above_line"]]
    firm = int((above["above_line_share"] >= FIRM).sum())
    if len(above):
        rest = above[above["above_line_share"] < FIRM].sort_values(["above_line_share", "account_id"])
        shaky = f"; least sure: {listed(rest['name'])}" if len(rest) else ""
        rows.append(
            (
                f"{firm} of {len(above)} places above the line hold in at least 90 % of plausible weightings{shaky}.",
                "#scores",
            )
        )
    return rows


def _moves(matrix: pd.DataFrame) -> list[tuple[str, str]]:
    moved = matrix[matrix["is_moved"] & matrix["is_key"]]
    if moved.empty:
        return []
    told = moved["name"] + " (" + moved["year_ago_quadrant"] + " → " + moved["quadrant"] + ")"
    changed = counted(len(moved), "key account has", "key accounts have")
    return [(f"{changed.capitalize()} changed quadrant within a year: {listed(told)}.", "#attractiveness-strength")]


def _risk(risk: pd.DataFrame, book: Any) -> list[tuple[str, str]]:
    everyone = risk[(risk["band"] == "all") & (risk["horizon_years"] == 1)]
    if everyone.empty:
        return []
    row = everyone.iloc[0]
    if row["risk_share"] != row["risk_share"]:
        return [(f"The risk of a later demotion cannot be told: {row['note']}.", "#demotion-risk")]
    risk_share, low, high = (share(row[name], book, decimals=0) for name in ("risk_share", "risk_low", "risk_high"))
    text = f"Of the accounts above the line in past years, {risk_share} were below it a year later ({low} to {high})."
    return [(text, "#demotion-risk")]


def _review(review: pd.DataFrame) -> list[tuple[str, str]]:
    told = []
    for verdict, text in (("foretold", "foretold"), ("misled", "pointed the wrong way for")):
        mine = review[review["verdict"] == verdict]
        told += [
            f"{criterion} {text} {outcome}"
            for criterion, outcome in zip(mine["criterion"], mine["outcome"], strict=True)
        ]
    if told:
        return [(f"Did the criteria work? {listed(told)}.", "#criteria-review")]
    return [("Whether the criteria work cannot be told yet.", "#criteria-review")] if len(review) else []


def _gaps(coverage: pd.DataFrame, *, is_built_in: bool) -> list[tuple[str, str]]:
    rows = []
    if is_built_in:
        rows.append(
            ("The book states no criteria of its own: growth, margin rate, regularity and breadth count alike, and "
             "the size of an account is not scored.", "#criteria")
        )  # fmt: skip
    blank = coverage[(coverage["scored_count"] == 0) & (coverage["missing_count"] > 0)]
    for row in blank.to_dict("records"):
        rows.append((f"{row['criterion'].capitalize()} could not be scored: {row['note']}.", "#criteria"))
    return rows
