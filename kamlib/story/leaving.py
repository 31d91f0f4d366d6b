"""What the retention page says of losses: when and where, who stays, why, whom to win back."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.tables import catalogue, each
from kamlib.words import FEW, count, date, money, number, plural, rate, share, started

MOST_GROUPS, MOST_CURVES, MOST_MEASURED = 10, 4, 5
"""Groups of losses, survival curves, accounts and offers that a chart draws."""

WHY_NOT = {
    "closed": "it closed",
    "no_offers": "the book has no offers",
    "no_fit": "no offer fits the reason",
    "no_margin": "its margin is not known",
    "no_chance": "chance of a return not known: too few returns, and none given with the offer",
    "no_gain": "the offer costs more than it can be expected to bring",
    "budget": "the budget brings more elsewhere",
}
"""What stands in the way of an account that is not on the list."""

_YEAR = 365.25


def chart_loss_dynamics(loss_dynamics: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say how many accounts were lost in the last months that can be known."""
    return Said(
        _losses(loss_dynamics[loss_dynamics["is_known"]], book),
        "Revenue of the last 12 months of lost accounts, dated at their last order; line: rolling "
        "12 months",
        "Bars of revenue lost per month and a line of the rolling twelve months; months too young "
        "to know are hatched; the table has every month",
    )


def _losses(known: pd.DataFrame, book: BookSettings) -> str:
    if known.empty:
        return "Losses cannot be known yet: no month is old enough"
    last = known.iloc[-1]
    if known["lost_count"].sum() == 0:
        return f"No account was lost up to {date(last['month'])}"
    if pd.isna(last["lost_12m_count"]):
        lost = count(known["lost_count"].sum(), "account", source=book)
        amount = money(known["revenue_lost"].sum(), book)
        return f"{lost} lost so far, with {amount} a year"
    many, back = last["lost_12m_count"], known["returned_count"].tail(12).sum()
    accounts, amount = count(many, "account", source=book), money(last["revenue_lost_12m"], book)
    lost = f"{accounts} with {amount} a year {plural(many, 'was', 'were')} lost"
    span = f"in the 12 months to {date(last['month'])}"
    if not many or not back:
        return f"{lost} {span}{'; none has come back' if many else ''}"
    if back == many:
        return f"{lost} {span}; {plural(many, 'it has', 'all have')} come back"
    still = f"{number(many - back, book)} still {plural(many - back, 'is', 'are')}"
    return f"{lost} {span}: {still}, {number(back, book)} {plural(back, 'has', 'have')} come back"


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
    title = f"No loss to show by {word}"
    if rows["revenue_lost"].head(most).sum():
        first = rows.iloc[0]
        lost = share(first["lost_share"], book, decimals=0)
        title = f"{first['group']}: {lost} of the revenue lost"
        if pd.notna(first["revenue_share"]):
            title += f", {share(first['revenue_share'], book, decimals=0)} of all revenue"
    cut = f", the {most} largest of {len(rows)}" if len(rows) > most else ""
    return Said(
        title,
        f"Revenue of losses seen in the 12 months, by {word}{cut}; number of losses behind it · "
        f"12 months to {date(as_of)}",
        f"Bars of revenue lost by {word}",
    )


def table_loss_directions(*, as_of: pd.Timestamp) -> Said:
    """Say of which months the losses are."""
    return Said(
        "Losses by category, industry, region, manager, reason, and who noticed",
        f"Losses seen in the 12 months to {date(as_of)}; one account can count in several "
        "categories, its money counts once",
    )


