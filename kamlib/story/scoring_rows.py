"""The sentences in the tables of the scoring: why a score is missing, what to decide and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings, ScoringSettings, SegmentationSettings
from kamlib.book.criteria import Criterion
from kamlib.story.scoring_line import rule_of
from kamlib.words import count, date, money, number, phrase, say, share

WHOLE = 0.75
REMARKS = {
    "": "",
    "no_base": phrase("no revenue in the {months} months before the window"),
    "part_base": phrase("first order within the {months} months before the window"),
    "short": phrase("the data do not hold the {months} months before the window whole"),
    "broken": phrase("data of the window are missing"),
    "no_cost": phrase("no cost in the orders"),
    "cost_unknown": phrase("cost unknown in part of the window"),
    "no_revenue": phrase("no revenue in the window"),
    "young": phrase("first order less than 6 months ago"),
    "no_order": phrase("no order yet"),
    "no_categories": phrase("no categories in the orders"),
    "no_needs": phrase("no needs recorded"),
    "needs_undated": phrase("the needs of accounts carry no date"),
    "wallet_too_low": phrase("the account's spend is estimated below what we sell it"),
    "not_judged": phrase("not judged"),
    "judged_outside": phrase("judged outside 1 to 10"),
    "all_bought": phrase("every account kept buying"),
    "nothing_varied": phrase("nothing varied"),
    "scored_alike": phrase("all accounts scored the same"),
    "holds_zero": phrase("the interval holds zero"),
    "good_years_pass": phrase(
        "good years are followed by lesser ones whatever the criterion is worth"
    ),
}
ADDING = {
    "no_cost": phrase("orders.cost: margins are then scored"),
    "cost_unknown": phrase("orders.cost on every line"),
    "no_categories": phrase("orders.category: breadth is then scored"),
    "no_needs": phrase("the table needs with annual_spend: share of wallet is then scored"),
    "not_judged": phrase("the table judgements with this criterion's name"),
}
LACKING = {
    "tiers": phrase("nobody has placed accounts (table tiers)"),
    "scoring": phrase("the book states no criteria of its own ([scoring])"),
    "criteria": phrase("less than 60 % of its criteria have a score"),
    "tie": phrase("more accounts share the line than it has places left"),
    "year": phrase("the year before is not held whole"),
    "once": phrase("not above the line a year ago"),
    "order": phrase("above the line only with its largest order"),
    "overdue": phrase("it is overdue"),
}
LIMITS = {
    "own": (
        phrase("fit, image and whatever else counts for you"),
        phrase("the book states no criteria; the built-in ones rank and decide nothing"),
        phrase("[scoring] in book.toml, 3 to 5 criteria"),
    ),
    "places": (
        phrase("places among all accounts"),
        phrase("only this manager's accounts are ranked"),
        phrase("the report of the whole book"),
    ),
    "line": (
        phrase("an agreed admission line"),
        phrase("the book sets none: {rule} are taken"),
        phrase("[key_accounts] top_n or min_score"),
    ),
    "promotions": (
        phrase("promotions and reviews"),
        phrase("no scores a year ago, from a window that shares no month with this one"),
        phrase("orders of earlier years"),
    ),
    "moves": (
        phrase("moves between the quadrants"),
        phrase("no scores a year ago"),
        phrase("orders of earlier years"),
    ),
    "risk": (
        phrase("demotion risk"),
        phrase("too few accounts above the line at past year-ends"),
        phrase("orders of earlier years"),
    ),
    "review": (
        phrase("whether the criteria work"),
        phrase("no interval excludes chance"),
        phrase("orders and judgements of earlier years"),
    ),
    "prospects": ("prospects", phrase("none are recorded"), phrase("the table prospects")),
}


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


def tell_score_stability(score_stability: pd.DataFrame) -> pd.DataFrame:
    """Return why no weight is named, where none is."""
    said = [
        ""
        if row["flip_weight"] == row["flip_weight"]
        else say("no single weight moves it across the line")
        if row["is_above_line"] or row["above_line_share"] > 0
        else say("never above the line in the draws")
        for row in score_stability.to_dict("records")
    ]
    return _told(score_stability, {"note": said})


def tell_demotion_risk(demotion_risk: pd.DataFrame) -> pd.DataFrame:
    """Return why there is no number, where there is none."""
    said = [
        ""
        if row["risk_share"] == row["risk_share"]
        else say(
            "not enough history: {accounts} can be followed for {years}, {needed_count} are needed",
            accounts=none_or(row["account_count"], "account"),
            years=count(row["horizon_years"], "year"),
            needed_count=row["needed_count"],
        )
        for row in demotion_risk.to_dict("records")
    ]
    return _told(demotion_risk, {"note": said})


def tell_criterion_review(criterion_review: pd.DataFrame) -> pd.DataFrame:
    """Return why it cannot be told, where it cannot."""
    said = [
        say(
            "{accounts}, {needed_count} are needed",
            accounts=count(row["account_count"], "account"),
            needed_count=row["needed_count"],
        )
        if row["note_code"] == "too_few"
        else say(REMARKS[row["note_code"]], months=12)
        for row in criterion_review.to_dict("records")
    ]
    return _told(criterion_review, {"note": said})


def tell_tier_decisions(
    tier_decisions: pd.DataFrame,
    demotion_risk: pd.DataFrame,
    return_per_account: pd.DataFrame,
    *,
    book: BookSettings | None = None,
) -> pd.DataFrame:
    """Return the reason of each proposal in a sentence or two."""
    in_a_year = demotion_risk[demotion_risk["horizon_years"] == 1].set_index("band", drop=False)
    risks = in_a_year.to_dict("index")
    narrow = return_per_account[return_per_account["verdict"].eq("narrow")]
    returns = narrow.set_index("account_id", drop=False).to_dict("index")
    said = [
        " ".join(
            [
                _position(row, book),
                *_return(returns.get(row["account_id"], {}), book),
                *_risk_of_promotion(row, risks.get(row["band"], {}), book),
                *_incomplete(row, book),
                *_silent(row),
            ]
        )
        for row in tier_decisions.to_dict("records")
    ]
    return _told(tier_decisions, {"evidence": said})


def tell_candidates(candidates: pd.DataFrame, *, book: BookSettings | None = None) -> pd.DataFrame:
    """Return what is missing for a decision on each candidate."""
    said = [
        "; ".join(say(LACKING[code]) for code in codes.split())
        for codes in candidates["lacking_code"]
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
        else tuple(say(text, rule=rule) for text in LIMITS[row["unsaid_code"]])
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
        return told or say("judged from 1 to 10")
    steps = [
        say("{score} from {limit}", score=score, limit=_limit_text(limit, criterion.measure))
        + (f" ({texts[score]})" if score in texts else "")
        for limit, score in criterion.steps
    ]
    return " · ".join([say("1 below"), *steps])


def remark(code: str, segmentation: SegmentationSettings) -> str:
    """Return a remark in words.

    >>> remark("no_base", SegmentationSettings())
    'no revenue in the 12 months before the window'
    """
    return say(REMARKS[code], months=segmentation.window_months)


def none_or(items: int, one: str, many: str = "") -> str:
    """Return a count with its noun, none as no.

    >>> none_or(0, "account"), none_or(2, "account")
    ('no account', '2 accounts')
    """
    return count(items, one, many) if items else say("no " + one)


def joined(*parts: str) -> str:
    """Return what is not empty, as one line."""
    return "; ".join(part for part in parts if part)


def _told(table: pd.DataFrame, said: dict[str, list[str]]) -> pd.DataFrame:
    return pd.DataFrame(said, index=table.index, dtype="str")


def _remarked(table: pd.DataFrame, segmentation: SegmentationSettings) -> pd.DataFrame:
    return _told(table, {"note": [remark(code, segmentation) for code in table["note_code"]]})


def _limit_text(limit: float, measure: str | None) -> str:
    if measure in ("size", "growth", "margin_rate", "regularity", "share_of_wallet"):
        return f"{limit * 100:g} %".replace("-", "−")
    return f"{limit:,.10g}".replace("-", "−")


def _lacking(row: dict[Any, Any], segmentation: SegmentationSettings) -> tuple[str, str, str]:
    who = count(row["missing_count"], "account") if row["scored_count"] else say("all accounts")
    code = row["note_code"]
    return (
        say("{criterion} of {who}", criterion=row["criterion"], who=who),
        remark(code, segmentation),
        say(ADDING.get(code, "")),
    )


def _position(row: dict[Any, Any], book: BookSettings | None) -> str:
    score, line, was = row["score"], row["line_score"], row["year_ago_score"]
    if score != score:
        return say(
            "No score can be given ({missing_criteria}), so it is not above the line.",
            missing_criteria=row["missing_criteria"],
        )
    said, lies = _points(score, book), _points(line, book) if line == line else "open"
    rank, weakest = (
        say("rank {rank}", rank=int(row["rank"])),
        say("Weakest: {weakest_criteria}.", weakest_criteria=row["weakest_criteria"]),
    )
    before = say(", {was} a year ago", was=_points(was, book)) if was == was else ""
    at = say("{said} ({rank}, line {lies}){before}", said=said, rank=rank, lies=lies, before=before)
    if row["proposal"] == "promote":
        without = _points(row["score_without"], book)
        return say(
            "Above the line now and a year ago: {at}; {without} without its largest order.",
            at=at,
            without=without,
        )
    if row["proposal"] == "review":
        return say("Below the line now and a year ago: {at}. {weakest}", at=at, weakest=weakest)
    if row["proposal"] == "candidate":
        lacking = "; ".join(say(LACKING[code]) for code in row["lacking_code"].split())
        return say(
            "Above the line now: {at}. Missing for a decision: {lacking}.", at=at, lacking=lacking
        )
    if row["proposal"] == "watch":
        return say(
            "{said} ({rank}), {score} below the line of {lies}: orders in {regularity_share} of "
            "the months, revenue up {growth}.",
            said=said,
            rank=rank,
            score=_percent(1 - score / line, book),
            lies=lies,
            regularity_share=_percent(row["regularity_share"], book),
            growth=_percent(row["growth"], book),
        )
    if row["is_above_line"]:
        return say("Above the line: {at}.", at=at)
    compared = {
        "above": say("it was above it a year ago"),
        "below": say("it was not above it a year ago"),
        "": say("the year before is not held whole"),
    }[row["year_ago_side"]]
    return say(
        "Below the line now: {at}; {compared}. {weakest}", at=at, compared=compared, weakest=weakest
    )


def _return(row: dict[Any, Any], book: BookSettings | None) -> list[str]:
    """Say why the programme at an account could be narrower."""
    if not row:
        return []
    care, margin = money(row["care_cost"], book), money(row["margin"], book)
    then, reach = money(-row["year_ago_return"], book), money(row["need_in_reach"], book)
    known = pd.notna(row["need_in_reach"])
    left = say("nothing is in reach") if known else say("no need is on record")
    if row["need_in_reach"] > 0:
        left = say("the {reach} in reach would not pay for it", reach=reach)
    return [
        say(
            "Its care costs {care} a year against a margin of {margin}; the year before it "
            "cost {then} more than it brought, and {left}.",
            care=care,
            margin=margin,
            then=then,
            left=left,
        )
    ]


def _risk_of_promotion(
    row: dict[Any, Any], risk: dict[Any, Any], book: BookSettings | None
) -> list[str]:
    if row["proposal"] != "promote" or not risk or risk["risk_share"] != risk["risk_share"]:
        return []
    low, high = _percent(risk["risk_low"], book), _percent(risk["risk_high"], book)
    return [
        say(
            "Of {account_count} accounts {band} in past years, {risk_share} were below it a year "
            "later ({low} to {high}).",
            account_count=risk["account_count"],
            band=say(risk["band"]),
            risk_share=_percent(risk["risk_share"], book),
            low=low,
            high=high,
        )
    ]


def _incomplete(row: dict[Any, Any], book: BookSettings | None) -> list[str]:
    if row["completeness_share"] >= WHOLE:
        return []
    known = _percent(row["completeness_share"], book)
    return [
        say(
            "Only {known} of the weights have a score (missing: {missing_criteria}).",
            known=known,
            missing_criteria=row["missing_criteria"],
        )
    ]


def _silent(row: dict[Any, Any]) -> list[str]:
    """A score looks back over a year: an account that stands high may have left since."""
    if row["status"] not in ("lost", "overdue"):
        return []
    since = date(row["last_order_date"])
    return [
        say(
            "It counts as {status}: no order since {since}.", status=say(row["status"]), since=since
        )
    ]


def _points(score: float, book: BookSettings | None) -> str:
    return number(score, book, decimals=2)


def _percent(value: float, book: BookSettings | None) -> str:
    return share(value, book, decimals=0)
