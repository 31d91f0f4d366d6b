"""What a dossier says over its charts."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.dossier import empty_part, title_dossier
from kamlib.story.dossier_notes import event
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import change, count, date, listed, money, plural, say, share

MOST_CATEGORIES, MOST_NEEDS, MOST_OBJECTIVES, TIMELINE_YEARS = 8, 10, 12, 5
"""How much the charts of a dossier draw; what is left out stands in their tables."""


def chart_category_history(
    category_history: pd.DataFrame,
    category_totals: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    book: BookSettings,
) -> Said:
    """Say what was bought, against the year before, and which category moved most."""
    whose = say(
        "{accounts}'s net revenue by month for each category", accounts=title_dossier(accounts)
    )
    if category_history.empty:
        return Said(say("Nothing was supplied in the last two years"))
    left = category_history["category"].nunique() - MOST_CATEGORIES
    smaller = plural(left, "category is", "categories are")
    cut = (
        say("; {left} smaller {smaller} in the table", left=left, smaller=smaller)
        if left > 0
        else ""
    )
    return Said(
        _supplied(category_totals, book),
        say(
            "Net revenue by month, last 12 months strong, the 12 before pale; one scale{cut}",
            cut=cut,
        ),
        say("Columns of {whose} over two years", whose=whose),
    )


def _supplied(totals: pd.DataFrame, book: BookSettings) -> str:
    now, before = money(totals["revenue"].sum(), book), float(totals["previous_revenue"].sum())
    if totals["previous_revenue"].isna().all():
        return say("{now} in the last 12 months; the data do not cover the year before", now=now)
    if before <= 0:
        return say("{now} in the last 12 months, nothing in the 12 before", now=now)
    total = say(
        "{now}, {revenue} on the year before",
        now=now,
        revenue=change(totals["revenue"].sum(), before, book),
    )
    sizes = totals["revenue_change"].abs().sort_values(ascending=False, kind="stable")
    first = totals.loc[sizes.index[0]]
    moved = first["revenue_change"]
    if len(totals) < 2 or moved == 0:
        return total
    word = say("rose") if moved > 0 else say("fell")
    return say(
        "{total}; {category} {word} most, by {moved}",
        total=total,
        category=first["category"],
        word=word,
        moved=money(abs(moved), book),
    )


def chart_promises_kept(
    promises_kept: pd.DataFrame,
    accounts: pd.DataFrame,
    told_dossier_completeness: pd.DataFrame,
) -> Said:
    """Say how many promises were late in the last four quarters, and how many incidents opened."""
    if not promises_kept[["due_count", "incident_count"]].to_numpy().sum():
        return Said(empty_part(told_dossier_completeness, "Deliveries"))
    late, due, incidents = (
        int(promises_kept.tail(4)[name].sum())
        for name in ("late_count", "due_count", "incident_count")
    )
    were = plural(max(late, 1), "was", "were")
    finding = say(
        "{late} of {due} promised deliveries {were} late in the last four quarters",
        late=late or say("None"),
        due=due,
        were=were,
    )
    opened = (
        say("; {incidents} opened", incidents=count(incidents, "incident")) if incidents else ""
    )
    return Said(
        (finding if due else say("Nothing was due")) + opened,
        say("Orders by quarter of the promised day: on time grey, late red; share on time above"),
        say(
            "Deliveries promised to {accounts} per quarter, on time and late, with the incidents "
            "opened in each quarter",
            accounts=title_dossier(accounts),
        ),
    )


def chart_org_chart(org_chart: pd.DataFrame) -> Said:
    """Say who stands at the top."""
    tops = org_chart.loc[org_chart["chart_level"].eq(0), "person"]
    return Said(
        say("At the top: {tops}", tops=listed(tops)),
        say("Who reports to whom; red: could derail us, green: for us"),
        say("People of the account set in by whom they report to; the table has them all"),
    )


def chart_stakeholder_map(
    stakeholder_map: pd.DataFrame, stakeholder_roles: pd.DataFrame, accounts: pd.DataFrame
) -> Said:
    """Say how many people are known, and what to worry about."""
    if stakeholder_map.empty:
        return Said(say("Nobody is known at this account"))
    derailers, stale, missing = (
        int(flags.sum())
        for flags in (
            stakeholder_map["is_derailer"],
            stakeholder_map["is_stale"],
            stakeholder_roles["is_missing"],
        )
    )
    parts = [say("{people} known", people=count(len(stakeholder_map), "person", "people"))]
    parts += [say("{derailers} could derail us", derailers=derailers)] if derailers else []
    parts += [say("{stale} without recent contact", stale=stale)] if stale else []
    parts += (
        [
            say(
                "{missing} of {stakeholder_roles} roles missing",
                missing=missing,
                stakeholder_roles=len(stakeholder_roles),
            )
        ]
        if missing
        else []
    )
    return Said(
        ", ".join(parts),
        say(
            "People by influence (up) and attitude (right); red dot: could derail us, hollow: no "
            "recent contact"
        ),
        say(
            "People at {accounts} by influence and attitude, with role and age of the last "
            "contact; the table below has them all",
            accounts=title_dossier(accounts),
        ),
    )


def chart_wallet(wallet: pd.DataFrame, accounts: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say what share of the known spend we supply, and what goes to others."""
    known = wallet[wallet["annual_spend"].gt(0)]
    if known.empty:
        return Said(say("No need on record"))
    good = known[~known["is_bad_estimate"]]
    spend, ours = good["annual_spend"].sum(), good["revenue"].sum()
    others = money(good["held_by_others"].sum(), book)
    finding = say("Every estimate of the spend is below what we sell")
    if spend > 0:
        supplied = share(ours / spend, decimals=0)
        finding = say(
            "We supply {supplied} of the known spend; {others} a year goes to others",
            supplied=supplied,
            others=others,
        )
    left = len(known) - MOST_NEEDS
    smallest = plural(left, "smallest need is", say("{left} smallest needs are", left=left))
    cut = say("; the {smallest} in the table", smallest=smallest) if left > 0 else ""
    return Said(
        finding,
        say("Annual spend (outline) and our last 12 months (bar) by need{cut}", cut=cut),
        say(
            "Annual spend of {accounts} by need, and what we supply of it",
            accounts=title_dossier(accounts),
        ),
    )


