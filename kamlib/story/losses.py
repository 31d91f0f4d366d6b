"""What the retention page says of losses: when and where, and how long accounts stay."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.groups import named_groups
from kamlib.story.statements import Said
from kamlib.tables import catalogue
from kamlib.words import FEW, count, date, listed, money, number, plural, rate, say, share, started

MOST_GROUPS, MOST_CURVES = 10, 4
"""Groups of losses, and survival curves, that a chart draws."""

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
    """Say where most revenue was lost, of the groups that have a name."""
    rows = loss_directions[loss_directions["dimension"].eq(dimension)]
    rows = rows[rows["revenue_lost"].notna()]
    word = _called(dimension)
    title = say("No loss to show by {word}", word=word)
    hit = rows[rows["revenue_lost"].gt(0)]
    if len(hit):
        first = named_groups(hit).iloc[0]
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


def table_loss_directions(loss_directions: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Say by what the losses are told, and of which months they are."""
    known = [_called(one) for one in dict.fromkeys(loss_directions["dimension"])]
    return Said(
        say("Losses by {known}", known=listed(known, most=len(known))),
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
    by = say(by)
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


def _called(dimension: str) -> str:
    """Return how a dimension is called."""
    return say(catalogue().columns["dimension"].words.get(dimension, dimension))