def chart_cohort_retention_by_year(
    cohort_retention_by_year: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say how many still order in the twelfth month after their first order."""
    cohorts = cohort_retention_by_year
    together = cohorts[cohorts["cohort"].eq("all")].set_index("months_since")
    title = "How many stay a year cannot be known yet"
    if cohorts.empty:
        title = "No cohort yet: nobody has ordered"
    elif 12 in together.index:
        year = together.loc[[12]].iloc[0]
        many = year["account_count"]
        some = rate(round(year["active_share"] * many), many, book)
        of = f" of {count(many, 'account', source=book)}" if many >= FEW else " accounts"
        title = f"{started(some)}{of} order in the twelfth month after their first"
    return Said(
        title,
        "Share active in the month, by months since the first order, every third month; blank: not "
        "reached yet",
        "Heat map of the share of each year's new accounts that order, by months since the first "
        "order; the published table has every month",
    )


def chart_survival(survival: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say after how long half of the accounts have left, or how many are still there."""
    alt = "Survival curve of all accounts with its 95 % interval and the number under observation"
    return Said(_stay(survival, book), _curves(""), f"{alt} at each age")


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
        return Said(f"No {by} is recorded, or too few accounts were lost: no curves by {by}")
    groups, many = drawn_groups(survival), survival["group"].nunique()
    word = _called(survival["dimension"].iloc[0])
    cut = f", the {len(groups)} largest of {many} groups" if many > len(groups) else ""
    test = tests[tests["dimension"].isin(survival["dimension"])]
    return Said(
        _stay(survival, book) if len(groups) < 2 else _compared(survival, groups, test, book),
        _curves(f" by {word}{cut}"),
        f"Survival curves by {by} with their 95 % intervals and the numbers under observation",
    )


def _curves(by: str) -> str:
    return f"Share of accounts still there{by}, by years since the first order; band: 95 % interval"


def _stay(curve: pd.DataFrame, book: BookSettings) -> str:
    if curve.empty:
        return "Too few accounts lost to draw how long they stay"
    half = curve[curve["survival_share"].le(0.5)]
    last = curve.iloc[-1] if half.empty else half.iloc[0]
    years = number(last["duration_days"] / _YEAR, book, decimals=1)
    if len(half):
        return f"Half of the accounts have left after {years} years"
    left = share(last["survival_share"], book, decimals=0)
    return f"{left} of accounts are still there after {years} years: no median yet"


def _compared(
    survival: pd.DataFrame, groups: list[str], test: pd.DataFrame, book: BookSettings
) -> str:
    """Name the best and the worst group, where chance would seldom make such a difference."""
    p_value = test["p_value"].iloc[0] if len(test) else float("nan")
    if not p_value < 0.05:
        tested = "" if pd.isna(p_value) else f" (log-rank test, p = {p_value:.2f})"
        return f"No group is lost clearly faster than another{tested}"
    five_years = survival[survival["duration_days"].le(5 * _YEAR)]
    ends = five_years.groupby("group")["survival_share"].last()[groups]
    kept = {group: share(ends[group], book, decimals=0) for group in groups}
    best, worst = str(ends.idxmax()), str(ends.idxmin())
    return f"After five years {best} kept {kept[best]}, {worst} {kept[worst]}"


def tell_survival_medians(survival_medians: pd.DataFrame) -> pd.DataFrame:
    """Say why a median is not known."""
    note = pd.Series(None, index=survival_medians.index, dtype="str")
    note = note.mask(survival_medians["median_days"].isna(), "more than half are still there")
    few = survival_medians["from_days"].isna()
    return pd.DataFrame({"note": note.mask(few, "too few observed at any one age")})


def tell_account_lifetimes(account_lifetimes: pd.DataFrame) -> pd.DataFrame:
    """Say why an account's age is not known."""
    note = pd.Series(None, index=account_lifetimes.index, dtype="str")
    note = note.mask(account_lifetimes["duration_days"].isna(), "too young to tell")
    undated = account_lifetimes["start_date"].isna()
    return pd.DataFrame({"note": note.mask(undated, "began before the data, no customer_since")})


def tell_leaving_causes(leaving_causes: pd.DataFrame) -> pd.DataFrame:
    """Say what keeps the factor of a cause from being known, or how to read it."""
    said = {
        "correlation": "correlation, not proof",
        "too_seldom": "it happened too seldom to tell",
        "none_exposed": "no leaver had met with it",
        "no_answer": "the model finds no answer in so few cases",
    }
    columns = leaving_causes[["note_code", "exposure", "leaver_count"]].itertuples(index=False)
    notes = [
        f"the book records no {plural(0, exposure)}"
        if code == "not_recorded"
        else f"only {count(many, 'leaver')}: too few to tell"
        if code == "few_leavers"
        else said[code]
        for code, exposure, many in columns
    ]
    return pd.DataFrame({"note": pd.Series(notes, index=leaving_causes.index, dtype="str")})


def chart_leaving_causes(leaving_causes: pd.DataFrame) -> Said:
    """Name the causes that stand out from chance."""
    clear = leaving_causes.loc[leaving_causes["hazard_ratio_low"].gt(1), "cause"]
    title = "No cause stands out from chance"
    if leaving_causes.empty:
        title = "Nothing recorded that could have driven accounts away"
    elif leaving_causes["note_code"].isin(["few_leavers", "not_recorded"]).all():
        title = "Too few losses to tell what drove accounts away"
    elif leaving_causes["hazard_ratio"].isna().all():
        left = count(leaving_causes["leaver_count"].max(), "account")
        title = f"{left} left, but what is recorded happened too seldom to be tested as a cause"
    elif len(clear):
        title = f"Accounts left more often after: {', '.join(clear)} (a correlation, not proof)"
    untold = int(leaving_causes["hazard_ratio"].isna().sum())
    rest = f"; {number(untold)} of {len(leaving_causes)} causes cannot be told, see below"
    return Said(
        title,
        "Factor on the chance of leaving, per event of the three months before; bar: 95 % interval"
        f"{rest if untold else ''}",
        "Factors on the chance of leaving per late order or incident, each with its 95 % interval; "
        "the table below has them",
    )


def chart_incident_trend(incident_trend: pd.DataFrame) -> Said:
    """Say which mistakes have become more or less frequent."""
    named = incident_trend.drop_duplicates("kind").groupby("trend")["mistake"].agg(", ".join)
    words = {"up": "more often", "down": "less often"}
    found = [f"{how}: {named[trend]}" for trend, how in words.items() if trend in named]
    title = "No kind of mistake has become clearly more or less frequent"
    if incident_trend.empty:
        title = "No incident is recorded"
    elif found:
        title = "; ".join(found).capitalize()
    return Said(
        title,
        "Incidents per quarter, one scale; colour only where the trend is clear",
        "Small charts of incidents per quarter for each kind of mistake, all on one scale",
    )


def chart_engagement(engagement: pd.DataFrame, *, most: int = MOST_MEASURED) -> Said:
    """Say at how many accounts engagement or loyalty clearly falls."""
    cut = f"; the {most} first of {len(engagement)}" if len(engagement) > most else ""
    return Said(
        _falling(engagement),
        f"Line at 1: as planned, as usual; colour only where the trend is clear{cut}",
        "Small charts per key account of contacts against plan, satisfaction, and orders against "
        "the usual pace",
    )


def _falling(engagement: pd.DataFrame) -> str:
    if engagement.empty:
        return "No contact is recorded: engagement cannot be measured"
    trends = engagement[["contact_trend", "satisfaction_trend", "order_trend"]]
    down, measured = (trends == "down").any(axis=1).sum(), trends.notna().any(axis=1).sum()
    if not measured:
        return "Too few points for any trend"
    if len(engagement) == 1:
        clearly = "Engagement or loyalty clearly falls"
        return clearly if down else "Neither engagement nor loyalty clearly falls"
    who = f"{number(down) if down else 'none'} of {count(measured, 'account')}"
    return f"Engagement or loyalty clearly falls at {who}"


def table_engagement(*, as_of: pd.Timestamp) -> Said:
    """Say of which months the levels are."""
    return Said(
        "Key accounts: engagement and loyalty",
        f"Levels of the 12 months to {date(as_of)}; slope per year with its 95 % interval",
    )


def table_overdue_checkins(overdue_checkins: pd.DataFrame, *, present: frozenset[str]) -> Said:
    """Say how many planned contacts are overdue."""
    if "interactions" not in present:
        return Said("No contact is recorded: none can be overdue")
    many = len(overdue_checkins)
    return Said(f"{count(many, 'planned contact')} {plural(many, 'is', 'are')} overdue")


def tell_return_rates(return_rates: pd.DataFrame) -> pd.DataFrame:
    """Say why a rate is not known."""
    is_few = return_rates.groupby("lost_for_days")["return_probability"].transform("count").eq(0)
    notes = [
        None
        if pd.notna(row.return_probability)
        else f"only {count(row.judged_count, 'loss', 'losses')} old enough to judge"
        if few
        else "closed: no chance of a return is stated"
        for row, few in zip(each(return_rates), is_few, strict=True)
    ]
    return pd.DataFrame({"note": pd.Series(notes, index=return_rates.index, dtype="str")})


def tell_win_back(win_back: pd.DataFrame) -> pd.DataFrame:
    """Say what stands in the way of an account that is not on the list."""
    return pd.DataFrame({"why_not": win_back["why_not_code"].map(WHY_NOT).astype("str")})


def table_win_back(win_back: pd.DataFrame, *, present: frozenset[str], book: BookSettings) -> Said:
    """Say what the offers on the list cost and are worth, or that there is none to weigh."""
    if "offers" not in present:
        return Said("No offer can be weighed")
    chosen = win_back[win_back["is_chosen"]]
    many = len(chosen)
    title = "No offer is worth making on what is known"
    if many:
        title = (
            f"{count(many, 'offer', source=book)} for {money(chosen['cost'].sum(), book)} "
            f"{plural(many, 'is', 'are')} worth {money(chosen['offer_value'].sum(), book)} if all "
            "come back as often as such accounts did"
        )
    return Said(title, "Every lost account: the offer, its value after its cost, or why not")


def gap_deliveries(deliveries: pd.DataFrame) -> str:
    """Say what dates of delivery would give."""
    if len(deliveries):
        return ""
    return (
        "Whether orders were late is unknown: with both promised_date and delivered_date in the "
        "orders, lateness could be tested as a cause."
    )


def gap_incidents(*, present: frozenset[str]) -> str:
    """Say what incidents would give."""
    if "incidents" in present:
        return ""
    return "The book has no incidents: with them, the five mistakes and their trend could be shown."


def gap_interactions(*, present: frozenset[str]) -> str:
    """Say what interactions would give."""
    if "interactions" in present:
        return ""
    return (
        "The book has no interactions: with them, engagement, satisfaction and overdue check-ins "
        "could be shown."
    )


def gap_offers(*, present: frozenset[str]) -> str:
    """Say what offers would give."""
    if "offers" in present:
        return ""
    return "The book has no offers: with them (offer, cost), the list would say who is worth one."


def _called(dimension: str) -> str:
    """Return how a dimension is called."""
    return catalogue().columns["dimension"].words.get(dimension, dimension)
