"""What the retention page says of losses: when and where, who stays, why, whom to win back."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.tables import catalogue, each
from kamlib.words import FEW, count, date, money, number, phrase, plural, rate, say, share, started

MOST_GROUPS, MOST_CURVES, MOST_MEASURED = 10, 4, 5
"""Groups of losses, survival curves, accounts and offers that a chart draws."""

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

_YEAR = 365.25


def chart_loss_dynamics(loss_dynamics: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how many accounts were lost in the last months that can be known."""
    return Said(
        _losses(loss_dynamics[loss_dynamics["is_known"]], book),
        say(
            "Revenue of the last 12 months of lost accounts, dated at their last order; line: "
            "rolling 12 months"
        ),
        say(
            "Bars of revenue lost per month and a line of the rolling twelve months; months too "
            "young to know are hatched; the table has every month"
        ),
    )


def _losses(known: pd.DataFrame, book: BookSettings) -> str:
    if known.empty:
        return say("Losses cannot be known yet: no month is old enough")
    last = known.iloc[-1]
    if known["lost_count"].sum() == 0:
        return say("No account was lost up to {month}", month=date(last["month"]))
    if pd.isna(last["lost_12m_count"]):
        lost = count(known["lost_count"].sum(), "account", source=book)
        amount = money(known["revenue_lost"].sum(), book)
        return say("{lost} lost so far, with {amount} a year", lost=lost, amount=amount)
    many, back = last["lost_12m_count"], known["returned_count"].tail(12).sum()
    accounts, amount = count(many, "account", source=book), money(last["revenue_lost_12m"], book)
    lost = say(
        "{accounts} with {amount} a year {were} lost",
        accounts=accounts,
        amount=amount,
        were=plural(many, "was", "were"),
    )
    span = say("in the 12 months to {month}", month=date(last["month"]))
    if not many or not back:
        none_back = say("; none has come back") if many else ""
        return f"{lost} {span}{none_back}"
    if back == many:
        return say(
            "{lost} {span}; {have} come back",
            lost=lost,
            span=span,
            have=plural(many, "it has", "all have"),
        )
    still = say(
        "{many} still {are}", many=number(many - back, book), are=plural(many - back, "is", "are")
    )
    return say(
        "{lost} {span}: {still}, {back} {have} come back",
        lost=lost,
        span=span,
        still=still,
        back=number(back, book),
        have=plural(back, "has", "have"),
    )


def chart_loss_directions(
    loss_directions: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    book: BookSettings,
    dimension: str,
    most: int = MOST_GROUPS,
) -> Said:
    """Say where most revenue was lost."""
    rows = loss_directions[loss_directions["dimension"].eq(dimension)]
    rows = rows[rows["revenue_lost"].notna()]
    word = _called(dimension)
    title = say("No loss to show by {word}", word=word)
    if rows["revenue_lost"].head(most).sum():
        first = rows.iloc[0]
        lost = share(first["lost_share"], book, decimals=0)
        title = say("{group}: {lost} of the revenue lost", group=first["group"], lost=lost)
        if pd.notna(first["revenue_share"]):
            title += say(
                ", {revenue_share} of all revenue",
                revenue_share=share(first["revenue_share"], book, decimals=0),
            )
    cut = (
        say(", the {most} largest of {rows}", most=most, rows=len(rows)) if len(rows) > most else ""
    )
    return Said(
        title,
        say(
            "Revenue of losses seen in the 12 months, by {word}{cut}; number of losses behind it "
            "· 12 months to {as_of}",
            word=word,
            cut=cut,
            as_of=date(as_of),
        ),
        say("Bars of revenue lost by {word}", word=word),
    )


def table_loss_directions(*, as_of: pd.Timestamp) -> Said:
    """Say of which months the losses are."""
    return Said(
        say("Losses by category, industry, region, manager, reason, and who noticed"),
        say(
            "Losses seen in the 12 months to {as_of}; one account can count in several "
            "categories, its money counts once",
            as_of=date(as_of),
        ),
    )


