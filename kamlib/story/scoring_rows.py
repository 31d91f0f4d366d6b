"""The sentences in the tables of the scoring: why a score is missing, what to decide and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings, ScoringSettings, SegmentationSettings
from kamlib.book.criteria import Criterion
from kamlib.story.scoring_words import ADDING, LACKING, LIMITS, REMARKS
from kamlib.words import count, date, money, number, share

WHOLE = 0.75


def tell_criterion_measures(
    criterion_measures: pd.DataFrame, *, segmentation: SegmentationSettings
) -> pd.DataFrame:
    """Return why a measure has no value, or what to doubt about it."""
    return _remarked(criterion_measures, segmentation)


def tell_criterion_scores(
    criterion_scores: pd.DataFrame, *, segmentation: SegmentationSettings
) -> pd.DataFrame:
    """Return why a score is missing, or what to doubt about its value."""
    return _remarked(criterion_scores, segmentation)


def tell_criterion_history(
    criterion_history: pd.DataFrame, *, segmentation: SegmentationSettings
) -> pd.DataFrame:
    """Return why a past score is missing, or what to doubt about its value."""
    return _remarked(criterion_history, segmentation)


def tell_criterion_coverage(
    criterion_coverage: pd.DataFrame,
    *,
    scoring: ScoringSettings,
    segmentation: SegmentationSettings,
) -> pd.DataFrame:
    """Return the anchors of each criterion, and the commonest reason for missing scores."""
    anchors = {criterion.name: anchor_text(criterion) for criterion in scoring.in_use}
    told = _remarked(criterion_coverage, segmentation)
    return told.assign(anchors=criterion_coverage["criterion"].map(anchors).astype("str"))


def tell_admission_line(admission_line: pd.DataFrame) -> pd.DataFrame:
    """Return the admission rule in words, and what to know about it."""
    rows = admission_line.to_dict("records")
    said = {
        "admission_rule": [rule_text(row) for row in rows],
        "note": [_line_note(r) for r in rows],
    }
    return _told(admission_line, said)


def tell_score_stability(score_stability: pd.DataFrame) -> pd.DataFrame:
    """Return why no weight is named, where none is."""
    said = [
        ""
        if row["flip_weight"] == row["flip_weight"]
        else "no single weight moves it across the line"
        if row["is_above_line"] or row["above_line_share"] > 0
        else "never above the line in the draws"
        for row in score_stability.to_dict("records")
    ]
    return _told(score_stability, {"note": said})


def tell_demotion_risk(demotion_risk: pd.DataFrame) -> pd.DataFrame:
    """Return why there is no number, where there is none."""
    said = [
        ""
        if row["risk_share"] == row["risk_share"]
        else f"not enough history: {none_or(row['account_count'], 'account')} can be followed for "
        f"{count(row['horizon_years'], 'year')}, {row['needed_count']} are needed"
        for row in demotion_risk.to_dict("records")
    ]
    return _told(demotion_risk, {"note": said})


def tell_criterion_review(criterion_review: pd.DataFrame) -> pd.DataFrame:
    """Return why it cannot be told, where it cannot."""
    said = [
        f"{count(row['account_count'], 'account')}, {row['needed_count']} are needed"
        if row["note_code"] == "too_few"
        else REMARKS[row["note_code"]].format(months=12)
        for row in criterion_review.to_dict("records")
    ]
    return _told(criterion_review, {"note": said})


def tell_prospect_ranking(
    prospect_ranking: pd.DataFrame, *, book: BookSettings | None = None
) -> pd.DataFrame:
    """Return why a prospect is for the one or the other."""
    said = [_owner_rule(row, book) for row in prospect_ranking.to_dict("records")]
    return _told(prospect_ranking, {"owner_rule": said})


def tell_tier_decisions(
    tier_decisions: pd.DataFrame,
    demotion_risk: pd.DataFrame,
    *,
    book: BookSettings | None = None,
) -> pd.DataFrame:
    """Return the reason of each proposal in a sentence or two."""
    in_a_year = demotion_risk[demotion_risk["horizon_years"] == 1].set_index("band", drop=False)
    risks = in_a_year.to_dict("index")
    said = [
        " ".join(
            [
                _position(row, book),
                *_risk_of_promotion(row, risks.get(row["band"], {}), book),
                *_incomplete(row, book),
                *_silent(row, book),
            ]
        )
        for row in tier_decisions.to_dict("records")
    ]
    return _told(tier_decisions, {"evidence": said})


def tell_candidates(candidates: pd.DataFrame, *, book: BookSettings | None = None) -> pd.DataFrame:
    """Return what is missing for a decision on each candidate."""
    said = [
        "; ".join(LACKING[code] for code in codes.split()) for codes in candidates["lacking_code"]
    ]
    return _told(candidates, {"lacking": said})


def tell_scoring_limits(
    scoring_limits: pd.DataFrame,
    admission_line: pd.DataFrame,
    *,
    segmentation: SegmentationSettings,
) -> pd.DataFrame:
    """Return what cannot be said, why, and what would have to be added."""
    rule = rule_of(admission_line)
    said = [
        _lacking(row, segmentation)
        if row["unsaid_code"] == "criterion"
        else tuple(text.format(rule=rule) for text in LIMITS[row["unsaid_code"]])
        for row in scoring_limits.to_dict("records")
    ]
    told = pd.DataFrame(said, columns=["missing", "note", "adding"], index=scoring_limits.index)
    return told.astype("str")


def anchor_text(criterion: Criterion) -> str:
    """Return at which value each score begins, or what the judged scores mean.

    >>> anchor_text(Criterion(name="fit", weight=1, judged=True, texts={"1": "none", "9": "much"}))
    '1 none · 9 much'
    """
    texts = {anchor.score: anchor.text for anchor in criterion.anchors if anchor.text}
    texts |= {int(score): text for score, text in criterion.texts.items()}
    if criterion.judged:
        told = " · ".join(f"{score} {texts[score]}" for score in sorted(texts))
        return told or "judged from 1 to 10"
    steps = [
        f"{score} from {_limit_text(limit, criterion.measure)}"
        + (f" ({texts[score]})" if score in texts else "")
        for limit, score in criterion.steps
    ]
    return " · ".join(["1 below", *steps])


def rule_text(line: dict[Any, Any]) -> str:
    """Return the admission rule in words.

    >>> rule_text({"top_n": 12, "min_score": float("nan")}), rule_text({"min_score": 6.5})
    ('the 12 highest scores', 'every score from 6.5 up')
    """
    least = line["min_score"]
    if least == least:
        return f"every score from {least:g} up"
    places = int(line["top_n"])
    return "the highest score" if places == 1 else f"the {places} highest scores"


def rule_of(admission_line: pd.DataFrame) -> str:
    """Return the admission rule of a book in words."""
    return rule_text(admission_line.iloc[0].to_dict())


def remark(code: str, segmentation: SegmentationSettings) -> str:
    """Return a remark in words.

    >>> remark("no_base", SegmentationSettings())
    'no revenue in the 12 months before the window'
    """
    return REMARKS[code].format(months=segmentation.window_months)


def none_or(items: int, one: str, many: str = "") -> str:
    """Return a count with its noun, none as no.

    >>> none_or(0, "account"), none_or(2, "account")
    ('no account', '2 accounts')
    """
    return count(items, one, many) if items else f"no {one}"


def joined(*parts: str) -> str:
    """Return what is not empty, as one line."""
    return "; ".join(part for part in parts if part)


def started(text: str) -> str:
    """Return a text as the start of a sentence."""
    return text[:1].upper() + text[1:]


def _told(table: pd.DataFrame, said: dict[str, list[str]]) -> pd.DataFrame:
    return pd.DataFrame(said, index=table.index, dtype="str")


def _remarked(table: pd.DataFrame, segmentation: SegmentationSettings) -> pd.DataFrame:
    return _told(table, {"note": [remark(code, segmentation) for code in table["note_code"]]})


def _line_note(line: dict[Any, Any]) -> str:
    notes = []
    if not line["is_from_book"] and line["key_count"]:
        notes.append("the book sets no line: as many places as there are key accounts today")
    elif not line["is_from_book"]:
        notes.append("the book sets no line and has no key accounts")
    if line["scored_count"] < line["top_n"]:
        notes.append("fewer accounts are scored than there are places: all are above the line")
    elif line["above_count"] > line["top_n"]:
        notes.append("equal scores share the last place")
    return "; ".join(notes)


def _limit_text(limit: float, measure: str | None) -> str:
    if measure in ("growth", "margin_rate", "regularity", "share_of_wallet"):
        return f"{limit * 100:g} %".replace("-", "−")
    return f"{limit:,.10g}".replace("-", "−")


def _lacking(row: dict[Any, Any], segmentation: SegmentationSettings) -> tuple[str, str, str]:
    who = count(row["missing_count"], "account") if row["scored_count"] else "all accounts"
    code = row["note_code"]
    return f"{row['criterion']} of {who}", remark(code, segmentation), ADDING.get(code, "")


def _owner_rule(row: dict[Any, Any], book: BookSettings | None) -> str:
    code, budget = row["owner_code"], row["budget"]
    ps = {name: row[name] for name in ("need", "solvency", "authority")}
    mean = f"mean of the three Ps {number(row['score'], book, decimals=1)}"
    if code == "not_judged":
        lacking = " and ".join(name for name, judged in ps.items() if judged != judged)
        return f"{lacking} not judged yet: a business developer finds out first"
    if code == "weak":
        weak = [f"{name} {judged:g}" for name, judged in ps.items() if judged < row["least_p"]]
        return f"{', '.join(weak)}: below {row['least_p']:g}"
    if code == "low":
        return f"{mean}: below {row['least_score']:g}"
    has, least = money(budget, book), money(row["least_budget"], book)
    if code == "small":
        return f"budget {has}: below {least}, the smallest key account"
    told = f"{mean}: {row['least_score']:g} or more, none below {row['least_p']:g}"
    if budget != budget:
        return f"{told}; budget not known"
    if row["least_budget"] != row["least_budget"]:
        return told
    return f"{told}; budget {has}: at least {least}, the smallest key account"


def _position(row: dict[Any, Any], book: BookSettings | None) -> str:
    score, line, was = row["score"], row["line_score"], row["year_ago_score"]
    if score != score:
        return f"No score can be given ({row['missing_criteria']}), so it is not above the line."
    said, lies = _points(score, book), _points(line, book) if line == line else "open"
    rank, weakest = f"rank {int(row['rank'])}", f"Weakest: {row['weakest_criteria']}."
    before = f", {_points(was, book)} a year ago" if was == was else ""
    at = f"{said} ({rank}, line {lies}){before}"
    if row["proposal"] == "promote":
        without = _points(row["score_without"], book)
        return f"Above the line now and a year ago: {at}; {without} without its largest order."
    if row["proposal"] == "review":
        return f"Below the line now and a year ago: {at}. {weakest}"
    if row["proposal"] == "candidate":
        lacking = "; ".join(LACKING[code] for code in row["lacking_code"].split())
        return f"Above the line now: {at}. Missing for a decision: {lacking}."
    if row["proposal"] == "watch":
        return (
            f"{said} ({rank}), {_percent(1 - score / line, book)} below the line of {lies}: orders "
            f"in {_percent(row['regularity_share'], book)} of the months, "
            f"revenue up {_percent(row['growth'], book)}."
        )
    if row["is_above_line"]:
        return f"Above the line: {at}."
    compared = {
        "above": "it was above it a year ago",
        "below": "it was not above it a year ago",
        "": "the year before is not held whole",
    }[row["year_ago_side"]]
    return f"Below the line now: {at}; {compared}. {weakest}"


def _risk_of_promotion(
    row: dict[Any, Any], risk: dict[Any, Any], book: BookSettings | None
) -> list[str]:
    if row["proposal"] != "promote" or not risk or risk["risk_share"] != risk["risk_share"]:
        return []
    low, high = _percent(risk["risk_low"], book), _percent(risk["risk_high"], book)
    return [
        f"Of {risk['account_count']} accounts {risk['band']} in past years, "
        f"{_percent(risk['risk_share'], book)} were below it a year later ({low} to {high})."
    ]


def _incomplete(row: dict[Any, Any], book: BookSettings | None) -> list[str]:
    if row["completeness_share"] >= WHOLE:
        return []
    known = _percent(row["completeness_share"], book)
    return [f"Only {known} of the weights have a score (missing: {row['missing_criteria']})."]


def _silent(row: dict[Any, Any], book: BookSettings | None) -> list[str]:
    """A score looks back over a year: an account that stands high may have left since."""
    if row["status"] not in ("lost", "overdue"):
        return []
    since = date(row["last_order_date"], book)
    return [f"It counts as {row['status']}: no order since {since}."]


def _points(score: float, book: BookSettings | None) -> str:
    return number(score, book, decimals=2)


def _percent(value: float, book: BookSettings | None) -> str:
    return share(value, book, decimals=0)
