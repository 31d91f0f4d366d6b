"""What the scoring page says: headline, decisions to take, and what stands over charts, tables."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, KeyAccountSettings, ScoringSettings, SegmentationSettings
from kamlib.period.calendar import Span
from kamlib.scoring.decisions import LEAST_COMPLETENESS
from kamlib.story.keys import called
from kamlib.story.scoring_charts import FIRM, FORETOLD, foretold, moved_sentence
from kamlib.story.scoring_line import rule_of
from kamlib.story.scoring_rows import none_or, remark
from kamlib.story.statements import Action, Said, Sentence
from kamlib.tables import each
from kamlib.words import count, date, listed, phrase, plural, say, share, started

MOST_BARS, MOST_ARROWS = 30, 20
OPEN = ("promote", "review", "narrow", "win back", "let go")
VERBS = {
    "promote": phrase("Promote"),
    "review": phrase("Review"),
    "narrow": phrase("Narrow the programme at"),
    "win back": phrase("Win back"),
    "let go": phrase("Let go of"),
    "watch": phrase("Watch"),
}
WANTED = {
    "tiers": phrase("nobody has placed accounts (table tiers)"),
    "scoring": phrase("the book states no criteria of its own ([scoring])"),
}


def headline_scoring(
    tier_decisions: pd.DataFrame,
    admission_line: pd.DataFrame,
    score_stability: pd.DataFrame,
    attractiveness_strength: pd.DataFrame,
    criterion_review: pd.DataFrame,
    told_demotion_risk: pd.DataFrame,
    criterion_coverage: pd.DataFrame,
    key_accounts: pd.DataFrame,
    account_scores: pd.DataFrame,
    *,
    scoring: ScoringSettings,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> list[Sentence]:
    """Return the sentences of the first screen, the most pressing first, each with its evidence."""
    found = {"tiers": bool(key_accounts["is_provisional"].all()), "scoring": scoring.is_built_in}
    key = called(key_accounts)
    wanted = [say(WANTED[code]) for code, is_so in found.items() if is_so]
    return [
        *_decided(tier_decisions, wanted),
        *_line(admission_line, score_stability, account_scores["completeness_share"], key),
        *_moves(attractiveness_strength, key),
        *_risk(told_demotion_risk, book),
        *_worked(criterion_review),
        *_gaps(criterion_coverage, scoring, segmentation),
    ]


def actions_decisions(told_tier_decisions: pd.DataFrame, *, most: int = 12) -> list[Action]:
    """Return the decisions to take, each with its evidence and owner, the most pressing first."""
    table = told_tier_decisions[told_tier_decisions["proposal"].isin(VERBS)].head(most)
    verbs = table["proposal"].map(VERBS).map(say)
    return [
        Action(
            changed=row["evidence"],
            to_do=f"{row['verb']} {row['name']}",
            owner=row["owner"],
            account=row["account_id"],
        )
        for row in table.assign(verb=verbs).to_dict("records")
    ]


def table_account_scores(
    account_scores: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """Say how many are above the line, and what a score is."""
    above, scored = account_scores["is_above_line"].sum(), account_scores["score"].notna().sum()
    return Said(
        say("{above} of {scored} accounts are above the line", above=above, scored=scored),
        say(
            "Weighted scores 1 to 10, {as_of}; scored are accounts with an order in the window, "
            "and the key accounts. A missing score is left out and the other weights count for "
            "more; complete says how much of the weight has a score",
            as_of=_window(as_of, segmentation),
        ),
    )


def table_score_stability(*, scoring: ScoringSettings) -> Said:
    """Say how the weights were varied."""
    return Said(
        say("How firm each place is, and which single weight would change it"),
        say(
            "{weightings} close to the book's weights; last columns: the smallest change of one "
            "weight, the others in proportion, that moves the account across the line",
            weightings=count(scoring.draws, "weighting"),
        ),
    )


def table_criterion_coverage(
    admission_line: pd.DataFrame, *, scoring: ScoringSettings, admission: KeyAccountSettings
) -> Said:
    """Say whose criteria they are, and what a key account is in this company."""
    origin = say("built in") if scoring.is_built_in else say("from the book")
    return Said(
        say(
            "{in_use} criteria, {origin}; the line admits {admission_line}",
            in_use=len(scoring.in_use),
            origin=origin,
            admission_line=rule_of(admission_line),
        ),
        admission.definition or say("The book states no definition of a key account in words"),
    )


def table_admission_line(
    *, as_of: pd.Timestamp, segmentation: SegmentationSettings, book: BookSettings | None = None
) -> Said:
    """Say which months the line rests on."""
    return Said(say("The admission line"), _window(as_of, segmentation))


def table_tier_decisions(tier_decisions: pd.DataFrame, *, span: Span, year_ago_span: Span) -> Said:
    """Say how much there is to decide."""
    beside = say(
        "Scores of {period} beside those of {year_ago_span}",
        period=span.title,
        year_ago_span=year_ago_span.title,
    )
    if tier_decisions["year_ago_score"].isna().all():
        beside = say("Scores of {period}; a year ago cannot be told", period=span.title)
    return Said(decisions_title(tier_decisions), beside)


def decisions_title(tier_decisions: pd.DataFrame) -> str:
    """Return how many decisions there are to take.

    >>> decisions_title(pd.DataFrame({"proposal": ["review", "keep", "watch"]}))
    '1 decision to take, 1 key account kept'
    """
    take = int(tier_decisions["proposal"].isin(OPEN).sum())
    kept = int(tier_decisions["proposal"].eq("keep").sum())
    named = int(tier_decisions["proposal"].eq("candidate").sum())
    if named == len(tier_decisions):
        return say(
            "No decision can be proposed; {candidates}", candidates=none_or(named, "candidate")
        )
    decisions = none_or(take, "decision")
    return say(
        "{decisions} to take, {accounts} kept",
        decisions=started(decisions),
        accounts=none_or(kept, "key account"),
    )


def table_candidates(candidates: pd.DataFrame, tier_decisions: pd.DataFrame) -> Said:
    """Say how many accounts the evidence would name, and what stands in the way of all of them."""
    many = len(candidates)
    if not many:
        return Said(say("No candidate"))
    title = decisions_title(tier_decisions)
    if many < len(tier_decisions):
        title = say(
            "{candidates}: named by the evidence, not ripe for a decision",
            candidates=count(many, "candidate"),
        )
    return Said(title, say("Above the line; what is missing for a decision stands beside each"))


def table_attractiveness_strength(attractiveness_strength: pd.DataFrame) -> Said:
    """Say how many accounts moved."""
    return Said(moved_sentence(attractiveness_strength))


def table_watch_list(
    watch_list: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """Say how many may become key accounts."""
    near = say("{accounts} on the way to key account", accounts=count(len(watch_list), "account"))
    return Said(
        near if len(watch_list) else say("No account is near enough to become a key account"),
        _window(as_of, segmentation),
    )


def table_prospect_ranking(prospect_ranking: pd.DataFrame) -> Said:
    """Say how many prospects are for a key account manager."""
    ours = prospect_ranking["proposed_owner"].eq("key account manager").sum()
    return Said(
        say(
            "{ours} of {prospect_ranking} prospects are for a key account manager",
            ours=ours,
            prospect_ranking=len(prospect_ranking),
        )
        if len(prospect_ranking)
        else say("No prospects are known: add the table prospects")
    )


def _decided(table: pd.DataFrame, wanted: list[str]) -> list[Sentence]:
    told = {
        "promote": (
            say("Promote {}: above the line now and a year ago, and without the largest order."),
            "#tier_decisions",
        ),
        "review": (say("Review {}: below the line now and a year ago."), "#tier_decisions"),
        "narrow": (
            say("Narrow the programme at {}: its care costs more than it brings."),
            "#tier_decisions",
        ),
        "win back": (say("Win back {}: a key account that is lost."), "#tier_decisions"),
        "let go": (say("Let go of {}: a key account that is lost."), "#tier_decisions"),
        "watch": (
            say("Watch {}: regular, growing, and within 10 % below the line."),
            "#watch_list",
        ),
    }
    owned = table["name"] + (" (" + table["owner"] + ")").where(table["owner"].ne(""), "")
    rows = [] if table["proposal"].isin(OPEN).any() else [_nothing_to_decide(table, wanted)]
    for decision, (text, link) in told.items():
        mine = owned[table["proposal"].eq(decision)]
        if len(mine):
            rows.append(Sentence(text.format(listed(mine)), link))
    named = owned[table["proposal"].eq("candidate")]
    if len(named):
        text = say(
            "{candidates} above the line: {names}.",
            candidates=_candidates(len(named)),
            names=listed(named),
        )
        rows.append(Sentence(text, "#candidates"))
    differs = table.loc[table["is_overridden"], "name"]
    if len(differs):
        text = say(
            "Newer evidence differs from the decision recorded for {differs}.",
            differs=listed(differs),
        )
        rows.append(Sentence(text, "#tier_decisions"))
    return rows


def _candidates(many: int) -> str:
    return started(count(many, "candidate"))


def _nothing_to_decide(table: pd.DataFrame, wanted: list[str]) -> Sentence:
    if wanted:
        text = say("No promotion and no review is proposed: {wanted}.", wanted=listed(wanted))
        return Sentence(text, "#candidates")
    text = say("Nothing to promote or to review in this period.")
    kept = int(table["proposal"].eq("keep").sum())
    keeps = (
        say(" {are} kept.", are=count(kept, "key account is", "key accounts are")) if kept else ""
    )
    return Sentence(text + keeps, "#tier_decisions")


def _line(
    line: pd.DataFrame, stability: pd.DataFrame, known: pd.Series, key: str
) -> list[Sentence]:
    is_enough = known.ge(LEAST_COMPLETENESS)
    if line.empty or not line["scored_count"].iloc[0]:
        return [Sentence(say("No account can be scored in this period."), "#criterion_coverage")]
    if not is_enough.any():
        text = say("No account has enough criteria for its place to mean much")
        return [Sentence(f"{text}.", "#criterion_coverage")]
    rows, below = [], int(line["key_below_count"].iloc[0])
    if below:
        part = say(
            "{below} of {accounts}",
            below=below,
            accounts=count(line["key_count"].iloc[0], key),
        )
        text = say(
            "{part} {are} below the line ({line}).",
            part=part,
            are=plural(below, "is", "are"),
            line=rule_of(line),
        )
        rows.append(Sentence(text, "#account_scores"))
    above = stability[stability["is_above_line"]]
    if len(above):
        is_firm = above["above_line_share"] >= FIRM
        rest = above[~is_firm].sort_values(["above_line_share", "account_id"])
        shaky = say("; least sure: {name}", name=listed(rest["name"])) if len(rest) else ""
        firm = int(is_firm.sum())
        places = say(
            "{firm} of {places} above the line", firm=firm, places=count(len(above), "place")
        )
        hold = say(
            "{hold} in at least 90 % of plausible weightings", hold=plural(firm, "holds", "hold")
        )
        text = f"{places} {hold}{shaky}."
        rows.append(Sentence(text, "#score_stability"))
    return rows


def _moves(matrix: pd.DataFrame, key: str) -> list[Sentence]:
    moved = matrix[matrix["is_moved"] & matrix["is_key"]]
    if moved.empty:
        return []
    told = [
        f"{row.name} ({say(row.year_ago_quadrant)} → {say(row.quadrant)})" for row in each(moved)
    ]
    text = say(
        "{accounts} changed quadrant within a year: {told}.",
        accounts=count(len(moved), key),
        told=listed(told),
    )
    return [Sentence(text, "#attractiveness_strength")]


def _risk(risk: pd.DataFrame, book: BookSettings | None) -> list[Sentence]:
    everyone = risk[(risk["band"] == "all") & (risk["horizon_years"] == 1)]
    if everyone.empty:
        return []
    row = everyone.iloc[0]
    if row["risk_share"] != row["risk_share"]:
        text = say("The risk of a later demotion cannot be told: {note}.", note=row["note"])
        return [Sentence(text, "#demotion_risk")]
    part, low, high = (
        share(row[name], book, decimals=0) for name in ("risk_share", "risk_low", "risk_high")
    )
    were = say(
        "{part} were below it a year later ({low} to {high}).", part=part, low=low, high=high
    )
    return [
        Sentence(
            say("Of the accounts above the line in past years, {were}", were=were), "#demotion_risk"
        )
    ]


def _worked(review: pd.DataFrame) -> list[Sentence]:
    if review.empty:
        return []
    place = review["verdict"].map({verdict: place for place, verdict in enumerate(FORETOLD)})
    told = foretold(review.assign(place=place).sort_values("place", kind="stable"))
    text = say("Whether the criteria work cannot be told yet.")
    if told:
        text = say("Did the criteria work? {told}.", told=started(listed(told)))
    return [Sentence(text, "#criterion_review")]


def _gaps(
    coverage: pd.DataFrame, scoring: ScoringSettings, segmentation: SegmentationSettings
) -> list[Sentence]:
    rows = []
    if scoring.is_built_in:
        text = say(
            "The book states no criteria of its own: size counts 40 %, growth, margin rate and "
            "regularity 20 % each, provisionally. The score ranks; it decides nothing."
        )
        rows.append(Sentence(text, "#criterion_coverage"))
    blank = coverage[(coverage["scored_count"] == 0) & (coverage["missing_count"] > 0)]
    lacking = [
        f"{criterion} ({remark(code, segmentation)})"
        for criterion, code in zip(blank["criterion"], blank["note_code"], strict=True)
    ]
    if lacking:
        text = say("Not scored for anyone: {lacking}.", lacking=listed(lacking, most=5))
        rows.append(Sentence(text, "#criterion_coverage"))
    return rows


def _window(as_of: pd.Timestamp, segmentation: SegmentationSettings) -> str:
    return say(
        "{months} to {as_of}", months=count(segmentation.window_months, "month"), as_of=date(as_of)
    )
