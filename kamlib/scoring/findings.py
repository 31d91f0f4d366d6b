"""The first screen of the scoring page: what changed, what to do, who owns it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from kamlib.story.statements import Action, Sentence
from kamlib.words.amounts import share

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
) -> list[Sentence]:
    """Return the sentences of the first screen, the most pressing first, each leading to its
    evidence.
    """
    return [
        *_decisions(tier_decisions),
        *_line(admission_line, score_stability),
        *_moves(attractiveness_strength),
        *_risk(demotion_risk, book),
        *_review(criterion_review),
        *_gaps(criterion_coverage, is_built_in=is_built_in),
    ]


def decision_actions(tier_decisions: pd.DataFrame, *, most: int = 12) -> list[Action]:
    """Return the decisions to take, each with its evidence in a sentence and its owner; the most
    pressing first.
    """
    verbs = {
        "promote": "Promote",
        "review": "Review",
        "confirm": "Wait one period with",
        "watch": "Watch",
    }
    open_ = tier_decisions[tier_decisions["decision"].isin(verbs)].head(most)
    return [
        Action(
            changed=row["evidence"],
            to_do=f"{'Win back' if row['status'] == 'lost' else verbs[row['decision']]} {row['name']}",
            owner=row["owner"],
            account=row["account_id"],
        )
        for row in open_.to_dict("records")
    ]


def decisions_title(tier_decisions: pd.DataFrame) -> str:
    """Return the title of the table of decisions.

    >>> decisions_title(pd.DataFrame({"decision": ["review", "keep", "watch"]}))
    '1 decision to take, 1 key account kept'
    """
    take = int(tier_decisions["decision"].isin(["promote", "review"]).sum())
    kept = int(tier_decisions["decision"].eq("keep").sum())
    decisions = f"{take} decision{'' if take == 1 else 's'}" if take else "No decision"
    accounts = f"{kept} key account{'' if kept == 1 else 's'}" if kept else "no key account"
    return f"{decisions} to take, {accounts} kept"


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


def _decisions(table: pd.DataFrame) -> list[Sentence]:
    told = {
        "promote": ("Promote {}: above the line in two successive periods.", "#tier_decisions"),
        "review": ("Review {}: below the line in two successive periods.", "#tier_decisions"),
        "confirm": ("Wait one period with {}: above the line for the first time.", "#watch_list"),
        "watch": ("Watch {}: regular, growing, and within 10 % below the line.", "#watch_list"),
    }
    rows = []
    is_gone = table["status"].eq("lost") & ~table["is_key"]
    owned = table["name"] + (" (" + table["owner"] + ")").where(table["owner"].ne(""), "")
    for decision, (text, link) in told.items():
        mine = owned[table["decision"].eq(decision) & ~is_gone]
        if len(mine):
            rows.append(Sentence(text.format(listed(mine)), link))
    if is_gone.any():
        text = f"First to be won back: {listed(owned[is_gone])}: near or above the line by past orders, but lost."
        rows.append(Sentence(text, "#tier_decisions"))
    if not any(table["decision"].isin(["promote", "review"])):
        kept = int((table["decision"] == "keep").sum())
        keeps = (
            ""
            if not kept
            else f" {counted(kept, 'key account is', 'key accounts are').capitalize()} kept."
        )
        rows.insert(
            0,
            Sentence(f"Nothing to promote or to review in this period.{keeps}", "#tier_decisions"),
        )
    differs = table[table["is_overridden"]]
    if len(differs):
        named = listed(differs["name"])
        rows.append(
            Sentence(
                f"The decision recorded differs from the evidence for {named}.", "#tier_decisions"
            )
        )
    return rows


def _line(line: pd.DataFrame, stability: pd.DataFrame) -> list[Sentence]:
    if line.empty or not line["scored_count"].iloc[0]:
        return [Sentence("No account can be scored in this period.", "#criterion_coverage")]
    rows, row = [], line.iloc[0]
    if row["key_below_count"]:
        below = f"{row['key_below_count']} of {row['key_count']} key accounts"
        verb = "is" if row["key_below_count"] == 1 else "are"
        rows.append(Sentence(f"{below} {verb} below the line ({row['rule']}).", "#account_scores"))
    above = stability[stability["is_above_line"]]
    if len(above):
        firm = int((above["above_line_share"] >= FIRM).sum())
        rest = above[above["above_line_share"] < FIRM].sort_values(
            ["above_line_share", "account_id"]
        )
        shaky = f"; least sure: {listed(rest['name'])}" if len(rest) else ""
        text = f"{firm} of {len(above)} places above the line hold in at least 90 % of plausible weightings{shaky}."
        rows.append(Sentence(text, "#score_stability"))
    return rows


def _moves(matrix: pd.DataFrame) -> list[Sentence]:
    moved = matrix[matrix["is_moved"] & matrix["is_key"]]
    if moved.empty:
        return []
    told = moved["name"] + " (" + moved["year_ago_quadrant"] + " → " + moved["quadrant"] + ")"
    changed = counted(len(moved), "key account has", "key accounts have").capitalize()
    return [
        Sentence(
            f"{changed} changed quadrant within a year: {listed(told)}.", "#attractiveness_strength"
        )
    ]


def _risk(risk: pd.DataFrame, book: Any) -> list[Sentence]:
    everyone = risk[(risk["band"] == "all") & (risk["horizon_years"] == 1)]
    if everyone.empty:
        return []
    row = everyone.iloc[0]
    if row["risk_share"] != row["risk_share"]:
        return [
            Sentence(
                f"The risk of a later demotion cannot be told: {row['note']}.", "#demotion_risk"
            )
        ]
    risk_share, low, high = (
        share(row[name], book, decimals=0) for name in ("risk_share", "risk_low", "risk_high")
    )
    text = f"Of the accounts above the line in past years, {risk_share} were below it a year later ({low} to {high})."
    return [Sentence(text, "#demotion_risk")]


def _review(review: pd.DataFrame) -> list[Sentence]:
    told = []
    for verdict, text in (("foretold", "foretold"), ("misled", "pointed the wrong way for")):
        mine = review[review["verdict"] == verdict]
        for criterion, outcome in zip(mine["criterion"], mine["outcome"], strict=True):
            told.append(f"{criterion} {text} {outcome}")
    if told:
        text = listed(told)
        return [
            Sentence(f"Did the criteria work? {text[:1].upper()}{text[1:]}.", "#criterion_review")
        ]
    if review.empty:
        return []
    return [Sentence("Whether the criteria work cannot be told yet.", "#criterion_review")]


def _gaps(coverage: pd.DataFrame, *, is_built_in: bool) -> list[Sentence]:
    rows = []
    if is_built_in:
        text = "The book states no criteria of its own: growth, margin rate, regularity and breadth count alike"
        rows.append(
            Sentence(f"{text}, and the size of an account is not scored.", "#criterion_coverage")
        )
    blank = coverage[(coverage["scored_count"] == 0) & (coverage["missing_count"] > 0)]
    if len(blank):
        lacking = blank["criterion"] + " (" + blank["note"] + ")"
        rows.append(
            Sentence(f"Not scored for anyone: {listed(lacking, 5)}.", "#criterion_coverage")
        )
    return rows
