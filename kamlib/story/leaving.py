"""What the retention page says of leaving: why, what was seen before, whom to win back."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import count, date, money, number, phrase, plural, say, started

MOST_MEASURED = 5
"""Accounts and offers that a chart draws."""

WHY_NOT = {
    "closed": phrase("it closed"),
    "no_offers": phrase("the book has no offers"),
    "no_fit": phrase("no offer fits the reason"),
    "no_margin": phrase("its margin is not known"),
    "no_chance": phrase(
        "chance of a return not known: too few returns, and none given with the offer"
    ),
    "no_gain": phrase("the offer costs more than it can be expected to bring"),
    "budget": phrase("the budget brings more elsewhere"),
}
"""What stands in the way of an account that is not on the list."""


def tell_leaving_causes(leaving_causes: pd.DataFrame) -> pd.DataFrame:
    """Say what keeps the factor of a cause from being known, or how to read it."""
    said = {
        "correlation": say("correlation, not proof"),
        "too_seldom": say("it happened too seldom to tell"),
        "none_exposed": say("no leaver had met with it"),
        "no_answer": say("the model finds no answer in so few cases"),
    }
    columns = leaving_causes[["note_code", "exposure", "leaver_count"]].itertuples(index=False)
    notes = [
        say(
            "the book records no late orders"
            if exposure == "late order"
            else "the book records no incidents"
        )
        if code == "not_recorded"
        else say("only {leavers}: too few to tell", leavers=count(many, "leaver"))
        if code == "few_leavers"
        else said[code]
        for code, exposure, many in columns
    ]
    return pd.DataFrame({"note": pd.Series(notes, index=leaving_causes.index, dtype="str")})


def chart_leaving_causes(leaving_causes: pd.DataFrame) -> Said:
    """Name the causes that stand out from chance."""
    clear = leaving_causes.loc[leaving_causes["hazard_ratio_low"].gt(1), "cause"]
    title = say("No cause stands out from chance")
    if leaving_causes.empty:
        title = say("Nothing recorded that could have driven accounts away")
    elif leaving_causes["note_code"].isin(["few_leavers", "not_recorded"]).all():
        title = say("Too few losses to tell what drove accounts away")
    elif leaving_causes["hazard_ratio"].isna().all():
        left = count(leaving_causes["leaver_count"].max(), "account")
        title = say(
            "{left} left, but what is recorded happened too seldom to be tested as a cause",
            left=left,
        )
    elif len(clear):
        title = say(
            "Accounts left more often after: {clear} (a correlation, not proof)",
            clear=", ".join(map(say, clear)),
        )
    untold = int(leaving_causes["hazard_ratio"].isna().sum())
    rest = say(
        "; {untold} of {leaving_causes} causes cannot be told, see below",
        untold=number(untold),
        leaving_causes=len(leaving_causes),
    )
    return Said(
        title,
        say(
            "Factor on the chance of leaving, per event of the three months before; bar: 95 % "
            "interval{rest}",
            rest=rest if untold else "",
        ),
        say(
            "Factors on the chance of leaving per late order or incident, each with its 95 % "
            "interval; the table below has them"
        ),
    )


def chart_incident_trend(incident_trend: pd.DataFrame) -> Said:
    """Say which mistakes have become more or less frequent."""
    kinds = incident_trend.drop_duplicates("kind")
    named = kinds["mistake"].map(say).groupby(kinds["trend"]).agg(", ".join)
    words = {"up": say("more often"), "down": say("less often")}
    found = [f"{how}: {named[trend]}" for trend, how in words.items() if trend in named]
    title = say("No kind of mistake has become clearly more or less frequent")
    if incident_trend.empty:
        title = say("No incident is recorded")
    elif found:
        title = started("; ".join(found))
    return Said(
        title,
        say("Incidents per quarter, one scale; colour only where the trend is clear"),
        say("Small charts of incidents per quarter for each kind of mistake, all on one scale"),
    )


def chart_engagement(engagement: pd.DataFrame, *, most: int = MOST_MEASURED) -> Said:
    """Say at how many accounts engagement or loyalty clearly falls."""
    cut = (
        say("; the {most} first of {engagement}", most=most, engagement=len(engagement))
        if len(engagement) > most
        else ""
    )
    return Said(
        _falling(engagement),
        say("Line at 1: as planned, as usual; colour only where the trend is clear{cut}", cut=cut),
        say(
            "Small charts per account of contacts against plan, satisfaction, and orders "
            "against the usual pace"
        ),
    )


def _falling(engagement: pd.DataFrame) -> str:
    if engagement.empty:
        return say("No contact is recorded: engagement cannot be measured")
    trends = engagement[["contact_trend", "satisfaction_trend", "order_trend"]]
    down, measured = (trends == "down").any(axis=1).sum(), trends.notna().any(axis=1).sum()
    if not measured:
        return say("Too few points for any trend")
    if len(engagement) == 1:
        clearly = say("Engagement or loyalty clearly falls")
        return clearly if down else say("Neither engagement nor loyalty clearly falls")
    who = say(
        "{down} of {accounts}",
        down=number(down) if down else say("none"),
        accounts=count(measured, "account"),
    )
    return say("Engagement or loyalty clearly falls at {who}", who=who)


def table_engagement(*, as_of: pd.Timestamp) -> Said:
    """Say of which months the levels are."""
    return Said(
        say("Engagement and loyalty"),
        say(
            "Levels of the 12 months to {as_of}; slope per year with its 95 % interval",
            as_of=date(as_of),
        ),
    )


def table_overdue_checkins(overdue_checkins: pd.DataFrame, *, present: frozenset[str]) -> Said:
    """Say how many planned contacts are overdue."""
    if "interactions" not in present:
        return Said(say("No contact is recorded: none can be overdue"))
    many = len(overdue_checkins)
    return Said(
        say(
            "{contacts} {are} overdue",
            contacts=count(many, "planned contact"),
            are=plural(many, "is", "are"),
        )
    )


def tell_return_rates(return_rates: pd.DataFrame) -> pd.DataFrame:
    """Say why a rate is not known."""
    is_few = return_rates.groupby("lost_for_days")["return_probability"].transform("count").eq(0)
    notes = [
        None
        if pd.notna(row.return_probability)
        else say(
            "only {losses} old enough to judge", losses=count(row.judged_count, "loss", "losses")
        )
        if few
        else say("closed: no chance of a return is stated")
        for row, few in zip(each(return_rates), is_few, strict=True)
    ]
    return pd.DataFrame({"note": pd.Series(notes, index=return_rates.index, dtype="str")})


def tell_win_back(win_back: pd.DataFrame) -> pd.DataFrame:
    """Say what stands in the way of an account that is not on the list."""
    return pd.DataFrame(
        {
            "why_not": win_back["why_not_code"]
            .map(WHY_NOT)
            .map(say, na_action="ignore")
            .astype("str")
        }
    )


def table_win_back(win_back: pd.DataFrame, *, present: frozenset[str], book: BookSettings) -> Said:
    """Say what the offers on the list cost and are worth, or that there is none to weigh."""
    if "offers" not in present:
        return Said(say("No offer can be weighed"))
    chosen = win_back[win_back["is_chosen"]]
    many = len(chosen)
    title = say("No offer is worth making on what is known")
    if many:
        title = say(
            "{offers} for {cost} {are} worth {offer_value} if all come back as often as such "
            "accounts did",
            offers=count(many, "offer", source=book),
            cost=money(chosen["cost"].sum(), book),
            are=plural(many, "is", "are"),
            offer_value=money(chosen["offer_value"].sum(), book),
        )
    return Said(title, say("Every lost account: the offer, its value after its cost, or why not"))


def gap_deliveries(deliveries: pd.DataFrame) -> str:
    """Say what dates of delivery would give."""
    if len(deliveries):
        return ""
    return say(
        "Whether orders were late is unknown: with both promised_date and delivered_date in the "
        "orders, lateness could be tested as a cause."
    )


def gap_incidents(*, present: frozenset[str]) -> str:
    """Say what incidents would give."""
    if "incidents" in present:
        return ""
    return say(
        "The book has no incidents: with them, the five mistakes and their trend could be shown."
    )


def gap_interactions(*, present: frozenset[str]) -> str:
    """Say what interactions would give."""
    if "interactions" in present:
        return ""
    return say(
        "The book has no interactions: with them, engagement, satisfaction and overdue check-ins "
        "could be shown."
    )


def gap_offers(*, present: frozenset[str]) -> str:
    """Say what offers would give."""
    if "offers" in present:
        return ""
    return say(
        "The book has no offers: with them (offer, cost), the list would say who is worth one."
    )
