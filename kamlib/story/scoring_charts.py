"""What stands over the charts of the scoring."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.scoring.decisions import LEAST_COMPLETENESS
from kamlib.story.keys import called, several
from kamlib.story.scoring_rows import joined, none_or
from kamlib.story.statements import Said
from kamlib.words import count, number, phrase, plural, say, share, started

FIRM = 0.90
MOST_BARS, MOST_ARROWS = 30, 20
FORETOLD = {
    "foretold": phrase("{criterion} foretold {outcome}"),
    "misled": phrase("{criterion} pointed the wrong way for {outcome}"),
}
UNTOLD = phrase("Whether the criteria foretell growth or loyalty cannot be told yet")


def chart_account_scores(
    account_scores: pd.DataFrame,
    score_stability: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    span: Span | None = None,
    most: int = MOST_BARS,
    book: BookSettings | None = None,
) -> Said:
    """Say how many places above the line are firm, and how many key accounts are below it."""
    scored = account_scores[account_scores["rank"].notna()]
    known = scored["completeness_share"].unique()
    is_cut, is_alike = len(scored) > most, len(known) == 1 and known[0] <= 0.999
    subtitle = joined(
        say(
            "Weighted score 1 to 10 by criterion; right: plausible weightings above the line, ranks"
        ),
        say(
            "{most} of {accounts}, around the line",
            most=most,
            accounts=count(len(scored), "account", source=book),
        )
        if is_cut
        else "",
        span.title if span else "",
        say("from {known} of the weights", known=share(known[0], book, decimals=0))
        if is_alike
        else "",
        say("● {key}", key=say(called(key_accounts))) if len(scored) else "",
    )
    alt = say(
        "Ranked accounts as stacked bars of weighted criterion scores with the admission line and "
        "the stability of each place; the table below has them all"
    )
    if scored.empty:
        return Said(say("No account can be scored"), subtitle, alt)
    if scored["completeness_share"].lt(LEAST_COMPLETENESS).all():
        return Said(say("No account has enough criteria for its place to mean much"), subtitle, alt)
    above = score_stability[score_stability["is_above_line"]]
    firm = int((above["above_line_share"] >= FIRM).sum())
    below = int((account_scores["is_key"] & ~account_scores["is_above_line"]).sum())
    places = say(
        "{firm} of {places} above the line",
        firm=number(firm, book),
        places=count(len(above), "place"),
    )
    title = say("{places} {are} firm", places=places, are=plural(firm, "is", "are"))
    if account_scores["is_key"].any():
        title = say(
            "{title}; {accounts} {are} below it",
            title=title,
            accounts=none_or(below, called(key_accounts)),
            are=plural(below or 1, "is", "are"),
        )
    return Said(title, subtitle, alt)


def chart_attractiveness_strength(
    attractiveness_strength: pd.DataFrame,
    key_accounts: pd.DataFrame,
    *,
    span: Span | None = None,
    most: int = MOST_ARROWS,
) -> Said:
    """Say how many key accounts are strategic, and how many moved."""
    name = called(key_accounts)
    key = attractiveness_strength[attractiveness_strength["is_key"]]
    subtitle = joined(
        say(
            "Weighted sub-scores 1 to 10; arrows: {keys} since a year ago; grey: all "
            "others, larger where several",
            keys=several(name),
        ),
        say("{most} of {accounts}", most=most, accounts=count(len(key), name))
        if len(key) > most
        else "",
        span.title if span else "",
    )
    alt = say(
        "Accounts by our strength and their attractiveness, with arrows from a year ago for the "
        "{keys}; the table below has them all",
        keys=several(name),
    )
    if attractiveness_strength.empty:
        return Said(say("No account has both sub-scores"), subtitle, alt)
    if key.empty:
        return Said(moved_sentence(attractiveness_strength), subtitle, alt)
    moved, strategic = int(key["is_moved"].sum()), int(key["quadrant"].eq("strategic").sum())
    are = say(
        "{accounts} {are} strategic",
        accounts=count(len(key), name),
        are=plural(strategic, "is", "are"),
    )
    if not is_compared(attractiveness_strength):
        return Said(say("{strategic} of {are}", strategic=strategic, are=are), subtitle, alt)
    title = say(
        "{strategic} of {are}; {moved} changed quadrant within a year",
        strategic=strategic,
        are=are,
        moved=moved or say("none"),
    )
    return Said(title, subtitle, alt)


def chart_demotion_risk(
    demotion_risk: pd.DataFrame, *, span: Span | None = None, book: BookSettings | None = None
) -> Said:
    """Say how many of those above the line were below it later."""
    known = demotion_risk[demotion_risk["risk_share"].notna() & demotion_risk["band"].eq("all")]
    title = say("Not enough history to tell how often an admission is regretted")
    if len(known):
        row = known.iloc[0]
        years = row["horizon_years"]
        later = say("a year later") if years == 1 else say("within {years} years", years=years)
        part = share(row["risk_share"], book, decimals=0)
        title = say(
            "{part} of the accounts above the line were below it {later}", part=part, later=later
        )
    return Said(
        title,
        joined(
            say(
                "Share of accounts above the line at past year-ends that were below it within the "
                "horizon; 95 % interval"
            ),
            span.title if span else "",
        ),
        say(
            "Share of accounts above the line that were below it within one and three years, with "
            "intervals; the table below has the numbers"
        ),
    )


def chart_criterion_review(criterion_review: pd.DataFrame, *, span: Span | None = None) -> Said:
    """Say which criteria foretold what followed."""
    told = foretold(criterion_review.sort_values("later_outcome", kind="stable"))
    rest = len(criterion_review) - len(told)
    title = joined(
        *told[:2],
        say("and {told} more", told=len(told) - 2) if len(told) > 2 else "",
        say(
            "{rest} of {criterion_review} cannot be told",
            rest=rest,
            criterion_review=len(criterion_review),
        )
        if rest
        else "",
    )
    return Said(
        started(title) if told else say(UNTOLD),
        joined(
            say(
                "Rank correlation of past scores with the following 12 months, −1 to 1; intervals "
                "hold for all rows together"
            ),
            span.title if span else "",
        ),
        say(
            "Rank correlation of each criterion with later growth and retention, with intervals; "
            "the table below has the numbers"
        ),
    )


def foretold(review: pd.DataFrame) -> list[str]:
    """Return what each criterion foretold, where that can be told."""
    told = review[review["verdict"].isin(FORETOLD)]
    return [
        say(
            FORETOLD[row["verdict"]],
            criterion=row["criterion"],
            outcome=say(row["later_outcome"]),
        )
        for row in told.to_dict("records")
    ]


def moved_sentence(attractiveness_strength: pd.DataFrame) -> str:
    """Say how many accounts changed quadrant within a year, where a year ago can be told."""
    if not is_compared(attractiveness_strength):
        return say(
            "Who changed quadrant cannot be told: the window of a year ago is not held whole"
        )
    moved = int(attractiveness_strength["is_moved"].sum())
    return say(
        "{accounts} changed quadrant within a year", accounts=started(none_or(moved, "account"))
    )


def is_compared(attractiveness_strength: pd.DataFrame) -> bool:
    """Return whether anyone's place a year ago is known."""
    return bool(attractiveness_strength["year_ago_quadrant"].notna().any())