def chart_cohort_retention_by_year(
    cohort_retention_by_year: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say how many still order in the twelfth month after their first order."""
    cohorts = cohort_retention_by_year
    together = cohorts[cohorts["cohort"].eq("all")].set_index("months_since")
    title = say("How many stay a year cannot be known yet")
    if cohorts.empty:
        title = say("No cohort yet: nobody has ordered")
    elif 12 in together.index:
        year = together.loc[[12]].iloc[0]
        many = year["account_count"]
        some = rate(round(year["active_share"] * many), many, book)
        of = (
            say(" of {accounts}", accounts=count(many, "account", source=book))
            if many >= FEW
            else say(" accounts")
        )
        title = say(
            "{some}{of} order in the twelfth month after their first", some=started(some), of=of
        )
    return Said(
        title,
        say(
            "Share active in the month, by months since the first order, every third month; "
            "blank: not reached yet"
        ),
        say(
            "Heat map of the share of each year's new accounts that order, by months since the "
            "first order; the published table has every month"
        ),
    )


def chart_survival(survival: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say after how long half of the accounts have left, or how many are still there."""
    alt = say(
        "Survival curve of all accounts with its 95 % interval and the number under observation"
    )
    return Said(_stay(survival, book), _curves(""), say("{alt} at each age", alt=alt))


def chart_survival_by_class(
    survival_by_class: pd.DataFrame, survival_tests: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say whether revenue classes are lost at different rates."""
    return _by_group(survival_by_class, survival_tests, "class", book)


def chart_survival_by_industry(
    survival_by_industry: pd.DataFrame, survival_tests: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say whether industries are lost at different rates."""
    return _by_group(survival_by_industry, survival_tests, "industry", book)


def chart_survival_by_manager(
    survival_by_manager: pd.DataFrame, survival_tests: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say whether managers' accounts are lost at different rates."""
    return _by_group(survival_by_manager, survival_tests, "manager", book)


def drawn_groups(survival: pd.DataFrame, *, most: int = MOST_CURVES) -> list[str]:
    """Return the groups whose curves a chart draws: the largest, by name."""
    sizes = survival.groupby("group")["at_risk_count"].max()
    return sorted(sizes.sort_values(ascending=False, kind="stable").index[:most])


def _by_group(survival: pd.DataFrame, tests: pd.DataFrame, by: str, book: BookSettings) -> Said:
    if survival.empty:
        return Said(
            say("No {by} is recorded, or too few accounts were lost: no curves by {by}", by=by)
        )
    groups, many = drawn_groups(survival), survival["group"].nunique()
    word = _called(survival["dimension"].iloc[0])
    cut = (
        say(", the {groups} largest of {many} groups", groups=len(groups), many=many)
        if many > len(groups)
        else ""
    )
    test = tests[tests["dimension"].isin(survival["dimension"])]
    return Said(
        _stay(survival, book) if len(groups) < 2 else _compared(survival, groups, test, book),
        _curves(say(" by {word}{cut}", word=word, cut=cut)),
        say(
            "Survival curves by {by} with their 95 % intervals and the numbers under observation",
            by=by,
        ),
    )


def _curves(by: str) -> str:
    return say(
        "Share of accounts still there{by}, by years since the first order; band: 95 % interval",
        by=by,
    )


def _stay(curve: pd.DataFrame, book: BookSettings) -> str:
    if curve.empty:
        return say("Too few accounts lost to draw how long they stay")
    half = curve[curve["survival_share"].le(0.5)]
    last = curve.iloc[-1] if half.empty else half.iloc[0]
    years = number(last["duration_days"] / _YEAR, book, decimals=1)
    if len(half):
        return say("Half of the accounts have left after {years} years", years=years)
    left = share(last["survival_share"], book, decimals=0)
    return say(
        "{left} of accounts are still there after {years} years: no median yet",
        left=left,
        years=years,
    )


def _compared(
    survival: pd.DataFrame, groups: list[str], test: pd.DataFrame, book: BookSettings
) -> str:
    """Name the best and the worst group, where chance would seldom make such a difference."""
    p_value = test["p_value"].iloc[0] if len(test) else float("nan")
    if not p_value < 0.05:
        tested = (
            "" if pd.isna(p_value) else say(" (log-rank test, p = {p_value:.2f})", p_value=p_value)
        )
        return say("No group is lost clearly faster than another{tested}", tested=tested)
    five_years = survival[survival["duration_days"].le(5 * _YEAR)]
    ends = five_years.groupby("group")["survival_share"].last()[groups]
    kept = {group: share(ends[group], book, decimals=0) for group in groups}
    best, worst = str(ends.idxmax()), str(ends.idxmin())
    return say(
        "After five years {best} kept {kept}, {worst} {left}",
        best=best,
        kept=kept[best],
        worst=worst,
        left=kept[worst],
    )


def tell_survival_medians(survival_medians: pd.DataFrame) -> pd.DataFrame:
    """Say why a median is not known."""
    note = pd.Series(None, index=survival_medians.index, dtype="str")
    note = note.mask(survival_medians["median_days"].isna(), say("more than half are still there"))
    few = survival_medians["from_days"].isna()
    return pd.DataFrame({"note": note.mask(few, say("too few observed at any one age"))})


def tell_account_lifetimes(account_lifetimes: pd.DataFrame) -> pd.DataFrame:
    """Say why an account's age is not known."""
    note = pd.Series(None, index=account_lifetimes.index, dtype="str")
    note = note.mask(account_lifetimes["duration_days"].isna(), say("too young to tell"))
    undated = account_lifetimes["start_date"].isna()
    return pd.DataFrame(
        {"note": note.mask(undated, say("began before the data, no customer_since"))}
    )


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
        say("the book records no {exposures}", exposures=plural(0, exposure))
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
            clear=", ".join(clear),
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
    named = incident_trend.drop_duplicates("kind").groupby("trend")["mistake"].agg(", ".join)
    words = {"up": say("more often"), "down": say("less often")}
    found = [f"{how}: {named[trend]}" for trend, how in words.items() if trend in named]
    title = say("No kind of mistake has become clearly more or less frequent")
    if incident_trend.empty:
        title = say("No incident is recorded")
    elif found:
        title = "; ".join(found).capitalize()
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
            "Small charts per key account of contacts against plan, satisfaction, and orders "
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
        say("Key accounts: engagement and loyalty"),
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


def _called(dimension: str) -> str:
    """Return how a dimension is called."""
    return catalogue().columns["dimension"].words.get(dimension, dimension)