def chart_plan_progress(plan_objectives: pd.DataFrame, accounts: pd.DataFrame) -> Said:
    """Say how the objectives stand."""
    if plan_objectives.empty:
        return Said(say("No objective on record"))
    counts = plan_objectives["status"].value_counts()
    stand = [f"{counts[n]} {say(n)}" for n in ("overdue", "open", "kept", "missed") if n in counts]
    left = len(plan_objectives) - MOST_OBJECTIVES
    cut = say("; {left} more in the table", left=left) if left > 0 else ""
    is_known = plan_objectives["previous_done_share"].head(MOST_OBJECTIVES).notna().any()
    mark = say("; the stroke is where it stood a period ago") if is_known else ""
    return Said(
        say("Objectives: {stand}", stand=", ".join(stand)),
        say("Share done of each objective{mark}{cut}", mark=mark, cut=cut),
        say(
            "Objectives of the plan for {accounts}: share done, due day and owner",
            accounts=title_dossier(accounts),
        ),
    )


def chart_account_timeline(
    account_timeline: pd.DataFrame, accounts: pd.DataFrame, *, as_of: pd.Timestamp
) -> Said:
    """Say what happened last beside orders."""
    start = as_of - pd.DateOffset(years=TIMELINE_YEARS)
    recent = account_timeline[account_timeline["date"].ge(start)]
    if recent.empty:
        return Said(
            say("No event in the last {timeline_years} years", timeline_years=TIMELINE_YEARS)
        )
    news = recent[~recent["kind"].isin(["order", "satisfaction"])]
    # The last of the newest day, as the chart draws them.
    latest = list(each(_as_drawn(news if len(news) else recent)))[-1]
    beside = say("Latest beside orders") if len(news) else say("Latest")
    return Said(
        f"{beside}: {event(latest)}, {date(latest.date)}",
        say(
            "Events of the last {timeline_years} years by kind, up to {as_of}; all of them in the "
            "table",
            timeline_years=TIMELINE_YEARS,
            as_of=date(as_of),
        ),
        say(
            "Events of the relationship with {accounts} over five years, one lane per kind",
            accounts=title_dossier(accounts),
        ),
    )


def _as_drawn(events: pd.DataFrame) -> pd.DataFrame:
    told = events.assign(event=[event(row) for row in each(events)])
    return told.sort_values(["date", "event"], kind="stable")
